"""`tacheck derive` finds the claim, derives, proves, and says proved only over what holds."""
import json

import numpy as np
import pytest

from tacheck import Status, decide
from tacheck.convert import from_sympy
from tacheck.lang import Sum, diff, dim, exp, identity, scalar, tensor
from tacheck.verbs import derive

from .conftest import Project, Run, one_line

CLAIM = '''
from tacheck import claim
from tacheck.lang import Sum, diff, dim, exp, identity, log, nonzero, scalar, tensor

i, a = dim("n", "i a")
x, s = tensor("x"), scalar("s")
logsumexp = log(Sum(i, exp(s * x[i])))


@claim(cite="folklore", derives="logsumexp")
def dx():
    """The gradient is s times the softmax."""
    return identity(diff(logsumexp, x[a]), {closed})


@dx.twin
def doubled():
    return identity(diff(logsumexp, x[a]), 3 * exp(s * x[a]) / Sum(i, exp(s * x[i])))


@claim(cite="folklore", derives="logsumexp", over={{"order": (1, 2, 3)}})
def ds(order):
    """The mean of x, in a family."""
    return identity(diff(order * logsumexp, s), order * Sum(i, x[i] * exp(s * x[i])) / Sum(i, exp(s * x[i])))


@ds.twin
def tripled(order):
    return identity(diff(logsumexp, s), 5 + order)


@claim(cite="folklore", derives="quotient")
def ratio():
    """1 where s is not 0."""
    return identity(diff(s * s / s, s), 1)


@ratio.twin
def two(): return identity(diff(s * s / s, s), 2)
'''
RIGHT, WRONG = "s * exp(s * x[a]) / Sum(i, exp(s * x[i]))", "exp(s * x[a]) / Sum(i, exp(s * x[i]))"


@pytest.fixture
def right(project: Project): return project(sums=CLAIM.format(closed=RIGHT))


def test_a_gradient_is_proved_and_printed(right, tacheck: Run) -> None:
    run = tacheck("derive", "logsumexp", "--wrt", "x", "--root", right)
    assert run.returncode == 0, run.stderr
    assert "loss      log(t1)\n" in run.stdout and "where     t1 = Sum(i, exp(s * x[i]))" in run.stdout
    assert "gradient  diff(loss, x[a]) = s * exp(s * x[a]) / t1\n" in run.stdout
    assert run.stdout.rstrip().endswith("proved for every n")


def test_every_format_can_be_used_as_it_is_printed(right, tacheck: Run) -> None:
    run = tacheck("derive", "logsumexp", "--wrt", "x", "--as", "text,latex,sympy,numpy", "--json", "-", "--root", right)
    told = json.loads(run.stdout)
    assert {k: told[k] for k in ("version", "theory", "wrt", "order", "claim", "status", "rests_on", "exit")} == {
        "version": 1, "theory": "logsumexp", "wrt": "x", "order": None, "claim": "sums.dx", "status": "holds", "rests_on": [],
        "exit": 0}
    assert told["gradient"]["latex"].startswith(r"\frac{\partial}{\partial x_{a}} \mathrm{Loss} = ")
    names: dict = {}
    exec(told["gradient"]["sympy"], names)
    exec(told["gradient"]["numpy"], names)
    a, i = dim("n", "a i")
    x, s = tensor("x"), scalar("s")
    assert decide(identity(from_sympy(names["gradient"]), s * exp(s * x[a]) / Sum(i, exp(s * x[i])))).status is Status.HOLDS
    assert names["dx"](s=2.0, x=np.array([0.0, 0.0])).tolist() == [1.0, 1.0]


def test_a_family_gives_its_second_member_unless_asked(right, tacheck: Run) -> None:
    assert "sums.ds[2]" in tacheck("derive", "logsumexp", "--wrt", "s", "--root", right).stdout
    assert "sums.ds[3]" in tacheck("derive", "logsumexp", "--wrt", "s", "--order", "3", "--root", right).stdout


def test_what_it_rests_on_is_printed(right, tacheck: Run) -> None:
    assert "rests on  s != 0" in tacheck("derive", "quotient", "--wrt", "s", "--root", right).stdout


def test_a_false_closed_form_is_refuted_and_not_called_proved(project: Project, tacheck: Run) -> None:
    run = tacheck("derive", "logsumexp", "--wrt", "x", "--root", project(sums=CLAIM.format(closed=WRONG)))
    assert run.returncode == 1
    assert "refuted: differs at n = 1" in run.stdout and "proved" not in run.stdout


def test_a_derivation_that_disagrees_with_the_closed_form_is_never_proved(monkeypatch: pytest.MonkeyPatch) -> None:
    x, (i, a) = tensor("x"), dim("n", "i a")
    stated = identity(diff(Sum(i, exp(x[i])), x[a]), exp(x[a]))
    assert derive.judged(stated, 10)[0].status is Status.HOLDS
    monkeypatch.setattr(derive, "derivative", lambda *_: ("num", "2"))
    verdict, about = derive.judged(stated, 10)
    assert verdict.status is Status.REFUTED and "derived by rule" in about


def test_out_of_time_is_not_proved(right, tacheck: Run) -> None:
    run = tacheck("derive", "logsumexp", "--wrt", "x", "--timeout", "1e-9", "--root", right)
    assert run.returncode == 3 and "proved" not in run.stdout


@pytest.mark.parametrize(("words", "says"), [
    (("softmax", "--wrt", "x"), "softmax: no claim derives it; there are logsumexp, quotient"),
    (("logsumexp", "--wrt", "Q"), "--wrt Q: logsumexp has no gradient for it; there are s, x"),
    (("logsumexp", "--wrt", "s", "--order", "7"), "there are 1, 2, 3"),
    (("logsumexp", "--wrt", "x", "--order", "7"), "leave --order out"),
    (("logsumexp", "--wrt", "x", "--as", "word"), "no format 'word'; there are text, latex, sympy, numpy"),
    (("logsumexp", "--wrt", "x", "--timeout", "0"), "a positive number of seconds"),
    (("logsumexp",), "--wrt"),
])
def test_a_wrong_word_is_one_line_that_names_the_right_ones(right, tacheck: Run, words, says) -> None:
    run = tacheck("derive", *words, "--root", right)
    assert run.returncode == 2 and says in one_line(run)


@pytest.mark.parametrize("parameter", ["X", "X1", "Y2", "A1", "A5"])
def test_the_shipped_gradients_of_tensor_attention_are_proved(tacheck: Run, parameter) -> None:
    run = tacheck("derive", "attention", "--wrt", parameter, "--as", "numpy")
    assert run.returncode == 0, run.stdout + run.stderr
    assert f"def d{parameter}(" in run.stdout and "proved for every d, n" in run.stdout
