"""coq: one claim as a Coq file, compiled by coqc.  A second judge: what it rejects is not proved by Coq, and nothing more."""
import argparse
from dataclasses import dataclass
from typing import Any

from .. import library, selection
from ..claims import Claim, ClaimError
from ..coq import CoqReport, NoCoq, installed, opinion
from ..coq.answers import differences
from ..coq.emit import emit
from ..coq.reals import Inexpressible
from ..decide import decide
from ..kernel.check import Conditional, Identity, Statement, Status, Verdict
from ..library import LibraryError
from . import UsageError, write_json, write_text


def arguments(parser: argparse.ArgumentParser) -> None:
    """The options of `tacheck coq`."""
    parser.add_argument("ids", nargs="+", metavar="ID", help="a claim, a family, a file of claims, or a glob")
    parser.add_argument("-o", dest="output", metavar="FILE.v", help="write the file of the claim there (- for standard output)")
    parser.add_argument("--emit-only", action="store_true", help="write the file and stop: Coq is not needed")
    parser.add_argument("--root", metavar="DIR", help="the project (default: the nearest one upwards, else the shipped library)")
    parser.add_argument("--timeout", type=float, default=60, metavar="S", help="seconds of coqc per claim (default: 60)")
    parser.add_argument("--json", metavar="FILE", help="one document of everything (- for standard output)")


def run(args: argparse.Namespace) -> int:
    """Emit, compile, report.  0 all accepted, 3 one is not, 2 Coq is missing."""
    if not args.timeout > 0: raise UsageError(f"--timeout {args.timeout:g}: a positive number of seconds is needed")
    if args.emit_only and not args.output: raise UsageError("--emit-only writes a file: say where, with -o FILE.v")
    if args.output == "-" and args.json == "-": raise UsageError("-o - and --json - both want standard output")
    root = library.root(args.root)
    claims = selection.select(library.load(root), args.ids)
    if args.output and len(claims) > 1:
        raise UsageError(f"-o {args.output} is for one claim, and {' '.join(args.ids)} means {len(claims)}")
    if args.emit_only: return write_only(claims[0], args.output)
    try: version = installed()
    except NoCoq as missing: raise UsageError(str(missing)) from None

    cache, quiet = library.output(root) / ".tacheck" / "coq", args.json == "-" or args.output == "-"
    rows = []
    for c in claims:
        try: report = opinion(s := statement(c), args.timeout, c.id, cache)
        except NoCoq as missing: raise UsageError(str(missing)) from None
        verdict = decide(s, args.timeout)
        rows.append(Row(c.id, report, compared(report, verdict), verdict))
        if args.output and report.source: put(args.output, report.source)
        if not quiet: print(line(rows[-1]))
    code = 0 if all(r.report.accepted for r in rows) else 3
    told = {"version": 1, "coq": version, "claims": [r.as_json() for r in rows], "exit": code}
    if args.json: write_json(args.json, told)
    if not quiet and len(rows) > 1:
        print(f"{len(rows)} claims: {sum(r.report.accepted for r in rows)} checked by Coq {version}; exit {code}")
    return code


@dataclass(frozen=True)
class Row:
    """One claim: what Coq says, what the kernel says, and how their assumptions differ."""
    id: str
    report: CoqReport
    differs: tuple[str, ...]
    verdict: Verdict

    def as_json(self) -> dict[str, Any]:
        """The row as `--json` prints it; the file itself is left out."""
        return {"id": self.id, "accepted": self.report.accepted, "why": self.report.why, "axioms": list(self.report.axioms),
                "hypotheses": list(self.report.hypotheses), "nonempty": list(self.report.nonempty), "differs": list(self.differs),
                "kernel": self.verdict.status.value, "seconds": round(self.report.seconds, 2)}


def statement(claim: Claim) -> Statement:
    """What the claim states.  Raises LibraryError where it cannot be written down."""
    try: return claim.statements()[0]
    except ClaimError as unfit: raise LibraryError(str(unfit)) from None


def write_only(claim: Claim, path: str) -> int:
    """The file, and nothing said about it."""
    s = statement(claim)
    while isinstance(s, Conditional): s = s.conclusion
    if not isinstance(s, Identity): raise UsageError(f"{claim.id} is no identity: only identities are written for Coq")
    try: put(path, emit(s, claim.id).text)
    except Inexpressible as lacking: raise UsageError(f"{claim.id} cannot be written for Coq: {lacking}") from None
    return 0


def put(path: str, text: str) -> None:
    """The text in a file, or on standard output for `-`."""
    if path == "-": print(text, end="")
    else: write_text(path, text)


def compared(report: CoqReport, verdict: Verdict) -> tuple[str, ...]:
    """How what Coq's theorem assumes differs from what the kernel's verdict rests on."""
    return differences(report.hypotheses, verdict.rests_on) if verdict.status is Status.HOLDS else ()


def line(row: Row) -> str:
    """One claim in words."""
    head = f"{'accepted' if row.report.accepted else 'not proved':10} {row.id:34} {row.report.seconds:6.2f} s  {row.report.why}"
    more = [f"assuming {h}" for h in row.report.hypotheses]
    more += [f"assuming {n} >= 1" for n in row.report.nonempty]
    return "\n           ".join([head, *more, *(f"!! {d}" for d in row.differs)])
