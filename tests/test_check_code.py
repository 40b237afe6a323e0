"""check-code: right implementations agree, each planted fault is found, and what cannot be compared gets one line."""
import argparse
import json
import subprocess
import sys
from decimal import Decimal
from fractions import Fraction
from importlib.util import find_spec, module_from_spec, spec_from_file_location
from math import prod
from pathlib import Path

import numpy as np
import pytest

from tacheck import library
from tacheck.kernel.evaluate import evaluate, places
from tacheck.lang import Sum, dim, exp, identity, tensor
from tacheck.numeric.codecheck import CodeError, NotProved, check_code
from tacheck.numeric.codecheck.digits import Real, distance, floats, real, reals
from tacheck.numeric.codecheck.reference import Reference
from tacheck.numeric.codecheck.trials import causal, data
from tacheck.provers.floats import Floats
from tacheck.verbs import UsageError
from tacheck.verbs import check_code as verb

HERE = Path(__file__).parent / "user_code"
RIGHT, PLANTED = HERE / "right.py", HERE / "planted.py"
DX, MASKED = "gradient.dX[2]", "masks.gradient_in_X[1]"
CAUSAL = {"fix": {"w": "causal"}}
QUICK = {"trials": 15}                                               # sizes up to 4


def check(file, name, against, **options):
    return check_code(f"{file}:{name}", against, **options)


def stated(id):
    return library.load(library.root())[id].statements()[0]


def command(*words):
    """The verb as the command line runs it."""
    parser = argparse.ArgumentParser()
    verb.arguments(parser)
    return verb.run(parser.parse_args([str(w) for w in words]))


# ---- right implementations ----------------------------------------------------------------------------------------

@pytest.mark.parametrize("name, against, options", [
    ("gradient_X", DX, {}),
    ("gradient_X", DX, {"dtype": "float32"}),
    ("gradient_X_flat", DX, {"reshape": {"X": ("d", "d*d"), "Y": ("d*d", "d")}}),
    ("simplicial_backward", "simplicial.dQ[2]", {"mapping": {"upstream": "G"}, "output": 0}),
    ("simplicial_backward", "simplicial.dV2[2]", {"mapping": {"upstream": "G"}, "output": 4}),
    ("causal_gradient_X", MASKED, CAUSAL),
    ("masked_gradient_X", MASKED, {}),
    ("transformer", "simplicial.of_a_layer[2]", {"side": "lhs"}),
    ("squares", "normalisation.variance_of_squares", {}),
])
def test_a_right_implementation_agrees_in_floats_and_to_50_digits(name, against, options):
    found = check(RIGHT, name, against, **options)
    assert found.agrees and found.failing is None
    assert found.digits50 and found.about50 == "agrees to 50 digits"
    assert found.worst_relative_error <= found.tolerance
    assert found.proved.startswith("for every ")


@pytest.mark.parametrize("seed", range(3))
def test_no_seed_blames_a_right_implementation(seed):
    assert check(RIGHT, "gradient_X", DX, seed=seed, **QUICK).agrees
    assert check(RIGHT, "masked_gradient_X", MASKED, seed=seed, **QUICK).agrees


def test_a_scale_that_is_built_in_is_fixed_and_its_float_is_seen_at_50_digits():
    found = check(RIGHT, "simplicial_scaled", "simplicial.dQ[2]", fix={"s": "1/sqrt(d)"}, output="dQ")
    assert found.agrees and found.digits50
    assert not check(RIGHT, "simplicial_scaled", "simplicial.dQ[2]", fix={"s": "1/d"}, output="dQ", **QUICK).agrees


def test_another_order_of_summation_is_not_blamed():
    def in_another_order(Q, K1, K2, V1, V2, s, G):
        u = np.exp(s * np.einsum("ia,ja,la->ijl", Q, K1, K2))
        a = u.sum((1, 2))[:, None]
        out = np.einsum("ijl,jb,lb->ib", u, V1, V2) / a
        first = np.einsum("ijl,ib,jb,lb,ja,la->ia", u, G / a, V1, V2, K1, K2, optimize=True)
        return s * (first - np.einsum("ijl,i,ja,la->ia", u, (G / a * out).sum(1), K1, K2, optimize=True))
    assert check_code(in_another_order, "simplicial.dQ[2]").agrees


def test_code_that_writes_into_floats_is_compared_in_floats_only():
    def row_by_row(A1, A2, A3, X, Y, G, w):
        out = np.zeros(X.shape)
        for i in range(len(A1)):
            z = np.where(w[i] > 0, A1[i] @ X @ A2.T / X.shape[0], -np.inf)
            f = np.exp(z - z.max())
            f /= f.sum()
            q = A3 @ Y @ G[i]
            out += np.outer(A1[i], (f * (q - f @ q)) @ A2) / X.shape[0]
        return out
    found = check_code(row_by_row, MASKED, **QUICK)
    assert found.agrees and found.digits50 is None
    assert "float" in found.about50


def test_a_statement_of_ones_own_is_proved_first():
    i, j = dim("n", "i j")
    x = tensor("x")
    true = identity(exp(x[i]) / Sum(j, exp(x[j])), exp(x[i]) * Sum(j, exp(x[j])) ** -1)
    assert check_code(lambda x: np.exp(x) / np.exp(x).sum(), true).agrees
    with pytest.raises(NotProved, match="refuted"): check_code(lambda x: x, identity(exp(x[i]), x[i]))


# ---- planted faults -----------------------------------------------------------------------------------------------

@pytest.mark.parametrize("name, against, options, why", [
    ("wrong_scale", DX, {}, "another formula"),
    ("missing_correction", DX, {}, "another formula"),
    ("transposed_kronecker", DX, {}, "another formula"),
    ("float32_accumulation", DX, {}, "float32 accuracy: something inside is computed in float32"),
    ("returns_float32", DX, {}, "float32 accuracy: it returns float32"),
    ("mask_off_by_one", MASKED, CAUSAL, "another formula"),
    ("off_by_0_09_percent", DX, {}, "another formula: the expected one times 1.0009"),
    ("one_entry_off_by_0_09_percent", DX, {}, "another formula"),
    ("swapped_keys", "simplicial.dK1[2]", {}, "another formula"),
    ("unshifted", MASKED, {"fix": {"w": "ones"}},
     "rounding: right at 50 digits, but in float64 more digits are lost than need be"),
])
def test_a_planted_fault_is_found_and_named(name, against, options, why):
    found = check(PLANTED, name, against, **QUICK, **options)
    assert not found.agrees
    assert found.why == why
    assert max(found.failing["sizes"].values()) <= 2
    assert found.failing["relative_error"] > 0


@pytest.mark.parametrize("name", ("wrong_scale", "missing_correction", "transposed_kronecker", "off_by_0_09_percent"))
def test_a_wrong_formula_is_told_from_rounding_at_50_digits(name):
    assert check(PLANTED, name, DX, **QUICK).digits50 is False


def test_float32_is_fine_where_it_was_asked_for():
    assert check(PLANTED, "returns_float32", DX, dtype="float32", **QUICK).agrees


def test_0_09_percent_is_found_in_float32_and_allowed_by_a_tolerance():
    assert not check(PLANTED, "off_by_0_09_percent", DX, dtype="float32", **QUICK).agrees
    assert not check(PLANTED, "off_by_0_09_percent", DX, tolerance=8e-4, **QUICK).agrees
    assert check(PLANTED, "off_by_0_09_percent", DX, tolerance=1e-3, **QUICK).agrees


def test_a_correction_that_is_missing_only_where_entries_are_small_is_found():
    module = imported(RIGHT)

    def lazy(A1, A2, A3, X, Y, G, w):
        full = module.masked_gradient_X(A1, A2, A3, X, Y, G, w)
        if np.abs(G).max() > 0.01: return full
        f = module.softmax(np.where(w > 0, A1 @ X @ A2.T / len(X), -np.inf))
        return A1.T @ (f * (G @ (A3 @ Y).T)) @ A2 / len(X)
    found = check_code(lazy, MASKED)
    assert not found.agrees and found.failed <= 6


def test_a_fault_at_one_size_only_is_found():
    module = imported(RIGHT)
    assert not check_code(lambda A1, A2, A3, X, Y, G, w: module.masked_gradient_X(A1, A2, A3, X, Y, G, w) * (1 + (len(X) == 1)),
                          MASKED).agrees


def test_a_variance_of_one_number_is_0_but_for_rounding():
    def variance(x, v):
        s = np.exp(x) / np.exp(x).sum()
        return (s * (v - (s * v).sum()) ** 2).sum()
    found = check_code(variance, "softmax.logsumexp_curvature_is_a_variance")
    assert found.agrees and found.digits50
    assert check_code(lambda x, v: (e := np.exp(x) / np.exp(x).sum()) @ v ** 2 - (e @ v) ** 2,
                      "softmax.logsumexp_curvature_is_a_variance").agrees


def test_nan_is_no_agreement_and_the_document_stays_json():
    found = check_code(lambda x: np.where(np.abs(x) < 0.01, np.nan, x).mean() * 0, "normalisation.variance_of_squares", **QUICK)
    assert not found.agrees
    json.loads(json.dumps(found.as_json(), allow_nan=False))


def test_an_overflow_is_called_one():
    found = check_code(lambda x: (np.exp(x * 1e6) * 0).sum() + x.var(), "normalisation.variance_of_squares", **QUICK)
    assert found.why == "not finite where the formula is: something overflows"


@pytest.mark.parametrize("name, against, options", [
    ("off_by_0_09_percent", DX, {}), ("mask_off_by_one", MASKED, CAUSAL), ("swapped_keys", "simplicial.dK1[2]", {})])
def test_the_snippet_runs_and_prints_both(name, against, options):
    found = check(PLANTED, name, against, **QUICK, **options)
    ran = subprocess.run([sys.executable, "-c", found.failing["snippet"]], capture_output=True, text=True)
    came, expected = ran.stdout.splitlines()
    assert came == f"result   {found.failing['result']}"
    assert expected == f"expected {found.failing['expected']}"
    assert found.failing["result"] != found.failing["expected"]


# ---- what cannot be compared --------------------------------------------------------------------------------------

@pytest.mark.parametrize("name, line", [
    ("raises", "raised IndexError: index 3 is out of bounds for axis 0"),
    ("wrong_shape", r"returned shape \(2, 2\), at d = 2, n = 3; gradient.dX\[2\] has shape \(2, 2, 2\)"),
    ("returns_nothing", "returned None"),
    ("returns_complex", "of dtype complex128"),
    ("without_E", "no argument for E"),
    ("with_a_stranger", "an argument temperature, and gradient.dX.* no tensor of that name"),
    ("number", "is a int, not a function"),
    ("wrong_scales", "no function 'wrong_scales'; there is wrong_scale"),
])
def test_one_line_says_what_came_and_what_was_expected(name, line):
    with pytest.raises(UsageError, match=line) as found: command(f"{PLANTED}:{name}", "--against", DX)
    assert "\n" not in str(found.value)
    assert str(PLANTED) in str(found.value)


@pytest.mark.parametrize("options, line", [
    ({"mapping": {"upstream": "H"}}, "has no tensor H; there are G"),
    ({"mapping": {"upstream": "G"}}, "a tuple of 5; choose one"),
    ({"mapping": {"upstream": "G"}, "output": 5}, "a tuple of 5; choose one as output, from 0, not 5"),
    ({"mapping": {"upstream": "G", "x": "Q"}}, "has no argument x"),
    ({"mapping": {"upstream": "G"}, "output": 0, "fix": {"s": "large"}}, "'large': a number, 1/d, 1/sqrt"),
    ({"mapping": {"upstream": "G"}, "output": 0, "fix": {"t": "1"}}, "has no tensor t"),
    ({"mapping": {"upstream": "G"}, "output": 0, "reshape": {"Q": ("n", "b")}}, "no dimension b"),
    ({"mapping": {"upstream": "G"}, "output": 0, "reshape": {"Q": ("n", "n")}}, "entries, and it has"),
    ({"trials": 0}, "at least one"), ({"dtype": "float16"}, "float32 or float64"), ({"tolerance": -1.0}, "positive"),
    ({"framework": "jax"}, "numpy or torch"), ({"side": "both"}, "lhs or rhs"),
])
def test_options_that_do_not_fit_are_said(options, line):
    with pytest.raises(CodeError, match=line): check(RIGHT, "simplicial_backward", "simplicial.dQ[2]", **options)


@pytest.mark.parametrize("where, line", [
    ("nowhere.py:f", "no such file"), (f"{RIGHT}", "FILE:FUNCTION is needed"), (f"{RIGHT}:gradient_X", "means 5 claims")])
def test_a_file_or_a_family_is_not_enough(where, line):
    with pytest.raises(UsageError, match=line): command(where, "--against", "gradient.dX")


def test_a_file_that_does_not_import_is_said_with_its_line(tmp_path):
    (tmp_path / "broken.py").write_text("x = 1\ny = undefined\n")
    with pytest.raises(CodeError, match=r"cannot be imported: NameError: .* \(.*broken.py:2\)"):
        check(tmp_path / "broken.py", "f", DX)


def test_a_claim_that_is_not_proved_is_refused(capsys):
    assert command(f"{RIGHT}:gradient_X", "--against", "gradient.dX_without_scale[2]") == 3
    said = capsys.readouterr()
    assert said.out == ""
    assert said.err.startswith("tacheck: gradient.dX_without_scale[2] is refuted, not proved") and said.err.count("\n") == 1


@pytest.mark.skipif(find_spec("torch") is not None, reason="torch is there")
def test_torch_that_is_missing_is_said():
    with pytest.raises(CodeError, match="torch is not installed"): check(RIGHT, "gradient_X", DX, framework="torch")


def test_a_torch_function_is_handed_tensors():
    torch = pytest.importorskip("torch")

    def backward(A1, A2, A3, X, Y, G, w):
        X = X.clone().requires_grad_()
        z = (A1 @ X @ A2.T / len(X)).masked_fill(w == 0, float("-inf"))
        return torch.autograd.grad((torch.softmax(z, -1) @ A3 @ Y * G).sum(), X)[0]
    found = check_code(backward, MASKED, framework="torch")
    assert found.agrees and found.digits50 is None


# ---- the command line ---------------------------------------------------------------------------------------------

def test_it_says_agrees_and_for_which_sizes(capsys):
    assert command(f"{RIGHT}:gradient_X", "--against", DX, "--trials", 15) == 0
    out = capsys.readouterr().out
    assert f"{RIGHT}:gradient_X agrees with gradient.dX[2], which is proved for every d, n" in out
    assert "at 50 digits: agrees to 50 digits" in out


def test_it_says_disagrees_with_the_smallest_case(capsys):
    words = ["--against", MASKED, "--fix", "w=causal", "--trials", 15]
    assert command(f"{PLANTED}:mask_off_by_one", *words) == 1
    out = capsys.readouterr().out
    assert "agrees with" not in out.replace("disagrees with", "")
    assert "smallest failing case: d = 1, n = 2" in out
    assert 'print("expected"' in out


def test_json_is_one_document_whatever_the_function_prints(tmp_path, capsys):
    (tmp_path / "loud.py").write_text("def variance(x):\n    print('hello')\n    return x.var()\n")
    assert command(f"{tmp_path / 'loud.py'}:variance", "--against", "normalisation.variance_of_squares", "--json", "-") == 0
    document = json.loads(capsys.readouterr().out)
    assert document["version"] == 1 and document["agrees"] and document["exit"] == 0
    library = check(tmp_path / "loud.py", "variance", "normalisation.variance_of_squares").as_json()
    assert {k: v for k, v in document.items() if k != "exit"} == library


# ---- the reference ------------------------------------------------------------------------------------------------

@pytest.mark.parametrize("id", [DX, MASKED, "simplicial.dK1[3]", "normalisation.layer_norm_jacobian", "softmax.log_softmax",
                                "losses.cross_entropy_X[1]", "low_rank.attention", "gradient.dE[2]"])
def test_three_ways_to_evaluate_the_formula_agree(id):
    reference, rng = Reference(stated(id)), np.random.default_rng(0)
    at = {n: k for k, n in enumerate(reference.dims, 2)}
    given = data(reference, at, 0, {}, np.float64, rng)
    exactly = floats(reference.exactly(given, at))
    assert np.allclose(np.asarray(reference.value(given, at), float), exactly, rtol=1e-12, atol=1e-14)
    place = places(reference.axes, at)[-1]
    naive = evaluate(reference.term, Floats(), at, lambda x, where: Fraction(float(given[x][where])), place)
    assert exactly.flat[-1] == pytest.approx(naive, rel=1e-9, abs=1e-12)


def test_masks_are_found_by_their_place_beside_an_exponential():
    assert Reference(stated("masks.gradient_in_X[2]")).weights == {"w"}
    assert Reference(stated("masks.window_of_pairs")).weights == {"w1", "w2"}
    assert Reference(stated("gradient.dX[2]")).weights == set()
    assert Reference(stated("softmax.additive_mask")).above == {"w"}


@pytest.mark.parametrize("trial", range(6))
def test_masks_leave_something_in_each_row(trial):
    reference = Reference(stated("masks.gradient_in_X[2]"))
    w = data(reference, {"n": 4, "d": 2}, trial, {}, np.float64, np.random.default_rng(trial))["w"]
    assert set(w.flat) <= {0, 1} and w.reshape(4, -1).any(axis=1).all()


def test_causal_and_windowed_masks():
    assert causal((3, 3)).tolist() == [[1, 0, 0], [1, 1, 0], [1, 1, 1]]
    assert causal((3, 3), 2).tolist() == [[1, 0, 0], [1, 1, 0], [0, 1, 1]]
    assert causal((2, 2, 2)).tolist() == [[[1, 0], [0, 0]], [[1, 1], [1, 1]]]


def test_rounding_explains_what_floats_do_and_little_more():
    reference, rng = Reference(stated(DX)), np.random.default_rng(1)
    at, ratios = {"n": 6, "d": 3}, []
    for trial in range(5):
        given = data(reference, at, trial, {}, np.float64, rng)
        arguments = dict(zip(reference.formula.arguments, (given[x] for x in reference.needed)))
        off = distance(reals(reference.formula(**arguments)), reference.exactly(given, at))
        ratios.append((off / (2.0 ** -53 * reference.rounding(given, at)[0])).max())
    assert 0.01 < max(ratios) < 8


# ---- 50 digits ----------------------------------------------------------------------------------------------------

@pytest.mark.parametrize("name", ["exp", "log", "sqrt", "tanh", "expm1", "log1p", "log2", "log10", "exp2", "sinh", "cosh"])
@pytest.mark.parametrize("x", [1e-9, 0.3, 1.0, 2.5, 30.0])
def test_numpy_functions_take_50_digits(name, x):
    assert float(getattr(np, name)(reals([x]))[0].number) == pytest.approx(getattr(np, name)(x), rel=1e-14)


def test_tanh_is_right_on_both_sides_and_at_0():
    x = reals([-2.0, -1e-12, 0.0, 1e-12, 2.0])
    assert floats(np.tanh(x)).tolist() == pytest.approx(np.tanh([-2.0, -1e-12, 0.0, 1e-12, 2.0]).tolist(), rel=1e-15, abs=0)


def test_a_float_is_what_it_is_exactly_and_does_not_come_back_unnoticed():
    assert (real(1) / 3 * 3 - 1).number == pytest.approx(Decimal(0), abs=Decimal("1e-50"))
    assert (np.float64(0.1) * real(1)).number == Decimal(0.1)
    assert isinstance(np.int64(2) + real(1), Real)
    with pytest.raises(TypeError): np.zeros(1)[0:1].__setitem__(0, real(1))
    with pytest.raises(TypeError): np.asarray(reals([1.0]), float)


def test_arrays_of_50_digits_add_multiply_and_compare_as_floats_do():
    a = np.random.default_rng(0).standard_normal((3, 4))
    A = reals(a)
    for f in (lambda x: x @ x.T, lambda x: np.einsum("ia,ja->ij", x, x), lambda x: x.max(1), lambda x: np.kron(x, x),
              lambda x: np.where(x > 0, x, 0 * x), lambda x: x.mean(0), lambda x: np.sort(x.ravel()), lambda x: x ** 2 / 3):
        assert floats(f(A)) == pytest.approx(f(a), abs=1e-14)


def imported(path):
    spec = spec_from_file_location(path.stem, path)
    module = module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def test_the_sizes_that_were_tried_grow_and_differ():
    found = check(RIGHT, "transformer", "simplicial.of_a_layer[2]")
    assert all(low == 1 and high >= 8 for low, high in found.sizes.values())
    assert prod(high for _, high in found.sizes.values()) > 64
