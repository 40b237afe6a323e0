"""The fast path against dense attention with the same polynomial: outputs and every gradient to rounding."""
import tracemalloc
from collections.abc import Sequence
from math import factorial
from typing import Any

import numpy as np
import pytest
from numpy.polynomial.polynomial import polyder, polyval

from tacheck.numeric import fast, features, moments, sliding
from tacheck.numeric.arrays import ProblemError, problem

TAYLOR = [1 / factorial(k) for k in range(9)]
LENGTHS = {1: (7,), 2: (7, 5), 3: (5, 6, 4)}


def draw(order: int, n: int = 9, d: int = 3, dv: int = 2, batch: tuple[int, ...] = (), lengths: Sequence[int] | None = None,
         seed: int = 0) -> tuple[Any, list[Any], list[Any], Any]:
    """q, keys, values, upstream."""
    random, sizes = np.random.default_rng(seed), lengths or LENGTHS[order]
    return (random.normal(size=(*batch, n, d)), [random.normal(size=(*batch, k, d)) for k in sizes],
            [random.normal(size=(*batch, k, dv)) for k in sizes], random.normal(size=(*batch, n, dv)))


def allowed(n: int, lengths: Sequence[int], causal: bool = False, window: Any = None, mask: Any = None) -> Any:
    """Who sees what, read off the definitions entry by entry."""
    found = np.ones((n, *lengths), bool)
    for i, *js in np.ndindex(n, *lengths):
        for s, j in enumerate(js):
            if (causal or window) and j > i: found[(i, *js)] = False
            if window and j < i - window[s] + 1: found[(i, *js)] = False
            if mask and mask[s] is not None and not mask[s][j]: found[(i, *js)] = False
    return found


def dense(q: Any, keys: Any, values: Any, g: Any, where: Any, scale: float, c: Sequence[float]) -> list[Any]:
    """Output, logsumexp and all gradients of attention with P, every weight in memory: one einsum each."""
    js = "abcd"[:len(keys)]
    sets = ",".join(f"{j}z" for j in js)
    S = np.einsum(f"iz,{sets}->i{js}", q, *keys) * scale
    A, slope = (np.where(where, polyval(S, p), 0) for p in (c, polyder(c)))
    axes = tuple(range(1, S.ndim))
    D = A.sum(axis=axes, keepdims=True)
    out = np.einsum(f"i{js},{sets}->iz", A / D, *values)
    H = np.einsum(f"iz,{sets}->i{js}", g, *values)
    dS = slope / D * (H - np.einsum("iz,iz->i", g, out).reshape(D.shape)) * scale

    def others(T: Any, first: Any, sets: Sequence[Any], s: int) -> Any:
        rest = [f"{j}z" for t, j in enumerate(js) if t != s]
        return np.einsum(f"i{js},{','.join(['iz', *rest])}->{js[s]}z", T, first, *[a for t, a in enumerate(sets) if t != s])
    return [out, np.log(D.reshape(len(q))), np.einsum(f"i{js},{sets}->iz", dS, *keys),
            *(others(dS, q, keys, s) for s in range(len(keys))), *(others(A / D, g, values, s) for s in range(len(keys)))]


def ours(q: Any, keys: Any, values: Any, g: Any, c: Sequence[float] = TAYLOR, **options: Any) -> list[Any]:
    """The same list, from the functions under test."""
    found = fast.solve(problem(q, keys, values, upstream=g, **options), c)
    alone = fast.solve(problem(q, keys, values, **options), c)
    assert found.gradient is not None and alone.gradient is None
    assert worst([alone.out, alone.logsumexp], [found.out, found.logsumexp]) < 1e-13
    return [found.out, found.logsumexp, found.gradient.q, *found.gradient.keys, *found.gradient.values]


def worst(found: Sequence[Any], wanted: Sequence[Any]) -> float:
    """The largest error, relative to the largest entry of its array."""
    assert [np.shape(a) for a in found] == [np.shape(a) for a in wanted]
    return max(float(np.abs(a - b).max(initial=0) / max(np.abs(b).max(initial=0), 1e-300)) for a, b in zip(found, wanted))


def masks(order: int, n: int, lengths: Sequence[int]) -> dict[str, dict[str, Any]]:
    """Every kind of mask that the fast path takes, and mixtures."""
    random = np.random.default_rng(5)
    some = [random.random(k) < 0.6 for k in lengths]
    for m in some:
        m[0] = True
        m[::3] = True
    return {"none": {}, "causal": {"causal": True}, "keys": {"mask": some}, "causal keys": {"causal": True, "mask": some},
            "first keys": {"mask": [some[0], *[None] * (order - 1)]},
            "window": {"window": [max(n - k, 0) + 3 + s for s, k in enumerate(lengths)]},
            "narrow": {"window": [max(n - k, 0) + 2 for k in lengths]}, "wide": {"window": [n] * order},
            "window keys": {"window": [max(n - k, 0) + 4 for k in lengths], "mask": some}}


# ---- against the dense computation ----------------------------------------------------------------------------------

@pytest.mark.parametrize("kind", masks(1, 9, (7,)))
@pytest.mark.parametrize("order", [1, 2, 3])
def test_agrees_with_dense_polynomial_attention(order: int, kind: str) -> None:
    given, options = draw(order), masks(order, 9, LENGTHS[order])[kind]
    where = allowed(9, LENGTHS[order], **options)
    assert worst(ours(*given, scale=0.3, **options), dense(*given, where, 0.3, TAYLOR)) < 1e-13


@pytest.mark.parametrize("kind", [k for k in masks(1, 9, (7,)) if k not in ("none", "keys", "first keys")])
@pytest.mark.parametrize("chunk", [1, 2, 3, 5])
@pytest.mark.parametrize("order", [1, 2])
def test_cores_enter_and_leave(order: int, chunk: int, kind: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sliding, "CHUNK", (chunk, chunk))
    monkeypatch.setattr(sliding, "TOKENS", 4)
    n, lengths = 23, (23, 20)[:order]
    given, options = draw(order, n=n, lengths=lengths), masks(order, n, lengths)[kind]
    assert worst(ours(*given, scale=0.3, **options), dense(*given, allowed(n, lengths, **options), 0.3, TAYLOR)) < 1e-13


@pytest.mark.parametrize("d, dv, g", [(1, 1, 8), (2, 5, 6), (4, 1, 4), (5, 3, 1), (3, 2, 0), (6, 1, 3)])
def test_any_width_and_degree(d: int, dv: int, g: int) -> None:
    given = draw(2, d=d, dv=dv)
    c = TAYLOR[:g + 1] if g % 2 == 0 else [3.0 * d, *TAYLOR[1:g + 1]]                # positive on the scores
    for options in ({}, {"causal": True}):
        wanted = dense(*given, allowed(9, LENGTHS[2], **options), 0.1, c)
        assert worst(ours(*given, c=c, scale=0.1, **options), wanted) < 1e-13


@pytest.mark.parametrize("d, dv, g", [(4, 4, 6), (3, 2, 3), (2, 45, 2)])
def test_small_blocks_and_small_products_change_nothing(d: int, dv: int, g: int, monkeypatch: pytest.MonkeyPatch) -> None:
    given = draw(2, n=70, d=d, dv=dv, lengths=(33, 150))
    wanted = dense(*given, True, 0.1, TAYLOR[:g + 1])
    for room, small in ((1, 1), (1, 20_000), (1 << 20, 1), (1 << 20, 400_000)):
        monkeypatch.setattr(features, "CACHE", room)
        monkeypatch.setattr(features, "BLOCKS", (8, 4096))
        monkeypatch.setattr(moments, "SMALL", small)
        assert worst(ours(*given, c=TAYLOR[:g + 1], scale=0.1), wanted) < 1e-13


def test_batch_and_heads_lead() -> None:
    q, keys, values, g = draw(2, batch=(2, 3))
    mask = [np.random.default_rng(s).random((2, 3, k.shape[-2])) < 0.7 for s, k in enumerate(keys)]
    for m in mask: m[..., 0] = True
    for options in ({}, {"causal": True}):
        found = ours(q, keys, values, g, mask=mask, **options)
        for at in np.ndindex(2, 3):
            where = allowed(9, LENGTHS[2], mask=[m[at] for m in mask], **options)
            one = dense(q[at], [k[at] for k in keys], [v[at] for v in values], g[at], where, 1 / 3, TAYLOR)
            assert worst([a[at] for a in found], one) < 1e-13


def test_what_a_mask_leaves_out_has_no_gradient_and_no_say() -> None:
    q, keys, values, g = draw(2)
    mask = [np.arange(7) % 2 == 0, None]
    first = ours(q, keys, values, g, mask=mask)
    assert not first[3][1::2].any() and not first[5][1::2].any()
    keys[0][1::2], values[0][1::2] = 1e30, -1e30
    assert worst(ours(q, keys, values, g, mask=mask), first) == 0


# ---- numbers of all sizes -------------------------------------------------------------------------------------------

def test_columns_of_very_different_sizes_do_not_overflow() -> None:
    q, keys, values, g = draw(2)
    sizes = np.array([1e-12, 1e9, 1.0])
    wanted = ours(q, keys, values, g)
    found = ours(q * sizes, [keys[0] / sizes, keys[1]], values, g)
    back = [found[0], found[1], found[2] * sizes, found[3] / sizes, *found[4:]]
    assert worst(back, wanted) < 1e-12
    single = ours(*(np.asarray(a, np.float32) for a in (q * sizes,)), [(keys[0] / sizes).astype("f4"), keys[1].astype("f4")],
                  [v.astype("f4") for v in values], g.astype("f4"))
    assert worst([single[0], single[4]], [wanted[0], wanted[4]]) < 1e-4


def test_a_column_of_zeros_still_has_a_gradient() -> None:
    q, keys, values, g = draw(2)
    q[:, 0], keys[1][:, 2] = 0, 0
    assert worst(ours(q, keys, values, g), dense(q, keys, values, g, True, 1 / 3, TAYLOR)) < 1e-13


@pytest.mark.parametrize("options", [{}, {"causal": True}, {"window": 7}])
def test_single_precision_is_single_precision(options: Any) -> None:
    q, keys, values, g = draw(2, n=40, lengths=(40, 40))
    near = [np.tanh(a) for a in (q, *keys)]
    wanted = ours(near[0], near[1:], values, g, **options)
    small = [a.astype("f4") for a in near]
    found = ours(small[0], small[1:], [v.astype("f4") for v in values], g.astype("f4"), **options)
    assert {a.dtype for a in found} == {np.dtype("f4")}
    assert 1e-9 < worst(found, wanted) < 1e-5
    task = problem(small[0], small[1:], [v.astype("f4") for v in values], upstream=g.astype("f4"), **options)
    better = fast.solve(task, TAYLOR, kind=np.dtype(float))
    assert better.out.dtype == np.float32 and worst([better.out], wanted[:1]) < 2e-7


def test_a_window_of_one_sees_one() -> None:
    q, keys, values, g = draw(2, n=7, lengths=(7, 7))
    found = ours(q, keys, values, g, window=1)
    assert worst([found[0], *found[5:]], [values[0] * values[1], values[1] * g, values[0] * g]) < 1e-14
    assert max(float(np.abs(a).max()) for a in found[2:5]) < 1e-14


def test_sums_of_a_window_do_not_remember_what_left() -> None:
    """Values of 1e12 early on are gone to the last digit once no row sees them."""
    n = 300
    q, keys, values, g = draw(2, n=n, lengths=(n, n))
    clean = ours(q, keys, values, g, window=20)
    values[0][:50] *= 1e12
    found = ours(q, keys, values, g, window=20)
    assert worst([found[0][100:]], [clean[0][100:]]) < 1e-13
    assert worst([a[100:] for a in found[2:]], [a[100:] for a in clean[2:]]) < 1e-13


def test_early_rows_of_a_long_causal_problem_are_exact() -> None:
    """Sums run backwards over all the rest of the positions, and nothing of it stays."""
    n = 2000
    q, keys, values, g = draw(2, n=n, d=2, lengths=(n, n))
    found = ours(q, keys, values, g, causal=True, c=TAYLOR[:5])
    few = slice(0, 10)
    wanted = dense(q[few], [k[few] for k in keys], [v[few] for v in values], g[few], allowed(10, (10, 10), causal=True), 0.5,
                   TAYLOR[:5])
    assert worst([found[0][few], found[2][few]], [wanted[0], wanted[2]]) < 1e-13


# ---- what it refuses, what it costs ---------------------------------------------------------------------------------

def test_a_polynomial_that_is_not_positive_is_named() -> None:
    q, keys, values, g = draw(1)
    for options in ({}, {"causal": True}):
        with pytest.raises(ProblemError, match=r"query row \d: its sum of P\(score\) is -?\d.*not positive"):
            fast.solve(problem(q, keys, values, **options), [-1.0, 0.0, -1.0])


def test_a_dense_mask_and_overflow_are_named() -> None:
    q, keys, values, g = draw(1)
    with pytest.raises(ProblemError, match="dense mask"):
        fast.solve(problem(q, keys, values, mask=np.ones((9, 7), bool)), TAYLOR)
    with pytest.raises(ProblemError, match="out has nan|out has inf"):
        fast.solve(problem(q * 1e200, keys, values), TAYLOR)


@pytest.mark.parametrize("n", [0, 1])
def test_few_rows(n: int) -> None:
    given = draw(2, n=n, lengths=(1, 3))
    found = ours(*given)
    assert found[0].shape == (n, 2)
    if n: assert worst(found, dense(*given, True, 1 / 3, TAYLOR)) < 1e-13
    else: assert not any(a.any() for a in found[3:])


def test_progress_hears_every_row() -> None:
    for options in ({}, {"causal": True}):
        heard: list[int] = []
        q, keys, values, g = draw(2, batch=(2,))
        fast.solve(problem(q, keys, values, upstream=g, **options), TAYLOR, heard.append)
        assert sum(heard) == 18


def test_memory_beyond_arrays_does_not_grow_with_the_tokens() -> None:
    def extra(n: int, **options: Any) -> int:
        q, keys, values, g = draw(2, n=n, d=4, dv=4, lengths=(n, n))
        task = problem(q, keys, values, upstream=g, **options)
        fast.solve(task, TAYLOR[:5])
        tracemalloc.start()
        fast.solve(task, TAYLOR[:5])
        peak = tracemalloc.get_traced_memory()[1]
        tracemalloc.stop()
        return peak - 8 * (6 * n * 4 + n)                            # out, its logsumexp, and five gradients
    assert extra(40_000) < extra(20_000) + 1_000_000
    assert extra(4_000, causal=True) < extra(2_000, causal=True) + 1_000_000
