"""Softmax attention of any order: 1 is matrix attention, 2 is tensor attention, and so on.

With `(x)` the Kronecker and `(/)` the Khatri-Rao product, order 2 is, in the letters of arXiv 2405.16411,

    u = exp(A1 X (A2 (x) A3)^T / d)    alpha = u 1    f = diag(alpha)^-1 u    h = (A4 (x) A5) Y    output = f h,

and order k has one query matrix A1, k key matrices A2, ..., A_{k+1} and k value matrices A_{k+2}, ..., A_{2k+1}.
"""
from __future__ import annotations

from dataclasses import dataclass
from fractions import Fraction

from tacheck.lang import Expr, exp, size

from .kronecker import Matrix, frobenius_squared, khatri_rao, kron, map_entries, matrix, row_sums, scale_rows
from .softmax import reciprocal


@dataclass(frozen=True)
class Layer:
    """One attention layer: its order is the number of key matrices.

    A: A1 (queries), A2, A3, ... (keys), each n x d.  W: the value matrices A4, A5, ..., n x d.
    X: d x d^order.  Y: d^order x d.  E: the target, n x d.  scale: what the scores are multiplied by.
    """
    A: tuple[Matrix, ...]
    W: tuple[Matrix, ...]
    X: Matrix
    Y: Matrix
    E: Matrix
    scale: Expr

    @property
    def scores(self) -> Matrix:
        """A1 X (A2 (x) A3)^T / d, one row for each query, one column for each tuple of keys."""
        return self.A[0] @ self.X @ kron(*self.A[1:]).T * self.scale

    @property
    def u(self) -> Matrix:
        """exp of the scores."""
        return map_entries(exp, self.scores)

    @property
    def alpha(self) -> Matrix:
        """The row sums of u."""
        return row_sums(self.u)

    @property
    def f(self) -> Matrix:
        """The attention weights."""
        return scale_rows(reciprocal(self.alpha), self.u)

    @property
    def h(self) -> Matrix:
        """The values, (A4 (x) A5) Y."""
        return kron(*self.W) @ self.Y

    @property
    def output(self) -> Matrix:
        """f h."""
        return self.f @ self.h

    @property
    def c(self) -> Matrix:
        """The error, f h - E."""
        return self.output - self.E

    @property
    def loss(self) -> Expr:
        """1/2 || f h - E ||_F^2."""
        return Fraction(1, 2) * frobenius_squared(self.c)


def layer(order: int, matrices: str = "distinct", X: Matrix | None = None, Y: Matrix | None = None) -> Layer:
    """A layer with arbitrary matrices; with `matrices` = "equal", all of A1, A2, ... are one matrix A (self-attention)."""
    names = [f"A{m}" if matrices == "distinct" else "A" for m in range(1, 2 * order + 2)]
    A = tuple(matrix(name, "n", "d") for name in names)
    power = " ".join(["d"] * order)
    return Layer(A[:order + 1], A[order + 1:], X or matrix("X", "d", power), Y or matrix("Y", power, "d"),
                 matrix("E", "n", "d"), 1 / size("d"))


def projections(letter: str, count: int) -> tuple[Matrix, ...]:
    """X1, X2, ... or Y1, Y2, ...: arbitrary d x d matrices."""
    return tuple(matrix(f"{letter}{m}", "d", "d") for m in range(1, count + 1))


def projected(order: int) -> Layer:
    """The layer of a transformer: X = X1 (X2 (/) X3)^T and Y = Y1 (/) Y2."""
    X, Y = projections("X", order + 1), projections("Y", order)
    return layer(order, X=X[0] @ khatri_rao(*X[1:]).T, Y=khatri_rao(*Y))
