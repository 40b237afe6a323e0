"""The tensor algebra of attention: matrices whose rows or columns may be numbered by tuples, and their products.

A Kronecker product of n x d matrices has n^2 rows.  Here its rows are numbered by pairs (i1, i2) rather than by one
number i1 n + i2, so a matrix carries two tuples of dimensions: A2 (x) A3 has rows ("n", "n") and columns ("d", "d").
Brackets vanish: (A (x) B) (x) C and A (x) (B (x) C) have the same rows (i1, i2, i3).  A vector has no column
dimension, and a number has neither.
"""
from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from math import prod

from tacheck.lang import Expr, Index, Sum, delta, diff, dim, tensor, term

Shape = tuple[str, ...]
LETTERS = {"n": "k", "d": "a", "m": "l", "r": "c", "e": "b"}      # what sums over a dimension call their index in print


@dataclass(frozen=True)
class Matrix:
    """A matrix: the dimensions of its rows, those of its columns, and its entries as a function of all its indices."""
    rows: Shape
    cols: Shape
    entry: Callable[..., Expr]

    def __getitem__(self, at: Index | tuple[Index, ...]) -> Expr:
        at = at if isinstance(at, tuple) else (at,)
        if tuple(i.dim for i in at) != self.rows + self.cols:
            raise ValueError(f"an entry of a matrix with rows {self.rows} and columns {self.cols} is not at {list(map(str, at))}")
        return self.entry(*at)

    def __matmul__(self, other: Matrix) -> Matrix:
        """The matrix product: a sum over the columns of one, which must be the rows of the other."""
        if self.cols != other.rows: raise ValueError(f"columns {self.cols} do not meet rows {other.rows}")
        m = len(self.rows)
        return Matrix(self.rows, other.cols,
                      lambda *at: total(self.cols, lambda *k: self[at[:m] + k] * other[k + at[m:]]))

    def __add__(self, other: Matrix) -> Matrix:
        _same_shape(self, other)
        return Matrix(self.rows, self.cols, lambda *at: self[at] + other[at])

    def __neg__(self) -> Matrix: return self * -1
    def __sub__(self, other: Matrix) -> Matrix: return self + -other
    def __mul__(self, c: Expr | int) -> Matrix: return Matrix(self.rows, self.cols, lambda *at: c * self[at])
    def __truediv__(self, c: Expr | int) -> Matrix: return self * (1 / term(c))

    @property
    def T(self) -> Matrix:
        """The transpose."""
        m = len(self.cols)
        return Matrix(self.cols, self.rows, lambda *at: self[at[m:] + at[:m]])


def _same_shape(A: Matrix, B: Matrix) -> None:
    if (A.rows, A.cols) != (B.rows, B.cols):
        raise ValueError(f"a matrix with rows {A.rows} and columns {A.cols} beside one with rows {B.rows} and columns {B.cols}")


# ---- nouns --------------------------------------------------------------------------------------------------------

def matrix(name: str, rows: str, cols: str = "") -> Matrix:
    """An arbitrary real matrix: matrix("A", "n", "d") is n x d, matrix("X", "d", "d d") is d x d^2."""
    entries = tensor(name)
    return Matrix(tuple(rows.split()), tuple(cols.split()), lambda *at: entries[at])


def ones(rows: Shape, cols: Shape = ()) -> Matrix:
    """The matrix of ones."""
    return Matrix(rows, cols, lambda *at: term(1))


def unit(rows: Shape) -> Matrix:
    """The identity matrix."""
    m = len(rows)
    return Matrix(rows, rows, lambda *at: prod((delta(i, j) for i, j in zip(at[1:m], at[m + 1:])), start=delta(at[0], at[m])))


def indices(dims: Shape, letter: str) -> tuple[Index, ...]:
    """One index for each dimension: i, i1, i2, ..."""
    return tuple(dim(n, f"{letter}{k or ''}")[0] for k, n in enumerate(dims))


def total(dims: Shape, body: Callable[..., Expr]) -> Expr:
    """The sum of a function of indices over all of their values; of no index, the function itself."""
    if not dims: return body()
    (index,) = dim(dims[0], LETTERS.get(dims[0], f"k_{dims[0]}"))
    return Sum(index, lambda k: total(dims[1:], lambda *more: body(k, *more)))


# ---- products -----------------------------------------------------------------------------------------------------

def kron(first: Matrix, *more: Matrix) -> Matrix:
    """The Kronecker product: (A (x) B)[(i1, i2), (a1, a2)] = A[i1, a1] B[i2, a2]."""
    if not more: return first
    A, B = first, kron(*more)
    m, k, c = len(A.rows), len(A.rows) + len(B.rows), len(A.cols)
    return Matrix(A.rows + B.rows, A.cols + B.cols,
                  lambda *at: A[at[:m] + at[k:k + c]] * B[at[m:k] + at[k + c:]])


def khatri_rao(first: Matrix, *more: Matrix) -> Matrix:
    """The column-wise Kronecker product: (A (/) B)[(i1, i2), a] = A[i1, a] B[i2, a]."""
    if not more: return first
    A, B = first, khatri_rao(*more)
    if A.cols != B.cols: raise ValueError(f"a Khatri-Rao product of columns {A.cols} and {B.cols}")
    m, k = len(A.rows), len(A.rows) + len(B.rows)
    return Matrix(A.rows + B.rows, A.cols, lambda *at: A[at[:m] + at[k:]] * B[at[m:]])


def face_splitting(first: Matrix, *more: Matrix) -> Matrix:
    """The row-wise Kronecker product: (A (-) B)[i, (a1, a2)] = A[i, a1] B[i, a2]."""
    return khatri_rao(first.T, *(A.T for A in more)).T


def hadamard(A: Matrix, B: Matrix) -> Matrix:
    """The entrywise product: (A o B)[i, a] = A[i, a] B[i, a]."""
    _same_shape(A, B)
    return Matrix(A.rows, A.cols, lambda *at: A[at] * B[at])


def low_rank(U: Matrix, *factors: Matrix) -> Matrix:
    """U (V (/) W)^T: a matrix with n^2 columns, kept as three factors with r columns each."""
    return U @ khatri_rao(*factors).T


# ---- shapes and numbers -------------------------------------------------------------------------------------------

def vec(A: Matrix) -> Matrix:
    """The entries as one vector, row after row: vec(A)[(i, a)] = A[i, a]."""
    return Matrix(A.rows + A.cols, (), A.entry)


def vec_by_columns(A: Matrix) -> Matrix:
    """The entries as one vector, column after column: entry (a, i) is A[i, a]."""
    return vec(A.T)


def unfold(A: Matrix, mode: int) -> Matrix:
    """The mode-k unfolding: index number `mode` (from 0) numbers the rows, the others in order the columns."""
    dims = A.rows + A.cols
    return Matrix((dims[mode],), dims[:mode] + dims[mode + 1:],
                  lambda i, *others: A[others[:mode] + (i,) + others[mode:]])


def row_sums(A: Matrix) -> Matrix:
    """A 1, the vector of the sums of the rows."""
    return Matrix(A.rows, (), lambda *at: total(A.cols, lambda *k: A[at + k]))


def scale_rows(v: Matrix, A: Matrix) -> Matrix:
    """diag(v) A."""
    m = len(A.rows)
    return Matrix(A.rows, A.cols, lambda *at: v[at[:m]] * A[at])


def map_entries(f: Callable[[Expr], Expr], A: Matrix) -> Matrix:
    """A function of numbers, entry by entry."""
    return Matrix(A.rows, A.cols, lambda *at: f(A[at]))


def trace(A: Matrix) -> Expr:
    """The sum of the diagonal of a square matrix."""
    if A.rows != A.cols: raise ValueError(f"the trace of a matrix with rows {A.rows} and columns {A.cols}")
    return total(A.rows, lambda *i: A[i + i])


def inner(A: Matrix, B: Matrix) -> Expr:
    """<A, B>, the sum of the products of the entries."""
    _same_shape(A, B)
    return total(A.rows + A.cols, lambda *at: A[at] * B[at])


def frobenius_squared(A: Matrix) -> Expr:
    """||A||_F^2."""
    return total(A.rows + A.cols, lambda *at: A[at] ** 2)


def gradient(t: Expr, A: Matrix) -> Matrix:
    """The matrix of the partial derivatives of a number by the entries of an arbitrary matrix."""
    return Matrix(A.rows, A.cols, lambda *at: diff(t, A[at]))


def jacobian(F: Matrix, A: Matrix) -> Matrix:
    """d vec(F) / d vec(A): one row for each entry of F, one column for each entry of the arbitrary matrix A."""
    m = len(F.rows + F.cols)
    return Matrix(F.rows + F.cols, A.rows + A.cols, lambda *at: diff(F[at[:m]], A[at[m:]]))


def entrywise(lhs: Matrix, rhs: Matrix) -> tuple[Expr, Expr]:
    """Both sides at one free row and one free column: identity(*entrywise(L, R)) says that the matrices are equal."""
    _same_shape(lhs, rhs)
    at = indices(lhs.rows, "i") + indices(lhs.cols, "j")
    return lhs[at], rhs[at]
