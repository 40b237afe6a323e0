"""Files of arrays: what is written is read back, and what is damaged, pickled or missing is one clear line."""
import json
import pickle
import zipfile
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from tacheck.numeric.arrays import ProblemError
from tacheck.numeric.files import attention_arrays, read, write

ARRAYS = {"half": np.float16([0.5]), "q": np.arange(6.0).reshape(2, 3), "k1": np.float32([[1, 2, 3]]),
          "mask1": np.array([True, False, True]), "count": np.arange(3), "one": np.array(7.0), "none": np.zeros((0, 3))}


def error(*paths: Path) -> str:
    """What reading says: one line, which begins with the path."""
    with pytest.raises(ProblemError) as bad: read(*paths)
    text = str(bad.value)
    assert text.startswith(f"{paths[-1]}: ")
    assert len(text.splitlines()) == 1
    return text


def same(found: dict[str, Any], wanted: dict[str, Any]) -> bool:
    """The same names, dtypes, shapes and entries."""
    return found.keys() == wanted.keys() and all(
        np.array_equal(found[name], a) and found[name].dtype == a.dtype for name, a in wanted.items())


@pytest.mark.parametrize("suffix", ["npz", "safetensors"])
def test_what_is_written_is_read_back(tmp_path: Path, suffix: str) -> None:
    write(tmp_path / "folder" / f"a.{suffix}", ARRAYS)
    assert same(read(tmp_path / "folder" / f"a.{suffix}"), ARRAYS)
    assert [p.name for p in (tmp_path / "folder").iterdir()] == [f"a.{suffix}"]


def test_the_reference_implementation_of_safetensors_agrees(tmp_path: Path) -> None:
    reference = pytest.importorskip("safetensors.numpy")
    write(tmp_path / "ours.safetensors", ARRAYS)
    assert same(reference.load_file(tmp_path / "ours.safetensors"), ARRAYS)
    reference.save_file(ARRAYS, tmp_path / "theirs.safetensors", {"note": "metadata is skipped"})
    assert same(read(tmp_path / "theirs.safetensors"), ARRAYS)


def test_every_tensor_is_aligned(tmp_path: Path) -> None:
    write(tmp_path / "a.safetensors", ARRAYS)
    content = (tmp_path / "a.safetensors").read_bytes()
    length = int.from_bytes(content[:8], "little")
    for name, entry in json.loads(content[8:8 + length]).items():
        assert (8 + length + entry["data_offsets"][0]) % ARRAYS[name].itemsize == 0


def test_one_array_is_called_by_its_file(tmp_path: Path) -> None:
    for name in ("q", "k1"): np.save(tmp_path / f"{name}.npy", ARRAYS[name])
    assert same(read(tmp_path / "q.npy", tmp_path / "k1.npy"), {name: ARRAYS[name] for name in ("q", "k1")})
    np.savez(tmp_path / "more.npz", q=ARRAYS["q"])
    assert "q is in an earlier file too" in error(tmp_path / "q.npy", tmp_path / "more.npz")


def tensors(path: Path, header: Any, data: bytes = b"", length: int | None = None) -> Path:
    """A safetensors file, made by hand."""
    text = header if isinstance(header, bytes) else json.dumps(header).encode()
    path.write_bytes((len(text) if length is None else length).to_bytes(8, "little") + text + data)
    return path


def test_bfloat16_becomes_float32(tmp_path: Path) -> None:
    bits = np.array([0x3F80, 0xC040, 0x0000], "<u2")                 # 1, -3, 0
    path = tensors(tmp_path / "a.safetensors", {"q": {"dtype": "BF16", "shape": [3], "data_offsets": [0, 6]}}, bits.tobytes())
    assert same(read(path), {"q": np.float32([1, -3, 0])})


ENTRY = {"dtype": "F64", "shape": [2], "data_offsets": [0, 16]}


@pytest.mark.parametrize("header, data, length, says", [
    ({"q": ENTRY}, b"\0" * 8, None, "truncated: q ends at byte"),
    ({"q": ENTRY}, b"", 1000, "truncated: the header ends at byte 1008"),
    ({"q": ENTRY}, b"", 1 << 60, "no safetensors file: its header would have"),
    (b"{nonsense", b"", None, "damaged"), (b"\xff\xfe", b"", None, "damaged"),
    (b"[1, 2]", b"", None, "its header is no JSON object"),
    ({"q": ENTRY | {"shape": [3]}}, b"\0" * 16, None, "q of shape [3] in F64 takes 24 bytes, and has 16"),
    ({"q": ENTRY | {"dtype": "F8_E4M3"}}, b"\0" * 16, None, "q has dtype F8_E4M3"),
    ({"q": ENTRY | {"shape": [-1, -2]}}, b"\0" * 16, None, "q has sizes that are none"),
    ({"q": {"dtype": "F64"}}, b"", None, "damaged"), ({"q": [1]}, b"", None, "damaged"),
    ({"q": ENTRY | {"shape": [1 << 60], "data_offsets": [0, 1 << 63]}}, b"\0" * 16, None, "truncated")])
def test_bad_safetensors(tmp_path: Path, header: Any, data: bytes, length: int | None, says: str) -> None:
    assert says in error(tensors(tmp_path / "a.safetensors", header, data, length))


@pytest.mark.parametrize("suffix", ["npz", "npy", "safetensors"])
def test_every_truncation_is_an_error(tmp_path: Path, suffix: str) -> None:
    whole = tmp_path / f"whole.{suffix}"
    if suffix == "npy": np.save(whole, ARRAYS["q"])
    else: write(whole, ARRAYS)
    content = whole.read_bytes()
    for size in range(0, len(content), 7):
        (tmp_path / f"cut.{suffix}").write_bytes(content[:size])
        error(tmp_path / f"cut.{suffix}")


def test_a_changed_byte_of_an_npz_is_an_error(tmp_path: Path) -> None:
    write(tmp_path / "a.npz", {"q": ARRAYS["q"]})
    content = bytearray((tmp_path / "a.npz").read_bytes())
    content[content.index(ARRAYS["q"].tobytes()) + 10] ^= 1
    (tmp_path / "a.npz").write_bytes(content)
    assert "damaged" in error(tmp_path / "a.npz")


class Trap:
    """Runs code when it is unpickled."""

    def __reduce__(self) -> Any: return (Path.touch, (Path("sprung"),))


def pickled_npz(path: Path) -> None: np.savez(path, q=np.array([Trap()], object))
def pickled_npy(path: Path) -> None: np.save(path, np.array([Trap()], object))
def bare_pickle(path: Path) -> None: path.write_bytes(pickle.dumps(Trap()))


MADE = {"a.npz": pickled_npz, "a.npy": pickled_npy, "b.npz": bare_pickle, "b.npy": bare_pickle}


@pytest.mark.parametrize("name", MADE)
def test_pickles_are_never_loaded(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, name: str) -> None:
    monkeypatch.chdir(tmp_path)
    MADE[name](tmp_path / name)
    assert "pickle" in error(tmp_path / name)
    assert not (tmp_path / "sprung").exists()


def test_other_files_are_named(tmp_path: Path) -> None:
    (tmp_path / "a.npz").write_text("q,k1\n")
    assert "is no NumPy file" in error(tmp_path / "a.npz")
    (tmp_path / "b.npz").write_text("")
    assert "is empty" in error(tmp_path / "b.npz")
    np.save(tmp_path / "q.npy", ARRAYS["q"])
    (tmp_path / "q.npy").rename(tmp_path / "c.npz")
    assert "rename it" in error(tmp_path / "c.npz")
    with zipfile.ZipFile(tmp_path / "d.npz", "w") as archive: archive.writestr("notes.txt", "no array")
    assert "notes.txt is no array" in error(tmp_path / "d.npz")
    assert "convert it" in error(tmp_path / "q.csv")
    assert "No such file" in error(tmp_path / "absent.npz")
    (tmp_path / "folder.npz").mkdir()
    assert "directory" in error(tmp_path / "folder.npz")


def test_a_huge_announced_shape_is_an_error(tmp_path: Path) -> None:
    np.save(tmp_path / "q.npy", np.zeros((2, 3)))
    content = (tmp_path / "q.npy").read_bytes()
    (tmp_path / "q.npy").write_bytes(content.replace(b"(2, 3), }" + b" " * 16, b"(2000000000, 300000000), }"[:25].ljust(25)))
    error(tmp_path / "q.npy")


# ---- writing --------------------------------------------------------------------------------------------------------

@pytest.mark.parametrize("name", ["out.txt", "out", "out.npy", "folder.npz", "file/out.npz"])
def test_places_that_cannot_be_written(tmp_path: Path, name: str) -> None:
    (tmp_path / "folder.npz").mkdir()
    (tmp_path / "file").touch()
    with pytest.raises(ProblemError, match=name.replace(".", r"\.")): write(tmp_path / name, ARRAYS)


@pytest.mark.parametrize("suffix", ["npz", "safetensors"])
def test_a_failure_leaves_the_old_file_and_nothing_else(tmp_path: Path, suffix: str, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / f"out.{suffix}"
    write(path, {"q": ARRAYS["q"]})

    def full(*_: Any) -> None: raise OSError(28, "No space left on device")
    monkeypatch.setattr("os.replace", full)
    with pytest.raises(ProblemError, match="No space left"): write(path, ARRAYS)
    assert [p.name for p in tmp_path.iterdir()] == [path.name]
    assert same(read(path), {"q": ARRAYS["q"]})


def test_objects_are_not_written(tmp_path: Path) -> None:
    with pytest.raises(ProblemError, match="q has dtype object"): write(tmp_path / "a.npz", {"q": np.array([None])})
    assert not list(tmp_path.iterdir())


# ---- names ----------------------------------------------------------------------------------------------------------

def named(*names: str) -> dict[str, Any]: return {name: np.ones(3) for name in names}


def test_arrays_are_found_by_name() -> None:
    found = attention_arrays(named("v2", "q", "k1", "mask2", "k2", "v1", "other"))
    assert [len(found.keys), len(found.values), found.unused] == [2, 2, ["other"]]
    assert found.mask is not None and found.mask[0] is None
    assert attention_arrays(named("q", "k1", "v1", "mask")).mask is not None


@pytest.mark.parametrize("names, says", [
    ("k1 v1", "no array q; needed are q, k1, v1; there are: k1, v1"), ("q k1 v1 k2", "no array v2"),
    ("q k1 v1 k3 v3", "no array k2 and no v2"), ("q", "no array k1 and no v1"), ("", "there are: none"),
    ("q k1 v1 mask2", "mask2 has no k2"), ("q k1 v1 mask mask1", "leave out one"), ("q k1 v1 k999999", "no array")])
def test_missing_arrays_are_named(names: str, says: str) -> None:
    with pytest.raises(ProblemError) as bad: attention_arrays(named(*names.split()))
    assert says in str(bad.value)
    assert len(str(bad.value)) < 300
