"""The promises of the fast path, on data chosen to break them: true errors stay within what is certified, or the call is refused.

Truth is computed tuple by tuple in long double, from the arrays as they are.
"""
from fractions import Fraction
from itertools import product
from math import prod
from typing import Any, NamedTuple

import numpy as np
import pytest
from mpmath import mp, mpf

from tacheck.numeric.arrays import Problem, ProblemError, problem
from tacheck.numeric.door import ErrorBound, attention, gradient
from tacheck.numeric.loss import loss_gradient
from tacheck.numeric.plan import choose, columns_range, score_range
from tacheck.numeric.ranges import logit_range
from tacheck.numeric.state import KeyState

WIDE = np.longdouble
Array = Any


class Truth(NamedTuple):
    """Exact results and, in the same order, the sums of the sizes of all that they are made of: output, dq, dk1, ..., dv1, ..."""
    scores: list[float]
    results: list[Array]
    sizes: list[Array]


def truth(p: Problem, b: int = 0) -> Truth:
    """Of one item, by all tuples that each query row sees."""
    q, g = p.q[b].astype(WIDE), p.upstream[b].astype(WIDE)
    keys, values = ([a[b].astype(WIDE) for a in sets] for sets in (p.keys, p.values))
    spans, all_scores, order = p.spans(b), [], p.order
    results = [np.zeros(g.shape, WIDE), *(np.zeros(a.shape, WIDE) for a in (q, *keys, *values))]
    sizes = [np.zeros(a.shape, WIDE) for a in results]
    for i, x in enumerate(q):
        seen = [span.positions[span.first[i]:span.last[i]] for span in spans]
        at = np.array(list(product(*seen)))
        k, v = ([a[at[:, s]] for s, a in enumerate(sets)] for sets in (keys, values))
        K, V = prod(k[1:], start=k[0]), prod(v[1:], start=v[0])
        s = K @ x * WIDE(p.scale)
        all_scores += s.tolist()
        f = np.exp(s - s.max())
        f /= f.sum()
        r, big = V @ g[i], np.abs(V) @ np.abs(g[i])
        mean = f @ V
        slope, steep = f * (r - f @ r), f * (big + f @ big)
        results[0][i], sizes[0][i] = mean, f @ np.abs(V)
        results[1][i], sizes[1][i] = (slope @ K) * p.scale, (steep @ np.abs(K)) * abs(p.scale)
        for j in range(order):
            one = np.ones((len(at), 1), WIDE)
            around, beside = (prod((a for t, a in enumerate(sets) if t != j), start=one) for sets in (k, v))
            for into, of, w in ((results, np.array, slope), (sizes, np.abs, steep)):
                np.add.at(into[2 + j], at[:, j], w[:, None] * of(around) * of(x * WIDE(p.scale)))
                np.add.at(into[2 + order + j], at[:, j], f[:, None] * of(beside) * of(g[i]) + np.zeros(V.shape))
    return Truth(all_scores, results, sizes)


# ---- data ---------------------------------------------------------------------------------------------------------------

def nasty(random: np.random.Generator, rows: int, columns: int) -> Array:
    """A matrix of some kind that is seldom drawn."""
    a = random.normal(size=(rows, columns))
    kind = random.integers(12)
    if kind == 0: a[:] = a[:1]                                       # constant columns
    if kind == 1: a = np.eye(rows, columns)
    if kind == 2: a[:] = 0
    if kind == 3: a = np.abs(a)
    if kind == 4: a = -np.abs(a) - 1
    if kind == 5: a[random.integers(rows)] *= 30
    if kind == 6: a = a[:, :1] * np.where(np.arange(columns) % 2, -1, 1) + a / 100      # columns cancel
    if kind == 7: a *= 10.0 ** random.integers(-3, 4, columns)
    if kind == 8: a += 10.0 ** random.integers(0, 4)
    if kind == 9: a[:, 0] = 0
    if kind == 10: a = np.sign(a)
    return a


def drawn(seed: int) -> Problem:
    """A small problem of order 1 to 4 whose scores have a moderate range, but not always moderate terms."""
    random = np.random.default_rng(seed)
    order = int(random.choice([1, 1, 2, 2, 3, 4]))
    n, d, dv = random.integers(1, 6), random.integers(1, 4), random.integers(1, 3)
    causal, window = bool(random.random() < 0.25), int(random.integers(1, 4)) if random.random() < 0.2 else None
    limited = causal or window is not None
    lengths = [int(n if limited else random.integers(1, 5 if order > 2 else 7)) for _ in range(order)]
    q, g = nasty(random, n, d), nasty(random, n, dv)
    keys, values = ([nasty(random, m, columns) for m in lengths] for columns in (d, dv))
    if d > 1 and random.random() < 0.15:                             # terms far larger than scores
        q += 10.0 ** random.uniform(0, 3)
        keys[0][:, 1] = -keys[0][:, 0] - keys[0][:, 2:].sum(axis=1)
        for k in keys[1:]: k[:] = k[:, :1]
    mask = None
    if not limited and random.random() < 0.3:
        mask = [random.random(m) < 0.5 for m in lengths]
        for m in mask: m[random.integers(len(m))] = True
    S = np.einsum("iz,az,bz,cz,ez->iabce", q, *keys, *[np.ones((1, d))] * (4 - order))
    reach = float(random.choice([1e-4, 0.1, 1, 3]))
    wide = float(S.max() - S.min()) if random.random() < 0.5 else float(np.abs(S).max())
    scale = 0.0 if random.random() < 0.03 else float(random.choice([-1, 1])) * reach / max(wide, 1e-3)
    for a in (q, *keys):                                             # sizes that the scale takes back
        factor = 2.0 ** float(random.choice([0, 0, 0, 10, -10, 40, -40]))
        a *= factor
        scale /= factor
    if random.random() < 0.2: values[0] += 1e6
    kind = np.float32 if random.random() < 0.4 else np.float64
    return problem(q, keys, values, upstream=g, scale=scale, causal=causal, window=window, mask=mask, dtype=kind)


def given(p: Problem) -> dict[str, Any]:
    """The problem as arguments again."""
    mask = None if all(m is None for m in p.masks) else [None if m is None else m[0] for m in p.masks]
    return {"scale": p.scale, "causal": p.causal, "window": p.window, "mask": mask}


def off(found: Array, wanted: Array) -> Array: return np.abs(np.asarray(found, WIDE) - wanted)


# ---- nothing exceeds its bound ------------------------------------------------------------------------------------------

def broken(p: Problem, error: str, method: str) -> list[str]:
    """The promises that do not hold for the problem; raises ProblemError where it is refused."""
    q, keys, values, g = p.q[0], [k[0] for k in p.keys], [v[0] for v in p.values], p.upstream[0]
    t, bad = truth(p), []
    out, bound = attention(q, keys, values, error=float(error), method=method, return_bound=True, **given(p))
    if not (off(out, t.results[0]) <= bound.output + bound.rounding).all(): bad.append("output")
    found, bound = gradient(q, keys, values, upstream=g, error=float(error), method=method, return_bound=True, **given(p))
    largest = prod(float(np.abs(v).max()) for v in values)
    relative = 8 * bound.rounding / largest if largest else 1.0      # no zeros are off by anything
    for name, a, wanted, size in zip(bound.gradients, (found.q, *found.keys, *found.values), t.results[1:], t.sizes[1:]):
        allowed = bound.gradients[name] + relative * size.max() + np.finfo(p.q.dtype).tiny
        if not (off(a, wanted) <= allowed).all(): bad.append(name)
    return bad + unkept(p, bound, error, t.scores)


def unkept(p: Problem, bound: ErrorBound, error: str, scores: list[Any]) -> list[str]:
    """What is certified about scores and P, by P itself at every score."""
    if not bound.met: return ["met"]
    if bound.method == "exact": return []
    plan, bad = choose(p, Fraction(float(error)), "fast", True, 100_000), []
    with mp.workdps(40):
        for s in scores:
            x, c = mpf(float(s)), plan.polynomial.coefficients
            if abs(float(s) - bound.centre) > bound.radius + 1e-12: bad.append("range")
            tilt = mp.exp(mpf(bound.centre) - x)
            both = c, [k * mpf(z) for k, z in enumerate(c)][1:] or [0]
            value, slope = (mp.polyval(list(reversed(a)), x) * tilt for a in both)
            if abs(value - 1) > bound.delta or bound.delta > float(error): bad.append("delta")
            if abs(slope - 1) > bound.delta_prime or bound.delta_prime > float(error): bad.append("delta_prime")
    return sorted(set(bad))


@pytest.mark.parametrize("part", range(4))
def test_no_promise_is_broken_by_nasty_data(part: int) -> None:
    """160 problems: outputs and gradients within their bounds, scores within their range, P and P' within the error there."""
    kept = 0
    for seed in range(part * 40, part * 40 + 40):
        p = drawn(seed)
        for method in ("fast", "exact"):
            try: found = broken(p, ("1e-1", "1e-3", "1e-6", "1e-9")[seed % 4], method)
            except ProblemError: continue
            assert not found, (seed, method, found)
            kept += 1
    assert kept > 70


@pytest.mark.parametrize("size", [1e1, 1e2, 1e3, 1e6])
@pytest.mark.parametrize("kind, error", [("f4", 1e-3), ("f8", 1e-3), ("f8", 1e-8)])
def test_columns_that_cancel_keep_the_error_or_are_refused(size: float, kind: str, error: float) -> None:
    """Scores within 1, of terms as large as `size`: as monomials are multiplied out, rounding grows with those."""
    random = np.random.default_rng(0)
    z, t = random.normal(size=(6, 1)), random.normal(size=(5, 1)) / 2
    arrays = np.concatenate([np.full((5, 1), size), size + t], 1), np.concatenate([z, -z], 1), random.normal(size=(6, 2))
    q, k, v = (a.astype(kind) for a in arrays)
    p = problem(q, k, v, scale=1, upstream=np.ones((5, 2), kind))
    wanted = truth(p).results[0]
    for method in ("fast", "auto", "exact"):
        try: out, bound = attention(q, k, v, scale=1, error=error, method=method, return_bound=True)
        except ProblemError as no: assert method == "fast" and size > 10 and "rounding" in str(no)
        else: assert (off(out, wanted) <= bound.output + bound.rounding).all() and bound.met and bound.rounding < 1e-1


# ---- the range of the scores --------------------------------------------------------------------------------------------

def fractions(p: Problem) -> tuple[list[Fraction], Fraction]:
    """All scores of the first item, exactly, and the largest sum of the sizes of the terms of one."""
    sets = [[[Fraction(float(x)) for x in row] for row in a[0]] for a in (p.q, *p.keys)]
    terms = [[prod(z) * Fraction(p.scale) for z in zip(*rows)] for rows in product(*sets)]
    return [sum(t, Fraction(0)) for t in terms], max(sum(map(abs, t), Fraction(0)) for t in terms)


def test_no_score_leaves_its_range_in_exact_arithmetic() -> None:
    """Entries from 1e-300 to 1e300, subnormal ones too, and scales that take them back."""
    kept = 0
    for seed in range(150):
        random = np.random.default_rng(seed)
        order, n, d = int(random.integers(1, 4)), 3, int(random.integers(1, 4))
        sets = [nasty(random, n, d) for _ in range(order + 1)]
        powers = random.integers(-1060, 1000, order + 1) if seed % 2 else random.integers(-60, 60, order + 1)
        sets = [np.clip(np.ldexp(a, e), -1e308, 1e308) for a, e in zip(sets, powers)]
        scale = float(np.ldexp(random.normal(), int(np.clip(-powers.sum(), -1070, 1000))))
        p = problem(sets[0], sets[1:], [np.ones((n, 1))] * order, scale=scale)
        scores, terms = fractions(p)
        for find, effort in ((logit_range, 2e9), (logit_range, 0), (score_range, 0), (score_range, 1e6)):
            try: r = find(p, effort)
            except ProblemError: continue
            r = r[0] if isinstance(r, list) else r
            assert Fraction(r.lower) <= min(scores) and max(scores) <= Fraction(r.upper) and terms <= Fraction(r.terms), seed
            kept += 1
    assert kept > 400


def test_products_of_keys_that_underflow_are_in_the_range() -> None:
    ends = [(np.array([-1e-200]), np.array([1e-200])), (np.array([1e-200]), np.array([1e-200]))]
    lower, upper, terms = columns_range(np.array([[1e200]]), ends, 1e200)
    assert -1.001 < lower <= -1 and 1 <= upper < 1.001 and 1 <= terms < 1.001


def test_scores_beyond_double_precision_are_found_in_any_block() -> None:
    """In one query row of the second block alone."""
    q = np.zeros((9000, 2))
    q[8000] = 1e300
    lower, upper, terms = columns_range(q, [(np.array([1e10, -1e10]), np.array([1e10, -1e10]))], 1.0)
    assert not np.isfinite(upper - lower) and not np.isfinite(terms)


# ---- the other doors ----------------------------------------------------------------------------------------------------

def test_torch_keeps_the_same_promises() -> None:
    torch = pytest.importorskip("torch")
    from tacheck.numeric.torch import tensor_attention
    kept = 0
    for seed in (*range(70), 150, 644, 1031):
        p, error = drawn(seed), (1e-1, 1e-3, 1e-6, 1e-9)[seed % 4]
        if p.window: continue
        q, *sets = (torch.tensor(a[0]) for a in (p.q, *p.keys, *p.values))
        mask = None if p.masks[0] is None else [torch.tensor(m[0]) for m in p.masks]
        wanted = truth(p).results[0]
        for method in ("fast", "exact"):
            try: out, bound = tensor_attention(q, sets[:p.order], sets[p.order:], error=error, scale=p.scale, method=method,
                                               is_causal=p.causal, mask=mask, return_bound=True)
            except ProblemError: continue
            assert (off(out.numpy(), wanted) <= bound.output + bound.rounding).all() and bound.met, (seed, method)
            kept += 1
    assert kept > 90


def test_keys_in_odd_pieces_keep_the_error_or_are_refused() -> None:
    kept = 0
    for seed in range(120):
        p, error, random = drawn(seed), (1e-1, 1e-3, 1e-6, 1e-9)[seed % 4], np.random.default_rng(seed)
        if p.causal or p.window or p.masks[0] is not None: continue
        keys, values = [k[0] for k in p.keys], [v[0] for v in p.values]
        radius, at = score_range(p).radius, [0] * p.order
        try:
            state = KeyState(p.q.shape[2], values[0].shape[1], radius=radius, error=error, order=p.order, scale=p.scale,
                             dtype=p.q.dtype)
            while any(a < len(k) for a, k in zip(at, keys)):
                to = [a + int(random.integers(0, 3)) for a in at]
                state.extend(*([x[a:b] for x, a, b in zip(sets, at, to)] for sets in (keys, values)))
                at = to
            out = state.attend(p.q[0])
        except ProblemError: continue
        largest, eps = prod(float(np.abs(v).max()) for v in values), float(np.finfo(p.q.dtype).eps)
        allowed = (2 * error + 2 * eps) * largest + float(np.finfo(p.q.dtype).tiny)      # rounding is at most another error
        assert (off(out, truth(p).results[0]) <= 2 * allowed).all(), seed
        kept += 1
    assert kept > 30


def test_a_state_refuses_what_rounding_or_its_type_would_spoil() -> None:
    state = KeyState(2, 1, radius=1, error=1e-8, order=1, scale=1)
    z = np.random.default_rng(0).normal(size=(6, 1))
    state.extend(np.full((6, 2), [1.0, -1.0]), z)
    with pytest.raises(ProblemError, match="terms up to"): state.attend(np.full((1, 2), 1e3))
    narrow = KeyState(1, 1, radius=1, error=1e-2, order=1, dtype="float32")
    with pytest.raises(ProblemError, match="k1 has inf"): narrow.extend(np.array([[1e300]]), np.ones((1, 1)))
    assert narrow.tokens == [0]


@pytest.mark.parametrize("size", [1.0, 1e2, 1e4])
def test_a_loss_whose_X_cancels_keeps_the_error_or_is_refused(size: float) -> None:
    """The columns of X cancel on these tokens, in core tensors one entry at a time."""
    random = np.random.default_rng(0)
    A = [np.ones((4, 2)) + random.normal(size=(4, 2)) / size, *(random.normal(size=(5, 2)) for _ in range(2))]
    X, Y, E = np.array([[size, size], [-size, -size]]), random.normal(size=(2, 1)), np.zeros((4, 1))
    wanted = loss_gradient(X, A, Y, E, scale=0.1)
    for method in ("fast", "auto"):
        try: found, bound = loss_gradient(X, A, Y, E, scale=0.1, error=1e-6, method=method, return_bound=True)
        except ProblemError as no: assert method == "fast" and size > 1 and "rounding" in str(no)
        else: assert (off(found, wanted) <= bound.gradients["dX"] + 1e-9 * size).all()
