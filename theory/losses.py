"""Losses on top of attention: any linear functional of the output (so any differentiable loss), and cross-entropy."""
from __future__ import annotations

from tacheck.lang import Expr

from .kronecker import Matrix, inner, row_sums, scale_rows
from .softmax import log_softmax, row_softmax


def paired(G: Matrix, output: Matrix) -> Expr:
    """<G, output>: with G the gradient of a loss in the output, its derivatives are those of the loss."""
    return inner(G, output)


def cross_entropy(targets: Matrix, logits: Matrix) -> Expr:
    """- sum over tokens i and words v of targets[i, v] log softmax(logits)[i, v]."""
    return -inner(targets, log_softmax(logits))


def d_cross_entropy(targets: Matrix, logits: Matrix) -> Matrix:
    """The gradient in the logits: diag(targets 1) softmax(logits) - targets."""
    return scale_rows(row_sums(targets), row_softmax(logits)) - targets
