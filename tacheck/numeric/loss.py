"""The gradient of the paper's loss in X, exact or fast.

    Loss(X) = 1/2 || D^-1 exp(scale A1 X (A2 (x) A3)^T) (A4 (x) A5) Y - E ||_F^2          (order 2)

Factored, X = X1 (X2 (/) X3)^T, it is attention with q = A1 X1, k1 = A2 X2, k2 = A3 X3.  Not factored, it is attention with
d^order columns, or, where that is less, the core tensors of `cores.py`.
"""
from __future__ import annotations

import sys
from collections.abc import Sequence
from dataclasses import dataclass, replace
from fractions import Fraction
from math import inf
from typing import Any

import numpy as np

from . import fast
from .arrays import Floats, Problem, ProblemError, finite, matrices, numbers, problem, shaped
from .cores import LIMIT, core_gradient, entries
from .door import METHODS, ErrorBound, asked, bounded, exactly
from .exact import Gradient
from .features import rank
from .plan import Plan, choose, columns_range, exact_seconds, fast_seconds, rounding


@dataclass(frozen=True)
class Task:
    """The loss as attention of q = A1 X1, ... and values A4 Y1, ...; `mix` is a Y that is not factored."""
    A: tuple[Floats, ...]                                            # A1 (n, d), then (n_s, d): those that X meets
    core: Floats | None                                              # X (d, ..., d), where it is not factored
    problem: Problem
    target: Floats                                                   # E (n, dv)
    mix: Floats | None                                               # (d^order, dv)

    def upstream(self, out: Floats, at: slice) -> Floats:
        """The gradient of the loss in outputs of rows `at`."""
        found: Floats = out - self.target[at] if self.mix is None else (out @ self.mix - self.target[at]) @ self.mix.T
        return found


@np.errstate(all="ignore")                                           # what overflows is found, and named
def loss_gradient(X: Any, A: Any, Y: Any, E: Any, *, scale: Any = None, error: Any = None, method: str = "auto",
                  max_rank: int = 100_000, return_bound: bool = False) -> Any:
    """The gradient of the loss in X, with an ErrorBound if asked for.

    A: 2 order + 1 matrices, A1 (n, d), then (n_s, d) for the keys, then (n_s, d) for the values.  X: (d, d^order) or
    (d, d, ..., d), and so is the result; or a tuple of factors (d, r), and then the result is a tuple of their gradients.
    Y: (d^order, dv), or a tuple of factors (d, dv), Y = Y1 (/) Y2.  E: (n, dv).  Of the indices of a Kronecker product (x)
    and a column-wise one (/), the first is the slowest.  scale: None for 1/d.  error, method, max_rank: as in `attention`.

    Raises ProblemError.  Source: arXiv 2405.16411, dLoss/dX = (1/d) A1^T p (A2 (x) A3); here the scale is part of the loss.
    """
    t, wanted = task(X, A, Y, E, scale), asked(error)
    if method not in METHODS: raise ProblemError(f"method {method!r}: {', '.join(METHODS)} are there")
    plan, by_cores = _plan(t, wanted, method, max_rank)
    if plan is not None and by_cores and t.core is not None:
        one, out = _by_cores(t, t.core, plan)
        found: tuple[Floats, ...] = (one,)
    else:
        g, out = _exact(t, wanted) if plan is None else _fast(t, plan)
        found = tuple(a.T @ x for a, x in zip(t.A, (g.q, *g.keys) if t.core is None else (g.q,)))
    for s, x in enumerate(found, 1): finite(f"the gradient of X{s if t.core is None else ''}", x, ": scale the inputs down")
    answer = found if t.core is None else found[0].reshape(np.shape(X))
    return (answer, _bound(t, plan, wanted, out)) if return_bound else answer


def task(X: Any, A: Any, Y: Any, E: Any, scale: Any) -> Task:
    """The checked loss.  Raises ProblemError, in one line."""
    M = matrices("A", A)
    order = len(M) // 2
    if not order or len(M) % 2 == 0: raise ProblemError(f"A has {len(M)} matrices; order k needs 2 k + 1: 3, 5, 7, ...")
    n, d = M[0].shape
    if not d: raise ProblemError(f"A1 has shape {M[0].shape}: d = 0 columns leave nothing to compare")
    for s, a in enumerate(M[1:order + 1], 2): shaped(f"A{s}", a, (f"n{s - 1}", d), f"A1 of shape {M[0].shape}")
    for s, (k, v) in enumerate(zip(M[1:order + 1], M[order + 1:]), 2):
        shaped(f"A{s + order}", v, k.shape, f"A{s} of shape {k.shape}")
    target = numbers("E", E)
    shaped("E", target, (n, "dv"), f"A1 of shape {M[0].shape}")

    core = None
    if isinstance(X, list | tuple): q, *keys = (a @ x for a, x in zip(M, _factors("X", X, order + 1, d)))
    else:
        core = numbers("X", X)
        if core.shape not in ((d, d**order), (d,) * (order + 1)):
            raise ProblemError(f"X has shape {core.shape}; beside {len(M)} matrices A and {d} columns it must be {(d, d**order)}")
        q, keys = M[0] @ core.reshape(d, -1), _columns(M[1:order + 1])
        core = core.reshape((d,) * (order + 1))
    if isinstance(Y, list | tuple):
        values, mix = [a @ y for a, y in zip(M[order + 1:], _factors("Y", Y, order, d, target.shape[1]))], None
    else:
        mix = numbers("Y", Y)
        shaped("Y", mix, (d**order, target.shape[1]), f"A1 of shape {M[0].shape} and E of shape {target.shape}")
        values = _columns(M[order + 1:])
    return Task(M[:order + 1], core, problem(q, keys, values, scale=1 / d if scale is None else scale), target, mix)


def _factors(name: str, given: Any, count: int, rows: int, columns: int | None = None) -> tuple[Floats, ...]:
    """That many (rows, columns) matrices.  Raises ProblemError."""
    found = matrices(name, given)
    if len(found) != count: raise ProblemError(f"{name} has {len(found)} factors; beside these A it must have {count}")
    for s, x in enumerate(found, 1): shaped(f"{name}{s}", x, (rows, columns or found[0].shape[1]), "A1, E and the other factors")
    return found


def _columns(A: Sequence[Floats]) -> list[Floats]:
    """Matrices (n_s, d^k) whose column-wise products are the rows of A_1 (x) ... (x) A_k."""
    d = A[0].shape[1]
    return [a[:, c] for a, c in zip(A, np.indices((d,) * len(A)).reshape(len(A), -1))]


def _plan(t: Task, error: Fraction | None, method: str, max_rank: int) -> tuple[Plan | None, bool]:
    """The plan, None for exact, and whether core tensors are less work than columns."""
    if t.core is None: return choose(t.problem, error, method, True, max_rank), False
    plan = choose(t.problem, error, method, True, sys.maxsize, sure=True)
    if plan is None: return None, False
    d, g, m = t.core.shape[0], plan.polynomial.degree, 1 + t.problem.values[0].shape[2]
    size, narrow = entries(d, g, t.problem.order), replace(plan, rank=rank(d, g))
    work = fast_seconds(t.problem, narrow, False) + size * (d ** t.core.ndim + m) * 1e-9
    if size > LIMIT or narrow.rank > max_rank or not _cores_hold(t, t.core, narrow, error): work = inf
    seconds = [work,
               fast_seconds(t.problem, plan, True) if plan.rank <= max_rank else inf]
    if min(seconds) < inf:
        by_cores = seconds[0] <= seconds[1]
        if method == "auto" and min(seconds) > exact_seconds(t.problem, True): return None, False
        return (narrow if by_cores else plan), by_cores
    if method == "auto": return None, False
    raise ProblemError(f"X is not factored: its {t.problem.q.shape[2]} columns have rank {plan.rank}, max_rank is {max_rank}; "
                       f"its core tensors have {size} entries, and {LIMIT} is the limit: give factors, or use method exact")


def _cores_hold(t: Task, core: Floats, plan: Plan, error: Fraction | None) -> bool:
    """Whether rounding keeps the error there too: entries of X meet tokens one by one, so the terms are those of |A1| |X|."""
    d, ends = core.shape[0], [(-top, top) for top in (np.abs(k[0]).max(axis=0).astype(float) for k in t.problem.keys)]
    terms = columns_range(np.abs(t.A[0].astype(float)) @ np.abs(core.reshape(d, -1).astype(float)), ends, t.problem.scale)[2]
    allowance = rounding(plan.polynomial, d, t.problem.order, np.dtype(float), terms)
    return error is not None and allowance <= error


def _exact(t: Task, error: Fraction | None) -> tuple[Gradient, Floats]:
    """By two solutions, one for the upstream gradient."""
    out = exactly(t.problem, error).out
    found = exactly(_with_upstream(t, out), error).gradient
    assert found is not None
    return found, out


def _fast(t: Task, plan: Plan) -> tuple[Gradient, Floats]:
    """In one pass over the queries: what the loss makes of outputs is known block by block."""
    found = fast.solve(t.problem, plan.polynomial.coefficients, None, plan.kind, t.upstream)
    assert found.gradient is not None
    return found.gradient, found.out


def _by_cores(t: Task, core: Floats, plan: Plan) -> tuple[Floats, Floats]:
    """The gradient in X, and the outputs."""
    out = np.empty((t.problem.q.shape[1], t.problem.values[0].shape[2]))
    A, values = ([np.asarray(a, float) for a in sets] for sets in (t.A, [v[0] for v in t.problem.values]))
    found = core_gradient(core.astype(float), A, values, plan.polynomial.coefficients, t.problem.scale, t.upstream, out)
    return found.astype(core.dtype), out


def _with_upstream(t: Task, out: Floats) -> Problem:
    return replace(t.problem, upstream=t.upstream(out, slice(None)).astype(t.problem.q.dtype)[None])


def _bound(t: Task, plan: Plan | None, error: Fraction | None, out: Floats) -> ErrorBound:
    """By the chain rule: an error of the outputs is one of the upstream gradient, and dX_s = A_s^T (the gradient in A_s X_s)."""
    from .bounds import propagate, through
    p = _with_upstream(t, out)
    first = bounded(t.problem, plan, error)
    names = ["dX"] if t.core is not None else [f"dX{s}" for s in range(1, len(t.A) + 1)]
    if plan is None: return replace(first, gradients=dict.fromkeys(names, 0.0))
    spread = 1.0 if t.mix is None else float(np.abs(t.mix @ t.mix.T).sum(axis=0).max()) * (1 + 1e-9)
    delta, slope = plan.polynomial.delta, plan.polynomial.delta_prime
    found = propagate(p, delta, slope, upstream_error=first.output * spread)
    each = [found.q, *(found.keys or ())][:len(names)]
    met = first.met and slope is not None and error is not None and slope <= error
    return replace(first, gradients={name: through(a, x) for name, a, x in zip(names, t.A, each) if x is not None}, met=met)
