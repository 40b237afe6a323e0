"""The proved formula as the reference: its shapes, its values on data, and what rounding may do to them."""
from __future__ import annotations

from collections.abc import Mapping
from fractions import Fraction
from functools import cached_property
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ...convert import to_numpy
from ...convert.contraction import opened
from ...derivation import tidy, without_diff
from ...kernel.check import Identity
from ...kernel.term import Term, dim, free, sizes, subterms, wellformed
from ...lang import Index
from .digits import Real
from .rounding import Evaluator, factors

Array = NDArray[Any]
Sizes = Mapping[str, int]
Data = Mapping[str, Array]


class Reference:
    """One side of an identity as a function of its tensors.

    shapes: the dimensions of every tensor of the statement.  needed: the tensors that the formula depends on.  axes: the
    indices of the result.  weights: tensors that stand beside an exp under a division, as masks do.  above: tensors that
    have to be positive.
    """

    def __init__(self, stated: Identity, side: str = "rhs", axes: tuple[str, ...] | None = None):
        self.stated, self.term = stated, getattr(stated, side)
        self.shapes = wellformed(stated.lhs, stated.rhs, *(t for _, t in stated.assuming))
        self.needed = tuple(wellformed(self.term))
        self.axes = axes or free(stated.lhs) or free(stated.rhs)
        self.dims = tuple(sizes(stated.lhs, stated.rhs))
        whole = self.whole = tidy(without_diff(self.term), self.axes)
        self.assumed = [(r, tidy(without_diff(t))) for r, t in stated.assuming]
        self.above = {x for r, t in stated.assuming if r == "> 0" for x in wellformed(t)} | roots(whole)
        self.weights = {x for x in beside_exp(whole) if self.shapes[x]} - self.above
        self.parts = {free(t) for t in subterms(whole)} | {self.axes}

    @cached_property
    def wrt(self) -> str | None:
        """The tensor whose gradient this is."""
        match self.stated.lhs:
            case ("diff", body, x, *at) if not free(body) and tuple(at) == self.axes: return str(x)
        return None

    def room(self, at: Sizes) -> int:
        """The entries of the largest array that the formula has at these sizes."""
        return max(int(np.prod([at[dim(i)] for i in part])) for part in self.parts)

    def shape(self, at: Sizes) -> tuple[int, ...]:
        """The shape of the result."""
        return tuple(at[dim(i)] for i in self.axes)

    def value(self, data: Data, at: Sizes) -> Array:
        """The formula as a NumPy function, in the widest floats that there are."""
        given = {p: np.asarray(data[x], np.longdouble) for p, x in zip(self.formula.arguments, self.needed, strict=True)}
        known = {n for x in self.needed for n in self.shapes[x]}
        with np.errstate(all="ignore"):
            return np.asarray(self.formula(**given, **{n: at[n] for n in self.dims if n not in known and self._asks(n)}))

    @cached_property
    def formula(self) -> Any:
        """The function, and its source."""
        return to_numpy(self.term, "expected", tuple(Index(*i.split(":")) for i in self.axes))

    def _asks(self, n: str) -> bool:
        code = self.formula.function.__code__
        return n in code.co_varnames[code.co_argcount:code.co_argcount + code.co_kwonlyargcount]

    def rounding(self, data: Data, at: Sizes) -> tuple[NDArray[np.float64], float]:
        """What the result may be off by, entry by entry, in units of the relative rounding error; and the largest exponent."""
        evaluator = Evaluator(at, data)
        _, e = evaluator.on(self.whole, self.axes)
        return e, evaluator.exponent

    def exactly(self, data: Data, at: Sizes) -> Array:
        """The formula to 50 digits."""
        return Evaluator(at, data, exactly=True).on(self.whole, self.axes)[0]

    def allowed(self, data: Data, at: Sizes) -> bool:
        """Whether the assumptions of the statement are true of the data."""
        for relation, t in self.assumed:
            v = Evaluator(at, data).on(t, free(t))[0]
            if not {"> 0": v > 0, "!= 0": v != 0, "= 0": np.abs(v) < 1e-300}[relation].all(): return False
        return True


def roots(t: Term) -> set[str]:
    """Tensors whose entries a root or a logarithm is taken of."""
    found = [x[1] for x in subterms(t) if x[0] == "log" or x[0] == "pow" and Fraction(x[2]).denominator > 1]
    return {y[1] for x in found for y in (x[1:] if x[0] in ("add", "mul") else (x,)) if y[0] == "at"}


def beside_exp(t: Term) -> set[str]:
    """Tensors that multiply an exp in what is divided by: the weights w of a softmax w exp(z) / sum of w exp(z)."""
    found: set[str] = set()
    for x in subterms(t):
        if x[0] != "pow" or not x[2].startswith("-"): continue
        for y in x[1][1:] if x[1][0] == "add" else (x[1],):
            parts = factors(opened(y)[1])
            if any(z[0] == "exp" for z in parts): found |= {z[1] for z in parts if z[0] == "at"}
    return found


def literal(a: Any) -> Any:
    """Nested lists of floats."""
    a = np.asarray(a)
    if a.dtype != object: return a.astype(np.float64).tolist()
    return [literal(x) for x in a] if a.ndim else float(a[()].number if isinstance(a[()], Real) else a[()])
