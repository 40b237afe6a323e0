"""explain: one claim side by side, in words, as a statement, and as what the kernel found."""
import argparse
from dataclasses import asdict
from pathlib import Path
from typing import Any

from .. import library, selection
from ..claims import Claim, ClaimError
from ..decide import decide
from ..kernel.check import Statement, Status, Verdict, dump
from ..library import LibraryError
from ..opinions import opinions
from ..wording import latex, written
from . import write_json


def arguments(parser: argparse.ArgumentParser) -> None:
    """The options of `tacheck explain`."""
    parser.add_argument("id", metavar="ID", help="a claim, a family, a file of claims, or a glob")
    parser.add_argument("--root", metavar="DIR", help="the project (default: the nearest one upwards, else the shipped library)")
    parser.add_argument("--timeout", type=float, default=60, metavar="S", help="seconds of search per statement (default: 60)")
    parser.add_argument("--json", metavar="FILE", help="one document of everything (- for standard output)")


def run(args: argparse.Namespace) -> int:
    """Decide afresh and print.  Exit code 0: explaining is no verdict."""
    root = library.root(args.root)
    try: told = [tell(c, root, args.timeout) for c in selection.select(library.load(root), [args.id])]
    except ClaimError as unfit: raise LibraryError(str(unfit)) from None
    if args.json: write_json(args.json, {"version": 1, "claims": told})
    if args.json != "-": print("\n\n".join(map(text, told)))
    return 0


def tell(claim: Claim, root: Path, timeout: float) -> dict[str, Any]:
    """Everything about a claim, as data."""
    statement, lies = claim.statements()
    place, verdict = Path(claim.where), decide(statement, timeout, claim.form)
    return {"id": claim.id, "says": claim.says, "cite": claim.cite,
            "where": str(place.relative_to(root) if place.is_relative_to(root) else place),
            "expect": claim.promised(statement), "parameters": {k: str(v) for k, v in claim.parameters.items()},
            **found(statement, verdict), "opinions": [asdict(o) for o in opinions(statement, timeout)],
            "twins": [{"id": id, **found(lie, decide(lie, timeout))} for id, lie in lies.items()]}


def found(statement: Statement, verdict: Verdict) -> dict[str, Any]:
    """A statement and its verdict, as data."""
    return {"text": written(statement), "latex": latex(statement), "status": verdict.status.value, "why": verdict.why,
            "rests_on": list(verdict.rests_on), "witness": verdict.witness, "statement": dump(statement),
            "certificate": verdict.certificate}


EVIDENCE = {"positive form": "a form of the difference that is visibly at least 0, with the normaliser's answers",
            "cuts": "cells on each of which derivative and value are enclosed", "tree": "a tree of halvings, each leaf enclosed",
            "point": "a point where the value is enclosed beyond a bound", "model": "values that make the script true",
            "cases": "every assignment, tried", "solver": "none of its own: a solver is believed", "sample": "what was measured",
            "normal form": "the answers to the normaliser's questions, with its atoms", "evaluation": "exact evaluation",
            "witness": "sizes and data at which the sides differ, enclosed with outward rounding"}


def text(told: dict[str, Any]) -> str:
    """One claim as a page of text."""
    word = "proved" if told["status"] == Status.HOLDS.value else told["status"]
    lines = [told["id"], "", told["says"], "", f"cited from   {told['cite']}", f"stated in    {told['where']}", "",
             told["text"], "", *([f"in LaTeX     {told['latex']}", ""] if told["latex"] else []), f"{word}: {told['why']}"]
    if told["status"] not in told["expect"].split("|"): lines.append(f"!! {told['expect']} is promised")
    lines += [f"rests on     {what}" for what in told["rests_on"]]
    certificate = told["certificate"] or {}
    lines += ["", f"certificate  {EVIDENCE.get(certificate.get('by', ''), 'none')}"]
    lines += [f"  {atom}" for atom in certificate.get("atoms", ())]
    lines += ["", "second opinions"]
    lines += [f"  {o['by']} at {', '.join(f'{n} = {k}' for n, k in o['sizes'].items())}: "
              f"{'agrees' if o['equal'] else 'the sides differ'}" for o in told["opinions"]]
    lines += ["", "false twins"] + [f"  {t['id'].partition('~')[2]}: {t['status']}; {t['why']}" for t in told["twins"]]
    return "\n".join(lines)
