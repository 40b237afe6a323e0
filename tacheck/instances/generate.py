"""Random formulas and random lists of bit vectors, reproducible from a seed.

`threshold` formulas have m = round(ratio v) clauses, each of `width` different variables with fair signs: near ratio 4.26
(width 3) about half are satisfiable.  `planted` ones are drawn so that a hidden assignment satisfies every clause, and
`unique` ones get clauses more until that assignment is the only model.
"""
from __future__ import annotations

from math import isfinite

import numpy as np
from numpy.random import Generator
from numpy.typing import NDArray

from .dimacs import Formula, FormulaError
from .listing import Lists, packed, split_and_list

Literals = NDArray[np.int64]
KINDS = ("threshold", "planted", "unique")
UNIQUE = 22                                                          # variables at most: all assignments are listed
MANY = 10**7                                                         # literals at most


def source(seed: int, index: int = 0) -> Generator:
    """The random numbers of formula `index` of a batch: the same whatever the batch's length."""
    return np.random.default_rng([seed, index])


def random_formula(variables: int, ratio: float, random: Generator, *, kind: str = "threshold", width: int = 3) -> Formula:
    """A random formula of one of KINDS with round(ratio * variables) clauses (`unique`: or more).  Raises FormulaError."""
    if kind not in KINDS: raise FormulaError(f"kind {kind}: one of {', '.join(KINDS)} is needed")
    if variables < 1 or width < 1: raise FormulaError(f"{variables} variables, {width} per clause: at least one is needed")
    if not (isfinite(ratio) and ratio >= 0): raise FormulaError(f"ratio {ratio:g}: clauses per variable, 0 or more, are needed")
    if ratio * variables * width > MANY: raise FormulaError(f"{ratio:g} * {variables} clauses; at most {MANY} literals are drawn")
    if kind == "unique" and variables > UNIQUE:
        raise FormulaError(f"{variables} variables; at most {UNIQUE} where the model is to be unique")
    model = random.integers(0, 2, variables).astype(bool)
    literals = _clauses(variables, round(ratio * variables), min(width, variables), random)
    if kind != "threshold": literals = _satisfied(literals, model, random)
    found = Formula(variables, tuple(map(tuple, literals.tolist())))
    return found if kind != "unique" else _only(found, model, min(width, variables), random)


def _clauses(variables: int, count: int, width: int, random: Generator) -> Literals:
    """(count, width) literals; the variables of a clause are different, every set of them equally likely."""
    found = random.integers(1, variables + 1, (count, width))
    while True:
        ordered = np.sort(found, axis=1)
        again = np.flatnonzero((ordered[:, 1:] == ordered[:, :-1]).any(axis=1))
        if not len(again): break
        if 2 * width > variables:
            all_of_them = np.tile(np.arange(1, variables + 1), (len(again), 1))
            found[again] = random.permuted(all_of_them, axis=1)[:, :width]
        else: found[again] = random.integers(1, variables + 1, (len(again), width))
    return found * (2 * random.integers(0, 2, found.shape) - 1)


def _satisfied(literals: Literals, model: NDArray[np.bool_], random: Generator) -> Literals:
    """The clauses, with new signs for those that the model violates, until none is."""
    while True:
        bad = np.flatnonzero(~(model[np.abs(literals) - 1] == (literals > 0)).any(axis=1))
        if not len(bad): return literals
        literals[bad] *= 2 * random.integers(0, 2, literals[bad].shape) - 1


def _only(formula: Formula, model: NDArray[np.bool_], width: int, random: Generator) -> Formula:
    """The formula with clauses more, each false under some other model, until there is no other."""
    words = split_and_list(formula, [range(1, formula.variables + 1)]).words[0]
    rows = np.flatnonzero(~words.any(axis=1))
    others = (rows[:, None] >> np.arange(formula.variables) & 1).astype(bool)
    others, clauses = others[(others != model).any(axis=1)], list(formula.clauses)
    while len(others):
        other = others[random.integers(len(others))]
        differing = np.flatnonzero(other != model)
        chosen = {int(random.choice(differing)), *map(int, random.permutation(formula.variables)[:width - 1])}
        clauses.append(tuple(-(x + 1) if other[x] else x + 1 for x in sorted(chosen)))
        others = others[np.any([others[:, x] != other[x] for x in chosen], axis=0)]
    return Formula(formula.variables, tuple(clauses))


def random_lists(rows: tuple[int, ...], columns: int, random: Generator, *, density: float = 0.5,
                 planted: bool = False) -> tuple[Lists, tuple[int, ...] | None]:
    """k lists of bit vectors (k-Orthogonal-Vectors), ones with probability `density`; and the planted orthogonal tuple."""
    bits = [random.random((n, columns)) < density for n in rows]
    at = tuple(int(random.integers(n)) for n in rows) if planted else None
    if at:
        together = np.all([b[r] for b, r in zip(bits, at)], axis=0)
        losers = random.integers(0, len(rows), columns)
        for i, (b, r) in enumerate(zip(bits, at)): b[r] &= ~(together & (losers == i))
    return Lists(tuple(packed(b) for b in bits), columns), at
