"""The hard instances: a gadget that makes attention of any order decide whether lists of bit vectors are orthogonal.

For lists a_1, ..., a_k (k = order + 1, list s has n_s rows and m columns), P = n_2 ... n_k and 0 < eps < 1/2:

    x = (1 - 2 eps)/(1 + 2 eps)     beta = ln P + 2 ln(1/x)     d = m + 1     B = (d beta)^(1/k)     n_ref = P / n_2
    Q = -B [a_1 | 1]     K_1 = B [[a_2 | 0], [0 | kappa]]     K_s = B [a_(s+1) | 1]     kappa = 1/2 - ln(sqrt(P)/n_ref)/beta
    V_1 = 1 on the rows of a_2 and 0 on the reference row below them,  V_s = 1

A row of a block matrix [A | v] is kept as a pair, a vector over the m columns of A and one number more.
"""
from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from fractions import Fraction
from math import prod

from tacheck.lang import Assumption, Expr, Index, Sum, dim, exp, log, scalar, size, sqrt, term

from .kronecker import Matrix, indices, khatri_rao, matrix, total, unit

Row = tuple[Callable[[Index], Expr], Expr]                           # of a block matrix: its entries over "m", and one more
half = Fraction(1, 2)


def inner_product(*rows: Row) -> Expr:
    """The sum over all columns of the product of the rows' entries: over the m columns of the first block, and the last."""
    return Sum(dim("m", "l")[0], lambda column: prod((entry(column) for entry, _ in rows), start=term(1))) + \
        prod((last for _, last in rows), start=term(1))


@dataclass(frozen=True)
class Gadget:
    """k lists of vectors, beta, kappa, and the exponent of d beta in B: 1/k, and the scale: 1/d."""
    order: int
    beta: Expr = scalar("beta")
    kappa: Expr = scalar("kappa")
    scale: Expr = 1 / (size("m") + 1)
    root: Fraction | None = None

    @property
    def lists(self) -> tuple[Matrix, ...]:
        """a_1, ..., a_k."""
        return tuple(matrix(f"a{s}", f"n{s}", "m") for s in range(1, self.order + 2))

    @property
    def B(self) -> Expr:
        """The largest entry, (d beta)^(1/k)."""
        return ((size("m") + 1) * self.beta) ** (self.root or Fraction(1, self.order + 1))

    @property
    def keys(self) -> tuple[str, ...]:
        """The dimensions of the key lists, n_2, ..., n_k."""
        return tuple(a.rows[0] for a in self.lists[1:])

    def table(self, s: int, row: Index, sign: Fraction | int = 1) -> Row:
        """Row `row` of B [a_s | 1], or of B [a_2 | 0], times the sign."""
        entries, B = self.lists[s - 1], sign * self.B
        return (lambda column: B * entries[row, column]), B * (0 if s == 2 else 1)

    @property
    def reference(self) -> Row:
        """The reference row, B [0 | kappa]."""
        return (lambda column: term(0)), self.B * self.kappa

    def score(self, i: Index, first: Index | None, *others: Index) -> Expr:
        """(1/d) times the product of query i, a row of K_1 (None: the reference row), and rows of K_2, ..."""
        key = self.reference if first is None else self.table(2, first)
        return self.scale * inner_product(self.table(1, i, -1), key, *(self.table(s, j) for s, j in enumerate(others, 3)))

    def ip(self, *rows: Index) -> Expr:
        """The inner product of a tuple of vectors, one of each list."""
        return Sum(dim("m", "l")[0], lambda c: prod((a[i, c] for a, i in zip(self.lists, rows)), start=term(1)))

    def S(self, i: Index) -> Expr:
        """The sum over tuples of key rows of exp(-beta inner product)."""
        return total(self.keys, lambda *rows: exp(-self.beta * self.ip(i, *rows)))

    @property
    def n_ref(self) -> Expr:
        """The number of tuples with the reference row, n_3 ... n_k."""
        return prod((size(n) for n in self.keys[1:]), start=term(1))

    @property
    def P(self) -> Expr:
        """The number of tuples of key rows, n_2 ... n_k."""
        return prod((size(n) for n in self.keys), start=term(1))

    @property
    def R(self) -> Expr:
        """The weight of the reference row's tuples together, n_ref exp(-kappa beta)."""
        return self.n_ref * exp(-self.kappa * self.beta)

    def output(self, i: Index, on_reference: Expr | int = 0) -> Expr:
        """Attention, by its definition: weights exp(score) over all tuples, values 1, and `on_reference` on the reference row."""
        real = total(self.keys, lambda *rows: exp(self.score(i, *rows)))
        reference = total(self.keys[1:], lambda *rows: exp(self.score(i, None, *rows)))
        return (real * 1 + reference * on_reference) / (real + reference)


def columns(k: int, values: tuple[Expr, ...]) -> Expr:
    """k columns without negative entries that stand for 1 - a_1 ... a_k: the sum over j of a_1 ... a_(j-1) (1 - a_j)."""
    return sum((prod(values[:j], start=term(1)) * (1 - values[j]) for j in range(k)), start=term(0))


# ---- the constants --------------------------------------------------------------------------------------------------

def x_of(gap: Expr) -> Expr:
    """x = (1 - gap)/(1 + gap), where gap = 2 eps is what outputs for YES and for NO differ by."""
    return (1 - gap) / (1 + gap)


def beta_of(P: Expr, x: Expr) -> Expr:
    """beta = ln P + 2 ln(1/x)."""
    return log(P) + 2 * log(1 / x)


def kappa_of(P: Expr, n_ref: Expr, beta: Expr) -> Expr:
    """kappa = 1/2 - ln(sqrt(P)/n_ref)/beta."""
    return half - log(sqrt(P) / n_ref) / beta


def given(assumption: Assumption) -> Expr:
    """The term that is assumed not to be negative, kept apart in a sum of such terms."""
    return 1 * assumption.term


def share(S: Expr, R: Expr) -> Expr:
    """S/(S + R): the output."""
    return S / (S + R)


# ---- the gradient gadget --------------------------------------------------------------------------------------------

def square_loss(T: Matrix) -> Expr:
    """1/2 the sum of T_i^2: the loss of outputs with one column and target 0."""
    return half * total(T.rows, lambda i: T[i] ** 2)


def diagonal(order: int, factor: Expr) -> Matrix:
    """factor T_id, with T_id[a, (a, ..., a)] = 1 and 0 elsewhere: X for which A1 X (A2 (x) A3)^T = factor A1 (A2 (/) A3)^T."""
    return khatri_rao(*(unit(("d",)) for _ in range(order))).T * factor


def diagonal_sum(G: Matrix) -> Expr:
    """<G, T_id>: the sum over a of G[a, (a, ..., a)]."""
    (a,) = indices(G.rows, "a")
    return Sum(a, lambda a: G[(a,) * (1 + len(G.cols))])


# ---- exponents ------------------------------------------------------------------------------------------------------

def power(base: Expr | int, exponent: Expr) -> Expr:
    """base^exponent, for a base > 0 and any exponent."""
    return exp(exponent * log(base))


def rows_of(v: Expr, k: int) -> Expr:
    """2^(v/k): the length of each list when k divides v."""
    return power(2, v / k)
