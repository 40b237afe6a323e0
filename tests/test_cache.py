"""`verify --changed` believes the cache about what has not changed, and about nothing else."""
import json
from pathlib import Path

from .conftest import GOOD, Project, Run


def entries(folder: Path) -> list[Path]: return sorted((folder / ".tacheck").glob("*.row"))


def test_nothing_changed_is_as_checked_before(project: Project, tacheck: Run) -> None:
    folder = project()
    tacheck("verify", "--root", folder)
    run = tacheck("verify", "--root", folder, "--changed")
    assert run.returncode == 0
    assert "as checked on" in run.stdout


def test_plain_verify_never_believes_the_cache(project: Project, tacheck: Run) -> None:
    folder = project()
    tacheck("verify", "--root", folder)
    assert "as checked on" not in tacheck("verify", "--root", folder).stdout


def test_a_changed_statement_or_twin_is_checked_again(project: Project, tacheck: Run) -> None:
    folder = project()
    tacheck("verify", "--root", folder)
    (folder / "proofs_checks" / "sums.py").write_text(GOOD.replace("2 * exp", "exp"))
    run = tacheck("verify", "--root", folder, "--changed")
    assert run.returncode == 1
    assert "as checked on" not in run.stdout


def test_a_missing_certificate_is_made_again(project: Project, tacheck: Run) -> None:
    folder = project()
    tacheck("verify", "--root", folder)
    (folder / "build" / "sums.logsumexp.json").unlink()
    assert "as checked on" not in tacheck("verify", "--root", folder, "--changed").stdout
    assert (folder / "build" / "sums.logsumexp.json").is_file()


def test_a_damaged_entry_is_rebuilt_with_a_warning(project: Project, tacheck: Run) -> None:
    folder = project()
    tacheck("verify", "--root", folder)
    entry, = entries(folder)
    whole = entry.read_text()
    for damaged in ("", whole[:50], "[]", '{"row": {}}', whole.replace('"equal', '"proved'), whole.replace("refuted", "holds")):
        entry.write_text(damaged)
        run = tacheck("verify", "--root", folder, "--changed")
        assert run.returncode == 0
        assert "damaged cache entry" in run.stderr
        assert "as checked on" not in run.stdout
        assert json.loads(entry.read_text())["row"]["id"] == "sums.logsumexp"


def test_failures_are_not_kept(project: Project, tacheck: Run) -> None:
    folder = project()
    tacheck("verify", "--root", folder, "--timeout", "1e-9")
    assert not entries(folder)
