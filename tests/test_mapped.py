"""Files are mapped where they can be, with the arrays and the errors that reading has."""
from pathlib import Path

import numpy as np
import pytest

from tacheck.__main__ import main
from tacheck.numeric import mapped
from tacheck.numeric.arrays import ProblemError
from tacheck.numeric.files import read, write

from .test_attend import arrays


@pytest.fixture
def here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An empty current folder."""
    monkeypatch.chdir(tmp_path)
    return tmp_path


def test_stored_arrays_are_mapped_and_others_are_said_to_be_read(here: Path, capsys: pytest.CaptureFixture[str]) -> None:
    given = arrays(2, 40)
    np.savez("plain.npz", **given)
    np.savez_compressed("packed.npz", **given)
    write("plain.safetensors", given | {"mask1": np.arange(40) % 2 > 0})
    for name, copied in (("plain.npz", []), ("plain.safetensors", []), ("packed.npz", list(given))):
        found, rest = mapped.read(name)
        assert rest == copied
        assert all(np.array_equal(found[x], a) for x, a in given.items())
        assert all(isinstance(found[x], np.memmap) and not found[x].flags.writeable for x in given if not copied)
    assert main(["attend", "--input", "packed.npz", "-o", "out.npz"]) == 0
    assert "could not be mapped (compressed, bfloat16, empty): q, k1, v1, k2, v2" in capsys.readouterr().out


def test_maps_hold_what_reading_holds(here: Path) -> None:
    random = np.random.default_rng(0)
    given = {"q": random.normal(size=(5, 3)).astype("f4"), "k1": np.asfortranarray(random.normal(size=(4, 2))),
             "v1": random.normal(size=(2, 3, 4)), "m": random.random(7) < 0.5, "half": np.ones(3, "f2"), "big": np.ones(3, ">f8"),
             "one": np.array(2.5), "none": np.zeros((0, 3))}
    np.savez("a.npz", **given)
    write("b.safetensors", given)
    for path in ("a.npz", "b.safetensors"):
        found, wanted = mapped.read(path)[0], read(path)
        assert found.keys() == wanted.keys()
        for name, a in wanted.items():
            assert found[name].dtype == a.dtype and found[name].shape == a.shape and np.array_equal(found[name], a)
    np.save("q.npy", given["k1"])
    assert np.array_equal(mapped.read("q.npy")[0]["q"], given["k1"])


@pytest.mark.parametrize("name", ["a.npz", "a.safetensors", "a.npy"])
def test_damaged_files_say_what_reading_says(here: Path, name: str) -> None:
    if name.endswith(".npy"): np.save(name, np.ones((40, 40)))
    else: write(name, {"a": np.ones((40, 40))})
    whole = Path(name).read_bytes()
    for bad in (b"", whole[:7], whole[:60], whole[:-1000], whole[1000:], b"\x80\x04N."):
        Path(name).write_bytes(bad)
        with pytest.raises(ProblemError) as reading: read(name)
        with pytest.raises(ProblemError) as mapping: mapped.read(name)
        assert str(mapping.value) == str(reading.value)


def test_a_name_in_two_files_is_an_error(here: Path) -> None:
    for path in ("a.npz", "b.npz"): np.savez(path, q=np.ones(3))
    with pytest.raises(ProblemError, match="b.npz: q is in an earlier file too"): mapped.read("a.npz", "b.npz")
