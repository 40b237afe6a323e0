"""The theory of polynomial attention against numbers: what its claims say is reached, is not exceeded, and fits together."""
import math
from fractions import Fraction
from itertools import combinations_with_replacement
from pathlib import Path

import numpy as np
import pytest

from tacheck import decide, library
from tacheck.kernel.check import Status
from tacheck.kernel.evaluate import evaluate
from tacheck.lang import size
from tacheck.provers.floats import Floats

ROOT = Path(__file__).parents[1]
FILES = ("polynomial", "approximation", "propagation", "covariance", "gradient_error", "moments")
FAMILIES = {c.id.partition("[")[0]: c for c in library.load(ROOT).values() if c.id.partition(".")[0] in FILES}

from theory import polynomial as of  # noqa: E402


def number(expr, **sizes) -> float: return evaluate(expr.data, Floats(), sizes, lambda *_: 0.0, {})


@pytest.mark.parametrize("name", sorted(FAMILIES))
def test_one_of_each_family_ends_as_promised_and_its_twins_are_refuted(name: str) -> None:
    claim = FAMILIES[name]
    statement, twins = claim.statements()
    assert decide(statement, form=claim.form).status.value in claim.promised(statement).split("|")
    assert all(decide(twin).status is Status.REFUTED for twin in twins.values())


# ---- ranks and errors -----------------------------------------------------------------------------------------------

@pytest.mark.parametrize("d, g", [(1, 3), (3, 2), (4, 6), (8, 3)])
def test_the_rank_counts_the_monomials(d: int, g: int) -> None:
    monomials = sum(1 for k in range(g + 1) for _ in combinations_with_replacement(range(d), k))
    assert monomials == math.comb(d + g, g) == round(number(of.rank(size("d"), g), d=d))
    assert round(number(of.printed_rank(size("d"), g), d=d)) == math.comb(2 * (d + g), 2 * g) >= monomials ** 2


def relative(coefficients: list[Fraction], B: int) -> float:
    x = np.linspace(-B, B, 4001)
    return float(np.abs(np.polyval([float(c) for c in reversed(coefficients)], x) * np.exp(-x) - 1).max())


@pytest.mark.parametrize("B, g", sorted(of.BEST))
def test_no_polynomial_is_much_better_than_the_table(B: int, g: int) -> None:
    least = number(of.least_error(of.nodes(B, g)))
    assert least <= relative(of.best(B, g), B) <= 1.15 * least


@pytest.mark.parametrize("B, g", [(1, 8), (2, 12), (4, 18)])
def test_the_chebyshev_series_tends_to_exp(B: int, g: int) -> None:
    x = np.linspace(-B, B, 101)
    assert np.abs(np.polyval([float(c) for c in reversed(of.chebyshev(B, g))], x) - np.exp(x)).max() < 1e-6


def test_divided_differences_vanish_on_polynomials() -> None:
    points = of.nodes(1, 4)
    mu = of.divided_difference(points)
    assert [sum(m * x ** k for m, x in zip(mu, points)) for k in range(6)] == [0, 0, 0, 0, 0, 1]


# ---- from entries to outputs and gradients --------------------------------------------------------------------------

def tau(delta: float) -> float: return delta / (1 + math.sqrt(1 - delta ** 2))


def rows(delta: float, n: int, seed: int):
    """Weights, weights with relative errors at both ends of their range, and values at both ends of theirs."""
    rng = np.random.default_rng(seed)
    for _ in range(300):
        f = rng.dirichlet(np.full(n, rng.choice([0.1, 1, 10]))) + 1e-9
        yield f, f * (1 + delta * rng.choice([-1, 1], n)), rng.choice([-1.0, 1.0], n), rng.choice([-1.0, 1.0], n)


@pytest.mark.parametrize("delta", [1e-3, 0.1, 0.5, 0.9])
def test_outputs_move_by_at_most_tau_times_the_range(delta: float) -> None:
    for f, g, v, _ in rows(delta, 6, 1):
        u, w = f @ v / f.sum(), g @ v / g.sum()
        assert abs(w - u) <= delta * (1 - u * w) + 1e-12 <= 2 * tau(delta) + 1e-12


def gradient(f: np.ndarray, q: np.ndarray) -> np.ndarray: return f * (q - f @ q / f.sum()) / f.sum()


@pytest.mark.parametrize("delta", [1e-3, 0.1, 0.5, 0.9])
def test_gradients_in_the_scores_move_by_at_most_tau_times_the_range(delta: float) -> None:
    moved = [np.abs(gradient(g, q) - gradient(f, q)).sum() for f, g, q, _ in rows(delta, 4, 2)]
    assert max(moved) <= 2 * tau(delta) + 1e-12
    t = tau(delta)
    f, q = np.array([1 - t, 1 - t, 1 + t, 1 + t]), np.array([1.0, -1, -1, 1])
    g, signs = f * (1 + delta * np.array([1, 1, -1, -1])), np.array([1, -1, 1, -1])
    assert signs @ (gradient(g, q) - gradient(f, q)) == pytest.approx(2 * t, rel=1e-9)


def det(t: np.ndarray) -> float: return (t[0] * t[1] - t[2] * t[3]) / t.sum() ** 2


def steps(f: np.ndarray, g: np.ndarray, delta: float):
    """The steps of `covariance`: the differences of det/(sum)^2, none smaller than the one before, and the last case."""
    if det(g) < 0: f, g = g[[2, 3, 0, 1]], (1 - delta ** 2) * f[[2, 3, 0, 1]]
    yield det(g) - det(f)
    off = (f[2] + f[3]) / 2
    f, g = np.array([*f[:2], off, off]), np.array([*g[:2], *[(1 - delta) * off] * 2])
    yield det(g) - det(f)

    def gap(t: np.ndarray) -> float: return (t[0] - t[1]) / t.sum()
    if gap(f) + gap(g) < 0: f, g = f[[1, 0, 2, 3]], g[[1, 0, 2, 3]]
    if gap(g) < 0: g[0] = g[1]
    yield det(g) - det(f)
    assert (np.abs(g / f - 1) <= delta + 1e-9).all()
    m = (gap(f) + gap(g)) / 2
    values = np.array([1 - m, 1 + m, 0, 0])
    u, w = f @ values / f.sum(), g @ values / g.sum()
    assert w - u == pytest.approx(2 * (det(g) - det(f)), abs=1e-12)
    yield min(w - u, (delta * (u + w - 2 * u * w) if u <= 1 - m else delta / 2)) / 2 + 1e-12


@pytest.mark.parametrize("delta", [0.01, 0.3, 0.9, 0.999])
def test_the_steps_about_covariances_fit_together(delta: float) -> None:
    rng = np.random.default_rng(3)
    for _ in range(2000):
        f = rng.dirichlet(np.full(4, rng.choice([0.2, 1, 5]))) + 1e-9
        g = f * (1 + delta * rng.choice([-1, 1, rng.uniform(-1, 1)], 4))
        found = list(steps(f, g, delta))
        assert det(g) < 0 <= det(f) or det(g) - det(f) <= found[0] + 1e-12
        assert found[0] <= found[1] + 1e-12 and found[1] <= found[2] + 1e-12
        assert found[2] <= max(found[3], 0) + 1e-12
        assert max(found) <= tau(delta) / 2 + 1e-9


def test_a_polynomial_with_its_derivative_moves_the_gradient_as_much_as_is_said() -> None:
    rng, P = np.random.default_rng(4), np.array([float(c) for c in reversed(of.best(1, 4))])
    x = np.linspace(-1, 1, 2001)
    delta, prime = (np.abs(np.polyval(p, x) * np.exp(-x) - 1).max() for p in (P, np.polyder(P)))
    kappa, worst = (delta + prime) / (1 - delta), 0.0
    for _ in range(500):
        s, q = rng.uniform(-1, 1, 8), rng.choice([-1.0, 1.0], 8)
        f, g, h = np.exp(s), np.polyval(P, s), np.polyval(np.polyder(P), s)
        moved = np.abs(h * (q - g @ q / g.sum()) / g.sum() - gradient(f, q)).sum()
        worst = max(worst, moved / (2 * tau(delta) + kappa))
    assert 0.1 < worst <= 1


# ---- moments --------------------------------------------------------------------------------------------------------

def test_moments_over_monomials_give_the_gradient_in_the_points() -> None:
    rng, d, g, n, m = np.random.default_rng(5), 2, 3, 5, 3
    c = rng.normal(size=g + 1)
    powers = [(i, j) for i in range(g + 1) for j in range(g + 1 - i)]
    weight = {a: c[sum(a)] * math.factorial(sum(a)) / math.prod(map(math.factorial, a)) for a in powers}
    x, u = rng.normal(size=(3, n, d)), rng.normal(size=(3, n, m))

    def moment(s: int, a: tuple[int, ...]) -> np.ndarray: return (u[s] * (x[s] ** np.array(a)).prod(1)[:, None]).sum(0)
    C = {a: weight[a] * moment(0, a) * moment(2, a) for a in powers}
    fast = np.array([[sum((b[e] + 1) * (C[tuple(np.add(b, np.eye(d, dtype=int)[e]))] @ u[1, t]) * (x[1, t] ** np.array(b)).prod()
                          for b in powers if sum(b) < g) for e in range(d)] for t in range(n)])
    s = np.einsum("ic,jc,lc->ijl", *x)
    slopes = np.polyval(np.polyder(c[::-1]), s)
    dense = np.einsum("ijl,im,jm,lm,ic,lc->jc", slopes, *u, x[0], x[2])
    assert np.allclose(fast, dense, rtol=1e-10)
