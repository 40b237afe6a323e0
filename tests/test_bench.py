"""tacheck bench: exponents with intervals, the crossover, and a document; measured small."""
import json
import xml.etree.ElementTree as ElementTree
from collections.abc import Callable
from fractions import Fraction
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from tacheck.__main__ import Parser
from tacheck.numeric import fast, timing
from tacheck.numeric.arrays import ProblemError
from tacheck.numeric.timing import Case, exponent, student
from tacheck.verbs import UsageError, bench


@pytest.fixture
def run(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[..., int]:
    """The verb on words, in an empty folder, with arrays of a few hundred tokens."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(bench, "size_for", lambda seconds, start, wanted, power: 2048 if power == 1 else 96)
    monkeypatch.setattr(timing, "MOST", 128**2 * timing.ROWS)
    def run(*words: str) -> int:
        parser = Parser(prog="tacheck bench")
        bench.arguments(parser)
        return bench.run(parser.parse_args(words))
    return run


# ---- statistics -----------------------------------------------------------------------------------------------------

@pytest.mark.parametrize("freedom, wanted", [(1, 12.7062), (2, 4.30265), (5, 2.57058), (30, 2.04227)])
def test_students_t_as_in_the_tables(freedom: int, wanted: float) -> None:
    assert student(freedom, 0.95) == pytest.approx(wanted, rel=1e-5)
    assert student(freedom, 0.5) < student(freedom, 0.99)


def test_an_exact_power_has_its_exponent_and_no_width() -> None:
    xs = [10.0, 20.0, 50.0, 300.0]
    e = exponent(xs, [7 * x ** 2.5 for x in xs])
    assert (e.slope, e.lower, e.upper) == pytest.approx((2.5, 2.5, 2.5), abs=1e-12)


def test_the_interval_covers_as_often_as_it_says() -> None:
    random, xs, inside = np.random.default_rng(0), np.array([1.0, 2, 4, 8, 16]), 0
    for _ in range(300):
        e = exponent(xs, xs ** 1.5 * np.exp(random.normal(0, 0.1, 5)))
        inside += e.lower <= 1.5 <= e.upper
    assert 0.9 <= inside / 300 <= 0.99


@pytest.mark.parametrize("xs, ys", [([1, 2], [1, 2]), ([1, 2, 3], [1, 2, 0]), ([1, 2, 3], [1, 2]), ([2, 2, 2], [1, 2, 3])])
def test_an_exponent_needs_points(xs: Any, ys: Any) -> None:
    with pytest.raises(ValueError): exponent(xs, ys)


# ---- what is measured -------------------------------------------------------------------------------------------------

@pytest.mark.parametrize("case", [Case(), Case(order=1, d=3), Case(order=3, d=2, bound=Fraction(1, 2)),
                                  Case(d=8, dtype="float32")])
def test_scores_stay_within_the_bound_and_the_error_is_met(case: Case) -> None:
    p, P = case.draw(24), case.polynomial()
    scores = p.q[0].astype(float)
    for k in p.keys: scores = (scores[..., None, :] * k[0].astype(float))
    assert scores.shape == (24,) * (case.order + 1) + (case.d,)
    reach = np.abs(scores.sum(axis=-1) * p.scale).max()
    assert 0.2 * float(case.bound) < reach <= float(case.bound)
    assert max(P.delta, P.delta_prime or 1) <= case.error


def test_a_polynomial_that_cannot_be_is_an_error() -> None:
    with pytest.raises(ProblemError, match="less than rounding may take"): Case(bound=Fraction(40)).polynomial()


def test_times_are_taken_in_turn_and_the_least_is_kept() -> None:
    heard: list[str] = []
    found = timing.best([lambda: heard.append("a"), lambda: heard.append("b")], 3)
    assert heard == ["a", "b"] * 3 and all(0 <= x < 0.1 for x in found)


def test_the_operations_are_twice_the_multiplications_of_the_products() -> None:
    """All but what is linear in the features without columns."""
    from tacheck.numeric.counting import multiplications
    for order, d, degree in ((1, 3, 6), (2, 4, 6), (2, 8, 3)):
        p = Case(order, d).draw(512)
        found = 2 * multiplications(p, degree) / timing.operations(p, degree)
        assert 1 < found < 1.5


def test_the_crossover_is_where_times_cross(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(timing, "ratio", lambda case, n, repeats: n / 150)
    assert 150 < (timing.crossover(Case(), 1) or 0) <= 165
    monkeypatch.setattr(timing, "ratio", lambda case, n, repeats: 2.0)
    assert timing.crossover(Case(), 1) in (5, 6, 7, 8)
    monkeypatch.setattr(timing, "ratio", lambda case, n, repeats: 0.5)
    assert timing.crossover(Case(), 1) is None


def test_some_rows_of_exact_attention_stand_for_all() -> None:
    case = Case(d=2)
    whole = timing.exact_times(case, [96], 3)[0]
    part = timing.exact_times(case, [96], 3, rows=32)[0]
    assert 0.2 < part / whole < 5


# ---- the verb ---------------------------------------------------------------------------------------------------------

def test_the_document_and_the_plot(run: Callable[..., int], capsys: pytest.CaptureFixture[str]) -> None:
    assert run("--quick", "--d", "2", "--error", "1e-2", "--json", "b.json", "--plot", "b.svg") == 0
    found = json.loads(Path("b.json").read_text())
    assert (found["version"], found["order"], found["d"], found["error"], found["quick"]) == (1, 2, 2, 0.01, True)
    assert found["rank"] == (found["degree"] + 1) * (found["degree"] + 2) // 2
    for half in ("fast", "exact"):
        assert len(found[half]["n"]) == len(found[half]["seconds"]) >= 3 and min(found[half]["seconds"]) > 0
        assert found[half]["interval"][0] <= found[half]["exponent"] <= found[half]["interval"][1]
    assert all(0 < share < 1.5 for share in found["fast"]["share"])
    assert found["memory"]["bytes"] > 0 and found["ratio"]["128"] > 0
    picture = Path("b.svg").read_text()
    ElementTree.fromstring(picture)
    assert picture.count("<polyline") == 2 and "fast: n^" in picture
    text = capsys.readouterr().out
    for part in ("rank ", "time grows as n^", "95 %", "of the rate of a matrix product", "MB beyond inputs"): assert part in text


def test_json_on_standard_output_is_all_there_is(run: Callable[..., int], capsys: pytest.CaptureFixture[str]) -> None:
    assert run("--quick", "--d", "1", "--order", "1", "--error", "1/10", "--json", "-") == 0
    assert json.loads(capsys.readouterr().out)["order"] == 1


@pytest.mark.parametrize("words, says", [
    ("--d 0", "--d 0: 1 or more"), ("--order 0", "--order 0: 1 or more"),
    ("--order 6", "orders 1 to 5 are measured"), ("--error 1e-999999999", "a positive number"),
    ("--bound 1e999999999", "a positive number"), ("--plot t.svg --json t.svg", "--json t.svg: is the file of --plot too"),
    ("--error 1", "--error 1: a number between"),
    ("--error x", "--error x: a positive number"), ("--error -1", "--error -1: a positive number"),
    ("--bound 0", "--bound 0: a positive"), ("--bound 40", "less than rounding may take"),
    ("--d 64", "rank 131115985 for d = 64"),
    ("--plot x.txt", "name a .svg or .png"),
    ("--dtype float16", "invalid choice"), ("--json b.json/x", "cannot be written")])
def test_bad_options_are_one_line_before_anything_is_measured(run: Callable[..., int], monkeypatch: pytest.MonkeyPatch,
                                                              words: str, says: str) -> None:
    monkeypatch.setattr(fast, "solve", lambda *a: 1 // 0)
    Path("b.json").write_text("")
    with pytest.raises(UsageError) as bad: run("--quick", *words.split())
    assert says in str(bad.value) and len(str(bad.value).splitlines()) == 1
