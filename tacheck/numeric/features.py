"""The monomials behind a polynomial of a product of points: P(sum_c x_c y_c z_c) = sum_al w_al x^al y^al z^al.

    w_al = c_|al| |al|! / al!,    al over the C(d + g, g) exponents of degree |al| <= g,    for any number of points x, y, z, ...

Monomials are ordered by degree, and within a degree by their variables, written in ascending order, as words are.  So those
of degree p that begin with variable c are x_c times the last block of degree p - 1, that of the variables c, ..., d - 1: one
contiguous product makes them all.
"""
from __future__ import annotations

from collections.abc import Sequence
from functools import cached_property, lru_cache
from itertools import accumulate
from math import comb, prod
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from .arrays import Floats, Ints

LINE = 64                                                            # bytes of a cache line: aligned rows are read faster
CACHE = 1 << 20                                                      # bytes of a block of features: about an L2 cache
BLOCKS = (64, 4096)                                                  # tokens of a block, at least and at most


class Step(NamedTuple):
    """Rows first:last of the features are rows source:source + (last - first) times variable c."""
    variable: int
    first: int
    last: int
    source: int


class Features:
    """The monomials of degree <= g in d variables.  O(r g) memory, r = C(d + g, g)."""

    def __init__(self, d: int, g: int):
        self.d, self.g = d, g
        self.starts = [0, *accumulate(comb(d + p - 1, p) for p in range(g + 1))]        # where each degree begins
        self.rank, self.below = self.starts[-1], self.starts[g]                         # below: of degree < g
        self.plan = [self._step(p, c) for p in range(1, g + 1) for c in range(d)]
        self.variable = np.zeros(self.rank, np.intp)                                    # the first of the word
        self.parent = np.zeros(self.rank, np.intp)                                      # the monomial without it
        for c, first, last, source in self.plan:
            self.variable[first:last], self.parent[first:last] = c, np.arange(source, source + last - first)

    def _step(self, p: int, c: int) -> Step:
        """The product that makes the words of length p that begin with variable c."""
        first = self.starts[p] + comb(self.d + p - 1, p) - comb(self.d - c + p - 1, p)
        size = comb(self.d - c + p - 2, p - 1)
        return Step(c, first, first + size, self.starts[p] - size)

    @cached_property
    def degrees(self) -> Ints:
        """|al|, (r,)."""
        return np.repeat(np.arange(self.g + 1), np.diff(self.starts))

    def exponents(self, count: int | None = None) -> NDArray[np.uint16]:
        """al of the first `count` monomials, whole degrees; (count, d), by default all."""
        found = np.zeros((self.rank if count is None else count, self.d), np.uint16)
        for c, first, last, source in self.plan:
            if last > len(found): break
            found[first:last] = found[source:source + last - first]
            found[first:last, c] += 1
        return found

    def weights(self, coefficients: Sequence[float]) -> Floats:
        """w_al of the polynomial with coefficients c_0, ..., c_g, (r,) in double precision."""
        run = np.zeros(self.rank, np.intp)                           # how often the first variable begins the word
        multinomial = np.ones(self.rank)                             # |al|! / al!: whole numbers, so exact below 2^53
        for c, first, last, source in self.plan:
            here, there = slice(first, last), slice(source, source + last - first)
            run[here] = np.where(self.variable[there] == c, run[there], 0) + 1
            multinomial[here] = np.rint(multinomial[there] * self.degrees[first] / run[here])
        return np.asarray(coefficients, float)[self.degrees] * multinomial

    @cached_property
    def shifts(self) -> Ints:
        """shifts[c, be] = the index of x_c x^be, for |be| < g: (d, below)."""
        found = np.zeros((self.d, self.below), np.intp)
        for p in range(self.g):
            at = np.arange(self.starts[p], self.starts[p + 1])
            head = self.variable[at]
            begin, _, tail = np.array([self._step(p + 1, c)[1:] for c in range(self.d)]).T
            for c in range(self.d):                                  # x_c is the first letter, or goes behind the first
                found[c, at] = begin[c] + at - tail[c]
                if not p: continue
                behind, inner = head < c, found[c, self.parent[at]]
                found[c, at[behind]] = (begin[head] + inner - tail[head])[behind]
        return found

    @cached_property
    def slopes(self) -> Floats:
        """slopes[c, be] = be_c + 1, what x_c x^be brings down when it is differentiated in x_c: (d, below)."""
        return self.exponents(self.below).T + 1.0

    @property
    def top(self) -> list[Step]:
        """The products that make the highest degree."""
        return self.plan[-self.d:] if self.g else []

    def fill(self, x: Floats, out: Floats) -> None:
        """The features of points x (d, b), into out (r, b), or (below, b): one product each, of contiguous rows."""
        out[0] = 1
        if len(out) > 1: out[1:1 + self.d] = x
        for c, first, last, source in self.plan[self.d:]:
            if first >= len(out): break
            np.multiply(out[source:source + last - first], x[c], out=out[first:last])


@lru_cache(maxsize=32)
def features(d: int, g: int) -> Features:
    """`Features(d, g)`, kept."""
    return Features(d, g)


def rank(d: int, g: int) -> int:
    """How many monomials of degree <= g there are in d variables: C(d + g, g)."""
    return comb(d + g, g)


def aligned(shape: tuple[int, ...], kind: np.dtype[Any]) -> Floats:
    """An empty array that begins on a cache line."""
    size = prod(shape) * kind.itemsize
    raw = np.empty(size + LINE, np.uint8)
    start = -raw.ctypes.data % LINE
    found: Floats = raw[start:start + size].view(kind).reshape(shape)
    return found


def block(r: int, kind: np.dtype[Any], n: int) -> int:
    """How many tokens at a time: a power of two whose features take half the L2 cache, and no more than n need."""
    room = max(1, CACHE // (r * kind.itemsize))
    fit = min(max(1 << room.bit_length() - 1, BLOCKS[0]), BLOCKS[1])
    return min(fit, max(1, -(-n // 8)) * 8)


def extremes(a: Floats) -> tuple[Floats, Floats]:
    """The least and greatest entry of each column of a (n, d), in double precision; 0 where there are no rows."""
    if not len(a): return np.zeros(a.shape[1]), np.zeros(a.shape[1])
    fold = 64 if a.flags.c_contiguous and len(a) >= 128 else 1       # long rows are faster to go through
    whole = len(a) // fold * fold
    parts = a[:whole].reshape(-1, fold * a.shape[1])
    ends = []
    for best in (np.min, np.max):
        found = [best(parts, axis=0).reshape(fold, -1), a[whole:]]
        ends.append(best(np.concatenate(found), axis=0).astype(float))
    return ends[0], ends[1]
