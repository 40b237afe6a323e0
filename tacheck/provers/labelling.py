"""Answers to the normaliser's questions: canonical numberings, and which indices to sum first.

A numbering is found by colour refinement and individualisation, as graph canonicalisation does: the variables are the
vertices, the atoms the labelled hyperedges.  Every numbering that gives the least body is returned: they are the
symmetries of the new entry.  What to sum first is found by matching the body of a denominator.
"""
from collections.abc import Iterator, Sequence

from ..kernel.normal import DELTA, Atom, Indices, Monomial, Normaliser, Question, Rational, leading

LEAVES = 5000                            # numberings tried per question; beyond it the best so far is taken
Occurrence = tuple[tuple[str, ...], Indices, list[int], int]


def answer(normaliser: Normaliser, question: Question) -> list[list[int]] | list[int]:
    """The search: a list of numberings, or for `first` the positions of the indices to sum first."""
    return first(normaliser, question) if question[0] == "first" else numberings(normaliser, question)


def variables(question: Question) -> list[str]: return [f"{k}:{d}" for k, (d, _) in enumerate(question[1])]


def orbits(normaliser: Normaliser, head: str, arity: int) -> list[int]:
    """Slots that a symmetry can exchange share a number."""
    if head == DELTA: return [0] * arity
    if head not in normaliser.table: return list(range(arity))
    return [min(s.index(k) for s in normaliser.table[head].symmetries) for k in range(arity)]


def numberings(normaliser: Normaliser, question: Question) -> list[list[int]]:
    """The numberings (position -> number) that give the least body, one for each order of the free slots."""
    _, shape, items = question
    names = variables(question)
    occurrences: dict[str, list[Occurrence]] = {v: [] for v in names}
    for m, c in items:
        for (h, at), k in m:
            orbit = orbits(normaliser, h, len(at))
            for position, v in enumerate(at):
                occurrences[v].append(((h, str(k), str(c), str(len(m))), at, orbit, position))

    def refine(colour: dict[str, int]) -> dict[str, int]:
        while True:
            seen = {v: repr((colour[v], sorted(
                (tag, orbit[p], sorted((orbit[q], colour[w]) for q, w in enumerate(at) if q != p))
                for tag, at, orbit, p in occurrences[v]))) for v in names}
            rank = {c: r for r, c in enumerate(sorted(set(seen.values())))}
            if len(rank) == len(set(colour.values())): return {v: rank[seen[v]] for v in names}
            colour = {v: rank[seen[v]] for v in names}

    best: str | None = None
    found: dict[tuple[str, ...], list[int]] = {}
    leaves = 0

    def leaf(colour: dict[str, int]) -> None:
        nonlocal best, found
        rank = {c: k for k, c in enumerate(sorted(colour.values()))}
        order = [rank[colour[v]] for v in names]
        named = {v: f"{'b' if bound else 's'}{k}:{d}" for v, k, (d, bound) in zip(names, order, shape)}
        body = repr(sorted(normaliser.rename(dict(items), named).items()))
        slots = tuple(v for _, v in sorted((k, v) for v, k, (_, bound) in zip(names, order, shape) if not bound))
        if best is None or body < best: best, found = body, {slots: order}
        elif body == best: found.setdefault(slots, order)

    def descend(colour: dict[str, int]) -> None:
        nonlocal leaves
        cells: dict[int, list[str]] = {}
        for v in names: cells.setdefault(colour[v], []).append(v)
        split = min((c for c in cells if len(cells[c]) > 1), default=None)
        if split is None:
            leaves += 1
            leaf(colour)
            return
        for v in cells[split]:
            if leaves < LEAVES: descend(refine({w: 2 * c + (w != v) for w, c in colour.items()}))

    start = {s: k for k, s in enumerate(sorted(set(shape), key=lambda s: (s[1], s[0])))}
    descend(refine({v: start[s] for v, s in zip(names, shape)}))
    return list(found.values())


def first(normaliser: Normaliser, question: Question) -> list[int]:
    """Bound indices such that the sum, over them, of what touches them is an atom that stands in the denominator."""
    _, shape, ((m, _),) = question
    bound = {v for v, (_, b) in zip(variables(question), shape) if b}
    for (h, at), k in m:
        if k <= -1 and normaliser.kind(h) == "base":                    # 1/(1 + sum): the leading term of the base
            top = leading(normaliser.rename(normaliser.table[h].body, dict(zip(normaliser.table[h].slots, at))))
            if len(top) == 1 and top[0][1] == 1: h, at = top[0][0]
        if normaliser.kind(h) != "sum" or k > -1: continue
        head = normaliser.table[h]
        (body, _), = head.body.items()
        for names in matches(normaliser, body, m, dict(zip(head.slots, at))):
            chosen = [names[b] for b in head.bound]
            if set(chosen) <= bound and sum(bool(set(other) & set(chosen)) for (_, other), _ in m) == len(body):
                return [int(j.partition(":")[0]) for j in chosen]
    return []


def matches(normaliser: Normaliser, body: Sequence[tuple[Atom, Rational]], m: Monomial,
            names: dict[str, str]) -> Iterator[dict[str, str]]:
    """The injective extensions of names that turn every atom of body into an atom of m."""
    if not body:
        yield names
        return
    (h, at), k = body[0]
    ways: Sequence[Sequence[int]] = [[0, 1], [1, 0]] if h == DELTA else \
        normaliser.table[h].symmetries if h in normaliser.table else [range(len(at))]
    for n, ((g, other), e) in enumerate(m):
        for way in ways if (g, e) == (h, k) else ():
            grown = dict(names)
            if all(grown.setdefault(i, other[p]) == other[p] for i, p in zip(at, way)) and len(set(grown.values())) == len(grown):
                yield from matches(normaliser, body[1:], m[:n] + m[n + 1:], grown)
