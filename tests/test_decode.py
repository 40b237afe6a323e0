"""tacheck decode: what is read from outputs of any precision, and what is refused, warned about, or not counted."""
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from tacheck.__main__ import main
from tacheck.instances.decode import TOLERANCE, Answer, answers, decode, exact_count
from tacheck.instances.dimacs import Formula, FormulaError, formula
from tacheck.instances.forward import Instance, fractions, harden, outputs
from tacheck.instances.generate import random_formula, random_lists, source
from tacheck.instances.store import load, save
from tacheck.numeric.files import read, write

from .test_forward_gadget import sample
from .test_listing import models

THREE = formula(3, [[1, 2, 3], [-1, 2], [-2, 3]])


def bfloat16(a: Any) -> Any:
    """The upper halves of single-precision numbers, rounded to nearest."""
    bits = np.ascontiguousarray(a, np.float32).view(np.uint32)
    return ((bits + 0x7FFF + (bits >> 16 & 1)) >> 16).astype(np.uint16)


@pytest.mark.parametrize("order", [1, 2, 3])
def test_every_precision_and_every_way_to_store_bfloat16(order: int) -> None:
    for given in sample(24, order):
        instance, number = harden(given, order=order), models(given)
        exact = outputs(instance)[:, None]
        half = bfloat16(exact)
        for out in (exact, exact.astype(np.float32), exact.astype(np.float16), half, half.view("V2"),
                    (half.astype(np.uint32) << 16).view(np.float32)):
            answer = decode(instance, out)
            assert answer.satisfiable == (number > 0)
            assert answer.models in (None, number)
            assert not answer.warnings
            if number:
                assert answer.witness and given.holds([x > 0 for x in answer.witness])
        assert decode(instance, exact).models == number


def test_the_precision_is_that_of_the_values() -> None:
    exact = outputs(harden(random_formula(9, 4.26, source(1), kind="planted")))
    half = bfloat16(exact)
    for out, kind in ((exact, "float64"), (exact.astype(np.float32), "float32"), (exact.astype(np.float16), "float16"),
                      (half, "bfloat16"), (half.view("V2"), "bfloat16")):
        column, found = answers(out, len(exact))
        assert found == kind == answers(column, len(exact))[1]       # also when it is stored in more bits
        assert np.abs(column - exact).max() <= TOLERANCE[kind] / 8


def test_a_row_that_is_miscounted_is_noticed() -> None:
    instance = harden(THREE)
    R, out = instance.gadget.R, outputs(instance)
    S = R * out / (1 - out)
    S[out.argmax()] += 1                                             # a whole number still, and the wrong one
    answer = decode(instance, S / (S + R))
    assert answer.models is None and answer.refused and "another number" in answer.refused


def test_counts_of_exact_outputs() -> None:
    for given in sample(40, 5):
        instance = harden(given, mode="dyadic")
        assert exact_count(instance.gadget, fractions(instance)) == models(given)
    with pytest.raises(FormulaError, match="dyadic"): exact_count(harden(THREE).gadget, [])


def test_noise_is_never_counted_wrong() -> None:
    random = np.random.default_rng(0)
    for given in sample(60, 6):
        instance, number = harden(given), models(given)
        for size in (1e-9, 1e-6, 1e-3, 0.2):
            noisy = outputs(instance) + random.uniform(-size, size, len(instance.q))
            answer = decode(instance, noisy)
            assert answer.satisfiable == (number > 0)
            assert answer.models in (None, number)
            assert decode(instance, noisy, tolerance=size).models in (None, number)
            if size == 1e-9: assert decode(instance, noisy, tolerance=size).models == number


def test_margin_and_tolerance() -> None:
    instance = harden(THREE)
    exact = outputs(instance)
    answer = decode(instance, exact)
    assert answer.margin == pytest.approx(exact.max() - 0.5, rel=1e-15)
    assert answer.margin >= answer.eps == 0.25
    assert decode(instance, exact - answer.margin + 1e-9).satisfiable
    assert not decode(instance, exact - answer.margin - 1e-9).satisfiable


def test_a_small_eps_is_decided_and_not_counted() -> None:
    instance = harden(THREE, eps=0.05)
    answer = decode(instance, outputs(instance))
    assert (answer.satisfiable, answer.models) == (True, None)
    assert answer.refused and "mode counting" in answer.refused
    counting = harden(THREE, eps=0.05, mode="counting")
    assert decode(counting, outputs(counting)).models == models(THREE)


@pytest.mark.parametrize("given", [formula(0, []), formula(4, []), formula(3, [[1, -1]]), formula(8, [[5]])])
def test_unused_variables_count_and_get_values(given: Formula) -> None:
    answer = decode(harden(given), outputs(harden(given)))
    assert answer.models == models(given)
    assert answer.witness is not None and [abs(x) for x in answer.witness] == list(range(1, given.variables + 1))


def test_values_far_outside_are_warned_about() -> None:
    instance = harden(THREE)
    for value, warned in ((1.2499, False), (1.2501, True), (-0.2499, False), (-0.2501, True), (np.nan, True), (np.inf, True)):
        out = outputs(instance)
        out[1] = value
        answer = decode(instance, out)
        assert bool([w for w in answer.warnings if "row 1" in w]) == warned
        assert isinstance(answer.satisfiable, bool)
        json.dumps(answer.as_json(), allow_nan=False)
    nothing = decode(instance, np.full(len(instance.q), np.nan))
    assert not nothing.satisfiable and nothing.models is None and nothing.warnings
    json.dumps(nothing.as_json(), allow_nan=False)


def test_a_false_yes_has_no_witness() -> None:
    instance = harden(formula(3, [[1], [-1]]))
    answer = decode(instance, np.full((len(instance.q), 1), 0.9))
    assert answer.satisfiable and answer.witness is None and answer.models is None
    assert any("no model" in w for w in answer.warnings)


def test_the_witness_is_looked_for_in_several_rows() -> None:
    instance = harden(formula(6, [[1], [2]]))
    out = np.full(len(instance.q), 0.6)
    answer = decode(instance, out)
    assert answer.witness and answer.witness[:2] == (1, 2)


@pytest.mark.parametrize("out, what", [
    (np.zeros((3, 1)), "shape"), (np.zeros((2, 2, 1)), "shape"), (np.zeros((2, 0)), "shape"), (np.zeros(2, int), "dtype"),
    (np.zeros(2, complex), "dtype"), (np.array(["a", "b"]), "dtype"), (np.zeros(2, bool), "dtype")])
def test_outputs_that_are_none(out: Any, what: str) -> None:
    with pytest.raises(FormulaError, match=what): decode(harden(THREE), out)


def test_only_column_0_counts_and_batches_of_one_are_dropped() -> None:
    instance = harden(THREE)
    exact = outputs(instance)
    wide = np.stack([exact, np.full_like(exact, 7)], axis=1)
    assert decode(instance, wide) == decode(instance, exact) == decode(instance, wide[None, None])
    assert answers(exact, len(exact))[1] in ("float64", "float16")


def test_lists_without_formula_and_wrong_tolerance() -> None:
    from tacheck.instances.forward import from_lists
    with pytest.raises(FormulaError, match="no formula"): decode(from_lists(random_lists((2, 2), 3, source(0))[0]), np.zeros(2))
    for bad in (-1, float("nan"), float("inf")):
        with pytest.raises(FormulaError, match="tolerance"): decode(harden(THREE), np.zeros(2), tolerance=bad)


# ---- the verb -------------------------------------------------------------------------------------------------------

Decode = Callable[..., tuple[int, str, str]]


@pytest.fixture
def run(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Decode:
    """The verb in an empty folder: exit code, standard output, standard error."""
    monkeypatch.chdir(tmp_path)

    def call(*words: str) -> tuple[int, str, str]:
        code = main(["decode", *words])
        return (code, *capsys.readouterr())
    return call


def made(given: Formula = THREE, **options: Any) -> Instance:
    """inst.npz and out.npz in the current folder."""
    instance = harden(given, **options)
    save("inst.npz", instance)
    write("out.npz", {"out": outputs(instance)[:, None]})
    return instance


def test_the_document(run: Decode) -> None:
    instance = made()
    code, text, err = run("inst.npz", "out.npz", "--json", "-")
    found = json.loads(text)
    assert (code, err) == (0, "")
    assert found["satisfiable"] is True and found["models"] == models(THREE) and found["warnings"] == []
    assert found["margin"] == decode(instance, outputs(instance)).margin
    assert THREE.holds([x > 0 for x in found["witness"]])
    made(formula(3, [[]]))
    code, text, _ = run("inst.npz", "out.npz", "--json", "-")
    found = json.loads(text)
    assert code == 0 and found["satisfiable"] is False and found["models"] == 0 and found["witness"] is None


def test_the_text_and_a_file(run: Decode, tmp_path: Path) -> None:
    made()
    code, text, _ = run("inst.npz", "out.npz", "--json", "answer.json")
    assert code == 0 and text.startswith("satisfiable: ") and "models: 3\n" in text and "a model, checked: " in text
    assert json.loads((tmp_path / "answer.json").read_text())["models"] == models(THREE) == 3


def test_competition_lines(run: Decode) -> None:
    made(formula(14, [[-x] if x % 2 else [x] for x in range(1, 15)]))
    assert run("inst.npz", "out.npz", "--dimacs") == (0, "s SATISFIABLE\nv -1 2 -3 4 -5 6 -7 8 -9 10 -11 12 -13 14 0\n", "")
    made(formula(1, [[1], [-1]]))
    assert run("inst.npz", "out.npz", "--dimacs")[:2] == (0, "s UNSATISFIABLE\n")
    write("out.npz", {"out": np.full((2, 1), 0.8)})
    code, text, err = run("inst.npz", "out.npz", "--dimacs")
    assert (code, text) == (0, "s UNKNOWN\n") and "no model" in err


def test_long_models_are_broken_into_lines() -> None:
    from tacheck.verbs.decode import competition
    answer = Answer(True, 0.3, 1, tuple(range(-100, 0)), (), 0.8, 0, 0.25, "float64", 0.0, None)
    lines = competition(answer).splitlines()
    assert all(line.startswith("v ") and len(line) <= 78 for line in lines[1:])
    assert " ".join(line[2:] for line in lines[1:]).split() == [*map(str, range(-100, 0)), "0"]


@pytest.mark.parametrize("suffix", ["npy", "npz", "safetensors"])
@pytest.mark.parametrize("kind", [np.float16, np.float32, np.float64])
def test_output_files(run: Decode, suffix: str, kind: Any) -> None:
    instance = made()
    out = outputs(instance)[:, None].astype(kind)
    if suffix == "npy": np.save("o.npy", out)
    else: write(f"o.{suffix}", {"out": out, "more": np.zeros(3)})
    code, text, _ = run("inst.npz", f"o.{suffix}", "--json", "-")
    assert code == 0 and json.loads(text)["satisfiable"] is True


def test_safetensors_with_bfloat16(run: Decode, tmp_path: Path) -> None:
    instance = made()
    raw = bfloat16(outputs(instance))
    header = json.dumps({"out": {"dtype": "BF16", "shape": [len(raw), 1], "data_offsets": [0, raw.nbytes]}}).encode()
    (tmp_path / "o.safetensors").write_bytes(len(header).to_bytes(8, "little") + header + raw.tobytes())
    np.save("o.npy", raw.view("V2")[:, None])
    for name in ("o.safetensors", "o.npy"):
        code, text, _ = run("inst.npz", name, "--json", "-")
        assert code == 0 and json.loads(text)["satisfiable"] is True


def test_the_sidecar_is_not_needed(run: Decode, tmp_path: Path) -> None:
    made()
    (tmp_path / "inst.json").unlink()
    assert run("inst.npz", "out.npz")[0] == 0


def damage(name: str, change: Callable[[Any], Any]) -> None:
    arrays = read("inst.npz")
    arrays[name] = change(arrays[name])
    write("inst.npz", arrays)


def edited(key: str, value: Any) -> Callable[[Any], Any]:
    """The document with one entry changed."""
    return lambda a: np.frombuffer(json.dumps(json.loads(a.tobytes()) | {key: value}).encode(), np.uint8)


@pytest.mark.parametrize("name, change", [
    ("clauses", lambda a: -a), ("clauses", lambda a: a[:-1]), ("clauses", lambda a: a * 99), ("clauses", lambda a: a[None]),
    ("clauses", lambda a: a.astype(float)), ("q", lambda a: a[1:]), ("instance", lambda a: a[:-3]), ("instance", lambda a: a * 0),
    ("instance", edited("version", 2)), ("instance", edited("parts", [[1, 2]])),
    ("instance", edited("parts", [[1], [2], [3, 3]])),
    ("instance", edited("parts", 7)), ("instance", edited("eps", 0.7)), ("instance", edited("beta", None)),
    ("instance", edited("beta", float("inf"))), ("instance", edited("mode", "none")), ("instance", edited("variables", "many")),
    ("instance", edited("lengths", [2, 2])), ("instance", edited("lengths", [])), ("instance", edited("h", "two")),
    ("instance", edited("lengths", [2, 1, 1])), ("instance", edited("sha256", ""))])
def test_damaged_instances(run: Decode, name: str, change: Callable[[Any], Any]) -> None:
    made()
    damage(name, change)
    code, text, err = run("inst.npz", "out.npz")
    assert (code, text) == (2, "") and err.startswith("tacheck: inst.npz: damaged: ") and err.count("\n") == 1


@pytest.mark.parametrize("words, what", [
    (["none.npz", "out.npz"], "none.npz: cannot be read"), (["inst.npz", "none.npz"], "none.npz: cannot be read"),
    (["out.npz", "out.npz"], "no array q"), (["inst.npz", "inst.npz"], "no array out"),
    (["inst.npz", "other.npz"], "other.npz: out has shape (3, 1)"), (["inst.npz", "out.npz", "--tolerance", "-1"], "tolerance"),
    (["inst.npz", "out.npz", "--dimacs", "--json", "-"], "choose one"), (["inst.npz"], "required"),
    (["inst.npz", "out.npz", "--json", "."], "is a folder")])
def test_errors_are_one_line(run: Decode, words: list[str], what: str) -> None:
    made()
    write("other.npz", {"out": np.zeros((3, 1))})
    code, text, err = run(*words)
    assert (code, text) == (2, "") and what in err and err.count("\n") == 1


def test_store_and_load(run: Decode) -> None:
    for i, given in enumerate([formula(0, []), formula(0, [[]]), formula(3, []), formula(3, [[], [1], []]), *sample(6)]):
        instance = harden(given, order=1 + i % 5, mode=("plain", "dyadic", "square-padded", "counting")[i % 4])
        for name in ("a.npz", "a.safetensors"):
            told = save(name, instance, seed=3)
            stored = load(name)
            assert (stored.gadget, stored.formula, stored.parts) == (instance.gadget, instance.formula, instance.parts)
            assert json.loads(Path("a.json").read_text()) == told
            arrays = read(name)
            assert np.array_equal(arrays["q"], instance.q) and np.array_equal(arrays["k1"], instance.keys[0])
            assert all(a.dtype == np.float64 and a.ndim == 2 for key, a in arrays.items() if key[0] in "qkv")
