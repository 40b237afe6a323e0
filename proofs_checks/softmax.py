"""The softmax, its derivatives, and the functions beside it, for every length."""

from tacheck import claim
from tacheck.lang import Sum, delta, diff, dim, exp, identity, log, scalar, sigmoid, tanh
from theory.kronecker import Matrix, matrix, total
from theory.softmax import covariance_under, logsumexp, masked_softmax, mean_under, row_normalise, row_softmax, silu

i, j, a, b = dim("n", "i j a b")
x, y, v, w = (matrix(name, "", "n") for name in "xyvw")
s = row_softmax(x)
t, r = scalar("t"), scalar("r")


@claim(cite="folklore")
def sums_to_one():
    """The sum of s_i over i is 1."""
    return identity(Sum(i, s[i]), 1)


@sums_to_one.twin
def unnormalised():
    return identity(Sum(i, exp(x[i])), 1)


@claim(cite="folklore")
def jacobian():
    """d s_i / d x_a = s_i (delta_ia - s_a)."""
    return identity(diff(s[i], x[a]), s[i] * (delta(i, a) - s[a]))


@jacobian.twin
def plus_sign():
    return identity(diff(s[i], x[a]), s[i] * (delta(i, a) + s[a]))


@jacobian.twin
def diagonal_only():
    return identity(diff(s[i], x[a]), delta(i, a) * s[i] * (1 - s[i]))


@claim(cite="folklore")
def hessian():
    """d^2 s_i / d x_a d x_b = s_i ((delta_ia - s_a) (delta_ib - s_b) - s_a (delta_ab - s_b))."""
    return identity(diff(diff(s[i], x[a]), x[b]),
                    s[i] * ((delta(i, a) - s[a]) * (delta(i, b) - s[b]) - s[a] * (delta(a, b) - s[b])))


@hessian.twin
def dropped_curvature():
    return identity(diff(diff(s[i], x[a]), x[b]), s[i] * (delta(i, a) - s[a]) * (delta(i, b) - s[b]))


@claim(cite="folklore")
def jacobian_is_symmetric():
    """d s_i / d x_a = d s_a / d x_i: the softmax is the gradient of a function."""
    return identity(diff(s[i], x[a]), diff(s[a], x[i]))


@jacobian_is_symmetric.twin
def logarithm_too():
    return identity(diff(log(s[i]), x[a]), diff(log(s[a]), x[i]))


@claim(cite="folklore")
def jacobian_kills_constants():
    """The sum of d s_i / d x_a over a is 0: a common shift of x does nothing."""
    return identity(Sum(a, diff(s[i], x[a])), 0)


@jacobian_kills_constants.twin
def kills_x():
    return identity(Sum(a, diff(s[i], x[a]) * x[a]), 0)


@claim(cite="folklore")
def shift():
    """softmax(x + t) = softmax(x), for every number t; subtracting the maximum is one case."""
    return identity(row_softmax(Matrix((), x.cols, lambda k: x[k] + t))[i], s[i])


@shift.twin
def scaling():
    return identity(row_softmax(Matrix((), x.cols, lambda k: x[k] * t))[i], s[i])


@claim(cite="folklore")
def log_softmax():
    """log s_i = x_i - log sum exp(x)."""
    return identity(log(s[i]), x[i] - logsumexp(x)[()])


@log_softmax.twin
def dropped_normaliser():
    return identity(log(s[i]), x[i])


@claim(cite="folklore")
def log_softmax_gradient():
    """d log s_i / d x_a = delta_ia - s_a."""
    return identity(diff(log(s[i]), x[a]), delta(i, a) - s[a])


@log_softmax_gradient.twin
def wrong_index():
    return identity(diff(log(s[i]), x[a]), delta(i, a) - s[i])


@claim(cite="folklore")
def logsumexp_gradient():
    """d logsumexp(x) / d x_a = s_a."""
    return identity(diff(logsumexp(x)[()], x[a]), s[a])


@logsumexp_gradient.twin
def unnormalised_gradient():
    return identity(diff(logsumexp(x)[()], x[a]), exp(x[a]))


@claim(cite="folklore")
def logsumexp_hessian():
    """d^2 logsumexp(x) / d x_a d x_b = delta_ab s_a - s_a s_b."""
    return identity(diff(diff(logsumexp(x)[()], x[a]), x[b]), delta(a, b) * s[a] - s[a] * s[b])


@logsumexp_hessian.twin
def squared_diagonal():
    return identity(diff(diff(logsumexp(x)[()], x[a]), x[b]), delta(a, b) * s[a] ** 2 - s[a] * s[b])


@claim(cite="folklore")
def logsumexp_curvature_is_a_variance():
    """v^T (Hessian of logsumexp) v is the variance of v under s, so logsumexp is convex."""
    curvature = Sum(a, b, v[a] * diff(diff(logsumexp(x)[()], x[a]), x[b]) * v[b])
    return identity(curvature, covariance_under(s, v, v))


@logsumexp_curvature_is_a_variance.twin
def second_moment():
    curvature = Sum(a, b, v[a] * diff(diff(logsumexp(x)[()], x[a]), x[b]) * v[b])
    return identity(curvature, mean_under(s, Matrix((), v.cols, lambda k: v[k] ** 2)))


@claim(cite="folklore")
def temperature_derivative():
    """d/dt of the mean of y under softmax(t x) is the covariance of x and y under softmax(t x)."""
    hot = row_softmax(x * t)
    return identity(diff(mean_under(hot, y), t), covariance_under(hot, x, y))


@temperature_derivative.twin
def uncentred():
    hot = row_softmax(x * t)
    return identity(diff(mean_under(hot, y), t), total(x.cols, lambda k: hot[k] * x[k] * y[k]))


@claim(cite="folklore")
def mean_derivative():
    """d/dx_a of the mean of y under s is s_a (y_a - mean)."""
    return identity(diff(mean_under(s, y), x[a]), s[a] * (y[a] - mean_under(s, y)))


@mean_derivative.twin
def dropped_mean():
    return identity(diff(mean_under(s, y), x[a]), s[a] * y[a])


@claim(cite="folklore")
def entropy():
    """- sum s_i log s_i = logsumexp(x) - (mean of x under s)."""
    return identity(-Sum(i, s[i] * log(s[i])), logsumexp(x)[()] - mean_under(s, x))


@entropy.twin
def flipped_sign():
    return identity(-Sum(i, s[i] * log(s[i])), mean_under(s, x) - logsumexp(x)[()])


@claim(cite="folklore")
def entropy_gradient():
    """d entropy(s) / d x_a = - s_a (x_a - mean of x under s)."""
    return identity(diff(-Sum(i, s[i] * log(s[i])), x[a]), -s[a] * (x[a] - mean_under(s, x)))


@entropy_gradient.twin
def flipped_entropy():
    return identity(diff(-Sum(i, s[i] * log(s[i])), x[a]), s[a] * (x[a] - mean_under(s, x)))


# ---- masks --------------------------------------------------------------------------------------------------------

@claim(cite="folklore")
def additive_mask():
    """softmax(x + log w) is the softmax with multiplicative weights w, where w > 0."""
    added = Matrix((), x.cols, lambda k: x[k] + log(w[k]))
    return identity(row_softmax(added)[i], masked_softmax(w, x)[i], assuming=w[i] > 0)


@additive_mask.twin
def without_logarithm():
    added = Matrix((), x.cols, lambda k: x[k] + w[k])
    return identity(row_softmax(added)[i], masked_softmax(w, x)[i], assuming=w[i] > 0)


@claim(cite="folklore")
def masks_compose():
    """Masking the softmax by w and normalising again is the softmax masked by w."""
    return identity(row_normalise(Matrix((), x.cols, lambda k: w[k] * s[k]))[i], masked_softmax(w, x)[i])


@masks_compose.twin
def not_normalised_again():
    return identity(w[i] * s[i], masked_softmax(w, x)[i])


@claim(cite="folklore")
def masked_jacobian():
    """Under any mask, d s_i / d x_a = s_i (delta_ia - s_a)."""
    m = masked_softmax(w, x)
    return identity(diff(m[i], x[a]), m[i] * (delta(i, a) - m[a]))


@masked_jacobian.twin
def unmasked_correction():
    m = masked_softmax(w, x)
    return identity(diff(m[i], x[a]), m[i] * (delta(i, a) - s[a]))


# ---- sigmoid, tanh, silu ------------------------------------------------------------------------------------------

@claim(cite="folklore")
def two_classes():
    """e^t / (e^t + e^r) = sigmoid(t - r): the softmax of two numbers."""
    return identity(exp(t) / (exp(t) + exp(r)), sigmoid(t - r))


@two_classes.twin
def swapped_classes():
    return identity(exp(t) / (exp(t) + exp(r)), sigmoid(r - t))


@claim(cite="folklore")
def sigmoid_derivative():
    """sigmoid' = sigmoid (1 - sigmoid)."""
    return identity(diff(sigmoid(t), t), sigmoid(t) * (1 - sigmoid(t)))


@sigmoid_derivative.twin
def plus_instead():
    return identity(diff(sigmoid(t), t), sigmoid(t) * (1 + sigmoid(t)))


@claim(cite="folklore")
def sigmoid_reflection():
    """sigmoid(-t) = 1 - sigmoid(t)."""
    return identity(sigmoid(-t), 1 - sigmoid(t))


@sigmoid_reflection.twin
def odd():
    return identity(sigmoid(-t), -sigmoid(t))


@claim(cite="folklore")
def tanh_derivative():
    """tanh' = 1 - tanh^2."""
    return identity(diff(tanh(t), t), 1 - tanh(t) ** 2)


@tanh_derivative.twin
def plus_square():
    return identity(diff(tanh(t), t), 1 + tanh(t) ** 2)


@claim(cite="folklore")
def tanh_is_a_sigmoid():
    """tanh(t) = 2 sigmoid(2 t) - 1, and the argument is doubled too."""
    return identity(tanh(t), 2 * sigmoid(2 * t) - 1)


@tanh_is_a_sigmoid.twin
def undoubled_argument():
    return identity(tanh(t), 2 * sigmoid(t) - 1)


@claim(cite="arXiv 1702.03118, the sigmoid-weighted linear unit")
def silu_derivative():
    """silu'(t) = sigmoid(t) (1 + t (1 - sigmoid(t)))."""
    return identity(diff(silu(t), t), sigmoid(t) * (1 + t * (1 - sigmoid(t))))


@silu_derivative.twin
def dropped_product_rule():
    return identity(diff(silu(t), t), sigmoid(t) * (t * (1 - sigmoid(t))))
