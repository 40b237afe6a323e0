"""Masks as weights: causal, 2-D sliding window or any other; a weight is usually 0 or 1, and may be any number.

Denominators then rest on a sum that is not 0: at least one weight of each row counts.
"""
from tacheck import claim
from tacheck.lang import delta, diff, dim, exp, identity
from theory.attention import layer
from theory.gradient import back_through_softmax, dX, q
from theory.kronecker import (
    Matrix,
    entrywise,
    face_splitting,
    gradient,
    hadamard,
    inner,
    matrix,
    ones,
    row_sums,
    scale_rows,
    unit,
)
from theory.softmax import masked_softmax, row_softmax

ORDERS = {"order": range(1, 6)}
i, j, k = dim("n", "i j k")
(b,) = dim("d", "b")


def mask_and_scores(order: int) -> tuple[Matrix, Matrix]:
    """Any two n x n^order matrices."""
    keys = " ".join(["n"] * order)
    return matrix("w", "n", keys), matrix("Z", "n", keys)


@claim(cite="folklore", over=ORDERS)
def weights_sum_to_one(order):
    """Each row of a masked softmax sums to 1."""
    f = masked_softmax(*mask_and_scores(order))
    return identity(*entrywise(row_sums(f), ones(f.rows)))


@weights_sum_to_one.twin
def masked_afterwards(order):
    w, Z = mask_and_scores(order)
    return identity(*entrywise(row_sums(hadamard(w, row_softmax(Z))), ones(w.rows)))


@claim(cite="folklore", over=ORDERS)
def nothing_masked(order):
    """A mask of ones is no mask."""
    Z = mask_and_scores(order)[1]
    return identity(*entrywise(masked_softmax(ones(Z.rows, Z.cols), Z), row_softmax(Z)))


@nothing_masked.twin
def any_mask(order):
    return identity(*entrywise(masked_softmax(*mask_and_scores(order)), row_softmax(mask_and_scores(order)[1])))


@claim(cite="folklore", over={"order": range(1, 4)})
def masked_means_zero(order):
    """f[i, J] times its denominator is w[i, J] exp(z[i, J]): where w is 0, f is 0."""
    w, Z = mask_and_scores(order)
    u = Matrix(Z.rows, Z.cols, lambda *at: w[at] * exp(Z[at]))
    return identity(*entrywise(scale_rows(row_sums(u), masked_softmax(w, Z)), u))


@masked_means_zero.twin
def unmasked_numerator(order):
    w, Z = mask_and_scores(order)
    u = Matrix(Z.rows, Z.cols, lambda *at: w[at] * exp(Z[at]))
    return identity(*entrywise(scale_rows(row_sums(u), masked_softmax(w, Z)), Matrix(Z.rows, Z.cols, lambda *at: exp(Z[at]))))


@claim(cite="folklore", over={"order": range(1, 4)})
def factor_for_each_query(order):
    """A mask multiplied by a number for each query is the same mask."""
    w, Z = mask_and_scores(order)
    return identity(*entrywise(masked_softmax(scale_rows(matrix("g", "n"), w), Z), masked_softmax(w, Z)))


@factor_for_each_query.twin
def factor_for_each_key(order):
    w, Z = mask_and_scores(order)
    g = matrix("g", "n")
    scaled = Matrix(w.rows, w.cols, lambda i, j, *J: g[j] * w[i, j, *J])
    return identity(*entrywise(masked_softmax(scaled, Z), masked_softmax(w, Z)))


@claim(cite="folklore")
def own_key_only():
    """Where each query sees its own key only, the output is the values."""
    Z, h = matrix("Z", "n", "n"), matrix("h", "n", "d")
    return identity(*entrywise(masked_softmax(unit(("n",)), Z) @ h, h))


@own_key_only.twin
def all_keys():
    Z, h = matrix("Z", "n", "n"), matrix("h", "n", "d")
    return identity(*entrywise(masked_softmax(ones(("n",), ("n",)), Z) @ h, h))


@claim(cite="folklore")
def window_of_pairs():
    """Scores z1[i, j1] + z2[i, j2] under a window w1[i, j1] w2[i, j2] give weights f1[i, j1] f2[i, j2].

    Without a trilinear term, tensor attention is two matrix attentions, whose values are multiplied.
    """
    w1, w2, Z1, Z2 = (matrix(name, "n", "n") for name in ("w1", "w2", "Z1", "Z2"))
    summed = Matrix(("n",), ("n", "n"), lambda i, j1, j2: Z1[i, j1] + Z2[i, j2])
    return identity(*entrywise(masked_softmax(face_splitting(w1, w2), summed),
                               face_splitting(masked_softmax(w1, Z1), masked_softmax(w2, Z2))))


@window_of_pairs.twin
def multiplied_scores():
    w1, w2, Z1, Z2 = (matrix(name, "n", "n") for name in ("w1", "w2", "Z1", "Z2"))
    return identity(*entrywise(masked_softmax(face_splitting(w1, w2), face_splitting(Z1, Z2)),
                               face_splitting(masked_softmax(w1, Z1), masked_softmax(w2, Z2))))


@claim(cite="folklore")
def derivative_by_a_score():
    """d out[i, b] / d z[k, j] = delta_ik f[i, j] (h[j, b] - out[i, b]): a masked score, where f is 0, has no influence."""
    f, h = masked_softmax(*mask_and_scores(1)), matrix("h", "n", "d")
    Z, out = mask_and_scores(1)[1], f @ h
    return identity(diff(out[i, b], Z[k, j]), delta(i, k) * f[i, j] * (h[j, b] - out[i, b]))


@derivative_by_a_score.twin
def dropped_output():
    f, h = masked_softmax(*mask_and_scores(1)), matrix("h", "n", "d")
    return identity(diff((f @ h)[i, b], mask_and_scores(1)[1][k, j]), delta(i, k) * f[i, j] * h[j, b])


@claim(cite="folklore; the closed form of arXiv 2405.16411 with masked weights", over={"order": range(1, 4)})
def gradient_in_X(order):
    """Under any mask dX = (1/d) A1^T p (A2 (x) A3), with the masked weights in p = f o q - diag((f o q) 1) f."""
    a, f, G = layer(order), masked_weights(order), matrix("G", "n", "d")
    return identity(*entrywise(gradient(inner(G, f @ a.h), a.X), dX(a, back_through_softmax(f, q(a, G)))))


def masked_weights(order: int) -> Matrix:
    return masked_softmax(mask_and_scores(order)[0], layer(order).scores)


@gradient_in_X.twin
def dropped_correction(order):
    a, f, G = layer(order), masked_weights(order), matrix("G", "n", "d")
    return identity(*entrywise(gradient(inner(G, f @ a.h), a.X), dX(a, hadamard(f, q(a, G)))))
