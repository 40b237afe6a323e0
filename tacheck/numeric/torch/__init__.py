"""Attention of any order on torch tensors, CPU and CUDA: in almost linear time, with the exact gradient of what was computed.

    from tacheck.numeric.torch import TensorAttention, tensor_attention

    out = tensor_attention(query, [k1, k2], [v1, v2], error=1e-4)            a function of tensors, for autograd
    layer = TensorAttention(embed_dim=64, num_heads=16, order=2, error=1e-3)  a module in the place of nn.MultiheadAttention

The same monomials, polynomials and certificates as on NumPy arrays (`numeric/fast.py`); the moment algebra is written again, in
torch's own operations: there, all items of a batch go through one batched product, and workspaces are filled in place.
Raises ImportError, in one line, where torch is missing.
"""
from importlib.util import find_spec

try: missing = find_spec("torch") is None
except ValueError: missing = True                                    # it is there by name alone
if missing: raise ImportError("tacheck.numeric.torch needs torch, which is not installed: pip install torch")

from .functional import tensor_attention  # noqa: E402
from .module import TensorAttention  # noqa: E402

__all__ = ["TensorAttention", "tensor_attention"]
