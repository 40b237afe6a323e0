"""Split and list against brute force over all assignments, and the random formulas."""
from itertools import product
from math import prod

import numpy as np
import pytest

from tacheck.instances import listing
from tacheck.instances.dimacs import Formula, FormulaError, formula
from tacheck.instances.generate import KINDS, random_formula, random_lists, source
from tacheck.instances.listing import (
    Lists,
    balanced,
    count,
    histograms,
    inner_products,
    orthogonal,
    packed,
    partition,
    split_and_list,
    weighted,
)


def models(given: Formula) -> int:
    """The number of models, by trying every assignment."""
    return sum(given.holds(values) for values in product([False, True], repeat=given.variables))


ODD = [formula(0, []), formula(0, [[]]), formula(1, []), formula(4, []), formula(3, [[]]), formula(3, [[1, 2], []]),
       formula(2, [[1, -1]]), formula(4, [[1, -1], [2, 2], [-3, -3, -3]]), formula(6, [[6]]), formula(5, [[1], [-1]]),
       formula(3, [[1, 2, 3, -1, -2, -3]] * 70)]


def drawn(total: int, seed: int = 0) -> list[Formula]:
    """Formulas of 1 to 9 variables of every kind."""
    return [random_formula(1 + i % 9, (1, 4.26, 6)[i % 3], source(seed, i), kind=KINDS[i // 3 % 3]) for i in range(total)]


@pytest.mark.parametrize("k", range(2, 7))
def test_orthogonal_tuples_are_models(k: int) -> None:
    for given in [*ODD, *drawn(45, k)]: assert count(split_and_list(given, balanced(given.variables, k))) == models(given)


@pytest.mark.parametrize("parts", [[(1, 2, 3, 4, 5), (), ()], [(), (), (5, 4, 3, 2, 1)], [(2, 5), (1,), (3, 4)],
                                   [(5,), (3, 1, 4, 2)]])
def test_any_partition(parts: list[tuple[int, ...]]) -> None:
    for i in range(20):
        given = random_formula(5, 3, source(1, i))
        lists = split_and_list(given, parts)
        assert lists.rows == tuple(2 ** len(part) for part in parts)
        assert count(lists) == models(given)


def test_a_row_is_an_assignment_of_its_part() -> None:
    given, parts = random_formula(6, 12, source(2)), ((4, 1), (6, 3, 2), (5,))
    lists = split_and_list(given, parts)
    for i, part in enumerate(parts):
        for r, row in enumerate(lists.bits(i)):
            value = {x: bool(r >> t & 1) for t, x in enumerate(part)}
            wanted = [not any(abs(x) in value and value[abs(x)] == (x > 0) for x in clause) for clause in given.clauses]
            assert row.tolist() == wanted


@pytest.mark.parametrize("columns", [0, 1, 7, 8, 9, 63, 64, 65, 128, 300])
def test_bits_and_words(columns: int) -> None:
    bits = np.random.default_rng(columns).integers(0, 2, (5, columns)).astype(np.uint8)
    lists = Lists((packed(bits), packed(1 - bits)), columns)
    assert np.array_equal(lists.bits(0), bits)
    assert lists.words[0].shape == (5, max(1, -(-columns // 64)))
    wanted = bits.astype(int) @ (1 - bits.astype(int)).T
    assert np.array_equal(np.concatenate([p for _, p in inner_products(lists)]), wanted)
    assert np.array_equal(histograms(lists)[:, 0], (wanted == 0).sum(axis=1))


@pytest.mark.parametrize("block", [1, 3, 10, 1 << 15])
@pytest.mark.parametrize("rows", [(3, 4), (2, 3, 5), (2, 1, 3, 4)])
def test_blocks_change_nothing(rows: tuple[int, ...], block: int, monkeypatch: pytest.MonkeyPatch) -> None:
    lists, _ = random_lists(rows, 70, source(3), density=0.2)
    tables = [lists.bits(i).astype(int) for i in range(len(rows))]
    wanted = np.zeros((rows[0], prod(rows[1:])), int)
    for i, row in enumerate(tables[0]):
        wanted[i] = [int(np.prod([row, *picked], axis=0).sum()) for picked in product(*tables[1:])]
    monkeypatch.setattr(listing, "BLOCK", block)
    found = np.full_like(wanted, -1)
    done = [0] * rows[0]
    for at, products in inner_products(lists):
        for r, row in zip(range(at.start, at.stop), products):
            found[r, done[r]:done[r] + len(row)] = row
            done[r] += len(row)
    assert np.array_equal(found, wanted)
    assert histograms(lists).sum() == wanted.size
    assert np.allclose(weighted(lists, 0.5 ** np.arange(71)), (0.5 ** wanted).sum(axis=1), rtol=1e-14)
    for r in range(rows[0]):
        at = orthogonal(lists, r)
        first = np.flatnonzero(wanted[r] == 0)
        assert (at is None) == (not len(first))
        if at is not None: assert np.ravel_multi_index(at, rows[1:]) == first[0]


def test_old_numpy_counts_too(monkeypatch: pytest.MonkeyPatch) -> None:
    lists, _ = random_lists((3, 4, 5), 130, source(4))
    wanted = histograms(lists)
    monkeypatch.delattr(np, "bitwise_count", raising=False)
    assert np.array_equal(histograms(lists), wanted)


@pytest.mark.parametrize("parts, what", [
    ([[1, 2], [2, 3]], "twice"), ([[1], [2]], "variable 3 is in none"), ([[1, 2, 3, 4], []], "variable 4 of"),
    ([[0, 1], [2, 3]], "variable 0")])
def test_wrong_parts(parts: list[list[int]], what: str) -> None:
    with pytest.raises(FormulaError, match=what): partition(parts, 3)


def test_balanced_parts_are_a_partition() -> None:
    for v in range(20):
        for k in range(2, 7):
            parts = balanced(v, k)
            assert partition(parts, v) == parts
            assert max(map(len, parts)) - min(map(len, parts)) <= 1


# ---- random formulas ------------------------------------------------------------------------------------------------

def test_clauses_have_different_variables_and_both_signs() -> None:
    given = random_formula(20, 50, source(0))
    assert len(given.clauses) == 1000
    assert all(len({abs(x) for x in clause}) == 3 for clause in given.clauses)
    positive = sum(x > 0 for clause in given.clauses for x in clause)
    assert 1300 < positive < 1700
    assert {abs(x) for clause in given.clauses for x in clause} == set(range(1, 21))


def test_the_seed_decides() -> None:
    for kind in KINDS:
        first, again, other = (random_formula(8, 4.26, source(s, 2), kind=kind) for s in (5, 5, 6))
        assert first == again != other


@pytest.mark.parametrize("v", range(1, 9))
def test_unique_formulas_have_one_model_and_planted_ones_some(v: int) -> None:
    for i in range(5):
        assert models(random_formula(v, 2, source(i), kind="unique")) == 1
        assert models(random_formula(v, 9, source(i), kind="planted")) >= 1


def test_threshold_formulas_are_half_satisfiable() -> None:
    satisfiable = sum(models(random_formula(8, 5.2, source(0, i))) > 0 for i in range(60))
    assert 10 < satisfiable < 50


def test_planted_tuples_are_orthogonal() -> None:
    for i in range(20):
        lists, at = random_lists((3, 4, 5), 40, source(i), density=0.9, planted=True)
        assert at is not None
        assert not np.bitwise_and.reduce([w[r] for w, r in zip(lists.words, at)]).any()


@pytest.mark.parametrize("options", [(0, 1.0), (5, -1.0), (5, float("nan")), (5, 1e9), (10**8, 4.26)])
def test_no_random_formula(options: tuple[int, float]) -> None:
    with pytest.raises(FormulaError): random_formula(*options, source(0))
    with pytest.raises(FormulaError): random_formula(30, 4.26, source(0), kind="unique")
