"""The command line: one table of verbs, one parser, one exit code."""
import argparse
import errno
import os
import sys
from importlib import import_module
from typing import Any, NoReturn

from . import __version__
from .library import LibraryError
from .verbs import UsageError

VERBS = {
    "verify": "check every claim and every false twin",
    "explain": "one claim: words, citation, statement, what it rests on, certificate, twins",
    "derive": "a gradient, derived and proved equal to the stated closed form",
    "approx": "a polynomial for e^x of least degree, certified",
    "attend": "tensor attention and its gradient on arrays in files",
    "regime": "which side of the threshold numbers, arrays or a checkpoint lie on, and the price",
    "bench": "fast attention against exact on this machine: exponents, crossover, memory",
    "check-code": "the user's own function against a proved formula",
    "harden": "a hard tensor-attention instance from a DIMACS formula",
    "decode": "satisfiable or not, from an engine's output on such an instance",
    "coq": "a claim as a Coq file, judged by coqc",
    "init": "start a project with a theory, claims and a CI file",
}


class Parser(argparse.ArgumentParser):
    """Errors are one line."""

    def error(self, message: str) -> NoReturn: raise UsageError(f"{message} (see `{self.prog} --help`)")


def module(verb: str) -> Any: return import_module(f"tacheck.verbs.{verb.replace('-', '_')}")


def parser(verb: str | None) -> Parser:
    """The parser; only the verb that is used is imported."""
    top = Parser(prog="tacheck", description="Check the mathematics of efficient attention.")
    top.add_argument("--version", action="version", version=f"tacheck {__version__}")
    commands = top.add_subparsers(dest="verb", metavar="VERB", parser_class=Parser)
    for name, says in VERBS.items():
        command = commands.add_parser(name, help=says, description=says[0].upper() + says[1:] + ".")
        if name == verb: module(name).arguments(command)
    return top


def main(argv: list[str] | None = None) -> int:
    """Run one verb.  0 done, 1 refuted, 2 usage, 3 undecided, 4 our fault, 130 interrupted."""
    words = sys.argv[1:] if argv is None else argv
    verb = next((w for w in words if not w.startswith("-")), None)
    try:
        args = (top := parser(verb)).parse_args(words)
        if args.verb is None:
            top.print_help()
            return 2
        return int(module(args.verb).run(args))
    except (UsageError, LibraryError) as bad:
        print(f"tacheck: {bad}", file=sys.stderr)
        return 2
    except KeyboardInterrupt:
        kept = "; what was checked is kept" if verb == "verify" else ""
        print(f"tacheck: interrupted{kept}", file=sys.stderr)
        return 130
    except BrokenPipeError:                                          # `tacheck verify --list | head`
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 141
    except Exception as bad:
        if os.environ.get("TACHECK_TRACEBACK"): raise
        if isinstance(bad, OSError) and bad.errno == errno.ENOSPC:
            print(f"tacheck: {bad.strerror}: free some, or write elsewhere", file=sys.stderr)
            return 2
        print(f"tacheck: our fault: {type(bad).__name__}: {bad} (TACHECK_TRACEBACK=1 shows where)", file=sys.stderr)
        return 4


if __name__ == "__main__":
    sys.exit(main())
