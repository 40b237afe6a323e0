"""The oracle judges rightly: two evaluators that share no line agree, and it tells equal from unequal."""
import random
from fractions import Fraction

import pytest

from tacheck.kernel.evaluate import evaluate
from tests.brute_force import PRIMES, TOWER, Undefined, equal, free_indices, is_prime, naive, plain, trial
from tests.random_terms import random_term, rewritten

X = ("at", "x", "i:n")


def test_the_primes_form_a_chain():
    assert all(map(is_prime, PRIMES)) and PRIMES[0] == 2 * PRIMES[1] + 1 and PRIMES[1] == 2 * PRIMES[2] + 1
    assert all(p % 4 == 3 and p.bit_length() >= 59 for p in PRIMES)


def test_exp_is_a_homomorphism_and_its_root_is_half_of_it():
    field, a, b = TOWER[0], Fraction(355, 113), Fraction(-22, 7)
    e = [field.exp(lambda f, q=q: f.num(q)) for q in (a, b, a + b, a / 2)]
    assert field.mul(e[0], e[1]) == e[2] and field.pow(e[0], Fraction(1, 2)) == e[3]


def test_the_two_evaluators_agree():
    """Dual numbers in the kernel's evaluator against textbook differentiation and loops."""
    rng, compared = random.Random(1), 0
    while compared < 400:
        t = random_term(rng, rng.randint(1, 4))
        sizes, env, data = trial(rng, free_indices(t))
        try: expected = naive(plain(t), sizes, data, env)
        except Undefined: continue
        try: assert evaluate(t, TOWER[0], sizes, data, env) == expected
        except Undefined: continue                                      # a dual number divides where the term need not
        compared += 1


@pytest.mark.parametrize("head", ["exp", "pow", "mul", "sum"])
def test_the_two_evaluators_agree_on_derivatives(head):
    rng, compared = random.Random(head), 0
    while compared < 40:
        body = random_term(rng, 3, diffs=1)
        t = {"exp": ("exp", body), "pow": ("pow", body, "-2"), "mul": ("mul", body, X, body), "sum": ("sum", "j:n", body)}[head]
        t = ("diff", t, "x", "i:n")
        sizes, env, data = trial(rng, free_indices(t))
        try: pair = evaluate(t, TOWER[0], sizes, data, env), naive(plain(t), sizes, data, env)
        except Undefined: continue
        assert pair[0] == pair[1]
        compared += 1


def test_rewriting_keeps_the_value():
    rng = random.Random(2)
    for _ in range(300):
        t = random_term(rng, 3)
        assert equal(t, rewritten(t, rng, 3)[0], rng, 2) is not False


@pytest.mark.parametrize("lhs, rhs", [
    (("sum", "i:n", ("at", "B", "i:n", "j:n")), ("sum", "i:n", ("at", "B", "j:n", "i:n"))),
    (("exp", X), ("exp", ("mul", ("num", "2"), X))), (("size", "n"), ("size", "d")), (("delta", "i:n", "j:n"), ("num", "1")),
    (("at", "B", "i:n", "j:n"), ("at", "B", "j:n", "i:n")), (("diff", X, "x", "j:n"), ("num", "1"))])
def test_unequal_sides_are_told_apart(lhs, rhs): assert equal(lhs, rhs, random.Random(3)) is False
