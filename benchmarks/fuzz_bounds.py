"""The studies of fuzz.py on bounds and scripts: random enclosures against mpmath, changed bounds, formulas against z3."""
import json
from collections import Counter
from fractions import Fraction
from pathlib import Path

from tacheck.kernel.bounds import Intervals
from tacheck.kernel.check import Decision, Status, check, load
from tacheck.kernel.enclosure import centred
from tacheck.kernel.exponential import Curve, groups
from tests.random_bounds import (
    broken_at,
    changed,
    exponential,
    implied,
    inside,
    interval,
    mp,
    points,
    rational,
    satisfiable,
    scalar_term,
    script,
    value,
)

ACCEPTED = Path(__file__).resolve().parents[1] / "tests" / "certificates" / "accepted"


def records():
    """The accepted certificate files of bounds that hold on a box."""
    found = [json.loads(f.read_text()) for f in sorted(ACCEPTED.glob("bound_*.json"))]
    return [r for r in found if r["status"] == "holds" and r["statement"]["box"]]


def exps(rng, amount):
    """exp at random points, of many sizes and precisions, inside the value with 100 bits more."""
    tally, bad = Counter(), []
    for _ in range(amount):
        x = rational(rng, 40) * Fraction(10) ** rng.choice((-60, -12, -3, 0, 0))
        bits = rng.choice((8, 16, 24, 53, 64, 113, 180))
        ends, tally["enclosed"] = Intervals(bits).exp_point(x), tally["enclosed"] + 1
        with mp.workprec(bits + 100):
            v = mp.exp(mp.mpf(x.numerator) / x.denominator)
            lo, hi = (mp.mpf(q.numerator) / q.denominator for q in ends)
            if not lo * (1 - v.context.eps * 8) <= v <= hi * (1 + v.context.eps * 8): bad.append(("exp", x, bits, ends))
    return tally, bad, []


def curves(rng, amount):
    """Exponential polynomials on cells."""
    tally, bad = Counter(), []
    for _ in range(amount):
        t, (a, b) = exponential(rng), interval(rng)
        h, curve = groups(t, "x"), Curve(Intervals(rng.choice((8, 16, 24, 53, 100))))
        ends, tally[f"{len(h)} groups"] = (curve.slide(h, a, b), curve.span(h, a, b)), tally[f"{len(h)} groups"] + 1
        for x in points(rng, a, b, 8):
            v = value(t, {"x": x})
            bad += [("curve", t, a, b, x)] * (not all(inside(e, v) for e in ends))
    return tally, bad, []


def trees(rng, amount):
    """Terms in one to three scalars on boxes."""
    tally, bad = Counter(), []
    for _ in range(amount):
        names = "xyz"[:rng.randint(1, 3)]
        t, box = scalar_term(rng, names, 3), {x: interval(rng, 2) for x in names}
        try: ends = centred(t, box, Intervals(rng.choice((10, 24, 64))))
        except (ValueError, ArithmeticError): tally["not enclosed"] += 1
        else:
            tally["enclosed"] += 1
            for _ in range(6):
                at = {x: rng.choice(points(rng, a, b, 2)) for x, (a, b) in box.items()}
                if not inside(ends, value(t, at)): bad.append(("tree", t, box, at))
    return tally, bad, []


def bounds(rng, amount):
    """The accepted bounds with one thing changed."""
    tally, bad, known = Counter(), [], records()
    for _ in range(amount):
        new = changed(record := rng.choice(known), rng)
        holds = check(load(new["statement"]), new["certificate"]).status is Status.HOLDS
        weaker = implied(new["statement"], record["statement"])
        tally[f"{'accepted' if holds else 'rejected'}, {'a weaker' if weaker else 'another'} bound"] += 1
        if holds and not weaker and broken_at(new["statement"], rng): bad.append(("bound", new))
    return tally, bad, []


def scripts(rng, amount):
    """Formulas over truth values and bits."""
    tally, bad = Counter(), []
    for _ in range(amount):
        text = script(rng)
        holds, sat = check(Decision(text), {"by": "cases"}).status is Status.HOLDS, satisfiable(text)[0]
        tally[f"z3 says {'sat' if sat else 'unsat'}, {'holds' if holds else 'undecided'}"] += 1
        if holds is sat: bad.append(("script", text))
    return tally, bad, []


STUDIES = {"exps": exps, "curves": curves, "trees": trees, "bounds": bounds, "scripts": scripts}
