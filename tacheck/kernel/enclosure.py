"""Bounds: what a certificate must show cell by cell, or at one point."""
from collections.abc import Mapping
from fractions import Fraction
from typing import Any

from .bounds import CEILING, FLOOR, Interval, Intervals, near, precise, rational
from .evaluate import Dual, evaluate
from .exponential import Curve, groups
from .normal import Impossible
from .statement import Bound, Certificate, Finding, Status
from .term import Term, sizes, wellformed


def by_enclosure(s: Bound, certificate: Certificate) -> Finding:
    """Cell by cell, or at one point."""
    box = {x: (rational(lo), rational(hi)) for x, lo, hi in s.box}
    shapes = wellformed(s.expr, *(("at", x) for x in box))
    if any(shapes.values()) or sizes(s.expr) or not len(shapes) == len(box) == len(s.box):
        raise ValueError("not an expression in the scalars of a box")
    lower, upper = (None if q is None else rational(q) for q in (s.lower, s.upper))
    field = precise(certificate["bits"])
    if any(lo > hi for lo, hi in box.values()): raise Impossible("the box is empty")

    def outside(lo: Fraction, hi: Fraction) -> bool: return lower is not None and lo < lower or upper is not None and hi > upper

    def inside(at: Mapping[str, Interval], lo: Fraction, hi: Fraction) -> None:
        if outside(lo, hi):
            where = ", ".join(f"{x} in [{near(a, FLOOR)}, {near(b, CEILING)}]" for x, (a, b) in at.items())
            raise ValueError(f"not enclosed for {where}: [{near(lo, FLOOR)}, {near(hi, CEILING)}]")

    def cover(tree: Any, box: dict[str, Interval]) -> int:
        """A tree is null, for one cell, or [scalar, tree of the lower half, tree of the upper half]."""
        if tree is None:
            inside(box, *centred(s.expr, box, field))
            return 1
        x, low, high = tree
        a, b = box[x]
        return cover(low, box | {x: (a, (a + b) / 2)}) + cover(high, box | {x: ((a + b) / 2, b)})

    match certificate["by"]:
        case "tree": cells = cover(certificate["tree"], box)
        case "cuts":
            ((x, (lo, hi)),) = box.items()
            cuts, h, curve = [lo, *map(rational, certificate["cuts"]), hi], groups(s.expr, x), Curve(field)
            if any(a >= b for a, b in zip(cuts, cuts[1:])): raise ValueError("the cuts do not rise")
            for a, b in zip(cuts, cuts[1:]): inside({x: (a, b)}, *curve.slide(h, a, b))
            cells = len(cuts) - 1
        case _:
            at = {x: rational(certificate["at"][x]) for x in box}
            if not all(lo <= at[x] <= hi for x, (lo, hi) in box.items()): raise ValueError("the point is not in the box")
            lo, hi = evaluate(s.expr, field, {}, lambda x, _: at[x], {})
            if not outside(hi, lo): raise ValueError("the value is not outside the bounds")
            return (Status.REFUTED, f"at {', '.join(f'{x} = {q}' for x, q in at.items()) or 'all points'} it is in "
                    f"[{near(lo, FLOOR)}, {near(hi, CEILING)}]", (), {"at": {x: str(q) for x, q in at.items()}})
    return Status.HOLDS, f"enclosed on {cells} cell{'s' * (cells != 1)}", (), None


def centred(t: Term, box: Mapping[str, Interval], field: Intervals) -> Interval:
    """The better, end by end, of the natural enclosure and the mean-value form around the middle of the box."""
    lo, hi = evaluate(t, field, {}, lambda x, _: box[x], {})
    middle = evaluate(t, field, {}, lambda x, _: (box[x][0] + box[x][1]) / 2, {})
    for x, (a, b) in box.items():
        slope = evaluate(t, Dual(field, x, ()), {}, lambda x, _: box[x], {})[1] or field.num(Fraction(0))
        middle = field.add(middle, field.mul(slope, ((a - b) / 2, (b - a) / 2)))
    return max(lo, middle[0]), min(hi, middle[1])
