"""The compiled workspace gives what NumPy gives, and whatever is wrong with it, NumPy does the work."""
import os
import subprocess
import sys
from collections.abc import Iterator
from math import factorial
from pathlib import Path
from shutil import which
from typing import Any

import numpy as np
import pytest

from tacheck.numeric import cc, compiled, fast
from tacheck.numeric.arrays import ProblemError, problem
from tacheck.numeric.compiled import Compiled
from tacheck.numeric.counting import multiplications
from tacheck.numeric.features import features
from tacheck.numeric.moments import Blocks, Slot

from .test_fast import TAYLOR, allowed, dense, worst

F8, F4 = np.dtype("f8"), np.dtype("f4")
QUICK = ("-O1", *cc.FLAGS[1:])                                       # to compile


@pytest.fixture(scope="session")
def cache(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A cache with both libraries, compiled once for all tests; a skip, with the reason, where that cannot be."""
    folder = tmp_path_factory.mktemp("cache")
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("XDG_CACHE_HOME", str(folder))
        patch.setenv("TACHECK_COMPILED", "1")
        for kind in (F8, F4):
            if not (said := compiled.running(kind)).startswith("compiled C"): pytest.skip(said)
    return folder


@pytest.fixture
def on(cache: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[pytest.MonkeyPatch]:
    """Compiled, also for small problems."""
    monkeypatch.setenv("XDG_CACHE_HOME", str(cache))
    monkeypatch.setenv("TACHECK_COMPILED", "1")
    yield monkeypatch


@pytest.fixture
def fresh(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An empty cache, wanted; a skip where there is no compiler."""
    if which("cc") is None: pytest.skip("no C compiler: cc is not on the path")
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    monkeypatch.setenv("TACHECK_COMPILED", "1")
    return tmp_path


def draw(order: int, d: int, dv: int, sizes: tuple[int, ...], kind: Any = F8, batch: tuple[int, ...] = (), **options: Any) -> Any:
    """Scores within [-1, 1]."""
    random = np.random.default_rng(d + dv)
    def draw(n: int, columns: int) -> Any: return random.uniform(-1, 1, (*batch, n, columns)).astype(kind)
    return problem(draw(sizes[0], d), [draw(n, d) for n in sizes[1:order + 1]], [draw(n, dv) for n in sizes[1:order + 1]],
                   upstream=draw(sizes[0], dv), **options)


def results(p: Any, c: Any) -> list[Any]:
    found = fast.solve(p, c)
    assert found.gradient is not None
    arrays = [found.out, found.logsumexp, found.gradient.q, *found.gradient.keys, *found.gradient.values]
    return [a.astype(float) for a in arrays]


def both(p: Any, c: Any, patch: pytest.MonkeyPatch) -> float:
    """The largest difference of the two ways; both ran."""
    ran: list[type] = []
    plain, ours = Blocks.__init__, Compiled.__init__
    def note(init: Any) -> Any: return lambda self, *args: (ran.append(type(self)), init(self, *args))[1]
    patch.setattr(Blocks, "__init__", note(plain))
    patch.setattr(Compiled, "__init__", note(ours))
    found = results(p, c)
    patch.setenv("TACHECK_COMPILED", "0")
    wanted = results(p, c)
    patch.setenv("TACHECK_COMPILED", "1")
    patch.setattr(Blocks, "__init__", plain)
    patch.setattr(Compiled, "__init__", ours)
    assert ran == [Compiled, Blocks]
    return worst(found, wanted)


def taylor(g: int) -> list[float]:
    """Positive on the scores."""
    return [1.5, *(1 / factorial(k) for k in range(1, g + 1))]


# ---- the same results -------------------------------------------------------------------------------------------------

@pytest.mark.parametrize("g", range(1, 9))
@pytest.mark.parametrize("d", range(1, 7))
@pytest.mark.parametrize("order", [1, 2, 3])
def test_equals_numpy(order: int, d: int, g: int, on: pytest.MonkeyPatch) -> None:
    sizes = (37, 65, 9, 16)
    assert both(draw(order, d, d, sizes), taylor(g), on) < 1e-13
    assert both(draw(order, d, d, sizes, F4), taylor(g), on) < 1e-5


@pytest.mark.parametrize("dv", range(1, 20))
def test_any_number_of_columns(dv: int, on: pytest.MonkeyPatch) -> None:
    assert both(draw(2, 3, dv, (70, 33, 130)), TAYLOR[:5], on) < 1e-13


SIZES = [(1, 2, 3), (0, 3, 2), (31, 32, 33), (63, 64, 65), (127, 128, 129), (4095, 4096, 4097), (9000, 5, 700)]


@pytest.mark.parametrize("sizes", SIZES)
def test_any_number_of_tokens(sizes: tuple[int, ...], on: pytest.MonkeyPatch) -> None:
    assert both(draw(2, 3, 2, sizes), TAYLOR[:4], on) < 1e-13
    assert both(draw(2, 3, 2, sizes, F4), TAYLOR[:4], on) < 1e-5


def test_many_features_in_smaller_tiles(on: pytest.MonkeyPatch) -> None:
    f = features(8, 6)
    tiles = {Compiled(compiled.loaded(F8), features(8, g), 3, F8, 999).tile for g in (2, 6)}
    assert len(tiles) == 2 and f.rank == 3003
    assert both(draw(2, 8, 2, (99, 40, 70)), TAYLOR[:7], on) < 1e-13


def test_equals_dense_attention(on: pytest.MonkeyPatch) -> None:
    random = np.random.default_rng(3)
    q, keys, values, g = (random.normal(size=(9, 3)), [random.normal(size=(k, 3)) for k in (7, 5)],
                          [random.normal(size=(k, 2)) for k in (7, 5)], random.normal(size=(9, 2)))
    found = results(problem(q, keys, values, upstream=g, scale=0.3), TAYLOR)
    assert worst(found, dense(q, keys, values, g, allowed(9, (7, 5)), 0.3, TAYLOR)) < 1e-13


def test_masks_batches_and_lengths(on: pytest.MonkeyPatch) -> None:
    mask = [np.random.default_rng(s).random((2, 3, n)) < 0.6 for s, n in enumerate((40, 70))]
    for m in mask: m[..., 0] = True
    p = draw(2, 4, 3, (33, 40, 70), batch=(2, 3), mask=mask)
    assert both(p, TAYLOR, on) < 1e-13


def test_outputs_alone(on: pytest.MonkeyPatch) -> None:
    p = draw(2, 4, 3, (33, 40, 70))
    alone = fast.solve(problem(p.q[0], [k[0] for k in p.keys], [v[0] for v in p.values]), TAYLOR)
    assert worst([alone.out, alone.logsumexp], results(p, TAYLOR)[:2]) < 1e-15


def test_a_constant_is_left_to_numpy(on: pytest.MonkeyPatch) -> None:
    assert compiled.fitting(features(3, 0), 3, F8, 99, np.ones(1)) is None
    assert results(draw(2, 3, 2, (9, 8, 7)), [1.0])[2].any() == 0


def test_moments_go_anywhere_and_columns_come_from_anywhere(on: pytest.MonkeyPatch) -> None:
    random, f = np.random.default_rng(0), features(3, 4)
    slot, at = Slot(random.normal(size=(50, 3)), np.ones(3), random.normal(size=(50, 4))), slice(0, 50)
    blocks = Compiled(compiled.loaded(F8), f, 5, F8, 50)
    wanted = Blocks(f, 5, F8, 50).moment(slot)
    u = np.concatenate([np.ones((1, 50)), slot.values.T if slot.values is not None else []])
    for moment in (np.zeros((f.rank, 5)).T, np.zeros((5, 2 * f.rank))[:, ::2], np.zeros((5, f.rank))):
        blocks.gather(moment, u, blocks.fill(slot, at))
        assert worst([moment], [wanted]) < 1e-14


def test_what_is_wrong_with_a_problem_is_named(on: pytest.MonkeyPatch) -> None:
    p = draw(1, 3, 2, (9, 7))
    with pytest.raises(ProblemError, match=r"query row \d: its sum of P\(score\) is -?\d.*not positive"):
        fast.solve(p, [-1.0, 0.0, -1.0])
    big = problem(p.q[0] * 1e200, [k[0] for k in p.keys], [v[0] for v in p.values])
    with pytest.raises(ProblemError, match="out has nan|out has inf"): fast.solve(big, TAYLOR)


def test_progress_hears_every_row(on: pytest.MonkeyPatch) -> None:
    heard: list[int] = []
    fast.solve(draw(2, 3, 2, (5000, 8, 7)), TAYLOR[:3], heard.append)
    assert sum(heard) == 5000


def test_sums_in_single_precision_stay_good_over_many_tokens(on: pytest.MonkeyPatch) -> None:
    """Moments of 200,000 tokens: running sums in single precision alone would lose two digits more."""
    n, f = 200_000, features(2, 2)
    slot = Slot(np.full((n, 2), 0.7, F4), np.ones(2), np.full((n, 1), 0.3, F4))
    found = Compiled(compiled.loaded(F4), f, 2, F4, n).moment(slot)
    x = float(F4.type(0.7))
    wanted = n * np.outer([1, float(F4.type(0.3))], [1, x, x, x * x, x * x, x * x])
    assert worst([found], [wanted]) < 1e-6


# ---- which one runs ---------------------------------------------------------------------------------------------------

def test_counted_arrays_are_counted(on: pytest.MonkeyPatch) -> None:
    p = draw(2, 3, 2, (9, 8, 7))
    counts = []
    for setting in ("1", "0"):
        on.setenv("TACHECK_COMPILED", setting)
        counts.append(multiplications(p, 4))
    assert counts[0] == counts[1] > 10_000


def test_it_is_switched_off_and_small_problems_are_left_alone(on: pytest.MonkeyPatch) -> None:
    f, a = features(4, 6), np.ones(1)
    def runs(n: int) -> bool: return compiled.fitting(f, 5, F8, n, a) is not None
    assert runs(10)
    on.delenv("TACHECK_COMPILED")
    assert not runs(10) and runs(100_000)
    assert compiled.fitting(features(16, 5), 33, F8, 1000, a) is None            # its sums would take too much memory
    on.setenv("TACHECK_COMPILED", "0")
    assert not runs(100_000) and compiled.running(F8) == "NumPy (TACHECK_COMPILED=0)"


def test_a_problem_of_middle_size_does_not_wait_for_the_compiler(fresh: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("TACHECK_COMPILED")
    assert compiled.running(F8, compiled.USED) == "NumPy (not compiled yet)" and not (fresh / "cache").exists()


def test_nothing_is_compiled_or_looked_for_at_import(tmp_path: Path) -> None:
    code = "import subprocess; subprocess.Popen = None; import tacheck.numeric.fast"
    env = os.environ | {"XDG_CACHE_HOME": str(tmp_path / "cache"), "TACHECK_COMPILED": "1", "PYTHONPATH": os.getcwd()}
    subprocess.run([sys.executable, "-c", code], env=env, check=True, capture_output=True)
    assert not (tmp_path / "cache").exists()


# ---- what may go wrong ------------------------------------------------------------------------------------------------

def fake(folder: Path, script: str, patch: pytest.MonkeyPatch) -> None:
    """A compiler that does as the shell script says; "$cc" is the real one."""
    real = which("cc")
    (folder / "bin").mkdir()
    (folder / "bin" / "cc").write_text(f"#!/bin/sh\ncc={real}\n{script}\n")
    (folder / "bin" / "cc").chmod(0o755)
    patch.setenv("PATH", f"{folder / 'bin'}{os.pathsep}{os.environ['PATH']}")


OUT = 'for last; do :; done; out="$last"\n'                          # the last argument is the place


@pytest.mark.parametrize("script, said", [
    ("echo 'error: no such thing' >&2; exit 1", "NumPy (cc: error: no such thing)"),
    ("exit 3", "NumPy (cc: exit code 3)"),
    ("exit 0", "NumPy (cc: exit code 0)"),
    (f"{OUT} echo rubbish > $out", "NumPy (OSError: "),
    ("exec sleep 60", "NumPy (TimeoutExpired: "),
    (f'{OUT} echo "int nothing;" | $cc -shared -fPIC -x c - -o $out', "NumPy (")])
def test_a_compiler_that_fails_is_a_reason_for_numpy(script: str, said: str, fresh: Path,
                                                     monkeypatch: pytest.MonkeyPatch) -> None:
    fake(fresh, script, monkeypatch)
    monkeypatch.setattr(cc, "TIMEOUT", 0.5)
    assert compiled.running(F8).startswith(said)
    p = draw(1, 2, 2, (9, 7))
    found = results(p, TAYLOR)
    monkeypatch.setenv("TACHECK_COMPILED", "0")
    assert worst(found, results(p, TAYLOR)) == 0


def test_without_a_compiler_it_is_numpy(fresh: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", str(fresh))
    assert compiled.running(F8) == "NumPy (no C compiler: cc is not on the path)"


def test_a_home_that_cannot_be_written_is_a_reason_for_numpy(fresh: Path) -> None:
    (fresh / "cache").write_text("a file")
    assert compiled.running(F8).startswith("NumPy (NotADirectoryError: ") or "FileExistsError" in compiled.running(F8)


def test_a_library_that_computes_something_else_is_not_used(fresh: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    changes = [("to[v] += H[v] * x[v]", "to[v] -= H[v] * x[v]"), ("M[c * w->r + a] +=", "M[c * w->r + a] -="),
               ("s[c][v] * x[v]", "s[c][v]")]
    for k, (right, wrong) in enumerate(changes):
        text = compiled.SOURCE.read_text()
        assert text.count(right) == 1
        monkeypatch.setattr(compiled, "SOURCE", fresh / f"{k}.c")
        monkeypatch.setattr(cc, "FLAGS", QUICK)
        monkeypatch.setenv("XDG_CACHE_HOME", str(fresh / str(k)))
        compiled.SOURCE.write_text(text.replace(right, wrong))
        assert compiled.running(F8) == "NumPy (it does not agree with NumPy)"
        monkeypatch.undo()
        monkeypatch.setenv("TACHECK_COMPILED", "1")


def test_vectors_of_other_lengths_compute_the_same(fresh: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Before a library is used it is compared with NumPy; short vectors are not worth it."""
    if "avx2" not in cc.processor(): pytest.skip("no processor with AVX2")
    monkeypatch.setattr(cc, "FLAGS", QUICK)
    for native, kind, said in (("-mavx2", F4, "compiled C, 256"), ("-march=x86-64", F8, "NumPy (this processor has short")):
        monkeypatch.setattr(cc, "NATIVE", ((native,),))
        assert compiled.running(kind).startswith(said)


def test_the_source_compiles_without_a_warning_also_for_short_vectors(fresh: Path) -> None:
    for real in ("float", "double"):
        for native in ((), ("-march=native",)):
            words = ["cc", *QUICK, *native, "-Wall", "-Wextra", "-Werror", f"-DREAL={real}", str(compiled.SOURCE), "-o",
                     str(fresh / "x.so")]
            run = subprocess.run(words, capture_output=True, text=True)
            assert run.returncode == 0, run.stderr
