"""Statements as people read them: in the words of the language, and in LaTeX."""
from .abbreviation import shown
from .kernel.check import (
    Bound,
    Conditional,
    Decision,
    Growth,
    Identity,
    Inequality,
    Instance,
    Measurement,
    Statement,
)
from .kernel.term import show


def written(s: Statement) -> str:
    """The statement in the words of the language."""
    match s:
        case Identity(lhs, rhs, assuming) | Inequality(lhs, rhs, assuming):
            (left, right), definitions = shown(lhs, rhs)
            lines = [left, f"{'=' if isinstance(s, Identity) else '>='} {right}", *(f"where {line}" for line in definitions)]
            return "\n  ".join([*lines, *(f"assuming {show(t)} {r}" for r, t in assuming)])
        case Instance(): return f"{show(s.lhs)}\n  = {show(s.rhs)}\n  at {dict(s.sizes)} with {dict(s.data)}"
        case Bound(expr, box, lower, upper):
            where = ", ".join(f"{a} <= {x} <= {b}" for x, a, b in box)
            return ends(lower, show(expr), upper) + (f"\n  for {where}" if where else "")
        case Decision(script): return "no values make all of this true:\n  " + "\n  ".join(script.strip().splitlines())
        case Growth(expr, scalar, limit): return f"{show(expr)}\n  -> {limit} as {scalar} -> oo"
        case Measurement(what, seed, lower, upper):
            least, most = (show(t) if t else None for t in (lower, upper))
            return ends(least, f"what {what} measures from seed {seed}", most)
        case Conditional(hypotheses, conclusion):
            return f"given {', '.join(name for name, *_ in hypotheses)}: {written(conclusion)}"


def ends(lower: str | None, middle: str, upper: str | None) -> str:
    return f"{f'{lower} <= ' if lower else ''}{middle}{f' <= {upper}' if upper else ''}"


def latex(s: Statement) -> str:
    """The statement in LaTeX, where it is an equation, an inequality, a bound or a limit; else nothing."""
    from .convert import to_latex
    from .lang import Expr
    match s:
        case Identity() | Instance(): return f"{to_latex(Expr(s.lhs))} = {to_latex(Expr(s.rhs))}"
        case Inequality(): return rf"{to_latex(Expr(s.lhs))} \ge {to_latex(Expr(s.rhs))}"
        case Bound(): return ends(s.lower, to_latex(Expr(s.expr)), s.upper).replace("<=", r"\le")
        case Growth():
            limit = s.limit.replace("oo", r"\infty")
            return rf"\lim_{{{s.scalar} \to \infty}} {to_latex(Expr(s.expr))} = {limit}"
        case Conditional(): return latex(s.conclusion)
    return ""
