"""The pieces of an emitted file: variables, definitions, lemmas for inner derivatives, and the theorem with its proof."""
from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field

from ..abbreviation import key
from ..derivation import derivative
from ..kernel.check import Identity
from ..kernel.term import Term, dim, free, show, sizes, subterms
from .monomials import TooLong
from .proof import Prover
from .reals import Inexpressible, Real, real
from .signs import Signs, bases
from .slopes import slope
from .text import LOOSE, Writer

THEOREM = "claim"
RELATIONS = {"> 0": "0 < {}", ">= 0": "0 <= {}", "!= 0": "{} <> 0", "= 0": "{} = 0"}


@dataclass(frozen=True)
class Slope:
    """A `diff` inside the statement, and the closed form by which the proof replaces it."""
    name: str
    body: Term
    tensor: str
    at: tuple[str, ...]
    closed: Term


@dataclass
class File:
    """One file in the making.  `moving` are the tensors that are differentiated; `scope` the free indices of the statement."""
    claimed: Identity
    statement: Identity                                               # the same, its bound indices named apart
    writer: Writer
    moving: tuple[str, ...]
    shapes: dict[str, tuple[str, ...]]
    scope: tuple[str, ...]
    defined: list[tuple[Term, Term]]                                  # names for shared subterms, and what they stand for
    signs: Signs = field(default_factory=Signs)
    hypotheses: dict[tuple[Real, str], str] = field(default_factory=dict)    # (base, relation) -> in words
    slopes: dict[Term, Slope] = field(default_factory=dict)
    residual: str | None = None
    prover: Prover = field(init=False)

    # ---- before anything is written -------------------------------------------------------------------------------

    def carried_out(self, t: Term) -> Term:
        """t with every diff in it replaced by a closed form, which a lemma will state."""
        match t:
            case ("diff", body, tensor, *at):
                inner = self.carried_out(body)
                closed = derivative(inner, tensor, at)
                name, same = f"slope_{len(self.slopes) + 1}", key(("diff", inner, tensor, *at))
                if same not in self.slopes:
                    name = self.writer.names.fresh([name, *(f"{name}_{k}" for k in range(1, 999))])
                    self.slopes[same] = Slope(name, inner, tensor, tuple(at), closed)
                return closed
            case _: return (t[0], *(self.carried_out(x) if isinstance(x, tuple) else x for x in t[1:]))

    def find_hypotheses(self, t: Term) -> None:
        """What has to be assumed for t to mean anything, unless Coq can see it."""
        for x in reversed(list(subterms(t))):
            if x[0] not in ("pow", "log"): continue
            for base, relation in bases(real(x)):
                if self.signs.positive(base): continue
                if (base, relation) not in self.hypotheses and (base, "> 0") not in self.hypotheses:
                    self.hypotheses[base, relation] = f"{self.words(base, t)} {relation}"
                if relation == "> 0": self.signs.given = (*self.signs.given, base)

    def words(self, base: Real, t: Term) -> str:
        """What stands for the base in the claim, as the claim names its indices; else in t, where a derivative made it."""
        for whole in (self.claimed.lhs, self.claimed.rhs, t):
            for y in subterms(whole):
                if (z := expressed(y)) is not None and key(z) == key(base): return show(y)
        return "a denominator"

    def start_proofs(self) -> None:
        """What the lemmas of this file share.  A hypothesis about a free index of the theorem is not among it."""
        everywhere = [self.quantified((), base, r) for base, r in self.hypotheses if not set(free(base)) & set(self.scope)]
        self.prover = Prover(self.writer, self.arguments(self.moving, ()), self.premises(everywhere), self.signs)

    # ---- statements -----------------------------------------------------------------------------------------------

    def variables(self) -> str:
        """Sizes and tensors; those that are differentiated are arguments instead."""
        s, w = self.statement, self.writer
        dims = sizes(s.lhs, s.rhs, *(t for _, t in s.assuming))
        lines = [f"Variables {' '.join(map(w.size, dims))} : nat."] if dims else []
        lines += [f"Variable {w.tensor(x)} : {tensor_type(shape)}." for x, shape in self.shapes.items() if x not in self.moving]
        return "\n".join(lines)

    def arguments(self, tensors: Iterable[str], at: Iterable[str]) -> str:
        """(X : nat -> R) (i j : nat)"""
        parts = [f"({self.writer.tensor(x)} : {tensor_type(self.shapes[x])})" for x in tensors]
        indices = " ".join(map(self.writer.index, at))
        return " ".join(parts + ([f"({indices} : nat)"] if indices else []))

    def definition(self, name: str, tensors: Iterable[str], at: Iterable[str], t: Term) -> str:
        """A name for a term."""
        head = f"Definition {name} {self.arguments(tensors, at)}".rstrip()
        return f"{head} : R :=\n  {self.writer.term(real(t), level=LOOSE)}."

    def premises(self, hypotheses: Iterable[str]) -> str:
        """Nonempty sizes, assumptions and hypotheses."""
        lines = [" ".join(f"(1 <= {self.writer.size(n)})%nat ->" for n in sorted(self.signs.sizes))]
        lines += [f"({self.quantified((), real(t), relation)}) ->" for relation, t in self.statement.assuming]
        return "\n  ".join(x for x in (*lines, *(f"({h}) ->" for h in hypotheses)) if x)

    def conditions(self, scope: tuple[str, ...]) -> str:
        """forall the differentiated tensors and the free indices, premises and bounds."""
        head = self.arguments(self.moving, scope)
        held = self.premises([self.quantified(scope, base, relation) for base, relation in self.hypotheses])
        return "\n  ".join(x for x in (f"forall {head}," if head else "", held, self.bounds(scope)) if x)

    def bounds(self, scope: Iterable[str]) -> str:
        """Indices are below their sizes."""
        return " ".join(f"({self.writer.index(i)} < {self.writer.size(dim(i))})%nat ->" for i in scope)

    def quantified(self, scope: tuple[str, ...], x: Real, relation: str) -> str:
        """The relation for all values of the indices that are free in x and not in scope."""
        more = [i for i in free(x) if i not in scope]
        head = f"forall {' '.join(map(self.writer.index, more))}, {self.bounds(more)} " if more else ""
        return head + RELATIONS[relation].format(self.writer.term(x, level=LOOSE))

    # ---- theorems -------------------------------------------------------------------------------------------------

    def derivative_theorem(self, left: Term, right: Term, closed_left: Term, closed_right: Term) -> list[str]:
        """Two definitions, F and G, and the theorem that the derivative of F is G."""
        w, (_, _, tensor, *at) = self.writer, self.statement.lhs
        names, heads, parts = list[str](), list[list[str]](), list[str]()
        for wish, t in (("F" if free(left) else "Loss", left), ("G", right)):
            names.append(w.names.fresh([wish, *(f"{wish}_{k}" for k in range(1, 999))]))
            indices = [i for i in self.scope if i in free(t)]
            parts.append(self.definition(names[-1], self.moving, indices, t))
            heads.append([w.index(i) for i in indices])
        time = w.time()
        moved = {tensor: w.nudged(tensor, at, time)}
        value = " ".join([names[0], *(w.argument(x, moved) for x in self.moving), *heads[0]])
        slope_there = " ".join([names[1], *map(w.tensor, self.moving), *heads[1]])
        steps = [f"intros. {self.unfolding(names)}"]
        if self.slopes:
            body = w.term(real(closed_left), moved, LOOSE)
            steps += [f"apply (is_derive_same _ (fun {time} => {body}) _ {w.term(real(closed_right))});",
                      f"  [ intros; same {self.by_slopes()} | same {self.by_slopes()} | ]."]
        steps += ["plain. eapply dual_is_derive, dual_eq; [ dual | ].",
                  self.equation(slope(real(closed_left), tensor, tuple(at)), real(closed_right), self.scope)]
        says = f"{self.conditions(self.scope)}\n  is_derive (fun {time} => {value}) 0 ({slope_there})"
        return [*parts, *self.slope_lemmas(), self.theorem(THEOREM, says, steps)]

    def equation_theorem(self, left: Term, right: Term, closed_left: Term, closed_right: Term) -> list[str]:
        """The theorem of an identity that is no derivative."""
        w = self.writer
        steps = [f"intros. {self.unfolding(())}".rstrip()]
        if self.slopes:
            steps += [f"apply (equal_same _ _ {w.term(real(closed_left))} {w.term(real(closed_right))});",
                      f"  [ same {self.by_slopes()} | same {self.by_slopes()} | ]."]
        steps += ["plain.", self.equation(real(closed_left), real(closed_right), self.scope)]
        says = f"{self.conditions(self.scope)}\n  {w.term(real(left), level=LOOSE)} =\n  {w.term(real(right), level=LOOSE)}"
        return [*self.slope_lemmas(), self.theorem(THEOREM, says, steps)]

    def slope_lemmas(self) -> list[str]:
        """Each `diff` inside the statement has its closed form."""
        w, out = self.writer, list[str]()
        for d in self.slopes.values():
            scope, time = free(("diff", d.body, d.tensor, *d.at)), w.time()
            body = w.term(real(d.body), {d.tensor: w.nudged(d.tensor, d.at, time)}, LOOSE)
            says = f"{self.conditions(scope)}\n  is_derive (fun {time} => {body}) 0\n    {w.term(real(d.closed))}"
            steps = ["intros. plain. eapply dual_is_derive, dual_eq; [ dual | ].",
                     self.equation(slope(real(d.body), d.tensor, d.at), real(d.closed), scope)]
            out.append(self.theorem(d.name, says, steps, "Lemma"))
        return out

    def theorem(self, name: str, says: str, steps: list[str], kind: str = "Theorem") -> str:
        """A theorem, after the lemmas that its proof needs."""
        lemmas, self.prover.lemmas = self.prover.lemmas, []
        body = "\n".join(f"  {step}" for step in steps)
        return "\n\n".join([*lemmas, f"{kind} {name} :\n  {says}.\nProof.\n{body}\nQed."])

    def equation(self, left: Real, right: Real, scope: tuple[str, ...]) -> str:
        """left = right by the checker, modulo relations between atoms."""
        try: found = self.prover.prove(left, right, scope)
        except TooLong as long: raise Inexpressible(str(long)) from None
        if found.residual: self.residual = found.residual
        return found.tactics

    def unfolding(self, more: Iterable[str]) -> str:
        """The tactic that unfolds the definitions of the file."""
        names = [*more, *(self.writer.tensor(head[1]) for head, _ in self.defined)]
        return f"cbv beta delta [{' '.join(names)}] in *." if names else ""

    def by_slopes(self) -> str:
        """The tactic for the lemmas about inner derivatives, found by their looks: comparing by computation may not end."""
        return f"ltac:(first [ {' | '.join(f'simple apply {d.name}; premises' for d in self.slopes.values())} ])"


def tensor_type(shape: Iterable[str]) -> str: return " -> ".join([*("nat" for _ in shape), "R"])


def expressed(t: Term) -> Real | None:
    """The term in Coq's words, if it can be."""
    try: return real(t)
    except Inexpressible: return None
