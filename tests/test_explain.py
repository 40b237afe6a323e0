"""`tacheck explain` shows words and statement side by side, and what the kernel found."""
import json

from .conftest import CHECKOUT, Project, Run

EXAMPLE = CHECKOUT / "examples" / "softmax_paper"


def test_words_citation_statement_verdict_and_twins_are_shown(tacheck: Run) -> None:
    run = tacheck("explain", "softmax.jacobian", "--root", EXAMPLE)
    assert run.returncode == 0, run.stderr
    for part in ("for every length n", "The paper, Lemma 1", "proofs_checks/softmax.py:",
                 "diff(exp(x[i]) / Sum(i1, exp(x[i1])), x[a])", r"\frac", "proved: equal for every n", "flipped_sign: refuted",
                 "#0[s0:n] = exp: x[s0:n]", "agrees"):
        assert part in run.stdout, part


def test_a_refuted_claim_shows_its_witness_and_is_not_called_proved(tacheck: Run) -> None:
    run = tacheck("explain", "softmax.diagonal_everywhere", "--root", EXAMPLE)
    assert run.returncode == 0
    assert "refuted: differs at n = 2" in run.stdout
    assert "proved" not in run.stdout


def test_what_a_claim_rests_on_is_shown(project: Project, tacheck: Run) -> None:
    text = ('from tacheck import claim\nfrom tacheck.lang import identity, scalar\ns = scalar("s")\n'
            '@claim(cite="folklore")\ndef one():\n    """s / s = 1."""\n    return identity(s / s, 1)\n'
            '@one.twin\ndef two(): return identity(s / s, 2)\n')
    assert "rests on     s != 0" in tacheck("explain", "ones.one", "--root", project(ones=text)).stdout


def test_json_holds_statement_certificate_and_witnesses(tacheck: Run) -> None:
    document = json.loads(tacheck("explain", "softmax.jacobian", "--root", EXAMPLE, "--json", "-").stdout)
    told = document["claims"][0]
    assert document["version"] == 1
    assert told["statement"]["kind"] == "identity"
    assert told["certificate"]["by"] == "normal form"
    assert told["twins"][0]["witness"]["sizes"] == {"n": 1}
