"""tacheck attend: the library's answer in a file, and one line for whatever is wrong."""
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from tacheck.__main__ import main
from tacheck.numeric.exact import attention, gradient
from tacheck.numeric.files import read, write

from .conftest import Run, one_line


def arrays(order: int = 2, n: int = 6, d: int = 3, dv: int = 2) -> dict[str, Any]:
    """The arrays of a problem, by name."""
    random = np.random.default_rng(order)
    found: dict[str, Any] = {"q": random.normal(size=(n, d)), "upstream": random.normal(size=(n, dv))}
    for s in range(1, order + 1): found |= {f"k{s}": random.normal(size=(n, d)), f"v{s}": random.normal(size=(n, dv))}
    return found


def sets(given: dict[str, Any], letter: str) -> list[Any]:
    """The arrays letter1, letter2, ..."""
    return [given[f"{letter}{s}"] for s in range(1, 9) if f"{letter}{s}" in given]


@pytest.fixture
def here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An empty current folder."""
    monkeypatch.chdir(tmp_path)
    return tmp_path


Attend = Callable[..., dict[str, Any]]


@pytest.fixture
def attend(here: Path, capsys: pytest.CaptureFixture[str]) -> Attend:
    """Run the verb on arrays and read what it wrote."""
    def run(given: dict[str, Any], *words: str, suffix: str = "npz") -> dict[str, Any]:
        write(f"in.{suffix}", given)
        assert main(["attend", "--input", f"in.{suffix}", "-o", f"out.{suffix}", *words]) == 0, capsys.readouterr().err
        return read(f"out.{suffix}")
    return run


@pytest.mark.parametrize("suffix", ["npz", "safetensors"])
@pytest.mark.parametrize("order", [1, 2, 3])
def test_the_command_line_and_the_library_agree(attend: Attend, order: int, suffix: str) -> None:
    given = arrays(order)
    found = attend(given, "--gradient", suffix=suffix)
    g = gradient(given["q"], sets(given, "k"), sets(given, "v"), upstream=given["upstream"])
    assert np.array_equal(found["out"], attention(given["q"], sets(given, "k"), sets(given, "v")))
    assert np.array_equal(found["dq"], g.q)
    assert all(np.array_equal(a, b) for a, b in zip(sets(found, "dk") + sets(found, "dv"), [*g.keys, *g.values], strict=True))


@pytest.mark.parametrize("words, options", [
    (["--causal"], {"causal": True}), (["--window", "4,3"], {"window": (4, 3)}), (["--window", "2"], {"window": 2}),
    (["--scale", "1/d"], {}), (["--scale", "1/sqrt(d)"], {"scale": 1 / 3**0.5}), (["--scale", "0.25"], {"scale": 0.25}),
    (["--scale", "2/3"], {"scale": 2 / 3}), (["--scale", "1e-3"], {"scale": 1e-3}),
    (["--dtype", "float32"], {"dtype": "float32"})])
def test_options_reach_the_library(attend: Attend, words: list[str], options: dict[str, Any]) -> None:
    given = arrays()
    found = attend(given, *words)
    assert found.keys() == {"out"}
    wanted = attention(given["q"], sets(given, "k"), sets(given, "v"), **options)
    assert found["out"].dtype == wanted.dtype
    assert np.array_equal(found["out"], wanted)


def test_masks_are_read(attend: Attend) -> None:
    given, keep, whole = arrays(), np.arange(6) > 2, np.random.default_rng(0).random((6, 6, 6)) < 0.5
    plain = attend(given)["out"]
    for more, mask in (({"mask2": keep}, [None, keep]), ({"mask": whole}, whole)):
        found = attend(given | more)["out"]
        assert np.array_equal(found, attention(given["q"], sets(given, "k"), sets(given, "v"), mask=mask))
        assert not np.allclose(found, plain)


def test_files_of_one_array_each(here: Path, capsys: pytest.CaptureFixture[str]) -> None:
    given = arrays(1)
    for name, a in given.items(): np.save(f"{name}.npy", a)
    assert main(["attend", "--input", "q.npy", "k1.npy", "v1.npy", "-o", "out.npz"]) == 0
    assert np.array_equal(read("out.npz")["out"], attention(given["q"], given["k1"], given["v1"]))


def test_the_summary_says_what_was_done(attend: Attend, capsys: pytest.CaptureFixture[str]) -> None:
    attend(arrays() | {"notes": np.ones(3)}, "--gradient", "--causal")
    text = capsys.readouterr()
    for part in ("order 2", "float64", "causal", "q (6, 3)", "not used: notes", "out.npz: out (6, 2), dq (6, 3)", " s"):
        assert part in text.out
    assert text.err == ""


def test_json_on_standard_output_is_all_there_is(attend: Attend, capsys: pytest.CaptureFixture[str]) -> None:
    attend(arrays(), "--json", "-", "--window", "3")
    document = json.loads(capsys.readouterr().out)
    assert document["version"] == 1
    assert document["order"] == 2
    assert document["window"] == [3, 3]
    assert document["scale"] == 1 / 3
    assert document["input"]["k2"] == [6, 3]
    assert document["output"] == {"out": [6, 2]}
    assert document["unused"] == ["upstream"]


def test_json_in_a_file(attend: Attend, here: Path, capsys: pytest.CaptureFixture[str]) -> None:
    attend(arrays(), "--json", "summary.json")
    assert json.loads((here / "summary.json").read_text())["file"] == "out.npz"
    assert "order 2" in capsys.readouterr().out


# ---- what is wrong --------------------------------------------------------------------------------------------------

def change(**new: Any) -> dict[str, Any]:
    """A good problem, but for the arrays given; None leaves one out."""
    return {name: a for name, a in (arrays() | new).items() if a is not None}


SINGLE = np.float64(1.0).reshape(())
NAN = np.where(np.arange(18).reshape(6, 3) == 7, np.nan, 1.0)


BAD = [
    (change(k1=NAN), "", "in.npz: k1 has nan at (2, 1)"),
    (change(q=NAN * np.inf), "", "in.npz: q has"),
    (change(k2=np.ones((6, 4))), "", "in.npz: k2 has shape (6, 4); beside q of shape (6, 3)"),
    (change(k1=np.zeros((0, 3))), "", "no positions"),
    (change(v1=np.ones((6, 2), int)), "", "v1 has dtype int64"),
    (change(v2=None), "", "no array v2"),
    (change(q=None), "", "no array q"),
    (change(upstream=None), "--gradient", "no array upstream"),
    (change(upstream=np.ones((6, 3))), "--gradient", "upstream has shape (6, 3)"),
    (change(mask1=np.zeros(6, bool)), "", "query row 0 has nothing left in k1: mask1"),
    (change(mask1=np.ones(6)), "", "mask1 has dtype float64"),
    (change(mask1=np.arange(6) > 0), "--causal", "query row 0 has nothing left in k1: causal and mask1"),
    (change(q=SINGLE), "", "q has shape ()"),
    (change(q=SINGLE), "--scale 1/sqrt(d)", "q has shape ()"),
    (change(q=np.full((6, 3), 1e300), k1=np.full((6, 3), 1e300)), "", "query row 0: its scores"),
    (change(), "--scale pi", "--scale pi"),
    (change(), "--scale 1/0", "--scale 1/0"),
    (change(), "--scale nan", "scale nan"),
    (change(), "--window 0", "window 0"),
    (change(), "--window 1,2,3", "window [1, 2, 3]"),
    (change(), "--window a", "--window a"),
    (change(), "--dtype float16", "dtype 'float16'"),
    (change(), "--method fast", "--method fast: only exact is there"),
    (change(), "-o out.txt", "out.txt: name a .npz or .safetensors file"),
    (change(), "-o in.npz", "in.npz: is the input too"),
    (change(), "--input absent.npz", "absent.npz: cannot be read: No such file"),
    (change(), "--json in.npz/x.json", "in.npz/x.json: cannot be written"),
]


@pytest.mark.parametrize("given, words, says", BAD, ids=[f"{words} {says}" for _, words, says in BAD])
def test_bad_input_is_one_line_and_nothing_is_written(here: Path, capsys: pytest.CaptureFixture[str], given: dict[str, Any],
                                                      words: str, says: str) -> None:
    np.savez("in.npz", **given)
    before = Path("in.npz").read_bytes()
    assert main(["attend", "--input", "in.npz", "-o", "out.npz", *words.split()]) == 2
    text = capsys.readouterr()
    assert says in text.err
    assert len(text.err.splitlines()) == 1
    assert text.out == ""
    assert Path("in.npz").read_bytes() == before
    assert [p.name for p in here.iterdir()] == ["in.npz"]


def test_as_a_user_runs_it(tacheck: Run, tmp_path: Path) -> None:
    write(tmp_path / "in.npz", arrays())
    done = tacheck("attend", "--input", "in.npz", "-o", "out.npz", cwd=tmp_path)
    assert (done.returncode, done.stderr) == (0, "")
    assert read(tmp_path / "out.npz")["out"].shape == (6, 2)
    (tmp_path / "in.npz").write_bytes((tmp_path / "in.npz").read_bytes()[:-40])
    bad = tacheck("attend", "--input", "in.npz", "-o", "out.npz", cwd=tmp_path)
    assert bad.returncode == 2
    assert "in.npz: damaged" in one_line(bad)


def test_a_terminal_sees_progress(monkeypatch: pytest.MonkeyPatch) -> None:
    from tacheck.verbs import attend
    monkeypatch.setattr("sys.stderr.isatty", lambda: True, raising=False)
    with attend.progress(6) as advance: advance(2)
    assert isinstance(attend.progress(6), attend.Bar)
