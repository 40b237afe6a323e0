"""Right implementations, as people write them."""
import numpy as np


def softmax(z):
    z = np.exp(z - z.max(-1, keepdims=True))
    return z / z.sum(-1, keepdims=True)


def softmax_backward(f, q):
    return f * q - f * (f * q).sum(-1, keepdims=True)


def gradient_X(A1, A2, A3, A4, A5, X, Y, E):
    """dLoss/dX of tensor attention, d x d x d, through matrices of n^2 columns."""
    d = A1.shape[1]
    K, V = np.kron(A2, A3), np.kron(A4, A5)
    f = softmax(A1 @ X.reshape(d, d * d) @ K.T / d)
    h = V @ Y.reshape(d * d, d)
    p = softmax_backward(f, (f @ h - E) @ h.T)
    return (A1.T @ p @ K / d).reshape(d, d, d)


def gradient_X_flat(A1, A2, A3, A4, A5, X, Y, E):
    """The same with X and the result d x d^2 and Y d^2 x d."""
    d = A1.shape[1]
    return gradient_X(A1, A2, A3, A4, A5, X.reshape(d, d, d), Y.reshape(d, d, d), E).reshape(d, d * d)


def simplicial_backward(q, k1, k2, v1, v2, s, upstream):
    """2-simplicial attention: all five gradients."""
    f = s * np.einsum("ia,ja,la->ijl", q, k1, k2)
    f = softmax(f.reshape(len(q), -1)).reshape(f.shape)
    g = np.einsum("ib,jb,lb->ijl", upstream, v1, v2)
    p = s * f * (g - (f * g).sum((1, 2), keepdims=True))
    return (np.einsum("ijl,ja,la->ia", p, k1, k2), np.einsum("ijl,ia,la->ja", p, q, k2), np.einsum("ijl,ia,ja->la", p, q, k1),
            np.einsum("ijl,ib,lb->jb", f, upstream, v2), np.einsum("ijl,ib,jb->lb", f, upstream, v1))


def simplicial_scaled(Q, K1, K2, V1, V2, G):
    """dQ with the scale 1/sqrt(d) built in."""
    return {"dQ": simplicial_backward(Q, K1, K2, V1, V2, 1 / np.sqrt(Q.shape[1]), G)[0]}


def causal_gradient_X(A1, A2, A3, X, Y, G):
    """Matrix attention under a causal mask of its own."""
    n, d = A1.shape
    z = np.where(np.tril(np.ones((n, n), bool)), A1 @ X @ A2.T / d, -np.inf)
    f = softmax(z)
    return A1.T @ softmax_backward(f, G @ (A3 @ Y).T) @ A2 / d


def masked_gradient_X(A1, A2, A3, X, Y, G, w):
    """Matrix attention under a mask that is handed over."""
    d = A1.shape[1]
    f = softmax(np.where(w > 0, A1 @ X @ A2.T / d, -np.inf))
    return A1.T @ softmax_backward(f, G @ (A3 @ Y).T) @ A2 / d


def transformer(A1, A2, A3, A4, A5, X1, X2, X3, Y1, Y2):
    """Tensor attention forward, projections included."""
    Q, K1, K2, V1, V2 = A1 @ X1, A2 @ X2, A3 @ X3, A4 @ Y1, A5 @ Y2
    z = np.einsum("ia,ja,la->ijl", Q, K1, K2) / Q.shape[1]
    f = softmax(z.reshape(len(Q), -1)).reshape(z.shape)
    return np.einsum("ijl,jb,lb->ib", f, V1, V2)


def squares(x):
    """The mean of squares less the square of the mean: the variance."""
    return (x ** 2).mean() - x.mean() ** 2
