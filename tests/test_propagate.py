"""Errors of outputs and gradients from errors of the weights: never exceeded, and reached where a bound is called sharp."""
from dataclasses import replace
from fractions import Fraction
from itertools import product
from math import factorial, inf, log, prod, sqrt

import numpy as np
import pytest

from tacheck.numeric.arrays import Problem, ProblemError, problem
from tacheck.numeric.bounds import EFFORT, Propagated, output_aware, output_exact, output_worst, propagate, tau, through
from tacheck.numeric.exact import solve

Arrays = dict[str, list[np.ndarray]]


# ---- attention with any function in the place of exp, written out ----------------------------------------------------

def allowed(p: Problem, b: int) -> np.ndarray:
    """Which tuples each query row of an item sees: (n, n_1, ..., n_k)."""
    sees = np.ones((p.q.shape[1], *(k.shape[1] for k in p.keys)), bool)
    for s, span in enumerate(p.spans(b)):
        one = np.zeros((len(sees), sees.shape[1 + s]), bool)
        for i in range(len(sees)): one[i, span.positions[span.first[i]:span.last[i]]] = True
        sees &= one.reshape(len(one), *(one.shape[1] if t == s else 1 for t in range(p.order)))
    return sees if p.dense is None else sees & p.dense[b]


def one_item(p: Problem, b: int, weight, slope) -> Arrays:
    """Output and gradients of one item, with `weight` and its derivative `slope` in the place of exp, by einsum."""
    q, keys, values, g = p.q[b], [k[b] for k in p.keys], [v[b] for v in p.values], p.upstream[b]
    x = "jl"[:p.order]                                               # an index for each key set
    rows, every = ",".join(f"{y}c" for y in x), tuple(range(1, 1 + p.order))
    S, sees = p.scale * np.einsum(f"ic,{rows}->i{x}", q, *keys), allowed(p, b)
    W, A = weight(S) * sees, slope(S) * sees
    f, a = (V / W.sum(axis=every, keepdims=True) for V in (W, A))
    r = np.einsum(f"ic,{rows}->i{x}", g, *values)
    pull = a * (r - (f * r).sum(axis=every, keepdims=True))
    found = {"output": [np.einsum(f"i{x},{rows}->ic", f, *values)],
             "q": [p.scale * np.einsum(f"i{x},{rows}->ic", pull, *keys)], "keys": [], "values": []}
    for s, y in enumerate(x):
        left = "".join(f",{z}c" for z in x if z != y)
        for name, weights, sets, own in (("keys", p.scale * pull, keys, q), ("values", f, values, g)):
            others = [array for t, array in enumerate(sets) if t != s]
            found[name].append(np.einsum(f"i{x},ic{left}->{y}c", weights, own, *others))
    return found


def errors(p: Problem, weight, slope) -> Propagated:
    """What is off, with these in the place of exp."""
    worst = {"output": np.zeros(1), "q": np.zeros(1), "keys": np.zeros(p.order), "values": np.zeros(p.order)}
    for b in range(len(p.q)):
        true, other = one_item(p, b, np.exp, np.exp), one_item(p, b, weight, slope)
        for name in true:
            worst[name] = np.maximum(worst[name], [np.abs(x - y).max() for x, y in zip(true[name], other[name])])
    return Propagated(worst["output"][0], worst["q"][0], tuple(worst["keys"]), tuple(worst["values"]))


def scores(p: Problem) -> np.ndarray:
    """All scores of all items."""
    x = "jl"[:p.order]
    return p.scale * np.einsum(f"bic,{','.join(f'b{y}c' for y in x)}->bi{x}", p.q, *p.keys).ravel()


def polynomial(p: Problem, degree: int, kind: str, shift: float = 0.0):
    """A polynomial for exp on the scores of a problem: itself, its derivative, and both relative errors there."""
    s = scores(p)
    radius = max(abs(s - shift).max(), 1e-3)
    if kind == "taylor": P = np.polynomial.Polynomial([1 / factorial(k) for k in range(degree + 1)])
    else: P = np.polynomial.Chebyshev.interpolate(np.exp, degree, [-radius, radius]).convert(kind=np.polynomial.Polynomial)
    slope = P.deriv()
    off = [float(np.abs(f(s - shift) * np.exp(shift - s) - 1).max()) * (1 + 1e-12) + 1e-15 for f in (P, slope)]
    return (lambda x: P(x - shift)), (lambda x: slope(x - shift)), *off


def below(true: Propagated, bound: Propagated) -> list[float]:
    """True error over bound, array by array; rounding of the comparison itself is allowed for."""
    pairs = [(true.output, bound.output)]
    if bound.q is not None: pairs += [(true.q, bound.q), *zip(true.keys, bound.keys)]
    if bound.values is not None: pairs += [*zip(true.values, bound.values)]
    return [max(t - 1e-13, 0) / b if b else float(t > 1e-13) * 2 for t, b in pairs]


def random_problem(seed: int) -> Problem:
    """A small problem of order 1 or 2 with data of any size, sometimes causal, windowed or masked, often degenerate."""
    rng = np.random.default_rng(seed)
    order, n, d, dv = rng.integers(1, 3), rng.integers(1, 6), rng.integers(1, 4), rng.integers(1, 4)
    causal, batch = rng.random() < 0.2, () if rng.random() < 0.8 else (2,)
    lengths = [n if causal else int(rng.integers(1, 7)) for _ in range(order)]
    def array(*shape):
        a = rng.normal(size=(*batch, *shape)) * rng.choice([0.3, 1, 2])
        return np.abs(a) if rng.random() < 0.15 else np.sign(a) if rng.random() < 0.15 else a + rng.choice([0, 0, 3])
    mask = None
    if not causal and rng.random() < 0.25:
        mask = [np.arange(m) > 0 if m > 1 and not batch else None for m in lengths]
    if mask is None and order == 2 and not batch and not causal and rng.random() < 0.1:
        mask = rng.random((n, *lengths)) < 0.6
        mask[:, 0, 0] = True
    q, keys, values = array(n, d), [array(m, d) for m in lengths], [array(m, dv) for m in lengths]
    size = d * prod(max(1.0, float(np.abs(a).max())) for a in (q, *keys)) / rng.choice([1, 3])
    return problem(q, keys, values, upstream=array(n, dv), causal=causal, mask=mask,
                   window=2 if causal and rng.random() < 0.5 else None, scale=float(rng.choice([-1, 1])) / size)


# ---- never exceeded -----------------------------------------------------------------------------------------------------

def test_the_reference_is_exact_attention_and_its_gradients() -> None:
    for seed in range(40):
        p = random_problem(seed)
        found = solve(p)
        for b in range(len(p.q)):
            mine = one_item(p, b, np.exp, np.exp)
            g = found.gradient
            theirs = {"output": [found.out], "q": [g.q], "keys": g.keys, "values": g.values}
            for name, arrays in theirs.items():
                for x, y in zip(mine[name], arrays, strict=True): assert np.allclose(x, y.reshape(-1, *x.shape)[b], atol=1e-12)


@pytest.mark.parametrize("part", range(4))
def test_no_error_of_1000_problems_exceeds_its_bound(part: int) -> None:
    """Of Taylor and Chebyshev polynomials of low degree, whose errors are plain to see; from ranges alone, and tuple by tuple."""
    seen = 0
    for seed in range(290 * part, 290 * part + 290):          # in some of them delta is 1 or more
        p, rng = random_problem(seed), np.random.default_rng(seed)
        weight, slope, delta, steep = polynomial(p, int(rng.integers(1, 5)), ("taylor", "chebyshev")[seed % 2])
        if delta >= 1: continue
        true, out = errors(p, weight, slope), polynomial_output(p, weight)
        for more in ({"effort": 0}, {"effort": 0, "out": out}, {}):
            assert max(below(true, propagate(p, delta, steep, **more))) <= 1, (seed, more)
        seen += 1
    assert seen >= 250


def polynomial_output(p: Problem, weight) -> np.ndarray:
    """The output by the polynomial, in the shape of the problem."""
    return np.array([one_item(p, b, weight, weight)["output"][0] for b in range(len(p.q))])


def test_a_shifted_polynomial_is_covered_too() -> None:
    for seed in range(1000, 1040):
        p = random_problem(seed)
        s = scores(p)
        weight, slope, delta, steep = polynomial(p, 3, "taylor", shift=float((s.max() + s.min()) / 2))
        if delta < 1: assert max(below(errors(p, weight, slope), propagate(p, delta, steep))) <= 1


def test_half_of_the_delta_is_exceeded() -> None:
    """The bounds are not so wide that any number would pass."""
    exceeded = 0
    for seed in range(200):
        p = random_problem(seed)
        weight, slope, delta, steep = polynomial(p, 1, "chebyshev")
        if delta < 1: exceeded += max(below(errors(p, weight, slope), propagate(p, delta / 2, steep / 2))) > 1
    assert exceeded >= 10


def test_looking_at_every_tuple_is_never_worse() -> None:
    for seed in range(60):
        p = random_problem(seed)
        near, far = propagate(p, 0.1, 0.2), propagate(p, 0.1, 0.2, effort=0)
        assert near.output <= far.output and near.q <= far.q
        assert all(x <= y for x, y in zip(near.keys + near.values, far.keys + far.values, strict=True))


def test_an_error_of_the_upstream_gradient_is_carried_along() -> None:
    for seed in range(150):
        p, rng = random_problem(seed), np.random.default_rng(seed)
        weight, slope, delta, steep = polynomial(p, 2, "chebyshev")
        if delta >= 1: continue
        other = replace(p, upstream=p.upstream + 0.05 * np.sign(rng.normal(size=p.upstream.shape)))
        for effort in (0, EFFORT):
            bound = propagate(p, delta, steep, upstream_error=0.05, effort=effort)
            for b in range(len(p.q)):
                true, found = one_item(p, b, np.exp, np.exp), one_item(other, b, weight, slope)
                for name, limits in (("q", [bound.q]), ("keys", bound.keys), ("values", bound.values)):
                    for x, y, limit in zip(true[name], found[name], limits, strict=True):
                        assert np.abs(x - y).max() <= limit + 1e-13, (seed, name)


def test_long_rows_give_every_key_its_share_alone() -> None:
    """With n keys of like weight the error of a key's gradient sums over n rows what is 1/n in each, and so does the bound."""
    rng, bounds = np.random.default_rng(0), []
    for n in (64, 512):
        q, k, v, g = (rng.uniform(-1, 1, (n, 2)) for _ in range(4))
        p = problem(q, k, v, upstream=g)
        weight, slope, delta, steep = polynomial(p, 2, "chebyshev")
        assert max(below(errors(p, weight, slope), propagate(p, delta, steep, effort=0))) <= 1
        bounds.append(propagate(p, 0.01, 0.01, effort=0))
    assert bounds[1].keys[0] < 1.5 * bounds[0].keys[0]
    assert bounds[1].values[0] < 1.5 * bounds[0].values[0]


# ---- reached ------------------------------------------------------------------------------------------------------------

@pytest.mark.parametrize("delta", [1e-12, 1e-6, 1e-3, 0.1, 0.5, 0.9, 0.999])
def test_two_points_reach_the_sharp_bound_of_the_output(delta: float) -> None:
    """One key of weight 1 / (1 + sqrt rho), and the line through ((1 + delta) e^s, (1 - delta) e^t) as the polynomial."""
    rho = (1 + delta) / (1 - delta)
    a = 1 / (1 + sqrt(rho))
    s = log(a / (1 - a))
    p = problem(np.ones((1, 1)), np.array([[s], [0.0]]), np.array([[1.0], [-1.0]]), upstream=np.ones((1, 1)))
    heavy = a * (1 + delta) / (a * (1 + delta) + (1 - a) * (1 - delta))
    true = 2 * (heavy - a)
    found = errors(p, lambda x: np.exp(x) * np.where(x == s, 1 + delta, 1 - delta), np.exp).output
    assert abs(found - true) < 1e-14
    slack = 4e-16 / delta                                            # what the subtraction above has lost
    for more in ({}, {"effort": 0}, {"out": [[2 * a - 1]]}):
        bound = propagate(p, delta, **more).output
        assert 0.999999 - slack <= true / bound <= 1 + slack


def test_the_exact_bound_is_reached_for_these_very_weights() -> None:
    """Over all signs of the errors, tried one by one."""
    rng = np.random.default_rng(1)
    for delta in (1e-3, 0.1, 0.5, 0.9):
        for _ in range(20):
            f, v = rng.dirichlet(np.ones(8)), rng.uniform(-1, 1, 8)
            best = max(abs((f * e) @ v / (f @ e) - f @ v) for e in 1 + delta * np.array([*product((1, -1), repeat=8)]))
            bound = output_exact(f[None], v[:, None], delta)[0, 0]
            assert best <= bound * (1 + 1e-12)
            assert best >= 0.999999 * bound
            assert bound <= output_aware(f @ v, v.min(), v.max(), delta) * (1 + 1e-12)
            assert output_aware(f @ v, v.min(), v.max(), delta) <= output_worst(v.min(), v.max(), delta) * (1 + 1e-12)


def test_the_aware_bound_is_reached_at_both_ends() -> None:
    for delta, a in product((1e-3, 0.1, 0.9), (0.01, 0.3, 0.5, 0.8, 0.999)):
        moved = max(abs(a * e / (a * e + (1 - a) * c) - a) for e, c in ((1 + delta, 1 - delta), (1 - delta, 1 + delta)))
        assert abs(output_aware(a, 0.0, 1.0, delta) / moved - 1) < 1e-9
        there = a * (1 + delta) / (a * (1 + delta) + (1 - a) * (1 - delta))
        assert output_aware(there, 0.0, 1.0, delta) >= (there - a) * (1 - 1e-12)         # the mean by P will do as well


def test_tau_is_rounded_up() -> None:
    for delta in (1e-300, 1e-15, 1e-8, 0.3, 0.9999999, 1 - 2**-53):
        x = Fraction(tau(delta))
        d = Fraction(delta)                                          # tau is the smaller root of d t^2 - 2 t + d
        assert d * x * x - 2 * x + d <= 0
        assert d * (x * (1 - Fraction(1, 10**14))) ** 2 - 2 * x * (1 - Fraction(1, 10**14)) + d >= 0
    assert tau(0.0) == 0.0


# ---- edges --------------------------------------------------------------------------------------------------------------

def test_without_upstream_or_slope_less_is_said() -> None:
    p = random_problem(3)
    assert propagate(replace(p, upstream=None), 0.1, 0.1) == Propagated(propagate(p, 0.1).output)
    assert (propagate(p, 0.1).q, propagate(p, 0.1).keys) == (None, None)
    assert len(propagate(p, 0.1).values) == p.order


def test_nothing_is_off_where_nothing_is_wrong() -> None:
    for effort in (0, EFFORT):
        found = propagate(random_problem(5), 0.0, 0.0, effort=effort)
        assert max(found.output, found.q, *found.keys, *found.values) < 1e-300


def test_no_rows_have_no_errors() -> None:
    p = problem(np.zeros((0, 2)), np.ones((3, 2)), np.ones((3, 1)), upstream=np.zeros((0, 1)))
    assert propagate(p, 0.1, 0.1) == Propagated(0.0, 0.0, (0.0,), (0.0,))


def test_scores_beyond_floats_give_no_false_precision() -> None:
    """Weights that rounding hides are not used, and what overflows is infinite."""
    p = problem(np.full((2, 1), 1e12), np.array([[1.0], [1.0 + 1e-13]]), np.array([[0.0], [1.0]]), upstream=np.ones((2, 1)))
    assert propagate(p, 0.1, 0.1).output == propagate(p, 0.1, 0.1, effort=0).output == output_worst(0.0, 1.0, 0.1)
    huge = problem(np.full((2, 1), 1e200), np.full((2, 1), 1e-100), np.full((2, 1), 1e300), upstream=np.full((2, 1), 1e300))
    assert propagate(huge, 0.1, 0.1).q in (0.0, inf) or propagate(huge, 0.1, 0.1).q > 0


@pytest.mark.parametrize("arguments", [(1.0,), (-0.1,), (float("nan"),), (0.1, -1.0), (0.1, float("nan"))])
def test_what_is_no_error_is_refused_in_one_line(arguments: tuple[float, ...]) -> None:
    with pytest.raises(ProblemError) as bad: propagate(random_problem(0), *arguments)
    assert len(str(bad.value).splitlines()) == 1


def test_the_chain_rule_through_a_matrix() -> None:
    rng = np.random.default_rng(0)
    A, g, off = rng.normal(size=(7, 3)), rng.normal(size=(7, 2)), 0.01 * np.sign(rng.normal(size=(7, 2)))
    assert np.abs(A.T @ (g + off) - A.T @ g).max() <= through(A, 0.01)
