"""The monomials, their weights and their shifts, against their definitions."""
from fractions import Fraction
from itertools import product
from math import comb, factorial, prod

import numpy as np
import pytest

from tacheck.numeric.features import BLOCKS, Features, aligned, block, extremes, features, rank

SIZES = [(1, 0), (1, 6), (2, 1), (2, 5), (3, 4), (4, 6), (7, 2), (9, 1), (5, 0)]


@pytest.mark.parametrize("d, g", SIZES)
def test_the_rank_is_a_binomial(d: int, g: int) -> None:
    f = Features(d, g)
    assert f.rank == rank(d, g) == comb(d + g, g) == len(f.exponents())
    assert f.below == (comb(d + g - 1, g - 1) if g else 0)


@pytest.mark.parametrize("d, g", SIZES)
def test_every_exponent_occurs_once_by_ascending_degree(d: int, g: int) -> None:
    f = Features(d, g)
    found = [tuple(map(int, e)) for e in f.exponents()]
    assert sorted(found) == sorted(e for e in product(range(g + 1), repeat=d) if sum(e) <= g)
    assert [sum(e) for e in found] == f.degrees.tolist() == sorted(f.degrees)


@pytest.mark.parametrize("d, g", SIZES)
def test_features_are_the_monomials(d: int, g: int) -> None:
    f, x = Features(d, g), np.random.default_rng(0).normal(size=(d, 7))
    wanted = np.prod(x[None] ** f.exponents()[:, :, None], axis=1)
    for rows in {f.rank, f.below} - {0}:                             # the highest degree may be left out
        found = np.full((rows, 7), np.nan)
        f.fill(x, found)
        assert np.allclose(found, wanted[:rows], rtol=1e-14)


@pytest.mark.parametrize("d, g", SIZES)
def test_weights_are_multinomials(d: int, g: int) -> None:
    f, c = Features(d, g), np.arange(2.0, g + 3)
    wanted = [c[sum(e)] * factorial(sum(e)) / prod(map(factorial, e)) for e in f.exponents().astype(int).tolist()]
    assert f.weights(c).tolist() == wanted


def test_large_multinomials_are_exact_as_long_as_floats_hold_them() -> None:
    f = Features(4, 20)
    wanted = [factorial(sum(e)) // prod(map(factorial, e)) for e in f.exponents().astype(int).tolist()]
    assert max(wanted) > 2**31
    assert f.weights([1] * 21).tolist() == wanted


@pytest.mark.parametrize("d, g", SIZES)
def test_shifts_multiply_by_a_variable(d: int, g: int) -> None:
    f = Features(d, g)
    E = f.exponents().astype(int)
    for c in range(d):
        assert (E[f.shifts[c]] == E[:f.below] + np.eye(d, dtype=int)[c]).all()
        assert (f.slopes[c] == E[:f.below, c] + 1).all()


@pytest.mark.parametrize("slots", [2, 3, 4])
def test_the_polynomial_of_a_sum_of_products_is_a_weighted_sum_of_monomials(slots: int) -> None:
    """P(sum_c x_c y_c z_c) = sum_al w_al x^al y^al z^al, in rationals."""
    d, g = 3, 4
    f, random = Features(d, g), np.random.default_rng(slots)
    x = [[Fraction(int(a), 7) for a in random.integers(-9, 9, d)] for _ in range(slots)]
    c = [Fraction(int(a), 5) for a in random.integers(-9, 9, g + 1)]
    s = sum((prod((p[k] for p in x), start=Fraction(1)) for k in range(d)), Fraction(0))
    multinomials = [factorial(sum(e)) // prod(map(factorial, e)) for e in f.exponents().astype(int).tolist()]
    found = sum(c[sum(e)] * w * prod((p[k] ** e[k] for p in x for k in range(d)), start=Fraction(1))
                for e, w in zip(f.exponents().astype(int).tolist(), multinomials))
    assert found == sum(a * s**k for k, a in enumerate(c))


def test_tables_are_kept() -> None:
    assert features(3, 3) is features(3, 3)


@pytest.mark.parametrize("kind", [np.float32, np.float64])
def test_blocks_fit_the_cache_and_the_tokens(kind: type) -> None:
    dtype = np.dtype(kind)
    for r in (1, 10, 210, 3003, 10**6):
        assert BLOCKS[0] <= block(r, dtype, 1 << 30) <= BLOCKS[1]
    assert block(210, dtype, 5) == 8 and block(210, dtype, 1) == block(210, dtype, 0) == 8
    assert block(210, np.dtype(np.float32), 1 << 30) >= block(210, np.dtype(np.float64), 1 << 30)
    a = aligned((3, 8), dtype)
    assert a.ctypes.data % 64 == 0 and a.shape == (3, 8) and a.flags.c_contiguous


@pytest.mark.parametrize("n", [1, 5, 127, 128, 1000, 1003])
def test_extremes_are_those_of_the_columns(n: int) -> None:
    a = np.random.default_rng(n).normal(size=(n, 3))
    for given in (a, a[:, ::-1], a[::2], a.astype(np.float32)):
        low, high = extremes(given)
        assert (low == given.min(axis=0)).all() and (high == given.max(axis=0)).all()
    assert [e.tolist() for e in extremes(a[:0])] == [[0.0] * 3] * 2
