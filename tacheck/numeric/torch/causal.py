"""Some items of which row i sees the positions j <= i: by running sums of moments, chunk by chunk of rows.

    M_s[i]  =  the moment of the chunks before  +  sum over j <= i in the chunk of u_j phi(k_j)^T               (m, r) for row i

The gradient takes the chunks backwards: position j has as coefficients the sum over the rows i >= j of
w o U_i phi(x_i)^T o (the others' M[i]).  Nothing is ever subtracted: the moments before each chunk are kept.  Time O(n m r) for
each slot, memory O(c m r + n/c m r) for an item and chunks of c rows.
"""
from __future__ import annotations

from functools import reduce
from operator import mul

import torch
from torch import Tensor

from .moments import Slot, Tables
from .whole import upstream_columns

CHUNK = (4, 64)                                                      # rows, at least and at most
ROOM = {"cpu": 1 << 18, "cuda": 1 << 25}                             # entries of the moments of a chunk's rows


def split(t: Tables, m: int, device: torch.device) -> tuple[int, int]:
    """How many items, and how many rows of each, make a chunk."""
    fit = ROOM[device.type] // (m * t.rank)
    rows = min(max(fit, CHUNK[0]), CHUNK[1])
    return max(1, fit // rows), rows


class Rows:
    """A slot, cut or filled up with zeros to n positions; row-major."""

    def __init__(self, slot: Slot, t: Tables, n: int, kind: torch.dtype):
        self.slot, self.t, self.n, self.kind = slot, t, n, kind

    def features(self, lo: int, hi: int) -> Tensor:
        """phi(x), (items, hi - lo, r)."""
        x = self._padded(self.slot.points, lo, hi) * self.slot.stretch[:, None].to(self.kind)
        phi = x.new_empty(*x.shape[:2], self.t.rank)
        phi[:, :, 0] = 1
        if self.t.rank > 1: phi[:, :, 1:1 + self.t.features.d] = x
        for c, first, last, source in self.t.features.plan[self.t.features.d:]:
            torch.mul(phi[:, :, source:source + last - first], x[:, :, c:c + 1], out=phi[:, :, first:last])
        return phi

    def columns(self, lo: int, hi: int) -> Tensor:
        """u = [1, values], (items, hi - lo, m); 0 where there is no position."""
        assert self.slot.values is not None
        v = self.slot.values
        u = torch.cat([v.new_ones(*v.shape[:2], 1)[:, lo:hi], v[:, lo:hi]], dim=2)
        return self._padded(u, 0, hi - lo, self.slot.keep if self.slot.keep is None else self.slot.keep[:, lo:hi])

    def slopes(self, h: Tensor, phi: Tensor) -> Tensor:
        """The slopes (items, b, d) of h . phi(x) in the points before they are stretched."""
        each = h.index_select(2, self.t.shifts).reshape(*h.shape[:2], *self.t.slopes.shape) * self.t.slopes.to(h.dtype)
        return torch.einsum("ibck,ibk->ibc", each, phi[:, :, :self.t.below]) * self.slot.stretch[:, None]

    def _padded(self, a: Tensor, lo: int, hi: int, keep: Tensor | None = None) -> Tensor:
        part, keep = a[:, lo:hi].to(self.kind), self.slot.keep[:, lo:hi] if keep is None and self.slot.keep is not None else keep
        if keep is not None: part = part.masked_fill(~keep[:, :, None], 0)
        short = hi - lo - part.shape[1]
        return torch.nn.functional.pad(part, (0, 0, 0, short)) if short else part


class Run:
    """The moments that rows of one key slot see, and the moments before each chunk."""

    def __init__(self, rows: Rows, m: int):
        points = rows.slot.points
        self.rows, self.before = rows, [points.new_zeros(len(points), 1, m, rows.t.rank, dtype=torch.float64)]

    def moments(self, chunk: int, lo: int, hi: int) -> tuple[Tensor, Tensor, Tensor]:
        """M (items, b, m, r), and the columns and the features of the chunk's positions."""
        u, phi = self.rows.columns(lo, hi), self.rows.features(lo, hi)
        own = torch.cumsum(u[:, :, :, None] * phi[:, :, None], dim=1)
        if chunk + 1 == len(self.before): self.before.append(self.before[-1] + own[:, -1:])
        return (self.before[chunk] + own).to(u.dtype), u, phi


def outputs(t: Tables, w: Tensor, slots: list[Slot], m: int, kind: torch.dtype, size: int) -> tuple[Tensor, Tensor]:
    """Sums of P (items, n) and outputs (items, n, dv)."""
    n = slots[0].tokens
    queries, runs = Rows(slots[0], t, n, kind), [Run(Rows(slot, t, n, kind), m) for slot in slots[1:]]
    found = []
    for chunk, lo in enumerate(range(0, n, size)):
        hi = min(lo + size, n)
        for run in runs: del run.before[:-2]                         # forward, only the last is needed
        M = reduce(mul, [run.moments(min(chunk, len(run.before) - 1), lo, hi)[0] for run in runs])
        found.append(torch.matmul(M, (queries.features(lo, hi) * w.to(kind))[:, :, :, None])[..., 0])
    sums = torch.cat(found, dim=1)
    return sums[:, :, 0], sums[:, :, 1:] / sums[:, :, :1]


def gradients(t: Tables, w: Tensor, slots: list[Slot], D: Tensor, out: Tensor, upstream: Tensor, size: int) \
        -> tuple[list[Tensor], list[Tensor]]:
    """The gradients in the points of all slots (items, n_s, d), and in the values of the key slots (items, n_s, dv)."""
    n, kind, m = slots[0].tokens, D.dtype, 1 + out.shape[2]
    queries, runs = Rows(slots[0], t, n, kind), [Run(Rows(slot, t, n, kind), m) for slot in slots[1:]]
    dpoints = [slot.points.new_zeros(slot.points.shape) for slot in slots]
    dvalues = [slot.values.new_zeros(slot.values.shape) for slot in slots[1:] if slot.values is not None]
    chunks = [(lo, min(lo + size, n)) for lo in range(0, n, size)]
    for chunk, (lo, hi) in enumerate(chunks[:-1]):
        for run in runs: run.moments(chunk, lo, hi)
    later = [torch.zeros_like(run.before[0]) for run in runs]        # the coefficients from the rows of later chunks
    for chunk, (lo, hi) in reversed(list(enumerate(chunks))):
        phi, U = queries.features(lo, hi), upstream_columns(D[:, lo:hi], out[:, lo:hi], upstream[:, lo:hi], kind).mT
        weighted, seen = phi * w.to(kind), [run.moments(chunk, lo, hi) for run in runs]
        h = torch.einsum("ibm,ibmr->ibr", U, reduce(mul, [M for M, _, _ in seen])) * w.to(kind)
        dpoints[0][:, lo:hi] = queries.slopes(h, phi)
        for s, (run, (_, u, points)) in enumerate(zip(runs, seen)):
            Z = reduce(mul, [M for i, (M, _, _) in enumerate(seen) if i != s], U[:, :, :, None] * weighted[:, :, None])
            total = Z.sum(1, keepdim=True, dtype=torch.float64)
            R = (later[s] + (total - torch.cumsum(Z, dim=1, dtype=torch.float64) + Z)).to(kind)   # from the rows i >= j
            later[s] += total
            some = slice(lo, min(hi, run.rows.slot.tokens))
            count = max(0, some.stop - lo)
            if not count: continue
            dvalues[s][:, some] = torch.matmul(R[:, :, 1:], points[:, :, :, None])[:, :count, :, 0].to(dvalues[s].dtype)
            dpoints[1 + s][:, some] = run.rows.slopes(torch.einsum("ibm,ibmr->ibr", u, R), points)[:, :count].to(dpoints[0].dtype)
    for s, slot in enumerate(slots[1:]):
        if slot.keep is not None: dvalues[s].masked_fill_(~slot.keep[:, :, None], 0)
    return dpoints, dvalues
