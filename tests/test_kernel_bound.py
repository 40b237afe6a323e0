"""Bounds: the enclosures contain the truth, and a changed certificate or statement is accepted only where it is true."""
import json
import random
from fractions import Fraction
from math import comb
from pathlib import Path

import mpmath
import pytest

import tacheck
from tacheck.kernel.bounds import Intervals
from tacheck.kernel.check import Bound, Status, check, dump, load
from tacheck.kernel.enclosure import centred
from tacheck.kernel.evaluate import evaluate
from tacheck.kernel.exponential import Curve, bernstein, derivative, groups
from tacheck.kernel.exponential import value as polynomial_value
from tests.random_bounds import (
    X,
    broken_at,
    changed,
    exponential,
    implied,
    inside,
    interval,
    mp,
    num,
    plus,
    points,
    rational,
    scalar_term,
    times,
    value,
)

ACCEPTED = Path(__file__).parent / "certificates" / "accepted"
Y = ("at", "y")
ONE_CELL = {"by": "cuts", "cuts": [], "bits": 64}
WHOLE = {"by": "tree", "tree": None, "bits": 64}


def status(expr, box, lower, upper, certificate): return check(Bound(expr, box, lower, upper), certificate).status


# ---- enclosures of exp ----------------------------------------------------------------------------------------------

def exp_contains(x, bits):
    """The enclosure of e^x, against mpmath with 100 bits more."""
    lo, hi = Intervals(bits).exp_point(x)
    with mpmath.workprec(bits + 100):
        v, ulps = mpmath.exp(mpmath.mpf(x.numerator) / x.denominator), mpmath.mpf(2) ** -(bits + 80)
        below, above = mpmath.mpf(lo.numerator) / lo.denominator, mpmath.mpf(hi.numerator) / hi.denominator
        assert below * (1 - ulps) <= v <= above * (1 + ulps)
        assert 0 < above - below <= v * mpmath.mpf(2) ** (24 - bits) or x == 0
    return lo <= hi


@pytest.mark.parametrize("x, bits", [("3893924827815215/1125899906842624", 53), ("1381846513289487/70368744177664", 113),
                                     ("-1/9007199254740992", 53), ("0", 53), ("1", 8), ("-1", 200), ("700", 20)])
def test_exp_is_enclosed_where_other_interval_libraries_miss_it(x, bits): assert exp_contains(Fraction(x), bits)


def test_exp_is_enclosed_at_random_points():
    rng = random.Random("exp")
    for _ in range(2000):
        small = rational(rng, 30) * Fraction(10) ** rng.choice((-40, -12, -3, 0))
        dyadic = Fraction(rng.randint(-2 ** 60, 2 ** 60), 2 ** 56)
        exp_contains(rng.choice((small, dyadic)), rng.choice((8, 16, 24, 53, 64, 113)))


@pytest.mark.parametrize("bits", [8, 24, 53])
def test_the_sum_that_is_rounded_up_has_room_for_what_is_left_out(bits):
    """At x of one unit the sum stops after the first term: without its last term once more it would lie below e^x."""
    x = Fraction(1, 1 << bits + 8)
    assert Intervals(bits).exp_sum(x, True) > 1 + x + x * x / 2 + x ** 3 and Intervals(bits).exp_sum(x, False) <= 1 + x


# ---- exponential polynomials ----------------------------------------------------------------------------------------

def test_the_reading_of_an_exponential_polynomial_keeps_its_value():
    rng = random.Random("groups")
    for _ in range(200):
        t, x = exponential(rng), rational(rng)
        assert abs(sum(value(plus(*(times(num(c), ("pow", X, str(k))) for k, c in enumerate(p))), {"x": x})
                       * value(("exp", times(num(w), X)), {"x": x}) for w, p in groups(t, "x").items())
                   - value(t, {"x": x})) < mp.mpf(10) ** -45


def test_random_exponential_polynomials_stay_in_their_enclosures():
    """2,000 of them; by the rule for slopes and by the rule for quotients; with few bits and with many."""
    rng, rising = random.Random("span"), 0
    for _ in range(2000):
        t, (a, b), field = exponential(rng), interval(rng), Intervals(rng.choice((8, 16, 24, 53, 100)))
        h, curve = groups(t, "x"), Curve(field)
        enclosures = [curve.slide(h, a, b)] + [curve.span(h, a, b)] * (rng.random() < 0.3)
        slope = curve.span(derivative(h), a, b) if rng.random() < 0.2 else (-1, 1)
        rising += slope[0] >= 0 or slope[1] <= 0
        for x in points(rng, a, b, 1):
            v = value(t, {"x": x})
            assert all(inside(e, v) for e in enclosures), (t, a, b, x)
        assert inside(curve.at(h, x), v)
    assert 40 < rising < 360                                         # of about 400: both rules for the slope were met


def test_the_slope_is_the_derivative():
    rng = random.Random("slope")
    for _ in range(100):
        h, x, step = groups(exponential(rng), "x"), rational(rng, 2), Fraction(1, 2 ** 60)
        curve = Curve(Intervals(300))
        (a, b), (c, d), slope = curve.at(h, x - step), curve.at(h, x + step), curve.at(derivative(h), x)
        assert abs((c - b) / (2 * step) - slope[0]) + abs((d - a) / (2 * step) - slope[1]) < Fraction(1, 10 ** 25)


@pytest.mark.parametrize("sign", [1, -1])
def test_the_rule_for_slopes_is_nearly_met_by_a_tent(sign):
    """The Bernstein polynomial of |u - 1/2|: its slope stays between -1 and 1, and it falls almost as far as that allows."""
    n, p = 21, [Fraction(0)] * 22
    for k in range(n + 1):                                           # C(n, k) u^k (1 - u)^(n - k)
        height = sign * abs(Fraction(k, n) - Fraction(1, 2)) * comb(n, k)
        for j in range(n - k + 1): p[k + j] += height * comb(n - k, j) * (-1) ** j
    curve = Curve(Intervals(64))
    assert curve.span(derivative({Fraction(0): p}), Fraction(0), Fraction(1)) == (-1, 1)
    ends = sorted(sign * q for q in curve.slide({Fraction(0): p}, Fraction(0), Fraction(1)))
    dip = polynomial_value(p, Fraction(1, 2)) * sign
    assert ends[0] == 0 and ends[1] == 1 and 0 < dip < Fraction(1, 8)


def test_of_two_slopes_the_steeper_counts():
    """Down with slope -10 to 1/11, up again with slope 1: lower than half the length times the lesser slope."""
    n, h = 44, [Fraction(0)] * 45
    for k in range(n + 1):
        height = max(Fraction(-10 * k, n), Fraction(k - n, n)) * comb(n, k)
        for j in range(n - k + 1): h[k + j] += height * comb(n - k, j) * (-1) ** j
    lo, hi = Curve(Intervals(64)).slide({Fraction(0): h}, Fraction(0), Fraction(1))
    values = [polynomial_value(h, Fraction(k, 64)) for k in range(65)]
    assert lo <= min(values) < Fraction(-1, 2) and max(values) <= hi


@pytest.mark.parametrize("p, a, b, ends", [
    (["5"], "0", "1", ("5", "5")), (["0", "1"], "-2", "3", ("-2", "3")), (["1", "-2", "1"], "0", "2", ("-1", "1")),
    (["1", "2", "3"], "1/2", "1/2", ("11/4", "11/4")), (["0", "0", "0", "1"], "-1", "1", ("-1", "1"))])
def test_bernstein_coefficients(p, a, b, ends):
    assert bernstein([Fraction(c) for c in p], Fraction(a), Fraction(b)) == tuple(map(Fraction, ends))


def test_bernstein_coefficients_enclose_the_polynomial_and_meet_it_at_the_ends():
    rng = random.Random("bernstein")
    for _ in range(300):
        p, (a, b) = [rational(rng) for _ in range(rng.randint(1, 12))], interval(rng)
        lo, hi = bernstein(p, a, b)
        assert all(lo <= polynomial_value(p, x) <= hi for x in points(rng, a, b, 8))
        assert polynomial_value(p, a) == sum(c * a ** k for k, c in enumerate(p))


@pytest.mark.parametrize("t", [
    ("exp", ("exp", X)), ("exp", ("pow", X, "2")), ("pow", X, "-1"), ("pow", X, "1/2"), ("pow", ("pow", X, "1/2"), "2"),
    times(("pow", X, "-1"), X), ("exp", ("log", X)), ("pow", ("pow", X, "2"), "1/2"), times(num(0), ("log", X)), ("exp", num(1)),
    ("pow", plus(("exp", X), num(-1)), "-1"), ("pow", num(2), "1/2"), times(("at", "y"), X)])
def test_what_is_no_exponential_polynomial_or_not_defined_everywhere_is_refused(t):
    with pytest.raises(ValueError): groups(t, "x")


@pytest.mark.parametrize("t, h", [
    (("log", ("exp", X)), {0: [0, 1]}), (("pow", ("exp", X), "1/2"), {Fraction(1, 2): [1]}), (plus(X, times(num(-1), X)), {}),
    (times(("exp", X), ("exp", times(num(-1), X))), {0: [1]}), (("pow", X, "0"), {0: [1]}),
    (("diff", times(X, ("exp", X)), "x"), {1: [1, 1]})])
def test_what_is_one_in_disguise_is_read_as_one(t, h): assert groups(t, "x") == h


# ---- trees ----------------------------------------------------------------------------------------------------------

def test_random_terms_stay_in_their_enclosures():
    """2,000 boxes in one to three scalars: the natural enclosure and the mean-value form."""
    rng, done = random.Random("centred"), 0
    while done < 2000:
        names = "xyz"[:rng.randint(1, 3)]
        t, box = scalar_term(rng, names, 3), {x: interval(rng, 2) for x in names}
        if rng.random() < 0.1: box["x"] = (box["x"][0],) * 2
        try: ends = centred(t, box, Intervals(rng.choice((10, 24, 64))))
        except (ValueError, ArithmeticError): continue
        done += 1
        for _ in range(2):
            at = {x: rng.choice(points(rng, a, b, 1)) for x, (a, b) in box.items()}
            assert inside(ends, value(t, at)), (t, box, at)


def test_a_tree_covers_the_whole_box():
    """Every point of the box is in a leaf whose enclosure contains the value there."""
    t, rng = plus(times(X, Y), ("exp", X)), random.Random("leaves")
    tree = ["x", ["y", None, ["x", None, None]], None]
    assert status(t, (("x", "-1", "1"), ("y", "0", "2")), "-3", "6", {"by": "tree", "tree": tree, "bits": 64}) is Status.HOLDS
    for _ in range(50):
        x, y = rational(rng, 1), rational(rng, 1) + 1
        lo, hi = evaluate(t, Intervals(64), {}, lambda name, _, at=(x, y): at["xy".index(name)], {})
        assert -3 <= lo <= hi <= 6


# ---- certificates under attack --------------------------------------------------------------------------------------

@pytest.fixture(scope="module")
def records():
    """Bounds that hold: those of accepted/, and some that the prover is asked for now."""
    kept = [json.loads(f.read_text()) for f in sorted(ACCEPTED.glob("bound_*.json"))]
    found = [r for r in kept if r["status"] == "holds" and r["statement"]["box"]]
    p = plus(num(1), X, times(num("1/2"), ("pow", X, "2")), times(num("1/6"), ("pow", X, "3")))
    for expr, box, lower, upper in [
            (plus(times(p, ("exp", times(num(-1), X))), num(-1)), (("x", "-1/2", "1/2"),), "-1/200", "1/200"),
            (plus(("pow", X, "4"), times(num(-3), ("pow", X, "2")), X), (("x", "-2", "2"),), "-361/100", "6"),
            (("pow", plus(num(1), ("pow", X, "2"), ("pow", Y, "2")), "-1"), (("x", "-1", "1"), ("y", "-1", "2")), "1/6", "1"),
            (times(X, ("log", plus(X, Y))), (("x", "1", "2"), ("y", "1", "2")), "69/100", "278/100")]:
        s = Bound(expr, box, lower, upper)
        verdict = tacheck.decide(s, 20)
        assert verdict.status is Status.HOLDS, s
        found.append(json.loads(json.dumps({"status": "holds", "statement": dump(s), "certificate": verdict.certificate})))
    return found


def test_a_changed_bound_is_accepted_only_if_it_is_true(records):
    """1,100 changes; what still holds is climbed for a point that breaks it."""
    rng, accepted, rejected = random.Random("changed"), 0, 0
    assert {r["certificate"]["by"] for r in records} == {"cuts", "tree"}
    for _ in range(1100):
        record = rng.choice(records)
        new = changed(record, rng)
        if check(load(new["statement"]), new["certificate"]).status is not Status.HOLDS:
            rejected += 1
            continue
        accepted += 1
        if not implied(new["statement"], record["statement"]): assert broken_at(new["statement"], rng) is None, json.dumps(new)
    assert accepted > 100 and rejected > 400


def test_the_judge_of_changed_bounds_finds_broken_ones(records):
    """What the test above relies on: a bound moved inwards past the extreme is found broken."""
    s = next(r["statement"] for r in records if "1416/1000000" in str(r["statement"]) or r["statement"]["upper"] == "177/125000")
    rng = random.Random(0)
    assert broken_at(s, rng) is None
    assert broken_at(s | {"lower": "-1137/1000000"}, rng) and broken_at(s | {"upper": "1415/1000000"}, rng)


def test_a_scalar_named_as_a_head_of_the_table_is_refused():
    """e is the entry #0 of the table: were a scalar of this name let in, e <= 1 would hold."""
    for name in ("#0", "#1", "=", "|n|", "", "x y", "~1:n", "x\n"):
        for t in (num(1), Y, plus(X, Y)):
            assert status(("exp", t), ((name, "0", "1"),), "0", "1", ONE_CELL) is Status.UNDECIDED


def test_a_box_may_have_scalars_to_spare_in_a_tree():
    assert status(X, (("x", "0", "1"), ("y", "0", "1")), "0", "1", WHOLE) is Status.HOLDS
    assert status(times(X, Y), (("x", "0", "1"),), "0", "1", WHOLE) is Status.UNDECIDED


@pytest.mark.parametrize("box", [(), (("x", "0", "1"), ("x", "0", "1")), (("y", "0", "1"),), (("x", "0", "1"), ("y", "0", "1"))])
def test_cuts_are_for_one_scalar_that_is_the_expression_s(box): assert status(X, box, "0", "1", ONE_CELL) is Status.UNDECIDED


@pytest.mark.parametrize("bits", [True, 7, 10_001, -64, "64", 64.0, None, [64]])
def test_a_precision_is_an_integer_from_8_to_10000(bits):
    assert status(X, (("x", "0", "1"),), "0", "1", ONE_CELL | {"bits": bits}) is Status.UNDECIDED


@pytest.mark.parametrize("end", ["nan", "inf", "1e3", "0.5", "\u0661", " 1", "1\n", "1_0", "--1", "1/-2", "1/0", "", 1, 1.0,
                                 True, [], "9" * 4001])
def test_an_end_is_a_rational_number(end):
    assert status(X, (("x", "-9", "-8"),), None, end, ONE_CELL) is Status.UNDECIDED
    assert status(X, (("x", "-9", end),), None, "9", ONE_CELL) is Status.UNDECIDED
    assert status(X, (("x", "-9", "-8"),), None, "9", ONE_CELL | {"cuts": [end]}) is Status.UNDECIDED


@pytest.mark.parametrize("tree", [[], ["x"], ["x", None], ["x", None, None, None], ["y", None, None], [None, None, None], "abc",
                                  0, False, {}, {"x": None}, [["x"], None, None], ["x", None, []]])
def test_a_tree_that_is_none_is_refused(tree):
    assert status(X, (("x", "0", "1"),), "-9", "9", WHOLE | {"tree": tree}) is Status.UNDECIDED


def test_a_tree_that_never_ends_is_refused():
    tree = ["x", None, None]
    tree[2] = tree
    assert status(X, (("x", "0", "1"),), "-9", "9", WHOLE | {"tree": tree}) is Status.UNDECIDED


def test_no_ends_at_all_still_need_every_cell_to_be_defined():
    assert status(("pow", X, "-1"), (("x", "-1", "1"),), None, None, WHOLE) is Status.UNDECIDED
    assert status(("pow", X, "-1"), (("x", "1", "2"),), None, None, WHOLE) is Status.HOLDS


def test_a_bound_that_is_met_exactly_holds_and_is_not_refuted():
    box = (("x", "-1", "3"),)
    assert status(X, box, "-1", "3", ONE_CELL) is Status.HOLDS
    assert status(X, box, "-1", "3", {"by": "point", "at": {"x": "3"}, "bits": 64}) is Status.UNDECIDED


def test_a_root_of_a_square_is_no_line():
    """sqrt((x - 1)^2) on [-1, 0] is 1 - x; on [0, 2] it has a corner, where no mean-value form serves."""
    t = ("pow", ("pow", plus(X, num(-1)), "2"), "1/2")
    assert status(t, (("x", "-1", "0"),), "-2", "-1", WHOLE) is Status.UNDECIDED
    assert status(t, (("x", "-1", "0"),), "1/2", "4", WHOLE) is Status.HOLDS
    assert status(t, (("x", "0", "2"),), "0", "9", WHOLE) is Status.UNDECIDED
