"""Decisions: what z3 and cvc5 say becomes evidence, and nothing else does."""
import random
import time
from collections.abc import Callable
from typing import Any

import pytest

from tacheck import decide
from tacheck.kernel.check import Decision, Status, check
from tacheck.kernel.script import Script
from tacheck.lang import decision
from tacheck.provers import decision as prover
from tacheck.provers import smtlib
from tacheck.provers.clock import Deadline
from tacheck.provers.smtlib import Answer

PYTHAGORAS = """(declare-const x Int)(declare-const y Int)(declare-const z Int)
(assert (and (> x 0) (> y 0) (> z 0)))(assert (= (+ (* x x) (* y y)) (* z z)))"""
SQUARE = "(declare-const x Real)(assert (< (* x x) 0))"
CONTRADICTION = "(declare-const p Bool)(declare-const v (_ BitVec 3))(assert p)(assert (not p))(assert (= v v))"
WIDE = """(declare-const v (_ BitVec 64))(declare-const w (_ BitVec 64))
(assert (distinct (bvnot (bvand v w)) (bvor (bvnot v) (bvnot w))))"""


def pigeons(n: int) -> str:
    """n + 1 pigeons in n holes, at most one in each: hard for solvers."""
    at = [[f"p{i}_{j}" for j in range(n)] for i in range(n + 1)]
    return "\n".join([*(f"(declare-const {x} Bool)" for row in at for x in row),
                      *(f"(assert (or {' '.join(row)}))" for row in at),
                      *(f"(assert (not (and {at[i][j]} {at[k][j]})))" for j in range(n) for i in range(n + 1) for k in range(i))])


def says(name: str, found: str, values: dict[str, str] | None = None) -> Callable[..., Answer]:
    """A solver that gives one answer to everything."""
    return lambda script, seconds: Answer(name, found, values, "because")


# ---- verdicts -------------------------------------------------------------------------------------------------------

def test_a_model_refutes_and_is_printed() -> None:
    verdict = decide(decision(PYTHAGORAS))
    assert verdict.status is Status.REFUTED
    assert verdict.witness is not None
    x, y, z = (int(verdict.witness["data"][name]) for name in "xyz")
    assert x * x + y * y == z * z


def test_what_solvers_say_is_trusted_by_name() -> None:
    verdict = decide(decision(SQUARE))
    assert verdict.status is Status.TRUSTED
    assert verdict.rests_on[0].startswith("z3 ")
    assert check(Decision(SQUARE), verdict.certificate).status is Status.TRUSTED


def test_few_bits_are_proved_by_trying_every_assignment() -> None:
    verdict = decide(decision(CONTRADICTION))
    assert (verdict.status, verdict.certificate) == (Status.HOLDS, {"by": "cases"})


def test_many_bits_are_not() -> None:
    assert decide(decision(WIDE)).status is Status.TRUSTED


def test_a_script_without_constants() -> None:
    assert decide(decision("(assert (= (+ 1 1) 3))")).status is Status.HOLDS
    assert decide(decision("(assert (= (+ 1 1) 2))")).status is Status.REFUTED


def test_the_second_solver_agrees() -> None:
    pytest.importorskip("cvc5", reason="cvc5 is not installed")
    for script in (SQUARE, WIDE):
        found = prover.prove(Decision(script), Deadline(60))
        assert found["agrees"][0].startswith("cvc5 ")


@pytest.mark.parametrize("script", ["(assert", "(assert true))", "(define-fun f () Bool true)",
                                    "(declare-const x Real)(assert (f x))"])
def test_what_is_no_script_is_undecided_in_one_line(script: str) -> None:
    verdict = decide(Decision(script), 10)
    assert verdict.status is Status.UNDECIDED
    assert "\n" not in verdict.why.strip()


@pytest.mark.parametrize("script", ["(declare-const x Real)(assert (= (* x x) 2))",
                                    "(declare-const x Real)(declare-const y Real)(assert (= (* x x x) 2))(assert (> y x))"])
def test_an_irrational_model_is_no_evidence(script: str) -> None:
    verdict = decide(decision(script), 20)
    assert verdict.status is Status.UNDECIDED
    assert "irrational x" in verdict.why


def test_an_irrational_value_gives_way_to_a_rational_one_nearby() -> None:
    script = """(declare-const x Real)(declare-const y Real)(assert (> x 0))(assert (>= (* y y) 2))(assert (<= (* x y) 3))
                (assert (>= (* x x y) 3))(assert (> (* y y y) 3))"""
    assert decide(decision(script), 20).status is Status.REFUTED


# ---- solvers that fail ------------------------------------------------------------------------------------------------

def ask_only(monkeypatch: pytest.MonkeyPatch, first: Any, second: Any) -> None:
    monkeypatch.setattr(smtlib, "z3", first)
    monkeypatch.setattr(smtlib, "cvc5", second)


def test_solvers_that_disagree_are_not_believed(monkeypatch: pytest.MonkeyPatch) -> None:
    ask_only(monkeypatch, says("z3 0", "unsat"), says("cvc5 0", "sat"))
    verdict = decide(decision(SQUARE))
    assert verdict.status is Status.UNDECIDED
    assert "the solvers disagree: z3 0 says unsat, cvc5 0 says sat" in verdict.why


def test_a_wrong_model_is_not_believed(monkeypatch: pytest.MonkeyPatch) -> None:
    ask_only(monkeypatch, says("z3 0", "sat", {"x": "1/3"}), says("cvc5 0", "unsat"))
    assert decide(decision(SQUARE)).status is Status.UNDECIDED


def test_a_wrong_unsat_on_few_bits_is_not_believed(monkeypatch: pytest.MonkeyPatch) -> None:
    ask_only(monkeypatch, says("z3 0", "unsat"), says("cvc5 0", "unsat"))
    assert decide(decision("(declare-const p Bool)(assert p)")).status is Status.UNDECIDED


def test_the_second_solver_answers_where_the_first_does_not(monkeypatch: pytest.MonkeyPatch) -> None:
    ask_only(monkeypatch, says("z3 0", "unknown"), says("cvc5 0", "unsat"))
    found = prover.prove(Decision(SQUARE), Deadline(60))
    assert (found["solver"], found["agrees"]) == ("cvc5 0", [])


def test_one_solver_is_enough(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(smtlib, "cvc5", lambda script, seconds: None)
    found = prover.prove(Decision(SQUARE), Deadline(60))
    assert (found["by"], found["agrees"]) == ("solver", [])


def test_no_answer_is_no_evidence(monkeypatch: pytest.MonkeyPatch) -> None:
    ask_only(monkeypatch, says("z3 0", "unknown"), lambda script, seconds: None)
    verdict = decide(decision(SQUARE))
    assert (verdict.status, verdict.why) == (Status.UNDECIDED, "z3 0 says unknown (because)")


def test_what_a_solver_cannot_read_is_unknown_and_says_why() -> None:
    assert smtlib.z3(Script("(declare-const x Int)(assert (bvand x x))"), 5).found == "unknown"


@pytest.mark.parametrize("seconds", [0.2, 1.0])
def test_the_limit_is_kept(seconds: float) -> None:
    start = time.monotonic()
    verdict = decide(decision(pigeons(13)), seconds)
    assert time.monotonic() - start < 2 * seconds + 2.5               # starting the solvers included
    assert verdict.status is Status.UNDECIDED


def test_no_time_is_no_evidence() -> None:
    verdict = decide(decision(SQUARE), 0)
    assert verdict.status is Status.UNDECIDED


# ---- against brute force ----------------------------------------------------------------------------------------------

def random_script(rng: random.Random) -> str:
    """A few Booleans and bit-vectors, at most 8 bits, under random operations."""
    def boolean(depth: int) -> str:
        match rng.randrange(6) if depth else 0:
            case 0: return rng.choice(["p", "q", "r", "true"])
            case 1: return f"(not {boolean(depth - 1)})"
            case 2: return f"({rng.choice(['=', 'distinct'])} {bits(depth - 1)} {bits(depth - 1)})"
            case 3: return f"(ite {boolean(depth - 1)} {boolean(depth - 1)} {boolean(depth - 1)})"
        return f"({rng.choice(['and', 'or', '=>', 'xor', '='])} {boolean(depth - 1)} {boolean(depth - 1)})"

    def bits(depth: int) -> str:
        match rng.randrange(4) if depth else 0:
            case 0: return rng.choice(["v", "w", "#b01", "(_ bv2 2)"])
            case 1: return f"(bvnot {bits(depth - 1)})"
        return f"({rng.choice(['bvand', 'bvor', 'bvxor'])} {bits(depth - 1)} {bits(depth - 1)})"

    names = "".join(f"(declare-const {p} Bool)" for p in "pqr") + "".join(f"(declare-const {v} (_ BitVec 2))" for v in "vw")
    return names + "".join(f"(assert {boolean(4)})" for _ in range(rng.randint(2, 5)))


def test_solvers_and_brute_force_agree_on_random_scripts(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(prover, "AFFORDABLE", 0)                     # so that solvers are asked
    found = {Status.TRUSTED: 0, Status.REFUTED: 0}
    for seed in range(60):
        text = random_script(random.Random(seed))
        script = Script(text)
        has_model = any(script.true(values) for values in script.everywhere())
        verdict = decide(decision(text), 30)
        assert verdict.status is (Status.REFUTED if has_model else Status.TRUSTED), text
        found[verdict.status] += 1
    assert min(found.values()) >= 10


def test_both_solvers_agree_with_each_other_on_random_scripts() -> None:
    pytest.importorskip("cvc5", reason="cvc5 is not installed")
    for seed in range(30):
        script = Script(random_script(random.Random(seed)))
        second = smtlib.cvc5(script, 30)
        assert second is not None
        assert smtlib.z3(script, 30).found == second.found


def test_cvc5s_models_satisfy_the_kernel() -> None:
    pytest.importorskip("cvc5", reason="cvc5 is not installed")
    real = "(declare-const x Real)(declare-const k Int)(assert (= (* 3 x) 2))(assert (> k 4))"
    bits = "(declare-const b (_ BitVec 9))(declare-const p Bool)(assert (= b #b100000001))(assert (not p))"
    for text in (real, bits):
        answer = smtlib.cvc5(Script(text), 30)
        assert answer is not None
        assert check(Decision(text), {"by": "model", "values": answer.values}).status is Status.REFUTED


def test_solvers_are_handed_what_the_kernel_read() -> None:
    for text in (PYTHAGORAS, WIDE, "(set-logic QF_LRA) ; a comment\n(declare-const x Real)(assert (< x (/ 1 3)))(check-sat)"):
        script = Script(text)
        again = Script(smtlib.text(script))
        assert (again.sorts, again.assertions) == (script.sorts, script.assertions)
        assert "set-logic" not in smtlib.text(script)
