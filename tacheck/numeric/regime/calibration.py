"""The constants of this machine: fast and exact attention are timed once, in a few seconds, and the fit is kept.

It is kept in the user's cache folder, under a name made of what it depends on: the processor, Python, NumPy, the number of
threads and the code that is timed.  A damaged file is made again.
"""
from __future__ import annotations

import hashlib
import json
import os
import platform
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from datetime import date
from pathlib import Path
from time import perf_counter, process_time
from typing import Any

import numpy as np

from ... import files
from .. import compiled, exact, fast
from ..arrays import problem
from .costs import Machine, Shape, exact_counts, fast_counts

REPEATS, FEW, SHORT = 10, 3, 0.004                                   # of runs below SHORT seconds, and of longer ones
THREADS = ("OPENBLAS_NUM_THREADS", "OMP_NUM_THREADS", "MKL_NUM_THREADS")
FAST = [(n, d, g) for d, g in ((2, 3), (2, 8), (4, 3), (4, 6), (8, 3), (8, 4), (32, 2)) for n in (8, 40, 400, 3000)]
FAST += [(500, 8, 6), (300, 16, 4), (300, 32, 3), (1000, 64, 2)]     # large ranks
EXACT = [(n, d) for d in (2, 8, 32) for n in (4, 12, 32, 96, 192)]
MATRIX = [(n, d) for d in (2, 8, 64) for n in (8, 64, 300, 1000)]


def machine(fresh: bool = False, folder: Path | None = None) -> Machine:
    """The constants of this machine: from the cache, or timed and kept there.  A cache that cannot be written is no error."""
    path = (folder or cache_folder()) / f"times-{_key()}.json"
    if not fresh and (known := _read(path)): return known
    made = timed()
    try: files.write_json(path, {"version": 1, "made": made.made, "seconds": {k: list(v) for k, v in made.seconds.items()}})
    except OSError: pass
    return made


def cache_folder() -> Path:
    """Where the user's programs keep what can be made again."""
    given = os.environ.get("XDG_CACHE_HOME") or os.environ.get("LOCALAPPDATA")
    try: return Path(given) / "tacheck" if given else Path.home() / ".cache" / "tacheck"
    except RuntimeError: return Path(".tacheck")


def _key() -> str:
    code = [Path(m.__file__ or "").read_bytes() for m in (exact, fast, compiled)] + [Path(__file__).read_bytes()]
    about = [platform.node(), platform.machine(), platform.processor(), os.cpu_count(), platform.python_version(), np.__version__,
             *(os.environ.get(x) for x in THREADS), compiled.running("float64")]
    return hashlib.sha256(repr(about).encode() + b"".join(code)).hexdigest()[:16]


def _read(path: Path) -> Machine | None:
    try:
        found = json.loads(path.read_text(encoding="utf-8"))
        seconds = {str(k): tuple(float(x) for x in v) for k, v in found["seconds"].items()}
        if {k: len(v) for k, v in seconds.items()} != sizes() or not all(x >= 0 for v in seconds.values() for x in v): return None
        return Machine(seconds, str(found["made"]))
    except (OSError, ValueError, LookupError, TypeError, AttributeError): return None


def in_c() -> bool:
    """The compiled workspace is there."""
    return compiled.running("float64").startswith("compiled")


def sizes() -> dict[str, int]:
    """What is timed, and how many constants that has."""
    names = ("fast", "exact", "exact 1", *(["fast C"] if in_c() else []))
    return {f"{name}{more}": 6 if name.startswith("fast") else 5 for name in names for more in ("", " gradient")}


def timed() -> Machine:
    """Time this machine now."""
    seconds: dict[str, tuple[float, ...]] = {}
    for gradient in (False, True):
        shapes = {"fast": [Shape(n, d, d, 2, g, gradient) for n, d, g in FAST],
                  "exact": [Shape(n, d, d, 2, 1, gradient) for n, d in EXACT],
                  "exact 1": [Shape(n, d, d, 1, 1, gradient) for n, d in MATRIX]}
        if in_c(): shapes["fast C"] = shapes["fast"]
        runs = [(name, s, runner(s, name)) for name, given in shapes.items() for s in given]
        least = best([run for *_, run in runs])
        for name in shapes:
            count = fast_counts if name.startswith("fast") else exact_counts
            rows = [[c / took for c in count(s)] for (kind, s, _), took in zip(runs, least) if kind == name]
            seconds[f"{name}{' gradient' * gradient}"] = nonnegative(rows)
    threads = next((os.environ[x] for x in THREADS if os.environ.get(x)), "all")
    return Machine(seconds, f"timed on {date.today().isoformat()}, float64, {threads} threads, NumPy {np.__version__}")


def best(runs: Sequence[Callable[[], float]]) -> list[float]:
    """The least time of each, all of them in turn, so that what disturbs one disturbs the others too."""
    least = [run() for run in runs]
    for turn in range(1, REPEATS):
        for k, run in enumerate(runs):
            if turn < FEW or least[k] < SHORT: least[k] = min(least[k], run())
    return least


def runner(s: Shape, name: str) -> Callable[[], float]:
    """A function that runs what is named on normal data of that shape, and gives the seconds.

    "fast" is in NumPy, "fast C" compiled, "fast as it comes" as a user gets it.
    """
    rng = np.random.default_rng(0)
    q, *keys = (0.3 * rng.standard_normal((s.n, s.d)) for _ in range(s.order + 1))
    values = [rng.standard_normal((s.n, s.dv)) for _ in range(s.order)]
    task = problem(q, keys, values, upstream=rng.standard_normal((s.n, s.dv)) if s.gradient else None)
    series = [1.0]
    for k in range(1, s.degree + 1): series.append(series[-1] / k)

    def run() -> float:
        with switched({"fast": "0", "fast C": "1"}.get(name)):
            start = perf_counter(), process_time()
            if name.startswith("fast"): fast.solve(task, series)
            else: exact.solve(task)
            return min(perf_counter() - start[0], process_time() - start[1])     # other programs' share does not count
    return run


@contextmanager
def switched(value: str | None) -> Iterator[None]:
    """The compiled workspace on ("1"), off ("0") or as it is."""
    before = os.environ.get("TACHECK_COMPILED")
    if value is not None: os.environ["TACHECK_COMPILED"] = value
    try: yield
    finally:
        if before is None: os.environ.pop("TACHECK_COMPILED", None)
        else: os.environ["TACHECK_COMPILED"] = before


def nonnegative(rows: Sequence[Sequence[float]]) -> tuple[float, ...]:
    """x >= 0 with A x near 1 in every row: least squares, without the columns that would be negative."""
    A: Any = np.array(rows)
    scale = A.max(axis=0)
    kept = [int(k) for k in np.flatnonzero(scale)]
    scale[scale == 0] = 1
    A /= scale
    while True:
        x, *_ = np.linalg.lstsq(A[:, kept], np.ones(len(A)), rcond=None)
        if (x >= 0).all(): break
        kept.pop(int(np.argmin(x)))
    out = np.zeros(A.shape[1])
    out[kept] = x
    return tuple(map(float, out / scale))
