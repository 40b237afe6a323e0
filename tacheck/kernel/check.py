"""The one door: check(statement, certificate) -> Verdict.

Provers are not trusted.  They hand over a certificate, which is plain data with no methods and no authority; however
they found it is forgotten.  A Verdict can be made nowhere else.
"""
from collections.abc import Mapping
from dataclasses import dataclass, field
from fractions import Fraction
from typing import Any

from .bounds import CEILING, FLOOR, Intervals, near, precise, rational
from .enclosure import by_enclosure
from .evaluate import Exact, evaluate, places
from .normal import Impossible, Normaliser
from .script import Script
from .statement import Bound as Bound
from .statement import Certificate as Certificate
from .statement import Conditional as Conditional
from .statement import Decision as Decision
from .statement import Finding as Finding
from .statement import Growth as Growth
from .statement import Identity as Identity
from .statement import Inequality as Inequality
from .statement import Instance as Instance
from .statement import Measurement as Measurement
from .statement import Statement as Statement
from .statement import Status as Status
from .statement import dump as dump
from .statement import frozen
from .statement import load as load
from .statement import terms as terms
from .term import Term, dim, free, show, sizes, subterms, wellformed

BAD_EVIDENCE = (ArithmeticError, ValueError, LookupError, TypeError, AttributeError, RecursionError)


_KEY = object()


@dataclass(frozen=True)
class Verdict:
    """What the kernel found.  `rests_on`: assumptions and hypotheses, in words; `witness`: the data of a refutation."""
    status: Status
    why: str
    rests_on: tuple[str, ...] = ()
    certificate: Certificate | None = field(default=None, repr=False)
    witness: Mapping[str, Any] | None = field(default=None, repr=False)
    key: object = field(default=None, repr=False, compare=False)

    def __post_init__(self) -> None:
        if self.key is not _KEY: raise TypeError("a Verdict is made by tacheck.kernel.check.check and nowhere else")
        object.__setattr__(self, "key", None)                        # a copy cannot be given another status

    def __bool__(self) -> bool: raise TypeError("a verdict is not true or false: compare its .status with Status.HOLDS")


def check(statement: Statement, certificate: Certificate | None) -> Verdict:
    """Judge the evidence.  Never raises on bad evidence: what does not check is UNDECIDED."""
    try: status, why, rests_on, witness = judge(statement, certificate or {})
    except (Impossible, *BAD_EVIDENCE) as bad:
        never = isinstance(bad, Impossible)
        status, rests_on, witness = Status.VACUOUS if never else Status.UNDECIDED, (), None
        why = f"{'nothing satisfies the assumptions' if never else 'does not check'}: {bad or type(bad).__name__}"[:2000]
    return Verdict(status, why, rests_on, certificate, witness, _KEY)


def judge(statement: Statement, certificate: Certificate) -> Finding:
    match statement, certificate:
        case _, {"by": "nothing", "why": str(why)}: return Status.UNDECIDED, why[:2000], (), None
        case Identity(), {"by": "normal form"}: return by_normal_form(statement, certificate)
        case Inequality(), {"by": "positive form", "form": form}: return by_normal_form(statement, certificate, frozen(form))
        case Identity() | Inequality(), {"by": "witness"}: return by_witness(statement, certificate)
        case Bound(), {"by": "cuts" | "tree" | "point"}: return by_enclosure(statement, certificate)
        case Decision(script), {"by": "model" | "cases"}: return by_values(Script(script), certificate)
        case Measurement(), {"by": "sample", "rows": rows}: return by_sample(statement, rows)
        case Decision() | Growth(), {"by": "solver", "solver": str(name)}:
            return Status.TRUSTED, f"{name[:200]} says so", (name[:200],), None
        case Instance(), {"by": "evaluation"}: return by_evaluation(statement, certificate)
        case Conditional(hypotheses, conclusion), _: return given(hypotheses, judge(conclusion, certificate))
    return Status.UNDECIDED, "no evidence of a kind that this statement accepts", (), None


def by_normal_form(s: Identity | Inequality, certificate: Certificate, form: Term = ()) -> Finding:
    """lhs - rhs = form (of an identity: 0).  Replay: the certificate's answers, in the order in which they are needed."""
    wellformed(*terms(s), *([form] if isinstance(s, Inequality) else []))
    if type(certificate["answers"]) is not list: raise ValueError("the answers are not a list")
    answers = iter(certificate["answers"])
    normaliser = Normaliser(lambda _, question: next(answers, None), [t for r, t in s.assuming if r == "> 0"])
    left = normaliser.difference(s.lhs, s.rhs)
    rests_on = dict.fromkeys([f"{show(t)} {r}" for r, t in s.assuming]) | normaliser.rests_on
    if isinstance(s, Inequality):
        if not nonnegative(form, [t for r, t in s.assuming if r in ("> 0", ">= 0")]): raise ValueError("the form may be negative")
        try: left = normaliser.difference(s.lhs, ("add", s.rhs, form))
        except Impossible as never: raise ValueError(f"the form is never defined: {never}") from None
        if normaliser.rests_on and not (normaliser.rests_on.keys() <= rests_on.keys() and plain(s, form)):
            raise ValueError("the form is not visibly defined wherever the sides are")
    if next(answers, answers) is not answers: raise ValueError("answers to spare")
    if normaliser.atoms() != certificate["atoms"]: raise ValueError("the atoms are not those listed")
    if left: raise ValueError(f"left over: {normaliser.text(left)[:900]} where {'; '.join(normaliser.atoms())[:900]}")
    if rests_on:
        if "example" not in certificate: raise ValueError("nothing was found that satisfies the assumptions")
        example = Point(certificate["example"], s)
        if not example.admissible(): raise ValueError("the example does not satisfy the assumptions")
        for at in places(free(("add", s.lhs, s.rhs)), example.sizes): example.enclose(s.lhs, at), example.enclose(s.rhs, at)
    scope, so = sizes(s.lhs, s.rhs), "equal" if isinstance(s, Identity) else "so"
    return Status.HOLDS, f"{so} for every {', '.join(scope)}" if scope else so, tuple(rests_on), None


def plain(s: Identity | Inequality, form: Term) -> bool:
    """Conditions in the same words are the same: no index is free and bound, or has two dimensions, or a tensor's name one."""
    ts, every = [s.lhs, s.rhs, form], [*terms(s), form]
    indices = {i for t in every for x in subterms(t) for i in x[1:] if ":" in i}
    bound = {x[1] for t in ts for x in subterms(t) if x[0] == "sum"}
    return (len({i.partition(":")[0] for i in indices}) == len(indices) and bound.isdisjoint(free(("add", *ts)))
            and wellformed(*every).keys().isdisjoint(sizes(*every)))


def nonnegative(t: Term, given: list[Term]) -> bool:
    """t >= 0 wherever it is defined, visibly: from what is given, by the rules of signs."""
    if any(instance(u, t, {}, {}) for u in given): return True
    match t:
        case ("num", q): return Fraction(q) >= 0
        case ("size", _) | ("exp", _) | ("delta", _, _): return True
        case ("pow", x, q): return Fraction(q).numerator % 2 == 0 or nonnegative(x, given)
        case ("add" | "mul", *parts): return all(nonnegative(x, given) for x in parts)
        case ("sum", _, x): return nonnegative(x, given)
    return False


def instance(u: Any, t: Any, there: dict[str, str], back: dict[str, str]) -> bool:
    """t is u under an injective renaming of its indices."""
    if isinstance(u, tuple):
        return isinstance(t, tuple) and len(u) == len(t) and all(instance(x, y, there, back) for x, y in zip(u, t))
    if ":" not in u: return bool(u == t)
    return dim(u) == dim(t) and there.setdefault(u, t) == t and back.setdefault(t, u) == u


def by_values(script: Script, certificate: Certificate) -> Finding:
    """A model refutes; where there are few bits, trying every assignment proves."""
    if certificate["by"] == "cases":
        if any([script.true(values) for values in script.everywhere()]): raise ValueError("an assignment makes it true")
        return Status.HOLDS, "every assignment was tried", (), None
    values = {x: script.given(x, certificate["values"][x]) for x in script.sorts}
    if not script.true(values): raise ValueError("the model does not make it true")
    shown = {x: certificate["values"][x] for x in script.sorts}
    return Status.REFUTED, f"with {', '.join(f'{x} = {q}' for x, q in shown.items())}"[:2000], (), {"data": shown}


def by_sample(s: Measurement, rows: Any) -> Finding:
    """Every row is enclosed by the terms, or one is outside."""
    if wellformed(*terms(s)): raise ValueError("the ends of a measurement are terms in sizes alone")
    if not rows: raise ValueError("an empty sample")
    for row in rows:
        q, at = rational(row["value"]), dict(row["sizes"])
        if any(type(k) is not int or not 1 <= k <= 1 << 24 for k in at.values()): raise ValueError("not a size")
        (a, b), (c, d) = (evaluate(t, Intervals(80), at, lambda *_: Fraction(0), {}) if t else (q, q) for t in (s.lower, s.upper))
        if q < a or q > d: return Status.REFUTED, f"{near(q, FLOOR)} was measured at {at}", (), {"sizes": at, "value": str(q)}
        if q < b or q > c: raise ValueError(f"{near(q, FLOOR)} was measured at {at}, too near to an end")
    return Status.OBSERVED, f"{len(rows)} measured, seed {s.seed}", (), None


class Point:
    """Explicit sizes and exact data out of a certificate, and what the terms are worth there."""

    def __init__(self, data: Any, s: Any):
        self.statement, self.bits = s, data["bits"]
        self.sizes: dict[str, int] = dict(data["sizes"])
        self.values = {name: rational(q) for name, q in dict(data["data"]).items()}
        if any(len(dict(data[part])) < len(data[part]) for part in ("sizes", "data")): raise ValueError("given twice")
        if any(type(k) is not int or not 1 <= k <= 1000 for k in self.sizes.values()): raise ValueError("not a size")
        self.intervals, self.exactly = precise(self.bits), Exact()

    def entry(self, tensor: str, at: tuple[int, ...]) -> Fraction: return self.values[f"{tensor}[{','.join(map(str, at))}]"]

    def enclose(self, t: Term, at: Mapping[str, int]) -> Any: return evaluate(t, self.intervals, self.sizes, self.entry, at)

    def equal(self, lhs: Term, rhs: Term, at: Mapping[str, int]) -> bool:
        return self.exactly.same(*(evaluate(t, self.exactly, self.sizes, self.entry, at) for t in (lhs, rhs)))

    def admissible(self) -> bool:
        """Every assumption holds, for all values of its free indices."""
        def so(relation: str, t: Term, at: Mapping[str, int]) -> bool:
            lo, hi = self.enclose(t, at)                             # for an equation too: the term must be defined
            equation = relation == "= 0" and self.equal(t, ("num", "0"), at)
            return bool({"> 0": lo > 0, ">= 0": lo >= 0, "!= 0": lo > 0 or hi < 0, "= 0": equation}[relation])
        return all(so(r, t, at) for r, t in self.statement.assuming for at in places(free(t), self.sizes))


def apart(point: Point, s: Identity | Inequality | Instance, at: Mapping[str, int]) -> Finding | None:
    """REFUTED iff the enclosure of lhs - rhs at this place excludes 0 (and, for an inequality, what is above)."""
    (a, b), (c, d) = point.enclose(s.lhs, at), point.enclose(s.rhs, at)
    if b >= c and (d >= a or isinstance(s, Inequality)): return None
    where = [f"{i.partition(':')[0]} = {k}" for i, k in (point.sizes | dict(at)).items()]
    data = [f"{name.removesuffix('[]')} = {q}" for name, q in point.values.items()]
    shown = ", ".join(data[:8]) + (f", ... ({len(data)} entries)" if len(data) > 8 else "")
    why = (f"{'fails' if isinstance(s, Inequality) else 'differs'}{' at ' + ', '.join(where) if where else ''}"
           f"{' with ' + shown if shown else ''}: lhs - rhs is in [{near(a - d, FLOOR)}, {near(b - c, CEILING)}]")
    return Status.REFUTED, why, (), {"sizes": point.sizes, "at": dict(at), "data": {k: str(q) for k, q in point.values.items()}}


def by_witness(s: Identity | Inequality, certificate: Certificate) -> Finding:
    """One place, and data that satisfy the assumptions, where the sides are apart."""
    wellformed(*terms(s))
    point, at = Point(certificate, s), dict(certificate["at"])
    if not all(type(k) is int and 0 <= k < point.sizes[dim(i)] for i, k in at.items()): raise ValueError("out of range")
    if not point.admissible(): raise ValueError("the witness does not satisfy the assumptions")
    return apart(point, s, at) or (Status.UNDECIDED, "the enclosure of lhs - rhs contains 0", (), None)


def by_evaluation(s: Instance, certificate: Certificate) -> Finding:
    """Enclosures show a difference; equality is exact, in the normaliser's atoms, denominators enclosed away from 0."""
    wellformed(*terms(s))
    point = Point({"sizes": s.sizes, "data": s.data, "bits": certificate["bits"]}, s)
    for at in places(free(("add", s.lhs, s.rhs)), point.sizes):
        if found := apart(point, s, at): return found
        if not point.equal(s.lhs, s.rhs, at): return Status.UNDECIDED, f"neither equal nor apart at {point.bits} bits", (), None
    return Status.HOLDS, f"equal at {', '.join(f'{n} = {k}' for n, k in s.sizes) or 'the given data'}", (), None


def given(hypotheses: tuple[tuple[str, str, str], ...], finding: Finding) -> Finding:
    """A conclusion under hypotheses: a refuted hypothesis empties it, a reported refutation is printed beside it."""
    status, why, rests_on, witness = finding
    for name, standing, report in hypotheses:
        if standing == "refuted": raise Impossible(f"{name} is refuted ({report})")
        if standing not in ("open", "proved", "reported-refuted"): raise ValueError(f"{name} has no such standing: {standing}")
    names = tuple(f"{name}" + (f" ({standing}: {report})" if standing == "reported-refuted" else "")
                  for name, standing, report in hypotheses if standing != "proved")
    if status not in (Status.HOLDS, Status.TRUSTED): return finding
    return status, why + (f", given {', '.join(names)}" if names else ""), rests_on + names, witness
