"""A C file as a library: compiled by `cc` when it is first wanted, kept in the user's cache, loaded only if it is to be trusted.

The cache folder must be the user's own, and closed to everybody else.  In it, `<key>.txt` names a library by the digest of its
bytes; the key is a digest of the source, the flags, the compiler and the processor.  A library whose bytes do not fit is
compiled again.  Files are written beside their places and renamed, so that processes may do this at the same time.
"""
from __future__ import annotations

import ctypes
import hashlib
import os
import platform
import stat
import subprocess
from functools import lru_cache
from pathlib import Path
from shutil import which
from tempfile import TemporaryDirectory

from ..files import write

TIMEOUT = 60                                                         # seconds to compile
FLAGS = ("-O3", "-std=gnu11", "-shared", "-fPIC")
NATIVE = (("-march=native",), ())                                    # tried in turn


class Absent(Exception):
    """Why there is no library, in a few words."""


class Later(Absent):
    """It is not compiled yet, and was not to be."""


def library(source: Path, flags: tuple[str, ...] = (), build: bool = True) -> ctypes.CDLL:
    """The library of that source.  Raises Absent, whatever goes wrong; Later where it is not compiled yet and not to be."""
    try: return _library(source, flags, build)
    except (OSError, ValueError, subprocess.SubprocessError) as bad:
        raise Absent(f"{type(bad).__name__}: {bad}".splitlines()[0]) from None


def _library(source: Path, flags: tuple[str, ...], build: bool) -> ctypes.CDLL:
    if not hasattr(os, "geteuid"): raise Absent("folders have no owners here")
    compiler = which("cc")
    if compiler is None: raise Absent("no C compiler: cc is not on the path")
    text, place, file = source.read_bytes(), folder(), os.stat(compiler)
    parts = (*FLAGS, *flags, os.path.realpath(compiler), str(file.st_size), str(file.st_mtime_ns), processor())
    index = place / f"{_digest(text + repr(parts).encode())}.txt"
    path = _kept(place, index)
    if path is None:
        if not build: raise Later("not compiled yet")
        place.parent.mkdir(parents=True, exist_ok=True)
        try: place.mkdir(mode=0o700)
        except FileExistsError: _private(place)
        with TemporaryDirectory(dir=place) as here:
            new = Path(here) / "new.so"
            _compile(compiler, flags, text, new)
            path = place / f"{_digest(new.read_bytes())}.so"
            os.replace(new, path)
        write(index, path.name)
    return ctypes.CDLL(str(path))


def folder() -> Path:
    """Where libraries are kept.  Raises Absent where there is no home."""
    given = os.environ.get("XDG_CACHE_HOME", "")
    try: return (Path(given) if os.path.isabs(given) else Path.home() / ".cache") / "tacheck" / "compiled"
    except RuntimeError: raise Absent("no home folder") from None


def _kept(place: Path, index: Path) -> Path | None:
    """The library that was compiled before, if it is whole.  Raises Absent where the folder is not to be trusted."""
    if not os.path.lexists(place): return None
    _private(place)
    try:
        path = place / Path(index.read_text(encoding="utf-8")).name
        return path if path.name == f"{_digest(path.read_bytes())}.so" else None
    except (OSError, ValueError): return None


def _private(place: Path) -> None:
    """Raises Absent unless the folder is one, the user's own, and closed to others."""
    found = os.lstat(place)
    if not stat.S_ISDIR(found.st_mode) or found.st_uid != os.geteuid() or found.st_mode & 0o077:
        raise Absent(f"{place} must be a folder of your own that nobody else may enter (mode 700)")


def _compile(compiler: str, flags: tuple[str, ...], text: bytes, into: Path) -> None:
    """Raises Absent with what the compiler says, and SubprocessError where it takes too long."""
    said = ""
    for native in NATIVE:
        run = subprocess.run([compiler, *FLAGS, *native, *flags, "-x", "c", "-", "-o", str(into)], input=text, timeout=TIMEOUT,
                             capture_output=True)
        if run.returncode == 0 and into.is_file(): return
        said = (run.stderr.decode(errors="replace").strip() or f"exit code {run.returncode}").splitlines()[0]
    raise Absent(f"cc: {said}")


@lru_cache(maxsize=1)
def processor() -> str:
    """What code for this processor depends on."""
    lines: list[str] = []
    try: lines = Path("/proc/cpuinfo").read_text(errors="replace").splitlines()
    except OSError: pass
    first = {key.strip(): value.strip() for key, _, value in (line.partition(":") for line in reversed(lines))}
    names = ("vendor_id", "model name", "flags", "Features", "isa")
    return repr([platform.system(), platform.machine(), platform.processor(), *(first.get(name) for name in names)])


def _digest(content: bytes) -> str: return hashlib.sha256(content).hexdigest()
