"""Checkpoints: heads are found, read one at a time, and every bad file is one clear line."""
import json
import pickle
import struct
import subprocess
import sys
from math import sqrt
from pathlib import Path

import numpy as np
import pytest

from tacheck.numeric import checkpoints
from tacheck.numeric.arrays import ProblemError
from tacheck.numeric.checkpoints import Reading, heads, spectral
from tacheck.numeric.files import write
from tacheck.numeric.regime.heads import answers

ROOT = Path(__file__).parents[1]


def found(*paths, **how):
    return list(heads(paths, Reading(**how)))


def layers(rng, count=2, n=6, d=4, heads=3):
    return {f"layers.{i}.{slot}": rng.standard_normal((heads, n, d)) * (i + 1) for i in range(count) for slot in ("q", "k", "v")}


def test_saved_activations_are_read_head_by_head(tmp_path):
    arrays = layers(np.random.default_rng(0))
    write(tmp_path / "a.safetensors", arrays)
    got = found(tmp_path / "a.safetensors")
    assert [(h.layer, h.head) for h in got] == [(f"layers.{i}", h) for i in range(2) for h in range(3)]
    for h in got:
        assert np.array_equal(h.task.q[0], arrays[f"{h.layer}.q"][h.head])
        assert np.array_equal(h.task.keys[0][0], arrays[f"{h.layer}.k"][h.head])


def test_layers_are_chosen_by_name_number_or_pattern(tmp_path):
    write(tmp_path / "a.npz", layers(np.random.default_rng(0), 12))
    for layer, wanted in (("layers.3", {"layers.3"}), ("3", {"layers.3"}), ("layers.1?", {"layers.10", "layers.11"})):
        assert {h.layer for h in found(tmp_path / "a.npz", layer=layer)} == wanted
    with pytest.raises(ProblemError, match="no such layer; there are: layers.0, layers.1"): found(tmp_path / "a.npz", layer="77")


def test_fewer_key_heads_are_shared_out(tmp_path):
    rng = np.random.default_rng(1)
    q, k = rng.standard_normal((4, 5, 3)), rng.standard_normal((2, 5, 3))
    write(tmp_path / "a.safetensors", {"q": q, "k": k})
    got = found(tmp_path / "a.safetensors")
    assert [int(np.array_equal(h.task.keys[0][0], k[1])) for h in got] == [0, 0, 1, 1]


def test_tensor_attention_has_more_keys(tmp_path):
    rng = np.random.default_rng(1)
    write(tmp_path / "a.npz", {name: rng.standard_normal((5, 3)) for name in ("q", "k1", "k2")})
    assert [h.task.order for h in found(tmp_path / "a.npz")] == [2]


@pytest.mark.parametrize("names", [("self_attn.q_proj", "self_attn.k_proj"), ("attention.self.query", "attention.self.key"),
                                   ("attn.to_q", "attn.to_k"), ("attention.wq", "attention.wk")])
def test_weights_of_usual_layouts_bound_every_score(tmp_path, names):
    rng = np.random.default_rng(2)
    count, d, width = 3, 4, 10
    w = [rng.standard_normal((count * d, width)) for _ in names]
    write(tmp_path / "m.safetensors", {f"model.layers.0.{name}.weight": a for name, a in zip(names, w)})
    (tmp_path / "config.json").write_text(json.dumps({"num_attention_heads": count}))
    got = found(tmp_path)
    assert len(got) == count
    for h in got:
        x, y = (a / np.linalg.norm(a, axis=1, keepdims=True) * sqrt(width) for a in rng.standard_normal((2, 500, width)))
        q, k = (a @ m[h.head * d:(h.head + 1) * d].T for a, m in zip((x, y), w))
        scores = q @ k.T / sqrt(d)
        assert h.range.lower <= scores.min() and scores.max() <= h.range.upper
        product = np.linalg.norm(w[0][h.head * d:(h.head + 1) * d], 2) * np.linalg.norm(w[1][h.head * d:(h.head + 1) * d], 2)
        assert h.range.upper <= 1.6 * product * width / sqrt(d)


def test_the_spectral_norm_is_bounded_from_above():
    rng = np.random.default_rng(3)
    for _ in range(50):
        w = rng.standard_normal((int(rng.integers(1, 9)), int(rng.integers(1, 30)))) * 10.0 ** rng.integers(-5, 5)
        true = np.linalg.norm(w, 2)
        assert true * (1 - 1e-13) <= spectral(w) <= 1.4 * true
    assert spectral(np.zeros((3, 4))) == 0
    one = np.outer(np.arange(1.0, 4), np.arange(1.0, 6))
    assert spectral(one) == pytest.approx(np.linalg.norm(one, 2), rel=1e-6)


def test_bfloat16_is_read_exactly(tmp_path):
    values = np.array([[1.0, -2.5], [0.15625, 3.0]], np.float32)
    data = (values.view("<u4") >> 16).astype("<u2").tobytes()
    header = json.dumps({name: {"dtype": "BF16", "shape": [2, 2], "data_offsets": [i * 8, i * 8 + 8]}
                         for i, name in enumerate("qk")}).encode()
    (tmp_path / "b.safetensors").write_bytes(struct.pack("<Q", len(header)) + header + data * 2)
    assert np.array_equal(found(tmp_path / "b.safetensors")[0].task.q[0], values)


def error(*paths, **how) -> str:
    with pytest.raises(ProblemError) as bad: found(*paths, **how)
    assert "\n" not in str(bad.value)
    return str(bad.value)


def test_bad_files_are_one_clear_line_each(tmp_path):
    rng = np.random.default_rng(4)
    good = layers(rng, 1)
    write(tmp_path / "good.safetensors", good)
    whole = (tmp_path / "good.safetensors").read_bytes()
    bad = tmp_path / "bad.safetensors"

    bad.write_bytes(whole[:-40])
    assert "truncated" in error(bad)
    bad.write_bytes(whole[:30])
    assert "truncated: the header ends at byte" in error(bad)
    bad.write_bytes(whole[:5])
    assert "truncated: 5 bytes" in error(bad)
    bad.write_bytes(pickle.dumps(good))
    assert "is a pickle" in error(bad)
    (tmp_path / "model.bin").write_bytes(pickle.dumps(good))
    assert "a pickle, which could run any code; convert it" in error(tmp_path / "model.bin")
    bad.write_bytes(struct.pack("<Q", 20) + b"[1, 2, 3]           ")
    assert "no JSON object" in error(bad)
    bad.write_bytes(struct.pack("<Q", 9) + b'{"q": [1]')
    assert "damaged" in error(bad)
    header = json.dumps({"q": {"dtype": "F32", "shape": [3, 2], "data_offsets": [0, 20]}}).encode()
    bad.write_bytes(struct.pack("<Q", len(header)) + header + bytes(24))
    assert "q of shape [3, 2] in F32 takes 24 bytes, and has 20" in error(bad)
    assert error(tmp_path / "none.safetensors").endswith("No such file or directory")
    (tmp_path / "empty").mkdir()
    assert "no .npz, .npy, .safetensors file in this folder" in error(tmp_path / "empty")


def test_bad_arrays_are_one_clear_line_each(tmp_path):
    rng = np.random.default_rng(5)
    path = tmp_path / "bad.safetensors"

    def line(**arrays):
        write(path, {name: np.asarray(a) for name, a in arrays.items()})
        return error(path)
    q = rng.standard_normal((2, 5, 3))
    spoilt = q.copy()
    spoilt[1, 2, 1] = np.nan
    assert "bad.safetensors: k has nan at (2, 1) of rows 5 to 9" in line(q=q, k=spoilt)
    assert "k has shape (2, 5, 4); beside q of shape (2, 5, 3) it must be (2, n1, 3)" in line(q=q, k=q.repeat(2, 2)[..., :4])
    assert "k has shape (3, 5, 3)" in line(q=q, k=np.zeros((3, 5, 3)))
    assert "q has dtype int32; floats are needed" in line(q=q.astype(np.int32), k=q)
    assert "without gaps" in line(q=q, k1=q, k3=q)
    assert "no queries and keys" in line(a=q, b=q)
    assert "how many heads? give --heads" in line(**{"x.q_proj.weight": q[0], "x.k_proj.weight": q[0]})
    assert "has no x.k_proj.weight beside it" in line(**{"x.q_proj.weight": q[0]})
    assert "it must be (..., n, d)" in line(q=np.ones(3), k=np.ones(3))


def test_the_farthest_head_comes_first(tmp_path):
    rng = np.random.default_rng(6)
    write(tmp_path / "a.safetensors", layers(rng, 3))
    rows = list(answers([tmp_path / "a.safetensors"], Reading(), None, error="1e-3"))
    distances = [r.distance for _, r in rows]
    assert distances == sorted(distances, reverse=True) and len(rows) == 9
    assert rows[0][0].startswith("layers.2 ") and rows[0][1].moves and not rows[1][1].moves


BIG = '''
import sys
from pathlib import Path
from tacheck.numeric.checkpoints import Reading
from tacheck.numeric.regime.heads import answers
rows = list(answers([sys.argv[1]], Reading(), None, error="1e-3", budget=0))
peak = next(line for line in Path("/proc/self/status").read_text().splitlines() if line.startswith("VmHWM"))
print(len(rows), peak.split()[1])
'''


@pytest.mark.slow
@pytest.mark.skipif(not Path("/proc/self/status").exists(), reason="the peak of a process is read from /proc")
def test_a_file_of_2_gigabytes_takes_less_than_300_megabytes(tmp_path):
    """Sparse on disk: 16 layers of 8 heads with 32,768 tokens and 128 columns, half precision."""
    shape, at, header = (8, 32768, 128), 0, {}
    size = 2 * 8 * 32768 * 128
    for i in range(16):
        for slot in "qk":
            header[f"layers.{i}.{slot}"] = {"dtype": "F16", "shape": shape, "data_offsets": [at, at + size]}
            at += size
    assert at >= 2 * 10 ** 9
    text = json.dumps(header).encode()
    path = tmp_path / "big.safetensors"
    with path.open("wb") as file:
        file.write(struct.pack("<Q", len(text)) + text)
        file.truncate(8 + len(text) + at)
    run = subprocess.run([sys.executable, "-c", BIG, str(path)], cwd=ROOT, capture_output=True, text=True, check=True)
    count, kilobytes = map(int, run.stdout.split())
    assert count == 128
    assert kilobytes < 300_000


def test_a_piece_at_a_time_is_read(tmp_path, monkeypatch):
    write(tmp_path / "a.safetensors", layers(np.random.default_rng(7), 1))
    sizes = []
    original = checkpoints.np.fromfile
    monkeypatch.setattr(checkpoints.np, "fromfile", lambda path, dtype, count, offset: sizes.append(count) or
                        original(path, dtype, count, offset=offset))
    found(tmp_path / "a.safetensors")
    assert set(sizes) == {6 * 4}
