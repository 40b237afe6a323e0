"""Bounds on boxes: the certificate is a list of cuts (exponential polynomials in one scalar), a tree of halvings, or a point."""
from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from fractions import Fraction
from itertools import product
from typing import Any

from ..kernel.bounds import Interval, Intervals
from ..kernel.check import Bound, Certificate, Status, check
from ..kernel.enclosure import centred
from ..kernel.evaluate import evaluate
from ..kernel.exponential import Groups, groups
from .clock import Deadline
from .critical import MOST_BITS, Search, needed

PRECISIONS = (64, 192, 640, 2_000)
CELLS, DEEPEST = 50_000, 200                                         # that a search looks at; halvings one inside the other
FAILURES = (ValueError, ArithmeticError, LookupError)
NOTHING: Certificate = {"by": "nothing", "why": "neither enclosed nor refuted"}


class Stuck(Exception):
    """Halving was given up."""


class Outside(Exception):
    """A point outside the bounds."""

    def __init__(self, certificate: Certificate): self.certificate = certificate


@dataclass(frozen=True)
class Ends:
    """The bounds of a statement; None: no such end."""
    lower: Fraction | None
    upper: Fraction | None

    @classmethod
    def of(cls, s: Bound) -> Ends: return cls(*(None if q is None else Fraction(q) for q in (s.lower, s.upper)))

    def hold(self, lo: Fraction, hi: Fraction) -> bool:
        return (self.lower is None or lo >= self.lower) and (self.upper is None or hi <= self.upper)

    def fail(self, lo: Fraction, hi: Fraction) -> bool:
        return self.lower is not None and hi < self.lower or self.upper is not None and lo > self.upper

    def room(self, value: Interval) -> Fraction | None:
        """How far the value surely stays inside; negative if it surely is outside; None if unsure."""
        lo, hi = value
        if self.fail(lo, hi): return Fraction(-1)
        inside = [q for q in (lo - self.lower if self.lower is not None else None,
                              self.upper - hi if self.upper is not None else None) if q is not None]
        least = min(inside, default=Fraction(1))
        return least if least > 0 and hi - lo < least / 8 or lo == hi else None


def prove(s: Bound, deadline: Deadline) -> Certificate:
    """Evidence for or against a bound; "nothing" where none was found."""
    box = {x: (Fraction(lo), Fraction(hi)) for x, lo, hi in s.box}
    if len(box) == 1 and all(lo < hi for lo, hi in box.values()):
        (x, (lo, hi)), = box.items()
        try: h = groups(s.expr, x)
        except FAILURES: return tree(s, box, deadline)
        return by_cuts(s, h, lo, hi, deadline)
    return tree(s, box, deadline)


def by_cuts(s: Bound, h: Groups, a: Fraction, b: Fraction, deadline: Deadline) -> Certificate:
    """Cuts, each cell tried as the kernel will, and halved where that is not enough; or a point outside the bounds."""
    ends, first = Ends.of(s), needed(h, a, b)
    for bits in dict.fromkeys(min(first * k, MOST_BITS) for k in (1, 2, 4, 16)):
        deadline.check()
        search = Search(h, a, b, bits)
        search.settle(ends.room)
        rooms = [(x, ends.room(value)) for x, value in search.values()]
        for x, margin in rooms:
            if margin is not None and margin < 0: return point(s, {s.box[0][0]: x}, bits) or NOTHING
        if any(margin is None for _, margin in rooms): continue
        try: return halved(s, search, ends, deadline)
        except Outside as found: return found.certificate
        except Stuck: continue
    return NOTHING


def proposal(search: Search, ends: Ends) -> Certificate:
    """Cuts around what was found, not tried."""
    return {"by": "cuts", "cuts": [str(q) for q in search.cuts(ends.room)], "bits": search.bits}


def halved(s: Bound, search: Search, ends: Ends, deadline: Deadline) -> Certificate:
    """The cuts and more of them, such that the kernel encloses every cell.  Raises Stuck or Outside."""
    at = [search.a, *search.cuts(ends.room), search.b]
    stack = [(x, y, 0) for x, y in reversed([*zip(at, at[1:])])]
    out: list[Fraction] = []
    for _ in range(CELLS):
        deadline.check()
        if not stack: return {"by": "cuts", "cuts": [str(q) for q in out[:-1]], "bits": search.bits}
        x, y, depth = stack.pop()
        if ends.hold(*search.curve.slide(search.h, x, y)):
            out.append(y)
            continue
        middle = (x + y) / 2
        if ends.fail(*search.curve.at(search.h, middle)) and (found := point(s, {s.box[0][0]: middle}, search.bits)):
            raise Outside(found)
        if depth >= DEEPEST: raise Stuck
        stack += [(middle, y, depth + 1), (x, middle, depth + 1)]
    raise Stuck


def point(s: Bound, at: Mapping[str, Fraction], bits: int) -> Certificate | None:
    """A point that the kernel finds outside the bounds, at this precision or more."""
    for more in (bits, 2 * bits + 64, 4 * bits + 256):
        certificate = {"by": "point", "at": {x: str(q) for x, q in at.items()}, "bits": min(more, MOST_BITS)}
        if check(s, certificate).status is Status.REFUTED: return certificate
    return None


def tree(s: Bound, box: dict[str, Interval], deadline: Deadline) -> Certificate:
    """Halvings until each leaf is enclosed, or a corner or a middle that is outside."""
    if any(lo > hi for lo, hi in box.values()): return {"by": "tree", "tree": None, "bits": PRECISIONS[0]}
    ends = Ends.of(s)
    for bits in PRECISIONS:
        deadline.check()
        try:
            for corner in product(*box.values()) if len(box) < 9 else ():
                deadline.check()
                away(s, dict(zip(box, corner)), ends, bits)
            return {"by": "tree", "tree": Tree(s, ends, Intervals(bits), deadline).grow(box, 0), "bits": bits}
        except Outside as found: return found.certificate
        except Stuck: continue
    return NOTHING


def away(s: Bound, at: dict[str, Fraction], ends: Ends, bits: int) -> None:
    """Raises Outside where the value at the point is."""
    try: lo, hi = evaluate(s.expr, Intervals(bits), {}, lambda x, _: at[x], {})
    except FAILURES: return
    if ends.fail(lo, hi) and (found := point(s, at, bits)): raise Outside(found)


class Tree:
    """Halvings of a box, until the kernel's enclosure of each cell is inside the ends."""

    def __init__(self, s: Bound, ends: Ends, field: Intervals, deadline: Deadline):
        self.s, self.ends, self.field, self.deadline, self.looked = s, ends, field, deadline, 0

    def enclose(self, box: dict[str, Interval]) -> Interval | None:
        try: return centred(self.s.expr, box, self.field)
        except FAILURES: return None

    def grow(self, box: dict[str, Interval], depth: int) -> Any:
        """The tree of a cell.  Raises Stuck or Outside."""
        self.deadline.check()
        self.looked += 1
        found = self.enclose(box)
        if found and self.ends.hold(*found): return None
        middle = {x: (a + b) / 2 for x, (a, b) in box.items()}
        away(self.s, middle, self.ends, self.field.bits)
        if self.looked > CELLS or depth >= DEEPEST or all(a == b for a, b in box.values()): raise Stuck
        x = self.choice(box)
        a, b = box[x]
        return [x, self.grow(box | {x: (a, middle[x])}, depth + 1), self.grow(box | {x: (middle[x], b)}, depth + 1)]

    def choice(self, box: dict[str, Interval]) -> str:
        """The scalar whose halving makes the enclosure of the lower half narrowest."""
        def after(x: str) -> tuple[int, Fraction]:
            a, b = box[x]
            if a == b: return 2, Fraction(0)
            found = self.enclose(box | {x: (a, (a + b) / 2)})
            return (0, found[1] - found[0]) if found else (1, a - b)
        return min(box, key=after) if len(box) > 1 else next(iter(box))
