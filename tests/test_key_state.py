"""Moments that are kept and extended, against attention to all keys at once."""
from typing import Any

import numpy as np
import pytest

from tacheck.numeric.arrays import ProblemError
from tacheck.numeric.door import attention
from tacheck.numeric.state import KeyState


def draw(batch: tuple[int, ...] = (), n: int = 12, order: int = 2) -> tuple[Any, list[Any], list[Any]]:
    random = np.random.default_rng(1)
    return (random.uniform(-1, 1, (*batch, n, 3)), [random.uniform(-1, 1, (*batch, n, 3)) for _ in range(order)],
            [random.uniform(-1, 1, (*batch, n, 2)) for _ in range(order)])


@pytest.mark.parametrize("order", [1, 2, 3])
@pytest.mark.parametrize("batch", [(), (2, 2)])
def test_pieces_make_the_whole(order: int, batch: tuple[int, ...]) -> None:
    q, keys, values = draw(batch, order=order)
    state = KeyState(3, 2, order=order, radius=1, error=1e-9, batch=batch)
    for cut in (slice(0, 1), slice(1, 8), slice(8, 8), slice(8, None)):
        state.extend([k[..., cut, :] for k in keys], [v[..., cut, :] for v in values])
    out, lse = state.attend(q, return_logsumexp=True)
    wanted = attention(q, keys, values, return_logsumexp=True)
    assert np.abs(out - wanted[0]).max() < 2e-9 and np.abs(lse - wanted[1]).max() < 2e-9


def test_key_sets_grow_apart() -> None:
    q, keys, values = draw()
    state = KeyState(3, 2, radius=1, error=1e-9)
    state.extend(keys, values)
    state.extend([keys[0][:5], None], [values[0][:5], None])
    assert state.tokens == [17, 12]
    more = [np.concatenate([a[0], a[0][:5]]) for a in (keys, values)]
    wanted = attention(q, [more[0], keys[1]], [more[1], values[1]])
    assert np.abs(state.attend(q) - wanted).max() < 1e-9


def test_decoding_is_causal_attention() -> None:
    q, keys, values = draw()
    state, rows = KeyState(3, 2, radius=1, error=1e-9), []
    for i in range(len(q)):
        state.extend([k[i:i + 1] for k in keys], [v[i:i + 1] for v in values])
        rows.append(state.attend(q[i:i + 1]))
    assert np.abs(np.concatenate(rows) - attention(q, keys, values, causal=True)).max() < 1e-9


def test_single_precision_and_scale() -> None:
    q, keys, values = draw()
    state = KeyState(3, 2, radius=3, error=1e-5, scale=1, dtype="float32")
    state.extend(keys, values)
    found = state.attend(q)
    assert found.dtype == np.float32 and np.abs(found - attention(q, keys, values, scale=1)).max() < 2e-5


@pytest.mark.parametrize("options, words", [
    ({"error": None}, "error"), ({"error": 0}, "error"), ({"error": 2}, "error"), ({"radius": -1}, "radius"),
    ({"radius": float("inf")}, "radius"), ({"order": 0}, "order"), ({"d": 0}, "d 0"), ({"max_rank": 5}, "max_rank is 5"),
    ({"dtype": "int8"}, "dtype"), ({"scale": "x"}, "scale")])
def test_what_it_refuses_to_be(options: Any, words: str) -> None:
    with pytest.raises(ProblemError, match=words): KeyState(**({"d": 3, "dv": 2, "radius": 1, "error": 1e-4} | options))


def test_what_it_refuses_to_do() -> None:
    q, keys, values = draw()
    state = KeyState(3, 2, radius=1, error=1e-4)
    with pytest.raises(ProblemError, match="k1 has no positions yet"): state.attend(q)
    state.extend(keys, values)
    before = state.attend(q)
    for bad in ((keys[:1], values[:1]), ([keys[0], keys[1][:, :2]], values), (keys, [values[0], values[1][:3]]),
                ([keys[0], keys[1] * np.nan], values), ([keys[0], None], values), ("no", "keys")):
        with pytest.raises(ProblemError): state.extend(*bad)
    assert (state.attend(q) == before).all()
    with pytest.raises(ProblemError, match=r"scores may reach .* for scores up to 1:"): state.attend(q * 9)
