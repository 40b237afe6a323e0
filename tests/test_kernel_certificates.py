"""Every file under certificates/ is a test: drop one in.

accepted/    the recorded status is found again, also by the kernel's folder alone, without site-packages
rejected/    the lie that the file's name says: the recorded status is not found again
unreadable/  one line on stderr and exit code 2, never a traceback
"""
import json
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from tacheck.kernel.__main__ import main
from tacheck.kernel.check import Status, check, load

HERE = Path(__file__).parent / "certificates"
KERNEL = Path(__file__).parents[1] / "tacheck" / "kernel"


def files(folder): return [pytest.param(f, id=f.stem) for f in sorted((HERE / folder).glob("*.json"))]


@pytest.fixture(scope="session")
def alone(tmp_path_factory):
    """An empty folder with nothing but the kernel in it."""
    folder = tmp_path_factory.mktemp("alone")
    shutil.copytree(KERNEL, folder / "kernel", ignore=shutil.ignore_patterns("__pycache__"))
    return folder


def recheck(alone, *paths):
    return subprocess.run([sys.executable, "-S", "-m", "kernel", *map(str, paths)], cwd=alone, capture_output=True, text=True,
                          timeout=60, env={"PYTHONHASHSEED": "7"})


@pytest.mark.parametrize("path", files("accepted"))
def test_an_accepted_certificate_gives_its_recorded_status(path):
    record = json.loads(path.read_text())
    assert check(load(record["statement"]), record["certificate"]).status.value == record["status"]


def test_the_kernel_alone_accepts_every_accepted_file(alone):
    run = recheck(alone, *sorted((HERE / "accepted").glob("*.json")))
    assert run.returncode == 0, run.stdout + run.stderr
    assert "0 with another status, 0 unreadable" in run.stdout


@pytest.mark.parametrize("path", files("accepted")[:3])
def test_the_kernel_alone_accepts_one_file(alone, path): assert recheck(alone, path).returncode == 0


@pytest.mark.parametrize("path", files("rejected"))
def test_a_rejected_certificate_does_not_give_its_recorded_status(path, capsys):
    record = json.loads(path.read_text())
    assert check(load(record["statement"]), record["certificate"]).status.value != record["status"]
    assert main([str(path)]) == 1
    assert "!! recorded as" in capsys.readouterr().out


def test_the_kernel_alone_rejects_every_rejected_file(alone):
    paths = sorted((HERE / "rejected").glob("*.json"))
    run = recheck(alone, *paths)
    assert run.returncode == 1, run.stderr
    assert run.stdout.count("!! recorded as") == len(paths)


@pytest.mark.parametrize("path", files("unreadable"))
def test_an_unreadable_file_is_one_line_and_exit_code_2(path, capsys):
    assert main([str(path)]) == 2
    out, err = capsys.readouterr()
    assert err.count("\n") == 1 and err.startswith(f"unreadable  {path}: ")
    assert out == "0 checked, 0 with another status, 1 unreadable\n"


def test_the_kernel_alone_reports_every_unreadable_file_in_one_line(alone):
    paths = sorted((HERE / "unreadable").glob("*.json"))
    run = recheck(alone, *paths)
    assert run.returncode == 2
    assert len(run.stderr.splitlines()) == len(paths) and "Traceback" not in run.stderr


def test_no_file_is_not_a_success(alone): assert recheck(alone).returncode == 2


def test_nothing_checked_is_not_a_success(tmp_path, capsys):
    record = json.loads((HERE / "accepted" / "softmax_jacobian.json").read_text())
    (tmp_path / "x.json").write_text(json.dumps(record | {"status": "trusted"}))
    assert main([str(tmp_path / "x.json")]) == 1


@pytest.mark.parametrize("path", files("accepted"))
def test_an_accepted_certificate_under_another_statement_proves_nothing_false(path):
    """Every accepted certificate under every refuted statement of these folders."""
    certificate = json.loads(path.read_text())["certificate"]
    for other in (HERE / "accepted").glob("*_refuted.json"):
        statement = load(json.loads(other.read_text())["statement"])
        assert check(statement, certificate).status in (Status.UNDECIDED, Status.REFUTED)


def test_there_are_enough_files():
    assert len(files("accepted")) >= 8 and len(files("rejected")) >= 40 and len(files("unreadable")) >= 8
