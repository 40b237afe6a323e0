"""The training example: it runs without torch, learns, keeps its error, and its gradient is that of its loss."""
import importlib.util
import os
import re
import subprocess
import sys
from pathlib import Path
from typing import Any
from xml.etree import ElementTree

import numpy as np
import pytest

ROOT = Path(__file__).parents[1]
SCRIPT = ROOT / "examples" / "train_tensor_attention.py"


@pytest.fixture(scope="module")
def example() -> Any:
    spec = importlib.util.spec_from_file_location("train_tensor_attention", SCRIPT)
    assert spec and spec.loader
    module = sys.modules[spec.name] = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def test_the_quick_run_prints_what_it_measured(tmp_path: Path) -> None:
    code = ("import sys, runpy; sys.modules['torch'] = None; sys.argv = ['x', '--quick', '--plot', 'p.svg']\n"
            f"runpy.run_path({str(SCRIPT)!r}, run_name='__main__')")
    env = os.environ | {"PYTHONPATH": str(ROOT), "OPENBLAS_NUM_THREADS": "1"}
    told = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, cwd=tmp_path, env=env)
    assert told.returncode == 0, told.stderr
    worst, share, apart = (float(re.search(pattern, told.stdout)[1]) for pattern in                    # type: ignore[index]
                           (r"fast gradient: (\S+)", r"certified bound: (\S+)", r"at most (\S+) apart"))
    assert 1e-9 < worst <= 1e-3 and 0 < share <= 1 and apart < 1e-2
    lines = ElementTree.parse(tmp_path / "p.svg").getroot().findall("{*}polyline")
    assert [len(line.attrib["points"].split()) for line in lines] == [12, 12, 12, 12, 2]


@pytest.mark.parametrize("order", [1, 2])
def test_the_gradient_is_that_of_the_loss(example: Any, order: int) -> None:
    random = np.random.default_rng(3)
    sequences, y = example.draw(random, 3)
    p, x = example.start(order, 0), example.inputs(sequences, order)
    found = example.step(p, x, y, (0.8, 1.3), order, None)
    assert set(found.grads) == set(p)
    for name in p:
        way, ends = random.normal(size=p[name].shape), []
        for h in (1e-5, -1e-5):
            ends.append(example.step(p | {name: p[name] + h * way}, x, y, (0.8, 1.3), order, None, learn=False).loss)
        slope = (ends[0] - ends[1]) / 2e-5
        assert slope == pytest.approx(float((found.grads[name] * way).sum()), rel=1e-5, abs=1e-8), name


def test_scores_stay_within_the_limit_and_labels_are_right(example: Any) -> None:
    p = example.start(2, 0)
    p["q"] *= 100
    example.limit(p, 2)
    sequences, y = example.draw(np.random.default_rng(5), 4)
    x = example.inputs(sequences, 2)
    scores = np.einsum("bhic,bhjc,bhlc->bhijl", *(example.heads(a, p[name]) for a, name in zip(x, ("q", "k1", "k2"))))
    assert 0.3 * example.LIMIT < np.abs(scores).max() <= example.LIMIT * (1 + 1e-12)
    a, b, c = (s.tolist() for s in sequences)
    assert y.tolist() == [[any((i + j + k) % 7 == 0 for j in b[t] for k in c[t]) for i in a[t]] for t in range(4)]


def test_order_two_begins_with_the_construction(example: Any) -> None:
    p = example.start(2, 0)
    tokens = np.arange(example.M)[None]
    points = [example.heads(example.embed(tokens, member), p[name])[0] for member, name in ((0, "q"), (0, "k1"), (1, "k2"))]
    scores = np.einsum("hac,hbc,hdc->habd", *points)
    x = np.arange(example.M)
    sums = x[:, None, None] + x[:, None] + x
    for h in range(example.HEADS):
        assert np.abs(scores[h] - 2 * np.cos(2 * np.pi * (h + 1) / example.M * sums)).max() < 1.0
        assert np.corrcoef(scores[h].ravel(), np.cos(2 * np.pi * (h + 1) / example.M * sums).ravel())[0, 1] > 0.95
