"""The words that statements are written in.

    i, j = dim("n", "i j")                  indices that run over a dimension of unknown size n
    x, s = tensor("x"), scalar("s")         x[i] is an entry
    f = exp(x[i]) / Sum(j, exp(x[j]))       binders are explicit
    identity(diff(f, x[j]), f * (delta(i, j) - exp(x[j]) / Sum(i, exp(x[i]))))

Terms build plain data (`kernel.term`) and simplify nothing.  Numbers are exact: ints and Fractions, never floats.
"""
from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from fractions import Fraction
from itertools import product
from typing import Any

from .assumptions import REGISTER
from .kernel import term as kernel_term
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
from .kernel.script import Script
from .kernel.term import wellformed
from .terms import (
    Assumption,
    Exact,
    Expr,
    Index,
    Sum,
    Tensor,
    delta,
    diff,
    dim,
    equal,
    exact,
    exp,
    log,
    nonzero,
    plain,
    positive,
    scalar,
    sigmoid,
    size,
    sqrt,
    tanh,
    tensor,
    term,
)

__all__ = ["Argued", "Assumption", "Expr", "Index", "Sum", "Tensor", "bound", "conditional", "decision", "delta", "diff", "dim",
           "equal", "exp", "growth", "identity", "inequality", "instance", "log", "measurement", "nonzero", "positive", "scalar",
           "sigmoid", "size", "sqrt", "tanh", "tensor", "term"]


def identity(lhs: Expr | Exact, rhs: Expr | Exact, assuming: Assumption | Iterable[Assumption] = ()) -> Identity:
    """lhs = rhs, for every size of every dimension and all real data, wherever both sides are defined.

    What a side divides by is assumed not to vanish, and is recorded in the verdict's `rests_on` where it is not
    visibly so.  `assuming` holds further assumptions: x[i] > 0, nonzero(t), equal(s, t).
    Raises TypeError or ValueError, in words, for what is not a term or does not fit together.
    """
    s = Identity(plain(term(lhs)), plain(term(rhs)), _assumed(assuming))
    wellformed(s.lhs, s.rhs, *(t for _, t in s.assuming))
    return s


@dataclass(frozen=True)
class Argued:
    """An inequality with its proof: a form of the difference that is visibly at least 0."""
    statement: Inequality
    form: kernel_term.Term


def inequality(greater: Expr | Exact, less: Expr | Exact, assuming: Assumption | Iterable[Assumption] = (),
               because: Expr | Exact | None = None) -> Inequality | Argued:
    """greater >= less, in the scope of an identity.

    because: greater - less written so that it is visibly at least 0: with +, *, Sum and powers, from numbers >= 0, sizes,
    exp, deltas, even powers and terms that are assumed > 0 or >= 0.  Raises as `identity`.
    """
    s = Inequality(plain(term(greater)), plain(term(less)), _assumed(assuming))
    form = () if because is None else plain(term(because))
    wellformed(s.lhs, s.rhs, *(t for _, t in s.assuming), *([form] if form else []))
    return Argued(s, form) if form else s


def bound(expr: Expr | Exact, box: Mapping[Expr, tuple[Exact, Exact]], lower: Exact | None = None,
          upper: Exact | None = None) -> Bound:
    """lower <= expr <= upper (None: no such end) at every point of a box, {x: (least, greatest), ...} for scalars x."""
    s = Bound(plain(term(expr)), tuple((x.data[1], *(str(Fraction(exact(q))) for q in ends)) for x, ends in box.items()),
              *(None if q is None else str(Fraction(exact(q))) for q in (lower, upper)))
    shapes = wellformed(s.expr)
    if any(shapes.values()) or not shapes.keys() <= {x for x, *_ in s.box} or kernel_term.sizes(s.expr):
        raise ValueError("a bound is about an expression in the scalars of its box, without sizes")
    return s


def decision(script: str) -> Decision:
    """No values of its constants make every assertion of an SMT-LIB script (quantifier-free) true.  Raises ValueError."""
    Script(script)
    return Decision(script)


def growth(expr: Expr | Exact, scalar: Expr, limit: Exact | str) -> Growth:
    """expr tends to the limit, a number or "oo" or "-oo", as the scalar tends to infinity."""
    if isinstance(limit, str) and limit not in ("oo", "-oo"): raise ValueError(f"{limit!r} is no limit: a number, oo or -oo")
    return Growth(plain(term(expr)), scalar.data[1], limit if isinstance(limit, str) else str(Fraction(exact(limit))))


def measurement(what: str, seed: int, lower: Expr | Exact | None = None, upper: Expr | Exact | None = None) -> Measurement:
    """What `what` names (a sampler, package.module:function) measures from the seed lies between two terms in the sizes."""
    return Measurement(what, seed, *(None if t is None else plain(term(t)) for t in (lower, upper)))


def instance(lhs: Expr | Exact, rhs: Expr | Exact, sizes: Mapping[str, int], data: Mapping[str, Any]) -> Instance:
    """lhs = rhs at explicit sizes and exact data: nested lists of ints and Fractions, one per tensor."""
    left, right = plain(term(lhs)), plain(term(rhs))
    entries: dict[str, str] = {}
    for name, shape in wellformed(left, right).items():
        if name not in data: raise ValueError(f"no data for {name}")
        for at in product(*(range(sizes[n]) for n in shape)):
            value = data[name]
            for k, length in zip(at, (sizes[n] for n in shape)):
                if not isinstance(value, Sequence) or len(value) != length:
                    raise ValueError(f"the data of {name} do not have the shape {[sizes[n] for n in shape]}")
                value = value[k]
            entries[f"{name}[{','.join(map(str, at))}]"] = str(Fraction(exact(value)))
    return Instance(tuple(sorted(sizes.items())), tuple(entries.items()), left, right)


def conditional(hypotheses: str | Iterable[str], conclusion: Statement) -> Conditional:
    """The conclusion, given hypotheses of the register by name."""
    names = [hypotheses] if isinstance(hypotheses, str) else list(hypotheses)
    for name in names:
        if name not in REGISTER: raise ValueError(f"no hypothesis {name!r} in the register; there are {', '.join(REGISTER)}")
    return Conditional(tuple((h.name, h.standing, h.report) for h in map(REGISTER.__getitem__, names)), conclusion)


def _assumed(assuming: Assumption | Iterable[Assumption]) -> tuple[tuple[str, kernel_term.Term], ...]:
    given = (assuming,) if isinstance(assuming, Assumption) else tuple(assuming)
    for a in given:
        if not isinstance(a, Assumption): raise TypeError(f"not an assumption: {a!r}; write x[i] > 0, nonzero(t) or equal(s, t)")
    return tuple((a.relation, plain(a.term)) for a in given)
