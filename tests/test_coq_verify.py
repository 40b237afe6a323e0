"""`tacheck verify --coq`: what Coq says beside the kernel's verdict, what it changes, and that nothing else is said."""
import json
import os
import shutil
from dataclasses import replace
from pathlib import Path

import pytest

from tacheck.claims import Claim
from tacheck.coq import answers, judge
from tacheck.coq.answers import Answer, Asking, TwinAnswer
from tacheck.coq.coqc import NoCoq, installed, library, place, recalled
from tacheck.coq.emit import emit
from tacheck.judging import Row, failures, with_coq
from tacheck.lang import Sum, dim, identity, instance, tensor
from tacheck.verbs import verify

from .conftest import CHECKOUT, GOOD, Project, Run, one_line

(i,) = dim("n", "i")
x = tensor("x")
THREE = ["ClassicalDedekindReals.sig_forall_dec", "ClassicalDedekindReals.sig_not_dec",
         "FunctionalExtensionality.functional_extensionality_dep"]
CUBE_ROOT = GOOD.replace("return identity(diff(Sum(i, exp(x[i])), x[a]), exp(x[a]))",
                         "return identity((exp(x[a]) ** Fraction(1, 3)) ** 3, exp(x[a]))").replace(
                         "from tacheck import claim\n", "from fractions import Fraction\nfrom tacheck import claim\n")


@pytest.fixture(scope="module")
def compiled() -> Path:
    """The compiled library; a skip, with the reason, where Coq or Coquelicot is missing."""
    installed.cache_clear()
    try: return library()
    except NoCoq as missing: pytest.skip(str(missing))


def lent(folder: Path, compiled: Path) -> Path:
    """The project, with the library already compiled in it."""
    shutil.copytree(compiled, folder / ".tacheck" / "coq" / compiled.name)
    return folder


# ---- with Coq -----------------------------------------------------------------------------------------------------

def test_a_proved_identity_is_checked_by_coq_and_its_twin_is_not_accepted(project: Project, tacheck: Run, compiled: Path) -> None:
    folder = lent(project(sums=GOOD, more=CUBE_ROOT), compiled)
    run = tacheck("verify", "--root", folder, "--coq", "--jobs", "2", "--json", folder / "all.json")
    assert run.returncode == 3, run.stdout + run.stderr
    rows = {row["id"]: row for row in json.loads((folder / "all.json").read_text())["claims"]}
    good, rooted = rows["sums.logsumexp"], rows["more.logsumexp"]
    assert good["exit"] == 0 and good["coq"]["status"] == "accepted" and good["coq"]["axioms"] == THREE
    assert good["coq"]["why"] == f"checked by Coq {installed()}; axioms: {', '.join(THREE)}" and good["coq"]["why"] in run.stdout
    assert good["coq"]["assumes"] == good["coq"]["differs"] == [] and good["coq"]["seconds"] > 0
    assert [t["status"] for t in good["coq"]["twins"]] == ["not proved"]
    assert (rooted["status"], rooted["exit"], rooted["coq"]["status"]) == ("holds", 3, "not proved")
    assert rooted["coq"]["why"] == "not proved by Coq: the exponent 1/3 is not a multiple of 1/2"
    assert run.stdout.count("checked by Coq") == 2                   # the good claim, and the summary
    assert "says nothing against the claim" in run.stdout
    assert f"1 of 2 proved identities checked by Coq {installed()}, which accepts 0 of 2 false twins; exit 3" in run.stdout


def test_the_example_project_is_checked_by_coq(tmp_path: Path, tacheck: Run, compiled: Path) -> None:
    paper = tmp_path / "paper"
    left_out = shutil.ignore_patterns("build", ".tacheck", "__pycache__")
    shutil.copytree(CHECKOUT / "examples" / "softmax_paper", paper, ignore=left_out)
    run = tacheck("verify", "--root", lent(paper, compiled), "--coq")
    assert run.returncode == 0, run.stdout + run.stderr
    assert f"checked by Coq {installed()}; axioms: {', '.join(THREE)}; assuming n >= 1" in run.stdout
    assert "1 of 1 proved identities checked by Coq" in run.stdout and "accepts 0 of 2 false twins; exit 0" in run.stdout
    again = tacheck("verify", "--root", paper, "--coq", "--changed")
    assert again.returncode == 0 and "as checked on" in again.stdout and "checked by Coq" in again.stdout


def test_answers_are_kept_by_content_and_believed_only_when_asked(compiled: Path, tmp_path: Path,
                                                                 monkeypatch: pytest.MonkeyPatch) -> None:
    lent(tmp_path, compiled)
    folder, s, runs = tmp_path / ".tacheck" / "coq", identity(Sum(i, x[i]), Sum(i, x[i])), list[str]()
    real = judge.coqc
    monkeypatch.setattr(judge, "coqc", lambda text, *more: runs.append(text) or real(text, *more))
    first = judge.opinion(s, 60, "one", folder)
    assert first.accepted and first.checked is None
    assert judge.opinion(s, 60, "one", folder, believe=True).checked and len(runs) == 1
    assert judge.opinion(s, 60, "one", folder).checked is None and len(runs) == 2
    lie = judge.opinion(identity(Sum(i, x[i]), Sum(i, 2 * x[i])), 60, "one", folder, believe=True)
    assert not lie.accepted and len(runs) == 3
    kept = place(folder / compiled.name, emit(s, "one").text)
    whole = kept.read_text()
    for damaged in ("", whole[:99], whole.replace('"code": 0', '"code": 1'), whole.replace("Axioms", "Axiom"), "[]"):
        kept.write_text(damaged)
        assert recalled(kept) is None
    kept.write_text(whole)
    assert recalled(kept) is not None


def test_running_out_of_time_is_no_answer_to_keep(compiled: Path, tmp_path: Path) -> None:
    folder = lent(tmp_path, compiled) / ".tacheck" / "coq"
    assert not judge.opinion(identity(Sum(i, x[i]), Sum(i, x[i])), 0.01, "one", folder).accepted
    assert not list(folder.glob("*.answer"))


# ---- without Coq --------------------------------------------------------------------------------------------------

def test_without_coq_it_is_one_line_and_exit_2_before_any_work(project: Project, tacheck: Run) -> None:
    folder = project()
    run = tacheck("verify", "--root", folder, "--coq", PATH="/nowhere")
    assert run.returncode == 2 and run.stdout == ""
    assert "--coq: coqc is not installed" in one_line(run) and "apt install coq libcoq-coquelicot" in run.stderr
    assert not (folder / "build").exists()


def test_without_coquelicot_it_is_one_line_too(project: Project, tacheck: Run, tmp_path: Path) -> None:
    fake = tmp_path / "bin" / "coqc"
    fake.parent.mkdir()
    fake.write_text('#!/bin/sh\n[ "$1" = --version ] && { echo "The Coq Proof Assistant, version 8.99"; exit 0; }\n'
                    'echo "Cannot find a physical path bound to logical path Coquelicot." >&2; exit 1\n')
    fake.chmod(0o755)
    run = tacheck("verify", "--root", project(), "--coq", PATH=f"{fake.parent}{os.pathsep}{os.environ['PATH']}")
    assert run.returncode == 2
    assert "is libcoq-coquelicot installed?" in one_line(run)


def test_plain_verify_does_not_ask_coq(project: Project, tacheck: Run) -> None:
    run = tacheck("verify", "--root", project(), "--json", "-", PATH="/nowhere")
    assert run.returncode == 0 and json.loads(run.stdout)["claims"][0]["coq"] is None


# ---- what an answer changes ---------------------------------------------------------------------------------------

YES, NO = Answer("accepted", 1.0, (), "checked by Coq 0"), Answer("not proved", 1.0, (), "not proved by Coq: left over: x i")
CLAIM = Claim("one.claim", "It is what it is.", "folklore", lambda: identity(Sum(i, x[i]), Sum(i, x[i])), None, None, "here:1")


def judged(answer: Answer, status: str, monkeypatch: pytest.MonkeyPatch) -> Row:
    """A row of this status after the answer, promised as it is."""
    monkeypatch.setattr(Asking, "about", lambda *_: answer)
    return with_coq(Row(CLAIM.id, status, status, "", (), 0.0, (), 0), CLAIM, Asking(1, Path("nowhere")))


def test_a_rejection_is_exit_3_and_says_that_it_refutes_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    row = judged(NO, "holds", monkeypatch)
    assert (row.status, row.exit) == ("holds", 3)
    said, = failures(row)
    assert said == "not proved by Coq: left over: x i (this proof did not go through, which says nothing against the claim)"


def test_an_accepted_twin_is_exit_1(monkeypatch: pytest.MonkeyPatch) -> None:
    row = judged(replace(YES, twins=(TwinAnswer("lie", "accepted", 1.0, ""),)), "holds", monkeypatch)
    assert row.exit == 1 and failures(row) == ["Coq accepts the false twin lie"]


def test_to_accept_what_the_kernel_refutes_is_exit_1_and_to_reject_it_is_right(monkeypatch: pytest.MonkeyPatch) -> None:
    assert judged(YES, "refuted", monkeypatch).exit == 1
    assert judged(NO, "refuted", monkeypatch).exit == 0


def test_a_true_claim_with_rejected_twins_is_exit_0(monkeypatch: pytest.MonkeyPatch) -> None:
    row = judged(replace(YES, twins=(TwinAnswer("lie", "not proved", 1.0, ""),)), "holds", monkeypatch)
    assert row.exit == 0 and failures(row) == [] and "checked by Coq 0" in verify.line(row)


def test_a_crash_while_asking_is_our_fault(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(answers, "opinion", lambda *_: 1 / 0)
    row = with_coq(Row(CLAIM.id, "holds", "holds", "", (), 0.0, (), 0), CLAIM, Asking(1, Path("nowhere")))
    assert row.exit == 4 and "our fault: ZeroDivisionError" in failures(row)[0] and "checked by Coq" not in verify.line(row)


def test_what_is_no_identity_is_not_for_coq_and_does_not_count() -> None:
    s = instance(Sum(i, x[i]), 3, sizes={"n": 2}, data={"x": [1, 2]})
    answer = Asking(1, Path("nowhere")).about("one", s, {"lie": s}, ())
    assert (answer.status, answer.why) == ("not an identity", "not for Coq: Instance statements are no identities")
    row = Row("one", "holds", "holds", "", (), 0.0, (), 0, coq=answer)
    assert failures(row) == [] and "not for Coq" in verify.line(row) and "checked by" not in verify.line(row)
    assert verify.by_coq([row], "0") == "0 of 0 proved identities checked by Coq 0, which accepts 0 of 0 false twins; "


def test_other_assumptions_than_the_verdict_s_are_said(monkeypatch: pytest.MonkeyPatch) -> None:
    report = judge.CoqReport(True, "0", (), "checked by Coq 0", 1.0, "", ("t != 0",), ("n",))
    monkeypatch.setattr(answers, "opinion", lambda *_: report)
    one = Asking(1, Path("nowhere")).one
    s = identity(Sum(i, x[i]), Sum(i, x[i]))
    assert one("one", s, ("t != 0",)).differs == () and one("one", s, ("t != 0",)).assumes == ("t != 0", "n >= 1")
    assert one("one", s, ("u != 0",)).differs == ("Coq assumes t != 0, the kernel does not",
                                                  "the kernel assumes u != 0, Coq does not")
