"""Sums over tokens and values at tokens of features, block by block: nothing of size tokens x features is ever kept.

A slot holds points x (n, d) and columns u (m, n).  Of a slot one needs its moment, of coefficients C (m, r) their values and,
contracted with u, their slopes at its points:

    moment    sum over tokens of u phi(x)^T                                   (m, r)
    values    C phi(x)                                                        (m, b), of a block of b tokens
    slopes    d/dx_c u . C phi(x) = u . sum_be (be_c + 1) C[:, be + e_c] phi_be(x)        (d, b)

Features are of the type of the data; moments are summed in double precision over blocks.
"""
from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np

from .arrays import Floats
from .features import Features, aligned, block

SMALL = 1_000_000                                                    # a product with m n k below this runs without packing:
WIDE = 40                                                            # faster for skinny ones, up to this many rows


@dataclass(frozen=True)
class Slot:
    """The points and values of one set of tokens; `stretch` multiplies the columns of the points."""
    points: Floats                                                   # (n, d)
    stretch: Floats                                                  # (d,)
    values: Floats | None = None                                     # (n, dv); the columns u are [1, values]

    @property
    def tokens(self) -> int: return len(self.points)


class Blocks:
    """The workspace of one block of tokens, m columns each: O(b r + m r) memory.  What its methods give are views of it.

    Where there are fewer columns than monomials of the highest degree g, those are not made: as x_c times one of degree g - 1
    each, they enter a product as rows of degree g - 1 do, with the other side, or what comes out, times x_c.
    """

    def __init__(self, features: Features, m: int, kind: np.dtype[Any], tokens: int):
        d, top = features.d, features.rank - features.below
        self.features, self.m, self.kind = features, m, kind
        self.top = features.top if 2 * m * d < top else []
        self.rows = features.below if self.top else features.rank
        self.size = b = block(self.rows, kind, tokens)
        self._F, self._x, self._u, self._values = (aligned((rows, b), kind) for rows in (self.rows, d, m, m))
        self._slopes, self._spare, self._slope = (aligned((rows, b), kind) for rows in (d * m, d * m, d))

    def ranges(self, tokens: int) -> Iterator[slice]:
        """The blocks of that many tokens."""
        for lo in range(0, tokens, self.size): yield slice(lo, min(lo + self.size, tokens))

    def fill(self, slot: Slot, at: slice) -> Floats:
        """The features of the slot's tokens, as far as they are made; the points stay beside them."""
        x, F = self._cut(self._x, at), self._cut(self._F, at)
        np.multiply(slot.points[at].T, slot.stretch[:, None].astype(self.kind), out=x)
        self.features.fill(x, F)
        return F

    def columns(self, slot: Slot, at: slice) -> Floats:
        """u (m, b) of the slot's tokens: a row of ones, and the values."""
        u = self.space(at)
        assert slot.values is not None
        u[0], u[1:] = 1, slot.values[at].T
        return u

    def space(self, at: slice) -> Floats:
        """Room for the columns (m, b) of as many tokens."""
        return self._cut(self._u, at)

    def moment(self, slot: Slot) -> Floats:
        """The moment (m, r) of all of the slot's tokens, in double precision."""
        found = np.zeros((self.m, self.features.rank))
        for at in self.ranges(slot.tokens): self.gather(found, self.columns(slot, at), self.fill(slot, at))
        return found

    def gather(self, moment: Floats, u: Floats, F: Floats) -> None:
        """moment += u phi(x)^T, of the tokens in F."""
        m, b = u.shape
        step = max(8, SMALL // (m * b) // 8 * 8)
        for lo in range(0, len(F), step): moment[:, lo:lo + step][:, :len(F) - lo] += u @ F[lo:lo + step].T
        for c, first, last, source in self.top:
            left = np.multiply(u, self._x[c, :b], out=self._spare[:m, :b])
            for lo in range(first, last, step):
                hi = min(lo + step, last)
                moment[:, lo:hi] += left @ F[lo - first + source:hi - first + source].T

    def values(self, C: Floats, F: Floats) -> Floats:
        """C phi(x), (m, b), of the tokens in F; C in the type of the data."""
        m, b = len(C), F.shape[1]
        found = _product(C[:, :len(F)], F, self._values[:m, :b], self._spare)
        for c, first, last, source in self.top:
            part = _product(C[:, first:last], F[source:source + last - first], self._slopes[:m, :b], self._spare)
            part *= self._x[c, :b]
            found += part
        return found

    def shifted(self, C: Floats) -> Floats:
        """What `slopes` takes of the coefficients C (m, r): (d m, below), in the type of the data."""
        f = self.features
        found = np.empty((f.d, len(C), f.below), self.kind)
        for c in range(f.d): np.multiply(C[:, f.shifts[c]], f.slopes[c], out=found[c], casting="same_kind")
        return found.reshape(f.d * len(C), f.below)

    def slopes(self, shifted: Floats, F: Floats, u: Floats) -> Floats:
        """The slopes (d, b) of u . C phi(x) in the stretched points."""
        d, (m, b) = self.features.d, u.shape
        if not self.features.below: return np.zeros((d, b), self.kind)
        each = _product(shifted, F[:self.features.below], self._slopes[:, :b], self._spare)
        for c in range(d): np.einsum("mb,mb->b", each[c * m:(c + 1) * m], u, out=self._slope[c, :b])
        return self._slope[:, :b]

    def _cut(self, space: Floats, at: slice) -> Floats:
        return space if at.stop - at.start == self.size else space[:, :at.stop - at.start]


def lay(into: Floats, columns: Floats) -> None:
    """into (b, k) = columns (k, b), transposed: one column at a time, which is quicker for few."""
    for c, column in enumerate(columns): into[:, c] = column


def _product(C: Floats, F: Floats, out: Floats, spare: Floats) -> Floats:
    """C F into out, by products small enough to run without packing."""
    (m, r), b = C.shape, F.shape[1]
    if m >= WIDE or m * r * b <= SMALL: return np.matmul(C, F, out=out)
    if m * r * 64 <= SMALL:                                          # over tokens
        step = SMALL // (m * r) // 64 * 64
        for lo in range(0, b, step): np.matmul(C, F[:, lo:lo + step], out=out[:, lo:lo + step])
        return out
    few = min(b, 512)                                                # over tokens and features
    step = max(16, SMALL // (m * few) // 8 * 8)
    for lo in range(0, b, few):
        part = out[:, lo:lo + few]
        for a in range(0, r, step):
            term = np.matmul(C[:, a:a + step], F[a:a + step, lo:lo + few], out=spare[:m, :part.shape[1]] if a else part)
            if a: part += term
    return out
