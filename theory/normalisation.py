"""Layer norm and RMS norm of a vector of n numbers, without gain and bias."""
from __future__ import annotations

from tacheck.lang import Expr, size, sqrt

from .kronecker import Matrix, total


def mean(x: Matrix) -> Expr:
    """The sum of the entries over their number."""
    return total(x.rows, lambda i: x[i]) / size(x.rows[0])


def centred(x: Matrix) -> Matrix:
    """x - mean."""
    return Matrix(x.rows, (), lambda i: x[i] - mean(x))


def mean_square(x: Matrix) -> Expr:
    """The mean of the squares of the entries."""
    return total(x.rows, lambda i: x[i] ** 2) / size(x.rows[0])


def variance(x: Matrix) -> Expr:
    """The mean square of the deviations from the mean."""
    return mean_square(centred(x))


def rms_norm(x: Matrix, eps: Expr) -> Matrix:
    """x / sqrt(mean square + eps)."""
    return x / sqrt(mean_square(x) + eps)


def layer_norm(x: Matrix, eps: Expr) -> Matrix:
    """(x - mean) / sqrt(variance + eps)."""
    return rms_norm(centred(x), eps)
