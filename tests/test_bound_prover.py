"""Evidence for bounds: cuts, trees and points that the kernel accepts, and nothing for what is neither."""
from fractions import Fraction
from math import comb
from random import Random

import pytest
from mpmath import mp

from tacheck.decide import decide
from tacheck.kernel.check import Bound, Status, check
from tacheck.kernel.term import Term
from tacheck.lang import Expr, exp, log, scalar
from tacheck.provers.bound import prove
from tacheck.provers.clock import Deadline, OutOfTime
from tacheck.provers.roots import isolate, onto, refine, sign_at, simplest, variations, whole

x, y = scalar("x"), scalar("y")
Box = dict[str, tuple[str | int, str | int]]


def bound(t: Expr, box: Box, lower: str | None = None, upper: str | None = None) -> Bound:
    return Bound(t.data, tuple((name, str(lo), str(hi)) for name, (lo, hi) in box.items()), lower, upper)


def status(t: Expr, box: Box, lower: str | None = None, upper: str | None = None) -> Status:
    return decide(bound(t, box, lower, upper)).status


def evidence(t: Expr, box: Box, lower: str | None = None, upper: str | None = None) -> str:
    return str(prove(bound(t, box, lower, upper), Deadline(None))["by"])


def polynomial(p: list[int]) -> Term: return sum((c * x ** k for k, c in enumerate(p)), 0 * x).data


def from_roots(*roots: int | Fraction) -> list[int]:
    p = [Fraction(1)]
    for r in roots: p = [a - r * b for a, b in zip([Fraction(0), *p], [*p, Fraction(0)])]
    return whole(p)


# ---- roots --------------------------------------------------------------------------------------------------------

def test_every_root_inside_is_found_once() -> None:
    q = onto(from_roots(*(Fraction(k, 7) for k in range(-9, 10) if k % 3)), Fraction(-1), Fraction(1))
    places = isolate(q)
    assert len(places) == 8 and all(p.alone for p in places)
    assert all(a.middle < b.middle for a, b in zip(places, places[1:]))


def test_a_root_at_a_split_point_is_a_point_and_its_neighbours_are_not_lost() -> None:
    places = isolate(onto(from_roots(0, Fraction(1, 1000), Fraction(-1, 3)), Fraction(-1), Fraction(1)))
    assert len(places) == 3
    assert [p for p in places if p.lo == p.hi and p.middle == Fraction(1, 2)]


def test_a_root_is_refined_to_any_length() -> None:
    q = onto(from_roots(2, -2, Fraction(1, 3)), Fraction(0), Fraction(1))
    (place,) = [refine(q, p, 200) for p in isolate(q)]
    assert abs(place.middle - Fraction(1, 3)) < Fraction(1, 1 << 199) and place.depth == 200
    assert sign_at(q, place.lo, 200) * sign_at(q, place.hi, 200) < 0


def test_a_double_root_is_kept_and_not_called_alone() -> None:
    (place,) = isolate(onto(from_roots(Fraction(1, 3), Fraction(1, 3)), Fraction(0), Fraction(1)), depth=30)
    assert not place.alone and abs(place.middle - Fraction(1, 3)) < Fraction(1, 1 << 29)


def test_the_simplest_fraction_of_a_piece() -> None:
    third = Fraction(1, 3)
    assert simplest(third - Fraction(1, 99), third + Fraction(1, 99)) == third
    assert simplest(Fraction(-9, 4), Fraction(-7, 4)) == -2 and simplest(Fraction(-1), Fraction(1)) == 0
    assert simplest(Fraction(314, 100), Fraction(315, 100)) == Fraction(22, 7)


def test_roots_outside_and_complex_roots_are_not_found() -> None:
    for p in ([5, 0, 1], from_roots(2, -3)): assert isolate(onto(p, Fraction(-1), Fraction(1))) == []
    assert variations([1, 0, 2, 0, 0]) == 0 and variations([1, 0, -2, 0, 3]) == 2


# ---- exponential polynomials --------------------------------------------------------------------------------------

def test_a_tight_bound_holds_by_cuts_and_one_a_little_tighter_is_refuted() -> None:
    t = (1 + x) * exp(-x)                                            # at most 1, at 0: a root of the derivative that is dyadic
    assert evidence(t, {"x": (-1, 2)}, upper="1") == "cuts"
    assert status(t, {"x": (-1, 2)}, "0", "1") is Status.HOLDS
    assert status(t, {"x": (-1, 2)}, "0", "999999999999/1000000000000") is Status.REFUTED
    assert status(t, {"x": (-1, 2)}, "1/1000000000000", "2") is Status.REFUTED


def test_a_bound_reached_where_no_number_is_rational_holds_with_little_room() -> None:
    t = x * exp(-2 * x)                                              # greatest at 1/2: 1/(2 e) = 0.18393972058572...
    third = {"x": (Fraction(-1, 3), Fraction(1, 1))}
    box: Box = {name: (str(lo), str(hi)) for name, (lo, hi) in third.items()}
    assert status(t, box, upper="0.183939720586".replace("0.", "") + "/1000000000000") is Status.HOLDS
    assert status(t, box, upper="183939720585/1000000000000") is Status.REFUTED


def test_several_exponentials_are_enclosed_at_the_zeros_of_every_quotient() -> None:
    t = exp(x) + exp(-x) + exp(2 * x) / 100 - x ** 4 / 12 - x ** 2 - 2
    low, high = "-1/1000", "3/2"
    assert evidence(t, {"x": (-2, 2)}, low, high) == "cuts"
    assert status(t, {"x": (-2, 2)}, low, high) is Status.HOLDS
    assert status(t, {"x": (-2, 2)}, "1/100", high) is Status.REFUTED


def test_bounds_on_one_side_and_bounds_on_polynomials() -> None:
    assert status(x ** 2 - x, {"x": (-1, 3)}, lower="-1/4") is Status.HOLDS
    assert status(x ** 2 - x, {"x": (-1, 3)}, lower="-1/5") is Status.REFUTED
    assert status(x ** 2 - x, {"x": (-1, 3)}, upper="6") is Status.HOLDS
    assert status(0 * x, {"x": (-1, 3)}, "0", "0") is Status.HOLDS
    assert status(0 * x, {"x": (-1, 3)}, "1", None) is Status.REFUTED


Part = tuple[int, int, int]                                          # c, k, w: the term c x^k e^(w x)


def top(parts: list[Part]) -> Fraction:
    """A little above the greatest absolute value on [0, 1], from dense samples."""
    at = [mp.mpf(k) / 600 for k in range(601)]
    most = max(abs(sum(c * t ** k * mp.exp(w * t) for c, k, w in parts)) for t in at)
    return Fraction(str(mp.nstr(most, 15))) * Fraction(1001, 1000)


def built(parts: list[Part]) -> Expr: return sum((c * x ** k * exp(w * x) for c, k, w in parts), 0 * x)


def test_nearly_double_critical_points_cost_cuts_and_not_the_proof() -> None:
    p = from_roots(Fraction(1, 3), Fraction(1, 3), Fraction(1, 3) + Fraction(1, 1 << 40), -1)
    parts = [(c, k, 1) for k, c in enumerate(p)]
    most = top(parts)
    assert status(built(parts), {"x": (0, 1)}, str(-most), str(most)) is Status.HOLDS


def test_random_exponential_polynomials_agree_with_dense_samples() -> None:
    random = Random(1)
    for _ in range(6):
        parts = [(random.randint(1, 9) * random.choice((1, -1)), random.randint(0, 6), random.randint(-2, 2)) for _ in range(4)]
        most = top(parts)
        assert status(built(parts), {"x": (0, 1)}, str(-most), str(most)) is Status.HOLDS
        less = most * Fraction(99, 100)
        assert status(built(parts), {"x": (0, 1)}, str(-less), str(less)) is Status.REFUTED


# ---- anything else ------------------------------------------------------------------------------------------------

def test_other_functions_and_more_scalars_are_enclosed_by_a_tree() -> None:
    assert evidence(x * log(x), {"x": ("1/10", 1)}, "-3/8") == "tree"
    assert status(x * log(x), {"x": ("1/10", 1)}, "-3/8", "1/100") is Status.HOLDS
    assert status(x * log(x), {"x": ("1/10", 1)}, "-9/25") is Status.REFUTED
    two: Box = {"x": (-1, 1), "y": (-1, 1)}
    assert status(exp(x * y) * (x - y), two, "-11/5", "11/5") is Status.HOLDS
    assert status(exp(x * y) * (x - y), two, "-3/5", "3/5") is Status.REFUTED


def test_closed_numbers_need_no_box() -> None:
    one = Expr(("num", "1"))
    assert status(exp(one), {}, "271828182845904523/100000000000000000", "271828182845904524/100000000000000000") is Status.HOLDS
    assert status(exp(one) - exp(one), {}, "0", "0") is Status.UNDECIDED    # an enclosure of 0 that is no point
    tiny = f"1/{10 ** 61}"                                           # the next digits are 62
    assert status(exp(one) - Fraction("2.718281828459045235360287471352662497757247093699959574966967"), {}, tiny) is Status.HOLDS
    assert status(exp(one) - 3, {}, "0") is Status.REFUTED


def test_boxes_of_one_point() -> None:
    assert status(exp(x) - 1, {"x": (0, 0)}, "0", "0") is Status.HOLDS
    assert status(exp(x), {"x": (1, 1)}, upper="2") is Status.REFUTED


def test_what_touches_its_bound_at_an_irrational_point_is_undecided_and_ends() -> None:
    touching = bound((x ** 2 - 2) ** 2 * exp(x), {"x": (1, 2)}, "0")
    assert decide(touching, timeout=1).status is Status.UNDECIDED


def test_a_function_that_is_not_defined_everywhere_is_not_decided() -> None:
    assert decide(bound(x ** -1, {"x": (-1, 1)}, "-5", "5"), timeout=2).status in (Status.UNDECIDED, Status.REFUTED)


def test_the_deadline_is_kept() -> None:
    with pytest.raises(OutOfTime): prove(bound(exp(x), {"x": (0, 1)}, upper="3"), Deadline(-1))
    t = sum((scalar(f"x{k}") * scalar(f"x{k + 1}") * log(2 + scalar(f"x{k}")) for k in range(8)), 0 * x)
    verdict = decide(bound(t, {f"x{k}": (-1, 1) for k in range(9)} | {"x": (0, 1)}, "-10", "17/5"), timeout=0.5)
    assert verdict.status is Status.UNDECIDED and "time" in verdict.why


def test_damaged_cuts_are_not_accepted() -> None:
    s = bound((1 + x + x ** 2 / 2) * exp(-x), {"x": (-1, 1)}, "0", "136/100".replace("136/100", "13591410/10000000"))
    good = prove(s, Deadline(None))
    assert check(s, good).status is Status.HOLDS
    for cuts in (["2"], ["-1"], [*good["cuts"], *good["cuts"], "0"], ["1/0"], [0.5]):
        assert check(s, {**good, "cuts": cuts}).status is Status.UNDECIDED
    tight = bound((1 + x) * exp(-x), {"x": ("-9/10", 2)}, "0", "1")
    assert check(tight, {"by": "cuts", "cuts": ["1/10"], "bits": 64}).status is Status.UNDECIDED


def test_a_binomial_identity_in_the_bernstein_basis() -> None:
    """sum over k of C(n, k) u^k (1 - u)^(n - k) = 1: all coefficients are equal, so no sign changes."""
    from tacheck.provers.roots import bernstein
    n = 9
    (one,) = set(bernstein([1, *[0] * n]))
    assert one > 0 and comb(n, 4) == 126
