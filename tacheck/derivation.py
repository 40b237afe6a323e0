"""Textbook differentiation of terms: `diff` is carried out, and Kronecker deltas are eliminated as it goes.

    derivative(t, "X", ("a:d", "b:d"))     the partial derivative of t by X[a, b], without the word diff
    without_diff(t)                        t with every diff inside it carried out

Nothing here is trusted: the kernel proves the result equal to what was differentiated.
"""
from __future__ import annotations

from collections.abc import Collection, Iterable
from fractions import Fraction
from itertools import count

from .kernel.term import Term, dim, free, wellformed

Deltas = tuple[tuple[str, str], ...]              # a product of Kronecker deltas, sorted
ZERO, ONE = ("num", "0"), ("num", "1")


def derivative(t: Term, tensor: str, at: Iterable[str]) -> Term:
    """The partial derivative of t by tensor[at], free of diff; indices that t and `at` share are the same index.

    Raises ValueError, in words, where t is no term or uses the tensor with another shape.
    """
    at = tuple(at)
    wellformed(("diff", t, tensor, *at))
    found = slopes(tidy(without_diff(t), at), tensor, at)
    return tidy(total(*(product(*(("delta", i, j) for i, j in deltas), c) for deltas, c in found.items())), at)


def without_diff(t: Term) -> Term:
    """t with every diff inside it carried out."""
    match t:
        case ("diff", body, tensor, *at): return derivative(body, tensor, at)
        case _: return (t[0], *(without_diff(x) if isinstance(x, tuple) else x for x in t[1:]))


def slopes(t: Term, tensor: str, at: tuple[str, ...]) -> dict[Deltas, Term]:
    """The derivative as coefficients of products of deltas.  No bound index of t may occur in `at`."""
    found: dict[Deltas, Term] = {}

    def collect(deltas: Deltas, c: Term) -> None: found[deltas] = total(found.get(deltas, ZERO), c)

    def chain(inner: Term, *outer: Term) -> None:
        for deltas, c in slopes(inner, tensor, at).items(): collect(deltas, product(*outer, c))

    match t:
        case ("at", name, *own) if name == tensor: collect(matched(zip(own, at, strict=True)), ONE)
        case ("add", *parts):
            for x in parts: chain(x)
        case ("mul", *parts):
            for k, x in enumerate(parts):
                for deltas, c in slopes(x, tensor, at).items(): collect(deltas, product(*parts[:k], c, *parts[k + 1:]))
        case ("pow", x, q): chain(x, ("num", q), power(x, Fraction(q) - 1))
        case ("exp", x): chain(x, t)
        case ("log", x): chain(x, power(x, Fraction(-1)))
        case ("sum", i, body):
            for deltas, c in slopes(body, tensor, at).items():
                if (j := partner(i, deltas)) is None: collect(deltas, summed(i, c))
                else: collect(matched(tuple(j if k == i else k for k in pair) for pair in deltas), substitute(c, i, j))
    return {deltas: c for deltas, c in found.items() if c != ZERO}


def matched(pairs: Iterable[tuple[str, ...]]) -> Deltas:
    """The product of the deltas of the pairs: delta(i, i) is 1, and a delta is its own square."""
    return tuple(sorted({(min(pair), max(pair)) for pair in pairs if min(pair) != max(pair)}))


def partner(i: str, deltas: Iterable[tuple[str, ...]]) -> str | None:
    """An index that some delta sets equal to i."""
    return next((j for pair in deltas if i in pair for j in pair if j != i), None)


# ---- building, with the zeros and ones left out -------------------------------------------------------------------

def total(*parts: Term) -> Term:
    """The sum: flat, without zeros, equal terms counted."""
    counted: dict[Term, Fraction] = {}
    for x in (y for part in parts for y in (part[1:] if part[0] == "add" else (part,))):
        factors = x[1:] if x[0] == "mul" else (x,)
        q = Fraction(factors[0][1]) if factors and factors[0][0] == "num" else None
        core = ("mul", *(factors if q is None else factors[1:]))
        counted[core] = counted.get(core, Fraction(0)) + (1 if q is None else q)
    kept = [product(("num", str(q)), core) for core, q in counted.items() if q]
    return kept[0] if len(kept) == 1 else ("add", *kept) if kept else ZERO


def product(*parts: Term) -> Term:
    """The product: flat, its number in front and its sizes next, without ones; zero if a factor is."""
    number, sizes, others = Fraction(1), [], []
    for x in (y for part in parts for y in (part[1:] if part[0] == "mul" else (part,))):
        match x:
            case ("num", q): number *= Fraction(q)
            case ("pow", ("num", q), "-1") if Fraction(q): number /= Fraction(q)
            case ("mul", *_): return product(*(z for y in parts for z in (y[1:] if y[0] == "mul" else (y,))))
            case ("delta", i, j) if i == j: pass
            case ("size", _) | ("pow", ("size", _), _): sizes.append(x)
            case _: others.append(x)
    if not number: return ZERO
    kept = [*([("num", str(number))] if number != 1 else []), *sizes, *others]
    return kept[0] if len(kept) == 1 else ("mul", *kept) if kept else ONE


def power(t: Term, q: Fraction) -> Term:
    """t to a rational power."""
    return ONE if not q else t if q == 1 else ("pow", t, str(q))


def summed(i: str, t: Term) -> Term:
    """The sum over i: what does not depend on i in front, and sum over i of delta(i, j) f(i) = f(j)."""
    factors = t[1:] if t[0] == "mul" else (t,)
    inside = [x for x in factors if i in free(x)]
    outside = [x for x in factors if i not in free(x)]
    if not inside: return product(("size", dim(i)), t)
    deltas = [x[1:] for x in inside if x[0] == "delta"]
    if (j := partner(i, deltas)) is not None: return product(*outside, substitute(product(*inside), i, j))
    return product(*outside, ("sum", i, product(*inside)))


# ---- names --------------------------------------------------------------------------------------------------------

def substitute(t: Term, i: str, j: str) -> Term:
    """t with j for the free index i; a binder that would capture j is renamed."""
    if i not in free(t): return t
    match t:
        case ("sum", k, body):
            if k == j:
                k = fresh(k, [*free(body), i, j])
                body = substitute(body, j, k)
            return ("sum", k, substitute(body, i, j))
        case _: return (t[0], *(substitute(x, i, j) if isinstance(x, tuple) else j if x == i else x for x in t[1:]))


def fresh(i: str, taken: Iterable[str]) -> str:
    """i, or i with a number, whose bare name no index in `taken` has."""
    names = {bare(k) for k in taken}
    stem = bare(i).rstrip("0123456789")
    return next(f"{name}:{dim(i)}" for k in count(-1) if (name := bare(i) if k < 0 else f"{stem}{k or ''}") not in names)


def bare(i: str) -> str:
    """The name of an index, its dimension left out."""
    return i.partition(":")[0]


def tidy(t: Term, avoid: Collection[str] = ()) -> Term:
    """t with bound indices named apart from those in scope around them and from `avoid`, by their bare names."""
    def visit(t: Term, scope: tuple[str, ...]) -> Term:
        match t:
            case ("sum", i, body):
                j = fresh(f"{bare(i).partition('__')[0] or bare(i)}:{dim(i)}", scope)
                return ("sum", j, visit(substitute(body, i, j), (*scope, j)))
            case _: return (t[0], *(visit(x, scope) if isinstance(x, tuple) else x for x in t[1:]))
    return visit(t, (*free(t), *avoid))
