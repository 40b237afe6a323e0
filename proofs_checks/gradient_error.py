"""From the errors of a row to every gradient: the derivative in place of the weights, an error in q, and the chain rule.

p = f (q - mean)/(sum of f) is the gradient in the scores, one row; l1 norms are sums with arbitrary factors |s_j| <= 1.
With |q| <= 1 (c + h q for a range of 2 h: p does not depend on c and is linear in q), the errors add up:

    ||p~ - p||_1 <= 2 tau                           f~ in place of f, see `covariance`
                    + kappa                         h = f~ (1 + kappa y) in place of the first f~: the derivative of a polynomial
                    + (1 + kappa) xi                q + xi z in place of q, |z| <= 1
"""
from fractions import Fraction

from tacheck import claim
from tacheck.lang import Sum, dim, exp, identity, inequality, scalar, sigmoid, size, tanh
from theory.kronecker import map_entries, matrix
from theory.propagation import along, covariance, down, mean, scores_gradient, times, up, within
from theory.softmax import row_softmax

OURS = "this library"
(j,) = dim("n", "j")
i, J = dim("n", "i")[0], dim("N", "J")[0]
a, b = dim("d", "a b")
f, g, q, s, y, z = (matrix(name, "", "n") for name in "fgqsyz")
delta, prime, kappa, xi, bound, largest = (scalar(name) for name in ("delta", "delta_", "kappa", "xi", "bound", "largest"))
half = Fraction(1, 2)
POSITIVE = map_entries(exp, f)
SIGNS = map_entries(tanh, q * 4)


# ---- pieces of forms ------------------------------------------------------------------------------------------------

def off(x, y):
    """1 - x y, visibly at least 0 for |x|, |y| <= 1."""
    return half * ((1 - x) * (1 + y) + (1 + x) * (1 - y))


def on(x, y):
    """1 + x y, likewise."""
    return half * ((1 + x) * (1 + y) + (1 - x) * (1 - y))


PRODUCT = along(s, lambda k: off(s[k], y[k])), along(s, lambda k: on(s[k], y[k]))                # 1 - s y and 1 + s y
PLAIN = down(s), up(s)


def deviation(values, signs):
    """1 - m^2 - (mean of s (v - m)), visibly at least 0: from 1 - s and 1 + s."""
    less, more = signs
    return half * (mean(f, down(values)) * mean(f, times(less, up(values)))
                   + mean(f, up(values)) * mean(f, times(more, down(values))))


# ---- the gradient in the scores -------------------------------------------------------------------------------------

@claim(cite=OURS)
def difference_is_of_means():
    """Cov~(s, q) - Cov(s, q) is the difference of the means, under f~ and f, of (s - mean~ of s)(q - mean of q)."""
    v = along(f, lambda k: (s[k] - mean(g, s)) * (q[k] - mean(f, q)))
    return identity(covariance(g, s, q) - covariance(f, s, q), mean(g, v) - mean(f, v))


@difference_is_of_means.twin
def both_means_after():
    v = along(f, lambda k: (s[k] - mean(g, s)) * (q[k] - mean(g, q)))
    return identity(covariance(g, s, q) - covariance(f, s, q), mean(g, v) - mean(f, v))


@claim(cite=OURS)
def sum_with_signs():
    """The sum of s_j p_j is the covariance of s and q."""
    return identity(Sum(j, s[j] * scores_gradient(f, q)[j]), covariance(f, s, q))


@sum_with_signs.twin
def not_centred():
    return identity(Sum(j, s[j] * scores_gradient(f, q)[j]), mean(f, times(s, q)))


@claim(cite=OURS, over={"end": ("upper", "lower")})
def derivative_is_close(end):
    """If f~ is within delta of f, and h within delta', then |h - f~| <= kappa f~, kappa = (delta + delta')/(1 - delta).

    For f = exp(s), f~ = P(s) and h = P'(s).  Here delta < 1.
    """
    f, g, h, k = scalar("f"), scalar("g"), scalar("h"), (delta + prime) / (1 - delta)
    low, high = g - (1 - delta) * f, (1 + delta) * f - g
    given = [delta >= 0, 1 - delta > 0, prime >= 0, low >= 0]
    more = (delta + prime) / (1 - delta) * low
    if end == "upper":
        rest = (1 + prime) * f - h
        return inequality(k * g, h - g, [*given, rest >= 0], because=more + 1 * low + 1 * rest)
    rest = h - (1 - prime) * f
    return inequality(k * g, g - h, [*given, rest >= 0, high >= 0], because=more + 1 * rest + 1 * high)


@derivative_is_close.twin
def without_the_quotient(end):
    d, p = sigmoid(delta), sigmoid(prime)
    if end == "upper": return inequality(p * (1 - d), (1 + p) - (1 - d))
    return inequality(p * (1 + d), (1 + d) - (1 - p))


@claim(cite=OURS)
def derivative_in_place_of_weights():
    """||h (q - m)/sum(f) - f (q - m)/sum(f)||_1 <= kappa (1 - m^2), where h = f (1 + kappa y), |y| <= 1 and |q| <= 1."""
    h = along(f, lambda k: f[k] * (1 + kappa * y[k]))
    moved = Sum(j, s[j] * (scores_gradient(f, q, h)[j] - scores_gradient(f, q)[j]))
    return inequality(kappa * (1 - mean(f, q) ** 2), moved,
                      [f[j] > 0, *within(q, j), *within(y, j), *within(s, j), kappa >= 0], because=kappa * deviation(q, PRODUCT))


@derivative_in_place_of_weights.twin
def half_of_kappa():
    h = along(f, lambda k: POSITIVE[k] * (1 + kappa ** 2 * SIGNS[k]))
    moved = Sum(j, scores_gradient(POSITIVE, SIGNS, h)[j] - scores_gradient(POSITIVE, SIGNS)[j])
    return inequality(half * kappa ** 2 * (1 - mean(POSITIVE, SIGNS) ** 2), moved)


@claim(cite=OURS)
def row_sums_with_the_derivative():
    """The sum of h_j (q_j - m)/sum(f) is the mean of (h/f - 1)(q - m) under f: not 0, where p has sum 0."""
    h = matrix("h", "", "n")
    deviating = along(f, lambda k: (h[k] / f[k] - 1) * (q[k] - mean(f, q)))
    return identity(Sum(j, scores_gradient(f, q, h)[j]), mean(f, deviating))


@row_sums_with_the_derivative.twin
def as_for_the_softmax():
    return identity(Sum(j, scores_gradient(f, q, matrix("h", "", "n"))[j]), 0)


@claim(cite=OURS)
def error_in_q():
    """An error of at most xi in every entry of q adds at most xi to ||p||_1, not 2 xi: xi (1 - (mean of z)^2), |z| <= 1."""
    wrong = along(f, lambda k: q[k] + xi * y[k])
    moved = Sum(j, s[j] * (scores_gradient(f, wrong)[j] - scores_gradient(f, q)[j]))
    return inequality(xi * (1 - mean(f, y) ** 2), moved, [f[j] > 0, *within(y, j), *within(s, j), xi >= 0],
                      because=xi * deviation(y, PLAIN))


@error_in_q.twin
def half_of_xi():
    wrong = along(f, lambda k: y[k] + xi ** 2 * SIGNS[k])
    moved = Sum(j, SIGNS[j] * (scores_gradient(POSITIVE, wrong)[j] - scores_gradient(POSITIVE, y)[j]))
    return inequality(half * xi ** 2 * (1 - mean(POSITIVE, SIGNS) ** 2), moved)


@claim(cite=OURS)
def error_in_q_with_the_derivative():
    """With h = f (1 + kappa y) in place of f, an error of at most xi in q adds at most (1 + kappa) xi."""
    h = along(f, lambda k: f[k] * (1 + kappa * y[k]))
    moved = Sum(j, s[j] * scores_gradient(f, along(f, lambda k: xi * z[k]), h)[j])
    return inequality(xi * (1 + kappa) * (1 - mean(f, z) ** 2), moved,
                      [f[j] > 0, *within(y, j), *within(z, j), *within(s, j), xi >= 0, kappa >= 0],
                      because=xi * (deviation(z, PLAIN) + kappa * deviation(z, PRODUCT)))


@error_in_q_with_the_derivative.twin
def without_kappa():
    h = along(f, lambda k: POSITIVE[k] * (1 + kappa ** 2 * SIGNS[k]))
    moved = Sum(j, SIGNS[j] * scores_gradient(POSITIVE, along(f, lambda k: xi ** 2 * SIGNS[k]), h)[j])
    return inequality(half * xi ** 2 * (1 - mean(POSITIVE, SIGNS) ** 2), moved)


# ---- the chain rule -------------------------------------------------------------------------------------------------

r, w, v = matrix("r", "n", "N"), matrix("w", "n", "N"), matrix("v", "n", "N")


@claim(cite=OURS)
def through_the_rows():
    """|sum over i, J of t_iJ z_iJ| <= n largest bound, if each row has l1 norm at most `bound` and |z| <= largest.

    t = p~ - p with z_iJ = A1[i,a] K1[j,b] K2[l,c] gives dX; with z = 0 off a row or a key, dQ (with 1 for n), dK1 and dK2;
    t = f~ - f, of norm at most 2 tau, gives dV1 and dV2.  Here t = r w, |t| <= r, and z = largest v, |w|, |v| <= 1.
    """
    summed = Sum(i, J, r[i, J] * w[i, J] * (largest * v[i, J]))
    norm = bound - Sum(J, r[i, J])
    return inequality(size("n") * largest * bound, summed,
                      [r[i, J] >= 0, norm >= 0, largest >= 0, 1 - w[i, J] >= 0, 1 + w[i, J] >= 0, 1 - v[i, J] >= 0,
                       1 + v[i, J] >= 0],
                      because=largest * Sum(i, norm) + largest * Sum(i, J, r[i, J] * off(w[i, J], v[i, J])))


@through_the_rows.twin
def without_the_number_of_rows():
    return inequality(bound ** 2, Sum(i, J, bound ** 2 * row_softmax(r)[i, J]))


@claim(cite=OURS)
def through_the_factors():
    """|sum over b, c of t_bc z_bc| <= d^2 largest bound, if |t| <= bound and |z| <= largest.

    With t the error of dX[a, (b, c)] and z = X2[b,e] X3[c,e] this is the error of dX1[a,e]; so for dX2 and dX3.
    """
    t, u = matrix("t", "d", "d"), matrix("u", "d", "d")
    return inequality(size("d") ** 2 * largest * bound, Sum(a, b, bound * t[a, b] * (largest * u[a, b])),
                      [*within(t, a, b), *within(u, a, b), largest >= 0, bound >= 0],
                      because=largest * bound * Sum(a, b, off(t[a, b], u[a, b])))


@through_the_factors.twin
def d_for_its_square():
    t = map_entries(tanh, matrix("t", "d", "d") * 4)
    return inequality(size("d") * bound ** 2, Sum(a, b, bound ** 2 * t[a, b] * t[a, b]))


@claim(cite="folklore")
def products():
    """|x y| <= alpha beta if |x| <= alpha and |y| <= beta."""
    x, y, alpha, beta = (scalar(name) for name in ("x", "y", "alpha", "beta"))
    return inequality(alpha * beta, x * y, [alpha - x >= 0, alpha + x >= 0, beta - y >= 0, beta + y >= 0],
                      because=half * ((alpha - x) * (beta + y) + (alpha + x) * (beta - y)))


@products.twin
def one_of_them_signed():
    x, y, alpha, beta = (scalar(name) for name in ("x", "y", "alpha", "beta"))
    return inequality(sigmoid(alpha) * sigmoid(beta), (exp(x) - sigmoid(alpha)) * sigmoid(beta) * sigmoid(y))
