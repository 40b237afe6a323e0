"""Ranges of scores, for every dimension: by entries, by columns, by norms; and what clipping does to them.

These are what a certified range of logits rests on.  Each is about real numbers; `tacheck regime` widens by rounding.
"""
from fractions import Fraction
from math import prod

from tacheck import claim
from tacheck.lang import Sum, dim, exp, identity, inequality, positive, scalar, size, tensor, term
from theory.regimes import between, c, means_gap, power_sum, product, room, score, share

OURS, FOLKLORE = "this library", "folklore"
FACTORS, SIGNS = {"factors": range(1, 7)}, {"sign": (1, -1)}
NAMES = "xyzuvw"
B, C, gap, T = scalar("B"), scalar("C"), scalar("gap"), scalar("T")
d = size("d")


def bounded(k, bound):
    """Vectors x, y, ..., k of them, the pairs (entry, bound) at column c, and what is assumed."""
    pairs = [(tensor(x)[c], bound(x)) for x in NAMES[:k]]
    return NAMES[:k], pairs, [a for x, b in pairs for a in between(x, b)]


# ---- entries and columns ----------------------------------------------------------------------------------------------

def constant(value, k):
    """The product of k entries, all of that value: where a false bound shows."""
    return value ** k


@claim(cite="arXiv 2310.04064 and 2405.16411: bounded entries", over=FACTORS | SIGNS)
def by_entries(factors, sign):
    """|(1/d) sum_c x_c y_c z_c ...| <= B^k for k factors with entries in [-B, B]: scores of tensor attention are at most B^3."""
    vectors, pairs, given = bounded(factors, lambda x: B)
    return inequality(B ** factors, sign * score(vectors, 1 / d), given, because=(1 / d) * Sum(c, room(pairs, sign)))


@by_entries.twin
def without_the_scale(factors, sign):
    return inequality(B ** factors, Sum(c, constant(B, factors)), positive(B))


@by_entries.twin
def one_power_less(factors, sign):
    return inequality(B ** (factors - 1), (1 / d) * Sum(c, constant(B, factors)), positive(B))


@claim(cite=OURS, over=FACTORS | SIGNS)
def by_columns(factors, sign):
    """|sum_c x_c y_c ...| <= sum_c a_c b_c ... where a_c >= |x_c|, b_c >= |y_c|, ...: the largest entries of columns of keys."""
    vectors, pairs, given = bounded(factors, lambda x: tensor(f"top_{x}")[c])
    most = Sum(c, prod((b for _, b in pairs), start=term(1)))
    return inequality(most, sign * score(vectors), given, because=Sum(c, room(pairs, sign)))


@by_columns.twin
def less_a_thousandth(factors, sign):
    tops = NAMES[:factors]
    return inequality(score(tops) - Fraction(1, 1000), score(tops), [tensor(x)[c] >= 0 for x in tops])


# ---- norms ------------------------------------------------------------------------------------------------------------

def hoelder(p, root=None):
    vectors = NAMES[:p]
    given = [a for x in vectors for a in (tensor(x)[c] >= 0, positive(power_sum(x, p)))]
    norms = prod((power_sum(x, p) ** Fraction(1, root or p) for x in vectors), start=term(1))
    form = norms * Sum(c, means_gap([tensor(x)[c] * power_sum(x, p) ** Fraction(-1, p) for x in vectors]))
    return norms, score(vectors), given, form


@claim(cite="Hoelder's inequality", over={"p": range(2, 7)})
def by_powers(p):
    """sum_c x_c y_c z_c <= |x|_p |y|_p |z|_p for p vectors without negative entries: with p = order + 1, in linear time.

    By arithmetic and geometric means of x_c/|x|_p, y_c/|y|_p, ...
    """
    most, value, given, form = hoelder(p)
    return inequality(most, value, given, because=form)


@by_powers.twin
def with_another_root(p):
    most, value, given, _ = hoelder(p, p + 1)
    return inequality(most, value, given)


def cauchy(k, factor=1):
    """Of the product of the first two vectors with the product of the others."""
    first, rest = NAMES[:2], NAMES[2:k + 1]
    squares = [Sum(c, lambda c, v=v: product(v, c) ** 2) for v in (first, rest)]
    norms = factor * squares[0] ** Fraction(1, 2) * squares[1] ** Fraction(1, 2)
    unit = [product(v, c) * s ** Fraction(-1, 2) for v, s in zip((first, rest), squares)]
    return norms, score(NAMES[:k + 1]), [positive(s) for s in squares], norms * Sum(c, means_gap(unit))


@claim(cite="the inequality of Cauchy and Schwarz", over={"order": range(2, 6)})
def by_norms(order):
    """sum_c q_c k_c l_c <= |q o k|_2 |l|_2: one product of matrices of squares gives the largest |q_i o k_j| of each row."""
    most, value, given, form = cauchy(order)
    return inequality(most, value, given, because=form)


@by_norms.twin
def a_little_less(order):
    most, value, given, _ = cauchy(order, Fraction(99, 100))
    return inequality(most, value, given)


def rescaled(inverse):
    w, (x, y, z) = tensor("w"), (tensor(v) for v in "xyz")
    return identity(Sum(c, (w[c] * x[c]) * (y[c] * inverse(w[c])) * z[c]), score("xyz"), [positive(w[c])])


@claim(cite=OURS)
def columns_may_be_rescaled():
    """Scores do not change when a column is scaled by w_c in one slot and by 1/w_c in another."""
    return rescaled(lambda w: 1 / w)


@columns_may_be_rescaled.twin
def the_same_way():
    return rescaled(lambda w: w)


# ---- clipping ---------------------------------------------------------------------------------------------------------

def clipped(k):
    """k vectors with entries up to B, and the clipped ones: up to C, and `gap` away."""
    before, after = NAMES[:k], [f"{x}_clipped" for x in NAMES[:k]]
    given = [a for x, y in zip(before, after) for a in (*between(tensor(x)[c], B), *between(tensor(y)[c], C),
                                                        *between(tensor(x)[c] - tensor(y)[c], gap))]
    return before, after, given


def telescoped(k, sign):
    """The change of the score as a sum over the place where the clipped vectors end, each term with its room."""
    before, after, _ = clipped(k)
    found = term(0)
    for s in range(k):
        pairs = [(tensor(y)[c], C) for y in after[:s]] + [(tensor(before[s])[c] - tensor(after[s])[c], gap)] + \
            [(tensor(x)[c], B) for x in before[s + 1:]]
        found = found + room(pairs, sign)
    return (1 / d) * Sum(c, found)


@claim(cite=OURS, over={"factors": (1, 2, 3, 4)} | SIGNS)
def clipping_moves_scores(factors, sign):
    """Clipping entries from [-B, B] to [-C, C], each by at most gap, moves scores by at most gap (B^2 + B C + C^2).

    For k factors: gap times the sum of B^(k-1-s) C^s, with the scale 1/d, for every d.
    """
    before, after, given = clipped(factors)
    most = gap * sum((C ** s * B ** (factors - 1 - s) for s in range(factors)), start=term(0))
    return inequality(most, sign * (score(before, 1 / d) - score(after, 1 / d)), given, because=telescoped(factors, sign))


@clipping_moves_scores.twin
def by_gap_times_one_term(factors, sign):
    """With all entries at B and clipped to C: B^k - C^k is more than (B - C) C^(k-1), or than half of B - C for k = 1."""
    most = (B - C) * (C ** (factors - 1) if factors > 1 else term(Fraction(1, 2)))
    return inequality(most, constant(B, factors) - constant(C, factors), [positive(C), positive(B - C)])


@claim(cite=OURS)
def scores_move_weights():
    """Scores that move by at most T change each weight of a softmax by a factor of at most e^(2 T).

    Weights f and g, not normalised, with f <= e^T g and g <= e^T f entry by entry.
    """
    (j,) = dim("n", "j")
    f, g = tensor("f")[j], tensor("g")[j]
    return inequality(exp(2 * T) * share("f", j), share("g", j),
                      [positive(f), positive(g), T >= 0, exp(T) * g >= f, exp(T) * f >= g], because=apart(exp(T)))


def apart(e):
    """e^2 f_j/F - g_j/G = (e f_j (e G - F) + F (e f_j - g_j))/(F G)."""
    j, k = dim("n", "j k")
    f, g = tensor("f"), tensor("g")
    F, G = Sum(k, f[k]), Sum(k, g[k])
    return (e * f[j] * Sum(k, 1 * (e * g[k] >= f[k]).term) + F * (1 * (e * f[j] >= g[j]).term)) / (F * G)


@scores_move_weights.twin
def by_half_as_much():
    """A weight 1 beside 10, moved by T while the other moves by -T: from 1/11 to more than e^T/11 for T < ln 10."""
    return inequality(exp(T) / 11, exp(T) / (exp(T) + 10 * exp(-T)), [positive(T), positive(2 - T)])
