"""The column-wise and the row-wise Kronecker product, (/) and (-), beside (x) and the entrywise product o."""
from tacheck import claim
from tacheck.lang import identity
from theory.kronecker import entrywise, face_splitting, hadamard, khatri_rao, kron, matrix

A, B, C, D = matrix("A", "n", "d"), matrix("B", "m", "k"), matrix("C", "d", "r"), matrix("D", "k", "s")
S, T = matrix("S", "n", "n"), matrix("T", "n", "n")
TENSOR_ALGEBRA = "arXiv 2405.16411, the section on tensor operations"


@claim(cite=TENSOR_ALGEBRA + ", the swap rule")
def swap_rule():
    """(A (x) B) (W1 (/) W2) = (A W1) (/) (B W2).

    A is n x d, W1 is d x r, B is m x k, W2 is k x r.
    """
    W1, other = matrix("W1", "d", "r"), matrix("W2", "k", "r")
    return identity(*entrywise(kron(A, B) @ khatri_rao(W1, other), khatri_rao(A @ W1, B @ other)))


@swap_rule.twin
def swapped_weights():
    W1, other = matrix("W1", "n", "r"), matrix("W2", "n", "r")
    return identity(*entrywise(kron(S, T) @ khatri_rao(W1, other), khatri_rao(S @ other, T @ W1)))


@claim(cite=TENSOR_ALGEBRA)
def gram_of_khatri_rao():
    """(A (/) B)^T (C (/) D) = (A^T C) o (B^T D)."""
    P, Q, R, Z = matrix("A", "n", "r"), matrix("B", "m", "r"), matrix("C", "n", "s"), matrix("D", "m", "s")
    return identity(*entrywise(khatri_rao(P, Q).T @ khatri_rao(R, Z), hadamard(P.T @ R, Q.T @ Z)))


@gram_of_khatri_rao.twin
def product_of_grams():
    return identity(*entrywise(khatri_rao(S, T).T @ khatri_rao(T, S), (S.T @ T) @ (T.T @ S)))


@claim(cite=TENSOR_ALGEBRA)
def gram_of_face_splitting():
    """(A (-) B) (C (-) D)^T = (A C^T) o (B D^T)."""
    P, Q, R, Z = matrix("A", "n", "r"), matrix("B", "n", "s"), matrix("C", "m", "r"), matrix("D", "m", "s")
    return identity(*entrywise(face_splitting(P, Q) @ face_splitting(R, Z).T, hadamard(P @ R.T, Q @ Z.T)))


@gram_of_face_splitting.twin
def swapped_right_factors():
    return identity(*entrywise(face_splitting(S, T) @ face_splitting(T, S).T, hadamard(S @ S.T, T @ T.T)))


@claim(cite="folklore; Slyusar, A family of face products of matrices and its properties (1999)")
def face_splitting_transpose():
    """(A (/) B)^T = A^T (-) B^T."""
    other = matrix("B", "m", "d")
    return identity(*entrywise(khatri_rao(A, other).T, face_splitting(A.T, other.T)))


@face_splitting_transpose.twin
def reversed_factors():
    return identity(*entrywise(khatri_rao(S, T).T, face_splitting(T.T, S.T)))


@claim(cite=TENSOR_ALGEBRA)
def face_splitting_of_kron():
    """(A (-) B) (C (x) D) = (A C) (-) (B D)."""
    other = matrix("B", "n", "k")
    return identity(*entrywise(face_splitting(A, other) @ kron(C, D), face_splitting(A @ C, other @ D)))


@face_splitting_of_kron.twin
def swapped_in_kron():
    return identity(*entrywise(face_splitting(S, T) @ kron(T, S), face_splitting(S @ S, T @ T)))


@claim(cite="folklore; Slyusar, A family of face products of matrices and its properties (1999)")
def face_splitting_of_khatri_rao():
    """(A (-) B) (C (/) D) = (A C) o (B D)."""
    other, Z = matrix("B", "n", "k"), matrix("D", "k", "r")
    return identity(*entrywise(face_splitting(A, other) @ khatri_rao(C, Z), hadamard(A @ C, other @ Z)))


@face_splitting_of_khatri_rao.twin
def hadamard_first():
    return identity(*entrywise(face_splitting(S, T) @ khatri_rao(S, T), hadamard(S, T) @ hadamard(S, T)))


@claim(cite=TENSOR_ALGEBRA)
def hadamard_of_khatri_rao():
    """(A (/) B) o (C (/) D) = (A o C) (/) (B o D)."""
    P, Q, R, Z = matrix("A", "n", "r"), matrix("B", "m", "r"), matrix("C", "n", "r"), matrix("D", "m", "r")
    return identity(*entrywise(hadamard(khatri_rao(P, Q), khatri_rao(R, Z)), khatri_rao(hadamard(P, R), hadamard(Q, Z))))


@hadamard_of_khatri_rao.twin
def grouped_by_side():
    return identity(*entrywise(hadamard(khatri_rao(S, S), khatri_rao(T, T)), khatri_rao(hadamard(S, S), hadamard(T, T))))


@claim(cite=TENSOR_ALGEBRA + ", the distribution rule")
def face_splitting_distributes():
    """(W1 (/) W2) (-) (W3 (/) W4) = (W1 (-) W3) (/) (W2 (-) W4).

    W1 and W3 have n rows, W2 and W4 have m; W1 and W2 have r columns, W3 and W4 have s.
    """
    W1, W2, W3, W4 = matrix("W1", "n", "r"), matrix("W2", "m", "r"), matrix("W3", "n", "s"), matrix("W4", "m", "s")
    return identity(*entrywise(face_splitting(khatri_rao(W1, W2), khatri_rao(W3, W4)),
                               khatri_rao(face_splitting(W1, W3), face_splitting(W2, W4))))


@face_splitting_distributes.twin
def crossed_factors():
    W1, W2, W3, W4 = matrix("W1", "n", "r"), matrix("W2", "n", "r"), matrix("W3", "n", "r"), matrix("W4", "n", "r")
    return identity(*entrywise(face_splitting(khatri_rao(W1, W2), khatri_rao(W3, W4)),
                               khatri_rao(face_splitting(W1, W4), face_splitting(W2, W3))))
