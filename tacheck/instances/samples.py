"""Samplers for measured claims: seeded formulas through the gadget, beside brute force.  Each yields (sizes, value)."""
from __future__ import annotations

from collections.abc import Iterator
from itertools import product

import numpy as np
from numpy.typing import NDArray

from ..numeric.door import attention
from .decode import decode
from .dimacs import Formula
from .forward import Instance, harden
from .generate import random_formula, source
from .listing import count

KINDS = (("threshold", 14.0), ("unique", 3.0), ("threshold", 4.26), ("threshold", 12.0), ("planted", 2.0))
FORMULAS = 60
Row = tuple[dict[str, int], int | float]


def formulas(seed: int, largest: int = 9) -> Iterator[Formula]:
    """Formulas of 2 to `largest` variables in turn: unsatisfiable, with one model, at the threshold, easy."""
    for i in range(FORMULAS):
        kind, ratio = KINDS[i % len(KINDS)]
        yield random_formula(2 + i % (largest - 1), ratio, source(seed, i), kind=kind)


def models(formula: Formula) -> int:
    """Their number, by trying every assignment: nothing here is shared with the gadget."""
    values = product((False, True), repeat=formula.variables)
    return sum(all(any(v[abs(x) - 1] == (x > 0) for x in clause) for clause in formula.clauses) for v in values)


def shape(formula: Formula, order: int) -> dict[str, int]:
    """The sizes of a row."""
    return {"v": formula.variables, "m": max(1, len(formula.clauses)), "order": order}


def instances(seed: int) -> Iterator[tuple[Formula, int, Instance]]:
    """Each formula with an order from 1 to 5 and its instance, whose outputs may have an error below 1/4."""
    for i, formula in enumerate(formulas(seed)): yield formula, 1 + i % 5, harden(formula, order=1 + i % 5, eps=0.25)


def column(instance: Instance) -> NDArray[np.float64]:
    """Column 0 of attention on the instance's arrays."""
    return np.asarray(attention(instance.q, list(instance.keys), list(instance.values)))[:, 0]


def wrong(seed: int, noise: float) -> Iterator[Row]:
    """1 where the decoded decision is not that of brute force, else 0: every output is moved against the decision."""
    for formula, order, instance in instances(seed):
        exact = column(instance)
        moved = exact + np.where(exact > 0.5, -noise, noise)
        yield shape(formula, order), int(decode(instance, moved).satisfiable != (models(formula) > 0))


def wrong_decisions(seed: int) -> Iterator[Row]:
    """Wrong decisions under an error of 0.2499 in every output, against the decision."""
    yield from wrong(seed, 0.2499)


def wrong_decisions_under_more_noise(seed: int) -> Iterator[Row]:
    """The same under an error of 0.26, which is more than eps."""
    yield from wrong(seed, 0.26)


def distance_from_threshold(seed: int) -> Iterator[Row]:
    """The least |out_i - 1/2| of each instance."""
    for formula, order, instance in instances(seed): yield shape(formula, order), float(np.abs(column(instance) - 0.5).min())


def miscounted(seed: int, eps: float, mode: str) -> Iterator[Row]:
    """How far the number of models that the outputs give is from that of brute force; -1 where none is given."""
    for formula, order, _ in instances(seed):
        instance = harden(formula, order=order, eps=eps, mode=mode)
        found = decode(instance, column(instance)).models
        yield shape(formula, order), -1 if found is None else abs(found - models(formula))


def miscounted_models(seed: int) -> Iterator[Row]:
    """Counts from the outputs of counting instances, beside brute force."""
    yield from miscounted(seed, 0.3, "counting")


def miscounted_at_small_eps(seed: int) -> Iterator[Row]:
    """Counts from plain instances with eps = 1/20, where P exp(-beta) is above 1/2."""
    yield from miscounted(seed, 0.05, "plain")


def models_of_padding(seed: int) -> Iterator[Row]:
    """Orthogonal tuples of the square-padded lists, less the models of brute force."""
    for formula, order, _ in instances(seed):
        yield shape(formula, order), count(harden(formula, order=order, mode="square-padded").lists) - models(formula)
