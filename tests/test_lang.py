"""The language: what can be written, what it means, and what is refused in words."""
from fractions import Fraction

import pytest

from tacheck import Status, decide
from tacheck.kernel.check import Conditional
from tacheck.lang import (
    Expr,
    Sum,
    conditional,
    delta,
    diff,
    dim,
    equal,
    exp,
    identity,
    instance,
    log,
    nonzero,
    positive,
    scalar,
    sigmoid,
    size,
    sqrt,
    tanh,
    tensor,
    term,
)

i, j, a = dim("n", "i j a")
c, = dim("d", "c")
x, y, B = tensor("x"), tensor("y"), tensor("B")
s, t, n = scalar("s"), scalar("t"), size("n")


def holds(lhs: object, rhs: object, **assuming: object) -> bool:
    return decide(identity(lhs, rhs, **assuming)).status is Status.HOLDS      # type: ignore[arg-type]


@pytest.mark.parametrize("lhs, rhs", [
    (1 / n * n, 1), (0 * x[i], 0), (1 - t + t, 1), (2 * s, s + s), (s - 1, -(1 - s)), (Fraction(1, 2) * s * 2, s),
    (s / 2 + s / 2, s),
    (3 - Fraction(1, 2), Fraction(5, 2)), (+s, s), (s ** 2, s * s), (s ** -1 * s, 1), (sqrt(s) ** 2, s), (Sum(i, 1), n),
    (Sum(i, j, B[i, j]), Sum(j, i, B[i, j])), (Sum(j, delta(i, j) * x[j]), x[i]), (exp(s) * exp(-s), 1), (log(exp(s)), s),
    (diff(diff(s ** 3, s), s), 6 * s), (diff(x[i], x[a]), delta(i, a)), (diff(sigmoid(t), t), sigmoid(t) * (1 - sigmoid(t))),
    (diff(tanh(t), t), 1 - tanh(t) ** 2), (5, 5)], ids=str)
def test_operators_mean_what_they_say(lhs: Expr, rhs: Expr) -> None: assert holds(lhs, rhs)


def test_a_bound_index_that_is_used_again_does_not_capture() -> None:
    assert holds(Sum(i, x[i] * Sum(i, y[i])), Sum(i, x[i]) * Sum(j, y[j]))
    assert not holds(Sum(i, x[i] * Sum(i, y[i])), Sum(i, x[i] * y[i]))


def test_a_function_as_the_body_captures_nothing_that_it_is_handed() -> None:
    def total(f: object) -> Expr: return Sum(i, lambda k: f(k))                # type: ignore[operator]
    assert holds(total(lambda k: B[k, i]), Sum(j, B[j, i]))
    assert not holds(total(lambda k: B[k, i]), Sum(j, B[j, j]))


def test_a_statement_does_not_depend_on_how_often_it_was_built() -> None:
    def build() -> object: return identity(Sum(i, lambda k: Sum(i, lambda m: B[k, m])), Sum(i, j, B[i, j]))
    assert build() == build()


def test_a_tensor_may_have_other_dimensions_in_another_statement() -> None:
    assert holds(x[i], x[i])
    assert holds(Sum(c, x[c]), Sum(c, x[c]))
    with pytest.raises(ValueError, match="x is used with shape"): identity(x[i], x[c])


def test_dividing_assumes_that_it_can_be_done_and_says_so() -> None:
    assert decide(identity(s / t * t, s)).rests_on == ("t != 0",)
    assert decide(identity(Sum(i, x[i] / y[i] * y[i]), Sum(i, x[i]))).rests_on == ("y[i] != 0",)


@pytest.mark.parametrize("base", [Sum(j, exp(x[j])), 1 + exp(s), n, 1 + s ** 2, exp(s) * n, -exp(s), sqrt(1 + s ** 2),
                                  2 + delta(i, j)], ids=str)
def test_what_is_visibly_not_zero_is_not_assumed(base: Expr) -> None:
    assert decide(identity(base / base, 1)).rests_on == ()


def test_assumptions_are_used_and_recorded() -> None:
    assert not holds(log(s * t), log(s) + log(t))
    verdict = decide(identity(log(s * t), log(s) + log(t), assuming=[s > 0, positive(t)]))
    assert (verdict.status, verdict.rests_on) == (Status.HOLDS, ("s > 0", "t > 0"))
    assert holds(sqrt(x[i] ** 2), x[i], assuming=x[j] > 0)
    assert holds(s / s, 1, assuming=nonzero(s))


@pytest.mark.parametrize("assuming", [[s > 0, -s > 0], [s > 1, s < 1], [equal(s, 1), equal(s, 2)]], ids=str)
def test_assumptions_that_nothing_satisfies_prove_nothing(assuming: list[object]) -> None:
    assert decide(identity(s, s, assuming=assuming)).status in (Status.VACUOUS, Status.UNDECIDED)     # type: ignore[arg-type]


def test_a_counterexample_satisfies_the_assumptions() -> None:
    assert decide(identity(sqrt(s ** 2), s)).status is Status.REFUTED
    verdict = decide(identity(s, 1, assuming=s > 2))
    assert verdict.status is Status.REFUTED
    assert verdict.witness is not None and Fraction(verdict.witness["data"]["s[]"]) > 2


@pytest.mark.parametrize("refused, words", [
    (lambda: 0.5 * s, "float"), (lambda: s + 1.0, "float"), (lambda: identity(s, 0.1), "float"), (lambda: s ** 0.5, "float"),
    (lambda: s ** t, "exponent"), (lambda: 2 ** s, "exponent"), (lambda: s + True, "bool"), (lambda: s + "1", "str"),
    (lambda: x["i"], "index"), (lambda: x[0], "index"), (lambda: Sum(x[i]), "indices"), (lambda: Sum(i, i, x[i]), "twice"),
    (lambda: diff(s, 2 * s), "entry"), (lambda: delta(i, c), "over"), (lambda: tensor("#0"), "name"),
    (lambda: dim("n", "1i"), "name"),
    (lambda: identity(s, s, assuming=[True]), "assumption"), (lambda: decide(s), "identity"), (lambda: bool(s), "true or false"),
    (lambda: list(s), "sequence"), (lambda: s ** 1000, "beyond"), (lambda: conditional("P=NP", identity(s, s)), "register"),
    (lambda: instance(x[i], 1, {"n": 2}, {}), "no data for x"), (lambda: instance(x[i], 1, {"n": 2}, {"x": [1]}), "shape")])
def test_what_cannot_be_meant_is_refused_in_words(refused: object, words: str) -> None:
    with pytest.raises((TypeError, ValueError), match=words) as caught:
        found = refused()                                                       # type: ignore[operator]
        identity(found, found)
    assert "\n" not in str(caught.value)


def test_instances_are_decided_exactly() -> None:
    jacobian = diff(exp(x[i]) / Sum(j, exp(x[j])), x[a])
    f = exp(x[i]) / Sum(j, exp(x[j]))
    data = {"x": [2, Fraction(1, 3)]}
    assert decide(instance(jacobian, f * (delta(i, a) - exp(x[a]) / Sum(j, exp(x[j]))), {"n": 2}, data)).status is Status.HOLDS
    refuted = decide(instance(jacobian, f * (delta(i, a) + exp(x[a]) / Sum(j, exp(x[j]))), {"n": 2}, data))
    assert refuted.status is Status.REFUTED
    assert refuted.witness is not None and refuted.witness["sizes"] == {"n": 2}


def test_a_conditional_follows_the_register(monkeypatch: pytest.MonkeyPatch) -> None:
    from dataclasses import replace

    from tacheck.assumptions import REGISTER
    def verdict() -> object: return decide(conditional("k-OVH", identity(s, s)))
    assert verdict().status is Status.HOLDS and verdict().rests_on == ("k-OVH",)          # type: ignore[attr-defined]
    for standing, status in (("refuted", Status.VACUOUS), ("proved", Status.HOLDS), ("reported-refuted", Status.HOLDS)):
        monkeypatch.setitem(REGISTER, "k-OVH", replace(REGISTER["k-OVH"], standing=standing, report="a report"))
        assert verdict().status is status                                                 # type: ignore[attr-defined]
        assert ("a report" in str(verdict())) is (standing != "proved")


def test_a_refuted_conclusion_is_refuted_under_any_hypothesis() -> None:
    assert decide(conditional(["SETH", "k-OVH"], identity(s, s + 1))).status is Status.REFUTED
    assert isinstance(conditional("SETH", identity(s, s)), Conditional)


def test_terms_print_as_they_are_written() -> None:
    written = exp(x[i]) / Sum(j, exp(x[j])) - Fraction(1, 2) * (s + t) ** 2
    assert repr(written) == "exp(x[i]) / Sum(j, exp(x[j])) - (1/2) * (s + t)**2"
    assert repr(term(1) / n) == "1 / n"
    assert repr(s / (s * t)) == "s / (s * t)"
    assert repr(diff(sqrt(s), s)) == "diff(sqrt(s), s)"


def test_more_time_is_not_needed_than_given() -> None:
    verdict = decide(identity(diff(exp(x[i]) / Sum(j, exp(x[j])), x[a]), 0), timeout=1e-9)
    assert verdict.status is Status.UNDECIDED
    assert "ran out of time" in verdict.why


def test_bound_indices_over_different_dimensions_print_apart() -> None:
    k, = dim("n", "k")
    m, = dim("d", "k")
    s = identity(Sum(k, lambda k: Sum(m, lambda m: tensor("Q")[k, m])), 0)
    assert repr(Expr(s.lhs)) == "Sum(k, k1, Q[k, k1])"
