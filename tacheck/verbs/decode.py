"""decode: from an engine's output on an instance of `harden` to SAT or UNSAT, a model, and their number."""
import argparse
import sys
from typing import TYPE_CHECKING

from . import UsageError, write_json

if TYPE_CHECKING:
    from ..instances.decode import Answer

COLUMNS = 78                                                         # of a v line


def arguments(parser: argparse.ArgumentParser) -> None:
    """The options of `tacheck decode`."""
    parser.add_argument("instance", metavar="INSTANCE", help="the .npz or .safetensors that `tacheck harden` wrote")
    parser.add_argument("output", metavar="OUTPUT", help=".npz or .safetensors with out, or a .npy: the engine's output")
    parser.add_argument("--tolerance", type=float, metavar="E", help="error that the output has (default: that of its precision)")
    parser.add_argument("--dimacs", action="store_true", help="print the s and v lines of SAT competitions")
    parser.add_argument("--json", metavar="FILE", help="the answer as one document (- for standard output)")


def run(args: argparse.Namespace) -> int:
    """Read both, decode, print.  Exit code 0 whatever the answer, or UsageError."""
    from ..instances.decode import decode
    from ..instances.dimacs import FormulaError
    from ..instances.store import load, output
    from ..numeric.arrays import ProblemError
    from ..numeric.files import place
    if args.dimacs and args.json == "-": raise UsageError("--dimacs and --json -: both would be on standard output; choose one")
    try:
        if args.json and args.json != "-": place(args.json)
        stored, out = load(args.instance), output(args.output)
        try: answer = decode(stored, out, tolerance=args.tolerance)
        except FormulaError as bad: raise FormulaError(f"{args.output}: {bad}") from None
    except (FormulaError, ProblemError) as bad: raise UsageError(str(bad)) from None
    for warning in answer.warnings: print(f"tacheck: {args.output}: {warning}", file=sys.stderr)
    if args.json: write_json(args.json, answer.as_json())
    if args.json != "-": print(competition(answer) if args.dimacs else summary(answer))
    return 0


def competition(answer: "Answer") -> str:
    """The s line, and the model in v lines.  UNKNOWN where a model was promised and not found, or an output is no value."""
    if answer.witness is None:
        return "s UNKNOWN" if answer.satisfiable or answer.warnings else "s UNSATISFIABLE"
    lines, current = ["s SATISFIABLE"], "v"
    for word in map(str, (*answer.witness, 0)):
        if len(current) + 1 + len(word) > COLUMNS: lines, current = [*lines, current], "v"
        current += f" {word}"
    return "\n".join([*lines, current])


def summary(answer: "Answer") -> str:
    """The answer in a few lines."""
    word = "satisfiable" if answer.satisfiable else "unsatisfiable"
    lines = [f"{word}: the largest output is {answer.largest:.6g}, in row {answer.row}; the threshold is 0.5; right for every "
             f"error below {answer.eps:g}",
             f"margin {answer.margin:.6g}: a further error below that leaves the decision as it is",
             f"models: {answer.models}" if answer.models is not None else f"models: not counted ({answer.refused})"]
    if answer.witness is not None: lines.append(f"a model, checked: {' '.join(map(str, answer.witness))}")
    return "\n".join(lines)
