"""`tacheck init` makes a project that verifies, and overwrites nothing."""
from pathlib import Path

from .conftest import Run, one_line


def test_the_new_project_verifies(tmp_path: Path, tacheck: Run) -> None:
    folder = tmp_path / "My Paper"
    assert tacheck("init", folder).returncode == 0
    assert (folder / ".github" / "workflows" / "tacheck.yml").is_file()
    assert 'name = "my-paper"' in (folder / "pyproject.toml").read_text()
    run = tacheck("verify", cwd=folder)
    assert run.returncode == 0, run.stderr
    assert "softmax.jacobian" in run.stdout


def test_nothing_is_overwritten(tmp_path: Path, tacheck: Run) -> None:
    (tmp_path / "theory").mkdir()
    (tmp_path / "theory" / "mine.py").write_text("mine")
    run = tacheck("init", tmp_path)
    assert run.returncode == 2
    assert "nothing is overwritten" in one_line(run)
    assert [p.name for p in tmp_path.rglob("*")] == ["theory", "mine.py"]


def test_a_pyproject_that_is_there_keeps_what_it_says(tmp_path: Path, tacheck: Run) -> None:
    (tmp_path / "pyproject.toml").write_text('[project]\nname = "mine"\n')
    assert tacheck("init", tmp_path).returncode == 0
    assert (tmp_path / "pyproject.toml").read_text() == '[project]\nname = "mine"\n\n[tool.tacheck]\n'
    assert tacheck("verify", cwd=tmp_path).returncode == 0
