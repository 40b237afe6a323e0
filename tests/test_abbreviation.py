"""Abbreviated terms say the same, with a name for what is used twice."""
import pytest

from tacheck import Status, decide
from tacheck.abbreviation import abbreviated, shown
from tacheck.kernel.check import Identity
from tacheck.kernel.term import Term
from tacheck.lang import Sum, dim, exp, sqrt, tensor

i, j, k = dim("n", "i j k")
x, B = tensor("x"), tensor("B")


def expanded(t: Term, definitions: list[tuple[Term, Term]]) -> Term:
    """Every name replaced by what it stands for, outermost definition first; for definitions without bound indices."""
    for (_, name, *slots), body in reversed(definitions):
        t = replaced(t, name, slots, body)
    return t


def replaced(t: Term, name: str, slots: list[str], body: Term) -> Term:
    if t[:2] == ("at", name): return renamed(body, dict(zip(slots, t[2:], strict=True)))
    return (t[0], *(replaced(y, name, slots, body) if isinstance(y, tuple) else y for y in t[1:]))


def renamed(t: Term, names: dict[str, str]) -> Term:
    return (t[0], *(renamed(y, names) if isinstance(y, tuple) else names.get(y, y) for y in t[1:]))


@pytest.mark.parametrize("t", [
    exp(x[i] * x[j] * 2) + 1 / exp(x[i] * x[j] * 2), exp(B[i, j] * x[i] + 1) * exp(B[j, i] * x[j] + 1),
    Sum(i, exp(x[i] * x[k] * 3) * exp(x[k] * x[j] * 3)) + exp(x[j] * x[k] * 3)], ids=str)
def test_definitions_put_back_give_the_term_again(t: object) -> None:
    (short,), definitions = abbreviated(t.data)                              # type: ignore[attr-defined]
    assert definitions
    assert decide(Identity(expanded(short, definitions), t.data)).status is Status.HOLDS       # type: ignore[attr-defined]


def test_occurrences_that_differ_by_the_names_of_indices_are_one() -> None:
    f = exp(x[i]) / Sum(k, exp(x[k]))
    texts, definitions = shown((sqrt(f) + exp(x[j]) / Sum(i, exp(x[i]))).data)
    assert definitions == ["t1[i] = exp(x[i]) / Sum(k, exp(x[k]))"]
    assert texts == ["sqrt(t1[i]) + t1[j]"]


def test_what_is_used_once_keeps_its_place() -> None:
    t = (exp(x[i] * x[i]) + Sum(j, B[i, j])).data
    assert abbreviated(t) == ([t], [])


def test_a_name_that_a_tensor_has_is_not_taken() -> None:
    t1 = tensor("t1")
    e = exp(t1[i] * t1[i] * x[i])
    assert shown((e + 1 / e).data)[1] == ["t2[i] = exp(t1[i] * t1[i] * x[i])"]
