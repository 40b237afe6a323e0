"""attend: attention and its gradient on the arrays of a file: exact, or in almost linear time within an error."""
from __future__ import annotations

import argparse
import re
import sys
from collections.abc import Callable
from contextlib import AbstractContextManager, nullcontext
from dataclasses import asdict
from fractions import Fraction
from math import isfinite, sqrt
from pathlib import Path
from time import perf_counter
from types import TracebackType
from typing import Any

from . import UsageError, write_json

UNIT = {"float32": 2.0 ** -24, "float64": 2.0 ** -53}               # one rounding


def arguments(parser: argparse.ArgumentParser) -> None:
    """The options of `tacheck attend`."""
    parser.add_argument("--input", nargs="+", required=True, metavar="FILE",
                        help=".npz or .safetensors with q, k1, v1, k2, v2, ... (upstream, mask1, ...); or q.npy k1.npy ...")
    parser.add_argument("-o", "--output", required=True, metavar="FILE", help=".npz or .safetensors to write: out, dq, dk1, ...")
    parser.add_argument("--gradient", action="store_true", help="the gradients too; needs upstream, the loss's gradient in out")
    parser.add_argument("--causal", action="store_true", help="row i sees positions j <= i of every key set")
    parser.add_argument("--window", metavar="W1,W2", help="row i sees the last W1 (W2) positions up to i; one number for all")
    parser.add_argument("--scale", default="1/d", metavar="S", help="1/d (default), 1/sqrt(d), a number or a fraction")
    parser.add_argument("--error", metavar="E", help="relative error that the weights may have, as 1e-4; without it, exact")
    parser.add_argument("--method", default="auto", metavar="M", help="exact; fast, which needs --error; auto (default): the "
                        "quicker one that stays within --error")
    parser.add_argument("--max-rank", default="100000", metavar="R", help="features of the fast path at most (default: 100000)")
    parser.add_argument("--dtype", metavar="T", help="float32 or float64 (default: that of the arrays)")
    parser.add_argument("--json", metavar="FILE", help="the summary as one document (- for standard output)")


def run(args: argparse.Namespace) -> int:
    """Map, check, compute, write.  Exit code 0, or UsageError with nothing written."""
    from ..numeric.arrays import ProblemError, problem
    from ..numeric.door import METHODS, solve
    from ..numeric.files import attention_arrays, place, writable, write
    from ..numeric.mapped import read
    if args.method not in METHODS: raise UsageError(f"--method {args.method}: {', '.join(METHODS)} are there")
    if args.method == "fast" and args.error is None: raise UsageError("--method fast needs --error E, as --error 1e-4")
    error, most = error_of(args.error), rank_of(args.max_rank)
    window, source = window_of(args.window), ", ".join(args.input)
    try:
        output = writable(args.output)
        taken = {Path(path).resolve(): "the input" for path in args.input}
        for path in (args.output, *([args.json] if args.json and args.json != "-" else [])):
            if other := taken.get(Path(path).resolve()): raise ProblemError(f"{path}: is {other} too; name another file to write")
            taken[Path(path).resolve()] = "--output"
            place(path)
        arrays, copied = read(*args.input)
        try:
            named = attention_arrays(arrays)
            if args.gradient and named.upstream is None:
                raise ProblemError("no array upstream; --gradient needs the loss's gradient in out, of the shape of out")
            scale = scale_of(args.scale, named.q.shape[-1] if named.q.ndim else 0)
            task = problem(named.q, named.keys, named.values, scale=scale, causal=args.causal, window=window, mask=named.mask,
                           dtype=args.dtype, upstream=named.upstream if args.gradient else None)
            fine(error, args.error, task.q.dtype)
            start = perf_counter()
            with progress(task.rows) as advance: found, bound = solve(task, error, args.method, most, True, advance)
        except ProblemError as bad: raise ProblemError(f"{source}: {bad}") from None
        seconds = perf_counter() - start
        result = {"out": found.out}
        if found.gradient:
            result["dq"] = found.gradient.q
            for letter, parts in (("k", found.gradient.keys), ("v", found.gradient.values)):
                result |= {f"d{letter}{s}": g for s, g in enumerate(parts, 1)}
        write(output, result)
    except ProblemError as bad: raise UsageError(str(bad)) from None

    assert bound is not None
    unused = named.unused + ["upstream"] * (named.upstream is not None and not args.gradient)
    document = {"version": 1, "method": bound.method, "order": task.order, "scale": task.scale, "dtype": str(task.q.dtype),
                "causal": task.causal, "window": task.window, "input": {name: list(a.shape) for name, a in arrays.items()},
                "output": {name: list(a.shape) for name, a in result.items()}, "unused": unused, "seconds": seconds,
                "file": str(output), "asked": args.method, "error": bound.error, "degree": bound.degree, "rank": bound.rank,
                "bound": finite(asdict(bound)), "copied": copied}
    if args.json: write_json(args.json, document)
    if args.json != "-": print(summary(document, [name for name in arrays if name not in unused]))
    return 0


def error_of(text: str | None) -> Fraction | None:
    """The error that an --error stands for, exactly.  Raises UsageError."""
    if text is None: return None
    from ..numeric.polynomial.errors import ApproximationError, exact
    try: error = exact("--error", text) if len(text) <= 40 else Fraction(0)
    except ApproximationError: error = Fraction(0)
    if not 0 < error < 1: raise UsageError(f"--error {text[:40]}: a number between 0 and 1 is needed, as 1e-4")
    return error


def rank_of(text: str) -> int:
    """The most features.  Raises UsageError."""
    if not re.fullmatch(r"[1-9]\d{0,8}", text): raise UsageError(f"--max-rank {text}: a number from 1 to 999999999 is needed")
    return int(text)


def fine(error: Fraction | None, text: str | None, dtype: Any) -> None:
    """Raises ProblemError for an error that results of this type cannot show."""
    from ..numeric.arrays import ProblemError
    unit = UNIT[str(dtype)]
    if error is None or error >= unit: return
    help = "use --dtype float64, or allow a larger error" if str(dtype) == "float32" else "allow a larger error"
    raise ProblemError(f"--error {text} is less than one rounding in {dtype}, {unit:.2g}; {help}")


def finite(document: Any) -> Any:
    """The document with null for numbers that JSON has not: there is no bound."""
    if isinstance(document, dict): return {name: finite(part) for name, part in document.items()}
    if isinstance(document, list | tuple): return [finite(part) for part in document]
    return None if isinstance(document, float) and not isfinite(document) else document


def scale_of(text: str, d: int) -> float | None:
    """The number that a --scale stands for; None for 1/d.  Raises UsageError."""
    if text == "1/d": return None
    if text == "1/sqrt(d)": return 1 / sqrt(d) if d else None
    above, slash, below = text.partition("/")
    try: return float(above) / float(below) if slash else float(text)
    except (ValueError, ZeroDivisionError):
        raise UsageError(f"--scale {text}: 1/d, 1/sqrt(d), a number or a fraction is needed") from None


def window_of(text: str | None) -> Any:
    """The window that a --window stands for.  Raises UsageError."""
    if text is None: return None
    if not re.fullmatch(r"\d{1,18}(,\d{1,18})*", text):
        raise UsageError(f"--window {text}: a number, or one for each key set as in 64,32, is needed")
    sizes = [int(word) for word in text.split(",")]
    return sizes if len(sizes) > 1 else sizes[0]


def summary(document: dict[str, Any], names: list[str]) -> str:
    """What was read, computed and written, and how far it may be from exact."""
    shapes = [f"{name} {tuple(document['input'][name])}" for name in names]
    limits = [word for word, on in (("causal", document["causal"]), (f"window {document['window']}", document["window"])) if on]
    limits = [f"order {document['order']}", document["dtype"], f"scale {document['scale']:.6g}", *limits]
    lines = [f"{', '.join(limits)}: {', '.join(shapes)}"]
    if document["unused"]: lines.append(f"not used: {', '.join(document['unused'])}")
    if copied := [name for name in document["copied"] if name in names]:
        lines.append(f"read into memory, since it could not be mapped (compressed, bfloat16, empty): {', '.join(copied)}")
    written = ", ".join(f"{name} {tuple(shape)}" for name, shape in document["output"].items())
    lines.append(f"{document['file']}: {written}; {document['method']}, {document['seconds']:.3g} s")
    return "\n".join([*lines, *certificate(document)])


def certificate(document: dict[str, Any]) -> list[str]:
    """The bound in words; nothing where no error was asked for."""
    bound = document["bound"]
    if bound["error"] is None: return []
    if bound["method"] == "exact":
        why = "" if document["asked"] == "exact" else ": quicker here than the fast path, or that needs more than --max-rank"
        return [f"exact up to rounding, about {bound['rounding']:.2g} in out{why}"]
    slopes = "" if bound["delta_prime"] is None else f", slopes within {bound['delta_prime']:.3g}"
    met = f"error {bound['error']:.3g} {'met' if bound['met'] else 'NOT met'}"
    lines = [f"degree {bound['degree']}, rank {bound['rank']}; scores within {bound['radius']:.4g} of {bound['centre']:.4g}; "
             f"weights within {bound['delta']:.3g}{slopes}, relatively: {met}"]
    each = {"out": bound["output"], **(bound["gradients"] or {})}
    bounds = ", ".join(f"{name} {'no bound' if x is None else format(x, '.2g')}" for name, x in each.items())
    return [*lines, f"certified bounds: {bounds}; rounding apart, about {bound['rounding']:.2g} in out"]


def progress(rows: int) -> AbstractContextManager[Callable[[int], object]]:
    """A bar on a terminal, else nothing; what it gives is told how many query rows were done."""
    return Bar(rows) if sys.stderr.isatty() else nullcontext(lambda done: None)


class Bar:
    """rich's progress bar on standard error."""

    def __init__(self, rows: int):
        from rich.console import Console
        from rich.progress import Progress
        self.rich, self.rows = Progress(console=Console(stderr=True), transient=True), rows

    def __enter__(self) -> Callable[[int], object]:
        self.rich.start()
        task = self.rich.add_task("attend", total=self.rows)
        return lambda done: self.rich.advance(task, done)

    def __exit__(self, kind: type[BaseException] | None, bad: BaseException | None, trace: TracebackType | None) -> None:
        self.rich.stop()
