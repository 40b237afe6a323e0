"""Almost linear time: outputs and gradients of polynomial attention from the moments of three symmetric slots.

Every claim holds for all coefficients of a polynomial of the degree g named, all numbers of tokens, and all widths.
"""
from dataclasses import replace
from fractions import Fraction

from tacheck import claim
from tacheck.lang import Expr, identity, scalar, term
from theory.gradient import back_through_softmax, khatri_rao_gradient
from theory.kronecker import (
    Matrix,
    entrywise,
    gradient,
    hadamard,
    inner,
    khatri_rao,
    kron,
    map_entries,
    matrix,
    row_sums,
    scale_rows,
    total,
)
from theory.moments import attention, dX, dX_dense, slots, slots_of
from theory.polynomial import derivative, evaluate
from theory.softmax import reciprocal

OURS = "this library; the low-rank factors are of arXiv 2302.13214, 2310.04064 and 2405.16411"
G = matrix("G", "n", "e")
ORDERS = {"order": (1, 2), "g": (1, 2, 3)}
SLOTS = {"slot": (0, 1, 2), "g": (1, 2, 3)}


# ---- the functional -------------------------------------------------------------------------------------------------

@claim(cite=OURS, over=ORDERS)
def functional(order, g):
    """T = <U, C_0 phi(Q)>: the sum over all tuples of keys from two products of moments, and so for every slot."""
    t = slots(order, g)
    return identity(t.T, inner(t.u[0], t.values(0)))


@functional.twin
def constant_left_out(order, g):
    t = slots(order, g)
    return identity(t.T, inner(t.u[0], replace(t, c=[term(0), *t.c[1:]]).values(0)))


@claim(cite=OURS, over=SLOTS)
def values(slot, g):
    """dT/d(columns of slot s) = C_s phi(x), C_s = c_k (product of the moments of the other slots): gives dV1 and dV2."""
    t = slots(2, g)
    return identity(*entrywise(gradient(t.T, t.u[slot]), t.values(slot)))


@values.twin
def without_coefficients(slot, g):
    t = slots(2, g)
    return identity(*entrywise(gradient(t.T, t.u[slot]), replace(t, c=[term(1)] * len(t.c)).values(slot)))


@claim(cite=OURS, over=SLOTS)
def points(slot, g):
    """dT/d(points of slot s): k C_s with one index kept and the others contracted with the point: gives dQ, dK1 and dK2.

    In monomials: sum over b of (b_c + 1) C_s[m, b + e_c] u_m x^b, the coefficients shifted once.
    """
    t = slots(2, g)
    return identity(*entrywise(gradient(t.T, t.x[slot]), t.points(slot)))


@points.twin
def without_the_shift(slot, g):
    t = slots(2, g)
    wrong = replace(t, c=[c / (k + 1) for k, c in enumerate(t.c)])
    return identity(*entrywise(gradient(t.T, t.x[slot]), wrong.points(slot)))


# ---- attention ------------------------------------------------------------------------------------------------------

@claim(cite=OURS, over=ORDERS)
def normaliser(order, g):
    """D_i, the sum of P(s_ijl) over all j, l, from the moments with column 1."""
    a = attention(order, g)
    return identity(*entrywise(a.D, a.fast_D()))


@normaliser.twin
def one_coefficient_for_all(order, g):
    a = attention(order, g)
    return identity(*entrywise(a.D, replace(a, c=[a.c[0]] * len(a.c)).fast_D()))


@claim(cite=OURS, over=ORDERS)
def outputs(order, g):
    """out = num/D, both from moments: the output of polynomial attention in time linear in the number of tokens."""
    a = attention(order, g)
    return identity(*entrywise(a.output, scale_rows(reciprocal(a.fast_D()), a.fast_numerator())))


@outputs.twin
def not_normalised(order, g):
    a = attention(order, g)
    return identity(*entrywise(a.output, a.fast_numerator()))


def loss(a) -> Expr:
    """<G, out>: its derivatives are those of any loss whose gradient in the outputs is G."""
    return inner(G, a.output)


@claim(cite=OURS, over={"slot": (0, 1, 2), "g": (1, 2)})
def gradient_of_points(slot, g):
    """The gradient of <G, out> in Q, K1, K2 is that of the scores, p = P'(s) (q - G . out)/D, contracted: exactly.

    q = G (V1 (/) V2)^T.  The fast gradient is the gradient of polynomial attention, not an approximation of it.
    """
    a = attention(2, g)
    return identity(*entrywise(gradient(loss(a), a.x[slot]), khatri_rao_gradient(a.p(G), a.x, slot)))


@gradient_of_points.twin
def weights_for_slopes(slot, g):
    a = attention(2, g)
    p = back_through_softmax(scale_rows(reciprocal(a.D), a.kernel.weights), a.q(G))
    return identity(*entrywise(gradient(loss(a), a.x[slot]), khatri_rao_gradient(p, a.x, slot)))


@claim(cite=OURS, over={"g": (1, 2)})
def gradient_of_values(g):
    """The gradient of <G, out> in V1 is f unfolded by the first key times G o (V2 by columns): f of degree g, normalised."""
    a = attention(2, g)
    f = scale_rows(reciprocal(a.D), a.kernel.weights)
    return identity(*entrywise(gradient(loss(a), a.v[0]), over_second(f.T @ G, a.v)))


def over_second(H: Matrix, v) -> Matrix:
    """The sum over l of H[(j, l), c] V2[l, c]."""
    return Matrix(v[0].rows, v[0].cols, lambda j, c: total(v[1].rows, lambda k: H[j, k, c] * v[1][k, c]))


@gradient_of_values.twin
def not_divided(g):
    a = attention(2, g)
    return identity(*entrywise(gradient(loss(a), a.v[0]), over_second(a.kernel.weights.T @ G, a.v)))


@claim(cite=OURS, over={"slot": (0, 1, 2), "g": (1, 2)})
def fast_gradient(slot, g):
    """dQ, dK1, dK2 of <G, out> from moments alone: the three slots with U = [-G . out; G]/D and columns [1; V]."""
    a = attention(2, g)
    one, more = slots_of(a, G)
    return identity(*entrywise(gradient(loss(a), a.x[slot]), one.points(slot) + more.points(slot)))


@fast_gradient.twin
def without_the_column_one(slot, g):
    a = attention(2, g)
    return identity(*entrywise(gradient(loss(a), a.x[slot]), slots_of(a, G)[1].points(slot)))


@claim(cite=OURS, over={"slot": (1, 2), "g": (1, 2)})
def fast_gradient_of_values(slot, g):
    """dV1, dV2 of <G, out> from moments alone."""
    a = attention(2, g)
    return identity(*entrywise(gradient(loss(a), a.v[slot - 1]), slots_of(a, G)[1].values(slot)))


@fast_gradient_of_values.twin
def halved_upstream(slot, g):
    a = attention(2, g)
    return identity(*entrywise(gradient(loss(a), a.v[slot - 1]), slots_of(a, G * Fraction(1, 2))[1].values(slot)))


@claim(cite=OURS, over={"order": (1, 2, 3), "g": (2,)})
def upstream(order, g):
    """U = [-G . out; G]/D with columns [1; V]: U_i0 + sum over c of U_ic V1_jc V2_lc = (q - G . out)/D."""
    a = attention(order, g)
    first, more = a.upstream(G)
    product = more @ khatri_rao(*a.v).T
    at = row_sums(hadamard(G, a.output))
    both = Matrix(product.rows, product.cols, lambda i, *J: first[i] + product[(i,) + J])
    return identity(*entrywise(both, Matrix(both.rows, both.cols, lambda i, *J: (a.q(G)[(i,) + J] - at[i]) / a.D[i])))


@upstream.twin
def flipped_sign(order, g):
    a = attention(order, g)
    first, more = a.upstream(G)
    product = more @ khatri_rao(*a.v).T
    at = row_sums(hadamard(G, a.output))
    both = Matrix(product.rows, product.cols, lambda i, *J: product[(i,) + J] - first[i])
    return identity(*entrywise(both, Matrix(both.rows, both.cols, lambda i, *J: (a.q(G)[(i,) + J] - at[i]) / a.D[i])))


# ---- X --------------------------------------------------------------------------------------------------------------

A = tuple(matrix(f"A{m}", n, "d") for m, n in zip((1, 2, 3), ("n", "n1", "n2")))


@claim(cite=OURS, over={"g": (1, 2, 3)})
def dX_by_slopes(g):
    """With scores s A1 X (A2 (x) A3)^T, dT/dX = s A1^T (P'(scores) o U (a (/) b)^T) (A2 (x) A3), for every X."""
    t, X, s = slots(2, g), matrix("X", "d", "d d"), scalar("s")
    Z = A[0] @ X @ kron(*A[1:]).T * s
    weights, slopes = (map_entries(lambda z, c=c: evaluate(c, z), Z) for c in (t.c, derivative(t.c)))
    T = inner(weights, t.u[0] @ khatri_rao(*t.u[1:]).T)
    return identity(*entrywise(gradient(T, X), dX_dense(t, A, slopes) * s))


@dX_by_slopes.twin
def without_the_scale(g):
    t, X, s = slots(2, g), matrix("X", "d", "d d"), scalar("s")
    Z = A[0] @ X @ kron(*A[1:]).T * s
    weights, slopes = (map_entries(lambda z, c=c: evaluate(c, z), Z) for c in (t.c, derivative(t.c)))
    T = inner(weights, t.u[0] @ khatri_rao(*t.u[1:]).T)
    return identity(*entrywise(gradient(T, X), dX_dense(t, A, slopes)))


@claim(cite=OURS, over={"g": (1, 2, 3)})
def dX_by_moments(g):
    """A1^T (P'(Q (K1 (/) K2)^T) o U (a (/) b)^T) (A2 (x) A3) from three weighted moments: no array over tuples of keys.

    The entry [a, (b, c)] is the sum over k and (c2, ..., ck) of k c_k MU'[m, a, .] Ma'[m, b, .] Mb'[m, c, .].
    """
    t = slots(2, g)
    return identity(*entrywise(dX_dense(t, A, t.slopes), dX(t, A)))


@dX_by_moments.twin
def without_the_degree(g):
    t = slots(2, g)
    return identity(*entrywise(dX_dense(t, A, t.slopes), dX(replace(t, c=[c / (k + 1) for k, c in enumerate(t.c)]), A)))


@claim(cite="arXiv 2405.16411, p = p_a - p_b with low-rank factors", over={"g": (1, 2)})
def papers_factors(g):
    """p_a - p_b = f o q - diag((f o q) 1) f, for f of low rank, is what the slots give with P in place of P'."""
    a = attention(2, g)
    f = scale_rows(reciprocal(a.D), a.kernel.weights)
    at = row_sums(hadamard(G, a.output))
    slotwise = Matrix(f.rows, f.cols, lambda i, *J: f[(i,) + J] * (a.q(G)[(i,) + J] - at[i]))
    return identity(*entrywise(back_through_softmax(f, a.q(G)), slotwise))


@papers_factors.twin
def slopes_for_weights(g):
    a = attention(2, g)
    f = scale_rows(reciprocal(a.D), a.kernel.weights)
    return identity(*entrywise(back_through_softmax(f, a.q(G)), a.p(G)))
