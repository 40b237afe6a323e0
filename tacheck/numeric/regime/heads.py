"""Heads of checkpoints as questions, and their answers, the farthest from the theorem's side first."""
from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import replace
from fractions import Fraction
from math import log
from typing import Any

from ..arrays import ProblemError
from ..checkpoints import Head, Reading, heads
from ..ranges import BUDGET
from .answering import Regime, answer
from .costs import Machine
from .question import Question, coarse, error_of, from_arrays, half_length, scale_of, whole

SHARED = 5                                                           # bits of a radius, so that heads share polynomials


def answers(paths: Iterable[Any], how: Reading, machine: Machine | None, *, error: Any, scale: Any = None, gradient: bool = False,
            n: Any = None, budget: float | None = None, order: Any = None) -> Iterator[tuple[str, Regime]]:
    """A name and an answer for each head; what would move it only for the farthest.  Raises ProblemError."""
    asked = [question(head, error, scale, gradient, n, budget, order) for head in heads(paths, how)]
    asked.sort(key=lambda row: -row[1])
    for k, (name, _, q) in enumerate(asked): yield name, answer(q, machine, moving=not k)


def question(head: Head, error: Any, scale: Any, gradient: bool, n: Any, budget: float | None,
             order: Any) -> tuple[str, float, Question]:
    """The head's name, its distance, and its question."""
    name = f"{head.layer or 'q'} head {head.head}"
    if head.task is not None:
        if order is not None and whole("order", order, 1) != head.task.order:
            raise ProblemError(f"{name} has {head.task.order} key sets; order {order} was asked for")
        q = from_arrays(head.task, error, scale, gradient, BUDGET if budget is None else budget, head.alone)
        q = replace(q, dv=head.d, radius=q.radius if head.alone else coarse(q.radius, SHARED))
    else:
        assert head.range is not None
        if n is None: raise ProblemError(f"{name}: weights say nothing about the number of tokens; give --n")
        radius, text = half_length(head.range), "1/sqrt(d)" if scale is None else str(scale)
        ends, radius = scale_of(text, head.d)[1], coarse(radius, SHARED)
        q = Question(whole("n", n, 2), head.d, head.d, 1, error_of(error), gradient, ends, text, None, radius,
                     Fraction(head.range.upper), (head.range,))
    return name, float(q.radius) / log(q.n), q
