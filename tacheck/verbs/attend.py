"""attend: exact attention, and its gradient, on the arrays of a file."""
import argparse
import re
import sys
from collections.abc import Callable
from contextlib import AbstractContextManager, nullcontext
from math import sqrt
from pathlib import Path
from time import perf_counter
from types import TracebackType
from typing import Any

from . import UsageError, write_json


def arguments(parser: argparse.ArgumentParser) -> None:
    """The options of `tacheck attend`."""
    parser.add_argument("--input", nargs="+", required=True, metavar="FILE",
                        help=".npz or .safetensors with q, k1, v1, k2, v2, ... (upstream, mask1, ...); or q.npy k1.npy ...")
    parser.add_argument("-o", "--output", required=True, metavar="FILE", help=".npz or .safetensors to write: out, dq, dk1, ...")
    parser.add_argument("--gradient", action="store_true", help="the gradients too; needs upstream, the loss's gradient in out")
    parser.add_argument("--causal", action="store_true", help="row i sees positions j <= i of every key set")
    parser.add_argument("--window", metavar="W1,W2", help="row i sees the last W1 (W2) positions up to i; one number for all")
    parser.add_argument("--scale", default="1/d", metavar="S", help="1/d (default), 1/sqrt(d), a number or a fraction")
    parser.add_argument("--method", default="exact", metavar="M", help="exact (the only one so far)")
    parser.add_argument("--dtype", metavar="T", help="float32 or float64 (default: that of the arrays)")
    parser.add_argument("--json", metavar="FILE", help="the summary as one document (- for standard output)")


def run(args: argparse.Namespace) -> int:
    """Read, check, compute, write.  Exit code 0, or UsageError with nothing written."""
    from ..numeric.arrays import ProblemError, problem
    from ..numeric.exact import solve
    from ..numeric.files import attention_arrays, place, read, writable, write
    if args.method != "exact": raise UsageError(f"--method {args.method}: only exact is there; leave --method out")
    window, source = window_of(args.window), ", ".join(args.input)
    try:
        output = writable(args.output)
        if any(Path(path).resolve() == output.resolve() for path in args.input):
            raise ProblemError(f"{output}: is the input too; name another file to write")
        if args.json and args.json != "-": place(args.json)
        arrays = read(*args.input)
        try:
            named = attention_arrays(arrays)
            if args.gradient and named.upstream is None:
                raise ProblemError("no array upstream; --gradient needs the loss's gradient in out, of the shape of out")
            scale = scale_of(args.scale, named.q.shape[-1] if named.q.ndim else 0)
            task = problem(named.q, named.keys, named.values, scale=scale, causal=args.causal, window=window, mask=named.mask,
                           dtype=args.dtype, upstream=named.upstream if args.gradient else None)
            start = perf_counter()
            with progress(task.rows) as advance: found = solve(task, advance)
        except ProblemError as bad: raise ProblemError(f"{source}: {bad}") from None
        seconds = perf_counter() - start
        result = {"out": found.out}
        if found.gradient:
            result["dq"] = found.gradient.q
            for letter, parts in (("k", found.gradient.keys), ("v", found.gradient.values)):
                result |= {f"d{letter}{s}": g for s, g in enumerate(parts, 1)}
        write(output, result)
    except ProblemError as bad: raise UsageError(str(bad)) from None

    unused = named.unused + ["upstream"] * (named.upstream is not None and not args.gradient)
    document = {"version": 1, "method": "exact", "order": task.order, "scale": task.scale, "dtype": str(task.q.dtype),
                "causal": task.causal, "window": task.window, "input": {name: list(a.shape) for name, a in arrays.items()},
                "output": {name: list(a.shape) for name, a in result.items()}, "unused": unused, "seconds": seconds,
                "file": str(output)}
    if args.json: write_json(args.json, document)
    if args.json != "-": print(summary(document, [name for name in arrays if name not in unused]))
    return 0


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
    """What was read, computed and written."""
    shapes = [f"{name} {tuple(document['input'][name])}" for name in names]
    limits = [word for word, on in (("causal", document["causal"]), (f"window {document['window']}", document["window"])) if on]
    limits = [f"order {document['order']}", document["dtype"], f"scale {document['scale']:.6g}", *limits]
    lines = [f"{', '.join(limits)}: {', '.join(shapes)}"]
    if document["unused"]: lines.append(f"not used: {', '.join(document['unused'])}")
    written = ", ".join(f"{name} {tuple(shape)}" for name, shape in document["output"].items())
    return "\n".join([*lines, f"{document['file']}: {written}; exact, {document['seconds']:.3g} s"])


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
