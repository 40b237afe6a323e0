"""The gradient in the scores moves by at most tau times the range of q, in the l1 norm: a proof in steps, for every n.

For |q| <= 1 and |s| <= 1 the covariances under f and f~ = f (1 + delta x) differ by at most 2 tau; so ||p~ - p||_1 <= 2 tau.
They are 4 det/(sum)^2 of two tables (`is_a_determinant`) whose masses are as close as the weights (`masses_stay_close`).
To show: det~/sum~^2 - det/sum^2 <= tau/2.

1. If det~ < 0, only det < 0 is of interest; then exchange both tables and the sign of q (`swapping`, `reversed_errors`).
2. With det~ >= 0, off-diagonal masses of f~ may be lowered to (1 - delta) times those of f (`lowered`), and those of f
   replaced by their mean (`levelled`).  Three shares are left, and twice the difference is w - u (`linear`).
3. By symmetry m >= 0.  Were agree1 < agree0 after the error, agree1 could be raised to it (`raised`, `raised_is_close`).
4. If w <= u there is nothing to show.  If u <= 1 - m, then `first_case`, `product` and `smaller_root` conclude; otherwise
   u and w are at least 1 - m, and `second_case` and `half_of_delta` do.

Masses are > 0 in the steps; a mass that is 0 is a limit of such.
"""
from fractions import Fraction

from tacheck import claim
from tacheck.lang import dim, exp, identity, inequality, nonzero, scalar, sigmoid, tanh, term
from theory.covariance import CELLS, Shares, Table, cell, quarter, table
from theory.kronecker import map_entries, matrix
from theory.propagation import Error, Row, covariance, error, within

OURS = "this library"
(j,) = dim("n", "j")
f, x, s, q = (matrix(name, "", "n") for name in "fxsq")
delta, tau, e = scalar("delta"), scalar("tau"), scalar("e")
TIGHT = sigmoid(tau)
DELTA, TAU = [delta >= 0, 1 - delta >= 0], [tau > 0, 1 - tau > 0]
a, d, y, b, c, k, p, r = (scalar(name) for name in "adybckpr")
free = Table(a, d, b, c)
ERRORS = (scalar("x1"), scalar("x0"), scalar("x"))
SHARES = [t > 0 for t in (a, d, y)] + [end for x_ in ERRORS for end in (1 - x_ >= 0, 1 + x_ >= 0)]
MASSES, MORE = [t > 0 for t in (a, d, b, c)], [t > 0 for t in (k, p, r)]


def shares(a=a, d=d, y=y) -> Shares:
    return Shares((a, d, y), ERRORS, Error(delta, 1 - delta))


def pulled() -> Shares:
    """Any masses, with errors that raise what agrees and lower what does not; delta is sigmoid(delta)."""
    return Shares((exp(a), exp(d), exp(y)), (term(1), term(1), term(-1)), Error(sigmoid(delta), 1 - sigmoid(delta)))


# ---- 1: tables ------------------------------------------------------------------------------------------------------

@claim(cite=OURS)
def is_a_determinant():
    """The covariance of s and q is 4 (agree1 agree0 - off1 off0)/(sum of the four)^2, for every n."""
    of = table(f, s, q)
    return identity(covariance(f, s, q), 4 * of.det / of.sum ** 2)


@is_a_determinant.twin
def plus_sign():
    of = table(f, s, q)
    return identity(covariance(f, s, q), 4 * (of.agree1 * of.agree0 + of.off1 * of.off0) / of.sum ** 2)


@claim(cite=OURS, over={"mass": tuple(CELLS), "end": ("upper", "lower")})
def masses_stay_close(mass, end):
    """The masses of the table under f~ = f (1 + delta x) lie within (1 - delta) and (1 + delta) times those under f."""
    row = Row(f, x, q, Error(delta, 1 - delta))
    given = [f[j] > 0, *DELTA, *within(x, j), *within(s, j), *within(q, j)]
    if end == "upper":
        return inequality((1 + delta) * cell(mass, f, s, q), cell(mass, row.g, s, q), given,
                          because=delta * cell(mass, row.high, s, q))
    return inequality(cell(mass, row.g, s, q), (1 - delta) * cell(mass, f, s, q), given,
                      because=delta * cell(mass, row.low, s, q))


@masses_stay_close.twin
def closer(mass, end):
    of = cell(mass, map_entries(exp, f), *(map_entries(tanh, v) for v in (s, q)))
    if end == "upper": return inequality((1 + sigmoid(delta) / 2) * of, (1 + sigmoid(delta)) * of)
    return inequality((1 - sigmoid(delta)) * of, (1 - sigmoid(delta) / 2) * of)


@claim(cite=OURS)
def swapping():
    """With -q for q the determinant changes its sign, and the sum does not change."""
    return identity(free.swapped.det / free.swapped.sum ** 2, -free.det / free.sum ** 2)


@swapping.twin
def keeps_its_sign():
    return identity(free.swapped.det / free.swapped.sum ** 2, free.det / free.sum ** 2)


@claim(cite=OURS, over={"end": ("upper", "lower")})
def reversed_errors(end):
    """If (1 - delta) a <= b <= (1 + delta) a then (1 - delta^2) a lies within (1 - delta) and (1 + delta) times b."""
    low, high, scaled = b - (1 - delta) * a, (1 + delta) * a - b, (1 - delta ** 2) * a
    if end == "upper": return inequality((1 + delta) * b, scaled, [*DELTA, low >= 0], because=(1 + delta) * low)
    return inequality(scaled, (1 - delta) * b, [*DELTA, high >= 0], because=(1 - delta) * high)


@reversed_errors.twin
def unscaled(end):
    if end == "upper": return inequality((1 + delta) * b, a, [*DELTA, b - (1 - delta) * a >= 0])
    return inequality((1 - delta ** 2) * a, b, [*DELTA, (1 + delta) * a - b >= 0])


# ---- 2: from four masses to three -----------------------------------------------------------------------------------

@claim(cite=OURS)
def lowered():
    """Where det >= 0, smaller off-diagonal masses, b and c in place of b + p^2 and c + r^2, give a greater det/(sum)^2."""
    below, above = lowering(k ** 2)
    return inequality(below.det / below.sum ** 2, above.det / above.sum ** 2, [t > 0 for t in (d, b, c)],
                      because=(p ** 2 * (c + r ** 2) + b * r ** 2) / below.sum ** 2
                      + k ** 2 * ((p ** 2 + r ** 2) * (above.sum + below.sum)) / above.sum ** 2 / below.sum ** 2)


def lowering(det) -> tuple[Table, Table]:
    """Two tables, the second with the determinant det."""
    a = (det + (b + p ** 2) * (c + r ** 2)) / d
    return Table(a, d, b, c), Table(a, d, b + p ** 2, c + r ** 2)


@lowered.twin
def where_negative():
    below, above = (Table(term(0), term(0), exp(b) + more, exp(c)) for more in (0, p ** 2))
    return inequality(below.det / below.sum ** 2, above.det / above.sum ** 2)


@claim(cite=OURS)
def levelled():
    """det~/sum~^2 - det/sum^2 does not fall when b and c, and k b and k c in f~, become their means; a~ >= k a, d~ >= k d."""
    before, after = levelling()
    S, T = free.sum, Table(k * a + p, k * d + r, k * b, k * c).sum
    return inequality(after, before, [*MASSES, *MORE],
                      because=quarter * (b - c) ** 2 * ((p + r) * (T + k * S)) / S ** 2 / T ** 2)


def levelling():
    mean, (A, D) = (b + c) / 2, (k * a + p, k * d + r)
    return (difference(Table(A, D, k * b, k * c), free),
            difference(Table(A, D, k * mean, k * mean), Table(a, d, mean, mean)))


def difference(moved: Table, of: Table):
    """det~/sum~^2 - det/sum^2."""
    return moved.det / moved.sum ** 2 - of.det / of.sum ** 2


@levelled.twin
def the_other_way():
    before, after = levelling()
    return inequality(before, after, [*MASSES, *MORE])


@claim(cite=OURS)
def linear():
    """Twice the difference of det/(sum)^2 is w - u, the means of the values 1 - m, 1 + m, 0."""
    t = shares()
    moved, of = (Table(first, second, off / 2, off / 2) for first, second, off in (t.moved, t.masses))
    return identity(2 * difference(moved, of), t.w - t.u)


@linear.twin
def once():
    t = shares()
    moved, of = (Table(first, second, off / 2, off / 2) for first, second, off in (t.moved, t.masses))
    return identity(difference(moved, of), t.w - t.u)


# ---- 3, 4: three shares ---------------------------------------------------------------------------------------------

@claim(cite=OURS)
def raised():
    """With agree1 < agree0 and equal off-diagonals, raising agree1 to agree0 raises det/(sum)^2."""
    low, high = Table(a, a + r, y / 2, y / 2), Table(a + r, a + r, y / 2, y / 2)
    return inequality(high.det / high.sum ** 2, low.det / low.sum ** 2, [a > 0, r > 0, y > 0],
                      because=quarter * r * (2 * r * (a + r) + y * (2 * low.sum + r)) / high.sum / low.sum ** 2)


@raised.twin
def beyond():
    low, high = Table(a, a + r, y / 2, y / 2), Table(3 * (a + r), a + r, y / 2, y / 2)
    return inequality(high.det / high.sum ** 2, low.det / low.sum ** 2, [a > 0, r > 0, y > 0])


@claim(cite=OURS)
def raised_is_close():
    """If agree0~ <= (1 + delta) agree0 and agree1 = agree0 + r^2, then agree0~ <= (1 + delta) agree1."""
    return inequality((1 + delta) * (d + r ** 2), b, [*DELTA, (1 + delta) * d - b >= 0],
                      because=(1 + delta) * r ** 2 + ((1 + delta) * d - b))


@raised_is_close.twin
def without_the_order():
    return inequality((1 + delta) * (d - r ** 2), b, [(1 + delta) * d - b >= 0])


@claim(cite=OURS)
def first_case():
    """w - u <= delta (u + w - 2 u w) if m >= 0, agree1 >= agree0 after the error, and u <= 1 - m.

    Here a, d/4 and 2 y are the masses, any positive numbers.
    """
    t = shares(a, d / 4, 2 * y)
    gap = (t.moved[0] - t.moved[1]) / t.T
    return inequality(delta * (t.u + t.w - 2 * t.u * t.w), t.w - t.u,
                      [*SHARES, *DELTA, gap >= 0, t.m >= 0, t.rest - t.u >= 0],
                      because=t.narrow() + 2 * delta * t.u * t.m * gap)


@first_case.twin
def with_half_of_delta():
    t = pulled()
    return inequality(sigmoid(delta) / 4 * (t.u + t.w - 2 * t.u * t.w), t.w - t.u)


u, w = scalar("u"), scalar("w")
slack = error(TIGHT).delta * (u + w - 2 * u * w) - (w - u)


@claim(cite=OURS)
def product():
    """From w - u <= delta (u + w - 2 u w) follows (tau - e)(1 - tau e) >= tau (1 - u - w)^2 for e = w - u.

    Here sigmoid(tau) is any tau between 0 and 1.
    """
    return inequality((TIGHT - (w - u)) * (1 - TIGHT * (w - u)), TIGHT * (1 - u - w) ** 2, slack >= 0,
                      because=(1 + TIGHT ** 2) * slack)


@product.twin
def twice_the_square():
    return inequality((TIGHT - (w - u)) * (1 - TIGHT * (w - u)), 2 * TIGHT * (1 - u - w) ** 2, slack >= 0)


@claim(cite=OURS)
def smaller_root():
    """If (tau - e)(1 - tau e) >= 0 and 1 - tau e > 0 then e <= tau; and e is at most 1, see `at_most_a_quarter`."""
    return inequality(tau, e, [*TAU, (tau - e) * (1 - tau * e) >= 0, 1 - tau * e > 0, nonzero(1 - tau * e)],
                      because=(1 - tau * e) ** -2 * (1 - tau * e) * ((tau - e) * (1 - tau * e)))


@smaller_root.twin
def without_the_sign():
    return inequality(TIGHT, e, [(TIGHT - e) * (1 - TIGHT * e) >= 0])


@claim(cite=OURS)
def second_case():
    """w - u <= delta/2 if m >= 0 and u, w >= 1 - m.  Here a, d/4 and y/8 are the masses, any positive numbers."""
    t = shares(a, d / 4, y / 8)
    return inequality(delta / 2, t.w - t.u, [*SHARES, *DELTA, t.m >= 0, t.u - t.rest >= 0, t.w - t.rest >= 0],
                      because=Fraction(1, 2) * (delta * (1 - 2 * t.m) ** 2 + t.spread(False) + t.spread(True)
                                                + delta * (t.remainder(False) + t.remainder(True))))


@second_case.twin
def a_twentieth():
    return inequality(sigmoid(delta) / 20, pulled().w - pulled().u)


@claim(cite=OURS)
def half_of_delta():
    """delta/2 <= tau."""
    return inequality(tau, error(tau).delta / 2, TAU, because=tau ** 3 / (1 + tau ** 2))


@half_of_delta.twin
def all_of_delta():
    return inequality(TIGHT, error(TIGHT).delta)


@claim(cite="folklore")
def at_most_a_quarter():
    """det <= (sum)^2/4 and, by `swapping`, -det too: twice a difference of det/(sum)^2 is at most 1."""
    agree, off = a + d, b + c
    return inequality(quarter * free.sum ** 2, free.det, MASSES,
                      because=quarter * ((a - d) ** 2 + 2 * agree * off + off ** 2) + b * c)


@at_most_a_quarter.twin
def an_eighth():
    return inequality(free.sum ** 2 / 8, free.det)


@claim(cite=OURS)
def attained():
    """Equality: s = q under weights 1 - tau on agreeing pairs, 1 + tau on the others, errors delta and -delta; for every tau."""
    return identity(*extreme(1), assuming=TAU)


def extreme(sign):
    agree, off, D = 1 - tau, 1 + tau, error(tau).delta
    raised, lowered = agree * (1 + D), off * (1 - sign * D)
    return difference(Table(raised, raised, lowered, lowered), Table(agree, agree, off, off)), tau / 2


@attained.twin
def errors_alike():
    return identity(*extreme(-1), assuming=TAU)
