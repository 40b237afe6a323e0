"""Attention with a polynomial as one node of torch's graph, whose backward is the exact gradient in the same moments."""
from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor

from . import causal, whole
from .moments import Blocks, Slot, Tables, split


@dataclass(frozen=True)
class Task:
    """What is not differentiated."""
    tables: Tables
    weights: Tensor                                                  # w_al (r,), double
    kind: torch.dtype                                                # to compute in
    stretch: Tensor                                                  # (1 + order, items, d), slot 0 with the scale
    sizes: list[Tensor]                                              # (items,) of each key set
    masks: list[Tensor | None]                                       # (items, n_s)
    causal: bool

    def slots(self, q: Tensor, keys: tuple[Tensor, ...], values: tuple[Tensor, ...], at: slice) -> list[Slot]:
        """Those of some items."""
        found = [Slot(q, self.stretch[0]), *(Slot(k, s, v, m) for k, s, v, m in zip(keys, self.stretch[1:], values, self.masks))]
        return [slot.part(at) for slot in found]

    def chunks(self, m: int, q: Tensor, keys: tuple[Tensor, ...]) -> tuple[list[slice], int]:
        """Which items go together, and how many tokens of each."""
        longest = max(a.shape[1] for a in (q, *keys))
        if self.causal: items, size = causal.split(self.tables, m, q.device)
        else: items, size = split(self.tables, m, longest, self.kind, q.device)
        items = min(items, len(q))
        return [slice(lo, lo + items) for lo in range(0, len(q), items)], size


@contextmanager
def full_precision(device: torch.device) -> Iterator[None]:
    """Neither autocast nor TF32: both would take digits that the error bound counts on."""
    before = torch.get_float32_matmul_precision()
    if before != "highest": torch.set_float32_matmul_precision("highest")
    try:
        with torch.autocast(device.type, enabled=False): yield
    finally:
        if before != "highest": torch.set_float32_matmul_precision(before)


class PolynomialAttention(torch.autograd.Function):
    """out (items, n, dv) of a task, q (items, n, d), then keys and values (items, n_s, d or dv)."""

    @staticmethod
    def forward(ctx: Any, task: Task, q: Tensor, *sets: Tensor) -> Tensor:
        keys, values = sets[:len(sets) // 2], sets[len(sets) // 2:]
        m, found = 1 + values[0].shape[2], list[tuple[Tensor, Tensor, list[Tensor]]]()
        with full_precision(q.device):
            parts, size = task.chunks(m, q, keys)
            blocks = None if task.causal else Blocks(task.tables, parts[0].stop, size, m, task.kind, q.device)
            for at in parts:
                slots = task.slots(q, keys, values, at)
                if blocks is None: found.append((*causal.outputs(task.tables, task.weights, slots, m, task.kind, size), []))
                else: found.append(whole.outputs(blocks, task.weights, slots, [s[at] for s in task.sizes]))
        D, out = torch.cat([part[0] for part in found]), torch.cat([part[1] for part in found])
        moments = [torch.cat(each) for each in zip(*(part[2] for part in found))]
        ctx.task, ctx.count = task, len(sets)
        ctx.save_for_backward(q, *sets, D, out, *moments)
        return out.to(q.dtype, copy=True) if out.dtype != q.dtype else out

    @staticmethod
    def backward(ctx: Any, upstream: Tensor) -> tuple[Tensor | None, ...]:
        if torch.is_grad_enabled():                                  # torch would take the second derivative as 0, in places
            raise RuntimeError("tensor attention is differentiable once, and create_graph=True asks for more: use method exact")
        task, (q, *rest) = ctx.task, ctx.saved_tensors
        sets, (D, out, *moments) = tuple(rest[:ctx.count]), rest[ctx.count:]
        keys, values = sets[:len(sets) // 2], sets[len(sets) // 2:]
        m, found = out.shape[2] + 1, []
        with full_precision(q.device):
            parts, size = task.chunks(m, q, keys)
            blocks = None if task.causal else Blocks(task.tables, parts[0].stop, size, m, task.kind, q.device)
            for at in parts:
                slots, given = task.slots(q, keys, values, at), (D[at], out[at], upstream[at])
                if blocks is None: points, columns = causal.gradients(task.tables, task.weights, slots, *given, size)
                else:
                    means = [M[at] for M in moments]
                    points, columns = whole.gradients(blocks, task.weights, slots, [s[at] for s in task.sizes], means, *given)
                found.append((*points, *columns))
        return (None, *(torch.cat(each) for each in zip(*found)))
