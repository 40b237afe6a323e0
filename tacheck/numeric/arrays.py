"""What a valid attention problem is, decided in one place.

Every message is one line: which array, where, what it is, what it must be, and what would help.  Arrays are called by
their names in files: q, k1, k2, ..., v1, v2, ..., upstream, mask, mask1, mask2, ...
"""
from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from math import isfinite, prod
from operator import index
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.floating[Any]]
Bools = NDArray[np.bool_]
Ints = NDArray[np.intp]


class ProblemError(ValueError):
    """The arrays or options are no attention problem.  One line: what, where, both sides, what would help."""


class Span(NamedTuple):
    """The positions of one key set that take part, and for query row i the slice first[i]:last[i] of them that it sees."""
    positions: Ints
    first: Ints
    last: Ints


@dataclass(frozen=True)
class Problem:
    """A checked problem.  Batch and head dimensions are flattened into one leading axis; all floats have one dtype."""
    q: Floats                                                        # (items, n, d)
    keys: tuple[Floats, ...]                                         # (items, n_s, d)
    values: tuple[Floats, ...]                                       # (items, n_s, dv)
    upstream: Floats | None                                          # (items, n, dv)
    scale: float
    causal: bool
    window: tuple[int, ...] | None
    masks: tuple[Bools | None, ...]                                  # (items, n_s): True takes part
    dense: Bools | None                                              # (items, n, n_1, ..., n_k)
    batch: tuple[int, ...]                                           # the leading dimensions, as given

    @property
    def order(self) -> int: return len(self.keys)

    @property
    def rows(self) -> int: return prod(self.q.shape[:2])

    def where(self, item: int) -> str:
        """The item in words, by its batch indices; nothing where there is no batch."""
        return f" of batch item {tuple(map(int, np.unravel_index(item, self.batch)))}" if self.batch else ""

    def spans(self, item: int) -> list[Span]:
        """What each query row of the item sees of each key set, without the dense mask.  O(n log n)."""
        rows, spans = np.arange(self.q.shape[1]), []
        for s, (key, mask) in enumerate(zip(self.keys, self.masks)):
            positions = np.arange(key.shape[1]) if mask is None else np.flatnonzero(mask[item])
            first, last = np.zeros_like(rows), np.full_like(rows, len(positions))
            if self.causal or self.window: last = np.searchsorted(positions, rows, side="right")
            if self.window: first = np.searchsorted(positions, rows - self.window[s] + 1)
            spans.append(Span(positions, first, last))
        return spans


def problem(q: Any, keys: Any, values: Any, *, scale: Any = None, causal: bool = False, window: Any = None, mask: Any = None,
            dtype: Any = None, upstream: Any = None) -> Problem:
    """The checked problem; shapes as in `attention`.  Raises ProblemError, in one line.  O(size of the arrays)."""
    Q, K, V = numbers("q", q), _sets("k", keys), _sets("v", values)
    G = None if upstream is None else numbers("upstream", upstream)
    if not K: raise ProblemError("keys is empty: attention needs at least one key set")
    if len(V) != len(K): raise ProblemError(f"{len(K)} key sets and {len(V)} value sets: each key set needs its values")
    if Q.ndim < 2: raise ProblemError(f"q has shape {Q.shape}; it must be (..., n, d), a row for each position")
    *batch, n, d = Q.shape
    if not d: raise ProblemError(f"q has shape {Q.shape}: d = 0 columns leave nothing to compare")
    for s, (k, v) in enumerate(zip(K, V), 1):
        shaped(f"k{s}", k, (*batch, f"n{s}", d), f"q of shape {Q.shape}")
        if not k.shape[-2]: raise ProblemError(f"k{s} has shape {k.shape}: no positions, and a softmax needs at least one")
        shaped(f"v{s}", v, (*batch, k.shape[-2], "dv" if s == 1 else V[0].shape[-1]), f"k{s} of shape {k.shape}"
               + (f" and v1 of shape {V[0].shape}" if s > 1 else ""))
    if not V[0].shape[-1]: raise ProblemError(f"v1 has shape {V[0].shape}: dv = 0 columns leave no output")
    if G is not None: shaped("upstream", G, (*batch, n, V[0].shape[-1]), "q and v1: the shape of the output")

    names = ["q", *(f"k{s}" for s in range(1, len(K) + 1)), *(f"v{s}" for s in range(1, len(K) + 1)), "upstream"]
    given = [Q, *K, *V, *([] if G is None else [G])]
    kind = dtype_of(dtype, given)
    items = prod(batch)
    flat = [cast(name, a, kind).reshape(items, *a.shape[-2:]) for name, a in zip(names, given)]
    lengths = [k.shape[-2] for k in K]
    masks, dense = _masks(mask, tuple(batch), n, lengths)
    found = Problem(flat[0], tuple(flat[1:1 + len(K)]), tuple(flat[1 + len(K):1 + 2 * len(K)]), None if G is None else flat[-1],
                    scale_of(scale, d), bool(causal), _window(window, len(K)), masks, dense, tuple(batch))
    for what in _nothing_left(found): raise ProblemError(what)
    return found


def array(name: str, given: Any) -> NDArray[Any]:
    """What was given, as an array.  Raises ProblemError for what NumPy cannot read."""
    if isinstance(given, np.ma.MaskedArray): raise ProblemError(f"{name} is a masked array; give its data, and the mask apart")
    try: return np.asarray(given)
    except Exception as bad:                                         # ragged lists; tensors that live on another device
        raise ProblemError(f"{name} cannot be read as an array: {' '.join(str(bad).split())}") from None


def numbers(name: str, given: Any) -> NDArray[Any]:
    """A finite array of floats (half, single or double).  Raises ProblemError with the first bad index."""
    a = array(name, given)
    if a.dtype.kind == "f": a = a.astype(a.dtype.newbyteorder("="), copy=False)
    if a.dtype not in (np.float16, np.float32, np.float64):
        raise ProblemError(f"{name} has dtype {a.dtype}; float16, float32 or float64 is needed: convert it by .astype('float64')")
    finite(name, a)
    return a


def finite(name: str, a: NDArray[Any], help: str = "") -> None:
    """Raises ProblemError at the first nan or inf."""
    good = np.isfinite(a)
    if good.all(): return
    at = tuple(int(i) for i in np.unravel_index(int(np.argmin(good)), a.shape))
    raise ProblemError(f"{name} has {a[at]} at {at}" + (help or "; every entry must be finite (leave positions out with a mask)"))


def matrices(name: str, given: Any) -> tuple[NDArray[Any], ...]:
    """A sequence of matrices, called name1, name2, ...  Raises ProblemError."""
    if not isinstance(given, list | tuple):
        raise ProblemError(f"{name} is one {type(given).__name__}; it must be a list or tuple of matrices")
    found = tuple(numbers(f"{name}{i}", a) for i, a in enumerate(given, 1))
    for i, a in enumerate(found, 1):
        if a.ndim != 2: raise ProblemError(f"{name}{i} has shape {a.shape}; it must be a matrix")
    return found


def _sets(letter: str, given: Any) -> tuple[NDArray[Any], ...]:
    """The arrays of a sequence; one array is a sequence of one."""
    return tuple(numbers(f"{letter}{s}", a) for s, a in enumerate(given if isinstance(given, list | tuple) else (given,), 1))


def shaped(name: str, a: NDArray[Any], wanted: Sequence[int | str], beside: str) -> None:
    """Raises ProblemError unless the array has the wanted shape; letters stand for any size."""
    if len(wanted) == a.ndim and all(isinstance(w, str) or w == k for w, k in zip(wanted, a.shape)): return
    shape = f"({', '.join(map(str, wanted))}{',' * (len(wanted) == 1)})"
    raise ProblemError(f"{name} has shape {a.shape}; beside {beside} it must be {shape} (nothing is broadcast)")


def dtype_of(dtype: Any, arrays: list[NDArray[Any]]) -> np.dtype[Any]:
    try: kind: np.dtype[Any] = np.dtype(dtype) if dtype is not None else np.result_type(np.float32, *(a.dtype for a in arrays))
    except TypeError: kind = np.dtype(object)
    if kind not in (np.float32, np.float64): raise ProblemError(f"dtype {dtype!r}: float32 or float64 is needed")
    return kind


def cast(name: str, a: NDArray[Any], kind: np.dtype[Any]) -> Floats:
    with np.errstate(over="ignore"): found: Floats = a.astype(kind, copy=False)
    if found.dtype != a.dtype: finite(name, found, f" as {kind}, beyond its largest number; use dtype float64")
    return found


def scale_of(scale: Any, d: int) -> float:
    if scale is None: return 1 / d
    try: number = float(scale)
    except (TypeError, ValueError, OverflowError): number = float("nan")
    if not isfinite(number): raise ProblemError(f"scale {scale!r}: a finite number is needed (None is 1/d)")
    return number


def _window(window: Any, order: int) -> tuple[int, ...] | None:
    if window is None: return None
    try: sizes = tuple(map(index, window)) if isinstance(window, list | tuple) else (index(window),) * order
    except TypeError: sizes = ()
    if len(sizes) != order or min(sizes) < 1:
        raise ProblemError(f"window {window!r}: a positive integer is needed, or one for each of the {order} key sets")
    return sizes


def _masks(mask: Any, batch: tuple[int, ...], n: int, lengths: list[int]) -> tuple[tuple[Bools | None, ...], Bools | None]:
    """The masks by key set, or the dense one, with one leading axis."""
    none, items = (None,) * len(lengths), prod(batch)
    if mask is None: return none, None
    if not isinstance(mask, list | tuple):
        whole = array("mask", mask)
        if whole.ndim != len(batch) + 1 or len(lengths) > 1:
            _boolean("mask", whole)
            shaped("mask", whole, (*batch, n, *lengths), f"{n} query rows (or give a list of one mask per key set)")
            return none, whole.reshape(items, n, *lengths)
        mask = [whole]
    if len(mask) != len(lengths):
        raise ProblemError(f"{len(mask)} masks and {len(lengths)} key sets: each key set needs a mask or None")
    found: list[Bools | None] = []
    for s, (m, size) in enumerate(zip(mask, lengths), 1):
        a = None if m is None else array(f"mask{s}", m)
        if a is not None:
            _boolean(f"mask{s}", a)
            shaped(f"mask{s}", a, (*batch, size), f"k{s} with {size} positions")
        found.append(None if a is None else a.reshape(items, size))
    return tuple(found), None


def _boolean(name: str, a: NDArray[Any]) -> None:
    if a.dtype != np.bool_:
        raise ProblemError(f"{name} has dtype {a.dtype}; it must be bool, True where a position takes part: convert it by != 0")


def _nothing_left(p: Problem) -> Iterator[str]:
    """One line for each query row that sees nothing."""
    limits = [word for word, on in (("causal", p.causal), (f"window {p.window}", p.window)) if on]
    for item in range(p.q.shape[0]):
        where, spans = p.where(item), p.spans(item)
        for s, span in enumerate(spans):
            for i in np.flatnonzero(span.first >= span.last).tolist():
                why = " and ".join([*limits, *([f"mask{s + 1}"] if p.masks[s] is not None else [])])
                yield (f"query row {i}{where} has nothing left in k{s + 1}: {why} leave out all {p.keys[s].shape[1]} positions; "
                       "drop the row, or let it see one")
        if p.dense is None:
            if not any(m is not None for m in p.masks): return       # every item is like the first
            continue
        for i in range(p.q.shape[1]):
            if not p.dense[item, i][tuple(slice(span.first[i], span.last[i]) for span in spans)].any():
                why = " and ".join([*limits, "mask"])
                yield f"query row {i}{where} has nothing left: {why} leave out every tuple; drop the row, or let it see one"
