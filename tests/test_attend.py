"""tacheck attend: the library's answer in a file, and one line for whatever is wrong."""
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from tacheck.__main__ import main
from tacheck.numeric import door
from tacheck.numeric.door import attention, gradient
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


def small(order: int, n: int = 40) -> dict[str, Any]:
    """Entries at most 1, scores too."""
    return {name: np.tanh(a) for name, a in arrays(order, n).items()}


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


# ---- within an error -----------------------------------------------------------------------------------------------

@pytest.mark.parametrize("suffix", ["npz", "safetensors"])
@pytest.mark.parametrize("order", [1, 2])
def test_within_an_error_they_agree_too_and_the_bounds_hold(attend: Attend, here: Path, order: int, suffix: str) -> None:
    given = small(order)
    found = attend(given, "--gradient", "--error", "1e-3", "--method", "fast", "--json", "s.json", suffix=suffix)
    g, bound = door.gradient(given["q"], sets(given, "k"), sets(given, "v"), upstream=given["upstream"], error="1e-3",
                             method="fast", return_bound=True)
    document = json.loads((here / "s.json").read_text())
    assert (document["method"], document["error"], document["rank"]) == ("fast", 1e-3, bound.rank)
    assert document["degree"] == bound.degree
    assert document["bound"]["met"] is True
    assert document["bound"]["output"] == bound.output
    assert document["bound"]["gradients"] == bound.gradients
    assert document["copied"] == []
    assert np.array_equal(found["dq"], g.q)
    wanted = gradient(given["q"], sets(given, "k"), sets(given, "v"), upstream=given["upstream"])
    for name, limit in bound.gradients.items():
        letter, place = name[1], int(name[2:] or 1) - 1
        exact = wanted.q if letter == "q" else (wanted.keys if letter == "k" else wanted.values)[place]
        assert 0 < np.abs(found[name] - exact).max() <= limit + 1e-13


def test_without_an_error_it_is_exact_and_auto_may_be(attend: Attend, here: Path) -> None:
    given = small(2)
    for words, method in (((), "exact"), (("--error", "1e-2"), "exact"), (("--error", "1e-2", "--method", "exact"), "exact")):
        found = attend(given, *words, "--json", "s.json")
        document = json.loads((here / "s.json").read_text())
        assert (document["method"], document["rank"], document["bound"]["output"]) == (method, None, 0)
        assert np.array_equal(found["out"], attention(given["q"], sets(given, "k"), sets(given, "v")))
    attend(small(2, 512), "--error", "1e-2", "--json", "s.json")
    assert json.loads((here / "s.json").read_text())["method"] == "fast"


def test_auto_takes_exact_where_no_polynomial_will_do(attend: Attend, here: Path, capsys: pytest.CaptureFixture[str]) -> None:
    given = small(2, 80)
    given["q"] = given["q"] * 200
    found = attend(given, "--error", "1e-6")
    assert "; exact, " in (text := capsys.readouterr().out) and "quicker here than the fast path, or that needs" in text
    assert np.array_equal(found["out"], attention(given["q"], sets(given, "k"), sets(given, "v")))


def test_one_token_is_its_own_value(attend: Attend) -> None:
    found = attend(arrays(2, n=1), "--gradient", "--error", "1e-6", "--method", "fast")
    given = arrays(2, n=1)
    assert np.allclose(found["out"], given["v1"] * given["v2"], rtol=1e-13)
    assert np.allclose(found["dv1"], given["upstream"] * given["v2"], rtol=1e-13)
    assert np.abs(found["dq"]).max() < 1e-14


def test_no_query_rows_are_no_error(attend: Attend) -> None:
    given = arrays() | {"q": np.zeros((0, 3)), "upstream": np.zeros((0, 2))}
    assert attend(given, "--gradient", "--error", "1e-4")["out"].shape == (0, 2)


def test_the_certificate_in_words(attend: Attend, capsys: pytest.CaptureFixture[str]) -> None:
    attend(small(2), "--gradient", "--error", "1e-4", "--method", "fast")
    text = capsys.readouterr().out
    for part in ("; fast, ", "rank ", "error 0.0001 met", "certified bounds: out ", "dv2 ", "rounding apart"): assert part in text


def test_every_number_of_the_document_is_one_in_json() -> None:
    from tacheck.verbs.attend import finite
    assert finite({"a": float("inf"), "b": [float("nan"), 1.5], "c": (2, "x")}) == {"a": None, "b": [None, 1.5], "c": [2, "x"]}


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
    (change(), "--method slow", "--method slow: auto, exact, fast are there"),
    (change(), "--method fast", "--method fast needs --error"),
    (change(), "--error 0", "--error 0: a number between 0 and 1"),
    (change(), "--error 1", "--error 1: a number between 0 and 1"),
    (change(), "--error nan", "--error nan: a number between 0 and 1"),
    (change(), "--error 1/0", "--error 1/0: a number between 0 and 1"),
    (change(), "--error=-1e-4", "--error -1e-4: a number between 0 and 1"),
    (change(), "--error 1e-4 --max-rank 0", "--max-rank 0: a number from 1"),
    (change(), "--error 1e-4 --max-rank 1e5", "--max-rank 1e5: a number from 1"),
    (change(), "--error 1e-4 --method fast --max-rank 9", "max_rank is 9: allow"),
    (change(q=np.full((6, 3), 50.0)), "--error 1e-4 --method fast", "in.npz: error 0.0001 is less than rounding may take"),
    (change(q=np.full((6, 3), 6.0), k1=np.ones((6, 3)), k2=-np.ones((6, 3))), "--error 1e-4 --method fast --max-rank 5",
     "max_rank is 5"),
    (change(), "--error 1e-17", "--error 1e-17 is less than one rounding in float64"),
    (change(), "--error 1e-9 --dtype float32", "--error 1e-9 is less than one rounding in float32, 6e-08; use --dtype float64"),
    (change(mask=np.ones((6, 6, 6), bool)), "--error 1e-4 --method fast", "a dense mask leaves no moments"),
    (change(q=np.zeros((6, 3), np.int32)), "--error 1e-4", "in.npz: q has dtype int32"),
    (change(k1=NAN), "--error 1e-4", "in.npz: k1 has nan at (2, 1)"),
    (change(k1=np.zeros((0, 3)), v1=np.zeros((0, 2))), "--error 1e-4", "in.npz: k1 has shape (0, 3): no positions"),
    (change(v2=np.ones((7, 2))), "--error 1e-4", "in.npz: v2 has shape (7, 2)"),
    (change(), "-o out.txt", "out.txt: name a .npz or .safetensors file"),
    (change(), "-o in.npz", "in.npz: is the input too"),
    (change(), "--input absent.npz", "absent.npz: cannot be read: No such file"),
    (change(), "--error 1e-999999999", "--error 1e-999999999: a number between 0 and 1"),
    (change(), "--json in.npz", "in.npz: is the input too"),
    (change(), "--json out.npz", "out.npz: is --output too"),
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
