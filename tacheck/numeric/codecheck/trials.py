"""Sizes that grow, and data that tell: tiny entries, large logits, positive numbers, integers with zeros, masks."""
from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from fractions import Fraction
from math import sqrt
from typing import Any

import numpy as np
from numpy.typing import NDArray

from .reference import Array, Reference, Sizes

KINDS = ("normal", "tiny", "large", "positive", "integers")
LEVELS = (1, 2, 3, 5, 8, 12, 16, 24, 32)                             # of sizes
ROOM = 40_000                                                        # entries of the largest array
EXPONENT = 30.0                                                      # the largest |logit|: beyond, code must shift to survive


class FixError(ValueError):
    """A value that a tensor cannot be fixed to, in words."""


def sizes(reference: Reference, count: int, largest: int, rng: np.random.Generator) -> Iterator[dict[str, int]]:
    """One assignment for each trial; all 1, then growing, and different from dimension to dimension."""
    dims = reference.dims
    for trial in range(count):
        level = LEVELS[min(trial // len(KINDS), len(LEVELS) - 1)]
        spread = rng.permutation(len(dims)) if level > 1 else np.zeros(len(dims), int)
        found = {n: min(max(1, level - 1) + int(k), largest) for n, k in zip(dims, spread, strict=True)}
        while reference.room(found) > ROOM and max(found.values()) > 1:
            found[max(found, key=lambda n: found[n])] -= 1
        yield found


def data(reference: Reference, at: Sizes, trial: int, fix: Mapping[str, str], dtype: Any,
         rng: np.random.Generator) -> dict[str, Array]:
    """Data for the trial: logits within bounds, tensors that must be positive so, masks with something in each row."""
    kind, found = KINDS[trial % len(KINDS)], {}
    for x, shape in reference.shapes.items():
        extent = tuple(at[n] for n in shape)
        if x in fix: a = fixed(fix[x], shape, at)
        elif x in reference.weights: a = mask(extent, trial, rng)
        else: a = entries(kind, extent, rng)
        if x in reference.above and x not in fix: a = np.abs(a) + 0.125
        found[x] = a.astype(dtype) if x in fix else rounded(a, dtype)
    free = [x for x in found if x not in reference.weights and x not in fix]
    for _ in range(40):
        largest = reference.rounding(found, at)[1]
        if largest <= EXPONENT: break
        found |= {x: rounded(found[x] * 0.8, dtype) for x in free}
    return found


def entries(kind: str, extent: tuple[int, ...], rng: np.random.Generator) -> NDArray[np.float64]:
    """Numbers of one kind."""
    normal = rng.standard_normal(extent)
    match kind:
        case "tiny": return np.asarray(1e-3 * normal)
        case "large": return np.asarray(4 * normal)
        case "positive": return np.asarray(rng.uniform(0.1, 2, extent))
        case "integers": return np.asarray(rng.integers(-2, 3, extent), np.float64)
    return np.asarray(normal)


def rounded(a: Any, dtype: Any) -> Array:
    """Three digits: short in print; of the dtype, exactly."""
    a = np.asarray(a, np.float64)
    with np.errstate(all="ignore"): unit = 10.0 ** (np.floor(np.log10(np.abs(np.where(a, a, 1)))) - 2)
    kept = np.where(np.abs(a) < 1e-12, 0, np.round(a / unit) * unit)
    return np.vectorize(lambda x: float(f"{x:.6g}"), otypes=[np.float64])(kept).astype(dtype) if a.size else kept.astype(dtype)


def mask(extent: tuple[int, ...], trial: int, rng: np.random.Generator) -> NDArray[np.float64]:
    """Zeros and ones: at random, causal, all ones, in turn."""
    match trial % 3:
        case 0: return filled((rng.random(extent) < 0.6).astype(np.float64))
        case 1: return filled(causal(extent))
    return np.ones(extent)


def causal(extent: tuple[int, ...], window: int | None = None) -> NDArray[np.float64]:
    """w[i, j, l] = 1 for j <= i and l <= i, and within the window."""
    i, *keys = np.indices(extent)
    found = np.ones(extent)
    for j in keys: found *= (j <= i) & (i - j < (window or np.inf))
    return found


def filled(w: Array) -> Array:
    """The mask with at least one 1 in each row; a vector is one row."""
    rows = w.reshape(1, -1) if w.ndim < 2 else w.reshape(len(w), -1)
    rows = rows.copy()
    rows[~rows.any(axis=1), 0] = 1
    return rows.reshape(w.shape)


def fixed(text: str, shape: tuple[str, ...], at: Sizes) -> Array:
    """What a fixed tensor is: a number, a fraction, 1/d, 1/sqrt(d) with any dimension; for masks causal, window:W, ones.

    Raises FixError.
    """
    extent = tuple(at[n] for n in shape)
    if text == "ones": return np.ones(extent)
    if text == "causal" and len(shape) > 1: return causal(extent)
    if (w := re.fullmatch(r"window:([1-9]\d{0,8})", text)) and len(shape) > 1: return causal(extent, int(w[1]))
    if (root := re.fullmatch(r"1/sqrt\((\w+)\)", text)) and root[1] in at: return np.full(extent, 1 / sqrt(at[root[1]]))
    if (whole := re.fullmatch(r"1/([A-Za-z_]\w*)", text)) and whole[1] in at: return np.full(extent, 1 / at[whole[1]])
    try: return np.full(extent, float(Fraction(text)))
    except (ValueError, ZeroDivisionError):
        raise FixError(f"{text!r}: a number, 1/{next(iter(at), 'd')}, 1/sqrt({next(iter(at), 'd')}), ones"
                       + (", causal or window:W" if len(shape) > 1 else "") + " is needed") from None
