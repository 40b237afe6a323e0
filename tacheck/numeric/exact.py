"""Exact attention of any order on arrays, and all its gradients: O(n^(order+1)) time, O(n d + block) memory.

    out_i = sum_{j,l} softmax_{j,l}(scale * sum_c q_ic k1_jc k2_lc) * v1_jc * v2_lc          (order 2; the product is by column)

For each query row the sums over all tuples of positions are taken slab by slab: one matrix product gives the scores of a
slab, and everything else is a product with their exponentials E.  The gradient needs them once, because with
D = sum E, a = -<g, out>/D and b = 1/D, the gradient g of the loss in out_i, w = sum_c g_c v1_c v2_c and z any of the
three products of points,    dLoss/d(score) z = a E z + b E w z,    and both sums are known before a and b are.
"""
from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np

from .arrays import Bools, Floats, Problem, ProblemError, Span, finite

SLAB = 1 << 16                                                       # entries of a slab: half a megabyte, in the L2 cache
ROWS = 16                                                            # of a slab at least, for order 1
REACH = {"f": 20.0, "d": 100.0}                                      # scores within this of 0 need no shift to be safe and exact
FAINT = {"f": 1e-20, "d": 1e-200}                                    # a sum of exponentials below this has lost digits
Progress = Callable[[int], object]


class Gradient(NamedTuple):
    """The gradient of the loss in each array; shapes as the arrays given."""
    q: Floats
    keys: tuple[Floats, ...]
    values: tuple[Floats, ...]


class Result(NamedTuple):
    """out (..., n, dv), logsumexp (..., n), and the gradient if an upstream one was given."""
    out: Floats
    logsumexp: Floats
    gradient: Gradient | None


def solve(p: Problem, progress: Progress | None = None) -> Result:
    """Output, logsumexp and, with an upstream gradient, all gradients.  `progress` hears how many rows were done."""
    out, lse = np.empty((*p.q.shape[:2], p.values[0].shape[2]), p.q.dtype), np.empty(p.q.shape[:2], p.q.dtype)
    zeros = [tuple(map(np.zeros_like, sets)) for sets in ((p.q,), p.keys, p.values)]
    grads = None if p.upstream is None else Gradient(zeros[0][0], zeros[1], zeros[2])
    with np.errstate(all="ignore"):                                  # what overflows is found, and named
        for b in range(len(p.q)):
            task = Item(p, b)
            (_matrix if p.order == 1 else _tensor)(task, out[b], lse[b], progress or (lambda rows: None))
            if grads is not None: grads.q[b] = task.dx * p.scale
            for slot, dk, dv in zip(task.slots, *grads[1:]) if grads else ():
                dk[b, slot.span.positions], dv[b, slot.span.positions] = slot.dpoints, slot.dvalues
    help = f": beyond {p.q.dtype}; " + ("use dtype float64" if p.q.dtype == np.float32 else "scale the inputs down")
    finite("out", out, help)
    def shape(a: Floats) -> Floats: return a.reshape(*p.batch, *a.shape[1:])
    if grads is None: return Result(shape(out), shape(lse), None)
    names = ["dq", *(f"d{letter}{s}" for letter in "kv" for s in range(1, p.order + 1))]
    for name, g in zip(names, (grads.q, *grads.keys, *grads.values)): finite(name, g, help)
    keys, values = (tuple(map(shape, sets)) for sets in (grads.keys, grads.values))
    return Result(shape(out), shape(lse), Gradient(shape(grads.q), keys, values))


# ---- one batch item -------------------------------------------------------------------------------------------------

@dataclass
class Slot:
    """One key set of an item, without the positions that its mask leaves out; with m = 1 + dv."""
    span: Span
    right: Floats                                                    # (n, m + 2 d): [1 | values | points | points]
    across: Floats                                                   # (d, n): points, transposed
    sums: Floats                                                     # (n, dv + 2 d): of one query row, before a and b
    dpoints: Floats                                                  # (n, d), in double precision
    dvalues: Floats                                                  # (n, dv)

    def seen(self, i: int) -> Slot:
        """The part that query row i sees; a view."""
        at = slice(self.span.first[i], self.span.last[i])
        return Slot(self.span, self.right[at], self.across[:, at], self.sums[at], self.dpoints[at], self.dvalues[at])


class Item:
    """One batch item: its scaled queries, its slots, its gradient in the scaled queries, and two slabs of workspace."""

    def __init__(self, p: Problem, b: int):
        self.d, self.dv, self.kind = p.q.shape[2], p.values[0].shape[2], p.q.dtype
        self.x = (p.q[b].astype(float) * p.scale).astype(self.kind)  # a scale may be too small for single precision
        self.g = None if p.upstream is None else p.upstream[b]
        self.dx = np.zeros(self.x.shape)
        self.dense = None if p.dense is None else p.dense[b]
        self.slots = [self.slot(span, k[b][span.positions], v[b][span.positions])
                      for span, k, v in zip(p.spans(b), p.keys, p.values)]
        self.space = np.empty((2, max(SLAB, ROWS * max(len(slot.right) for slot in self.slots))), self.kind)
        reach = np.abs(self.x) @ np.prod([np.abs(slot.across).max(axis=1, initial=0) for slot in self.slots], axis=0)
        for i in np.flatnonzero(~np.isfinite(reach)):
            raise ProblemError(f"query row {i}{p.where(b)}: its scores may lie beyond {self.kind}; scale q or the keys down")
        self.near = reach <= REACH[self.kind.char]
        low = high = np.ones(self.d)                                 # of the products of keys, column by column
        for slot in self.slots:
            ends = [e * end(slot.across, axis=1, initial=0) for e in (low, high) for end in (np.min, np.max)]
            low, high = np.min(ends, axis=0), np.max(ends, axis=0)
        self.ceiling = np.maximum(self.x * low, self.x * high).sum(axis=1)

    def slot(self, span: Span, k: Floats, v: Floats) -> Slot:
        right = np.concatenate([np.ones((len(k), 1), self.kind), v, k, k], axis=1)
        sums = np.zeros((len(k), self.dv + 2 * self.d if self.g is not None else 0), self.kind)
        return Slot(span, right, k.T.copy(), sums, np.zeros(k.shape), np.zeros(v.shape))

    def slab(self, which: int, rows: int, columns: int) -> Floats:
        """A piece of workspace as a matrix."""
        return self.space[which, :rows * columns].reshape(rows, columns)

    def scores(self, X: Floats, slot: Slot, allowed: Bools | None) -> Floats:
        """The scores of a slab of partial products X (t, d) with the last key set; -inf where the dense mask says no."""
        S = np.matmul(X, slot.across, out=self.slab(0, len(X), slot.across.shape[1]))
        if allowed is not None: np.copyto(S, -np.inf, where=~allowed)
        return S


# ---- order 1: blocks of query rows ----------------------------------------------------------------------------------

def _matrix(t: Item, out: Floats, lse: Floats, progress: Progress) -> None:
    """A block of query rows at a time, with every position that one of them sees."""
    slot, m = t.slots[0], 1 + t.dv
    first, last = slot.span.first, slot.span.last
    step = max(ROWS, SLAB // max(1, len(slot.right)))
    for lo in range(0, len(t.x), step):
        rows, at = slice(lo, min(lo + step, len(t.x))), slice(first[lo], last[min(lo + step, len(t.x)) - 1])
        part = Slot(slot.span, slot.right[at], slot.across[:, at], slot.sums, slot.dpoints[at], slot.dvalues[at])
        A = t.scores(t.x[rows], part, None if t.dense is None else t.dense[rows, at])
        if (first[rows] > at.start).any() or (last[rows] < at.stop).any():
            j = np.arange(at.start, at.stop)
            np.copyto(A, -np.inf, where=(j < first[rows, None]) | (j >= last[rows, None]))
        shift = A.max(axis=1, keepdims=True)
        np.exp(np.subtract(A, shift, out=A), out=A)
        T = A @ part.right[:, :m]
        out[rows] = T[:, 1:] / T[:, :1]
        lse[rows] = np.log(T[:, 0]) + shift[:, 0]
        if t.g is not None:
            U = np.concatenate([-(t.g[rows] * out[rows]).sum(axis=1, keepdims=True), t.g[rows]], axis=1) / T[:, :1]
            B = np.matmul(U, part.right[:, :m].T, out=t.slab(1, *A.shape))
            B *= A
            t.dx[rows] = B @ part.right[:, m:m + t.d]
            part.dpoints += B.T @ t.x[rows]
            part.dvalues += A.T @ U[:, 1:]
        progress(rows.stop - rows.start)


# ---- order 2 and more: one query row at a time ----------------------------------------------------------------------

def _tensor(t: Item, out: Floats, lse: Floats, progress: Progress) -> None:
    """For each query row: the sums over all tuples, then their place in the output and the gradients."""
    m, d = 1 + t.dv, t.d
    for i in range(len(t.x)):
        slots = [slot.seen(i) for slot in t.slots]
        allowed = None if t.dense is None else t.dense[i][tuple(slice(s.span.first[i], s.span.last[i]) for s in slots)][None]
        shift = 0.0 if t.near[i] else float(t.ceiling[i])            # no score is greater, so nothing overflows
        R = _row(t, i, slots, allowed, shift)
        if not t.near[i] and R[0] < FAINT[t.kind.char]:
            shift = _peak(t, t.x[i:i + 1], slots, allowed)
            R = _row(t, i, slots, allowed, shift)
        out[i] = R[1:m] / R[0]
        lse[i] = np.log(R[0]) + shift
        if t.g is not None:
            b, a = 1 / R[0], -float(t.g[i] @ (R[1:m] / R[0])) / R[0]
            t.dx[i] = a * R[m:m + d] + b * R[m + d:]
            for slot in slots:
                slot.dvalues += b * slot.sums[:, :t.dv]
                slot.dpoints += a * slot.sums[:, t.dv:-d] + b * slot.sums[:, -d:]
        progress(1)


def _row(t: Item, i: int, slots: list[Slot], allowed: Bools | None, shift: float) -> Floats:
    """`_sums` of one query row, the slots' shares begun at 0."""
    for slot in slots: slot.sums[:] = 0
    found: Floats = _sums(t, t.x[i:i + 1], None if t.g is None else t.g[i:i + 1], slots, allowed, shift)[0]
    return found


def _sums(t: Item, X: Floats, W: Floats | None, slots: list[Slot], allowed: Bools | None, shift: float) -> Floats:
    """For each partial product x in X (t, d), w in W (t, dv), the sums over all tuples of the slots' positions

        [sum E | sum E prod v | sum E prod k | sum E (sum_c w_c prod v_c) prod k],   E = exp(sum_c x_c prod k_c - shift),

    of width m + 2 d (only the first m where W is None); each slot adds its own share to its `sums`."""
    m, first = 1 + t.dv, slots[0]
    if len(slots) == 1: return _last(t, X, W, first, allowed, shift)
    width = m if W is None else m + 2 * t.d
    found = np.zeros((len(X), width))
    for r, x in enumerate(X):
        for at in _slabs(slots):
            points, values = first.right[at, m:m + t.d], first.right[at, 1:m]
            dense = None if allowed is None else allowed[r, at]
            R = _sums(t, points * x, None if W is None else values * W[r], slots[1:], dense, shift)
            found[r] += np.einsum("jc,jc->c", first.right[at, :width], R)
            if W is not None: first.sums[at] += R[:, 1:] * np.concatenate([W[r], x, x])
    return found


def _last(t: Item, X: Floats, W: Floats | None, slot: Slot, allowed: Bools | None, shift: float) -> Floats:
    """`_sums` over one slot: where the time goes."""
    m, d, E = 1 + t.dv, t.d, t.scores(X, slot, allowed)
    if shift: E -= shift
    np.exp(E, out=E)
    if W is None: return E @ slot.right[:, :m]
    R = np.empty((len(X), m + 2 * d), t.kind)
    R[:, :m + d] = E @ slot.right[:, :m + d]
    slot.sums[:, :-d] += E.T @ np.concatenate([W, X], axis=1)
    B = np.matmul(W, slot.right[:, 1:m].T, out=t.slab(1, *E.shape))
    B *= E
    R[:, m + d:] = B @ slot.right[:, m:m + d]
    slot.sums[:, -d:] += B.T @ X
    return R


def _peak(t: Item, X: Floats, slots: list[Slot], allowed: Bools | None) -> float:
    """The largest score of the slots' tuples with one of the partial products X."""
    if len(slots) == 1: return float(t.scores(X, slots[0], allowed).max())
    points = slots[0].right[:, 1 + t.dv:1 + t.dv + t.d]
    return max(_peak(t, points[at] * x, slots[1:], None if allowed is None else allowed[r, at])
               for r, x in enumerate(X) for at in _slabs(slots))


def _slabs(slots: list[Slot]) -> list[slice]:
    """The first slot's positions, as many at a time as fill a slab with the last one's."""
    n, step = len(slots[0].right), max(1, SLAB // len(slots[-1].right))
    return [slice(lo, min(lo + step, n)) for lo in range(0, n, step)]
