"""The end of every proof: left = right by the Coq checker, with the cofactors that it needs."""
from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Any

from ..kernel.term import dim
from .monomials import Factor, Monomial, collect, expand
from .reals import ONE, Real, number, product, total
from .reify import Atom, Reified, Table
from .relations import Cofactor, Relation, Rules, reduced
from .signs import Signs
from .splitting import Splitting
from .text import LOOSE, Writer, renamed_indices

LONGEST = 200                     # letters of a monomial that is left over


@dataclass(frozen=True)
class Proof:
    """Tactics, and what they leave, in words, if the tool sees that they will fail."""
    tactics: str
    residual: str | None


@dataclass
class Prover:
    """What the proofs of one file share: atoms, their relations, and the lemmas that state these."""
    writer: Writer
    parameters: str                                                  # of every lemma: the tensors that are differentiated
    premises: str                                                    # sizes, assumptions, and hypotheses about all indices
    signs: Signs
    atoms: dict[Any, Atom] = field(default_factory=dict)
    known: dict[int, list[Relation]] = field(default_factory=dict)
    lemmas: list[str] = field(default_factory=list)                  # in Coq, not yet written into the file

    def __post_init__(self) -> None: self.splitting = Splitting(self)

    def table(self, scope: tuple[str, ...]) -> Table: return Table(scope, self.atoms)

    def relations(self, number: int) -> list[Relation]:
        """Of the atom with this number."""
        if number not in self.known:
            self.known[number] = []                                  # while it is being found, it has none
            atom = list(self.atoms.values())[number]
            split = self.splitting.of(atom)
            self.known[number] = [split] if split else basic(atom)
        return self.known[number]

    def polynomial(self, table: Table, x: Real) -> list[Monomial]:
        """x multiplied out, modulo the relations."""
        return reduced(table, expand(table.reify(x)), Rules(table, self.relations))[0]

    def prove(self, left: Real, right: Real, scope: tuple[str, ...]) -> Proof:
        """Tactics for left = right.  Raises TooLong for what would not end."""
        table, w = self.table(scope), self.writer
        a, b = table.reify(left), table.reify(right)
        rest, used = collect([*expand(a), *((-c, bs, fs) for c, bs, fs in expand(b))], table.free), list[Cofactor]()
        if rest: rest, used = reduced(table, rest, Rules(table, self.relations))
        lines = []
        if used:
            multiples = total(*(multiple(table, u) for u in used))
            b = table.reify(("add", right, multiples))
            whys = " | ".join(dict.fromkeys(u.relation.why for u in used))
            lines.append(f"apply (by_relations _ _ ({w.term(multiples, level=LOOSE)}));\n"
                         f"    [ plain; vanish ltac:(first [ {whys} ]) | plain ].")
        lines.append(decide(w, table, a, b, scope))
        return Proof("\n  ".join(lines), residual(w, table, rest) if rest else None)


def basic(atom: Atom) -> list[Relation]:
    """What a reciprocal or a root is."""
    match atom.body:
        case ("inv", ("sqrt", v)):
            return [Relation(("mul", atom.body[1], atom.body), ONE, atom.slots, "apply Rinv_r; positive"),
                    Relation(("mul", atom.body, atom.body), ("inv", v), atom.slots, "apply inv_sqrt_twice; positive")]
        case ("inv", s): return [Relation(("mul", s, ("inv", s)), ONE, atom.slots, "apply Rinv_r; positive")]
        case ("sqrt", v): return [Relation(("mul", atom.body, atom.body), v, atom.slots, "apply sqrt_sqrt; positive")]
    return []


def factor(table: Table, f: Factor) -> Real:
    """A factor as a term."""
    if f[0] == "FD": return ("delta", table.index_of(f[1]), table.index_of(f[2]))
    atom = table.by_number(f[1])
    return renamed_indices(atom.body, dict(zip(atom.slots, (table.index_of(x) for x in f[2]))))


def multiple(table: Table, u: Cofactor) -> Real:
    """coefficient * factors * (left - right), summed."""
    names = dict(zip(u.relation.slots, (table.index_of(x) for x in u.at)))
    left, right = (renamed_indices(x, names) for x in (u.relation.left, u.relation.right))
    out: Real = ("mul", product(number(u.coefficient), *(factor(table, f) for f in u.factors)), ("add", left, ("neg", right)))
    for x, n in reversed(u.binders): out = ("sum", f"k_{x}:{n}", out)
    return out


def decide(w: Writer, table: Table, a: Reified, b: Reified, scope: Iterable[str]) -> str:
    """The call of the checker, with the atoms that occur."""
    used = list(dict.fromkeys([*atoms_in(a), *atoms_in(b)]))
    number = {k: n for n, k in enumerate(used)}
    sizes = listed((w.size(n) for n in table.ranges), "list nat")
    atoms = listed((w.atom(x.body, x.slots) for x in map(table.by_number, used)), "list (list nat -> R)", ";\n     ")
    bounds = listed((f"({k}%positive, {table.range(dim(i))}%nat)" for k, i in enumerate(scope, 1)), "binders")
    indices = listed(map(w.index, scope), "list nat")
    left, right = (w.data(x, table, number) for x in (a, b))
    return f"decide_sums {sizes}\n    {atoms}\n    {indices} {bounds}\n    {left}\n    {right}."


def atoms_in(x: Reified) -> Iterable[int]:
    """The numbers of the atoms of a reified term."""
    if x[0] == "FA": yield x[1]
    else:
        for y in x[1:]:
            if isinstance(y, tuple): yield from atoms_in(y)


def listed(words: Iterable[str], type: str, between: str = "; ") -> str:
    """A list of Coq, its type said where it is empty."""
    text = between.join(words)
    return f"[{text}]" if text else f"(nil : {type})"


def residual(w: Writer, table: Table, rest: list[Monomial]) -> str:
    """What is left, in words: at most a few monomials."""
    def one(m: Monomial) -> str:
        c, bs, fs = m
        body = w.term(product(*([number(c)] if c != 1 else []), *(factor(table, f) for f in fs)), level=LOOSE)
        text = "".join(f"sum over k_{x} < {w.size(n)} of " for x, n in bs) + body
        return text if len(text) <= LONGEST else text[:LONGEST - 4] + " ..."
    more = f" and {len(rest) - 3} more" if len(rest) > 3 else ""
    return "; ".join(map(one, rest[:3])) + more
