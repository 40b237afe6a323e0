"""The fast path where query rows see different positions: causal and sliding windows, by running sums of moments.

Rows are taken in chunks, positions in blocks of the same size.  The blocks that every row of a chunk sees are its core; their
moments are a running sum: blocks that enter are added, blocks that leave subtracted, in twice the working precision, so that
nothing is lost when large ones leave.  The few positions at the edges, which only some rows of the chunk see, are summed for
each row apart, by a product with the 0/1 matrix S of who sees what.  So the sums are those of the spans, without cancellation:

    M_s[i]  =  core moment of set s  +  sum over the edge positions j of S_ij u_j phi(k_j)^T                    (m, r) for row i

The gradient takes the chunks backwards.  With Z_s[i] = w o U_i phi(x_i)^T o (the others' M[i]), the coefficients of position j
are the sum of Z_s[i] over the rows that see j: of whole chunks by a running sum again, from when j's block enters the core of
a chunk until it leaves, and at the edges by S^T Z.  Time O(n m r c), memory O(c m r), for chunks of c rows; with windows of w
positions O(w / c m r) more for the gradient, and c is at least sqrt(w).
"""
from __future__ import annotations

from functools import reduce
from math import isqrt
from operator import mul
from typing import Any, NamedTuple

import numpy as np

from .arrays import Floats, Ints, Span
from .features import Features
from .item import Item
from .moments import Slot

CHUNK = (8, 32)                                                      # rows of a chunk, at least and at most (without windows)
ROOM = 1 << 18                                                       # entries of the moments of a chunk's rows
TOKENS = 256                                                         # whose features are made at once


class Double:
    """A sum of arrays in twice the working precision: an unevaluated sum of two."""

    def __init__(self, shape: tuple[int, ...]):
        self.high, self.low = np.zeros(shape), np.zeros(shape)

    def add(self, a: Floats) -> None:
        """What rounding takes off is kept (Knuth's two-sum)."""
        total = self.high + a
        part = total - self.high
        self.low += (self.high - (total - part)) + (a - part)
        self.high = total

    def less(self, past: tuple[Floats, Floats] | None) -> Floats:
        """The sum, less an earlier one."""
        found: Floats = self.high + self.low if past is None else (self.high - past[0]) + (self.low - past[1])
        return found


class Tokens:
    """The features of a slot's tokens, row by row, kept for a few neighbourhoods."""

    def __init__(self, slot: Slot, f: Features, kind: np.dtype[Any]):
        self.slot, self.f, self.kind, self.kept = slot, f, kind, dict[int, Floats]()

    def features(self, lo: int, hi: int) -> Floats:
        """(hi - lo, r)."""
        parts = [self._part(p)[max(lo - p * TOKENS, 0):hi - p * TOKENS] for p in range(lo // TOKENS, -(-hi // TOKENS))]
        return parts[0] if len(parts) == 1 else np.concatenate(parts) if parts else np.empty((0, self.f.rank), self.kind)

    def _part(self, p: int) -> Floats:
        if p in self.kept: return self.kept[p]
        while len(self.kept) >= 4: self.kept.pop(next(iter(self.kept)))
        x = np.ascontiguousarray((self.slot.points[p * TOKENS:(p + 1) * TOKENS] * self.slot.stretch).T, self.kind)
        F = np.empty((self.f.rank, x.shape[1]), x.dtype)
        self.f.fill(x, F)
        self.kept[p] = np.ascontiguousarray(F.T)
        return self.kept[p]

    def slopes(self, h: Floats, phi: Floats) -> Floats:
        """The slopes (b, d) of h . phi(x), for h and phi (b, r), in the points before they are stretched."""
        f = self.f
        each = np.take(h, f.shifts.reshape(-1), axis=1).reshape(len(h), f.d, f.below)
        each *= f.slopes.astype(h.dtype)
        found: Floats = np.matmul(each, phi[:, :f.below, None])[:, :, 0]
        return found * self.slot.stretch


class Set(Tokens):
    """One key set: its core, and the sums of coefficients of its blocks."""

    def __init__(self, slot: Slot, f: Features, kind: np.dtype[Any], span: Span, size: int, m: int):
        super().__init__(slot, f, kind)
        self.first, self.last, self.size = span.first, span.last, size
        self.a = self.b = 0                                          # the core is blocks a, ..., b - 1
        self.core, self.sums = Double((m, f.rank)), Double((m, f.rank))
        self.past = dict[int, tuple[Floats, Floats]]()               # of the sums, when a block entered the core

    def columns(self, lo: int, hi: int) -> Floats:
        """u, (hi - lo, m)."""
        assert self.slot.values is not None
        v = self.slot.values[lo:hi].astype(self.kind, copy=False)
        return np.concatenate([np.ones((len(v), 1), v.dtype), v], axis=1)

    def limits(self, block: int) -> tuple[int, int]:
        """Where a block of positions begins and ends."""
        return block * self.size, min((block + 1) * self.size, self.slot.tokens)

    def turn(self, lo: int, hi: int) -> tuple[range, range]:
        """Make the core that of rows lo:hi.  What was in it and left, and what entered, where rows are taken backwards."""
        old, whole = range(self.a, self.b), -(-self.slot.tokens // self.size)
        a = -(-int(self.first[hi - 1]) // self.size)
        b = max(a, whole if self.last[lo] == self.slot.tokens else int(self.last[lo]) // self.size)
        if not old: self.a, self.b, self.core = a, a, Double(self.core.high.shape)
        for block in (*range(self.b, b), *range(a, self.a)): self._count(block, 1)
        for block in (*range(b, self.b), *range(self.a, a)): self._count(block, -1)
        self.a, self.b = a, b
        return range(max(b, old.start), old.stop), range(a, min(b, old.start) if old else b)

    def _count(self, block: int, sign: int) -> None:
        at = self.limits(block)
        self.core.add(sign * (self.columns(*at).T @ self.features(*at)).astype(float))

    def edge(self, lo: int, hi: int) -> Edge:
        """The positions outside the core that some row of lo:hi sees."""
        begin, end = int(self.first[lo]), int(self.last[hi - 1])
        cut = (self.limits(self.a)[0], self.limits(self.b - 1)[1]) if self.a < self.b else (end, end)
        parts = [(x, y) for x, y in ((begin, cut[0]), (cut[1], end)) if x < y] or [(begin, begin)]
        at = np.concatenate([np.arange(x, y) for x, y in parts])
        who = (at >= self.first[lo:hi, None]) & (at < self.last[lo:hi, None])
        phi, u = (np.concatenate([of(x, y) for x, y in parts]) for of in (self.features, self.columns))
        return Edge(at, who.astype(phi.dtype), phi, u)

    def moments(self, edge: Edge) -> Floats:
        """What each row of the chunk sees: (rows, m, r)."""
        rows, m = len(edge.who), edge.u.shape[1]
        found = (edge.who[:, None, :] * edge.u.T).reshape(rows * m, len(edge.at)) @ edge.phi
        found = found.reshape(rows, m, -1)
        found += self.core.less(None)
        return found

    def settle(self, t: Item, s: int, at: Ints | slice, R: Floats, phi: Floats, u: Floats) -> None:
        """Add to the gradients of positions `at` what coefficients R, (m, r) or one for each (b, m, r), make of them."""
        if R.ndim == 2: values, h = phi @ R[1:].T, u @ R
        else: values, h = np.matmul(R[:, 1:], phi[:, :, None])[:, :, 0], np.matmul(u[:, None, :], R)[:, 0]
        t.dvalues[s][at] += values
        t.dpoints[1 + s][at] += self.slopes(h, phi)

    def leave(self, t: Item, s: int, blocks: range) -> None:
        """Blocks that no row before sees whole: what the rows since they entered make of them."""
        for block in blocks:
            lo, hi = self.limits(block)
            R = self.sums.less(self.past.pop(block, None)).astype(self.kind)
            self.settle(t, s, slice(lo, hi), R, self.features(lo, hi), self.columns(lo, hi))


class Edge(NamedTuple):
    """Positions that some rows of a chunk see: where they are, who sees them (rows, b), their phi (b, r) and u (b, m)."""
    at: Ints
    who: Floats
    phi: Floats
    u: Floats


def sliding(t: Item, f: Features, w: Floats, kind: np.dtype[Any]) -> None:
    """Output, logsumexp and gradients of an item whose rows see what its spans say, computed in type `kind`."""
    m, n, r = 1 + t.out.shape[1], t.slots[0].tokens, f.rank
    reach = max(int((span.last - span.first).max()) for span in t.spans) if any(span.first.any() for span in t.spans) else 0
    size = max(min(max(ROOM // (m * r), CHUNK[0]), CHUNK[1]), isqrt(reach))
    rows = Tokens(t.slots[0], f, kind)
    sets = [Set(slot, f, kind, span, size, m) for slot, span in zip(t.slots[1:], t.spans)]
    chunks = [(lo, min(lo + size, n)) for lo in range(0, n, size)]
    if t.loss is None:
        for lo, hi in chunks:
            for one in sets: one.turn(lo, hi)
            _outputs(t, lo, hi, reduce(mul, [one.moments(one.edge(lo, hi)) for one in sets]), rows.features(lo, hi) * w)
        return
    for lo, hi in reversed(chunks): _backwards(t, lo, hi, rows, sets, w)
    for s, one in enumerate(sets): one.leave(t, s, range(one.a, one.b))


def _outputs(t: Item, lo: int, hi: int, M: Floats, phi: Floats) -> Floats:
    """[D; out] (m, rows) of a chunk, from the products M (rows, m, r) of moments and the weighted features of its queries."""
    sums = np.ascontiguousarray(np.matmul(M, phi.astype(M.dtype)[:, :, None])[:, :, 0].T)
    t.progress(hi - lo)
    return t.normalised(sums, slice(lo, hi), 1)


def _backwards(t: Item, lo: int, hi: int, rows: Tokens, sets: list[Set], w: Floats) -> None:
    """The chunk's outputs, and all that its rows add to gradients."""
    for s, one in enumerate(sets):
        left, entered = one.turn(lo, hi)
        one.leave(t, s, left)
        if one.sums.high.any(): one.past |= {block: (one.sums.high, one.sums.low.copy()) for block in entered}
    phi, at = rows.features(lo, hi), slice(lo, hi)
    weighted = (phi * w).astype(phi.dtype)
    edges = [one.edge(lo, hi) for one in sets]
    M = [one.moments(edge) for one, edge in zip(sets, edges)]
    product = reduce(mul, M)
    sums = _outputs(t, lo, hi, product, weighted)
    U = np.ascontiguousarray(t.columns(sums, at, np.empty_like(sums)).T)
    h = np.matmul(U[:, None, :], product)[:, 0] * w
    t.dpoints[0][at] = rows.slopes(h.astype(phi.dtype), phi)
    Z0 = U[:, :, None] * weighted[:, None, :]
    for s, (one, edge) in enumerate(zip(sets, edges)):
        Z = reduce(mul, M[:s] + M[s + 1:], Z0).reshape(hi - lo, -1)
        R = (edge.who.T @ Z).reshape(len(edge.at), *Z0.shape[1:])
        one.settle(t, s, edge.at, R, edge.phi, edge.u)
        if one.a < one.b: one.sums.add(Z.sum(axis=0, dtype=float).reshape(Z0.shape[1:]))
