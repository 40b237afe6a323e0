"""Mutants of closed forms: each lie is told where it can be, none passes, and a judge who believes one is found out."""
from fnmatch import fnmatchcase
from random import Random
from types import SimpleNamespace

import pytest

from benchmarks.soundness import attacked, conclusion, differ, differentiates, every, grounds, judged, rate, sample
from tacheck import library
from tacheck.decide import decide
from tacheck.kernel.check import Identity, Status
from tacheck.kernel.term import free, wellformed
from tacheck.lang import Sum, delta, diff, dim, exp, identity, positive, scalar, size, tensor
from tests.mutants import mutants

i, j, a, b = (*dim("n", "i j"), *dim("d", "a b"))
x, X, A2, A3 = map(tensor, ("x", "X", "A2", "A3"))

SAMPLE = ("softmax.*", "normalisation.*", "masks.*[[]1]", "blockwise.readout_*", "gradient.d[XYA]*[[]1]", "gradient.dX[[]2]",
          "losses.*[[]1]", "simplicial.d*[[]2]", "hessian.in_*[[]1]")


@pytest.fixture(scope="module")
def claims():
    return library.load(library.shipped())


def told(lie, truth):
    """The changed terms of one lie."""
    return [m.term for m in every(identity(0, truth)) if m.lie == lie]


def equal(left, right): return decide(Identity(left, right)).status is Status.HOLDS


def same(left, right):
    """The terms are equal in pairs, in any order, as the kernel sees it."""
    right = [identity(0, t).rhs for t in right]
    return len(left) == len(right) and all(any(equal(s, t) for t in right) for s in left) \
        and all(any(equal(s, t) for s in left) for t in right)


@pytest.mark.parametrize("lie, truth, lies", [
    ("flipped sign", x[i] + x[j], [-x[i] + x[j], x[i] - x[j]]),
    ("dropped addend", x[i] + x[j] + 1, [x[j] + 1, x[i] + 1, x[i] + x[j]]),
    ("dropped size", x[i] * x[j] / size("d"), [x[i] * x[j]]),
    ("dropped factor", x[i] * x[j] / size("d"), [x[j] / size("d"), x[i] / size("d")]),
    ("duplicated factor", x[i] * size("d"), [x[i] ** 2 * size("d"), x[i] * size("d") ** 2]),
    ("swapped indices", X[i, j] * A2[i, a], [X[j, i] * A2[i, a]]),
    ("other index", x[i] * Sum(j, A2[j, a]), [x[i] * Sum(j, A2[i, a])]),
    ("other index", delta(i, j), [delta(j, j), delta(i, i)]),
    ("other tensor", A2[i, a] * A3[j, a] * x[i], [A3[i, a] * A3[j, a] * x[i], A2[i, a] * A2[j, a] * x[i]]),
    ("other exponent", x[i] ** 2, [x[i] ** 3]),
    ("other exponent", x[i] ** -1, [x[i] ** -2]),
    ("other coefficient", -x[i], [x[i]]),
    ("doubled exponent", exp(x[i]), [exp(2 * x[i])]),
    ("removed delta", delta(i, j) * x[i], [x[i]]),
    ("shrunk sum", x[i] * Sum(j, x[j]), [x[i] ** 2]),
    ("transposed slots", X[i, a, b] * X[j, a, b], [X[i, b, a] * X[j, b, a]]),
    ("exchanged indices", A2[i, a] * A3[j, a], [A2[j, a] * A3[i, a]]),
    ("exchanged tensors", A2[i, a] * A3[j, a] * x[i], [A3[i, a] * A2[j, a] * x[i]]),
])
def test_a_lie_is_told_in_every_place(lie, truth, lies):
    assert same(told(lie, truth), lies)


def test_a_sum_is_shrunk_without_capture():
    hidden = x[i] * Sum(j, Sum(i, X[i, j]))
    assert same(told("shrunk sum", hidden), [x[i] * Sum(j, t) for t in (X[j, i], X[i, j], X[j, j])])


def test_an_index_comes_from_its_scope():
    inside = [m.place for m in mutants(identity(0, x[i] + Sum(j, x[j])).rhs, ("i:n",), {"x": ("n",)}) if m.lie == "other index"]
    assert len(inside) == 1 and inside[0].endswith("x[j] -> x[i]")


def test_mutants_are_well_formed_and_stay_in_scope(claims):
    for id in ("gradient.dX[2]", "hessian.closed_form[1]", "softmax.masked_jacobian", "normalisation.layer_norm_jacobian"):
        s = conclusion(claims[id].statements()[0])
        for m in sample(s, 60, Random(id)):
            assert wellformed(s.lhs, m.term) and m.term != s.rhs
            assert set(free(m.term)) <= set(free(("add", s.lhs, s.rhs))), m.place


def test_every_lie_has_its_turn_and_no_term_comes_twice(claims):
    s = conclusion(claims["gradient.dX[2]"].statements()[0])
    lies = {m.lie for m in every(s)}
    first = list(sample(s, len(lies), Random(0)))
    assert len(lies) >= 13 and {m.lie for m in first} == lies
    drawn = [m.term for m in sample(s, 80, Random(0))]
    assert len(drawn) == len(set(drawn)) == 80


def test_no_mutant_of_a_sample_of_claims_passes(claims):
    chosen = [c for id, c in claims.items() if any(fnmatchcase(id, glob) for glob in SAMPLE) and differentiates(c)]
    fates = [f for c in chosen for f in attacked((c.id, conclusion(c.statements()[0]), 2, "test", 20))]
    assert len(chosen) >= 40 and len(fates) >= 80
    assert [f for f in fates if f.fate == "UNSOUND"] == []
    assert rate(fates) >= 95, [f for f in fates if f.fate == "survived"]
    assert sum(f.confirmed is True for f in fates) > len(fates) // 2


# ---- the judge is judged ------------------------------------------------------------------------------------------

TRUE = identity(diff(Sum(i, exp(x[i])), x[j]), exp(x[j]) * delta(j, j))


def believer(s, timeout): return SimpleNamespace(status=Status.HOLDS, why="", certificate={}, rests_on=())


def doubter(s, timeout):
    point = {"sizes": {"n": 2}, "at": {"j:n": 0}, "data": {"x[0]": "1", "x[1]": "2"}, "bits": 40}
    return SimpleNamespace(status=Status.REFUTED, why="", certificate=point, rests_on=())


def mutant(lie): return next(m for m in every(TRUE) if m.lie == lie)


def test_a_lie_that_is_believed_is_unsound():
    assert judged("it", TRUE, mutant("doubled exponent"), 5, believer).fate == "UNSOUND"
    assert judged("it", TRUE, mutant("doubled exponent"), 5).fate == "refuted"


def test_a_truth_that_is_refuted_is_unsound():
    assert judged("it", TRUE, mutant("duplicated factor"), 5, doubter).fate == "refuted"
    assert judged("it", TRUE, mutant("removed delta"), 5, doubter).fate == "UNSOUND"
    assert judged("it", TRUE, mutant("removed delta"), 5).fate == "equivalent"


def test_brute_force_sees_what_only_three_distinct_indices_show():
    k, = dim("n", "k")
    triple = (1 - delta(i, j)) * (1 - delta(j, k)) * (1 - delta(i, k)) * x[i]
    assert differ(identity(triple, 0))[0] is True
    assert differ(identity(triple, triple))[0] is False


def test_a_claim_without_an_example_is_reported():
    t = scalar("t")
    claim = SimpleNamespace(expect=None, statements=lambda: (identity(t / t, 1, assuming=[positive(t)]), {}))
    bare = SimpleNamespace(status=Status.HOLDS, rests_on=("t > 0",), certificate={})
    assert grounds(claim).startswith("rests on something, an example")
    assert grounds(claim, judge=lambda s, _: bare) == "! no example, and it rests on t > 0"
    assert grounds(claim, judge=lambda s, _: decide(identity(t, 1))).startswith("! refuted")


def test_the_assumptions_of_a_sample_of_claims_have_a_witness(claims):
    found = {id: grounds(c) for id, c in claims.items() if id.startswith(("normalisation.", "softmax.", "masks.", "blockwise."))}
    assert not {id: why for id, why in found.items() if why.startswith("!")}
    assert sum(why.startswith("rests on something") for why in found.values()) >= 10
