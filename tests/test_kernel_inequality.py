"""Inequalities: a form is visibly at least 0, is the difference, and is defined wherever the sides are."""
import random
from fractions import Fraction

import pytest

from benchmarks.fuzz import study
from tacheck.kernel.check import Identity, Inequality, Status, check, dump, instance, load, nonnegative
from tacheck.kernel.evaluate import evaluate, places
from tacheck.kernel.normal import Normaliser
from tacheck.kernel.term import free
from tacheck.provers.labelling import answer

I, J, K = "i:n", "j:n", "k:n"  # noqa: E741
S, T, X, ZERO = ("at", "s"), ("at", "t"), ("at", "x", I), ("num", "0")
HALF = "1/2"


def x(i): return ("at", "x", i)
def B(i, j): return ("at", "B", i, j)
def num(q): return ("num", str(q))
def to(t, q): return ("pow", t, str(q))
def times(*ts): return ("mul", *ts)
def plus(*ts): return ("add", *ts)
def minus(t): return times(num(-1), t)
def total(i, t): return ("sum", i, t)


def certified(s, form, example=None):
    """The certificate of a form, whether or not it is one."""
    answers = []

    def ask(normaliser, question):
        answers.append(answer(normaliser, question))
        return answers[-1]
    normaliser = Normaliser(ask, [t for r, t in s.assuming if r == "> 0"])
    normaliser.difference(s.lhs, s.rhs)
    normaliser.difference(s.lhs, plus(s.rhs, form))
    more = {"example": example} if example else {}
    return {"by": "positive form", "form": form, "answers": answers, "atoms": normaliser.atoms()} | more


def judged(lhs, rhs, form, *assuming, example=None):
    s = Inequality(lhs, rhs, assuming)
    return check(s, certified(s, form, example))


def at(sizes, **data): return {"sizes": sizes, "data": {k.replace("_", "[", 1) + "]": q for k, q in data.items()}, "bits": 64}


# ---- what holds -----------------------------------------------------------------------------------------------------

def test_cauchy_and_schwarz_for_every_size():
    square = to(plus(times(x(I), ("at", "y", J)), minus(times(x(J), ("at", "y", I)))), 2)
    lhs = times(total(I, to(x(I), 2)), total(I, to(("at", "y", I), 2)))
    verdict = judged(lhs, to(total(I, times(x(I), ("at", "y", I))), 2), times(num(HALF), total(I, total(J, square))))
    assert verdict.status is Status.HOLDS and "every n" in verdict.why


def test_a_form_may_divide_by_what_the_sides_divide_by():
    """(s - t)^2 / (s t) = s/t + t/s - 2, for s, t > 0; and s^2/t^2 >= 0 where t is not 0, as the side says itself."""
    lhs, form = plus(times(S, to(T, -1)), times(T, to(S, -1))), times(to(plus(S, minus(T)), 2), to(S, -1), to(T, -1))
    assert judged(lhs, num(2), form, ("> 0", S), ("> 0", T), example=at({}, s_="1", t_="2")).status is Status.HOLDS
    quotient = times(to(S, 2), to(T, -2))
    assert judged(quotient, ZERO, quotient, example=at({}, s_="1", t_="2")).status is Status.HOLDS


def test_an_assumption_holds_for_every_entry():
    assert judged(total(I, X), ZERO, total(I, X), (">= 0", x(J)), example=at({"n": 2}, x_0="0", x_1="3")).status is Status.HOLDS
    form = total(I, total(J, times(B(J, I), to(x(I), 2))))
    assert judged(form, ZERO, form, ("> 0", B(I, J)),
                  example={"sizes": {"n": 1}, "data": {"B[0,0]": "1", "x[0]": "1"}, "bits": 64}).status is Status.HOLDS


# ---- signs ----------------------------------------------------------------------------------------------------------

@pytest.mark.parametrize("t", [num(0), num("7/2"), ("size", "n"), ("exp", S), ("delta", I, J), to(S, 2), to(S, 0), to(S, -4),
    to(S, "2/3"), to(S, "4/6"), to(num(3), "1/2"), total(I, to(X, 2)), plus(num(1), to(S, 2)), times(num(2), ("exp", minus(S))),
    to(("exp", S), -1), to(plus(num(1), to(S, 2)), "-1/2"), to(("diff", S, "s"), 2), to(num(-8), 2)])
def test_what_is_visibly_at_least_0(t): assert nonnegative(t, [])


@pytest.mark.parametrize("t", [num(-1), num("-1/9"), S, X, to(S, 1), to(S, 3), to(S, -1), to(S, "1/3"), to(S, "3/1"),
    to(S, "2/2"), ("log", S), ("log", ("exp", S)), plus(to(S, 2), minus(T)), times(to(S, 2), T), total(I, X),
    ("diff", to(S, 2), "s"), times(num(-1), num(-1)), ("diff", ("exp", S), "s"), plus(num(2), num(-1))])
def test_what_is_not_visibly_so(t): assert not nonnegative(t, [])


def test_every_visible_sign_is_a_sign():
    """Random terms that are called nonnegative are so at random points, in exact signs of rationals and their enclosures."""
    from tacheck.kernel.bounds import Intervals
    from tests.random_terms import random_term
    rng, seen = random.Random("signs"), 0
    while seen < 300:
        t = random_term(rng, rng.choice((1, 2, 3)))
        t = rng.choice([t, to(t, 2), ("exp", t), total("i:n", to(t, 2)), plus(to(t, 2), ("size", "n"))])
        if not nonnegative(t, []): continue
        sizes, data = {"n": 2, "d": 1}, {}

        def entry(tensor, at, data=data):
            return data.setdefault((tensor, at), Fraction(rng.randint(-9, 9), rng.choice((1, 2, 3))))
        for env in places(free(t), sizes)[:2]:
            try: _, hi = evaluate(t, Intervals(64), sizes, entry, env)
            except (ValueError, ArithmeticError): continue
            seen += 1
            assert hi >= 0, t


@pytest.mark.parametrize("u, t, so", [(x(I), x(J), True), (B(I, J), B(J, I), True), (B(I, J), B(K, "l:n"), True),
    (B(I, J), B(K, K), False), (B(K, K), B(I, J), False), (B(K, K), B(I, I), True), (x(I), x("i:d"), False),
    (x(I), ("at", "y", I), False), (x(I), plus(x(I)), False), (S, S, True), (S, T, False),
    (total(I, B(I, J)), total(J, B(J, I)), True), (total(I, B(I, J)), total(J, B(I, J)), False),
    (total(I, B(I, J)), total(K, B(K, K)), False), (times(x(I), total(J, x(J))), times(x(J), total(J, x(J))), False),
    (times(x(I), total(J, x(J))), times(x(J), total(I, x(I))), True), (to(S, "1/2"), to(S, "2/4"), False),
    (("delta", I, J), ("delta", K, K), False), (("size", "n"), ("size", "d"), False)])
def test_an_instance_is_an_injective_renaming(u, t, so): assert instance(u, t, {}, {}) is so


# ---- false, and not proved ------------------------------------------------------------------------------------------

def test_a_condition_on_one_entry_is_not_one_on_all():
    """sum x >= 0 where one x[i] > 0: false at x = (1, -5), though both conditions read "x[i] > 0"."""
    root = to(X, HALF)
    s = Inequality(plus(total(I, X), root, minus(root)), ZERO)
    lie = certified(s, total(I, to(root, 2)), at({"n": 1}, x_0="1"))
    assert check(s, lie).status is Status.UNDECIDED
    truth = {"by": "witness", "at": {I: 0}} | at({"n": 2}, x_0="1", x_1="-5")
    assert check(s, truth).status is Status.REFUTED


def test_a_size_is_not_the_scalar_of_its_name():
    n = ("at", "n")
    form = to(to(plus(n, num(-3)), HALF), 2)
    verdict = judged(n, num(3), form, ("> 0", plus(("size", "n"), num(-3))), example=at({"n": 4}, n_="4"))
    assert verdict.status is Status.UNDECIDED


def test_an_index_has_one_dimension_where_conditions_are_compared():
    def over(d): return plus(total(f"i:{d}", S), num(-3))
    verdict = judged(over("d"), ZERO, to(to(over("d"), HALF), 2), ("> 0", over("n")), example=at({"n": 4, "d": 4}, s_="1"))
    assert verdict.status is Status.UNDECIDED


@pytest.mark.parametrize("form", [to(to(S, HALF), 2), ("exp", ("log", S)), times(to(S, 2), to(S, -1)), to(to(S, "1/4"), 4)])
def test_a_form_that_is_defined_more_narrowly_proves_nothing(form):
    assert judged(S, ZERO, form, example=at({}, s_="1")).status is Status.UNDECIDED
    assert check(Inequality(S, ZERO), {"by": "witness", "at": {}} | at({}, s_="-1")).status is Status.REFUTED


@pytest.mark.parametrize("relation", ["!= 0", "= 0", "> 1", "", "<= 0", ">0", "GE", None, 0, "> 0 "])
def test_only_what_is_assumed_above_0_has_a_sign(relation):
    s = Inequality(S, ZERO, ((relation, S),))
    example = at({}, s_="0" if relation == "= 0" else "1")
    assert check(s, certified(Inequality(S, ZERO), S, example)).status is Status.UNDECIDED


def test_assumptions_that_are_never_so_prove_nothing():
    """s > 0 and -1 - s > 0: visibly contradictory only together; the example is a lie, whatever it is."""
    never = plus(minus(S), num(-1))
    for q in ("1", "-2", "0", "1/0", "nan"):
        verdict = judged(num(-1), ZERO, plus(S, never), ("> 0", S), (">= 0", never), example=at({}, s_=q))
        assert verdict.status is Status.UNDECIDED, q
    s = Inequality(num(-1), ZERO, (("> 0", never), ("> 0", to(S, 2))))
    assert check(s, {"by": "positive form", "form": never, "answers": [], "atoms": []}).status is Status.UNDECIDED


def test_an_assumption_that_is_visibly_never_so_is_vacuous():
    s = Inequality(num(-1), ZERO, (("> 0", minus(to(("exp", S), 2))),))
    assert check(s, {"by": "positive form", "form": num(0), "answers": [[[]]], "atoms": []}).status is Status.VACUOUS


def test_a_form_that_is_never_defined_is_no_proof_and_no_vacuity():
    for form in (to(plus(S, minus(S)), -2), to(num(-1), HALF), to(to(num(0), -2), 2)):
        c = {"by": "positive form", "form": form, "answers": [], "atoms": []}
        assert check(Inequality(num(1), ZERO), c).status is Status.UNDECIDED
        assert check(Inequality(form, ZERO), c).status is Status.VACUOUS


@pytest.mark.parametrize("form", [None, (), [], "", 0, False, 0.0, {}, {"kind": "decision", "script": ""}, "exp", ["exp"],
    ["num", 0], ["num", "nan"], ["pow", ["at", "s"], "257"], ["at", "s", "i:n"], ["num", "\u0660"], [["num", "0"]], True])
def test_a_form_is_a_term(form):
    c = {"by": "positive form", "form": form, "answers": [], "atoms": []}
    assert check(Inequality(S, S), c).status is Status.UNDECIDED
    assert check(Inequality(S, S), c | {"form": ["num", "0"]}).status is Status.HOLDS


def test_a_form_in_tensors_of_its_own_proves_nothing():
    for form in (to(T, 2), to(x(K), 2), total(K, to(("at", "z", K), 2))):
        s = Inequality(to(S, 2), ZERO)
        assert check(s, certified(s, form)).status is Status.UNDECIDED


def test_a_form_nested_too_deep_is_an_error():
    form = num(0)
    for _ in range(10 ** 5): form = ["add", form]
    c = {"by": "positive form", "form": form, "answers": [], "atoms": []}
    assert check(Inequality(S, S), c).status is Status.UNDECIDED
    while len(form) == 2 and form[0] == "add": form = form[1]        # taken apart from the outside: no deep recursion on deletion


def test_kinds_of_evidence_are_not_exchanged():
    s, c = Inequality(to(S, 2), ZERO), {"by": "positive form", "form": to(S, 2), "answers": [], "atoms": []}
    assert check(s, c).status is Status.HOLDS
    assert check(Identity(to(S, 2), ZERO), c).status is Status.UNDECIDED
    assert check(s, c | {"by": "normal form"}).status is Status.UNDECIDED
    assert check(Inequality(ZERO, to(S, 2)), c).status is Status.UNDECIDED
    for other in (c | {"answers": [[]]}, c | {"atoms": ["#0[] = exp: s"]}, c | {"answers": None}, {"by": "positive form"}):
        assert check(s, other).status is Status.UNDECIDED


# ---- witnesses ------------------------------------------------------------------------------------------------------

@pytest.mark.parametrize("q, status", [("1/2", Status.REFUTED), ("1", Status.UNDECIDED), ("2", Status.UNDECIDED),
    ("-1", Status.UNDECIDED), ("0", Status.UNDECIDED)])
def test_a_witness_shows_less_and_not_more(q, status):
    assert check(Inequality(to(S, 2), S), {"by": "witness", "at": {}} | at({}, s_=q)).status is status


def test_a_witness_satisfies_the_assumptions():
    witness = {"by": "witness", "at": {}} | at({}, s_="1/2")
    for relation, t, status in [("> 0", plus(S, num(-1)), Status.UNDECIDED), (">= 0", plus(S, num("-1/2")), Status.REFUTED),
                                ("= 0", plus(S, num("-1/2")), Status.REFUTED), ("!= 0", plus(S, num("-1/2")), Status.UNDECIDED)]:
        assert check(Inequality(to(S, 2), S, ((relation, t),)), witness).status is status


def test_statements_survive_json():
    s = Inequality(total(I, X), ZERO, ((">= 0", X),))
    assert load(dump(s)) == s


# ---- at random ------------------------------------------------------------------------------------------------------

def test_no_random_form_proves_what_is_false():
    tally, unsound, _ = study("forms", 600, seed="test")
    assert unsound == []
    assert sum(n for key, n in tally.items() if key.startswith("proved")) > 60
