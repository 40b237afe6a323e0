"""Normal forms: lhs = rhs for every size, decided by ring arithmetic in well-chosen atoms.

A term is read into a Laurent polynomial {monomial: coefficient}.  A monomial is a product of atoms with rational
powers; an atom is a head with indices: a tensor entry, a Kronecker delta, a size, or an entry of the table,

    #k[slots] = exp of one monomial | log of a polynomial | a connected sum | a base (a polynomial under a power).

Each entry of the table is a function of its slots, so nesting disappears and equal subterms are one atom; no bound
index survives at top level.  The trusted code here makes no choices: how the variables of a new entry are numbered,
and which bound indices are summed first, it *asks*.  Any answer is sound, since renaming is a bijection and finite
sums commute; a poor one can only lose the proof.  A prover answers by search, a checker from a certificate.

Termination: every step of work is paid for from `fuel`, and an empty tank is an error, never a verdict.
"""
from collections.abc import Callable, Iterable, Mapping, Sequence
from fractions import Fraction
from functools import reduce
from itertools import count
from math import floor, gcd, lcm
from typing import Any, NamedTuple

from .term import Term, dim, show

Rational = int | Fraction
Indices = tuple[str, ...]
Atom = tuple[str, Indices]
Monomial = tuple[tuple[Atom, Rational], ...]
Poly = dict[Monomial, Rational]
Question = tuple[str, tuple[tuple[str, bool], ...], tuple[tuple[Monomial, Rational], ...]]

DELTA = "="
ONE: Poly = {(): 1}
FUEL = 200_000


class Impossible(ValueError):
    """Nothing satisfies what the statement assumes (a division by 0, the root of a negative number)."""


class Head(NamedTuple):
    """A table entry: `slots` are its arguments, `bound` is summed over, `symmetries` permute the slots."""
    kind: str
    slots: Indices
    bound: Indices
    body: Poly
    symmetries: tuple[tuple[int, ...], ...]


def whole(q: Rational) -> Rational:
    """The same number, as an int where it is one (ints hash faster)."""
    return q.numerator if q.denominator == 1 else q


def var(atom: Atom, power: Rational = 1) -> Poly: return {((atom, power),): 1}


def add(*ps: Poly) -> Poly:
    out: Poly = {}
    for p in ps:
        for m, c in p.items(): out[m] = out.get(m, 0) + c
    return {m: c for m, c in out.items() if c}


def scale(p: Poly, c: Rational) -> Poly: return {m: c * x for m, x in p.items()} if c else {}


def leading(p: Poly) -> Monomial:
    """The greatest monomial, lexicographically in the powers of the sorted atoms (list order is no monomial order)."""
    atoms = sorted({a for m in p for a, _ in m})
    return max(p, key=lambda m: [dict(m).get(a, 0) for a in atoms])


class Normaliser:
    """One reading of one statement.  `ask(normaliser, question)` answers; `positive` are terms assumed to be > 0."""

    def __init__(self, ask: Callable[["Normaliser", Question], Any], positive: Sequence[Term] = ()):
        self.ask, self.fuel, self.numbers = ask, FUEL, count(1)
        self.table: dict[str, Head] = {}
        self.found: dict[tuple[str, Any], str] = {}                 # (kind, body) -> its entry in the table
        self.answers: dict[Question, Any] = {}
        self.slopes: dict[tuple[str, str, Indices], Poly] = {}
        self.rests_on: dict[str, None] = {}                         # what had to be assumed, in words
        self.given: set[str] = set()                                # tensors that are positive in every entry
        for p in [self.read(t) for t in positive]:
            if self.sign(scale(p, -1)) or not p: raise Impossible("a number that is never positive is assumed to be")
            if len(p) == 1 and len(m := next(iter(p))) == 1 and min(p.values()) > 0 and m[0][1] == 1:
                (head, at), _ = m[0]
                if self.kind(head) == "tensor" and head != DELTA and len(set(at)) == len(at): self.given.add(head)

    def spend(self) -> None:
        self.fuel -= 1
        if self.fuel < 0: raise ValueError("out of fuel")

    def fresh(self, like: str) -> str: return f"~{next(self.numbers)}:{dim(like)}"

    # ---- terms to polynomials -------------------------------------------------------------------------------------

    def read(self, t: Term) -> Poly:
        self.spend()
        match t:
            case ("num", q): return scale(ONE, whole(Fraction(q)))
            case ("size", n): return var((f"|{n}|", ()))
            case ("at", x, *at): return var((x, tuple(at)))
            case ("delta", *at): return self.tidy({(DELTA, tuple(sorted(at))): 1})
            case ("add", *parts): return add(*map(self.read, parts))
            case ("mul", *parts): return self.product(map(self.read, parts))
            case ("pow", base, q): return self.read_power(base, whole(Fraction(q)))
            case ("exp", x): return self.exp(self.read(x))
            case ("log", x):
                p = self.read(x)
                self.assume(x, p, "> 0")
                return self.log(p)
            case ("sum", i, body):
                return self.sum([j := self.fresh(i)], self.substitute(self.read(body), {i: j}))
            case ("diff", body, x, *at):                             # the entry X[a] is not tied to a free a in the body
                inner = tuple(map(self.fresh, at))
                return self.substitute(self.derivative(self.read(body), x, inner), dict(zip(inner, at)))
        raise ValueError(f"no such term: {t[0]}")

    def read_power(self, base: Term, q: Rational) -> Poly:
        if q < 0 and q.denominator == 1:                            # 1/(f g) = 1/f 1/g, before the product expands
            match base:
                case ("mul", *parts): return self.product(self.read_power(x, q) for x in parts)
                case ("pow", x, k) if k.isdigit() and int(k): return self.read_power(x, q * int(k))
        p = self.read(base)
        if q.denominator != 1: self.assume(base, p, "> 0")
        elif q < 0: self.assume(base, p, "!= 0")
        return self.power(p, q)

    def assume(self, t: Term, p: Poly, relation: str) -> None:
        """Record what t must satisfy for the statement to mean anything, unless that is visible."""
        if not p or relation == "> 0" and self.sign(scale(p, -1)): raise Impossible(f"{show(t)} {relation} is never so")
        if not (self.sign(p) or relation == "!= 0" and self.sign(scale(p, -1))): self.rests_on[f"{show(t)} {relation}"] = None

    # ---- signs ----------------------------------------------------------------------------------------------------

    def sign(self, p: Poly) -> bool:
        """Visibly positive: no negative terms and at least one positive one."""
        return all(c > 0 and self.nonnegative(m) for m, c in p.items()) and any(map(self.positive, p))

    def positive(self, m: Monomial) -> bool: return all(self.positive_atom(a, k) for a, k in m)

    def nonnegative(self, m: Monomial) -> bool:
        return all(k % 2 == 0 or a[0] == DELTA or self.positive_atom(a, k) or self.kind(a[0]) == "sum"
                   and all(c > 0 and self.nonnegative(x) for x, c in self.table[a[0]].body.items()) for a, k in m)

    def positive_atom(self, a: Atom, k: Rational = 1) -> bool:
        """exps and sizes; what stands under a root (its reading assumed so); what is given; sums and bases of such."""
        kind = self.kind(a[0])
        return kind in ("exp", "size") or k.denominator != 1 or a[0] in self.given \
            or kind in ("sum", "base") and self.sign(self.table[a[0]].body)

    # ---- ring operations ------------------------------------------------------------------------------------------

    def mul(self, p: Poly, q: Poly) -> Poly:
        out: Poly = {}
        for m, c in p.items():
            for n, e in q.items():
                powers = dict(m)
                for a, k in n: powers[a] = powers.get(a, 0) + k
                for r, x in self.tidy(powers).items(): out[r] = out.get(r, 0) + c * e * x
        return {m: c for m, c in out.items() if c}

    def product(self, ps: Iterable[Poly]) -> Poly: return reduce(self.mul, ps, ONE)

    def tidy(self, powers: Mapping[Atom, Rational]) -> Poly:
        """A product of powers of atoms: deltas act, whole positive powers of bases expand."""
        self.spend()
        powers = {a: k for a, k in sorted(powers.items()) if k}
        for (h, at), k in powers.items():
            if h == DELTA:
                if k < 0: raise ValueError("a delta stands in a denominator")
                rest = {a: x for a, x in powers.items() if a != (h, at)}
                i, j = at
                if i == j: return self.tidy(rest)
                if any(j in other for _, other in rest):
                    return self.mul(self.product(self.place(a, x, {j: i}) for a, x in rest.items()), var((h, at)))
                if k != 1: return self.tidy(rest | {(h, at): 1})
            elif self.kind(h) == "base" and (k >= 1 or k < 0 and len(self.table[h].body) == 1):
                n = floor(k)
                return self.mul(self.tidy({**powers, (h, at): k - n}), self.power(self.value(h, at), n))
        return {tuple((a, whole(k)) for a, k in powers.items()): 1}

    def power(self, p: Poly, q: Rational) -> Poly:
        """p^q.  A greatest common monomial and content leave the base first; from a root only what is positive."""
        if any(max(q, -q) * max(c.numerator.bit_length(), c.denominator.bit_length()) > 10 ** 6 for c in p.values()):
            raise ValueError("a power with more than a million bits")
        if not (expands := q.denominator == 1 and q >= 0):
            if len(p) > 1: p = self.cancel(p)
            if not p: raise ValueError("a negative or fractional power of 0")
        if q.denominator == 1 and len(p) == 1:
            (m, c), = p.items()
            return scale(self.tidy({a: k * q for a, k in m}), whole(Fraction(c) ** int(q)))
        if expands: return self.product([p] * int(q))
        atoms = {a: None for m in p for a, _ in m if q.denominator == 1 or self.positive_atom(a)}   # sqrt(x^2) is not x
        common: dict[Atom, Rational] = {a: min(dict(m).get(a, 0) for m in p) for a in atoms}
        rest = self.mul(p, {tuple(sorted((a, -k) for a, k in common.items() if k)): 1})
        content: Rational = 1
        if q.denominator == 1:
            content = Fraction(gcd(*(c.numerator for c in rest.values())), lcm(*(c.denominator for c in rest.values())))
            if sum(rest.values()) < 0: content = -content
        outer = scale(self.tidy({a: k * q for a, k in common.items()}), whole(Fraction(content) ** int(q)) if content != 1 else 1)
        if rest == ONE: return outer
        return self.mul(outer, self.tidy({self.intern("base", (), scale(rest, whole(1 / Fraction(content)))): q}))

    # ---- functions ------------------------------------------------------------------------------------------------

    def exp(self, p: Poly) -> Poly:
        """exp(sum c m) = product exp(m)^c, so exp(a) exp(b) = exp(a + b) and exp(0) = 1 are arithmetic."""
        return self.product(self.exp_monomial(m, c) for m, c in self.cancel(p).items())

    def exp_monomial(self, m: Monomial, c: Rational) -> Poly:
        for a, k in m:
            if a[0] == DELTA:                                       # exp(delta x) = 1 + delta (exp(x) - 1)
                e = self.exp({tuple(x for x in m if x != (a, k)): c})
                return add(ONE, self.mul(var(a), add(e, {(): -1})))
            if len(m) == 1 and k == 1 and self.kind(a[0]) == "log":  # exp(c log t) = t^c
                h = self.table[a[0]]
                return self.power(self.substitute(h.body, dict(zip(h.slots, a[1]))), c)
        return var(self.intern("exp", (), {m: 1}), c)

    def log(self, p: Poly) -> Poly:
        """log of a positive monomial splits; anything else is an atom."""
        if p == ONE: return {}
        (m, c), *more = p.items()
        if more or not m or c < 0 or not self.positive(m): return var(self.intern("log", (), p))
        parts = [self.log(scale(ONE, c))]
        for (h, at), k in m:
            one = self.substitute(self.table[h].body, dict(zip(self.table[h].slots, at))) if self.kind(h) == "exp" \
                else var(self.intern("log", (), var((h, at))))
            parts.append(scale(one, k))
        return add(*parts)

    # ---- sums -----------------------------------------------------------------------------------------------------

    def sum(self, bound: Sequence[str], p: Poly) -> Poly:
        return add(*(scale(self.close(list(bound), m), c) for m, c in self.cancel(p).items()))

    def close(self, bound: list[str], m: Monomial) -> Poly:
        """The sum of one monomial: deltas, flattening, what is summed first, then connected components."""
        def again(left: list[str], p: Poly) -> Poly:
            return add(*(scale(self.close(left, n), c) for n, c in p.items()))

        self.spend()
        for n, ((h, at), k) in enumerate(m):
            hit = [i for i in at if i in bound]
            if hit and h == DELTA:
                other = at[1] if at[0] == hit[0] else at[0]
                rest = self.product(self.place(a, x, {hit[0]: other}) for a, x in m[:n] + m[n + 1:])
                return again([b for b in bound if b != hit[0]], rest)
            if hit and self.kind(h) == "sum" and k.denominator == 1 and k > 0:
                inner = {b: self.fresh(b) for b in self.table[h].bound}
                body = self.substitute(self.table[h].body, dict(zip(self.table[h].slots, at)) | inner)
                rest = self.mul(self.tidy(dict(m) | {(h, at): k - 1}), body)
                return again(bound + list(inner.values()), rest)
        if any(self.kind(h) in ("sum", "base") and set(at) & set(bound) for (h, at), _ in m):
            if first := self.first(bound, m):
                inside = tuple(x for x in m if set(x[0][1]) & set(first))
                outside = tuple(x for x in m if x not in inside)
                return again([b for b in bound if b not in first],
                             self.cancel(self.mul({outside: 1}, self.close(first, inside))))
        return self.components(bound, m)

    def components(self, bound: list[str], m: Monomial) -> Poly:
        """A product of connected sums; an index that nothing uses counts the size of its dimension."""
        out: Poly = ONE
        left = list(m)
        while bound:
            part, seen = [], {bound[0]}
            while grown := [x for x in left if seen & set(x[0][1])]:
                part += grown
                left = [x for x in left if x not in grown]
                seen |= {i for (_, at), _ in grown for i in at if i in bound}
            size = var((f"|{dim(bound[0])}|", ()))
            mine, bound = [i for i in bound if i in seen], [i for i in bound if i not in seen]
            out = self.mul(out, var(self.intern("sum", mine, {tuple(sorted(part)): 1})) if part else size)
        return self.mul(out, {tuple(left): 1})

    def cancel(self, p: Poly) -> Poly:
        """base^-k times the leading monomial of base -> base^(1-k) - base^-k times its tail (falls lexicographically)."""
        todo, out = dict(p), Poly()
        while todo:
            self.spend()
            m, c = todo.popitem()
            powers = dict(m)
            for (h, at), k in m:
                if k > -1 or self.kind(h) != "base": continue
                value = self.value(h, at)
                top = leading(value)
                if all(powers.get(a, 0) >= e > 0 for a, e in top):
                    rest = self.tidy({a: x - dict(top).get(a, 0) for a, x in powers.items()})
                    tail = {x: -e for x, e in value.items() if x != top}
                    step = self.mul(rest, add(var((h, at)), tail))
                    todo = add(todo, scale(step, whole(Fraction(c) / value[top])))
                    break
            else:
                out[m] = out.get(m, 0) + c
        return {m: c for m, c in out.items() if c}

    # ---- the table ------------------------------------------------------------------------------------------------

    def kind(self, head: str) -> str:
        return self.table[head].kind if head in self.table else "size" if head[0] == "|" else "tensor"

    def at(self, head: str, at: Sequence[str]) -> Atom:
        """The atom, its indices in the least order among its symmetries."""
        if head == DELTA: return head, tuple(sorted(at))
        if head not in self.table: return head, tuple(at)
        return head, min(tuple(at[k] for k in s) for s in self.table[head].symmetries)

    def rename(self, p: Poly, names: Mapping[str, str]) -> Poly:
        """p under an injective renaming.  What falls together all the same betrays symmetries that are not a group."""
        out = {tuple(sorted((self.at(h, [names.get(i, i) for i in at]), k) for (h, at), k in m)): c for m, c in p.items()}
        if len(out) < len(p) or any(len(dict(m)) < len(m) for m in out): raise ValueError("symmetries that are not a group")
        return out

    def place(self, a: Atom, power: Rational, names: Mapping[str, str]) -> Poly:
        """The atom under any renaming: where two slots fall together, it is rebuilt from its definition."""
        h, at = a[0], tuple(names.get(i, i) for i in a[1])
        if h in self.table and len(set(at)) < len(at): return self.power(self.value(h, at), power)
        return self.tidy({self.at(h, at): power})

    def substitute(self, p: Poly, names: Mapping[str, str]) -> Poly:
        return add(*(scale(self.product(self.place(a, k, names) for a, k in m), c) for m, c in p.items()))

    def value(self, head: str, at: Indices) -> Poly:
        """The definition of an atom, unfolded once."""
        h = self.table[head]
        inner = {b: self.fresh(b) for b in h.bound}
        p = self.substitute(h.body, dict(zip(h.slots, at)) | inner)
        match h.kind:
            case "exp": return self.exp(p)
            case "log": return self.log(p)
            case "sum": return self.sum(list(inner.values()), p)
        return p

    def answer(self, kind: str, bound: Sequence[str], p: Poly) -> tuple[list[str], Any]:
        """Ask, with the variables numbered in order of appearance (so not by the hash seed); the same question once."""
        variables = list(dict.fromkeys(i for m in sorted(p) for (_, at), _ in m for i in at))
        renamed = self.rename(p, {i: f"{k}:{dim(i)}" for k, i in enumerate(variables)})
        q = kind, tuple((dim(i), i in bound) for i in variables), tuple(sorted(renamed.items()))
        if q not in self.answers: self.answers[q] = self.ask(self, q)
        if type(self.answers[q]) is not list: raise ValueError("an answer is not a list")
        return variables, self.answers[q]

    def first(self, bound: Sequence[str], m: Monomial) -> list[str]:
        """The bound indices to sum first, as answered."""
        variables, order = self.answer("first", bound, {m: 1})
        if not all(type(k) is int and 0 <= k < len(variables) and variables[k] in bound for k in order) \
                or len(set(order)) < len(order):
            raise ValueError("an answer does not name distinct bound indices")
        return [variables[k] for k in order]

    def intern(self, kind: str, bound: Sequence[str], p: Poly) -> Atom:
        """The atom for a body, its variables numbered as answered; further numberings of equal effect are symmetries."""
        variables, numberings = self.answer(kind, bound, p)
        bodies, slots = [], []
        for order in numberings:
            if type(order) is not list or any(type(k) is not int for k in order) or sorted(order) != list(range(len(variables))):
                raise ValueError("an answer is not a bijection")
            names = {i: f"{'b' if i in bound else 's'}{k}:{dim(i)}" for i, k in zip(variables, order, strict=True)}
            bodies.append(tuple(sorted(self.rename(p, names).items())))
            slots.append([i for _, i in sorted((k, i) for i, k in zip(variables, order) if i not in bound)])
        if any(b != bodies[0] for b in bodies): raise ValueError("an answer is not a symmetry")
        number = dict(zip(variables, numberings[0]))
        if (kind, bodies[0]) not in self.found:
            self.found[kind, bodies[0]] = f"#{len(self.table)}"
            self.table[f"#{len(self.table)}"] = Head(
                kind, tuple(f"s{number[i]}:{dim(i)}" for i in slots[0]), tuple(f"b{number[i]}:{dim(i)}" for i in bound),
                dict(bodies[0]), tuple(tuple(slots[0].index(i) for i in s) for s in slots))
        return self.at(self.found[kind, bodies[0]], slots[0])

    # ---- derivatives ----------------------------------------------------------------------------------------------

    def derivative(self, p: Poly, x: str, at: Indices) -> Poly:
        """dp / dx[at], where `at` are fresh indices."""
        return add(*(scale(self.mul(self.tidy(dict(m) | {a: k - 1}), self.slope(a, x, at)), c * k)
                     for m, c in p.items() for a, k in m))

    def slope(self, a: Atom, x: str, at: Indices) -> Poly:
        if a[0] == x: return self.product(self.tidy({(DELTA, tuple(sorted(ij))): 1}) for ij in zip(a[1], at, strict=True))
        if a[0] not in self.table: return {}
        h = self.table[a[0]]
        if (a[0], x, at) not in self.slopes:
            d = self.derivative(h.body, x, at)
            match h.kind:
                case "exp": d = self.mul(d, var(self.at(a[0], h.slots)))
                case "log": d = self.mul(d, self.power(h.body, -1))
                case "sum": d = self.sum(h.bound, d)
            self.slopes[a[0], x, at] = d
        return self.substitute(self.slopes[a[0], x, at], dict(zip(h.slots, a[1])))

    # ---- the judgement --------------------------------------------------------------------------------------------

    def difference(self, lhs: Term, rhs: Term) -> Poly:
        """lhs - rhs without denominators; {} means: equal wherever both sides are defined."""
        return self.cleared(add(self.read(lhs), scale(self.read(rhs), -1)))

    def cleared(self, p: Poly) -> Poly:
        """p times every base that stands in a denominator."""
        while bases := {a: None for m in p for a, k in m if k < 0 and self.kind(a[0]) == "base"}:
            for a in bases:
                most = max((-k for m in p for b, k in m if b == a), default=0)
                if most > 0: p = self.mul(p, var(a, most))
        return p

    def text(self, p: Poly) -> str:
        """p in atoms."""
        def power(x: str, k: Rational) -> str:
            return x if k == 1 else f"{x}^{k}" if k.denominator == 1 else f"{x}^({k})"

        def one(m: Monomial, c: Rational) -> str:
            atoms = [power(h + (f"[{','.join(at)}]" if at else ""), k) for (h, at), k in m]
            return " ".join(([str(c)] if c != 1 or not m else []) + atoms)
        return " + ".join(one(m, c) for m, c in sorted(p.items())) or "0"

    def atoms(self) -> list[str]:
        """The table, one readable line per entry: what the certificate must list."""
        return [f"{name}[{','.join(h.slots)}] = {h.kind}{' over ' + ','.join(h.bound) if h.bound else ''}: {self.text(h.body)}"
                for name, h in self.table.items()]
