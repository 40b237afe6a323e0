"""A table of answers over a grid of n, d, bound and error: one row each, in parallel."""
from __future__ import annotations

import csv
import io
import os
from collections.abc import Callable, Iterable, Sequence
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass
from functools import partial
from itertools import product
from multiprocessing import get_context
from pathlib import Path
from typing import Any

from ..arrays import ProblemError
from .answering import answer
from .costs import Machine
from .question import from_numbers

COLUMNS = ("n", "d", "bound", "error", "order", "scale", "verdict", "kind", "radius", "degree", "certified", "rank",
           "exponent_lower", "exponent_upper", "fast_operations", "exact_operations", "fast_seconds", "exact_seconds",
           "crossover")
GRID = {"n": "1024,4096,16384,65536,1048576", "d": "2,4,8,64", "bound": "1/2,1,2,4", "error": "1e-2,1e-4"}
LARGEST = 100_000                                                    # points


@dataclass(frozen=True)
class Common:
    """What all points share."""
    order: Any
    scale: Any
    dv: Any
    gradient: bool
    machine: Machine | None


def grid(given: Sequence[str], fixed: dict[str, Any]) -> list[dict[str, str]]:
    """Every combination of the values of n, d, bound and error: from `given` (as d=4,64), else fixed, else GRID."""
    values = GRID | {name: str(x) for name, x in fixed.items() if x is not None}
    for word in given:
        name, equals, text = word.partition("=")
        if not equals or name not in GRID or not all(text.split(",")):
            raise ProblemError(f"--grid {word}: write n=1024,4096 or d=4,64 or bound=1/2,1 or error=1e-2,1e-4")
        values[name] = text
    lists = [values[name].split(",") for name in GRID]
    points = [dict(zip(GRID, at)) for at in product(*lists)]
    if len(points) > LARGEST: raise ProblemError(f"--grid has {len(points)} points; {LARGEST} is the limit")
    return points


def row(point: dict[str, str], common: Common) -> dict[str, Any]:
    """One row of the table."""
    n, d, bound, error = (point[name] for name in GRID)
    q = from_numbers(n, d, bound, error, common.order, common.scale, common.dv, common.gradient)
    r = answer(q, common.machine, moving=False)
    lower, upper = r.exponent or (None, None)
    found = (q.n, q.d, point["bound"], point["error"], q.order, q.scale_text, r.verdict, r.kind, float(q.radius), r.degree,
             r.certified, r.rank, lower, upper, r.fast and r.fast.operations, r.exact.operations, r.fast and r.fast.seconds,
             r.exact.seconds, r.crossover)
    return dict(zip(COLUMNS, found))


def rows(points: Sequence[dict[str, str]], common: Common, jobs: int = 0,
         advance: Callable[[int], object] = lambda done: None) -> list[dict[str, Any]]:
    """All rows, in order; `advance` hears of each."""
    jobs = min(jobs or os.cpu_count() or 1, len(points))
    if jobs <= 1: return heard((row(point, common) for point in points), advance)
    for point in points[:1]: row(point, common)                      # a mistake in all of them is said once, and here
    with ProcessPoolExecutor(jobs, get_context("spawn")) as pool:
        return heard(pool.map(partial(row, common=common), points, chunksize=4), advance)


def heard(found: Iterable[dict[str, Any]], advance: Callable[[int], object]) -> list[dict[str, Any]]:
    """The rows, each reported."""
    out = []
    for r in found:
        out.append(r)
        advance(1)
    return out


def table(found: Sequence[dict[str, Any]]) -> str:
    """The rows as CSV."""
    file = io.StringIO()
    writer = csv.DictWriter(file, COLUMNS, lineterminator="\n")
    writer.writeheader()
    writer.writerows(found)
    return file.getvalue()


def write_parquet(found: Sequence[dict[str, Any]], path: Path) -> None:
    """The rows as Parquet, the file whole or not at all.  Needs pyarrow."""
    import pyarrow
    from pyarrow import parquet
    temporary = path.with_name(f".{path.name[:80]}.{os.getpid()}")
    try:
        parquet.write_table(pyarrow.Table.from_pylist(list(found)), temporary)
        os.replace(temporary, path)
    finally: temporary.unlink(missing_ok=True)
