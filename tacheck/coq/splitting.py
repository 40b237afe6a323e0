"""Functions of sums and products, split: exp (a + b) = exp a * exp b, / (g * S) = / g * / S, ln (g * S) = ln g + ln S.

Each split is a lemma of the file, proved by the checker and by one of the lemmas split_... of the library.  What a split
ends in are representatives: one for all monomials, or polynomials, that differ in the names of indices alone, so that
equal functions become one atom.
"""
from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from fractions import Fraction
from typing import TYPE_CHECKING

from ..abbreviation import key
from ..kernel.term import dim
from .monomials import Factor, Monomial, matches, renamed, same, variables
from .reals import ONE, ZERO, Real, number, product, raised, total
from .reify import Atom, Table
from .relations import Relation
from .text import renamed_indices

if TYPE_CHECKING:
    from .proof import Prover

FUNCTIONS = {"inv": "Rinv", "exp": "exp", "ln": "ln", "sqrt": "sqrt"}
FAR = 1_000_000                   # what is added to the numbers of a representative's binders, to keep them apart from any others
CLEARED = 4                       # reciprocals taken out of one base
COPIES = 6                        # exp (k * m) is written as a product for k up to this


@dataclass(frozen=True)
class Known:
    """A representative: a term, its slots, and its polynomial over numbers that stand for them."""
    body: Real
    slots: tuple[str, ...]
    numbers: tuple[int, ...]
    monomials: tuple[Monomial, ...]


@dataclass
class Splitting:
    """Finds splits and remembers the representatives."""
    prover: Prover
    exponents: list[Known] = field(default_factory=list)
    bases: list[Known] = field(default_factory=list)

    def of(self, atom: Atom) -> Relation | None:
        """The atom in terms of representatives; None for one that is one."""
        if atom.body[0] not in ("exp", "inv", "ln", "sqrt"): return None
        kind, inner = atom.body
        table = self.prover.table(atom.slots)
        ms = self.prover.polynomial(table, inner)
        if any(f[0] == "FD" for m in ms for f in m[2]) or not ms and kind != "exp": return None
        parts = list[Real]()
        if kind == "exp": between, after = self.exponent(table, ms, inner)
        elif kind == "sqrt": between, after = self.root(table, ms, inner)
        else:
            parts = self.parts(table, ms, inner)
            between, after = product(*parts), (product if kind == "inv" else total)(*(applied(kind, p) for p in parts))
        if key(after) == key(atom.body): return None
        if kind == "ln" and not all(self.prover.signs.positive(p) for p in parts): return None
        found = self.prover.prove(inner, between, atom.slots)
        if found.residual: return None
        return self.lemma(atom, kind, between, after, found.tactics)

    def lemma(self, atom: Atom, kind: str, between: Real, after: Real, tactics: str) -> Relation:
        """The split as a lemma."""
        p, w = self.prover, self.prover.writer
        name, function = w.names.fresh(f"split_{k}" for k in range(1, 9999)), FUNCTIONS[kind]
        indices = " ".join(map(w.index, atom.slots))
        head = " ".join([p.parameters, *([f"({indices} : nat)"] if indices else [])]).strip()
        bounds = "".join(f"({w.index(i)} < {w.size(dim(i))})%nat -> " for i in atom.slots)
        p.lemmas.append(
            f"Lemma {name} :\n  {f'forall {head},' if head else ''}\n  {p.premises}\n  {bounds}"
            f"{w.term(atom.body)} =\n  {w.term(after)}.\nProof.\n  intros. plain.\n"
            f"  transitivity ({function} {w.term(between)}); [ apply (f_equal {function}) | plain; split_{kind} ].\n"
            f"  {tactics}\nQed.")
        return Relation(atom.body, after, atom.slots, f"apply {name}; premises")

    # ---- what things split into -----------------------------------------------------------------------------------

    def exponent(self, table: Table, ms: Sequence[Monomial], inner: Real) -> tuple[Real, Real]:
        """The exponent as a sum of representatives, and the product of their exponentials."""
        whole = inner if len(ms) == 1 and ms[0][0] > 0 else None
        summands, factors = list[Real](), list[Real]()
        for c, bs, fs in ms:
            log = not bs and len(fs) == 1 and abs(c) == 1 and table.by_number(fs[0][1]).body[0] == "ln"
            if log:
                one = self.factor(table, fs[0])
                value, copies = one[1], 1
            else:
                one, copies = self.unit(table, (abs(c), bs, fs), whole)
                value = ("exp", one)
            summands += [one if c > 0 else ("neg", one)] * copies
            factors += [value if c > 0 else ("inv", value)] * copies
        return (total(*summands), product(*factors)) if ms else (ZERO, ONE)

    def root(self, table: Table, ms: Sequence[Monomial], inner: Real) -> tuple[Real, Real]:
        """A base, a square of something positive taken out of it if there is one, and its root."""
        parts = self.parts(table, ms, inner, clear=False)
        square = next((p for p in parts if parts.count(p) == 2 and self.prover.signs.positive(p)), None)
        if square is None: return (whole := self.representative(self.bases, table, ms, inner)), ("sqrt", whole)
        rest = product(*(p for p in parts if p != square))
        return ("mul", ("pow", square, 2), rest), ("mul", square, ("sqrt", rest))

    def unit(self, table: Table, m: Monomial, body: Real | None) -> tuple[Real, int]:
        """A representative of which the monomial is a whole multiple, and how often."""
        for known in self.exponents:
            ratio = m[0] / known.monomials[0][0]
            if ratio.denominator != 1 or ratio > COPIES: continue
            if (at := self.matched(known, table, [m], ratio)) is not None: return at, int(ratio)
        return self.representative(self.exponents, table, [m], body), 1

    def parts(self, table: Table, ms: Sequence[Monomial], inner: Real, clear: bool = True) -> list[Real]:
        """A base as a product: a number, the factors that all its monomials share, and representatives of the rest.

        To `clear` is to take out reciprocals; those of sizes stay, for what is left would not be visibly positive.
        """
        common = list[Factor]()
        for _ in range(CLEARED):                                     # 1 + / e = / e * (e + 1)
            divisors = (f for m in ms for f in m[2] if (under := table.by_number(f[1]).body)[0] == "inv" and under[1][0] != "size"
                        and set(variables(f)) <= set(table.free))
            if not clear or len(ms) < 2 or (f := next(divisors, None)) is None: break
            common.append(f)
            ms = self.prover.polynomial(table, ("mul", self.factor(table, f)[1], self.written(table, ms)))
        if not ms: return [ZERO]
        content = ms[0][0] if len(ms) == 1 else Fraction(1)
        rest = [(c / content, bs, fs) for c, bs, fs in ms]
        for f in ms[0][2]:
            if all(f in fs for _, _, fs in rest) and set(variables(f)) <= set(table.free):
                common.append(f)
                rest = [(c, bs, (*fs[:fs.index(f)], *fs[fs.index(f) + 1:])) for c, bs, fs in rest]
        out = [number(content)] if content != 1 else []
        out += [self.factor(table, f) for f in common]
        pieces = components(rest[0]) if len(rest) == 1 else [rest]
        body = inner if not out and len(pieces) == 1 else None
        for piece in pieces:
            match piece:
                case [(_, (), ())]: pass
                case [(_, ((_, n),), ())]: out.append(("size", n))
                case [(_, (), (f,))]: out.append(self.factor(table, f))
                case _: out.append(self.representative(self.bases, table, piece, body))
        return out or [ONE]

    # ---- representatives ------------------------------------------------------------------------------------------

    def representative(self, known: list[Known], table: Table, ms: Sequence[Monomial], body: Real | None) -> Real:
        """The term that stands for the polynomial and its like; where there was none, `body`, if it is at hand."""
        for k in known:
            if (at := self.matched(k, table, ms, Fraction(1))) is not None: return at
        body = body or self.written(table, ms)
        numbers = tuple(sorted({x for _, bs, fs in ms for f in fs for x in variables(f) if x not in dict(bs)}))
        known.append(Known(body, tuple(table.index_of(x) for x in numbers), numbers, tuple(map(far, ms))))
        return body

    def matched(self, k: Known, table: Table, ms: Sequence[Monomial], ratio: Fraction) -> Real | None:
        """The representative at the slots at which `ratio` times it equals the polynomial."""
        if len(k.monomials) != len(ms): return None
        first = k.monomials[0]
        theirs = dict(first[1])
        for m in ms:
            ours = dict(m[1])
            if sorted(theirs.values()) != sorted(ours.values()) or len(first[2]) != len(m[2]): continue
            dims = {x: dim(i) for x, i in zip(k.numbers, k.slots)}

            def allowed(x: int, y: int, theirs: dict[int, str] = theirs, ours: dict[int, str] = ours,
                        dims: dict[int, str] = dims) -> bool:
                if x in theirs: return ours.get(y) == theirs[x]
                return y in table.free and table.free[y] == dims[x]
            for names, _ in matches(first[2], m[2], allowed, {}):
                if any(x not in names for x in k.numbers): continue
                moved = [(d * ratio, cs, tuple(shifted(f, names, dict(cs)) for f in gs)) for d, cs, gs in k.monomials]
                left = list(ms)
                for h in moved:
                    hit = next((g for g in left if g[0] == h[0] and same(h, g)), None)
                    if hit is None: break
                    left.remove(hit)
                else: return renamed_indices(k.body, {i: table.index_of(names[x]) for i, x in zip(k.slots, k.numbers)})
        return None

    def written(self, table: Table, ms: Sequence[Monomial]) -> Real:
        """A polynomial as a term."""
        def one(m: Monomial) -> Real:
            c, bs, fs = m
            grouped = {f: fs.count(f) for f in fs}
            factors = [raised(self.factor(table, f), k) for f, k in grouped.items()]
            out = product(*([number(abs(c))] if abs(c) != 1 or not factors else []), *factors)
            for x, n in reversed(bs): out = ("sum", f"k_{x}:{n}", out)
            return out if c > 0 else ("neg", out)
        return total(*map(one, ms))

    def factor(self, table: Table, f: Factor) -> Real:
        atom = table.by_number(f[1])
        return renamed_indices(atom.body, dict(zip(atom.slots, (table.index_of(x) for x in f[2]))))


def applied(kind: str, x: Real) -> Real:
    """The function of a part, simplified where a library lemma says so: / / x = x, ln (exp x) = x, ln (/ x) = - ln x."""
    match kind, x:
        case "inv", ("inv", y) if isinstance(y, tuple): return y
        case "ln", ("exp", y) if isinstance(y, tuple): return y
        case "ln", ("inv", y): return ("neg", applied("ln", y))
    return (kind, x)


def components(m: Monomial) -> list[list[Monomial]]:
    """One summed monomial as a product of connected ones."""
    c, bs, fs = m
    out, left, binders = [], list(fs), list(bs)
    while binders:
        seen, part = {binders[0][0]}, list[Factor]()
        while grown := [f for f in left if seen & set(variables(f))]:
            part += grown
            left = [f for f in left if f not in grown]
            seen |= {x for f in grown for x in variables(f) if x in dict(bs)}
        out.append([(Fraction(1), tuple(b for b in binders if b[0] in seen), tuple(part))])
        binders = [b for b in binders if b[0] not in seen]
    return out + [[(Fraction(1), (), (f,))] for f in left]


def far(m: Monomial) -> Monomial:
    """The monomial with its binders renumbered."""
    c, bs, fs = m
    new = {x: x + FAR for x, _ in bs}
    return c, tuple((new[x], n) for x, n in bs), tuple(renamed(f, new) for f in fs)


def shifted(f: Factor, names: dict[int, int], bound: dict[int, str]) -> Factor:
    """The factor at other slots, its binders left alone."""
    if f[0] == "FA": return ("FA", f[1], tuple(x if x in bound else names[x] for x in f[2]))
    return ("FD", *(x if x in bound else names[x] for x in f[1:]))
