"""The softmax and its kin, row by row.  A vector x of n numbers is one row: matrix("x", "", "n")."""
from __future__ import annotations

from tacheck.lang import Expr, exp, log, sigmoid

from .kronecker import Matrix, map_entries, ones, row_sums, scale_rows, total


def reciprocal(v: Matrix) -> Matrix:
    """1 / v, entry by entry."""
    return map_entries(lambda x: 1 / x, v)


def row_normalise(u: Matrix) -> Matrix:
    """diag(u 1)^-1 u: each row divided by its sum."""
    return scale_rows(reciprocal(row_sums(u)), u)


def row_softmax(scores: Matrix) -> Matrix:
    """The softmax of each row."""
    return row_normalise(map_entries(exp, scores))


def masked_softmax(weights: Matrix, scores: Matrix) -> Matrix:
    """Softmax under a mask of weights, usually 0 or 1: row i is w[i, J] exp(z[i, J]) over its sum."""
    return row_normalise(Matrix(scores.rows, scores.cols, lambda *at: weights[at] * exp(scores[at])))


def logsumexp(scores: Matrix) -> Matrix:
    """The logarithm of the sum of the exponentials of each row."""
    return map_entries(log, row_sums(map_entries(exp, scores)))


def log_softmax(scores: Matrix) -> Matrix:
    """scores - logsumexp 1^T."""
    return scores - scale_rows(logsumexp(scores), ones(scores.rows, scores.cols))


def mean_under(s: Matrix, y: Matrix) -> Expr:
    """The mean of y under the probabilities s."""
    return total(s.cols, lambda *i: s[i] * y[i])


def covariance_under(s: Matrix, y: Matrix, z: Matrix) -> Expr:
    """The covariance of y and z under the probabilities s."""
    return total(s.cols, lambda *i: s[i] * (y[i] - mean_under(s, y)) * (z[i] - mean_under(s, z)))


def silu(x: Expr) -> Expr:
    """x sigmoid(x)."""
    return x * sigmoid(x)
