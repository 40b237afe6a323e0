"""Keys that arrive in pieces: the moments of each key set are kept and extended, and queries attend to all that came so far.

    state = KeyState(d=4, dv=4, order=2, radius=1, error=1e-4)
    state.extend([k1, k2], [v1, v2])                       any number of positions of each key set, also none
    out = state.attend(q)                                  as attention to all keys so far: O(m r) for each query

So decoding is incremental: a token's keys and values are added once, and the cost of a query does not depend on how many there
are.  The range of the scores has to be known before the first key: queries whose scores may leave it are refused.
"""
from __future__ import annotations

from functools import reduce
from math import inf, log, prod
from operator import mul
from typing import Any

import numpy as np

from .arrays import Floats, ProblemError, cast, dtype_of, finite, numbers, scale_of, shaped
from .door import asked
from .features import extremes, features, rank
from .moments import Blocks, Slot
from .plan import columns_range, polynomial, rounding


class KeyState:
    """The moments (m, r) of each key set and batch item, m = 1 + dv, r = C(d + degree, degree)."""

    def __init__(self, d: int, dv: int, *, radius: Any, error: Any, order: int = 2, scale: Any = None, dtype: Any = None,
                 batch: tuple[int, ...] = (), max_rank: int = 100_000):
        """For scores of at most `radius` and weights within the relative `error`; scale: a number, None for 1/d.

        dtype: float32 or float64, of the results; computed in float64 where float32 may not keep the error, and sums are kept in
        float64.  batch: the leading dimensions of all arrays.
        Raises ProblemError for what is no such number, and for more than `max_rank` features.
        """
        wanted = asked(error)
        if wanted is None: raise ProblemError("error None: a state is fast, and needs an error, as error=1e-4")
        for name, size in (("d", d), ("dv", dv), ("order", order)):
            if not isinstance(size, int) or size < 1: raise ProblemError(f"{name} {size!r}: a positive integer is needed")
        try: reach = float(radius)
        except (TypeError, ValueError, OverflowError): reach = -1.0
        if not 0 <= reach < inf: raise ProblemError(f"radius {radius!r}: the largest |score| there may be is needed")
        self.polynomial = polynomial(-reach, reach, wanted, False)
        self.rank = rank(d, self.polynomial.degree)
        if self.rank > max_rank:
            need = f"degree {self.polynomial.degree} and rank {self.rank}"
            raise ProblemError(f"radius {reach:.4g} and error {float(wanted):.3g} in d = {d} columns need {need}; max_rank is "
                               f"{max_rank}: allow a larger error or rank, or a smaller radius")
        self.d, self.dv, self.order, self.batch, self.scale = d, dv, order, tuple(batch), scale_of(scale, d)
        self.kind, self.error = dtype_of("float64" if dtype is None else dtype, []), wanted
        narrow = self._rounding(self.kind, reach) <= wanted
        self.inner = self.kind if narrow else np.dtype(float)        # what is computed in
        self.features = features(d, self.polynomial.degree)
        self.weights = self.features.weights(self.polynomial.coefficients)
        self.moments = np.zeros((prod(batch), order, 1 + dv, self.rank))
        self.ends = np.zeros((2, prod(batch), order, d))             # the least and greatest key entries so far, by column
        self.tokens = [0] * order                                    # positions of each key set so far

    def _rounding(self, kind: np.dtype[Any], terms: float) -> float:
        """What rounding may take from a weight, relatively, where the sizes of the terms of a score sum up to `terms`."""
        return rounding(self.polynomial, self.d, self.order, kind, terms)

    @np.errstate(all="ignore")                                       # what overflows is found in what comes out
    def extend(self, keys: Any, values: Any) -> None:
        """Add positions: keys[s] (..., t_s, d) with values[s] (..., t_s, dv), or None for both; one array each for order 1.

        Raises ProblemError, and then nothing was added.
        """
        K, V = (a if isinstance(a, list | tuple) else [a] for a in (keys, values))
        if len(K) != self.order or len(V) != self.order:
            raise ProblemError(f"{len(K)} key sets and {len(V)} value sets; the state has {self.order}: None adds nothing")
        pieces: list[tuple[int, Floats, Floats]] = []
        for s, (k, v) in enumerate(zip(K, V)):
            if k is None and v is None: continue
            given = numbers(f"k{s + 1}", k), numbers(f"v{s + 1}", v)
            shaped(f"k{s + 1}", given[0], (*self.batch, "t", self.d), f"a state of batch {self.batch} and d = {self.d}")
            shaped(f"v{s + 1}", given[1], (*given[0].shape[:-1], self.dv), f"k{s + 1} of shape {given[0].shape}")
            pieces.append((s, self._flat(f"k{s + 1}", given[0]), self._flat(f"v{s + 1}", given[1])))
        for s, points, columns in pieces:
            blocks, new = Blocks(self.features, 1 + self.dv, self.inner, max(1, points.shape[1])), points.shape[1]
            for item in range(len(points) if new else 0):
                self.moments[item, s] += blocks.moment(Slot(points[item], np.ones(self.d), columns[item]))
                low, high = extremes(points[item])
                old = self.ends[:, item, s] if self.tokens[s] else (low, high)
                self.ends[:, item, s] = np.minimum(old[0], low), np.maximum(old[1], high)
            self.tokens[s] += new

    @np.errstate(all="ignore")
    def attend(self, q: Any, *, return_logsumexp: bool = False) -> Any:
        """Attention of q (..., n, d) to all positions so far: out (..., n, dv), and logsumexp (..., n) if asked for.

        Raises ProblemError where a key set has no positions yet, or scores may be larger than the radius.
        """
        given = numbers("q", q)
        shaped("q", given, (*self.batch, "n", self.d), f"a state of batch {self.batch} and d = {self.d}")
        for s, tokens in enumerate(self.tokens):
            if not tokens: raise ProblemError(f"k{s + 1} has no positions yet: extend the state first")
        x, radius = self._flat("q", given), float(self.polynomial.radius)
        out, lse = np.empty((*x.shape[:2], self.dv), self.kind), np.empty(x.shape[:2], self.kind)
        blocks = Blocks(self.features, 1 + self.dv, self.inner, max(1, x.shape[1]))
        for item, rows in enumerate(x):
            lower, upper, terms = columns_range(rows, list(zip(*self.ends[:, item])), self.scale)
            if not (reach := max(-lower, upper)) <= radius:
                raise ProblemError(f"scores may reach {reach:.4g}, and the state is for scores up to {radius:.4g}: make it with "
                                   "a larger radius, or scale q or the keys down")
            if (allowance := self._rounding(self.inner, terms)) > self.error:
                raise ProblemError(f"error {float(self.error):.3g} is less than rounding may take in {self.inner} on scores with "
                                   f"terms up to {terms:.4g}, {allowance:.2g}: allow a larger error, or scale q or the keys down")
            C = (self.weights * reduce(mul, [M / n for M, n in zip(self.moments[item], self.tokens)])).astype(self.inner)
            slot = Slot(rows, np.full(self.d, self.scale))
            for at in blocks.ranges(len(rows)):
                sums = blocks.values(C, blocks.fill(slot, at))
                out[item, at], lse[item, at] = (sums[1:] / sums[0]).T, np.log(sums[0]) + log(prod(self.tokens))
        lse += float(self.polynomial.centre)
        for name, a in (("out", out), ("logsumexp", lse)): finite(name, a, f": beyond {self.kind}; bring q and keys to one size")
        found = out.reshape(*given.shape[:-1], self.dv)
        return (found, lse.reshape(given.shape[:-1])) if return_logsumexp else found

    def _flat(self, name: str, a: Floats) -> Floats:
        """With one leading axis for all batch dimensions, in the type of the results."""
        return cast(name, a, self.kind).reshape(prod(self.batch), *a.shape[-2:])
