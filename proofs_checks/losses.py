"""Any differentiable loss: the vector-Jacobian product of attention, and cross-entropy as a corollary."""
from fractions import Fraction

from tacheck import claim
from tacheck.lang import identity
from theory.attention import Layer, layer
from theory.gradient import dh, dX, dY, p, q
from theory.kronecker import entrywise, frobenius_squared, gradient, hadamard, inner, matrix, row_sums
from theory.losses import cross_entropy, d_cross_entropy, paired
from theory.softmax import row_softmax

G = matrix("G", "n", "d")
LOGITS, TARGETS, HEAD = matrix("Z", "n", "v"), matrix("T", "n", "v"), matrix("M", "d", "v")
CITE = "folklore; arXiv 2405.16411 has the squared loss"
FAMILY = {"order": range(1, 6), "matrices": ("distinct", "equal")}


@claim(cite=CITE, over=FAMILY)
def vjp_X(order, matrices):
    """d<G, output>/dX = (1/d) A1^T p (A2 (x) A3) with q = G h^T, for every G.

    For a differentiable loss l, G is its gradient in the output, and the left side is dl/dX by the chain rule.
    """
    a = layer(order, matrices)
    return identity(*entrywise(gradient(paired(G, a.output), a.X), dX(a, p(a, G))))


@vjp_X.twin
def dropped_correction(order, matrices):
    a = layer(order, matrices)
    return identity(*entrywise(gradient(paired(G, a.output), a.X), dX(a, hadamard(a.f, q(a, G)))))


@claim(cite=CITE, over={"order": range(1, 6)})
def vjp_Y(order):
    """d<G, output>/dY = (A4 (x) A5)^T f^T G, for every G."""
    a = layer(order)
    return identity(*entrywise(gradient(paired(G, a.output), a.Y), dY(a, dh(a, G))))


@vjp_Y.twin
def unnormalised_weights(order):
    a = layer(order)
    return identity(*entrywise(gradient(paired(G, a.output), a.Y), dY(a, a.u.T @ G)))


@claim(cite="folklore")
def weighted_squares():
    """For 1/2 sum of w c^2, with any weights w, the gradient in X is that of <G, output> with G = w o c."""
    a, w = layer(2), matrix("w", "n", "d")
    loss = Fraction(1, 2) * inner(w, hadamard(a.c, a.c))
    return identity(*entrywise(gradient(loss, a.X), dX(a, p(a, hadamard(w, a.c)))))


@weighted_squares.twin
def forgotten_weights():
    a, w = layer(2), matrix("w", "n", "d")
    loss = Fraction(1, 2) * inner(w, hadamard(a.c, a.c))
    return identity(*entrywise(gradient(loss, a.X), dX(a, p(a))))


@claim(cite="folklore")
def weight_decay():
    """1/2 ||X||^2 added to the loss adds X to its gradient."""
    a = layer(2)
    return identity(*entrywise(gradient(a.loss + Fraction(1, 2) * frobenius_squared(a.X), a.X), dX(a, p(a)) + a.X))


@weight_decay.twin
def doubled_decay():
    a = layer(2)
    return identity(*entrywise(gradient(a.loss + Fraction(1, 2) * frobenius_squared(a.X), a.X), dX(a, p(a)) + a.X * 2))


# ---- cross-entropy ------------------------------------------------------------------------------------------------

@claim(cite="folklore")
def cross_entropy_logits():
    """d cross_entropy / d logits = diag(T 1) softmax(logits) - T; where each row of T sums to 1, softmax(logits) - T."""
    return identity(*entrywise(gradient(cross_entropy(TARGETS, LOGITS), LOGITS), d_cross_entropy(TARGETS, LOGITS)))


@cross_entropy_logits.twin
def flipped_sign():
    return identity(*entrywise(gradient(cross_entropy(TARGETS, LOGITS), LOGITS), -d_cross_entropy(TARGETS, LOGITS)))


@cross_entropy_logits.twin
def for_any_targets():
    return identity(*entrywise(gradient(cross_entropy(TARGETS, LOGITS), LOGITS), row_softmax(LOGITS) - TARGETS))


@claim(cite="folklore")
def cross_entropy_gradient_cancels():
    """The gradient in the logits of a token sums to zero over the words."""
    d = gradient(cross_entropy(TARGETS, LOGITS), LOGITS)
    return identity(*entrywise(row_sums(d), row_sums(TARGETS) * 0))


@cross_entropy_gradient_cancels.twin
def over_the_tokens():
    d = gradient(cross_entropy(TARGETS, LOGITS), LOGITS)
    return identity(*entrywise(row_sums(d.T), row_sums(TARGETS.T) * 0))


@claim(cite="folklore", over={"order": (1, 2)})
def cross_entropy_X(order):
    """For cross-entropy over logits O M, the gradient in X is that of <G, O> with G = (diag(T 1) softmax(O M) - T) M^T."""
    a = layer(order)
    return identity(*entrywise(gradient(cross_entropy(TARGETS, a.output @ HEAD), a.X), dX(a, p(a, through_head(a)))))


def through_head(a: Layer):
    """The gradient of the cross-entropy in the output."""
    return d_cross_entropy(TARGETS, a.output @ HEAD) @ HEAD.T


@cross_entropy_X.twin
def uncorrected(order):
    a = layer(order)
    return identity(*entrywise(gradient(cross_entropy(TARGETS, a.output @ HEAD), a.X),
                               dX(a, hadamard(a.f, q(a, through_head(a))))))


@claim(cite="folklore", over={"order": (1, 2)})
def cross_entropy_head(order):
    """For logits O M, the gradient in M is O^T (diag(T 1) softmax(O M) - T)."""
    a = layer(order)
    logits = a.output @ HEAD
    return identity(*entrywise(gradient(cross_entropy(TARGETS, logits), HEAD), a.output.T @ d_cross_entropy(TARGETS, logits)))


@cross_entropy_head.twin
def forgotten_targets(order):
    a = layer(order)
    logits = a.output @ HEAD
    return identity(*entrywise(gradient(cross_entropy(TARGETS, logits), HEAD), a.output.T @ row_softmax(logits)))
