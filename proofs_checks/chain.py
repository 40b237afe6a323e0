"""The lemma chain that leads to the gradient of the loss in X, link by link."""
from fractions import Fraction

from tacheck import claim
from tacheck.lang import identity
from theory import chain
from theory.attention import layer
from theory.gradient import dX, p, q
from theory.kronecker import Matrix, entrywise, hadamard, jacobian, scale_rows, total, vec
from theory.softmax import reciprocal

CHAIN = "arXiv 2405.16411, the lemma chain of the gradient"
ORDERS = {"order": range(1, 4)}


def number(t):
    """A number as a matrix without rows and columns."""
    return Matrix((), (), lambda: t)


@claim(cite=CHAIN, over=ORDERS)
def d_scores(order):
    """The scores are linear in X: d vec(A1 X (A2 (x) A3)^T / d) = (1/d) A1 (x) A2 (x) A3."""
    a = layer(order)
    return identity(*entrywise(jacobian(a.scores, a.X), chain.d_scores(a)))


@d_scores.twin
def flipped_sign_of_scores(order):
    a = layer(order)
    return identity(*entrywise(jacobian(a.scores, a.X), -chain.d_scores(a)))


@claim(cite=CHAIN, over=ORDERS)
def d_u(order):
    """du[i, J] = u[i, J] d scores[i, J], for u = exp(scores)."""
    a = layer(order)
    return identity(*entrywise(jacobian(a.u, a.X), chain.d_u(a)))


@d_u.twin
def dropped_u(order):
    a = layer(order)
    return identity(*entrywise(jacobian(a.u, a.X), chain.d_scores(a)))


@claim(cite=CHAIN, over=ORDERS)
def d_alpha(order):
    """d alpha[i] = the sum of du[i, J] over J, for alpha = u 1."""
    a = layer(order)
    return identity(*entrywise(jacobian(a.alpha, a.X), chain.d_alpha(a)))


@d_alpha.twin
def halved(order):
    a = layer(order)
    return identity(*entrywise(jacobian(a.alpha, a.X), chain.d_alpha(a) * Fraction(1, 2)))


@claim(cite=CHAIN, over=ORDERS)
def d_inverse(order):
    """d (1/alpha)[i] = - alpha[i]^-2 d alpha[i]."""
    a = layer(order)
    return identity(*entrywise(jacobian(reciprocal(a.alpha), a.X), chain.d_inverse(a)))


@d_inverse.twin
def flipped_sign_of_inverse(order):
    a = layer(order)
    return identity(*entrywise(jacobian(reciprocal(a.alpha), a.X), -chain.d_inverse(a)))


@d_inverse.twin
def power_one_too_few(order):
    a = layer(order)
    return identity(*entrywise(jacobian(reciprocal(a.alpha), a.X), scale_rows(a.alpha, chain.d_inverse(a))))


@claim(cite=CHAIN, over=ORDERS)
def d_f(order):
    """df[i, J] = f[i, J] (d scores[i, J] - sum over M of f[i, M] d scores[i, M])."""
    a = layer(order)
    return identity(*entrywise(jacobian(a.f, a.X), chain.d_f(a)))


@d_f.twin
def dropped_normaliser(order):
    a = layer(order)
    return identity(*entrywise(jacobian(a.f, a.X), scale_rows(vec(a.f), chain.d_scores(a))))


@claim(cite=CHAIN, over=ORDERS)
def d_c(order):
    """dc[i, b] = sum over J of df[i, J] h[J, b]: neither the values nor E depend on X."""
    a = layer(order)
    return identity(*entrywise(jacobian(a.c, a.X), chain.d_c(a)))


@d_c.twin
def undifferentiated_denominator(order):
    a, ds = layer(order), chain.d_scores(layer(order))
    wrong = Matrix(a.c.rows + a.c.cols, ds.cols, lambda i, b, *at: total(
        a.h.rows, lambda *J: a.f[i, *J] * ds[i, *J, *at] * a.h[*J, b]))
    return identity(*entrywise(jacobian(a.c, a.X), wrong))


@claim(cite=CHAIN, over=ORDERS)
def d_loss(order):
    """d Loss = sum over i and b of c[i, b] dc[i, b]."""
    a = layer(order)
    return identity(*entrywise(jacobian(number(a.loss), a.X), chain.d_loss(a)))


@d_loss.twin
def undifferentiated_normaliser(order):
    a, ds = layer(order), chain.d_scores(layer(order))
    wrong = Matrix((), ds.cols, lambda *at: total(a.c.rows + a.c.cols, lambda i, b: a.c[i, b] * total(
        a.h.rows, lambda *J: a.f[i, *J] * ds[i, *J, *at] * a.h[*J, b])))
    return identity(*entrywise(jacobian(number(a.loss), a.X), wrong))


@claim(cite=CHAIN, over=ORDERS)
def gathered(order):
    """The chain, gathered: d Loss is the vec of (1/d) A1^T p (A2 (x) A3)."""
    a = layer(order)
    return identity(*entrywise(chain.d_loss(a).T, vec(dX(a, p(a)))))


@gathered.twin
def dropped_correction(order):
    a = layer(order)
    return identity(*entrywise(chain.d_loss(a).T, vec(dX(a, hadamard(a.f, q(a))))))
