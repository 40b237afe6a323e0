"""Evidence about a `Decision`: z3 looks for a model, and cvc5, where it is installed, is asked a second time.

A model is checked by the kernel, and so is a script with few bits, by trying every assignment.  Only what two solvers do
not contradict is left to be trusted: certificates of unsatisfiability are not read.
"""
from math import inf
from time import monotonic
from typing import Any

from ..kernel.check import Certificate, Decision
from ..kernel.script import MOST_BITS, Script
from . import smtlib
from .clock import Deadline
from .smtlib import Answer

AFFORDABLE = 1_000_000                   # evaluations of subterms that trying every assignment may cost
LEAST = 0.05                             # seconds: with less left a solver is not started
SHARE = 0.6                              # of the time left goes to the first solver
SECOND = 10.0                            # seconds at most for a second opinion
BAD_SCRIPT = (ValueError, TypeError, LookupError, RecursionError)


def prove(s: Decision, deadline: Deadline) -> Certificate:
    """A model, every assignment, the solvers that say that there is no model, or why there is no evidence."""
    try: script = Script(s.script)
    except BAD_SCRIPT as bad: return nothing(f"not a script: {bad}")
    few, answers = affordable(script), list[Answer]()
    for asked in (smtlib.z3, smtlib.cvc5):
        if not (seconds := share(deadline, answers)): break
        if answer := asked(script, None if seconds == inf else seconds): answers.append(answer)
        if answer and answer.values is not None: return {"by": "model", "values": answer.values}
        if few: return {"by": "cases"}
        if answer and answer.found == "sat": break
    said = {a.found for a in answers} - {"unknown"}
    if said == {"unsat"}:
        first, *others = (a.solver for a in answers if a.found == "unsat")
        return {"by": "solver", "solver": first, "agrees": others}
    if len(said) > 1: return nothing("the solvers disagree: " + ", ".join(f"{a.solver} says {a.found}" for a in answers))
    return nothing("; ".join(f"{a.solver} says {a.found} ({a.why or 'no reason given'})" for a in answers) or "no time was left")


def share(deadline: Deadline, answers: list[Answer]) -> float:
    """Seconds for the next solver, inf for no limit: the first gets a part of what is left, and 0 says that it is too late."""
    left = inf if deadline.end is None else deadline.end - monotonic()
    if left < LEAST: return 0
    if not answers: return SHARE * left
    return left if answers[-1].found == "unknown" else min(left, SECOND)


def nothing(why: str) -> Certificate: return {"by": "nothing", "why": why}


# ---- every assignment -----------------------------------------------------------------------------------------------

def affordable(script: Script) -> bool:
    """Few bits, and few enough subterms for the kernel to evaluate them at each assignment."""
    widths = [1 if s == "Bool" else s if isinstance(s, int) else MOST_BITS + 1 for s in script.sorts.values()]
    return sum(widths) <= MOST_BITS and nodes(script.assertions) << sum(widths) <= AFFORDABLE


def nodes(t: Any) -> int: return 1 if isinstance(t, str) else 1 + sum(map(nodes, t))
