"""One batch item as slots of tokens, and what both ways of running it share: its outputs, and the columns U of its queries."""
from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial
from math import log

import numpy as np

from .arrays import Bools, Floats, Problem, ProblemError, Span
from .exact import Gradient, Progress
from .features import extremes
from .moments import Slot

Loss = Callable[[Floats, slice], Floats]                             # outputs of rows `at` -> the loss's gradient there, (b, dv)


@dataclass
class Item:
    """One batch item: what is given, and the places for what is found.  Slot 0 has the queries."""
    slots: list[Slot]
    spans: list[Span]                                                # of the key slots, after their masks
    loss: Loss | None                                                # None: no gradients
    out: Floats                                                      # (n, dv)
    lse: Floats                                                      # (n,)
    dpoints: list[Floats]                                            # of each slot, where gradients are wanted
    dvalues: list[Floats]                                            # of each key slot
    where: str                                                       # the item in words
    progress: Progress

    def normalised(self, sums: Floats, at: slice, count: float) -> Floats:
        """The sums [D; num] (m, b) of rows `at`, each the mean over `count` tuples, as [D; num / D]; kept in `out`, `lse`."""
        D = sums[0]
        if not (D > 0).all():
            i = int(np.argmin(D > 0))
            if np.isfinite(sums[:, i]).all():
                raise ProblemError(f"query row {at.start + i}{self.where}: its sum of P(score) is {D[i] * count:.3g}, "
                                   "not positive, since P is not on these scores; take a P for their range, or method exact")
        sums[1:] /= D
        self.out[at], self.lse[at] = sums[1:].T, np.log(D) + log(count)
        return sums

    def columns(self, sums: Floats, at: slice, into: Floats) -> Floats:
        """U = [-G . out; G] / D (m, b) of rows `at`, from what `normalised` gave."""
        assert self.loss is not None
        np.divide(self.loss(sums[1:].T, at).T, sums[0], out=into[1:])
        np.einsum("cb,cb->b", into[1:], sums[1:], out=into[0])
        np.negative(into[0], out=into[0])
        return into


def take(p: Problem, b: int, out: Floats, lse: Floats, grads: Gradient | None, progress: Progress,
         loss: Loss | None = None) -> Item:
    """The item's slots without the positions that masks leave out."""
    spans = p.spans(b) if p.causal or p.window else [_all(k[b], mask, b) for k, mask in zip(p.keys, p.masks)]
    keys, values = ([a[b] if mask is None else a[b][span.positions] for a, mask, span in zip(sets, p.masks, spans)]
                    for sets in (p.keys, p.values))
    points = [p.q[b], *keys]
    stretch = _stretch(points, p.scale, 126 if p.q.dtype == np.float32 else 1000)
    stretch[0] *= p.scale
    slots = [Slot(x, c, v) for x, c, v in zip(points, stretch, [None, *values])]
    dpoints: list[Floats] = []
    dvalues: list[Floats] = []
    if grads is not None:
        dpoints.append(grads.q[b])
        for places, sets, given in ((dpoints, grads.keys, keys), (dvalues, grads.values, values)):
            places += [a[b] if mask is None else np.zeros_like(x) for a, mask, x in zip(sets, p.masks, given)]
    if loss is None and p.upstream is not None: loss = partial(_rows, p.upstream[b])
    return Item(slots, spans, loss, out, lse, dpoints, dvalues, p.where(b), progress)


def _rows(upstream: Floats, out: Floats, at: slice) -> Floats: return upstream[at]


def _all(k: Floats, mask: Bools | None, b: int) -> Span:
    """The positions that take part; every row sees them."""
    none = np.empty(0, np.intp)
    return Span(none if mask is None else np.flatnonzero(mask[b]), none, none)


def _stretch(points: Sequence[Floats], scale: float, most: int) -> Floats:
    """Powers of two (slots, d), of product 1 in each column, that bring the largest entries of a column close together.

    Those of slot 0 count times the scale; 1 where a power of more than `most` would be needed.
    """
    top = np.array([np.maximum(-low, high) for low, high in map(extremes, points)])
    size = np.where(top > 0, np.log2(np.where(top > 0, top, 1)), np.nan)
    if scale: size[0] += np.log2(abs(scale))
    some = ~np.isnan(size)
    aim = np.where(some.all(axis=0), size.mean(axis=0), 0)           # beside a column of zeros, 1 is as good
    powers = np.where(some, np.rint(aim - size), 0)
    rest = np.argmin(some, axis=0)                                   # a slot of zeros, else slot 0, takes what is left
    powers[rest, np.arange(powers.shape[1])] -= powers.sum(axis=0)
    return np.exp2(powers) if np.abs(powers).max(initial=0) <= most else np.ones_like(powers)
