"""The certified range of the scores contains them all, in exact arithmetic, and is not much wider than they need."""
from fractions import Fraction
from itertools import product
from math import inf, prod

import numpy as np
import pytest

from tacheck.numeric import ranges
from tacheck.numeric.arrays import ProblemError, problem
from tacheck.numeric.ranges import logit_range, sampled_range

SETTINGS = 200


def draw(rng, n, sizes, d, size=1.0, kind=np.float64):
    """Normal data; columns of different sizes where `size` is not 1, and some columns of zeros."""
    def some(n):
        a = rng.standard_normal((n, d)) * size ** rng.uniform(-1, 1, d)
        return (a * (rng.random(d) < 0.9)).astype(kind)
    return some(n), [some(k) for k in sizes]


def exact_scores(p, item=0):
    """All scores of an item without masks, as fractions."""
    q, keys = p.q[item], [k[item] for k in p.keys]
    return [Fraction(p.scale) * sum(Fraction(float(x)) * prod(Fraction(float(k[j, c])) for k, j in zip(keys, at))
                                    for c, x in enumerate(q[i]))
            for i, *at in product(range(len(q)), *(range(len(k)) for k in keys))]


def test_every_score_lies_in_the_range_exactly():
    rng = np.random.default_rng(0)
    for trial in range(SETTINGS):
        order, d = int(rng.integers(1, 5)), int(rng.integers(1, 6))
        n, *sizes = rng.integers(1, 4, order + 1).tolist()
        kind, spread = ((np.float64, 1e60), (np.float32, 1e6))[trial % 2]
        q, keys = draw(rng, n, sizes, d, float(rng.choice([1, 10, spread])), kind)
        p = problem(q, keys, [np.ones((k, 1), q.dtype) for k in sizes], scale=float(rng.choice([1, -0.3, 1 / 3, 1e-30])))
        scores = exact_scores(p)
        for budget in (0, 3 * n * sizes[0] * d, inf):
            r, = logit_range(p, budget)
            assert r.lower <= min(scores) and max(scores) <= r.upper, (trial, r)
            rows = len(scores) // n
            assert all(max(scores[i:i + rows]) - min(scores[i:i + rows]) <= r.width for i in range(0, len(scores), rows))


@pytest.mark.parametrize("order", [1, 2, 3, 4])
def test_each_bound_alone_holds_for_every_row(order):
    rng = np.random.default_rng(order)
    for _ in range(25):
        d, sizes = int(rng.integers(1, 7)), rng.integers(1, 5, order).tolist()
        q, keys = draw(rng, 3, sizes, d, 100)
        p = problem(q, keys, [np.ones((k, 1)) for k in sizes])
        scores = np.array(exact_scores(p)).reshape(3, -1)
        s = ranges._scaled(p, 0)
        lower, upper, _ = ranges._columns(s)
        assert (lower <= scores.min(axis=1)).all() and (scores.max(axis=1) <= upper).all()
        if order == 1: continue
        for reach in (ranges._powers(s), *(ranges._norms(s, slot) for slot in range(order))):
            assert (np.abs(scores).max(axis=1) <= reach).all()


def test_where_all_is_aligned_the_inequalities_are_tight():
    for order, d in ((2, 3), (3, 5)):
        p = problem(np.ones((4, d)), [np.ones((5, d))] * order, [np.ones((5, 1))] * order, scale=1)
        for budget in (0, 4 * 5 * d * 2, inf):
            r, = logit_range(p, budget)
            assert d <= r.upper <= d * (1 + 1e-11)


def test_the_range_of_all_tuples_is_that_of_the_scores():
    rng = np.random.default_rng(1)
    for order in (1, 2, 3):
        q, keys = draw(rng, 6, [5] * order, 4)
        p = problem(q, keys, [np.ones((5, 1))] * order)
        r, scores = logit_range(p)[0], exact_scores(p)
        assert r.by == "tuples"
        assert r.lower == pytest.approx(float(min(scores)), abs=1e-12) and r.upper == pytest.approx(float(max(scores)), abs=1e-12)


def gaussian(n, d, seed):
    rng = np.random.default_rng(seed)
    q, k1, k2 = (rng.standard_normal((n, d)) for _ in range(3))
    p = problem(q, [k1, k2], [np.ones((n, 1))] * 2)
    x, keys = q[::16] / d, [k.astype(np.float32) for k in (k1, k2)]
    return p, max(float(np.abs((row * keys[0]) @ keys[1].T).max()) for row in x.astype(np.float32)) * (1 - 1e-5)


def test_on_normal_data_the_bounds_are_within_a_small_factor():
    """n = 256 here, and every 16th query row is looked at: the largest score is at least what was found."""
    linear, one_product = [], []
    for seed in range(9):
        p, found = gaussian(256, 64, seed)
        linear.append(logit_range(p, 0)[0].radius / found)
        one_product.append(logit_range(p, 2e7)[0].radius / found)
    assert np.median(linear) <= 4.5
    assert np.median(one_product) <= 3.5
    assert all(a <= b for a, b in zip(one_product, linear))


def test_at_a_thousand_tokens_one_product_of_matrices_is_within_a_factor_of_three():
    """Every 16th query row is looked at, so that the true ratio is smaller still."""
    ratios = []
    for seed in range(5):
        p, found = gaussian(1024, 64, seed)
        ratios.append(logit_range(p, 2e8)[0].radius / found)
    assert min(ratios) >= 1
    assert np.median(ratios) <= 3


def test_a_larger_budget_never_gives_a_wider_range():
    rng = np.random.default_rng(2)
    for order in (1, 2, 3):
        q, keys = draw(rng, 12, [9] * order, 5, 30)
        p = problem(q, keys, [np.ones((9, 1))] * order)
        widths = [logit_range(p, budget)[0].radius for budget in (0, 2000, 10000, inf)]
        assert all(a >= b * (1 - 1e-12) for a, b in zip(widths, widths[1:]))


def test_what_a_mask_leaves_out_does_not_count():
    rng = np.random.default_rng(3)
    q, (k1, k2) = draw(rng, 5, [6, 7], 3)
    k1[2], k2[0] = 1e6, -1e6
    masks = [np.arange(6) != 2, np.arange(7) != 0]
    for budget in (0, 1000, inf):
        r, = logit_range(problem(q, [k1, k2], [np.ones((6, 1)), np.ones((7, 1))], mask=masks), budget)
        kept, = logit_range(problem(q, [k1[masks[0]], k2[masks[1]]], [np.ones((5, 1)), np.ones((6, 1))]), budget)
        assert r == kept


def test_each_batch_item_has_its_own_range():
    rng = np.random.default_rng(4)
    q, k = rng.standard_normal((2, 3, 4, 2)), rng.standard_normal((2, 3, 5, 2))
    q *= np.arange(1, 7).reshape(2, 3, 1, 1)
    found = logit_range(problem(q, [k], [np.ones((2, 3, 5, 1))]))
    assert [r.radius for r in found] == [logit_range(problem(a, [b], [np.ones((5, 1))]))[0].radius
                                         for a, b in zip(q.reshape(6, 4, 2), k.reshape(6, 5, 2))]


@pytest.mark.parametrize("where", ["q", "k1", "k2"])
def test_zeros_give_a_range_of_zero(where):
    a = {name: np.ones((4, 3)) for name in ("q", "k1", "k2")} | {where: np.zeros((4, 3))}
    r, = logit_range(problem(a["q"], [a["k1"], a["k2"]], [np.ones((4, 1))] * 2), 0)
    assert r.radius < 1e-200


def test_tiny_and_huge_columns_beside_each_other_keep_the_range_sound():
    q, k1, k2 = np.array([[1e-300, 5e-324, 1.0]]), np.array([[1e300, 1e300, 3e-310]]), np.array([[7.0, 1e20, 1.0]])
    p = problem(q, [k1, k2], [np.ones((1, 1))] * 2, scale=1)
    for budget in (0, inf):
        r, = logit_range(p, budget)
        assert r.lower <= min(exact_scores(p)) <= r.upper


def test_scores_beyond_double_precision_are_an_error_in_one_line():
    a = np.full((2, 2), 1e200)
    with pytest.raises(ProblemError, match="beyond double precision"): logit_range(problem(a, [a, a], [np.ones((2, 1))] * 2))


def test_the_sampled_range_is_reached_by_scores():
    rng = np.random.default_rng(5)
    for order in (1, 2, 3):
        q, keys = draw(rng, 8, [6] * order, 4)
        for more in ({}, {"causal": True}, {"mask": [np.arange(6) < 4] * order}):
            p = problem(q, keys, [np.ones((6, 1))] * order, **more)
            low, high = sampled_range(p)
            scores = np.array([float(x) for x in exact_scores(p)])
            assert np.abs(scores - low).min() < 1e-12 and np.abs(scores - high).min() < 1e-12
            r, = logit_range(p)
            assert r.lower <= low <= high <= r.upper


def test_the_local_search_finds_most_of_the_range():
    p, found = gaussian(256, 16, 0)
    low, high = sampled_range(p, starts=32)
    assert max(-low, high) >= 0.7 * found


def test_the_search_hides_what_causal_attention_hides():
    q, k = np.ones((3, 1)), np.array([[1.0], [2.0], [50.0]])
    k[2], q[2] = 50, 0.01
    low, high = sampled_range(problem(q, [k], [np.ones((3, 1))], causal=True, scale=1), starts=64)
    assert high == 2
