"""From gradients to outputs: d entries of the gradient, at a few points, decide what the output decides.

Loss(lambda) = 1/2 the sum of T_i(lambda)^2, where the scores are scaled by lambda: X = lambda T_id, with T_id[a, (a, a)] = 1.
F(1) = F(0) + the integral of F' over [0, 1], and F' is a sum of d gradient entries.  The constants: R = 1/4, rho = 1/5.
"""
from fractions import Fraction

from tacheck import claim
from tacheck.lang import delta, diff, dim, exp, identity, inequality, log, positive, scalar, size, sqrt
from theory.attention import layer
from theory.gradient import dX, p
from theory.hardness import Gadget, diagonal, diagonal_sum, given, half, share, square_loss
from theory.kronecker import entrywise, khatri_rao, kron, matrix, ones, total

CITE = "own construction; after the reduction of arXiv 2402.04497, appendix E"
ORDERS = {"order": range(1, 4)}
lam, R, S, P, rho, F, heard, e = (scalar(name) for name in "lambda R S P rho F heard e".split())
i, j = dim("n", "i j")
T = matrix("T", "n")


@claim(cite=CITE, over=ORDERS)
def scores_of_the_diagonal(order):
    """A1 (lambda T_id) (A2 (x) A3)^T = lambda A1 (A2 (/) A3)^T: T_id turns the Kronecker into the Khatri-Rao product."""
    a = layer(order)
    return identity(*entrywise(a.A[0] @ diagonal(order, lam) @ kron(*a.A[1:]).T, a.A[0] @ khatri_rao(*a.A[1:]).T * lam))


@scores_of_the_diagonal.twin
def squared(order):
    a = layer(order)
    return identity(*entrywise(a.A[0] @ diagonal(order, lam ** 2) @ kron(*a.A[1:]).T, a.A[0] @ khatri_rao(*a.A[1:]).T * lam))


def slope(order, of_entries):
    a = layer(order, X=diagonal(order, lam))
    return identity(diff(a.loss, lam), of_entries(dX(a, p(a))))


@claim(cite=CITE, over=ORDERS)
def slope_from_the_gradient(order):
    """dLoss/dlambda is the sum over a of dLoss/dX[a, (a, ..., a)] at X = lambda T_id: d entries of the gradient."""
    return slope(order, diagonal_sum)


@slope_from_the_gradient.twin
def divided_by_d(order):
    return slope(order, lambda G: diagonal_sum(G) / size("d"))


@slope_from_the_gradient.twin
def all_entries(order):
    return slope(order, lambda G: total(G.rows + G.cols, lambda *at: G[at]))


@claim(cite=CITE, over={"order": range(1, 6)})
def start(order):
    """F(0) = n/2 (N/(N + 1))^2: with all scores 0, every output is P/(P + n_ref) = N/(N + 1), where N is the rows of list 2."""
    g, N = Gadget(order), size("n2")
    return identity(square_loss(ones(("n1",)) * share(g.P, g.n_ref)), half * size("n1") * (N / (N + 1)) ** 2)


@start.twin
def without_the_reference_row(order):
    return identity(square_loss(ones(("n1",)) * share(Gadget(order).P, Gadget(order).n_ref)), half * size("n1"))


@claim(cite=CITE)
def one_row_is_enough():
    """F >= 1/2 T_i^2 for each row: one large output makes the loss large."""
    others = total(("n",), lambda k: (1 - delta(i, k)) ** 2 * T[k] ** 2)
    return inequality(square_loss(T), half * T[i] ** 2, because=half * others)


@one_row_is_enough.twin
def without_the_half():
    return inequality(square_loss(T), T[i] ** 2)


@claim(cite=CITE)
def yes():
    """An output T >= 1/(1 + R) gives 1/2 T^2 >= 1/(2 (1 + R)^2)."""
    u, x = 1 / (1 + R), scalar("T")
    large = x >= u
    return inequality(half * x ** 2, half * u ** 2, [positive(R), large],
                      because=half * given(large) * (given(large) + 2 * u))


@yes.twin
def of_smaller_outputs():
    u, x = 1 / (1 + R), scalar("T")
    return inequality(half * x ** 2, half * u ** 2, [positive(R), x >= u / 2])


@claim(cite=CITE)
def no_output():
    """T = S/(S + R) <= S/R: without orthogonal tuples an output is at most P exp(-beta)/R."""
    return inequality(S / R, share(S, R), [positive(S), positive(R)], because=S ** 2 / (R * (S + R)))


@no_output.twin
def without_dividing():
    return inequality(S / 2, R * share(S, R), [positive(S), positive(R)])


@claim(cite=CITE)
def beta_of_the_gradient():
    """P exp(-beta)/R = rho/sqrt(n) for beta = ln P + 1/2 ln n + ln(1/(rho R))."""
    n = size("n")
    return identity(P * exp(-(log(P) + half * log(n) + log(1 / (rho * R)))) / R, rho / sqrt(n),
                    [positive(P), positive(rho), positive(R)])


@beta_of_the_gradient.twin
def without_ln_n():
    return identity(P * exp(-(log(P) + log(1 / (rho * R)))) / R, rho / sqrt(size("n")), [positive(P), positive(rho), positive(R)])


@claim(cite=CITE)
def no():
    """n outputs of at most rho/sqrt(n) give F <= rho^2/2, for every n."""
    small = size("n") * T[i] ** 2 <= rho ** 2
    return inequality(half * rho ** 2, square_loss(T), small,
                      because=half * total(("n",), lambda k: rho ** 2 - size("n") * T[k] ** 2) / size("n"))


@no.twin
def up_to_rho():
    return inequality(half * rho ** 2, square_loss(T), T[i] ** 2 <= rho ** 2)


@claim(cite=CITE)
def ends():
    """With R = 1/4 and rho = 1/5 the ends are 8/25 and 1/50, and 17/100 is their middle."""
    u = 1 / (1 + Fraction(1, 4))
    return identity(scalar("t") * half * (half * u ** 2 + half * Fraction(1, 25)), scalar("t") * Fraction(17, 100))


@ends.twin
def with_rho_a_quarter():
    u = 1 / (1 + Fraction(1, 4))
    return identity(scalar("t") * half * (half * u ** 2 + half * Fraction(1, 16)), scalar("t") * Fraction(17, 100))


@claim(cite=CITE)
def missed():
    """A loss F >= 8/25 that is heard as 17/100 or less was wrong by 3/20 at least."""
    loss, low = F >= Fraction(8, 25), heard <= Fraction(17, 100)
    return inequality(F - heard, Fraction(3, 20), [loss, low], because=given(loss) + given(low))


@missed.twin
def at_a_third():
    return inequality(F - heard, Fraction(3, 20), [F >= Fraction(8, 25), heard <= Fraction(1, 2)])


@claim(cite=CITE)
def invented():
    """A loss F <= 1/50 that is heard as 17/100 or more was wrong by 3/20 at least."""
    loss, high = F <= Fraction(1, 50), heard >= Fraction(17, 100)
    return inequality(heard - F, Fraction(3, 20), [loss, high], because=given(loss) + given(high))


@invented.twin
def up_to_a_half():
    return inequality(heard - F, Fraction(3, 20), [F <= half, heard >= Fraction(17, 100)])


@claim(cite=CITE)
def budget():
    """A quadrature error of 3/40 and d entries each wrong by 37/(500 d) are together less than 3/20, for every d."""
    small = e <= Fraction(37, 500) / size("d")
    return inequality(Fraction(149, 1000), Fraction(3, 40) + size("d") * e, small, because=size("d") * given(small))


@budget.twin
def not_divided_by_d():
    return inequality(Fraction(149, 1000), Fraction(3, 40) + size("d") * e, e <= Fraction(37, 5))
