"""Identities written as Coq files.  Nothing here needs Coq: what the file says, what it assumes, what is left over."""
from fractions import Fraction
from pathlib import Path

import pytest

from tacheck import library
from tacheck.coq.emit import emit
from tacheck.coq.judge import read_axioms
from tacheck.coq.reals import Inexpressible, real
from tacheck.coq.slopes import slope
from tacheck.lang import Sum, delta, diff, dim, exp, identity, log, nonzero, scalar, size, sqrt, tensor, term

ROOT = Path(__file__).parents[1]
CLAIMS = library.load(library.root(ROOT))
i, j, a = dim("n", "i j a")
(b,) = dim("m", "b")
x, y, w = tensor("x"), tensor("y"), tensor("w")
t = scalar("t")


def statement(id: str):
    return CLAIMS[id].statements()[0]


def says(text: str) -> str:
    """The theorem, on one line, without its proof."""
    return " ".join(text[text.index("Theorem claim"):].split("Proof.")[0].split())


def test_a_derivative_is_stated_with_is_derive() -> None:
    text = emit(identity(diff(Sum(i, exp(x[i])), x[a]), exp(x[a]))).text
    assert says(text) == ("Theorem claim : forall (x : nat -> R) (a : nat), (a < n)%nat -> "
                          "is_derive (fun t => Loss (nudge1 x a t)) 0 (G x a).")
    assert "Definition Loss (x : nat -> R) : R :=\n  bsum n (fun i => exp (x i))." in text
    assert "Definition G (x : nat -> R) (a : nat) : R :=\n  exp (x a)." in text
    assert text.endswith("Print Assumptions claim.\n")


def test_an_equation_is_stated_as_it_is() -> None:
    assert says(emit(identity(Sum(i, x[i] + y[i]), Sum(i, x[i]) + Sum(i, y[i]))).text) == (
        "Theorem claim : bsum n (fun i => x i + y i) = bsum n (fun i => x i) + bsum n (fun i => y i).")


def test_sizes_are_nonempty_only_where_it_is_needed() -> None:
    assert emit(identity(Sum(i, exp(x[i])), Sum(j, exp(x[j])))).nonempty == ()
    assert emit(identity(Sum(i, exp(x[i])) / Sum(j, exp(x[j])), 1)).nonempty == ("n",)
    assert emit(identity(size("n") / size("n") * t, t)).nonempty == ("n",)


def test_a_denominator_without_a_sign_becomes_a_hypothesis() -> None:
    file = emit(identity(Sum(i, w[i]) * t / Sum(i, w[i]), t))
    assert file.hypotheses == ("Sum(i, w[i]) != 0",)
    assert "(bsum n (fun i => w i) <> 0) ->" in says(file.text)


def test_hypotheses_hold_for_every_index_that_the_statement_does_not_fix() -> None:
    assert "(x i <> 0) ->" in says(emit(identity(x[i] / x[i], 1)).text)
    assert "(forall j, (j < n)%nat -> x j <> 0) ->" in says(emit(identity(Sum(j, y[j] * x[j] / x[j]), Sum(j, y[j]))).text)


def test_assumptions_of_the_claim_are_assumptions_of_the_theorem() -> None:
    file = emit(identity(exp(log(x[i])), x[i], assuming=[x[j] > 0, nonzero(t)]))
    assert "(forall j, (j < n)%nat -> 0 < x j) -> (t <> 0) ->" in says(file.text)
    assert file.hypotheses == ("x[j] > 0", "t != 0")


def test_an_entry_is_not_captured_by_a_sum() -> None:
    """In Sum(i, diff(Sum(i, x[i]), x[i])) the inner sum has an index of its own."""
    text = emit(identity(Sum(i, diff(Sum(i, x[i] ** 2), x[i])), 2 * Sum(i, x[i]))).text
    assert "Derive (fun t => bsum n (fun i1 => (nudge1 x i t i1) ^ 2)) 0" in says(text)


def test_names_that_coq_or_the_library_has_are_changed() -> None:
    at, ln = tensor("at"), tensor("ln")
    text = emit(identity(at[i] + ln[i], ln[i] + at[i])).text
    assert "Variable at_1 : nat -> R." in text and "Variable ln_1 : nat -> R." in text


def test_one_name_at_two_dimensions_is_two_identifiers() -> None:
    n, m = dim("n", "k"), dim("m", "k")
    assert says(emit(identity(x[n[0]] * y[m[0]], y[m[0]] * x[n[0]])).text).startswith("Theorem claim : forall (k k_1 : nat),")


def test_a_comment_cannot_be_closed_from_the_inside() -> None:
    assert emit(identity(t, t), 'a *) Axiom bad : False. (* "').text.startswith("(* a * ) Axiom bad : False. ( * ' *)\n")


def test_division_distributes_over_products_and_roots_over_powers() -> None:
    assert real((1 / (x[i] * y[i])).data) == ("mul", ("inv", ("at", "x", "i:n")), ("inv", ("at", "y", "i:n")))
    assert real((sqrt(t) ** -3).data) == ("pow", ("inv", ("sqrt", ("at", "t"))), 3)
    assert real(term(Fraction(-3, 2)).data) == ("neg", ("mul", ("int", 3), ("inv", ("int", 2))))


def test_cube_roots_are_refused_in_words() -> None:
    with pytest.raises(Inexpressible, match="1/3 is not a multiple of 1/2"): emit(identity(t ** Fraction(1, 3), t))


def test_slopes_mirror_the_lemmas_of_the_library() -> None:
    square = real((t ** 3).data)
    assert slope(square, "t", ()) == ("mul", ("int", 1), ("mul", ("nat", 3), ("pow", ("at", "t"), 2)))
    assert slope(real(exp(x[i]).data), "x", ("a:n",)) == ("mul", ("delta", "i:n", "a:n"), ("exp", ("at", "x", "i:n")))
    assert slope(real(y[i].data), "x", ("a:n",)) == ("int", 0)


@pytest.mark.parametrize("id", ["gradient.dX[2]", "softmax.hessian", "attention.swapped_slots", "softmax.tanh_is_a_sigmoid",
                                "blockwise.sink_is_a_gate", "normalisation.layer_norm_jacobian", "masks.gradient_in_X[2]"])
def test_nothing_is_left_of_a_true_claim(id: str) -> None:
    assert emit(statement(id)).residual is None


@pytest.mark.parametrize("id", ["gradient.dX[2]", "softmax.hessian", "attention.swapped_slots", "kronecker.swap_rule"])
def test_something_is_left_of_a_twin(id: str) -> None:
    claim = CLAIMS.get(id) or next(c for c in CLAIMS.values() if c.id.startswith("kronecker."))
    assert all(emit(lie).residual for lie in claim.statements()[1].values())


def test_what_is_left_is_shown() -> None:
    assert emit(identity(Sum(i, 2 * x[i] * y[i]), Sum(i, x[i]))).residual == (
        "sum over k_1 < n of 2 * x k_1 * y k_1; sum over k_2 < n of (- 1) * x k_2")


def test_the_same_statement_is_the_same_file() -> None:
    assert emit(statement("gradient.dX[1]")).text == emit(statement("gradient.dX[1]")).text


def test_deltas_between_free_indices_move_the_other_factors() -> None:
    assert emit(identity(delta(i, j) * x[i], delta(i, j) * x[j])).residual is None
    assert emit(identity(delta(i, j) * x[i], delta(i, j) * y[j])).residual is not None


def test_axioms_are_read_and_an_answer_that_is_none_is_not_mistaken_for_one() -> None:
    assert read_axioms("Closed under the global context\n") == ()
    assert read_axioms("Axioms:\nA.b : forall x,\n  x = x\nc\n  : nat\n") == ("A.b", "c")
    assert read_axioms("") is None
    assert read_axioms("Axioms:\n") is None


def test_the_library_assumes_nothing() -> None:
    assuming = {"Axiom", "Axioms", "Parameter", "Parameters", "Admitted", "admit", "Conjecture", "Hypothesis"}
    for path in (ROOT / "tacheck" / "coq" / "library").glob("*.v"):
        assert not set(path.read_text().replace(".", " ").split()) & assuming, path.name


def test_the_file_in_the_docs_is_the_one_that_is_emitted() -> None:
    assert (ROOT / "docs" / "coq" / "gradient_dX_2.v").read_text() == emit(statement("gradient.dX[2]"), "gradient.dX[2]").text
