"""Split and list: from a formula to k lists of bit vectors, k-SAT to k-Orthogonal-Vectors, bit-packed.

The variables are split into parts P_1, ..., P_k.  Row r of list i is the assignment that gives variable P_i[t] bit t of
r, and a_i[r, l] = 1 iff no literal of clause l over P_i is true under it.  So (r_1, ..., r_k) is a model iff
sum_l prod_i a_i[r_i, l] = 0.  64 clauses share a word: bit l % 64 of word l // 64.
Source: R. Williams, "A new algorithm for optimal 2-constraint satisfaction and its implications" (2005).
"""
from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import chain
from math import prod
from typing import Any, cast

import numpy as np
from numpy.typing import NDArray

from .dimacs import Formula, FormulaError

Words = NDArray[np.uint64]
Bits = NDArray[np.uint8]
Ints = NDArray[np.integer[Any]]
Parts = tuple[tuple[int, ...], ...]
BLOCK = 1 << 15                                                      # tuples at a time: their words stay in the L2 cache


@dataclass(frozen=True)
class Lists:
    """k lists of bit vectors: words[i] is (N_i, ceil(columns / 64)), and bits from `columns` on are 0."""
    words: tuple[Words, ...]
    columns: int

    @property
    def rows(self) -> tuple[int, ...]: return tuple(len(w) for w in self.words)

    def bits(self, i: int) -> Bits:
        """List i as (N_i, columns) zeros and ones."""
        octets = np.ascontiguousarray(self.words[i].astype("<u8", copy=False)).view(np.uint8)
        return np.unpackbits(octets, axis=1, count=self.columns, bitorder="little")


def packed(bits: NDArray[Any]) -> Words:
    """Zeros and ones (..., columns) as words (..., ceil(columns / 64)), at least one of them."""
    columns = bits.shape[-1]
    octets = np.zeros((*bits.shape[:-1], 8 * width(columns)), np.uint8)
    octets[..., :(columns + 7) // 8] = np.packbits(bits, axis=-1, bitorder="little")
    return octets.view("<u8").astype(np.uint64, copy=False)


def width(columns: int) -> int:
    """Words per row."""
    return max(1, (columns + 63) // 64)


def balanced(variables: int, k: int) -> Parts:
    """The variables 1, 2, ... in k parts of consecutive ones; the longer parts come first."""
    short, more = divmod(variables, k)
    ends = [0]
    for i in range(k): ends.append(ends[-1] + short + (i < more))
    return tuple(tuple(range(a + 1, b + 1)) for a, b in zip(ends, ends[1:]))


def partition(parts: Sequence[Sequence[int]], variables: int) -> Parts:
    """The parts, if they hold every variable once.  Raises FormulaError."""
    found, seen = tuple(tuple(int(x) for x in part) for part in parts), set[int]()
    for x in chain(*found):
        if not 1 <= x <= variables: raise FormulaError(f"parts: variable {x} of a formula with {variables} variables")
        if x in seen: raise FormulaError(f"parts: variable {x} occurs twice; each belongs to one part")
        seen.add(x)
    missing = next((x for x in range(1, variables + 1) if x not in seen), None) if len(seen) < variables else None
    if missing: raise FormulaError(f"parts: variable {missing} is in none; each of {variables} belongs to one")
    return found


def split_and_list(formula: Formula, parts: Sequence[Sequence[int]]) -> Lists:
    """The lists of a formula: one per part, 2^|part| rows, a column per clause.  Raises FormulaError for wrong parts.

    Each further variable doubles the rows: O(1) operations per word that is written.
    """
    checked, keep = partition(parts, formula.variables), _unsatisfied(formula)
    return Lists(tuple(_list(keep[[x - 1 for x in part]], len(formula.clauses)) for part in checked), len(formula.clauses))


def _unsatisfied(formula: Formula) -> Words:
    """(variables, 2, words): which clauses variable x leaves unsatisfied when it is 0, and when it is 1."""
    m = len(formula.clauses)
    bits = np.ones((formula.variables, 2, m), np.uint8)
    literals = np.fromiter(chain.from_iterable(formula.clauses), np.int64)
    clause = np.repeat(np.arange(m), np.fromiter(map(len, formula.clauses), np.int64, m))
    bits[np.abs(literals) - 1, (literals > 0).astype(np.intp), clause] = 0
    return packed(bits)


def _list(keep: Words, columns: int) -> Words:
    """All rows of one part: row r is the conjunction over t of keep[t, bit t of r]."""
    found = np.empty((1 << len(keep), width(columns)), np.uint64)
    found[0] = packed(np.ones(columns, np.uint8))
    for t, (zero, one) in enumerate(keep):
        half = 1 << t
        np.bitwise_and(found[:half], one, out=found[half:2 * half])
        found[:half] &= zero
    return found


# ---- what the lists say ---------------------------------------------------------------------------------------------

def inner_products(lists: Lists) -> Iterator[tuple[slice, Ints]]:
    """Some rows of the first list, and their inner products (rows, tuples) with some tuples of the others, until all are
    done; the rows and the tuples in order, the last list fastest.  Time N_1 ... N_k words; memory of a block."""
    layers = [np.ascontiguousarray(words.T) for words in lists.words]
    if (tuples := prod(lists.rows[1:])) > BLOCK:
        for r in range(lists.rows[0]):
            for piece in _pieces(layers[1:]): yield slice(r, r + 1), _products([layers[0][:, r:r + 1], *piece])
        return
    step = BLOCK // tuples
    for lo in range(0, lists.rows[0], step):
        rows = slice(lo, min(lo + step, lists.rows[0]))
        yield rows, _products([layers[0][:, rows], *layers[1:]])


def _pieces(layers: list[Words]) -> Iterator[list[Words]]:
    """The lists cut into pieces of at most BLOCK tuples, in order."""
    first, rest = layers[0], prod(layer.shape[1] for layer in layers[1:])
    step = max(1, BLOCK // rest)
    for lo in range(0, first.shape[1], step):
        if rest <= BLOCK: yield [first[:, lo:lo + step], *layers[1:]]
        else: yield from ([first[:, lo:lo + 1], *piece] for piece in _pieces(layers[1:]))


def _products(layers: list[Words]) -> Ints:
    """(N_1, N_2 ... N_k) inner products of lists that are (words, N_i)."""
    total: Ints | None = None
    for word in zip(*layers):
        both = word[0]
        for other in word[1:]: both = both[..., None] & other
        ones = _popcount(both) if len(layers[0]) == 1 else _popcount(both).astype(np.uint32)
        total = ones if total is None else total + ones
    assert total is not None
    return total.reshape(layers[0].shape[1], -1)


def _popcount(words: Words) -> Ints:
    """The number of ones in each word."""
    if count := getattr(np, "bitwise_count", None): return cast(Ints, count(words))  # NumPy 2
    return cast(Ints, _OCTETS[np.ascontiguousarray(words).view(np.uint8).reshape(*words.shape, 8)].sum(axis=-1, dtype=np.uint8))


_OCTETS = np.array([octet.bit_count() for octet in range(256)], np.uint8)


def histograms(lists: Lists) -> Ints:
    """(N_1, columns + 1): for each row of the first list, how many tuples of the others have inner product 0, 1, ..."""
    found, size = np.zeros((lists.rows[0], lists.columns + 1), np.int64), lists.columns + 1
    for rows, products in inner_products(lists):
        slots = products + np.arange(0, len(products) * size, size)[:, None]
        found[rows] += np.bincount(slots.ravel(), minlength=len(products) * size).reshape(-1, size)
    return found


def weighted(lists: Lists, weights: NDArray[np.float64]) -> NDArray[np.float64]:
    """(N_1,): for each row of the first list, the sum of weights[inner product] over the tuples of the others."""
    found = np.zeros(lists.rows[0])
    for rows, products in inner_products(lists): found[rows] += weights[products].sum(axis=1)
    return found


def count(lists: Lists) -> int:
    """How many tuples of rows are orthogonal: the number of models, where the lists are a formula's."""
    return sum(products.size - int(np.count_nonzero(products)) for _, products in inner_products(lists))


def orthogonal(lists: Lists, row: int) -> tuple[int, ...] | None:
    """The first (r_2, ..., r_k) that is orthogonal with that row of the first list, or None."""
    done, sizes = 0, lists.rows[1:]
    for _, products in inner_products(Lists((lists.words[0][row:row + 1], *lists.words[1:]), lists.columns)):
        at = int((products[0] == 0).argmax())
        if not products[0, at]: return tuple(int(r) for r in np.unravel_index(done + at, sizes))
        done += products.shape[1]
    return None
