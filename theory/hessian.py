"""The second derivative of the loss in X, from the lemma chain."""
from __future__ import annotations

from tacheck.lang import Expr, Index

from .attention import Layer
from .chain import d_c, d_scores
from .gradient import q
from .kronecker import Matrix, total


def centred_scores(layer: Layer) -> Matrix:
    """d scores[i, J] less its mean under f: the direction in which the weights move."""
    f, ds = layer.f, d_scores(layer)
    keys = len(f.cols)
    return Matrix(ds.rows, ds.cols, lambda i, *at: ds[i, *at] - total(f.cols, lambda *M: f[i, *M] * ds[i, *M, *at[keys:]]))


def gauss_newton(layer: Layer) -> Matrix:
    """The sum over i and b of dc[i, b] dc[i, b]: what is left where the error is 0."""
    dc = d_c(layer)
    return dc.T @ dc


def curvature(layer: Layer) -> Matrix:
    """The sum over i of the second derivatives of f[i, J], weighted by q[i, J].

    With z the centred directions, d^2 f[i, J] = f[i, J] (z[i, J] z'[i, J] - sum over M of f[i, M] z[i, M] z'[i, M]).
    """
    f, weights, z = layer.f, q(layer), centred_scores(layer)
    order = len(z.cols)

    def entry(*at: Index) -> Expr:
        a, b = at[:order], at[order:]

        def both(i: Index, *J: Index) -> Expr: return z[i, *J, *a] * z[i, *J, *b]
        return total(f.rows + f.cols, lambda i, *J: weights[i, *J] * f[i, *J] * (
            both(i, *J) - total(f.cols, lambda *M: f[i, *M] * both(i, *M))))
    return Matrix(z.cols, z.cols, entry)


def hessian(layer: Layer) -> Matrix:
    """Gauss-Newton and curvature; rows and columns are numbered by the entries of X."""
    return gauss_newton(layer) + curvature(layer)
