"""The gradients of the loss in everything that a layer is made of, for every n and d at once."""
from dataclasses import replace

from tacheck import claim
from tacheck.lang import diff, identity, scalar
from theory import gradient as formula
from theory.attention import Layer, layer, projected, projections
from theory.gradient import dh, p, q
from theory.kronecker import Matrix, entrywise, gradient, hadamard, inner, kron, row_sums, vec

CITE = "arXiv 2405.16411, the closed form of the gradient"
BEYOND = "arXiv 2405.16411 has the gradient in X only; the others by the same chain"
ORDERS, TENSOR_ORDERS = {"order": range(1, 6)}, {"order": range(2, 6)}


# ---- lies that the twins tell -------------------------------------------------------------------------------------

def uncorrected(a: Layer) -> Matrix:
    """p without diag((f o q) 1) f."""
    return hadamard(a.f, q(a))


def wrongly_corrected(a: Layer) -> Matrix:
    """p with the correction added."""
    return uncorrected(a) * 2 - p(a)


def unnormalised(a: Layer) -> Matrix:
    """The gradient in the values with u in place of f."""
    return a.u.T @ a.c


# ---- p -----------------------------------------------------------------------------------------------------------

@claim(cite=CITE, over={"order": range(1, 6), "matrices": ("distinct", "equal")})
def p_row_sums(order, matrices):
    """p 1 = 0: the gradient in the scores of a query sums to zero, as a common shift of them changes nothing."""
    return identity(*entrywise(row_sums(p(layer(order, matrices))), row_sums(layer(order, matrices).f) * 0))


@p_row_sums.twin
def without_correction(order, matrices):
    return identity(*entrywise(row_sums(uncorrected(layer(order, matrices))), row_sums(layer(order, matrices).f) * 0))


@claim(cite="folklore", over={"order": range(1, 4)})
def dscale(order):
    """With scores s Z, dLoss/ds = <p, Z>: the derivative by an inverse temperature."""
    s = scalar("s")
    a = replace(layer(order), scale=s)
    return identity(diff(a.loss, s), inner(p(a), replace(a, scale=1).scores))


@dscale.twin
def uncorrected_pairing(order):
    s = scalar("s")
    a = replace(layer(order), scale=s)
    return identity(diff(a.loss, s), inner(uncorrected(a), replace(a, scale=1).scores))


# ---- X ------------------------------------------------------------------------------------------------------------

@claim(cite=CITE, over=ORDERS, derives="attention")
def dX(order):
    """dLoss/dX = (1/d) A1^T p (A2 (x) A3), where p = f o q - diag((f o q) 1) f, q = c h^T and c = f h - E.

    f = row_softmax(A1 X (A2 (x) A3)^T / d) are the weights, n x n^2; h = (A4 (x) A5) Y the values; E the target, n x d.
    """
    a = layer(order)
    return identity(*entrywise(gradient(a.loss, a.X), formula.dX(a, p(a))))


@dX.twin
def dropped_correction(order):
    a = layer(order)
    return identity(*entrywise(gradient(a.loss, a.X), formula.dX(a, uncorrected(a))))


@dX.twin
def flipped_correction(order):
    a = layer(order)
    return identity(*entrywise(gradient(a.loss, a.X), formula.dX(a, wrongly_corrected(a))))


@claim(cite=CITE, over=ORDERS)
def dX_self_attention(order):
    """The same with A1 = A2 = ... = A: the formula does not need different matrices."""
    a = layer(order, "equal")
    return identity(*entrywise(gradient(a.loss, a.X), formula.dX(a, p(a))))


@dX_self_attention.twin
def dropped_correction_too(order):
    a = layer(order, "equal")
    return identity(*entrywise(gradient(a.loss, a.X), formula.dX(a, uncorrected(a))))


@claim(cite="arXiv 2405.16411, the lemma that prints the gradient without 1/d", expect="refuted", over={"order": (1, 2)})
def dX_without_scale(order):
    """dLoss/dX = A1^T p (A2 (x) A3): false, for the scores in the loss are divided by d.

    The two agree at d = 1 only; gradient.dX is the correct one.
    """
    a = layer(order)
    return identity(*entrywise(gradient(a.loss, a.X), formula.dX(replace(a, scale=1), p(a))))


@dX_without_scale.twin
def uncorrected_besides(order):
    a = layer(order)
    return identity(*entrywise(gradient(a.loss, a.X), formula.dX(replace(a, scale=1), uncorrected(a))))


@claim(cite=CITE, over={"order": (1, 2)})
def dX_any_scale(order):
    """With scores s A1 X (A2 (x) A3)^T, dLoss/dX = s A1^T p (A2 (x) A3): s = 1/d and s = 1/sqrt(d) are two cases."""
    a = replace(layer(order), scale=scalar("s"))
    return identity(*entrywise(gradient(a.loss, a.X), formula.dX(a, p(a))))


@dX_any_scale.twin
def missing_scale(order):
    a = replace(layer(order), scale=scalar("s"))
    return identity(*entrywise(gradient(a.loss, a.X), formula.dX(replace(a, scale=1), p(a))))


@claim(cite=CITE, over={"order": (1, 2)})
def dX_vec(order):
    """vec(dLoss/dX) = (1/d) (A1 (x) A2 (x) A3)^T vec(p), where vec lists the entries row after row."""
    a = layer(order)
    return identity(*entrywise(vec(gradient(a.loss, a.X)), kron(*a.A).T @ vec(p(a)) * a.scale))


@dX_vec.twin
def swapped_queries_and_keys(order):
    a = layer(order)
    return identity(*entrywise(vec(gradient(a.loss, a.X)), kron(a.A[1], a.A[0], *a.A[2:]).T @ vec(p(a)) * a.scale))


@claim(cite=BEYOND, over=ORDERS, derives="attention")
def dX1(order):
    """dLoss/dX1 = (1/d) A1^T p (K1 (/) K2), where X = X1 (X2 (/) X3)^T, K1 = A2 X2 and K2 = A3 X3."""
    return factor_of_X(order, 1, p)


@dX1.twin
def dropped_correction_in_X1(order):
    return factor_of_X(order, 1, uncorrected)


@claim(cite=BEYOND, over=ORDERS, derives="attention")
def dX2(order):
    """dLoss/dX2 = (1/d) A2^T p_(1) (Q (/) K2), where p_(1) is p unfolded by its first key, and Q = A1 X1."""
    return factor_of_X(order, 2, p)


@dX2.twin
def dropped_correction_in_X2(order):
    return factor_of_X(order, 2, uncorrected)


@claim(cite=BEYOND, over=TENSOR_ORDERS, derives="attention")
def dX3(order):
    """dLoss/dX3 = (1/d) A3^T p_(2) (Q (/) K1), where p_(2) is p unfolded by its second key."""
    return factor_of_X(order, 3, p)


@dX3.twin
def dropped_correction_in_X3(order):
    return factor_of_X(order, 3, uncorrected)


def factor_of_X(order, m, p):
    a, X = projected(order), projections("X", order + 1)
    return identity(*entrywise(gradient(a.loss, X[m - 1]), formula.dX_factor(a, X, m, p(a))))


# ---- Y and E ------------------------------------------------------------------------------------------------------

@claim(cite=BEYOND, over=ORDERS, derives="attention")
def dY(order):
    """dLoss/dY = (A4 (x) A5)^T f^T c."""
    a = layer(order)
    return identity(*entrywise(gradient(a.loss, a.Y), formula.dY(a, dh(a))))


@dY.twin
def unnormalised_weights(order):
    a = layer(order)
    return identity(*entrywise(gradient(a.loss, a.Y), formula.dY(a, unnormalised(a))))


@claim(cite=BEYOND, over=ORDERS, derives="attention")
def dY1(order):
    """dLoss/dY1[b, l] = the sum of A4[j1, b] (f^T c)[(j1, j2), l] V2[j2, l], where Y = Y1 (/) Y2 and V2 = A5 Y2."""
    return factor_of_Y(order, 1, dh)


@dY1.twin
def unnormalised_weights_in_Y1(order):
    return factor_of_Y(order, 1, unnormalised)


@claim(cite=BEYOND, over=TENSOR_ORDERS, derives="attention")
def dY2(order):
    """dLoss/dY2[b, l] = the sum of A5[j2, b] (f^T c)[(j1, j2), l] V1[j1, l], where V1 = A4 Y1."""
    return factor_of_Y(order, 2, dh)


@dY2.twin
def unnormalised_weights_in_Y2(order):
    return factor_of_Y(order, 2, unnormalised)


def factor_of_Y(order, m, dh):
    a, Y = projected(order), projections("Y", order)
    return identity(*entrywise(gradient(a.loss, Y[m - 1]), formula.dY_factor(a, Y, m, dh(a))))


@claim(cite=BEYOND, over=ORDERS, derives="attention")
def dE(order):
    """dLoss/dE = -c."""
    a = layer(order)
    return identity(*entrywise(gradient(a.loss, a.E), -a.c))


@dE.twin
def flipped_sign(order):
    a = layer(order)
    return identity(*entrywise(gradient(a.loss, a.E), a.c))


# ---- the inputs A1, A2, ... ---------------------------------------------------------------------------------------

def inputs(order, m, p, dh):
    a = layer(order)
    return identity(*entrywise(gradient(a.loss, (a.A + a.W)[m - 1]), formula.dA(a, m, p(a), dh(a))))


@claim(cite=BEYOND, over=ORDERS, derives="attention")
def dA1(order):
    """dLoss/dA1 = (1/d) p (A2 (x) A3) X^T: the gradient in the queries."""
    return inputs(order, 1, p, dh)


@dA1.twin
def dropped_correction_in_A1(order):
    return inputs(order, 1, uncorrected, unnormalised)


@claim(cite=BEYOND, over=ORDERS, derives="attention")
def dA2(order):
    """dLoss/dA2 = (1/d) p_(1) (A1 (x) A3) X_(1)^T, where M_(k) is M unfolded by its index number k, from 0."""
    return inputs(order, 2, p, dh)


@dA2.twin
def dropped_correction_in_A2(order):
    return inputs(order, 2, uncorrected, unnormalised)


@claim(cite=BEYOND, over=ORDERS, derives="attention")
def dA3(order):
    """dLoss/dA3 = (1/d) p_(2) (A1 (x) A2) X_(2)^T; at order 1, where A3 holds the values, f^T c Y^T."""
    return inputs(order, 3, p, dh)


@dA3.twin
def wrong_gradients_for_A3(order):
    return inputs(order, 3, uncorrected, unnormalised)


@claim(cite=BEYOND, over=TENSOR_ORDERS, derives="attention")
def dA4(order):
    """dLoss/dA4 = (f^T c)_(0) (A5 (x) I) Y_(0)^T, at order 2; at higher orders A4 is a key, as A3 is."""
    return inputs(order, 4, p, dh)


@dA4.twin
def wrong_gradients_for_A4(order):
    return inputs(order, 4, uncorrected, unnormalised)


@claim(cite=BEYOND, over=TENSOR_ORDERS, derives="attention")
def dA5(order):
    """dLoss/dA5 = (f^T c)_(1) (A4 (x) I) Y_(1)^T, at orders 2 and 3; at higher orders A5 is a key, as A3 is."""
    return inputs(order, 5, p, dh)


@dA5.twin
def wrong_gradients_for_A5(order):
    return inputs(order, 5, uncorrected, unnormalised)
