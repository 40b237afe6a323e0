"""The errors of `bounds.py` for small problems: every tuple of every query row is looked at, with its own weight.

Of one tuple, with D = |r - <f, r>| and m a bound on |<f~ - f, r>|:  |f~ - f| <= 2 delta f (1 - f) / (1 - delta + 2 delta f)
(1 + delta - 2 delta f where that is less), and |p~ - p| <= lambda f~ (D + m) + |f~ - f| D + f~ m.
"""
from __future__ import annotations

from collections.abc import Sequence
from math import expm1, prod

import numpy as np

from .arrays import Ints
from .bounds import EPS, Doubles, Item, Rates, output_exact, size, touching, up


def affordable(t: Item, effort: int) -> bool:
    """Rows x tuples x columns are at most the effort."""
    entries: int = len(t.q) * prod(map(len, t.keys)) * (t.q.shape[1] + t.g.shape[1])
    return entries <= effort


def dense(t: Item, rates: Rates) -> list[float]:
    """Bounds of output, q, keys and values.  Infinite where scores are so large that their rounding hides the weights."""
    (n, d), dv, order, delta = t.q.shape, t.g.shape[1], len(t.keys), rates.delta
    queries, upstream = t.q.astype(float), t.g.astype(float)
    grid = np.indices([len(k) for k in t.keys]).reshape(order, -1)   # (order, tuples)
    both = [[a.astype(float) for a in sets] for sets in (t.keys, t.values)]
    kk, w = (multiplied(sets, grid) for sets in both)
    other_k, other_v = ([np.abs(multiplied(sets, grid, s)) for s in range(order)] for sets in both)
    dk, dv_ = ([np.zeros(a.shape) for a in sets] for sets in both)
    around_k, around_v = ([touching(ends, s, c) for s in range(order)] for ends, c in ((t.key_ends, d), (t.value_ends, dv)))
    slope, scale, output, q = rates.slope or 0.0, abs(t.scale), 0.0, 0.0
    for i in range(n):
        at = visible(t, i, grid)
        points, values, x = kk[at], w[at], scale * np.abs(queries[i])
        s = points @ (t.scale * queries[i])
        s -= s.max()
        off = (d + order + 8) * EPS * float(x @ np.abs(points).max(axis=0)) - EPS * float(s.min())
        relative = expm1(2 * off) + (len(s) + 16) * EPS if off < 0.001 else 1.0
        if relative >= 0.01: return [np.inf] * (2 + 2 * order)
        f = np.exp(s)
        f /= f.sum()
        r = values @ upstream[i]
        roots = output_exact(f[None], np.column_stack([values, r]), delta, relative)[0]
        output = max(output, float(up(roots[:-1].max() + order * EPS * np.abs(values).max() * rates.tau * 2, 4)))
        if not t.asked: continue

        blur = (dv + order + 4) * EPS * float((np.abs(values) @ np.abs(upstream[i])).max())
        mean, R = f @ r, up(r.max() - r.min() + 2 * blur, 2)
        shaken = float(up(rates.upstream * (values.max(axis=0) - values.min(axis=0)).sum(), dv + order + 4))
        most = np.minimum(up(f * (1 + relative) + 1e-300, 2), 1.0)
        least = f * (1 - relative)
        D = np.minimum(up(np.abs(r - mean) + 2 * blur + (3 * relative + len(f) * EPS) * np.abs(r).max(), 2), R)
        m = float(roots[-1]) + 2 * blur
        heavy = most * (1 + delta) / (1 - delta + 2 * delta * most)  # f~ at most
        moved = 2 * delta * most * (1 - least) / np.minimum(1 - delta + 2 * delta * least, 1 + delta - 2 * delta * most)
        tilt = np.minimum(slope * heavy * (D + m), slope * R * heavy)
        p = up(tilt + moved * D + heavy * m + (1 + slope) * shaken * heavy, 16)
        lean = min(slope * R / 2, float(tilt.sum())) + (1 + slope) * shaken / 2

        low, high = points.min(axis=0), points.max(axis=0)
        whole = rates.tau / 2 * R * (high - low + 2 * order * EPS * size(low, high)) + lean * size(low, high)
        q = max(q, float(up(scale * np.minimum(p @ np.abs(points), whole), len(f) + order + 16).max()))
        for j in range(order):
            wide, top = around_k[j]
            part = np.minimum(gathered(grid[j, at], p, other_k[j], at, dk[j].shape), rates.tau / 2 * R * wide + lean * top)
            dk[j] += up(x * part, len(f) + order + 20)
            wide, top = around_v[j]
            part = np.minimum(gathered(grid[j, at], moved, other_v[j], at, dv_[j].shape), rates.tau * wide) * np.abs(upstream[i])
            dv_[j] += up(part + rates.upstream * gathered(grid[j, at], heavy, other_v[j], at, dv_[j].shape), len(f) + order + 20)
    return [output, q, *(float(up(a, n + 4).max()) for a in (*dk, *dv_))]


def multiplied(sets: Sequence[Doubles], grid: Ints, without: int | None = None) -> Doubles:
    """The products of rows, one of each set but `without`, for each tuple: (tuples, columns), or (1, 1) for no sets."""
    out = np.ones((1, 1))
    for s, (a, at) in enumerate(zip(sets, grid)):
        if s != without: out = out * a[at]
    return out


def visible(t: Item, i: int, grid: Ints) -> Ints:
    """The tuples that query row i sees."""
    sees = np.ones(grid.shape[1], bool) if t.dense is None else t.dense[i].reshape(-1).copy()
    for span, at in zip(t.spans, grid): sees &= (at >= span.first[i]) & (at < span.last[i])
    return np.flatnonzero(sees)


def gathered(positions: Ints, weights: Doubles, others: Doubles, at: Ints, shape: tuple[int, ...]) -> Doubles:
    """Sums of weights times the other factors over the tuples through each position."""
    each = weights[:, None] * (others[at] if len(others) > 1 else others)
    out = np.zeros(shape)
    np.add.at(out, positions, np.broadcast_to(each, (len(weights), shape[1])))
    return out
