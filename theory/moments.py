"""Attention with a polynomial in place of exp, and its gradient, from sums over tokens: one functional, three slots.

Slot 0 holds the queries x = q_i with columns U_i, slots 1 and 2 the keys and a_j = [1; V1_j], b_l = [1; V2_l].  With the
scores s_ijl = sum over c of Q_ic K1_jc K2_lc,

    T = sum over i, j, l and columns m of U_im a_jm b_lm P(s_ijl).

Everything is computed from the moments of the slots, one for each degree k,

    M_s[m, (c1, ..., ck)] = sum over tokens of (column m) (x_c1 ... x_ck).
"""
from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import reduce
from math import prod

from tacheck.lang import Expr, Index, term

from .kronecker import (
    Matrix,
    face_splitting,
    hadamard,
    inner,
    khatri_rao,
    kron,
    map_entries,
    matrix,
    row_sums,
    scale_rows,
    total,
)
from .polynomial import derivative, evaluate, features, scores, unknown
from .softmax import reciprocal


@dataclass(frozen=True)
class Slots:
    """Points (n x d) and columns (n x m) of each slot, and the coefficients of P."""
    x: tuple[Matrix, ...]
    u: tuple[Matrix, ...]
    c: Sequence[Expr]

    @property
    def weights(self) -> Matrix:
        """P of the scores: n x n1 n2."""
        return map_entries(lambda s: evaluate(self.c, s), scores(*self.x))

    @property
    def slopes(self) -> Matrix:
        """P' of the scores."""
        return map_entries(lambda s: evaluate(derivative(self.c), s), scores(*self.x))

    @property
    def T(self) -> Expr:
        """The functional, by its definition."""
        return inner(self.weights, scores(*self.u))

    def moment(self, s: int, k: int) -> Matrix:
        """The moment of slot s of degree k: m x d^k."""
        return self.u[s].T @ features(self.x[s], k)

    def others(self, s: int, k: int) -> Matrix:
        """C_s of degree k: c_k times the product of the moments of the other slots, m x d^k."""
        return reduce(hadamard, [self.moment(r, k) for r in range(len(self.x)) if r != s]) * self.c[k]

    @property
    def degrees(self) -> range: return range(len(self.c))

    def values(self, s: int) -> Matrix:
        """C_s phi(x): the gradient in the columns of slot s, n x m."""
        return add([features(self.x[s], k) @ self.others(s, k).T for k in self.degrees])

    def points(self, s: int) -> Matrix:
        """The gradient in the points of slot s, n x d: sum over k of k u C_s[., (c, c2, ..., ck)] x_c2 ... x_ck."""
        def entry(token: Index, column: Index) -> Expr:
            u, x = self.u[s], self.x[s]
            return sum((k * total(u.cols, lambda *m, k=k: u[(token, *m)] * total(x.cols * (k - 1), lambda *e: (
                self.others(s, k)[(*m, column, *e)] * features(x, k - 1)[(token, *e)]))) for k in self.degrees if k),
                start=term(0))
        return Matrix(self.x[s].rows, self.x[s].cols, entry)


def add(parts: Sequence[Matrix]) -> Matrix:
    """The sum of matrices of one shape."""
    return Matrix(parts[0].rows, parts[0].cols, lambda *at: sum((M[at] for M in parts), start=term(0)))


def slots(order: int, g: int) -> Slots:
    """Arbitrary points, columns and coefficients; there are `order` sets of keys."""
    tokens = ("n", "n1", "n2", "n3")[:order + 1]
    return Slots(tuple(matrix(name, n, "d") for name, n in zip(("Q", "K1", "K2", "K3"), tokens)),
                 tuple(matrix(name, n, "m") for name, n in zip(("U", "a", "b", "c"), tokens)), unknown(g))


# ---- attention ------------------------------------------------------------------------------------------------------

@dataclass(frozen=True)
class Attention:
    """Attention with weights P(s_ijl) over their sum, of any order: Q, K1, K2, ... (n x d) and V1, V2, ... (n x e)."""
    x: tuple[Matrix, ...]
    v: tuple[Matrix, ...]
    c: Sequence[Expr]

    @property
    def kernel(self) -> Slots: return Slots(self.x, (), self.c)

    @property
    def D(self) -> Matrix:
        """The sums of the weights of each query."""
        return row_sums(self.kernel.weights)

    @property
    def output(self) -> Matrix:
        """n x e."""
        return scale_rows(reciprocal(self.D), self.kernel.weights @ khatri_rao(*self.v))

    def fast_D(self) -> Matrix:
        """The sums of the weights, from moments with column 1."""
        return add([features(self.x[0], k) @ self._product(k, None) * self.c[k] for k in range(len(self.c))])

    def fast_numerator(self) -> Matrix:
        """The numerators of the outputs, from moments with columns V1, V2."""
        return add([features(self.x[0], k) @ self._product(k, self.v) * self.c[k] for k in range(len(self.c))])

    def _product(self, k: int, values: tuple[Matrix, ...] | None) -> Matrix:
        """The product of the moments of the keys: d^k, or d^k x e."""
        F = [features(x, k).T for x in self.x[1:]]
        return reduce(hadamard, [f @ v for f, v in zip(F, values)] if values else [row_sums(f) for f in F])

    def q(self, G: Matrix) -> Matrix:
        """The gradient in the normalised weights: G (V1 (/) V2)^T."""
        return G @ khatri_rao(*self.v).T

    def p(self, G: Matrix) -> Matrix:
        """The gradient in the scores: P'(s) (q - G . out)/D."""
        q, at_output = self.q(G), row_sums(hadamard(G, self.output))
        return Matrix(q.rows, q.cols, lambda i, *J: self.kernel.slopes[(i,) + J] * (q[(i,) + J] - at_output[i]) / self.D[i])

    def upstream(self, G: Matrix) -> tuple[Matrix, Matrix]:
        """U: -G . out/D for the column 1, and G/D for the columns of the values."""
        over = reciprocal(self.D)
        return -hadamard(over, row_sums(hadamard(G, self.output))), scale_rows(over, G)


def slots_of(a: Attention, G: Matrix) -> tuple[Slots, Slots]:
    """The slots whose gradients, added, are those of <G, out>: with the column 1, and with the columns of the values."""
    one, more = a.upstream(G)
    return (Slots(a.x, (one, *(Matrix(x.rows, (), lambda token: term(1)) for x in a.x[1:])), a.c),
            Slots(a.x, (more, *a.v), a.c))


def attention(order: int, g: int) -> Attention:
    """Arbitrary queries, keys, values and coefficients."""
    tokens = ("n", "n1", "n2", "n3")[:order + 1]
    return Attention(tuple(matrix(name, n, "d") for name, n in zip(("Q", "K1", "K2", "K3"), tokens)),
                     tuple(matrix(name, n, "e") for name, n in zip(("V1", "V2", "V3"), tokens[1:])), unknown(g))


# ---- the gradient in X ----------------------------------------------------------------------------------------------

def weighted_moment(u: Matrix, A: Matrix, x: Matrix, k: int) -> Matrix:
    """M'[(m, b), (c1, ..., ck)] = sum over tokens of (column m) A_b (x_c1 ... x_ck)."""
    return face_splitting(u, A).T @ features(x, k)


def dX(slots: Slots, A: tuple[Matrix, ...]) -> Matrix:
    """sum over k of k c_k sum over m and (c2, ..., ck) of the products of weighted moments: entry [a, (b, c)]."""
    shape = slots.u[0].cols

    def entry(*at: Index) -> Expr:
        return sum((k * slots.c[k] * total(shape + slots.x[0].cols * (k - 1), lambda *me, k=k: _product_at(slots, A, k, me, at))
                    for k in slots.degrees if k), start=term(0))
    return Matrix(A[0].cols, tuple(n for B in A[1:] for n in B.cols), entry)


def _product_at(slots: Slots, A: tuple[Matrix, ...], k: int, me: tuple[Index, ...], at: tuple[Index, ...]) -> Expr:
    m, *e = me
    return prod((weighted_moment(u, B, x, k - 1)[(m, column, *e)] for u, B, x, column in zip(slots.u, A, slots.x, at)),
                start=term(1))


def dX_dense(slots: Slots, A: tuple[Matrix, ...], slope: Matrix) -> Matrix:
    """A1^T (P'(s) o U (a (/) b)^T) (A2 (x) A3)."""
    return A[0].T @ hadamard(slope, scores(*slots.u)) @ kron(*A[1:])
