"""Mutants of a closed form: the same term with one lie in one place, and the name of the lie.

    for mutant in mutants(rhs, scope=free(lhs), tensors=wellformed(lhs, rhs)):
        mutant.lie, mutant.place, mutant.term

Each function of LIES is one idea.  It is handed a subterm and what is known there, and gives the lies that can be told in
that place.  WHOLE are the lies that change many places at once.  Some mutants equal the original: brute force sorts them.
"""
from collections.abc import Iterator
from dataclasses import dataclass
from fractions import Fraction
from itertools import combinations

from tacheck.kernel.term import Term, dim, show
from tests.random_terms import get, places, put, renamed

ONE, MINUS = ("num", "1"), ("num", "-1")
LONGEST = 70
Lies = Iterator[tuple[tuple[Term | str, ...], Term]]      # what is said about the change, and the new subterm


@dataclass(frozen=True)
class Mutant:
    """A term to be changed in one place: the path of a subterm, what stands there instead, and words about it."""
    lie: str
    whole: Term
    path: tuple[int, ...]
    about: tuple[Term | str, ...]
    new: Term

    @property
    def term(self) -> Term:
        """The changed term."""
        return put(self.whole, self.path, self.new)

    @property
    def place(self) -> str:
        """Where, and what."""
        return f"at {'.'.join(map(str, self.path)) or 'the top'}: {' '.join(map(short, self.about))}"


@dataclass(frozen=True)
class Here:
    """What is known at a subterm: the indices in scope, and the shape of every tensor of the statement."""
    scope: tuple[str, ...]
    tensors: dict[str, tuple[str, ...]]

    def others(self, index: str) -> list[str]:
        """The other indices in scope with the same dimension."""
        return [i for i in self.scope if i != index and dim(i) == dim(index)]


# ---- one subterm changed ------------------------------------------------------------------------------------------

def flipped_sign(t: Term, here: Here) -> Lies:
    """An addend with the other sign."""
    if t[0] == "add":
        for k in range(1, len(t)): yield ("addend", t[k]), (*t[:k], ("mul", MINUS, t[k]), *t[k + 1:])


def dropped_addend(t: Term, here: Here) -> Lies:
    """An addend left out: the correction is missing."""
    if t[0] == "add" and len(t) > 2:
        for k in range(1, len(t)): yield ("addend", t[k]), without(t, k)


def dropped_size(t: Term, here: Here) -> Lies:
    """A size left out of a product, mostly 1/d."""
    if t[0] == "mul" and len(t) > 2:
        for k in range(1, len(t)):
            if is_size(t[k]): yield ("factor", t[k]), without(t, k)


def dropped_factor(t: Term, here: Here) -> Lies:
    """Another factor left out."""
    if t[0] == "mul" and len(t) > 2:
        for k in range(1, len(t)):
            if t[k][0] != "num" and not is_size(t[k]): yield ("factor", t[k]), without(t, k)


def duplicated_factor(t: Term, here: Here) -> Lies:
    """A factor twice."""
    if t[0] == "mul":
        for x in t[1:]:
            if x[0] != "num": yield ("factor", x), (*t, x)


def swapped_indices(t: Term, here: Here) -> Lies:
    """Two indices of one entry exchanged: a transpose in one place."""
    if t[0] == "at":
        for j, k in combinations(range(2, len(t)), 2):
            if t[j] != t[k] and dim(t[j]) == dim(t[k]): yield becomes(t, swapped(t, j, k))


def other_index(t: Term, here: Here) -> Lies:
    """One index of an entry or a delta replaced by another one of its dimension."""
    if t[0] in ("at", "delta"):
        for k in range(2 if t[0] == "at" else 1, len(t)):
            for i in here.others(t[k]): yield becomes(t, (*t[:k], i, *t[k + 1:]))


def other_tensor(t: Term, here: Here) -> Lies:
    """A tensor replaced by another one of its shape in one place: A3 for A2."""
    if t[0] == "at":
        for x, shape in here.tensors.items():
            if x != t[1] and shape == here.tensors[t[1]]: yield becomes(t, ("at", x, *t[2:]))


def other_exponent(t: Term, here: Here) -> Lies:
    """The degree off by one, away from 0: 2 -> 3, -1 -> -2."""
    if t[0] == "pow":
        q = Fraction(t[2])
        new = str(q + 1 if q > 0 else q - 1)
        yield (t[1], f"to the {t[2]} -> {new}"), ("pow", t[1], new)


def other_coefficient(t: Term, here: Here) -> Lies:
    """A number replaced: -1 -> 1, 0 -> 1, otherwise doubled."""
    if t[0] == "num":
        q = Fraction(t[1])
        yield becomes(t, ("num", str({-1: 1, 0: 1}.get(q, 2 * q))))


def doubled_exponent(t: Term, here: Here) -> Lies:
    """exp(2 t) for exp(t)."""
    if t[0] == "exp": yield (t, "with its argument doubled"), ("exp", ("mul", ("num", "2"), t[1]))


def removed_delta(t: Term, here: Here) -> Lies:
    """1 for delta(i, j)."""
    if t[0] == "delta": yield becomes(t, ONE)


def shrunk_sum(t: Term, here: Here) -> Lies:
    """A sum replaced by what is summed, at an index in scope."""
    if t[0] == "sum":
        for i in here.others(t[1]): yield (t, f"-> the summand at {i}"), renamed(t[2], {t[1]: i})


LIES = (flipped_sign, dropped_addend, dropped_size, dropped_factor, duplicated_factor, swapped_indices, other_index, other_tensor,
        other_exponent, other_coefficient, doubled_exponent, removed_delta, shrunk_sum)


# ---- many places changed at once ----------------------------------------------------------------------------------

def transposed_slots(t: Term, here: Here) -> Lies:
    """Two slots of a tensor exchanged wherever it stands: the Kronecker order transposed."""
    for x, shape in here.tensors.items():
        for j, k in combinations(range(len(shape)), 2):
            if shape[j] == shape[k]:
                new = everywhere(t, lambda s, x=x, j=j, k=k: swapped(s, j + 2, k + 2) if s[:2] == ("at", x) else s)
                yield (f"slots {j + 1} and {k + 1} of every {x}",), new


def exchanged_indices(t: Term, here: Here) -> Lies:
    """Two free indices exchanged: the entry of the transposed gradient."""
    for i, j in combinations(here.scope, 2):
        if dim(i) == dim(j): yield (f"{i} and {j} everywhere",), renamed(t, {i: j, j: i})


def exchanged_tensors(t: Term, here: Here) -> Lies:
    """Two tensors of one shape exchanged wherever they stand."""
    for x, y in combinations(here.tensors, 2):
        if here.tensors[x] == here.tensors[y]:
            new = {x: y, y: x}
            yield (f"every {x} and {y}",), everywhere(t, lambda s, new=new: (*s[:1], new.get(s[1], s[1]), *s[2:])
                                                      if s[0] == "at" else s)


WHOLE = (transposed_slots, exchanged_indices, exchanged_tensors)


# ---- the places ---------------------------------------------------------------------------------------------------

def mutants(t: Term, scope: tuple[str, ...], tensors: dict[str, tuple[str, ...]]) -> Iterator[Mutant]:
    """Every lie in every place where it changes something.  scope: the indices that t may leave free."""
    for path in places(t):
        old, here = get(t, path), Here(visible(t, path, scope), tensors)
        for lie in LIES:
            for about, new in lie(old, here): yield Mutant(name(lie), t, path, about, new)
    for lie in WHOLE:
        for about, new in lie(t, Here(scope, tensors)):
            if new != t: yield Mutant(name(lie), t, (), about, new)


def visible(t: Term, path: tuple[int, ...], scope: tuple[str, ...]) -> tuple[str, ...]:
    """The indices in scope at the end of a path: those outside, and those that sums on the way bind."""
    for k in path:
        if t[0] == "sum": scope = (*(i for i in scope if i != t[1]), t[1])
        t = t[k]
    return scope


def name(lie) -> str: return lie.__name__.replace("_", " ")


def short(x: Term | str) -> str:
    text = x if isinstance(x, str) else show(x)
    return text if len(text) <= LONGEST else text[:LONGEST - 4] + " ..."


def becomes(old: Term, new: Term) -> tuple[tuple[Term | str, ...], Term]: return (old, "->", new), new


def is_size(t: Term) -> bool: return t[0] == "size" or t[0] == "pow" and t[1][0] == "size"


def without(t: Term, k: int) -> Term:
    """A sum or product without part k."""
    return t[3 - k] if len(t) == 3 else (*t[:k], *t[k + 1:])


def swapped(t: Term, j: int, k: int) -> Term: return (*t[:j], t[k], *t[j + 1:k], t[j], *t[k + 1:])


def everywhere(t: Term, change) -> Term:
    """`change` applied to every subterm, from the inside."""
    return change((t[0], *(everywhere(x, change) if isinstance(x, tuple) else x for x in t[1:])))
