"""verify: every claim, found, checked, written, printed.  Read it top to bottom."""
import argparse
import sys
from collections.abc import Iterator
from concurrent.futures import ProcessPoolExecutor
from concurrent.futures.process import BrokenProcessPool
from contextlib import nullcontext
from multiprocessing import get_context
from os import cpu_count
from pathlib import Path
from typing import Any

from .. import library, selection
from ..cache import Cache
from ..claims import Claim
from ..judging import Row, failures, judge, worst
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
    known = {c.id: row for c in claims if (row := cache.get(c))} if args.changed else {}
    known = {id: row for id, row in known.items() if (place / "build" / f"{id}.json").is_file()}
    for warning in cache.warnings: print(f"tacheck: {warning}", file=sys.stderr)
    todo = [c for c in claims if c.id not in known]
    fresh = judged(todo, root, place, args.timeout, min(args.jobs, len(todo)))
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
    if not quiet: print(summary(rows, code))
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


def judged(claims: list[Claim], root: Path, place: Path, timeout: float, jobs: int) -> Iterator[Row]:
    """The rows in the order of the claims, from this process or from several; each is written and kept at once."""
    if jobs <= 1:
        cache = Cache(place / ".tacheck")
        yield from (kept(c, timeout, place, cache) for c in claims)
        return
    pool = ProcessPoolExecutor(jobs, get_context("spawn"), _start, (root, place, timeout))
    try:
        rows = pool.map(_judge, [c.id for c in claims])
        for c in claims:
            try: yield next(rows)
            except BrokenProcessPool: yield Row(c.id, "undecided", "holds", "the process that worked on it died", (), 0.0, (), 4)
            except StopIteration: yield Row(c.id, "undecided", "holds", "not reached: a process died", (), 0.0, (), 4)
    finally: pool.shutdown(cancel_futures=True)


def kept(claim: Claim, timeout: float, place: Path, cache: Cache) -> Row:
    """The row of a claim, its certificates in build/ and itself in the cache."""
    row = judge(claim, timeout, place / "build")
    cache.put(claim, row)
    return row


_worker: dict[str, Any] = {}                                         # what a worker process works with


def _start(root: Path, place: Path, timeout: float) -> None:
    _worker.update(claims=library.load(root), timeout=timeout, place=place, cache=Cache(place / ".tacheck"))


def _judge(id: str) -> Row: return kept(_worker["claims"][id], _worker["timeout"], _worker["place"], _worker["cache"])


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
    more += [f"!! {failure}" for failure in failures(row)]
    return "\n          ".join([head, *more])


def summary(rows: list[Row], code: int) -> str:
    """How many reached what."""
    counts = {word: sum(WORDS[r.status] == word for r in rows) for word in WORDS.values()}
    twins = [t.status for r in rows for t in r.twins]
    found = ", ".join(f"{n} {word}" for word, n in counts.items() if n)
    as_printed = sum(r.status == "refuted" == r.expect for r in rows)
    expected = f" ({as_printed} of them printed in a source, and expected)" if as_printed else ""
    agree = [o.equal for r in rows for o in r.opinions]
    return (f"{len(rows)} claims: {found}{expected}; {twins.count('refuted')} of {len(twins)} false twins refuted; "
            f"{sum(agree)} of {len(agree)} second opinions agree; exit {code}")


def document(rows: list[Row], code: int) -> dict[str, object]:
    """The --json document, version 1."""
    return {"version": 1, "claims": [row.as_json() for row in rows], "exit": code}


def sweep(build: Path, rows: list[Row]) -> None:
    """Remove what earlier runs left in build/ for statements that are no more."""
    current = {row.id for row in rows} | {t.id for row in rows for t in row.twins}
    for path in build.glob("*.json"):
        if path.stem not in current: path.unlink()
