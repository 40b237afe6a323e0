"""The workspace of `moments.py` in C, where a compiler is there: the same sums to rounding, in about half the time.

`compiled.c` is compiled when it first pays, and kept (`cc.py`); before it is used it must agree with NumPy on a small problem.
Whatever goes wrong on the way is a reason to stay with NumPy, never an error.  TACHECK_COMPILED=0 switches it off; 1 takes it
for small problems too.
"""
from __future__ import annotations

import ctypes
import os
import platform
from math import inf
from pathlib import Path
from typing import Any

import numpy as np

from . import cc
from .arrays import Floats
from .cc import Absent, Later
from .features import CACHE, Features, aligned, features
from .moments import Blocks, Slot

SOURCE = Path(__file__).with_suffix(".c")
USED, BUILT = 1 << 22, 1 << 26                                       # tokens x columns x features: from when used, and compiled
LARGE = 1 << 19                                                      # columns x features: more takes memory, and gains little
TOKENS = 4096                                                        # of a block, at most
VECTORS = (8, 4)                                                     # of a tile; the second where features fill the cache
REAL = {"float32": "float", "float64": "double"}
Int, Address = ctypes.c_int64, ctypes.c_void_p
CALLS = {"lanes": (Int,), "values": (None, Address, Int, Int, Address), "gather": (None, Address, Int, Address),
         "slopes": (None, Address, Int, Address)}                    # what each gives, and takes


class Work(ctypes.Structure):
    """As in compiled.c."""
    _fields_ = [*((name, Int) for name in ("d", "m", "r", "below", "steps", "nv", "b")),
                *((name, Address) for name in ("plan", "x", "u", "y", "g", "F", "H", "U", "S"))]


class Compiled(Blocks):
    """`Blocks` in C.  What `fill` gives are the points (d, b); features are made again, tile by tile, wherever they are used."""

    def __init__(self, library: ctypes.CDLL, features: Features, m: int, kind: np.dtype[Any], tokens: int):
        d, r, below, lanes = features.d, features.rank, features.below, int(library.lanes())
        self.library, self.features, self.m, self.kind = library, features, m, kind
        nv = VECTORS[2 * below * VECTORS[0] * lanes * kind.itemsize > CACHE]
        self.tile = tile = nv * lanes
        most = min(TOKENS, CACHE // (2 * (d + m) * kind.itemsize), tokens)
        self.size = b = max(1, -(-most // tile)) * tile
        self._plan = np.array(features.plan, np.int64)
        self._x, self._u, self._values, self._slope = (aligned((rows, b), kind) for rows in (d, m, m, d))
        self._tile = [aligned((rows,), kind) for rows in (below * tile, below * tile, m * tile, r * m * lanes)]
        self._columns = self._u.ctypes.data
        places = (self._plan, self._x, self._u, self._values, self._slope, *self._tile)
        self._work = ctypes.byref(Work(d, m, r, below, len(self._plan), nv, b, *(a.ctypes.data for a in places)))

    def fill(self, slot: Slot, at: slice) -> Floats:
        x, b = self._x, at.stop - at.start
        np.multiply(slot.points[at].T, slot.stretch[:, None].astype(self.kind), out=x[:, :b])
        x[:, b:] = 0
        return x[:, :b]

    def space(self, at: slice) -> Floats:
        b = at.stop - at.start
        self._u[:, b:] = 0
        return self._u[:, :b]

    def gather(self, moment: Floats, u: Floats, F: Floats) -> None:
        self._take(u)
        whole = moment.flags.c_contiguous and moment.dtype == np.float64
        found = moment if whole else np.zeros(moment.shape)
        self.library.gather(self._work, self._tiles(F), found.ctypes.data)
        if not whole: moment += found

    def values(self, C: Floats, F: Floats) -> Floats:
        C = np.ascontiguousarray(C, self.kind)
        self.library.values(self._work, self._tiles(F), len(C), C.ctypes.data)
        return self._values[:len(C), :F.shape[1]]

    def shifted(self, C: Floats) -> Floats:
        """The coefficients as they are, in the type of the data."""
        return np.ascontiguousarray(C, self.kind)

    def slopes(self, shifted: Floats, F: Floats, u: Floats) -> Floats:
        """By the chain rule backwards through the products that make the features: m r and 2 r operations, not d m below."""
        self._take(u)
        self.library.slopes(self._work, self._tiles(F), shifted.ctypes.data)
        return self._slope[:, :F.shape[1]]

    def _tiles(self, F: Floats) -> int: return int(-(-F.shape[1] // self.tile))

    def _take(self, u: Floats) -> None:
        """The columns where C reads them; they mostly are there."""
        if u.ctypes.data != self._columns: self.space(slice(0, u.shape[1]))[:] = u


# ---- which one runs -------------------------------------------------------------------------------------------------

_found: dict[tuple[str, str], ctypes.CDLL | Absent] = {}             # by folder and type


def fitting(f: Features, m: int, kind: np.dtype[Any], tokens: int, like: Floats) -> Compiled | None:
    """The compiled workspace, to compute on arrays like this one, where it is there and pays; else None: NumPy does it."""
    if not f.g or m * f.rank > LARGE: return None
    if type(like).__array_ufunc__ is not np.ndarray.__array_ufunc__: return None             # it watches what NumPy does
    try: return Compiled(loaded(kind, tokens * m * f.rank), f, m, kind, tokens)
    except Absent: return None


def running(dtype: Any, work: float = inf) -> str:
    """Which one runs for that dtype and tokens x columns x features, in words; if it is NumPy, why.  Compiles if that pays."""
    kind = np.dtype(dtype)
    try: return f"compiled C, {width(loaded(kind, work), kind)}-bit vectors"
    except Absent as why: return f"NumPy ({why})"


def width(library: ctypes.CDLL, kind: np.dtype[Any]) -> int:
    """Bits of a vector."""
    return int(library.lanes() * kind.itemsize * 8)


def loaded(kind: np.dtype[Any], work: float = inf) -> ctypes.CDLL:
    """The library for that type.  Raises Absent where it is switched off, does not pay, or cannot be had."""
    wanted = os.environ.get("TACHECK_COMPILED", "")
    if wanted == "0": raise Absent("TACHECK_COMPILED=0")
    if kind.name not in REAL: raise Absent(f"not for {kind}")
    if wanted != "1" and work < USED: raise Absent("the problem is small")
    key = str(cc.folder()), kind.name
    if key not in _found:
        try: _found[key] = trusted(kind, wanted == "1" or work >= BUILT)
        except Later: raise
        except Absent as why: _found[key] = why
    found = _found[key]
    if isinstance(found, Absent): raise found
    return found


def trusted(kind: np.dtype[Any], build: bool = True) -> ctypes.CDLL:
    """The library, if on a small problem it gives what NumPy gives.  Raises Absent."""
    found = cc.library(SOURCE, (f"-DREAL={REAL[kind.name]}",), build)
    try:
        for name, (gives, *takes) in CALLS.items():
            function = getattr(found, name)
            function.restype, function.argtypes = gives, takes
    except AttributeError as bad: raise Absent(str(bad)) from None
    if width(found, kind) < 256 and platform.machine() in ("x86_64", "AMD64"):
        raise Absent("this processor has short vectors only, for which NumPy is quicker")
    random, f = np.random.default_rng(0), features(3, 3)
    x, v, C = (random.uniform(-1, 1, shape).astype(kind) for shape in ((70, 3), (70, 7), (8, f.rank)))
    slot, at, answers = Slot(x, np.ones(3), v), slice(0, 70), []
    for blocks in (Blocks(f, 8, kind, 70), Compiled(found, f, 8, kind, 70)):
        F, u = blocks.fill(slot, at), blocks.columns(slot, at)
        answers.append([blocks.values(C, F).copy(), blocks.slopes(blocks.shifted(C), F, u).copy(), blocks.moment(slot)])
    close = 1e4 * float(np.finfo(kind).eps)
    if not all(np.allclose(a, b, rtol=close, atol=close) for a, b in zip(*answers)): raise Absent("it does not agree with NumPy")
    return found
