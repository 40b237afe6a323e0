"""Whether a result is the formula's, as far as rounding can tell."""
from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

from .digits import distance, floats
from .reference import Array, Data, Reference, Sizes
from .user import Code

PARTS = 32                                                           # times what rounding may do, for sums in another order
PARTS_50 = 16                                                        # at 50 digits only constants of the code are rounded
SINGLE = 2.0 ** -24
SLACK = 1e-3                                                         # of the largest entry, for entries where much cancels


@dataclass(frozen=True)
class Outcome:
    """One comparison.  error, tolerance: relative to the largest entry of the result, or to what cancels in it where it is 0.

    excess: the largest ratio of a difference to what is allowed there.  single: whether float32 would explain all of it.
    """
    at: Sizes
    data: Data
    got: Array
    expected: Array
    error: float
    condition: float
    tolerance: float
    excess: float
    single: bool

    @property
    def fails(self) -> bool: return not self.excess <= 1

    @property
    def finite(self) -> bool: return bool(np.isfinite(self.got).all())

    @property
    def factor(self) -> float | None:
        """The number that the expected result was multiplied by, if it was."""
        ratio = np.asarray(self.got / np.where(self.expected, self.expected, np.nan), float)
        ratio = ratio[np.isfinite(ratio)]
        if ratio.size < 2: return None
        q = float(ratio[0])
        return q if q and abs(q - 1) > 1e-7 and bool((np.abs(ratio - q) < 1e-6 * abs(q)).all()) else None


class Judge:
    """Compares a function with the reference on one set of data."""

    def __init__(self, code: Code, reference: Reference, dtype: Any, tolerance: float | None):
        self.code, self.reference, self.tolerance = code, reference, tolerance
        self.unit, self.tiny = float(np.finfo(dtype).eps) / 2, 1e3 * float(np.finfo(dtype).tiny)

    def floats(self, data: Data, at: Sizes) -> Outcome | None:
        """In the floats of the data; None where the formula itself is not defined on them.  Raises CodeError."""
        expected, (e, _) = self.reference.value(data, at), self.reference.rounding(data, at)
        if not (np.isfinite(expected).all() and np.isfinite(e).all()) or not self.reference.allowed(data, at): return None
        got = self.code.call(data, at)
        with np.errstate(all="ignore"): off = np.abs(got.astype(np.longdouble) - expected).astype(np.float64)
        return self.outcome(data, at, got, expected.astype(np.float64), off, e, PARTS)

    def digits(self, data: Data, at: Sizes) -> Outcome:
        """At 50 digits.  Raises CodeError where the function does not take them."""
        got, expected = self.code.call(data, at, exactly=True), self.reference.exactly(data, at)
        e, _ = self.reference.rounding(data, at)
        return self.outcome(data, at, floats(got), floats(expected), distance(got, expected), e, PARTS_50)

    def outcome(self, data: Data, at: Sizes, got: Array, expected: Array, off: Array, e: Array, parts: int) -> Outcome:
        off = np.where(np.isfinite(off), off, np.inf)
        top, most = float(np.abs(expected).max(initial=0)), float(e.max(initial=0))
        base = top if top > self.unit * most else most or 1.0
        fair = e + SLACK * most
        error, condition = float(off.max(initial=0)) / base, most / base
        if self.tolerance is None:
            allowed = parts * self.unit * fair + self.tiny
            tolerance, excess = parts * self.unit * condition, float((off / allowed).max(initial=0))
        else: tolerance, excess = self.tolerance, error / self.tolerance
        single = bool((off <= 8 * SINGLE * fair).all())
        return Outcome(at, data, got, expected, error, condition, tolerance, excess, single)
