"""The slope that Coq's tactic `dual` finds, term for term: a mirror of the lemmas dual_... in library/Slopes.v.

A difference between the two loses the proof, and does nothing else.
"""
from .reals import ZERO, Inexpressible, Real, product, uses


def slope(x: Real, tensor: str, at: tuple[str, ...]) -> Real:
    """The derivative of x by tensor[at], in the shape in which Coq will produce it."""
    def go(x: Real) -> Real:
        if not uses(x, tensor): return ZERO
        match x:
            case ("at", _, *own): return product(*(("delta", i, a) for i, a in zip(own, at, strict=True)))
            case ("add", a, b): return ("add", go(a), go(b))
            case ("neg", a): return ("neg", go(a))
            case ("mul", a, b) if not uses(a, tensor): return ("mul", a, go(b))
            case ("mul", a, b) if not uses(b, tensor): return ("mul", go(a), b)
            case ("mul", a, b): return ("add", ("mul", go(a), b), ("mul", a, go(b)))
            case ("sum", i, a): return ("sum", i, go(a))
            case ("inv", a): return ("mul", ("neg", go(a)), ("mul", x, x))
            case ("pow", a, k): return ("mul", go(a), ("mul", ("nat", k), ("pow", a, k - 1)))
            case ("exp", a): return ("mul", go(a), x)
            case ("ln", a): return ("mul", go(a), ("inv", a))
            case ("sqrt", a): return ("mul", go(a), ("mul", ("inv", ("int", 2)), ("inv", x)))
        raise Inexpressible(f"no rule for the derivative of {x[0]}")
    return go(x)
