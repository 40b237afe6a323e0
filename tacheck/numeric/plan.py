"""How to meet an error on given arrays: the certified range of the scores, the polynomial for it, its rank, and what it costs.

Only the length of the range matters: with a centre c, exp(s) = e^c exp(s - c), and e^c falls out when a row is normalised.
So P(s - c) is taken, multiplied out into the powers of s in exact arithmetic and rounded once; what the rounding adds to the
relative error is added to the certified one.  Radii are rounded up to a coarse grid, so that polynomials are found again.
"""
from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from fractions import Fraction
from math import ceil, exp, floor, inf, isfinite, log2, nextafter, prod, sqrt
from typing import Any

import numpy as np

from .arrays import Floats, Problem, ProblemError
from .fast import DENSE
from .features import block, extremes, rank
from .ranges import Range, logit_range

GRID = 16                                                            # radii for each doubling
LEAST = Fraction(1, 1024)                                            # radius
FAR = 1 << 17                                                        # query rows: beyond, only ranges in linear time
EFFORT, LITTLE = 2e9, 1e6                                            # multiplications for a better one: most, least
MARGIN = Fraction(5, 8)                                              # of the error, for gradients: differences, to which up to
EPS = 2.0 ** -52                                                     # 1.6 times the error of the weights came
ROWS = 1 << 12                                                       # of a block of it
# Measured, in nanoseconds, on one thread beside a matrix product of 50 Gflop/s in float64: what matters are the ratios.
EXACT_TUPLE, EXACT_FLOP, EXACT_ROW = 1.2, 0.03, 15e3                 # of exact attention
PLANNING = 2e-3                                                      # seconds of exact attention that are not worth a plan
FEATURE, FLOP, BLOCK, SEEN = 0.6, 0.028, 60e3, (6.0, 26.0)           # of the fast path; SEEN: an entry of a row's moments


@dataclass(frozen=True)
class Polynomial:
    """P with |P(s) e^-(s - centre) - 1| <= delta for |s - centre| <= radius; `delta_prime` the same for P'."""
    coefficients: tuple[float, ...]                                  # c_0, ..., c_g of the powers of s, as they are used
    radius: Fraction
    centre: Fraction
    delta: float
    delta_prime: float | None

    @property
    def degree(self) -> int: return len(self.coefficients) - 1

    def growth(self, terms: float) -> float:
        """sum |c_k| t^k over P(s), at most, t the sum of the sizes of the terms of a score s, up to `terms`: rounding grows so.

        Monomials are multiplied out: of a score 1 = 100 - 99, they are as large as for a score 199.
        """
        t, k = max(terms, float(abs(self.centre) + self.radius)), np.arange(len(self.coefficients))
        with np.errstate(all="ignore"):
            size = float(np.abs(self.coefficients) @ t ** k) * exp(min(float(self.radius), 700.0))
        return size if isfinite(size) else inf


@dataclass(frozen=True)
class Plan:
    """What the fast path will do: with which polynomial, rank and type; `rounding` is an allowance, relative to a weight."""
    polynomial: Polynomial
    rank: int
    kind: np.dtype[Any]
    rounding: float


def choose(p: Problem, error: Fraction | None, method: str, derivative: bool, max_rank: int, sure: bool = False) -> Plan | None:
    """The plan of the fast path; None for exact.  `sure`: whatever it costs.

    Raises ProblemError where method "fast" cannot meet the error.
    """
    if method == "exact" or method == "auto" and (error is None or p.dense is not None or not p.rows): return None
    if error is None: raise ProblemError("method fast needs an error for the weights to stay within, relatively, as error=1e-4")
    if p.dense is not None: raise ProblemError(DENSE)
    if method == "auto" and not sure and exact_seconds(p, derivative) < PLANNING: return None
    try: plan = meet(p, error, derivative, max_rank, EFFORT if method == "fast" else EFFORT / 8)
    except ProblemError:
        if method == "fast": raise
        return None
    return plan if sure or method == "fast" or fast_seconds(p, plan, derivative) < exact_seconds(p, derivative) else None


def meet(p: Problem, error: Fraction, derivative: bool, max_rank: int, most: float = EFFORT) -> Plan:
    """The fast path's plan for this error, with about `most` multiplications to find the range of the scores at most.

    Raises ProblemError, with the numbers, where there is none.
    """
    plan, bad = None, ProblemError("no plan")
    try: plan = _meet(p, score_range(p), error, derivative, max_rank)
    except ProblemError as no: bad = no
    effort = most if plan is None else min(most, fast_seconds(p, plan, derivative) * 2.5e8)
    if effort > LITTLE:                                              # a range that costs more may be worth it
        try: better = _meet(p, score_range(p, effort), error, derivative, max_rank)
        except ProblemError as no: bad = no
        else: plan = better if plan is None or better.rank < plan.rank else plan
    if plan is None: raise bad
    return plan


def _meet(p: Problem, ends: Range, error: Fraction, derivative: bool, max_rank: int) -> Plan:
    """The plan for scores in that range: centred if rounding allows, and in single precision if it does."""
    d, goal, bad = p.q.shape[2], error * MARGIN if derivative else error, ""
    for centred in (True, False):
        one = polynomial(ends.lower, ends.upper, goal, derivative, centred)
        r, radius = rank(d, one.degree), float(one.radius)
        if r > max_rank:
            bad = bad or (f"scores up to {radius:.4g} in d = {d} columns need degree {one.degree}, rank {r}, for error "
                          f"{float(error):.3g}; max_rank is {max_rank}: allow more error or rank, scale or clip q and the keys, ")
            continue
        for kind in dict.fromkeys((p.q.dtype, np.dtype(np.float64))):
            allowance = rounding(one, d, p.order, kind, ends.terms)
            if max(allowance, one.delta, one.delta_prime or 0) <= error: return Plan(one, r, kind, allowance)
        bad = bad or (f"error {float(error):.3g} is less than rounding may take in float64 on scores up to {radius:.4g} with "
                      f"terms up to {ends.terms:.4g}, {allowance:.2g}: allow a larger error, scale or clip q and the keys, ")
        if not one.centre: break
    raise ProblemError(bad + "or use method exact")


def score_range(p: Problem, effort: float = 0) -> Range:
    """A certified range of all scores of the problem.  O(n d), and at most about `effort` multiplications an item more."""
    ends = [_columns(p, item) for item in range(len(p.q))] or [(0.0, 0.0, 0.0)]
    if effort:
        better = logit_range(p, effort if p.q.shape[1] <= FAR else 0)
        ends = [(max(lo, r.lower), min(hi, r.upper), min(t, r.terms)) for (lo, hi, t), r in zip(ends, better)]
    lower, upper, terms = min(lo for lo, _, _ in ends), max(hi for _, hi, _ in ends), max(t for _, _, t in ends)
    if not isfinite(upper - lower): raise ProblemError("the scores may lie beyond double precision; scale q or the keys down")
    return Range(lower, upper, upper - lower, "columns" if not effort else "best", terms)


def _columns(p: Problem, item: int) -> tuple[float, float, float]:
    """The ends of the scores by the ranges of the columns of the keys that take part."""
    return columns_range(p.q[item], [extremes(k[item] if mask is None else k[item][mask[item]])
                                     for k, mask in zip(p.keys, p.masks)], p.scale)


@np.errstate(all="ignore")
def columns_range(q: Floats, ends: Sequence[tuple[Floats, Floats]], scale: float) -> tuple[float, float, float]:
    """Bounds on all scores of q (n, d) with keys whose columns lie between `ends`, and on the sum of the sizes of their terms.

    Sums over columns, widened by rounding.  Exponents are kept apart, so that no product underflows; nan or inf where scores
    may lie beyond double precision.
    """
    if not len(q): return 0.0, 0.0, 0.0
    mantissa, exponent = np.frexp(scale)
    low = high = np.ones(q.shape[1])
    power = np.full(q.shape[1], int(exponent))
    for pair in ends:
        size = np.frexp(np.maximum(-pair[0], pair[1]))[1]
        products = [a * b for a in (low, high) for b in np.ldexp(pair, -size)]
        low, high, power = np.min(products, axis=0), np.max(products, axis=0), power + size
    low, high = np.sort([low * mantissa, high * mantissa], axis=0)
    power[(low == 0) & (high == 0)] = 0
    if plain := bool((np.abs(power) < 900).all()): low, high = np.ldexp(low, power), np.ldexp(high, power)
    top, lower, upper, most = np.maximum(-low, high), np.float64(inf), np.float64(-inf), np.float64(0)
    for at in range(0, len(q), ROWS):
        x = q[at:at + ROWS].astype(float)
        if not plain: x = np.ldexp(x, power)
        above, below = np.maximum(x, 0), np.minimum(x, 0)            # nan stays nan, block after block
        lower = np.minimum(lower, (above @ low + below @ high).min())
        upper = np.maximum(upper, (above @ high + below @ low).max())
        most = np.maximum(most, (np.abs(x, out=x) @ top).max())
    slack = float(most) * (2 * q.shape[1] + len(ends) + 9) * EPS + 1e-300
    return float(lower) - slack, float(upper) + slack, float(most) + slack


def coarse(radius: float) -> Fraction:
    """The next radius of the grid, upwards."""
    r = max(Fraction(radius), LEAST)
    step = Fraction(2) ** floor(log2(r)) / GRID
    if step * GRID > r: step /= 2                                    # log2 was rounded up
    return ceil(r / step) * step


def polynomial(lower: float, upper: float, error: Fraction, derivative: bool, centred: bool = True) -> Polynomial:
    """The polynomial of least degree that meets `error` on [lower, upper], centred there if that makes the radius smaller.

    Raises ProblemError where none is found.
    """
    from .polynomial import shipped
    centre, radius = Fraction(0), coarse(max(-lower, upper, 0.0))
    middle = (Fraction(lower) + Fraction(upper)) / 2
    unit = radius / 64
    shifted = round(middle / unit) * unit
    length = coarse(_up(max(Fraction(upper) - shifted, shifted - Fraction(lower))))
    if centred and length < radius: centre, radius = shifted, length
    if EPS * exp(min(2 * float(radius), 700.0)) > error:
        raise ProblemError(f"error {float(error):.3g} is less than rounding may take in float64 on scores up to "
                           f"{float(radius):.4g}: scale or clip q and the keys, or use method exact")
    try: found = shipped(radius, error, derivative=derivative, dtype="float64")
    except ValueError as bad:
        raise ProblemError(f"scores up to {float(radius):.4g} and error {float(error):.3g}: {bad}") from None
    slope = found.slope_error if derivative else None
    exact = _moved(found.coefficients, centre)
    used = [Fraction(float(c)) for c in exact]
    far, lost, lost_slope = abs(centre) + radius, Fraction(0), Fraction(0)
    for k, (a, b) in enumerate(zip(exact, used)):
        lost += abs(a - b) * far**k
        if k: lost_slope += k * abs(a - b) * far**(k - 1)
    grown = Fraction(3) ** ceil(radius)                              # above e^radius
    return Polynomial(tuple(map(float, used)), radius, centre, _up(found.value_error + lost * grown),
                      None if slope is None else _up(slope + lost_slope * grown))


def _moved(coefficients: Sequence[Fraction], centre: Fraction) -> list[Fraction]:
    """The coefficients of P(s - centre), by Horner's rule."""
    found: list[Fraction] = []
    for c in reversed(coefficients):
        up, same = [Fraction(0), *found], [-centre * a for a in found] + [Fraction(0)]
        found = [a + b for a, b in zip(up, same)]
        found[0] += c
    return found


def _up(x: Fraction) -> float:
    """The fraction, rounded upwards."""
    near = float(x)
    return near if Fraction(near) >= x else nextafter(near, inf)


def rounding(p: Polynomial, d: int, order: int, kind: np.dtype[Any], terms: float) -> float:
    """What rounding may do to a weight, relative to it: an allowance to first order, no certificate.

    A few roundings in each feature, and sums of r and of a block's terms that round at random, grown by the cancellation in P
    and in the scores, whose terms have sizes that sum up to at most `terms`.
    """
    r = rank(d, p.degree)
    steps = p.degree + order + 4 + sqrt(min(r, 1 << 12)) + sqrt(block(r, kind, 1 << 30))
    return float(np.finfo(kind).eps) / 2 * steps * p.growth(terms)


# ---- what it costs --------------------------------------------------------------------------------------------------

def fast_seconds(p: Problem, plan: Plan, derivative: bool) -> float:
    """Of the fast path, on one thread, as measured elsewhere: only its ratio to `exact_seconds` counts."""
    (items, n, d), m, k, r = p.q.shape, 1 + p.values[0].shape[2], p.order, plan.rank
    speed = 2.0 if plan.kind == np.float32 else 1.0
    if p.causal or p.window: return float(items * n * k * (r * m * SEEN[derivative] / speed + BLOCK / 16) * 1e-9)
    tokens, below = n + sum(key.shape[1] for key in p.keys), r - rank(d - 1, plan.polynomial.degree)
    built, passes = (2 if derivative else 1), m * r * (4 if derivative else 2) + (2 * d * m * below if derivative else 0)
    blocks = sum(-(-x // block(r, plan.kind, x)) for x in (n, *(key.shape[1] for key in p.keys)))
    seconds: float = items * (tokens * (built * r * FEATURE + passes * FLOP) / speed + built * blocks * BLOCK) * 1e-9
    return seconds


def exact_seconds(p: Problem, derivative: bool) -> float:
    """Of exact attention, likewise."""
    (items, n, d), dv = p.q.shape, p.values[0].shape[2]
    if p.causal or p.window:
        tuples = float(sum(np.prod([span.last - span.first for span in p.spans(0)], axis=0, dtype=float)))
    else: tuples = float(n * prod(key.shape[1] for key in p.keys))
    flops = (6 if derivative else 2) * (d + dv)
    speed = 2.0 if p.q.dtype == np.float32 else 1.0
    return float(items * (tuples * (EXACT_TUPLE + flops * EXACT_FLOP) / speed + (n * EXACT_ROW if p.order > 1 else 0)) * 1e-9)
