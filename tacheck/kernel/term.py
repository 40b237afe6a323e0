"""Terms: what statements are made of, as plain data.

    ("num", "1/2")  ("size", "n")  ("at", "X", "i:n", "a:d")  ("delta", "i:n", "j:n")
    ("add", t, ...)  ("mul", t, ...)  ("pow", t, "-1/2")  ("exp", t)  ("log", t)
    ("sum", "i:n", t)  ("diff", t, "X", "i:n", "a:d")

An index is `name:dimension`; binders are explicit, so nothing is summed unasked.  Nothing is simplified when built.
"""
import re
from collections.abc import Callable, Iterator
from fractions import Fraction
from typing import Any

Term = tuple[Any, ...]

NAME = "[A-Za-z_][A-Za-z_0-9]*"
PARTS = {"x": ("a name", re.compile(NAME)), "i": ("an index", re.compile(f"{NAME}:{NAME}")),
         "q": ("a rational number", re.compile("-?[0-9]{1,4000}(/[1-9][0-9]{0,3999})?"))}
GRAMMAR = {"num": "q", "size": "x", "at": "xi*", "delta": "ii", "add": "tt*", "mul": "tt*", "pow": "tq", "exp": "t", "log": "t",
           "sum": "it", "diff": "txi*"}                                                          # t: a term; *: any number of
MAX_EXPONENT = 256


def dim(index: str) -> str:
    """The dimension over which an index runs."""
    return index.rpartition(":")[2]


def free(t: Term, inside: Callable[[Term], tuple[str, ...]] | None = None) -> tuple[str, ...]:
    """The indices that t leaves free, in order of appearance; `inside` says so of the terms in it, if it is known."""
    inside = inside or free
    match t:
        case ("at", _, *at) | ("delta", *at): found = list(at)
        case ("sum", i, body): found = [j for j in inside(body) if j != i]
        case ("diff", body, _, *at): found = [*inside(body), *at]
        case _: found = [i for x in t[1:] if isinstance(x, tuple) for i in inside(x)]
    return tuple(dict.fromkeys(found))


def subterms(t: Term) -> Iterator[Term]:
    """t and everything inside it."""
    yield t
    for x in t[1:]:
        if isinstance(x, tuple): yield from subterms(x)


def sizes(*terms: Term) -> list[str]:
    """The dimensions that the terms mention, sorted."""
    found = {n for t in terms for x in subterms(t) if x[0] not in ("num", "pow") for n in x[1:] if isinstance(n, str)}
    return sorted({dim(i) for i in found if ":" in i} | {x[1] for t in terms for x in subterms(t) if x[0] == "size"})


def wellformed(*terms: Term) -> dict[str, tuple[str, ...]]:
    """The shape of every tensor in the terms.  Raises ValueError, in words, for anything that is not a term."""
    shapes: dict[str, tuple[str, ...]] = {}

    def visit(t: Any) -> None:
        if not (isinstance(t, tuple) and t and t[0] in GRAMMAR): raise ValueError(f"no such term: {str(t)[:60]}")
        form = GRAMMAR[t[0]]
        if form[-1] == "*": form = form[:-2] + form[-2] * (len(t) + 1 - len(form))
        if len(form) != len(t) - 1: raise ValueError(f"{t[0]} takes {len(form)} parts: {str(t)[:60]}")
        for kind, x in zip(form, t[1:], strict=True):
            if kind == "t": visit(x)
            elif not (isinstance(x, str) and PARTS[kind][1].fullmatch(x)):
                raise ValueError(f"not {PARTS[kind][0]}: {str(x)[:40]!r}")
        if t[0] == "pow" and max(abs(Fraction(t[2]).numerator), Fraction(t[2]).denominator) > MAX_EXPONENT:
            raise ValueError(f"the exponent {t[2][:40]} is beyond {MAX_EXPONENT}")
        if t[0] == "delta" and dim(t[1]) != dim(t[2]): raise ValueError(f"delta({t[1]}, {t[2]}) compares two dimensions")
        if t[0] in ("at", "diff"):
            name, *at = t[form.index("x") + 1:]
            shape = tuple(map(dim, at))
            if shapes.setdefault(name, shape) != shape:
                raise ValueError(f"{name} is used with shape {list(shapes[name])} and with shape {list(shape)}")
    for t in terms: visit(t)
    return shapes


def show(t: Term) -> str:
    """The term in the words of the language, dimensions left out."""
    def entry(x: str, at: list[str]) -> str:
        return x + (f"[{', '.join(i.partition(':')[0] for i in at)}]" if at else "")

    def factor(x: Term) -> str:
        bare = x[0] not in ("add", "mul", "pow", "num") or x[0] == "num" and x[1].isdigit() or x[0] == "pow" and x[2] == "1/2"
        return show(x) if bare else f"({show(x)})"

    match t:
        case ("num", q) | ("size", q): return str(q)
        case ("at", x, *at): return entry(x, at)
        case ("delta", i, j): return f"delta({i.partition(':')[0]}, {j.partition(':')[0]})"
        case ("add", *parts): return " + ".join(map(show, parts)).replace("+ -", "- ")
        case ("mul", ("num", "-1"), *rest) if rest: return "-" + show(("mul", *rest))
        case ("mul", *parts):
            shown = [f"1 / {factor(x[1])}" if x[0] == "pow" and x[2] == "-1" else
                     show(x) if x[0] == "pow" or len(parts) == 1 and x[0] != "add" else factor(x) for x in parts]
            return " * ".join(shown).replace("* 1 / ", "/ ")
        case ("pow", x, "-1"): return f"1 / {factor(x)}"
        case ("pow", x, "1/2"): return f"sqrt({show(x)})"
        case ("pow", x, q): return f"{factor(x)}**{q if q.isdigit() else f'({q})'}"
        case ("sum", i, x):
            inner = show(x)
            return f"Sum({i.partition(':')[0]}, {inner[4:-1] if x[0] == 'sum' else inner})"
        case ("diff", x, name, *at): return f"diff({show(x)}, {entry(name, at)})"
    return f"{t[0]}({show(t[1])})"
