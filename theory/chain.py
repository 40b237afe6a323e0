"""The lemma chain of the gradient in X: u, alpha, 1/alpha, f, c and the loss, each differentiated from the one before.

Each function gives a Jacobian: one row for each entry of what is differentiated, one column for each entry (a, b, c) of X.
"""
from __future__ import annotations

from tacheck.lang import Expr, Index

from .attention import Layer
from .kronecker import Matrix, kron, scale_rows, total, vec


def d_scores(layer: Layer) -> Matrix:
    """d vec(scores) = (1/d) A1 (x) A2 (x) A3."""
    return kron(*layer.A) * layer.scale


def d_u(layer: Layer) -> Matrix:
    """du[i, J] = u[i, J] d scores[i, J]."""
    return scale_rows(vec(layer.u), d_scores(layer))


def d_alpha(layer: Layer) -> Matrix:
    """d alpha[i] = sum over J of du[i, J]."""
    du, keys = d_u(layer), layer.u.cols
    return Matrix(layer.alpha.rows, du.cols, lambda i, *at: total(keys, lambda *J: du[i, *J, *at]))


def d_inverse(layer: Layer) -> Matrix:
    """d (1/alpha)[i] = - alpha[i]^-2 d alpha[i]."""
    alpha, d = layer.alpha, d_alpha(layer)
    return Matrix(d.rows, d.cols, lambda i, *at: -(alpha[i] ** -2) * d[i, *at])


def d_f(layer: Layer) -> Matrix:
    """df[i, J] = f[i, J] (d scores[i, J] - sum over M of f[i, M] d scores[i, M])."""
    f, ds = layer.f, d_scores(layer)

    def entry(i: Index, *at: Index) -> Expr:
        J, wrt = at[:len(f.cols)], at[len(f.cols):]
        return f[i, *J] * (ds[i, *J, *wrt] - total(f.cols, lambda *M: f[i, *M] * ds[i, *M, *wrt]))
    return Matrix(ds.rows, ds.cols, entry)


def d_c(layer: Layer) -> Matrix:
    """dc[i, b] = sum over J of df[i, J] h[J, b]."""
    df, h = d_f(layer), layer.h
    return Matrix(layer.c.rows + layer.c.cols, df.cols,
                  lambda i, b, *at: total(h.rows, lambda *J: df[i, *J, *at] * h[*J, b]))


def d_loss(layer: Layer) -> Matrix:
    """d Loss = sum over i and b of c[i, b] dc[i, b]."""
    c, dc = layer.c, d_c(layer)
    return Matrix((), dc.cols, lambda *at: total(c.rows + c.cols, lambda i, b: c[i, b] * dc[i, b, *at]))
