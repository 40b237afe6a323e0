"""Textbook differentiation: readable results, and the kernel finds them equal to what was differentiated."""
import random
from fractions import Fraction

import pytest

from tacheck import Status, decide
from tacheck.derivation import derivative, substitute, tidy, without_diff
from tacheck.kernel.check import Identity
from tacheck.kernel.evaluate import evaluate, places
from tacheck.kernel.term import free, show, subterms, wellformed
from tacheck.lang import Sum, delta, diff, dim, exp, log, scalar, sqrt, tensor
from tacheck.provers.floats import Floats

from .random_terms import random_term

i, j, a, b = dim("n", "i j a b")
c, e = dim("d", "c e")
x, y, A = tensor("x"), tensor("y"), tensor("A")
s = scalar("s")


def gradient(t, entry):
    """The derivative of t by an entry."""
    _, name, *at = entry.data
    return derivative(t.data, name, at)


@pytest.mark.parametrize(("t", "entry", "expected"), [
    (x[i], x[a], "delta(a, i)"),
    (x[a], x[a], "1"),
    (A[i, c], A[a, e], "delta(a, i) * delta(c, e)"),
    (Sum(i, x[i] * y[i]), x[a], "y[a]"),
    (Sum(i, c, x[i] * A[i, c] * y[c]), A[a, e], "x[a] * y[e]"),
    (Sum(i, x[i] ** 2), x[a], "2 * x[a]"),
    (x[i] * x[i], x[i], "2 * x[i]"),
    (Sum(i, exp(x[i])), x[a], "exp(x[a])"),
    (log(Sum(i, exp(x[i]))), x[a], "1 / Sum(i, exp(x[i])) * exp(x[a])"),
    (sqrt(s), s, "(1/2) * s**(-1/2)"),
    (3 * s + 5, s, "3"),
    (s ** 2 / 2, s, "s"),
    (Sum(i, s * x[i]), s, "Sum(i, x[i])"),
    (Sum(i, s), s, "n"),
    (Sum(i, delta(i, j) * x[i] * s), s, "x[j]"),
    (y[i] * s ** 0, s, "0"),
    (x[i], y[a], "0"),
], ids=str)
def test_a_derivative_reads_as_in_a_textbook(t, entry, expected):
    assert show(gradient(t, entry)) == expected


def test_an_index_that_the_term_sums_over_is_not_captured():
    t = Sum(a, Sum(b, A[a, b] * x[a]) * y[a])
    assert show(gradient(t, x[a])) == "Sum(b, A[a, b]) * y[a]"
    assert show(gradient(t, A[b, a])) == "x[b] * y[b]"


def test_substitution_renames_a_binder_that_would_capture():
    assert show(substitute(Sum(j, A[i, j]).data, "i:n", "j:n")) == "Sum(j1, A[j, j1])"


def test_bound_indices_are_named_apart_from_what_is_around_them():
    t = tidy(Sum(i, x[i] * Sum(i, y[i]) * Sum(c, A[i, c])).data, ("i:d", "c:n"))
    assert show(t) == "Sum(i1, x[i1] * Sum(i2, y[i2]) * Sum(c1, A[i1, c1]))"


def test_nested_and_repeated_diffs_are_carried_out():
    t = diff(diff(Sum(i, x[i] ** 3), x[a]), x[b])
    assert show(without_diff(t.data)) == "6 * delta(a, b) * x[a]"
    assert decide(Identity(t.data, without_diff(t.data))).status is Status.HOLDS


def test_a_tensor_of_another_shape_is_refused():
    with pytest.raises(ValueError, match="x is used with shape"): derivative(x[i].data, "x", ("i:n", "j:n"))


@pytest.mark.parametrize("seed", range(400))
def test_random_terms_have_the_value_that_dual_numbers_give(seed):
    """Against `evaluate`, which differentiates without symbols, and through the kernel."""
    rng = random.Random(seed)
    t = random_term(rng, 3)
    size = {"n": rng.randint(1, 3), "d": rng.randint(1, 2)}
    data = {(name, at): Fraction(rng.randint(4, 20), 10) for name, shape in wellformed(t).items()
            for at in places(tuple(f"z{k}:{n}" for k, n in enumerate(shape)), size) for at in [tuple(at.values())]}

    def value(u, at): return evaluate(u, Floats(), size, lambda *entry: data[entry], at)

    for name, shape in wellformed(t).items():
        at = [f"z{k}:{n}" for k, n in enumerate(shape)]
        expected, found = ("diff", t, name, *at), derivative(t, name, at)
        assert not any(u[0] == "diff" for u in subterms(found))
        assert set(free(found)) <= set(free(expected))
        for place in places(free(expected), size)[:4]:
            try: left = value(expected, place)
            except (ArithmeticError, ValueError): continue
            assert value(found, place) == pytest.approx(left, rel=1e-8, abs=1e-8)
        assert decide(Identity(expected, found), 10).status is not Status.REFUTED
