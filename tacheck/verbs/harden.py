"""harden: from a DIMACS formula to a hard attention instance; or a challenge to an attention engine."""
import argparse
import os
import re
import shutil
import sys
import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

from .. import __version__
from . import UsageError, write_json

if TYPE_CHECKING:
    from ..instances.dimacs import Formula

UNITS = {"": 1, "K": 1 << 10, "M": 1 << 20, "G": 1 << 30, "T": 1 << 40}


def arguments(parser: argparse.ArgumentParser) -> None:
    """The options of `tacheck harden`."""
    from ..instances.forward import MODES
    from ..instances.generate import KINDS
    parser.add_argument("formula", nargs="?", metavar="F.cnf", help="a formula in DIMACS, .gz and .xz too; or --random")
    parser.add_argument("--random", metavar="V,RATIO", help="random formulas: variables, and clauses per variable (as 15,4.26)")
    parser.add_argument("--kind", default="threshold", choices=KINDS, help="of random formulas (default: threshold)")
    parser.add_argument("--width", type=int, default=3, metavar="K", help="literals per random clause (default: 3)")
    parser.add_argument("--count", type=int, metavar="N", help="that many random formulas, into the folder of -o")
    parser.add_argument("--seed", type=int, metavar="S", help="of random formulas (default: 0)")
    parser.add_argument("--order", type=int, default=2, metavar="K", help="key sets: 1 matrix, 2 tensor (default), up to 5")
    parser.add_argument("--eps", type=float, default=0.25, metavar="E", help="error that outputs may have, < 1/2 (default: 0.25)")
    parser.add_argument("--mode", default="plain", choices=MODES, help="default: plain")
    parser.add_argument("--parts", metavar="P", help="the variables of each list, queries first, as 1-4,9/5-8/10,11,12")
    parser.add_argument("-o", "--output", metavar="FILE", help=".npz or .safetensors to write, a .json beside it; or a folder")
    parser.add_argument("--dry-run", action="store_true", help="print what the instance would take, and write nothing")
    parser.add_argument("--max-memory", default="4G", metavar="BYTES", help="refuse what takes more; 500M, 4G, ... (default: 4G)")
    parser.add_argument("--max-file", default="16M", metavar="BYTES", help="refuse longer formulas, decompressed (default: 16M)")
    parser.add_argument("--lenient", action="store_true", help="accept more clauses than the header declares")
    parser.add_argument("--against", metavar="COMMAND",
                        help='challenge an engine, as "python my_engine.py {instance} {output}", and shrink what it fails')
    parser.add_argument("--tolerance", type=float, default=0.01, metavar="E", help="with --against: error allowed (default 0.01)")
    parser.add_argument("--timeout", type=float, default=60, metavar="S", help="with --against: seconds per run (default: 60)")
    parser.add_argument("--seconds", type=float, default=60, metavar="S", help="with --against: seconds of series (default: 60)")
    parser.add_argument("--json", metavar="FILE", help="one document of what was made or found (- for standard output)")


def run(args: argparse.Namespace) -> int:
    """Read or draw, build, write.  0 done (or not refuted), 1 --against refuted the engine; UsageError, nothing written."""
    from ..instances.dimacs import FormulaError
    from ..numeric.arrays import ProblemError
    from ..numeric.files import place
    if args.formula and args.random: raise UsageError(f"{args.formula} and --random {args.random}: one of them is needed")
    if not (args.formula or args.random or args.against): raise UsageError("no formula; name a file, or use --random V,RATIO")
    if args.formula and args.count is not None: raise UsageError(f"--count {args.count}: of one formula there is one instance")
    if args.count is not None and args.count < 1: raise UsageError(f"--count {args.count}: at least one is needed")
    if args.seed is not None and args.seed < 0: raise UsageError(f"--seed {args.seed}: 0 or more is needed")
    if args.against and (args.output or args.dry_run): raise UsageError("--against writes nothing; leave out -o and --dry-run")
    if not (args.output or args.dry_run or args.against): raise UsageError("no -o FILE; name what to write, or use --dry-run")
    try:
        if args.json and args.json != "-": place(args.json)
        if args.against: return against(args)
        if args.dry_run: return dry_run(args)
        return batch(args) if args.count is not None else single(args)
    except (FormulaError, ProblemError) as bad: raise UsageError(str(bad)) from None


def single(args: argparse.Namespace) -> int:
    """One instance in one file, and its JSON document beside it."""
    from ..instances.store import save, sidecar
    from ..numeric.files import writable
    target = writable(args.output)
    if args.json and args.json != "-" and Path(args.json).resolve() == sidecar(target).resolve():
        raise UsageError(f"{args.json}: is the instance's own JSON document, which is written anyway; leave out --json")
    if args.formula and Path(args.formula).resolve() in (target.resolve(), sidecar(target).resolve()):
        raise UsageError(f"{args.formula}: would be overwritten; name another file to write")
    formula, warnings = next(formulas(args))
    told = save(target, built(args, formula), seed=seed(args), tacheck=__version__)
    show(args, told | {"file": str(target), "warnings": warnings}, line(told, str(target)), warnings)
    return 0


def batch(args: argparse.Namespace) -> int:
    """Many instances in a folder that appears whole or not at all."""
    from ..instances.store import save
    target = Path(args.output)
    if target.suffix in (".npz", ".safetensors"): raise UsageError(f"-o {target}: a folder is needed for --count {args.count}")
    if target.exists() and (not target.is_dir() or any(target.iterdir())):
        raise UsageError(f"{target}: is there already; name a new folder")
    try:
        target.absolute().parent.mkdir(parents=True, exist_ok=True)
        folder = Path(tempfile.mkdtemp(dir=target.absolute().parent, prefix=f".{target.name[:80]}."))
    except OSError as bad: raise UsageError(f"{target}: cannot be written: {bad.strerror or bad}") from None
    digits, told = max(4, len(str(args.count - 1))), []
    try:
        with progress(args.count) as advance:
            for index, (formula, _) in enumerate(formulas(args)):
                name = f"{index:0{digits}}.npz"
                more = {"seed": seed(args), "index": index, "tacheck": __version__}
                told.append(save(folder / name, built(args, formula), **more) | {"file": str(target / name)})
                advance()
        os.chmod(folder, 0o755)
        os.replace(folder, target)
    except OSError as bad: raise UsageError(f"{target}: cannot be written: {bad.strerror or bad}") from None
    finally: shutil.rmtree(folder, ignore_errors=True)
    show(args, {"version": 1, "instances": told}, line(told[0], f"{target}: {args.count} instances; the first"), [])
    return 0


def dry_run(args: argparse.Namespace) -> int:
    """What the (first) instance would take."""
    from ..instances.forward import constants, lengths, readable, sizes
    formula, warnings = next(formulas(args))
    parts = parts_of(args.parts, formula.variables)
    need = sizes(formula, order=args.order, mode=args.mode, parts=parts)
    g = constants(lengths(need), need.d, args.eps, args.mode)
    count, limit = args.count or 1, size("--max-memory", args.max_memory)
    told = {"version": 1, "variables": formula.variables, "clauses": len(formula.clauses), "order": args.order, "mode": args.mode,
            "rows": list(need.rows), "d": need.d, "dv": need.dv, "bytes": need.bytes, "peak": need.peak, "tuples": need.tuples,
            "B": g.B, "beta": g.beta, "kappa": g.kappa, "eps": g.eps, "count": count, "fits": need.peak <= limit,
            "warnings": warnings}
    text = (f"q, k1, ... of {', '.join(map(readable, need.rows))} rows and {need.d} columns: {readable(need.bytes)} bytes"
            f"{f' each, {count} of them' if count > 1 else ''}, {readable(need.peak)} to make it "
            f"({'fits' if told['fits'] else 'refused'}: {readable(limit)} allowed); attention visits {readable(need.tuples)} "
            f"tuples; B {g.B:.6g}, beta {g.beta:.6g}, kappa {g.kappa:.6g}, eps {g.eps:g}")
    show(args, told, text, warnings)
    return 0


def against(args: argparse.Namespace) -> int:
    """The challenge to an engine."""
    from ..instances.challenge import challenge, series, trivial
    from ..instances.command import Command
    from ..instances.dimacs import FormulaError
    if args.mode != "plain" or args.parts: raise UsageError("--against chooses modes and parts; leave out --mode and --parts")
    if not args.timeout > 0 or not args.seconds > 0: raise UsageError("--timeout and --seconds: positive numbers are needed")
    given = [formula for formula, _ in formulas(args)] if args.formula or args.random else None
    engine = Command(args.against, args.timeout)
    try: engine(*trivial(args.order))
    except FormulaError as bad: raise UsageError(f"--against {args.against}: no engine: on a trivial instance: {bad}") from None
    total = 2 * len(given) if given else sum(1 for _ in series(seed(args) or 0))
    with progress(total) as advance:
        found = challenge(engine, order=args.order, eps=args.eps, tolerance=args.tolerance,
                          seed=seed(args) or 0, formulas=given, seconds=args.seconds, progress=lambda result: advance())
    lines = [f"{found.instances} instances of order {found.order} in {found.seconds:.3g} s: "
             f"largest error {found.largest_error:.3g}, tolerance {found.tolerance:g}: "
             f"{'refuted' if found.refuted else 'not refuted, which says nothing beyond them'}"]
    if found.first_wrong: lines.append(f"first wrong decision: {found.first_wrong}")
    if found.minimal:
        lines += [f"{'minimal' if found.shrunk else 'smallest found'}: {found.minimal}", found.minimal.formula.dimacs().rstrip()]
    show(args, found.as_json(), "\n".join(lines), [])
    return int(found.refuted)


# ---- what the options say -------------------------------------------------------------------------------------------

def formulas(args: argparse.Namespace) -> Iterator[tuple["Formula", list[str]]]:
    """The formula of the file, or the random ones, with warnings."""
    from ..instances.dimacs import read
    from ..instances.generate import random_formula, source
    if args.formula:
        yield read(args.formula, lenient=args.lenient, limit=size("--max-file", args.max_file))
        return
    found = re.fullmatch(r"(\d{1,9}),(\d{1,9}(?:\.\d{1,9})?)", args.random)
    if not found: raise UsageError(f"--random {args.random}: variables and clauses per variable are needed, as 15,4.26")
    for index in range(args.count or 1):
        formula = random_formula(int(found[1]), float(found[2]), source(seed(args) or 0, index), kind=args.kind, width=args.width)
        yield formula, []


def built(args: argparse.Namespace, formula: "Formula") -> Any:
    """The instance that the options ask for."""
    from ..instances.forward import harden
    return harden(formula, order=args.order, eps=args.eps, mode=args.mode, parts=parts_of(args.parts, formula.variables),
                  max_memory=size("--max-memory", args.max_memory))


def seed(args: argparse.Namespace) -> int | None:
    """The seed of what is random, None where nothing is."""
    return (args.seed or 0) if args.random else args.seed


def size(name: str, text: str) -> int:
    """Bytes, from 500M or 4G.  Raises UsageError."""
    found = re.fullmatch(r"(\d{1,15})([KMGT]?)(?:i?B)?", text.strip().upper().replace("IB", ""))
    if not found: raise UsageError(f"{name} {text}: a number of bytes is needed, as 500M or 4G")
    return int(found[1]) * UNITS[found[2]]


def parts_of(text: str | None, variables: int) -> list[list[int]] | None:
    """The parts that a --parts stands for.  Raises UsageError."""
    if text is None: return None
    found: list[list[int]] = []
    for part in text.split("/"):
        found.append([])
        for word in filter(None, part.split(",")):
            ends = re.fullmatch(r"(\d{1,9})(?:-(\d{1,9}))?", word.strip())
            if not ends: raise UsageError(f"--parts {text}: {word!r}; variables and ranges are needed, as 1-4,9/5-8/10,11,12")
            first, last = int(ends[1]), int(ends[2] or ends[1])
            if not 1 <= first <= last <= variables: raise UsageError(f"--parts {text}: {word} of {variables} variables")
            found[-1] += range(first, last + 1)
    return found


# ---- what is printed ------------------------------------------------------------------------------------------------

def show(args: argparse.Namespace, document: dict[str, Any], text: str, warnings: list[str]) -> None:
    """The document where it is asked for; the text and the warnings for people."""
    for warning in warnings: print(f"tacheck: {warning}", file=sys.stderr)
    if args.json: write_json(args.json, document)
    if args.json != "-": print(text)


def line(told: dict[str, Any], name: str) -> str:
    """An instance in one line."""
    return (f"{name}: order {told['order']}, {told['variables']} variables, {told['clauses']} clauses, {told['mode']}; "
            f"{', '.join(map(str, told['rows']))} rows, d {told['d']}, B {told['B']:.6g}, beta {told['beta']:.6g}, "
            f"eps {told['eps']:.6g}")


@contextmanager
def progress(total: int) -> Iterator[Callable[[], object]]:
    """A bar on a terminal, else nothing; what it gives is called once per instance."""
    if not sys.stderr.isatty():
        yield lambda: None
        return
    from rich.console import Console
    from rich.progress import Progress
    with Progress(console=Console(stderr=True), transient=True) as rich:
        task = rich.add_task("harden", total=total)
        yield lambda: rich.advance(task)
