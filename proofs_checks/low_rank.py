"""Low-rank factors of a matrix with n^2 columns, U (V (/) W)^T, through every step of attention and its gradient.

Each claim holds for every n, d and rank; none of them forms a matrix with n^2 columns on its right side.
"""
from tacheck import claim
from tacheck.lang import identity
from theory.kronecker import (
    entrywise,
    face_splitting,
    hadamard,
    inner,
    khatri_rao,
    kron,
    low_rank,
    matrix,
    ones,
    row_sums,
    scale_rows,
    unfold,
)
from theory.softmax import reciprocal, row_normalise

U, V, W = matrix("U", "n", "r"), matrix("V", "n", "r"), matrix("W", "n", "r")
U2, V2, W2 = matrix("Ux", "n", "s"), matrix("Vx", "n", "s"), matrix("Wx", "n", "s")
A1, A2, A3 = matrix("A1", "n", "d"), matrix("A2", "n", "d"), matrix("A3", "n", "d")
H1, H2 = matrix("H1", "n", "d"), matrix("H2", "n", "d")
v = matrix("v", "n")
FAST_GRADIENT = "arXiv 2405.16411, the fast gradient by low-rank factors"


@claim(cite=FAST_GRADIENT)
def hadamard_multiplies_ranks():
    """U (V (/) W)^T o U' (V' (/) W')^T = (U (-) U') ((V (-) V') (/) (W (-) W'))^T: ranks r and s give rank r s.

    So f o q has low-rank factors when f and q have them.
    """
    return identity(*entrywise(hadamard(low_rank(U, V, W), low_rank(U2, V2, W2)),
                               low_rank(face_splitting(U, U2), face_splitting(V, V2), face_splitting(W, W2))))


@hadamard_multiplies_ranks.twin
def hadamard_of_factors():
    other = [matrix(name, "n", "r") for name in ("Ux", "Vx", "Wx")]
    return identity(*entrywise(hadamard(low_rank(U, V, W), low_rank(*other)),
                               low_rank(*(hadamard(F, G) for F, G in zip((U, V, W), other)))))


@claim(cite=FAST_GRADIENT)
def forward():
    """U (V (/) W)^T (H1 (/) H2) = U ((V^T H1) o (W^T H2)): the output, without a matrix of n^2 rows."""
    return identity(*entrywise(low_rank(U, V, W) @ khatri_rao(H1, H2), U @ hadamard(V.T @ H1, W.T @ H2)))


@forward.twin
def swapped_values():
    return identity(*entrywise(low_rank(U, V, W) @ khatri_rao(H1, H2), U @ hadamard(V.T @ H2, W.T @ H1)))


@claim(cite=FAST_GRADIENT)
def normaliser():
    """U (V (/) W)^T 1 = U ((V^T 1) o (W^T 1)): the row sums."""
    one = ones(("n",))
    return identity(*entrywise(row_sums(low_rank(U, V, W)), U @ hadamard(V.T @ one, W.T @ one)))


@normaliser.twin
def sums_of_products():
    return identity(*entrywise(row_sums(low_rank(U, V, W)), U @ hadamard(V, W).T @ ones(("n",))))


@claim(cite=FAST_GRADIENT)
def attention():
    """With weights U (V (/) W)^T, normalised, the output is U ((V^T H1) o (W^T H2)) over U ((V^T 1) o (W^T 1))."""
    return identity(*entrywise(row_normalise(low_rank(U, V, W)) @ khatri_rao(H1, H2), quotient(ones(("n",)))))


def quotient(one):
    """The output over the row sums, both from the factors."""
    return scale_rows(reciprocal(U @ hadamard(V.T @ one, W.T @ one)), U @ hadamard(V.T @ H1, W.T @ H2))


@attention.twin
def normalised_by_twos():
    return identity(*entrywise(row_normalise(low_rank(U, V, W)) @ khatri_rao(H1, H2), quotient(ones(("n",)) * 2)))


@claim(cite=FAST_GRADIENT)
def row_scaling():
    """diag(v) U (V (/) W)^T = (diag(v) U) (V (/) W)^T: dividing by the row sums keeps the rank."""
    return identity(*entrywise(scale_rows(v, low_rank(U, V, W)), low_rank(scale_rows(v, U), V, W)))


@row_scaling.twin
def scaled_keys():
    return identity(*entrywise(scale_rows(v, low_rank(U, V, W)), low_rank(U, scale_rows(v, V), W)))


@claim(cite=FAST_GRADIENT)
def weights_gradient():
    """c h^T (V (/) W) = c ((H1^T V) o (H2^T W)) for h = H1 (/) H2: q = c h^T has factors c, H1, H2 of rank d."""
    c = matrix("c", "n", "d")
    return identity(*entrywise(c @ khatri_rao(H1, H2).T @ khatri_rao(V, W), c @ hadamard(H1.T @ V, H2.T @ W)))


@weights_gradient.twin
def matrix_product_instead():
    c, F, G = matrix("c", "n", "n"), matrix("F", "n", "n"), matrix("G", "n", "n")
    return identity(*entrywise(c @ khatri_rao(F, G).T @ khatri_rao(F, G), c @ (F.T @ F) @ (G.T @ G)))


@claim(cite=FAST_GRADIENT)
def sandwich():
    """A1^T U (V (/) W)^T (A2 (x) A3) = (A1^T U) ((A2^T V) (/) (A3^T W))^T.

    With p = U (V (/) W)^T this is the gradient in X: O(n d r + d^3 r) operations in place of O(n^3 d^2).
    """
    return identity(*entrywise(A1.T @ low_rank(U, V, W) @ kron(A2, A3), low_rank(A1.T @ U, A2.T @ V, A3.T @ W)))


@sandwich.twin
def swapped_keys():
    return identity(*entrywise(A1.T @ low_rank(U, V, W) @ kron(A2, A3), low_rank(A1.T @ U, A3.T @ V, A2.T @ W)))


@claim(cite=FAST_GRADIENT)
def key_gradient():
    """Unfolded by its first key, U (V (/) W)^T times Q (/) K2 is V ((U^T Q) o (W^T K2)): the gradient in K1."""
    return identity(*entrywise(unfold(low_rank(U, V, W), 1) @ khatri_rao(A1, A3), V @ hadamard(U.T @ A1, W.T @ A3)))


@key_gradient.twin
def wrong_mode():
    return identity(*entrywise(unfold(low_rank(U, V, W), 2) @ khatri_rao(A1, A3), V @ hadamard(U.T @ A1, W.T @ A3)))


@claim(cite=FAST_GRADIENT)
def value_gradient():
    """(U (V (/) W)^T)^T c = (V (/) W) (U^T c): the gradient in the values has factors too."""
    c = matrix("c", "n", "d")
    return identity(*entrywise(low_rank(U, V, W).T @ c, khatri_rao(V, W) @ (U.T @ c)))


@value_gradient.twin
def not_transposed():
    c = matrix("c", "n", "n")
    F = matrix("F", "n", "n")
    return identity(*entrywise(low_rank(F, V @ V.T, W @ W.T).T @ c, khatri_rao(V @ V.T, W @ W.T) @ (F @ c)))


@claim(cite="folklore")
def inner_product():
    """<U (V (/) W)^T, U' (V' (/) W')^T> = 1^T ((U^T U') o (V^T V') o (W^T W')) 1."""
    grams = hadamard(U.T @ U2, hadamard(V.T @ V2, W.T @ W2))
    return identity(inner(low_rank(U, V, W), low_rank(U2, V2, W2)), inner(grams, ones(("r",), ("s",))))


@inner_product.twin
def dropped_factor():
    grams = hadamard(U.T @ U2, V.T @ V2)
    return identity(inner(low_rank(U, V, W), low_rank(U2, V2, W2)), inner(grams, ones(("r",), ("s",))))


@claim(cite="folklore")
def khatri_rao_is_associative():
    """(U (/) V) (/) W = U (/) (V (/) W)."""
    return identity(*entrywise(khatri_rao(khatri_rao(U, V), W), khatri_rao(U, khatri_rao(V, W))))


@khatri_rao_is_associative.twin
def commutative():
    return identity(*entrywise(khatri_rao(U, V), khatri_rao(V, U)))


@claim(cite="folklore")
def unfoldings():
    """U (V (/) W)^T unfolded by its second key is W (U (/) V)^T: the three factors play equal parts."""
    return identity(*entrywise(unfold(low_rank(U, V, W), 2), low_rank(W, U, V)))


@unfoldings.twin
def in_the_wrong_order():
    return identity(*entrywise(unfold(low_rank(U, V, W), 2), low_rank(W, V, U)))
