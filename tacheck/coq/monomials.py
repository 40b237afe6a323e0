"""What the Coq checker computes, in Python: sums of products multiplied out, deltas gone, equal monomials collected.

A monomial is (coefficient, binders, factors), a binder (number, dimension), a factor ("FA", atom, args) or
("FD", x, y).  This is a search for the relations that a proof needs; Coq repeats the work and decides.
"""
from collections.abc import Callable, Iterable, Iterator, Mapping
from fractions import Fraction
from typing import Any

from .reify import Reified

Factor = tuple[Any, ...]
Monomial = tuple[Fraction, tuple[tuple[int, str], ...], tuple[Factor, ...]]
MOST = 4000                       # monomials in one polynomial


class TooLong(ValueError):
    """More monomials than this is meant for."""


def expand(x: Reified) -> list[Monomial]:
    """The term multiplied out."""
    match x:
        case ("TZ", k): return [(Fraction(k), (), ())] if k else []
        case ("TI", k): return [(Fraction(1, k), (), ())]
        case ("TN", n, range): return [(Fraction(1), ((n, range),), ())]
        case ("FA" | "FD", *_): return [(Fraction(1), (), (x,))]
        case ("TAdd", a, b): return expand(a) + expand(b)
        case ("TOpp", a): return [(-c, bs, fs) for c, bs, fs in expand(a)]
        case ("TSum", n, range, a): return [(c, ((n, range), *bs), fs) for c, bs, fs in expand(a)]
        case ("TMul", a, b):
            left, right = expand(a), expand(b)
            if len(left) * len(right) > MOST: raise TooLong(f"a product of {len(left)} by {len(right)} monomials")
            return [(c * d, bs + cs, fs + gs) for c, bs, fs in left for d, cs, gs in right]
    raise ValueError(f"not reified: {x[0]}")


def variables(f: Factor) -> tuple[int, ...]: return f[2] if f[0] == "FA" else f[1:]


def renamed(f: Factor, names: Mapping[int, int]) -> Factor:
    """The factor under a renaming of its variables."""
    if f[0] == "FA": return ("FA", f[1], tuple(names.get(x, x) for x in f[2]))
    return ("FD", *(names.get(x, x) for x in f[1:]))


def without_deltas(m: Monomial, free: Mapping[int, str]) -> Monomial:
    """Deltas with a bound index eliminated.  `free`: the dimensions of the variables that are not bound."""
    c, bs, fs = m
    for k, f in enumerate(fs):
        if f[0] != "FD": continue
        rest, (u, v), ranges = fs[:k] + fs[k + 1:], f[1:], {**free, **dict(bs)}
        if u == v: return without_deltas((c, bs, rest), free)
        for x, y in ((u, v), (v, u)):
            if x in dict(bs) and ranges.get(y) == ranges[x]:
                return without_deltas((c, tuple(b for b in bs if b[0] != x), tuple(renamed(g, {x: y}) for g in rest)), free)
    for k, f in enumerate(fs):                                       # what stays is between free variables: use the smaller one
        if f[0] == "FD" and any(max(f[1:]) in variables(g) for g in fs[:k] + fs[k + 1:]):
            low = {max(f[1:]): min(f[1:])}
            return without_deltas((c, bs, (*(renamed(g, low) for g in fs[:k]), f, *(renamed(g, low) for g in fs[k + 1:]))), free)
    return m


# ---- equal up to the names of binders -----------------------------------------------------------------------------

def signature(m: Monomial) -> Any:
    """What equal monomials have in common: how often each index stands where, seen from it and from its factors."""
    _, bs, fs = m
    bound = dict(bs)
    colour: dict[int, Any] = {x: ("bound", n) for x, n in bs}
    for _ in range(2):
        seen: dict[int, list[Any]] = {x: [] for x in bound}
        for f in fs:
            colours = tuple(colour.get(x, x) for x in variables(f))
            shown = hash((f[:2], colours) if f[0] == "FA" else ("FD", tuple(sorted(map(hash, colours)))))
            for k, x in enumerate(variables(f)):
                if x in seen: seen[x].append((shown, k if f[0] == "FA" else 0))
        colour = {x: hash((bound[x], tuple(sorted(seen[x])))) for x in bound}
    shown_factors = sorted(hash((f[0], f[1], tuple(colour.get(x, x) for x in f[2]))) if f[0] == "FA" else
                           hash(("FD", tuple(sorted(hash(colour.get(x, x)) for x in f[1:])))) for f in fs)
    return tuple(sorted(colour.values())), tuple(shown_factors)


def matches(pattern: Iterable[Factor], fs: tuple[Factor, ...], allowed: Callable[[int, int], bool],
            names: dict[int, int]) -> Iterator[tuple[dict[int, int], tuple[Factor, ...]]]:
    """Ways to find the factors of the pattern among fs: the variables' images, and the factors left over."""
    pattern = tuple(pattern)
    if not pattern:
        yield names, fs
        return
    first, *rest = pattern
    for k, f in enumerate(fs):
        if f[0] != first[0] or f[0] == "FA" and f[1] != first[1]: continue
        at = variables(f)
        for order in (at, at[::-1]) if f[0] == "FD" else (at,):
            new = dict(names)
            if all(extend(new, x, y, allowed) for x, y in zip(variables(first), order)):
                yield from matches(rest, fs[:k] + fs[k + 1:], allowed, new)


def extend(names: dict[int, int], x: int, y: int, allowed: Callable[[int, int], bool]) -> bool:
    """x becomes y, unless it has become something else."""
    if x in names: return names[x] == y
    if not allowed(x, y): return False
    names[x] = y
    return True


def same(m: Monomial, h: Monomial) -> bool:
    """Equal but for coefficients and the names of binders."""
    (_, bs, fs), (_, cs, gs) = m, h
    if sorted(n for _, n in bs) != sorted(n for _, n in cs) or len(fs) != len(gs): return False
    mine, its = dict(bs), dict(cs)

    def allowed(x: int, y: int) -> bool: return mine[x] == its.get(y) if x in mine else x == y
    return any(len({names[x] for x in mine if x in names}) == sum(x in names for x in mine)
               for names, _ in matches(fs, gs, allowed, {}))


def collect(ms: Iterable[Monomial], free: Mapping[int, str]) -> list[Monomial]:
    """The sum of the monomials, equal ones together, zeros gone."""
    found: dict[Any, list[Monomial]] = {}
    for m in ms:
        m = without_deltas(m, free)
        group = found.setdefault(signature(m), [])
        for k, h in enumerate(group):
            if same(m, h):
                group[k] = (h[0] + m[0], *h[1:])
                break
        else: group.append(m)
    return [m for group in found.values() for m in group if m[0]]
