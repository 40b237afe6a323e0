"""Attention engines as people write them, engine(q, keys, values) -> (n, dv), each with one mistake.

`honest` is right, and so are `blocked` and `half`, within their precision: the harness must let them pass.
"""
from collections.abc import Callable, Sequence
from math import factorial
from typing import Any

import numpy as np

Array = Any
Engine = Callable[[Array, Sequence[Array], Sequence[Array]], Array]


def product(tables: Sequence[Array]) -> Array:
    """All products of one row of each table, (n_1 ... n_k, columns)."""
    found = tables[0]
    for table in tables[1:]: found = (found[:, None] * table[None]).reshape(-1, found.shape[1])
    return found


def scores(q: Array, keys: Sequence[Array]) -> Array: return q @ product(keys).T / q.shape[1]


def weighted(weights: Array, values: Sequence[Array]) -> Array:
    return weights @ product(values) / weights.sum(axis=1, keepdims=True)


def softmax(s: Array, axis: int = 1) -> Array:
    e = np.exp(s - s.max(axis=axis, keepdims=True))
    return e / e.sum(axis=axis, keepdims=True)


def honest(q: Array, keys: Sequence[Array], values: Sequence[Array]) -> Array:
    return softmax(scores(q, keys)) @ product(values)


def blocked(q: Array, keys: Sequence[Array], values: Sequence[Array]) -> Array:
    """Online softmax over blocks of tuples: right."""
    K, V = product(keys), product(values)
    top, total, found = np.full((len(q), 1), -np.inf), np.zeros((len(q), 1)), np.zeros((len(q), V.shape[1]))
    for lo in range(0, len(K), 7):
        s = q @ K[lo:lo + 7].T / q.shape[1]
        high = np.maximum(top, s.max(axis=1, keepdims=True))
        e, keep = np.exp(s - high), np.exp(top - high)
        total, found, top = total * keep + e.sum(axis=1, keepdims=True), found * keep + e @ V[lo:lo + 7], high
    return found / total


def half(q: Array, keys: Sequence[Array], values: Sequence[Array]) -> Array:
    """The output in half precision: right to three digits."""
    return honest(q, keys, values).astype(np.float16)


def taylor(q: Array, keys: Sequence[Array], values: Sequence[Array]) -> Array:
    """exp by its Taylor polynomial of degree 4, whatever the scores are."""
    s = scores(q, keys)
    return weighted(sum(s**j / factorial(j) for j in range(5)), values)


def low_rank(q: Array, keys: Sequence[Array], values: Sequence[Array]) -> Array:
    """The weights by their best approximation of rank 1."""
    u, s, v = np.linalg.svd(np.exp(scores(q, keys)), full_matrices=False)
    return weighted(u[:, :1] * s[:1] @ v[:1], values)


def fp8(q: Array, keys: Sequence[Array], values: Sequence[Array]) -> Array:
    """Inputs rounded to three bits behind the leading one (E4M3)."""
    def rounded(a: Array) -> Array:
        fraction, exponent = np.frexp(a)
        return np.ldexp(np.rint(fraction * 16) / 16, exponent)
    return honest(rounded(q), [rounded(k) for k in keys], values)


def dropped_row(q: Array, keys: Sequence[Array], values: Sequence[Array]) -> Array:
    """The last row of the first key set is left out: off by one, and it is the reference row."""
    return honest(q, [keys[0][:-1], *keys[1:]], [values[0][:-1], *values[1:]])


def no_scale(q: Array, keys: Sequence[Array], values: Sequence[Array]) -> Array:
    """The 1/d is missing."""
    return softmax(scores(q, keys) * q.shape[1]) @ product(values)


def root_scale(q: Array, keys: Sequence[Array], values: Sequence[Array]) -> Array:
    """1/sqrt(d) for 1/d."""
    return softmax(scores(q, keys) * q.shape[1] ** 0.5) @ product(values)


def wrong_root(q: Array, keys: Sequence[Array], values: Sequence[Array]) -> Array:
    """Entries are brought to [-1, 1] by B, and the scores get B^(k - 1) back for B^k."""
    B = max(float(np.abs(q).max()), 1e-300)
    return softmax(scores(q / B, [k / B for k in keys]) * B ** len(keys)) @ product(values)


def unmasked_padding(q: Array, keys: Sequence[Array], values: Sequence[Array]) -> Array:
    """Key sets are padded with zeros to multiples of 8, and the padding is not masked."""
    def padded(a: Array) -> Array: return np.concatenate([a, np.zeros((-len(a) % 8, a.shape[1]))])
    return honest(q, [padded(k) for k in keys], [padded(v) for v in values])


def wrong_axis(q: Array, keys: Sequence[Array], values: Sequence[Array]) -> Array:
    """The softmax runs over the queries."""
    return softmax(scores(q, keys), axis=0) @ product(values)


def no_normaliser(q: Array, keys: Sequence[Array], values: Sequence[Array]) -> Array:
    """exp without the division."""
    return np.exp(scores(q, keys)) @ product(values)


def clipped(q: Array, keys: Sequence[Array], values: Sequence[Array]) -> Array:
    """Scores below -2 count as -2, so that nothing underflows."""
    return softmax(np.maximum(scores(q, keys), -2)) @ product(values)


def one_key_set(q: Array, keys: Sequence[Array], values: Sequence[Array]) -> Array:
    """Matrix attention: key sets but the first are forgotten."""
    return honest(q, keys[:1], values[:1])


def top_1(q: Array, keys: Sequence[Array], values: Sequence[Array]) -> Array:
    """Only the largest score of a row counts."""
    s = scores(q, keys)
    return softmax(np.where(s == s.max(axis=1, keepdims=True), s, -1e9)) @ product(values)


def not_finite(q: Array, keys: Sequence[Array], values: Sequence[Array]) -> Array:
    """exp of unshifted scores in half precision, with the sign of the scores lost: it overflows."""
    with np.errstate(all="ignore"):
        e = np.exp(-4 * scores(q, keys)).astype(np.float16)
        return (e @ product(values).astype(np.float16)) / e.sum(axis=1, keepdims=True)


def crashing(q: Array, keys: Sequence[Array], values: Sequence[Array]) -> Array:
    """Key sets must be as long as the queries, it believes."""
    return honest(q, keys, values) + np.zeros((len(keys[0]), 1))


RIGHT: dict[str, Engine] = {f.__name__: f for f in (honest, blocked, half)}
WRONG: dict[str, Engine] = {f.__name__: f for f in (taylor, low_rank, fp8, dropped_row, no_scale, root_scale, wrong_root,
                                                    unmasked_padding, wrong_axis, no_normaliser, clipped, one_key_set, top_1,
                                                    not_finite, crashing)}
