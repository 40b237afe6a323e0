"""The right implementations with one fault each."""
import numpy as np
from right import gradient_X, simplicial_backward, softmax, softmax_backward


def wrong_scale(A1, A2, A3, A4, A5, X, Y, E):
    """The gradient as a lemma prints it: without 1/d.  Right at d = 1."""
    return A1.shape[1] * gradient_X(A1, A2, A3, A4, A5, X, Y, E)


def missing_correction(A1, A2, A3, A4, A5, X, Y, E):
    """p = f o q."""
    d = A1.shape[1]
    K, h = np.kron(A2, A3), np.kron(A4, A5) @ Y.reshape(d * d, d)
    f = softmax(A1 @ X.reshape(d, d * d) @ K.T / d)
    return (A1.T @ (f * ((f @ h - E) @ h.T)) @ K / d).reshape(d, d, d)


def transposed_kronecker(A1, A2, A3, A4, A5, X, Y, E):
    """A3 (x) A2 in the last product.  Right at d = 1 and n = 1."""
    d = A1.shape[1]
    K, h = np.kron(A2, A3), np.kron(A4, A5) @ Y.reshape(d * d, d)
    f = softmax(A1 @ X.reshape(d, d * d) @ K.T / d)
    p = softmax_backward(f, (f @ h - E) @ h.T)
    return (A1.T @ p @ np.kron(A3, A2) / d).reshape(d, d, d)


def float32_accumulation(A1, A2, A3, A4, A5, X, Y, E):
    """float64 in and out, the last sum in float32."""
    d = A1.shape[1]
    K, h = np.kron(A2, A3), np.kron(A4, A5) @ Y.reshape(d * d, d)
    f = softmax(A1 @ X.reshape(d, d * d) @ K.T / d)
    p = softmax_backward(f, (f @ h - E) @ h.T)
    return ((A1.T @ p).astype(np.float32) @ K.astype(np.float32) / d).reshape(d, d, d).astype(np.float64)


def returns_float32(A1, A2, A3, A4, A5, X, Y, E):
    return gradient_X(A1, A2, A3, A4, A5, X, Y, E).astype(np.float32)


def mask_off_by_one(A1, A2, A3, X, Y, G):
    """Row i sees j <= i + 1.  Right at n = 1."""
    n, d = A1.shape
    z = np.where(np.tril(np.ones((n, n), bool), 1), A1 @ X @ A2.T / d, -np.inf)
    f = softmax(z)
    return A1.T @ softmax_backward(f, G @ (A3 @ Y).T) @ A2 / d


def off_by_0_09_percent(A1, A2, A3, A4, A5, X, Y, E):
    return 1.0009 * gradient_X(A1, A2, A3, A4, A5, X, Y, E)


def one_entry_off_by_0_09_percent(A1, A2, A3, A4, A5, X, Y, E):
    """Only the last entry."""
    result = gradient_X(A1, A2, A3, A4, A5, X, Y, E)
    result[-1, -1, -1] *= 1.0009
    return result


def swapped_keys(Q, K1, K2, V1, V2, s, G):
    """dK2 for dK1."""
    return simplicial_backward(Q, K1, K2, V1, V2, s, G)[2]


def unshifted(A1, A2, A3, X, Y, G):
    """A softmax that loses digits: 1 is added to each exponential and taken off again."""
    d = A1.shape[1]
    u = (np.exp(A1 @ X @ A2.T / d) + 1e6) - 1e6
    f = u / u.sum(-1, keepdims=True)
    return A1.T @ softmax_backward(f, G @ (A3 @ Y).T) @ A2 / d


# ---- what cannot be compared --------------------------------------------------------------------------------------

def raises(A1, A2, A3, A4, A5, X, Y, E):
    raise IndexError("index 3 is out of bounds\nfor axis 0")


def wrong_shape(A1, A2, A3, A4, A5, X, Y, E):
    return gradient_X(A1, A2, A3, A4, A5, X, Y, E).sum(-1)


def returns_nothing(A1, A2, A3, A4, A5, X, Y, E):
    gradient_X(A1, A2, A3, A4, A5, X, Y, E)


def returns_complex(A1, A2, A3, A4, A5, X, Y, E):
    return gradient_X(A1, A2, A3, A4, A5, X, Y, E) * 1j


def without_E(A1, A2, A3, A4, A5, X, Y):
    return X


def with_a_stranger(A1, A2, A3, A4, A5, X, Y, E, temperature):
    return X


number = 3
