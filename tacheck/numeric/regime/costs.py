"""What exact and fast attention cost: operations, memory, and seconds on a machine that was timed.

Operations are those of the claims regimes.exact_cost and regimes.fast_cost.  Seconds are a sum of a few of these counts, each
times a constant of the machine: an estimate, unlike the rest.
"""
from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from math import comb, log

from ..compiled import LARGE, USED

CALLS = 8                                                            # of NumPy for a block, beside those that make its features
MOST = 1 << 50                                                       # tokens up to which a crossover is looked for


@dataclass(frozen=True)
class Shape:
    """Attention of some order: n tokens in each slot, d columns of points, dv of values, and a polynomial's degree."""
    n: int
    d: int
    dv: int
    order: int
    degree: int
    gradient: bool = False

    @property
    def m(self) -> int: return 1 + self.dv

    @property
    def rank(self) -> int: return comb(self.d + self.degree, self.degree)


def exact_operations(s: Shape) -> int:
    """Multiplications, additions and exponentials of the forward computation."""
    inner: int = sum(s.n ** depth for depth in range(2, s.order + 1)) * (s.d + 2 * s.m)
    whole: int = s.n ** (s.order + 1) * (2 * s.d + 2 * s.m + 1)
    return inner + whole


def fast_operations(s: Shape) -> int:
    """The same with a polynomial of that degree."""
    return (s.order + 1) * s.n * s.rank * (1 + 2 * s.m) + s.order * s.m * s.rank


def fast_memory(s: Shape) -> int:
    """Bytes beyond inputs and results: moments and coefficients of all slots in double precision, and a block of features."""
    moments = (s.order + 1) * s.m * s.rank * 8
    return moments * (2 + s.d if s.gradient else 2) + max(1 << 20, 64 * s.rank * 8)


def exact_memory(s: Shape) -> int:
    """Bytes beyond inputs and results: two slabs of scores and, for gradients, sums for each token."""
    return (1 << 20) + s.n * 8 * s.order * (s.m + 2 * s.d) * (2 if s.gradient else 1)


# ---- seconds ----------------------------------------------------------------------------------------------------------

def fast_counts(s: Shape) -> tuple[float, ...]:
    """Features built, flops of products with them, calls of NumPy in all blocks and for the weights, their entries, and 1."""
    tokens, r = (s.order + 1) * s.n, s.rank
    block = min(max(64, 1 << max(0, ((1 << 17) // r).bit_length() - 1)), 4096)
    below = comb(s.d + s.degree - 1, s.d) if s.degree else 0
    flops = tokens * 2 * s.m * (2 * r + s.d * below) if s.gradient else tokens * 2 * s.m * r
    blocks = (s.order + 1) * -(-s.n // block)
    return (tokens * r * (2 if s.gradient else 1), flops, blocks * (s.d * max(0, s.degree - 1) + CALLS), s.d * s.degree,
            s.order * s.m * r, 1)


def exact_counts(s: Shape) -> tuple[float, ...]:
    """Tuples, flops of their products, rows of products before the last key set, query rows, and 1."""
    tuples, columns = s.n ** (s.order + 1), s.d + s.dv
    before = sum(s.n ** depth for depth in range(2, s.order + 1)) * columns
    return (tuples, tuples * (6 if s.gradient else 2) * columns, before, s.n if s.order > 1 else -(-s.n // 16), 1)


@dataclass(frozen=True)
class Machine:
    """Seconds for each count, of fast and exact attention, by what was timed: "fast", "exact", "exact 1", with " gradient".

    "fast C" is there where the fast path has its compiled workspace.
    """
    seconds: Mapping[str, tuple[float, ...]]
    made: str                                                        # what was timed, and when

    def fast(self, s: Shape) -> float:
        in_c = s.degree > 0 and s.n * s.m * s.rank >= USED and s.m * s.rank <= LARGE and "fast C" in self.seconds
        return self._sum(f"fast{' C' * in_c}{' gradient' * s.gradient}", fast_counts(s))

    def exact(self, s: Shape) -> float:
        return self._sum(f"exact{' 1' * (s.order == 1)}{' gradient' * s.gradient}", exact_counts(s))

    def _sum(self, what: str, counts: tuple[float, ...]) -> float:
        return sum(a * b for a, b in zip(self.seconds[what], counts))

    def crossover(self, s: Shape) -> int | None:
        """The least n from which on fast attention takes less time than exact attention; None where there is none in sight."""
        return first(lambda n: self.fast(at(s, n)) < self.exact(at(s, n)))


def counted_crossover(s: Shape) -> int | None:
    """The same by operations alone, for a machine that was not timed."""
    return first(lambda n: fast_operations(at(s, n)) < exact_operations(at(s, n)))


def at(s: Shape, n: int) -> Shape: return Shape(n, s.d, s.dv, s.order, s.degree, s.gradient)


def first(so: Callable[[int], bool]) -> int | None:
    """The least n with so(n), which stays true from there on."""
    high = 1
    while not so(high):
        high *= 2
        if high > MOST: return None
    low = high // 2
    while high - low > 1:
        middle = (low + high) // 2
        low, high = (low, middle) if so(middle) else (middle, high)
    return high


def log_rank(d: int, degree: int) -> float:
    """ln C(d + degree, degree), in floating point."""
    r = comb(d + degree, degree)
    shift = max(0, r.bit_length() - 900)
    return log(r >> shift) + shift * log(2)


def rounded(x: float) -> str:
    """A time in words."""
    for unit, size in (("years", 31557600.0), ("days", 86400.0), ("h", 3600.0), ("min", 60.0), ("s", 1.0), ("ms", 1e-3)):
        if x >= 2 * size or unit == "ms" or unit == "s" and x >= 1: return f"{x / size:.3g} {unit}"
    raise AssertionError
