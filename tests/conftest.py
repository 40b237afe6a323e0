"""Projects in temporary folders, and the command line run on them as a user would."""
import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

CHECKOUT = Path(__file__).parents[1]
os.environ.setdefault("TACHECK_COMPILED", "0")                       # NumPy, but for the tests of the compiled workspace

GOOD = '''
from tacheck import claim
from tacheck.lang import Sum, delta, diff, dim, exp, identity, tensor

i, a = dim("n", "i a")
x = tensor("x")


@claim(cite="folklore")
def logsumexp():
    """The derivative of the sum of exponentials is the exponential, for every n."""
    return identity(diff(Sum(i, exp(x[i])), x[a]), exp(x[a]))


@logsumexp.twin
def doubled():
    return identity(diff(Sum(i, exp(x[i])), x[a]), 2 * exp(x[a]))
'''

Run = Callable[..., subprocess.CompletedProcess[str]]
Project = Callable[..., Path]


@pytest.fixture
def tacheck() -> Run:
    """Run the command line in a process of its own."""
    def run(*words: str | Path, cwd: Path = CHECKOUT, **environment: str) -> subprocess.CompletedProcess[str]:
        env = os.environ | {"PYTHONPATH": str(CHECKOUT), "COLUMNS": "200"} | environment
        return subprocess.run([sys.executable, "-m", "tacheck", *map(str, words)], cwd=cwd, env=env, text=True,
                              capture_output=True, timeout=300)
    return run


@pytest.fixture
def project(tmp_path: Path) -> Project:
    """A project whose proofs_checks/ has the files given; one good claim if none is."""
    def make(**files: str) -> Path:
        folder = tmp_path / "project"
        for name in ("theory", "proofs_checks"):
            (folder / name).mkdir(parents=True)
            (folder / name / "__init__.py").write_text("")
        (folder / "pyproject.toml").write_text("[tool.tacheck]\n")
        for name, text in (files or {"sums": GOOD}).items(): (folder / "proofs_checks" / f"{name}.py").write_text(text)
        return folder
    return make


def one_line(run: subprocess.CompletedProcess[str]) -> str:
    """The error of a run: exactly one line, without a traceback."""
    lines = run.stderr.strip().splitlines()
    assert len(lines) == 1, run.stderr
    assert "Traceback" not in run.stderr
    return lines[0]
