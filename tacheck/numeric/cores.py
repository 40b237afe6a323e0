"""The loss gradient in an X that is not factored, by the core tensors of the powers of the score.

    s = scale sum_abe X_abe x_a y_b z_e,      s^p = sum T_p[al, be, ga] x^al y^be z^ga,   |al| = |be| = |ga| = p

T_p has r_p^(order+1) entries, r_p = C(d + p - 1, p), whatever the number of tokens is.  With the moments M_0 (columns U), M_1,
M_2 of the rows of A1, A2, A3 and S[c, al] = M[al + e_c], one pass over the queries gives

    C_0 = sum_p c_p T_p M_1 M_2,      dX_abe = scale sum_p p c_p sum T_{p-1} S_0[a] S_1[b] S_2[e]       (summed over columns u)
"""
from __future__ import annotations

from collections.abc import Sequence
from itertools import product
from math import comb, prod

import numpy as np

from .arrays import Floats
from .features import Features, features
from .item import Item, Loss
from .moments import Blocks, Slot

LIMIT = 1 << 24                                                      # entries of all core tensors


def entries(d: int, g: int, order: int) -> int:
    """How many numbers the core tensors of degree <= g are."""
    return sum(comb(d + p - 1, p) ** (order + 1) for p in range(g + 1))


def cores(X: Floats, scale: float, f: Features) -> list[Floats]:
    """T_0, ..., T_g for X (d, d, ..., d), by d^(order+1) shifted sums a degree."""
    found: list[Floats] = [np.ones((1,) * X.ndim)]
    for p in range(f.g):
        shift = f.shifts[:, f.starts[p]:f.starts[p + 1]] - f.starts[p + 1]
        up = np.zeros((f.starts[p + 2] - f.starts[p + 1],) * X.ndim)
        for at in product(range(f.d), repeat=X.ndim):
            if X[at]: up[np.ix_(*(shift[c] for c in at))] += scale * X[at] * found[-1]
        found.append(up)
    return found


def core_gradient(X: Floats, A: Sequence[Floats], values: Sequence[Floats], coefficients: Sequence[float], scale: float,
                  loss: Loss, out: Floats) -> Floats:
    """dLoss/dX (d, ..., d) for A (n, d), (n_1, d), ..., and values (n_s, dv); `out` (n, dv) is written.

    Raises ProblemError for a row whose sum of P is not positive.  O(n m r) time, O(b r + m r) memory and the core tensors.
    """
    d, m, sizes = A[0].shape[1], 1 + out.shape[1], [len(a) for a in A[1:]]
    f = features(d, len(coefficients) - 1)
    T, at = cores(X, scale, f), [slice(*ends) for ends in zip(f.starts, f.starts[1:])]
    slots = [Slot(a, np.ones(d), v) for a, v in zip(A, [None, *values])]
    blocks = Blocks(f, m, np.dtype(float), max(len(a) for a in A))
    item = Item(slots, [], loss, out, np.empty(len(out)), [], [], "", lambda rows: None)
    moments = [blocks.moment(slot) / size for slot, size in zip(slots[1:], sizes)]

    slot_axes, C = "abcdefgh"[:X.ndim], np.zeros((m, f.rank))
    for p, c in enumerate(coefficients):
        terms = f"{slot_axes},{','.join('z' + a for a in slot_axes[1:])}->z{slot_axes[0]}"
        C[:, at[p]] = c * np.einsum(terms, T[p], *(M[:, at[p]] for M in moments), optimize=True)
    upstream = np.zeros_like(C)
    for rows in blocks.ranges(len(out)):
        F = blocks.fill(slots[0], rows)
        sums = item.normalised(blocks.values(C, F), rows, prod(sizes))
        blocks.gather(upstream, item.columns(sums, rows, blocks.space(rows)), F)

    found, new = np.zeros(X.shape), "stuvwxyj"[:X.ndim]
    terms = f"{slot_axes},{','.join('z' + x + a for x, a in zip(new, slot_axes))}->{new}"
    for p, c in enumerate(coefficients[1:], 1):
        shift = f.shifts[:, at[p - 1]]
        found += p * c * scale * np.einsum(terms, T[p - 1], *(M[:, shift] for M in (upstream, *moments)), optimize=True)
    return found
