"""Second opinions: dual numbers modulo a prime and SymPy's differentiation agree with truths and differ from lies."""
from pathlib import Path

import pytest

from tacheck import library
from tacheck.claims import Claim
from tacheck.judging import judge
from tacheck.kernel.check import Identity
from tacheck.lang import Sum, diff, dim, exp, identity, log, scalar, sqrt, tensor
from tacheck.opinions import opinions
from tacheck.provers import instance, prime
from tacheck.provers.clock import Deadline
from tacheck.provers.prime import Opinion
from tacheck.provers.symbolic import agree

CLAIMS = library.load(Path(__file__).parents[1])
i, j, a = dim("n", "i j a")
x, s, t = tensor("x"), scalar("s"), scalar("t")


def identities(claim: Claim) -> tuple[Identity, list[Identity]]:
    """What the claim states, and its false twins."""
    stated, lies = claim.statements()
    assert isinstance(stated, Identity)
    return stated, [lie for lie in lies.values() if isinstance(lie, Identity)]


@pytest.mark.parametrize("name", ["gradient.dX[1]", "gradient.dX[2]", "gradient.dA1[2]", "simplicial.dK1[2]", "softmax.jacobian"])
def test_both_opinions_agree_with_the_gradient_and_differ_from_its_twins(name: str) -> None:
    stated, lies = identities(CLAIMS[name])
    found = opinions(stated)
    assert {o.by for o in found} == {"dual numbers mod p", "SymPy's diff"}
    assert all(o.equal for o in found)
    for lie in lies: assert not all(o.equal for o in prime.opinions(lie, Deadline(None)))


@pytest.mark.parametrize("name", ["gradient.dX[1]", "gradient.dX[2]"])
def test_sympy_agrees_with_the_gradient_at_n_3_d_2(name: str) -> None:
    assert agree(identities(CLAIMS[name])[0], {"n": 3, "d": 2}) is True


@pytest.mark.parametrize("lie", range(2))
def test_sympy_differs_from_the_false_twins_of_the_gradient(lie: int) -> None:
    assert agree(identities(CLAIMS["gradient.dX[1]"])[1][lie], {"n": 2, "d": 2}) is False


@pytest.mark.parametrize("stated, equal", [
    (identity(log(Sum(i, exp(x[i] + s))), s + log(Sum(i, exp(x[i])))), True), (identity(log(s * s), log(s)), False),
    (identity(sqrt(exp(s)), exp(s / 2)), True), (identity(exp(exp(s)) * exp(-exp(s)), 1), True), (identity(s / t, t / s), False)])
def test_roots_logarithms_and_nested_exponentials_are_judged(stated: Identity, equal: bool) -> None:
    found = prime.opinions(stated, Deadline(None))
    assert found
    assert all(o.equal is equal for o in found)


def test_what_no_sizes_evaluate_gets_no_opinion() -> None:
    assert prime.opinions(identity(log(log(s) - log(s)), 0), Deadline(None)) == []


def test_a_statement_without_a_derivative_is_not_for_sympy() -> None:
    assert instance.opinions(identity(s + t, t + s), Deadline(None)) == []
    assert instance.opinions(identity(diff(s * s, s), 2 * s), Deadline(None))[0].equal


def test_a_disagreement_is_exit_1(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setattr("tacheck.judging.opinions", lambda statement, timeout: (Opinion("somebody", {"n": 2}, False),))
    row = judge(CLAIMS["softmax.jacobian"], None, tmp_path)
    assert (row.status, row.exit) == ("holds", 1)
