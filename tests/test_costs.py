"""Operations are counted as NumPy makes them, by the algorithm as it is."""
from typing import Any

import numpy as np
import pytest

from tacheck.lang import size
from tacheck.numeric import counting, fast, moments
from tacheck.numeric.counting import Counted, draw, multiplications, sample, sizes, taylor
from theory.costs import Cost


def count(run: Any) -> int:
    """What is multiplied in `run` of two counted arrays, (3, 4) and (4, 5)."""
    a, b = np.ones((3, 4)).view(Counted), np.ones((4, 5)).view(Counted)
    Counted.count = 0
    run(a, b)
    return Counted.count


@pytest.mark.parametrize("run, wanted", [
    (lambda a, b: a * 2.0, 12), (lambda a, b: a / a, 12), (lambda a, b: a + a, 0), (lambda a, b: a @ b, 60),
    (lambda a, b: np.matmul(a, b, out=np.empty((3, 5))), 60), (lambda a, b: np.multiply(np.ones(4), 2.0), 0),
    (lambda a, b: np.einsum("ij,ij->i", a, a), 12), (lambda a, b: np.einsum("ij,jk->ik", a, b), 60),
    (lambda a, b: np.einsum("ij,ij,ij->", a, a, a), 24), (lambda a, b: a[:2, :3] * a[:2, :3].T.T, 6),
    (lambda a, b: np.multiply(a[0], b[:, 0], out=np.empty(4)), 4), (lambda a, b: (a * 2.0) * 2.0, 24),
    (lambda a, b: a.__imul__(3.0), 12), (lambda a, b: np.add.reduce(a), 0), (lambda a, b: np.multiply.reduce(a), 12),
    (lambda a, b: (a.astype("f4") @ b.T.copy().T), 60)])
def test_what_is_multiplied_is_counted(run: Any, wanted: int) -> None:
    assert count(run) == wanted


@pytest.mark.parametrize("run", [lambda a, b: np.exp(a), lambda a, b: np.dot(a, b), lambda a, b: np.linalg.norm(a),
                                 lambda a, b: a ** 2, lambda a, b: np.tensordot(a, b, 1)])
def test_what_may_multiply_in_other_ways_is_no_sample(run: Any) -> None:
    with pytest.raises(TypeError, match="was called"): count(run)


@pytest.mark.parametrize("gradient", [False, True])
@pytest.mark.parametrize("shapes", [counting.SHAPES, counting.LARGE], ids=["all", "by degree"])
def test_the_count_is_the_polynomial(shapes: Any, gradient: bool) -> None:
    """For another seed than the claims'; both ways of taking the highest degree are in the samples."""
    cost = Cost(shapes is counting.LARGE)
    for at, found in sample(3, shapes, gradient):
        assert found == value(cost.gradient if gradient else cost.forward, at)
        assert found != value((cost.gradient if gradient else cost.forward) + size("h"), at)


def value(expr: Any, at: dict[str, int]) -> int:
    """A polynomial at sizes."""
    match expr.data:
        case ("num", x): return int(x)
        case ("size", name): return at[name]
        case ("add", *parts): return sum(value(type(expr)(p), at) for p in parts)
        case ("mul", *parts): return int(np.prod([value(type(expr)(p), at) for p in parts], dtype=object))
    raise AssertionError(expr)


def test_counting_changes_no_result_and_leaves_nothing_behind() -> None:
    random = np.random.default_rng(0)
    p = draw(random, [50, 40, 30], 3, 2, True)
    wanted, places = fast.solve(p, taylor(4)), (moments.aligned, fast.Blocks)
    assert multiplications(p, 4) == multiplications(p, 4) > 0
    assert (moments.aligned, fast.Blocks) == places
    again = fast.solve(p, taylor(4))
    assert np.array_equal(again.out, wanted.out) and type(again.out) is np.ndarray


def test_a_counted_run_gives_the_numbers_of_a_plain_one() -> None:
    from dataclasses import replace
    p = draw(np.random.default_rng(1), [50, 40, 30], 3, 2, True)
    wanted = fast.solve(p, taylor(4))
    marked = replace(p, q=p.q.view(Counted), keys=tuple(k.view(Counted) for k in p.keys))
    with counting.counted(): found = fast.solve(marked, taylor(4))
    assert wanted.gradient and found.gradient
    assert np.array_equal(found.out, wanted.out)
    assert np.array_equal(np.asarray(found.gradient.q), wanted.gradient.q)


def test_places_are_given_back_after_an_error() -> None:
    places = (moments.aligned, fast.Blocks)
    with pytest.raises(RuntimeError), counting.counted(): raise RuntimeError
    assert (moments.aligned, fast.Blocks) == places


def test_sizes_are_those_of_the_theory() -> None:
    assert sizes([5, 3, 2], 4, 2, 3) == {"n": 5, "t": 10, "k": 2, "d": 4, "m": 3, "r": 35, "h": 15}


def test_more_features_cost_more_memory_but_more_tokens_do_not() -> None:
    random = np.random.default_rng(0)
    def extra(n: int) -> int: return counting.extra_bytes(draw(random, [n] * 3, 3, 3, True), taylor(5))
    few, many = extra(8_000), extra(32_000)
    assert many - few <= 24_000 * (3 + 4)
    assert few < 4 * 2**20 < 32_000 * 56 * 8                         # beside features of all tokens of one slot
