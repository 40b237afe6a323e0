"""`tensor_attention`: a function of torch tensors, in the manner of `scaled_dot_product_attention`."""
from __future__ import annotations

from collections.abc import Sequence
from math import prod
from typing import Any

import torch
from torch import Tensor

from ..arrays import ProblemError, scale_of
from ..door import METHODS, asked
from . import exact
from .function import PolynomialAttention, Task
from .moments import tables
from .planning import KINDS, bound, cheaper, check, exact_kind, look, meet, stretches


def tensor_attention(query: Tensor, keys: Tensor | Sequence[Tensor], values: Tensor | Sequence[Tensor], *, error: Any,
                     scale: float | None = None, method: str = "auto", is_causal: bool = False,
                     mask: Sequence[Tensor | None] | None = None, radius: float | None = None, max_rank: int = 100_000,
                     return_bound: bool = False) -> Any:
    """Softmax attention of order len(keys): out (..., n, dv), or (out, ErrorBound).

        out_i = sum_{j,l} softmax_{j,l}(scale * sum_c query_ic k1_jc k2_lc) * v1_jc * v2_lc                    (order 2)

    query (..., n, d); keys[s] (..., n_s, d); values[s] (..., n_s, dv), or one tensor each for order 1: float32 or float64, on one
    device.  scale: a number; None is 1/d, not 1/sqrt(d).  is_causal: row i sees the positions j <= i of every key set.  mask: one
    boolean tensor (..., n_s) or None per key set, True takes part.

    error: the relative error of the weights to stay within, certified on these tensors; None is exact.  method: "exact"; "fast",
    which raises where the error needs more than `max_rank` features; "auto", the cheaper of those that stay within the error.
    radius: the largest |score| there may be, in the place of the range that is found: one polynomial for all calls.  Scores that
    may be larger are refused.

    Differentiable once; the backward is the exact gradient of the output as computed, within the error too (the polynomial's
    slope is certified as well).  Raises ProblemError, in one line.
    Cost: fast O((n + n_1 + ... + n_k) r (d + 1) (dv + 1)) time, r = C(d + degree, degree), and O(block r + items dv r) memory.
    Source: arXiv 2405.16411, 2310.04064.
    """
    K, V = (tuple(a) if isinstance(a, list | tuple) else (a,) for a in (keys, values))
    masks: list[Tensor | None] = [None] * len(K) if mask is None else list(mask)
    wanted = asked(error)
    if method not in METHODS: raise ProblemError(f"method {method!r}: {', '.join(METHODS)} are there")
    if wanted is None and method == "fast":
        raise ProblemError("method fast needs an error for the weights to stay within, as error=1e-4")
    check(query, K, V, masks)
    number, (*batch, n, d), dv = scale_of(scale, query.shape[-1]), query.shape, V[0].shape[-1]
    items = prod(batch)
    q, *flat = (a.reshape(items, *a.shape[-2:]) for a in (query, *K, *V))
    K, V = tuple(flat[:len(K)]), tuple(flat[len(K):])
    masks = [None if m is None else m.reshape(items, m.shape[-1]) for m in masks]
    if not items or not n:                                           # an empty result that still belongs to the graph
        out = q.new_zeros(items, n, dv) + sum(a.sum() * 0 for a in (q, *K, *V))
        return (out.reshape(*batch, n, dv), bound(None, wanted, V, masks)) if return_bound else out.reshape(*batch, n, dv)

    seen = look(q, K, V, masks, number, is_causal)
    derivative = torch.is_grad_enabled() and any(a.requires_grad for a in (q, *K, *V))
    plan = None
    if wanted is not None and method != "exact":
        lower, upper = (seen.lower, seen.upper) if radius is None else _within(seen.lower, seen.upper, radius)
        try: plan = meet(lower, upper, wanted, derivative, d, len(K), KINDS[q.dtype], max_rank, seen.terms)
        except ProblemError:
            if method == "fast": raise
        if plan and method == "auto" and not cheaper(plan, q, K, dv, is_causal, derivative): plan = None
    allowance = 0.0
    if plan is None:
        kind, allowance = exact_kind(wanted, d, len(K), seen.terms, q.dtype)
        x, *sets = (a.to(kind) for a in (q, *K, *V))
        out = exact.attention(x, sets[:len(K)], sets[len(K):], number, is_causal, masks).to(q.dtype)
    else:
        table = tables(d, plan.polynomial.degree, q.device)
        weights = torch.from_numpy(table.features.weights(plan.polynomial.coefficients)).to(q.device)
        kind = next(kind for kind, dtype in KINDS.items() if dtype == plan.kind)
        most = 126 if kind == torch.float32 else 1000
        task = Task(table, weights, kind, stretches(seen.tops, number, most), seen.sizes, masks, is_causal)
        out = PolynomialAttention.apply(task, q, *K, *V)             # type: ignore[no-untyped-call]
    out = out.reshape(*batch, n, dv)
    return (out, bound(plan, wanted, V, masks, allowance)) if return_bound else out


def _within(lower: float, upper: float, radius: float) -> tuple[float, float]:
    """The ends for a radius that was given.  Raises ProblemError where scores may leave it."""
    if not 0 <= float(radius) < float("inf"): raise ProblemError(f"radius {radius!r}: the largest |score| there may be is needed")
    if max(-lower, upper) > radius:
        raise ProblemError(f"scores may reach {max(-lower, upper):.4g}, and radius is {radius:.4g}: give a larger one, or none")
    return -float(radius), float(radius)
