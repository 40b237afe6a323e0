"""Which side of a threshold numbers lie on: ranges of scores, ranks, operation counts, and what errors add up to.

k factors (k = order + 1: two for matrix attention, three for tensor attention) with entries up to B give scores, with the
scale 1/d, up to B^k.  A polynomial of degree g in place of exp costs rank C(d + g, g) in place of n^order.  So

    almost linear      B = o((log n)^(1/k)), d = O(log n): g = o(log n), and the rank is n^o(1)
    hard (k-OVH)       B >= (d beta)^(1/k), beta = ln P + 2 ln(1/x), P = n^order: the gadget of `hardness` fits

and between the two nothing is known.  Thresholds are stated with L in place of ln n, so that they are about numbers.
"""
from __future__ import annotations

from collections.abc import Sequence
from fractions import Fraction
from itertools import combinations
from math import factorial, prod

from tacheck.lang import Assumption, Expr, Index, Sum, dim, exp, log, scalar, size, tensor, term

from .kronecker import total

(c,) = dim("d", "c")
half = Fraction(1, 2)


# ---- ranges of scores -------------------------------------------------------------------------------------------------

def product(vectors: Sequence[str], at: Index) -> Expr:
    """The product of the entries of some vectors at one column."""
    return prod((tensor(x)[at] for x in vectors), start=term(1))


def score(vectors: Sequence[str], scale: Expr | int = 1) -> Expr:
    """scale * sum_c x_c y_c z_c ..."""
    return scale * Sum(c, lambda c: product(vectors, c))


def between(x: Expr, bound: Expr) -> list[Assumption]:
    """-bound <= x <= bound."""
    return [x <= bound, -x <= bound]


def room(pairs: Sequence[tuple[Expr, Expr]], sign: int = 1) -> Expr:
    """The product of bounds minus `sign` times the product of the entries that they bound, visibly at least 0.

    a b - x y = ((a - x)(b + y) + (a + x)(b - y))/2, again and again.
    """
    (x, b), *rest = reversed(pairs)
    above, below = (1 * t.term for t in between(x, b))
    if not rest: return above if sign > 0 else below
    inner = list(reversed(rest))
    return half * (room(inner, sign) * below + room(inner, -sign) * above)


def power_sum(x: str, p: int) -> Expr:
    """sum_c x_c^p."""
    return Sum(c, lambda c: tensor(x)[c] ** p)


def means_gap(values: Sequence[Expr]) -> Expr:
    """(a^p + b^p + ...)/p - a b ..., for p values, visibly at least 0 where they are.

    Hurwitz: a sum of (a - b)^2 (a^i b^0 + ... + a^0 b^i) times products of others, over pairs and sets of others.
    """
    p, found = len(values), term(0)
    for k in range(1, p):
        weight = Fraction(factorial(k - 1) * factorial(p - k - 1), factorial(p))
        for i, j in combinations(range(p), 2):
            a, b = values[i], values[j]
            steps = sum((a ** s * b ** (p - k - 1 - s) for s in range(p - k)), start=term(0))
            others = [v for t, v in enumerate(values) if t not in (i, j)]
            for some in combinations(others, k - 1):
                found = found + weight * (a - b) ** 2 * steps * prod(some, start=term(1))
    return found


# ---- ranks ------------------------------------------------------------------------------------------------------------

def rank(d: Expr | int, g: int) -> Expr:
    """C(d + g, g) for a fixed degree g: (1 + d)(1 + d/2) ... (1 + d/g)."""
    return prod((1 + term(d) / i for i in range(1, g + 1)), start=term(1))


def expanded(roots: Sequence[Fraction | int], s: Expr) -> list[tuple[Fraction, Expr]]:
    """The coefficients of the product of (a_i + b_i s), given as pairs a_1, b_1, a_2, b_2, ..., and the powers of s."""
    found = [Fraction(1)]
    for a, b in zip(roots[::2], roots[1::2]): found = [a * x + b * y for x, y in zip([*found, 0], [0, *found])]
    return [(q, s ** k if k else term(1)) for k, q in enumerate(found)]


def excess(more: Sequence[Fraction | int], less: Sequence[Fraction | int], s: Expr) -> Expr:
    """The product of the one (as in `expanded`) minus that of the other, coefficient by coefficient."""
    pairs = zip(expanded(more, s), expanded(less, s))
    return sum(((p - q) * power for (p, power), (q, _) in pairs), start=term(0))


def exponent(c: Expr | Fraction | int, w: Expr) -> Expr:
    """log C(d + g, g) / log n is below this for d = c ln n and g = (ln n)/w, apart from terms in 1/log n."""
    return log(1 + c * w) / w + c * log(1 + 1 / (c * w))


# ---- operation counts -------------------------------------------------------------------------------------------------

n, d, m = (size(x) for x in "ndm")                                   # tokens, dimension, 1 + columns of values
r = scalar("r")                                                      # the rank


def loops(depth: int, body: Expr) -> Expr:
    """A body that is run for every tuple of `depth` tokens."""
    return total(("n",) * depth, lambda *_: body)


def exact_forward(order: int) -> Expr:
    """Multiplications, additions and exponentials of exact attention, loop by loop.

    For each query row and each tuple of the first keys: a product of points (d), and at the end a sum of m columns times a
    product of values (2 m); for each whole tuple a score (2 d), an exponential, and sums with m columns (2 m).
    """
    inner = sum((loops(depth, d + 2 * m) for depth in range(2, order + 1)), start=term(0))
    return inner + loops(order + 1, 2 * d + 1 + 2 * m)


def exact_forward_total(order: int) -> Expr:
    """The same in n, d and m = 1 + dv."""
    inner = sum((n ** depth * (d + 2 * m) for depth in range(2, order + 1)), start=term(0))
    return inner + n ** (order + 1) * (2 * d + 2 * m + 1)


def fast_forward(order: int) -> Expr:
    """Those of attention with a polynomial of rank r: features of every token; a moment of each key set; one product of all
    moments and the weights; and for each query row its m values."""
    features = (order + 1) * loops(1, r)
    moments = order * loops(1, 2 * m * r)
    return features + moments + order * m * r + loops(1, 2 * m * r)


def fast_forward_total(order: int, r: Expr = r) -> Expr:
    """The same in n, m and r."""
    return (order + 1) * n * r * (1 + 2 * m) + order * m * r


# ---- thresholds -------------------------------------------------------------------------------------------------------

def bound_of(L: Expr, w: Expr, k: int) -> Expr:
    """B = (L/w)^(1/k): with L = ln n and w to infinity, B = o((log n)^(1/k))."""
    return (L / w) ** Fraction(1, k)


def gadget_bound(d: Expr, P: Expr, x: Expr, k: int) -> Expr:
    """B = (d (ln P + 2 ln(1/x)))^(1/k): from here on the gadget of `hardness` fits."""
    return (d * (log(P) + 2 * log(1 / x))) ** Fraction(1, k)


# ---- clipping and training --------------------------------------------------------------------------------------------

def share(f: str, at: Index) -> Expr:
    """f_j / (the sum of f)."""
    return tensor(f)[at] / Sum(dim(at.dim, "j")[0], lambda j: tensor(f)[j])


def accumulated(rate: Expr, t: Expr) -> Expr:
    """(1 + rate)^t."""
    return exp(t * log(1 + rate))


def squares(x: str, at: Index | None = None) -> Expr:
    """The sum over c of x_c^2, or of x_tc^2 of step t."""
    return Sum(c, lambda c: (tensor(x)[at, c] if at else tensor(x)[c]) ** 2)


FACTORIALS = [factorial(g) for g in range(20)]
