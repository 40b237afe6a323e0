"""Gradient descent with gradients that are off: how errors add up over T steps, for every T and every dimension.

The loss is L-smooth; `lip` is L, `step` the step size, `off` a bound on the error of each gradient.
"""
from tacheck import claim
from tacheck.lang import Sum, dim, identity, inequality, positive, scalar, size, tensor
from theory.regimes import accumulated, c, half, squares

CITE = "folklore; see Bottou, Curtis and Nocedal, SIAM Review 60 (2018), section 4"
lip, step, off, t, u, gap, after, least = (scalar(x) for x in ("lip", "step", "off", "t", "u", "gap", "after", "least"))
GIVEN = [positive(lip), positive(step)]


def power(exponent):
    rate = step * lip
    return identity(accumulated(rate, exponent), (1 + rate) * accumulated(rate, t), [*GIVEN, positive(1 + rate)])


@claim(cite=CITE)
def one_step_more():
    """(1 + a)^(t + 1) = (1 + a) (1 + a)^t for a = step L: the factor by which two runs may drift apart in one step."""
    return power(t + 1)


@one_step_more.twin
def two_steps_more():
    return power(t + 2)


@claim(cite=CITE)
def drift():
    """After T steps a run with gradients off by at most `off` is at most (off/L)((1 + step L)^T - 1) away: one step of the proof.

    If gap <= (off/L)(u - 1), and the next gap is at most (1 + step L) gap + step off, it is at most (off/L)(u (1 + step L) - 1).
    """
    before, then = off / lip * (u - 1) >= gap, (1 + step * lip) * gap + step * off >= after
    return inequality(off / lip * (u * (1 + step * lip) - 1), after, [*GIVEN, before, then],
                      because=(1 + step * lip) * (1 * before.term) + 1 * then.term)


@drift.twin
def without_growth():
    gap = off / lip * (u - 1)
    return inequality(gap, (1 + step * lip) * gap + step * off, [*GIVEN, positive(off), positive(u)])


def geometric(end):
    rate = step * lip
    return identity((accumulated(rate, end) - 1) / rate * step * off, off / lip * (accumulated(rate, t) - 1),
                    [*GIVEN, positive(1 + rate)])


@claim(cite="folklore")
def sum_of_errors():
    """step off (1 + a + ... ) = (off/L)((1 + a)^T - 1), a = step L: the geometric sum of the errors, in closed form."""
    return geometric(t)


@sum_of_errors.twin
def one_error_more():
    return geometric(t + 1)


@claim(cite=CITE)
def descent():
    """A step of size at most 1/L along a gradient g + e takes at least (step/2)(|g|^2 - |e|^2) off an L-smooth loss."""
    g, e, drop = tensor("g"), tensor("e"), scalar("drop")
    inner, moved = Sum(c, g[c] * (g[c] + e[c])), Sum(c, (g[c] + e[c]) ** 2)
    smooth, small = drop >= step * inner - lip * step ** 2 / 2 * moved, 1 - lip * step >= 0
    form = 1 * smooth.term + step * half * (1 * small.term) * Sum(c, (g[c] + e[c]) ** 2)
    return inequality(drop, step / 2 * (squares("g") - squares("e")), [*GIVEN, smooth, small], because=form)


@descent.twin
def the_whole_step():
    """With e = 0 and L step = 1 the loss falls by (step/2)|g|^2 and no more."""
    return inequality(step / 2 * squares("g"), step * squares("g"), positive(step))


@claim(cite=CITE)
def over_many_steps():
    """sum_t |g_t|^2 <= 2 (f_0 - f_T)/step + sum_t |e_t|^2: the mean square gradient is off by the mean square error, no more.

    Errors of the gradient do not build up over T steps in this measure, for every T and every dimension.
    """
    (s,) = dim("T", "s")
    drop, total = tensor("drop"), scalar("total")
    each = drop[s] >= step / 2 * (squares("g", s) - squares("e", s))
    whole = total >= Sum(s, drop[s])
    return inequality(2 * total / step + Sum(s, squares("e", s)), Sum(s, squares("g", s)), [positive(step), each, whole],
                      because=2 / step * Sum(s, 1 * each.term) + 2 / step * (1 * whole.term))


@over_many_steps.twin
def with_half_the_loss():
    return inequality(scalar("total") / step, 2 * scalar("total") / step, [positive(step), positive(scalar("total"))])


@claim(cite="folklore")
def some_gradient_is_small():
    """T min_t |g_t|^2 <= sum_t |g_t|^2: so one of T gradients has |g|^2 <= 2 (f_0 - f_T)/(step T) + the mean of |e_t|^2."""
    (s,) = dim("T", "s")
    below = squares("g", s) >= least
    return inequality(Sum(s, squares("g", s)), size("T") * least, below, because=Sum(s, 1 * below.term))


@some_gradient_is_small.twin
def one_more_than_there_are():
    return inequality(size("T") * u, (size("T") + 1) * u, positive(u))
