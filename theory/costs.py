"""What the fast path costs: the multiplications that it makes, as a polynomial in the sizes.

    n   query rows                       d   columns of points              r   monomials of degree <= g in d variables
    t   tokens of all slots together     m   1 + columns of the values      h   those of degree < g
    k   the order, so k + 1 slots

A multiplication or a division of two numbers is one operation; additions, which are about as many, are not counted, nor what
does not depend on the sizes of the data.  In the order of the algorithm: points are scaled, monomials are built one from
another, sums over tokens are products of columns and monomials, and what is evaluated at tokens is a product again.

With few columns the monomials of degree g are never built (`by_degree`): x_c times one of degree g - 1 stands for them, and is
applied to the m columns instead.
"""
from __future__ import annotations

from dataclasses import dataclass

from tacheck.lang import Expr, size, term

n, t, k, d, m, r, h = (size(name) for name in ("n", "t", "k", "d", "m", "r", "h"))
keys = t - n                                                         # tokens of the key sets


@dataclass(frozen=True)
class Cost:
    """Multiplications of the fast path: with all monomials built, or `by_degree`."""
    by_degree: bool

    @property
    def monomials(self) -> Expr:
        """Of one token: d to scale its point, and one for each monomial of degree 2 or more."""
        return d + ((h if self.by_degree else r) - 1 - d)

    @property
    def applied(self) -> Expr:
        """x_c times a column, for one column of one token."""
        return d if self.by_degree else term(0)

    def product(self, columns: Expr) -> Expr:
        """That many columns times all monomials, or coefficients times monomials, of one token."""
        return columns * (r + self.applied)

    @property
    def slopes(self) -> Expr:
        """Of one token: m values for each of d derivatives, contracted with its m columns and scaled back."""
        return d * m * h + d * m + d

    @property
    def forward(self) -> Expr:
        """A moment or an evaluation for each token, a division for each output, and the product of the k moments."""
        return t * (self.monomials + self.product(m)) + n * (m - 1) + 2 * k * m * r

    @property
    def backward(self) -> Expr:
        """What the gradients add: at the queries, at the keys, and for the coefficients."""
        queries = n * (2 * (m - 1) + self.product(m) + self.slopes)
        at_keys = keys * (self.monomials + self.product(m - 1) + self.slopes)
        return queries + at_keys + self.coefficients

    @property
    def coefficients(self) -> Expr:
        """Of each key set, from the other moments; and of each slot, those of the derivatives.  No tokens are in it."""
        return k * (k + 1) * m * r + (k + 1) * d * m * h

    @property
    def gradient(self) -> Expr:
        """The whole gradient, output included."""
        return self.forward + self.backward


def workspace() -> Expr:
    """Bytes: a block of monomials and of columns, and moments and coefficients in double precision; no tokens are in it."""
    return 4 * 2**20 + 8 * (3 * k + 2 * d + 8) * m * r


def marks() -> Expr:
    """Bytes: a truth value for each entry of one array of results, when they are looked through."""
    return n * (d + m)
