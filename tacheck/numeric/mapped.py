"""Arrays in files without reading them: memory maps, whose pages are read when they are used and can be dropped again.

.npy files, .safetensors files and .npz files as `numpy.savez` writes them can be mapped.  What cannot be (compressed, bfloat16,
damaged) is read by `files.py`, which also says what is wrong; mapping changes no answer and no message.
"""
from __future__ import annotations

import json
import zipfile
from math import prod
from pathlib import Path
from typing import IO, Any

import numpy as np
from numpy.typing import NDArray

from . import files
from .arrays import ProblemError
from .files import LIMIT, TENSORS, Arrays


def read(*paths: str | Path) -> tuple[Arrays, list[str]]:
    """The arrays of one file or several, mapped where that can be done, and the names of those that are not.

    The maps are read-only.  Raises ProblemError as `files.read`.
    """
    found: Arrays = {}
    for path in map(Path, paths):
        part = _mapped(path)
        if part is None or any(a is None for a in part.values()): part = {**files.read(path), **_some(part)}
        for name, a in part.items():
            if name in found: raise ProblemError(f"{path}: {name} is in an earlier file too; name each array once")
            assert a is not None
            found[name] = a
    return found, [name for name, a in found.items() if not isinstance(a, np.memmap)]


def _some(part: dict[str, NDArray[Any] | None] | None) -> dict[str, NDArray[Any]]:
    return {name: a for name, a in (part or {}).items() if a is not None}


def _mapped(path: Path) -> dict[str, NDArray[Any] | None] | None:
    """The arrays; None for one that must be read, and for a file that must be, or cannot."""
    try:
        with path.open("rb") as file:
            if path.suffix == ".safetensors": return _tensors(file, path)
            if path.suffix == ".npy": return {path.stem: _array(file, path, 0, path.stat().st_size)}
            if path.suffix == ".npz": return _members(file, path)
    except Exception: return None                                    # whatever it is: files.read will find it, and say it
    return None


def _members(file: IO[bytes], path: Path) -> dict[str, NDArray[Any] | None]:
    """The members of an archive that are stored as they are."""
    found: dict[str, NDArray[Any] | None] = {}
    with zipfile.ZipFile(file) as archive: members = archive.infolist()
    with path.open("rb") as file:
        for member in members:
            name = member.filename.removesuffix(".npy")
            if name == member.filename or name in found: raise ValueError("not as numpy.savez writes it")
            if member.compress_type != zipfile.ZIP_STORED or member.flag_bits & 1:
                found[name] = None
                continue
            file.seek(member.header_offset)
            head = file.read(30)
            if head[:4] != b"PK\x03\x04": raise ValueError("no member here")
            start = member.header_offset + 30 + int.from_bytes(head[26:28], "little") + int.from_bytes(head[28:30], "little")
            found[name] = _array(file, path, start, start + member.file_size)
    return found


def _array(file: IO[bytes], path: Path, start: int, end: int) -> NDArray[Any] | None:
    """The .npy array between two bytes of the file; None where it holds objects."""
    file.seek(start)
    version = np.lib.format.read_magic(file)
    read = {(1, 0): np.lib.format.read_array_header_1_0, (2, 0): np.lib.format.read_array_header_2_0}[version]
    shape, fortran, dtype = read(file)
    if dtype.hasobject or not dtype.isnative or file.tell() + prod(shape) * dtype.itemsize != end: return None
    return _map(path, dtype, file.tell(), shape, "F" if fortran else "C")


def _tensors(file: IO[bytes], path: Path) -> dict[str, NDArray[Any] | None]:
    length, room = int.from_bytes(file.read(8), "little"), path.stat().st_size - 8
    if length > min(LIMIT, room): raise ValueError("no header")
    found: dict[str, NDArray[Any] | None] = {}
    for name, entry in json.loads(file.read(length)).items():
        if name == "__metadata__": continue
        kind, shape, (begin, end) = entry["dtype"], tuple(entry["shape"]), entry["data_offsets"]
        dtype = np.dtype(TENSORS[kind])
        if not all(type(k) is int and k >= 0 for k in (*shape, begin, end)) or end - begin != prod(shape) * dtype.itemsize:
            raise ValueError("sizes that are none")
        if length + end > room: raise ValueError("truncated")
        found[name] = None if kind == "BF16" else _map(path, dtype, 8 + length + begin, shape, "C")
    return found


def _map(path: Path, dtype: np.dtype[Any], offset: int, shape: tuple[int, ...], order: Any) -> NDArray[Any] | None:
    """The array; None where there is nothing to map."""
    return np.memmap(path, dtype, "r", offset, shape, order) if prod(shape) and shape else None
