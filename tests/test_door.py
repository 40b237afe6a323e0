"""The public functions: what an error means, what "auto" chooses, and bounds that hold."""
from fractions import Fraction
from typing import Any

import numpy as np
import pytest

from tacheck.numeric import exact, plan
from tacheck.numeric.arrays import ProblemError, problem
from tacheck.numeric.door import ErrorBound, attention, gradient, output_bound
from tacheck.numeric.fast import solve
from tacheck.numeric.loss import loss_gradient
from tacheck.numeric.plan import coarse, polynomial, score_range


def draw(n: int = 40, d: int = 3, dv: int = 2, order: int = 2, size: float = 1.0, batch: tuple[int, ...] = (), seed: int = 0,
         dtype: Any = float) -> tuple[Any, list[Any], list[Any], Any]:
    """q, keys, values, upstream, with scores of at most `size`."""
    random = np.random.default_rng(seed)
    def draw(width: int) -> Any: return random.uniform(-1, 1, (*batch, n, width)).astype(dtype)
    return (draw(d) * dtype(size), [draw(d) for _ in range(order)], [draw(dv) for _ in range(order)], draw(dv))


def arrays(g: Any) -> list[Any]: return [g.q, *g.keys, *g.values]


def off(found: Any, wanted: Any) -> float: return float(np.abs(np.asarray(found) - np.asarray(wanted)).max())


# ---- errors ---------------------------------------------------------------------------------------------------------

@pytest.mark.parametrize("error", [1e-2, 1e-4, 1e-8, "1e-6", Fraction(1, 1000)])
@pytest.mark.parametrize("size", [0.5, 2.0])
@pytest.mark.parametrize("order", [1, 2])
def test_errors_stay_within_what_was_asked_and_within_the_bound(order: int, size: float, error: Any) -> None:
    q, keys, values, g = draw(order=order, size=size)
    out, bound = attention(q, keys, values, error=error, method="fast", return_bound=True)
    assert bound.met and bound.method == "fast" and bound.delta <= float(Fraction(error)) and bound.gradients is None
    true = off(out, attention(q, keys, values))
    assert 0 < true <= bound.output + bound.rounding and true <= float(Fraction(error))

    found, bound = gradient(q, keys, values, upstream=g, error=error, method="fast", return_bound=True)
    assert bound.met and max(bound.delta, bound.delta_prime) <= float(Fraction(error))
    wanted = arrays(gradient(q, keys, values, upstream=g))
    assert list(bound.gradients) == ["dq", *(f"d{a}{s}" for a in "kv" for s in range(1, order + 1))]
    for a, b, limit in zip(arrays(found), wanted, bound.gradients.values()):
        assert off(a, b) <= limit + 1e-12 and off(a, b) <= float(Fraction(error)) * np.abs(b).max()


@pytest.mark.parametrize("options", [
    {"causal": True}, {"window": 5}, {"window": [40, 7]}, {"mask": [np.arange(40) % 3 == 0, None]},
    {"causal": True, "mask": [np.arange(40) % 3 == 0] * 2}])
def test_bounds_hold_under_masks(options: Any) -> None:
    q, keys, values, g = draw()
    found, bound = gradient(q, keys, values, upstream=g, error=1e-2, method="fast", return_bound=True, **options)
    for a, b, limit in zip(arrays(found), arrays(gradient(q, keys, values, upstream=g, **options)), bound.gradients.values()):
        assert 0 < off(a, b) <= limit


def test_logsumexp_is_that_of_exp() -> None:
    for shift in (0.0, 4.0, -4.0):                                   # the polynomial is centred on the scores
        q, keys, values, g = draw(d=2)
        q, keys[0], keys[1] = (np.concatenate([a, np.ones((40, 1))], axis=1) for a in (q, *keys))
        q[:, 2] = 3 * shift
        out, lse, bound = attention(q, keys, values, error=1e-6, method="fast", return_logsumexp=True, return_bound=True)
        wanted = attention(q, keys, values, return_logsumexp=True)
        assert off(out, wanted[0]) < 1e-6 and off(lse, wanted[1]) < 1e-6
        assert bound.radius < 1 and abs(bound.centre - shift) < 0.2


def test_batch_items_have_one_certificate_for_all() -> None:
    q, keys, values, g = draw(batch=(2, 3))
    q[1] *= 2
    found, bound = gradient(q, keys, values, upstream=g, error=1e-3, method="fast", return_bound=True)
    for a, b, limit in zip(arrays(found), arrays(gradient(q, keys, values, upstream=g)), bound.gradients.values()):
        assert a.shape == b.shape and 0 < off(a, b) <= limit
    assert 1 < bound.radius <= 2.125


def test_single_precision_is_used_where_it_does_and_not_where_it_does_not() -> None:
    q, keys, values, g = draw(dtype=np.float32)
    wanted = attention(*(np.asarray(a, float) for a in (q,)), [k.astype(float) for k in keys], [v.astype(float) for v in values])
    for error, kind in ((1e-3, np.float32), (1e-7, np.float64)):
        task = problem(q, keys, values)
        found = plan.choose(task, Fraction(error), "fast", False, 10**5)
        assert found is not None and found.kind == kind
        out = attention(q, keys, values, error=error, method="fast")
        assert out.dtype == np.float32 and off(out, wanted) < error


# ---- the loss -------------------------------------------------------------------------------------------------------

@pytest.mark.parametrize("order, d", [(1, 3), (2, 2), (2, 3), (3, 2)])
@pytest.mark.parametrize("factored", [True, False])
def test_the_loss_gradient_in_X(order: int, d: int, factored: bool) -> None:
    random = np.random.default_rng(order)
    def draw(*shape: int) -> Any: return random.uniform(-1, 1, shape)
    A = [draw(9, d), *(draw(6 + s, d) for s in range(order)), *(draw(6 + s, d) for s in range(order))]
    X = [draw(d, d + 1) for _ in range(order + 1)] if factored else draw(d, d**order)
    for Y in ([draw(d, 2) for _ in range(order)], draw(d**order, 2)):
        E = draw(9, 2)
        wanted = loss_gradient(X, A, Y, E)
        found, bound = loss_gradient(X, A, Y, E, error=1e-5, method="fast", return_bound=True)
        assert bound.met and list(bound.gradients) == ([f"dX{s}" for s in range(1, order + 2)] if factored else ["dX"])
        for a, b, limit in zip(*((x if factored else [x]) for x in (found, wanted)), bound.gradients.values()):
            assert a.shape == b.shape and 0 < off(a, b) <= limit and off(a, b) <= 1e-4 * np.abs(b).max()


@pytest.mark.parametrize("order, d", [(1, 3), (2, 2), (2, 3), (3, 2)])
def test_core_tensors_give_the_gradient_of_the_columns(order: int, d: int) -> None:
    """To 1e-13: both are the exact gradient of attention with the same polynomial."""
    from tacheck.numeric.cores import core_gradient
    from tacheck.numeric.loss import task
    random = np.random.default_rng(order)
    def draw(*shape: int) -> Any: return random.uniform(-1, 1, shape)
    A = [draw(9, d), *(draw(6 + s, d) for s in range(order)), *(draw(6 + s, d) for s in range(order))]
    t = task(draw(d, d**order), A, [draw(d, 2) for _ in range(order)], draw(9, 2), None)
    c, out = [1, 1, 1 / 2, 1 / 6, 1 / 24], np.empty((9, 2))
    assert t.core is not None
    found = core_gradient(t.core, t.A, [v[0] for v in t.problem.values], c, t.problem.scale, t.upstream, out)
    wanted = solve(t.problem, c, None, None, t.upstream)
    assert wanted.gradient is not None
    dX = (t.A[0].T @ wanted.gradient.q).reshape(found.shape)
    assert off(found, dX) < 1e-13 * np.abs(dX).max() and off(out, wanted.out) < 1e-13 * np.abs(out).max()


def test_a_wide_X_that_is_not_factored_is_refused_with_numbers() -> None:
    d, random = 6, np.random.default_rng(0)
    A = [random.uniform(-1, 1, (5, d)) for _ in range(5)]
    X, Y, E = random.uniform(-1, 1, (d, d * d)), random.uniform(-1, 1, (d * d, 2)), np.ones((5, 2))
    with pytest.raises(ProblemError, match="36 columns have rank .* give factors"):
        loss_gradient(X, A, Y, E, error=1e-8, method="fast")
    assert (loss_gradient(X, A, Y, E, error=1e-8) == loss_gradient(X, A, Y, E)).all()


# ---- what is chosen -------------------------------------------------------------------------------------------------

def test_no_error_is_exact() -> None:
    q, keys, values, g = draw()
    for method in ("auto", "exact"):
        out, bound = attention(q, keys, values, method=method, return_bound=True)
        assert (out == exact.solve(problem(q, keys, values)).out).all()
        assert bound.method == "exact" and bound.output == 0 and bound.met and bound.claims == ()
    wanted = exact.solve(problem(q, keys, values, upstream=g)).gradient
    assert all((a == b).all() for a, b in zip(arrays(gradient(q, keys, values, upstream=g)), arrays(wanted)))


def test_auto_takes_the_faster_one_and_never_misses_the_error() -> None:
    for n, size, method in ((8, 1.0, "exact"), (300, 0.5, "fast"), (100, 60.0, "exact")):
        q, keys, values, g = draw(n=n, size=size)
        out, bound = attention(q, keys, values, error=1e-3, return_bound=True)
        assert bound.method == method and bound.met
        assert off(out, attention(q, keys, values)) <= 1e-3


def test_exact_attention_keeps_an_error_too() -> None:
    q, keys, values, g = draw(n=6, dtype=np.float32)
    wide = [[a.astype(float) for a in sets] for sets in ([q], keys, values, [g])]
    wanted = arrays(gradient(wide[0][0], wide[1], wide[2], upstream=wide[3][0]))
    found, bound = gradient(q, keys, values, upstream=g, error=1e-9, return_bound=True)
    assert bound.method == "exact" and bound.met and {a.dtype for a in arrays(found)} == {np.dtype("f4")}
    assert all(off(a, b) <= 1e-7 * np.abs(b).max() for a, b in zip(arrays(found), wanted))
    with pytest.raises(ProblemError, match="less than rounding may take in float64"): attention(q, keys, values, error=1e-16)


def test_a_dense_mask_is_exact() -> None:
    q, keys, values, g = draw(n=4)
    mask = np.ones((4, 4, 4), bool)
    assert attention(q, keys, values, mask=mask, error=1e-3, return_bound=True)[1].method == "exact"
    with pytest.raises(ProblemError, match="dense mask"): attention(q, keys, values, mask=mask, error=1e-3, method="fast")


@pytest.mark.parametrize("options, words", [
    ({"method": "fast"}, "needs an error"), ({"error": 0}, "error 0"), ({"error": 1}, "error 1"),
    ({"error": -1e-3}, "error -0.001"), ({"error": float("nan")}, "error nan"), ({"error": "much"}, "error 'much'"),
    ({"method": "magic"}, "method 'magic'"),
    ({"error": 1e-4, "method": "fast", "max_rank": 10}, "rank .* max_rank is 10"),
    ({"error": 1e-16, "method": "fast"}, "rounding|float64")])
def test_what_is_refused(options: Any, words: str) -> None:
    q, keys, values, g = draw()
    with pytest.raises(ProblemError, match=words) as caught: attention(q, keys, values, **options)
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize("spoil", ["nan", "inf", "int", "shape", "empty"])
def test_bad_arrays_are_refused_by_both_methods(spoil: str) -> None:
    q, keys, values, g = draw()
    if spoil == "int": q = q.astype(int)
    elif spoil == "shape": keys[1] = keys[1][:, :2]
    elif spoil == "empty": keys[0], values[0] = keys[0][:0], values[0][:0]
    else: keys[0][3, 1] = float(spoil)
    for options in ({}, {"error": 1e-3, "method": "fast"}):
        with pytest.raises(ProblemError): attention(q, keys, values, **options)


def test_one_token_and_no_query() -> None:
    q, keys, values, g = draw(n=1)
    assert off(attention(q, keys, values, error=1e-3, method="fast"), values[0] * values[1]) < 1e-15
    for method in ("auto", "fast"):
        assert attention(q[:0], keys, values, error=1e-3, method=method).shape == (0, 2)
        found, bound = gradient(q[:0], keys, values, upstream=g[:0], error=1e-3, method=method, return_bound=True)
        assert not any(a.any() for a in arrays(found)) and bound.met


def test_scores_beyond_everything_are_said_to_be() -> None:
    q, keys, values, g = draw(size=1e6)
    with pytest.raises(ProblemError) as caught: attention(q, keys, values, error=1e-3, method="fast")
    assert "exact" in str(caught.value) or "degree" in str(caught.value)
    assert attention(q, keys, values, error=1e-3, return_bound=True)[1].method == "exact"


# ---- the parts of a plan --------------------------------------------------------------------------------------------

def test_the_range_holds_every_score() -> None:
    for seed in range(100):
        random = np.random.default_rng(seed)
        order = 1 + seed % 3
        q = random.normal(size=(4, 3)) + random.normal()
        keys = [random.normal(size=(3, 3)) * 10.0 ** random.integers(-3, 3) + random.normal() for _ in range(order)]
        p = problem(q, keys, [np.ones((3, 1))] * order, scale=float(random.normal()))
        S = np.einsum("iz,az,bz,cz->iabc", q, *keys, *[np.ones((1, 3))] * (3 - order)) * p.scale
        for effort in (0.0, 1e6):
            r = score_range(p, effort)
            assert r.lower <= S.min() and S.max() <= r.upper


def test_radii_are_rounded_up_to_a_coarse_grid() -> None:
    random = np.random.default_rng(0)
    for radius in [*10 ** random.uniform(-2, 3, 200), 1.0, 2.0, 0.5, np.nextafter(1.0, 2), np.nextafter(1.0, 0)]:
        r = coarse(radius)
        assert radius <= r <= Fraction(radius) * Fraction(17, 16) and coarse(float(r)) == r
    assert coarse(0.0) > 0


@pytest.mark.parametrize("lower, upper", [(-1.0, 1.0), (3.0, 4.5), (-5.0, -4.0), (0.0, 0.0)])
def test_a_centred_polynomial_keeps_its_certificate(lower: float, upper: float) -> None:
    from mpmath import mp, mpf
    p = polynomial(lower, upper, Fraction(1, 10**6), True)
    assert p.centre - p.radius <= Fraction(lower) and Fraction(upper) <= p.centre + p.radius
    with mp.workdps(40):
        for s in np.linspace(lower, upper, 301):
            x = mpf(float(s))
            value = sum(mpf(c) * x**k for k, c in enumerate(p.coefficients)) * mp.e ** (float(p.centre) - x)
            slope = sum(k * mpf(c) * x ** (k - 1) for k, c in enumerate(p.coefficients) if k) * mp.e ** (float(p.centre) - x)
            assert abs(value - 1) <= p.delta and abs(slope - 1) <= p.delta_prime


def test_the_output_bound_is_attained() -> None:
    """Two values, and weights that are wrong by exactly delta where it matters most."""
    delta = 0.1
    rho = np.sqrt((1 + delta) / (1 - delta))
    weight = np.array([1 / (1 + rho), rho / (1 + rho)])
    moved = weight * [1 + delta, 1 - delta]
    p = problem(np.ones((1, 1)), np.ones((2, 1)), np.array([[1.0], [0.0]]))
    true = abs(moved[0] / moved.sum() - weight[0])
    assert true <= output_bound(p, delta) <= true * (1 + 1e-12)


def test_a_bound_cannot_be_changed() -> None:
    q, keys, values, g = draw()
    bound = attention(q, keys, values, error=1e-2, method="fast", return_bound=True)[1]
    assert isinstance(bound, ErrorBound)
    with pytest.raises(AttributeError): bound.output = 0.0


def test_a_bound_names_claims_that_are_there() -> None:
    from pathlib import Path

    from tacheck import library, selection
    q, keys, values, g = draw(n=40, size=0.5)
    found = gradient(q, keys, values, upstream=g, error=1e-3, method="fast", return_bound=True)[1]
    assert len(found.claims) > len(attention(q, keys, values, error=1e-3, method="fast", return_bound=True)[1].claims) > 0
    everything = library.load(Path(__file__).parents[1])
    for name in found.claims: assert selection.select(everything, [name])
