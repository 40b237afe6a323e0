"""A C file becomes a library once, and only one that is whole, from a folder closed to others, is loaded."""
import subprocess
import sys
from pathlib import Path
from shutil import which
from typing import Any

import pytest

from tacheck.numeric import cc

ONE = "int one(void) { return 1; }\n"


@pytest.fixture
def fresh(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An empty cache; a skip where there is no compiler."""
    if which("cc") is None: pytest.skip("no C compiler: cc is not on the path")
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    return tmp_path


def one(folder: Path, **options: Any) -> int:
    """The answer of a small library."""
    source = folder / "one.c"
    if not source.exists(): source.write_text(ONE)
    answer: int = cc.library(source, **options).one()
    return answer


def files(end: str) -> list[Path]: return sorted(cc.folder().glob(f"*{end}"))


def test_a_library_is_compiled_once_and_again_when_its_source_or_flags_change(fresh: Path,
                                                                              monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(cc.Later): one(fresh, build=False)
    assert one(fresh) == 1 and cc.folder().stat().st_mode & 0o777 == 0o700
    before = files("")
    monkeypatch.setattr(cc, "_compile", lambda *a: pytest.fail("it is there"))
    assert one(fresh) == one(fresh, build=False) == 1 and files("") == before
    monkeypatch.undo()
    monkeypatch.setenv("XDG_CACHE_HOME", str(fresh / "cache"))
    (fresh / "one.c").write_text(ONE.replace("1", "2"))
    assert one(fresh) == 2 and one(fresh, flags=("-DX",)) == 2 and len(files(".txt")) == 3
    monkeypatch.setattr(cc, "processor", lambda: "another one")
    with pytest.raises(cc.Later): one(fresh, build=False)


@pytest.mark.parametrize("damage", ["cut", "flip", "gone", "empty name", "elsewhere", "no text"])
def test_a_damaged_library_is_compiled_again(damage: str, fresh: Path) -> None:
    assert one(fresh) == 1
    (library,), (index,) = files(".so"), files(".txt")
    content = library.read_bytes()
    if damage in ("cut", "flip", "gone"): library.unlink()           # this process runs it: it is not written into
    if damage == "cut": library.write_bytes(content[:len(content) // 2])
    if damage == "flip": library.write_bytes(content[:5000] + bytes([content[5000] ^ 1]) + content[5001:])
    if damage == "empty name": index.write_text("")
    if damage == "elsewhere": index.write_text("../../one.so")
    if damage == "no text": index.write_bytes(b"\xff\xfe\x00")
    with pytest.raises(cc.Later): one(fresh, build=False)
    assert one(fresh) == 1 and files(".so") == [library] and files(".txt") == [index]
    assert library.read_bytes() == content and index.read_text() == library.name


@pytest.mark.parametrize("how", ["open", "link", "file"])
def test_only_a_folder_that_is_closed_to_others_is_trusted(how: str, fresh: Path) -> None:
    assert one(fresh) == 1
    place = cc.folder()
    if how == "open": place.chmod(0o750)
    else: place.rename(fresh / "moved")
    if how == "link": place.symlink_to(fresh / "moved")
    if how == "file": place.write_text("")
    with pytest.raises(cc.Absent, match="must be a folder of your own that nobody else may enter"): one(fresh)


def test_processes_may_compile_at_the_same_time(fresh: Path) -> None:
    source = fresh / "one.c"
    source.write_text(ONE)
    code = f"from pathlib import Path; from tacheck.numeric import cc; assert cc.library(Path({str(source)!r})).one() == 1"
    runs = [subprocess.Popen([sys.executable, "-c", code], stderr=subprocess.PIPE) for _ in range(4)]
    assert [run.communicate()[1] for run in runs] == [b""] * 4 and all(run.returncode == 0 for run in runs)
    assert one(fresh, build=False) == 1 and not files("tmp*")
