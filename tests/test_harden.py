"""tacheck harden: the loop harden | attend | decode closes, nothing is half-written, and every error is one line."""
import json
import shlex
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from tacheck.__main__ import main
from tacheck.instances.dimacs import Formula, read
from tacheck.instances.forward import harden, sizes
from tacheck.instances.generate import random_formula, source
from tacheck.instances.store import load
from tacheck.numeric import files as array_files

from .test_forward_gadget import sample
from .test_listing import models

ENGINES = Path(__file__).parent / "engines"
KEYS = {"order", "parts", "n", "d", "B", "beta", "kappa", "eps", "threshold", "sha256", "seed", "version"}

Run = Callable[..., tuple[int, str, str]]


@pytest.fixture
def run(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Run:
    """The command line in an empty folder: exit code, standard output, standard error."""
    monkeypatch.chdir(tmp_path)

    def call(*words: str) -> tuple[int, str, str]:
        code = main(list(words))
        return (code, *capsys.readouterr())
    return call


def written(given: Formula, name: str = "F.cnf") -> Formula:
    Path(name).write_text(given.dimacs())
    return given


@pytest.mark.parametrize("suffix", ["npz", "safetensors"])
@pytest.mark.parametrize("mode", ["plain", "square-padded", "dyadic", "counting"])
@pytest.mark.parametrize("order", ["1", "2", "3"])
def test_the_loop_closes(run: Run, order: str, mode: str, suffix: str) -> None:
    for given in sample(6, int(order), largest=7):
        written(given)
        inst, out = f"inst.{suffix}", f"out.{suffix}"
        assert run("harden", "F.cnf", "--eps", "0.25", "--order", order, "--mode", mode, "-o", inst)[0] == 0
        assert run("attend", "--input", inst, "--method", "exact", "-o", out)[0] == 0
        code, text, err = run("decode", inst, out, "--json", "-")
        found = json.loads(text)
        assert (code, err) == (0, "")
        assert found["satisfiable"] == (models(given) > 0)
        assert found["models"] == models(given) and found["warnings"] == []
        assert (found["witness"] is not None) == found["satisfiable"]
        if found["witness"]: assert given.holds([x > 0 for x in found["witness"]])


def test_the_files_are_what_they_should_be(run: Run) -> None:
    given = written(random_formula(9, 4.26, source(0)))
    code, text, err = run("harden", "F.cnf", "-o", "inst.npz")
    assert code == 0 and text.startswith("inst.npz: order 2, 9 variables") and not err
    assert {p.name for p in Path().iterdir()} == {"F.cnf", "inst.npz", "inst.json"}
    arrays, told = np.load("inst.npz", allow_pickle=False), json.loads(Path("inst.json").read_text())
    assert set(arrays) == {"q", "k1", "k2", "v1", "v2", "clauses", "instance"}
    assert told.keys() >= KEYS
    assert told["sha256"] == given.sha256 and told["parts"] == [[1, 2, 3], [4, 5, 6], [7, 8, 9]]
    assert (told["order"], told["n"], told["d"], told["threshold"], told["eps"]) == (2, 8, len(given.clauses) + 1, 0.5, 0.25)
    instance = harden(given)
    assert told["B"] == instance.gadget.B == np.abs(arrays["q"]).max()
    assert json.loads(arrays["instance"].tobytes()) == told
    assert load("inst.npz").formula == given


def test_the_json_document_and_nothing_else(run: Run) -> None:
    written(random_formula(6, 4.26, source(0)))
    code, text, _ = run("harden", "F.cnf", "-o", "inst.npz", "--json", "-")
    found = json.loads(text)
    assert code == 0 and found["file"] == "inst.npz" and found["warnings"] == [] and found.keys() >= KEYS


def test_parts_and_lenient(run: Run) -> None:
    Path("F.cnf").write_text("p cnf 5 1\n1 2 0\n3 0\n")
    assert run("harden", "F.cnf", "-o", "a.npz")[0] == 2
    code, _, err = run("harden", "F.cnf", "--lenient", "--parts", "5,1-2/4/3", "-o", "a.npz")
    assert code == 0 and "declares 1 clauses" in err
    assert load("a.npz").parts == ((5, 1, 2), (4,), (3,))


def test_random_formulas_follow_the_seed(run: Run) -> None:
    for name, seed in (("a", "4"), ("b", "4"), ("c", "5")):
        assert run("harden", "--random", "9,4.26", "--seed", seed, "-o", f"{name}.npz")[0] == 0
    assert Path("a.npz").read_bytes() == Path("b.npz").read_bytes()
    assert load("a.npz").formula == load("b.npz").formula == random_formula(9, 4.26, source(4)) != load("c.npz").formula
    assert json.loads(Path("c.json").read_text())["seed"] == 5
    assert run("harden", "--random", "8,3", "--kind", "unique", "-o", "u.npz")[0] == 0
    assert models(load("u.npz").formula) == 1


def test_a_batch_is_a_folder_of_instances(run: Run) -> None:
    code, text, _ = run("harden", "--random", "6,4.26", "--count", "12", "--seed", "3", "-o", "dir/", "--json", "-")
    found = json.loads(text)["instances"]
    assert code == 0 and len(found) == 12
    names = [f"{i:04}" for i in range(12)]
    assert sorted(p.name for p in Path("dir").iterdir()) == sorted(f"{n}.{s}" for n in names for s in ("npz", "json"))
    for i, told in enumerate(found):
        formula = random_formula(6, 4.26, source(3, i))
        assert load(told["file"]).formula == formula
        assert (told["seed"], told["index"], told["sha256"]) == (3, i, formula.sha256)
    assert len({told["sha256"] for told in found}) == 12
    code, _, err = run("harden", "--random", "6,4.26", "--count", "2", "-o", "dir")
    assert code == 2 and "is there already" in err


def test_an_interrupted_batch_leaves_nothing(run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    from tacheck.instances import store
    calls: list[Any] = []

    def failing(path: Any, arrays: Any) -> None:
        calls.append(path)
        if len(calls) == 3: raise KeyboardInterrupt
        array_files.write(path, arrays)
    monkeypatch.setattr(store, "write", failing)
    assert run("harden", "--random", "5,4", "--count", "9", "-o", "dir")[0] == 130
    assert not list(Path().iterdir())


def test_a_sidecar_that_cannot_be_written_leaves_nothing(run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    from tacheck.instances import store
    def full(*_: Any) -> None: raise OSError(28, "No space left on device")
    monkeypatch.setattr(store.files, "write_json", full)
    code, _, err = run("harden", "--random", "5,4", "-o", "a.npz")
    assert code == 2 and "a.json: cannot be written: No space left on device" in err
    assert not list(Path().iterdir())


def test_a_dry_run_writes_nothing(run: Run) -> None:
    code, text, _ = run("harden", "--random", "30,4.26", "--dry-run", "--json", "-")
    found = json.loads(text)
    need = sizes(random_formula(30, 4.26, source(0)))
    assert code == 0 and found["bytes"] == need.bytes and found["fits"] and found["rows"] == [1024, 1025, 1024]
    code, text, _ = run("harden", "--random", "300,4.26", "--dry-run", "--count", "7")
    assert code == 0 and "refused" in text and "7 of them" in text
    assert not list(Path().iterdir())


def test_what_does_not_fit_is_refused(run: Run) -> None:
    Path("F.cnf").write_text("p cnf 1000000000 1\n1 2 0\n")
    for words in (["F.cnf"], ["--random", "99,4"], ["--random", "15,4", "--max-memory", "10K"]):
        code, text, err = run("harden", *words, "-o", "a.npz")
        assert (code, text) == (2, "") and "raise --max-memory" in err and err.count("\n") == 1
    assert not Path("a.npz").exists()


@pytest.mark.parametrize("words, what", [
    ([], "no formula"), (["F.cnf"], "no -o FILE"), (["F.cnf", "--random", "5,4", "-o", "a.npz"], "one of them"),
    (["none.cnf", "-o", "a.npz"], "none.cnf: cannot be read"), (["F.cnf", "-o", "a.txt"], ".npz or .safetensors"),
    (["F.cnf", "-o", "F.cnf/a.npz"], "cannot be written"), (["F.cnf", "-o", "a.npz", "--count", "3"], "one instance"),
    (["--random", "5,4", "--count", "0", "-o", "d"], "at least one"),
    (["--random", "5,4", "--count", "2", "-o", "d.npz"], "a folder"),
    (["--random", "5,4", "--count", "2", "-o", "F.cnf"], "is there already"), (["--random", "5", "-o", "a.npz"], "as 15,4.26"),
    (["--random", "0,4", "-o", "a.npz"], "at least one"), (["--random", "5,4", "--seed", "-1", "-o", "a.npz"], "--seed"),
    (["--random", "40,4", "--kind", "unique", "-o", "a.npz"], "unique"),
    (["--random", "5,4", "--width", "0", "-o", "a.npz"], "per clause"),
    (["F.cnf", "--eps", "0.5", "-o", "a.npz"], "eps 0.5"), (["F.cnf", "--eps", "nan", "-o", "a.npz"], "eps nan"),
    (["F.cnf", "--order", "6", "-o", "a.npz"], "order 6"), (["F.cnf", "--mode", "best", "-o", "a.npz"], "--mode"),
    (["F.cnf", "--parts", "1/2", "-o", "a.npz"], "2 parts"), (["F.cnf", "--parts", "1/2/x", "-o", "a.npz"], "'x'"),
    (["F.cnf", "--parts", "1/2/3-9", "-o", "a.npz"], "3-9 of 3"), (["F.cnf", "--parts", "1/2/", "-o", "a.npz"], "variable 3"),
    (["F.cnf", "--parts", "1,2/2/3", "-o", "a.npz"], "twice"), (["F.cnf", "--max-memory", "lots", "-o", "a.npz"], "--max-memory"),
    (["F.cnf", "--max-file", "3", "-o", "a.npz"], "more than 3 bytes"),
    (["F.cnf", "-o", "a.npz", "--json", "a.json"], "leave out"),
    (["bad.cnf", "-o", "a.npz"], "bad.cnf:2: literal 7"), (["F.cnf", "-o", "a.npz", "--json", "."], "is a folder"),
    (["--against", "x {instance} {output}", "-o", "a.npz"], "writes nothing"), (["--against", "x {instance}"], "{output}"),
    (["--against", "no-such-program {instance} {output}"], "cannot be started"), (["--against", "'x"], "No closing quotation"),
    (["--against", "false {instance} {output}"], "exit code 1"), (["--against", "true {instance} {output}"], "wrote no output"),
    (["--against", "sleep 9 {instance} {output}", "--timeout", "0"], "--timeout"),
    (["--against", "true {instance} {output}", "--mode", "dyadic"], "--mode")])
def test_errors_are_one_line_and_nothing_is_written(run: Run, words: list[str], what: str) -> None:
    Path("F.cnf").write_text("p cnf 3 2\n1 -2 3 0\n-1 2 0\n")
    Path("bad.cnf").write_text("p cnf 3 1\n7 0\n")
    code, text, err = run("harden", *words)
    assert (code, text) == (2, ""), err
    assert what in err and err.count("\n") == 1
    assert {p.name for p in Path().iterdir()} == {"F.cnf", "bad.cnf"}


def test_the_formula_is_never_overwritten(run: Run) -> None:
    Path("F.json").write_text("p cnf 1 1\n1 0\n")
    code, _, err = run("harden", "F.json", "-o", "F.npz")
    assert code == 2 and "would be overwritten" in err
    assert read("F.json")[0].variables == 1


# ---- --against ------------------------------------------------------------------------------------------------------

def engine(name: str, *more: str) -> str:
    """The command line of an engine of the zoo."""
    words = [sys.executable, str(ENGINES / "run.py"), name]
    return " ".join([*map(shlex.quote, words), "{instance}", "{output}", *more])


def test_a_wrong_program_is_refuted(run: Run) -> None:
    code, text, err = run("harden", "--against", engine("no_scale"), "--seconds", "3", "--json", "-")
    found = json.loads(text)
    assert (code, err) == (1, "")
    assert found["refuted"] and found["largest_error"] > 0.1
    assert found["minimal"]["variables"] <= 6


def test_a_right_program_passes(run: Run) -> None:
    written(random_formula(6, 4.26, source(0)))
    for more in ((), ("npy",)):
        code, text, err = run("harden", "F.cnf", "--against", engine("honest", *more))
        assert code == 0 and "2 instances" in text and "not refuted" in text, err


def test_a_program_that_fails_later_is_refuted(run: Run) -> None:
    written(random_formula(3, 1, source(0)))
    Path("crash.py").write_text("import sys, numpy as np\na = np.load(sys.argv[1])\nassert len(a['q']) < 2, 'too long'\n"
                                "np.savez(sys.argv[2], out=np.ones((1, 1)))\n")
    command = f"{shlex.quote(sys.executable)} crash.py {{instance}} {{output}}"
    code, text, _ = run("harden", "F.cnf", "--against", command, "--seconds", "5")
    assert code == 1 and "exit code 1: AssertionError: too long" in text and "p cnf" in text
