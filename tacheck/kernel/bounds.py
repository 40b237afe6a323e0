"""Enclosures: rational intervals, rounded outwards to a *relative* precision, so that tiny values keep their digits.

Nothing here uses floats.  Each function returns ends that contain every value of the function on the interval.
"""
from collections.abc import Callable
from decimal import ROUND_CEILING, ROUND_FLOOR, Context, Decimal
from fractions import Fraction
from typing import Any

from .term import PARTS

Interval = tuple[Fraction, Fraction]
MAX_EXP = 10 ** 5
FLOOR, CEILING = ROUND_FLOOR, ROUND_CEILING


def cut(x: Fraction, bits: int, up: bool) -> Fraction:
    """x to `bits` significant bits, towards +infinity or -infinity."""
    excess = max(x.numerator.bit_length(), x.denominator.bit_length()) - bits
    if excess <= 0: return x
    shift = bits - (x.numerator.bit_length() - x.denominator.bit_length())
    top, bottom = (x.numerator << shift, x.denominator) if shift >= 0 else (x.numerator, x.denominator << -shift)
    y = -(-top // bottom) if up else top // bottom
    return Fraction(y, 1 << shift) if shift >= 0 else Fraction(y << -shift)


def root_below(x: Fraction, n: int, bits: int) -> Interval:
    """Neighbours around the n-th root of x >= 0, about 2^-bits apart relative to it."""
    shift = max(0, bits + (x.denominator.bit_length() - x.numerator.bit_length()) // n + 1)
    target = (x.numerator << n * shift) // x.denominator
    r = 1 << -(-target.bit_length() // n)
    while (s := ((n - 1) * r + target // r ** (n - 1)) // n) < r: r = s
    return Fraction(r, 1 << shift), Fraction(r + 1, 1 << shift)


class Intervals:
    """The field of intervals at a given precision, for `evaluate`."""

    def __init__(self, bits: int): self.bits, self.known = bits, dict[Fraction, Interval]()

    def out(self, lo: Fraction, hi: Fraction) -> Interval: return cut(lo, self.bits, False), cut(hi, self.bits, True)

    def num(self, q: Fraction | Interval) -> Interval: return q if isinstance(q, tuple) else (q, q)

    def add(self, a: Interval, b: Interval) -> Interval: return self.out(a[0] + b[0], a[1] + b[1])

    def mul(self, a: Interval, b: Interval) -> Interval:
        ends = [x * y for x in a for y in b]
        return self.out(min(ends), max(ends))

    def pow(self, a: Interval, q: Fraction) -> Interval:
        if q.denominator != 1:
            if a[0] <= 0: raise ValueError("the root of an interval that is not positive")
            a = self.out(root_below(a[0], q.denominator, self.bits)[0], root_below(a[1], q.denominator, self.bits)[1])
        n = q.numerator
        if n < 0:
            if a[0] <= 0 <= a[1]: raise ValueError("division by an interval that contains 0")
            a, n = self.out(1 / a[1], 1 / a[0]), -n
        if n * max(e.numerator.bit_length() + e.denominator.bit_length() for e in a) > 10 ** 7: raise ValueError("too many bits")
        ends = [a[0] ** n, a[1] ** n]
        return self.out(Fraction(0) if n % 2 == 0 and a[0] < 0 < a[1] else min(ends), max(ends))

    def exp(self, argument: Callable[[Any], Interval]) -> Interval:
        lo, hi = argument(self)
        return self.exp_point(lo)[0], self.exp_point(hi)[1]

    def exp_point(self, x: Fraction) -> Interval:
        """Halving above 1, inversion below 0, a Taylor sum between."""
        if abs(x) > MAX_EXP: raise ValueError(f"exp beyond {MAX_EXP}")
        if x not in self.known:
            if 0 <= x <= 1: lo, hi = self.exp_sum(x, False), self.exp_sum(x, True)
            else: lo, hi = self.exp_point(-x if x < 0 else x / 2)
            self.known[x] = self.out(*((1 / hi, 1 / lo) if x < 0 else (lo * lo, hi * hi) if x > 1 else (lo, hi)))
        return self.known[x]

    def exp_sum(self, x: Fraction, up: bool) -> Fraction:
        """1 + x + x^2/2! + ..., 0 <= x <= 1, in integers over 2^shift, all rounded one way; the tail is at most the last term."""
        shift, s = self.bits + 8, -1 if up else 1
        at = s * ((s * x.numerator << shift) // x.denominator)
        total = term = 1 << shift
        m = 1
        while term > 1:
            term = s * (s * term * at // (m << shift))
            total, m = total + term, m + 1
        return Fraction(total + up * term, 1 << shift)

    def log(self, a: Interval) -> Interval:
        if a[0] <= 0: raise ValueError("the logarithm of an interval that is not positive")
        return self.log_point(a[0])[0], self.log_point(a[1])[1]

    def log_point(self, x: Fraction) -> Interval:
        """log x = k log 2 + 2 artanh((y - 1)/(y + 1)), x = 2^k y, 1/2 <= y <= 2."""
        k = x.numerator.bit_length() - x.denominator.bit_length()
        y = x / Fraction(2) ** k
        return self.add(self.artanh((y - 1) / (y + 1)), self.mul((Fraction(k), Fraction(k)), self.artanh(Fraction(1, 3))))

    def artanh(self, z: Fraction) -> Interval:
        """2 artanh z for |z| <= 1/3: the tail is below an eighth of the last term taken."""
        total, power, m = Fraction(0), z, 1
        while abs(power) > Fraction(1, 1 << self.bits + 2):
            total, power, m = total + 2 * power / m, power * z * z, m + 2
        return self.out(total - 3 * abs(power), total + 3 * abs(power))


def rational(q: Any) -> Fraction:
    if not (isinstance(q, str) and PARTS["q"][1].fullmatch(q)): raise ValueError(f"not a rational number: {str(q)[:40]}")
    return Fraction(q)


def precise(bits: Any) -> Intervals:
    if type(bits) is not int or not 8 <= bits <= 10_000: raise ValueError("no such precision")
    return Intervals(bits)


def near(q: Fraction, rounding: str) -> str:
    """Six digits, rounded as asked."""
    return str(Context(6, rounding).divide(Decimal(q.numerator), Decimal(q.denominator)))
