"""From the output of any attention engine on an instance back to the formula: SAT or UNSAT, a model, their number.

satisfiable iff the largest out_i is above 1/2: right for every output whose error is below eps.  A model lies in the row
of a large out_i: it is looked for among that row's N_2 ... N_k tuples, and checked against the clauses.  The number of
models is the sum over i of round(R out_i / (1 - out_i)), right where the output's error is at most

    (1/2 - P exp(-beta)) R / (S + R)^2        in a row with sum S,

and it is refused (None) where that is not known, or where some row is no integer plus at most P exp(-beta).
"""
from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from fractions import Fraction
from math import prod
from typing import Any

import numpy as np
from numpy.typing import NDArray

from .dimacs import Formula, FormulaError
from .forward import Gadget, Instance
from .listing import Lists, Parts, count, orthogonal, split_and_list
from .store import THRESHOLD, Stored

Floats = NDArray[np.float64]
TOLERANCE = {"float64": 2.0**-36, "float32": 2.0**-18, "float16": 2.0**-7, "bfloat16": 2.0**-4}
TRIES = 16                                                           # rows that are searched for a model
FEW = 4


@dataclass(frozen=True)
class Answer:
    """What an output says.  margin: |largest - 1/2|, so any further error below it leaves the decision as it is."""
    satisfiable: bool
    margin: float
    models: int | None
    witness: tuple[int, ...] | None                                  # literals 1 or -1, 2 or -2, ...
    warnings: tuple[str, ...]
    largest: float
    row: int
    eps: float
    precision: str
    tolerance: float                                                 # the error that the output is taken to have
    refused: str | None                                              # why there is no number of models

    def as_json(self) -> dict[str, Any]:
        """The --json document, version 1."""
        return {"version": 1, "satisfiable": self.satisfiable, "margin": self.margin, "models": self.models,
                "witness": None if self.witness is None else list(self.witness), "warnings": list(self.warnings),
                "largest": self.largest if np.isfinite(self.largest) else None, "row": self.row, "threshold": THRESHOLD,
                "eps": self.eps, "precision": self.precision, "tolerance": self.tolerance, "refused": self.refused}


def decode(instance: Instance | Stored, out: Any, *, tolerance: float | None = None) -> Answer:
    """The answer in column 0 of `out` (N_1, dv), or in out (N_1,), of float16, bfloat16 (also as raw 16-bit words), float32
    or float64.  tolerance: the error that the output is taken to have, by default what the precision allows.

    Raises FormulaError where the instance has no formula, and where `out` has another shape or type.
    """
    g, formula, parts = instance.gadget, instance.formula, instance.parts
    if formula is None: raise FormulaError("the instance has no formula to decode")
    column, precision = answers(out, g.lengths[0])
    allowed = TOLERANCE[precision] if tolerance is None else tolerance
    if not 0 <= allowed < float("inf"): raise FormulaError(f"tolerance {allowed:g}: a number, 0 or more, is needed")
    warnings = _outliers(column, g.eps)
    safe = np.where(np.isnan(column), -np.inf, column)
    row = int(safe.argmax())
    largest = float(safe[row])
    said = largest > THRESHOLD

    lists = split_and_list(formula, parts)
    witness = search(formula, parts, lists, safe) if said else None
    if said and witness is None:
        warnings.append(f"no model in the rows that the output points at (row {row}: {largest:.6g}): the output is wrong there")
    models, refused = counted(g, column[:2 ** len(parts[0])], allowed)
    if models is not None and (models > 0) != said:
        models, refused = None, f"{models} models would contradict the decision: the output's error is beyond {allowed:.3g}"
    if models and witness is None: models, refused = None, "no model was found where the output says that there are some"
    if models and witness is not None and count(only(lists, row)) != round(g.R * largest / (1 - largest)):
        models, refused = None, f"row {row} has another number of models than its output says: the output is wrong there"
    margin = min(abs(largest - THRESHOLD), float(np.finfo(np.float64).max))
    return Answer(said, margin, models, witness, tuple(warnings), largest, row, g.eps, precision, allowed, refused)


def answers(out: Any, rows: int) -> tuple[Floats, str]:
    """Column 0 in double precision, and its precision: the coarsest that has its values.  Raises FormulaError.

    Doubles with fewer than FEW different values are taken for doubles: 55/64 may well be exact.
    """
    a = np.asarray(out)
    if a.dtype == np.dtype("V2") or a.dtype == np.uint16:            # bfloat16, as libraries without it store it
        a = (np.ascontiguousarray(a).view(np.uint16).astype(np.uint32) << 16).view(np.float32)
    elif a.dtype.name == "bfloat16": a = a.astype(np.float32)
    if a.dtype.kind != "f" or a.dtype.itemsize > 8:
        raise FormulaError(f"out has dtype {a.dtype}; float16, bfloat16, float32 or float64 is needed")
    while a.ndim > 2 and a.shape[0] == 1: a = a[0]
    if a.ndim not in (1, 2) or a.shape[0] != rows or not a.size:
        raise FormulaError(f"out has shape {np.shape(out)}; with the instance's {rows} query rows it must be ({rows}, dv)")
    column = (a if a.ndim == 1 else a[:, 0]).astype(np.float64)
    with np.errstate(over="ignore"):
        half, single = column.astype(np.float16), column.astype(np.float32)
    if not np.array_equal(column, single, equal_nan=True): return column, "float64"
    if a.dtype == np.float64 and len(np.unique(column)) < FEW: return column, "float64"
    if not (single.view(np.uint32) & 0xFFFF).any(): return column, "bfloat16"
    return column, "float16" if np.array_equal(column, half, equal_nan=True) else "float32"


def _outliers(column: Floats, eps: float) -> list[str]:
    """A warning for values that are none, and one for values that no error below eps explains."""
    bad, warnings = np.flatnonzero(~np.isfinite(column)), []
    if len(bad): warnings.append(f"out has {column[bad[0]]} in row {bad[0]}, and {len(bad)} such rows of {len(column)}")
    far = np.flatnonzero(np.isfinite(column) & ((column < -eps) | (column > 1 + eps)))
    if len(far):
        worst = far[np.abs(column[far] - 0.5).argmax()]
        warnings.append(f"out has {column[worst]:.6g} in row {worst}, and {len(far)} rows of {len(column)} farther than "
                        f"eps = {eps:g} outside [0, 1]: no error below eps explains that")
    return warnings


def only(lists: Lists, row: int) -> Lists:
    """The lists with that row alone in the first."""
    return Lists((lists.words[0][row:row + 1], *lists.words[1:]), lists.columns)


def search(formula: Formula, parts: Parts, lists: Lists, column: Floats) -> tuple[int, ...] | None:
    """A model from the rows with the largest outputs above 1/2, checked against the clauses; as literals, or None."""
    order = np.argsort(-column[:lists.rows[0]], kind="stable")[:TRIES]
    for row in order[column[order] > THRESHOLD].tolist():
        rest = orthogonal(lists, row)
        if rest is None: continue
        values = [False] * formula.variables
        for part, r in zip(parts, (row, *rest)):
            for t, x in enumerate(part): values[x - 1] = bool(r >> t & 1)
        if formula.holds(values): return tuple(x if value else -x for x, value in enumerate(values, 1))
    return None


def counted(g: Gadget, column: Floats, tolerance: float) -> tuple[int | None, str | None]:
    """The number of models that the outputs of the real rows give, or None and the reason."""
    if not g.residue < 0.5: return None, f"eps {g.eps:g} is too small to count: P exp(-beta) = {g.residue:.3g}; use mode counting"
    if not (np.isfinite(column).all() and (column < 1).all()): return None, "an output is 1 or more, or is no number"
    S = g.R * column / (1 - column)
    error = tolerance * (S + g.R) ** 2 / g.R                         # of S, to first order
    worst = int(error.argmax())
    if error[worst] > 0.5 - g.residue:
        return None, f"an error of {tolerance:.3g} in row {worst} could change the count: {error[worst]:.3g} models there"
    found = np.rint(S)
    off = (np.maximum(found - S, S - found - g.residue) > error) | (found > g.tuples)
    if off.any(): return None, f"row {int(off.argmax())} has no whole number of models: an error beyond {tolerance:.3g}"
    return int(found.sum()), None


def exact_count(g: Gadget, fractions: Sequence[Fraction]) -> int:
    """The number of models from the exact outputs of a dyadic instance."""
    if g.h is None: raise FormulaError(f"mode {g.mode}: exact outputs need mode dyadic")
    R = Fraction(prod(g.lengths[2:]), 2 ** (g.h // 2))
    return sum(int(R * t / (1 - t)) for t in fractions)
