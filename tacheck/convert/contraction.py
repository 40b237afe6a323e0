"""Terms as contractions: a number, powers of sizes and other factors, summed over indices."""
from __future__ import annotations

from fractions import Fraction
from typing import Any

from ..derivation import fresh, substitute
from ..kernel.term import Term, dim, free, subterms


class Scale:
    """A term as a number, times powers of sizes, times other factors."""

    def __init__(self, t: Term):
        self.number, self.sizes, self.others = Fraction(1), dict[str, int](), list[Term]()
        self.take(t)

    def take(self, t: Term) -> None:
        match t:
            case ("num", q): self.number *= Fraction(q)
            case ("pow", ("num", q), "-1") if Fraction(q): self.number /= Fraction(q)
            case ("size", n): self.times(n, 1)
            case ("pow", ("size", n), q) if "/" not in q: self.times(n, int(q))
            case ("mul", *parts):
                for x in parts: self.take(x)
            case _: self.others.append(t)

    def times(self, n: str, k: int) -> None:
        """Multiply by the size n to the power k."""
        self.sizes = {m: q for m, q in (self.sizes | {n: self.sizes.get(n, 0) + k}).items() if q}

    def on(self, code: str, dimensions: dict[str, str]) -> str:
        """The code, multiplied."""
        def powers(sign: int) -> list[str]:
            return [dimensions[n] + (f"**{sign * k}" if sign * k > 1 else "") for n, k in self.sizes.items() if sign * k > 0]

        p, q = abs(self.number.numerator), self.number.denominator
        above = [*([str(p)] if p != 1 else []), *powers(1)]
        below = [*([str(q)] if q != 1 else []), *powers(-1)]
        shown = " * ".join([*above, *([code] if code != "1" or not above else [])])
        divisor = f" / ({' * '.join(below)})" if len(below) > 1 else f" / {below[0]}" if below else ""
        return ("-" if self.number < 0 else "") + shown + divisor


    def term(self) -> Term:
        """The term again."""
        powers = (("pow", ("size", n), str(k)) for n, k in self.sizes.items())
        return ("mul", ("num", str(self.number)), *powers, *self.others)


def opened(t: Term) -> tuple[list[str], Term]:
    """Nested sums as their indices and what is summed."""
    bound: list[str] = []
    while t[0] == "sum": bound, t = [*bound, t[1]], t[2]
    return bound, t


def expanded(bound: list[str], scale: Scale) -> Term | None:
    """The sum with one of its factors, a sum or a sum of products, multiplied out, if that factor has more axes than any
    array from which it and the others are made: then einsum finds an order without so large an array."""
    largest = max((len(free(x)) for y in scale.others for x in leaves(y)), default=0)
    wide = next((x for x in scale.others if x[0] in ("sum", "add") and len(free(x)) > largest), None)
    if wide is None: return None
    rest = Scale(scale.term())
    rest.others = [x for x in scale.others if x is not wide]
    if wide[0] == "add": return ("add", *(nested(bound, ("mul", *rest.term()[1:], x)) for x in wide[1:]))
    _, i, body = wide
    j = fresh(i, [*bound, *free(("mul", *rest.others)), *free(wide)])
    return nested([*bound, j], ("mul", *rest.term()[1:], substitute(body, i, j)))


def nested(bound: list[str], t: Term) -> Term:
    """The sum of t over the indices."""
    for i in reversed(bound): t = ("sum", i, t)
    return t


def leaves(t: Term) -> list[Term]:
    """What sums and products in t are made of."""
    return [y for x in t[1:] if isinstance(x, tuple) for y in leaves(x)] if t[0] in ("sum", "add", "mul") else [t]


def canonical(t: Term) -> tuple[Any, tuple[str, ...]]:
    """t with its indices numbered, and its free indices in order: equal for terms that differ in names of indices only."""
    frees: dict[str, int] = {}

    def visit(t: Term, bound: dict[str, int]) -> Any:
        if t[0] == "sum": return ("sum", dim(t[1]), visit(t[2], bound | {t[1]: len(bound)}))
        return tuple(visit(x, bound) if isinstance(x, tuple) else x if ":" not in x else
                     (dim(x), "bound", bound[x]) if x in bound else (dim(x), "free", frees.setdefault(x, len(frees))) for x in t)
    return visit(t, {}), tuple(frees)


def has_entries(t: Term) -> bool:
    """Whether t depends on an array."""
    return any(x[0] == "at" for x in subterms(t))
