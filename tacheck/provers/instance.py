"""Explicit instances: evidence for an `Instance`, and SymPy's own differentiation as a second opinion on a gradient."""
from ..kernel.check import Certificate, Identity, Instance, Status, check
from ..kernel.term import sizes, subterms
from .clock import Deadline
from .prime import Opinion, cost

PRECISIONS = (40, 160, 640)
SETTINGS = ((2, 1), (2, 2))              # (n, d): the size of the dimension d, and of every other one
AFFORDABLE = 2_400                       # evaluations of subterms, times derivatives, that one instance may cost


def prove(s: Instance, deadline: Deadline) -> Certificate:
    """The least of the precisions that decides, or the greatest."""
    for bits in PRECISIONS:
        deadline.check()
        certificate = {"by": "evaluation", "bits": bits}
        if check(s, certificate).status is not Status.UNDECIDED: break
    return certificate


def opinions(s: Identity, deadline: Deadline, settings: tuple[tuple[int, int], ...] = SETTINGS) -> list[Opinion]:
    """What SymPy's differentiation says about a statement with `diff` in it, at each affordable setting."""
    derivatives = sum(x[0] == "diff" for t in (s.lhs, s.rhs) for x in subterms(t))
    if not derivatives: return []
    from .symbolic import agree
    found: list[Opinion] = []
    for n, d in settings:
        size = {name: d if name == "d" else n for name in sizes(s.lhs, s.rhs)}
        if any(o.sizes == size for o in found) or derivatives * cost(s, size) > AFFORDABLE: continue
        deadline.check()
        if (equal := agree(s, size)) is not None: found.append(Opinion("SymPy's diff", size, equal))
    return found
