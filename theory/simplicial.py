"""The form of tensor attention used in practice: projected queries, keys and values, and any scale.

2-simplicial attention has out[i, l] = sum over j1, j2 of f[i, j1, j2] V1[j1, l] V2[j2, l], where f is the softmax over pairs
of keys of s (sum over a of Q[i, a] K1[j1, a] K2[j2, a]).  With one key it is scaled dot-product attention.
"""
from __future__ import annotations

from dataclasses import dataclass

from tacheck.lang import Expr, scalar

from .gradient import back_through_softmax, khatri_rao_gradient
from .kronecker import Matrix, inner, khatri_rao, matrix, unit
from .softmax import row_softmax


@dataclass(frozen=True)
class Simplicial:
    """Q: n x d.  K1, K2, ...: m x d.  V1, V2, ...: m x e.  G: n x e, the gradient of any loss in the output."""
    Q: Matrix
    K: tuple[Matrix, ...]
    V: tuple[Matrix, ...]
    scale: Expr | int
    G: Matrix = matrix("G", "n", "e")

    @property
    def f(self) -> Matrix:
        """The weights, row_softmax(s Q (K1 (/) K2)^T)."""
        return row_softmax(self.Q @ khatri_rao(*self.K).T * self.scale)

    @property
    def h(self) -> Matrix:
        """V1 (/) V2."""
        return khatri_rao(*self.V)

    @property
    def output(self) -> Matrix:
        """f h."""
        return self.f @ self.h

    @property
    def loss(self) -> Expr:
        """<G, output>: its gradients are those of any loss whose gradient in the output is G."""
        return inner(self.G, self.output)

    @property
    def p(self) -> Matrix:
        """The gradient in the scaled scores."""
        return back_through_softmax(self.f, self.G @ self.h.T)


def simplicial(order: int) -> Simplicial:
    """Arbitrary Q, K1, K2, ..., V1, V2, ... and scale s."""
    slots = range(1, order + 1)
    return Simplicial(matrix("Q", "n", "d"), tuple(matrix(f"K{m}", "m", "d") for m in slots),
                      tuple(matrix(f"V{m}", "m", "e") for m in slots), scalar("s"))


def d_score_factor(layer: Simplicial, m: int, P: Matrix) -> Matrix:
    """The gradient in Q (m = 0), K1 (m = 1), K2 (m = 2), ..., with P the gradient in the scaled scores."""
    return khatri_rao_gradient(P, (layer.Q, *layer.K), m) * layer.scale


def d_value_factor(layer: Simplicial, m: int, f: Matrix) -> Matrix:
    """The gradient in V1 (m = 1), V2 (m = 2), ..., with f the weights."""
    return khatri_rao_gradient(f.T @ layer.G, (*layer.V, unit(layer.G.cols)), m - 1)
