"""Limits: SymPy's word is trusted and no more, and only where it does not contradict itself."""
import pytest

from tacheck.decide import decide
from tacheck.kernel.check import Status
from tacheck.lang import exp, growth, log, scalar, size, sqrt
from tacheck.provers.growth import nearer

t, u = scalar("t"), scalar("u")


@pytest.mark.parametrize("expr, limit", [(log(1 + t) / t, 0), (sqrt(t), "oo"), (-t, "-oo"), ((2 * t + 1) / (3 * t), 2)])
def test_a_limit_with_another_value_is_no_evidence(expr, limit):
    assert decide(growth(expr, t, limit)).status is (Status.UNDECIDED if limit == 2 else Status.TRUSTED)


def test_a_true_limit_is_trusted_and_names_the_solver():
    verdict = decide(growth((1 + 1 / t) * log(log(t)) / log(t), t, 0))
    assert verdict.status is Status.TRUSTED
    assert verdict.rests_on[0].startswith("sympy ")


def test_a_limit_in_two_letters_or_in_a_size_is_not_asked_for():
    for expr in (u / t, size("n") / t):
        verdict = decide(growth(expr, t, 0))
        assert verdict.status is Status.UNDECIDED and "alone" in verdict.why


def test_a_slow_answer_is_stopped():
    expr = sum(exp(log(1 + t) * k) for k in range(1, 40)) / exp(t) * log(log(t))
    verdict = decide(growth(expr, t, 0), timeout=0.05)
    assert verdict.status is Status.UNDECIDED and "out of time" in verdict.why


def test_values_that_do_not_come_nearer_are_noticed():
    assert nearer([3, 2, 1, 0, 0], "0") and not nearer([1, 2, 3], "0")
    assert nearer([1, 2, 3], "oo") and not nearer([1, 2, 2], "oo") and nearer([1, -2], "-oo")
