"""What cannot be asked of a polynomial, in one line."""
import re
from decimal import Context, Decimal
from fractions import Fraction
from math import isfinite
from numbers import Rational
from typing import Any

from ..arrays import ProblemError

EXPONENT = 9_999                                                     # decimal, of a number that is given as text
FARTHEST = 1_000                                                     # end of an interval: only its length matters to attention
SHORTEST = Fraction(1, 10**300)                                      # interval: the exchange starts in floats


class ApproximationError(ProblemError):
    """No such polynomial.  One line: what was asked, and what would help."""


class Undecided(ApproximationError):
    """There may be one, and the kernel was not convinced: no bound was certified, or a degree is too close to call."""


def plain(name: str, text: str) -> None:
    """Raises ApproximationError for an exponent that is beyond EXPONENT: the number would fill the memory."""
    if (tail := re.search(r"[eE][+-]?[0_]*([\d_]+)", text)) and len(tail[1]) > len(str(EXPONENT)):
        raise ApproximationError(f"{name} {text:.40} has an exponent of ten beyond {EXPONENT}; take a plainer number")


def exact(name: str, x: Any) -> Fraction:
    """The number exactly: a fraction or a decimal as text, an int or a Fraction; a float is the dyadic number that it is."""
    if isinstance(x, str): plain(name, x)
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
        if a >= b:
            raise ApproximationError(f"interval [{short(a)}, {short(b)}] has no inside; its first end must be below its second")
    else:
        b = exact("radius", radius)
        if b <= 0: raise ApproximationError(f"radius {short(b)} is not positive; |x| <= radius must have an inside")
        a = -b
    if max(abs(a), abs(b)) > FARTHEST:
        raise ApproximationError(f"the interval ends beyond {FARTHEST}; e^(x - c) = e^x / e^c, so move it to 0")
    if b - a < SHORTEST:
        raise ApproximationError(f"the interval is only {short(b - a)} long; take one of {short(SHORTEST)} or more")
    return a, b


def short(q: Fraction) -> str:
    """About q, in three digits, however small or large."""
    if not q or SHORTEST < abs(q) < 1 / SHORTEST: return f"{float(q):.3g}"
    return f"{Context(3).divide(Decimal(q.numerator), Decimal(q.denominator)).normalize():g}"


def read_error(error: Any, absolute: bool) -> Fraction:
    """A positive number, below 1 if it is relative (the polynomial 0 has relative error 1).  Raises ApproximationError."""
    e = exact("error", error)
    if e <= 0: raise ApproximationError(f"error {short(e)} is not positive; no polynomial is e^x")
    if e >= 1 and not absolute:
        raise ApproximationError(f"error {short(e)} is not below 1, which the polynomial 0 has; ask for less")
    return e
