"""From a relative error of the weights to certified errors of the output and of every gradient, rounded outwards.

P stands in the place of exp:  |P(s) e^(-s) - 1| <= delta < 1 and |P'(s) e^(-s) - 1| <= delta' at every score s.  Of one
query row: f are the weights of its tuples t and f~ those by P, w_t the product of their values, k_t of their keys,
r_t = <G, w_t> for the upstream gradient G, R the range of r, p = f o (r - <f, r>) the gradient in the scores and
p~ = a o (r - <f~, r>) that of attention with P, a = P'(s) / sum P(s).  With tau = delta / (1 + sqrt(1 - delta^2)):

    |<f~, x> - <f, x>| <= tau range(x)                                          (sharp: two points of weight 1 / (1 + sqrt rho),
                                                                                rho = (1 + delta) / (1 - delta))
    |a - f~| <= lambda f~,  lambda = (delta + delta') / (1 - delta)
    |<p~ - p, x>| <= tau R range(x)/2 + lambda R/2 max |x|

The last one: with h = f~ o (r - <f~, r>), sum |h - p| <= tau R (the claims of `covariance`), and both sum to 0;
sum f~ |r - <f~, r>| <= R/2 (`propagation.mean_deviation`, `gradient_error`).

The gradient in a query is scale <p, k_t>; in a key, scale times the sum over rows of q <p, x> with x the product of the other
keys on the tuples through it and 0 elsewhere; in a value the sum over rows of G <f, x>.  A tuple's own weight gives a
second bound, better for long rows: |f~ - f| <= 2 delta/(1 - delta) f, and a key has at most the weight
1 / (1 + (m - 1) e^(-l)) among the m that a row sees, l the length of the range of the row's scores.
"""
from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from .arrays import Floats, Problem, ProblemError, Span

Doubles = NDArray[np.float64]
Ends = tuple[Doubles, Doubles]                                       # the least and the greatest, column by column
EPS = 2.0 ** -52                                                     # twice what one operation is off by, relatively
ROUNDING = {"f": 1e-3, "d": 1e-6}                                    # allowed in an output handed over, of the largest |w|
EFFORT = 1 << 22                                                     # rows x tuples x columns that are looked at one by one
ROWS = 1 << 14                                                       # query rows of a block, where every row sees every position


def up(x: Any, operations: int) -> Any:
    """At least what the nonnegative x would be, had its sums and products of nonnegative numbers not been rounded."""
    return np.nextafter(np.nextafter(x * (1 + (operations + 4) * EPS), np.inf), np.inf)


def tau(delta: float) -> float:
    """delta / (1 + sqrt(1 - delta^2)), rounded up.  Raises ProblemError unless 0 <= delta < 1."""
    if not 0 <= delta < 1: raise ProblemError(f"delta {delta!r}: a relative error of the weights from 0 to below 1 is needed")
    return float(up(delta / (1 + np.sqrt((1 - delta) * (1 + delta))), 8)) if delta else 0.0


# ---- the output, on plain arrays ----------------------------------------------------------------------------------------

def output_worst(low: Any, high: Any, delta: float) -> Doubles:
    """tau (high - low): the sharp bound for values known to lie between them, whatever the weights are."""
    found: Doubles = up(tau(delta) * (np.asarray(high, float) - np.asarray(low, float)), 3) * (delta > 0)
    return found


def output_aware(out: Any, low: Any, high: Any, delta: float, allowance: Any = 0.0) -> Doubles:
    """The sharp bound for values between low and high whose mean is known: `out`, the exact one or that by P.

    With x = out - low and y = high - out it is 2 delta x y / ((1 - delta)(x + y) + 2 delta min(x, y)).  out may be off by
    `allowance`, which adds 2 delta / (1 - delta) of it.
    """
    tau(delta)
    x, y = (np.maximum(a, 0.0) for a in (np.asarray(out, float) - low, np.asarray(high, float) - out))
    below = (1 - delta) * (x + y) + 2 * delta * np.minimum(x, y)
    found = np.divide(2 * delta * x * y, below, out=np.zeros(np.shape(below)), where=below > 0)
    more: Doubles = up(found + 2 * delta / (1 - delta) * np.asarray(allowance, float), 16) * (delta > 0)
    return more


def output_exact(weights: Any, values: Any, delta: float, relative: float = 0.0) -> Doubles:
    """The largest |<f~, v> - <f, v>| over all f~ for these very weights (rows, N) >= 0 and values (N, columns): (rows, columns).

    It is the larger root e of e = delta sum_j f_j |+-(v_j - out) - e|.  The weights may be off by the factor
    1 +- relative (below 1/100).  Any e gives a bound, e + (delta sum ... - e)^+ / (1 - delta), so the search is not trusted.
    """
    tau(delta)
    f, v = np.asarray(weights, float), np.asarray(values, float)
    if not 0 <= relative < 0.01: raise ProblemError(f"relative {relative!r}: weights right to 1/100 are needed")
    if not delta: return np.zeros((len(f), v.shape[1]))
    f = f / f.sum(axis=1, keepdims=True)
    fuzz, largest = (v.shape[0] + 16) * EPS, np.abs(v)
    mean, found = f @ v, np.empty((len(f), v.shape[1]))
    for i, weight in enumerate(f):
        x = np.concatenate([v - mean[i], mean[i] - v], axis=1)       # (N, 2 columns): both signs
        e = np.zeros(x.shape[1])
        for _ in range(12):                                          # Newton's method from the left: convex, so it stays there
            step = np.maximum(delta * (weight @ np.abs(x - e)) - e, 0) / (1 + delta * (weight @ np.sign(x - e)))
            e += step
            if (step <= 1e-14 * e).all(): break
        sums = (weight @ np.abs(x - e)) * (1 + 4 * relative + 2 * fuzz) + 3 * relative * (weight @ np.abs(x))
        sums += np.tile(2 * fuzz * (weight @ largest) + 1e-300 * len(v) * largest.max(axis=0), 2)
        root = up(e + np.maximum(up(delta * sums, 2) - e * (1 - EPS), 0) / (1 - delta), 4)
        found[i] = root.reshape(2, -1).max(axis=0)
    return np.minimum(found, output_worst(v.min(axis=0), v.max(axis=0), delta))


# ---- a problem ----------------------------------------------------------------------------------------------------------

@dataclass(frozen=True)
class Propagated:
    """Bounds on the largest absolute error of any entry, in exact arithmetic; None for what was not asked, or needs delta'."""
    output: float
    q: float | None = None
    keys: tuple[float, ...] | None = None
    values: tuple[float, ...] | None = None


@dataclass(frozen=True)
class Rates:
    """What entry errors amount to: tau, lambda (see above), twice = 2 delta / (1 - delta), rho = (1 + delta) / (1 - delta)."""
    delta: float
    tau: float
    slope: float | None
    twice: float
    rho: float
    upstream: float


def propagate(problem: Problem, delta: float, delta_prime: float | None = None, out: Any = None, *, upstream_error: float = 0.0,
              allowance: float | None = None, effort: int = EFFORT) -> Propagated:
    """Certified errors of the output and of each gradient when the weights are off by a relative delta.

    delta_prime: of P' (None: no bound for q and keys, whose gradients differentiate P).  out: the output (..., n, dv), exact
    or by P, right up to `allowance` (by default 1e-6 of the largest product of values, 1e-3 in float32): sharpens the
    output's bound.  upstream_error: of the upstream gradient itself, entry by entry.  Where rows x tuples x columns are at
    most `effort` (0: never), every tuple is looked at, and the output's bound is the best there is for these data.
    Rounding of the approximate computation comes on top.  Raises ProblemError unless 0 <= delta < 1 and delta_prime >= 0.
    """
    from .bounds_dense import affordable, dense
    if delta_prime is not None and not 0 <= delta_prime < np.inf:
        raise ProblemError(f"delta_prime {delta_prime!r}: a relative error from 0 on is needed")
    if not 0 <= upstream_error < np.inf: raise ProblemError(f"upstream_error {upstream_error!r}: a number from 0 on is needed")
    t = tau(delta)
    slope = None if delta_prime is None else float(up((delta + delta_prime) / (1 - delta), 4))
    rates = Rates(delta, t, slope, float(up(2 * delta / (1 - delta), 4)), float(up((1 + delta) / (1 - delta), 4)), upstream_error)
    given = None if out is None else np.asarray(out, float).reshape(*problem.q.shape[:2], -1)
    worst: list[float] = []
    with np.errstate(all="ignore"):                                  # beyond the largest number is inf: a bound, if a useless one
        for b in range(len(problem.q) if problem.rows else 0):
            item = Item(problem, b, problem.spans(b))
            found = sparse(item, rates, None if given is None else given[b], allowance)
            if affordable(item, effort): found = [min(x, y) for x, y in zip(found, dense(item, rates))]
            worst = [max(x, y) for x, y in zip(worst, found)] if worst else found
    worst = [np.inf if np.isnan(x) else x for x in worst] or [0.0] * (2 + 2 * problem.order)
    order, known = problem.order, slope is not None
    if problem.upstream is None: return Propagated(worst[0])
    keys, values = tuple(worst[2:2 + order]), tuple(worst[2 + order:])
    return Propagated(worst[0], worst[1] if known else None, keys if known else None, values)


class Item:
    """One batch item, without the positions that its masks leave out; ends of columns in double precision."""

    def __init__(self, p: Problem, b: int, spans: Sequence[Span]):
        def kept(a: Floats, span: Span) -> Floats: return a if len(span.positions) == len(a) else a[span.positions]
        def ends(a: Floats) -> Ends: return a.min(axis=0).astype(float), a.max(axis=0).astype(float)
        self.q, self.scale, self.spans, self.kind = p.q[b], p.scale, spans, p.q.dtype
        self.keys, self.values = ([kept(a[b], s) for a, s in zip(sets, spans)] for sets in (p.keys, p.values))
        self.key_ends, self.value_ends = ([ends(a) for a in sets] for sets in (self.keys, self.values))
        self.g = np.broadcast_to(np.float64(0), (len(self.q), p.values[0].shape[2])) if p.upstream is None else p.upstream[b]
        self.dense = None if p.dense is None else p.dense[b][(slice(None), *np.ix_(*(s.positions for s in spans)))]
        self.asked = p.upstream is not None

    def blocks(self) -> list[slice]:
        """Query rows that are looked at together: all of them, unless every one sees every position."""
        n = len(self.q)
        if any(s.first.any() or (s.last < len(s.positions)).any() for s in self.spans): return [slice(0, n)]
        return [slice(at, min(at + ROWS, n)) for at in range(0, n, ROWS)]


def products(sets: Sequence[Ends], columns: int) -> Ends:
    """The least and the greatest product of one row of each set, column by column, rounded outwards; 1 of no sets."""
    low, high = np.ones(columns), np.ones(columns)
    for k, ends in enumerate(sets):
        corners = [e * end for e in (low, high) for end in ends]
        low, high = np.min(corners, axis=0), np.max(corners, axis=0)
        if k: low, high = np.nextafter(low, -np.inf), np.nextafter(high, np.inf)
    return low, high


def size(low: Doubles, high: Doubles) -> Doubles: return np.maximum(np.abs(low), np.abs(high))


def touching(sets: Sequence[Ends], s: int, columns: int) -> tuple[Doubles, Doubles]:
    """Of the products of all sets but one, 0 included: the range, and the largest size."""
    low, high = products([a for i, a in enumerate(sets) if i != s], columns)
    return up(np.maximum(high, 0) - np.minimum(low, 0), 1), size(low, high)


def sparse(t: Item, rates: Rates, out: Doubles | None, allowance: float | None) -> list[float]:
    """Bounds of output, q, keys and values from the ranges of columns, in linear time and a block of rows of memory."""
    d, dv, scale, blocks = t.q.shape[1], t.g.shape[1], abs(t.scale), t.blocks()
    low, high = products(t.value_ends, dv)
    output, q = output_worst(low, high, rates.delta)[None], 0.0
    if out is not None:
        loose = ROUNDING[t.kind.char] * size(low, high) if allowance is None else allowance
        output = np.minimum(output, output_aware(out, low, high, rates.delta, loose))
    if not t.asked: return [float(output.max())] + [0.0] * (1 + 2 * len(t.keys))

    kl, kh = products(t.key_ends, d)
    slope = rates.slope or 0.0
    own = up(slope * rates.rho + rates.twice + rates.tau, 6)
    shaken = float(up(rates.upstream * up(high - low, 1).sum(), dv))  # the range of the error of r
    around_k, around_v = ([touching(ends, s, c) for s in range(len(t.keys))] for ends, c in ((t.key_ends, d), (t.value_ends, dv)))
    sums = [Sums(span, len(t.q), len(blocks)) for span in (*t.spans, *t.spans)]
    for at in blocks:
        g, x = np.abs(t.g[at].astype(float)), scale * np.abs(t.q[at].astype(float))
        R = up(g @ up(high - low, 1), dv)                            # the range of r, row by row
        length = up(x @ up(kh - kl, 1), d + 2)
        top = R.max() / 2 * (rates.tau * (kh - kl) + slope * size(kl, kh)) + (1 + slope) * shaken / 2 * size(kl, kh)
        q = max(q, float(up(scale * top.max(), 16)))
        for s, span in enumerate(t.spans):
            others = np.maximum(span.last[at] - span.first[at] - 1, 0)  # of the positions that a row sees
            share = np.ones(len(x)) if t.dense is not None else up(1 / (1 + others * np.exp(-length) * (1 - 8 * EPS)), 4)
            through, most = around_k[s]
            each = np.minimum((rates.tau * through + slope * most) / 2, share[:, None] * (own * most)) * R[:, None]
            if rates.upstream: each += (1 + slope) * shaken * np.outer(np.minimum(0.5, rates.rho * share), most)
            sums[s].add(x * each)
            through, most = around_v[s]
            each = g * np.minimum(rates.tau * through, share[:, None] * (rates.twice * most))
            if rates.upstream: each += rates.upstream * np.outer(np.minimum(1.0, rates.rho * share), most)
            sums[len(t.spans) + s].add(each)
    return [float(output.max()), q, *(total.largest() for total in sums)]


class Sums:
    """The largest sum, over the positions and the columns, of nonnegative rows (n, columns) that see the position.

    In several blocks only where every row sees every position.
    """

    def __init__(self, span: Span, rows: int, blocks: int):
        self.span, self.rows, self.whole, self.every, self.total = span, rows, blocks > 1, 0.0, 0.0

    def add(self, rows: Doubles) -> None:
        """Another block of rows."""
        self.every = self.every + rows.sum(axis=0)
        if self.whole: return
        at = np.arange(len(self.span.positions))
        if self.span.first.any() or (self.span.last < len(at)).any():  # causal or a window: both ends rise with the row
            sums = np.concatenate([np.zeros((1, rows.shape[1])), np.cumsum(rows, axis=0)])
            start, stop = (np.searchsorted(ends, at, "right") for ends in (self.span.last, self.span.first))
            self.total = sums[stop] - sums[start]
        else: self.total = self.every

    def largest(self) -> float:
        total = self.every if self.whole else self.total
        return float(up(np.max(total + 2 * (self.rows + 8) * EPS * self.every), 32))



def through(matrix: Floats, bound: float) -> float:
    """On the gradient A^T g of X, where q = A X and the gradient g in q is off by `bound` in each entry: A is (n, d)."""
    return float(up(np.abs(matrix.astype(float)).sum(axis=0).max(initial=0) * bound, len(matrix) + 2))
