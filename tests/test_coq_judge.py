"""What coqc says: the main claims are accepted, false ones are not, and nothing is claimed that it did not say."""
import argparse
import json
import random
from concurrent.futures import ThreadPoolExecutor
from os import cpu_count
from pathlib import Path

import pytest

from tacheck import library
from tacheck.coq import ALLOWED, WITH_LN, NoCoq, judge
from tacheck.coq.emit import Emitted, emit
from tacheck.coq.judge import CoqReport, compiled, opinion
from tacheck.kernel.check import Identity
from tacheck.kernel.term import free, wellformed
from tacheck.lang import Sum, dim, identity, tensor
from tacheck.verbs import UsageError
from tacheck.verbs import coq as verb
from tests.mutants import mutants

ROOT = Path(__file__).parents[1]
CLAIMS = library.load(library.root(ROOT))
MAIN = ["gradient.dX[1]", "gradient.dX[2]", "gradient.dX[3]", "gradient.dX1[2]", "gradient.dY[2]", "gradient.dA1[2]",
        "softmax.jacobian", "losses.cross_entropy_X[1]", "simplicial.dQ[2]", "chain.d_f[2]"]
MORE = ["softmax.hessian", "kronecker", "masks.gradient_in_X[1]", "normalisation.layer_norm_jacobian"]
(i,) = dim("n", "i")
x = tensor("x")


@pytest.fixture(scope="session")
def place(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Where the library is compiled, once; a skip, with the reason, where Coq or Coquelicot is missing."""
    folder = tmp_path_factory.mktemp("coq")
    try: judge.library(folder)
    except NoCoq as missing: pytest.skip(str(missing))
    return folder


def one(word: str) -> str: return word if word in CLAIMS else next(c for c in CLAIMS if c.startswith(word))


def run(*words: str) -> int:
    """The verb, as the command line runs it."""
    parser = argparse.ArgumentParser()
    verb.arguments(parser)
    return verb.run(parser.parse_args(words))


@pytest.fixture(autouse=True)
def forget_the_version() -> None: judge.installed.cache_clear()


@pytest.fixture(scope="session")
def reports(place: Path) -> dict[str, CoqReport]:
    """What Coq says about the main claims, on every core."""
    judge.installed.cache_clear()
    with ThreadPoolExecutor(cpu_count()) as pool:
        found = pool.map(lambda word: opinion(CLAIMS[one(word)].statements()[0], 60, word, place), MAIN + MORE)
        return dict(zip(MAIN + MORE, found))


@pytest.mark.parametrize("word", MAIN + MORE)
def test_coq_accepts(word: str, reports: dict[str, CoqReport]) -> None:
    report = reports[word]
    assert report.accepted, report.why
    assert report.why.startswith(f"checked by Coq {report.version}; axioms: ")


@pytest.mark.parametrize("word", MAIN)
def test_a_derivative_rests_on_the_reals_and_extensionality_and_one_with_a_logarithm_on_excluded_middle_too(
        word: str, reports: dict[str, CoqReport]) -> None:
    assert set(reports[word].axioms) == (WITH_LN if word.startswith("losses.cross_entropy") else ALLOWED)


def test_excluded_middle_is_for_logarithms_alone(place: Path) -> None:
    text = emit(identity(Sum(i, x[i]), Sum(i, x[i]))).text
    middle = text.replace("Section Claim.", "Require Classical_Prop.\nSection Claim.").replace(
        "intros.", "pose proof (Classical_Prop.classic True).")
    report = compiled(Emitted(middle, (), (), None), 60, place)
    assert not report.accepted and report.why == "not proved by Coq: it rests on Classical_Prop.classic"


@pytest.mark.parametrize("id", ["gradient.dX[2]", "softmax.hessian", "attention.swapped_slots"])
def test_coq_does_not_accept_the_false_twins(id: str, place: Path) -> None:
    for lie in CLAIMS[id].statements()[1].values():
        report = opinion(lie, 60, cache_folder=place)
        assert not report.accepted
        assert report.why.startswith("not proved by Coq: left over: ")


def test_coq_does_not_accept_mutants(place: Path) -> None:
    """A few lies about the gradient, drawn with a fixed seed; benchmarks/coq.py takes more than a hundred of many claims."""
    s = CLAIMS["gradient.dX[1]"].statements()[0]
    assert isinstance(s, Identity)
    lies = list(mutants(s.rhs, free(s.lhs), wellformed(s.lhs, s.rhs)))
    for m in random.Random(1).sample([m for m in lies if m.lie in ("flipped sign", "dropped size", "other tensor")], 3):
        assert not opinion(Identity(s.lhs, m.term), 60, cache_folder=place).accepted, f"{m.lie} {m.place}"


def test_an_axiom_of_ones_own_is_not_accepted(place: Path) -> None:
    """A file that compiles is not enough."""
    text = emit(identity(Sum(i, x[i]), Sum(i, x[i]))).text
    cheated = text.replace("Section Claim.", "Axiom cheat : 1 = 0.\nSection Claim.").replace("intros.", "pose proof cheat.")
    report = compiled(Emitted(cheated, (), (), None), 60, place)
    assert not report.accepted and report.why == "not proved by Coq: it rests on cheat"


def test_an_admitted_theorem_is_not_accepted(place: Path) -> None:
    text = emit(identity(Sum(i, x[i]), Sum(i, 2 * x[i]))).text
    start, end = text.index("Proof."), text.index("Qed.")
    report = compiled(Emitted(text[:start] + "Proof.\nAdmitted." + text[end + 4:], (), (), None), 60, place)
    assert not report.accepted and report.why == "not proved by Coq: it rests on claim"


def test_a_file_that_says_nothing_is_not_accepted(place: Path) -> None:
    assert not compiled(Emitted("", (), (), None), 60, place).accepted


def test_a_wrong_hypothesis_is_seen_in_the_theorem_and_a_missing_one_loses_it(place: Path) -> None:
    file = emit(identity(Sum(i, x[i]) / Sum(i, x[i]), 1))
    assert compiled(file, 60, place).accepted
    bare = file.text.replace("(bsum n (fun i => x i) <> 0) ->", "")
    assert bare != file.text
    assert not compiled(Emitted(bare, (), (), None), 60, place).accepted


def test_running_out_of_time_is_not_proved(place: Path) -> None:
    report = opinion(CLAIMS["gradient.dX[2]"].statements()[0], 0.05, cache_folder=place)
    assert not report.accepted and report.why == "not proved by Coq: no answer after 0.05 s"


def test_the_file_in_the_docs_is_accepted(reports: dict[str, CoqReport]) -> None:
    assert reports["gradient.dX[2]"].source == (ROOT / "docs" / "coq" / "gradient_dX_2.v").read_text()
    assert reports["gradient.dX[2]"].accepted


# ---- the verb -----------------------------------------------------------------------------------------------------

@pytest.fixture
def at_once(place: Path, reports: dict[str, CoqReport], monkeypatch: pytest.MonkeyPatch) -> None:
    """The verb, with the library that is compiled already, and what Coq has said already."""
    monkeypatch.setattr(verb, "opinion", lambda s, timeout, about, cache: reports.get(about) or opinion(s, timeout, about, place))


@pytest.mark.usefixtures("at_once")
def test_the_verb_writes_the_file_and_says_what_coq_says(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    out = tmp_path / "jacobian.v"
    assert run("softmax.jacobian", "-o", str(out), "--root", str(ROOT)) == 0
    assert "Theorem claim" in out.read_text()
    printed = capsys.readouterr().out
    assert printed.startswith("accepted   softmax.jacobian") and "checked by Coq" in printed and "assuming n >= 1" in printed


@pytest.mark.usefixtures("at_once")
def test_a_rejection_is_exit_3_and_no_refutation(capsys: pytest.CaptureFixture[str]) -> None:
    assert run("gradient.dX_without_scale[1]", "--root", str(ROOT), "--json", "-") == 3
    document = json.loads(capsys.readouterr().out)
    row, = document["claims"]
    assert document["exit"] == 3 and not row["accepted"] and row["why"].startswith("not proved by Coq: ")


@pytest.mark.usefixtures("at_once")
def test_hypotheses_agree_with_what_the_verdict_rests_on(capsys: pytest.CaptureFixture[str]) -> None:
    assert run("masks.weights_sum_to_one[1]", "--root", str(ROOT), "--json", "-") == 0
    row, = json.loads(capsys.readouterr().out)["claims"]
    assert row["hypotheses"] == ["Sum(k, w[i, k] * exp(Z[i, k])) != 0"] and row["differs"] == []


def test_without_coq_the_verb_says_what_to_install(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", "/nowhere")
    with pytest.raises(UsageError, match="apt install coq libcoq-coquelicot"): run("softmax.jacobian", "--root", str(ROOT))


def test_without_coq_the_file_is_written_too(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    monkeypatch.setenv("PATH", "/nowhere")
    assert run("softmax.jacobian", "--emit-only", "-o", "-", "--root", str(ROOT)) == 0
    assert "Print Assumptions claim." in capsys.readouterr().out


@pytest.mark.parametrize(("words", "complaint"), [
    (["softmax", "-o", "all.v"], "is for one claim"), (["softmax.jacobian", "--emit-only"], "say where"),
    (["softmax.jacobian", "--timeout", "0"], "positive number of seconds"),
    (["softmax.jacobian", "-o", "-", "--json", "-"], "both want standard output")])
def test_usage(words: list[str], complaint: str) -> None:
    with pytest.raises(UsageError, match=complaint): run(*words, "--root", str(ROOT))


def test_a_report_never_says_checked_unless_it_is_accepted(place: Path) -> None:
    lie = opinion(identity(Sum(i, x[i]), Sum(i, 2 * x[i])), 60, cache_folder=place)
    assert isinstance(lie, CoqReport) and not lie.accepted and "checked by Coq" not in lie.why
