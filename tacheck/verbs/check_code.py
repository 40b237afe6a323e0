"""check-code: a function of the user's own against a proved formula."""
import argparse
import sys
from typing import Any

from . import UsageError, write_json


def arguments(parser: argparse.ArgumentParser) -> None:
    """The options of `tacheck check-code`."""
    parser.add_argument("function", metavar="FILE:FUNCTION", help="a Python file and a function in it")
    parser.add_argument("--against", required=True, metavar="ID", help="a proved identity: see `tacheck verify --list`")
    parser.add_argument("--root", metavar="DIR", help="the project (default: the nearest one upwards, else the shipped library)")
    parser.add_argument("--map", metavar="q=Q,...", help="which tensor an argument is, where the names differ by more than case")
    parser.add_argument("--fix", metavar="s=1/sqrt(d),...", help="tensors with one value: a number, 1/d, 1/sqrt(d), ones; for "
                        "masks causal, window:W; the function need not take them")
    parser.add_argument("--reshape", action="append", default=[], metavar="X=d,d*d", help="hand a tensor over in this shape, and "
                        "expect its gradient so; `result=...` for the result; may be given again")
    parser.add_argument("--output", metavar="N", help="which element of a tuple (from 0), or which key, is the result")
    parser.add_argument("--side", choices=("lhs", "rhs"), default="rhs", help="of the identity (default: rhs, the closed form)")
    parser.add_argument("--torch", action="store_true", help="hand over torch tensors")
    parser.add_argument("--dtype", default="float64", metavar="T", help="float64 (default) or float32")
    parser.add_argument("--tolerance", type=float, metavar="T", help="allowed relative error (default: what rounding explains)")
    parser.add_argument("--trials", type=int, default=30, metavar="N", help="sets of data (default: 30)")
    parser.add_argument("--largest", type=int, default=16, metavar="N", help="the largest size of a dimension (default: 16)")
    parser.add_argument("--seed", type=int, default=0, metavar="S", help="of the data (default: 0)")
    parser.add_argument("--timeout", type=float, default=60, metavar="S", help="seconds of search for the proof (default: 60)")
    parser.add_argument("--json", metavar="FILE", help="the report as one document (- for standard output)")


def run(args: argparse.Namespace) -> int:
    """Prove, compare, print.  0 agrees, 1 disagrees, 3 where the claim is not proved; UsageError for what cannot be compared."""
    from ..numeric.codecheck import CodeError, NotProved, check_code
    if not args.timeout > 0: raise UsageError(f"--timeout {args.timeout:g}: a positive number of seconds is needed")
    if args.seed < 0: raise UsageError(f"--seed {args.seed}: a number from 0 on is needed")
    reshape = dict(pair("--reshape", text) for text in args.reshape)
    output = int(args.output) if args.output is not None and args.output.lstrip("-").isdigit() else args.output
    try:
        found = check_code(args.function, args.against, root=args.root, trials=args.trials, seed=args.seed, dtype=args.dtype,
                           tolerance=args.tolerance, mapping=pairs("--map", args.map), output=output, side=args.side,
                           framework="torch" if args.torch else "numpy", fix=pairs("--fix", args.fix), largest=args.largest,
                           reshape={x: tuple(shape.replace(" ", "").split(",")) for x, shape in reshape.items()},
                           timeout=args.timeout)
    except CodeError as bad: raise UsageError(str(bad)) from None
    except NotProved as bad:
        print(f"tacheck: {bad}", file=sys.stderr)
        return 3
    code = 0 if found.agrees else 1
    if args.json: write_json(args.json, {**found.as_json(), "exit": code})
    if args.json != "-": print(text(found))
    return code


def pair(option: str, text: str) -> tuple[str, str]:
    """NAME=VALUE.  Raises UsageError."""
    name, equals, value = text.partition("=")
    if not (name.strip() and equals and value.strip()): raise UsageError(f"{option} {text}: NAME=VALUE is needed")
    return name.strip(), value.strip()


def pairs(option: str, text: str | None) -> dict[str, str]:
    """NAME=VALUE, one or more, with commas between them.  Raises UsageError."""
    return dict(pair(option, part) for part in text.split(",")) if text else {}


def text(found: Any) -> str:
    """The report in words."""
    shapes = ", ".join(f"{n} = {low}..{high}" if low < high else f"{n} = {low}" for n, (low, high) in found.sizes.items())
    dtypes = found.dtype if found.returns in ("", found.dtype) else f"{found.dtype}, and the function returns {found.returns}"
    exact = found.about50 if found.digits50 is not None else f"not possible ({found.about50 or 'no small case'})"
    if found.agrees: head = [f"{found.function} agrees with {found.claim}, which is proved {found.proved}".rstrip()]
    else: head = [f"{found.function} disagrees with {found.claim}, which is proved {found.proved}".rstrip(), f"  {found.why}"]
    lines = [*head, *(f"  rests on {what}" for what in found.rests_on),
             f"  {found.trials} trials{f', {found.failed} of them fail' if not found.agrees else ''}; {shapes}; {dtypes}",
             f"  largest relative error {found.worst_relative_error:.2g}; conditioning {found.condition:.2g}, "
             f"tolerance {found.tolerance:.1g}", f"  at 50 digits: {exact}"]
    if found.failing:
        at = ", ".join(f"{n} = {k}" for n, k in found.failing["sizes"].items())
        lines += [f"  smallest failing case: {at}; {found.failing['why']}", "", found.failing["snippet"].rstrip()]
    return "\n".join(lines)
