"""The Kronecker product and vec, for matrices of every size."""
from tacheck import claim
from tacheck.lang import delta, identity, scalar
from theory.kronecker import (
    Matrix,
    entrywise,
    frobenius_squared,
    inner,
    kron,
    matrix,
    ones,
    trace,
    unit,
    vec,
    vec_by_columns,
)

A, B, C, D = matrix("A", "n", "d"), matrix("B", "m", "k"), matrix("C", "d", "r"), matrix("D", "k", "s")
S, T = matrix("S", "n", "n"), matrix("T", "n", "n")
X = matrix("X", "d", "d d")
A1, A2, A3 = matrix("A1", "n", "d"), matrix("A2", "n", "d"), matrix("A3", "n", "d")


# ---- the Kronecker product ----------------------------------------------------------------------------------------

@claim(cite="folklore; e.g. Van Loan, The ubiquitous Kronecker product, J. Comput. Appl. Math. 123 (2000)")
def mixed_product():
    """(A (x) B) (C (x) D) = (A C) (x) (B D).

    A is n x d, C is d x r, B is m x k and D is k x s, for all six sizes.
    """
    return identity(*entrywise(kron(A, B) @ kron(C, D), kron(A @ C, B @ D)))


@mixed_product.twin
def swapped_factors():
    return identity(*entrywise(kron(S, T) @ kron(T, S), kron(S @ S, T @ T)))


@claim(cite="folklore")
def transpose():
    """(A (x) B)^T = A^T (x) B^T."""
    return identity(*entrywise(kron(A, B).T, kron(A.T, B.T)))


@transpose.twin
def reversed_like_a_product():
    return identity(*entrywise(kron(S, T).T, kron(T.T, S.T)))


@claim(cite="folklore")
def associative():
    """(A (x) B) (x) C = A (x) (B (x) C); rows and columns are numbered by the same triples."""
    return identity(*entrywise(kron(kron(A, B), C), kron(A, kron(B, C))))


@associative.twin
def commutative():
    return identity(*entrywise(kron(S, T), kron(T, S)))


@claim(cite="folklore")
def bilinear_left():
    """(s A + t A') (x) B = s (A (x) B) + t (A' (x) B), for all numbers s and t."""
    s, t, other = scalar("s"), scalar("t"), matrix("Ax", "n", "d")
    return identity(*entrywise(kron(A * s + other * t, B), kron(A, B) * s + kron(other, B) * t))


@bilinear_left.twin
def additive_in_both():
    other, more = matrix("Ax", "n", "d"), matrix("Bx", "m", "k")
    return identity(*entrywise(kron(A + other, B + more), kron(A, B) + kron(other, more)))


@claim(cite="folklore")
def bilinear_right():
    """A (x) (s B + t B') = s (A (x) B) + t (A (x) B'), for all numbers s and t."""
    s, t, other = scalar("s"), scalar("t"), matrix("Bx", "m", "k")
    return identity(*entrywise(kron(A, B * s + other * t), kron(A, B) * s + kron(A, other) * t))


@bilinear_right.twin
def flipped_sign():
    s, t, other = scalar("s"), scalar("t"), matrix("Bx", "m", "k")
    return identity(*entrywise(kron(A, B * s + other * t), kron(A, B) * s - kron(A, other) * t))


@claim(cite="folklore")
def trace_of_product():
    """tr(S (x) T) = tr(S) tr(T), for square S and T of different sizes."""
    other = matrix("T", "m", "m")
    return identity(trace(kron(S, other)), trace(S) * trace(other))


@trace_of_product.twin
def trace_of_matrix_product():
    return identity(trace(S @ T), trace(S) * trace(T))


@claim(cite="folklore")
def frobenius_norm():
    """||A (x) B||_F^2 = ||A||_F^2 ||B||_F^2."""
    return identity(frobenius_squared(kron(A, B)), frobenius_squared(A) * frobenius_squared(B))


@frobenius_norm.twin
def sum_of_norms():
    return identity(frobenius_squared(kron(A, B)), frobenius_squared(A) + frobenius_squared(B))


@claim(cite="folklore")
def inner_products():
    """<A (x) B, A' (x) B'> = <A, A'> <B, B'>."""
    other, more = matrix("Ax", "n", "d"), matrix("Bx", "m", "k")
    return identity(inner(kron(A, B), kron(other, more)), inner(A, other) * inner(B, more))


@inner_products.twin
def crossed():
    return identity(inner(kron(S, T), kron(T, S)), inner(S, S) * inner(T, T))


@claim(cite="folklore")
def unit_matrices():
    """I_n (x) I_m = I_nm."""
    return identity(*entrywise(kron(unit(("n",)), unit(("m",))), unit(("n", "m"))))


@unit_matrices.twin
def ones_instead():
    return identity(*entrywise(kron(unit(("n",)), ones(("m",), ("m",))), unit(("n", "m"))))


@claim(cite="folklore")
def one_side_at_a_time():
    """A (x) B = (A (x) I) (I (x) B): a Kronecker product is applied one factor at a time."""
    return identity(*entrywise(kron(A, B), kron(A, unit(("m",))) @ kron(unit(("d",)), B)))


@one_side_at_a_time.twin
def added_sides():
    return identity(*entrywise(kron(S, T), kron(S, unit(("n",))) + kron(unit(("n",)), T)))


@claim(cite="folklore; Magnus and Neudecker, The commutation matrix: some properties and applications, Ann. Statist. 7 (1979)")
def commutation():
    """K (A (x) B) = (B (x) A) K, where K swaps the two indices of a pair: K[(i2, i1), (j1, j2)] = [i1 = j1] [i2 = j2]."""
    return identity(*entrywise(_swap("n", "m") @ kron(A, B), kron(B, A) @ _swap("d", "k")))


def _swap(first: str, second: str) -> Matrix:
    return Matrix((second, first), (first, second), lambda i2, i1, j1, j2: delta(i1, j1) * delta(i2, j2))


@commutation.twin
def one_side_swapped():
    return identity(*entrywise(_swap("n", "n") @ kron(S, T), kron(T, S)))


# ---- vec: the tensor trick ----------------------------------------------------------------------------------------

@claim(cite="arXiv 2405.16411, the tensor trick; folklore for two matrices")
def tensor_trick():
    """vec(A1 X (A2 (x) A3)^T) = (A1 (x) A2 (x) A3) vec(X), where vec lists the entries row after row.

    A1, A2, A3 are n x d and X is d x d^2; the entry of vec(X) at (a, b, c) is X[a, (b, c)].
    """
    return identity(*entrywise(vec(A1 @ X @ kron(A2, A3).T), kron(A1, A2, A3) @ vec(X)))


@tensor_trick.twin
def swapped_keys():
    return identity(*entrywise(vec(A1 @ X @ kron(A2, A3).T), kron(A1, A3, A2) @ vec(X)))


@claim(cite="folklore")
def vec_of_product():
    """vec(A M B^T) = (A (x) B) vec(M), where vec lists the entries row after row."""
    M = matrix("M", "d", "k")
    return identity(*entrywise(vec(A @ M @ B.T), kron(A, B) @ vec(M)))


@vec_of_product.twin
def order_of_the_other_vec():
    M = matrix("M", "n", "n")
    return identity(*entrywise(vec(S @ M @ T.T), kron(T, S) @ vec(M)))


@claim(cite="folklore; Roth, On direct product matrices, Bull. AMS 40 (1934)")
def vec_of_product_by_columns():
    """vec(A M B^T) = (B (x) A) vec(M), where vec lists the entries column after column."""
    M = matrix("M", "d", "k")
    return identity(*entrywise(vec_by_columns(A @ M @ B.T), kron(B, A) @ vec_by_columns(M)))


@vec_of_product_by_columns.twin
def order_of_the_row_vec():
    M = matrix("M", "n", "n")
    return identity(*entrywise(vec_by_columns(S @ M @ T.T), kron(S, T) @ vec_by_columns(M)))


@claim(cite="folklore")
def vec_inner_product():
    """vec(A)^T vec(A') = tr(A^T A')."""
    other = matrix("Ax", "n", "d")
    return identity((vec(A).T @ vec(other))[()], trace(A.T @ other))


@vec_inner_product.twin
def not_transposed():
    return identity((vec(S).T @ vec(T))[()], trace(S @ T))
