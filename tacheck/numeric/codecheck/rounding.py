"""A term on arrays, beside it what rounding may do to it: a running error analysis, entry by entry.

    v, e = Evaluator(sizes, data).on(t, axes)

If every input and every operation is off by one part in N, at random, the value v is off by about e / N.  So e / |v| is the
condition of the computation.  It counts what cancels inside: where a softmax has one entry, its gradient is q - q = 0, and
no perturbation of the inputs changes that, but rounding does.  Errors are taken for independent, so their squares add up.
What the terms of a formula amount to before they cancel counts as well: a variance of one number is 0, as the mean of
(x - m)^2 to the last digit, as mean(x^2) - m^2 but for rounding.

With `exactly`, the data have 50 digits, so has v, and there is no e.
"""
from __future__ import annotations

from collections.abc import Mapping, Sequence
from fractions import Fraction
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from ...convert.contraction import canonical, opened
from ...kernel.term import Term, dim
from .digits import real, reals

Array = NDArray[Any]


class Cell(NamedTuple):
    """The index of each axis, the value, the square of the error; and of the terms before they cancel, if any do."""
    axes: tuple[str, ...]
    v: Array
    e: Array
    terms: Array | None = None


class Evaluator:
    """Terms at explicit sizes and data.  `exponent` is the largest |x| of all exp(x) so far."""

    def __init__(self, sizes: Mapping[str, int], data: Mapping[str, Any], exactly: bool = False):
        self.sizes, self.exactly, self.exponent = sizes, exactly, 0.0
        self.data = {x: reals(a) if exactly else np.asarray(a, np.float64) for x, a in data.items()}
        self.memo: dict[Any, tuple[tuple[int, ...], Cell]] = {}

    def on(self, t: Term, axes: Sequence[str]) -> tuple[Array, Array]:
        """The value and its error, one axis for each of `axes`.  The term is free of diff."""
        with np.errstate(all="ignore"):
            cell = self.cell(t)
            shape = tuple(self.sizes[dim(i)] for i in axes)
            both = cell.v, cell.e + self.terms(cell)
            v, e = (np.broadcast_to(_lifted(a, cell.axes, axes), shape).copy() for a in both)
            return v, np.sqrt(e)

    def cell(self, t: Term) -> Cell:
        """The cell of t, computed once for all terms that are the same up to the names of indices."""
        key, frees = canonical(t)
        if key not in self.memo:
            cell = self.computed(t)
            self.memo[key] = tuple(frees.index(i) for i in cell.axes), cell
        places, cell = self.memo[key]
        return cell._replace(axes=tuple(frees[k] for k in places))

    def number(self, q: Fraction) -> Cell:
        v = self.array(real(q) if self.exactly else float(q))
        return Cell((), v, self.square(v) * (q.denominator & (q.denominator - 1) != 0))

    def array(self, x: Any) -> Array: return np.asarray(x, object if self.exactly else np.float64)

    def square(self, v: Array) -> Array:
        """v^2, which is the square of one rounding; nothing where no error is kept."""
        return np.zeros(np.shape(v)) if self.exactly else np.square(v)

    def computed(self, t: Term) -> Cell:
        match t:
            case ("num", q): return self.number(Fraction(q))
            case ("size", n): return self.number(Fraction(self.sizes[n]))
            case ("at", x, *at): return self.entries(self.data[x], tuple(at))
            case ("delta", i, j) if i == j: return self.number(Fraction(1))
            case ("delta", i, j):
                v = np.eye(self.sizes[dim(i)])
                return Cell((i, j), reals(v) if self.exactly else v, 0 * v)
            case ("add", *parts): return self.added([self.cell(x) for x in parts])
            case ("mul", *_) | ("sum", *_): return self.contracted(t)
            case ("pow", x, q): return self.power(self.cell(x), Fraction(q))
            case ("exp", x):
                axes, x, e, _ = self.cell(x)
                if not self.exactly and x.size: self.exponent = max(self.exponent, float(np.abs(x).max()))
                v = self.array(np.exp(x))
                return Cell(axes, v, self.square(v) * (e + 1))
            case ("log", x):
                axes, x, e, _ = self.cell(x)
                v = self.array(np.log(x))
                return Cell(axes, v, self.square(v) + (0 if self.exactly else e / x ** 2))
        raise ValueError(f"no such term: {t[0]}")

    def entries(self, a: Array, at: tuple[str, ...]) -> Cell:
        axes = tuple(dict.fromkeys(at))
        v = a if axes == at else self.array(np.einsum(a, [axes.index(i) for i in at], list(range(len(axes)))))
        return Cell(axes, v, self.square(v))

    def added(self, cells: Sequence[Cell]) -> Cell:
        axes = tuple(dict.fromkeys(i for c in cells for i in c.axes))
        v: Any = self.array(sum(_lifted(c.v, c.axes, axes) for c in cells))
        terms: Any = sum(_lifted(self.terms(c), c.axes, axes) for c in cells)
        return Cell(axes, v, sum(_lifted(c.e, c.axes, axes) for c in cells) + self.square(v), terms)

    def power(self, x: Cell, q: Fraction) -> Cell:
        if q.denominator == 1: v = self.array(x.v ** q.numerator if q > 0 or self.exactly else (1 / x.v) ** -q.numerator)
        else: v = self.array(x.v ** (q if self.exactly else float(q)))
        slope = 0 if self.exactly or not q else float(q) ** 2 * np.abs(x.v) ** float(2 * q - 2)
        return Cell(x.axes, v, self.square(v) + x.e * slope, x.terms ** float(q) if x.terms is not None and q > 0 else None)

    def contracted(self, t: Term) -> Cell:
        """A product summed over indices, or a product."""
        bound, body = opened(t)
        cells = [self.cell(x) for x in factors(body)]
        present = tuple(dict.fromkeys(i for c in cells for i in c.axes))
        cells += [self.number(Fraction(self.sizes[dim(i)])) for i in bound if i not in present]
        axes = tuple(i for i in present if i not in bound)
        v = self.joined([(c.v, c.axes) for c in cells], axes)
        if self.exactly: return Cell(axes, v, np.zeros(np.shape(v)))
        squares = [(np.square(c.v), c.axes) for c in cells]
        e = np.square(self.joined([(np.abs(c.v), c.axes) for c in cells], axes))         # partial sums are rounded too
        for k, c in enumerate(cells):
            if c.e.any(): e = e + self.joined([*squares[:k], (c.e, c.axes), *squares[k + 1:]], axes)
        cancels = bound or any(c.terms is not None for c in cells)
        return Cell(axes, v, e, self.joined([(self.terms(c), c.axes) for c in cells], axes) if cancels else None)

    def terms(self, x: Cell) -> Array:
        """The square of the terms before they cancel: v^2 where there is but one."""
        return self.square(x.v) if x.terms is None else x.terms

    def joined(self, operands: Sequence[tuple[Array, tuple[str, ...]]], axes: tuple[str, ...]) -> Array:
        """One einsum."""
        numbers: Any = 1
        for a, at in operands:
            if not at: numbers = numbers * a[()]
        names = list(dict.fromkeys(i for _, at in operands for i in at))
        parts: list[Any] = [x for a, at in operands if at for x in (a, [names.index(i) for i in at])]
        if not parts: return self.array(numbers)
        return self.array(self.array(np.einsum(*parts, [names.index(i) for i in axes], optimize=len(parts) > 4)) * numbers)


def factors(t: Term) -> list[Term]:
    """The factors of a product, of products in it too."""
    return [y for x in t[1:] for y in factors(x)] if t[0] == "mul" else [t]


def _lifted(a: Array, own: Sequence[str], axes: Sequence[str]) -> Array:
    """The array with its axes in the order of `axes`, and axes of length 1 for those that it lacks."""
    kept = [i for i in axes if i in own]
    a = np.transpose(a, [own.index(i) for i in kept])
    return a[tuple(slice(None) if i in own else None for i in axes)]
