"""bench: fast attention against exact attention on this machine: exponents, crossover, share of the matrix product, memory."""
from __future__ import annotations

import argparse
import os
import platform
import sys
from collections.abc import Callable
from fractions import Fraction
from importlib.metadata import version
from pathlib import Path
from typing import Any

from . import UsageError, write_json, write_text

THREADS = ("OPENBLAS_NUM_THREADS", "OMP_NUM_THREADS", "MKL_NUM_THREADS")
MOST = 100_000                                                       # of the rank
ORDERS = 5                                                           # exact attention of a larger order takes minutes at n = 8


def arguments(parser: argparse.ArgumentParser) -> None:
    """The options of `tacheck bench`."""
    parser.add_argument("--quick", action="store_true", help="in seconds, with smaller arrays and wider intervals")
    parser.add_argument("--order", type=int, default=2, metavar="K", help="key sets (default: 2, tensor attention)")
    parser.add_argument("--d", type=int, default=4, metavar="D", help="columns of queries, keys and values (default: 4)")
    parser.add_argument("--error", default="1e-4", metavar="E", help="relative error of the weights (default: 1e-4)")
    parser.add_argument("--bound", default="1", metavar="B", help="scores lie within B of 0 (default: 1)")
    parser.add_argument("--dtype", default="float64", choices=("float64", "float32"), help="default: float64")
    parser.add_argument("--plot", metavar="FILE", help="draw the times over n: .svg, or .png with matplotlib")
    parser.add_argument("--json", metavar="FILE", help="the measurements as one document (- for standard output)")


def run(args: argparse.Namespace) -> int:
    """Measure and print as it is measured.  Exit code 0, or UsageError before anything is measured."""
    if "numpy" not in sys.modules:                                   # one thread, unless the user decided; it is read once
        for name in THREADS: os.environ.setdefault(name, "1")
    from ..numeric.arrays import ProblemError
    from ..numeric.files import place
    from ..numeric.timing import Case
    if args.order < 1: raise UsageError(f"--order {args.order}: 1 or more key sets are needed")
    if args.order > ORDERS: raise UsageError(f"--order {args.order}: orders 1 to {ORDERS} are measured")
    if args.d < 1: raise UsageError(f"--d {args.d}: 1 or more columns are needed")
    if args.plot and not args.plot.endswith((".svg", ".png")): raise UsageError(f"--plot {args.plot}: name a .svg or .png file")
    case = Case(args.order, args.d, number("--bound", args.bound), number("--error", args.error), args.dtype)
    if case.error >= 1: raise UsageError(f"--error {args.error}: a number between 0 and 1 is needed, as 1e-4")
    if args.plot and args.json and Path(args.plot).resolve() == Path(args.json).resolve():
        raise UsageError(f"--json {args.json}: is the file of --plot too; name another")
    try:
        for path in (args.plot, args.json):
            if path and path != "-": place(path)
        if (r := case.rank()) > MOST:
            raise ProblemError(f"rank {r} for d = {case.d}, scores within {args.bound} and error {args.error}: {MOST} is the "
                               "most that is measured; allow a larger error, or take a smaller d or bound")
        found = measured(case, args.quick, (lambda line: None) if args.json == "-" else (lambda line: print(line, flush=True)))
    except ProblemError as bad: raise UsageError(str(bad)) from None
    if args.plot: plot(args.plot, found)
    if args.json: write_json(args.json, found)
    return 0


def number(option: str, text: str) -> Fraction:
    """An exact positive number.  Raises UsageError."""
    from ..numeric.polynomial.errors import ApproximationError, exact
    try: found = exact(option, text)
    except ApproximationError: found = Fraction(0)
    if not 0 < found < 10**6: raise UsageError(f"{option} {text}: a positive number is needed, as 1e-4 or 1/2")
    return found


def measured(case: Any, quick: bool, say: Callable[[str], object]) -> dict[str, Any]:
    """Everything, as version 1 of the document; `say` is told each line as it is known."""
    from ..numeric import timing
    from ..numeric.compiled import running
    P, path = case.polynomial(), running(case.dtype)
    os.environ.setdefault("TACHECK_COMPILED", "1" if path.startswith("compiled") else "0")       # one way at every size
    threads = next((os.environ[name] for name in THREADS if os.environ.get(name)), "all")
    repeats, seconds = (3, 0.25) if quick else (5, 3.0)
    say(f"order {case.order}, d = dv = {case.d}, scores within {float(case.bound):.4g}, error {float(case.error):.3g}: degree "
        f"{P.degree}, rank {case.rank()}; {case.dtype}, whole gradients, NumPy {version('numpy')}, threads: {threads}")
    say(f"the fast path runs by {path}")

    top = size_for(lambda n: timing.fast_times(case, [n], 2)[0][0], 2048, seconds, 1)
    sizes = [top >> k for k in range(5 if quick else 7, -1, -1) if top >> k >= 256]
    times, shares = timing.fast_times(case, sizes, repeats)
    fast = line(timing, sizes, times)
    say(f"fast   n = {sizes[0]} to {sizes[-1]}: {times[-1]:.3g} s at the largest; time grows as n^{exponent(fast)}")
    say(f"       {max(shares):.1%} of the rate of a matrix product of size {timing.SQUARE}, measured in turn")

    rows = timing.ROWS if quick and case.order > 1 else None         # of larger problems
    start = {1: 1024, 2: 128, 3: 48}.get(case.order, 12)
    top = size_for(lambda n: timing.exact_times(case, [n], 2, rows)[0] * ((rows or n) / n), start, seconds / 2,
                   case.order + (rows is None))
    exact_sizes = sorted({max(8, round(top / 2 ** (k / 2))) for k in range(4)})
    exact_times = timing.exact_times(case, exact_sizes, 3, rows)
    exact = line(timing, exact_sizes, exact_times)
    say(f"exact  n = {exact_sizes[0]} to {exact_sizes[-1]}: {exact_times[-1]:.3g} s at the largest"
        + (f" ({rows} of its query rows were run)" if rows else "") + f"; time grows as n^{exponent(exact)}")

    cross = timing.crossover(case, repeats)
    say(f"fast is quicker from n = {cross} on" if cross else "exact is quicker as far as was measured")
    at = [n for n in (128, 256, 512, 1024) if n**case.order * timing.ROWS <= timing.MOST]
    ratios = {str(n): timing.ratio(case, n, repeats) for n in at}
    if ratios: say("exact takes " + ", ".join(f"{x:.3g} times as long at n = {n}" for n, x in ratios.items()))
    extra = timing.extra_bytes(case.draw(sizes[-1]), P.coefficients)
    say(f"fast takes {extra / 1e6:.3g} MB beyond inputs and results at n = {sizes[-1]}")
    return {"version": 1, "order": case.order, "d": case.d, "dv": case.d, "bound": float(case.bound), "error": float(case.error),
            "dtype": case.dtype, "degree": P.degree, "rank": case.rank(), "quick": quick, "threads": threads, "path": path,
            "numpy": version("numpy"), "machine": platform.machine(), "confidence": timing.CONFIDENCE,
            "fast": fast | {"share": shares}, "exact": exact | {"rows": rows}, "crossover": cross, "ratio": ratios,
            "memory": {"n": sizes[-1], "bytes": extra}}


def size_for(seconds: Callable[[int], float], start: int, wanted: float, power: int) -> int:
    """An n, a multiple of 8, whose run takes about that long, by what a smaller one takes."""
    first = max(seconds(start), 1e-4)
    grown = start * max(1.0, wanted / first) ** (1 / power)
    return max(8, int(min(grown, 2.0**22)) // 8 * 8)


def line(timing: Any, sizes: list[int], times: list[float]) -> dict[str, Any]:
    """Sizes, seconds and the exponent with its interval; null where there are fewer than three sizes."""
    e = timing.exponent(sizes, times) if len(sizes) > 2 else None
    return {"n": sizes, "seconds": times, "exponent": e and e.slope, "interval": e and [e.lower, e.upper]}


def exponent(found: dict[str, Any]) -> str:
    if found["exponent"] is None: return "? (too few sizes)"
    return f"{found['exponent']:.3f} ({found['interval'][0]:.3f} to {found['interval'][1]:.3f}, 95 %)"


def plot(path: str, found: dict[str, Any]) -> None:
    """Both lines of times over n.  Raises UsageError where it cannot be written."""
    from ..report.diagram import BLUE, RED, Drawing, Line, svg, write_png
    fast, exact = found["fast"], found["exact"]
    ns, ts = ([x for half in (fast, exact) for x in half[what]] for what in ("n", "seconds"))
    halves = (("fast", BLUE, fast), ("exact", RED, exact))
    drawing = Drawing(
        f"Whole gradient, order {found['order']}, d = {found['d']}, error {found['error']:.0e}",
        ("tokens n", min(ns) / 1.3, max(ns) * 1.3), ("seconds", min(ts) / 2, max(ts) * 2),
        lines=tuple(Line(f"{name}: n^{exponent(half)}", colour, list(zip(half["n"], half["seconds"])))
                    for name, colour, half in halves))
    if path.endswith(".svg"): write_text(path, svg(drawing))
    else:
        try: write_png(drawing, Path(path))
        except ImportError: raise UsageError(f"{path}: .png needs matplotlib, which is not installed; name a .svg file") from None
        except OSError as bad: raise UsageError(f"{path}: cannot be written: {bad.strerror or bad}") from None
