"""A certified range of the scores scale * sum_c q_ic k1_jc k2_lc ..., for all tuples of positions, without forming them.

With x = scale q and t_s the largest entry of each column of key set s, the scores of query row i are bounded by

    columns   sum_c of the ends of x_ic [low_c, high_c],  [low_c, high_c] the range of a product of key columns    O(n d)
    powers    |x_i|_p  max_j |k1_j|_p  max_l |k2_l|_p,    p = order + 1                            (Hoelder)       O(n d)
    norms     max_j |x_i o k1_j|_2  max_l |k2_l|_2,       one product of matrices of squares       (Cauchy)        O(n^2 d)
    tuples    the scores themselves                                                                                O(n^order n d)

and columns may be rescaled in one slot and back in another, which balances them.  What is given is real arithmetic
on the arrays as they are, in double precision: each bound is widened by what rounding may have taken from it.
"""
from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from math import prod

import numpy as np

from .arrays import Floats, Problem, ProblemError

BUDGET = 2e9                                                         # multiplications that a range may cost, by default
BLOCK = 1 << 15                                                      # entries of an intermediate matrix: a quarter of a megabyte
FAINT = 2.0 ** -900                                                  # of the largest term: more than underflow takes
ULP = 2.0 ** -52                                                     # two roundings


@dataclass(frozen=True)
class Range:
    """All scores of one item lie in [lower, upper], those of one query row within `width`; `by` is the bound that says so."""
    lower: float
    upper: float
    width: float
    by: str
    terms: float = np.inf                                            # the sizes of a score's terms add up to this at most

    @property
    def radius(self) -> float:
        """The largest |score| there may be."""
        return max(-self.lower, self.upper)


@dataclass(frozen=True)
class Slot:
    """Points whose columns are multiplied by each of some factors in turn, block by block, in double precision."""
    points: Floats                                                   # (n, d)
    factors: tuple[Floats, ...]                                      # (d,) each

    def __len__(self) -> int: return len(self.points)

    def by(self, factor: Floats) -> Slot:
        """One factor more: in one with the last, where both together are far from underflow."""
        both = self.factors[-1] * factor
        safe = (both == 0) | (np.abs(np.frexp(both)[1]) < 900) & np.isfinite(both)
        return Slot(self.points, (*self.factors[:-1], both) if safe.all() else (*self.factors, factor))

    def all(self) -> Floats: return np.concatenate([rows for _, rows in self.blocks()])

    def blocks(self, width: int = 1) -> Iterator[tuple[slice, Floats]]:
        """The rows, few at a time: a block times `width` numbers fits a cache."""
        step = max(1, min(len(self), BLOCK // (width * self.points.shape[1])))
        first, *more = (np.tile(f, (step, 1)) for f in self.factors)   # long rows are multiplied faster
        for lo in range(0, len(self), step):
            at = slice(lo, min(lo + step, len(self)))
            size = at.stop - lo
            found = self.points[at] * first[:size]
            for f in more: found *= f[:size]
            yield at, found

    def map(self, f: Callable[[Floats], Floats], width: int = 1) -> Floats:
        """f of each row."""
        found = np.empty(len(self))
        for at, rows in self.blocks(width): found[at] = f(rows)
        return found

    def size(self) -> Floats:
        """About the root mean square of each column: weights made of it may be anything."""
        some = Slot(self.points[::max(1, len(self) >> 14)], self.factors).all()
        found: Floats = np.maximum(np.sqrt(np.einsum("nd,nd->d", some, some) / len(some)), 2.0 ** -100)
        return found


@dataclass(frozen=True)
class Scaled:
    """An item with columns scaled by powers of two: keys to entries up to 2, queries to carry the sizes and the scale."""
    x: Slot
    keys: list[Slot]
    top: Floats                                                      # (d,): the largest entry of each column of x
    ends: list[tuple[Floats, Floats]]                                # the least and greatest of the columns of the keys
    faint: float                                                     # what underflow may have taken from a score

    @property
    def d(self) -> int: return len(self.top)


def logit_range(p: Problem, budget: float = BUDGET) -> list[Range]:
    """The range of the scores of each batch item, by the best bounds of at most about `budget` multiplications an item.

    Positions that a mask of their key set leaves out are left out; causal, windowed and dense masks are not looked at, so the
    range covers what they hide.  Raises ProblemError where scores may lie beyond double precision.
    """
    found = []
    with np.errstate(all="ignore"):                                  # what overflows is found below
        for item in range(len(p.q)):
            r = _range(p, item, budget)
            if not np.isfinite([r.lower, r.upper, r.width]).all():
                raise ProblemError(f"the scores{p.where(item)} may lie beyond double precision; scale q or the keys down")
            found.append(r)
    return found


def _range(p: Problem, item: int, budget: float) -> Range:
    (n, d), sizes = p.q.shape[1:], [span.positions.size for span in p.spans(item)]
    if not n: return Range(0.0, 0.0, 0.0, "columns", 0.0)
    s = _scaled(p, item)
    lower, upper, total = _columns(s)
    bounds: dict[str, tuple[Floats, Floats]] = {"columns": (lower, upper)}
    terms = total + _slack(s, total)
    if n * prod(sizes) * d <= budget and prod(sizes[:-1]) * d <= 1 << 22:
        bounds["tuples"], terms = _tuples(s, total), np.minimum(terms, _powers(s))
    elif p.order > 1:
        reach = _powers(s)
        bounds["powers"], terms = (-reach, reach), np.minimum(terms, reach)
        for slot, cost in sorted(((k, _cost(n, sizes, k) * d) for k in range(p.order)), key=lambda pair: pair[1]):
            if (budget := budget - cost) < 0: break
            reach = _norms(s, slot)
            terms = np.minimum(terms, reach)                         # inequalities are about the sizes of terms
            bounds["norms"] = tuple(f(b, end) for f, b, end in zip(  # type: ignore[assignment]
                (np.maximum, np.minimum), bounds.get("norms", (-reach, reach)), (-reach, reach)))
    lo, hi = np.max([b[0] for b in bounds.values()], axis=0), np.min([b[1] for b in bounds.values()], axis=0)
    least, most, width = float(lo.min()), float(hi.max()), float((hi - lo).max())
    at = int(np.argmax(np.maximum(-lo, hi)))
    by = min(bounds, key=lambda name: max(-float(bounds[name][0][at]), float(bounds[name][1][at])))
    least, most, width = (float(np.nextafter(x, end)) for x, end in ((least, -np.inf), (most, np.inf), (width, np.inf)))
    return Range(least, most, width, by, float(terms.max()))


def _cost(n: int, sizes: Sequence[int], slot: int) -> int:
    """Pairs of rows that `_norms` multiplies."""
    others = [k for s, k in enumerate(sizes) if s != slot]
    return n * sizes[slot] + (others[0] * others[1] if len(others) > 1 else 0)


# ---- columns of one size ----------------------------------------------------------------------------------------------

def _scaled(p: Problem, item: int) -> Scaled:
    """Exact but for one rounding a query entry, and for underflow, which is far below `faint`."""
    spans, slots = p.spans(item), [p.q[item]]
    slots += [k[item] if mask is None else k[item][span.positions] for k, mask, span in zip(p.keys, p.masks, spans)]
    ends = [tuple(_folded(f, a).astype(float) for f in (np.minimum, np.maximum)) for a in slots]
    tops = np.array([np.maximum(-lo, hi) for lo, hi in ends])        # (slots, d)
    powers = np.clip(np.frexp(tops)[1] - 1, -1000, 1000)
    alive = (tops > 0).all(axis=0) & (p.scale != 0)                  # a column of zeros adds nothing to any score
    mantissa, exponent = np.frexp(p.scale)
    size = powers.sum(axis=0) + int(exponent)
    if (size[alive] > 1000).any():
        raise ProblemError(f"the scores{p.where(item)} may lie beyond double precision; scale q or the keys down")
    unit = np.exp2(-powers.astype(float))
    weight = np.where(alive, mantissa * np.exp2(np.where(alive, np.clip(size, -1074, 1000), 0).astype(float)), 0)
    top = tops[0] * unit[0] * np.abs(weight)
    faint = FAINT * (1 + float(np.prod([top, *(tops[1:] * unit[1:])], axis=0).sum()))
    return Scaled(Slot(slots[0], (unit[0],)).by(weight), [Slot(k, (u,)) for k, u in zip(slots[1:], unit[1:])], top,
                  [(lo * u, hi * u) for (lo, hi), u in zip(ends[1:], unit[1:])], faint)


def _folded(f: np.ufunc, a: Floats) -> Floats:
    """f over the rows of a, many rows side by side: long rows are reduced faster."""
    (n, d), fold = a.shape, 256
    if n < 4 * fold or not a.flags.c_contiguous: return f.reduce(a, axis=0)  # type: ignore[no-any-return]
    whole = n // fold * fold
    wide = f.reduce(a[:whole].reshape(-1, fold * d), axis=0).reshape(fold, d)
    return f.reduce(np.concatenate([wide, a[whole:]]), axis=0)       # type: ignore[no-any-return]


def _columns(s: Scaled) -> tuple[Floats, Floats, Floats]:
    """Lower and upper ends for each query row, and the sum of the sizes of all terms."""
    low = high = np.ones(s.d)
    for ends in s.ends:
        products = [a * b for a in (low, high) for b in ends]
        low, high = np.min(products, axis=0), np.max(products, axis=0)
    middle, half, top = (low + high) / 2, (high - low) / 2, np.maximum(-low, high)
    centre, reach, total = np.empty((3, len(s.x)))
    for at, x in s.x.blocks():
        np.matmul(x, middle, out=centre[at])
        np.abs(x, out=x)
        np.matmul(x, half, out=reach[at])
        np.matmul(x, top, out=total[at])
    reach += _slack(s, total)
    return centre - reach, centre + reach, total


def _slack(s: Scaled, total: Floats) -> Floats:
    """What rounding may take from a sum of products whose sizes add up to `total`."""
    found: Floats = total * (ULP * (2 * s.d + len(s.keys) + 12)) + s.faint
    return found


def _tuples(s: Scaled, total: Floats) -> tuple[Floats, Floats]:
    """The least and greatest score of each query row."""
    lower, upper = np.empty(len(s.x)), np.empty(len(s.x))
    *first, last = (k.all() for k in s.keys)
    for at, part in s.x.blocks(prod(map(len, first)) * (1 + len(last) // s.d)):
        for k in first: part = (part[:, None] * k).reshape(-1, s.d)
        found = (part @ last.T).reshape(at.stop - at.start, -1)
        lower[at], upper[at] = found.min(axis=1), found.max(axis=1)
    slack = _slack(s, total)
    return lower - slack, upper + slack


# ---- inequalities -----------------------------------------------------------------------------------------------------

def _balanced(s: Scaled, sharing: Sequence[int]) -> tuple[list[Slot], float]:
    """The slots with rescaled columns, those in `sharing` (slot 0 among them) with columns of one size, and a factor.

    Scores of these, times the factor, are the scores, but for 4 roundings a slot.  The largest column is of about size 1.
    """
    most = float(s.top.max())
    slots = [s.x.by(np.full(s.d, 1 / most)), *s.keys]
    sizes = [slots[k].size() for k in sharing]
    weights = np.prod(sizes, axis=0) ** (1 / len(sizes)) / sizes[1:]
    slots[0] = slots[0].by(1 / np.prod(weights, axis=0))
    for k, w in zip(sharing[1:], weights): slots[k] = slots[k].by(w)
    return slots, most


def _powers(s: Scaled) -> Floats:
    """|x_i|_p max_j |k1_j|_p ...: the root is checked by multiplication."""
    if not s.top.any(): return np.full(len(s.x), s.faint)
    p, one = len(s.keys) + 1, np.ones(s.d)
    slots, factor = _balanced(s, range(p))
    x, *keys = (slot.map(lambda rows: _power(rows, p) @ one) + FAINT for slot in slots)
    product: Floats = x * prod(float(k.max()) for k in keys)
    product *= 1 + ULP * p * (s.d + 5 * p + 8)
    root = product ** (1 / p) * (1 + 2.0 ** -40)
    root[~(_power(root, p) * (1 - 2.0 ** -44) >= product)] = np.inf
    root *= factor * (1 + 4 * ULP)
    root += s.faint
    return root


def _power(a: Floats, p: int) -> Floats:
    """|a|^p by multiplications."""
    a = np.abs(a)
    found = a * a if p > 1 else a
    for _ in range(p - 2): found *= a
    return found


def _norms(s: Scaled, slot: int) -> Floats:
    """max_j |x_i o k_j|_2 for the keys of that slot, times the largest |.|_2 of products of the others."""
    if not s.top.any(): return np.full(len(s.x), s.faint)
    (x, *keys), factor = _balanced(s, [0, 1 if slot else 2])         # the columns of that slot stay with x
    near, *others = (k.all() ** 2 for k in (keys[slot], *(k for t, k in enumerate(keys) if t != slot)))
    for extra in others[2:]: others[0] *= extra.max(axis=0)
    rest = max(float((a @ others[1].T if len(others) > 1 else a.sum(axis=1)).max())
               for _, a in Slot(others[0], (np.ones(s.d),)).blocks(1 + len(others[-1]) // s.d)) + FAINT
    found = x.map(lambda rows: (rows ** 2 @ near.T).max(axis=1), 1 + len(near) // s.d)
    grown = 1 + ULP * (2 * s.d + 8 * len(keys) + 16)
    reach: Floats = np.sqrt((found + FAINT) * grown) * np.sqrt(rest * grown) * (factor * (1 + 4 * ULP)) + s.faint
    return reach


# ---- from below -------------------------------------------------------------------------------------------------------

def sampled_range(p: Problem, item: int = 0, starts: int = 16, seed: int = 0) -> tuple[float, float] | None:
    """The least and greatest of scores that were found by a local search; None where a dense mask hid all of them.

    From random tuples, the best position of each slot in turn, for the greatest score and for the least.  These are scores
    of the item, computed in floating point: the range reaches at least so far.  O(starts (n + n_1 + ...) d).
    """
    if not p.q.shape[1]: return None
    rng, spans = np.random.default_rng(seed), p.spans(item)
    x = p.q[item].astype(float) * p.scale
    keys = [k[item][span.positions].astype(float) for k, span in zip(p.keys, spans)]
    found: list[float] = []
    for start in range(starts):
        sign, i = (1, -1)[start % 2], int(rng.integers(len(x)))
        at = [int(rng.integers(span.first[i], span.last[i])) for span in spans]
        best = -np.inf
        while True:
            for s, (k, span) in enumerate(zip(keys, spans)):
                beside = x[i] * prod((other[j] for t, (other, j) in enumerate(zip(keys, at)) if t != s), start=np.ones(1))
                at[s] = int(span.first[i]) + int(np.argmax(sign * (k[span.first[i]:span.last[i]] @ beside)))
            values = sign * (x @ prod((k[j] for k, j in zip(keys, at)), start=np.ones(1)))
            for j, span in zip(at, spans): values[(span.first > j) | (span.last <= j)] = -np.inf
            i = int(np.argmax(values))
            if not values[i] > best: break
            best = float(values[i])
        where = (i, *(int(span.positions[j]) for span, j in zip(spans, at)))
        if p.dense is None or p.dense[item][where]: found.append(sign * best)
    return (min(found), max(found)) if found else None
