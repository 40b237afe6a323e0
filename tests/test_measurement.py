"""Measurements: the sampler is found by its name, and a sample speaks for itself."""
import sys
import time
from fractions import Fraction
from types import ModuleType
from typing import Any

import pytest

from tacheck import decide
from tacheck.kernel.check import Status
from tacheck.lang import measurement, size
from tacheck.provers.measurement import sampler

n = size("n")


@pytest.fixture
def samples(monkeypatch: pytest.MonkeyPatch) -> ModuleType:
    """A module of samplers."""
    module = ModuleType("some_samples")
    module.__dict__.update(
        squares=lambda seed: (({"n": k}, k * k) for k in range(1, 6)), thirds=lambda seed: [({"n": 3}, Fraction(seed, 3))],
        tenth=lambda seed: [({"n": 1}, 0.1)], none=lambda seed: [], nan=lambda seed: [({"n": 1}, float("nan"))],
        broken=lambda seed: [({"n": 1}, 1), 1 // 0], slow=lambda seed: (time.sleep(0.2) or ({"n": k}, k) for k in range(1, 99)),
        seven=7)
    monkeypatch.setitem(sys.modules, "some_samples", module)
    return module


def found(name: str, lower: Any = None, upper: Any = None, seed: int = 0) -> Any:
    return decide(measurement(f"some_samples:{name}", seed, lower, upper), 1)


def test_a_sample_inside_its_bounds_is_observed_and_not_more(samples: ModuleType) -> None:
    verdict = found("squares", n, n ** 2)
    assert (verdict.status, verdict.why) == (Status.OBSERVED, "5 measured, seed 0")


def test_one_row_outside_refutes(samples: ModuleType) -> None:
    verdict = found("squares", n, 4 * n)
    assert verdict.status is Status.REFUTED
    assert verdict.witness == {"sizes": {"n": 5}, "value": "25"}


def test_the_seed_reaches_the_sampler(samples: ModuleType) -> None:
    assert found("thirds", 2, 3, seed=7).status is Status.OBSERVED
    assert found("thirds", 2, 3, seed=10).status is Status.REFUTED


def test_a_float_is_the_number_that_it_is(samples: ModuleType) -> None:
    assert found("tenth", Fraction(1, 10)).status is Status.OBSERVED  # 0.1 as a double is a little more
    assert found("tenth", None, Fraction(1, 10)).status is Status.REFUTED


@pytest.mark.parametrize("name, why", [
    ("none", "an empty sample"), ("nan", "nan was measured"), ("broken", "ZeroDivisionError"),
    ("absent", "has no function absent"), ("seven", "has no function seven"), ("slow", "ran out of time")])
def test_what_gives_no_sample_is_undecided(samples: ModuleType, name: str, why: str) -> None:
    verdict = found(name, 0)
    assert verdict.status is Status.UNDECIDED
    assert why in verdict.why


@pytest.mark.parametrize("what", ["", "some_samples", ":squares", "some_samples:", "no.such.module:f", "some_samples:a.b"])
def test_a_name_that_names_nothing(samples: ModuleType, what: str) -> None:
    with pytest.raises((ValueError, ImportError)): sampler(what)
    assert decide(measurement(what, 0, 0), 5).status is Status.UNDECIDED
