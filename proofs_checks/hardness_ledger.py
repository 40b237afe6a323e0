"""A ledger of printed statements about hardness that do not hold as printed, each with the smallest witness.

The sources are arXiv 2405.16411 (tensor attention; hardness is section 5 and appendix G of its v3) and arXiv 2402.04497
(matrix attention; appendix E).  The statements are as they were recorded from the papers' text, without the version;
neither source could be read again in full while this was written, and versions differ.  Each claim says what was recorded
and states what it comes to; where an equation was not at hand, the step that it was recorded to need.  None of them touches
the theorems: `hardness` and `hardness_gradient` give constructions with every constant.
"""
from tacheck import claim
from tacheck.lang import Sum, decision, dim, exp, identity, inequality, log, positive, scalar, size, sqrt, tensor, term
from theory.hardness import given, half
from theory.hardness_lemmas import implies, op, reals
from theory.kronecker import khatri_rao, kron, matrix, row_sums

TENSOR = "arXiv 2405.16411, hardness theorem (section 5, appendix G of v3); as recorded, without the version"
MATRIX = "arXiv 2402.04497, appendix E; as recorded, without the version"
n, d = size("n"), size("d")
gamma, lam, C, K, b, s = (scalar(name) for name in "gamma lambda C kappa b s".split())
L = log(n)
(i, j), (a,) = dim("n", "i j"), dim("d", "a")


@claim(cite=TENSOR, expect="refuted")
def two_sizes_of_entries():
    """B^3 = gamma(n) log n in the theorem, and B^3 = (1 + gamma(n)) log n in the text after it, are not the same.

    With gamma(n) = o(1) the first is o(log n), where the fast algorithm of the same paper applies.
    """
    return identity(gamma * L, (1 + gamma) * L)


@two_sizes_of_entries.twin
def up_to_a_factor():
    return inequality(2 * gamma * L, (1 + gamma) * L, positive(gamma))


@claim(cite=MATRIX + "; the tensor version takes it over", expect="refuted")
def shape_of_X():
    """X = lambda I_d has d columns, and X in R^(d x d^2), as tensor attention has it, has d^2: the same only for d = 1.

    lambda T_id with T_id[a, (a, a)] = 1 serves instead: `hardness_gradient.scores_of_the_diagonal`.
    """
    return identity(d, d ** 2)


@shape_of_X.twin
def or_twice_as_many():
    return identity(2 * d, d ** 2)


def constant_guess(accuracy):
    """Some number is within the accuracy of a YES output and of a NO output, both in [0, 1]: that they differ is no matter."""
    bounds = ["(<= 0 no)", "(< no yes)", "(<= yes 1)", op("=", "e", accuracy),
              "(<= (- guess yes) e)", "(<= (- yes guess) e)", "(<= (- guess no) e)", "(<= (- no guess) e)"]
    return decision(implies(reals("yes no guess e"), tuple(bounds), "false"))


@claim(cite=MATRIX + ", lemma E.2", expect="refuted")
def accuracy_of_a_power_of_n():
    """"An output with accuracy eps < n^(k - O(1)) tells YES from NO" is refuted when eps >= 1/2, as it is for large k.

    Outputs lie in [0, 1], so the constant 1/2 has accuracy 1/2 and tells nothing.  Here: eps = 1/2.
    """
    return constant_guess("(/ 1 2)")


@accuracy_of_a_power_of_n.twin
def any_larger_accuracy():
    return constant_guess("4")


@claim(cite=MATRIX + ", lemma E.2", over={"side": ("above", "below")})
def a_half_is_near_everything(side):
    """Every output T in [0, 1] is within 1/2 of the constant 1/2."""
    T, within = scalar("T"), scalar("T") <= 1 if side == "above" else scalar("T") >= 0
    return inequality(half, T - half if side == "above" else half - T, within, because=given(within))


@a_half_is_near_everything.twin
def within_a_third(side):
    T, within = scalar("T"), scalar("T") <= 1 if side == "above" else scalar("T") >= -1
    return inequality(term(1) / 3, T - half if side == "above" else half - T, within)


@claim(cite=MATRIX + ", E.3 and E.5", expect="refuted")
def second_derivative():
    """|f''| = O(n log^2 n k^2) is printed in E.5, while E.3 gives n log^4 n (1 + k)^2: with constant 1 it fails at once."""
    return inequality(n * L ** 2 * K ** 2, n * L ** 4 * (1 + K) ** 2, positive(K))


@second_derivative.twin
def with_constant_2():
    return inequality(2 * n * L ** 2 * K ** 2, n * L ** 4 * (1 + K) ** 2, positive(K))


@claim(cite=MATRIX + ", E.3 and E.5")
def no_constant_helps():
    """For every constant C > 0, where log n = C + 1, n log^4 n (1 + k)^2 is above C n log^2 n k^2 by
    n (C + 1)^2 ((C + 1)^2 (1 + 2 k) + (C^2 + C + 1) k^2)."""
    square = (C + 1) ** 2
    return inequality(n * square ** 2 * (1 + K) ** 2, C * n * square * K ** 2, [positive(C), positive(K)],
                      because=n * square * (square * (1 + 2 * K) + (C ** 2 + C + 1) * K ** 2))


@no_constant_helps.twin
def the_other_way_round():
    return inequality(C * n * (C + 1) ** 2 * K ** 2, n * (C + 1) ** 4 * (1 + K) ** 2, [positive(C), positive(K)])


@claim(cite=MATRIX + ", E.4", expect="refuted")
def error_of_the_sum():
    """A left Riemann sum with m nodes has error b/m, b = max |f''|.  b = n log^4 n (1 + k)^2 and m = log^4 n leave
    n (1 + k)^2, which is not at most 1."""
    return inequality(1, n * L ** 4 * (1 + K) ** 2 / L ** 4, positive(K))


@error_of_the_sum.twin
def with_log_11_nodes():
    return inequality(1, n * L ** 4 * (1 + K) ** 2 / L ** 11, positive(K))


@claim(cite=MATRIX + ", E.4")
def nodes_that_serve():
    """m >= n log^4 n (1 + k)^2 nodes have error at most 1: a left sum takes polynomially many.

    Gauss-Legendre nodes, of which few are needed since f is analytic, are what `hardness_gradient` uses.
    """
    nodes, enough = scalar("nodes"), scalar("nodes") - b >= 0
    return inequality(1, b / nodes, [positive(b), positive(nodes), enough], because=given(enough) / nodes)


@nodes_that_serve.twin
def half_as_many():
    nodes = scalar("nodes")
    return inequality(1, b / nodes, [positive(b), positive(nodes), 2 * nodes - b >= 0])


def told_by_the_norm(*norm):
    """Two outputs of two numbers with one sum of squares are the same."""
    squares = ["(= (+ (* x1 x1) (* x2 x2)) (+ (* y1 y1) (* y2 y2)))", "(>= x1 0)", "(>= x2 0)", "(>= y1 0)", "(>= y2 0)"]
    return decision(implies(reals("x1 x2 y1 y2"), (*squares, *norm), "(and (= x1 y1) (= x2 y2))"))


@claim(cite=MATRIX + ", E.2", expect="refuted")
def a_norm_for_a_matrix():
    """E.2 asks for the output, a matrix, and f(1) is the norm of it, a number: different outputs have one norm.

    For a decision the norm is enough: `hardness_gradient.missed` and `.invented`.
    """
    return told_by_the_norm()


@a_norm_for_a_matrix.twin
def of_norm_1():
    return told_by_the_norm("(= (+ (* x1 x1) (* x2 x2)) 1)")


@claim(cite=MATRIX + ", equation (9)", expect="refuted")
def a_sum_of_d_products():
    """A sum of d products of entries in [0, B] is bounded by B^2, without the factor d: false for d = 2."""
    return inequality(b ** 2, Sum(a, b * b), positive(b))


@a_sum_of_d_products.twin
def by_half_of_d():
    return inequality(d / 2 * b ** 2, Sum(a, b * b), positive(b))


@claim(cite=MATRIX + ", equation (9)")
def with_the_factor():
    """The sum over d columns of x_a y_a, for entries in [0, B], is at most d B^2."""
    x, y = tensor("x")[a], tensor("y")[a]
    small, low = x <= b, y <= b
    return inequality(d * b ** 2, Sum(a, x * y), [positive(b), x >= 0, small, low],
                      because=Sum(a, b * given(small) + x * given(low)))


@with_the_factor.twin
def with_half_of_it():
    x, y = tensor("x")[a], tensor("y")[a]
    return inequality(d / 2 * b ** 2, Sum(a, x * y), [positive(b), x >= 0, x <= b, y <= b])


@claim(cite=MATRIX + ", equations (8) and (10)", expect="refuted")
def entries_below_1():
    """A product of entries is bounded below by one of them, x y >= x, which needs y >= 1 where the lemma has [0, B]."""
    x, y = scalar("x"), scalar("y")
    return inequality(x * y, x, [x >= 0, y >= 0])


@entries_below_1.twin
def from_one_half():
    x, y = scalar("x"), scalar("y")
    return inequality(x * y, x, [x >= 0, 2 * y >= 1])


@claim(cite=MATRIX + ", equation (7)", expect="refuted")
def negative_lambda():
    """lambda s <= lambda B for every s <= B needs lambda >= 0, which is not said."""
    return inequality(lam * b, lam * s, b >= s)


@negative_lambda.twin
def for_small_lambda():
    return inequality(lam * b, lam * s, [b >= s, lam <= 1])


@claim(cite=TENSOR + "; " + MATRIX, expect="refuted")
def with_and_without_1_over_d():
    """exp(Q K^T) in one place and exp(Q K^T/d) in another are not the same attention, and the closed form without 1/d is not
    the gradient of the second."""
    return identity(exp(s), exp(s / d))


@with_and_without_1_over_d.twin
def with_1_over_sqrt_d():
    return identity(exp(s / sqrt(d)), exp(s / d))


def bounded_by(B):
    """A statement about a score whose entries are bounded by B > 0."""
    return identity(exp(s), term(1), [positive(B), s <= B])


@claim(cite=TENSOR + "; " + MATRIX, expect="vacuous")
def one_letter_for_two_things():
    """"B = 0" is said of the target, which is E elsewhere, while B > 0 bounds the entries: nothing satisfies both.

    With one meaning for the letter every statement about such an instance is empty.
    """
    return bounded_by(term(0))


@one_letter_for_two_things.twin
def of_entries_up_to_1():
    return bounded_by(term(1))


@claim(cite=TENSOR + "; " + MATRIX, expect="refuted")
def number_of_calls():
    """log^4 n calls of the gradient in one paper and log^11 n in the other are not the same number."""
    return identity(L ** 4, L ** 11)


@number_of_calls.twin
def log_10():
    return identity(L ** 4, L ** 10)


def row_sums_of(product, factor):
    A, B = matrix("A", "n", "d"), matrix("B", "n", "d")
    return identity(row_sums(kron(A, B))[i, j], factor * row_sums(product(A, B))[i, j])


@claim(cite=TENSOR, expect="refuted")
def one_sign_for_two_products():
    """(x) stands for the Kronecker product, with d^2 columns, and for the Khatri-Rao product, with d: their row sums differ."""
    return row_sums_of(khatri_rao, 1)


@one_sign_for_two_products.twin
def with_a_factor_d():
    return row_sums_of(khatri_rao, d)
