"""Mistakes that provers and checkers make, one test each."""
import dataclasses
import os
import subprocess
import sys
from pathlib import Path

import pytest

from tacheck.decide import decide
from tacheck.kernel.check import Identity, Instance, Status, Verdict, check, load
from tacheck.kernel.normal import FUEL, Normaliser
from tacheck.kernel.term import free, wellformed
from tacheck.provers.labelling import answer

I, J, K, A = "i:n", "j:n", "k:n", "a:n"  # noqa: E741
S, T, N, D = ("at", "s"), ("at", "t"), ("size", "n"), ("size", "d")
NOTHING = {"by": "normal form", "answers": [], "atoms": []}


def x(i): return ("at", "x", i)
def B(i, j): return ("at", "B", i, j)
def num(q): return ("num", str(q))
def exp(t): return ("exp", t)
def root(t): return ("pow", t, "1/2")
def over(t): return ("pow", t, "-1")
def times(*ts): return ("mul", *ts)
def plus(*ts): return ("add", *ts)
def minus(t): return ("mul", num(-1), t)
def total(i, t): return ("sum", i, t)
def status(lhs, rhs, *assuming): return decide(Identity(lhs, rhs, assuming), 20).status


def proved(lhs, rhs):
    """A normal-form certificate, whatever it says."""
    answers = []

    def ask(normaliser, question):
        answers.append(answer(normaliser, question))
        return answers[-1]
    normaliser = Normaliser(ask)
    normaliser.difference(lhs, rhs)
    return {"by": "normal form", "answers": answers, "atoms": normaliser.atoms()}


# ---- the door -----------------------------------------------------------------------------------------------------

def test_a_verdict_cannot_be_made_outside():
    with pytest.raises(TypeError): Verdict(Status.HOLDS, "because")
    with pytest.raises(TypeError): Verdict(Status.HOLDS, "because", key=object())


def test_a_verdict_cannot_be_edited():
    verdict = decide(Identity(S, T))
    with pytest.raises(dataclasses.FrozenInstanceError): verdict.status = Status.HOLDS
    with pytest.raises(TypeError): dataclasses.replace(verdict, status=Status.HOLDS)


def test_a_verdict_is_not_a_truth_value():
    with pytest.raises(TypeError): bool(decide(Identity(S, S)))


@pytest.mark.parametrize("certificate", [None, {}, [], "holds", 7, {"by": None}, {"by": "normal form"}, {"by": "witness"},
                                         {"by": "normal form", "answers": 3, "atoms": []},
                                         {"by": "witness", "sizes": [], "data": 3}])
def test_bad_evidence_is_undecided_and_never_an_exception(certificate):
    assert check(Identity(exp(x(I)), exp(x(I))), certificate).status is Status.UNDECIDED


# ---- answers ------------------------------------------------------------------------------------------------------

@pytest.mark.parametrize("order", [[0, True], [False, 1], [0, -1], [-2, -1], [0.0, 1.0], ["0", "1"], [0], [0, 1, 2], [1, 1], [],
                                   None, "01", {"0": 1}, 3])
def test_an_answer_that_is_no_bijection_proves_nothing(order):
    good = proved(exp(B(I, J)), exp(B(I, J)))
    assert check(Identity(exp(B(I, J)), exp(B(I, J))), good).status is Status.HOLDS
    assert check(Identity(exp(B(I, J)), exp(B(I, J))), good | {"answers": [[order]]}).status is Status.UNDECIDED


def test_a_false_symmetry_proves_nothing():
    for answers in ([[[0, 1], [1, 0]]], [[[0, 1], [1, 0]], [[0, 1], [1, 0]]]):
        certificate = {"by": "normal form", "answers": answers, "atoms": ["#0[s0:n,s1:n] = exp: B[s0:n,s1:n]"]}
        assert check(Identity(exp(B(I, J)), exp(B(J, I))), certificate).status is Status.UNDECIDED


def unequal(ask, lhs, rhs):
    """Something is left over, or the answers are refused."""
    try: return bool(Normaliser(ask).difference(lhs, rhs))
    except ValueError: return True


def test_symmetries_that_are_no_group_prove_nothing_false():
    """With a cyclic shift but not its inverse, one function has two atoms that a renaming makes one; both must count."""
    def f(i, j, k): return exp(times(B(i, j), B(j, k), B(k, i)))
    shifted = total("l:n", times(("delta", "l:n", I), f("l:n", J, K)))
    for shift in ([1, 2, 0], [2, 0, 1]):
        for order in ([0, 1, 2], [0, 2, 1], [1, 0, 2], [1, 2, 0], [2, 0, 1], [2, 1, 0]):
            def ask(normaliser, question, shift=shift, order=order):
                return [[0, 1, 2], shift] if question[0] == "exp" and "B" in str(question) else [order]
            for rhs in (over(f(I, J, K)), over(shifted)):
                assert unequal(ask, over(plus(f(I, J, K), shifted)), rhs)
            for rhs in (exp(f(I, J, K)), exp(shifted)):                  # a product of two atoms that become one
                square = times(f(I, J, K), shifted)
                assert unequal(ask, exp(square), rhs)


def test_an_iterator_that_ends_inside_is_no_proof():
    assert check(Identity(exp(S), exp(S)), NOTHING).status is Status.UNDECIDED

    def stops(normaliser, question): raise StopIteration
    with pytest.raises((StopIteration, RuntimeError)): Normaliser(stops).difference(exp(S), exp(S))


# ---- names --------------------------------------------------------------------------------------------------------

@pytest.mark.parametrize("term", [
    ("at", "="), ("at", "#0"), ("at", "|n|"), ("at", "x", "~1:n"), ("at", "x", "i"), ("at", "x", "0:n"), ("at", "x\n"),
    ("at", ""),     ("at", "x", "i:n:n"), ("size", "|n|"), ("sum", "~1:n", S), ("at",), ("exp",), ("exp", S, S), ("pow", S),
    ("sum", I), ("delta", I), ("num", "1/0"), ("num", "1e9"), ("num", "0.5"), ("num", 1), ("num", "\u0663"), ("pow", S, "1e9"),
    ("pow", S, "257"), ("pow", S, "1/257"),
    ("delta", I, "p:d"), plus(x(I), ("at", "x")), plus(x(I), x("p:d")), ("diff", x(I), "x"),
    ("diff", B(I, J), "B", I), ("foo", S), (), None,
    [S], ["at", "s"], 7])
def test_what_is_no_term_is_refused(term):
    with pytest.raises(ValueError): wellformed(term)
    assert check(Identity(term, term), NOTHING).status is Status.UNDECIDED


@pytest.mark.parametrize("name", ["b0", "s0", "s1", "b1", "D", "exp", "sum", "n", "r0"])
def test_a_free_index_may_be_called_like_a_slot(name):
    i = f"{name}:n"
    def softmax(i): return times(exp(x(i)), over(total(J, exp(x(J)))))
    closed = times(softmax(i), plus(("delta", i, "s1:n"), minus(softmax("s1:n"))))
    assert status(("diff", softmax(i), "x", "s1:n"), closed) is Status.HOLDS


def test_a_tensor_may_be_called_like_a_dimension(): assert status(plus(("at", "n"), N), times(num(2), N)) is Status.REFUTED


# ---- binders ------------------------------------------------------------------------------------------------------

@pytest.mark.parametrize("lhs, rhs, expected", [
    (total(I, times(x(I), total(I, x(I)))), ("pow", total(I, x(I)), "2"), "holds"),
    (total(I, total(I, x(I))), times(N, total(I, x(I))), "holds"),
    (times(x(I), total(I, x(I))), times(x(I), total(J, x(J))), "holds"),
    (total(I, B(I, J)), total(J, B(I, J)), "refuted"),
    (total(I, B(I, J)), total(I, B(J, I)), "refuted"),
    (("diff", x(I), "x", A), num(1), "refuted"), (("diff", x(I), "x", A), ("delta", I, A), "holds"),
    (("diff", x(A), "x", A), num(1), "holds"),
    (("diff", B(A, A), "B", A, A), num(1), "holds"),
    (("diff", B(I, J), "B", A, A), times(("delta", I, A), ("delta", J, A)), "holds"),
    (total(A, ("diff", total(A, x(A)), "x", A)), N, "holds"), (("diff", total(A, x(A)), "x", A), num(1), "holds"),
    (("diff", times(x(A), x(J)), "x", A), plus(x(J), times(x(A), ("delta", J, A))), "holds"),
    (total(I, ("delta", I, I)), N, "holds"), (total(I, ("delta", I, I)), num(1), "refuted"),
    (total(J, times(("delta", I, J), x(J))), x(I), "holds"),
    (times(("delta", I, J), x(I)), times(("delta", J, I), x(J)), "holds"),
    (total(J, times(("delta", I, J), exp(times(x(I), B(J, I))))), exp(times(x(I), B(I, I))), "holds"),
    (times(("delta", I, J), ("delta", J, K), B(I, K)), times(("delta", I, J), ("delta", J, K), B(J, J)), "holds"),
    (times(("delta", I, J), over(x(I)), x(J)), ("delta", I, J), "holds"),
    (exp(times(("delta", I, J), x(I))), plus(num(1), times(("delta", I, J), plus(exp(x(I)), num(-1)))), "holds"),
    (exp(times(("delta", I, J), x(I))), plus(num(1), times(("delta", I, J), exp(x(I)))), "refuted"),
    (total(I, num(1)), N, "holds"), (N, D, "refuted"), (times(N, over(N)), num(1), "holds"),
    (total(I, total(J, over(plus(x(I), x(J))))), total(J, total(I, over(plus(x(I), x(J))))), "holds")])
def test_indices_are_not_captured(lhs, rhs, expected): assert status(lhs, rhs).value == expected


# ---- roots and logarithms -----------------------------------------------------------------------------------------

POSITIVE = ("> 0", S), ("> 0", T)


@pytest.mark.parametrize("lhs, rhs", [
    (root(("pow", S, "2")), S), (root(("pow", x(I), "2")), x(I)), (root(("pow", plus(S, T), "2")), plus(S, T)),
    (("log", ("pow", S, "2")), times(num(2), ("log", S))), (("pow", ("pow", S, "6"), "1/6"), S),
    (root(times(("pow", S, "2"), exp(T))), times(S, exp(times(num("1/2"), T))))])
def test_a_root_of_a_square_is_not_the_number(lhs, rhs): assert status(lhs, rhs) is not Status.HOLDS


@pytest.mark.parametrize("lhs, rhs", [
    (root(("pow", S, "2")), S), (("log", times(S, T)), plus(("log", S), ("log", T))),
    (root(times(S, T)), times(root(S), root(T))),
    (("log", ("pow", S, "2")), times(num(2), ("log", S))), (root(("pow", plus(S, T), "2")), plus(S, T))])
def test_it_is_where_the_letters_are_positive(lhs, rhs):
    verdict = decide(Identity(lhs, rhs, POSITIVE), 20)
    assert verdict.status in (Status.HOLDS, Status.UNDECIDED)
    if lhs != root(("pow", plus(S, T), "2")): assert verdict.status is Status.HOLDS and "s > 0" in verdict.rests_on


def test_one_positive_entry_does_not_make_the_others_positive():
    assert status(root(("pow", B(I, J), "2")), B(I, J), ("> 0", B(I, I))) is not Status.HOLDS
    assert status(root(("pow", x(I), "2")), x(I), ("> 0", total(J, x(J)))) is not Status.HOLDS
    assert status(root(("pow", x(I), "2")), x(I), (">= 0", x(I))) is not Status.HOLDS
    assert status(root(("pow", x(I), "2")), x(I), ("> 0", ("pow", x(I), "2"))) is not Status.HOLDS


def test_log_of_a_product_needs_signs(): assert status(("log", times(S, T)), plus(("log", S), ("log", T))) is Status.UNDECIDED


@pytest.mark.parametrize("lhs, rhs", [(("log", exp(S)), S), (exp(("log", S)), S), (root(exp(S)), exp(times(num("1/2"), S))),
                                      (("pow", root(S), "2"), S), (times(S, ("pow", S, "-1/2")), root(S)),
                                      (exp(times(num("1/2"), ("log", S))), root(S)),
                                      (("log", times(exp(S), exp(T))), plus(S, T)), (root(("pow", N, "2")), N)])
def test_exp_log_and_roots_undo_each_other(lhs, rhs): assert status(lhs, rhs) is Status.HOLDS


# ---- limits -------------------------------------------------------------------------------------------------------

def test_no_fuel_is_undecided():
    huge = ("pow", plus(*(("at", f"t{k}") for k in range(12))), "20")
    verdict = check(Identity(huge, num(0)), NOTHING)
    assert verdict.status is Status.UNDECIDED and "fuel" in verdict.why and FUEL <= 10 ** 6


@pytest.mark.parametrize("wrap", [lambda t: ("exp", t), lambda t: ("add", t, S), lambda t: ("pow", t, "-1"),
                                  lambda t: ("sum", I, t)])
def test_five_thousand_levels_do_not_crash(wrap):
    t = S
    for _ in range(5000): t = wrap(t)
    for certificate in (NOTHING, {"by": "witness", "sizes": {"n": 1}, "at": {}, "data": {"s[]": "1"}, "bits": 40}):
        assert check(Identity(t, S), certificate).status is Status.UNDECIDED


def test_a_nested_power_of_a_number_is_not_computed():
    tower = num(3)
    for _ in range(4): tower = ("pow", tower, "256")
    assert check(Identity(tower, num(1)), NOTHING).status is Status.UNDECIDED


def test_exp_of_a_huge_number_is_undecided():
    witness = {"by": "witness", "sizes": {}, "at": {}, "data": {"s[]": "9" * 50}, "bits": 40}
    assert check(Identity(exp(S), num(1)), witness).status is Status.UNDECIDED


# ---- the same on every run ----------------------------------------------------------------------------------------

PRINTS = """
import json, sys
sys.path.insert(0, sys.argv[1])
from tacheck.decide import decide
from tacheck.kernel.check import load
for path in sys.argv[2:]:
    with open(path) as file: print(json.dumps(dict(decide(load(json.load(file)["statement"])).certificate)))
"""


def test_certificates_do_not_depend_on_the_hash_seed():
    here = Path(__file__).parent
    paths = sorted(map(str, (here / "certificates" / "accepted").glob("*.json")))
    runs = [subprocess.run([sys.executable, "-c", PRINTS, str(here.parent), *paths], capture_output=True, check=True,
                           env=os.environ | {"PYTHONHASHSEED": seed}).stdout for seed in ("1", "4242")]
    assert runs[0] == runs[1] and len(runs[0].splitlines()) == len(paths)


# ---- vacuous statements -------------------------------------------------------------------------------------------

ZERO = plus(S, minus(S))
EXAMPLE = {"sizes": {}, "data": {"s[]": "1", "t[]": "2"}, "bits": 80}


@pytest.mark.parametrize("lhs, rhs, assuming", [
    (over(ZERO), S, ()), (times(num(0), over(ZERO)), num(0), ()), (root(num(-1)), root(num(-1)), ()), (root(ZERO), ZERO, ()),
    (("log", minus(exp(S))), S, ()), (over(over(ZERO)), num(0), ()), (("pow", over(ZERO), "-2"), num(0), ()),
    (("pow", over(ZERO), "0"), num(1), ()),
    (total(I, over(plus(x(I), minus(x(I))))), num(1), ()),
    (over(plus(root(num(4)), num(-2))), over(plus(root(num(4)), num(-2))), ()),
    (plus(("log", S), ("log", minus(S))), plus(("log", minus(S)), ("log", S)), ()),
    (total(I, total(J, over(plus(x(I), minus(x(J)))))), total(J, total(I, over(plus(x(I), minus(x(J)))))), ()),
    (T, T, (("> 0", S), ("> 0", minus(S)))), (T, T, (("> 0", minus(S)), ("> 0", S))), (T, T, (("> 0", num(-1)),)),
    (T, T, (("= 0", num(1)),)), (T, T, (("!= 0", ZERO),)), (T, T, (("> 0", ZERO),)),
    (T, T, (("= 0", plus(root(num(-1)), minus(root(num(-1))))),)),
    (T, T, (("= 0", over(plus(root(num(4)), num(-2)))),))])
def test_what_nothing_satisfies_never_holds(lhs, rhs, assuming):
    s = Identity(lhs, rhs, assuming)
    assert decide(s, 20).status in (Status.VACUOUS, Status.UNDECIDED)
    assert check(s, NOTHING | {"example": EXAMPLE}).status in (Status.VACUOUS, Status.UNDECIDED)


def test_an_unknown_relation_is_no_assumption():
    s = Identity(T, T, (("no relation", S),))
    assert check(s, NOTHING | {"example": EXAMPLE}).status is Status.UNDECIDED


def test_an_assumption_that_is_undefined_at_the_witness_does_not_hold_there():
    s = Identity(root(("pow", S, "2")), S, (("= 0", plus(("log", S), minus(("log", S)))),))             # it says s > 0
    assert check(s, {"by": "witness", "at": {}, "sizes": {}, "data": {"s[]": "-1"}, "bits": 80}).status is Status.UNDECIDED


def test_a_conditional_is_what_its_conclusion_is_unless_its_hypothesis_is_refuted():
    false = {"kind": "identity", "lhs": ["at", "s"], "rhs": ["num", "1"], "assuming": []}
    witness = {"by": "witness", "at": {}, "sizes": {}, "data": {"s[]": "2"}, "bits": 40}
    for standing, status in (("open", Status.REFUTED), ("reported-refuted", Status.REFUTED), ("refuted", Status.VACUOUS)):
        s = load({"kind": "conditional", "hypotheses": [["H", standing, "r"]], "conclusion": false})
        assert check(s, witness).status is status


@pytest.mark.parametrize("sizes, data, rhs", [((("n", 2), ("n", 3)), (), "3"), ((("n", 2), ("n", 3)), (), "2"),
                                              ((("n", 0),), (), "0"),
                                              ((("n", True),), (), "1"), ((("n", 2.0),), (), "2")])
def test_the_sizes_of_an_instance_are_positive_integers_given_once(sizes, data, rhs):
    assert check(Instance(sizes, data, N, num(rhs)), {"by": "evaluation", "bits": 40}).status is not Status.HOLDS


@pytest.mark.parametrize("rhs", ["1", "2"])
def test_an_entry_of_an_instance_is_given_once(rhs):
    s = Instance((), (("s[]", "1"), ("s[]", "2")), S, num(rhs))
    assert check(s, {"by": "evaluation", "bits": 40}).status is not Status.HOLDS


def test_free_indices_in_order(): assert free(times(B(J, I), total(J, B(J, K)))) == (J, I, K)
