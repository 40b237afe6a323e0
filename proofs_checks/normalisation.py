"""Layer norm and RMS norm, for every number of entries."""
from tacheck import claim
from tacheck.lang import Sum, delta, diff, dim, identity, positive, scalar, size, sqrt
from theory.kronecker import Matrix, matrix
from theory.normalisation import centred, layer_norm, mean, mean_square, rms_norm, variance

i, a = dim("n", "i a")
n = size("n")
x = matrix("x", "n")
eps, t = scalar("eps"), scalar("t")
y, z = layer_norm(x, eps), rms_norm(x, eps)
EPS = eps > 0


@claim(cite="folklore")
def mean_derivative():
    """d mean(x) / d x_a = 1/n."""
    return identity(diff(mean(x), x[a]), 1 / n)


@mean_derivative.twin
def missing_size():
    return identity(diff(mean(x), x[a]), 1)


@claim(cite="folklore")
def deviations_sum_to_zero():
    """The sum of x_i - mean(x) over i is 0."""
    return identity(Sum(i, centred(x)[i]), 0)


@deviations_sum_to_zero.twin
def squares_too():
    return identity(Sum(i, centred(x)[i] ** 2), 0)


@claim(cite="folklore")
def variance_of_squares():
    """variance(x) = mean of x^2 - mean(x)^2."""
    return identity(variance(x), mean_square(x) - mean(x) ** 2)


@variance_of_squares.twin
def plus_squared_mean():
    return identity(variance(x), mean_square(x) + mean(x) ** 2)


@claim(cite="folklore")
def variance_derivative():
    """d variance(x) / d x_a = (2/n) (x_a - mean(x)): the derivative of the mean inside drops out."""
    return identity(diff(variance(x), x[a]), 2 / n * centred(x)[a])


@variance_derivative.twin
def missing_one_over_n():
    return identity(diff(variance(x), x[a]), 2 * centred(x)[a])


@variance_derivative.twin
def uncentred():
    return identity(diff(variance(x), x[a]), 2 / n * x[a])


@claim(cite="arXiv 1607.06450, layer normalization")
def layer_norm_jacobian():
    """d y_i / d x_a = (delta_ia - 1/n - y_i y_a / n) / sqrt(variance + eps), for y = layer_norm(x)."""
    return identity(diff(y[i], x[a]), (delta(i, a) - 1 / n - y[i] * y[a] / n) / sqrt(variance(x) + eps), EPS)


@layer_norm_jacobian.twin
def dropped_mean_term():
    return identity(diff(y[i], x[a]), (delta(i, a) - y[i] * y[a] / n) / sqrt(variance(x) + eps), EPS)


@layer_norm_jacobian.twin
def flipped_variance_term():
    return identity(diff(y[i], x[a]), (delta(i, a) - 1 / n + y[i] * y[a] / n) / sqrt(variance(x) + eps), EPS)


@claim(cite="arXiv 1910.07467, root mean square layer normalization")
def rms_norm_jacobian():
    """d z_i / d x_a = (delta_ia - z_i z_a / n) / sqrt(mean of x^2 + eps), for z = rms_norm(x)."""
    return identity(diff(z[i], x[a]), (delta(i, a) - z[i] * z[a] / n) / sqrt(mean_square(x) + eps), EPS)


@rms_norm_jacobian.twin
def flipped_sign():
    return identity(diff(z[i], x[a]), (delta(i, a) + z[i] * z[a] / n) / sqrt(mean_square(x) + eps), EPS)


@claim(cite="arXiv 1607.06450, layer normalization")
def layer_norm_is_centred():
    """The entries of layer_norm(x) sum to 0."""
    return identity(Sum(i, y[i]), 0, EPS)


@layer_norm_is_centred.twin
def rms_norm_too():
    return identity(Sum(i, z[i]), 0, EPS)


@claim(cite="arXiv 1607.06450, layer normalization")
def layer_norm_shift():
    """layer_norm(x + t) = layer_norm(x), for every number t."""
    return identity(layer_norm(Matrix(x.rows, (), lambda k: x[k] + t), eps)[i], y[i], EPS)


@layer_norm_shift.twin
def rms_norm_shift():
    return identity(rms_norm(Matrix(x.rows, (), lambda k: x[k] + t), eps)[i], z[i], EPS)


@claim(cite="arXiv 1910.07467, root mean square layer normalization")
def rms_norm_scale():
    """rms_norm(t x, t^2 eps) = rms_norm(x, eps), for t > 0: without eps the scale does not matter."""
    return identity(rms_norm(x * t, t ** 2 * eps)[i], z[i], [EPS, positive(t)])


@rms_norm_scale.twin
def with_the_same_eps():
    return identity(rms_norm(x * t, eps)[i], z[i], [EPS, positive(t)])


@claim(cite="folklore")
def rms_norm_mean_square():
    """The mean square of rms_norm(x) is (mean of x^2) / (mean of x^2 + eps), just below 1."""
    return identity(mean_square(z), mean_square(x) / (mean_square(x) + eps), EPS)


@rms_norm_mean_square.twin
def exactly_one():
    return identity(mean_square(z), 1, EPS)


@claim(cite="folklore")
def layer_norm_ignores_constants():
    """The sum over a of d y_i / d x_a is 0, for y = layer_norm(x)."""
    return identity(Sum(a, diff(y[i], x[a])), 0, EPS)


@layer_norm_ignores_constants.twin
def rms_norm_does_too():
    return identity(Sum(a, diff(z[i], x[a])), 0, EPS)
