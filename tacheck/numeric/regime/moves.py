"""What would move the answer: smaller scores, another error, fewer columns, another scale.  Estimates, by the planned degree."""
from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from fractions import Fraction
from math import comb

from ..polynomial import plan
from ..polynomial.plan import MOST_DEGREE
from .costs import Machine, Shape, counted_crossover, exact_operations, fast_operations, rounded
from .question import Question, scale_of


def moves(q: Question, degree: int | None, machine: Machine | None) -> Iterator[str]:
    """One line for each thing that can be changed, with what it would give."""
    top = MOST_DEGREE if degree is None else degree
    better = next((g for g in range(top - 1, -1, -1) if cheaper(q, g, machine)), None)
    if better is not None:
        radius = largest_radius(q, better)
        yield f"{clipped(q, radius)}: {outcome(q, better, machine)}"
    for error in (q.error * 10, q.error / 10):
        if error < 1: yield f"error {float(error):.3g}: {outcome(q, degree_at(q, q.radius, error), machine)}"
    few = None if degree is None else fewer_columns(q, degree, machine)
    if few: yield f"d = {few} columns in place of {q.d}, scores as large: {outcome(replace(q, d=few), degree, machine)}"
    for text in ("1/d", "1/sqrt(d)"):
        scale = scale_of(text, q.d)[1][1]
        if text == q.scale_text or not q.scale[1] or scale == q.scale[1]: continue
        radius = q.radius * scale / q.scale[1]
        yield f"scale {text} in place of {q.scale_text}: scores to {float(radius):.3g}, " \
              f"{outcome(q, degree_at(q, radius, q.error), machine)}"


def degree_at(q: Question, radius: Fraction, error: Fraction) -> int | None:
    """About the least degree; None beyond MOST_DEGREE."""
    found = plan(radius, min(error, Fraction(1, 2))) + q.gradient
    return found if found <= MOST_DEGREE else None


def outcome(q: Question, degree: int | None, machine: Machine | None) -> str:
    """Degree, rank and from which n on fast is cheaper."""
    if degree is None: return f"a degree beyond {MOST_DEGREE}"
    s, crossover = shape(q, degree), crossing_of(q, degree, machine)
    r = f"{s.rank:,}" if s.rank < 10 ** 12 else f"{float(s.rank):.2g}"
    spent = f", fast {rounded(machine.fast(s))} at n = {q.n:,}" if machine else ""
    start = f"from n = {crossover:,} on" if crossover else "at no n in sight"
    return f"degree {degree}, rank {r}{spent}, fast is cheaper {start}"


def crossing_of(q: Question, degree: int, machine: Machine | None) -> int | None:
    """From which n on fast is cheaper at that degree."""
    s = shape(q, degree)
    return machine.crossover(s) if machine else counted_crossover(s)


def shape(q: Question, degree: int) -> Shape: return Shape(q.n, q.d, q.dv, q.order, degree, q.gradient)


def cheaper(q: Question, degree: int, machine: Machine | None) -> bool:
    """Fast takes less than exact at this n."""
    s = shape(q, degree)
    return machine.fast(s) < machine.exact(s) if machine else fast_operations(s) < exact_operations(s)


def largest_radius(q: Question, degree: int, most: Fraction | int | None = None) -> Fraction:
    """About the largest radius, up to that of the question or to `most`, for which the degree is enough."""
    low, high = Fraction(0), Fraction(most or q.radius)
    for _ in range(30):
        middle = (low + high) / 2
        low, high = (middle, high) if plan(middle, min(q.error, Fraction(1, 2))) + q.gradient <= degree else (low, middle)
    return low


def clipped(q: Question, radius: Fraction) -> str:
    """How small entries must be for scores of that radius."""
    factor = (float(radius) / float(q.radius)) ** (1 / q.factors)
    if q.bound is None: return f"queries and keys times {factor:.3g} (scores within {float(radius):.3g} of a centre)"
    return f"entries clipped to {float(q.bound) * factor:.3g} (scores to {float(radius):.3g})"


def fewer_columns(q: Question, degree: int, machine: Machine | None) -> int | None:
    """The most columns, fewer than d, with which fast is cheaper at this degree; None if already, or if never."""
    if comb(q.d + degree, degree) and cheaper(q, degree, machine): return None
    low, high = 0, q.d
    while high - low > 1:
        middle = (low + high) // 2
        low, high = (middle, high) if cheaper(replace(q, d=middle, dv=min(q.dv, middle)), degree, machine) else (low, middle)
    return low or None
