"""Floats as a field for `kernel.evaluate`: quick and never trusted, to look for places where two sides differ."""
import math
from collections.abc import Callable
from fractions import Fraction
from typing import Any


class Floats:
    """Python's floats.  Raises ArithmeticError or ValueError where a value is undefined or too large."""

    def num(self, q: Fraction) -> float: return float(q)
    def add(self, a: float, b: float) -> float: return a + b
    def mul(self, a: float, b: float) -> float: return a * b

    def pow(self, a: float, q: Fraction) -> float:
        if q.denominator != 1 and a <= 0: raise ValueError("the root of a number that is not positive")
        return float(a ** (q.numerator if q.denominator == 1 else float(q)))

    def exp(self, argument: Callable[[Any], float]) -> float: return math.exp(argument(self))
    def log(self, a: float) -> float: return math.log(a)
