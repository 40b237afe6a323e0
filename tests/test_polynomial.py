"""Polynomials for e^x: known least degrees with proof, errors against other ways to compute them, floats, and bad input."""
from dataclasses import replace
from fractions import Fraction
from math import comb, factorial
from random import Random
from time import perf_counter
from typing import Any

import numpy as np
import pytest
from mpmath import mp

from tacheck.decide import decide
from tacheck.kernel.check import Bound, Identity, Status, check
from tacheck.numeric.arrays import ProblemError
from tacheck.numeric.polynomial import ApproximationError, Undecided, approximate, optimal_degree, plan, shipped
from tacheck.numeric.polynomial.certify import digits, statement, sup
from tacheck.numeric.polynomial.families import coefficients, taylor
from tacheck.numeric.polynomial.minimax import bessel, exp_fixed, kepler, minimax
from tacheck.numeric.polynomial.plan import refusal
from tacheck.numeric.polynomial.rounding import DIGITS, floats, plain, spacing

TIGHT = 1 + Fraction(1, 1 << 20)
ONE = (Fraction(-1), Fraction(1))


def greatest(p: Any, a: Any, b: Any, absolute: bool = False, points: int = 800) -> Any:
    """The largest error of P on dense samples, ends included, at 60 digits."""
    mp.dps = 60
    worst = mp.mpf(0)
    cs = [mp.mpf(c.numerator) / c.denominator for c in p][::-1]
    lo, hi = (mp.mpf(Fraction(q).numerator) / Fraction(q).denominator for q in (a, b))
    for k in range(points + 1):
        t = (lo + hi) / 2 - (hi - lo) / 2 * mp.cos(mp.pi * k / points)
        worst = max(worst, abs(mp.polyval(cs, t) - mp.exp(t)) if absolute else abs(mp.polyval(cs, t) * mp.exp(-t) - 1))
    return worst


def real(q: Fraction) -> Any: return mp.mpf(q.numerator) / q.denominator


# ---- the least degree ---------------------------------------------------------------------------------------------

@pytest.mark.parametrize(("radius", "error", "degree"), [
    ("1", "1e-1", 2), ("1", "1e-2", 3), ("1", "1e-4", 5), ("1", "1e-8", 9), ("1", "1e-15", 14), ("1", "1e-20", 17),
    ("4", "1e-1", 6), ("4", "1e-2", 7), ("4", "1e-3", 9), ("4", "1e-6", 13), ("4", "1e-10", 17)])
def test_the_least_degree_is_proved_from_both_sides(radius: str, error: str, degree: int) -> None:
    r = Fraction(radius)
    least = optimal_degree((-r, r), Fraction(error))
    assert least.degree == degree and abs(plan(r, Fraction(error)) - degree) <= 1
    assert [v.status for v in least.verdicts] == [Status.HOLDS] * 3
    assert [type(s).__name__ for s in least.statements] == ["Bound", "Identity", "Bound"]


def test_no_proof_refuses_a_degree_that_does() -> None:
    with pytest.raises(ApproximationError, match="too close"): refusal(5, ONE, Fraction(1, 10 ** 4))
    unseen, excess = refusal(4, ONE, Fraction(1, 10 ** 4))
    assert isinstance(excess, Bound) and decide(excess).status is Status.HOLDS
    assert excess.lower and decide(replace(excess, lower=str(100 * Fraction(excess.lower)))).status is Status.REFUTED


def test_a_polynomial_of_higher_degree_is_seen_by_the_divided_difference() -> None:
    unseen, _ = refusal(3, ONE, Fraction(1, 10 ** 3))
    assert decide(unseen).status is Status.HOLDS
    def higher(t: Any) -> Any:                                       # x^3 becomes x^4, which 5 points see
        return (*t[:2], "4") if t[0] == "pow" and t[2] == "3" else tuple(higher(u) if isinstance(u, tuple) else u for u in t)
    assert isinstance(unseen, Identity) and higher(unseen.lhs) != unseen.lhs
    assert decide(Identity(higher(unseen.lhs), unseen.rhs)).status is Status.REFUTED


def test_the_least_degree_for_absolute_errors_and_on_any_interval() -> None:
    for ends in (("0", "3"), ("-7/2", "-1/2")):
        found = approximate(interval=ends, error="1e-5")
        assert (found.degree, found.minimal) == (optimal_degree((Fraction(-3, 2), Fraction(3, 2)), Fraction("1e-5")).degree, True)
        assert greatest(found.coefficients, *found.interval) <= real(found.error_upper)
    high = approximate(interval=(5, 7), error="1e-2", absolute=True)
    assert high.minimal and greatest(high.coefficients, 5, 7, absolute=True) <= 0.01


def test_planning_is_by_bessel_functions() -> None:
    for n, r in ((3, "1"), (33, "32"), (60, "1"), (9, "8"), (5, "1/3")):
        exactly = mp.besselj(n, mp.mpf(Fraction(r).numerator) / Fraction(r).denominator)
        assert abs(real(bessel(n, Fraction(r))) / exactly - 1) < 1e-14
        assert abs(real(bessel(n, Fraction(r), 1)) / mp.besseli(n, real(Fraction(r))) - 1) < 1e-14
    assert [plan(Fraction(1), Fraction(1, 10 ** k)) for k in (2, 4, 8, 40, 100)] == [3, 5, 9, 29, 60]


# ---- errors -------------------------------------------------------------------------------------------------------

def test_the_error_of_taylor_is_its_closed_form_at_the_left_end() -> None:
    for r, g in ((1, 6), (4, 9), (8, 20)):
        found = sup(taylor(g), (Fraction(-r), Fraction(r)))
        mp.dps = 60
        left = abs(sum(mp.mpf(-r) ** k / factorial(k) for k in range(g + 1)) * mp.exp(r) - 1)
        assert real(found.lower) < left < real(found.upper) and found.upper / found.lower < TIGHT


@pytest.mark.parametrize(("kind", "absolute"), [("minimax", False), ("minimax", True), ("chebyshev", False), ("chebyshev", True),
                                                ("taylor", False), ("taylor", True)])
def test_both_ends_of_the_error_are_tight_and_hold_the_sampled_one(kind: str, absolute: bool) -> None:
    for ends, g in (((Fraction(-2), Fraction(2)), 7), ((Fraction(-1, 3), Fraction(1)), 4)):
        p = coefficients(kind, g, ends, absolute, False)
        found = sup(p, ends, absolute)
        assert [v.status for v in found.verdicts] == [Status.HOLDS, Status.REFUTED]
        assert 1 < found.upper / found.lower < TIGHT
        sampled = greatest(p, *ends, absolute=absolute)
        assert real(found.lower) * (1 - mp.mpf(10) ** -4) < sampled < real(found.upper)


def test_the_families_in_order_for_the_relative_error() -> None:
    """At B = 4, g = 24: minimax 3.73e-18; absolute minimax 74, Chebyshev 69 times worse, Taylor 9e8 times."""
    ends = (Fraction(-4), Fraction(4))
    best = sup(coefficients("minimax", 24, ends, False, False), ends, below=False).upper
    ratios = [float(sup(p, ends, below=False).upper / best) for p in
              (coefficients("minimax", 24, ends, True, False), coefficients("chebyshev", 24, ends, False, False), taylor(24))]
    assert abs(best / Fraction("3.73e-18") - 1) < Fraction(1, 100)
    assert 73 < ratios[0] < 75 and 68 < ratios[1] < 70 and 8e8 < ratios[2] < 1e9


def test_a_dyadic_critical_point_loses_no_tightness() -> None:
    for p in ((Fraction(1), Fraction(1), Fraction(0)), (Fraction(1), Fraction(1), Fraction(3, 4), Fraction(1, 6))):
        found = sup(p, ONE)                                          # P' - P has a root at 0, the first split point
        assert found.upper / found.lower < TIGHT
        assert real(found.lower) < greatest(p, -1, 1) * (1 + mp.mpf(10) ** -5) < real(found.upper) * (1 + mp.mpf(10) ** -4)


def test_random_polynomials_against_dense_samples() -> None:
    random = Random(3)
    for _ in range(30):
        g = random.randint(0, 8)
        p = tuple(Fraction(random.randint(-40, 40), random.randint(1, 9)) for _ in range(g + 1))
        a = Fraction(random.randint(-12, 8), 4)
        ends = (a, a + Fraction(random.randint(1, 12), 5))
        absolute = random.random() < 0.5
        found = sup(p, ends, absolute)
        sampled = greatest(p, *ends, absolute=absolute, points=300)
        assert found.upper / found.lower < TIGHT
        assert real(found.lower) * (1 - mp.mpf(10) ** -2) < sampled < real(found.upper)


def test_a_bound_below_the_error_is_refuted_and_its_certificate_proves_nothing_tighter() -> None:
    p = coefficients("minimax", 6, ONE, False, False)
    found = sup(p, ONE)
    tighter = statement(p, ONE, found.lower * Fraction(999, 1000))
    assert decide(tighter).status is Status.REFUTED
    assert check(tighter, found.verdicts[0].certificate).status is Status.UNDECIDED
    moved = (p[0] * (1 + found.upper), *p[1:])
    assert check(statement(moved, ONE, found.upper), found.verdicts[0].certificate).status is Status.UNDECIDED
    assert decide(statement(moved, ONE, found.upper)).status is Status.REFUTED


def test_the_exchange_levels_its_peaks_at_high_degree_and_large_radius() -> None:
    for r, g in ((1, 40), (8, 50), (32, 40), (Fraction(1, 1000), 5), (32, 20)):
        found = minimax(g, Fraction(r))
        assert len(found.nodes) == g + 2 and found.most <= found.least * 1.000001
    assert kepler(3, 1.0)[0] == -1 and kepler(3, 1.0)[-1] == 1 and kepler(3, 1.0) == sorted(kepler(3, 1.0))


def test_value_and_slope_together() -> None:
    """At d = 4, B = 1, 1e-4: degree 6, rank 210."""
    found = approximate(1, "1e-4", derivative=True, dimension=4)
    assert (found.degree, found.rank) == (6, 210) and found.slope_error is not None
    assert max(found.error_upper, found.slope_error) <= Fraction(1, 10 ** 4)
    steep = tuple(k * c for k, c in enumerate(found.coefficients))[1:]
    assert greatest(steep, -1, 1) <= real(found.slope_error) and greatest(found.coefficients, -1, 1) <= real(found.error_upper)
    assert all(v.status is Status.HOLDS for v in found.verdicts if v.status is not Status.REFUTED)


def test_ranks_of_the_families() -> None:
    """At d = 8, B = 4, 1e-2: 490,314 / 43,758 / 6,435."""
    ranks = [approximate(4, "1e-2", kind=kind, dimension=8).rank for kind in ("taylor", "chebyshev", "minimax")]
    assert ranks == [490_314, 43_758, 6_435] and comb(8 + 7, 7) == 6_435


def test_exact_coefficients_are_short_dyadic_numbers() -> None:
    found = approximate(4, degree=24)
    assert all(c.denominator & (c.denominator - 1) == 0 and c.denominator.bit_length() < 150 for c in found.coefficients)
    best = minimax(24, Fraction(4))
    assert found.error_upper < Fraction(best.most, 1 << best.bits) * (1 + Fraction(1, 1 << 19))


def test_the_exponential_in_fixed_point() -> None:
    mp.dps = 80
    for q in ("0", "1", "-1", "13/7", "-40/3", "25"):
        x = Fraction(q)
        value = mp.mpf(exp_fixed((x.numerator << 200) // x.denominator, 200)) / mp.mpf(2) ** 200
        assert abs(value - mp.exp(real(x))) < mp.mpf(2) ** -190 * (1 + mp.exp(real(x)))


# ---- floats -------------------------------------------------------------------------------------------------------

@pytest.mark.parametrize(("radius", "error", "dtype", "derivative"), [
    (1, "1e-4", "float64", True), (1, "1e-3", "float32", False), (4, "1e-6", "float64", False), (8, "1e-10", "float64", False),
    (8, "1e-3", "float32", False), ("5/2", "1e-5", "float32", True), (1, "1e-17", "float64", False)])
def test_shipped_floats_are_floats_and_are_certified(radius: Any, error: str, dtype: str, derivative: bool) -> None:
    found = shipped(radius, error, derivative=derivative, dtype=dtype)
    assert len(found.coefficients) == found.degree + 1
    assert all(Fraction(float(np.dtype(dtype).type(float(c)))) == c for c in found.coefficients)
    assert all(v.status is Status.HOLDS for v in found.verdicts) and len(found.verdicts) == 1 + derivative
    r = Fraction(radius)
    assert greatest(found.coefficients, -r, r) <= real(found.value_error) <= real(Fraction(error))
    assert real(found.value_error) < 1.01 * greatest(found.coefficients, -r, r)
    if derivative:
        assert found.slope_error is not None and found.slope_error <= Fraction(error)
        assert greatest([k * c for k, c in enumerate(found.coefficients)][1:], -r, r) <= real(found.slope_error)
    assert shipped(radius, error, derivative=derivative, dtype=dtype) is found


def test_floats_chosen_together_reach_further_than_the_nearest_ones() -> None:
    """float64 (8, 40): nearest 1.45e-10; float32 (8, 24): nearest 1.4e-2; together at least 100 times closer."""
    for g, dtype, nearest in ((40, "float64", 1.45e-10), (24, "float32", 1.4e-2)):
        ends = (Fraction(-8), Fraction(8))
        p = coefficients("minimax", g, ends, False, False)
        plainly = float(greatest(plain(p, dtype), -8, 8, points=200))
        together = min(float(greatest(q, -8, 8, points=200)) for q in floats(p, ends, dtype))
        assert 0.9 < plainly / nearest < 1.1 and together < plainly / 100


def test_spacing_is_that_of_the_floats() -> None:
    for c in (1.0, 1.5, 0.1, -3.7e-9, 2.0 ** -1060, 123456.789):
        assert spacing(Fraction(c), "float64") == Fraction(float(np.spacing(abs(c))))
    assert spacing(Fraction(1, 3), "float32") == Fraction(float(np.spacing(np.float32(1 / 3))))
    assert set(DIGITS) == {"float64", "float32"}


def test_what_floats_cannot_reach_is_said_with_what_they_reach() -> None:
    with pytest.raises(ApproximationError, match=r"float32 coefficients reach .* not 1e-15; use float64"):
        shipped(8, "1e-15", dtype="float32")
    with pytest.raises(ApproximationError, match="float64 coefficients reach"): shipped(2, "1e-40")


# ---- numbers as asked ---------------------------------------------------------------------------------------------

def test_numbers_are_read_exactly() -> None:
    half = (Fraction(-1, 2), Fraction(1, 2))
    assert approximate("1/2", "1e-3").interval == half == approximate(0.5, Fraction(1, 1000)).interval
    assert approximate(0.1, degree=2).interval[1] == Fraction(0.1) != Fraction("0.1") == approximate("0.1", degree=2).interval[1]
    assert [digits(Fraction(q), up, 3) for q in ("2/3", "2000/3") for up in (True, False)] == [
        Fraction("0.667"), Fraction("0.666"), Fraction(667), Fraction(666)]


@pytest.mark.parametrize("bad", [
    dict(radius=0, error="1e-3"), dict(radius=-1, error="1e-3"), dict(radius="inf", error="1e-3"),
    dict(radius=float("inf"), error=0.5), dict(radius=float("nan"), error=0.5), dict(radius="wide", error=0.5),
    dict(radius="1/0", error=0.5),
    dict(radius=True, error=0.5),
    dict(radius=1), dict(radius=1, error="1e-3", degree=3), dict(error="1e-3"), dict(radius=1, interval=(0, 1), degree=3),
    dict(interval=(1, 0), degree=3), dict(interval=7, degree=3), dict(radius=1, error=0), dict(radius=1, error=-1),
    dict(radius=1, error=1),
    dict(radius=1, degree=-1), dict(radius=1, degree=241), dict(radius=1, degree=2.0), dict(radius=1, degree=0, derivative=True),
    dict(radius=1, degree=3, kind="pade"), dict(radius=1, degree=3, kind="taylor", derivative=True),
    dict(radius=1, degree=3, dtype="float16"), dict(radius=1, degree=3, dimension=0), dict(radius=1000, error="1e-3")], ids=str)
def test_bad_input_is_refused_in_one_line(bad: dict[str, Any]) -> None:
    with pytest.raises(ApproximationError) as caught: approximate(**bad)
    assert "\n" not in str(caught.value) and isinstance(caught.value, ProblemError) and len(str(caught.value)) < 200


def test_shipped_refuses_bad_input_too() -> None:
    for args in ((0, "1e-3"), (1, "0"), (1, "2"), (None, "1e-3")):
        with pytest.raises(ApproximationError): shipped(*args)
    with pytest.raises(ApproximationError, match="float16"): shipped(1, "1e-3", dtype="float16")


@pytest.mark.parametrize("ask, says", [
    (lambda: approximate("1e999999999", "1e-2"), "radius 1e999999999 has an exponent of ten beyond 9999"),
    (lambda: approximate(1, "1E-0000999999999"), "an exponent of ten"), (lambda: shipped("1e-5000", "1e-2"), "2e-5000 long"),
    (lambda: approximate(10**9, degree=3), "ends beyond 1000"), (lambda: shipped(60, "1e-2"), "float64 coefficients reach"),
    (lambda: shipped(60, "1e-2", dtype="float32"), "use float64"), (lambda: shipped(900, "1e-2"), "a degree beyond 240")])
def test_what_cannot_be_had_is_refused_at_once_and_is_not_called_undecided(ask, says: str) -> None:
    start = perf_counter()
    with pytest.raises(ApproximationError, match=says) as bad: ask()
    assert not isinstance(bad.value, Undecided)
    assert perf_counter() - start < 5


def test_what_the_kernel_is_not_convinced_of_is_undecided(monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(Undecided, match="too close"): refusal(5, ONE, Fraction(1, 10 ** 4))

    def fails(*_: object, **__: object) -> None: raise ArithmeticError("not today")
    monkeypatch.setattr("tacheck.numeric.polynomial.approximation.sup", fails)
    with pytest.raises(Undecided, match="no polynomial was certified: not today"): approximate(Fraction(7, 11), degree=3)
