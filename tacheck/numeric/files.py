"""Files of arrays: .npz and .npy without pickles, .safetensors.  Written whole or not at all; errors are one line.

In .npz and .safetensors arrays have names: q, k1, v1, k2, v2, ..., upstream, mask, mask1, mask2, ..., out, dq, dk1, dv1, ...
A .npy file is one array, called by the name of the file.
"""
from __future__ import annotations

import json
import os
import re
import tempfile
from collections.abc import Mapping
from math import prod
from pathlib import Path
from typing import IO, Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from .arrays import ProblemError

Arrays = dict[str, NDArray[Any]]
SUFFIXES = (".npz", ".npy", ".safetensors")
TENSORS = {"F64": "<f8", "F32": "<f4", "F16": "<f2", "BF16": "<u2", "I64": "<i8", "I32": "<i4", "I16": "<i2", "I8": "|i1",
           "U64": "<u8", "U32": "<u4", "U16": "<u2", "U8": "|u1", "BOOL": "|b1"}
LIMIT = 100_000_000                                                  # bytes of a safetensors header, as its reference has it


class Named(NamedTuple):
    """The arrays of a problem, found by name; `unused` are the names of the others."""
    q: NDArray[Any]
    keys: list[NDArray[Any]]
    values: list[NDArray[Any]]
    upstream: NDArray[Any] | None
    mask: NDArray[Any] | list[NDArray[Any] | None] | None
    unused: list[str]


def read(*paths: str | Path) -> Arrays:
    """The arrays of one file or several.  Raises ProblemError, in one line that begins with the path.

    bfloat16 tensors become float32, which holds them exactly.  Nothing in a file is ever executed.
    """
    found: Arrays = {}
    for path in map(Path, paths):
        for name, array in _read(path).items():
            if name in found: raise ProblemError(f"{path}: {name} is in an earlier file too; name each array once")
            found[name] = array
    return found


def write(path: str | Path, arrays: Mapping[str, NDArray[Any]]) -> None:
    """The arrays as .npz or .safetensors: written beside the place, then renamed.  Raises ProblemError where it cannot."""
    target = writable(path)
    for name, array in arrays.items():
        if array.dtype.newbyteorder("<").str not in TENSORS.values():
            raise ProblemError(f"{path}: {name} has dtype {array.dtype}, which is not written; convert it")
    temporary = None
    try:
        target.parent.mkdir(parents=True, exist_ok=True)
        handle, temporary = tempfile.mkstemp(dir=target.parent, prefix=f".{target.name[:80]}.")
        with os.fdopen(handle, "wb") as file:
            if target.suffix == ".npz": np.savez(file, **dict(arrays))  # type: ignore[arg-type]
            else: _write_tensors(file, arrays)
        os.chmod(temporary, 0o644)
        os.replace(temporary, target)
    except OSError as bad: raise ProblemError(f"{path}: cannot be written: {bad.strerror or bad}") from None
    finally:
        if temporary: Path(temporary).unlink(missing_ok=True)


def writable(path: str | Path) -> Path:
    """The path, if arrays can be written under that name.  Raises ProblemError before any work is done."""
    if Path(path).suffix not in (".npz", ".safetensors"): raise ProblemError(f"{path}: name a .npz or .safetensors file to write")
    return place(path)


def place(path: str | Path) -> Path:
    """The path, if a file can be made there.  Raises ProblemError."""
    target = Path(path)
    if target.is_dir(): raise ProblemError(f"{path}: is a folder; name a file")
    if target.exists() and not target.is_file():
        raise ProblemError(f"{path}: is no regular file; name a file, or - for standard output where that is meant")
    folder = next(p for p in target.absolute().parents if p.exists())
    if not folder.is_dir() or not os.access(folder, os.W_OK): raise ProblemError(f"{path}: cannot be written in {folder}")
    return target


def attention_arrays(arrays: Arrays) -> Named:
    """q, k1, v1, k2, v2, ... and what else of a problem is there.  Raises ProblemError for what is missing."""
    numbered = {letter: sorted(int(m[1]) for name in arrays if (m := re.fullmatch(rf"{letter}([1-9]\d{{0,5}})", name)))
                for letter in ("k", "v", "mask")}
    order = max([0, *numbered["k"], *numbered["v"]])
    wanted = ["q", *(f"{letter}{s}" for s in range(1, max(1, min(order, 99)) + 1) for letter in "kv")]
    if missing := [name for name in wanted if name not in arrays]:
        raise ProblemError(f"no array {' and no '.join(missing[:3])}; needed are {_list(wanted)}; there are: {_list(arrays)}")
    masks = numbered["mask"]
    if masks and masks[-1] > order: raise ProblemError(f"mask{masks[-1]} has no k{masks[-1]}; there are: {_list(arrays)}")
    if masks and "mask" in arrays: raise ProblemError(f"mask and mask{masks[0]} are both there; leave out one kind")
    mask = [arrays.get(f"mask{s}") for s in range(1, order + 1)] if masks else arrays.get("mask")
    used = {*wanted, "upstream", "mask", *(f"mask{s}" for s in masks)}
    return Named(arrays["q"], [arrays[f"k{s}"] for s in range(1, order + 1)], [arrays[f"v{s}"] for s in range(1, order + 1)],
                 arrays.get("upstream"), mask, [name for name in arrays if name not in used])


def _list(names: Any) -> str:
    """A few names, in one line."""
    found = [" ".join(str(name).split())[:40] for name in names]
    return ", ".join(found[:12]) + (f", and {len(found) - 12} more" if len(found) > 12 else "") or "none"


# ---- formats --------------------------------------------------------------------------------------------------------

def _read(path: Path) -> Arrays:
    if path.suffix not in SUFFIXES: raise ProblemError(f"{path}: no {', '.join(SUFFIXES)} file; convert it, say by numpy.savez")
    try:
        with path.open("rb") as file:
            return _read_tensors(file) if path.suffix == ".safetensors" else _read_numpy(file, path)
    except ProblemError as bad: raise ProblemError(f"{path}: {bad}") from None
    except MemoryError: raise ProblemError(f"{path}: larger than memory, or damaged") from None
    except OSError as bad:
        if bad.strerror: raise ProblemError(f"{path}: cannot be read: {bad.strerror}") from None
        raise ProblemError(f"{path}: damaged: {_line(bad)}; write it again") from None
    except Exception as bad:                                         # of the parsers of zip, npy and JSON, on bad bytes
        raise ProblemError(f"{path}: damaged: {_line(bad)}; write it again") from None


def _line(bad: Exception) -> str: return " ".join(str(bad).split())[:200] or type(bad).__name__


def _read_numpy(file: IO[bytes], path: Path) -> Arrays:
    start = file.read(4)
    file.seek(0)
    if start[:2] != b"PK" and start != b"\x93NUM":
        what = "a pickle, which could run any code" if start[:1] == b"\x80" else "empty" if not start else "no NumPy file"
        raise ProblemError(f"is {what}; write it by numpy.savez (or numpy.save) with arrays of numbers")
    if (start[:2] == b"PK") != (path.suffix == ".npz"):
        raise ProblemError("has the name of a .npy or .npz file, and the content of the other; rename it")
    loaded, found = np.load(file, allow_pickle=False) if path.suffix == ".npz" else None, {}
    for name in list(loaded or [path.stem]):
        try: array = np.load(file, allow_pickle=False) if loaded is None else loaded[name]
        except ValueError as bad:
            if "pickle" not in str(bad): raise
            raise ProblemError(f"{name} holds pickled Python objects, which are never loaded; store numbers") from None
        if not isinstance(array, np.ndarray): raise ProblemError(f"{name} is no array; store arrays alone, by numpy.savez")
        found[name] = array
    return found


def _read_tensors(file: IO[bytes]) -> Arrays:
    """The format: 8 bytes of length (little-endian), a JSON header, then the bytes of the tensors."""
    size, start = os.fstat(file.fileno()).st_size, file.read(8)
    length = int.from_bytes(start, "little")
    if len(start) < 8: raise ProblemError(f"truncated: {size} bytes, and the length of the header alone is 8")
    if length > LIMIT: raise ProblemError(f"no safetensors file: its header would have {length} bytes, and {LIMIT} is the limit")
    if 8 + length > size: raise ProblemError(f"truncated: the header ends at byte {8 + length}, and the file at {size}")
    header = json.loads(file.read(length))
    if not isinstance(header, dict): raise ProblemError("no safetensors file: its header is no JSON object")
    found, room = {}, size - 8 - length
    for name, entry in header.items():
        if name == "__metadata__": continue
        kind, shape, (begin, end) = entry["dtype"], entry["shape"], entry["data_offsets"]
        if kind not in TENSORS: raise ProblemError(f"{name} has dtype {kind}; {', '.join(TENSORS)} are read: convert it")
        if not all(type(k) is int and k >= 0 for k in (*shape, begin, end)): raise ProblemError(f"{name} has sizes that are none")
        dtype = np.dtype(TENSORS[kind])
        need = prod(shape) * dtype.itemsize
        if end - begin != need: raise ProblemError(f"{name} of shape {shape} in {kind} takes {need} bytes, and has {end - begin}")
        if end > room: raise ProblemError(f"truncated: {name} ends at byte {8 + length + end}, and the file at {size}")
        file.seek(8 + length + begin)
        array = np.frombuffer(file.read(end - begin), dtype).reshape(shape)
        found[name] = (array.astype("<u4") << 16).view("<f4") if kind == "BF16" else array
    return found


def _write_tensors(file: IO[bytes], arrays: Mapping[str, NDArray[Any]]) -> None:
    kinds, header, at = {dtype: kind for kind, dtype in TENSORS.items() if kind != "BF16"}, {}, 0
    arrays = dict(sorted(arrays.items(), key=lambda item: -item[1].itemsize))                # so that all are aligned
    for name, array in arrays.items():
        kind = kinds[array.dtype.newbyteorder("<").str]
        header[name] = {"dtype": kind, "shape": list(array.shape), "data_offsets": [at, at + array.nbytes]}
        at += array.nbytes
    text = json.dumps(header, separators=(",", ":")).encode()
    text += b" " * (-len(text) % 8)
    file.write(len(text).to_bytes(8, "little") + text)
    for array in arrays.values(): file.write(np.ascontiguousarray(array, array.dtype.newbyteorder("<")).tobytes())
