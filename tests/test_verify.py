"""`tacheck verify` on projects good and bad: statuses, files, exit codes, one clear line for each mistake."""
import json
import subprocess
import sys
import xml.etree.ElementTree as ElementTree
from pathlib import Path

import pytest

from .conftest import CHECKOUT, GOOD, Project, Run, one_line

FALSE = GOOD.replace("return identity(diff(Sum(i, exp(x[i])), x[a]), exp(x[a]))",
                     "return identity(diff(Sum(i, exp(x[i])), x[a]), 3 * exp(x[a]))")
TRUE_TWIN = GOOD.replace("2 * exp(x[a])", "exp(x[a])")
SIDES = "diff(Sum(i, exp(x[i])), x[a]), exp(x[a])"
UNDECIDED = GOOD.replace(SIDES, "Sum(i, 1 / (x[i]**2 - 1)), Sum(i, 1 / ((x[i] - 1) * (x[i] + 1)))")
VACUOUS = GOOD.replace(SIDES, "1 / (x[i] - x[i]), x[a]")


def test_a_good_project_is_proved_and_its_twin_refuted(project: Project, tacheck: Run) -> None:
    run = tacheck("verify", "--root", project())
    assert run.returncode == 0, run.stderr
    assert run.stdout.startswith("proved    sums.logsumexp")
    assert "1 claims: 1 proved; 1 of 1 false twins refuted; 3 of 3 second opinions agree; exit 0" in run.stdout


def test_json_is_the_documented_shape_and_alone_on_standard_output(project: Project, tacheck: Run) -> None:
    document = json.loads(tacheck("verify", "--root", project(), "--json", "-").stdout)
    row = document["claims"][0]
    assert (document["version"], document["exit"]) == (1, 0)
    assert {"id", "status", "expect", "why", "rests_on", "seconds", "twins"} <= row.keys()
    assert (row["id"], row["status"], row["expect"]) == ("sums.logsumexp", "holds", "holds")
    assert row["twins"][0]["id"] == "sums.logsumexp~doubled"
    assert row["twins"][0]["status"] == "refuted"


@pytest.mark.parametrize("text, code, word", [(FALSE, 1, "refuted"), (TRUE_TWIN, 1, "proved"), (UNDECIDED, 3, "undecided"),
                                              (VACUOUS, 3, "vacuous")], ids=["false", "true_twin", "undecided", "vacuous"])
def test_failure_has_its_exit_code_and_says_so(project: Project, tacheck: Run, text: str, code: int, word: str) -> None:
    run = tacheck("verify", "--root", project(sums=text))
    assert run.returncode == code, run.stdout
    assert run.stdout.startswith(word)
    assert "!!" in run.stdout


def test_an_expected_refutation_succeeds_and_an_unexpected_proof_does_not(project: Project, tacheck: Run) -> None:
    expecting = FALSE.replace('cite="folklore"', 'cite="folklore", expect="refuted"')
    folder = project(sums=expecting, more=GOOD.replace('cite="folklore"', 'cite="folklore", expect="refuted"'))
    assert tacheck("verify", "--root", folder, "sums").returncode == 0
    assert tacheck("verify", "--root", folder, "more").returncode == 1


def test_running_out_of_time_is_undecided(project: Project, tacheck: Run) -> None:
    run = tacheck("verify", "--root", project(), "--timeout", "1e-9")
    assert run.returncode == 3
    assert "ran out of time" in run.stdout
    assert "proved" not in run.stdout


def test_one_millisecond_is_too_short_for_tensor_attention(tacheck: Run) -> None:
    run = tacheck("verify", "gradient.dX[3]", "--timeout", "0.001", "--json", "-")
    assert run.returncode == 3
    assert json.loads(run.stdout)["claims"][0]["status"] == "undecided"


DOCSTRING = '"""The derivative of the sum of exponentials is the exponential, for every n."""'
MISTAKES = {
    "a docstring": (GOOD.replace(DOCSTRING, "pass"), "docstring"),
    "a citation": (GOOD.replace('cite="folklore"', 'cite=""'), "citation"),
    "a twin": (GOOD.split("@logsumexp.twin")[0], "no false twin"),
    "syntax": (GOOD + "\ndef (:\n", "invalid syntax"),
    "an import": ("import no_such_module\n" + GOOD, "no_such_module"),
    "a name": (GOOD.replace("@claim(", "@clam("), "clam"),
    "one name for two claims": (GOOD + GOOD.split("tensor(\"x\")")[1], "defined twice"),
    "an unknown expectation": (GOOD.replace('cite="folklore"', 'cite="folklore", expect="true"'), "expects 'true'"),
}


@pytest.mark.parametrize("mistake", MISTAKES, ids=lambda m: m.replace(" ", "_"))
def test_a_claims_file_with_a_mistake_is_one_line_and_exit_2(project: Project, tacheck: Run, mistake: str) -> None:
    text, word = MISTAKES[mistake]
    run = tacheck("verify", "--root", project(sums=text))
    assert run.returncode == 2
    assert word in one_line(run)
    assert "sums.py" in run.stderr


def test_a_float_in_a_statement_is_named_and_exit_2(project: Project, tacheck: Run) -> None:
    run = tacheck("verify", "--root", project(sums=GOOD.replace("2 * exp", "0.5 * exp")))
    assert run.returncode == 2
    assert "0.5 is a float" in run.stdout
    assert "sums.py" in run.stdout
    assert "Traceback" not in run.stdout + run.stderr


def test_a_theory_with_a_syntax_error_is_exit_2(project: Project, tacheck: Run) -> None:
    folder = project()
    (folder / "theory" / "broken.py").write_text("x = = 1\n")
    run = tacheck("verify", "--root", folder)
    assert run.returncode == 2
    assert "broken.py:1" in one_line(run)


@pytest.mark.parametrize("words, says", [
    ("verify no.such", "no claim is called 'no.such'"), ("verify gradent.dX", "did you mean"), ("verify --jobs 0", "--jobs"),
    ("verify --timeout -1", "--timeout"), ("verify --root no_such_folder", "no such folder"), ("verify --colour", "--colour"),
    ("prove", "prove"), ("explain no.such", "no claim"), ("init README.md", "is a file")])
def test_bad_usage_is_one_line_and_exit_2(tacheck: Run, words: str, says: str) -> None:
    run = tacheck(*words.split())
    assert run.returncode == 2
    assert says in one_line(run)


def test_a_folder_without_a_project_is_exit_2(tacheck: Run, tmp_path: Path) -> None:
    run = tacheck("verify", "--root", tmp_path)
    assert run.returncode == 2
    assert "tacheck init" in one_line(run)


def test_a_foreign_theory_that_is_already_imported_stops_the_run(project: Project, tmp_path: Path) -> None:
    (tmp_path / "other" / "theory").mkdir(parents=True)
    (tmp_path / "other" / "theory" / "__init__.py").write_text("")
    code = (f"import sys; sys.path[:0] = [{str(tmp_path / 'other')!r}, {str(CHECKOUT)!r}]; import theory; "
            f"from tacheck.__main__ import main; sys.exit(main(['verify', '--jobs', '1', '--root', {str(project())!r}]))")
    run = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True)
    assert run.returncode == 2
    assert "belongs to" in one_line(run)


def test_build_holds_what_the_kernel_alone_finds_again(project: Project, tacheck: Run) -> None:
    folder = project()
    (folder / "build").mkdir()
    (folder / "build" / "sums.old_claim.json").write_text("{}")
    tacheck("verify", "--root", folder)
    files = sorted((folder / "build").iterdir())
    assert [f.name for f in files] == ["sums.logsumexp.json", "sums.logsumexp~doubled.json"]
    run = subprocess.run([sys.executable, "-S", "-m", "tacheck.kernel", *files], cwd=CHECKOUT, capture_output=True, text=True)
    assert run.returncode == 0, run.stdout
    assert "2 checked, 0 with another status" in run.stdout


def test_what_becomes_undecided_leaves_no_file(project: Project, tacheck: Run) -> None:
    folder = project()
    tacheck("verify", "--root", folder)
    tacheck("verify", "--root", folder, "--timeout", "1e-9")
    assert not list((folder / "build").iterdir())


def test_several_processes_find_what_one_finds(tacheck: Run) -> None:
    one, two = (json.loads(tacheck("verify", "kronecker", "--json", "-", "--jobs", jobs).stdout) for jobs in "12")
    assert [(r["id"], r["status"], r["why"]) for r in one["claims"]] == [(r["id"], r["status"], r["why"]) for r in two["claims"]]


def test_junit_and_sarif_name_the_failure(project: Project, tacheck: Run) -> None:
    folder = project(sums=FALSE)
    tacheck("verify", "--root", folder, "--junit", folder / "j.xml", "--sarif", folder / "s.sarif")
    suite = ElementTree.parse(folder / "j.xml").getroot()
    assert (suite.get("tests"), suite.get("failures")) == ("1", "1")
    result = json.loads((folder / "s.sarif").read_text())["runs"][0]["results"][0]
    assert result["ruleId"] == "sums.logsumexp"
    assert result["locations"][0]["physicalLocation"]["artifactLocation"]["uri"] == "proofs_checks/sums.py"


def test_an_output_that_cannot_be_written_is_exit_2(project: Project, tacheck: Run) -> None:
    run = tacheck("verify", "--root", project(), "--json", CHECKOUT / "README.md" / "out.json")
    assert run.returncode == 2
    assert "cannot be written" in one_line(run)


def test_a_process_that_dies_is_our_fault_and_no_success(project: Project, tacheck: Run) -> None:
    dying = GOOD.replace("import claim\n", "import claim\nimport multiprocessing, os\n").replace(
        "    return identity(diff(Sum(i, exp(x[i])), x[a]), exp(x[a]))",
        "    if multiprocessing.parent_process(): os._exit(1)\n    return identity(diff(Sum(i, exp(x[i])), x[a]), exp(x[a]))")
    run = tacheck("verify", "--root", project(sums=dying, more=GOOD), "--jobs", "2")
    assert run.returncode == 4
    assert "died" in run.stdout


def test_the_example_project_verifies(tacheck: Run) -> None:
    run = tacheck("verify", "--root", CHECKOUT / "examples" / "softmax_paper")
    assert run.returncode == 0, run.stdout
    assert "1 proved, 1 refuted (1 of them printed in a source, and expected); 2 of 2 false twins refuted" in run.stdout


def test_list_names_every_claim(project: Project, tacheck: Run) -> None:
    assert tacheck("verify", "--root", project(), "--list").stdout.startswith("sums.logsumexp  The derivative of the sum")
