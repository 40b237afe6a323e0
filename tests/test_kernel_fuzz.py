"""A sample of benchmarks/fuzz.py: nothing unsound, and random rewritings of a term are found equal."""
import pytest

from benchmarks.fuzz import study


@pytest.mark.parametrize("name, amount", [("pairs", 1000), ("random_oracle", 800)])
def test_no_pair_is_declared_equal_wrongly(name, amount):
    tally, unsound, _ = study(name, amount, seed="test")
    assert unsound == []
    assert sum(n for key, n in tally.items() if key.startswith("declared equal")) > amount // 20     # it did find equal ones


def test_equal_pairs_are_found_equal():
    tally, _, missed = study("equal", 1000, seed="test")
    assert len(missed) <= 10, missed[:3]
    assert tally["equal pair: equal"] >= 990


def test_a_certificate_always_replays():
    tally, _, _ = study("pairs", 600, seed="replay")
    assert tally["replayed"] > 20 and not [key for key in tally if "does not replay" in key]
