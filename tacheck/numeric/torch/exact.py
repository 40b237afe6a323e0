"""Exact attention of any order on torch tensors, by torch's own differentiation: every weight, some query rows at a time."""
from __future__ import annotations

from collections.abc import Sequence
from math import inf, prod

import torch
from torch import Tensor
from torch.utils.checkpoint import checkpoint

ENTRIES = 1 << 24                                                    # weights of a block


def attention(q: Tensor, keys: Sequence[Tensor], values: Sequence[Tensor], scale: float, causal: bool,
              masks: Sequence[Tensor | None]) -> Tensor:
    """out (items, n, dv) of q (items, n, d).  O(n n_1 ... n_k (d + dv)) time; weights are computed again for the gradient."""
    step = max(1, ENTRIES // max(1, len(q) * prod(k.shape[1] for k in keys)))
    def block(x: Tensor, first: int) -> Tensor: return _rows(x, first, keys, values, scale, causal, masks)
    if step >= q.shape[1]: return block(q, 0)
    return torch.cat([checkpoint(block, q[:, lo:lo + step], lo, use_reentrant=False) for lo in range(0, q.shape[1], step)], dim=1)


def _rows(q: Tensor, first: int, keys: Sequence[Tensor], values: Sequence[Tensor], scale: float, causal: bool,
          masks: Sequence[Tensor | None]) -> Tensor:
    js = "abcdefgh"[:len(keys)]
    sets = ",".join(f"n{j}z" for j in js)
    scores = torch.einsum(f"niz,{sets}->ni{js}", q * scale, *keys)
    for s, (key, mask) in enumerate(zip(keys, masks)):
        shape = [1] * scores.ndim
        shape[2 + s] = key.shape[1]
        if mask is not None: scores = scores.masked_fill(~mask.view(len(mask), *shape[1:]), -inf)
        if not causal: continue
        rows = torch.arange(first, first + q.shape[1], device=q.device).view(1, -1, *[1] * len(keys))
        scores = scores.masked_fill(torch.arange(key.shape[1], device=q.device).view(shape) > rows, -inf)
    weights = torch.softmax(scores.flatten(2), dim=2).view_as(scores)
    return torch.einsum(f"ni{js},{sets}->niz", weights, *(v if m is None else v.masked_fill(~m[:, :, None], 0)
                                                          for v, m in zip(values, masks)))
