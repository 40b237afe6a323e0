"""Numbers of 50 digits that NumPy takes as the elements of object arrays: the code that runs on floats runs on them.

`np.exp` and its kin call the method of that name on each element.  A float that takes part counts as the number that it
is exactly; there is no way back to a float, so no digit is lost unnoticed: code that needs floats raises TypeError.
"""
from __future__ import annotations

from collections.abc import Callable
from decimal import MAX_EMAX, MIN_EMIN, Context, Decimal, InvalidOperation
from fractions import Fraction
from numbers import Integral, Rational
from numbers import Real as AnyReal
from typing import Any, cast

import numpy as np
from numpy.typing import NDArray

DIGITS = 50
GUARD = 12                                                           # digits beyond those that are promised
CONTEXT = Context(prec=DIGITS + GUARD, Emax=MAX_EMAX, Emin=MIN_EMIN, traps=[InvalidOperation])


class Real:
    """A real number to 50 digits, with the arithmetic and the functions of NumPy's floats."""
    __slots__ = ("number",)

    def __init__(self, number: Decimal): self.number = number

    def __repr__(self) -> str: return f"Real({self.number:.{DIGITS}g})"
    def __hash__(self) -> int: return hash(self.number)
    def __bool__(self) -> bool: return bool(self.number)

    def __add__(self, other: Any) -> Real: return _both(CONTEXT.add, self, other)
    def __radd__(self, other: Any) -> Real: return _both(CONTEXT.add, other, self)
    def __sub__(self, other: Any) -> Real: return _both(CONTEXT.subtract, self, other)
    def __rsub__(self, other: Any) -> Real: return _both(CONTEXT.subtract, other, self)
    def __mul__(self, other: Any) -> Real: return _both(CONTEXT.multiply, self, other)
    def __rmul__(self, other: Any) -> Real: return _both(CONTEXT.multiply, other, self)
    def __truediv__(self, other: Any) -> Real: return _both(CONTEXT.divide, self, other)
    def __rtruediv__(self, other: Any) -> Real: return _both(CONTEXT.divide, other, self)
    def __pow__(self, other: Any) -> Real: return _both(CONTEXT.power, self, other)
    def __rpow__(self, other: Any) -> Real: return _both(CONTEXT.power, other, self)

    def __neg__(self) -> Real: return Real(CONTEXT.minus(self.number))
    def __pos__(self) -> Real: return self
    def __abs__(self) -> Real: return Real(CONTEXT.abs(self.number))

    def __eq__(self, other: object) -> bool: return (d := decimal(other)) is not None and self.number == d
    def __lt__(self, other: Any) -> bool: return self.number < needed(other)
    def __le__(self, other: Any) -> bool: return self.number <= needed(other)
    def __gt__(self, other: Any) -> bool: return self.number > needed(other)
    def __ge__(self, other: Any) -> bool: return self.number >= needed(other)

    # what NumPy's functions call, each by its name
    def exp(self) -> Real: return Real(CONTEXT.exp(self.number))
    def log(self) -> Real: return Real(CONTEXT.ln(self.number))
    def log10(self) -> Real: return Real(CONTEXT.log10(self.number))
    def log2(self) -> Real: return self.log() / Real(Decimal(2)).log()
    def exp2(self) -> Real: return Real(Decimal(2)) ** self
    def sqrt(self) -> Real: return Real(CONTEXT.sqrt(self.number))
    def expm1(self) -> Real: return self.exp() - 1 if abs(self) > 1 else self._small_expm1()
    def log1p(self) -> Real: return (self + 1).log()
    def tanh(self) -> Real: return -(e := (-2 * abs(self)).expm1()) / (e + 2) * (1 if self > 0 else -1)
    def sinh(self) -> Real: return (self.exp() - (-self).exp()) / 2
    def cosh(self) -> Real: return (self.exp() + (-self).exp()) / 2
    def conjugate(self) -> Real: return self

    def _small_expm1(self) -> Real:
        total, term, k = self, self, 1
        while term and abs(term.number) > abs(total.number).scaleb(-DIGITS - GUARD, CONTEXT):
            k += 1
            term = term * self / k
            total = total + term
        return total


def decimal(x: object) -> Decimal | None:
    """The number that x is exactly; None where x is no number."""
    match x:
        case Real(): return x.number
        case Integral(): return Decimal(int(cast(int, x)))
        case Rational(): return CONTEXT.divide(Decimal(int(x.numerator)), Decimal(int(x.denominator)))
        case AnyReal(): return Decimal(float(x))                     # Python's and NumPy's floats
    return None


def needed(x: object) -> Decimal:
    """The same; raises TypeError where x is no number."""
    if (d := decimal(x)) is None: raise TypeError(f"{type(x).__name__} is no real number")
    return d


def _both(operation: Callable[[Decimal, Decimal], Decimal], x: Any, y: Any) -> Real:
    a, b = decimal(x), decimal(y)
    return cast(Real, NotImplemented) if a is None or b is None else Real(operation(a, b))


def real(x: float | Fraction) -> Real:
    """The number to 50 digits; a float is what it is exactly."""
    return Real(needed(x))


def reals(a: Any) -> NDArray[Any]:
    """The array with 50 digits in every entry."""
    a = np.asarray(a)
    found = np.empty(a.shape, object)
    for at in np.ndindex(a.shape): found[at] = real(a[at].item())
    return found


def distance(a: NDArray[Any], b: NDArray[Any]) -> NDArray[np.float64]:
    """|a - b| entry by entry, in floats: exact before it is rounded."""
    found = np.empty(a.shape)
    for at in np.ndindex(a.shape): found[at] = float(needed(abs(a[at] - b[at])))
    return found


def floats(a: NDArray[Any]) -> NDArray[np.float64]:
    """The nearest floats."""
    found = np.empty(a.shape)
    for at in np.ndindex(a.shape): found[at] = float(needed(a[at]))
    return found
