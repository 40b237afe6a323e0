"""Attention in pieces: over blocks of keys with one softmax, with a sink, and through features instead of scores."""
from __future__ import annotations

from dataclasses import dataclass

from tacheck.lang import exp

from .kronecker import Matrix, map_entries, ones, row_sums, scale_rows
from .softmax import logsumexp, reciprocal


@dataclass(frozen=True)
class Block:
    """The scores of all queries for a block of keys, n x m, and the values of the block, m x d."""
    scores: Matrix
    values: Matrix

    @property
    def numerator(self) -> Matrix:
        """exp(scores) values."""
        return map_entries(exp, self.scores) @ self.values

    @property
    def denominator(self) -> Matrix:
        """The row sums of exp(scores)."""
        return row_sums(map_entries(exp, self.scores))

    @property
    def output(self) -> Matrix:
        """Attention over this block alone."""
        return scale_rows(reciprocal(self.denominator), self.numerator)

    @property
    def logsumexp(self) -> Matrix:
        """The logarithm of the denominator."""
        return logsumexp(self.scores)

    def less(self, m: Matrix) -> Block:
        """The same block with m[i] subtracted from the scores of query i; usually the largest score seen so far."""
        return Block(self.scores - m @ ones(self.scores.cols).T, self.values)


def union(first: Block, second: Block) -> Matrix:
    """Attention over the keys of both blocks: one softmax."""
    return scale_rows(reciprocal(first.denominator + second.denominator), first.numerator + second.numerator)


def with_sink(block: Block, sink: Matrix) -> Matrix:
    """Attention over a block and one more key, with score sink[i] and value 0."""
    return scale_rows(reciprocal(block.denominator + map_entries(exp, sink)), block.numerator)


def linear_attention(Q: Matrix, K: Matrix, V: Matrix) -> Matrix:
    """(Q K^T) V with rows normalised, from features Q, K in place of exponentials, without a matrix of all pairs."""
    return scale_rows(reciprocal(Q @ (K.T @ ones(K.rows))), Q @ (K.T @ V))
