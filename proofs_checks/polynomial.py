"""Polynomials in place of exp: the features that they are inner products of, and how many there are."""
from fractions import Fraction
from math import factorial

from tacheck import claim
from tacheck.lang import Sum, delta, dim, identity, inequality, size, term
from theory.kronecker import Matrix, entrywise, hadamard, khatri_rao, map_entries, matrix
from theory.polynomial import evaluate, expanded, features, printed_rank, rank, scores, sum_of_monomials, unknown

LOW_RANK = "arXiv 2302.13214, the polynomial method: entries of a polynomial of a matrix of low rank"
d = size("d")


def arguments(order: int) -> list[Matrix]:
    """Q, K1, K2, ...: arbitrary matrices with d columns."""
    return [matrix(name, n, "d") for name, n in zip(("Q", "K1", "K2", "K3"), ("n", "n1", "n2", "n3"))][:order]


def product_of_features(A: list[Matrix], k: int) -> Matrix:
    """features(Q, k) (features(K1, k) (/) features(K2, k))^T."""
    F = [features(a, k) for a in A]
    return F[0] @ khatri_rao(*F[1:]).T


# ---- features and ranks ---------------------------------------------------------------------------------------------

@claim(cite=LOW_RANK, over={"slots": (2, 3, 4), "g": range(1, 7)})
def powers(slots, g):
    """(Q (K1 (/) K2)^T)^g, entry by entry, is F(Q) (F(K1) (/) F(K2))^T, where F(A) has all products of g entries of a row.

    (sum over c of x_c y_c z_c)^g = sum over c1, ..., cg of (x_c1 ... x_cg)(y_c1 ... y_cg)(z_c1 ... z_cg).
    """
    A = arguments(slots)
    return identity(*entrywise(map_entries(lambda s: s ** g, scores(*A)), product_of_features(A, g)))


@powers.twin
def one_degree_off(slots, g):
    A = arguments(slots)
    return identity(*entrywise(map_entries(lambda s: s ** (g + 1), scores(*A)), product_of_features(A, g)))


@claim(cite=LOW_RANK, over={"slots": (2, 3), "g": (1, 2, 3)})
def kernels(slots, g):
    """P(Q (K1 (/) K2)^T) is the sum over k of c_k F_k(Q) (F_k(K1) (/) F_k(K2))^T, for arbitrary coefficients: of low rank."""
    A, c = arguments(slots), unknown(g)
    return identity(*entrywise(map_entries(lambda s: evaluate(c, s), scores(*A)), in_features(A, c)))


def in_features(A, c) -> Matrix:
    F = [product_of_features(A, k) for k in range(len(c))]
    return Matrix(F[0].rows, F[0].cols, lambda *at: sum((a * M[at] for a, M in zip(c, F)), start=term(0)))


@kernels.twin
def constant_left_out(slots, g):
    A, c = arguments(slots), unknown(g)
    return identity(*entrywise(map_entries(lambda s: evaluate(c, s), scores(*A)), in_features(A, [term(0), *c[1:]])))


@claim(cite="folklore")
def square_by_monomials():
    """(sum x_c y_c)^2 = sum x_c^2 y_c^2 + 2 sum over pairs {c, e} of x_c x_e y_c y_e: the weights are 2!/2! and 2!/(1! 1!)."""
    return identity(total ** 2, Sum(c, X[c] ** 2 * Y[c] ** 2) + pairs(lambda c, e: X[c] * X[e] * Y[c] * Y[e], 2))


X, Y = matrix("x", "d"), matrix("y", "d")
c, c1, c2 = dim("d", "c c1 c2")
total = Sum(c, X[c] * Y[c])


def pairs(body, weight):
    """weight times the sum over unordered pairs, half of that over ordered ones."""
    return Fraction(weight, 2) * Sum(c, c1, (1 - delta(c, c1)) * body(c, c1))


@square_by_monomials.twin
def weight_one():
    return identity(total ** 2, Sum(c, X[c] ** 2 * Y[c] ** 2) + pairs(lambda c, e: X[c] * X[e] * Y[c] * Y[e], 1))


@claim(cite="folklore")
def cube_by_monomials():
    """(sum t_c)^3 for t = x y: weights 3!/3! for t_c^3, 3!/(2! 1!) for t_c^2 t_e, and 3!/(1! 1! 1!) for three that differ."""
    return identity(total ** 3, cube(6))


def cube(weight):
    t = hadamard(X, Y)
    apart = (1 - delta(c, c1)) * (1 - delta(c, c2)) * (1 - delta(c1, c2))
    return (Sum(c, t[c] ** 3) + Sum(c, c1, 3 * (1 - delta(c, c1)) * t[c] ** 2 * t[c1])
            + Fraction(weight, 6) * Sum(c, c1, c2, apart * t[c] * t[c1] * t[c2]))


@cube_by_monomials.twin
def weight_three():
    return identity(total ** 3, cube(3))


@claim(cite="folklore", over={"g": range(1, 9)})
def number_of_features(g):
    """The monomials of degrees 0 to g in d variables are C(d + g, g): the sum over k of C(d + k - 1, k), for every d."""
    return identity(sum_of_monomials(d, g), rank(d, g))


@number_of_features.twin
def without_the_constant(g):
    return identity(sum_of_monomials(d, g) - 1, rank(d, g))


@claim(cite="arXiv 2302.13214 and 2405.16411, the rank C(2 (g + d), 2 g)", over={"g": range(1, 7)})
def printed_rank_is_enough(g):
    """C(2 (g + d), 2 g) >= C(d + g, g)^2, for every d: the printed rank is enough, and at least the square of what is needed."""
    gap = difference_of_ranks(g)
    return inequality(printed_rank(d, g), rank(d, g) ** 2, because=sum((q * d ** k if k else q for k, q in gap), start=term(0)))


def difference_of_ranks(g) -> list[tuple[int, Fraction]]:
    """The coefficients of C(2 (g + d), 2 g) - C(d + g, g)^2 as a polynomial in d; none is negative."""
    many = [q / factorial(2 * g) for q in expanded([(2, i) for i in range(1, 2 * g + 1)])]
    few = [q / factorial(g) ** 2 for q in expanded([(1, i) for i in range(1, g + 1)] * 2)]
    return [(k, p - q) for k, (p, q) in enumerate(zip(many, few)) if p != q]


@printed_rank_is_enough.twin
def twice_the_square(g):
    return inequality(printed_rank(d, g), 2 * rank(d, g) ** 2)
