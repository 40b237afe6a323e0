"""What an error in the weights does to a covariance, by tables of four and of three masses.

A vector q in [-1, 1] under weights f has the gradient p = f (q - mean)/(sum of f) in the scores, and the sum of s_j p_j is
the covariance of s and q.  For |s| <= 1 it is 4 det/(sum)^2 of the table

    agree1 = sum f (1 + s)(1 + q)    off1 = sum f (1 + s)(1 - q)
    agree0 = sum f (1 - s)(1 - q)    off0 = sum f (1 - s)(1 + q)

with det = agree1 agree0 - off1 off0, and the four masses have relative errors within delta as the weights have.
"""
from __future__ import annotations

from dataclasses import dataclass
from fractions import Fraction

from tacheck.lang import Expr

from .kronecker import Matrix
from .propagation import Error, down, mass, times, up

quarter = Fraction(1, 4)


@dataclass(frozen=True)
class Table:
    """Masses of the four pairs of signs: those that agree, and those that do not."""
    agree1: Expr
    agree0: Expr
    off1: Expr
    off0: Expr

    @property
    def sum(self) -> Expr: return self.agree1 + self.agree0 + (self.off1 + self.off0)

    @property
    def det(self) -> Expr: return self.agree1 * self.agree0 - self.off1 * self.off0

    @property
    def swapped(self) -> Table:
        """With -q for q."""
        return Table(self.off1, self.off0, self.agree1, self.agree0)


CELLS = {"agree1": (up, up), "agree0": (down, down), "off1": (up, down), "off0": (down, up)}


def cell(name: str, f: Matrix, s: Matrix, q: Matrix) -> Expr:
    """One mass of the table of s and q under the weights."""
    of_s, of_q = CELLS[name]
    return mass(times(f, of_s(s)), of_q(q))


def table(f: Matrix, s: Matrix, q: Matrix) -> Table:
    """The table of s and q under the weights."""
    return Table(*(cell(name, f, s, q) for name in CELLS))


@dataclass(frozen=True)
class Shares:
    """Three masses, agree1 = a, agree0 = d and off = y, off1 = off0 = y/2, with relative errors x in units of delta.

    2 det/(sum)^2 + 1/2 is agree1 + agree0 - (agree1 - agree0)^2/2 in shares of the sum.
    """
    masses: tuple[Expr, Expr, Expr]
    errors: tuple[Expr, Expr, Expr]
    error: Error

    @property
    def moved(self) -> tuple[Expr, ...]:
        """The masses after the error, visibly at least 0."""
        return tuple(f * (self.error.delta * (1 + x) + self.error.room) for f, x in zip(self.masses, self.errors))

    @property
    def S(self) -> Expr: return sum(self.masses[1:], start=self.masses[0])

    @property
    def T(self) -> Expr: return sum(self.moved[1:], start=self.moved[0])

    @property
    def m(self) -> Expr:
        """Half the sum of both differences agree1 - agree0."""
        (a, d, _), (A, D, _) = self.masses, self.moved
        return Fraction(1, 2) * ((a - d) / self.S + (A - D) / self.T)

    @property
    def rest(self) -> Expr:
        """1 - m, visibly at least 0."""
        (_, d, y), (_, D, Y) = self.masses, self.moved
        return Fraction(1, 2) * ((2 * d + y) / self.S + (2 * D + Y) / self.T)

    @property
    def u(self) -> Expr:
        """The mean of the values 1 - m, 1 + m, 0 under the masses."""
        a, d, _ = self.masses
        return (a * self.rest + d * (1 + self.m)) / self.S

    @property
    def w(self) -> Expr:
        """Their mean after the error."""
        A, D, _ = self.moved
        return (A * self.rest + D * (1 + self.m)) / self.T

    def spread(self, moved: bool) -> Expr:
        """delta (mean of |v - w|) - e for e = w - u, or, moved, with u and the mean after the error; w or u at least 1 - m."""
        (a, d, y), (x1, x0, x) = self.masses, self.errors
        centre, total, least = (self.u, self.T, self.error.room) if moved else (self.w, self.S, 1)
        most = 1 + self.error.delta if moved else 1
        return self.error.delta / total * (least * (d * (1 - x0) * self.over(moved))
                                           + most * (a * (1 + x1) * (centre - self.rest) + y * (1 + x) * centre))

    def narrow(self) -> Expr:
        """delta (mean of |v - u| after the error) - e, where u is at most 1 - m."""
        (a, d, y), (x1, x0, x) = self.masses, self.errors
        left = self.rest - self.u
        return self.error.delta / self.T * (self.error.room * (a * (1 - x1) * left + d * (1 - x0) * (2 * self.m + left))
                                            + (1 + self.error.delta) * (y * (1 + x) * self.u))

    def over(self, moved: bool) -> Expr:
        """1 + m - u, or 1 + m - w, visibly at least 0: the share of y, and m times all but one share."""
        a, _, y = self.masses if moved else self.moved
        return (y + (2 * a + y) * self.m) / (self.S if moved else self.T)

    def remainder(self, moved: bool) -> Expr:
        """2 m (1 - (agree1 - agree0)) - 2 agree0 (1 + m - w) in shares, visibly at least 0; moved: after the error, with u."""
        _, d, y = self.moved if moved else self.masses
        centre = self.u if moved else self.w
        return ((2 * d + y) * (centre - self.rest) + y * self.over(moved)) / (self.T if moved else self.S)
