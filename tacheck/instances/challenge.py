"""Challenge an approximate attention: graded instances, the exact oracle, and the smallest formula that it fails."""
from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from math import inf
from time import perf_counter
from typing import Any

import numpy as np

from .decode import answers
from .dimacs import Formula, FormulaError
from .forward import Instance, fractions, harden, outputs
from .generate import random_formula, source
from .store import THRESHOLD

Engine = Callable[..., Any]
Case = tuple[Formula, str]                                           # a formula and a mode
VARIABLES = (1, 2, 3, 4, 5, 6, 6, 9, 9, 12)
KINDS = (("threshold", 14.0), ("unique", 3.0), ("threshold", 9.0), ("planted", 2.0))       # with clauses per variable


@dataclass(frozen=True)
class Result:
    """One instance: the largest error of the output, and whether the decision is right."""
    formula: Formula
    mode: str
    error: float
    right: bool
    failed: str                                                      # what went wrong; empty if nothing did

    def __str__(self) -> str:
        return f"{self.formula.variables} variables, {len(self.formula.clauses)} clauses, {self.mode}: {self.failed or 'right'}"

    def as_json(self) -> dict[str, Any]:
        return {"variables": self.formula.variables, "clauses": [list(c) for c in self.formula.clauses], "mode": self.mode,
                "error": self.error if self.error < inf else None, "right": self.right, "failed": self.failed}


@dataclass(frozen=True)
class Challenge:
    """What the series found.  `shrunk`: of `minimal` no clause, literal or variable can be left out."""
    instances: int
    order: int
    eps: float
    tolerance: float
    largest_error: float
    first_wrong: Result | None                                       # the first wrong decision
    failure: Result | None                                           # the first failure of any kind
    minimal: Result | None                                           # that, shrunk
    shrunk: bool
    seconds: float

    @property
    def refuted(self) -> bool: return self.failure is not None

    def as_json(self) -> dict[str, Any]:
        """The document of `tacheck harden --against ... --json`, version 1."""
        def told(found: Result | None) -> Any: return None if found is None else found.as_json()
        return {"version": 1, "refuted": self.refuted, "instances": self.instances, "order": self.order, "eps": self.eps,
                "tolerance": self.tolerance, "largest_error": self.largest_error if self.largest_error < inf else None,
                "first_wrong": told(self.first_wrong), "failure": told(self.failure), "minimal": told(self.minimal),
                "shrunk": self.shrunk, "seconds": self.seconds}


def challenge(engine: Engine, *, order: int = 2, eps: float = 0.25, tolerance: float = 0.01, seed: int = 0,
              formulas: Iterable[Formula] | None = None, seconds: float = 8.0,
              progress: Callable[[Result], object] = lambda result: None) -> Challenge:
    """Run engine(q, keys, values) -> (n, dv) on a graded series, or on the formulas given, and shrink the first failure.

    The engine computes attention of `order` key sets with scale 1/d, as `tacheck.attention` does.  It fails an instance when
    its column 0 is farther than `tolerance` (at most eps) from the exact outputs, when the decision is wrong, when its
    output has another shape or is not finite, and when it raises.  The series ends early after `seconds`, of which the
    shrinking takes as many again.  An engine that passes is right on this series, and nothing more is said.

    Raises FormulaError for options that are none.  Each formula is run in mode dyadic, where the oracle is a fraction,
    and in mode plain.
    """
    if not 0 < tolerance <= eps: raise FormulaError(f"tolerance {tolerance:g}: a number in (0, eps = {eps:g}] is needed")
    start, cases = perf_counter(), series(seed) if formulas is None else ((f, m) for f in formulas for m in ("dyadic", "plain"))

    def judge(case: Case) -> Result: return trial(engine, harden(case[0], order=order, eps=eps, mode=case[1]), tolerance)
    found: list[Result] = []
    for case in cases:
        found.append(judge(case))
        progress(found[-1])
        if perf_counter() - start > seconds: break
    if not found: raise FormulaError("no formula to challenge the engine with")
    wrong, failure = next((r for r in found if not r.right), None), next((r for r in found if r.failed), None)
    minimal, shrunk = (None, False) if failure is None else shrink(failure, judge, seconds)
    return Challenge(len(found), order, eps, tolerance, max(r.error for r in found), wrong, failure, minimal, shrunk,
                     perf_counter() - start)


def series(seed: int = 0) -> Iterator[Case]:
    """Formulas from trivial to small, unsatisfiable ones among them; a 1-variable formula first, 12 variables last."""
    for clauses in ((), ((),), ((1,),), ((1,), (-1,))): yield from ((Formula(1, clauses), mode) for mode in ("dyadic", "plain"))
    for index, (variables, (kind, ratio)) in enumerate((v, k) for v in VARIABLES for k in KINDS):
        formula = random_formula(variables, ratio, source(seed, index), kind=kind)
        yield from ((formula, mode) for mode in ("dyadic", "plain"))


def trivial(order: int = 2) -> tuple[Any, list[Any], list[Any]]:
    """q, keys and values of the smallest instance: what runs at all runs on it."""
    instance = harden(Formula(0, ()), order=order)
    return instance.q, list(instance.keys), list(instance.values)


def oracle(instance: Instance) -> Any:
    """Column 0 of the exact attention, correctly rounded where the mode is dyadic."""
    if instance.gadget.h is not None: return np.array([float(t) for t in fractions(instance)])
    return outputs(instance)


def trial(engine: Engine, instance: Instance, tolerance: float) -> Result:
    """One instance, judged.  The engine gets copies."""
    assert instance.formula is not None
    exact, mode = oracle(instance), instance.gadget.mode
    def failed(why: str) -> Result: return Result(instance.formula or Formula(0, ()), mode, inf, False, why)
    try: out = engine(instance.q.copy(), [k.copy() for k in instance.keys], [v.copy() for v in instance.values])
    except Exception as bad: return failed(f"raised {type(bad).__name__}: {' '.join(str(bad).split())[:200]}")
    try: column = answers(out, len(exact))[0]
    except (FormulaError, ValueError) as bad: return failed(str(bad))
    if not np.isfinite(column).all(): return failed(f"row {int(np.isfinite(column).argmin())} of out is no number")
    errors = np.abs(column - exact)
    row, right = int(errors.argmax()), bool((column.max() > THRESHOLD) == (exact.max() > THRESHOLD))
    why = [f"out[{row}] = {column[row]:.6g}, exact {exact[row]:.6g}"] * bool(errors[row] > tolerance)
    why += [f"says {'SAT' if column.max() > THRESHOLD else 'UNSAT'}, and it is not"] * (not right)
    return Result(instance.formula, mode, float(errors[row]), right, "; ".join(why))


# ---- shrinking ------------------------------------------------------------------------------------------------------

def shrink(failure: Result, judge: Callable[[Case], Result], seconds: float) -> tuple[Result, bool]:
    """A failing formula none of whose smaller neighbours fails, in the same mode; and whether there was time for that."""
    end, found = perf_counter() + seconds, failure
    while True:
        for formula in smaller(found.formula):
            if perf_counter() > end: return found, False
            result = judge((formula, found.mode))
            if result.failed: break
        else: return found, True
        found = result


def smaller(formula: Formula) -> Iterator[Formula]:
    """Formulas with clauses, variables or literals less: large steps first, so that few are needed."""
    v, clauses = formula.variables, formula.clauses
    size = len(clauses)
    while size:
        for lo in range(0, len(clauses), size): yield Formula(v, clauses[:lo] + clauses[lo + size:])
        size //= 2
    for x in range(1, v + 1): yield without(formula, x)
    for at, clause in enumerate(clauses):
        for i in range(len(clause)): yield Formula(v, (*clauses[:at], clause[:i] + clause[i + 1:], *clauses[at + 1:]))


def without(formula: Formula, x: int) -> Formula:
    """The formula without variable x and its literals; the variables above it move down."""
    def moved(literal: int) -> int: return literal if abs(literal) < x else literal - (1 if literal > 0 else -1)
    return Formula(formula.variables - 1, tuple(tuple(moved(y) for y in c if abs(y) != x) for c in formula.clauses))
