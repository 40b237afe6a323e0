"""Coefficients as floats, chosen together: the rounding of one is made good by the others.

What rounding does to P is a point of a lattice with one basis vector per coefficient, (spacing of its floats) x^k e^-x on
sample points; the floats wanted are those whose lattice point is closest to 0 (Babai's nearest plane).
Source: N. Brisebarre and S. Chevillard, Efficient polynomial L-infinity approximations, ARITH 2007.
"""
from fractions import Fraction
from typing import Any

import numpy as np

from ..arrays import Floats
from .families import Coefficients, Interval

DIGITS = {"float64": (53, -1074), "float32": (24, -149)}             # of the significand; the exponent of the least float


def spacing(c: Fraction, dtype: str) -> Fraction:
    """The distance between the floats around c."""
    precision, least = DIGITS[dtype]
    size = abs(c).numerator.bit_length() - c.denominator.bit_length() if c else least
    if c and abs(c) < Fraction(2) ** size: size -= 1
    return Fraction(2) ** max(size - precision + 1, least)


def plain(p: Coefficients, dtype: str) -> Coefficients:
    """Each coefficient to the nearest float."""
    return tuple(round(c / s) * s for c, s in zip(p, (spacing(c, dtype) for c in p)))


def floats(p: Coefficients, interval: Interval, dtype: str, absolute: bool = False,
           derivative: bool = False) -> list[Coefficients]:
    """Candidates: the nearest floats, and the nearest together, with the low or the high coefficients free to the last."""
    steps = [spacing(c, dtype) for c in p]
    near = [round(c / s) for c, s in zip(p, steps)]
    rest = np.array([float(c / s - n) for c, s, n in zip(p, steps, near)])
    effect = effects(steps, interval, absolute, derivative)
    out = [tuple(n * s for n, s in zip(near, steps))]
    for order in (list(range(len(p))), list(range(len(p) - 1, -1, -1))):
        moved = nearest(effect[:, order], rest[order])
        together = tuple((near[k] + int(z)) * steps[k] for z, k in sorted(zip(moved, order), key=lambda pair: pair[1]))
        if all(c == round(c / (s := spacing(c, dtype))) * s for c in together): out.append(together)
    return list(dict.fromkeys(out))


def effects(steps: list[Fraction], interval: Interval, absolute: bool, derivative: bool) -> Floats:
    """Column k: what one step of coefficient k does to the error on sample points (and to that of the slope, below)."""
    a, b = (float(q) for q in interval)
    x = (a + b) / 2 - (b - a) / 2 * np.cos(np.linspace(0, np.pi, 4 * len(steps) + 1))
    weight = np.ones_like(x) if absolute else np.exp(a - x)
    unit = max(steps)
    size, k = np.array([float(s / unit) for s in steps]), np.arange(len(steps))
    values: Any = x[:, None] ** k * size * weight[:, None]
    if not derivative: return np.asarray(values)
    slopes = k * x[:, None] ** np.maximum(k - 1, 0) * size * weight[:, None]
    return np.concatenate([values, slopes])


def nearest(basis: Floats, target: Floats) -> list[int]:
    """Integers z for which basis (target - z) is small: one by one from the last, each after what the first can still mend."""
    r: Any = np.linalg.qr(basis, mode="r")
    left: Any = r @ target
    z = [0] * len(target)
    for k in range(len(target) - 1, -1, -1):
        if not r[k, k]: continue
        z[k] = round(float(left[k] / r[k, k]))
        left = left - z[k] * r[:, k]
    return z
