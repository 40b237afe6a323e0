"""Attention of any order: what its weights and outputs are, and what leaves them unchanged."""
from tacheck import claim
from tacheck.lang import Sum, dim, exp, identity, scalar, size
from theory.attention import layer, projected, projections
from theory.kronecker import Matrix, entrywise, khatri_rao, kron, matrix, ones, row_sums, scale_rows
from theory.simplicial import Simplicial
from theory.softmax import row_softmax

TENSOR = "arXiv 2405.16411, definition of tensor attention; arXiv 2310.04064"
ORDERS = {"order": range(1, 6)}
FAMILY = {"order": range(1, 6), "matrices": ("distinct", "equal")}
Q, K1, K2, V1, V2 = (matrix(name, "n", "d") for name in ("Q", "K1", "K2", "V1", "V2"))
s = scalar("s")
(i, j), (a, b) = dim("n", "i j"), dim("d", "a b")


def arbitrary_scores(order: int, name: str = "Z") -> Matrix:
    """Any n x n^order matrix."""
    return matrix(name, "n", " ".join(["n"] * order))


def simplicial(Q, K, V, scale):
    """row_softmax(scale Q (K1 (/) K2)^T) (V1 (/) V2)."""
    return Simplicial(Q, tuple(K), tuple(V), scale).output


def repeated(v: Matrix, rows: tuple[str, ...]) -> Matrix:
    """1 v^T: every row is v."""
    return ones(rows) @ v.T


# ---- projections --------------------------------------------------------------------------------------------------

@claim(cite=TENSOR, over=ORDERS)
def projected_scores(order):
    """A1 X (A2 (x) A3)^T = Q (K1 (/) K2)^T, where X = X1 (X2 (/) X3)^T, Q = A1 X1, K1 = A2 X2 and K2 = A3 X3."""
    a, X = projected(order), projections("X", order + 1)
    Q, *K = (A @ x for A, x in zip(a.A, X))
    return identity(*entrywise(a.A[0] @ a.X @ kron(*a.A[1:]).T, Q @ khatri_rao(*K).T))


@projected_scores.twin
def unprojected_queries(order):
    a, X = projected(order), projections("X", order + 1)
    Q, *K = (A @ x for A, x in zip(a.A, X))
    return identity(*entrywise(a.A[0] @ a.X @ kron(*a.A[1:]).T, a.A[0] @ khatri_rao(*K).T))


@claim(cite=TENSOR, over=ORDERS)
def projected_values(order):
    """(A4 (x) A5) (Y1 (/) Y2) = (A4 Y1) (/) (A5 Y2)."""
    a, Y = projected(order), projections("Y", order)
    return identity(*entrywise(a.h, khatri_rao(*(W @ y for W, y in zip(a.W, Y)))))


@projected_values.twin
def one_unprojected_value(order):
    a, Y = projected(order), projections("Y", order)
    return identity(*entrywise(a.h, khatri_rao(a.W[0], *(W @ y for W, y in zip(a.W[1:], Y[1:])))))


@claim(cite="arXiv 1706.03762, scaled dot-product attention")
def order_1_is_matrix_attention():
    """Order 1 is (sum over j of exp(s q_i . k_j) v_j) / (sum over j of exp(s q_i . k_j))."""
    e = exp(s * Sum(a, Q[i, a] * K1[j, a]))
    return identity(simplicial(Q, (K1,), (V1,), s)[i, b], Sum(j, e * V1[j, b]) / Sum(j, e))


@order_1_is_matrix_attention.twin
def normalised_over_queries():
    e = exp(s * Sum(a, Q[i, a] * K1[j, a]))
    return identity(simplicial(Q, (K1,), (V1,), s)[i, b], Sum(j, e / Sum(i, e) * V1[j, b]))


@claim(cite="folklore", over={"order": range(1, 5)})
def ones_lower_the_order(order):
    """One more key matrix and value matrix, both of ones, change nothing: the n equal copies of each weight cancel."""
    K, V = (tuple(matrix(f"{name}{m}", "n", "d") for m in range(order)) for name in "KV")
    one = ones(("n",), ("d",))
    return identity(*entrywise(simplicial(Q, (*K, one), (*V, one), s), simplicial(Q, K, V, s)))


@ones_lower_the_order.twin
def ones_for_keys_and_twos_for_values(order):
    K, V = (tuple(matrix(f"{name}{m}", "n", "d") for m in range(order)) for name in "KV")
    one = ones(("n",), ("d",))
    return identity(*entrywise(simplicial(Q, (*K, one), (*V, one * 2), s), simplicial(Q, K, V, s)))


# ---- weights and outputs ------------------------------------------------------------------------------------------

@claim(cite=TENSOR, over=FAMILY)
def weights_sum_to_one(order, matrices):
    """f 1 = 1: each row of the n x n^2 matrix of weights sums to 1."""
    return identity(*entrywise(row_sums(layer(order, matrices).f), ones(("n",))))


@weights_sum_to_one.twin
def unnormalised(order, matrices):
    return identity(*entrywise(row_sums(layer(order, matrices).u), ones(("n",))))


@claim(cite=TENSOR, over=FAMILY)
def normalised_by_alpha(order, matrices):
    """diag(alpha) f = u: the weights times their denominators are the exponentials."""
    a = layer(order, matrices)
    return identity(*entrywise(scale_rows(a.alpha, a.f), a.u))


@normalised_by_alpha.twin
def divided_twice(order, matrices):
    a = layer(order, matrices)
    return identity(*entrywise(a.f, scale_rows(a.alpha, a.u)))


@claim(cite="folklore", over=FAMILY)
def constant_values(order, matrices):
    """If every row of h is v, every row of f h is v: outputs are averages of values."""
    v, f = matrix("v", "d"), layer(order, matrices).f
    return identity(*entrywise(f @ repeated(v, f.cols), repeated(v, f.rows)))


@constant_values.twin
def sums_of_values(order, matrices):
    v, a = matrix("v", "d"), layer(order, matrices)
    return identity(*entrywise(a.u @ repeated(v, a.u.cols), repeated(v, a.u.rows)))


@claim(cite="folklore", over=FAMILY)
def shifted_values(order, matrices):
    """f (h + 1 v^T) = f h + 1 v^T: a shift of all values shifts the output."""
    v, a = matrix("v", "d"), layer(order, matrices)
    return identity(*entrywise(a.f @ (a.h + repeated(v, a.h.rows)), a.output + repeated(v, a.f.rows)))


@shifted_values.twin
def flipped_shift(order, matrices):
    v, a = matrix("v", "d"), layer(order, matrices)
    return identity(*entrywise(a.f @ (a.h + repeated(v, a.h.rows)), a.output - repeated(v, a.f.rows)))


@claim(cite="folklore", over=ORDERS)
def linear_in_values(order):
    """f (s h + t h') = s f h + t f h': attention is linear in its values."""
    t, Z = scalar("t"), arbitrary_scores(order)
    h, other, f = matrix("h", " ".join(Z.cols), "d"), matrix("hx", " ".join(Z.cols), "d"), row_softmax(Z)
    return identity(*entrywise(f @ (h * s + other * t), f @ h * s + f @ other * t))


@linear_in_values.twin
def linear_in_scores(order):
    h = matrix("h", " ".join(["n"] * order), "d")
    return identity(*entrywise(row_softmax(arbitrary_scores(order) * 2) @ h, row_softmax(arbitrary_scores(order)) @ h * 2))


@claim(cite="folklore", over={"order": range(1, 6)})
def no_scores(order):
    """With X = 0 every output is the mean of the n^order values."""
    a = layer(order)
    uniform = row_softmax(a.scores * 0) @ a.h
    return identity(*entrywise(uniform, ones(a.f.rows, a.f.cols) @ a.h * (1 / size("n") ** order)))


@no_scores.twin
def mean_over_one_more_key(order):
    a = layer(order)
    uniform = row_softmax(a.scores * 0) @ a.h
    return identity(*entrywise(uniform, ones(a.f.rows, a.f.cols) @ a.h * (1 / size("n") ** (order + 1))))


# ---- what changes nothing -----------------------------------------------------------------------------------------

@claim(cite="folklore", over=ORDERS)
def row_shift(order):
    """A number added to all scores of a query, another for each query, leaves the weights as they are."""
    Z, r = arbitrary_scores(order), matrix("r", "n")
    return identity(*entrywise(row_softmax(Z + r @ ones(Z.cols).T), row_softmax(Z)))


@row_shift.twin
def shift_by_key(order):
    Z, r = arbitrary_scores(order), matrix("r", "n")
    return identity(*entrywise(row_softmax(Matrix(Z.rows, Z.cols, lambda i, j, *J: Z[i, j, *J] + r[j])), row_softmax(Z)))


@claim(cite="folklore")
def common_shift_of_keys():
    """In matrix attention a vector v added to all keys leaves the weights as they are: it adds s q_i . v to row i."""
    v = matrix("v", "d")
    return identity(*entrywise(simplicial(Q, (K1 + repeated(v, K1.rows),), (V1,), s), simplicial(Q, (K1,), (V1,), s)))


@common_shift_of_keys.twin
def in_tensor_attention():
    v = matrix("v", "d")
    return identity(*entrywise(simplicial(Q, (K1 + repeated(v, K1.rows), K2), (V1, V2), s), simplicial(Q, (K1, K2), (V1, V2), s)))


@claim(cite="folklore")
def swapped_slots():
    """Both key matrices and both value matrices may be swapped together."""
    return identity(*entrywise(simplicial(Q, (K1, K2), (V1, V2), s), simplicial(Q, (K2, K1), (V2, V1), s)))


@swapped_slots.twin
def swapped_keys():
    return identity(*entrywise(simplicial(Q, (K1, K2), (V1, V2), s), simplicial(Q, (K2, K1), (V1, V2), s)))


@claim(cite="folklore", over={"order": range(2, 6)})
def first_and_last_slot(order):
    """At any order, the first and the last key and value slot may be swapped together."""
    K, V = (tuple(matrix(f"{name}{m}", "n", "d") for m in range(order)) for name in "KV")
    def swap(F): return (F[-1], *F[1:-1], F[0])
    return identity(*entrywise(simplicial(Q, K, V, s), simplicial(Q, swap(K), swap(V), s)))


@first_and_last_slot.twin
def query_for_key(order):
    K, V = (tuple(matrix(f"{name}{m}", "n", "d") for m in range(order)) for name in "KV")
    return identity(*entrywise(simplicial(Q, K, V, s), simplicial(K[0], (Q, *K[1:]), (Q, *V[1:]), s)))


@claim(cite="folklore")
def moved_scale():
    """The scale may be moved into one factor: s Q, or s K1, or s K2."""
    return identity(*entrywise(simplicial(Q, (K1, K2), (V1, V2), s), simplicial(Q, (K1, K2 * s), (V1, V2), 1)))


@moved_scale.twin
def into_every_factor():
    return identity(*entrywise(simplicial(Q, (K1, K2), (V1, V2), s), simplicial(Q * s, (K1 * s, K2 * s), (V1, V2), 1)))
