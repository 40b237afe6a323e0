"""The middle-reference gadget: attention of order 1 to 5 whose output tells, at constant accuracy, whether lists of bit
vectors have an orthogonal tuple.

For lists a_1, ..., a_k (k = order + 1), P = N_2 ... N_k and x = (1 - 2 eps)/(1 + 2 eps):

    d = columns + 1,   beta = ln P + 2 ln(1/x),   B = (d beta)^(1/k),   n_ref = P / N_2
    q = -B [a_1 | 1],   k1 = B [[a_2 | 0], [0 | kappa]],   k_i = B [a_(i+1) | 1],   kappa = 1/2 - ln(sqrt(P)/n_ref)/beta
    v1 = 1 on real rows and 0 on the reference row, v_i = 1

With attention's scale 1/d the score of a tuple is -beta <inner product>, and -kappa beta with the reference row, so that
out_i = S/(S + R) with S = sum over tuples of exp(-beta <inner product>) and R = n_ref exp(-kappa beta) = x:
out_i >= 1/2 + eps if row i has an orthogonal tuple, out_i <= 1/2 - eps if not.  Equality is attained by lists whose
inner products are all 1; the other end is approached.
"""
from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from fractions import Fraction
from math import ceil, exp, log, log2, prod, sqrt

import numpy as np
from numpy.typing import NDArray

from .dimacs import Formula, FormulaError
from .listing import Lists, Parts, balanced, histograms, packed, partition, split_and_list, weighted, width

Floats = NDArray[np.float64]
MODES = ("plain", "square-padded", "dyadic", "counting")
ORDERS = range(1, 6)
MEMORY = 4 << 30                                                     # bytes
LONGEST = 200                                                        # variables of a part: beyond it sizes are only larger
COUNTING = 0.3                                                       # eps at least, so that P exp(-beta) <= 1/16


@dataclass(frozen=True)
class Gadget:
    """The constants.  `lengths` are N_1, ..., N_k, with padding and without the reference row."""
    mode: str
    lengths: tuple[int, ...]
    d: int
    beta: float
    kappa: float
    eps: float                                                       # outputs are this far from 1/2
    h: int | None = None                                             # dyadic: beta = h ln 2

    @property
    def order(self) -> int: return len(self.lengths) - 1

    @property
    def tuples(self) -> int:
        """P, the number of tuples of real key rows."""
        return prod(self.lengths[1:])

    @property
    def references(self) -> int:
        """n_ref, the number of tuples with the reference row."""
        return prod(self.lengths[2:])

    @property
    def R(self) -> float:
        """The weight of the reference tuples together."""
        return self.references * (2.0 ** -(self.h // 2) if self.h is not None else exp(-self.kappa * self.beta))

    @property
    def B(self) -> float:
        """The largest entry of q and of the keys."""
        return float((self.d * self.beta) ** (1 / len(self.lengths)))

    @property
    def residue(self) -> float:
        """What tuples that are not orthogonal add to S, at most: P exp(-beta)."""
        return self.tuples * exp(-self.beta)


@dataclass(frozen=True)
class Instance:
    """q (N_1, d), keys[s] and values[s] (N_s + reference row, d or dv); attend with scale 1/d, and read column 0."""
    gadget: Gadget
    q: Floats
    keys: tuple[Floats, ...]
    values: tuple[Floats, ...]
    lists: Lists                                                     # with the padding that the mode adds
    formula: Formula | None = None
    parts: Parts = ()


def constants(lengths: Sequence[int], d: int, eps: float = 0.25, mode: str = "plain") -> Gadget:
    """The gadget for lists of these lengths.  Raises FormulaError for an eps or a mode that is none.

    dyadic: h is the least even number with R <= 1/4 and S <= R/4 (or x, if that is less) where nothing is orthogonal, and
    eps is what follows.  counting: eps is at least 0.3.
    """
    if mode not in MODES: raise FormulaError(f"mode {mode}: one of {', '.join(MODES)} is needed")
    if not 0 < eps < 0.5: raise FormulaError(f"eps {eps:g}: a number between 0 and 1/2 is needed, neither included")
    if mode == "counting": eps = max(eps, COUNTING)
    x, P, references = (1 - 2 * eps) / (1 + 2 * eps), prod(lengths[1:]), prod(lengths[2:])
    if not 0 < x < 1: raise FormulaError(f"eps {eps!r}: too near 0 or 1/2 for double precision")
    if mode == "dyadic":
        h = 2 * ceil(max(log2(references), log2(P / references)) + max(2, log2(1 / x)))
        R = references * 2.0 ** -(h // 2)
        S = P * 2.0**-h
        return Gadget(mode, tuple(lengths), d, h * log(2), 0.5, min(0.5 - R / (1 + R), 0.5 - S / (S + R)), h)
    beta = log(P) + 2 * log(1 / x)
    return Gadget(mode, tuple(lengths), d, beta, 0.5 - log(sqrt(P) / references) / beta, eps)


def harden(formula: Formula, *, order: int = 2, eps: float = 0.25, mode: str = "plain",
           parts: Sequence[Sequence[int]] | None = None, max_memory: int = MEMORY) -> Instance:
    """The instance of a formula, for attention with `order` key sets; order + 1 parts, balanced where none are given.

    Raises FormulaError, also for what would take more than max_memory bytes, before anything is allocated.
    Time and memory: the arrays, sum of 2^|part| rows of (clauses + 1) doubles; see `sizes`.
    """
    sizes(formula, order=order, mode=mode, parts=parts).fit(max_memory)
    split = balanced(formula.variables, order + 1) if parts is None else partition(parts, formula.variables)
    lists = split_and_list(formula, split)
    return from_lists(lists, eps=eps, mode=mode, formula=formula, parts=split)


def from_lists(lists: Lists, *, eps: float = 0.25, mode: str = "plain", formula: Formula | None = None,
               parts: Parts = ()) -> Instance:
    """The instance of any 2 to 6 lists of bit vectors (k-Orthogonal-Vectors).  Raises FormulaError."""
    if len(lists.words) - 1 not in ORDERS: raise FormulaError(f"{len(lists.words)} lists; from 2 to 6 are needed")
    if not all(lists.rows): raise FormulaError(f"lists of {lists.rows} rows; each needs at least one")
    if mode == "square-padded": lists = padded(lists)
    g = constants(lists.rows, lists.columns + 1, eps, mode)
    B, columns = g.B, 1 if mode != "square-padded" else g.d
    signs = (-B, *(B,) * g.order)
    tables = [_table(lists, i, sign, g.kappa) for i, sign in enumerate(signs)]
    values = tuple(np.zeros((len(table), columns)) for table in tables[1:])
    for v in values: v[:, 0] = 1
    values[0][-1, 0] = 0
    return Instance(g, tables[0], tuple(tables[1:]), values, lists, formula, parts)


def _table(lists: Lists, i: int, sign: float, kappa: float) -> Floats:
    """q (i = 0) or the keys of set i, with the reference row below the first ones."""
    rows, m = lists.rows[i], lists.columns
    table = np.zeros((rows + (i == 1), m + 1))
    np.multiply(lists.bits(i), sign, out=table[:rows, :m])
    table += 0.0                                                     # -0 becomes 0
    if i == 1: table[rows, m] = sign * kappa
    else: table[:, m] = sign
    return table


def square(rows: Sequence[int]) -> tuple[int, tuple[bool, ...]]:
    """The side n of square-padded tables, reference row included, and which lists that lengthens."""
    n = max(rows[0], rows[1] + 1, *rows[2:])
    return n, tuple(r + (i == 1) < n for i, r in enumerate(rows))


def padded(lists: Lists) -> Lists:
    """Lists whose tables all have n rows.  For each list that is lengthened there is a column more: 0 in its own real
    rows, 1 in all others and in all padded rows, so that a tuple with a padded row has inner product >= 1."""
    n, longer = square(lists.rows)
    which = [i for i, grows in enumerate(longer) if grows]
    words = []
    for i, rows in enumerate(lists.rows):
        bits = np.zeros((n - (i == 1), lists.columns + len(which)), np.uint8)
        bits[:rows, :lists.columns] = lists.bits(i)
        bits[:, lists.columns:] = 1
        if i in which: bits[:rows, lists.columns + which.index(i)] = 0
        words.append(packed(bits))
    return Lists(tuple(words), lists.columns + len(which))


# ---- exact outputs --------------------------------------------------------------------------------------------------

def outputs(instance: Instance) -> Floats:
    """Column 0 of the exact attention (N_1,), from the inner products as integers; right to a few units in the last place."""
    g = instance.gadget
    S = weighted(instance.lists, np.exp(-g.beta * np.arange(g.d)))
    found: Floats = S / (S + g.R)
    return found


def fractions(instance: Instance) -> list[Fraction]:
    """Column 0 of the exact attention, exactly: the golden oracle, for dyadic instances.  Raises FormulaError for others."""
    h = instance.gadget.h
    if h is None: raise FormulaError(f"mode {instance.gadget.mode}: exact fractions need mode dyadic")
    top = instance.gadget.d                                          # S and R in units of 2^-(h top)
    R = instance.gadget.references << h * top - h // 2
    S = [sum(c << h * (top - ip) for ip, c in enumerate(row) if c) for row in histograms(instance.lists).tolist()]
    return [Fraction(s, s + R) for s in S]


def satisfiable(formula: Formula, *, order: int = 2, eps: float = 0.25) -> bool:
    """From the formula to its decision without arrays: the exact outputs of its instance, and the threshold 1/2."""
    lists = split_and_list(formula, balanced(formula.variables, order + 1))
    g = constants(lists.rows, lists.columns + 1, eps)
    return bool(weighted(lists, np.exp(-g.beta * np.arange(g.d))).max() > g.R)


# ---- sizes, before anything is made ---------------------------------------------------------------------------------

@dataclass(frozen=True)
class Sizes:
    """What an instance will be: its `bytes`, the `peak` of making and writing it, the tuples that attention visits."""
    rows: tuple[int, ...]                                            # of q, k1, k2, ...
    d: int
    dv: int
    bytes: int
    peak: int
    tuples: int

    def fit(self, limit: int) -> None:
        """Raises FormulaError where the peak is beyond the limit, in bytes."""
        if self.peak > limit:
            raise FormulaError(f"tables of {', '.join(map(readable, self.rows))} rows and {self.d} columns take "
                               f"{readable(self.peak)} bytes, and {readable(limit)} are allowed; raise --max-memory, raise "
                               "--order (shorter lists), or simplify the formula")


def sizes(formula: Formula, *, order: int = 2, mode: str = "plain", parts: Sequence[Sequence[int]] | None = None) -> Sizes:
    """Exact integers; nothing is allocated.  Raises FormulaError for an order, a mode or parts that are none."""
    if order not in ORDERS: raise FormulaError(f"order {order}: a number of key sets from {ORDERS[0]} to {ORDERS[-1]} is needed")
    if mode not in MODES: raise FormulaError(f"mode {mode}: one of {', '.join(MODES)} is needed")
    if parts is not None and len(parts) != order + 1:
        raise FormulaError(f"{len(parts)} parts; order {order} needs {order + 1}, that of the queries first")
    short, more = divmod(formula.variables, order + 1)
    lengths = [short + (i < more) for i in range(order + 1)] if parts is None else [len(part) for part in parts]
    rows = [2 ** min(length, LONGEST) for length in lengths]
    d = len(formula.clauses) + 1
    if mode == "square-padded":
        n, longer = square(rows)
        rows, d = [n - (i == 1) for i in range(len(rows))], d + sum(longer)
    dv, total = d if mode == "square-padded" else 1, sum(rows) + 1
    arrays = 8 * (total * d + (total - rows[0]) * dv)
    spare = 24 * total * width(d) + 3 * max(rows) * d + (1 << 20)    # packed lists, the bits of one list, what files need
    return Sizes((rows[0], rows[1] + 1, *rows[2:]), d, dv, arrays, arrays + spare, prod(rows[1:]) * rows[0])


def lengths(need: Sizes) -> tuple[int, ...]:
    """N_1, ..., N_k of tables of these sizes: without the reference row."""
    return (need.rows[0], need.rows[1] - 1, *need.rows[2:])


def readable(number: int) -> str:
    """A count in a few characters."""
    return f"{number:,}" if number < 10**10 else f"about 2^{number.bit_length() - 1}"
