"""From an error in the weights of a row to its output: sharp, and for every number of keys.

The rest of the gradient is in `gradient_error` and `covariance`.
"""
from fractions import Fraction

from tacheck import claim
from tacheck.lang import Sum, dim, exp, identity, inequality, nonzero, scalar, sigmoid, tanh
from theory.kronecker import map_entries, matrix
from theory.propagation import Error, Row, along, down, error, mean, output_error, times, up, whole, within

(j,) = dim("n", "j")
f, x, v, s = (matrix(name, "", "n") for name in ("f", "x", "v", "s"))
delta, tau, c, h = scalar("delta"), scalar("tau"), scalar("c"), scalar("h")
DELTA = [delta >= 0, 1 - delta >= 0]
TAU = [tau > 0, 1 - tau > 0]
TIGHT = sigmoid(tau)
OURS = "this library"
SIDES = {"values": ("v", "-v")}


def row(values: str, e: Error) -> Row:
    """The row, or the row with values -v: from w - u to u - w."""
    return signed(Row(f, x, v, e), values)


def signed(r: Row, values: str) -> Row:
    return r if values == "v" else r.negated()


def tight(values: str) -> Row:
    """Weights exp(a), with relative errors and values tanh(4 b): the errors pull where the values do.  tau is sigmoid(tau)."""
    a, b = matrix("a", "", "n"), map_entries(tanh, matrix("b", "", "n") * 4)
    return signed(Row(map_entries(exp, a), b if values == "v" else -b, b, error(TIGHT)), values)


def pole(r: Row, t=tau):
    """2 - tau (w - u), visibly at least 2 (1 - tau)."""
    return t * (mean(r.g, down(r.v)) + mean(r.f, up(r.v))) + 2 * (1 - t)


def room(r: Row, t=tau):
    """2 tau - (w - u), visibly at least 0."""
    return (t * (r.u + r.w) ** 2 + 2 * (1 + t ** 2) * r.slack()) / pole(r, t)


# ---- the means ----------------------------------------------------------------------------------------------------

@claim(cite=OURS, over=SIDES)
def means_move(values):
    """w - u <= delta (1 - u w), for weights f and f~ = f (1 + delta x) with |x| <= 1, and values in [-1, 1].

    So artanh w - artanh u <= artanh delta: on the scale of artanh, a mean moves by the same amount wherever it is.
    """
    r = row(values, Error(delta, 1 - delta))
    return inequality(delta * (1 - r.u * r.w), r.w - r.u, [*r.given(j), *DELTA], because=r.slack())


@means_move.twin
def as_variances_would(values):
    r = tight(values)
    return inequality(r.error.delta * (1 - r.u ** 2) * (1 - r.w ** 2), r.w - r.u)


@claim(cite=OURS, over=SIDES)
def parabola(values):
    """(2 tau - e)(2 - tau e) >= tau (u + w)^2 for e = w - u: near to 2 tau only where u and w are opposite."""
    r = row(values, error(tau))
    e = r.w - r.u
    return inequality((2 * tau - e) * (2 - tau * e), tau * (r.u + r.w) ** 2, [*r.given(j), *TAU],
                      because=2 * (1 + tau ** 2) * r.slack())


@parabola.twin
def twice_the_square(values):
    r = tight(values)
    e = r.w - r.u
    return inequality((2 * TIGHT - e) * (2 - TIGHT * e), 2 * TIGHT * (r.u + r.w) ** 2)


@claim(cite=OURS, over=SIDES)
def no_pole(values):
    """2 - tau (w - u) >= 2 (1 - tau) > 0: what `outputs_move` divides by does not vanish."""
    r = row(values, error(tau))
    return inequality(2 - tau * (r.w - r.u), 2 * (1 - tau), [*r.given(j), *TAU],
                      because=tau * (mean(r.g, down(r.v)) + mean(r.f, up(r.v))))


@no_pole.twin
def without_the_factor(values):
    r = tight(values)
    return inequality(2 - TIGHT * (r.w - r.u), 2)


@claim(cite=OURS, over=SIDES)
def outputs_move(values):
    """|out~ - out| <= 2 tau h for values in [c - h, c + h], where delta = 2 tau/(1 + tau^2) bounds the relative entry error.

    For every number of keys, so for every column of attention of any order: tau times the range of the values.
    The condition that 2 - tau (w - u) is not 0 always holds: see `no_pole`.
    """
    r = row(values, error(tau))
    shifted = map_entries(lambda value: c + h * value, r.v)
    return inequality(2 * tau * h, mean(r.g, shifted) - mean(r.f, shifted), [*r.given(j), *TAU, h >= 0, nonzero(pole(r))],
                      because=h * room(r))


@outputs_move.twin
def once_tau(values):
    r = tight(values)
    return inequality(TIGHT, r.w - r.u)


@claim(cite=OURS)
def total_variation():
    """Half the l1 norm of f~/sum(f~) - f/sum(f) is at most tau: the sum with any factors |s_j| <= 1 is at most 2 tau."""
    r = Row(f, x, s, error(tau))
    moved = Sum(j, s[j] * (r.g[j] / whole(r.g) - f[j] / whole(f)))
    return inequality(2 * tau, moved, [*r.given(j), *TAU, nonzero(pole(r))], because=room(r))


@total_variation.twin
def half_of_it():
    r = Row(f, x, s, error(tau))
    r = tight("v")
    return inequality(TIGHT, Sum(j, r.v[j] * (r.g[j] / whole(r.g) - r.f[j] / whole(r.f))))


@claim(cite=OURS)
def attained():
    """With two keys it is an equality: weights 1 - tau, 1 + tau, relative errors delta, -delta and values 1, -1.

    delta^2 + ((1 - tau^2)/(1 + tau^2))^2 = 1; for every tau.
    """
    return identity(*two_keys(1), assuming=TAU)


def two_keys(sign):
    """w - u of the two keys, with relative errors delta and -sign delta; and 2 tau."""
    d = error(tau).delta
    first, second = 1 - tau, 1 + tau
    u = (first - second) / (first + second)
    g, k = first * (1 + d), second * (1 - sign * d)
    return (g - k) / (g + k) - u, 2 * tau


@attained.twin
def errors_of_one_sign():
    return identity(*two_keys(-1), assuming=TAU)


@claim(cite=OURS)
def tau_and_delta():
    """delta = 2 tau/(1 + tau^2) is solved by tau = delta/(1 + sqrt(1 - delta^2))."""
    return identity(error(output_error(delta)).delta, delta, assuming=1 - delta ** 2 > 0)


@tau_and_delta.twin
def without_the_root():
    return identity(error(delta / (2 - delta ** 2)).delta, delta, assuming=1 - delta ** 2 > 0)


@claim(cite="folklore")
def usual_bound():
    """2 delta/(1 - delta) max |v|, as it is usually printed, is at least twice tau times the range of values in [-h, h]."""
    d = error(tau)
    return inequality(2 * d.delta / d.room * h, 2 * (2 * tau * h), [*TAU, h >= 0],
                      because=4 * tau * h * (tau * (1 + (1 - tau))) / (1 - tau) ** 2)


@usual_bound.twin
def eight_times():
    d = error(TIGHT)
    return inequality(2 * d.delta / d.room, 8 * (2 * TIGHT))


# ---- given rows ---------------------------------------------------------------------------------------------------

@claim(cite=OURS)
def for_a_given_row():
    """w - u <= delta (mean of |v - w| under f): for given f and v the largest w solves this equation."""
    r = Row(f, x, v, Error(delta, 1 - delta))
    size = matrix("r", "", "n")
    off = along(f, lambda j: v[j] - r.w)
    return inequality(delta * mean(f, size), r.w - r.u,
                      [f[j] > 0, *within(x, j), *DELTA, size[j] - off[j] >= 0, size[j] + off[j] >= 0],
                      because=delta / 2 * (Sum(j, r.high[j] * (size[j] + off[j]))
                                           + Sum(j, r.low[j] * (size[j] - off[j]))) / whole(f))


@for_a_given_row.twin
def squared_deviation():
    r = tight("v")
    return inequality(r.error.delta * mean(r.f, along(f, lambda j: (r.v[j] - r.w) ** 2)), r.w - r.u)


@claim(cite=OURS)
def mean_deviation():
    """The mean of |v - m| is at most 1 - m^2, where |v| <= 1 and m is the mean of v: the sum of f_j s_j (v_j - m), |s_j| <= 1.

    Half the range, then, under any weights.
    """
    m = mean(f, v)
    return inequality(1 - m ** 2, mean(f, along(f, lambda j: s[j] * (v[j] - m))), [f[j] > 0, *within(v, j), *within(s, j)],
                      because=deviation(f, v, s))


def deviation(weights, values, signs):
    """1 - m^2 - (mean of s (v - m)), visibly at least 0 for |v|, |s| <= 1."""
    return Fraction(1, 2) * (mean(weights, down(values)) * mean(weights, times(down(signs), up(values)))
                             + mean(weights, up(values)) * mean(weights, times(up(signs), down(values))))


@mean_deviation.twin
def half_as_much():
    r = tight("v")
    return inequality(Fraction(1, 2) * (1 - r.u ** 2), mean(r.f, along(f, lambda j: r.v[j] * (r.v[j] - r.u))))
