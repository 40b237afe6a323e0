"""Some items of which every query row sees every position: outputs and gradients by the moments of three (or more) slots.

The formulas are those of `numeric/fast.py`.
"""
from __future__ import annotations

from functools import reduce
from operator import mul

import torch
from torch import Tensor

from .moments import Blocks, Slot, gather


def outputs(blocks: Blocks, w: Tensor, slots: list[Slot], sizes: list[Tensor]) -> tuple[Tensor, Tensor, list[Tensor]]:
    """Means of P over tuples (items, n), outputs (items, n, dv) and the moments of the key slots over their sizes (items,)."""
    rows, moments = slots[0], [blocks.moment(slot) / size[:, None, None] for slot, size in zip(slots[1:], sizes)]
    C = reduce(mul, moments, w).to(blocks.kind)
    D = rows.points.new_empty(rows.points.shape[:2], dtype=blocks.kind)
    out = rows.points.new_empty(*rows.points.shape[:2], blocks.m - 1, dtype=blocks.kind)
    for at in blocks.ranges(rows.tokens):
        sums = torch.bmm(C, blocks.fill(rows, at))
        D[:, at] = sums[:, 0]
        out[:, at] = (sums[:, 1:] / sums[:, :1]).mT
    return D, out, moments


def gradients(blocks: Blocks, w: Tensor, slots: list[Slot], sizes: list[Tensor], moments: list[Tensor], D: Tensor, out: Tensor,
              upstream: Tensor) -> tuple[list[Tensor], list[Tensor]]:
    """The gradients in the points of all slots (items, n_s, d), and in the values of the key slots (items, n_s, dv)."""
    rows = slots[0]
    dpoints = [torch.empty_like(slot.points, memory_format=torch.contiguous_format) for slot in slots]
    dvalues = [slot.values.new_empty(slot.values.shape) for slot in slots[1:] if slot.values is not None]
    shifted, above = blocks.shifted(reduce(mul, moments, w)), torch.zeros_like(moments[0])
    for at in blocks.ranges(rows.tokens):
        F, U = blocks.fill(rows, at), upstream_columns(D[:, at], out[:, at], upstream[:, at], blocks.kind)
        above += gather(U, F)
        dpoints[0][:, at] = (blocks.slopes(shifted, F, U) * rows.stretch[:, :, None]).mT
    for s, slot in enumerate(slots[1:]):
        C = reduce(mul, [*moments[:s], *moments[s + 1:]], w * above) / sizes[s][:, None, None]
        shifted, C = blocks.shifted(C), C[:, 1:].to(blocks.kind)
        for at in blocks.ranges(slot.tokens):
            F, u = blocks.fill(slot, at), blocks.columns(slot, at)
            dvalues[s][:, at] = torch.bmm(C, F).mT
            dpoints[1 + s][:, at] = (blocks.slopes(shifted, F, u) * slot.stretch[:, :, None]).mT
        if slot.keep is not None: dvalues[s].masked_fill_(~slot.keep[:, :, None], 0)
    return dpoints, dvalues


def upstream_columns(D: Tensor, out: Tensor, upstream: Tensor, kind: torch.dtype) -> Tensor:
    """U = [-G . out; G] / D, (items, m, b), of some rows."""
    G = upstream.to(kind)
    return (torch.cat([-(G * out).sum(2, keepdim=True), G], dim=2) / D[:, :, None]).mT
