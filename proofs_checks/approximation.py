"""How well polynomials replace exp on [-B, B], by relative error |P(x) e^-x - 1|, and what is true of the degrees printed.

The names of the members give B, the degree and the error: best_error[1,6,0.00000305].
"""
from fractions import Fraction
from math import factorial

from tacheck import claim
from tacheck.lang import bound, exp, inequality, log, scalar, term
from theory.polynomial import (
    best,
    chebyshev,
    divided_difference,
    evaluate,
    least_error,
    nodes,
    of_exp,
    taylor,
    unknown,
)

DEGREE = "Aggarwal and Alman, CCC 2022; arXiv 2302.13214 and 2405.16411, the degree of a polynomial for e^x"
OURS = "this library"
x, L, B_ = scalar("x"), scalar("L"), scalar("B")
CASES = {"case": ("1,2", "1,4", "1,6", "2,6", "4,6")}


def relative(coefficients):
    """P(x) e^-x - 1."""
    return evaluate(coefficients, x) * exp(-x) - 1


def of(case: str) -> tuple[int, int, Fraction]:
    """B, the degree, and the error if there is one."""
    B, g, *error = case.split(",")
    return int(B), int(g), Fraction(*error)


def between(expr, B: int, most: Fraction):
    return bound(expr, {x: (-B, B)}, -most, most)


# ---- upper bounds ---------------------------------------------------------------------------------------------------

@claim(cite="folklore, Lagrange's remainder", over=CASES)
def taylor_error(case):
    """|T(x) e^-x - 1| <= 3^B B^(g + 1)/(g + 1)! on [-B, B], for the Taylor polynomial of degree g."""
    B, g, _ = of(case)
    return between(relative(taylor(g)), B, lagrange(B, g))


def lagrange(B: int, g: int) -> Fraction:
    return Fraction(3 ** B * B ** (g + 1), factorial(g + 1))


@taylor_error.twin
def a_quarter(case):
    B, g, _ = of(case)
    return between(relative(taylor(g)), B, lagrange(B, g) / 4)


@claim(cite="folklore, the tail of the Chebyshev series", over=CASES)
def chebyshev_error(case):
    """|C(x) - e^x| <= 5 (B/2)^(g + 1)/(g + 1)! on [-B, B], for the truncated Chebyshev series: the absolute error."""
    B, g, _ = of(case)
    return between(evaluate(chebyshev(B, g), x) - exp(x), B, tail(B, g))


def tail(B: int, g: int) -> Fraction:
    return 5 * Fraction(B, 2) ** (g + 1) / factorial(g + 1)


@chebyshev_error.twin
def a_quarter_of_it(case):
    B, g, _ = of(case)
    return between(evaluate(chebyshev(B, g), x) - exp(x), B, tail(B, g) / 4)


@claim(cite=OURS, over={"case": ("1,2,0.0401", "1,3,0.0051", "1,4,0.000505", "1,5,0.000043", "1,6,0.00000304", "1,7,0.00000019",
                                 "2,6,0.000358", "4,6,0.0328", "4,7,0.00852")})
def best_error(case):
    """|P(x) e^-x - 1| <= the error, on [-B, B], for the polynomial of degree g with short dyadic coefficients in `best`."""
    B, g, error = of(case)
    return between(relative(best(B, g)), B, error)


@best_error.twin
def two_percent_less(case):
    B, g, error = of(case)
    return between(relative(best(B, g)), B, error * Fraction(98, 100))


@best_error.twin
def by_taylor(case):
    B, g, error = of(case)
    return between(relative(taylor(g)), B, 8 * error)


@claim(cite=OURS)
def truncation_fails_on_the_left():
    """At B = 4 and degree 6 the Chebyshev series is off by more than 3.6 at x = -4, relatively; the best is off by 0.0328."""
    return bound(evaluate(chebyshev(4, 6), term(-4)) * exp(4) - 1, {}, lower=Fraction(36, 10))


@truncation_fails_on_the_left.twin
def on_the_right():
    return bound(evaluate(chebyshev(4, 6), term(4)) * exp(-4) - 1, {}, lower=Fraction(36, 10))


# ---- lower bounds ---------------------------------------------------------------------------------------------------

NECESSARY = ("1,1,0.1", "1,2,0.01", "1,3,0.001", "1,4,0.0001", "1,5,0.00001", "1,6,0.000001", "4,5,0.05", "4,6,0.01")


@claim(cite="folklore, de la Vallee Poussin", over={"case": ("1,1", "1,2", "1,3", "1,4", "1,5", "1,6", "4,5", "4,6")})
def alternation(case):
    """Whatever P of degree g: if |P(x) e^-x - 1| <= eps at g + 2 points, then eps sum |mu_k| e^x_k >= sum mu_k e^x_k.

    mu_k = 1/product of the differences x_k - x_l, for which the sum of mu_k P(x_k) is 0.  Here exp(2 B eps) is any number > 0.
    """
    B, g, _ = of(case)
    points, eps = nodes(B, g), exp(2 * B * scalar("eps"))
    mu = divided_difference(points)
    P = [evaluate(unknown(g), term(q)) * exp(-q) - 1 for q in points]
    room = [eps + (e if m > 0 else -1 * e) for m, e in zip(mu, P)]
    return inequality(eps * of_exp([abs(m) for m in mu], points), of_exp(mu, points), [r >= 0 for r in room],
                      because=sum((abs(m) * exp(q) * r for m, q, r in zip(mu, points, room)), start=term(0)))


@alternation.twin
def without_the_errors(case):
    B, g, _ = of(case)
    points = nodes(B, g)
    mu = divided_difference(points)
    return inequality(scalar("eps") * of_exp([abs(m) for m in mu], points), of_exp(mu, points))


@claim(cite=OURS, over={"case": NECESSARY})
def degree_is_necessary(case):
    """No polynomial of degree g has relative error at most the one named: (sum mu_k e^x_k)/(sum |mu_k| e^x_k) exceeds it.

    With `best_error` the least degree is 2, 3, 4, 5, 6, 7 for 10^-1, ..., 10^-6 at B = 1, and 6, 7 for 1/20, 1/100 at B = 4.
    """
    B, g, error = of(case)
    return bound(least_error(nodes(B, g)), {}, lower=error)


@degree_is_necessary.twin
def ten_times(case):
    B, g, error = of(case)
    return bound(least_error(nodes(B, g)), {}, lower=10 * error)


# ---- the degrees that are printed -----------------------------------------------------------------------------------

@claim(cite=DEGREE, expect="refuted")
def formula_for_every_error():
    """L/log(L/B) > 0 for every B > 1 and error e^-L < 1/10: false, for at L < B the logarithm is negative.

    The degree is of the order of max(B, L/log(L/B)) only where L is well above B.
    """
    return inequality(L / log(L / B_), 0, [B_ > 1, L > Fraction(231, 100)])


@formula_for_every_error.twin
def positive_enough():
    return inequality(L / log(L / B_), 1, [B_ > 1, L > Fraction(231, 100)])


@claim(cite=DEGREE, expect="refuted")
def formula_with_constant_one():
    """Degree 6 suffices for 10^-6 at B = 1, as max(B, L/log(L/B)) = 5.27 with constant 1 would have it: false.

    So the constant in the O of the degree matters: even 2.5 10^-6 is out of reach; 7 is necessary and enough.
    """
    return bound(least_error(nodes(1, 6)), {}, upper=Fraction(1, 10 ** 6))


@formula_with_constant_one.twin
def twice_the_error():
    return bound(least_error(nodes(1, 6)), {}, upper=Fraction(2, 10 ** 6))


@claim(cite="Aggarwal and Alman, CCC 2022, the degree for e^-x on [0, B]", expect="refuted")
def formula_with_a_square_root():
    """Degree 5 suffices for 1/10 at B = 8, as sqrt(B L) = 4.3 would have it: false, for that form is of e^-x on [0, B].

    There the error is absolute; relative errors on [-B, B] need a degree of the order of B at least.
    """
    return bound(least_error(nodes(8, 5, bend=0)), {}, upper=Fraction(1, 10))


@formula_with_a_square_root.twin
def for_a_fifth():
    return bound(least_error(nodes(8, 5, bend=0)), {}, upper=Fraction(1, 5))


@claim(cite=OURS, over={"case": ("1,2", "1,4", "1,6", "2,6", "4,6", "4,7")})
def solved_for_the_error(case):
    """|P(x) e^-x - 1| <= (2.718 B/(2 g))^g: with g log(2 g/(e B)) = L, so g = L/W(2 L/(e B)), the error is at most e^-L."""
    B, g, _ = of(case)
    return between(relative(best(B, g)), B, (Fraction(2718, 2000) * B / g) ** g)


@solved_for_the_error.twin
def one_degree_more(case):
    B, g, _ = of(case)
    return between(relative(best(B, g)), B, (Fraction(2718, 2000) * B / (g + 3)) ** (g + 3))
