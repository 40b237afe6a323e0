"""Every engine of the zoo is refuted, by a small formula from which nothing can be left out; right engines pass."""
from typing import Any

import numpy as np
import pytest

from tacheck.instances import challenge
from tacheck.instances.challenge import oracle, series, smaller, trial, without
from tacheck.instances.dimacs import FormulaError, formula
from tacheck.instances.forward import fractions, harden, outputs
from tacheck.numeric.door import attention

from .engines.zoo import RIGHT, WRONG
from .test_listing import models


@pytest.mark.parametrize("name", WRONG)
def test_wrong_engines_are_refuted_by_small_formulas(name: str) -> None:
    found = challenge(WRONG[name])
    assert found.refuted and found.seconds < 10
    assert found.failure and found.failure.failed
    assert found.minimal and found.shrunk
    assert found.minimal.formula.variables <= 6
    assert found.largest_error > found.tolerance
    for less in smaller(found.minimal.formula):
        assert not trial(WRONG[name], harden(less, mode=found.minimal.mode), found.tolerance).failed
    assert trial(WRONG[name], harden(found.minimal.formula, mode=found.minimal.mode), found.tolerance).failed


@pytest.mark.parametrize("name", RIGHT)
@pytest.mark.parametrize("order", [1, 2, 3])
def test_right_engines_pass(name: str, order: int) -> None:
    found = challenge(RIGHT[name], order=order)
    assert not found.refuted, found.failure
    assert found.minimal is found.first_wrong is None
    assert found.largest_error < (1e-3 if name == "half" else 1e-12)


def test_the_library_passes_every_order() -> None:
    for order in range(1, 6): assert challenge(attention, order=order).largest_error < 1e-12


@pytest.mark.parametrize("order", [1, 3])
@pytest.mark.parametrize("name", ["taylor", "fp8", "no_scale", "wrong_root", "dropped_row"])
def test_other_orders_too(name: str, order: int) -> None: assert challenge(WRONG[name], order=order, seconds=2).refuted


def test_the_first_wrong_decision_is_told() -> None:
    found = challenge(WRONG["dropped_row"])
    assert found.first_wrong and not found.first_wrong.right
    assert "says SAT" in found.first_wrong.failed
    assert challenge(WRONG["no_scale"]).first_wrong is None          # its decisions are right: only the oracle refutes it


def test_engines_get_copies() -> None:
    def careless(q: Any, keys: Any, values: Any) -> Any:
        found = attention(q, keys, values)
        for a in (q, *keys, *values): a[:] = 0
        keys.clear()
        return found
    assert not challenge(careless, seconds=1).refuted


@pytest.mark.parametrize("out, what", [
    (np.zeros((9, 9, 9)), "shape"), (np.zeros(0), "shape"), (None, "dtype"), ("text", "dtype"), ([[1], [1, 2]], "inhomogeneous"),
    (np.zeros((1, 1), int), "dtype")])
def test_outputs_that_are_none(out: Any, what: str) -> None:
    found = challenge(lambda q, keys, values: out, seconds=1)
    assert found.failure and what in found.failure.failed
    assert found.largest_error == float("inf")


def test_an_interrupt_is_no_failure() -> None:
    def engine(q: Any, keys: Any, values: Any) -> Any: raise KeyboardInterrupt
    with pytest.raises(KeyboardInterrupt): challenge(engine)


def test_a_slow_engine_ends_in_time() -> None:
    from time import perf_counter, sleep
    def slow(q: Any, keys: Any, values: Any) -> Any:
        sleep(0.02)
        return np.zeros((len(q), 1))
    start = perf_counter()
    found = challenge(slow, seconds=0.1)
    assert perf_counter() - start < 2
    assert found.refuted


def test_the_series_has_both_answers_and_grows() -> None:
    cases = list(series())
    numbers = [models(given) for given, mode in cases if mode == "plain" and given.variables <= 9]
    assert 0.4 * len(numbers) <= numbers.count(0) <= 0.7 * len(numbers)
    assert numbers.count(1) >= 5
    sizes = [given.variables for given, _ in cases]
    assert sizes == sorted(sizes)
    assert cases == list(series()) != list(series(1))


def test_the_oracle_is_the_fractions() -> None:
    instance = harden(formula(4, [[1, 2], [-3]]), mode="dyadic")
    assert oracle(instance).tolist() == [float(t) for t in fractions(instance)]
    assert np.allclose(oracle(instance), outputs(instance), rtol=1e-15)


def test_given_formulas_are_used() -> None:
    given = formula(6, [[1, 2, 3], [4, 5, 6], [-1, -4]])
    found = challenge(WRONG["clipped"], formulas=[given])
    assert found.instances == 2 and found.failure and found.failure.formula == given
    assert found.minimal and len(found.minimal.formula.clauses) <= 1
    with pytest.raises(FormulaError, match="no formula"): challenge(attention, formulas=[])


@pytest.mark.parametrize("tolerance", [0, -1, 0.26, float("nan")])
def test_a_tolerance_that_is_none(tolerance: float) -> None:
    with pytest.raises(FormulaError, match="tolerance"): challenge(attention, tolerance=tolerance)


def test_a_variable_can_be_left_out() -> None:
    assert without(formula(3, [[1, -2, 3], [-3], [2]]), 2) == formula(2, [[1, 2], [-2], []])
