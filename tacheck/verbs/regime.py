"""regime: which side of the threshold numbers, arrays or a checkpoint lie on; the price; the claims that it rests on."""
from __future__ import annotations

import argparse
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from importlib.util import find_spec
from pathlib import Path
from typing import Any

from . import UsageError, write_json, write_text


def arguments(parser: argparse.ArgumentParser) -> None:
    """The options of `tacheck regime`."""
    parser.add_argument("--n", metavar="N", help="tokens")
    parser.add_argument("--d", metavar="D", help="columns of queries and keys")
    parser.add_argument("--bound", metavar="B", help="entries of queries and keys lie in [-B, B]")
    parser.add_argument("--input", nargs="+", metavar="FILE", help=".npz, .npy or .safetensors, or a folder: arrays q, k1, ..., "
                        "or layers.0.q, layers.0.k, ..., or projection weights; in place of --d and --bound")
    parser.add_argument("--error", default="1e-3", metavar="E", help="relative error that weights may have (default: 1e-3)")
    parser.add_argument("--order", metavar="K", help="key sets: 1 matrix attention, 2 tensor attention (default: 2, or as given)")
    parser.add_argument("--scale", metavar="S", help="1/d (default; 1/sqrt(d) for weights), 1/sqrt(d), a number or a fraction")
    parser.add_argument("--dv", metavar="D", help="columns of values (default: as many as D)")
    parser.add_argument("--gradient", action="store_true", help="the gradients too: their cost and their polynomial")
    parser.add_argument("--layer", metavar="NAME", help="only these layers of a file: a name, a number or a pattern")
    parser.add_argument("--heads", type=int, metavar="H", help="heads of projection weights (default: from config.json)")
    parser.add_argument("--norm", type=float, metavar="X", help="largest norm of inputs of projections (default: sqrt(width))")
    parser.add_argument("--budget", type=float, metavar="M", help="multiplications that a range may cost (default: 2e9)")
    parser.add_argument("--no-calibrate", action="store_true", help="compare operations, do not time this machine")
    parser.add_argument("--recalibrate", action="store_true", help="time this machine again (it is timed once, and that is kept)")
    parser.add_argument("--plot", metavar="FILE", help="draw the regimes and this point: .svg (.png with matplotlib)")
    parser.add_argument("--sweep", metavar="FILE", help="a .csv or .parquet table over a grid of n, d, bound and error")
    parser.add_argument("--grid", nargs="+", default=[], metavar="X=A,B", help="values for --sweep, as d=4,64 bound=1/2,1")
    parser.add_argument("--jobs", type=int, default=0, metavar="J", help="processes for --sweep (default: one a processor)")
    parser.add_argument("--json", metavar="FILE", help="the answer as one document (- for standard output)")


def run(args: argparse.Namespace) -> int:
    """Ask, answer, write.  Exit code 0 whatever the answer is; UsageError for what cannot be asked."""
    from ..numeric.arrays import ProblemError
    places(args)
    try:
        if args.sweep: return sweep(args)
        found = list(heads(args)) if args.input else [("", numbers(args))]
    except ProblemError as bad: raise UsageError(str(bad)) from None
    from ..report.regime import document, text
    if args.plot: plot(args.plot, found)
    if args.json: write_json(args.json, document(found))
    if args.json != "-": print(text(found))
    return 0


def places(args: argparse.Namespace) -> None:
    """Raises UsageError where options do not go together or a file cannot be written, before any work is done."""
    from ..numeric.arrays import ProblemError
    from ..numeric.files import place
    from ..numeric.polynomial.errors import plain
    if args.jobs < 0: raise UsageError(f"--jobs {args.jobs}: 1 or more processes are needed (0: one a processor)")
    if args.sweep and (args.input or args.plot): raise UsageError("--sweep asks about numbers; leave --input and --plot out")
    if args.grid and not args.sweep: raise UsageError("--grid belongs to --sweep FILE.csv")
    if args.input and (args.bound or args.d): raise UsageError("--input has arrays; leave --d and --bound out")
    named = {"--plot": (args.plot, (".svg", ".png")), "--sweep": (args.sweep, (".csv", ".parquet")), "--json": (args.json, ())}
    taken = {Path(path).resolve(): "--input" for path in args.input or ()}
    for option, (path, suffixes) in named.items():
        if not path or path == "-": continue
        if (other := taken.setdefault(Path(path).resolve(), option)) != option:
            raise UsageError(f"{option} {path}: is the file of {other} too; name another")
        if suffixes and Path(path).suffix not in suffixes:
            raise UsageError(f"{option} {path}: name a {' or '.join(suffixes)} file")
        if path.endswith(".png") and find_spec("matplotlib") is None:
            raise UsageError(f"{option} {path}: a .png needs matplotlib: pip install tacheck[plot]; a .svg needs nothing")
        if path.endswith(".parquet") and find_spec("pyarrow") is None:
            raise UsageError(f"{option} {path}: a .parquet needs pyarrow: pip install tacheck[parquet]; a .csv needs nothing")
        try: place(path)
        except ProblemError as bad: raise UsageError(str(bad)) from None
    try:
        for name in ("n", "d", "bound", "error", "order", "scale", "dv"): plain(f"--{name}", getattr(args, name) or "")
        for word in (word for values in args.grid for word in values.split(",")): plain("--grid", word)
    except ProblemError as bad: raise UsageError(str(bad)) from None


def machine(args: argparse.Namespace) -> Any:
    """The constants of this machine; None where operations will do."""
    from ..numeric.regime import machine
    return None if args.no_calibrate else machine(args.recalibrate)


def numbers(args: argparse.Namespace) -> Any:
    """The answer for --n, --d and --bound."""
    from ..numeric.regime import answer, from_numbers
    missing = [f"--{name}" for name in ("n", "d", "bound") if getattr(args, name) is None]
    if missing: raise UsageError(f"{' and '.join(missing)} missing: give --n, --d and --bound, or --input FILE")
    order = 2 if args.order is None else args.order
    return answer(from_numbers(args.n, args.d, args.bound, args.error, order, args.scale, args.dv, args.gradient), machine(args))


def heads(args: argparse.Namespace) -> Iterator[tuple[str, Any]]:
    """Name and answer for each head of the files, the farthest first."""
    from ..numeric.checkpoints import Reading
    from ..numeric.regime.heads import answers
    how = Reading(args.layer, args.heads, args.norm, args.scale)
    return answers(args.input, how, machine(args), error=args.error, scale=args.scale, gradient=args.gradient, n=args.n,
                   budget=args.budget, order=args.order)


def plot(path: str, found: list[tuple[str, Any]]) -> None:
    """The regimes at the sizes of the first answer, with all points."""
    from ..report.diagram import svg, write_png
    from ..report.regime import picture
    if path.endswith(".svg"): return write_text(path, svg(picture(found)))
    try: write_png(picture(found), Path(path))
    except OSError as bad: raise UsageError(f"{path}: cannot be written: {bad.strerror or bad}") from None


def sweep(args: argparse.Namespace) -> int:
    """The table of a grid."""
    from ..numeric.regime.sweep import Common, grid, rows, table, write_parquet
    points = grid(args.grid, {"n": args.n, "d": args.d, "bound": args.bound})
    common = Common(2 if args.order is None else args.order, args.scale, args.dv, args.gradient, machine(args))
    with progress(len(points)) as advance: found = rows(points, common, args.jobs, advance)
    if args.sweep.endswith(".parquet"): write_parquet(found, Path(args.sweep))
    else: write_text(args.sweep, table(found))
    if args.json: write_json(args.json, {"version": 1, "rows": found})
    if args.json != "-": print(f"{args.sweep}: {len(found)} rows")
    return 0


@contextmanager
def progress(total: int) -> Iterator[Callable[[int], object]]:
    """rich's bar on a terminal, else nothing."""
    if not sys.stderr.isatty():
        yield lambda done: None
        return
    from rich.console import Console
    from rich.progress import Progress
    with Progress(console=Console(stderr=True), transient=True) as bar:
        task = bar.add_task("sweep", total=total)
        yield lambda done: bar.advance(task, done)
