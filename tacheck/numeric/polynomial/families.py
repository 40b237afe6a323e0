"""The families: Taylor, Chebyshev truncation, minimax, and the polynomial that is good in value and in slope.

Each gives the coefficients of P in x, from the constant up, exactly: what is not rational is rounded to dyadic numbers that
move P by less than 2^-24 of its error, and no finer.
"""
from fractions import Fraction
from math import cos, e, factorial, log2, pi

from .minimax import Best, bessel, error, exp_fixed, minimax, power_basis

FAMILIES = ("minimax", "chebyshev", "taylor")
Interval = tuple[Fraction, Fraction]
Coefficients = tuple[Fraction, ...]
SPARE = 24                                                           # rounding moves P by at most 2^-SPARE of its error


def taylor(degree: int) -> Coefficients:
    """sum over k <= degree of x^k / k!: e^x around 0."""
    return tuple(Fraction(1, factorial(k)) for k in range(degree + 1))


def chebyshev(degree: int, r: Fraction) -> Best:
    """The Chebyshev series I_0(r) + 2 sum over k of I_k(r) T_k(u) of e^(ru), cut off after the degree.

    Source: M. Abramowitz and I. A. Stegun, Handbook of Mathematical Functions, 9.6.34.
    """
    bits = 160 + 3 * degree + int(4 * r) + size(bessel(degree + 1, r, 1))
    out, before, now = [0] * (degree + 1), [1], [0, 1]
    for k in range(degree + 1):
        c = bessel(k, r, 1) * (2 if k else 1)
        whole = (c.numerator << bits) // c.denominator
        for j, t in enumerate(before): out[j] += whole * t
        before, now = now, [2 * b - a for a, b in zip([*before, 0, 0], [0, *now])]
    peak = max(abs(error(out, u, r, bits, True)) for u in spread(degree, bits))
    return Best(out, [], bits, 0, peak)


def value_and_slope(degree: int, r: Fraction, absolute: bool) -> Best:
    """P with P' the minimax polynomial of degree - 1, and the constant for which the error of P is balanced."""
    slope = minimax(degree - 1, r, absolute=absolute)
    bits, one = slope.bits, 1 << slope.bits
    p = [0, *(c * r.numerator // (r.denominator * k) for k, c in enumerate(slope.coefficients, 1))]
    rows = []                                                        # the error is c * weight + rest
    for u in sorted({*spread(degree, bits), *slope.nodes}):
        target, value = exp_fixed(u * r.numerator // r.denominator, bits), 0
        for c in reversed(p): value = (value * u >> bits) + c
        rows.append((one, value - target) if absolute else ((one << bits) // target, (value << bits) // target - one))
    high, low = rows[0], rows[-1]
    for _ in range(50):                                              # the greatest error rises with c, the least one too: balance
        p[0] = -(high[1] + low[1] << bits) // (high[0] + low[0])
        new = [pick(rows, key=lambda row: (p[0] * row[0] >> bits) + row[1]) for pick in (max, min)]
        if new == [high, low]: break
        high, low = new
    return Best(p, slope.nodes, bits, 0, max(abs((p[0] * w >> bits) + s) for w, s in (high, low)))


def spread(degree: int, bits: int, times: int = 12) -> list[int]:
    """Points of [-1, 1], dense towards the ends, `times` as many as coefficients, in units of 2^-bits."""
    n = times * (degree + 1)
    return [int(-cos(pi * k / n) * (1 << 60)) << bits - 60 for k in range(n + 1)]


def size(q: Fraction) -> int:
    """About log2(1/q)."""
    return q.denominator.bit_length() - q.numerator.bit_length()


def best(kind: str, degree: int, r: Fraction, absolute: bool, derivative: bool) -> Best:
    """The polynomial in u, around the middle of the interval, for e^(ru)."""
    if derivative: return value_and_slope(degree, r, absolute)
    return chebyshev(degree, r) if kind == "chebyshev" else minimax(degree, r, absolute=absolute)


def coefficients(kind: str, degree: int, interval: Interval, absolute: bool, derivative: bool) -> Coefficients:
    """Of P in x on the interval.  Raises ArithmeticError where the exchange does not settle."""
    if kind == "taylor" and not derivative: return taylor(degree)
    a, b = interval
    r, middle = (b - a) / 2, (a + b) / 2
    found = best(kind, degree, r, absolute, derivative)
    return tuple(rounded(in_x(found, r, middle), Fraction(found.most, 1 << found.bits), interval, absolute))


def in_x(found: Best, r: Fraction, middle: Fraction) -> list[Fraction]:
    """The coefficients in x: times e^middle, to the bits of `found` and more."""
    q = power_basis(found.coefficients, found.bits, r, middle)
    if not middle: return q
    bits = 2 * found.bits + 2 * int(abs(middle)) + 64
    factor = Fraction(exp_fixed((middle.numerator << bits) // middle.denominator, bits), 1 << bits)
    return [factor * c for c in q]


def rounded(p: list[Fraction], peak: Fraction, interval: Interval, absolute: bool) -> list[Fraction]:
    """To dyadic numbers, each as short as its share of 2^-SPARE of the error at the peak allows."""
    a, b = interval
    far = max(abs(a), abs(b))
    share = -size(peak) - SPARE - log2(len(p)) + float((a + b) / 2 if absolute else a) * log2(e)
    out = []
    for k, c in enumerate(p):
        step = max(0, -int(share - k * log2(far) // 1) + 1) if far else 0
        out.append(Fraction(round(c * (1 << step)), 1 << step))
    return out
