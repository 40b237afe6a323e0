"""One claim and its false twins, taken down the road and written to `build/`: what `verify` does for each."""
import time
from collections.abc import Iterable
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any

from . import files
from .claims import Claim, ClaimError
from .coq.answers import NOT_PROVED, Answer, Asking, alarms, lacking
from .decide import decide
from .kernel.check import Statement, Status, Verdict, dump
from .opinions import opinions
from .provers.prime import Opinion


@dataclass(frozen=True)
class Twin:
    """A false twin and what became of it."""
    id: str
    status: str
    why: str


@dataclass(frozen=True)
class Row:
    """What the kernel found about one claim; plain data, as `--json` prints it.

    `checked`: a date, if from the cache; `coq`: what Coq says, if it was asked.
    """
    id: str
    status: str
    expect: str
    why: str
    rests_on: tuple[str, ...]
    seconds: float
    twins: tuple[Twin, ...]
    exit: int
    opinions: tuple[Opinion, ...] = ()
    checked: str | None = None
    coq: Answer | None = None

    def as_json(self) -> dict[str, Any]: return asdict(self) | {"seconds": round(self.seconds, 4)}


def judge(claim: Claim, timeout: float | None, build: Path) -> Row:
    """Decide the claim and its twins and write their files.  An exception on the way is never a success."""
    start, promised, twins = time.perf_counter(), claim.expect.value if claim.expect else "holds", list[Twin]()
    second: tuple[Opinion, ...] = ()

    def row(status: str, why: str, rests_on: tuple[str, ...], code: int) -> Row:
        return Row(claim.id, status, promised, why, rests_on, time.perf_counter() - start, tuple(twins), code, second)

    try:
        statement, lies = claim.statements()
        promised = claim.promised(statement)
        verdict = decide(statement, timeout, claim.form)
        keep(build, claim.id, statement, verdict)
        if verdict.status is Status.HOLDS: second = opinions(statement, timeout)
        for id, lie in lies.items():
            found = decide(lie, timeout)
            keep(build, id, lie, found)
            twins.append(Twin(id, found.status.value, found.why))
    except ClaimError as unfit: return row("undecided", str(unfit), (), 2)
    except Exception as bad: return row("undecided", f"our fault: {type(bad).__name__}: {bad} ({claim.where})", (), 4)
    codes = [claim_exit(verdict.status.value, promised), *(twin_exit(t.status) for t in twins)]
    codes += [1 for o in second if not o.equal]
    return row(verdict.status.value, verdict.why, verdict.rests_on, worst(codes))


def with_coq(row: Row, claim: Claim, asking: Asking) -> Row:
    """The row with what Coq says about the claim and its twins, and the exit code that follows.  No verdict changes."""
    try:
        statement, lies = claim.statements()
        answer = asking.about(claim.id, statement, lies, row.rests_on if row.status == Status.HOLDS.value else None)
    except ClaimError: return row                                    # `judge` has said what is wrong with it
    except Exception as bad:
        answer = Answer(NOT_PROVED, 0.0, (), f"not proved by Coq: our fault: {type(bad).__name__}: {bad}")
        return replace(row, coq=answer, exit=worst((row.exit, 4)))
    codes = [row.exit, 1 if alarms(answer, row.status) else 0, 3 if lacking(answer, row.status) else 0]
    return replace(row, coq=answer, exit=worst(codes))


def claim_exit(status: str, promised: str) -> int:
    """0 as promised; 1 refuted, or a statement that was to fail holds; 3 anything else."""
    return 0 if status in promised.split("|") else 1 if status in ("refuted", "holds") else 3


def twin_exit(status: str) -> int: return {"refuted": 0, "holds": 1}.get(status, 3)


def worst(codes: Iterable[int]) -> int:
    """4 our fault, 2 not fit to be checked, 1 refuted, 3 undecided, 0 all is well: in this order."""
    found = set(codes)
    return next((code for code in (4, 2, 1, 3) if code in found), 0)


def failures(row: Row) -> list[str]:
    """In words, what keeps the row from success; empty iff its exit code is 0."""
    own = [] if row.status in row.expect.split("|") else [f"{row.status}, where {row.expect} is promised: {row.why}"]
    own += [f"{o.by} at {o.sizes} say that the sides differ" for o in row.opinions if not o.equal]
    own += [f"the false twin {t.id} is {t.status}: {t.why}" for t in row.twins if t.status != "refuted"]
    return own + alarms(row.coq, row.status) + lacking(row.coq, row.status)


def keep(build: Path, name: str, statement: Statement, verdict: Verdict) -> None:
    """build/NAME.json: statement, certificate and the status to find again.  Nothing is kept without evidence."""
    path = build / f"{name}.json"
    if verdict.status is Status.UNDECIDED: path.unlink(missing_ok=True)
    else:
        files.write_json(path, {"tacheck": 1, "claim": name, "status": verdict.status.value,
                                "statement": dump(statement), "certificate": verdict.certificate})
