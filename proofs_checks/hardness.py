"""The middle-reference gadget: its scores, its output, its constants, and why every output near enough is decoded right.

`order` is the number of key sets (1: matrix attention, 2: tensor attention); there is one list of vectors more.
"""
from fractions import Fraction
from math import prod

from tacheck import claim
from tacheck.lang import delta, dim, exp, identity, inequality, log, nonzero, positive, scalar, size, term
from theory.hardness import Gadget, beta_of, given, half, kappa_of, share, x_of
from theory.kronecker import indices, total

CITE = "own construction, tested by `tacheck harden`; after the reductions of arXiv 2302.13214 (matrix) and 2310.04064 (tensor)"
ORDERS = {"order": range(1, 6)}
beta, gap, x, y, t, S, R, P, n, T, heard = (scalar(name) for name in "beta gap x y t S R P n_ref T heard".split())
eps = gap / 2                                                        # the ends 1/2 + eps and 1/2 - eps are this far apart
RANGE = [positive(gap), positive(1 - gap)]                           # 0 < eps < 1/2
(i,) = dim("n1", "i")


def rows(gadget):
    """One index for each key list."""
    return indices(gadget.keys, "j")


# ---- scores and output ----------------------------------------------------------------------------------------------

def of_a_tuple(gadget):
    J = rows(gadget)
    return identity(gadget.score(i, *J), -gadget.beta * gadget.ip(i, *J), positive(beta))


@claim(cite=CITE, over=ORDERS)
def score_of_a_tuple(order):
    """A query row and a tuple of key rows have score -beta <a_1, ..., a_k>, for every number of rows and of columns.

    Q = -B [a_1 | 1], K_1 = B [a_2 | 0], K_s = B [a_(s+1) | 1], B = (d beta)^(1/k), scale 1/d, d = m + 1.
    """
    return of_a_tuple(Gadget(order))


@score_of_a_tuple.twin
def without_the_scale(order):
    return of_a_tuple(Gadget(order, scale=term(1)))


@score_of_a_tuple.twin
def another_root(order):
    return of_a_tuple(Gadget(order, root=Fraction(1, order + 2)))


def of_the_reference(gadget, value=-beta * scalar("kappa")):
    return identity(gadget.score(i, None, *rows(gadget)[1:]), value, positive(beta))


@claim(cite=CITE, over=ORDERS)
def score_of_the_reference(order):
    """With the reference row [0 | kappa], every tuple has score -kappa beta."""
    return of_the_reference(Gadget(order))


@score_of_the_reference.twin
def at_the_maximum(order):
    return of_the_reference(Gadget(order), 0)


@score_of_the_reference.twin
def scaled_by_m(order):
    return of_the_reference(Gadget(order, scale=1 / size("m")))


@claim(cite=CITE, over=ORDERS)
def output(order):
    """out_i = S_i/(S_i + R): attention, by its definition, with values 1 on real rows and 0 on the reference row.

    S_i is the sum over tuples of exp(-beta <a_1, ..., a_k>), and R = n_3 ... n_k exp(-kappa beta).
    """
    g = Gadget(order)
    return identity(g.output(i), share(g.S(i), g.R), positive(beta))


@output.twin
def value_1_on_the_reference(order):
    g = Gadget(order)
    return identity(g.output(i, on_reference=1), share(g.S(i), g.R), positive(beta))


@output.twin
def one_tuple_with_the_reference(order):
    g = Gadget(order, beta=2 * beta)
    return identity(Gadget(order).output(i), share(g.S(i), g.R), positive(beta))


# ---- what S can be --------------------------------------------------------------------------------------------------

@claim(cite=CITE, over=ORDERS)
def one_tuple_counts(order):
    """S_i >= exp(-beta <a_1, ..., a_k>) for each tuple: an orthogonal tuple gives S_i >= 1."""
    g, J = Gadget(order), rows(Gadget(order))
    def other(*K): return 1 - prod((delta(j, k) for j, k in zip(J, K)), start=term(1))
    form = total(g.keys, lambda *K: other(*K) ** 2 * exp(-g.beta * g.ip(i, *K)))
    return inequality(g.S(i), exp(-g.beta * g.ip(i, *J)), because=form)


@one_tuple_counts.twin
def twice(order):
    g = Gadget(order)
    return inequality(g.S(i), 2 * exp(-g.beta * g.ip(i, *rows(g))))


@claim(cite=CITE, over=ORDERS)
def without_orthogonal_tuples(order):
    """S_i <= P y if y bounds exp(-beta <a_1, ..., a_k>), as y = exp(-beta) does where all inner products are 1 or more."""
    g = Gadget(order)
    small = y >= exp(-g.beta * g.ip(i, *rows(g)))
    return inequality(g.P * y, g.S(i), small, because=total(g.keys, lambda *K: y - exp(-g.beta * g.ip(i, *K))))


@without_orthogonal_tuples.twin
def for_one_tuple(order):
    g = Gadget(order)
    return inequality(y, g.S(i), y >= exp(-g.beta * g.ip(i, *rows(g))))


# ---- the constants --------------------------------------------------------------------------------------------------

@claim(cite=CITE)
def weight_of_no():
    """P exp(-beta) = x^2 for beta = ln P + 2 ln(1/x)."""
    return identity(P * exp(-beta_of(P, x)), x ** 2, [positive(P), positive(x)])


@weight_of_no.twin
def one_logarithm():
    return identity(P * exp(-log(P) - log(1 / x)), x ** 2, [positive(P), positive(x)])


def reference(P, n_ref, kappa):
    b = beta_of(P, x)
    return identity(n_ref * exp(-kappa(P, n_ref, b) * b), x, [positive(P), positive(n_ref), positive(x), nonzero(b)])


@claim(cite=CITE)
def weight_of_the_reference():
    """R = n_ref exp(-kappa beta) = x for kappa = 1/2 - ln(sqrt(P)/n_ref)/beta: the geometric middle of 1 and x^2."""
    return reference(P, n, kappa_of)


@weight_of_the_reference.twin
def kappa_a_half():
    return reference(P, n, lambda P, n_ref, b: term(half))


@claim(cite=CITE)
def kappa_of_equal_lists():
    """kappa = 1/2 for two key lists of one length: P = n^2 and n_ref = n."""
    return identity(kappa_of(size("n") ** 2, size("n"), beta), half)


@kappa_of_equal_lists.twin
def with_three_key_lists():
    return identity(kappa_of(size("n") ** 3, size("n") ** 2, beta), half)


def ends(S, value, beta_is=beta_of):
    """The output with sum S, where everything is as the construction has it."""
    b = beta_is(P, x_of(gap))
    R = n * exp(-kappa_of(P, n, b) * b)
    return identity(share(S(b), R), value, [*RANGE, positive(P), positive(n), nonzero(b)])


@claim(cite=CITE)
def no_end_is_attained():
    """Where all inner products are 1, S = P exp(-beta) and the output is 1/2 - eps exactly, for every P, n_ref and eps."""
    return ends(lambda b: P * exp(-b), half - eps)


@no_end_is_attained.twin
def a_larger_eps():
    return ends(lambda b: P * exp(-b), half - eps - Fraction(1, 1000))


@no_end_is_attained.twin
def a_lower_temperature():
    return ends(lambda b: P * exp(-b), half - eps, lambda P, x: log(P) + log(1 / x))


@claim(cite=CITE)
def yes_end_is_the_limit():
    """With one orthogonal tuple and nothing else, S = 1 and the output is 1/2 + eps exactly."""
    return ends(lambda b: term(1), half + eps)


@yes_end_is_the_limit.twin
def two_orthogonal_tuples():
    return ends(lambda b: term(2), half + eps)


# ---- decoding -------------------------------------------------------------------------------------------------------

@claim(cite=CITE)
def yes():
    """S >= 1 and R = x give an output of at least 1/2 + eps."""
    some = S >= 1
    return inequality(share(S, x_of(gap)), half + eps, [*RANGE, positive(S), some],
                      because=(1 - gap) * some.term / (2 * (S + x_of(gap))))


@yes.twin
def above_the_end():
    return inequality(share(S, x_of(gap)), half + eps + Fraction(1, 1000), [*RANGE, positive(S), S >= 1])


@yes.twin
def from_half_a_tuple():
    return inequality(share(S, x_of(gap)), half + eps, [*RANGE, positive(S), S >= half])


def below(part_of, value):
    """The output for S = part_of(x) times a number from 0 to 1."""
    x, most = x_of(gap), t <= 1
    form = given(most) * x * (1 - gap) / (2 * (t * part_of(x) + x))
    return inequality(value, share(t * part_of(x), x), [*RANGE, positive(t), most], because=form)


@claim(cite=CITE)
def no():
    """S <= x^2 and R = x give an output of at most 1/2 - eps (S = t x^2 with 0 < t <= 1)."""
    return below(lambda x: x ** 2, half - eps)


@no.twin
def below_the_end():
    return below(lambda x: x ** 2, half - eps - Fraction(1, 1000))


@no.twin
def up_to_x():
    return below(lambda x: x, half - eps)


@claim(cite=CITE)
def missed():
    """An output T >= 1/2 + eps that is heard as 1/2 or less was wrong by eps at least: a smaller error misses no YES."""
    out, low = T >= half + eps, heard <= half
    return inequality(T - heard, eps, [out, low], because=given(out) + given(low))


@missed.twin
def wrong_by_more():
    return inequality(T - heard, eps + Fraction(1, 1000), [T >= half + eps, heard <= half])


@missed.twin
def at_another_threshold():
    return inequality(T - heard, eps, [T >= half + eps, heard <= 1])


@claim(cite=CITE)
def invented():
    """An output T <= 1/2 - eps that is heard as 1/2 or more was wrong by eps at least: a smaller error invents no YES."""
    out, high = T <= half - eps, heard >= half
    return inequality(heard - T, eps, [out, high], because=given(out) + given(high))


@invented.twin
def from_the_threshold():
    return inequality(heard - T, eps, [positive(gap), T <= half, heard >= half])


@claim(cite=CITE)
def any_more_noise_is_too_much():
    """An error of eps + t lifts the output 1/2 - eps, which is attained, above the threshold, for every t > 0."""
    return inequality((half - eps) + (eps + t), half, positive(t), because=t)


@any_more_noise_is_too_much.twin
def less_noise_too():
    return inequality((half - eps) + (eps - t), half, positive(t))
