"""The least degree for an error: guessed at once, then proved from both sides.

The relative minimax error on [-r, r] is about 2 J_(g+1)(r).  That degree g suffices is a bound on its polynomial.  That no
polynomial p of degree < g does is a divided difference (de la Vallee Poussin): with weights m_i proportional to
1 / prod (x_i - x_j) on g + 1 points, sum m_i p(x_i) = 0, so |sum m_i e^(x_i)| = |sum m_i (e^(x_i) - p(x_i))| is at most
error * sum |m_i| e^(x_i), or error * sum |m_i| for absolute errors; and the points are such that this is false.
"""
from __future__ import annotations

from dataclasses import dataclass
from fractions import Fraction
from math import lcm, prod

from ...kernel.check import Bound, Identity, Statement, Status, Verdict
from ...kernel.term import Term
from .certify import digits, statement
from .errors import ApproximationError, Undecided, short
from .families import Coefficients, Interval, best, coefficients, size
from .minimax import bessel, exp_fixed

MOST_DEGREE = 240                                                    # the kernel reads exponents up to 256
STEPS = 150_000                                                      # of one identity, about: within the fuel of the kernel


@dataclass(frozen=True)
class Least:
    """The least degree for an error; its polynomial; the statements and the kernel's verdicts, all HOLDS.

    The first statement bounds the error of the polynomial; the others say that no smaller degree will do (none for degree 0).
    """
    degree: int
    coefficients: Coefficients
    statements: tuple[Statement, ...]
    verdicts: tuple[Verdict, ...]


def plan(radius: Fraction, error: Fraction) -> int:
    """The least g >= radius - 1 with 2 J_(g+1)(radius) <= error: seldom off by more than one.  At most MOST_DEGREE + 1."""
    low, high = max(0, -(-radius.numerator // radius.denominator) - 1), MOST_DEGREE + 1
    while low < high:
        middle = (low + high) // 2
        low, high = (low, middle) if 2 * bessel(middle + 1, radius) <= error else (middle + 1, high)
    return low


def optimal_degree(interval: Interval, error: Fraction, absolute: bool = False) -> Least:
    """The least degree of a polynomial with that error for e^x on the interval, with proof.

    Raises ApproximationError where it is beyond MOST_DEGREE, Undecided where it is too close to call, and ArithmeticError
    where the exchange fails.
    """
    a, b = interval
    r = (b - a) / 2
    scale = error
    if absolute:                                                     # around 0 the error is smaller by e^middle
        bits = 64 + 2 * int(abs(a + b))
        scale = error * (1 << bits) / exp_fixed(int((a + b) / 2 * (1 << bits)), bits)
    g = plan(r, min(scale, Fraction(1, 2)))

    def peak(g: int) -> Fraction:
        if g > MOST_DEGREE:
            raise ApproximationError(f"an error of {short(error)} on [{short(a)}, {short(b)}] needs a degree beyond "
                                     f"{MOST_DEGREE}; allow a larger error or take a smaller radius")
        found = best("minimax", g, r, absolute, False)
        return Fraction(found.most, 1 << found.bits)
    while peak(g) > scale: g += 1
    while g and peak(g - 1) <= scale: g -= 1
    p = coefficients("minimax", g, interval, absolute, False)
    statements: list[Statement] = [statement(p, interval, error, absolute)]
    if g: statements += refusal(g - 1, interval, error, absolute)
    return Least(g, p, tuple(statements), tuple(proved(s) for s in statements))


def proved(s: Statement) -> Verdict:
    """The verdict, which must be HOLDS.  Raises Undecided where it is another."""
    from ...decide import decide
    verdict = decide(s)
    if verdict.status is not Status.HOLDS: raise Undecided(f"the degree is too close to call: {verdict.why:.200}")
    return verdict


def refusal(degree: int, interval: Interval, error: Fraction, absolute: bool = False) -> list[Statement]:
    """That no polynomial of at most this degree has that error: the divided difference, by identities, and the bound.

    Raises Undecided where the best polynomial has that error, or nearly.
    """
    points, weights, over = differences(degree, interval, error, absolute)
    xs: list[Term] = [("num", str(x)) for x in points]

    def value(x: Term, ks: range) -> Term:
        terms: list[Term] = [("mul", ("at", f"p{k}"), ("pow", x, str(k)) if k > 1 else x) if k else ("at", "p0") for k in ks]
        return ("add", *terms) if len(terms) > 1 else terms[0]
    width = max(1, STEPS // (degree + 2) // (degree + 8))            # coefficients per identity; they add up, being linear
    unseen: list[Statement] = [
        Identity(("add", *(("mul", ("num", str(m)), value(x, ks)) for m, x in zip(weights, xs))), ("num", "0"))
        for k in range(0, degree + 1, width) for ks in [range(k, min(k + width, degree + 1))]]
    exps: list[Term] = [("exp", x) for x in xs]
    seen: list[Term] = [("mul", ("num", str(m)), e) for m, e in zip(weights, exps)]
    most: list[Term] = [("num", str(abs(m))) if absolute else ("mul", ("num", str(abs(m))), e) for m, e in zip(weights, exps)]
    excess: Term = ("add", *seen, ("mul", ("num", str(-error)), ("add", *most)))
    return [*unseen, Bound(excess, (), str(digits(over / 2, up=False, places=3)), None)]


def differences(degree: int, interval: Interval, error: Fraction, absolute: bool) -> tuple[list[Fraction], list[int], Fraction]:
    """degree + 2 points near the peaks of the best error, as short as will do; whole weights; the excess."""
    a, b = interval
    found = best("minimax", degree, (b - a) / 2, absolute, False)
    bits = 128 + 2 * size(Fraction(found.most, 1 << found.bits)) + int(4 * max(abs(a), abs(b))) + 8 * degree
    for fine in range(max(2, 2 * degree.bit_length() - 4), 64):      # long points make the weights very long
        at = [round(Fraction(u + (1 << found.bits), 1 << found.bits + 1) * (1 << fine)) for u in found.nodes]
        if any(j >= k for j, k in zip(at, at[1:])): continue
        points = [a + (b - a) * Fraction(k, 1 << fine) for k in at]
        gaps = [prod(k - j for j in at if j != k) for k in at]
        common = lcm(*gaps)
        weights = [common // gap for gap in gaps]
        exps = [1 << bits if absolute else exp_fixed((x.numerator << bits) // x.denominator, bits) for x in points]
        share = error * sum(abs(m) * e for m, e in zip(weights, exps)) / (1 << bits)
        if absolute: exps = [exp_fixed((x.numerator << bits) // x.denominator, bits) for x in points]
        over = Fraction(sum(m * e for m, e in zip(weights, exps)), 1 << bits) - share
        if over > share / (1 << 20): return points, weights, over
        if -over > share / 2 and fine > 2 * degree.bit_length() + 20: break
    raise Undecided(f"degree {degree} is too close to an error of {short(error)} to call; ask for another error")
