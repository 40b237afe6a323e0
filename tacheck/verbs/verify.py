"""verify: every claim, found, checked, written, printed.  Read it top to bottom."""
import argparse
import sys
from collections.abc import Iterator
from concurrent.futures import ProcessPoolExecutor
from concurrent.futures.process import BrokenProcessPool
from contextlib import nullcontext
from dataclasses import dataclass
from multiprocessing import get_context
from os import cpu_count
from pathlib import Path
from typing import Any

from .. import library, selection
from ..cache import Cache
from ..claims import Claim
from ..coq.answers import ACCEPTED, NO_IDENTITY, Asking
from ..coq.coqc import NoCoq
from ..judging import Row, failures, judge, with_coq, worst
from ..report import formats
from . import UsageError, write_json, write_text

WORDS = {"holds": "proved", "trusted": "trusted", "observed": "observed", "refuted": "refuted", "vacuous": "vacuous",
         "undecided": "undecided"}


def arguments(parser: argparse.ArgumentParser) -> None:
    """The options of `tacheck verify`."""
    parser.add_argument("ids", nargs="*", metavar="ID", help="a claim, a family, a file of claims, or a glob (default: all)")
    parser.add_argument("--root", metavar="DIR", help="the project (default: the nearest one upwards, else the shipped library)")
    parser.add_argument("--list", action="store_true", help="list the claims and stop")
    parser.add_argument("--jobs", type=int, default=cpu_count() or 1, metavar="N", help="processes (default: one per core)")
    parser.add_argument("--timeout", type=float, default=60, metavar="S", help="seconds of search per statement (default: 60)")
    parser.add_argument("--changed", action="store_true", help="believe the cache about what has not changed")
    parser.add_argument("--coq", action="store_true", help="ask Coq too about every identity and its twins (needs coqc)")
    parser.add_argument("--json", metavar="FILE", help="one document of everything (- for standard output)")
    parser.add_argument("--junit", metavar="FILE", help="JUnit XML")
    parser.add_argument("--sarif", metavar="FILE", help="SARIF 2.1.0: what did not reach its status")


def run(args: argparse.Namespace) -> int:
    """Load, select, judge, print.  Exit code: the worst row's."""
    if args.jobs < 1: raise UsageError(f"--jobs {args.jobs}: at least one process is needed")
    if not args.timeout > 0: raise UsageError(f"--timeout {args.timeout:g}: a positive number of seconds is needed")
    root = library.root(args.root)
    claims = selection.select(library.load(root), args.ids)
    if args.list: return listing(claims, args.json)

    place = library.output(root)
    cache, rows, quiet = Cache(place / ".tacheck"), [], args.json == "-"
    asking = Asking(args.timeout, place / ".tacheck" / "coq", args.changed) if args.coq else None
    try: version = asking.ready() if asking else None
    except NoCoq as missing: raise UsageError(f"--coq: {missing}") from None
    known = {c.id: row for c in claims if (row := cache.get(c))} if args.changed else {}
    known = {id: row for id, row in known.items() if (place / "build" / f"{id}.json").is_file()}
    for warning in cache.warnings: print(f"tacheck: {warning}", file=sys.stderr)
    if asking: todo = [(c, known.pop(c.id, None)) for c in claims]
    else: todo = [(c, None) for c in claims if c.id not in known]
    fresh = judged(todo, Work(root, place, args.timeout, asking), min(args.jobs, len(todo)))
    with progress(len(claims)) as bar:
        for c in claims:
            row = known.get(c.id) or next(fresh)
            rows.append(row)
            if not quiet: bar.print(line(row))
            bar.advance()
    if not args.ids: sweep(place / "build", rows)

    code = worst(row.exit for row in rows)
    if args.json: write_json(args.json, document(rows, code))
    if args.junit: write_text(args.junit, formats.junit(rows))
    if args.sarif: write_text(args.sarif, formats.sarif(rows, claims, root))
    if not quiet: print(summary(rows, code, version))
    return code


def listing(claims: list[Claim], json: str | None) -> int:
    """The claims, with their first line."""
    if json:
        rows = [{"id": c.id, "says": c.says, "cite": c.cite, "where": c.where} for c in claims]
        write_json(json, {"version": 1, "claims": rows})
    if json != "-":
        width = max(len(c.id) for c in claims)
        for c in claims: print(f"{c.id:{width}}  {c.says.splitlines()[0]}")
    return 0


@dataclass(frozen=True)
class Work:
    """What every claim is judged with."""
    root: Path
    place: Path
    timeout: float
    asking: Asking | None

    def row(self, claim: Claim, known: Row | None, cache: Cache) -> Row:
        """The row of a claim, its certificates in build/ and itself in the cache; a known row is not judged again."""
        row = known or judge(claim, self.timeout, self.place / "build")
        if not known: cache.put(claim, row)
        return with_coq(row, claim, self.asking) if self.asking else row


def judged(todo: list[tuple[Claim, Row | None]], work: Work, jobs: int) -> Iterator[Row]:
    """The rows in the order of the claims, from this process or from several; each is written and kept at once."""
    if jobs <= 1:
        cache = Cache(work.place / ".tacheck")
        yield from (work.row(c, known, cache) for c, known in todo)
        return
    pool = ProcessPoolExecutor(jobs, get_context("spawn"), _start, (work,))
    try:
        rows = pool.map(_judge, [(c.id, known) for c, known in todo])
        for c, _ in todo:
            try: yield next(rows)
            except BrokenProcessPool: yield Row(c.id, "undecided", "holds", "the process that worked on it died", (), 0.0, (), 4)
            except StopIteration: yield Row(c.id, "undecided", "holds", "not reached: a process died", (), 0.0, (), 4)
    finally: pool.shutdown(cancel_futures=True)


_worker: dict[str, Any] = {}                                         # what a worker process works with


def _start(work: Work) -> None:
    _worker.update(claims=library.load(work.root), work=work, cache=Cache(work.place / ".tacheck"))


def _judge(task: tuple[str, Row | None]) -> Row:
    row: Row = _worker["work"].row(_worker["claims"][task[0]], task[1], _worker["cache"])
    return row


# ---- what is printed ----------------------------------------------------------------------------------------------

class Lines:
    """Plain lines, where no terminal watches."""

    def print(self, text: str) -> None: print(text)
    def advance(self) -> None: pass


def progress(total: int) -> "nullcontext[Lines] | Bar":
    """A bar on a terminal, else nothing."""
    return Bar(total) if sys.stderr.isatty() else nullcontext(Lines())


class Bar(Lines):
    """rich's progress bar on standard error; lines go above it."""

    def __init__(self, total: int):
        from rich.console import Console
        from rich.progress import Progress
        self.rich, self.total = Progress(console=Console(stderr=True), transient=True), total

    def __enter__(self) -> "Bar":
        self.rich.start()
        self.task = self.rich.add_task("verify", total=self.total)
        return self

    def __exit__(self, *_: object) -> None: self.rich.stop()

    def print(self, text: str) -> None:
        if sys.stdout.isatty(): self.rich.console.print(text, markup=False, highlight=False, soft_wrap=True)
        else: print(text)

    def advance(self) -> None: self.rich.advance(self.task)


def line(row: Row) -> str:
    """One claim; what did not go as promised is spelled out below it."""
    when = f"as checked on {row.checked}" if row.checked else f"{row.seconds:.3f} s"
    head = f"{WORDS[row.status]:9} {row.id:34} {when:>9}  {len(row.twins)} twin{'s' * (len(row.twins) != 1)}  {row.why[:200]}"
    more = [f"rests on {what}" for what in row.rests_on]
    if row.coq and row.coq.status in (ACCEPTED, NO_IDENTITY):
        assuming = f"; assuming {', '.join(row.coq.assumes)}" if row.coq.assumes else ""
        more += [row.coq.why + assuming + (f"; as checked on {row.coq.checked}" if row.coq.checked else ""), *row.coq.differs]
    more += [f"!! {failure}" for failure in failures(row)]
    return "\n          ".join([head, *more])


def summary(rows: list[Row], code: int, coq: str | None = None) -> str:
    """How many reached what."""
    counts = {word: sum(WORDS[r.status] == word for r in rows) for word in WORDS.values()}
    twins = [t.status for r in rows for t in r.twins]
    found = ", ".join(f"{n} {word}" for word, n in counts.items() if n)
    as_printed = sum(r.status == "refuted" == r.expect for r in rows)
    expected = f" ({as_printed} of them printed in a source, and expected)" if as_printed else ""
    agree = [o.equal for r in rows for o in r.opinions]
    return (f"{len(rows)} claims: {found}{expected}; {twins.count('refuted')} of {len(twins)} false twins refuted; "
            f"{sum(agree)} of {len(agree)} second opinions agree; {by_coq(rows, coq) if coq else ''}exit {code}")


def by_coq(rows: list[Row], version: str) -> str:
    """How many of the proved identities Coq accepts, and how many of the twins that are identities."""
    asked = [r.coq for r in rows if r.coq and r.coq.status != NO_IDENTITY and r.status == "holds"]
    lies = [t for r in rows if r.coq for t in r.coq.twins if t.status != NO_IDENTITY]
    return (f"{sum(a.status == ACCEPTED for a in asked)} of {len(asked)} proved identities checked by Coq {version}, "
            f"which accepts {sum(t.status == ACCEPTED for t in lies)} of {len(lies)} false twins; ")


def document(rows: list[Row], code: int) -> dict[str, object]:
    """The --json document, version 1."""
    return {"version": 1, "claims": [row.as_json() for row in rows], "exit": code}


def sweep(build: Path, rows: list[Row]) -> None:
    """Remove what earlier runs left in build/ for statements that are no more."""
    current = {row.id for row in rows} | {t.id for row in rows for t in row.twins}
    for path in build.glob("*.json"):
        if path.stem not in current: path.unlink()
