"""The theory of the hard instances: its claims, and that its terms and scripts are what the code that writes instances does."""
import random
from fractions import Fraction
from math import exp
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from tacheck import decide, library
from tacheck.claims import Claim
from tacheck.instances.dimacs import Formula
from tacheck.instances.forward import constants, from_lists, outputs
from tacheck.instances.generate import random_formula, random_lists, source
from tacheck.instances.listing import balanced, split_and_list
from tacheck.kernel.check import Decision, Status
from tacheck.kernel.evaluate import evaluate
from tacheck.kernel.script import Script
from tacheck.lang import dim, term
from tacheck.provers.floats import Floats

CLAIMS = {id: c for id, c in library.load(Path(__file__).parents[1]).items() if id.startswith("hardness")}
FIRST = {c.id.partition("[")[0]: c for c in reversed(CLAIMS.values())}                    # one of each family
LEDGER = [c for c in CLAIMS.values() if c.id.startswith("hardness_ledger") and c.expect]

from theory import hardness, hardness_lemmas  # noqa: E402  (of the project that was loaded)


def verdict(claim: Claim) -> Any: return decide(claim.statements()[0], 60, claim.form)


# ---- claims -----------------------------------------------------------------------------------------------------------

@pytest.mark.parametrize("claim", FIRST.values(), ids=list(FIRST))
def test_one_claim_of_each_family_is_as_promised_and_its_twins_are_refuted(claim: Claim) -> None:
    statement, twins = claim.statements()
    assert verdict(claim).status.value in claim.promised(statement).split("|")
    for twin in twins.values(): assert decide(twin, 60).status is Status.REFUTED


def test_the_decode_lemmas_hold_in_the_kernel_itself() -> None:
    for name in ("yes", "no", "missed", "invented", "no_end_is_attained"):
        assert verdict(CLAIMS[f"hardness.{name}"]).status is Status.HOLDS


def test_small_clauses_are_proved_and_large_ones_trusted() -> None:
    assert verdict(CLAIMS["hardness_lemmas.clause_by_cases[4]"]).status is Status.HOLDS
    assert verdict(CLAIMS["hardness_lemmas.clause[8]"]).status is Status.TRUSTED


def test_every_entry_of_the_ledger_has_a_witness_or_nothing_satisfies_it() -> None:
    assert len(LEDGER) >= 12
    for claim in LEDGER:
        found = verdict(claim)
        assert found.status is claim.expect
        assert "recorded" in claim.cite
        assert (found.witness is not None) == (found.status is Status.REFUTED)


@pytest.mark.parametrize("name, hypothesis", [("k_ovh", "k-OVH"), ("sparse_k_ovh", "sparse-k-OVH"), ("seth", "SETH")])
def test_lower_bounds_name_their_hypotheses(name: str, hypothesis: str) -> None:
    for k in range(2, 7):
        found = verdict(CLAIMS[f"hardness_reduction.under_{name}[{k}]"])
        assert found.status is Status.HOLDS
        assert any(h.startswith(hypothesis) for h in found.rests_on)


def test_the_exponent_rests_on_no_hypothesis() -> None:
    for k in range(2, 7):
        found = verdict(CLAIMS[f"hardness_reduction.exponent[{k}]"])
        assert (found.status, found.rests_on) == (Status.HOLDS, ())


# ---- the terms are the code ---------------------------------------------------------------------------------------------

def value(t: Any, sizes: dict[str, int], data: dict[str, Any], at: dict[str, int]) -> float:
    """A term in floats; an entry of `data` is a number or an array."""
    found = evaluate(term(t).data, Floats(), sizes, lambda x, where: Fraction(float(np.asarray(data[x])[where])), at)
    return float(found)


@pytest.mark.parametrize("order", range(1, 6))
def test_the_gadget_of_the_theory_is_that_of_the_code(order: int) -> None:
    rows = (3, 2, 3, 2, 2, 2)[:order + 1]
    for eps in (0.1, 0.3):
        lists, _ = random_lists(rows, 4, source(order), density=0.6)
        instance, g = from_lists(lists, eps=eps), hardness.Gadget(order)
        sizes = {"m": 4} | {f"n{s}": n for s, n in enumerate(rows, 1)}
        data: dict[str, Any] = {"beta": instance.gadget.beta, "kappa": instance.gadget.kappa}
        data |= {f"a{s}": lists.bits(s - 1) for s in range(1, order + 2)}
        (i,) = dim("n1", "i")
        for row, expected in enumerate(outputs(instance)):
            for t in (g.output(i), hardness.share(g.S(i), g.R)):
                assert value(t, sizes, data, {str(i): row}) == pytest.approx(expected, rel=1e-12)
        found = {"B": g.B, "R": g.R, "tuples": g.P, "references": g.n_ref}
        for name, t in found.items():
            assert value(t, sizes, data, {}) == pytest.approx(getattr(instance.gadget, name), rel=1e-12)
        assert value(g.B, sizes, data, {}) == pytest.approx(np.abs(instance.q).max(), rel=1e-12)


@pytest.mark.parametrize("lengths", [(4, 4), (8, 2, 4), (2, 2, 8, 4)])
def test_the_constants_of_the_theory_are_those_of_the_code(lengths: tuple[int, ...]) -> None:
    for eps in (0.05, 0.25, 0.45):
        g = constants(lengths, 9, eps)
        x = hardness.x_of(term(Fraction(2 * eps)))
        beta = hardness.beta_of(term(g.tuples), x)
        kappa = hardness.kappa_of(term(g.tuples), term(g.references), beta)
        for t, expected in ((beta, g.beta), (kappa, g.kappa), (x, g.R), (x ** 2, g.tuples * exp(-g.beta))):
            assert value(t, {}, {}, {}) == pytest.approx(expected, rel=1e-12)


# ---- the scripts are the code -------------------------------------------------------------------------------------------

@pytest.mark.parametrize("k", [2, 3, 4])
def test_the_lists_of_the_scripts_are_those_of_the_code(k: int) -> None:
    v, m = 5, 4
    script = hardness_lemmas.lists(v, m, k)
    for seed in range(10):
        formula = random_formula(v, m / v, source(seed))
        values = {hardness_lemmas.true_if(c, i, positive): (i + 1 if positive else -i - 1) in formula.clauses[c]
                  for c in range(m) for i in range(v) for positive in (True, False)}
        lists = split_and_list(formula, balanced(v, k))
        assert hardness_lemmas.balanced(v, k) == tuple(tuple(x - 1 for x in part) for part in balanced(v, k))
        for i, rows in enumerate(script):
            read = [[Script("").value(nested(bit), values) for bit in row] for row in rows]
            assert np.array_equal(lists.bits(i), np.array(read, np.uint8))


def nested(t: str) -> Any:
    from tacheck.kernel.script import parse
    return parse(t)[0]


def test_the_list_bit_of_the_clause_lemma_is_that_of_the_code() -> None:
    rng, v = random.Random(0), 6
    for _ in range(40):
        clause = tuple(x for i in range(1, v + 1) for x in (i, -i) if rng.random() < 0.25)
        formula, split = Formula(v, (clause,)), balanced(v, 3)
        lists = split_and_list(formula, split)
        x = [rng.randrange(1 << len(part)) for part in split]
        word = sum((r >> t & 1) << (p - 1) for part, r in zip(split, x) for t, p in enumerate(part))
        values: dict[str, Any] = {"x": (word, v), "P": (sum(1 << y - 1 for y in clause if y > 0), v),
                                  "N": (sum(1 << -y - 1 for y in clause if y < 0), v)}
        for i, part in enumerate(split):
            mask = sum(1 << p - 1 for p in part)
            text = f"(= (bvand {hardness_lemmas.true_literals('x')} (_ bv{mask} {v})) (_ bv0 {v}))"
            bit = Script("").value(nested(text), values)
            assert lists.bits(i)[x[i], 0] == bit


def test_a_script_that_loses_a_variable_is_refuted_by_a_formula() -> None:
    found = decide(Decision(hardness_lemmas.split_and_list(3, 2, 3, lost=True)), 30)
    assert found.status is Status.REFUTED
