"""approx: a polynomial for e^x on an interval, of the least degree with an error, certified; or the user's own, certified."""
import argparse
import json
import re
import sys
from collections.abc import Iterator, Sequence
from fractions import Fraction
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING, Any

from . import UsageError, write_json, write_text

if TYPE_CHECKING:
    from ..kernel.check import Statement, Verdict
    from ..numeric.polynomial import Approximation
    from ..report.approximation import Evidence, Report


def arguments(parser: argparse.ArgumentParser) -> None:
    """The options of `tacheck approx`."""
    parser._negative_number_matcher = re.compile(r"-[\d.].*")        # so that -1/2 and -1e-3 are values, not options
    parser.add_argument("--radius", metavar="B", help="|x| <= B: a decimal or a fraction, read exactly")
    parser.add_argument("--interval", nargs=2, metavar=("A", "B"), help="A <= x <= B")
    parser.add_argument("--error", metavar="E", help="what sup |P(x) e^-x - 1| may be; the degree is the least that will do")
    parser.add_argument("--degree", type=int, metavar="G", help="this degree, in place of an error")
    parser.add_argument("--kind", default="minimax", metavar="K", help="minimax (default), chebyshev or taylor")
    parser.add_argument("--absolute", action="store_true", help="the error is |P(x) - e^x|")
    parser.add_argument("--derivative", action="store_true", help="P' has the error too, as gradients need")
    parser.add_argument("--dtype", default="exact", metavar="T", help="of the coefficients: exact (default), float64 or float32")
    parser.add_argument("--dimension", type=int, metavar="D", help="print the rank C(D + degree, degree) too")
    parser.add_argument("--check", metavar="P.json", help='certify {"coefficients": ["1", "1", "1/2"], "interval": ["-1", "1"]}')
    parser.add_argument("--digits", type=int, default=16, metavar="N", help="digits printed (default: 16)")
    parser.add_argument("-o", "--output", metavar="FILE.json", help="the main statement with its certificate; others beside it")
    parser.add_argument("--coq", metavar="FILE.v", help="the bound as a theorem that coqc proves, with libcoq-interval")
    parser.add_argument("--plot", metavar="FILE.svg", help="the curve of the error (.png with matplotlib)")
    parser.add_argument("--json", metavar="FILE", help="one document of everything (- for standard output)")


def run(args: argparse.Namespace) -> int:
    """Find, certify, print, write.  0 certified; 1 the error asked of a given polynomial is refuted; 3 undecided."""
    from ..numeric.polynomial import ApproximationError, Undecided
    from ..report.approximation import document, text
    if not 1 <= args.digits <= 10_000: raise UsageError(f"--digits {args.digits}: a number from 1 to 10000 is needed")
    places(args)
    try: found = given(args) if args.check else approximated(args)
    except (Undecided, ArithmeticError) as bad: return undecided(bad)
    except ApproximationError as bad: raise UsageError(f"{args.check}: {bad}" if args.check else str(bad)) from None
    written = list(write(args, found))
    if args.json: write_json(args.json, document(found))
    if args.json != "-": print(text(found, args.digits, written))
    return found.exit


def undecided(bad: Exception) -> int:
    """Exit code 3, and why."""
    print(f"tacheck: undecided: {bad}", file=sys.stderr)
    return 3


def places(args: argparse.Namespace) -> None:
    """Raises UsageError where a file cannot be written, before any work is done."""
    from ..numeric.arrays import ProblemError
    from ..numeric.files import place
    named = {"-o": (args.output, (".json",)), "--coq": (args.coq, (".v",)), "--plot": (args.plot, (".svg", ".png")),
             "--json": (args.json if args.json != "-" else None, ())}
    taken = {Path(args.check).resolve(): "--check"} if args.check else {}
    for option, (path, suffixes) in named.items():
        if not path: continue
        if suffixes and Path(path).suffix not in suffixes:
            raise UsageError(f"{option} {path}: name a {' or '.join(suffixes)} file")
        if (other := taken.setdefault(Path(path).resolve(), option)) != option:
            raise UsageError(f"{option} {path}: is the file of {other} too; name another")
        if path.endswith(".png") and find_spec("matplotlib") is None:
            raise UsageError(f"{option} {path}: a .png needs matplotlib: pip install tacheck[plot]; a .svg needs nothing")
        try: place(path)
        except ProblemError as bad: raise UsageError(str(bad)) from None


def ends(radius: Any, interval: Any) -> tuple[Fraction, Fraction]:
    """The interval.  Raises ApproximationError."""
    from ..numeric.polynomial.errors import ApproximationError, read_interval
    if interval is not None and (not isinstance(interval, Sequence) or isinstance(interval, str) or len(interval) != 2):
        raise ApproximationError(f"interval {interval!r:.40} is not a pair [a, b]")
    return read_interval(radius, interval)


# ---- found by us ------------------------------------------------------------------------------------------------------

def approximated(args: argparse.Namespace) -> "Report":
    """The polynomial asked for.  Raises ApproximationError."""
    from ..numeric.polynomial import ApproximationError, approximate
    from ..numeric.polynomial.errors import exact
    from ..report.approximation import Report
    if args.radius is None and args.interval is None:
        raise ApproximationError("no interval: give --radius 4, --interval -1 2, or --check P.json")
    if args.error is None and args.degree is None: raise ApproximationError("no error: give --error 1e-6 or --degree 13")
    interval, asked = ends(args.radius, args.interval), None if args.error is None else exact("error", args.error)
    found = approximate(error=asked, interval=interval, degree=args.degree, kind=args.kind, absolute=args.absolute,
                        derivative=args.derivative, dtype=args.dtype, dimension=args.dimension)
    return Report(found.coefficients, interval, args.kind, args.absolute, args.dtype, asked, found.minimal is True,
                  tuple(evidence(found, args.absolute)), args.dimension)


def evidence(found: "Approximation", absolute: bool) -> Iterator["Evidence"]:
    """The statements of an approximation, each with its part and in words."""
    from ..report.approximation import Evidence
    parts = ["", "lower", *(["slope"] if found.slope_error is not None else [])]
    left = len(found.statements) - len(parts)
    parts += minimal_parts(left) if found.minimal else ("error", "slope-error")[:left]
    for part, s, verdict in zip(parts, found.statements, found.verdicts, strict=True):
        yield Evidence(part, says(part, s, absolute, found.interval, found.degree), s, verdict)


def minimal_parts(count: int) -> list[str]:
    """The names of the statements of minimality: one bound, identities (several for large degrees), and a bound at last."""
    return [f"minimal-{k}" for k in range(1, count + 1)]


def says(part: str, s: Any, absolute: bool, interval: tuple[Fraction, Fraction], degree: int) -> str:
    """A statement of these, in one line."""
    from ..report.approximation import shortest
    on = f"on [{shortest(interval[0])}, {shortest(interval[1])}]"
    if hasattr(s, "lhs"):                                            # linear in the coefficients: some of them in each identity
        of = sorted({int(k) for k in re.findall(r"'p(\d+)'", str(s.lhs))})
        some = "" if len(of) == degree else f", the coefficients of x^{of[0]} to x^{of[-1]}"
        return f"a divided difference on {degree + 1} points {on} is 0 for polynomials of degree {degree - 1}{some}"
    if part.startswith("minimal-") and s.upper is None:
        return f"that difference of e^x is more than the error asked for allows {on}"
    left = "|P' - e^x|" if absolute else "|P' e^-x - 1|"
    return f"{left if part.startswith('slope') else left.replace(chr(39), '')} <= {shortest(Fraction(s.upper))} {on}"


# ---- brought by the user ----------------------------------------------------------------------------------------------

def given(args: argparse.Namespace) -> "Report":
    """The user's polynomial, certified.  Raises ApproximationError, and ArithmeticError where nothing is certified."""
    from ..decide import decide
    from ..kernel.check import Status
    from ..numeric.polynomial import ApproximationError
    from ..numeric.polynomial.approximation import slope
    from ..numeric.polynomial.certify import statement, sup
    from ..numeric.polynomial.errors import exact
    from ..numeric.polynomial.plan import refusal
    from ..report.approximation import Evidence, Report
    if args.degree is not None: raise ApproximationError("--degree and --check: the degree is that of the polynomial in the file")
    document = read(args.check)
    p = coefficients(document, args.dtype)
    interval = ends(document.get("radius", args.radius), document.get("interval", args.interval))
    asked = document.get("error", args.error)
    error = None if asked is None else exact("error", asked)
    if error is not None and error <= 0: raise ApproximationError(f"error {asked} is not positive; no polynomial is e^x")

    value = sup(p, interval, args.absolute)
    rows: list[tuple[str, Statement, Verdict]] = [*zip(("", "lower"), value.statements, value.verdicts, strict=True)]
    steep = sup(slope(p), interval, args.absolute, below=False) if args.derivative else None
    if steep: rows.append(("slope", steep.statements[0], steep.verdicts[0]))
    minimal = False
    if error is not None:
        for part, q in (("error", p), *([("slope-error", slope(p))] if steep else [])):
            rows.append((part, s := statement(q, interval, error, args.absolute), decide(s)))
        proof = [rows[3 if steep else 2][1:]]
        try: proof += [(s, decide(s)) for s in (refusal(len(p) - 2, interval, error, args.absolute) if len(p) > 1 else [])]
        except (ApproximationError, ArithmeticError): proof = []     # a smaller degree will do, or it is not known
        minimal = bool(proof) and all(v.status is Status.HOLDS for _, v in proof)
        if minimal: rows += [(part, s, v) for part, (s, v) in zip(minimal_parts(len(proof)), proof)]
    found = [Evidence(part, says(part, s, args.absolute, interval, len(p) - 1), s, v) for part, s, v in rows]
    return Report(p, interval, "given", args.absolute, args.dtype, error, minimal, tuple(found), args.dimension)


def read(path: str) -> dict[str, Any]:
    """The JSON object in the file; its decimals as text marked as floats.  Raises UsageError."""
    try: document = json.loads(Path(path).read_text(encoding="utf-8"), parse_float=Float, parse_constant=Float)
    except OSError as bad: raise UsageError(f"{path}: cannot be read: {bad.strerror or bad}") from None
    except (ValueError, RecursionError) as bad:
        raise UsageError(f"{path}: is no JSON: {' '.join(str(bad).split())[:120]}") from None
    if not isinstance(document, dict) or not isinstance(document.get("coefficients"), list) or not document["coefficients"]:
        raise UsageError(f'{path}: it must be an object with "coefficients", a list from the constant up, and "interval"')
    if unknown := document.keys() - {"coefficients", "interval", "radius", "error"}:
        raise UsageError(f"{path}: no key {', '.join(sorted(unknown))[:80]}; there are coefficients, interval or radius, error")
    return document


class Float(str):
    """A number with a point or an exponent, as it stood in the file."""


def coefficients(document: dict[str, Any], dtype: str) -> tuple[Fraction, ...]:
    """Of the polynomial, without leading zeros.  Raises ApproximationError."""
    from ..numeric.polynomial import ApproximationError
    from ..numeric.polynomial.errors import exact
    from ..numeric.polynomial.plan import MOST_DEGREE
    from ..numeric.polynomial.rounding import DIGITS, plain
    if dtype != "exact" and dtype not in DIGITS: raise ApproximationError(f"dtype {dtype!r:.40} is not exact, float64 or float32")
    for k, c in enumerate(document["coefficients"]):
        if isinstance(c, Float) and dtype == "exact":
            raise ApproximationError(f'coefficient {k} is the float {c:.40}; write it as text, which is exact, or give --dtype')
    p = [exact(f"coefficient {k}", str(c) if isinstance(c, Float) else c) for k, c in enumerate(document["coefficients"])]
    if dtype != "exact":
        p = list(plain(tuple(p), dtype))
        if max(map(abs, p)) >= 2 ** (128 if dtype == "float32" else 1024):
            raise ApproximationError(f"a coefficient is beyond {dtype}")
    while len(p) > 1 and not p[-1]: p.pop()
    if len(p) > MOST_DEGREE + 1: raise ApproximationError(f"degree {len(p) - 1} is beyond {MOST_DEGREE}")
    return tuple(p)


# ---- files ------------------------------------------------------------------------------------------------------------

def write(args: argparse.Namespace, r: "Report") -> Iterator[str]:
    """Write what was asked for; each file in a line."""
    if args.output:
        path = Path(args.output)
        names = [path.with_suffix(f".{e.part}.json" if e.part else ".json") for e in r.evidence]
        for e, name in zip(r.evidence, names): write_json(str(name), e.record())
        yield f"{path}: and {', '.join(name.name for name in names[1:])}; python -m tacheck.kernel judges them again"
    if args.coq:
        from ..coq.interval import claimed, emit
        write_text(args.coq, emit(r.coefficients, r.interval, claimed(r.upper, r.asked), r.absolute))
        yield f"{args.coq}: coqc {args.coq} proves it, where libcoq-interval is installed"
    if args.plot:
        draw(args.plot, r)
        yield f"{args.plot}: the curve of the error"


def draw(path: str, r: "Report") -> None:
    """The error curve as a file.  Raises UsageError."""
    from ..numeric.polynomial.approximation import slope
    from ..numeric.polynomial.certify import groups
    from ..report import curves
    from ..report.approximation import decimal, where
    unit = r.upper if r.slope is None else max(r.upper, r.slope)
    pairs = [(r.formula.strip("|"), r.coefficients)]
    if r.slope is not None: pairs.append((r.formula.strip("|").replace("P", "P'"), slope(r.coefficients)))
    lines = [curves.sample(label, groups(p, r.absolute), r.interval, unit) for label, p in pairs]
    title = f"e^x on {where(r)}: {r.kind} polynomial of degree {r.degree}, error at most {decimal(unit, 3, 'ROUND_CEILING')}"
    picture = title, lines, decimal(unit, 3, "ROUND_CEILING")
    if path.endswith(".svg"): return write_text(path, curves.svg(*picture))
    try: curves.write_png(Path(path), *picture)
    except OSError as bad: raise UsageError(f"{path}: cannot be written: {bad.strerror or bad}") from None
