"""The doors: `approximate` for any family, with both ends of its error; `shipped` for floats that run."""
from __future__ import annotations

from dataclasses import dataclass
from fractions import Fraction
from functools import lru_cache
from math import comb
from typing import Any

from ...kernel.check import Statement, Verdict
from .certify import SLACK, Sup, statement, sup
from .errors import ApproximationError, Undecided, read_error, read_interval, short
from .families import FAMILIES, Coefficients, Interval, coefficients, size, spread
from .minimax import bessel, exp_fixed
from .plan import MOST_DEGREE, optimal_degree, plan, proved
from .rounding import DIGITS, floats

LOOSE = Fraction(1, 1 << 12)                                         # the slack of bounds on floats
HOPELESS = 1 << 20                                                   # times the error: rounding, which more degrees do not mend


@dataclass(frozen=True)
class Shipped:
    """Floats c_0, ..., c_g as exact numbers, with |P(x) e^-x - 1| <= value_error and |P'(x) e^-x - 1| <= slope_error."""
    degree: int
    coefficients: Coefficients
    value_error: Fraction
    slope_error: Fraction | None
    verdicts: tuple[Verdict, ...]


@dataclass(frozen=True)
class Approximation:
    """A polynomial for e^x on an interval: error_lower < its largest error <= error_upper.

    minimal: True if proved that no smaller degree has the error that was asked for, None if that was not asked; minimal_proof
    holds the statements that say so.  rank: C(d + degree, degree) in `dimension` d.  statements and verdicts go together.
    """
    degree: int
    interval: Interval
    coefficients: Coefficients
    error_lower: Fraction
    error_upper: Fraction
    slope_error: Fraction | None
    minimal: bool | None
    minimal_proof: tuple[Statement, ...]
    rank: int | None
    statements: tuple[Statement, ...]
    verdicts: tuple[Verdict, ...]


def slope(p: Coefficients) -> Coefficients: return tuple(k * c for k, c in enumerate(p))[1:] or (Fraction(0),)


def estimate(p: Coefficients, interval: Interval, absolute: bool) -> Fraction:
    """About the largest error: the largest on sample points."""
    a, b = interval
    r, middle, n = (b - a) / 2, (a + b) / 2, len(p)
    far = max(abs(a), abs(b))
    bits = 96 + n * (3 + int(far).bit_length()) + int(6 * far) + (max(0, size(bessel(n, r))) if n >= r else 0)
    whole = [(c.numerator << bits) // c.denominator for c in p]
    worst = 0
    for u in spread(n - 1, bits, 6):
        x, value = (u * r.numerator // r.denominator) + (middle.numerator << bits) // middle.denominator, 0
        for c in reversed(whole): value = (value * x >> bits) + c
        target = exp_fixed(x, bits)
        worst = max(worst, abs(value - target if absolute else (value << bits) // target - (1 << bits)))
    return Fraction(worst, 1 << bits)


def candidates(kind: str, degree: int, interval: Interval, absolute: bool, derivative: bool, dtype: str) -> list[Coefficients]:
    """The polynomial of the family; for floats, some ways to round it.  Raises ApproximationError."""
    try: p = coefficients(kind, degree, interval, absolute, derivative)
    except ArithmeticError as bad: raise ApproximationError(f"{bad}; ask for a larger degree or a smaller radius") from None
    return [p] if dtype == "exact" else floats(p, interval, dtype, absolute, derivative)


def worst(p: Coefficients, interval: Interval, absolute: bool, derivative: bool) -> Fraction:
    """About the largest error, of the slope too if asked."""
    return max(estimate(q, interval, absolute) for q in ((p, slope(p)) if derivative else (p,)))


def fit(kind: str, start: int, interval: Interval, error: Fraction, absolute: bool, derivative: bool,
        dtype: str) -> tuple[Coefficients, Fraction]:
    """The first degree from `start` on that seems to meet the error, and its error.  Raises ApproximationError."""
    reached: list[Fraction] = []
    for degree in range(max(start, 1 if derivative else 0), MOST_DEGREE + 1):
        tried = candidates(kind, degree, interval, absolute, derivative, dtype)
        found, p = min((worst(p, interval, absolute, derivative), p) for p in tried)
        if found < error: return p, found
        reached.append(found)
        if dtype != "exact" and kind == "minimax" and not absolute and found > error * HOPELESS: break
        if dtype != "exact" and len(reached) > 3 and min(reached[-2:]) > Fraction(9, 10) * min(reached[:-2]): break
    if dtype == "exact" or not reached:
        raise ApproximationError(f"an error of {short(error)} needs a degree beyond {MOST_DEGREE}; ask for a larger one")
    raise ApproximationError(f"{dtype} coefficients reach {short(min(reached))} on [{short(interval[0])}, {short(interval[1])}], "
                             f"not {short(error)}; {'use float64' if dtype == 'float32' else 'ask for a larger error'} "
                             "or take a smaller radius")


def shipped(radius: Any, error: Any, *, derivative: bool = False, dtype: str = "float64") -> Shipped:
    """Floats whose polynomial has at most this relative error for e^x on |x| <= radius, of the least degree found.

    With `derivative` its slope has too.  Raises ApproximationError in one line where the dtype cannot.  Kept in memory.
    """
    _, r = read_interval(radius, None)
    if dtype not in DIGITS: raise ApproximationError(f"dtype {dtype!r:.40} is not float64 or float32")
    try: return certified_floats(r, read_error(error, False), bool(derivative), dtype)
    except ArithmeticError as bad: raise Undecided(f"no polynomial was certified: {bad}") from None


@lru_cache(maxsize=256)
def certified_floats(r: Fraction, error: Fraction, derivative: bool, dtype: str) -> Shipped:
    start = plan(r, error) + derivative
    while True:
        p, found = fit("minimax", start, (-r, r), error, False, derivative, dtype)
        slack = max(SLACK, min(LOOSE, (error / found - 1) * Fraction(7, 8)))
        sups = [sup(q, (-r, r), slack=slack, below=False) for q in ((p, slope(p)) if derivative else (p,))]
        if all(s.upper <= error for s in sups): break
        start = len(p)                                               # too close to call: one degree more
    return Shipped(len(p) - 1, p, sups[0].upper, sups[1].upper if derivative else None, sum((s.verdicts for s in sups), ()))


def approximate(radius: Any = None, error: Any = None, *, interval: Any = None, degree: int | None = None,
                kind: str = "minimax", absolute: bool = False, derivative: bool = False, dtype: str = "exact",
                dimension: int | None = None) -> Approximation:
    """A polynomial for e^x on |x| <= radius or on an interval (a, b): of a degree, or of the least degree with an error.

    kind: "minimax", "chebyshev" or "taylor" (around 0).  absolute: |P - e^x| instead of |P e^-x - 1|.  derivative: P' too is
    good.  dtype: "exact", or "float64" or "float32" coefficients.  dimension: for the rank.  Numbers are read exactly.
    The least degree is proved least for exact minimax polynomials.  Raises ApproximationError in one line, Undecided where the
    kernel is not convinced.
    """
    ends = read_interval(radius, interval)
    if (error is None) == (degree is None): raise ApproximationError("give an error or a degree, not both and not none")
    if kind not in FAMILIES: raise ApproximationError(f"kind {kind!r:.40} is not one of {', '.join(FAMILIES)}")
    if derivative and kind != "minimax": raise ApproximationError(f"kind {kind} has no variant for value and slope; use minimax")
    if dtype != "exact" and dtype not in DIGITS: raise ApproximationError(f"dtype {dtype!r:.40} is not exact, float64 or float32")
    if dimension is not None and not (isinstance(dimension, int) and dimension >= 1):
        raise ApproximationError(f"dimension {dimension!r:.40} is not a positive whole number")
    asked = None if error is None else read_error(error, absolute), read_degree(degree, derivative)
    try: return solved(ends, *asked, kind, absolute, derivative, dtype, dimension)
    except ArithmeticError as bad: raise Undecided(f"no polynomial was certified: {bad}") from None


def read_degree(degree: Any, derivative: bool) -> int | None:
    if degree is None: return None
    least = 1 if derivative else 0
    if type(degree) is not int or not least <= degree <= MOST_DEGREE:
        raise ApproximationError(f"degree {degree!r:.40} is not a whole number from {least} to {MOST_DEGREE}")
    return degree


@lru_cache(maxsize=256)
def solved(ends: Interval, error: Fraction | None, degree: int | None, kind: str, absolute: bool, derivative: bool, dtype: str,
           dimension: int | None) -> Approximation:
    proof: tuple[Statement, ...] = ()
    verdicts: tuple[Verdict, ...] = ()
    minimal = None
    r = (ends[1] - ends[0]) / 2
    if degree is not None:
        _, p = min((worst(q, ends, absolute, derivative), q) for q in candidates(kind, degree, ends, absolute, derivative, dtype))
    elif (kind, derivative, dtype) == ("minimax", False, "exact"):
        assert error is not None
        least = optimal_degree(ends, error, absolute)
        p, proof, verdicts, minimal = least.coefficients, least.statements, least.verdicts, True
    else:
        assert error is not None
        start = 0 if absolute else plan(r, error) + derivative
        p, _ = fit(kind, start, ends, error, absolute, derivative, dtype)
    value: Sup = sup(p, ends, absolute)
    steep = sup(slope(p), ends, absolute, below=False) if derivative else None
    if error is not None and minimal is None:
        proof = tuple(statement(q, ends, error, absolute) for q in ((p, slope(p)) if derivative else (p,)))
        verdicts = tuple(proved(s) for s in proof)
    statements = value.statements + (steep.statements if steep else ()) + proof
    rank = comb(dimension + len(p) - 1, dimension) if dimension else None
    verdicts = value.verdicts + (steep.verdicts if steep else ()) + verdicts
    return Approximation(len(p) - 1, ends, p, value.lower, value.upper, steep.upper if steep else None, minimal,
                         proof if minimal else (), rank, statements, verdicts)

