"""The kernel's terms in the words of Coq's reals: binary, with division as / x and no rational exponents.

    ("int", k)  ("size", n)  ("at", X, i, ...)  ("delta", i, j)  ("add", a, b)  ("mul", a, b)  ("neg", a)  ("inv", a)
    ("pow", a, k)  ("exp", a)  ("ln", a)  ("sqrt", a)  ("sum", i, a)  ("diff", a, X, i, ...)

Two readings are made here and nowhere else: 1/(f g) is / f * / g, and x^(-k/2) is (/ sqrt x)^k.  Both are equal to what
they stand for at all reals.
"""
from collections.abc import Callable
from fractions import Fraction
from functools import reduce
from typing import Any

from ..kernel.term import Term

Real = tuple[Any, ...]
ZERO: Real = ("int", 0)
ONE: Real = ("int", 1)


class Inexpressible(ValueError):
    """What the Coq library has no word or no rule for, in words."""


def real(t: Term) -> Real:
    """The term in Coq's words.  Raises Inexpressible for a root that is not a square root."""
    match t:
        case ("num", q): return number(Fraction(q))
        case ("add", *parts): return total(*map(real, parts))
        case ("mul", ("num", "-1"), *rest) if rest: return ("neg", real(("mul", *rest)))
        case ("mul", *parts): return product(*(real(x) for x in parts if x != ("num", "1")))
        case ("pow", x, q): return power(x, Fraction(q))
        case ("log", x): return ("ln", real(x))
        case ("size" | "at" | "delta", *_): return t
        case ("exp", x): return ("exp", real(x))
        case ("sum", i, x): return ("sum", i, real(x))
        case ("diff", x, *entry): return ("diff", real(x), *entry)
    raise Inexpressible(f"no such term: {t[0]}")


def number(q: Fraction) -> Real:
    """A rational: an integer, / k, or k * / l."""
    if q < 0: return ("neg", number(-q))
    if q.denominator == 1: return ("int", q.numerator)
    inverse = ("inv", ("int", q.denominator))
    return inverse if q.numerator == 1 else ("mul", ("int", q.numerator), inverse)


def power(x: Term, q: Fraction) -> Real:
    """A power: whole ones, their reciprocals, and those of square roots."""
    if not q: return ONE
    if q < 0 and q.denominator == 1:
        match x:
            case ("num", c) if Fraction(c): return number(Fraction(c) ** int(q))
            case ("mul", *parts): return product(*(power(y, q) for y in parts))
            case ("pow", y, k) if k.isdigit() and int(k): return power(y, q * int(k))
    if q.denominator > 2: raise Inexpressible(f"the exponent {q} is not a multiple of 1/2")
    base = real(x) if q.denominator == 1 else ("sqrt", real(x))
    return raised(("inv", base) if q < 0 else base, abs(q.numerator))


def raised(x: Real, k: int) -> Real: return x if k == 1 else ("pow", x, k)


def total(*parts: Real) -> Real: return reduce(lambda a, b: ("add", a, b), parts) if parts else ZERO


def product(*parts: Real) -> Real: return reduce(lambda a, b: ("mul", a, b), parts) if parts else ONE


def mapped(change: Callable[[Real], Real], x: Real) -> Real:
    """x with its parts changed."""
    return (x[0], *(change(y) if isinstance(y, tuple) else y for y in x[1:]))


def uses(x: Real, tensor: str) -> bool:
    """Whether the tensor occurs in x."""
    return x[0] == "at" and x[1] == tensor or any(uses(y, tensor) for y in x[1:] if isinstance(y, tuple))
