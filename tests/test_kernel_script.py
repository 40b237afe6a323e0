"""Scripts: evaluated as z3 evaluates them, and nothing that is not SMT-LIB, or not a truth value, decides anything."""
import random

import pytest

from tacheck.kernel.check import Conditional, Decision, Growth, Measurement, Status, check, dump, load
from tacheck.kernel.script import Script, parse
from tests.random_bounds import arithmetic, satisfiable, script

PQ = "(declare-const p Bool)(declare-const q Bool)"
CASES = {"by": "cases"}


def cases(text): return check(Decision(text), CASES).status
def model(text, **values): return check(Decision(text), {"by": "model", "values": values}).status


# ---- against z3 -----------------------------------------------------------------------------------------------------

def test_every_assignment_finds_what_z3_finds():
    rng, found = random.Random("cases"), {True: 0, False: 0}
    for _ in range(250):
        text = script(rng)
        sat, solver = satisfiable(text)
        found[sat] += 1
        assert cases(text) is (Status.UNDECIDED if sat else Status.HOLDS), text
        if sat:
            values = {str(c): str(solver.model()[c]).lower() for c in solver.model().decls()}
            values = {x: "0" if x in "xy" else "false" for x in "pqrxy"} | values
            assert model(text, **values) is Status.REFUTED, text
    assert min(found.values()) > 40


def test_a_model_with_numbers_is_one_for_z3_too():
    rng, found = random.Random("numbers"), {True: 0, False: 0}
    for _ in range(250):
        text = arithmetic(rng)
        values = {"x": f"{rng.randint(-6, 6)}/2", "y": f"{rng.randint(-6, 6)}/3", "k": str(rng.randint(-3, 3))}
        try: mine = Script(text).true({x: Script(text).given(x, q) for x, q in values.items()})
        except ZeroDivisionError:
            assert model(text, **values) is Status.UNDECIDED
            continue
        sat, _ = satisfiable(text, **values)
        assert mine is sat, (text, values)
        assert model(text, **values) is (Status.REFUTED if sat else Status.UNDECIDED)
        found[sat] += 1
    assert min(found.values()) > 40


# ---- what is read ---------------------------------------------------------------------------------------------------

@pytest.mark.parametrize("text", ["(assert true", "(assert true))", ")(", "assert", "()", "(assert)", "(assert true true)",
    "(declare-const |p| Bool)(assert |p|)", '(assert (= "a" "a"))', "(declare-const p)", "(declare-const p Bool Bool)",
    "(declare-const (p) Bool)", "(declare-const p (Bool))", "(declare-fun p () Bool)", "(define-fun p () Bool true)",
    "(push 1)", "(pop 1)", "(reset)", "(exit)", "(check-sat-assuming (p))", "(declare-const p Bool)(declare-const p Bool)",
    "(declare-const p Bool)(declare-const p Int)", "(declare-sort S 0)", "(declare-const 1 Int)", "(declare-const #b1 Bool)",
    "(declare-const - Int)", "(declare-const = Bool)", "(declare-const ite Bool)", "(declare-const true Bool)",
    "(declare-const bvand Bool)", "(declare-const _ Bool)", "(declare-const p! Bool)", "(declare-const \u0440 Bool)",
    "(declare-const x (_ BitVec 0))", "(declare-const x (_ BitVec -1))", "(declare-const x (_ BitVec 01))",
    "(declare-const x (_ BitVec 1_6))", "(declare-const x (_ BitVec 8 8))", "(declare-const x (_ BitVec 1000000))",
    "(declare-const x (_ BitVec \u0661))", "(assert (= 1 \u0661))", "(assert\u00a0true)", "(assert\u2003true)",
    "(assert\x0btrue)", "(assert\x00true)", "(assert \ud800)", "(set-logic)", "(set-logic QF_BV QF_LRA)", "(check-sat true)"])
def test_what_is_no_script_of_this_kind_does_not_load(text):
    with pytest.raises(ValueError): load({"kind": "decision", "script": text})
    assert cases(text) is model(text) is Status.UNDECIDED


@pytest.mark.parametrize("text", [None, 1, True, [], ["(assert false)"], {}, {"kind": "decision", "script": ""}])
def test_a_script_is_a_text(text):
    with pytest.raises(ValueError): load({"kind": "decision", "script": text})
    assert check(Decision(text), {"by": "model", "values": {}}).status is Status.UNDECIDED


def test_comments_end_at_the_end_of_the_line_however_it_ends():
    for end in ("\n", "\r", "\r\n"): assert cases(f"{PQ}(assert p) ; (assert q){end}(assert (not p))") is Status.HOLDS
    assert cases(f"{PQ}(assert p) ; (assert (not p))") is Status.UNDECIDED
    assert parse("(a;)\n b) ; (") == [["a", "b"]]


def test_layout_does_not_matter(): assert parse("(a(b)c)") == parse(" ( a\t( b )\r\nc ) ") == [["a", ["b"], "c"]]


@pytest.mark.parametrize("depth", [3000, 10 ** 5])
def test_deep_nesting_is_an_error(depth):
    text = "(assert " + "(not " * depth + "false" + ")" * (depth + 1)
    assert cases(text) is Status.UNDECIDED and model(text) is Status.UNDECIDED


# ---- what has no value ----------------------------------------------------------------------------------------------

NONSENSE = ["1", "1.5", "#b1", "(+ 1 1)", "x", "(bvnot x)", "(ite true 1 2)", "garbage", "(p)", "((and p q))", "(and)", "(or)",
    "(-)", "(not)", "(not p q)", "(= p)", "(distinct p)", "(=> p)", "(xor p)", "(< 1)", "(= 1 p)", "(= 1 #b1)", "(= #b1 #b01)",
    "(= x #b1)", "(and p 1)", "(and p x)", "(or true 1)", "(=> false 1)", "(< #b0 #b1)", "(< p q)", "(= (bvand x #b1) x)",
    "(= (bvand x x x) x)", "(= (bvnot x x) x)", "(= (bvand x) x)", "(= (+ p q) 1)", "(= (/ 1) 1)", "(= (/ 1 0) 1)",
    "(= (/ 0 0) (/ 0 0))", "(ite true false garbage)", "(ite true false 1)", "(ite 1 false true)", "(ite true false)",
    "(ite true false true true)", "(or true (= (/ 1 0) 1))", "(= x #b-1)", "(= x #b1_0)", "(= x #b0b1)", "(= x #b)",
    "(= x #b+1)", "(= x #x)", "(= #x0x1 #x0x1)", "(= x (_ bv1_0 2))", "(= x (_ bv-1 2))", "(= x (_ bv 2))", "(= x (_ bv1 0))",
    "(= x (_ bv1 -2))", "(= x (_ bv1 p))", "(= x (_ bv1 99999999999999999999))", "(= x (bv1 2))", "(let ((r p)) r)",
    "(forall ((r Bool)) r)", "(! p :named a)", "(abs p)", "(bvadd x x)", "(= 1e3 1000)", "(= .5 0.5)", "(= 5. 5)", "(= 0x1 1)",
    "(= -1 -1)", "(_ p)", "(true)", "(as p Bool)"]


@pytest.mark.parametrize("claim", NONSENSE)
def test_an_assertion_that_is_neither_true_nor_false_decides_nothing(claim):
    declared = f"{PQ}(declare-const x (_ BitVec 2))"
    for asserted in (f"(assert {claim})", f"(assert false)(assert {claim})", f"(assert (and false {claim}))"):
        assert cases(declared + asserted) is Status.UNDECIDED
    assert model(f"{declared}(assert {claim})", p="true", q="true", x="1") is Status.UNDECIDED
    assert model(f"{declared}(assert (or true (= (ite true p {claim}) p)))", p="true", q="true", x="1") is Status.UNDECIDED


@pytest.mark.parametrize("sort, word", [("Bool", True), ("Bool", 1), ("Bool", "True"), ("Bool", ""), ("Bool", None),
    ("Bool", ["true"]), ("Int", "1/2"), ("Int", 1), ("Int", "1.0"), ("Int", True), ("Int", "\u0661"), ("Int", " 1"),
    ("Int", "1_0"), ("Int", "1e999999999"), ("Real", "nan"), ("Real", "inf"), ("Real", 0.5), ("Real", "0.5"), ("Real", "1/0"),
    ("Real", float("nan")), ("(_ BitVec 2)", "4"), ("(_ BitVec 2)", "-1"), ("(_ BitVec 2)", "1/2"), ("(_ BitVec 2)", "#b01"),
    ("(_ BitVec 2)", 1), ("(_ BitVec 2)", True)])
def test_a_value_is_one_of_the_sort_of_its_constant(sort, word):
    assert model(f"(declare-const c {sort})(assert (= c c))", c=word) is Status.UNDECIDED


@pytest.mark.parametrize("values", [None, [], "c", 1, {}, {"d": "true"}, [["c", "true"]]])
def test_a_model_names_every_constant(values):
    certificate = {"by": "model", "values": values}
    assert check(Decision("(declare-const c Bool)(assert c)"), certificate).status is Status.UNDECIDED


# ---- what is decided ------------------------------------------------------------------------------------------------

def test_a_script_without_assertions_has_a_model():
    for text in ("", "(check-sat)", "(set-logic QF_BV)(check-sat)", "; nothing"):
        assert model(text) is Status.REFUTED and cases(text) is Status.UNDECIDED


def test_sixteen_bits_are_tried_and_seventeen_are_not():
    def text(w): return f"(declare-const x (_ BitVec {w}))(assert (distinct x x))"
    assert cases(text(10)) is Status.HOLDS
    assert cases(text(17)) is cases(PQ + text(15)) is Status.UNDECIDED
    assert [cases(f"(declare-const x {sort})(assert false)") for sort in ("Int", "Real")] == [Status.UNDECIDED] * 2


def test_a_single_assignment_among_many_is_met():
    for k in (0, 1, 511, 512, 1023):
        assert cases(f"(declare-const x (_ BitVec 10))(assert (= x (_ bv{k} 10)))") is Status.UNDECIDED


def test_numerals_reduce_modulo_the_width():
    assert cases("(assert (distinct (_ bv20 4) #b0100 #x4))") is Status.HOLDS
    assert cases("(assert (not (= #xaF #b10101111)))") is Status.HOLDS


def test_a_solver_is_trusted_and_no_more():
    for statement in (Decision("(assert true)"), Growth(("at", "x"), "x", "0")):
        assert check(statement, {"by": "solver", "solver": "z3"}).status is Status.TRUSTED
        for name in (None, 1, ["z3"], True): assert check(statement, {"by": "solver", "solver": name}).status is Status.UNDECIDED
        assert check(statement, {"by": "solver"}).status is Status.UNDECIDED


def test_a_refuted_hypothesis_empties_what_a_solver_says():
    def under(standing): return check(Conditional((("H", standing, ""),), Decision("(assert false)")),
        {"by": "solver", "solver": "z3"})
    assert under("refuted").status is Status.VACUOUS and under("open").status is Status.TRUSTED
    assert under("true").status is Status.UNDECIDED and "H" in under("open").rests_on


# ---- measurements ---------------------------------------------------------------------------------------------------

N = ("size", "n")


def measured(lower, upper, *rows): return check(Measurement("m", 0, lower, upper), {"by": "sample", "rows": list(rows)}).status


def test_a_measurement_is_observed_or_outside():
    row = {"sizes": {"n": 4}, "value": "3"}
    assert measured(None, N, row) is measured(N, None, row | {"value": "4"}) is measured(None, None, row) is Status.OBSERVED
    assert measured(N, None, row) is measured(None, ("pow", N, "1/2"), row) is Status.REFUTED
    assert measured(("log", N), ("exp", N), row) is Status.OBSERVED
    assert measured(("pow", ("pow", N, "1/2"), "2"), None, row | {"value": "4"}) is Status.UNDECIDED    # too near to tell
    assert measured(None, N, row, row | {"value": "5"}) is Status.REFUTED


@pytest.mark.parametrize("row", [{}, {"value": "1"}, {"sizes": {"n": 1}}, {"sizes": {}, "value": "1"},
    {"sizes": {"n": 0}, "value": "1"}, {"sizes": {"n": -1}, "value": "1"}, {"sizes": {"n": True}, "value": "1"},
    {"sizes": {"n": 1.0}, "value": "1"}, {"sizes": {"n": "1"}, "value": "1"}, {"sizes": {"n": 10 ** 12}, "value": "1"},
    {"sizes": None, "value": "1"}, {"sizes": {"n": 1}, "value": 1}, {"sizes": {"n": 1}, "value": "nan"},
    {"sizes": {"n": 1}, "value": 0.5}, None, [], "row"])
def test_a_row_has_sizes_and_an_exact_value(row): assert measured(None, ("sum", "i:n", N), row) is Status.UNDECIDED


@pytest.mark.parametrize("end", [("at", "x"), ("at", "x", "i:n"), ("delta", "i:n", "j:n"), ("diff", N, "x"),
    ("log", ("num", "-1"))])
def test_the_ends_are_terms_in_sizes(end): assert measured(None, end, {"sizes": {"n": 1}, "value": "9"}) is Status.UNDECIDED


def test_an_empty_sample_observes_nothing():
    for rows in ([], None, {}, ""): assert check(Measurement("m", 0, None, N),
        {"by": "sample", "rows": rows}).status is Status.UNDECIDED


def test_statements_survive_json():
    for s in (Decision(PQ), Growth(N, "x", "oo"), Measurement("m", 3, None, N)): assert load(dump(s)) == s
