"""The one road: statement -> prover -> certificate -> kernel -> Verdict."""
from collections.abc import Callable
from typing import Any

from .kernel.check import Certificate, Conditional, Identity, Instance, Statement, Verdict, check
from .provers import identity, instance
from .provers.clock import Deadline, OutOfTime

PROVERS: dict[type, Callable[[Any, Deadline], Certificate]] = {Identity: identity.prove, Instance: instance.prove}


def decide(statement: Statement, timeout: float | None = None) -> Verdict:
    """Look for evidence, at most `timeout` seconds (None: no limit), and let the kernel judge it.

    Running out of time ends UNDECIDED.  Raises TypeError for what is not a statement.
    """
    conclusion = statement
    while isinstance(conclusion, Conditional): conclusion = conclusion.conclusion
    if type(conclusion) not in PROVERS:
        raise TypeError(f"not a statement: {statement!r:.60}; write identity(lhs, rhs) or instance(lhs, rhs, ...)")
    try: certificate = PROVERS[type(conclusion)](conclusion, Deadline(timeout))
    except OutOfTime as late: certificate = {"by": "nothing", "why": str(late)}
    return check(statement, certificate)
