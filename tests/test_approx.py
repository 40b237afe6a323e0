"""tacheck approx: degrees, certificates that the kernel judges again, Coq files, pictures, and one line for bad input."""
import json
import shutil
import subprocess
import xml.etree.ElementTree as ElementTree
from dataclasses import replace
from fractions import Fraction
from pathlib import Path

import mpmath
import numpy as np
import pytest

from tacheck.__main__ import Parser, main
from tacheck.coq.interval import claimed, emit, real, rounded
from tacheck.kernel.__main__ import main as judge
from tacheck.kernel.check import check
from tacheck.numeric.polynomial import approximate
from tacheck.report.approximation import decimal, shortest
from tacheck.verbs import UsageError
from tacheck.verbs import approx as verb

Ran = tuple[int, str, str]


@pytest.fixture
def run(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]):
    """Run the verb in an empty folder: exit code, standard output, standard error."""
    monkeypatch.chdir(tmp_path)

    def command(*words: str) -> Ran:
        parser = Parser(prog="tacheck approx")
        verb.arguments(parser)
        try: code, more = verb.run(parser.parse_args([str(w) for w in words])), ""
        except UsageError as bad: code, more = 2, f"{bad}\n"
        found = capsys.readouterr()
        return code, found.out, found.err + more
    return command


def document(ran: Ran) -> dict:
    """What --json - printed."""
    assert ran[0] == 0, ran
    return json.loads(ran[1])


def largest(found: dict, derivative: bool = False) -> mpmath.mpf:
    """The largest error on 4001 points, by mpmath."""
    with mpmath.workdps(60):
        p = [mpmath.mpf(Fraction(c).numerator) / Fraction(c).denominator for c in found["coefficients"]][::-1]
        if derivative: p = [k * c for k, c in zip(range(len(p) - 1, 0, -1), p)]
        a, b = (mpmath.mpf(Fraction(q).numerator) / Fraction(q).denominator for q in found["interval"])
        points = [a + (b - a) * k / 4000 for k in range(4001)]
        if found["relative"]: return max(abs(mpmath.polyval(p, x) * mpmath.exp(-x) - 1) for x in points)
        return max(abs(mpmath.polyval(p, x) - mpmath.exp(x)) for x in points)


# ---- what is found ----------------------------------------------------------------------------------------------------

@pytest.mark.parametrize("words, degree", [("--radius 1 --error 1e-3", 4), ("--radius 4 --error 1e-6", 13),
                                           ("--radius 1 --error 1e-20", 17), ("--interval -1/2 -1e-1 --error 1e-5", 3)])
def test_the_degree_is_the_least_and_the_error_enclosed(run, words: str, degree: int) -> None:
    found = document(run(*words.split(), "--json", "-"))
    lower, upper = (Fraction(found["error"][end]) for end in ("lower", "upper"))
    assert (found["degree"], len(found["coefficients"]), found["minimal"]) == (degree, degree + 1, True)
    assert lower < upper <= lower * (1 + Fraction(1, 1 << 20))
    assert upper <= Fraction(found["asked"])
    assert lower * (1 - Fraction(1, 1000)) < Fraction(str(largest(found))) <= upper
    low, high = map(Fraction, found["error"]["decimal"])
    assert low <= lower < upper <= high
    assert [v["status"] for v in found["verdicts"]] == ["holds", "refuted", "holds", "holds", "holds"]


def test_the_document_has_the_keys_that_are_documented(run) -> None:
    found = document(run("--radius", "2", "--error", "1e-2", "--json", "-"))
    assert found["version"] == 1
    assert found.keys() == {"version", "degree", "interval", "kind", "relative", "dtype", "coefficients", "asked", "error",
                            "slope_error", "minimal", "minimal_proof", "rank", "dimension", "verdicts", "exit"}
    assert found["rank"] is None
    assert all(isinstance(c, str) for c in found["coefficients"])
    text = (Path(__file__).parents[1] / "docs" / "approx.md").read_text()
    assert all(f"`{key}`" in text for key in found)


def test_the_rank_is_a_binomial(run) -> None:
    assert document(run("--radius", "4", "--error", "1e-2", "--dimension", "8", "--json", "-"))["rank"] == 6435
    assert "rank C(8 + 7, 7) = 6435 in dimension 8" in run("--radius", "4", "--error", "1e-2", "--dimension", "8")[1]


def test_taylor_and_chebyshev_need_more_and_are_not_called_minimal(run) -> None:
    degrees = []
    for kind in ("minimax", "chebyshev", "taylor"):
        found = document(run("--radius", "4", "--error", "1e-2", "--kind", kind, "--json", "-"))
        degrees.append(found["degree"])
        assert found["minimal"] is (kind == "minimax")
        assert (found["minimal_proof"] is None) is (kind != "minimax")
    assert degrees == [7, 10, 15]


@pytest.mark.parametrize("words", ["--absolute", "--derivative", "--absolute --derivative", "--dtype float32",
                                   "--dtype float64 --derivative", "--kind taylor --absolute"])
def test_every_variant_is_as_good_as_it_says(run, words: str) -> None:
    found = document(run("--interval", "-1", "3/2", "--error", "1e-3", *words.split(), "--json", "-"))
    assert found["relative"] is ("--absolute" not in words)
    assert Fraction(str(largest(found))) <= Fraction(found["error"]["upper"]) <= Fraction("1e-3")
    assert (found["slope_error"] is not None) is ("--derivative" in words)
    if "--derivative" in words:
        assert Fraction(str(largest(found, derivative=True))) <= Fraction(found["slope_error"]) <= Fraction("1e-3")


@pytest.mark.parametrize("dtype", ["float32", "float64"])
def test_float_coefficients_are_floats(run, dtype: str) -> None:
    found = document(run("--radius", "2", "--error", "1e-4", "--dtype", dtype, "--json", "-"))
    assert all(Fraction(float(getattr(np, dtype)(float(Fraction(c))))) == Fraction(c) for c in found["coefficients"])
    printed = run("--radius", "2", "--error", "1e-4", "--dtype", dtype)[1]
    assert f"{dtype} coefficients" in printed


def test_a_degree_can_be_asked_for(run) -> None:
    found = document(run("--radius", "1", "--degree", "6", "--json", "-"))
    assert (found["degree"], found["minimal"], found["asked"], found["minimal_proof"]) == (6, False, None, None)


def test_digits_are_printed(run) -> None:
    many = run("--radius", "4", "--error", "1e-9", "--digits", "200")[1]
    few = run("--radius", "4", "--error", "1e-9", "--digits", "4")[1]
    assert len(many) > len(few)
    assert "..." not in many and "..." in few                        # dyadic coefficients end before 200 digits
    found = document(run("--radius", "4", "--error", "1e-9", "--json", "-"))
    assert all(any(Fraction(word) == Fraction(c) for word in many.split() if word[-1].isdigit() and word[0] not in "c|[C")
               for c in found["coefficients"])


def test_numbers_are_printed_without_loss_or_rounded_the_right_way() -> None:
    q = Fraction(1, 3)
    assert decimal(q, 3, "ROUND_FLOOR") == "0.333" and decimal(q, 3, "ROUND_CEILING") == "0.334"
    assert (decimal(Fraction(1, 10**30), 5), shortest(Fraction(-1, 2)), shortest(q)) == ("1e-30", "-0.5", "1/3")


# ---- evidence ---------------------------------------------------------------------------------------------------------

def test_the_files_are_judged_again_by_the_kernel(run, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    code, out, _ = run("--radius", "4", "--error", "1e-6", "-o", "cert.json")
    paths = sorted(map(str, tmp_path.glob("cert*.json")))
    assert [Path(p).name for p in paths] == ["cert.json", "cert.lower.json", "cert.minimal-1.json", "cert.minimal-2.json",
                                             "cert.minimal-3.json"]
    assert all(Path(p).name in out for p in paths)
    assert (code, judge(paths)) == (0, 0)
    assert "5 checked, 0 with another status" in capsys.readouterr().out


@pytest.mark.parametrize("damage", ["upper", "coefficient", "cuts", "interval"])
def test_a_record_that_says_more_is_found_out(run, tmp_path: Path, damage: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert run("--radius", "4", "--error", "1e-6", "-o", "cert.json")[0] == 0
    path = tmp_path / "cert.json"
    record = json.loads(path.read_text())
    statement = record["statement"]
    if damage == "upper": statement["upper"] = str(Fraction(statement["upper"]) * (1 - Fraction(1, 1 << 18)))
    if damage == "coefficient": path.write_text(path.read_text().replace(statement["expr"][1][1][2][1][1], "1/2", 1))
    if damage == "cuts": record["certificate"]["cuts"] = record["certificate"]["cuts"][:3]
    if damage == "interval": statement["box"][0][2] = "4001/1000"
    if damage != "coefficient": path.write_text(json.dumps(record))
    assert judge([str(path)]) == 1
    assert "recorded as holds" in capsys.readouterr().out


def test_large_degrees_are_proved_least_by_several_identities(run, tmp_path: Path) -> None:
    found = document(run("--radius", "44", "--error", "1e-2", "--json", "-", "-o", "cert.json"))
    parts = [v["part"] for v in found["verdicts"] if v["part"].startswith("minimal-")]
    assert found["minimal"] is True and len(parts) == len(found["minimal_proof"]) > 3
    assert parts == [f"minimal-{k}" for k in range(1, len(parts) + 1)]
    kinds = [record["statement"]["kind"] for record in found["minimal_proof"]]
    assert kinds == ["bound", *["identity"] * (len(parts) - 2), "bound"]
    says = [v["says"] for v in found["verdicts"] if v["part"] in parts[1:-1]]
    assert says[0].endswith(", the coefficients of x^0 to x^" + says[0].split("x^")[-1]) and len(set(says)) == len(says)
    assert says[-1].endswith(f" to x^{found['degree'] - 1}")
    assert judge(sorted(map(str, tmp_path.glob("cert*.json")))) == 0


def test_minimal_proof_is_evidence_that_the_kernel_accepts(run, tmp_path: Path) -> None:
    proof = document(run("--radius", "1", "--error", "1e-5", "--json", "-"))["minimal_proof"]
    for k, record in enumerate(proof): (tmp_path / f"{k}.json").write_text(json.dumps(record))
    assert len(proof) == 3
    assert judge([str(tmp_path / f"{k}.json") for k in range(3)]) == 0


def nothing(statement, certificate):
    """The kernel's word on no evidence at all."""
    return check(statement, {"by": "nothing", "why": "not today"})


def test_what_the_kernel_does_not_confirm_is_not_printed_as_certified(run, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("tacheck.numeric.polynomial.certify.check", nothing)
    code, out, err = run("--radius", "17/16", "--error", "1e-3", "-o", "cert.json", "--coq", "p.v", "--plot", "p.svg")
    assert (code, out, len(err.splitlines())) == (3, "", 1)
    assert not list(Path.cwd().iterdir())
    Path("p.json").write_text('{"coefficients": ["1", "1"], "interval": ["-1", "1"]}')
    assert run("--check", "p.json")[0] == 3


def test_a_report_takes_its_numbers_from_verdicts_alone(run) -> None:
    found = verb.approximated(parsed("--radius", "1", "--error", "1e-3"))
    main_one, lower, *rest = found.evidence
    swapped = replace(main_one, verdict=lower.verdict), replace(lower, verdict=main_one.verdict), *rest
    for changed in ({"evidence": (main_one, lower)}, {"evidence": (main_one, *rest)}, {"evidence": swapped}, {"absolute": True},
                    {"asked": Fraction(1, 10**4)}, {"coefficients": found.coefficients[:-1]},
                    {"interval": (Fraction(-1), Fraction(2))}):
        with pytest.raises(ArithmeticError): replace(found, **changed)


def parsed(*words: str):
    """The options."""
    parser = Parser(prog="tacheck approx")
    verb.arguments(parser)
    return parser.parse_args(words)


# ---- the user's own ---------------------------------------------------------------------------------------------------

def given(**document) -> str:
    """A file with a polynomial."""
    Path("p.json").write_text(json.dumps({"coefficients": ["1", "1", "1/2", "1/6"], "interval": ["-1", "1"]} | document))
    return "p.json"


def test_a_polynomial_of_the_user_is_certified(run) -> None:
    found = document(run("--check", given(), "--json", "-"))
    assert (found["kind"], found["degree"], found["minimal"]) == ("given", 3, False)
    true = Fraction(str(mpmath.e / 3 - 1).replace("mpf", ""))        # at -1 it is e/3 - 1 in size
    assert abs(Fraction(found["error"]["upper"]) - abs(true)) < Fraction(1, 10**6)


def test_an_error_asked_of_it_is_proved_or_refuted(run) -> None:
    assert run("--check", given(error="0.1"))[0] == 0
    code, out, _ = run("--check", given(error="0.05"))
    assert code == 1
    assert "refuted: at x = -1" in out
    assert run("--check", given(), "--error", "0.05")[0] == 1
    assert run("--check", given(error="2"), "--derivative")[0] == 0
    assert run("--check", given(error="0.1"), "--derivative")[0] == 1


def test_a_best_polynomial_is_recognised_as_of_the_least_degree(run) -> None:
    found = document(run("--radius", "1", "--error", "1e-4", "--json", "-"))
    again = document(run("--check", given(coefficients=found["coefficients"], error="1e-4"), "--json", "-"))
    assert (again["minimal"], len(again["minimal_proof"])) == (True, 3)
    assert Fraction(again["error"]["upper"]) == Fraction(found["error"]["upper"])
    assert document(run("--check", given(coefficients=found["coefficients"], error="1e-2"), "--json", "-"))["minimal"] is False


def test_floats_are_read_as_the_type_that_runs_them(run) -> None:
    file = given(coefficients=[1, 1.0, 0.5, 0.1666])
    assert "coefficient 1 is the float 1.0" in run("--check", file)[2]
    for dtype, number in (("float32", np.float32), ("float64", np.float64)):
        found = document(run("--check", file, "--dtype", dtype, "--json", "-"))
        assert Fraction(found["coefficients"][3]) == Fraction(float(number(0.1666)))


def test_leading_zeros_are_no_degree(run) -> None:
    assert document(run("--check", given(coefficients=["1", "1", 0, "0"]), "--json", "-"))["degree"] == 1
    assert document(run("--check", given(coefficients=[0]), "--json", "-"))["error"]["decimal"][0].startswith("0.99999")


# ---- what is wrong ----------------------------------------------------------------------------------------------------

BAD = [
    ("--radius 0 --error .1", "radius 0 is not positive"), ("--radius -4 --error .1", "radius -4 is not positive"),
    ("--radius inf --error .1", "radius 'inf' is not a finite number"), ("--radius nan --error .1", "radius 'nan'"),
    ("--radius abc --error .1", "radius 'abc'"), ("--radius 1/0 --error .1", "radius '1/0'"),
    ("--radius 1e999999999 --error .1", "an exponent of ten"), ("--radius 1e40 --error .1", "the interval ends beyond 1000"),
    ("--radius 900 --error .1", "needs a degree beyond 240"), ("--radius 4 --error 1e-5000", "needs a degree beyond 240"),
    ("--radius 1e-5000 --error .1", "the interval is only 2e-5000 long"), ("--radius 1e-5000 --degree 3", "1e-300 or more"),
    ("--radius 1 --error 1e-9999", "an error of 1e-9999 on [-1, 1] needs"),
    ("--radius 4 --error 0", "error 0 is not positive"), ("--radius 4 --error -1", "error -1 is not positive"),
    ("--radius 4 --error 1", "error 1 is not below 1"), ("--radius 4 --error nan", "error 'nan'"),
    ("--radius 4", "no error: give --error"), ("--error .1", "no interval: give --radius"),
    ("--radius 4 --interval 1 2 --error .1", "not both"), ("--interval 2 1 --error .1", "has no inside"),
    ("--radius 4 --error .1 --degree 3", "not both"), ("--radius 4 --degree 300", "degree 300"),
    ("--radius 4 --degree x", "--degree"), ("--radius 4 --degree -1", "degree -1"),
    ("--radius 4 --error 1e-12 --dtype float32", "float32 coefficients reach"),
    ("--radius 4 --error .1 --dtype half", "dtype 'half'"),
    ("--radius 4 --error .1 --kind spline", "kind 'spline'"), ("--radius 4 --error .1 --kind taylor --derivative", "kind taylor"),
    ("--radius 4 --error .1 --dimension 0", "dimension 0"), ("--radius 4 --error .1 --digits 0", "--digits 0"),
    ("--radius 4 --error .1 -o cert.txt", "name a .json file"), ("--radius 4 --error .1 --coq p.json", "name a .v file"),
    ("--radius 4 --error .1 --plot p.pdf", "name a .svg or .png file"),
    ("--radius 4 --error .1 -o p.json --json p.json", "is the file of -o too"),
    ("--radius 4 --error .1 --plot p.png", "pip install tacheck[plot]"),
    ("--check absent.json", "absent.json: cannot be read"), ("--check p.json --degree 3", "--degree and --check"),
    ("--check p.json -o p.json", "is the file of --check too"),
]


@pytest.mark.parametrize("words, says", BAD, ids=[w for w, _ in BAD])
def test_bad_input_is_one_line_and_nothing_is_written(run, monkeypatch: pytest.MonkeyPatch, words: str, says: str) -> None:
    monkeypatch.setattr("tacheck.verbs.approx.find_spec", lambda name: None)
    if "p.json" in words and "--check" in words: given()
    before = sorted(p.name for p in Path.cwd().iterdir())
    code, out, err = run(*words.split())
    assert (code, out) == (2, "")
    assert says in err
    assert len(err.splitlines()) == 1
    assert sorted(p.name for p in Path.cwd().iterdir()) == before


FILES = [
    ('{"coefficients": ["1"]', "is no JSON"), ("[1]", 'must be an object with "coefficients"'), ("", "is no JSON"),
    ('{"coefficients": []}', 'must be an object with "coefficients"'),
    ('{"coefficients": "1"}', "a list from the constant up"),
    ('{"coefficients": ["1"], "interval": [-1, 1], "p": 1}', "no key p"),
    ('{"coefficients": ["1"]}', "give a radius or an interval"),
    ('{"coefficients": ["1"], "interval": [-1]}', "is not a pair"),
    ('{"coefficients": ["1"], "interval": "-1 1"}', "is not a pair"),
    ('{"coefficients": ["1", null], "interval": [-1, 1]}', "coefficient 1 None"),
    ('{"coefficients": ["1", true], "interval": [-1, 1]}', "coefficient 1 True"),
    ('{"coefficients": ["1", [2]], "interval": [-1, 1]}', "coefficient 1 [2]"),
    ('{"coefficients": ["one"], "interval": [-1, 1]}', "coefficient 0 'one'"),
    ('{"coefficients": ["1e99999999"], "interval": [-1, 1]}', "an exponent of ten"),
    ('{"coefficients": [0.5], "interval": [-1, 1]}', "coefficient 0 is the float 0.5"),
    ('{"coefficients": [NaN], "interval": [-1, 1]}', "coefficient 0 is the float NaN"),
    ('{"coefficients": ["1"], "interval": [-1, Infinity]}', "is not a finite number"),
    ('{"coefficients": ["1"], "interval": [1, 1]}', "has no inside"),
    ('{"coefficients": ["1"], "radius": 0}', "radius 0 is not positive"),
    ('{"coefficients": ["1"], "radius": 1, "error": 0}', "error 0 is not positive"),
    (f'{{"coefficients": [{"1, " * 300}1], "radius": 1}}', "degree 300 is beyond 240"),
]


@pytest.mark.parametrize("text, says", FILES, ids=[s for _, s in FILES])
def test_a_bad_file_is_one_line(run, text: str, says: str) -> None:
    Path("p.json").write_text(text)
    code, out, err = run("--check", "p.json")
    assert (code, out) == (2, "")
    assert err.startswith("p.json: ") and says in err
    assert len(err.splitlines()) == 1


def test_a_float_beyond_its_type_is_refused(run) -> None:
    assert "beyond float32" in run("--check", given(coefficients=[1e39]), "--dtype", "float32")[2]


# ---- pictures ---------------------------------------------------------------------------------------------------------

def heights(path: str, which: int = 0) -> list[float]:
    """The heights of the points of a curve, downwards, as drawn."""
    lines = ElementTree.parse(path).getroot().findall("{http://www.w3.org/2000/svg}polyline")
    return [float(pair.split(",")[1]) for pair in lines[which].attrib["points"].split()]


@pytest.mark.parametrize("words, degree", [("--radius 4 --error 1e-6", 13), ("--radius 1 --error 1e-40", 29)])
def test_the_curve_swings_degree_plus_one_times_between_its_bounds(run, words: str, degree: int) -> None:
    code, out, _ = run(*words.split(), "--plot", "p.svg")
    assert code == 0
    assert "p.svg: the curve of the error" in out
    y = np.array(heights("p.svg"))
    middle, reach = (y.max() + y.min()) / 2, (y.max() - y.min()) / 2
    signs = np.sign(y - middle)[np.abs(y - middle) > reach / 4]
    assert (signs[1:] != signs[:-1]).sum() == degree + 1
    assert (np.abs(y - middle) <= reach * 1.001).all()


def test_the_slope_is_drawn_too(run) -> None:
    assert run("--radius", "1", "--error", "1e-3", "--derivative", "--plot", "p.svg")[0] == 0
    assert len(heights("p.svg", 1)) == len(heights("p.svg"))


def test_a_png_is_drawn_where_matplotlib_is_installed(run) -> None:
    pytest.importorskip("matplotlib")
    assert run("--radius", "1", "--error", "1e-3", "--derivative", "--plot", "p.png")[0] == 0
    assert Path("p.png").read_bytes().startswith(b"\x89PNG")


# ---- Coq --------------------------------------------------------------------------------------------------------------

def coq_with_interval() -> bool:
    """coqc and CoqInterval are there."""
    if shutil.which("coqc") is None: return False
    where = subprocess.run(["coqc", "-where"], capture_output=True, text=True).stdout.strip()
    return (Path(where) / "user-contrib" / "Interval").is_dir()


def coqc(text: str, folder: Path) -> int:
    """The exit code of coqc on a file."""
    (folder / "p.v").write_text(text)
    return subprocess.run(["coqc", "-q", "p.v"], cwd=folder, capture_output=True, timeout=300).returncode


def test_a_coq_file_states_the_very_polynomial(run) -> None:
    assert run("--interval", "-1/2", "1", "--error", "1e-2", "--coq", "p.v")[0] == 0
    found, text = approximate(interval=("-1/2", "1"), error="1e-2"), Path("p.v").read_text()
    assert all(real(c) in text for c in found.coefficients)
    assert "(-1 / 2) <= x <= 1 ->" in text and "exp (- x) - 1) <= " in text
    eps = Fraction(text.split("exp (- x) - 1) <= (")[1].split(").")[0].replace(" ", ""))
    assert found.error_upper <= eps <= Fraction("1e-2")


def test_what_coq_is_asked_is_a_little_more_than_what_is_certified() -> None:
    assert claimed(Fraction(1, 3)) == Fraction("0.3367") and claimed(Fraction(1, 3), Fraction("0.335")) == Fraction("0.335")
    assert claimed(Fraction(1, 3), Fraction(1, 3)) == Fraction(1, 3)
    assert rounded(Fraction(12341, 10**9)) == Fraction(12350, 10**9) and rounded(Fraction(123401)) == 123500


@pytest.mark.skipif(not coq_with_interval(), reason="coqc with libcoq-interval is not installed")
@pytest.mark.parametrize("slack, code", [("1.01", 0), ("0.999", 1)])
def test_coq_accepts_the_bound_and_refuses_a_smaller_one(tmp_path: Path, slack: str, code: int) -> None:
    found = approximate("1/2", degree=2)
    assert coqc(emit(found.coefficients, found.interval, rounded(found.error_upper * Fraction(slack), 8)), tmp_path) == code


@pytest.mark.slow
@pytest.mark.skipif(not coq_with_interval(), reason="coqc with libcoq-interval is not installed")
def test_coq_accepts_an_absolute_error(tmp_path: Path) -> None:
    found = approximate(interval=(0, 1), degree=2, absolute=True)
    assert coqc(emit(found.coefficients, found.interval, claimed(found.error_upper), absolute=True), tmp_path) == 0


# ---- as a user runs it ------------------------------------------------------------------------------------------------

def test_the_command_line_and_the_library_agree(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["approx", "--interval", "-1/2", "3/2", "--error", "1e-4", "--json", "-"]) == 0
    found, same = json.loads(capsys.readouterr().out), approximate(interval=("-1/2", "3/2"), error="1e-4")
    assert found["coefficients"] == [str(c) for c in same.coefficients]
    assert found["error"]["upper"] == str(same.error_upper)
