"""`TensorAttention`: multi-head attention of any order as a module, with the arguments of `torch.nn.MultiheadAttention`."""
from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import torch
from torch import Tensor, nn

from ..arrays import ProblemError
from .functional import tensor_attention


class TensorAttention(nn.Module):
    """Multi-head attention with `order` key sets; order 1 is that of `nn.MultiheadAttention` but for the scale.

    Projections: q_proj, k_projs[s], v_projs[s] and out_proj, Linear layers of embed_dim.  A head has embed_dim / num_heads
    columns, and the fast path's rank is C(columns + degree, degree): narrow heads are cheap.

    embed_dim, num_heads, bias, batch_first (False, as there: (n, batch, embed_dim)), device, dtype: as in
    `nn.MultiheadAttention`.  scale: of the scores of a head; None is 1/columns, and 1/sqrt(columns) is written.
    error, method, max_rank: as in `tensor_attention`.  There is no dropout: weights are never formed, so none can be dropped.
    Raises ProblemError, in one line.  Source: arXiv 2405.16411; 2306.02896 for what order 2 can say and order 1 cannot.
    """

    def __init__(self, embed_dim: int, num_heads: int, order: int = 2, *, error: float | None, bias: bool = True,
                 batch_first: bool = False, scale: float | None = None, method: str = "auto", max_rank: int = 100_000,
                 device: Any = None, dtype: torch.dtype | None = None):
        super().__init__()
        for name, size in (("embed_dim", embed_dim), ("num_heads", num_heads), ("order", order)):
            if not isinstance(size, int) or size < 1: raise ProblemError(f"{name} {size!r}: a positive integer is needed")
        if embed_dim % num_heads: raise ProblemError(f"embed_dim {embed_dim} is no multiple of num_heads {num_heads}")
        self.embed_dim, self.num_heads, self.order, self.head_dim = embed_dim, num_heads, order, embed_dim // num_heads
        self.error, self.batch_first, self.scale, self.method, self.max_rank = error, batch_first, scale, method, max_rank
        def linear() -> nn.Linear: return nn.Linear(embed_dim, embed_dim, bias=bias, device=device, dtype=dtype)
        self.q_proj, self.out_proj = linear(), linear()
        self.k_projs, self.v_projs = (nn.ModuleList(linear() for _ in range(order)) for _ in range(2))
        self.reset_parameters()

    def reset_parameters(self) -> None:
        """Uniform by Glorot and Bengio, biases 0, as in `nn.MultiheadAttention`."""
        for layer in (self.q_proj, *self.k_projs, *self.v_projs, self.out_proj):
            assert isinstance(layer, nn.Linear)
            nn.init.xavier_uniform_(layer.weight)
            if layer.bias is not None: nn.init.zeros_(layer.bias)

    def forward(self, query: Tensor, keys: Tensor | Sequence[Tensor] | None = None,
                values: Tensor | Sequence[Tensor] | None = None, *,
                key_padding_mask: Tensor | Sequence[Tensor | None] | None = None, is_causal: bool = False,
                return_bound: bool = False) -> Any:
        """The output in the shape of query, or (output, ErrorBound of the attention before out_proj).

        query (n, batch, embed_dim), or (batch, n, embed_dim) with batch_first, or (n, embed_dim).  keys: one tensor for each
        key set, or one for all; None is the query (self-attention).  values: likewise; None are the keys.
        key_padding_mask: (batch, n_s), True is left out, as in `nn.MultiheadAttention`; one for each key set, or one for all.
        """
        K = self._sets("keys", query if keys is None else keys)
        V = K if values is None else self._sets("values", values)
        masks: list[Tensor | None] = [None] * self.order
        if key_padding_mask is not None:
            for s, m in enumerate(self._sets("key_padding_mask", key_padding_mask)):
                if m is None: continue
                if m.dtype != torch.bool:
                    raise ProblemError(f"key_padding_mask has dtype {m.dtype}; it must be bool, True is left out")
                masks[s] = (~m)[..., None, :].expand(*m.shape[:-1], self.num_heads, m.shape[-1])
        q = self._heads(self.q_proj, query)
        split = [self._heads(layer, a) for layer, a in zip((*self.k_projs, *self.v_projs), (*K, *V))]
        found = tensor_attention(q, split[:self.order], split[self.order:], error=self.error, scale=self.scale,
                                 method=self.method, is_causal=is_causal, mask=masks, max_rank=self.max_rank,
                                 return_bound=return_bound)
        out, bound = found if return_bound else (found, None)
        joined = out.transpose(-2, -3).flatten(-2)
        if query.ndim == 3 and not self.batch_first: joined = joined.transpose(0, 1)
        mixed = self.out_proj(joined)
        return (mixed, bound) if return_bound else mixed

    def _sets(self, name: str, given: Any) -> tuple[Any, ...]:
        """One for each key set."""
        found = tuple(given) if isinstance(given, list | tuple) else (given,) * self.order
        if len(found) != self.order: raise ProblemError(f"{len(found)} {name}; order {self.order} needs as many, or one for all")
        return found

    def _heads(self, layer: nn.Module, a: Tensor) -> Tensor:
        """Projected and split: (batch, heads, n, columns), or (heads, n, columns)."""
        if a.ndim not in (2, 3) or a.shape[-1] != self.embed_dim:
            wanted = "batch, n" if self.batch_first else "n, batch"
            raise ProblemError(f"an input has shape {tuple(a.shape)}; ({wanted}, {self.embed_dim}) is needed, or no batch")
        if a.ndim == 3 and not self.batch_first: a = a.transpose(0, 1)
        projected: Tensor = layer(a).to(self.out_proj.weight.dtype)  # autocast would have it shorter
        return projected.reshape(*a.shape[:-1], self.num_heads, self.head_dim).transpose(-2, -3)

    def extra_repr(self) -> str:
        return ", ".join(f"{name}={getattr(self, name)}" for name in ("embed_dim", "num_heads", "order", "error", "scale"))
