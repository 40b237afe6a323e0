"""The one road: statement -> prover -> certificate -> kernel -> Verdict."""
from importlib import import_module
from typing import Any

from .kernel.check import (
    Bound,
    Certificate,
    Conditional,
    Decision,
    Growth,
    Identity,
    Inequality,
    Instance,
    Measurement,
    Statement,
    Verdict,
    check,
)
from .kernel.term import Term
from .lang import Argued
from .provers.clock import Deadline, OutOfTime

# The module of provers/ for each kind of statement; loaded when first needed, since some bring a solver along.
PROVERS = {Identity: "identity", Inequality: "inequality", Bound: "bound", Decision: "decision", Growth: "growth",
           Measurement: "measurement", Instance: "instance"}


def decide(statement: Statement | Argued, timeout: float | None = None, form: Term = ()) -> Verdict:
    """Look for evidence, at most `timeout` seconds (None: no limit), and let the kernel judge it.

    form: the visibly nonnegative form of an inequality's difference, if its author gave one.

    Running out of time ends UNDECIDED.  Raises TypeError for what is not a statement.
    """
    if isinstance(statement, Argued): form, statement = statement.form, statement.statement
    conclusion: Any = statement
    while isinstance(conclusion, Conditional): conclusion = conclusion.conclusion
    if type(conclusion) not in PROVERS:
        raise TypeError(f"not a statement: {statement!r:.60}; write identity(lhs, rhs) or instance(lhs, rhs, ...)")
    prove = import_module(f".provers.{PROVERS[type(conclusion)]}", __package__).prove
    try: certificate: Certificate = prove(conclusion, Deadline(timeout), *([form] if form else []))
    except OutOfTime as late: certificate = {"by": "nothing", "why": str(late)}
    return check(statement, certificate)
