"""Which regime numbers or arrays lie in: the verdict, its price, its claims, and what is written."""
import json
import xml.etree.ElementTree as ElementTree
from dataclasses import replace
from fractions import Fraction
from math import comb, log
from pathlib import Path

import numpy as np
import pytest

from tacheck.__main__ import Parser
from tacheck.library import load
from tacheck.numeric.arrays import ProblemError
from tacheck.numeric.files import write
from tacheck.numeric.regime import answer, answering, calibration, from_arrays, from_numbers, posed, regime
from tacheck.numeric.regime.costs import Machine, Shape, counted_crossover, exact_operations, fast_operations, first
from tacheck.numeric.regime.moves import largest_radius
from tacheck.report.diagram import svg, ticks
from tacheck.report.regime import picture
from tacheck.verbs import UsageError
from tacheck.verbs import regime as verb

ROOT = Path(__file__).parents[1]
TIMES = {"fast": (1e-9, 7e-11, 1e-6, 1e-5, 1e-9, 4e-4), "exact": (1.5e-9, 2.6e-11, 1e-9, 1.7e-5, 4e-4),
         "exact 1": (1.5e-9, 5e-11, 0.0, 0.0, 2e-4)}
MACHINE = Machine(TIMES | {f"{name} gradient": tuple(3 * x for x in v) for name, v in TIMES.items()}, "made up")


def ask(n, d, bound, error="1e-3", machine=None, **more):
    return answer(from_numbers(n, d, bound, error, **more), machine, moving=False)


def run(*words) -> int:
    parser = Parser(prog="tacheck regime")
    verb.arguments(parser)
    return verb.run(parser.parse_args([*map(str, words), "--no-calibrate"]))


# ---- verdicts ---------------------------------------------------------------------------------------------------------

@pytest.mark.parametrize("n, d, bound, verdict", [
    (4096, 64, "0.8", "almost linear and worth it"), (10 ** 6, 4, 1, "almost linear and worth it"),
    (64, 8, "1.2", "almost linear in theory, exact is cheaper up to n = "), (4096, 64, 4, "between the theorems"),
    (4096, 64, 12, "hard under k-OVH (open) / SETH (reported-refuted)")])
def test_the_four_verdicts(n, d, bound, verdict):
    assert ask(n, d, bound, "1e-6" if n == 64 else "1e-3").verdict.startswith(verdict)


def test_hard_begins_where_the_gadget_fits():
    n, d, order, eps = 4096, 64, 2, 1e-3
    beta = order * log(n) + 2 * log((1 + 2 * eps) / (1 - 2 * eps))
    edge = (d * beta) ** (1 / 3)
    assert ask(n, d, f"{edge * 1.0001:.9f}").kind == "hard"
    assert ask(n, d, f"{edge * 0.9999:.9f}").kind == "between"


def test_almost_linear_ends_where_scores_pass_ln_n():
    edge = log(4096) ** (1 / 3)
    assert ask(4096, 8, f"{edge * 0.9999:.9f}").kind in ("worth it", "theory")
    assert ask(4096, 8, f"{edge * 1.0001:.9f}").kind == "between"


@pytest.mark.parametrize("order", range(1, 6))
def test_no_numbers_are_on_both_sides(order):
    kinds = [ask(256, 32, Fraction(b, 4), order=order).kind for b in (1, 2, 4, 8, 16, 64, 400, 4000)]
    places = [("worth it", "theory").count(k) for k in kinds]
    assert places == sorted(places, reverse=True) and kinds[-1] == "hard"


def test_few_columns_are_never_called_hard():
    """With d = 4 there are 8 different vectors: orthogonal vectors are then found at once."""
    found = ask(4096, 4, 50)
    assert found.kind == "between"
    assert any("8 different vectors" in fact.says for fact in found.facts)
    assert ask(4096, 13, 50).kind == "hard" and ask(4097, 13, 50).kind == "between"


def test_a_line_of_the_register_changes_the_answer(monkeypatch):
    monkeypatch.setitem(answering.REGISTER, "SETH", replace(answering.REGISTER["SETH"], standing="refuted"))
    found = ask(4096, 64, 12)
    assert found.verdict == "hard under k-OVH (open) / SETH (refuted)"
    assert [h.standing for h in found.hypotheses] == ["open", "refuted"]


def test_the_degree_is_the_least_and_the_rank_is_exact():
    found = ask(10 ** 5, 4, 1, "1e-4")
    assert (found.degree, found.rank, found.certified) == (5, comb(9, 5), True)
    low, high = found.exponent
    assert low < log(126) / log(10 ** 5) < high
    assert all(fact.status == "holds" for fact in found.facts)


def test_gradients_need_a_polynomial_for_the_slope_too():
    assert ask(10 ** 5, 4, 1, "1e-4", gradient=True).degree == 6


def test_what_is_not_proved_is_not_called_so():
    found = ask(4096, 64, 4)
    assert not found.certified and {fact.status for fact in found.facts} == {"holds", "estimated"}
    assert ask(4096, 64, 20).degree is None


def test_scales_are_taken_on_the_safe_side():
    exactly = ask(4096, 64, 1, scale="1/8").question
    rounded = ask(4096, 64, 1, scale="1/sqrt(d)").question
    assert rounded.radius >= exactly.radius and rounded.radius < exactly.radius * Fraction(1000001, 1000000)
    assert rounded.scale[0] <= Fraction(1, 8) <= rounded.scale[1]


# ---- claims -------------------------------------------------------------------------------------------------------------

def test_every_regime_names_claims_that_are_there():
    known = load(ROOT)
    for order in range(1, 6):
        for gradient in (False, True):
            for bound in (("1/4", 3000) if order != 2 else ("1/4", 2, 4, 3000)):
                found = ask(4096, 16, bound, order=order, gradient=gradient)
                assert found.claims and not [id for id in found.claims if id not in known], found.claims
    rng = np.random.default_rng(0)
    for order in range(1, 6):
        sets = [rng.standard_normal((6, 3)) for _ in range(order + 1)]
        for budget in (0, 200, 2e9):
            q = from_arrays(posed(sets[0], sets[1:]), "1e-3", budget=budget)
            assert not [id for id in answer(q, moving=False).claims if id not in known]


# ---- arrays -------------------------------------------------------------------------------------------------------------

def test_arrays_have_a_certified_range_with_the_sampled_one_inside():
    rng = np.random.default_rng(1)
    q, k1, k2 = rng.standard_normal((3, 40, 5))
    found = regime(q=q, keys=[k1, k2], calibrate=False)
    r, = found.question.ranges
    scores = np.einsum("ic,jc,lc->ijl", q, k1, k2) / 5
    assert r.lower <= scores.min() and scores.max() <= r.upper
    low, high = found.question.sampled
    assert r.lower <= low <= high <= r.upper
    assert found.question.radius >= Fraction(float(scores.max() - scores.min())) / 2
    assert found.question.order == 2 and found.question.n == 40


def test_a_shift_of_all_scores_does_not_matter():
    rng = np.random.default_rng(2)
    q, k = np.ones((30, 2)), rng.standard_normal((30, 2)) / 10 + 5
    found = regime(q=q, keys=[k], calibrate=False, scale="1")
    assert found.question.ranges[0].lower > 8 and float(found.question.radius) < 1


def test_a_negative_scale_of_arrays_is_a_scale():
    rng = np.random.default_rng(3)
    q, k = rng.standard_normal((2, 10, 3))
    a, b = (regime(q=q, keys=[k], scale=s, calibrate=False).question.ranges[0] for s in ("0.5", "-0.5"))
    assert (a.lower, a.upper) == pytest.approx((-b.upper, -b.lower))


# ---- the price -----------------------------------------------------------------------------------------------------------

@pytest.mark.parametrize("order", range(1, 6))
def test_operations_are_those_of_the_claims(order):
    from theory.regimes import exact_forward_total, fast_forward_total
    s = Shape(7, 3, 4, order, 2)
    sizes, values = {"n": 7, "d": 3, "m": 5}, {"r": Fraction(comb(5, 2))}
    from tacheck.kernel.bounds import Intervals
    from tacheck.kernel.evaluate import evaluate
    for term, count in ((exact_forward_total(order), exact_operations(s)), (fast_forward_total(order), fast_operations(s))):
        low, high = evaluate(term.data, Intervals(200), sizes, lambda x, _: values[x], {})
        assert low == high == count


def test_the_crossover_is_the_first_n():
    for s in (Shape(1, 4, 4, 2, 5), Shape(1, 64, 64, 2, 3), Shape(1, 2, 2, 1, 8), Shape(1, 8, 8, 3, 4)):
        n = counted_crossover(s)
        assert fast_operations(replace(s, n=n)) < exact_operations(replace(s, n=n))
        assert n == 1 or fast_operations(replace(s, n=n - 1)) >= exact_operations(replace(s, n=n - 1))
        m = MACHINE.crossover(s)
        assert MACHINE.fast(replace(s, n=m)) < MACHINE.exact(replace(s, n=m))
    assert first(lambda n: False) is None and first(lambda n: n >= 37) == 37


def test_worth_it_and_the_crossover_agree():
    for n in (20, 100, 1000, 10 ** 5):
        found = ask(n, 4, 1, "1e-4", MACHINE)
        assert (found.kind == "worth it") == (n >= found.crossover)


def test_the_fit_recovers_constants_and_is_never_negative():
    rng = np.random.default_rng(4)
    counts = rng.uniform(1, 1000, (20, 4)) * [1, 1e3, 1e-2, 1]
    true = np.array([3e-3, 2e-6, 0, 5e-2])
    found = calibration.nonnegative(counts / (counts @ true)[:, None])
    assert np.allclose(found, true, rtol=1e-6, atol=1e-12) and min(found) >= 0


def test_this_machine_is_timed_once_and_a_damaged_file_is_made_again(tmp_path, monkeypatch):
    calls = []
    monkeypatch.setattr(calibration, "timed", lambda: calls.append(1) or MACHINE)
    for _ in range(3): assert calibration.machine(folder=tmp_path) == MACHINE
    assert len(calls) == 1
    path, = tmp_path.iterdir()
    for text in ("", "{}", path.read_text().replace("0.0004", "-1"), path.read_text().replace('"fast"', '"slow"')):
        path.write_text(text)
        assert calibration.machine(folder=tmp_path) == MACHINE
    assert len(calls) == 5
    calibration.machine(fresh=True, folder=tmp_path)
    assert len(calls) == 6
    assert calibration.machine(folder=tmp_path / "file.txt" / "x") == MACHINE


def test_a_smaller_radius_is_enough_for_a_smaller_degree():
    q = from_numbers(4096, 64, "0.8", "1e-3")
    radii = [largest_radius(q, g, 100) for g in range(6)]
    assert all(a < b for a, b in zip(radii, radii[1:]))


# ---- the command line ------------------------------------------------------------------------------------------------------

def test_the_answer_is_printed_and_the_exit_code_is_0(capsys):
    for bound, start in (("0.8", "almost linear"), ("4", "between"), ("12", "hard under k-OVH (open) / SETH (reported-refuted)")):
        assert run("--n", 4096, "--d", 64, "--bound", bound) == 0
        printed = capsys.readouterr().out
        assert printed.startswith(start) and "rests on\n  score_range.by_entries[3,1]" in printed


def test_the_document_is_version_1(capsys):
    assert run("--n", 4096, "--d", 64, "--bound", "0.8", "--json", "-") == 0
    found = json.loads(capsys.readouterr().out)
    assert found["version"] == 1
    entry, = found["answers"]
    assert set(entry) == {"name", "verdict", "kind", "question", "range", "distance", "degree", "certified", "rank", "exponent",
                          "fast", "exact", "crossover", "facts", "hypotheses", "moves", "claims"}
    assert (entry["degree"], entry["rank"], entry["kind"]) == (3, 47905, "worth it")


def test_library_and_command_line_say_the_same(capsys):
    run("--n", 1000, "--d", 8, "--bound", "1.5", "--error", "1e-4", "--json", "-")
    entry, = json.loads(capsys.readouterr().out)["answers"]
    found = regime(1000, 8, "1.5", "1e-4", calibrate=False)
    assert (entry["verdict"], entry["rank"], tuple(entry["claims"])) == (found.verdict, found.rank, found.claims)


def test_files_are_read(tmp_path, capsys):
    rng = np.random.default_rng(5)
    write(tmp_path / "one.npz", {name: rng.standard_normal((20, 3)) for name in ("q", "k1", "v1", "k2", "v2")})
    assert run("--input", tmp_path / "one.npz") == 0
    printed = capsys.readouterr().out
    assert "certified by tuples; found by search" in printed and "order 2, n = 20, d = 3" in printed
    write(tmp_path / "many.npz", {f"layers.{i}.{s}": rng.standard_normal((2, 9, 3)) for i in range(2) for s in "qk"})
    assert run("--input", tmp_path / "many.npz", "--json", tmp_path / "a.json") == 0
    lines = capsys.readouterr().out.splitlines()
    assert lines[0].startswith("head") and sum(line.startswith("layers.") for line in lines) == 4
    assert len(json.loads((tmp_path / "a.json").read_text())["answers"]) == 4


@pytest.mark.parametrize("words, says", [
    ((), "--n and --d and --bound missing"),
    (("--n", 1, "--d", 4, "--bound", 1), "n 1: a whole number of at least 2"),
    (("--n", "x", "--d", 4, "--bound", 1), "n x: a whole number"),
    (("--n", 8, "--d", 0, "--bound", 1), "d 0: a whole number of at least 1"),
    (("--n", 8, "--d", 4, "--bound", -1), "bound -1: a positive number"),
    (("--n", 8, "--d", 4, "--bound", "nan"), "bound nan: a positive number"),
    (("--n", 8, "--d", 4, "--bound", 1, "--error", 1), "error 1: a number between 0 and 1"),
    (("--n", 8, "--d", 4, "--bound", 1, "--error", 0), "error 0: a positive number"),
    (("--n", 8, "--d", 4, "--bound", 1, "--order", 9), "order 9: orders 1 to 5"),
    (("--n", 8, "--d", 4, "--bound", 1, "--scale", "1/0"), "scale 1/0: 1/d"),
    (("--n", 8, "--d", 4, "--bound", 1, "--plot", "x.gif"), "--plot x.gif: name a .svg or .png file"),
    (("--n", 8, "--d", 4, "--bound", 1, "--grid", "d=1"), "--grid belongs to --sweep"),
    (("--input", "none.npz"), "none.npz: cannot be read: No such file"),
    (("--input", "a.npz", "--d", 3), "--input has arrays"),
    (("--sweep", "t.csv", "--grid", "m=1"), "--grid m=1: write n=1024,4096"),
    (("--n", 8, "--d", 4, "--bound", "1e999999999"), "--bound 1e999999999 has an exponent of ten beyond 9999"),
    (("--n", 8, "--d", 4, "--bound", 1, "--error", "1e-999999999"), "--error 1e-999999999 has an exponent"),
    (("--n", 8, "--d", 4, "--bound", 1, "--scale", "1e999999999"), "--scale 1e999999999 has an exponent"),
    (("--sweep", "t.csv", "--grid", "n=8", "d=4", "bound=1,1e999999999"), "--grid 1e999999999 has an exponent"),
    (("--sweep", "t.csv", "--grid", "n=8", "d=4", "bound=1", "--jobs", -3), "--jobs -3"),
    (("--n", 8, "--d", 4, "--bound", 1, "--json", "x.svg", "--plot", "x.svg"), "--json x.svg: is the file of --plot too"),
    (("--input", "a.npz", "--json", "a.npz"), "--json a.npz: is the file of --input too"),
    (("--sweep", "t.txt"), "name a .csv or .parquet file")])
def test_bad_input_is_one_line(words, says, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    with pytest.raises(UsageError) as bad: run(*words)
    assert says in str(bad.value) and "\n" not in str(bad.value)
    assert not list(tmp_path.iterdir())


def test_a_sweep_is_a_table_and_the_same_in_parallel(tmp_path, capsys):
    grid = ("--grid", "n=64,4096", "d=2,64", "bound=1/2,12", "error=1e-2")
    assert run("--sweep", tmp_path / "a.csv", *grid, "--jobs", 1) == 0
    assert run("--sweep", tmp_path / "b.csv", *grid, "--jobs", 2) == 0
    text = (tmp_path / "a.csv").read_text()
    assert text == (tmp_path / "b.csv").read_text()
    lines = text.splitlines()
    assert len(lines) == 9 and lines[0].startswith("n,d,bound,error,order,scale,verdict,kind")
    assert sum("hard under" in line for line in lines) == 2


def test_a_sweep_in_parquet_has_the_rows_of_the_csv(tmp_path, capsys):
    parquet = pytest.importorskip("pyarrow.parquet")
    grid = ("--grid", "n=64,4096", "d=2,64", "bound=1/2", "error=1e-2", "--jobs", 1)
    assert run("--sweep", tmp_path / "a.csv", *grid) == run("--sweep", tmp_path / "a.parquet", *grid) == 0
    found = parquet.read_table(tmp_path / "a.parquet").to_pylist()
    lines = (tmp_path / "a.csv").read_text().splitlines()
    assert len(found) == len(lines) - 1 == 4 and ",".join(found[0]) == lines[0]
    assert {p.name for p in tmp_path.iterdir()} == {"a.csv", "a.parquet"}


def test_a_sweep_in_parquet_without_pyarrow_says_what_to_install(tmp_path, monkeypatch):
    monkeypatch.setattr("tacheck.verbs.regime.find_spec", lambda name: None)
    with pytest.raises(UsageError, match=r"needs pyarrow: pip install tacheck\[parquet\]"): run("--sweep", tmp_path / "a.parquet")


# ---- the picture -----------------------------------------------------------------------------------------------------------

def drawing(n=4096, d=64, bound="0.8"): return picture([("", ask(n, d, bound, machine=MACHINE))])


@pytest.mark.parametrize("n, d, bound", [(4096, 64, "0.8"), (4096, 64, 12), (10 ** 5, 4, 2), (10 ** 9, 1, "1/10"), (10, 16, 30)])
def test_the_picture_has_the_point_in_its_region(n, d, bound):
    found = drawing(n, d, bound)
    (label, x, y), = found.points
    assert (x, y) == (n, pytest.approx(float(Fraction(bound)))) and label.startswith(f"n = {n:,}, B = ")
    assert found.x[1] <= x <= found.x[2] and found.y[1] <= y <= found.y[2]
    names = [r.label for r in found.regions]
    assert names == ["between the theorems", "almost linear in theory", "hard under k-OVH"][:3 if d > 4 else 2]
    root = ElementTree.fromstring(svg(found))
    assert root.attrib["width"] == "800"
    texts = [e.text for e in root.iter("{http://www.w3.org/2000/svg}text")]
    assert label in texts and all(name in texts for name in names)


def test_colours_are_told_apart_by_every_eye():
    text = svg(drawing())
    used = {word[:7] for word in text.split('"') if word.startswith("#") and len(word) == 7}
    assert used <= {"#56B4E9", "#F0E442", "#D55E00", "#0072B2", "#009E73", "#CC79A7", "#FFFFFF", "#222222", "#888888", "#000000"}
    assert 'fill="url(#hatch)"' in text and 'stroke-dasharray' in text


def test_nothing_lies_outside_the_picture():
    root = ElementTree.fromstring(svg(drawing(10 ** 5, 16, 9)))
    for e in root.iter("{http://www.w3.org/2000/svg}polyline"):
        for pair in e.attrib["points"].split():
            x, y = map(float, pair.split(","))
            assert 72 <= x <= 776 and 64 <= y <= 428


def test_ticks_are_round():
    assert ticks(10, 1e8) == [10.0 ** k for k in range(1, 9)]
    assert ticks(0.25, 6) == pytest.approx([0.5, 1, 2, 5])


def test_a_plot_is_written_by_the_verb(tmp_path, capsys):
    assert run("--n", 4096, "--d", 64, "--bound", "0.8", "--plot", tmp_path / "a.svg") == 0
    assert (tmp_path / "a.svg").read_text().startswith("<svg ")


def test_png_by_matplotlib(tmp_path, capsys):
    pytest.importorskip("matplotlib")
    assert run("--n", 4096, "--d", 64, "--bound", "0.8", "--plot", tmp_path / "a.png") == 0
    assert (tmp_path / "a.png").read_bytes()[:4] == b"\x89PNG"


def test_numbers_that_are_refused_in_python_too():
    with pytest.raises(ProblemError, match="n, d and bound are needed"): regime(4096, 64, calibrate=False)
    with pytest.raises(ProblemError, match="q comes without keys"): regime(q=np.ones((3, 2)), calibrate=False)
    q = np.ones((3, 2))
    with pytest.raises(ProblemError, match="k1 has nan"): regime(q=q, keys=[q * np.nan], calibrate=False)
