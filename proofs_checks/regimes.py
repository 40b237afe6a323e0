"""Thresholds, ranks and operation counts: what `tacheck regime` rests on.

L stands for ln n where a claim is about all n at once.  C(d + g, g) is written (1 + d)(1 + d/2) ... (1 + d/g), for every d.
"""
from fractions import Fraction
from math import comb

from tacheck import claim
from tacheck.lang import bound, decision, exp, growth, identity, inequality, positive, scalar, size, term
from theory.regimes import (
    FACTORIALS,
    bound_of,
    exact_forward,
    exact_forward_total,
    excess,
    exponent,
    fast_forward,
    fast_forward_total,
    half,
    rank,
)

OURS = "this library"
UPPER = "arXiv 2405.16411, the fast gradient; 2310.04064, the fast forward computation (version and number not checked here)"
ORDERS = {"order": range(1, 6)}
DEGREES = {"g": range(1, 13)}
L, w, beta, B, d_, t = (scalar(x) for x in ("L", "w", "beta", "B", "d", "t"))
n, d, m, s = (size(x) for x in "ndms")
r = scalar("r")


# ---- operation counts -------------------------------------------------------------------------------------------------

@claim(cite=OURS, over=ORDERS)
def exact_cost(order):
    """Exact attention takes n^(k+1) (2 d + 2 m + 1) operations, and those of its outer loops: n^2 (d + 2 m) for order 2.

    k is the order and m = 1 + dv; the exponentials are the 1.
    """
    return identity(exact_forward(order), exact_forward_total(order))


@exact_cost.twin
def with_two_exponentials(order):
    return identity(exact_forward(order), exact_forward_total(order) + n ** (order + 1))


@claim(cite=OURS, over=ORDERS)
def fast_cost(order):
    """With a polynomial of rank r it is (k + 1) n r (1 + 2 m) + k m r: linear in n."""
    return identity(fast_forward(order), fast_forward_total(order))


@fast_cost.twin
def one_pass_less(order):
    return identity(fast_forward(order), fast_forward_total(order) - 2 * n * m * r)


@claim(cite=OURS, over=ORDERS)
def fast_is_cheaper(order):
    """From n^k >= 2 (k + 1) r on, the fast algorithm takes fewer operations than the exact one, for every d and m."""
    k, enough, some = order, n ** order >= 2 * (order + 1) * r, n >= 1
    per_rank = n * (half + m) + m * Fraction(k, 2 * (k + 1))         # what a 2 (k + 1)-th of the rank takes
    rest = n ** (k + 1) * (2 * d + half + m * Fraction(k + 2, 2 * (k + 1)))
    rest = rest + m * Fraction(k, 2 * (k + 1)) * n ** k * (1 * some.term)
    inner = sum((n ** depth * (d + 2 * m) for depth in range(2, k + 1)), start=term(0))
    return inequality(exact_forward_total(k), fast_forward_total(k), [enough, some],
                      because=(1 * enough.term) * per_rank + rest + inner)


@fast_is_cheaper.twin
def up_to_a_rank_of_4_n_to_the_k(order):
    return inequality(exact_forward_total(order), fast_forward_total(order, 4 * n ** order))


# ---- the rank ---------------------------------------------------------------------------------------------------------

def factors(g):
    """1 + d/i for i = 1, ..., g, as in `expanded`."""
    return [q for i in range(1, g + 1) for q in (1, Fraction(1, i))]


@claim(cite="folklore", over=DEGREES)
def rank_from_below(g):
    """C(d + g, g) >= (1 + d/g)^g, for every d."""
    return inequality(rank(d, g), (1 + d / g) ** g, because=excess(factors(g), [1, Fraction(1, g)] * g, d))


@rank_from_below.twin
def three_times_d(g):
    return inequality(rank(d, g), (1 + 3 * d / g) ** g)


@claim(cite="folklore", over=DEGREES)
def rank_from_above(g):
    """C(d + g, g) <= (1 + d)^g, for every d."""
    return inequality((1 + d) ** g, rank(d, g), because=excess([1, 1] * g, factors(g), d))


@rank_from_above.twin
def by_d_to_the_g(g):
    return inequality(d ** g, rank(d, g))


@claim(cite="folklore", over=DEGREES)
def rank_of_a_power(g):
    """C(d + g, g) >= d^g/g!: for d = n^a and a fixed degree the rank is at least n^(a g)/g!, a power of n."""
    return inequality(rank(d, g), d ** g / FACTORIALS[g], because=excess(factors(g), [0, 1] * g, d) if g == 1 else
                      excess(factors(g), [q for i in range(1, g + 1) for q in (0, Fraction(1, i))], d))


@rank_of_a_power.twin
def without_the_factorial(g):
    return inequality(rank(d, g), (d + 1) ** g + d)


@claim(cite="own remark", over=DEGREES)
def phase_change(g):
    """C(d + g, g) >= 2^g where d >= g: with g >= a log2 n and d >= g the rank is at least n^a; no n^(1 + o(1)) is left.

    d = g + s with s >= 0 (s is a size, at least 1, or the claim is about d = g + 1, g + 2, ...).
    """
    roots = [q for i in range(1, g + 1) for q in (1 + Fraction(g, i), Fraction(1, i))]
    return inequality(rank(g + s, g), 2 ** g, because=excess(roots, [2 ** g, 0, *[1, 0] * (g - 1)], s))


@phase_change.twin
def three_to_the_g(g):
    return inequality(rank(term(g) / 2 + s, g), 4 ** g + s)


@claim(cite="folklore", over=DEGREES)
def one_degree_more(g):
    """C(d + g, g) = C(d + g - 1, g - 1) (d + g)/g: what one degree more costs."""
    return identity(rank(d, g), rank(d, g - 1) * (d + g) / g)


@one_degree_more.twin
def one_dimension_more(g):
    return identity(rank(d, g), rank(d, g - 1) * (d + g + 1) / g)


# ---- the exponent behind n^o(1) -----------------------------------------------------------------------------------------

@claim(cite="own derivation: C(d + g, g) x^g (1 - x)^d <= 1 at x = g/(d + g)", over={"c": (1, 4)})
def exponent_vanishes(c):
    """log C(d + g, g)/log n -> 0 for d = c ln n and g = (ln n)/w, as w -> infinity.

    The exponent is at most (1/w) ln(1 + c w) + c ln(1 + 1/(c w)).
    """
    return growth(exponent(c, w), w, 0)


@exponent_vanishes.twin
def already_below_1_at_w_1(c):
    return bound(exponent(c, term(1)), {}, upper=1)


@claim(cite="own derivation", over={"c": (1, 4)})
def exponent_at_a_thousand(c):
    """The same exponent is at most 1/100 for every w in [1000, 10^6], and above 1/3 still at w = 10: the limit is slow."""
    return bound(exponent(c, w), {w: (1000, 10 ** 6)}, upper=Fraction(1, 100))


@exponent_at_a_thousand.twin
def at_ten(c):
    return bound(exponent(c, w), {w: (10, 10 ** 6)}, upper=Fraction(1, 3))


@claim(cite="folklore")
def logarithm_below_a_root():
    """e^t >= 1 + t^2 on [0, 40], that is ln(1 + y) <= sqrt(y): the exponent is at most sqrt(c/w) + 1/w, for y = c w <= 1600."""
    return bound(exp(t) - 1 - t ** 2, {t: (0, 40)}, lower=0)


@logarithm_below_a_root.twin
def below_a_smaller_root():
    return bound(exp(t) - 1 - 2 * t ** 2, {t: (0, 40)}, lower=0)


def generating(dimension, g, factor=1):
    x = scalar("x")
    return factor * comb(dimension + g, g) * x ** g * (1 - x) ** dimension


@claim(cite="folklore: one term of the expansion of (x + 1 - x)^(d + g)", over={"d": (2, 4, 8), "g": (2, 5, 8)})
def one_binomial_term(d, g):
    """C(d + g, g) x^g (1 - x)^d <= 1 on [0, 1]: ln C(d + g, g) <= g ln(1/x) + d ln(1/(1 - x)) for every x."""
    return bound(generating(d, g), {scalar("x"): (0, 1)}, upper=1)


@one_binomial_term.twin
def seven_times(d, g):
    return bound(generating(d, g, 7), {scalar("x"): (0, 1)}, upper=1)


# ---- thresholds -------------------------------------------------------------------------------------------------------

@claim(cite=UPPER, over={"factors": range(2, 7)})
def largest_score(factors):
    """B = (L/w)^(1/k) for k factors gives scores up to B^k = L/w: o(log n) for L = ln n and w -> infinity."""
    return identity(bound_of(L, w, factors) ** factors, L / w, [positive(L), positive(w)])


@largest_score.twin
def with_another_exponent(factors):
    return identity(bound_of(L, w, factors - 1) ** factors, L / w, [positive(L), positive(w)])


a, b, more = scalar("a"), scalar("b"), scalar("more")                # what L, beta and d have over their least values


def between_thresholds(order, d, because=None):
    """d beta - B^k >= (2 order - 1) L, with L = B^k + a and beta = order L + b."""
    L = B ** (order + 1) + a
    return inequality(d * (order * L + b) - B ** (order + 1), (2 * order - 1) * L, [positive(B), a >= 0, b >= 0, more >= 0],
                      because=because)


@claim(cite="own remark", over=ORDERS)
def theorems_are_disjoint(order):
    """No B lies in both regimes: d beta - B^k >= (2 order - 1) ln n where B^k <= ln n, d >= 2 and beta >= order ln n.

    B >= (d beta)^(1/k) is what the gadget needs, and beta = ln P + 2 ln(1/x) >= order ln n for P = n^order and x < 1.
    """
    L = B ** (order + 1) + a
    return between_thresholds(order, 2 + more, more * (order * L + b) + 2 * b + a)


@theorems_are_disjoint.twin
def for_d_of_a_half(order):
    return between_thresholds(order, half)


def both(order, least):
    """An SMT script: L > 0, B^k <= L, d >= `least`, beta >= order L and B^k >= d beta; b stands for B^k, e for d beta."""
    return decision(f"(declare-const L Real)(declare-const b Real)(declare-const e Real)"
                    f"(assert (> L 0))(assert (<= b L))(assert (>= e (* {least} (* {order} L))))(assert (>= b e))")


@claim(cite="own remark", over=ORDERS)
def nothing_is_both(order):
    """The hypotheses of the two theorems contradict each other, with constants 1 and d >= 2: a solver finds no B."""
    return both(order, 2)


@nothing_is_both.twin
def with_a_dimension_below_1(order):
    return both(order, f"(/ 1 {order + 1})")


def gap(order, factor):
    """(hard threshold / almost linear threshold)^k over what it is said to be."""
    k = order + 1
    ratio = ((d_ * beta) ** Fraction(1, k) / bound_of(L, term(1), k)) ** k
    return identity(ratio, factor * d_ * beta / L, [positive(L), positive(beta), positive(d_)])


@claim(cite="own remark", over=ORDERS)
def gap_between_the_theorems(order):
    """The thresholds of B are apart by the factor (d beta/ln n)^(1/k), at least (d order)^(1/k): nothing is known between."""
    return gap(order, 1)


@gap_between_the_theorems.twin
def twice_the_gap(order):
    return gap(order, 2)
