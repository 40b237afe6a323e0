"""Attention in pieces, and what has to be kept between the pieces."""
from tacheck import claim
from tacheck.lang import exp, identity, sigmoid
from theory.blockwise import Block, linear_attention, union, with_sink
from theory.kronecker import Matrix, entrywise, jacobian, map_entries, matrix, scale_rows, unit
from theory.softmax import logsumexp, reciprocal, row_normalise, row_softmax

FIRST = Block(matrix("Z1", "n", "m"), matrix("V1", "m", "d"))
SECOND = Block(matrix("Z2", "n", "k"), matrix("V2", "k", "d"))
m, m1, m2, t = (matrix(name, "n") for name in ("m", "m1", "m2", "t"))
FLASH = "arXiv 2205.14135, tiling; arXiv 1805.02867, online softmax"


def weighted_by(w1: Matrix, w2: Matrix) -> Matrix:
    """(w1 out1 + w2 out2) / (w1 + w2), row by row."""
    return scale_rows(reciprocal(w1 + w2), scale_rows(w1, FIRST.output) + scale_rows(w2, SECOND.output))


@claim(cite=FLASH)
def merge():
    """Attention over two blocks of keys is (e^L1 out1 + e^L2 out2) / (e^L1 + e^L2), with L the logsumexp of each block."""
    return identity(*entrywise(union(FIRST, SECOND), weighted_by(*(map_entries(exp, b.logsumexp) for b in (FIRST, SECOND)))))


@merge.twin
def weighted_by_logarithms():
    return identity(*entrywise(union(FIRST, SECOND), weighted_by(FIRST.logsumexp, SECOND.logsumexp)))


@claim(cite=FLASH)
def rescaling():
    """Sums kept relative to m1 and m2 are rescaled to any m by e^(m1 - m) and e^(m2 - m), numerators and denominators."""
    return identity(*entrywise(union(FIRST, SECOND), rescaled(map_entries(exp, m1 - m), map_entries(exp, m2 - m))))


def rescaled(r1: Matrix, r2: Matrix) -> Matrix:
    b1, b2 = FIRST.less(m1), SECOND.less(m2)
    return scale_rows(reciprocal(scale_rows(r1, b1.denominator) + scale_rows(r2, b2.denominator)),
                      scale_rows(r1, b1.numerator) + scale_rows(r2, b2.numerator))


@rescaling.twin
def flipped_exponent():
    return identity(*entrywise(union(FIRST, SECOND), rescaled(map_entries(exp, m - m1), map_entries(exp, m - m2))))


@claim(cite=FLASH)
def logsumexp_of_blocks():
    """e^L = e^L1 + e^L2 for the logsumexp of all keys: L relative to m is the logarithm of a sum of two."""
    sums = [map_entries(exp, b.less(m).logsumexp + m) for b in (FIRST, SECOND)]
    return identity(*entrywise(FIRST.denominator + SECOND.denominator, sums[0] + sums[1]))


@logsumexp_of_blocks.twin
def forgotten_maximum():
    sums = [map_entries(exp, b.less(m).logsumexp) for b in (FIRST, SECOND)]
    return identity(*entrywise(FIRST.denominator + SECOND.denominator, sums[0] + sums[1]))


@claim(cite="arXiv 2309.17453, attention sinks")
def sink_is_a_gate():
    """A sink with score t and value 0 multiplies the output by sigmoid(L - t), with L the logsumexp of the other scores."""
    return identity(*entrywise(with_sink(FIRST, t), scale_rows(map_entries(sigmoid, FIRST.logsumexp - t), FIRST.output)))


@sink_is_a_gate.twin
def flipped_gate():
    return identity(*entrywise(with_sink(FIRST, t), scale_rows(map_entries(sigmoid, t - FIRST.logsumexp), FIRST.output)))


@claim(cite="arXiv 2006.16236, linear attention")
def linear_attention_by_features():
    """Rows of Q K^T, normalised, times V is Q (K^T V) over Q (K^T 1): linear in the number of keys."""
    Q, K, V = matrix("Q", "n", "r"), matrix("K", "m", "r"), matrix("V", "m", "d")
    return identity(*entrywise(row_normalise(Q @ K.T) @ V, linear_attention(Q, K, V)))


@linear_attention_by_features.twin
def unnormalised():
    Q, K, V = matrix("Q", "n", "r"), matrix("K", "m", "r"), matrix("V", "m", "d")
    return identity(*entrywise(row_normalise(Q @ K.T) @ V, Q @ (K.T @ V)))


@claim(cite="arXiv 2008.02217, the update rule of modern Hopfield networks")
def readout_is_a_gradient():
    """Attention with the keys as values, softmax(Q K^T) K, is the gradient of logsumexp(Q K^T) in the queries."""
    Q, K = matrix("Q", "n", "d"), matrix("K", "m", "d")
    readout = row_softmax(Q @ K.T) @ K
    expected = Matrix(("n",), ("n", "d"), lambda i, k, a: unit(("n",))[i, k] * readout[k, a])
    return identity(*entrywise(jacobian(logsumexp(Q @ K.T), Q), expected))


@readout_is_a_gradient.twin
def uniform_readout():
    Q, K = matrix("Q", "n", "d"), matrix("K", "m", "d")
    uniform = row_softmax(Q @ K.T * 0) @ K
    expected = Matrix(("n",), ("n", "d"), lambda i, k, a: unit(("n",))[i, k] * uniform[k, a])
    return identity(*entrywise(jacobian(logsumexp(Q @ K.T), Q), expected))
