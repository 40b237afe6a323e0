"""Which regime numbers or arrays lie in, by which claims, and at what price."""
from __future__ import annotations

from typing import Any

from ..arrays import Problem, ProblemError, problem
from .answering import Fact, Price, Regime, answer
from .calibration import machine
from .costs import Machine
from .question import Question, from_arrays, from_numbers

__all__ = ["Fact", "Machine", "Price", "Problem", "ProblemError", "Question", "Regime", "answer", "from_arrays", "from_numbers",
           "machine", "regime"]


def regime(n: Any = None, d: Any = None, bound: Any = None, error: Any = "1e-3", *, order: int = 2, scale: Any = None,
           dv: Any = None, gradient: bool = False, q: Any = None, keys: Any = None, values: Any = None,
           calibrate: bool = True) -> Regime:
    """Which side of the threshold: for n tokens, d columns and entries in [-bound, bound], or for arrays q and keys.

    error: the relative error of the weights that may be made, in (0, 1).  order: the number of key sets, 1 to 5 (from the
    keys, for arrays).  scale: "1/d" (None), "1/sqrt(d)" or a number.  dv: columns of values, d by default.  gradient: the
    gradients too.  q (..., n, d), keys[s] (..., n_s, d), values[s] (..., n_s, dv) or None: the range of the scores is then
    certified on the arrays.  calibrate: time this machine (once; it is kept), else compare operations.
    Raises ProblemError in one line.  Source: arXiv 2405.16411, 2310.04064; the claims are named in the answer.
    """
    timed = machine if calibrate else lambda: None
    if q is None:
        if None in (n, d, bound): raise ProblemError("n, d and bound are needed, or arrays q and keys")
        return answer(from_numbers(n, d, bound, error, order, scale, dv, gradient), timed())
    if keys is None: raise ProblemError("q comes without keys")
    return answer(from_arrays(posed(q, keys, values, scale), error, scale, gradient), timed())


def posed(q: Any, keys: Any, values: Any = None, scale: Any = None) -> Problem:
    """The arrays as a problem; without values, zeros of the width of q stand for them."""
    from ..arrays import numbers
    from .question import scale_of
    first = numbers("q", q)
    sets = list(keys) if isinstance(keys, list | tuple) else [keys]
    given = values
    if given is None: given = [numbers(f"k{s}", k) * 0 for s, k in enumerate(sets, 1)]
    number = None if scale is None else float(scale_of(scale, first.shape[-1] if first.ndim else 1)[1][1]) * sign(scale)
    return problem(first, sets, given, scale=number)


def sign(scale: Any) -> int: return -1 if str(scale).lstrip().startswith("-") else 1
