"""Heads of transformers in files: saved activations, or projection weights, one head in memory at a time.

Activations: arrays whose names end in q, k (or k1, k2, ...), as layers.3.q and layers.3.k, of shape (n, d) or (..., heads, n, d).
Fewer key heads than query heads are shared out, as in grouped attention.
Weights: query and key projections by their usual names, (heads * head size, width).  Without inputs they bound scores for inputs
up to a norm: |q.k| <= |W_q|_2 |W_k|_2 |x| |y|, also after rotary embedding, which keeps norms.

A .safetensors file is read piece by piece, never whole.  .npz and .npy files are read whole.
"""
from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from fnmatch import fnmatchcase
from fractions import Fraction
from math import prod, sqrt
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from .arrays import Floats, Problem, ProblemError, finite, problem
from .files import LIMIT, SUFFIXES, TENSORS, read
from .ranges import ULP, Range

PICKLES = (".bin", ".pt", ".pth", ".ckpt", ".pkl")
ACTIVATION = re.compile(r"(?P<layer>.*?)[./_]?(?P<slot>q|k\d{0,2}|v\d{0,2})")
QUERY = re.compile(r"(?P<layer>.*?)[./](?P<slot>q_proj|query|to_q|wq|q_lin)\.weight")
KEYS = {"q_proj": "k_proj", "query": "key", "to_q": "to_k", "wq": "wk", "q_lin": "k_lin"}


@dataclass(frozen=True)
class Stored:
    """An array in a file: its shape, and how to read the piece at an index of its leading axes (all of it for ())."""
    name: str
    shape: tuple[int, ...]
    piece: Callable[[int, int], NDArray[Any]]                        # entries first, first + count, flat

    def rows(self, first: int, count: int) -> Floats:
        """Rows (..., last axis) first, ..., first + count - 1 of the array as a matrix.  Raises ProblemError at nan and inf."""
        width = self.shape[-1]
        found = self.piece(first * width, count * width).reshape(count, width)
        if found.dtype.kind != "f": raise ProblemError(f"{self.name} has dtype {found.dtype}; floats are needed")
        found = found.astype(np.float32, copy=False) if found.dtype == np.float16 else found
        finite(self.name, found, f" of rows {first} to {first + count - 1}; every entry must be finite")
        return found


@dataclass(frozen=True)
class Head:
    """One head of one layer: its problem, or the range of its scores where only weights are known; its size."""
    layer: str
    head: int
    d: int
    task: Problem | None
    range: Range | None = None
    alone: bool = False                                              # the only head there is


@dataclass(frozen=True)
class Reading:
    """What the user knows: layers to look at (a pattern), heads and largest norm of inputs for weights, the scale."""
    layer: str | None = None
    heads: int | None = None
    norm: float | None = None
    scale: str | None = None                                         # None is 1/d for activations, and 1/sqrt(d) for weights

    def number(self, d: int, usual: str) -> float:
        """The scale for d columns."""
        text = self.scale or usual
        if text in ("1/d", "1/sqrt(d)"): return 1 / d if text == "1/d" else 1 / sqrt(d)
        try: return float(Fraction(text))
        except (ValueError, ZeroDivisionError):
            raise ProblemError(f"scale {text:.40}: 1/d, 1/sqrt(d), a number or a fraction is needed") from None


# ---- files ------------------------------------------------------------------------------------------------------------

def stored(paths: Iterable[str | Path]) -> dict[str, Stored]:
    """Every array of some files or folders by name.  Raises ProblemError, in one line that begins with the path."""
    found: dict[str, Stored] = {}
    for path in files_of(paths):
        for name, array in (_tensors(path) if path.suffix == ".safetensors" else _arrays(path)).items():
            if name in found: raise ProblemError(f"{path}: {name} is in an earlier file too; name each array once")
            found[name] = array
    return found


def files_of(paths: Iterable[str | Path]) -> list[Path]:
    """Files as they are; of a folder, those of arrays in it."""
    found: list[Path] = []
    for path in map(Path, paths):
        if path.suffix in PICKLES:
            raise ProblemError(f"{path}: a pickle, which could run any code; convert it by safetensors.torch.save_file")
        if not path.is_dir():
            found.append(path)
            continue
        inside = sorted(p for p in path.iterdir() if p.suffix in SUFFIXES)
        if not inside: raise ProblemError(f"{path}: no {', '.join(SUFFIXES)} file in this folder")
        found += inside
    return found


def _arrays(path: Path) -> dict[str, Stored]:
    def one(name: str, a: NDArray[Any]) -> Stored: return Stored(name, a.shape, lambda at, count: a.reshape(-1)[at:at + count])
    return {name: one(name, a) for name, a in read(path).items()}


def _tensors(path: Path) -> dict[str, Stored]:
    """The header alone.  Raises ProblemError for a file that is truncated, a pickle, or no safetensors file."""
    try:
        size = path.stat().st_size
        with path.open("rb") as file: start, text = file.read(8), b""
        length = int.from_bytes(start, "little")
        if start[:2] == b"PK" or start[:1] == b"\x80" and length > LIMIT:
            raise ProblemError("is a pickle, which could run any code; convert it by safetensors.torch.save_file")
        if len(start) < 8: raise ProblemError(f"truncated: {size} bytes, and the length of the header alone is 8")
        if length > LIMIT: raise ProblemError(f"no safetensors file: its header would have {length} bytes; {LIMIT} is the limit")
        if 8 + length > size: raise ProblemError(f"truncated: the header ends at byte {8 + length}, and the file at {size}")
        with path.open("rb") as file:
            file.seek(8)
            text = file.read(length)
        header = json.loads(text)
        if not isinstance(header, dict): raise ProblemError("no safetensors file: its header is no JSON object")
        return {name: _entry(path, name, entry, 8 + length, size) for name, entry in header.items() if name != "__metadata__"}
    except ProblemError as bad: raise ProblemError(f"{path}: {bad}") from None
    except OSError as bad: raise ProblemError(f"{path}: cannot be read: {bad.strerror or bad}") from None
    except (ValueError, LookupError, TypeError, AttributeError, RecursionError) as bad:
        raise ProblemError(f"{path}: damaged: {' '.join(str(bad).split())[:200]}; write it again") from None


def _entry(path: Path, name: str, entry: Any, data: int, size: int) -> Stored:
    kind, shape, (begin, end) = entry["dtype"], tuple(entry["shape"]), entry["data_offsets"]
    if not all(type(k) is int and k >= 0 for k in (*shape, begin, end)): raise ProblemError(f"{name} has sizes that are none")
    dtype = np.dtype(TENSORS[kind]) if kind in TENSORS else None     # of the kinds of no use here only names are looked at
    if dtype and end - begin != prod(shape) * dtype.itemsize:
        need = prod(shape) * dtype.itemsize
        raise ProblemError(f"{name} of shape {list(shape)} in {kind} takes {need} bytes, and has {end - begin}")
    if data + end > size: raise ProblemError(f"truncated: {name} ends at byte {data + end}, and the file at {size}")

    def piece(first: int, count: int) -> NDArray[Any]:
        if dtype is None: raise ProblemError(f"{path}: {name} has dtype {kind}; {', '.join(TENSORS)} are read: convert it")
        found = np.fromfile(path, dtype, count, offset=data + begin + first * dtype.itemsize)
        if len(found) < count: raise ProblemError(f"{path}: truncated while it was read")
        return (found.astype("<u4") << 16).view("<f4") if kind == "BF16" else found
    return Stored(f"{path}: {name}", shape, piece)


# ---- heads ------------------------------------------------------------------------------------------------------------

def heads(paths: Iterable[str | Path], how: Reading) -> Iterator[Head]:
    """The heads of the files, layer by layer; only one is in memory at a time.  Raises ProblemError."""
    paths = list(paths)
    arrays = stored(paths)
    groups = _groups(arrays)
    projections = [m for name in arrays if (m := QUERY.fullmatch(name))]
    layers = [*groups, *(m["layer"] for m in projections)]
    if not layers:
        raise ProblemError(f"{', '.join(map(str, paths))}: no queries and keys; needed are q and k (or k1, k2, ...), as "
                           "layers.0.q and layers.0.k, or projections as q_proj.weight and k_proj.weight; there are: "
                           f"{some(arrays)}")
    chosen = [x for x in layers if how.layer is None or fnmatchcase(x, how.layer) or how.layer in re.split(r"[./_]", x)]
    if not chosen: raise ProblemError(f"--layer {how.layer}: no such layer; there are: {some(layers)}")
    alone = len(chosen) == 1 and chosen[0] in groups and prod(groups[chosen[0]]["q"].shape[:-2]) == 1
    for layer, slots in groups.items():
        if layer in chosen: yield from _activations(layer, slots, how, alone)
    for m in projections:
        if m["layer"] not in chosen: continue
        other = f"{m[0][:m.start('slot')]}{KEYS[m['slot']]}.weight"
        if other not in arrays: raise ProblemError(f"{arrays[m[0]].name} has no {other} beside it")
        yield from _projections(m["layer"], arrays[m[0]], arrays[other], how, paths)


def some(names: Iterable[str]) -> str:
    """A few names."""
    found = list(names)
    return ", ".join(x or "(no prefix)" for x in found[:6]) + (f", and {len(found) - 6} more" if len(found) > 6 else "") or "none"


def _groups(arrays: dict[str, Stored]) -> dict[str, dict[str, Stored]]:
    """The layers that have queries and keys, with their slots q, k1, k2, ..., v1, ..."""
    found: dict[str, dict[str, Stored]] = {}
    for name, a in arrays.items():
        if not (m := ACTIVATION.fullmatch(name)): continue
        slot = m["slot"] if m["slot"] not in ("k", "v") else f"{m['slot']}1"
        found.setdefault(m["layer"], {})[slot] = a
    return {layer: slots for layer, slots in found.items() if "q" in slots and any(s[0] == "k" for s in slots)}


def _activations(layer: str, slots: dict[str, Stored], how: Reading, alone: bool) -> Iterator[Head]:
    q, names = slots["q"], sorted((s for s in slots if s[0] == "k"), key=lambda s: int(s[1:]))
    if names != [f"k{s}" for s in range(1, len(names) + 1)]:
        raise ProblemError(f"{q.name}: beside it are {', '.join(names)}; k1, k2, ... are needed, without gaps")
    if len(q.shape) < 2: raise ProblemError(f"{q.name} has shape {q.shape}; it must be (..., n, d), a row for each position")
    items = prod(q.shape[:-2])
    for name in names:
        k = slots[name]
        if len(k.shape) < 2 or k.shape[-1] != q.shape[-1] or not prod(k.shape[:-2]) or items % prod(k.shape[:-2]):
            wanted = f"({', '.join([*map(str, q.shape[:-2]), f'n{name[1:]}', str(q.shape[-1])])})"
            raise ProblemError(f"{k.name} has shape {k.shape}; beside q of shape {q.shape} it must be {wanted}, or fewer heads")
    for item in range(items):
        def part(a: Stored, item: int = item) -> Floats:
            return a.rows(item * prod(a.shape[:-2]) // items * a.shape[-2], a.shape[-2])
        keys = [part(slots[name]) for name in names]
        values = [np.zeros((len(k), 1), k.dtype) for k in keys]      # scores do not depend on them
        task = problem(part(q), keys, values, scale=how.number(q.shape[-1], "1/d"))
        yield Head(layer, item, q.shape[-1], task, alone=alone)


def _projections(layer: str, query: Stored, key: Stored, how: Reading, paths: list[str | Path]) -> Iterator[Head]:
    for w in (query, key):
        if len(w.shape) != 2: raise ProblemError(f"{w.name} has shape {w.shape}; a projection is a matrix")
    if query.shape[1] != key.shape[1]:
        raise ProblemError(f"{key.name} has shape {key.shape}; beside {query.name} of shape {query.shape} its width differs")
    count = how.heads or _configured(paths)
    if count is None: raise ProblemError(f"{query.name}: how many heads? give --heads, or a config.json beside the file")
    d, left = divmod(query.shape[0], count)
    if left or not d or key.shape[0] % d:
        raise ProblemError(f"{query.name} has {query.shape[0]} rows and {key.name} {key.shape[0]}: these are not {count} heads")
    groups = key.shape[0] // d
    norm, scale = how.norm or sqrt(query.shape[1]), how.number(d, "1/sqrt(d)")
    for h in range(count):
        sizes = [spectral(w.rows(at * d, d)) for w, at in ((query, h), (key, h * groups // count))]
        reach = float(np.nextafter(sizes[0] * sizes[1] * norm * norm * abs(scale) * (1 + 8 * ULP), np.inf))
        yield Head(layer, h, d, None, Range(-reach, reach, 2 * reach, "norms"))


def spectral(w: Floats) -> float:
    """At least the largest singular value of w (d, width), from above: tr(G^8)^(1/16), G = w w^T."""
    a = w.astype(float)
    gram = a @ a.T
    trace = float(np.trace(gram))
    if not trace: return 0.0
    high = gram / trace
    for _ in range(2): high = high @ high
    most = (float((high * high).sum()) + 64 * len(a) ** 2 * ULP) ** 0.125 * (1 + 1e-12)
    return sqrt(trace * (most + 4 * ULP * (a.shape[1] + 8 * len(a)))) * (1 + 4 * ULP)


def _configured(paths: Iterable[str | Path]) -> int | None:
    """The number of heads in a config.json beside the files."""
    for path in map(Path, paths):
        place = (path if path.is_dir() else path.parent) / "config.json"
        try: found = json.loads(place.read_text(encoding="utf-8"))
        except (OSError, ValueError): continue
        for word in ("num_attention_heads", "n_head", "n_heads", "num_heads"):
            if isinstance(found, dict) and isinstance(found.get(word), int) and found[word] > 0: return int(found[word])
    return None
