"""How many multiplications the fast path makes, counted while it runs: samplers for the claims about its cost.

A counted array is an array whose multiplications and divisions are counted as NumPy makes them, and so are those of whatever
is computed from it.  The algorithm is the one of `fast.py`, as it is; inputs, workspaces and moments are given to it as counted
arrays.  A row of a sample is (sizes, count), and the sizes are those of `theory/costs.py`:

    n query rows    t tokens of all slots    k the order    d columns of points    m = 1 + columns of values
    r monomials     h of them of less than the highest degree
"""
from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from math import comb, factorial, prod
from typing import Any

import numpy as np

from . import fast, moments
from .arrays import Floats, Problem, problem
from .timing import extra_bytes

Row = tuple[dict[str, int], int]
PRODUCTS = ("multiply", "divide")                                    # one operation an entry
FREE = {"add", "amax", "amin", "concatenate", "copyto", "empty_like", "greater", "isfinite", "log", "logical_and", "max",
        "maximum", "min", "minimum", "negative", "zeros_like"}       # no multiplications in these


class Counted(np.ndarray[Any, Any]):
    """An array that adds to `Counted.count` what is multiplied or divided in it.  Raises TypeError where it cannot tell."""
    count = 0

    def __array_ufunc__(self, ufunc: np.ufunc, method: str, *inputs: Any, out: Any = None, **options: Any) -> Any:
        plain = [_plain(a) for a in inputs]
        places = None if out is None else tuple(map(_plain, out))
        found = getattr(ufunc, method)(*plain, **options, **({} if places is None else {"out": places}))
        if ufunc.__name__ in PRODUCTS: Counted.count += np.size(found) if method == "__call__" else np.size(plain[0])
        elif ufunc is np.matmul: Counted.count += np.size(found) * plain[0].shape[-1]
        else: _free(ufunc.__name__)
        if out is not None: return out[0] if len(out) == 1 else out
        return _counted(found)

    def __array_function__(self, function: Any, types: Any, inputs: Any, options: Any) -> Any:
        if function is np.einsum: return _einsum(*inputs, **options)
        _free(function.__name__)
        return super().__array_function__(function, types, inputs, options)  # its own ufuncs are counted


def _einsum(spec: str, *operands: Any, out: Any = None) -> Any:
    """Multiplications: one less than operands, for each value of all indices."""
    sizes = {i: k for letters, a in zip(spec.partition("->")[0].split(","), operands) for i, k in zip(letters, a.shape)}
    Counted.count += (len(operands) - 1) * prod(sizes.values())
    found = np.einsum(spec, *map(_plain, operands), out=None if out is None else _plain(out))
    return _counted(found) if out is None else out


def _free(name: str) -> None:
    if name not in FREE: raise TypeError(f"{name} was called, and how much it multiplies is not known")


def _plain(a: Any) -> Any: return a.view(np.ndarray) if isinstance(a, Counted) else a


def _counted(a: Any) -> Any: return a.view(Counted) if isinstance(a, np.ndarray) else a


class Blocks(moments.Blocks):
    """The workspace of the fast path; its moments are counted arrays too."""

    def moment(self, slot: moments.Slot) -> Floats:
        found: Floats = _counted(super().moment(slot))
        return found


@contextmanager
def counted() -> Iterator[None]:
    """Workspaces are counted arrays meanwhile, and counting starts anew.  For one thread."""
    there, here = vars(moments), vars(fast)
    aligned, ours = there["aligned"], here["Blocks"]
    Counted.count = 0
    there["aligned"], here["Blocks"] = lambda shape, kind: _counted(aligned(shape, kind)), Blocks
    try: yield
    finally: there["aligned"], here["Blocks"] = aligned, ours


def multiplications(p: Problem, degree: int) -> int:
    """Multiplications and divisions of entries that the fast path makes on the problem, with the Taylor polynomial."""
    def mark(a: Any) -> Any: return None if a is None else a.view(Counted)
    marked = replace(p, q=mark(p.q), keys=tuple(map(mark, p.keys)), values=tuple(map(mark, p.values)), upstream=mark(p.upstream))
    with counted():
        fast.solve(marked, taylor(degree))
        return Counted.count


def taylor(degree: int) -> list[float]: return [1 / factorial(k) for k in range(degree + 1)]


# ---- samplers -------------------------------------------------------------------------------------------------------

SHAPES = [(2, 3, 2), (3, 2, 4), (1, 1, 9), (4, 2, 3), (2, 1, 6), (5, 3, 2), (7, 4, 1)]       # d, dv, degree: the top is made
LARGE = [(4, 1, 6), (3, 1, 8), (6, 2, 4), (8, 1, 3), (5, 2, 5), (3, 1, 7)]                    # and here it is not
ORDERS = (1, 2, 3)


def forward(seed: int) -> Iterator[Row]: return sample(seed, SHAPES, False)
def gradient(seed: int) -> Iterator[Row]: return sample(seed, SHAPES, True)
def forward_by_degree(seed: int) -> Iterator[Row]: return sample(seed, LARGE, False)
def gradient_by_degree(seed: int) -> Iterator[Row]: return sample(seed, LARGE, True)


def sample(seed: int, shapes: list[tuple[int, int, int]], gradient: bool) -> Iterator[Row]:
    """Orders 1, 2 and 3, each slot with a random number of tokens, which need not fill whole blocks."""
    random = np.random.default_rng(seed)
    for d, dv, degree in shapes:
        for order in ORDERS:
            tokens = [int(x) for x in random.integers(1, 400, order + 1)]
            yield sizes(tokens, d, dv, degree), multiplications(draw(random, tokens, d, dv, gradient), degree)


def sizes(tokens: list[int], d: int, dv: int, degree: int) -> dict[str, int]:
    """By name, for tokens = [query rows, keys of set 1, ...]."""
    return {"n": tokens[0], "t": sum(tokens), "k": len(tokens) - 1, "d": d, "m": 1 + dv, "r": comb(d + degree, d),
            "h": comb(d + degree - 1, d)}


def draw(random: np.random.Generator, tokens: list[int], d: int, dv: int, gradient: bool) -> Problem:
    """A problem of those sizes, with small scores."""
    def draw(n: int, columns: int) -> Any: return random.uniform(-1, 1, (n, columns)) / 2
    return problem(draw(tokens[0], d), [draw(n, d) for n in tokens[1:]], [draw(n, dv) for n in tokens[1:]],
                   upstream=draw(tokens[0], dv) if gradient else None)


def memory(seed: int) -> Iterator[Row]:
    """Bytes that a whole gradient of order 2 takes at most beyond its results, for 1000 to 32000 tokens a slot."""
    random = np.random.default_rng(seed)
    for n, d, dv, degree in ((1_000, 3, 3, 6), (8_000, 4, 4, 6), (32_000, 3, 3, 5), (32_000, 2, 5, 4), (4_000, 8, 2, 4)):
        yield sizes([n] * 3, d, dv, degree), extra_bytes(draw(random, [n] * 3, d, dv, True), taylor(degree))
