"""Second opinions: other ways of computing, none of which shares a line with the normaliser.

They make no verdict.  They are shown beside the kernel's, and where one of them disagrees with HOLDS, verification fails.
"""
from .kernel.check import Conditional, Identity, Statement
from .provers import instance, prime
from .provers.clock import Deadline, OutOfTime
from .provers.prime import Opinion


def opinions(statement: Statement, timeout: float | None = None) -> tuple[Opinion, ...]:
    """Dual numbers modulo a prime at two sizes and, for a derivative, SymPy's; those that time and cost allow."""
    while isinstance(statement, Conditional): statement = statement.conclusion
    if not isinstance(statement, Identity): return ()
    deadline, found = Deadline(timeout), list[Opinion]()
    for ask in (prime.opinions, instance.opinions):
        try: found += ask(statement, deadline)
        except OutOfTime: break
    return tuple(found)
