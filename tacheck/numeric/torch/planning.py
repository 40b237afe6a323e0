"""What the tensors are, checked, and which polynomial stays within the error on them: all that needs their entries, in one look.

The range of the scores is certified as in `numeric/plan.py`, by the ranges of the columns of the keys: computed where the
tensors live, in double precision, widened by what rounding may have taken; a few numbers are then read from the device.
"""
from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from fractions import Fraction
from math import inf, isfinite, log2, prod
from typing import Any

import numpy as np
import torch
from torch import Tensor

from .. import bounds
from ..arrays import Problem, ProblemError, shaped
from ..door import CLAIMS, ErrorBound, exact_rounding
from ..features import rank
from ..plan import EPS, MARGIN, Plan, exact_seconds, fast_seconds, polynomial, rounding

KINDS: dict[torch.dtype, np.dtype[Any]] = {torch.float32: np.dtype(np.float32), torch.float64: np.dtype(np.float64)}
ROWS = 1 << 22                                                       # entries of a block of queries


@dataclass(frozen=True)
class Look:
    """What is seen of the entries.  Tensors stay on their device."""
    lower: float                                                     # of all scores: certified
    upper: float
    terms: float                                                     # of a score, the sum of their sizes is at most
    tops: Tensor                                                     # (1 + order, items, d): the largest |entry| of each column
    sizes: list[Tensor]                                              # (items,) each: positions of a key set that take part


def check(q: Tensor, keys: Sequence[Tensor], values: Sequence[Tensor], masks: Sequence[Tensor | None]) -> None:
    """Raises ProblemError for what is no problem, whatever the entries are."""
    if not keys or len(values) != len(keys):
        raise ProblemError(f"{len(keys)} key sets and {len(values)} value sets: each key set needs its values, and one is needed")
    if len(masks) != len(keys): raise ProblemError(f"{len(masks)} masks and {len(keys)} key sets: each needs a mask or None")
    named = {"query": q} | {f"k{s}": k for s, k in enumerate(keys, 1)} | {f"v{s}": v for s, v in enumerate(values, 1)}
    for name, a in (named | {f"mask{s}": m for s, m in enumerate(masks, 1) if m is not None}).items():
        if not isinstance(a, Tensor): raise ProblemError(f"{name} is a {type(a).__name__}; a torch tensor is needed")
        if a.device != q.device: raise ProblemError(f"{name} is on {a.device} and query on {q.device}: bring them together")
    if q.device.type not in ("cpu", "cuda"): raise ProblemError(f"query is on {q.device}: cpu and cuda are supported")
    for name, a in named.items():
        if a.dtype not in KINDS: raise ProblemError(f"{name} has dtype {a.dtype}; float32 or float64 is needed: convert it")
        if a.dtype != q.dtype: raise ProblemError(f"{name} has dtype {a.dtype} and query {q.dtype}: convert one of them")
    if q.ndim < 2 or not q.shape[-1]: raise ProblemError(f"query has shape {tuple(q.shape)}; it must be (..., n, d), d > 0")
    *batch, _, d = q.shape
    for s, (k, v, mask) in enumerate(zip(keys, values, masks), 1):
        _shaped(f"k{s}", k, (*batch, f"n{s}", d), f"query of shape {tuple(q.shape)}")
        if not k.shape[-2]: raise ProblemError(f"k{s} has shape {tuple(k.shape)}: no positions, and a softmax needs at least one")
        _shaped(f"v{s}", v, (*batch, k.shape[-2], "dv" if s == 1 else values[0].shape[-1]), f"k{s} of shape {tuple(k.shape)}")
        if not v.shape[-1]: raise ProblemError(f"v{s} has shape {tuple(v.shape)}: dv = 0 columns leave no output")
        if mask is None: continue
        if mask.dtype != torch.bool:
            raise ProblemError(f"mask{s} has dtype {mask.dtype}; it must be bool, True where a position takes part")
        _shaped(f"mask{s}", mask, (*batch, k.shape[-2]), f"k{s} of shape {tuple(k.shape)}")


def _shaped(name: str, a: Tensor, wanted: Sequence[int | str], beside: str) -> None:
    shaped(name, np.broadcast_to(np.zeros(()), tuple(a.shape)), wanted, beside)


@torch.no_grad()
def look(q: Tensor, keys: Sequence[Tensor], values: Sequence[Tensor], masks: Sequence[Tensor | None], scale: float,
         causal: bool) -> Look:
    """Of one leading axis: q (items, n, d), masks (items, n_s).  O(size of the tensors), and one transfer of few numbers.

    Raises ProblemError for nan and inf where they take part, for rows that see nothing, and for scores beyond double precision.
    """
    ends = [_ends(k, mask) for k, mask in zip(keys, masks)]
    low = high = torch.ones_like(ends[0][0])
    for pair in ends:
        corners = torch.stack([a * b for a in (low, high) for b in pair])
        low, high = corners.amin(0), corners.amax(0)
    largest = torch.stack([torch.maximum(-lo, hi) for lo, hi in ends])
    bits = torch.where(largest > 0, largest, 1.0).log2().abs().sum(0) + (abs(log2(abs(scale))) if scale else 0.0)
    far = ((bits > 900) & (largest > 0).all(0)).any()                # a product of them may underflow
    low, high = torch.minimum(low * scale, high * scale), torch.maximum(low * scale, high * scale)
    size, step = torch.maximum(-low, high), max(1, ROWS // max(1, q.shape[0] * q.shape[2]))
    found = []
    for at in range(0, q.shape[1], step):
        x = q[:, at:at + step].double()
        above, below = x.clamp(min=0), x.clamp(max=0)
        lower = (above * low[:, None] + below * high[:, None]).sum(2).amin()
        upper = (above * high[:, None] + below * low[:, None]).sum(2).amax()
        found.append(torch.stack([lower, -upper, -(x.abs() * size[:, None]).sum(2).amax()]))
    seen = [m[:, 0] if causal else m.any(1) for m in masks if m is not None]
    empty = torch.stack([~s.all() for s in seen]).any() if seen else torch.zeros((), dtype=torch.bool, device=q.device)
    odd = torch.stack([~_finite(v, mask) for v, mask in zip(values, masks)]).any()
    lower, upper, most, *bad = torch.cat([torch.stack(found).amin(0), torch.stack([empty, odd, far]).double()]).tolist()
    slack = -most * (2 * q.shape[2] + len(keys) + 9) * EPS + 1e-300
    if bad[0]: _nothing_left(masks, causal)
    if bad[1] or bad[2] or not isfinite(upper + lower): _explain(q, keys, values, masks)
    tops = torch.cat([q.double().abs().amax(1)[None], largest])
    sizes = [k.new_full((len(k),), k.shape[1], dtype=torch.float64) if mask is None else mask.sum(1).double()
             for k, mask in zip(keys, masks)]
    return Look(lower - slack, -upper + slack, -most + slack, tops, sizes)


def _ends(a: Tensor, mask: Tensor | None) -> tuple[Tensor, Tensor]:
    """The least and greatest entry of each column that takes part, (items, d), in double precision."""
    if mask is None: return a.amin(1).double(), a.amax(1).double()
    out = ~mask[:, :, None]
    return a.masked_fill(out, inf).amin(1).double(), a.masked_fill(out, -inf).amax(1).double()


def _finite(a: Tensor, mask: Tensor | None) -> Tensor:
    low, high = _ends(a, mask)
    return torch.isfinite(low).all() & torch.isfinite(high).all()


def _nothing_left(masks: Sequence[Tensor | None], causal: bool) -> None:
    for s, mask in enumerate(masks, 1):
        if mask is None: continue
        for item in torch.nonzero(~(mask[:, 0] if causal else mask.any(1))).flatten().tolist():
            also = " beside is_causal" if causal else ""
            raise ProblemError(f"item {item}: mask{s}{also} leaves query row 0 nothing in k{s}; let every row see one position")


def _explain(q: Tensor, keys: Sequence[Tensor], values: Sequence[Tensor], masks: Sequence[Tensor | None]) -> None:
    named = [("query", q, None), *((f"{letter}{s}", a, mask) for letter, sets in (("k", keys), ("v", values))
                                   for s, (a, mask) in enumerate(zip(sets, masks), 1))]
    for name, a, mask in named:
        bad = ~torch.isfinite(a if mask is None else a.masked_fill(~mask[:, :, None], 0))
        for at in torch.nonzero(bad)[:1].tolist():
            raise ProblemError(f"{name} has {a[tuple(at)].item()} at {tuple(at)} (item, row, column); entries must be finite")
    raise ProblemError("the scores may lie beyond double precision; scale the query or the keys down")


def stretches(tops: Tensor, scale: float, most: int = 126) -> Tensor:
    """Powers of two (1 + order, items, d), of product 1, that bring the largest entries of a column close; scaled in slot 0.

    1 where a power of more than `most` would be needed: 126 for single precision.
    """
    some = tops > 0
    size = torch.where(some, tops, 1.0).log2()
    if scale: size[0] += log2(abs(scale))
    aim = torch.where(some.all(0), size.mean(0), 0.0)                # beside a column of zeros, 1 is as good
    powers = torch.where(some, (aim - size).round(), 0.0)
    rest = some.long().argmin(0, keepdim=True)                       # a slot of zeros, else slot 0, takes what is left
    powers = powers.scatter_add(0, rest, -powers.sum(0, keepdim=True))
    far = powers.abs().amax((0, 2), keepdim=True) > most
    found = torch.where(far, 1.0, powers.clamp(-most, most).exp2())
    found[0] *= scale
    return found


def meet(lower: float, upper: float, error: Fraction, derivative: bool, d: int, order: int, kind: Any, max_rank: int,
         terms: float) -> Plan:
    """The plan for scores between these ends, of terms whose sizes sum up to `terms`.

    Raises ProblemError, with the numbers, where there is none.
    """
    first = polynomial(lower, upper, error * MARGIN if derivative else error, derivative)
    if (r := rank(d, first.degree)) > max_rank:
        raise ProblemError(f"scores up to {float(first.radius):.4g} in d = {d} columns need degree {first.degree}, rank {r}, for "
                           f"error {float(error):.3g}; max_rank is {max_rank}: allow a larger error or rank, scale or clip the "
                           "query and the keys, use narrower heads, or method exact")
    candidates = [first]
    if first.centre: candidates.append(polynomial(lower, upper, error * MARGIN if derivative else error, derivative, False))
    for one in candidates:
        for dtype in dict.fromkeys((kind, np.dtype(np.float64))):
            allowance = rounding(one, d, order, dtype, terms)
            if max(allowance, one.delta, one.delta_prime or 0) > error or rank(d, one.degree) > max_rank: continue
            return Plan(one, rank(d, one.degree), dtype, allowance)
    raise ProblemError(f"error {float(error):.3g} is less than rounding may take in float64 on scores up to "
                       f"{float(first.radius):.4g} with terms up to {terms:.4g}: allow a larger error, scale the query "
                       "and the keys down, or use method exact")


def cheaper(plan: Plan, q: Tensor, keys: Sequence[Tensor], dv: int, causal: bool, derivative: bool) -> bool:
    """Whether the fast path is, by the cost model of `numeric/plan.py`: of the shapes alone."""
    def like(*shape: int) -> Any: return np.broadcast_to(np.zeros((), KINDS[q.dtype].char), shape)
    values = tuple(like(*k.shape[:2], dv) for k in keys)
    p = Problem(like(*q.shape), tuple(like(*k.shape) for k in keys), values, None, 1.0, causal, None, (None,) * len(keys), None,
                ())
    return fast_seconds(p, plan, derivative) < exact_seconds(p, derivative)


def exact_kind(error: Fraction | None, d: int, order: int, terms: float, dtype: torch.dtype) -> tuple[torch.dtype, float]:
    """In which type exact attention keeps the error, and what rounding may do to a weight there.  Raises ProblemError."""
    for kind in dict.fromkeys((dtype, torch.float64)):
        allowance = exact_rounding(d, order, terms, KINDS[kind])
        if error is None or allowance <= error: return kind, allowance
    asked = None if error is None else float(error)
    raise ProblemError(f"error {asked} is less than rounding may take in float64, {allowance:.2g}: allow a larger error, or "
                       "leave it out")


@torch.no_grad()
def bound(plan: Plan | None, error: Fraction | None, values: Sequence[Tensor], masks: Sequence[Tensor | None],
          exact: float = 0.0) -> ErrorBound:
    """What is certified of the output; a gradient's own bound needs the upstream one, and `tacheck.gradient` gives it.

    exact: what rounding may do to a weight of exact attention, where there is no plan.
    """
    ends = [tuple(a.cpu().numpy() for a in _ends(v, mask)) for v, mask in zip(values, masks)]
    low, high = bounds.products([(a, b) for a, b in ends], values[0].shape[2])
    largest = float(prod(np.maximum(-a, b).max(initial=0) for a, b in ends))
    eps, asked = float(torch.finfo(values[0].dtype).eps), None if error is None else float(error)
    under = float(torch.finfo(values[0].dtype).tiny) if largest else 0.0
    if plan is None:
        allowance = (2 * exact + eps) * largest + under
        return ErrorBound("exact", asked, None, None, None, None, None, None, 0.0, None, allowance, (), True)
    used = plan.polynomial
    output = float(bounds.output_worst(low, high, used.delta).max(initial=0))
    return ErrorBound("fast", asked, float(used.radius), float(used.centre), used.degree, plan.rank, used.delta, used.delta_prime,
                      output, None, (2 * plan.rounding + eps) * largest + under, CLAIMS, True)
