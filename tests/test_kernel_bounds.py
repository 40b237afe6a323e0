"""Interval arithmetic contains the truth: 80 digits of mpmath, whose own error is far smaller than a test can see."""
import random
from fractions import Fraction

import mpmath
import pytest

from tacheck.kernel.bounds import MAX_EXP, Intervals

BITS = (8, 24, 53, 120, 200)
mp = mpmath.mp.clone()
mp.dps = 120


def real(q): return mp.mpf(q.numerator) / q.denominator


def contains(interval, value, slack=mp.mpf(10) ** -100):
    """No more is granted than the last digits of the reference."""
    lo, hi = map(real, interval)
    return lo - slack * abs(value) - slack <= value <= hi + slack * abs(value) + slack


def numbers(seed, count, low, high):
    rng = random.Random(seed)
    for _ in range(count):
        scale = Fraction(10) ** rng.randint(-30, 3)
        yield max(low, min(high, Fraction(rng.randint(-10 ** 9, 10 ** 9), rng.randint(1, 10 ** 6)) * scale))


@pytest.mark.parametrize("bits", BITS)
def test_exp(bits):
    field = Intervals(bits)
    for x in numbers("exp", 60, Fraction(-400), Fraction(400)):
        lo, hi = field.exp(lambda f, x=x: (x, x))
        assert contains((lo, hi), mp.exp(real(x))) and lo > 0
        assert hi - lo <= lo * Fraction(2) ** (20 - bits)


@pytest.mark.parametrize("bits", BITS)
def test_log(bits):
    field = Intervals(bits)
    for x in numbers("log", 60, Fraction(1, 10 ** 40), Fraction(10 ** 40)):
        lo, hi = field.log((x, x))
        assert contains((lo, hi), mp.log(real(x)))
        assert hi - lo <= (1 + abs(hi)) * Fraction(2) ** (8 - bits)


@pytest.mark.parametrize("bits", BITS)
@pytest.mark.parametrize("q", ["1/2", "1/3", "-1/2", "5/3", "-7/5", "1/256", "2", "-3", "255/256"])
def test_powers_and_roots(bits, q):
    field, q = Intervals(bits), Fraction(q)
    for x in numbers(f"pow {q}", 25, Fraction(1, 10 ** 30), Fraction(10 ** 30)):
        lo, hi = field.pow((x, x), q)
        assert contains((lo, hi), mp.power(real(x), real(q)))
        assert lo > 0 and hi - lo <= lo * Fraction(2) ** (12 - bits)


@pytest.mark.parametrize("bits", BITS)
def test_the_image_of_an_interval_contains_the_image_of_its_points(bits):
    field, rng = Intervals(bits), random.Random(bits)
    for _ in range(60):
        a, b = sorted(Fraction(rng.randint(-60, 60), rng.randint(1, 9)) for _ in range(2))
        c, d = sorted(Fraction(rng.randint(-60, 60), rng.randint(1, 9)) for _ in range(2))
        x, y = a + (b - a) * Fraction(rng.randint(0, 9), 9), c + (d - c) * Fraction(rng.randint(0, 9), 9)
        for interval, value in [(field.add((a, b), (c, d)), x + y), (field.mul((a, b), (c, d)), x * y),
                                (field.pow((a, b), Fraction(2)), x ** 2), (field.pow((a, b), Fraction(3)), x ** 3),
                                (field.pow((a, b), Fraction(0)), Fraction(1))]:
            assert interval[0] <= value <= interval[1]
        if a * b > 0: assert (field.pow((a, b), Fraction(-3)))[0] <= x ** -3 <= field.pow((a, b), Fraction(-3))[1]
        assert contains(field.exp(lambda f, ab=(a, b): ab), mp.exp(real(x)))


def test_a_tiny_number_keeps_its_digits():
    lo, hi = Intervals(40).exp(lambda f: (Fraction(-400), Fraction(-400)))
    assert 0 < lo < hi < lo * (1 + Fraction(1, 10 ** 6))


@pytest.mark.parametrize("undefined", [
    lambda f: f.pow((Fraction(-1), Fraction(1)), Fraction(-1)), lambda f: f.pow((Fraction(0), Fraction(0)), Fraction(-2)),
    lambda f: f.pow((Fraction(0), Fraction(1)), Fraction(1, 2)), lambda f: f.pow((Fraction(-8), Fraction(-8)), Fraction(1, 3)),
    lambda f: f.log((Fraction(0), Fraction(1))), lambda f: f.log((Fraction(-2), Fraction(-1))),
    lambda f: f.exp(lambda g: (Fraction(MAX_EXP + 1), Fraction(MAX_EXP + 1)))])
def test_what_is_undefined_or_too_large_is_refused(undefined):
    with pytest.raises((ValueError, ArithmeticError)): undefined(Intervals(40))
