"""What an error in the weights of a row does to its output, and to the gradient in its scores.

One row: weights f_j > 0, not normalised, one for each tuple j of keys; f~_j = f_j (1 + delta x_j) with |x_j| <= 1; values
v_j with |v_j| <= 1, or c + h v_j for values in [c - h, c + h]; u and w are the means of v under f and f~.

    |w - u| <= delta (1 - u w) <= 2 tau     where     delta = 2 tau/(1 + tau^2),  tau = delta/(1 + sqrt(1 - delta^2))

As delta goes from 0 to 1 so does tau, about delta/2 when both are small.  A vector of n numbers is matrix("f", "", "n").
"""
from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from tacheck.lang import Assumption, Expr, Index, sqrt

from .kronecker import Matrix, map_entries, total


def along(f: Matrix, entry: Callable[[Index], Expr]) -> Matrix:
    """A vector with the index of f."""
    return Matrix(f.rows, f.cols, entry)


def mass(f: Matrix, v: Matrix) -> Expr:
    """The sum over j of f_j v_j."""
    return total(f.cols, lambda j: f[j] * v[j])


def whole(f: Matrix) -> Expr:
    """The sum of the weights."""
    return total(f.cols, lambda j: f[j])


def mean(f: Matrix, v: Matrix) -> Expr:
    """The mean of v under weights that need not be normalised."""
    return mass(f, v) / whole(f)


def scores_gradient(f: Matrix, q: Matrix, h: Matrix | None = None) -> Matrix:
    """p_j = f_j (q_j - mean of q)/(sum of f): what a gradient q in the weights becomes in the scores.

    h: what stands in place of the first f_j, if the derivative of f_j by its score is not f_j.
    """
    return along(f, lambda j: (h or f)[j] * (q[j] - mean(f, q)) / whole(f))


def covariance(f: Matrix, s: Matrix, q: Matrix) -> Expr:
    """The covariance of s and q under the weights, the sum of s_j p_j: for s_j = +-1, the l1 norm of p."""
    return mean(f, along(f, lambda j: s[j] * (q[j] - mean(f, q))))


def output_error(delta: Expr) -> Expr:
    """tau = delta/(1 + sqrt(1 - delta^2))."""
    return delta / (1 + sqrt(1 - delta ** 2))


@dataclass(frozen=True)
class Error:
    """An entry error delta and 1 - delta, both visibly at least 0."""
    delta: Expr
    room: Expr


def error(tau: Expr) -> Error:
    """delta = 2 tau/(1 + tau^2), and 1 - delta = (1 - tau)^2/(1 + tau^2)."""
    return Error(2 * tau / (1 + tau ** 2), (1 - tau) ** 2 / (1 + tau ** 2))


@dataclass(frozen=True)
class Row:
    """Weights f, their relative errors x in units of delta, and values v."""
    f: Matrix
    x: Matrix
    v: Matrix
    error: Error

    @property
    def g(self) -> Matrix:
        """f~ = f (1 + delta x), visibly at least 0."""
        return along(self.f, lambda j: self.f[j] * (self.error.delta * (1 + self.x[j]) + self.error.room))

    @property
    def u(self) -> Expr: return mean(self.f, self.v)

    @property
    def w(self) -> Expr: return mean(self.g, self.v)

    def given(self, *j: Index) -> list[Assumption]:
        """f > 0, |x| <= 1 and |v| <= 1."""
        return [self.f[j] > 0, *within(self.x, *j), *within(self.v, *j)]

    def negated(self) -> Row:
        """The row with values -v."""
        return Row(self.f, self.x, -self.v, self.error)

    def slack(self) -> Expr:
        """delta (1 - u w) - (w - u), as a sum of products of what is at least 0."""
        return self.error.delta / 2 * (mass(self.high, up(self.v)) * mass(self.g, down(self.v))
                                       + mass(self.low, down(self.v)) * mass(self.g, up(self.v))) / whole(self.f) / whole(self.g)

    @property
    def high(self) -> Matrix:
        """f (1 - x): how far f~ is below its upper end, in units of delta."""
        return times(self.f, down(self.x))

    @property
    def low(self) -> Matrix:
        """f (1 + x): how far f~ is above its lower end, in units of delta."""
        return times(self.f, up(self.x))


def up(v: Matrix) -> Matrix:
    """1 + v."""
    return map_entries(lambda a: 1 + a, v)


def down(v: Matrix) -> Matrix:
    """1 - v."""
    return map_entries(lambda a: 1 - a, v)


def times(v: Matrix, w: Matrix) -> Matrix:
    """v_j w_j."""
    return along(v, lambda j: v[j] * w[j])


def within(x: Matrix, *j: Index) -> list[Assumption]:
    """|x| <= 1, entry by entry."""
    return [1 - x[j] >= 0, 1 + x[j] >= 0]
