"""The gadget against its theorem, with attention computed exactly: every order, every mode, and formulas of all kinds."""
from fractions import Fraction
from itertools import chain
from math import log, prod
from typing import Any

import numpy as np
import pytest

from tacheck.instances.decode import counted, decode, exact_count
from tacheck.instances.dimacs import Formula, FormulaError, formula
from tacheck.instances.forward import (
    MODES,
    ORDERS,
    Instance,
    constants,
    fractions,
    from_lists,
    harden,
    outputs,
    readable,
    satisfiable,
    sizes,
)
from tacheck.instances.generate import random_formula, random_lists, source
from tacheck.instances.listing import Lists, count, packed, split_and_list
from tacheck.numeric.door import attention

from .test_listing import ODD, models


def sample(total: int, seed: int = 0, largest: int = 9) -> list[Formula]:
    """Unsatisfiable, unique, threshold and easy formulas in turn; more than 40 % are unsatisfiable."""
    some, ratios = ("threshold", "unique", "threshold", "threshold", "threshold", "planted"), (14, 3, 12, 4.26, 14, 2)
    return [random_formula(3 + i % (largest - 2), ratios[i % 6], source(seed, i), kind=some[i % 6]) for i in range(total)]


def out(instance: Instance, kind: Any = np.float64) -> Any:
    """Attention on the instance's arrays, rounded to the precision first."""
    return attention(instance.q.astype(kind), [k.astype(kind) for k in instance.keys], [v.astype(kind) for v in instance.values])


def z3_says(given: Formula) -> bool:
    """An independent solver's decision."""
    import z3
    x, solver = [z3.Bool(f"x{i}") for i in range(given.variables + 1)], z3.Solver()
    for clause in given.clauses: solver.add(z3.Or([x[y] if y > 0 else z3.Not(x[-y]) for y in clause]))
    return bool(solver.check() == z3.sat)


@pytest.mark.parametrize("mode", MODES)
@pytest.mark.parametrize("order", ORDERS)
def test_outputs_tell_the_decision_and_the_count(order: int, mode: str) -> None:
    unsatisfiable = 0
    given_formulas = [*ODD, *sample(18, order)]
    for given in given_formulas:
        instance, number = harden(given, order=order, mode=mode), models(given)
        unsatisfiable += not number
        column = out(instance)[:, 0]
        assert np.abs(column - outputs(instance)).max() < 1e-12
        assert (np.abs(column - 0.5) > instance.gadget.eps - 1e-12).all()
        assert (column.max() > 0.5) == (number > 0)
        answer = decode(instance, out(instance))
        assert (answer.satisfiable, answer.models, answer.warnings) == (number > 0, number, ())
        assert (answer.witness is not None) == (number > 0)
    assert unsatisfiable >= 0.4 * len(given_formulas)


def test_the_sample_has_what_it_promises() -> None:
    numbers = [models(given) for given in sample(60)]
    assert numbers.count(0) >= 24
    assert numbers.count(1) >= 10


@pytest.mark.parametrize("order", [1, 2, 3])
def test_floats_against_the_golden_oracle_up_to_64_rows(order: int) -> None:
    v = {1: 12, 2: 18, 3: 16}[order]
    for i in range(3):
        instance = harden(random_formula(v, 4.26, source(order, i)), order=order, mode="dyadic")
        golden = fractions(instance)
        assert len(golden) == 2 ** -(-v // (order + 1)) >= 16
        assert max(abs(Fraction(float(t)) - g) for t, g in zip(out(instance)[:, 0], golden)) < 1e-12


def test_the_golden_oracle_is_the_definition() -> None:
    for given in [*ODD, *sample(12)]:
        instance = harden(given, mode="dyadic")
        h = instance.gadget.h
        assert h is not None and h % 2 == 0
        R = Fraction(instance.gadget.references, 2 ** (h // 2))
        a, b, c = (instance.lists.bits(i).astype(int) for i in range(3))
        for row, t in zip(a, fractions(instance)):
            S = sum(Fraction(1, 2 ** (h * int(row @ (x * y)))) for x in b for y in c)
            assert t == S / (S + R)
        assert exact_count(instance.gadget, fractions(instance)) == models(given)
        assert instance.gadget.eps >= 0.3


@pytest.mark.parametrize("order", ORDERS)
@pytest.mark.parametrize("eps", [0.01, 0.25, 0.4, 0.499])
def test_tight_families_reach_their_ends(order: int, eps: float) -> None:
    k, rows = order + 1, 4
    ones = Lists(tuple(packed(np.ones((rows, 1), np.uint8)) for _ in range(k)), 1)
    low = out(from_lists(ones, eps=eps))[:, 0]
    assert np.abs(low - (0.5 - eps)).max() < 1e-12                   # all inner products are 1: the end is attained
    many = [np.ones((rows, 200), np.uint8) for _ in range(k)]
    for table in many[1:]: table[1:] = 1
    for table in many: table[0, :] = 0
    many[0][0], many[1][0] = 1, 0
    for i, table in enumerate(many[1:], 1): table[0] = i > 1
    high = out(from_lists(Lists(tuple(packed(t) for t in many), 200), eps=eps))[0, 0]
    weight = rows ** (k - 2) if k > 2 else 1                         # orthogonal tuples of row 0: all with row 0 of list 2
    x = (1 - 2 * eps) / (1 + 2 * eps)
    assert abs(high - weight / (weight + x)) < 1e-12
    if k == 2: assert abs(high - (0.5 + eps)) < 1e-12


@pytest.mark.parametrize("order", ORDERS)
def test_the_constants_are_the_formulas(order: int) -> None:
    lengths, d, eps = (8, 4, 16, 2, 8, 4)[:order + 1], 23, 0.3
    g = constants(lengths, d, eps)
    P, x = prod(lengths[1:]), (1 - 2 * eps) / (1 + 2 * eps)
    assert g.beta == pytest.approx(log(P) + 2 * log(1 / x), rel=1e-15)
    assert g.R == pytest.approx(x, rel=1e-13)
    assert g.B ** (order + 1) == pytest.approx(d * g.beta, rel=1e-13)
    assert g.residue == pytest.approx(x * x, rel=1e-13)
    assert constants((8,) * 3, d).kappa == pytest.approx(0.5, rel=1e-15)


def test_scores_are_those_of_the_theorem() -> None:
    instance = harden(sample(1)[0], order=2)
    g, (k1, k2) = instance.gadget, instance.keys
    scores = np.einsum("ic,jc,lc->ijl", instance.q, k1, k2) / g.d
    a, b, c = (instance.lists.bits(i).astype(int) for i in range(3))
    assert np.allclose(scores[:, :-1], -g.beta * np.einsum("ic,jc,lc->ijl", a, b, c), rtol=1e-13, atol=1e-13)
    assert np.allclose(scores[:, -1], -g.kappa * g.beta, rtol=1e-13)
    assert max(np.abs(instance.q).max(), np.abs(k1).max(), np.abs(k2).max()) == g.B


def test_noise_below_eps_changes_no_decision() -> None:
    for order in ORDERS:
        for i, given in enumerate(sample(30, 7)):
            eps = (0.05, 0.25, 0.45)[i % 3]
            instance = harden(given, order=order, eps=eps)
            exact, number = out(instance)[:, 0], models(given)
            toward = np.where(exact > 0.5, -1, 1) * (instance.gadget.eps - 1e-6)
            assert decode(instance, exact + toward).satisfiable == (number > 0)
            assert not decode(instance, exact + toward).warnings
            against = exact.max() + (eps + 1e-6) * (-1 if number else 1)
            if not number and abs(exact.max() - (0.5 - eps)) < 1e-9: assert against > 0.5


@pytest.mark.parametrize("kind", [np.float32, np.float16])
@pytest.mark.parametrize("order", ORDERS)
def test_half_and_single_precision_decide_right(order: int, kind: Any) -> None:
    for given in sample(30, 3):
        instance = harden(given, order=order)
        answer = decode(instance, out(instance, kind).astype(kind))
        number = models(given)
        assert answer.satisfiable == (number > 0)
        assert not answer.warnings
        assert answer.models in (None, number)
        if answer.satisfiable: assert answer.witness is not None


def test_against_z3_on_two_hundred_formulas() -> None:
    given_formulas = sample(200, 11, largest=12)
    truth = [z3_says(given) for given in given_formulas]
    assert truth.count(False) >= 80
    for i, (given, wanted) in enumerate(zip(given_formulas, truth)):
        order = 1 + i % 5
        assert satisfiable(given, order=order) == wanted
        assert decode(harden(given, order=order), outputs(harden(given, order=order))).satisfiable == wanted


def test_against_a_sat_solver() -> None:
    solvers = pytest.importorskip("pysat.solvers", reason="python-sat is not installed")
    for i, given in enumerate(sample(300, 13, largest=12)):
        with solvers.Cadical153(bootstrap_with=[list(c) for c in given.clauses]) as solver: wanted = solver.solve()
        assert satisfiable(given, order=1 + i % 3) == wanted


def test_unequal_parts() -> None:
    parts = [[[1, 2, 3, 4, 5], [6], [7]],
             [[7], [1, 2, 3], [4, 6, 5]], [[], [1, 2, 3, 4, 5, 6, 7], []], [[3, 1], [5, 2, 4, 7], [6]]]
    for given in (random_formula(7, 4.26, source(5, i)) for i in range(12)):
        for split in parts:
            for mode in MODES:
                instance = harden(given, parts=split, mode=mode)
                answer = decode(instance, out(instance))
                assert answer.models == models(given)
                assert np.abs(out(instance)[:, 0] - outputs(instance)).max() < 1e-12


def test_padding_adds_no_model() -> None:
    given = formula(5, [[1, 3], [2, 4], [-1, 4]])                    # a padded row of ones would double the count
    split = [[1, 2], [3, 4], [5]]
    instance = harden(given, parts=split, mode="square-padded")
    n = len(instance.q)
    assert {a.shape for a in (instance.q, *instance.keys, *instance.values)} == {(n, instance.gadget.d)}
    assert count(instance.lists) == count(split_and_list(given, split)) == models(given) == 14
    assert decode(instance, out(instance)).models == 14
    assert (out(instance)[4:, 0] < 0.5).all()                        # padded query rows say no
    for order in ORDERS:
        for extra in sample(10, 17):
            padded = harden(extra, order=order, mode="square-padded")
            assert count(padded.lists) == models(extra)


def test_lists_that_come_from_no_formula() -> None:
    for i in range(20):
        for rows in ((5, 3), (3, 7, 2), (2, 3, 4, 2)):
            lists, at = random_lists(rows, 40, source(i), density=0.6, planted=bool(i % 2))
            instance = from_lists(lists)
            found = out(instance)[:, 0]
            assert (found.max() > 0.5) == (count(lists) > 0)
            assert counted(instance.gadget, found, 2.0**-36)[0] == count(lists)
            if at: assert found[at[0]] > 0.5


@pytest.mark.parametrize("eps", [0, 0.5, -1, 1, float("nan"), 1e-18, 0.5 - 1e-18])
def test_an_eps_that_is_none(eps: float) -> None:
    with pytest.raises(FormulaError, match="eps"): harden(formula(3, [[1]]), eps=eps)


@pytest.mark.parametrize("options, what", [
    ({"order": 0}, "order 0"), ({"order": 6}, "order 6"), ({"mode": "best"}, "mode best"), ({"parts": [[1], [2, 3]]}, "2 parts"),
    ({"parts": [[1], [2], []]}, "variable 3")])
def test_options_that_are_none(options: dict[str, Any], what: str) -> None:
    with pytest.raises(FormulaError, match=what): harden(formula(3, [[1]]), **options)


def test_too_large_is_refused_before_anything_is_allocated() -> None:
    for v in (120, 10**6, 10**9):
        with pytest.raises(FormulaError, match=r"tables of about 2\^\d+, .* raise --max-memory"): harden(formula(v, [[1, 2, 3]]))
    with pytest.raises(FormulaError, match="max-memory"): harden(formula(12, [[1]]), max_memory=1000)


@pytest.mark.parametrize("mode", MODES)
@pytest.mark.parametrize("order, v, m", [(1, 20, 90), (2, 33, 150), (2, 30, 1), (3, 44, 70), (5, 30, 300)])
def test_the_sizes_are_those_of_the_arrays_and_the_peak_is_enough(order: int, v: int, m: int, mode: str) -> None:
    import tracemalloc
    given = random_formula(v, m / v, source(0))
    need = sizes(given, order=order, mode=mode)
    tracemalloc.start()
    instance = harden(given, order=order, mode=mode)
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert need.bytes == sum(a.nbytes for a in chain([instance.q], instance.keys, instance.values))
    assert need.bytes <= peak <= need.peak
    assert need.rows == (len(instance.q), *map(len, instance.keys))
    assert (need.d, need.dv) == (instance.q.shape[1], instance.values[0].shape[1])
    assert need.tuples == len(instance.q) * instance.gadget.tuples


def test_readable() -> None:
    assert [readable(n) for n in (0, 1234567, 2**100)] == ["0", "1,234,567", "about 2^100"]
