"""Long terms made readable: what occurs twice gets a name, as a paper would give it one.

    Sum(k, A1[k, i] * t1[k, j])  where  t1[k, j] = ...

Two occurrences are the same when they differ by the names of their indices alone.
"""
from collections import Counter
from collections.abc import Mapping
from itertools import count

from .kernel.term import Term, dim, free, show, subterms

LEAST = 5                                # subterms that a term must have to be worth a name


def abbreviated(*terms: Term) -> tuple[list[Term], list[tuple[Term, Term]]]:
    """The terms with entries like t1[k, j] for what is used more than once, and the definitions, innermost first.

    The names are not among the tensors of the terms.
    """
    uses = Counter[Term]()

    def look(x: Term) -> None:
        """Count by how many places a term is used, where what is inside a known term counts once."""
        uses[shape := key(x)] += 1
        if uses[shape] == 1:
            for y in x[1:]:
                if isinstance(y, tuple): look(y)
    for t in terms: look(t)
    taken = {x[1] for t in terms for x in subterms(t) if x[0] == "at"}
    names = (name for k in count(1) if (name := f"t{k}") not in taken)
    known: dict[Term, str] = {}
    definitions: list[tuple[Term, Term]] = []

    def visit(x: Term) -> Term:
        shape = key(x)
        if x[0] == "num" or uses[shape] < 2 or sum(1 for _ in subterms(x)) < LEAST: return inside(x)
        if shape not in known:
            body = inside(x)
            known[shape] = next(names)
            definitions.append((("at", known[shape], *free(x)), body))
        return ("at", known[shape], *free(x))

    def inside(x: Term) -> Term:
        parts = [y for y in x[1:] if x[0] != "mul" or y != ("num", "1")] or x[1:]
        return (x[0], *(visit(y) if isinstance(y, tuple) else y for y in parts))

    return [inside(t) for t in terms], definitions


def shown(*terms: Term) -> tuple[list[str], list[str]]:
    """The terms in the words of the language, and a line for each definition."""
    short, definitions = abbreviated(*terms)
    return list(map(show, short)), [f"{show(name)} = {show(body)}" for name, body in definitions]


def key(t: Term) -> Term:
    """The term with its indices numbered: free ones in order of appearance, bound ones by depth."""
    names = {i: f"f{k}:{dim(i)}" for k, i in enumerate(free(t))}

    def visit(x: Term, names: Mapping[str, str], depth: int) -> Term:
        match x:
            case ("sum", i, body): return ("sum", dim(i), visit(body, {**names, i: f"b{depth}:{dim(i)}"}, depth + 1))
            case ("num" | "size", _): return x
        return (x[0], *(visit(y, names, depth) if isinstance(y, tuple) else names.get(y, y) for y in x[1:]))
    return visit(t, names, 0)
