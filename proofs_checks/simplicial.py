"""The gradients of attention in the form used in practice, for any number of queries and keys, any scale and any loss."""
from tacheck import claim
from tacheck.lang import diff, identity
from theory.attention import projected, projections
from theory.kronecker import entrywise, gradient, hadamard, inner, khatri_rao, ones, row_sums
from theory.simplicial import Simplicial, d_score_factor, d_value_factor, simplicial

CITE = "arXiv 2507.02754, 2-simplicial attention; order 1: arXiv 2205.14135, the backward pass"
ORDERS, TENSOR_ORDERS = {"order": range(1, 6)}, {"order": range(2, 6)}


def uncorrected(a: Simplicial):
    """f o q: the gradient in the scores without its correction."""
    return hadamard(a.f, a.G @ a.h.T)


def query_or_key(order, m, P=lambda a: a.p):
    a = simplicial(order)
    return identity(*entrywise(gradient(a.loss, (a.Q, *a.K)[m]), d_score_factor(a, m, P(a))))


def value(order, m, f=lambda a: a.f):
    a = simplicial(order)
    return identity(*entrywise(gradient(a.loss, a.V[m - 1]), d_value_factor(a, m, f(a))))


@claim(cite=CITE, over=ORDERS, derives="simplicial")
def dQ(order):
    """dQ[i, a] = s times the sum over j1, j2 of p[i, j1, j2] K1[j1, a] K2[j2, a].

    Here f = softmax of s (Q (K1 (/) K2)^T), h = V1 (/) V2, q = G h^T and p = f o q - diag((f o q) 1) f.
    """
    return query_or_key(order, 0)


@dQ.twin
def dropped_correction(order):
    return query_or_key(order, 0, uncorrected)


@claim(cite=CITE, over=ORDERS, derives="simplicial")
def dK1(order):
    """dK1[j1, a] = s times the sum over i, j2 of p[i, j1, j2] Q[i, a] K2[j2, a]."""
    return query_or_key(order, 1)


@dK1.twin
def dropped_correction_in_K1(order):
    return query_or_key(order, 1, uncorrected)


@claim(cite=CITE, over=TENSOR_ORDERS, derives="simplicial")
def dK2(order):
    """dK2[j2, a] = s times the sum over i, j1 of p[i, j1, j2] Q[i, a] K1[j1, a]."""
    return query_or_key(order, 2)


@dK2.twin
def dropped_correction_in_K2(order):
    return query_or_key(order, 2, uncorrected)


@claim(cite=CITE, over=ORDERS, derives="simplicial")
def dV1(order):
    """dV1[j1, l] = the sum over i, j2 of f[i, j1, j2] G[i, l] V2[j2, l]."""
    return value(order, 1)


@dV1.twin
def doubled_weights(order):
    return value(order, 1, lambda a: a.f * 2)


@claim(cite=CITE, over=TENSOR_ORDERS, derives="simplicial")
def dV2(order):
    """dV2[j2, l] = the sum over i, j1 of f[i, j1, j2] G[i, l] V1[j1, l]."""
    return value(order, 2)


@dV2.twin
def doubled_weights_in_V2(order):
    return value(order, 2, lambda a: a.f * 2)


@claim(cite=CITE, over={"order": (1, 2)})
def scale_in_the_gradient(order):
    """The scale stays in dQ: with s = 1/sqrt(d) or s = 1/d the gradient is s p (K1 (/) K2)."""
    a = simplicial(order)
    return identity(*entrywise(gradient(a.loss, a.Q), a.p @ khatri_rao(*a.K) * a.scale))


@scale_in_the_gradient.twin
def missing_scale(order):
    a = simplicial(order)
    return identity(*entrywise(gradient(a.loss, a.Q), a.p @ khatri_rao(*a.K)))


@claim(cite="arXiv 2205.14135, the backward pass", over=ORDERS)
def correction_from_the_output(order):
    """((f o q) 1)[i] = the sum over l of G[i, l] out[i, l]: the correction needs the output, not the weights."""
    a = simplicial(order)
    return identity(*entrywise(row_sums(uncorrected(a)), row_sums(hadamard(a.G, a.output))))


@correction_from_the_output.twin
def without_the_output(order):
    a = simplicial(order)
    return identity(*entrywise(row_sums(uncorrected(a)), row_sums(a.G)))


@claim(cite="folklore")
def key_gradients_cancel():
    """In matrix attention the rows of dK sum to zero: a vector added to all keys changes nothing."""
    dK = gradient(simplicial(1).loss, simplicial(1).K[0])
    return identity(*entrywise(ones(dK.rows).T @ dK, ones(dK.rows).T @ dK * 0))


@key_gradients_cancel.twin
def in_tensor_attention():
    dK = gradient(simplicial(2).loss, simplicial(2).K[0])
    return identity(*entrywise(ones(dK.rows).T @ dK, ones(dK.rows).T @ dK * 0))


@claim(cite="folklore", over={"order": range(1, 4)})
def score_gradients_balance(order):
    """<Q, dQ> = <K1, dK1>: a factor moved from the queries to the keys changes nothing."""
    a = simplicial(order)
    return identity(inner(a.Q, gradient(a.loss, a.Q)), inner(a.K[0], gradient(a.loss, a.K[0])))


@score_gradients_balance.twin
def values_balance_too(order):
    a = simplicial(order)
    return identity(inner(a.Q, gradient(a.loss, a.Q)), inner(a.V[0], gradient(a.loss, a.V[0])))


@claim(cite="folklore", over={"order": range(1, 4)})
def derivative_by_scale(order):
    """s d<G, out>/ds = <Q, dQ>: the scale is one more factor of the scores."""
    a = simplicial(order)
    return identity(a.scale * diff(a.loss, a.scale), inner(a.Q, gradient(a.loss, a.Q)))


@derivative_by_scale.twin
def paired_with_values(order):
    a = simplicial(order)
    return identity(a.scale * diff(a.loss, a.scale), inner(a.V[0], gradient(a.loss, a.V[0])))


@claim(cite="arXiv 2405.16411 and the practical form, side by side", over={"order": range(1, 4)})
def of_a_layer(order):
    """A layer with X = X1 (X2 (/) X3)^T and Y = Y1 (/) Y2 is simplicial: Q = A1 X1, K1 = A2 X2, V1 = A4 Y1, scale 1/d."""
    a, X, Y = projected(order), projections("X", order + 1), projections("Y", order)
    Q, *K = (A @ x for A, x in zip(a.A, X))
    V = tuple(W @ y for W, y in zip(a.W, Y))
    return identity(*entrywise(a.output, Simplicial(Q, tuple(K), V, a.scale).output))


@of_a_layer.twin
def keys_as_values(order):
    a, X = projected(order), projections("X", order + 1)
    Q, *K = (A @ x for A, x in zip(a.A, X))
    return identity(*entrywise(a.output, Simplicial(Q, tuple(K), tuple(K), a.scale).output))
