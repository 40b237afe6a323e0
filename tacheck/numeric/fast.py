"""Attention with a polynomial P in the place of exp, and all its gradients, in time almost linear in the tokens.

    P(sum_c x_c y_c z_c) = sum_al w_al x^al y^al z^al          (`features.py`; order 2 has the three slots x, y, z)

Slot 0: the queries x = scale q, with columns U.  Slot s: the keys of set s, with columns [1; values].  With their moments M:

    forward    C_0 = w o M_1 o M_2,    [D_i; num_i] = C_0 phi(x_i),    out_i = num_i / D_i
    upstream   U_i = [-G_i . out_i; G_i] / D_i,    M_0 its moment                     (G: the gradient of the loss in out)
    backward   C_s = w o (the moments of the other slots): its values are the gradient in the values of slot s, and its
               slopes, contracted with the columns of slot s, the gradient in its points

This is the exact gradient of attention with P.  Moments are divided by the number of their tokens, and points stretched by
powers of two, so that nothing overflows that need not.
Source: the method of arXiv 2405.16411 (2310.04064 for order 1), written as one multilinear form with symmetric slots.
"""
from __future__ import annotations

from collections.abc import Sequence
from functools import reduce
from math import prod
from operator import mul
from typing import Any

import numpy as np

from .arrays import Floats, Problem, ProblemError, finite
from .compiled import fitting
from .exact import Gradient, Progress, Result
from .features import features
from .item import Item, Loss, take
from .moments import Blocks, lay
from .sliding import sliding

DENSE = "a dense mask leaves no moments to share; use method exact, or one mask per key set"


def solve(p: Problem, coefficients: Sequence[float], progress: Progress | None = None,
          kind: np.dtype[Any] | None = None, loss: Loss | None = None) -> Result:
    """Output, logsumexp (log of the sums of P) and, with an upstream gradient, all gradients of attention with P.

    coefficients: c_0, ..., c_g of P, of the scores as they are.  `progress` hears how many query rows were done.
    kind: float32 or float64 to compute in, by default that of the problem, which the results keep.
    loss: a function of outputs (b, dv) and rows that gives the upstream gradient there, (b, dv), in the place of an array.
    Raises ProblemError for a dense mask, for a row whose sum of P is not positive, and for results beyond the dtype.
    Memory beyond inputs and results: O(b r + g m r), b the tokens of a block, m = 1 + dv, r = C(d + g, g).
    """
    if p.dense is not None: raise ProblemError(DENSE)
    (items, n, d), dv, kind = p.q.shape, p.values[0].shape[2], kind or p.q.dtype
    out, lse = np.empty((items, n, dv), p.q.dtype), np.empty((items, n), p.q.dtype)
    f = features(d, len(coefficients) - 1)
    w, limited = f.weights(coefficients), bool(p.causal or p.window)
    grads = None
    if p.upstream is not None or loss is not None:
        make = [np.zeros_like if limited or mask is not None else np.empty_like for mask in p.masks]
        keys, values = (tuple(like(a) for like, a in zip(make, sets)) for sets in (p.keys, p.values))
        grads = Gradient(np.empty_like(p.q), keys, values)
    sizes = f, 1 + dv, kind, max(n, *(k.shape[1] for k in p.keys))
    blocks = None if limited else fitting(*sizes, p.q) or Blocks(*sizes)
    with np.errstate(all="ignore"):                                  # what overflows is found, and named
        for b in range(items):
            item = take(p, b, out[b], lse[b], grads, progress or (lambda rows: None), loss)
            if blocks is None: sliding(item, f, w, kind)
            else: _whole(item, blocks, w)
            if grads is None: continue
            for s, span in enumerate(item.spans):
                if p.masks[s] is None: continue                      # the places were in the result
                grads.keys[s][b, span.positions] = item.dpoints[1 + s]
                grads.values[s][b, span.positions] = item.dvalues[s]
    return _result(p, out, lse, grads)


def _whole(t: Item, blocks: Blocks, w: Floats) -> None:
    """Every row sees every position: the three slots as they are said above."""
    rows, sizes = t.slots[0], [slot.tokens for slot in t.slots[1:]]
    moments = [blocks.moment(slot) / size for slot, size in zip(t.slots[1:], sizes)]
    C = w * reduce(mul, moments)
    C0, wants = C.astype(blocks.kind), t.loss is not None
    shifted = blocks.shifted(C) if wants else None
    upstream = np.zeros_like(C)
    for at in blocks.ranges(rows.tokens):
        F = blocks.fill(rows, at)
        sums = t.normalised(blocks.values(C0, F), at, prod(sizes))
        if shifted is not None:
            U = t.columns(sums, at, blocks.space(at))
            blocks.gather(upstream, U, F)
            lay(t.dpoints[0][at], blocks.slopes(shifted, F, U) * rows.stretch[:, None])
        t.progress(at.stop - at.start)
    if shifted is None: return
    for s, slot in enumerate(t.slots[1:]):
        C = w * reduce(mul, [upstream, *moments[:s], *moments[s + 1:]]) / sizes[s]
        C0, shifted = C[1:].astype(blocks.kind), blocks.shifted(C)
        for at in blocks.ranges(slot.tokens):
            F = blocks.fill(slot, at)
            lay(t.dvalues[s][at], blocks.values(C0, F))
            lay(t.dpoints[1 + s][at], blocks.slopes(shifted, F, blocks.columns(slot, at)) * slot.stretch[:, None])


def _result(p: Problem, out: Floats, lse: Floats, grads: Gradient | None) -> Result:
    """In the shapes that were given.  Raises ProblemError for what is not finite."""
    help = f": beyond {p.q.dtype}; " + ("use dtype float64" if p.q.dtype == np.float32 else "scale the inputs down")
    def shape(a: Floats) -> Floats: return a.reshape(*p.batch, *a.shape[1:])
    finite("out", out, help)
    if grads is None: return Result(shape(out), shape(lse), None)
    names = ["dq", *(f"d{letter}{s}" for letter in "kv" for s in range(1, p.order + 1))]
    for name, g in zip(names, (grads.q, *grads.keys, *grads.values)): finite(name, g, help)
    keys, values = (tuple(map(shape, sets)) for sets in (grads.keys, grads.values))
    return Result(shape(out), shape(lse), Gradient(shape(grads.q), keys, values))
