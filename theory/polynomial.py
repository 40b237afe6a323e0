"""Polynomials in place of exp: the features that they are inner products of, how many there are, and their errors.

P(s) = c_0 + c_1 s + ... + c_g s^g at s = sum over columns of x y z ... is an inner product of features of x, of y, of z:
the products of k entries, k = 0, ..., g.  Here they are numbered by k-tuples of columns, in any order and with repetition;
without, there are C(d + g, g) of them.

Rows of attention are normalised, so what matters is the relative error sup |P(s) e^-s - 1| on [-B, B].
"""
from __future__ import annotations

from collections.abc import Sequence
from fractions import Fraction
from math import cos, factorial, pi, prod, sin

from tacheck.lang import Expr, exp, scalar, term

from .kronecker import Matrix, face_splitting, khatri_rao, ones

Coefficients = Sequence[Expr | Fraction]


# ---- features -------------------------------------------------------------------------------------------------------

def features(x: Matrix, k: int) -> Matrix:
    """All products of k entries of each row, numbered by k-tuples of columns: x (-) ... (-) x, k times."""
    return face_splitting(*[x] * k) if k else Matrix(x.rows, (), lambda *at: term(1))


def scores(*slots: Matrix) -> Matrix:
    """Q (K1 (/) K2 (/) ...)^T: the sums over columns of products of a row of each."""
    return slots[0] @ khatri_rao(*slots[1:]).T if len(slots) > 1 else slots[0] @ ones(slots[0].cols)


def evaluate(c: Coefficients, s: Expr) -> Expr:
    """P(s) = c_0 + c_1 s + c_2 s^2 + ..."""
    return sum((term(a) * s ** k if k else term(a) for k, a in enumerate(c)), start=term(0))


def derivative(c: Coefficients) -> list[Expr]:
    """The coefficients of P'."""
    return [k * term(a) for k, a in enumerate(c)][1:]


def unknown(g: int) -> list[Expr]:
    """Arbitrary coefficients c0, ..., cg."""
    return [scalar(f"c{k}") for k in range(g + 1)]


def monomials(d: Expr, k: int) -> Expr:
    """C(d + k - 1, k), the number of monomials of degree k in d variables, as a polynomial in d."""
    return prod((d + i for i in range(k)), start=term(Fraction(1, factorial(k))))


def sum_of_monomials(d: Expr, g: int) -> Expr:
    """The number of monomials of degrees 0 to g."""
    return sum((monomials(d, k) for k in range(g + 1)), start=term(0))


def rank(d: Expr, g: int) -> Expr:
    """C(d + g, g), the number of monomials of degree at most g, as a polynomial in d."""
    return prod((d + i for i in range(1, g + 1)), start=term(Fraction(1, factorial(g))))


def printed_rank(d: Expr, g: int) -> Expr:
    """C(2 (d + g), 2 g), as the papers bound the rank."""
    return prod((2 * d + i for i in range(1, 2 * g + 1)), start=term(Fraction(1, factorial(2 * g))))


def expanded(factors: Sequence[tuple[int, int]]) -> list[Fraction]:
    """The coefficients of the product of all a d + b."""
    out = [Fraction(1)]
    for a, b in factors: out = [a * x + b * y for x, y in zip([Fraction(0), *out], [*out, Fraction(0)])]
    return out


# ---- families -------------------------------------------------------------------------------------------------------

def taylor(g: int) -> list[Fraction]:
    """1/k!"""
    return [Fraction(1, factorial(k)) for k in range(g + 1)]


def chebyshev(B: int, g: int, bits: int = 64) -> list[Fraction]:
    """The truncated Chebyshev series I_0(B) + 2 sum I_k(B) T_k(x/B), its coefficients rounded to multiples of 2^-bits."""
    bessel = [sum(Fraction(B, 2) ** (2 * m + k) / (factorial(m) * factorial(m + k)) for m in range(40)) for k in range(g + 1)]
    out, last, now = [Fraction(0)] * (g + 1), [Fraction(1)], [Fraction(0), Fraction(1)]
    for k, value in enumerate(bessel):
        for i, t in enumerate(last): out[i] += (2 if k else 1) * value * t
        last, now = now, [2 * x - y for x, y in zip([Fraction(0), *now], [*last, Fraction(0), Fraction(0)])]
    return [Fraction(round(a / B ** i * 2 ** bits), 2 ** bits) for i, a in enumerate(out)]


# The polynomial of degree g with the least relative error on [-B, B], each coefficient rounded to a multiple of 2^-bits, with
# so few bits that the error grows by one or two percent: (B, g): (bits, 2^bits c_0, 2^bits c_1, ...).
BEST = {
    (1, 2): (11, 2103, 2281, 961),
    (1, 3): (14, 16327, 16561, 8829, 2597),
    (1, 4): (17, 131023, 130802, 65916, 23132, 5238),
    (1, 5): (20, 1048605, 1048405, 523598, 175400, 45766, 8431),
    (1, 6): (26, 67109019, 67109927, 33551562, 11174661, 2803234, 581517, 90335),
    (1, 7): (28, 268435424, 268435739, 134219032, 44736984, 11177402, 2241086, 385618, 51800),
    (2, 6): (23, 8391544, 8389715, 4176200, 1385807, 362176, 79600, 10275),
    (4, 6): (26, 66385094, 62827775, 30938000, 12174277, 3838120, 723849, 55909),
    (4, 7): (31, 2164324179, 2150262743, 1035908431, 334247194, 92896833, 23117394, 3814551, 271043),
}


def best(B: int, g: int) -> list[Fraction]:
    """The entry of BEST as numbers."""
    bits, *whole = BEST[B, g]
    return [Fraction(c, 2 ** bits) for c in whole]


# ---- no polynomial does better --------------------------------------------------------------------------------------

def nodes(B: int, g: int, bend: int | None = None) -> list[Fraction]:
    """g + 2 points near to where the relative error of the best polynomial alternates, multiples of B/64.

    B cos t at the roots of Kepler's equation (g + 1) t - bend sin t = j pi; bend is B, which must be less than g + 1, or
    0 for the points where a Chebyshev polynomial alternates.
    """
    bend = B if bend is None else bend

    def root(j: int) -> float:
        low, high = 0.0, pi
        for _ in range(50):
            t = (low + high) / 2
            low, high = (t, high) if (g + 1) * t - bend * sin(t) < j * pi else (low, t)
        return low
    return [B * Fraction(round(64 * cos(root(j))), 64) for j in range(g + 1, -1, -1)]


def divided_difference(points: Sequence[Fraction]) -> list[Fraction]:
    """The factors mu_k with sum of mu_k p(x_k) = 0 for every polynomial p of degree at most the number of points less 2."""
    return [1 / prod((x - y for y in points if y != x), start=Fraction(1)) for x in points]


def of_exp(factors: Sequence[Fraction], points: Sequence[Fraction]) -> Expr:
    """The sum of mu_k e^x_k."""
    return sum((m * exp(x) for m, x in zip(factors, points)), start=term(0))


def least_error(points: Sequence[Fraction]) -> Expr:
    """(sum of mu_k e^x_k)/(sum of |mu_k| e^x_k): no polynomial has a smaller relative error at all of the points."""
    mu = divided_difference(points)
    return of_exp(mu, points) / of_exp([abs(m) for m in mu], points)
