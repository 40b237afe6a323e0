"""Attention and its gradients on arrays: exact, or in almost linear time within an error that is asked for.

    tacheck.attention(q, keys, values)                     exact
    tacheck.attention(q, keys, values, error=1e-4)         the faster of the two that is known to stay within the error
    tacheck.gradient(q, keys, values, upstream=g, error=1e-4, method="fast", return_bound=True)        (gradient, ErrorBound)

`error` is about the weights: with P in the place of exp, |P(s) e^-s - 1| <= error for every score s that there may be, and for
gradients |P'(s) e^-s - 1| <= error too.  The range of the scores is certified on the arrays, and so is the polynomial for it;
`ErrorBound` says what follows for the output and for every gradient.
"""
from __future__ import annotations

from dataclasses import dataclass, replace
from fractions import Fraction
from math import prod
from typing import Any

import numpy as np

from . import exact, fast
from .arrays import Problem, ProblemError, problem
from .bounds import propagate, tau, up
from .exact import Gradient, Progress, Result
from .features import extremes
from .plan import Plan, choose, score_range

METHODS = ("auto", "exact", "fast")
# What a bound rests on, as `tacheck explain` takes it: of the output, and of the gradients besides.
CLAIMS: tuple[str, ...] = ("score_range", "moments.outputs", "propagation.outputs_move")
GRADIENT_CLAIMS = ("moments.fast_gradient", "moments.fast_gradient_of_values", "propagation.total_variation", "covariance",
                   "gradient_error")


@dataclass(frozen=True)
class ErrorBound:
    """How far the results may be from exact attention in real arithmetic.  Bounds are absolute, on every entry of an array."""
    method: str                                                      # "exact" or "fast"
    error: float | None                                              # as asked for
    radius: float | None                                             # every score lies this close to `centre`: certified
    centre: float | None
    degree: int | None
    rank: int | None                                                 # C(d + degree, degree)
    delta: float | None                                              # |P(s) e^-s - 1| at most: certified
    delta_prime: float | None                                        # |P'(s) e^-s - 1| at most, for gradients
    output: float                                                    # what delta does to the output
    gradients: dict[str, float] | None                               # what both do to dq, dk1, ..., dv1, ...
    rounding: float                                                  # an allowance for the output, apart: no certificate
    claims: tuple[str, ...]                                          # ids of the claims that the bounds rest on
    met: bool                                                        # delta, and delta_prime for gradients, within the error


def attention(q: Any, keys: Any, values: Any, *, error: Any = None, method: str = "auto", scale: Any = None, causal: bool = False,
              window: Any = None, mask: Any = None, dtype: Any = None, max_rank: int = 100_000, return_logsumexp: bool = False,
              return_bound: bool = False, _progress: Progress | None = None) -> Any:
    """Softmax attention of order len(keys): out (..., n, dv), then logsumexp (..., n) and an ErrorBound if asked for.

    q (..., n, d); keys[s] (..., n_s, d); values[s] (..., n_s, dv), or one array each for order 1.  Batch and head
    dimensions lead and must be equal.  scale: a number, None for 1/d.  causal: positions j <= i of every key set.
    window: an int, or one per key set: the last that many positions up to i.  mask: a list of one boolean array
    (..., n_s) or None per key set, True takes part; or one dense array (..., n, n_1, ..., n_k), for exact attention alone.
    dtype: float32 or float64, by default that of the inputs.

    error: the relative error of the weights to stay within, in (0, 1); None is exact.  method: "exact"; "fast", which needs
    an error and never gives up but past `max_rank` features; "auto", the faster one of those that stay within the error.
    Raises ProblemError in one line, also where the error asked for cannot be kept.
    Cost: exact O(n n_1 ... n_k d); fast O((n + n_1 + ... + n_k) r (d + dv)), r = C(d + degree, degree), by what rows see more.
    Source: arXiv 2405.16411, 2310.04064.
    """
    task = problem(q, keys, values, scale=scale, causal=causal, window=window, mask=mask, dtype=dtype)
    found, bound = solve(task, error, method, max_rank, return_bound, _progress)
    answer = (found.out, *([found.logsumexp] if return_logsumexp else []), *([bound] if return_bound else []))
    return answer if len(answer) > 1 else found.out


def gradient(q: Any, keys: Any, values: Any, *, upstream: Any, error: Any = None, method: str = "auto", scale: Any = None,
             causal: bool = False, window: Any = None, mask: Any = None, dtype: Any = None, max_rank: int = 100_000,
             return_bound: bool = False, _progress: Progress | None = None) -> Any:
    """The gradient of a loss in q, keys and values, given its gradient `upstream` (..., n, dv) in the output.

    A Gradient, or (Gradient, ErrorBound).  Arguments and errors as in `attention`; the fast path gives the exact gradient of
    attention with its polynomial, whose slope stays within the error too.
    Source: arXiv 2405.16411, closed form of the gradient, for any loss, any order and any mask.
    """
    if upstream is None: raise ProblemError("upstream is None: the gradient of the loss in the output, (..., n, dv), is needed")
    task = problem(q, keys, values, scale=scale, causal=causal, window=window, mask=mask, dtype=dtype, upstream=upstream)
    found, bound = solve(task, error, method, max_rank, return_bound, _progress)
    assert found.gradient is not None
    return (found.gradient, bound) if return_bound else found.gradient


def solve(p: Problem, error: Any = None, method: str = "auto", max_rank: int = 100_000, bound: bool = True,
          progress: Progress | None = None) -> tuple[Result, ErrorBound | None]:
    """What `attention` and `gradient` do with a checked problem; the ErrorBound if `bound`."""
    wanted = asked(error)
    if method not in METHODS: raise ProblemError(f"method {method!r}: {', '.join(METHODS)} are there")
    plan = choose(p, wanted, method, p.upstream is not None, max_rank)
    if plan is None: return (found := exactly(p, wanted, progress)), bounded(p, None, wanted) if bound else None
    found = fast.solve(p, plan.polynomial.coefficients, progress, plan.kind)
    found.logsumexp[...] += float(plan.polynomial.centre)            # of e^-centre P
    return found, bounded(p, plan, wanted) if bound else None


def exactly(p: Problem, error: Fraction | None, progress: Progress | None = None) -> Result:
    """Exact attention; in double precision where single may not keep the error.  Raises ProblemError where neither may."""
    if error is None or _rounding(p, p.q.dtype) <= error: return exact.solve(p, progress)
    if (least := _rounding(p, np.dtype(float))) > error:
        raise ProblemError(f"error {float(error):.3g} is less than rounding may take in float64, {least:.2g}: allow a larger "
                           "error, or leave it out")
    wide = {name: _each(getattr(p, name), float) for name in ("q", "keys", "values", "upstream")}
    found = exact.solve(replace(p, **wide), progress)
    return Result(*(_each(a, p.q.dtype) for a in found))


def _each(a: Any, kind: Any) -> Any:
    """An array, or arrays in tuples, of that type."""
    if isinstance(a, Gradient): return Gradient(*(_each(x, kind) for x in a))
    if isinstance(a, tuple): return tuple(_each(x, kind) for x in a)
    return None if a is None else a.astype(kind)


def exact_rounding(d: int, order: int, terms: float, kind: np.dtype[Any]) -> float:
    """What rounding may do to a weight of exact attention, relative to it: an allowance, to first order.

    A score is no better than its terms, whose sizes sum up to at most `terms`.
    """
    return float(np.finfo(kind).eps) * ((d + order + 2) * max(1.0, terms) + 6)


def _rounding(p: Problem, kind: np.dtype[Any]) -> float:
    return exact_rounding(p.q.shape[2], p.order, score_range(p).terms, kind)


def asked(error: Any) -> Fraction | None:
    """The error as a fraction in (0, 1).  Raises ProblemError."""
    if error is None: return None
    try: found = Fraction(str(error) if isinstance(error, np.floating) else error)
    except (TypeError, ValueError, OverflowError, ZeroDivisionError): found = Fraction(0)
    if not 0 < found < 1: raise ProblemError(f"error {error!r}: a number between 0 and 1 is needed, as 1e-4 (None is exact)")
    return found


def bounded(p: Problem, plan: Plan | None, error: Fraction | None) -> ErrorBound:
    """What the plan certifies for the problem.  O(n d)."""
    largest = prod(float(np.abs(v).max(initial=0)) for v in p.values)
    under = float(np.finfo(p.q.dtype).tiny) if largest else 0.0      # below, digits are lost
    asked_for, eps = None if error is None else float(error), float(np.finfo(p.q.dtype).eps)
    gradients = p.upstream is not None
    if plan is None:
        allowance = _rounding(p, p.q.dtype)
        if error is not None and allowance > error: allowance = _rounding(p, np.dtype(float)) + eps
        allowance *= 2 * largest
        return ErrorBound("exact", asked_for, None, None, None, None, None, None, 0.0,
                          dict.fromkeys(names(p), 0.0) if gradients else None, allowance + under, (), True)
    used = plan.polynomial
    met = error is None or used.delta <= error and (not gradients or (used.delta_prime or 0) <= error)
    allowance = (2 * plan.rounding + eps) * largest + under
    first = ErrorBound("fast", asked_for, float(used.radius), float(used.centre), used.degree, plan.rank, used.delta,
                       used.delta_prime, output_bound(p, used.delta), None, allowance, CLAIMS, met)
    if not gradients: return first
    spread = propagate(p, used.delta, used.delta_prime)
    each = (spread.q, *(spread.keys or ()), *(spread.values or ()))
    bounds = {name: bound for name, bound in zip(names(p), each) if bound is not None}
    return replace(first, output=min(first.output, spread.output), gradients=bounds, claims=CLAIMS + GRADIENT_CLAIMS)


def names(p: Problem) -> list[str]:
    """dq, dk1, ..., dv1, ..."""
    return ["dq", *(f"d{letter}{s}" for letter in "kv" for s in range(1, p.order + 1))]


def output_bound(p: Problem, delta: float) -> float:
    """(max - min of a column of products of values) times delta / (1 + sqrt(1 - delta^2)), rounded upwards: O(n dv)."""
    t, widest = tau(delta), 0.0
    for item in range(len(p.q)):
        low = high = np.ones(p.values[0].shape[2])
        for v, mask in zip(p.values, p.masks):
            ends = extremes(v[item] if mask is None else v[item][mask[item]])
            products = [a * b for a in (low, high) for b in ends]
            low, high = np.min(products, axis=0), np.max(products, axis=0)
        slack = 2.0 ** -51 * p.order * np.maximum(-low, high)        # products were rounded
        widest = max(widest, float((high - low + slack).max()), 0.0)
    return float(up(widest * t, 4))
