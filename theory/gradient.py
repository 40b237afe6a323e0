"""The closed-form gradients of attention, of any order, with respect to everything that it is made of.

In the letters of arXiv 2405.16411: q = c h^T, p = f o q - diag((f o q) 1) f, and dLoss/dX = (1/d) A1^T p (A2 (x) A3).
G stands for the gradient of any differentiable loss in the output; for the squared loss it is c.
"""
from __future__ import annotations

from .attention import Layer
from .kronecker import Matrix, hadamard, khatri_rao, kron, row_sums, scale_rows, unfold, unit

Factors = tuple[Matrix, ...]


# ---- the pieces ---------------------------------------------------------------------------------------------------

def back_through_softmax(f: Matrix, q: Matrix) -> Matrix:
    """p = f o q - diag((f o q) 1) f: what a gradient q in the weights f becomes in the scores."""
    weighted = hadamard(f, q)
    return weighted - scale_rows(row_sums(weighted), f)


def without(factors: Factors, m: int) -> Factors:
    """All factors but number m, from 0."""
    return factors[:m] + factors[m + 1:]


def tucker_gradient(T: Matrix, factors: Factors, core: Matrix, m: int) -> Matrix:
    """The gradient of <T, F0 core (F1 (x) F2)^T> in factor m: unfold(T, m) (the other factors, (x)) unfold(core, m)^T."""
    return unfold(T, m) @ (kron(*without(factors, m)) @ unfold(core, m).T)


def khatri_rao_gradient(T: Matrix, factors: Factors, m: int) -> Matrix:
    """The gradient of <T, F0 (F1 (/) F2)^T> in factor m: unfold(T, m) (the other factors, (/))."""
    return unfold(T, m) @ khatri_rao(*without(factors, m))


# ---- a layer: what P, the gradient in the scores, and H, the gradient in the values, become further down -----------

def q(layer: Layer, G: Matrix | None = None) -> Matrix:
    """The gradient in the weights f: c h^T."""
    return (G or layer.c) @ layer.h.T


def p(layer: Layer, G: Matrix | None = None) -> Matrix:
    """The gradient in the scores: f o q - diag((f o q) 1) f."""
    return back_through_softmax(layer.f, q(layer, G))


def dh(layer: Layer, G: Matrix | None = None) -> Matrix:
    """The gradient in the values h: f^T c."""
    return layer.f.T @ (G or layer.c)


def dX(layer: Layer, P: Matrix) -> Matrix:
    """(1/d) A1^T p (A2 (x) A3)."""
    return layer.A[0].T @ (P @ kron(*layer.A[1:])) * layer.scale


def dY(layer: Layer, H: Matrix) -> Matrix:
    """(A4 (x) A5)^T f^T c."""
    return kron(*layer.W).T @ H


def dA(layer: Layer, m: int, P: Matrix, H: Matrix) -> Matrix:
    """The gradient in A_m, m = 1, 2, ...: queries and keys through the scores, the others through the values."""
    scored = len(layer.A)
    if m <= scored: return tucker_gradient(P, layer.A, layer.X, m - 1) * layer.scale
    return tucker_gradient(H, (*layer.W, unit(layer.Y.cols)), layer.Y, m - scored - 1)


def dX_factor(layer: Layer, X: Factors, m: int, P: Matrix) -> Matrix:
    """The gradient in X_m, m = 1, 2, ..., where the layer has X = X1 (X2 (/) X3)^T: through Q = A1 X1, K1 = A2 X2, ..."""
    projected = tuple(A @ x for A, x in zip(layer.A, X))
    return layer.A[m - 1].T @ khatri_rao_gradient(P, projected, m - 1) * layer.scale


def dY_factor(layer: Layer, Y: Factors, m: int, H: Matrix) -> Matrix:
    """The gradient in Y_m, m = 1, 2, ..., where the layer has Y = Y1 (/) Y2: through V1 = A4 Y1, V2 = A5 Y2."""
    projected = (*(W @ y for W, y in zip(layer.W, Y)), unit(Y[0].cols))
    return layer.W[m - 1].T @ khatri_rao_gradient(H, projected, m - 1)
