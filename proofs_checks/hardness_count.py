"""Counting models from outputs, outputs that are exact fractions, and an encoding of clauses without negative entries."""
from fractions import Fraction
from math import prod

from tacheck import claim
from tacheck.lang import dim, exp, identity, inequality, log, positive, scalar, term
from theory.hardness import Gadget, columns, half, share
from theory.kronecker import indices, matrix, total

CITE = "own construction, tested by `tacheck harden`"
ORDERS = {"order": range(1, 6)}
y, S, R, n = (scalar(name) for name in ("y", "S", "R", "n_ref"))
(i,) = dim("n1", "i")


@claim(cite=CITE)
def sum_from_the_output():
    """S = R T/(1 - T) for T = S/(S + R): the output tells the sum."""
    return identity(R * share(S, R) / (1 - share(S, R)), S, [positive(R), positive(S)])


@sum_from_the_output.twin
def without_R():
    return identity(share(S, R) / (1 - share(S, R)), S, [positive(R), positive(S)])


def weights(order):
    """o: 1 on orthogonal tuples and 0 on others, whose weights are u."""
    g = Gadget(order)
    o, u = (matrix(name, "n1", " ".join(g.keys)) for name in "ou")
    J = indices(g.keys, "j")
    assumed = [o[i, *J] >= 0, o[i, *J] <= 1, u[i, *J] >= 0, u[i, *J] <= y, y >= 0]
    return g, assumed, lambda *K: o[i, *K], lambda *K: u[i, *K]


@claim(cite=CITE, over=ORDERS)
def at_least_the_count(order):
    """S_i is at least the number of orthogonal tuples of row i."""
    g, assumed, o, u = weights(order)
    return inequality(total(g.keys, lambda *K: o(*K) + (1 - o(*K)) * u(*K)), total(g.keys, o), assumed,
                      because=total(g.keys, lambda *K: (1 - o(*K)) * u(*K)))


@at_least_the_count.twin
def more_than_the_count(order):
    g, assumed, o, u = weights(order)
    return inequality(total(g.keys, lambda *K: o(*K) + (1 - o(*K)) * u(*K)), total(g.keys, o) + half, assumed)


@claim(cite=CITE, over=ORDERS)
def at_most_the_count_and_a_residue(order):
    """S_i is at most their number plus P y, where y = exp(-beta) bounds the others: P y < 1/2 makes rounding exact."""
    g, assumed, o, u = weights(order)
    return inequality(total(g.keys, o) + g.P * y, total(g.keys, lambda *K: o(*K) + (1 - o(*K)) * u(*K)), assumed,
                      because=total(g.keys, lambda *K: (1 - o(*K)) * (y - u(*K)) + y * o(*K)))


@at_most_the_count_and_a_residue.twin
def without_a_residue(order):
    g, assumed, o, u = weights(order)
    return inequality(total(g.keys, o), total(g.keys, lambda *K: o(*K) + (1 - o(*K)) * u(*K)), assumed)


@claim(cite=CITE, over={"h": (2, 8, 24, 60)})
def dyadic_reference(h):
    """beta = h ln 2 and kappa = 1/2 give R = n_ref 2^(-h/2): a rational number, so that every output is rational."""
    return identity(n * exp(-half * (h * log(2))), n * Fraction(1, 2 ** (h // 2)))


@dyadic_reference.twin
def with_kappa_1(h):
    return identity(n * exp(-(h * log(2))), n * Fraction(1, 2 ** (h // 2)))


def values(k):
    return tuple(scalar(f"a{j}") for j in range(1, k + 1))


@claim(cite=CITE, over={"k": range(2, 17)})
def positive_encoding(k):
    """1 - a_1 ... a_k is the sum over j of a_1 ... a_(j-1) (1 - a_j): k columns without negative entries for one clause."""
    return identity(columns(k, values(k)), 1 - prod(values(k), start=term(1)))


@positive_encoding.twin
def one_column_short(k):
    return identity(columns(k - 1, values(k)), 1 - prod(values(k), start=term(1)))
