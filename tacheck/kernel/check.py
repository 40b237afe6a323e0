"""The one door: check(statement, certificate) -> Verdict.

Provers are not trusted.  They hand over a certificate, which is plain data with no methods and no authority; however
they found it is forgotten.  A Verdict can be made nowhere else.
"""
from collections.abc import Mapping
from dataclasses import dataclass, field
from decimal import ROUND_CEILING, ROUND_FLOOR, Context, Decimal
from enum import Enum
from fractions import Fraction
from typing import Any

from .bounds import Intervals
from .evaluate import Exact, evaluate, places
from .normal import Impossible, Normaliser
from .term import PARTS, Term, dim, free, show, sizes, wellformed

BAD_EVIDENCE = (ArithmeticError, ValueError, LookupError, TypeError, AttributeError, RecursionError)


class Status(Enum):
    HOLDS = "holds"            # checked, for the whole scope of the statement
    REFUTED = "refuted"        # a checked counterexample
    VACUOUS = "vacuous"        # nothing satisfies the assumptions
    TRUSTED = "trusted"        # an outside solver says so; nothing was re-checked
    OBSERVED = "observed"      # measured; says nothing beyond its sample
    UNDECIDED = "undecided"    # no evidence, or it did not check, or it ran out of time


@dataclass(frozen=True)
class Identity:
    """lhs = rhs for every size >= 1 of every dimension and all real data, wherever both sides are defined.

    `assuming` holds pairs (relation, term), meant for all values of the free indices of the term.
    """
    lhs: Term
    rhs: Term
    assuming: tuple[tuple[str, Term], ...] = ()


@dataclass(frozen=True)
class Instance:
    """lhs = rhs at explicit sizes and exact data, for all values of the free indices."""
    sizes: tuple[tuple[str, int], ...]
    data: tuple[tuple[str, str], ...]
    lhs: Term
    rhs: Term


@dataclass(frozen=True)
class Conditional:
    """The conclusion, given named hypotheses.  Each is (name, status in the register, report)."""
    hypotheses: tuple[tuple[str, str, str], ...]
    conclusion: "Statement"


Statement = Identity | Instance | Conditional
Certificate = Mapping[str, Any]
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


def terms(s: Identity | Instance) -> list[Term]:
    """Every term of the statement."""
    return [s.lhs, s.rhs, *(t for _, t in getattr(s, "assuming", ()))]


Finding = tuple[Status, str, tuple[str, ...], Mapping[str, Any] | None]


def judge(statement: Statement, certificate: Certificate) -> Finding:
    match statement, certificate:
        case _, {"by": "nothing", "why": str(why)}: return Status.UNDECIDED, why[:2000], (), None
        case Identity(), {"by": "normal form"}: return by_normal_form(statement, certificate)
        case Identity(), {"by": "witness"}: return by_witness(statement, certificate)
        case Instance(), {"by": "evaluation"}: return by_evaluation(statement, certificate)
        case Conditional(hypotheses, conclusion), _: return given(hypotheses, judge(conclusion, certificate))
    return Status.UNDECIDED, "no evidence of a kind that this statement accepts", (), None


def by_normal_form(s: Identity, certificate: Certificate) -> Finding:
    """Replay: the answers come from the certificate, in the order in which they are needed."""
    wellformed(*terms(s))
    if type(certificate["answers"]) is not list: raise ValueError("the answers are not a list")
    answers = iter(certificate["answers"])
    normaliser = Normaliser(lambda _, question: next(answers, None), [t for r, t in s.assuming if r == "> 0"])
    left = normaliser.difference(s.lhs, s.rhs)
    if next(answers, answers) is not answers: raise ValueError("answers to spare")
    if normaliser.atoms() != certificate["atoms"]: raise ValueError("the atoms are not those listed")
    if left: raise ValueError(f"left over: {normaliser.text(left)[:900]} where {'; '.join(normaliser.atoms())[:900]}")
    if s.assuming or normaliser.rests_on:
        if "example" not in certificate: raise ValueError("nothing was found that satisfies the assumptions")
        example = Point(certificate["example"], s)
        if not example.admissible(): raise ValueError("the example does not satisfy the assumptions")
        for at in places(free(("add", s.lhs, s.rhs)), example.sizes): example.enclose(s.lhs, at), example.enclose(s.rhs, at)
    scope = sizes(s.lhs, s.rhs)
    rests_on = dict.fromkeys([f"{show(t)} {r}" for r, t in s.assuming]) | normaliser.rests_on
    return Status.HOLDS, f"equal for every {', '.join(scope)}" if scope else "equal", tuple(rests_on), None


class Point:
    """Explicit sizes and exact data out of a certificate, and what the terms are worth there."""

    def __init__(self, data: Any, s: Identity | Instance):
        self.statement, self.bits = s, data["bits"]
        self.sizes: dict[str, int] = dict(data["sizes"])
        if not all(PARTS["q"][1].fullmatch(q) for q in dict(data["data"]).values()): raise ValueError("not a rational number")
        self.values = {name: Fraction(q) for name, q in dict(data["data"]).items()}
        if any(len(dict(data[part])) < len(data[part]) for part in ("sizes", "data")): raise ValueError("given twice")
        if any(type(k) is not int or not 1 <= k <= 1000 for k in self.sizes.values()): raise ValueError("not a size")
        if type(self.bits) is not int or not 8 <= self.bits <= 10_000: raise ValueError("no such precision")
        self.intervals, self.exactly = Intervals(self.bits), Exact()

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
        assuming = self.statement.assuming if isinstance(self.statement, Identity) else ()
        return all(so(r, t, at) for r, t in assuming for at in places(free(t), self.sizes))


def apart(point: Point, s: Identity | Instance, at: Mapping[str, int]) -> Finding | None:
    """REFUTED iff the enclosure of lhs - rhs at this place excludes 0."""
    (a, b), (c, d) = point.enclose(s.lhs, at), point.enclose(s.rhs, at)
    if b >= c and d >= a: return None
    where = [f"{i.partition(':')[0]} = {k}" for i, k in (point.sizes | dict(at)).items()]
    data = [f"{name.removesuffix('[]')} = {q}" for name, q in point.values.items()]
    shown = ", ".join(data[:8]) + (f", ... ({len(data)} entries)" if len(data) > 8 else "")
    why = (f"differs{' at ' + ', '.join(where) if where else ''}{' with ' + shown if shown else ''}: "
           f"lhs - rhs is in [{near(a - d, ROUND_FLOOR)}, {near(b - c, ROUND_CEILING)}]")
    return Status.REFUTED, why, (), {"sizes": point.sizes, "at": dict(at), "data": {k: str(q) for k, q in point.values.items()}}


def by_witness(s: Identity, certificate: Certificate) -> Finding:
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
    if status is not Status.HOLDS: return finding
    return status, why + (f", given {', '.join(names)}" if names else ""), rests_on + names, witness


# Six digits, rounded as asked.
def near(q: Fraction, rounding: str) -> str: return str(Context(6, rounding).divide(Decimal(q.numerator), Decimal(q.denominator)))


# ---- statements as JSON -------------------------------------------------------------------------------------------

KINDS: dict[str, Any] = {"identity": Identity, "instance": Instance, "conditional": Conditional}


def dump(s: Statement) -> dict[str, Any]:
    """The statement as a JSON value."""
    return {"kind": type(s).__name__.lower()} | {k: dump(v) if type(v) in KINDS.values() else v for k, v in vars(s).items()}


def load(x: Any) -> Statement:
    """The statement out of a JSON value.  Raises ValueError where it is none."""
    def frozen(y: Any) -> Any:
        return load(y) if isinstance(y, dict) else tuple(map(frozen, y)) if isinstance(y, list | tuple) else y
    try:
        s: Statement = KINDS[x["kind"]](**{k: frozen(v) for k, v in x.items() if k != "kind"})
        for name, width in (("assuming", 2), ("sizes", 2), ("data", 2), ("hypotheses", 3)):
            rows = getattr(s, name, ())
            if type(rows) is not tuple or any(type(r) is not tuple or len(r) != width or type(r[0]) is not str for r in rows):
                raise ValueError(f"{name} is not a list of rows of {width}")
        dump(s.conclusion) if isinstance(s, Conditional) else wellformed(*terms(s))
    except (LookupError, TypeError, RecursionError) as bad:
        raise ValueError(f"not a statement: {type(bad).__name__} {bad}") from None
    return s
