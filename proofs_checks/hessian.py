"""The second derivative of the loss in X and in Y."""
from tacheck import claim
from tacheck.lang import identity
from theory.attention import layer
from theory.hessian import curvature, gauss_newton, hessian
from theory.kronecker import Matrix, entrywise, gradient, jacobian, kron, unit, vec

ORDERS = {"order": (1, 2)}
CITE = "folklore; the second derivative of the loss of arXiv 2405.16411"


def second(a) -> Matrix:
    """d^2 Loss / d vec(X) d vec(X)."""
    return jacobian(vec(gradient(a.loss, a.X)), a.X)


@claim(cite=CITE, over=ORDERS)
def symmetric(order):
    """The Hessian in X is symmetric, for every n and d."""
    return identity(*entrywise(second(layer(order)), second(layer(order)).T))


@symmetric.twin
def antisymmetric(order):
    return identity(*entrywise(second(layer(order)), -second(layer(order)).T))


@claim(cite=CITE, over=ORDERS)
def closed_form(order):
    """The Hessian is the sum of dc dc^T (Gauss-Newton) and of q f (z z'^T - mean of z z'^T under f) (curvature).

    z = d scores - (mean of d scores under f), one direction for each entry of X.
    """
    return identity(*entrywise(second(layer(order)), hessian(layer(order))))


@closed_form.twin
def gauss_newton_only(order):
    return identity(*entrywise(second(layer(order)), gauss_newton(layer(order))))


@closed_form.twin
def flipped_curvature(order):
    return identity(*entrywise(second(layer(order)), gauss_newton(layer(order)) - curvature(layer(order))))


@claim(cite="folklore", over=ORDERS)
def in_the_values(order):
    """d^2 Loss / dY dY' = M^T M (x) I with M = f (A4 (x) A5): the loss is a least-squares problem in Y."""
    a = layer(order)
    M = a.f @ kron(*a.W)
    return identity(*entrywise(jacobian(vec(gradient(a.loss, a.Y)), a.Y), kron(M.T @ M, unit(a.Y.cols))))


@in_the_values.twin
def doubled(order):
    a = layer(order)
    M = a.f @ kron(*a.W)
    return identity(*entrywise(jacobian(vec(gradient(a.loss, a.Y)), a.Y), kron(M.T @ M, unit(a.Y.cols)) * 2))


@claim(cite="folklore", over=ORDERS)
def in_the_target(order):
    """d^2 Loss / dE dE' is the identity."""
    a = layer(order)
    return identity(*entrywise(jacobian(vec(gradient(a.loss, a.E)), a.E), unit(a.E.rows + a.E.cols)))


@in_the_target.twin
def flipped_sign(order):
    a = layer(order)
    return identity(*entrywise(jacobian(vec(gradient(a.loss, a.E)), a.E), -unit(a.E.rows + a.E.cols)))
