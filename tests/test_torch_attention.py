"""Attention on torch tensors: the NumPy fast path to rounding, gradients to gradcheck, exact attention within the bound."""
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pytest

torch = pytest.importorskip("torch", reason="torch is not installed")

from tacheck.numeric import door, fast  # noqa: E402
from tacheck.numeric.arrays import ProblemError, problem  # noqa: E402
from tacheck.numeric.torch import TensorAttention, causal, moments, tensor_attention  # noqa: E402
from tacheck.numeric.torch.function import PolynomialAttention, Task  # noqa: E402
from tacheck.numeric.torch.planning import look, stretches  # noqa: E402

DEVICES = ["cpu", pytest.param("cuda", marks=pytest.mark.skipif(not torch.cuda.is_available(), reason="no CUDA device"))]
LENGTHS = {1: (7,), 2: (7, 12), 3: (5, 6, 4)}
TAYLOR = [1, 1, 1 / 2, 1 / 6, 1 / 24, 1 / 120, 1 / 720]


def draw(order: int, batch: tuple[int, ...] = (2, 3), n: int = 9, d: int = 3, dv: int = 2,
         lengths: Sequence[int] | None = None) -> Any:
    """q, keys, values, upstream, masks; uniform entries."""
    random = np.random.default_rng(order)
    def uniform(*shape: int) -> Any: return random.uniform(-1, 1, (*batch, *shape))
    sizes = lengths or LENGTHS[order]
    masks = [random.random((*batch, k)) < 0.7 for k in sizes]
    for m in masks: m[..., 0] = True
    return (uniform(n, d), [uniform(k, d) for k in sizes], [uniform(k, dv) for k in sizes], uniform(n, dv), masks)


def tensors(device: str, *arrays: Any, dtype: Any = None, grad: bool = True) -> list[Any]:
    return [torch.tensor(a, device=device, dtype=dtype, requires_grad=grad) for a in arrays]


def off(found: Any, wanted: Any) -> float:
    """The largest error, relative to the largest entry."""
    assert tuple(found.shape) == tuple(wanted.shape)
    return float(np.abs(found.detach().cpu().numpy() - wanted).max() / np.abs(wanted).max())


def with_polynomial(c: Sequence[float], scale: float, q: Any, K: Any, V: Any, masks: Any, is_causal: bool) -> Any:
    """The output by these very coefficients."""
    flat = [a.reshape(-1, *a.shape[-2:]) for a in (q, *K, *V)]
    x, keys, values = flat[0], flat[1:1 + len(K)], flat[1 + len(K):]
    marks = [None if m is None else m.reshape(-1, m.shape[-1]) for m in masks]
    seen, table = look(x, keys, values, marks, scale, is_causal), moments.tables(q.shape[-1], len(c) - 1, q.device)
    weights = torch.from_numpy(table.features.weights(c)).to(q.device)
    task = Task(table, weights, q.dtype, stretches(seen.tops, scale), seen.sizes, marks, is_causal)
    return PolynomialAttention.apply(task, x, *keys, *values).reshape(*q.shape[:-1], V[0].shape[-1])


# ---- the NumPy fast path ---------------------------------------------------------------------------------------------

@pytest.mark.parametrize("device", DEVICES)
@pytest.mark.parametrize("masked", [False, True])
@pytest.mark.parametrize("is_causal", [False, True])
@pytest.mark.parametrize("order", [1, 2, 3])
def test_agrees_with_numpy_to_rounding(order: int, is_causal: bool, masked: bool, device: str,
                                       monkeypatch: pytest.MonkeyPatch) -> None:
    q, keys, values, g, masks = draw(order)
    wanted = fast.solve(problem(q, keys, values, upstream=g, scale=0.4, causal=is_causal, mask=masks if masked else None), TAYLOR)
    marks = [torch.tensor(m, device=device) if masked else None for m in masks]
    for small in (False, True):                                      # one block, and many
        if small:
            monkeypatch.setattr(moments, "ROOM", {device: 1 << 12})
            monkeypatch.setattr(moments, "BLOCKS", {device: (4, 4)})
            monkeypatch.setattr(causal, "ROOM", {device: 1})
            monkeypatch.setattr(causal, "CHUNK", (4, 4))
        given = tensors(device, q, *keys, *values)
        out = with_polynomial(TAYLOR, 0.4, given[0], given[1:1 + order], given[1 + order:], marks, is_causal)
        out.backward(torch.tensor(g, device=device))
        assert wanted.gradient is not None and off(out, wanted.out) < 1e-13
        for a, b in zip(given, (wanted.gradient.q, *wanted.gradient.keys, *wanted.gradient.values)): assert off(a.grad, b) < 1e-13


@pytest.mark.parametrize("is_causal", [False, True])
def test_columns_of_very_different_sizes_do_not_overflow(is_causal: bool) -> None:
    q, keys, values, g, _ = draw(2)
    wide = np.array([1e-12, 1e9, 1.0])
    wanted = fast.solve(problem(q, keys, values, causal=is_causal), TAYLOR).out
    small = tensors("cpu", q * wide, keys[0] / wide, keys[1], *values, dtype=torch.float32, grad=False)
    found = with_polynomial(TAYLOR, 1 / 3, small[0], small[1:3], small[3:], [None, None], is_causal)
    assert found.dtype == torch.float32 and off(found, wanted) < 1e-5


# ---- the certified error ---------------------------------------------------------------------------------------------

@pytest.mark.parametrize("device", DEVICES)
@pytest.mark.parametrize("dtype, error", [("float32", 1e-3), ("float64", 1e-6), ("float32", 1e-7)])
@pytest.mark.parametrize("is_causal", [False, True])
def test_the_error_is_kept(is_causal: bool, dtype: str, error: float, device: str) -> None:
    q, keys, values, g, masks = draw(2)
    kind = getattr(torch, dtype)
    given = tensors(device, q, *keys, *values, dtype=kind)
    options = {"scale": 1.0, "is_causal": is_causal, "mask": [torch.tensor(m, device=device) for m in masks]}
    out, bound = tensor_attention(given[0], given[1:3], given[3:], error=error, method="fast", return_bound=True, **options)
    out.backward(torch.tensor(g, device=device, dtype=kind))
    same = [a.detach().double().cpu().numpy() for a in given]
    task = problem(same[0], same[1:3], same[3:], upstream=g, scale=1.0, causal=is_causal, mask=masks)
    exact, numpy_bound = door.solve(task, error, "fast")
    exact, _ = door.solve(task, None, "exact")
    assert bound.met and bound.method == "fast" and bound.delta <= error and bound.delta_prime <= error
    assert numpy_bound is not None and numpy_bound.gradients is not None and exact.gradient is not None
    assert np.abs(out.detach().cpu().numpy() - exact.out).max() <= bound.output + bound.rounding
    grads = (exact.gradient.q, *exact.gradient.keys, *exact.gradient.values)
    for a, b in zip(given, grads): assert off(a.grad, b) <= error + (1e-6 if dtype == "float32" else 1e-13)


def test_a_radius_fixes_the_polynomial_and_is_kept() -> None:
    q, keys, values, *_ = (a for a in draw(2))
    given = tensors("cpu", q, *keys, *values, grad=False)
    sets = given[0], given[1:3], given[3:]
    _, first = tensor_attention(*sets, error=1e-3, method="fast", radius=2, return_bound=True)
    _, other = tensor_attention(sets[0] / 2, *sets[1:], error=1e-3, method="fast", radius=2, return_bound=True)
    assert first.radius == other.radius == 2 and first.degree == other.degree
    with pytest.raises(ProblemError, match="scores may reach .* radius is 0.1"):
        tensor_attention(*sets, error=1e-3, method="fast", radius=0.1)


def test_auto_takes_the_cheaper_path() -> None:
    def method(n: int, error: float | None) -> str:
        q, keys, values, *_ = draw(2, batch=(), n=n, lengths=(n, n))
        given = tensors("cpu", q, *keys, *values, grad=False)
        return str(tensor_attention(given[0], given[1:3], given[3:], error=error, return_bound=True)[1].method)
    assert [method(8, 1e-3), method(160, 1e-3), method(160, None)] == ["exact", "fast", "exact"]


# ---- torch's graph ---------------------------------------------------------------------------------------------------

@pytest.mark.parametrize("is_causal", [False, True])
@pytest.mark.parametrize("order", [1, 2])
def test_gradcheck(order: int, is_causal: bool) -> None:
    q, keys, values, _, masks = draw(order, batch=(2,), n=4, d=2, lengths=(3, 5)[:order])
    given, marks = tensors("cpu", q, *keys, *values), [torch.tensor(m) for m in masks]
    def attend(q: Any, *sets: Any) -> Any:
        return tensor_attention(q, sets[:order], sets[order:], error=1e-2, method="fast", radius=2, mask=marks,
                                is_causal=is_causal)
    assert torch.autograd.gradcheck(attend, given)


def test_exact_is_differentiated_by_torch_block_by_block(monkeypatch: pytest.MonkeyPatch) -> None:
    from tacheck.numeric.torch import exact
    q, keys, values, g, masks = draw(2)
    marks = [torch.tensor(masks[0]), None]
    wanted, _ = door.solve(problem(q, keys, values, upstream=g, causal=True, mask=[masks[0], None]))
    assert wanted.gradient is not None
    for entries in (1 << 24, 1):
        monkeypatch.setattr(exact, "ENTRIES", entries)
        given = tensors("cpu", q, *keys, *values)
        out = tensor_attention(given[0], given[1:3], given[3:], error=None, is_causal=True, mask=marks)
        out.backward(torch.tensor(g))
        g_ = wanted.gradient
        for a, b in zip((out, *(a.grad for a in given)), (wanted.out, g_.q, *g_.keys, *g_.values)): assert off(a, b) < 1e-13


def test_without_gradients_nothing_is_kept() -> None:
    q, keys, values, *_ = draw(1)
    given = tensors("cpu", q, *keys, *values)
    with torch.no_grad():
        out, bound = tensor_attention(*given, error=1e-3, method="fast", return_bound=True)
    assert not out.requires_grad and bound.delta_prime is None
    assert tensor_attention(*given, error=1e-3, method="fast").requires_grad


def test_a_second_derivative_is_refused() -> None:
    q, keys, values, *_ = draw(1)
    given = tensors("cpu", q, *keys, *values)
    with pytest.raises(RuntimeError, match="differentiable once"):
        torch.autograd.grad(tensor_attention(*given, error=1e-3, method="fast").sum(), given[0], create_graph=True)


def test_no_queries_and_no_items_give_empty_results() -> None:
    for batch, n in (((2,), 0), ((0,), 3)):
        q, keys, values, *_ = draw(2, batch=batch, n=n)
        given = tensors("cpu", q, *keys, *values)
        out = tensor_attention(given[0], given[1:3], given[3:], error=1e-3)
        out.sum().backward()
        assert out.shape == (*batch, n, 2) and given[1].grad is not None


def test_autocast_and_tf32_take_no_digits() -> None:
    q, keys, values, *_ = draw(2)
    given = tensors("cpu", q, *keys, *values, dtype=torch.float32, grad=False)
    wanted = tensor_attention(given[0], given[1:3], given[3:], error=1e-4, method="fast")
    before = torch.get_float32_matmul_precision()
    try:
        torch.set_float32_matmul_precision("medium")
        with torch.autocast("cpu", dtype=torch.bfloat16):
            found = tensor_attention(given[0], given[1:3], given[3:], error=1e-4, method="fast")
        assert torch.get_float32_matmul_precision() == "medium"
    finally: torch.set_float32_matmul_precision(before)
    assert off(found, wanted.numpy()) < 1e-6


# ---- what is no problem ----------------------------------------------------------------------------------------------

def broken() -> Any:
    q, keys, values, _, masks = draw(2, batch=(2,))
    Q, K1, K2, V1, V2 = tensors("cpu", q, *keys, *values, grad=False)
    nan, inf = K1.clone(), V2.clone()
    nan[1, 3, 2], inf[0, 4, 1] = float("nan"), float("-inf")
    yield "k1 has nan at", (Q, [nan, K2], [V1, V2]), {}
    yield "v2 has -inf at", (Q, [K1, K2], [V1, inf]), {}
    yield "query has dtype torch.float16", (Q.half(), [K1, K2], [V1, V2]), {}
    yield "v1 has dtype torch.float32 and query torch.float64", (Q, [K1, K2], [V1.float(), V2]), {}
    yield "k2 has shape", (Q, [K1, K2[..., :2]], [V1, V2]), {}
    yield "1 value sets", (Q, [K1, K2], [V1]), {}
    yield "True where a position takes part", (Q, [K1, K2], [V1, V2]), {"mask": [None, torch.ones(2, 12)]}
    yield "nothing in k1", (Q, [K1, K2], [V1, V2]), {"mask": [torch.zeros(2, 7, dtype=torch.bool), None]}
    yield "a number between 0 and 1", (Q, [K1, K2], [V1, V2]), {"error": 2}
    yield "method 'quick'", (Q, [K1, K2], [V1, V2]), {"method": "quick"}
    yield "max_rank is 10", (Q, [K1, K2], [V1, V2]), {"max_rank": 10}
    yield "needs an error", (Q, [K1, K2], [V1, V2]), {"error": None}
    yield "less than rounding", (Q, [K1, K2], [V1, V2]), {"error": 1e-20}
    yield "a torch tensor is needed", (q, [K1, K2], [V1, V2]), {}
    yield "beyond double precision", (Q * 1e200, [K1 * 1e200, K2], [V1, V2]), {}


@pytest.mark.parametrize("message, given, options", list(broken()), ids=lambda x: x if isinstance(x, str) else "")
def test_what_is_wrong_is_said_in_one_line(message: str, given: Any, options: Any) -> None:
    with pytest.raises(ProblemError) as told: tensor_attention(*given, **{"error": 1e-3, "method": "fast"} | options)
    assert message in str(told.value) and "\n" not in str(told.value)


def test_what_a_mask_leaves_out_may_be_anything() -> None:
    q, keys, values, g, _ = draw(2, batch=())
    mask = [np.arange(7) % 2 == 0, None]
    wanted, _ = door.solve(problem(q, keys, values, upstream=g, mask=mask), 1e-3, "fast")
    keys[0][1::2], values[0][1::2] = np.nan, np.inf
    for is_causal in (False, True):
        given = tensors("cpu", q, *keys, *values)
        out = tensor_attention(given[0], given[1:3], given[3:], error=1e-3, method="fast", is_causal=is_causal,
                               mask=[torch.tensor(mask[0]), None])
        out.backward(torch.tensor(g))
        if not is_causal: assert off(out, wanted.out) < 1e-12
        assert all(torch.isfinite(a.grad).all() for a in given)
        assert not given[1].grad[1::2].any() and not given[3].grad[1::2].any()


def test_without_torch_the_message_is_one_line() -> None:
    code = "import sys; sys.modules['torch'] = None\ntry: import tacheck.numeric.torch\nexcept ImportError as e: print(e)"
    told = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, cwd=Path(__file__).parents[1])
    assert told.stdout == "tacheck.numeric.torch needs torch, which is not installed: pip install torch\n"


# ---- the module ------------------------------------------------------------------------------------------------------

def test_order_one_is_multihead_attention() -> None:
    torch.manual_seed(0)
    theirs = torch.nn.MultiheadAttention(12, 3, batch_first=True, dtype=torch.float64)
    ours = TensorAttention(12, 3, order=1, error=1e-6, method="fast", scale=4 ** -0.5, batch_first=True, dtype=torch.float64)
    for layer, weight, bias in zip((ours.q_proj, ours.k_projs[0], ours.v_projs[0]), theirs.in_proj_weight.chunk(3),
                                   theirs.in_proj_bias.chunk(3)):
        layer.load_state_dict({"weight": weight, "bias": bias})
    ours.out_proj.load_state_dict(theirs.out_proj.state_dict())
    x, padding = torch.rand(2, 5, 12, dtype=torch.float64) / 2, torch.tensor([[False] * 5, [False] * 3 + [True] * 2])
    for options in ({}, {"key_padding_mask": padding}):
        wanted = theirs(x, x, x, need_weights=False, **options)[0]
        assert off(ours(x, **options), wanted.detach().numpy()) < 1e-5
    above = torch.ones(5, 5, dtype=torch.bool).triu(1)
    assert off(ours(x, is_causal=True), theirs(x, x, x, attn_mask=above, need_weights=False)[0].detach().numpy()) < 1e-5
    assert off(ours(x[0]), theirs(x[:1], x[:1], x[:1])[0][0].detach().numpy()) < 1e-5


def test_the_batch_comes_second_by_default_and_state_is_kept() -> None:
    torch.manual_seed(1)
    first, second = TensorAttention(8, 4, error=1e-3), TensorAttention(8, 4, error=1e-3, batch_first=True)
    second.load_state_dict(first.state_dict())
    x, y, z = (torch.rand(5, 2, 8) for _ in range(3))
    out, bound = first(x, [y, z], return_bound=True)
    assert torch.equal(out.transpose(0, 1), second(*(x.transpose(0, 1), [y.transpose(0, 1), z.transpose(0, 1)])))
    assert bound.met


def test_a_layer_learns() -> None:
    torch.manual_seed(2)
    layer, x = TensorAttention(6, 2, error=1e-3, method="fast", batch_first=True), torch.rand(4, 6, 6)
    target, losses = torch.rand(4, 6, 6), []
    optimiser = torch.optim.Adam(layer.parameters(), 0.02)
    for _ in range(20):
        optimiser.zero_grad()
        losses.append(loss := ((layer(x) - target) ** 2).mean())
        loss.backward()
        optimiser.step()
    assert all(p.grad is not None and torch.isfinite(p.grad).all() for p in layer.parameters())
    assert losses[-1].item() < 0.7 * losses[0].item()


@pytest.mark.parametrize("dims, given, message", [((7, 2), None, "no multiple of num_heads"), ((8, 0), None, "num_heads 0"),
                                                  ((8, 2), [torch.rand(3, 2, 7)], "an input has shape"),
                                                  ((8, 2), [torch.rand(3, 8), [torch.rand(3, 8)]], "1 keys")])
def test_what_is_wrong_with_a_layer_is_said(dims: Any, given: Any, message: str) -> None:
    with pytest.raises(ProblemError, match=message): TensorAttention(*dims, error=1e-3)(*given)
