"""The cost of the fast path: its polynomials, counted in the program as it runs, and what was measured of time and memory."""
from fractions import Fraction

from tacheck import claim
from tacheck.lang import identity, inequality, measurement, scalar, size
from theory.costs import Cost, d, h, k, keys, m, marks, n, r, t, workspace
from theory.regimes import fast_forward_total

OURS = "this library, tacheck.numeric.fast"
COUNTS, TIMES = "tacheck.numeric.counting", "tacheck.numeric.timing"
WAYS = {"monomials": ("all", "by_degree")}


def cost(monomials):
    return Cost(monomials == "by_degree")


def sampler(what, monomials):
    return f"{COUNTS}:{what}" + "_by_degree" * (monomials == "by_degree")


# ---- counted ----------------------------------------------------------------------------------------------------------

@claim(cite=OURS, over=WAYS)
def forward(monomials):
    """The forward computation makes t (r - 1 + m r) + n (m - 1) + 2 k m r multiplications; t tokens in all, rank r, order k.

    By degree, h monomials are built in place of r, and m d more are made for each token.
    """
    c = cost(monomials)
    return measurement(sampler("forward", monomials), 0, c.forward, c.forward)


@forward.twin
def without_the_divisions(monomials):
    c = cost(monomials)
    return measurement(sampler("forward", monomials), 0, c.forward - n * (m - 1), c.forward - n * (m - 1))


@forward.twin
def moments_for_the_queries_too(monomials):
    c = cost(monomials)
    return measurement(sampler("forward", monomials), 0, c.forward + n * m * r)


@claim(cite=OURS, over=WAYS)
def gradient(monomials):
    """The whole gradient: output and all gradients take what `theory/costs.py` says, to the last multiplication."""
    c = cost(monomials)
    return measurement(sampler("gradient", monomials), 0, c.gradient, c.gradient)


@gradient.twin
def monomials_of_the_keys_built_once(monomials):
    c = cost(monomials)
    less = c.gradient - keys * (c.monomials - d)
    return measurement(sampler("gradient", monomials), 0, less, less)


@gradient.twin
def slopes_of_the_queries_alone(monomials):
    c = cost(monomials)
    return measurement(sampler("gradient", monomials), 0, 0, c.gradient - keys * d * m * h)


# ---- what the polynomials say -----------------------------------------------------------------------------------------

@claim(cite=OURS, over=WAYS)
def tokens_enter_linearly(monomials):
    """What s times as many tokens of each slot cost is s times the cost, less s - 1 times what no token is in."""
    c, s = cost(monomials), size("s")
    fixed = 2 * k * m * r + c.coefficients
    return identity(_scaled(c, s), s * c.gradient - (s - 1) * fixed)


@tokens_enter_linearly.twin
def nothing_is_fixed(monomials):
    c, s = cost(monomials), size("s")
    return identity(_scaled(c, s), s * c.gradient)


def _scaled(c, s):
    """The cost of the whole gradient for s n query rows and s t tokens, written out."""
    each = c.monomials + c.slopes
    forward = s * t * (c.monomials + c.product(m)) + s * n * (m - 1) + 2 * k * m * r
    at_keys = (s * t - s * n) * (each + c.product(m - 1))
    return forward + s * n * (2 * (m - 1) + c.product(m) + c.slopes) + at_keys + c.coefficients


@claim(cite=OURS, over={"order": range(1, 6)})
def within_the_price(order):
    """The multiplications of the forward computation are no more than the operations that `tacheck regime` prices it at.

    For n tokens in each slot and all monomials built; the price has the additions too.
    """
    R, N, more = scalar("r"), size("n"), [scalar("r") >= 1]
    total = (order + 1) * N * (R - 1 + m * R) + N * (m - 1) + 2 * order * m * R
    one = 1 * more[0].term                                           # r - 1
    enough = N >= 1
    because = (order + 1) * N + N + N * m * one + order * m * (1 + one) * (1 * enough.term)
    return inequality(fast_forward_total(order, R), total, [*more, enough], because=because)


@within_the_price.twin
def within_half_of_it(order):
    R, N = scalar("r"), size("n")
    total = (order + 1) * N * (R - 1 + m * R) + N * (m - 1) + 2 * order * m * R
    return inequality(fast_forward_total(order, R) * Fraction(1, 2), total, [R >= 1, N >= 1])


# ---- measured ---------------------------------------------------------------------------------------------------------

@claim(cite=OURS)
def extra_memory():
    """Beyond inputs and results a whole gradient takes a workspace, whatever n is, and a byte for each entry of a result."""
    return measurement(f"{COUNTS}:memory", 0, 0, workspace() + marks())


@extra_memory.twin
def less_than_a_block():
    return measurement(f"{COUNTS}:memory", 0, 0, marks() + 2**19)


@claim(cite=OURS)
def almost_linear_time():
    """The time of the fast gradient grows less than n^(3/2), from 4000 to 32000 tokens; what is expected is n."""
    return measurement(f"{TIMES}:fast_exponent", 0, 0, Fraction(3, 2))


@almost_linear_time.twin
def quadratic_time():
    return measurement(f"{TIMES}:fast_exponent", 0, 2)


@claim(cite=OURS)
def exact_is_not():
    """The time of each query row of the exact gradient grows more than n^(3/2), from 256 to 1024 tokens; expected is n^2."""
    return measurement(f"{TIMES}:exact_exponent", 0, Fraction(3, 2))


@exact_is_not.twin
def linear_in_each_row():
    return measurement(f"{TIMES}:exact_exponent", 0, 0, Fraction(5, 4))


@claim(cite=OURS)
def faster_at_512():
    """At 512 tokens, d = 3, scores within 1 and error 1e-2 the exact gradient takes more than 20 times as long."""
    return measurement(f"{TIMES}:times_at_512", 0, 20)


@faster_at_512.twin
def slower_at_512():
    return measurement(f"{TIMES}:times_at_512", 0, 0, 1)
