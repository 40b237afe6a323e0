"""Accepted certificate files with one field changed: what is accepted still is true."""
from benchmarks.fuzz import study


def test_a_damaged_file_is_accepted_only_if_its_statement_is_true():
    tally, unsound, _ = study("damage", 1000, seed="test")
    assert unsound == []
    assert sum(n for key, n in tally.items() if "accepted" not in key) > 800
