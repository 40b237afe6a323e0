"""The claims about regimes: each reaches what it promises, its twins are refuted, and the statements say what is meant."""
import importlib
from fractions import Fraction
from itertools import product
from math import comb, log, prod
from pathlib import Path

import pytest

from tacheck.decide import decide
from tacheck.kernel.bounds import Intervals
from tacheck.kernel.check import Status
from tacheck.kernel.evaluate import evaluate
from tacheck.lang import scalar, size, term
from tacheck.library import load

FILES = ("regimes", "real_models", "score_range", "descent")
CLAIMS = {id: c for id, c in load(Path(__file__).parents[1]).items() if id.partition(".")[0] in FILES}
regimes = importlib.import_module("theory.regimes")                  # as loaded last


def sample():
    """Of each family the first, the middle and the last member; by_powers[6] takes seconds, and `tacheck verify` has it."""
    families: dict[str, list[str]] = {}
    for id in CLAIMS: families.setdefault(id.partition("[")[0], []).append(id)
    found = {ids[k] for ids in families.values() for k in (0, len(ids) // 2, -1)} - {"score_range.by_powers[6]"}
    return sorted(found)


@pytest.mark.parametrize("id", sample())
def test_a_claim_reaches_what_it_promises_and_its_twins_are_refuted(id):
    statement, lies = CLAIMS[id].statements()
    assert decide(statement, 60, CLAIMS[id].form).status.value in CLAIMS[id].promised(statement).split("|")
    assert lies
    for lie in lies.values(): assert decide(lie, 60).status is Status.REFUTED


def value(t, sizes=None, **scalars):
    low, high = evaluate(term(t).data, Intervals(120), sizes or {}, lambda x, _: Fraction(scalars[x]), {})
    return float(low + high) / 2


@pytest.mark.parametrize("d, g", list(product((1, 2, 7, 64), (1, 2, 5, 9))))
def test_the_rank_is_a_binomial(d, g):
    assert round(value(regimes.rank(size("d"), g), {"d": d})) == comb(d + g, g)


@pytest.mark.parametrize("p", range(2, 7))
def test_the_gap_of_means_is_the_gap_of_means(p):
    names, numbers = "abcdef"[:p], [Fraction(k * k + 1, 3) for k in range(p)]
    found = value(regimes.means_gap([scalar(x) for x in names]), **dict(zip(names, numbers)))
    assert found == pytest.approx(float(sum(x ** p for x in numbers) / p - prod(numbers)))


def test_the_exponent_bounds_that_of_the_rank():
    """d = c ln n, g = (ln n)/w, at sizes where both are whole: log C(d + g, g)/log n is below."""
    for d, g, L in ((8, 4, 16), (64, 8, 32), (30, 30, 30), (5, 50, 100)):
        c, w = Fraction(d, L), Fraction(L, g)
        assert log(comb(d + g, g)) / L <= value(regimes.exponent(c, term(w)))


def test_counts_are_those_of_the_loops():
    for order, n, d, m in product((1, 2, 3), (1, 3), (2, 5), (2, 4)):
        operations = n ** (order + 1) * (2 * d + 1 + 2 * m) + sum(n ** k * (d + 2 * m) for k in range(2, order + 1))
        assert round(value(regimes.exact_forward(order), {"n": n, "d": d, "m": m})) == operations
        features, moments, weights = (order + 1) * n * 10, order * n * 2 * m * 10, order * m * 10
        assert round(value(regimes.fast_forward(order), {"n": n, "m": m}, r=10)) == features + moments + weights + 2 * n * m * 10


def test_thresholds_at_numbers():
    found = value(regimes.gadget_bound(term(64), term(4096 ** 2), term(Fraction(1, 3)), 3))
    assert found == pytest.approx((64 * (2 * log(4096) + 2 * log(3))) ** (1 / 3))
    assert value(regimes.bound_of(scalar("L"), scalar("w"), 3), L=16, w=2) == pytest.approx(2)
