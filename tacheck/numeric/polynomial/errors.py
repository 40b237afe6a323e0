"""What cannot be asked of a polynomial, in one line."""
from fractions import Fraction
from math import isfinite
from numbers import Rational
from typing import Any

from ..arrays import ProblemError


class ApproximationError(ProblemError):
    """No such polynomial.  One line: what was asked, and what would help."""


def exact(name: str, x: Any) -> Fraction:
    """The number exactly: a fraction or a decimal as text, an int or a Fraction; a float is the dyadic number that it is."""
    try:
        if isinstance(x, float) and not isfinite(x): raise ValueError
        if isinstance(x, bool) or not isinstance(x, str | float | Rational): raise ValueError
        return Fraction(x)
    except (ValueError, ZeroDivisionError):
        raise ApproximationError(f"{name} {x!r:.40} is not a finite number; write a decimal or a fraction, as in 1/2") from None


def read_interval(radius: Any, interval: Any) -> tuple[Fraction, Fraction]:
    """[-radius, radius], or the interval.  Raises ApproximationError."""
    if (radius is None) == (interval is None): raise ApproximationError("give a radius or an interval, not both and not none")
    if interval is not None:
        try: lo, hi = interval
        except (TypeError, ValueError): raise ApproximationError(f"interval {interval!r:.40} is not a pair (a, b)") from None
        a, b = exact("interval end", lo), exact("interval end", hi)
        if a >= b: raise ApproximationError(f"interval [{a}, {b}] has no inside; its first end must be below its second")
        return a, b
    r = exact("radius", radius)
    if r <= 0: raise ApproximationError(f"radius {radius} is not positive; |x| <= radius must have an inside")
    return -r, r


def read_error(error: Any, absolute: bool) -> Fraction:
    """A positive number, below 1 if it is relative (the polynomial 0 has relative error 1).  Raises ApproximationError."""
    e = exact("error", error)
    if e <= 0: raise ApproximationError(f"error {error} is not positive; no polynomial is e^x")
    if e >= 1 and not absolute:
        raise ApproximationError(f"error {error} is not below 1, which the polynomial 0 has; ask for less")
    return e
