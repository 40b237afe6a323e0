"""Measurements of attention on this machine: times taken in turn, exponents with confidence intervals, crossover, memory.

Times are seconds of processor time, the least of some repetitions, and what is compared is measured in turn in one run: ratios
are what can be compared between machines.
"""
from __future__ import annotations

import tracemalloc
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from fractions import Fraction
from functools import partial
from math import inf, isqrt, sqrt
from time import process_time
from typing import Any

import numpy as np

from . import exact, fast
from .arrays import Problem, problem
from .features import rank
from .plan import MARGIN, Polynomial, polynomial

CONFIDENCE = 0.95
SQUARE = 1024                                                        # of the matrix product that stands for the machine
ROWS = 32                                                            # query rows of exact attention that stand for all
MOST = 3e8                                                           # tuples of a run for the crossover


@dataclass(frozen=True)
class Case:
    """What is measured: order, columns (dv = d), scores of at most `bound`, error of the weights, type."""
    order: int = 2
    d: int = 4
    bound: Fraction = Fraction(1)
    error: Fraction = Fraction(1, 10_000)
    dtype: str = "float64"

    def draw(self, n: int) -> Problem:
        """Uniform entries, n tokens a slot, with an upstream gradient: scores are sums of d numbers of at most bound / d."""
        random = np.random.default_rng(n + self.d)
        def draw(n: int, size: float = 1.0) -> Any: return random.uniform(-size, size, (n, self.d)).astype(self.dtype)
        keys, values = ([draw(n) for _ in range(self.order)] for _ in range(2))
        return problem(draw(n, float(self.bound)), keys, values, upstream=draw(n))

    def polynomial(self) -> Polynomial:
        """What the fast path uses for such scores.  Raises ProblemError where there is none."""
        return polynomial(-float(self.bound), float(self.bound), self.error * MARGIN, True)

    def rank(self) -> int: return rank(self.d, self.polynomial().degree)


def best(runs: Sequence[Callable[[], object]], repeats: int) -> list[float]:
    """The least processor time of each, taken in turn so that all meet the same neighbours."""
    found = [inf] * len(runs)
    for _ in range(repeats):
        for i, run in enumerate(runs):
            start = process_time()
            run()
            found[i] = min(found[i], process_time() - start)
    return found


# ---- exponents --------------------------------------------------------------------------------------------------------

@dataclass(frozen=True)
class Exponent:
    """The slope of log y over log x by least squares, and the ends of its t-interval."""
    slope: float
    lower: float
    upper: float


def exponent(xs: Sequence[float], ys: Sequence[float], confidence: float = CONFIDENCE) -> Exponent:
    """The exponent of x in y, from three points or more.  Raises ValueError for fewer, or what is not positive."""
    if len(xs) != len(ys) or len(xs) < 3 or min(*xs, *ys) <= 0:
        raise ValueError("an exponent needs three points of positive numbers")
    x, y = np.log(np.asarray(xs, float)), np.log(np.asarray(ys, float))
    x -= x.mean()
    spread = float(x @ x)
    if not spread: raise ValueError("an exponent needs points with different x")
    slope = float(x @ y) / spread
    rest = y - y.mean() - slope * x
    error = sqrt(float(rest @ rest) / (len(xs) - 2) / spread)
    reach = student(len(xs) - 2, confidence) * error
    return Exponent(slope, slope - reach, slope + reach)


def student(freedom: int, confidence: float) -> float:
    """t such that Student's t with that many degrees of freedom lies in [-t, t] with that probability."""
    import mpmath
    def outside(t: float) -> float:
        return float(mpmath.betainc(freedom / 2, 0.5, 0, freedom / (freedom + t * t), regularized=True))
    low, high = 0.0, 1.0
    while outside(high) > 1 - confidence: high *= 2
    for _ in range(60):
        middle = (low + high) / 2
        low, high = (middle, high) if outside(middle) > 1 - confidence else (low, middle)
    return high


# ---- rates ------------------------------------------------------------------------------------------------------------

def product(dtype: str) -> Callable[[], object]:
    """A large matrix product, 2 SQUARE^3 operations."""
    square: Any = np.random.default_rng(0).normal(size=(SQUARE, SQUARE)).astype(dtype)
    return lambda: square @ square


def operations(p: Problem, g: int) -> float:
    """Of the matrix products of a whole gradient with a polynomial of degree g, 2 for each multiplication.  One length n."""
    (_, n, d), m, k, r = p.q.shape, 1 + p.values[0].shape[2], p.order, rank(p.q.shape[2], g)
    below = rank(d, g - 1) if g else 0
    each: int = 2 * (k * r * m + 2 * r * m + k * r * (m - 1) + (k + 1) * below * d * m)
    return float(n * each)


def fast_times(case: Case, sizes: Sequence[int], repeats: int) -> tuple[list[float], list[float]]:
    """Seconds of the whole fast gradient for each n; and its share of the rate of a large matrix product."""
    P, multiply = case.polynomial(), product(case.dtype)
    tasks = [case.draw(n) for n in sizes]
    *times, one = best([*(partial(fast.solve, p, P.coefficients) for p in tasks), multiply], repeats)
    peak = 2 * SQUARE**3 / one
    return times, [operations(p, P.degree) / t / peak for p, t in zip(tasks, times)]


def exact_times(case: Case, sizes: Sequence[int], repeats: int, rows: int | None = None) -> list[float]:
    """Seconds of the exact gradient for each n: whole, or that of the first `rows` query rows, n / rows times."""
    tasks = [case.draw(n) if rows is None else _rows(case.draw(n), rows) for n in sizes]
    times = best([partial(exact.solve, p) for p in tasks], repeats)
    return [t * n / p.q.shape[1] for t, n, p in zip(times, sizes, tasks)]


def ratio(case: Case, n: int, repeats: int) -> float:
    """How many times longer the exact gradient takes than the fast one.  Rows of exact attention all cost the same."""
    whole, c = case.draw(n), case.polynomial().coefficients
    few = whole if n <= ROWS or case.order == 1 else _rows(whole, ROWS)
    slow, quick = best([lambda: exact.solve(few), lambda: fast.solve(whole, c)], repeats)
    rows: int = few.q.shape[1]
    return slow * n / rows / quick


def _rows(p: Problem, rows: int) -> Problem:
    return replace(p, q=p.q[:, :rows], upstream=None if p.upstream is None else p.upstream[:, :rows])


def crossover(case: Case, repeats: int, close: float = 1.1) -> int | None:
    """The n from which on the fast gradient takes less time, to a factor `close`; None where exact runs get too long before."""
    c = case.polynomial().coefficients
    fast.solve(case.draw(8), c)                                      # what is made once is not timed
    low, high = 4, 8
    while not (ratio(case, high, repeats) > 1 and ratio(case, 2 * high, repeats) > 1):
        low, high = high, 2 * high
        if min(2 * high, ROWS) * (2.0 * high)**case.order > MOST: return None
    while high > max(low * close, low + 1):
        middle = isqrt(low * high)
        if middle in (low, high): break
        low, high = (low, middle) if ratio(case, middle, repeats) > 1 else (middle, high)
    return high


def extra_bytes(p: Problem, coefficients: Sequence[float]) -> int:
    """The peak of what NumPy allocates in a run of the fast path, without its results."""
    fast.solve(p, coefficients)                                      # what is made once and kept is not of this run
    started = not tracemalloc.is_tracing()
    if started: tracemalloc.start()
    try:
        tracemalloc.reset_peak()
        before = tracemalloc.get_traced_memory()[0]
        found = fast.solve(p, coefficients)
        peak = tracemalloc.get_traced_memory()[1] - before
    finally:
        if started: tracemalloc.stop()
    gradients = [] if found.gradient is None else [found.gradient.q, *found.gradient.keys, *found.gradient.values]
    return int(peak - sum(a.nbytes for a in (found.out, found.logsumexp, *gradients)))


# ---- samplers -----------------------------------------------------------------------------------------------------------

SMALL = Case(d=3, error=Fraction(1, 100))


def fast_exponent(seed: int) -> Iterator[tuple[dict[str, int], float]]:
    """The exponent of n in the time of the fast gradient of order 2, from 4000 to 32000 tokens."""
    sizes = [4_000, 8_000, 16_000, 32_000]
    yield {}, exponent(sizes, fast_times(SMALL, sizes, 3)[0]).slope


def exact_exponent(seed: int) -> Iterator[tuple[dict[str, int], float]]:
    """That of n in the time of one query row of the exact gradient of order 2, from 256 to 1024 tokens."""
    sizes = [256, 384, 512, 768, 1024]
    yield {}, exponent(sizes, [t / n for t, n in zip(exact_times(SMALL, sizes, 2, ROWS), sizes)]).slope


def times_at_512(seed: int) -> Iterator[tuple[dict[str, int], float]]:
    """How many times longer the exact gradient takes at 512 tokens, d = 3."""
    yield {"n": 512}, ratio(SMALL, 512, 3)
