"""Exact attention and its gradients against a dense computation, against differences at 50 digits, and at the edges."""
import tracemalloc
from collections.abc import Callable, Sequence
from itertools import product
from string import ascii_lowercase
from typing import Any

import numpy as np
import pytest
from mpmath import mp, mpf

from tacheck.numeric.arrays import ProblemError
from tacheck.numeric.door import attention, gradient
from tacheck.numeric.exact import SLAB
from tacheck.numeric.loss import loss_gradient

LENGTHS = {1: (5,), 2: (5, 7), 3: (4, 3, 5), 4: (2, 3, 2, 4)}


def draw(order: int, n: int = 6, d: int = 3, dv: int = 2, batch: tuple[int, ...] = (), seed: int = 0,
         lengths: Sequence[int] | None = None) -> tuple[Any, list[Any], list[Any], Any]:
    """q, keys, values, upstream."""
    random, sizes = np.random.default_rng(seed), lengths or LENGTHS[order]
    return (random.normal(size=(*batch, n, d)), [random.normal(size=(*batch, k, d)) for k in sizes],
            [random.normal(size=(*batch, k, dv)) for k in sizes], random.normal(size=(*batch, n, dv)))


def allowed(n: int, lengths: Sequence[int], causal: bool = False, window: Sequence[int] | None = None,
            mask: Any = None) -> Any:
    """The dense mask, read off the definitions entry by entry."""
    found = np.ones((n, *lengths), bool)
    for i, *js in np.ndindex(n, *lengths):
        for s, j in enumerate(js):
            if (causal or window) and j > i: found[i, *js] = False
            if window and j < i - window[s] + 1: found[i, *js] = False
            if isinstance(mask, list) and mask[s] is not None and not mask[s][j]: found[i, *js] = False
        if isinstance(mask, np.ndarray) and not mask[i, *js]: found[i, *js] = False
    return found


def dense(q: Any, keys: Any, values: Any, g: Any, where: Any, scale: float) -> list[Any]:
    """Output, logsumexp and all gradients with every weight in memory: one einsum each."""
    js = ascii_lowercase[:len(keys)]
    sets = ",".join(f"{j}z" for j in js)
    S = np.where(where, np.einsum(f"iz,{sets}->i{js}", q, *keys) * scale, -np.inf)
    axes = tuple(range(1, S.ndim))
    top = S.max(axis=axes, keepdims=True)
    E = np.exp(S - top)
    P = E / E.sum(axis=axes, keepdims=True)
    out = np.einsum(f"i{js},{sets}->iz", P, *values)
    H = np.einsum(f"iz,{sets}->i{js}", g, *values)
    dS = P * (H - (P * H).sum(axis=axes, keepdims=True)) * scale

    def others(T: Any, first: Any, sets: Sequence[Any], s: int) -> Any:
        rest = [f"{j}z" for t, j in enumerate(js) if t != s]
        return np.einsum(f"i{js},{','.join(['iz', *rest])}->{js[s]}z", T, first, *[a for t, a in enumerate(sets) if t != s])
    return [out, np.log(E.sum(axis=axes)) + top.reshape(-1), np.einsum(f"i{js},{sets}->iz", dS, *keys),
            *(others(dS, q, keys, s) for s in range(len(keys))), *(others(P, g, values, s) for s in range(len(keys)))]


def ours(q: Any, keys: Any, values: Any, g: Any, **options: Any) -> list[Any]:
    """The same list, from the functions under test."""
    out, lse = attention(q, keys, values, return_logsumexp=True, **options)
    found = gradient(q, keys, values, upstream=g, **options)
    return [out, lse, found.q, *found.keys, *found.values]


def worst(found: Sequence[Any], wanted: Sequence[Any]) -> float:
    """The largest error, relative to the largest entry of its array."""
    assert [np.shape(a) for a in found] == [np.shape(a) for a in wanted]
    return max(float(np.max(np.abs(a - b)) / max(np.max(np.abs(b)), 1e-300)) for a, b in zip(found, wanted))


def masks(order: int, n: int, lengths: Sequence[int]) -> dict[str, dict[str, Any]]:
    """Every kind of mask, and mixtures."""
    random = np.random.default_rng(5)
    some = [random.random(k) < 0.6 for k in lengths]
    for m in some: m[:2] = True
    whole = random.random((n, *lengths)) < 0.4
    whole[:, *([0] * order)] = True
    window = [k + 1 for k in range(1, order + 1)]
    return {"none": {}, "causal": {"causal": True}, "window": {"window": window}, "keys": {"mask": some},
            "first keys": {"mask": [some[0], *[None] * (order - 1)]}, "dense": {"mask": whole},
            "causal keys": {"causal": True, "mask": some}, "causal dense": {"causal": True, "mask": whole},
            "window keys": {"window": [n] * order, "mask": some}}


# ---- against the dense computation ----------------------------------------------------------------------------------

@pytest.mark.parametrize("kind", masks(1, 6, (5,)))
@pytest.mark.parametrize("order", [1, 2, 3, 4])
def test_agrees_with_the_dense_computation(order: int, kind: str) -> None:
    n = min(LENGTHS[order])                                          # every row sees something under a window
    options = masks(order, n, LENGTHS[order])[kind]
    given = draw(order, n=n)
    where = allowed(n, LENGTHS[order], **options)
    assert worst(ours(*given, scale=0.7, **options), dense(*given, where, 0.7)) < 1e-13


@pytest.mark.parametrize("order", [1, 2, 3])
def test_small_slabs_change_nothing(order: int, monkeypatch: pytest.MonkeyPatch) -> None:
    given = draw(order, n=37)
    whole = ours(*given, causal=True)
    monkeypatch.setattr("tacheck.numeric.exact.SLAB", 4)
    monkeypatch.setattr("tacheck.numeric.exact.ROWS", 2)
    assert worst(ours(*given, causal=True), whole) < 1e-13


@pytest.mark.parametrize("order", [1, 2])
def test_problems_larger_than_a_slab_agree(order: int) -> None:
    n, size = (400, 500) if order == 1 else (3, 400)
    assert size * (n if order == 1 else size) > 2 * SLAB
    given = draw(order, n=n, lengths=[size] * order)
    for options in ({}, {"causal": True}) if order == 1 else ({},):
        assert worst(ours(*given, **options), dense(*given, allowed(n, [size] * order, **options), 1 / 3)) < 1e-13


@pytest.mark.parametrize("order", [1, 2, 3])
def test_batch_and_heads_lead(order: int) -> None:
    q, keys, values, g = draw(order, batch=(2, 3))
    mask = [np.random.default_rng(s).random((2, 3, k.shape[-2])) < 0.7 for s, k in enumerate(keys)]
    for m in mask: m[..., 1] = True
    found = ours(q, keys, values, g, mask=mask)
    for b in np.ndindex(2, 3):
        wanted = ours(q[b], [k[b] for k in keys], [v[b] for v in values], g[b], mask=[m[b] for m in mask])
        assert worst([a[b] for a in found], wanted) == 0


def test_the_default_scale_is_one_over_d() -> None:
    q, keys, values, g = draw(2)
    assert worst(ours(q, keys, values, g), ours(q, keys, values, g, scale=1 / 3)) == 0
    assert worst(ours(q, keys, values, g), ours(q, keys, values, g, scale=3**-0.5)) > 1e-3


def test_one_array_is_one_key_set() -> None:
    q, (k,), (v,), g = draw(1)
    assert np.array_equal(attention(q, k, v), attention(q, [k], [v]))
    assert len(gradient(q, k, v, upstream=g).keys) == 1


def test_one_window_is_for_every_key_set() -> None:
    q, keys, values, g = draw(2, lengths=(6, 6))
    assert worst(ours(q, keys, values, g, window=2), ours(q, keys, values, g, window=(2, 2))) == 0


def test_order_2_with_a_trivial_key_set_is_order_1() -> None:
    q, (k,), (v,), g = draw(1)
    one, two = ours(q, k, v, g), ours(q, [np.ones((1, 3)), k], [np.ones((1, 2)), v], g)
    assert worst([two[i] for i in (0, 1, 2, 4, 6)], one) < 1e-13


# ---- against differences at 50 digits -------------------------------------------------------------------------------

def rational(order: int, n: int = 3, d: int = 2) -> list[Any]:
    """q, keys..., values..., upstream as matrices of high precision, equal to doubles."""
    random = np.random.default_rng(order)
    return [[[mpf(float(x)) for x in row] for row in random.normal(size=(n, d))] for _ in range(2 * order + 2)]


def loss(arrays: list[Any], where: Any, scale: Any) -> Any:
    """<upstream, attention>, straight from the definition."""
    order = (len(arrays) - 2) // 2
    q, keys, values, g = arrays[0], arrays[1:1 + order], arrays[1 + order:-1], arrays[-1]
    total = mpf(0)
    for i, row in enumerate(q):
        above, below = mpf(0), mpf(0)
        for js in product(range(len(keys[0])), repeat=order):
            if not where[i, *js]: continue
            weight = mp.exp(scale * mp.fsum(mp.fprod([x, *(k[j][c] for k, j in zip(keys, js))]) for c, x in enumerate(row)))
            below += weight
            above += weight * mp.fsum(mp.fprod([x, *(v[j][c] for v, j in zip(values, js))]) for c, x in enumerate(g[i]))
        total += above / below
    return total


def differences(f: Callable[[], Any], matrices: Sequence[Any]) -> list[Any]:
    """Central differences of f in every entry of the matrices; error about h^2 = 1e-40 before rounding."""
    h, found = mpf(10)**-20, []
    for matrix in matrices:
        slopes = np.zeros((len(matrix), len(matrix[0])))
        for i, row in enumerate(matrix):
            for c, x in enumerate(row):
                row[c] = x + h
                up = f()
                row[c] = x - h
                slopes[i, c] = float((up - f()) / (2 * h))
                row[c] = x
        found.append(slopes)
    return found


@pytest.mark.parametrize("kind", ["none", "causal", "window keys", "dense"])
@pytest.mark.parametrize("order", [1, 2, 3])
def test_every_entry_of_every_gradient_is_the_difference_quotient(order: int, kind: str) -> None:
    options = masks(order, 3, [3] * order)[kind]
    where = allowed(3, [3] * order, **options)
    with mp.workdps(50):
        arrays = rational(order)
        wanted = differences(lambda: loss(arrays, where, mpf(1) / 2), arrays[:-1])
        q, *sets, g = [np.array(a, float) for a in arrays]
    assert worst(ours(q, sets[:order], sets[order:], g, **options)[2:], wanted) < 1e-14


# ---- the loss of the source -----------------------------------------------------------------------------------------

def source_loss(X: Any, A: Sequence[Any], Y: Any, E: Any, scale: float) -> float:
    """1/2 || D^-1 exp(scale A1 X (A2 (x) A3)^T) (A4 (x) A5) Y - E ||^2 with Kronecker products written out."""
    order = len(A) // 2

    def columns(parts: Sequence[Any]) -> Any:
        found = parts[0]
        for part in parts[1:]: found = np.stack([np.kron(a, b) for a, b in zip(found.T, part.T)], axis=1)
        return found

    def kron(parts: Sequence[Any]) -> Any:
        found = parts[0]
        for part in parts[1:]: found = np.kron(found, part)
        return found
    core = X[0] @ columns(X[1:]).T if isinstance(X, tuple) else X
    W = np.exp(scale * A[0] @ core @ kron(A[1:order + 1]).T)
    out = W @ kron(A[order + 1:]) @ (columns(Y) if isinstance(Y, tuple) else Y) / W.sum(axis=1, keepdims=True)
    return 0.5 * np.sum((out - E)**2)


@pytest.mark.parametrize("factored_y", [False, True])
@pytest.mark.parametrize("factored_x", [False, True])
@pytest.mark.parametrize("order", [1, 2, 3])
def test_the_gradient_of_the_source_is_the_slope_of_its_loss(order: int, factored_x: bool, factored_y: bool) -> None:
    random, d, dv = np.random.default_rng(order), 2, 3
    A = [mp_matrix(random, n, d) for n in (4, *[2, 3, 2][:order], *[2, 3, 2][:order])]
    X = tuple(mp_matrix(random, d, d) for _ in range(order + 1)) if factored_x else mp_matrix(random, d, d**order)
    Y = tuple(mp_matrix(random, d, dv) for _ in range(order)) if factored_y else mp_matrix(random, d**order, dv)
    E = mp_matrix(random, 4, dv)
    with mp.workdps(50):
        exp = np.frompyfunc(mp.exp, 1, 1)
        with pytest.MonkeyPatch.context() as patch:
            patch.setattr(np, "exp", exp)
            wanted = differences(lambda: source_loss(X, A, Y, E, mpf(1) / d), X if factored_x else [X])
    def floats(a: Any) -> Any: return tuple(map(floats, a)) if isinstance(a, tuple) else a.astype(float)
    found = loss_gradient(floats(X), [floats(a) for a in A], floats(Y), floats(E))
    assert isinstance(found, tuple) == factored_x
    assert worst(found if factored_x else [found], wanted) < 1e-13


def mp_matrix(random: np.random.Generator, n: int, d: int) -> Any:
    """An array of high-precision numbers, equal to doubles."""
    return np.vectorize(lambda x: mpf(float(x)), otypes=[object])(random.normal(size=(n, d)))


def test_a_cube_x_gives_a_cube() -> None:
    random = np.random.default_rng(0)
    A, E = [random.normal(size=(5, 2)) for _ in range(5)], np.zeros((5, 2))
    X, Y = random.normal(size=(2, 4)), random.normal(size=(4, 2))
    cube = loss_gradient(X.reshape(2, 2, 2), A, Y, E)
    assert cube.shape == (2, 2, 2)
    assert np.array_equal(cube.reshape(2, 4), loss_gradient(X, A, Y, E))
    assert np.allclose(loss_gradient(X, A, Y, E, scale=0.5), cube.reshape(2, 4), rtol=1e-13)
    assert not np.allclose(loss_gradient(X, A, Y, E, scale=1.0), cube.reshape(2, 4), rtol=1e-3)


@pytest.mark.parametrize("change, says", [
    ({"A": 4}, "A has 4 matrices"), ({"X": (2, 3)}, "X has shape (2, 3)"), ({"Y": (2, 2)}, "Y has shape (2, 2)"),
    ({"E": (4, 2)}, "E has shape (4, 2)")])
def test_a_loss_that_does_not_fit_together_is_named(change: dict[str, Any], says: str) -> None:
    shapes: dict[str, Any] = {"A": 5, "X": (2, 4), "Y": (4, 2), "E": (5, 2)} | change
    with pytest.raises(ProblemError) as bad:
        loss_gradient(np.ones(shapes["X"]), [np.ones((5, 2))] * shapes["A"], np.ones(shapes["Y"]), np.ones(shapes["E"]))
    assert says in one_line(bad)


@pytest.mark.filterwarnings("error")
def test_a_loss_beyond_the_dtype_is_an_error() -> None:
    A, X, Y, E = [np.ones((5, 2))] * 5, np.ones((2, 4)), np.eye(4)[:, :2], np.arange(10.0).reshape(5, 2)
    for change in ((X * 1e308, A, Y, E), (X, [a * 1e160 for a in A], Y, E), (X, A, Y * 1e160, E)):
        with pytest.raises(ProblemError) as bad: loss_gradient(*change)
        one_line(bad)


# ---- numbers at the edge --------------------------------------------------------------------------------------------

@pytest.mark.parametrize("order", [1, 2, 3])
@pytest.mark.parametrize("sign", [1, -1])
def test_huge_scores_neither_overflow_nor_underflow(order: int, sign: int) -> None:
    q, keys, values, g = draw(order)
    q, keys = sign * 1e4 * np.abs(q), [np.abs(k) for k in keys]
    found, wanted = ours(q, keys, values, g), dense(q, keys, values, g, allowed(6, LENGTHS[order]), 1 / 3)
    assert np.max(np.abs(wanted[1])) > 800                           # exp of it is no double
    assert worst(found[:2], wanted[:2]) < 1e-10
    for a, b in zip(found[2:], wanted[2:]): assert np.max(np.abs(a - b)) < 1e-14 * 1e4 * 100   # terms near 1e4 cancel


def test_masked_scores_do_not_set_the_shift() -> None:
    q, keys, values, g = draw(2)
    mask = np.ones((6, 5, 7), bool)
    mask[:, 0] = False
    keys[0][0] *= 1e6
    rest = ours(q, [keys[0][1:], keys[1]], [values[0][1:], values[1]], g)
    assert worst(ours(q, keys, values, g, mask=mask)[:3], rest[:3]) < 1e-13


@pytest.mark.parametrize("order", [1, 2, 3])
def test_single_precision_is_accurate_to_single_precision(order: int) -> None:
    q, keys, values, g = draw(order, n=20, lengths=[20] * order)
    found = ours(q, keys, values, g, dtype="float32")
    assert {a.dtype for a in found} == {np.dtype(np.float32)}
    assert 1e-9 < worst(found, ours(q, keys, values, g)) < 3e-6


def test_the_dtype_is_that_of_the_inputs() -> None:
    q, keys, values, _ = draw(2)
    half = [a.astype(np.float16) for a in (q, *keys, *values)]
    assert attention(half[0], half[1:3], half[3:]).dtype == np.float32
    assert attention(q, half[1:3], half[3:]).dtype == np.float64
    assert attention(q.astype(">f8"), keys, values).dtype == np.float64


@pytest.mark.parametrize("order", [1, 2])
def test_results_beyond_the_dtype_are_errors(order: int) -> None:
    q, keys, values, g = draw(order)
    with pytest.raises(ProblemError) as bad: attention(q * 1e300, [k * 1e30 for k in keys], values)
    assert "query row 0" in one_line(bad)
    values = [v * 1e30 for v in values]
    with pytest.raises(ProblemError) as bad: gradient(q, keys, values, upstream=g * 1e30, dtype="float32")
    assert "float64" in one_line(bad)
    far = [np.full(v.shape, 1e300 if order == 2 else 1e308) for v in values]
    with pytest.raises(ProblemError, match="out has inf .*: beyond float64"): attention(q, keys, far)
    with pytest.raises(ProblemError) as bad: attention(q * 1e100, keys, values, dtype="float32")
    assert "q has" in one_line(bad)


def test_no_query_rows_is_an_empty_answer() -> None:
    q, keys, values, g = draw(2, n=0)
    found = gradient(q, keys, values, upstream=g)
    assert attention(q, keys, values).shape == (0, 2)
    assert found.q.shape == (0, 3)
    assert not found.keys[0].any()


@pytest.mark.parametrize("order, n", [(1, 3000), (2, 400)])
def test_memory_is_a_slab_and_the_arrays(order: int, n: int) -> None:
    given = draw(order, n=n if order == 1 else 20, d=4, dv=4, lengths=[n] * order)
    tracemalloc.start()
    gradient(*given[:3], upstream=given[3])
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert peak < 8 * (2 * SLAB + 100 * n) + 200_000
    assert peak < 8 * n**(order + 1) / 20                            # of one array of weights, were it kept


# ---- errors: one line, with what and where --------------------------------------------------------------------------

def one_line(bad: pytest.ExceptionInfo[ProblemError]) -> str:
    text = str(bad.value)
    assert len(text.splitlines()) == 1
    return text


def spoiled(name: str, change: Callable[[Any], Any]) -> dict[str, Any]:
    """A good problem of order 2, but for one array."""
    q, (k1, k2), (v1, v2), g = draw(2)
    arrays = {"q": q, "k1": k1, "k2": k2, "v1": v1, "v2": v2, "upstream": g}
    arrays[name] = change(arrays[name])
    return {"q": arrays["q"], "keys": [arrays["k1"], arrays["k2"]], "values": [arrays["v1"], arrays["v2"]],
            "upstream": arrays["upstream"]}


def put(at: tuple[int, ...], x: float) -> Callable[[Any], Any]:
    def change(a: Any) -> Any:
        a[at] = x
        return a
    return change


@pytest.mark.parametrize("name, change, says", [
    ("q", lambda a: a[0], "q has shape (3,); it must be (..., n, d)"),
    ("q", lambda a: a[:, :0], "d = 0"),
    ("k1", lambda a: a[:, :2], "k1 has shape (5, 2); beside q of shape (6, 3) it must be (n1, 3)"),
    ("k2", lambda a: a[None], "k2 has shape (1, 7, 3); beside q of shape (6, 3) it must be (n2, 3)"),
    ("k2", lambda a: a[:0], "k2 has shape (0, 3): no positions"),
    ("v1", lambda a: a[:3], "v1 has shape (3, 2); beside k1 of shape (5, 3) it must be (5, dv)"),
    ("v2", lambda a: a[:, :1], "v2 has shape (7, 1); beside k2 of shape (7, 3) and v1 of shape (5, 2) it must be (7, 2)"),
    ("upstream", lambda a: a.T, "upstream has shape (2, 6)"),
    ("upstream", lambda a: None, "upstream is None"),
    ("k1", put((2, 1), np.nan), "k1 has nan at (2, 1)"),
    ("v2", put((6, 0), -np.inf), "v2 has -inf at (6, 0)"),
    ("upstream", put((0, 1), np.inf), "upstream has inf at (0, 1)"),
    ("q", lambda a: (a * 10).astype(int), "q has dtype int64; float16, float32 or float64 is needed: convert it"),
    ("v1", lambda a: a > 0, "v1 has dtype bool"),
    ("k1", lambda a: a.astype(complex), "k1 has dtype complex128"),
    ("k1", lambda a: [[1.0, 2.0], [3.0]], "k1 cannot be read as an array"),
    ("k1", lambda a: [["a", "b", "c"]], "k1 has dtype <U1"),
    ("q", lambda a: np.ma.masked_array(a), "q is a masked array")])
def test_bad_arrays_are_named(name: str, change: Callable[[Any], Any], says: str) -> None:
    with pytest.raises(ProblemError) as bad: gradient(**spoiled(name, change))
    assert says in one_line(bad)


@pytest.mark.parametrize("options, says", [
    ({"scale": float("nan")}, "scale nan"), ({"scale": "big"}, "scale 'big'"), ({"window": 0}, "window 0"),
    ({"window": (1, 2, 3)}, "window (1, 2, 3)"), ({"window": 1.5}, "window 1.5"), ({"dtype": "int32"}, "dtype 'int32'"),
    ({"dtype": "nonsense"}, "dtype 'nonsense'"),
    ({"mask": [np.ones(5, bool)]}, "1 masks and 2 key sets"),
    ({"mask": [np.ones(5), None]}, "mask1 has dtype float64; it must be bool"),
    ({"mask": [None, np.ones(5, bool)]}, "mask2 has shape (5,); beside k2 with 7 positions it must be (7,)"),
    ({"mask": np.ones((6, 5), bool)}, "mask has shape (6, 5)"),
    ({"mask": [None, np.zeros(7, bool)]}, "query row 0 has nothing left in k2: mask2 leave out all 7 positions"),
    ({"mask": [np.arange(5) > 2, None], "causal": True}, "query row 0 has nothing left in k1: causal and mask1"),
    ({"window": (6, 1), "mask": [None, np.arange(7) != 4]}, "query row 4 has nothing left in k2: window (6, 1) and mask2"),
    ({"window": 1}, "query row 5 has nothing left in k1: window (1, 1) leave out all 5 positions"),
    ({"mask": np.arange(6)[:, None, None] * np.ones((6, 5, 7)) != 2}, "query row 2 has nothing left: mask"),
    ({"mask": np.broadcast_to(np.arange(7) > 2, (6, 5, 7)), "causal": True}, "query row 0 has nothing left: causal and mask")])
def test_bad_options_are_named(options: dict[str, Any], says: str) -> None:
    q, keys, values, _ = draw(2)
    with pytest.raises(ProblemError) as bad: attention(q, keys, values, **options)
    assert says in one_line(bad)


def test_a_row_with_nothing_left_is_named_with_its_batch_item() -> None:
    q, keys, values, _ = draw(2, batch=(2, 2))
    mask = np.ones((2, 2, 7), bool)
    mask[1, 0] = False
    with pytest.raises(ProblemError, match=r"query row 0 of batch item \(1, 0\) has nothing left in k2"):
        attention(q, keys, values, mask=[None, mask])


def test_key_sets_and_values_come_in_equal_numbers() -> None:
    q, keys, values, _ = draw(2)
    with pytest.raises(ProblemError, match="keys is empty"): attention(q, [], [])
    with pytest.raises(ProblemError, match="2 key sets and 1 value sets"): attention(q, keys, values[:1])


def test_batch_dimensions_are_not_broadcast() -> None:
    q, keys, values, _ = draw(2, batch=(2,))
    with pytest.raises(ProblemError, match="nothing is broadcast"): attention(q, [keys[0][:1], keys[1]], values)
