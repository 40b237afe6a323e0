"""An answer of `tacheck regime` in words, as a document, and as a picture."""
from __future__ import annotations

from collections.abc import Iterator, Sequence
from math import exp, log
from typing import Any

from ..numeric.polynomial.plan import MOST_DEGREE
from ..numeric.regime import Question, Regime
from ..numeric.regime.answering import beta_of, rank_text
from ..numeric.regime.costs import Shape, exact_memory, fast_memory, rounded
from ..numeric.regime.moves import crossing_of, largest_radius
from .diagram import BLUE, GREEN, RED, SKY, YELLOW, Drawing, Line, Points, Region

Named = tuple[str, Regime]
PROVED = {"holds": "proved"}


def text(found: Sequence[Named]) -> str:
    """The answer; for many heads a table, the farthest first, and the answer for that one."""
    if len(found) == 1: return detail(*found[0])
    wide = min(44, max(len(name) for name, _ in found))
    lines = [f"{'head':<{wide}} {'scores within':>13} {'/ ln n':>7} {'degree':>7} {'rank':>15}  regime"]
    for name, r in found:
        rank = rank_text(r.question.d, r.degree, r.rank) if r.degree is not None and r.rank else "-"
        degree = f">{MOST_DEGREE}" if r.degree is None else str(r.degree)
        radius = float(r.question.radius)
        lines.append(f"{name[-wide:]:<{wide}} {radius:>13.4g} {r.distance:>7.3g} {degree:>7} {rank:>15}  {r.verdict}")
    return "\n".join([*lines, "", detail(f"the farthest, {found[0][0]}", found[0][1])])


def detail(name: str, r: Regime) -> str:
    """Verdict, reasons, price, what would move it, claims."""
    q = r.question
    more = ", with gradients" if q.gradient else ""
    lines = [f"{name}: {r.verdict}" if name else r.verdict,
             f"  order {q.order}, n = {q.n:,}, d = {q.d}, dv = {q.dv}, error {float(q.error):.3g}, scale {q.scale_text}{more}"]
    lines += ["because", *(f"  {fact.says} ({PROVED.get(fact.status, fact.status)})" for fact in r.facts)]
    lines += [f"  {h.name} is {h.standing} ({h.date}): {h.says}{'; see ' * bool(h.report)}{h.report}" for h in r.hypotheses]
    lines += ["price", *prices(r)]
    if r.moves: lines += ["what would move it (estimated)", *(f"  {move}" for move in r.moves)]
    return "\n".join([*lines, "rests on", *(f"  {id}" for id in r.claims)])


def prices(r: Regime) -> Iterator[str]:
    """Operations, memory and time of both, and where they cross."""
    q, shape = r.question, shape_of(r)
    for what, price, memory in (("fast", r.fast, fast_memory(shape)), ("exact", r.exact, exact_memory(shape))):
        if price is None:
            yield f"  fast   no polynomial of degree {MOST_DEGREE} or less will do"
            continue
        about = f"rank {rank_text(q.d, shape.degree, shape.rank)}, " if what == "fast" else ""
        took = f", about {rounded(price.seconds)} here" if price.seconds is not None else ""
        yield (f"  {what:<6} {about}{price.operations:.3g} operations{' forward' * q.gradient}{took}, {size(memory)} beside "
               "inputs and results")
    by = "operations" if r.machine is None else f"predicted times ({r.machine.made})"
    where = f"from n = {r.crossover:,} on" if r.crossover else "at no n in sight"
    if r.degree is not None: yield f"  fast is cheaper {where}, by {by}"


def shape_of(r: Regime) -> Shape:
    q = r.question
    return Shape(q.n, q.d, q.dv, q.order, r.degree or 0, q.gradient)


def size(count: float) -> str:
    """Bytes in words."""
    for unit in ("B", "KB", "MB", "GB", "TB", "PB"):
        if count < 1000: return f"{count:.3g} {unit}"
        count /= 1000
    return f"{count:.3g} EB"


def document(found: Sequence[Named]) -> dict[str, Any]:
    """The --json document, version 1: one answer for each head, or one."""
    return {"version": 1, "answers": [entry(name, r) for name, r in found]}


def entry(name: str, r: Regime) -> dict[str, Any]:
    """One answer."""
    q, shape = r.question, shape_of(r)
    span = [min(x.lower for x in q.ranges), max(x.upper for x in q.ranges)] if q.ranges else [-float(q.largest), float(q.largest)]

    def price(p: Any, memory: int) -> Any: return p and {"operations": p.operations, "seconds": p.seconds, "bytes": memory}
    return {"name": name, "verdict": r.verdict, "kind": r.kind,
            "question": {"n": q.n, "d": q.d, "dv": q.dv, "order": q.order, "error": str(q.error), "scale": q.scale_text,
                         "bound": None if q.bound is None else str(q.bound), "gradient": q.gradient},
            "range": {"lower": span[0], "upper": span[1], "radius": float(q.radius), "by": sorted({x.by for x in q.ranges}),
                      "sampled": q.sampled},
            "distance": r.distance, "degree": r.degree, "certified": r.certified, "rank": r.rank, "exponent": r.exponent,
            "fast": price(r.fast, fast_memory(shape)), "exact": price(r.exact, exact_memory(shape)),
            "crossover": {"n": r.crossover, "by": "seconds" if r.machine else "operations"},
            "facts": [{"says": f.says, "status": f.status} for f in r.facts],
            "hypotheses": [{"name": h.name, "standing": h.standing, "date": h.date, "report": h.report} for h in r.hypotheses],
            "moves": list(r.moves), "claims": list(r.claims)}


# ---- the picture --------------------------------------------------------------------------------------------------------

def picture(found: Sequence[Named]) -> Drawing:
    """log n against B, at the other numbers of the first answer: the theorems' regions, the practical crossover, all points."""
    r = found[0][1]
    q = r.question
    points = [(name or f"n = {x.question.n:,}, B = {entries(x.question):.3g}", float(x.question.n), entries(x.question))
              for name, x in found[:12]]
    low, high = min(10.0, *(n for _, n, _ in points)), max(1e8, *(4 * n for _, n, _ in points))
    ns = [exp(log(low) + (log(high) - log(low)) * i / 160) for i in range(161)]
    easy = [(n, bound_for(q, log(n))) for n in ns]
    last = 2.0 ** min(q.d - 1, 400)
    hard = [(n, bound_for(q, beta_of(q, n) * q.d)) for n in ns if n <= last] if q.d > 1 else []
    least = min(0.25, *(0.5 * b for *_, b in points))
    most = 2 * max([b for *_, b in points] + [b for _, b in easy + hard])
    side = 0.75 if sum(log(n) < (log(low) + log(high)) / 2 for _, n, _ in points) * 2 >= len(points) else 0.25

    def place(below: float | Points, above: float | Points) -> tuple[float, float]:
        """In the middle between two heights or lines, on the side with fewer points."""
        k = int(side * 160)
        ends = [x if isinstance(x, float) else (x[k][1] if k < len(x) else most) for x in (below, above)]
        return ns[k], (ends[0] * ends[1]) ** 0.5
    top = [*reversed(hard), (low, hard[0][1])] if hard else [(low, most)]
    corners = [*easy, (high, most), *([(hard[-1][0], most)] if hard and last < high else []), *top]
    if hard and last >= high: corners = [*easy, *reversed(hard)]
    regions = [Region("between the theorems", YELLOW, corners, place(easy, hard or most)),
               Region("almost linear in theory", SKY, [(low, least), (high, least), *reversed(easy)], place(least, easy))]
    if hard:
        n, b = hard[len(hard) // 2]
        at = place(hard, most) if int(side * 160) < len(hard) else (n, (b * most) ** 0.5)
        regions.append(Region("hard under k-OVH", RED, [*hard, (hard[-1][0], most), (low, most)], at, True))
    lines = [Line("almost linear in theory below", BLUE, easy)]
    steps = crossovers(q, r, low, high, least, most)
    by, far = "predicted times" if r.machine else "operations", f", up to n = 2^{q.d - 1}" if last < high else ""
    if steps: lines.append(Line(f"fast cheaper below, by {by}", GREEN, steps, dashed=True))
    if hard: lines.append(Line(f"hard instances fit above{far}", RED, hard))
    title = f"order {q.order}, d = {q.d}, error {float(q.error):.3g}, scale {q.scale_text}{', gradients' * q.gradient}"
    axes = ("n (tokens)", low, high), ("B (largest entry)", least, most)
    return Drawing(title, *axes, tuple(regions), tuple(lines), tuple(points))


def entries(q: Question) -> float:
    """The bound on entries, or that for which numbers would have this radius."""
    return float(q.bound) if q.bound is not None else bound_for(q, float(q.radius))


def bound_for(q: Question, radius: float) -> float:
    """B with scores up to the radius."""
    return float((radius / float(q.scale[1]) / q.d) ** (1 / q.factors))


def crossovers(q: Question, r: Regime, low: float, high: float, least: float, most: float) -> Points:
    """A step for each degree: from its crossover on, fast is cheaper up to the entries that the degree is enough for."""
    found: Points = []
    degree = 1 + q.gradient
    while degree <= MOST_DEGREE:
        n = crossing_of(q, degree, r.machine)
        if n is None or n > high: return [*found, (high, found[-1][1])] if found else []
        b = bound_for(q, float(largest_radius(q, degree, 1000)))
        found += [(max(float(n), low), found[-1][1] if found else least), (max(float(n), low), b)]
        if b > most: break
        degree += 1 + degree // 16
    return found
