"""Terms to and from SymPy, to LaTeX, to NumPy: what comes out is what went in."""
import random
import subprocess
import sys
from fractions import Fraction
from itertools import product

import numpy as np
import pytest
import sympy

from tacheck import Status, decide
from tacheck.convert import from_sympy, sympy_source, to_latex, to_numpy, to_sympy
from tacheck.kernel.evaluate import evaluate, places
from tacheck.kernel.term import dim as dimension
from tacheck.kernel.term import free, sizes, wellformed
from tacheck.lang import Expr, Index, Sum, delta, diff, dim, exp, identity, log, scalar, size, sqrt, tensor
from tacheck.provers.floats import Floats

from .random_terms import random_term

i, j, k = dim("n", "i j k")
a, b, c = dim("d", "a b c")
x, y, A, X, E = map(tensor, ("x", "y", "A", "X", "E"))
s = scalar("s")
softmax = exp(x[i]) / Sum(j, exp(x[j]))


def logits(order, i, J):
    """A0 X (A1 (x) A2)^T / d at one place."""
    def term(*c):
        t = tensor("A0")[i, c[0]] * X[c]
        for m, j in enumerate(J): t = t * tensor(f"A{m + 1}")[j, c[m + 1]]
        return t
    return Sum(*dim("d", " ".join(f"c{m}" for m in range(order + 1))), term) / size("d")


def loss(order):
    """1/2 || softmax(logits) V - E ||^2, with values V[j1, ..., l]."""
    keys = dim("n", " ".join(f"j{m}" for m in range(order)))
    others = dim("n", " ".join(f"k{m}" for m in range(order)))
    weighted = Sum(*keys, exp(logits(order, i, keys)) * tensor("V")[(*keys, a)]) / Sum(*others, exp(logits(order, i, others)))
    return Fraction(1, 2) * Sum(i, a, (weighted - E[i, a]) ** 2)


def attention_data(order, n=4, d=3, dtype=float):
    rng = np.random.default_rng(order)
    shapes = {f"A{m}": (n, d) for m in range(order + 1)} | {"X": (d,) * (order + 1), "V": (n,) * order + (d,), "E": (n, d)}
    return {name: rng.standard_normal(shape).astype(dtype) for name, shape in shapes.items()}


def naive_loss(order, data):
    """The same in loops."""
    (n, d), total = data["E"].shape, 0.0
    for i in range(n):
        weights = {}
        for J in product(range(n), repeat=order):
            z = 0.0
            for c in product(range(d), repeat=order + 1):
                t = data["A0"][i, c[0]] * data["X"][c]
                for m, j in enumerate(J): t *= data[f"A{m + 1}"][j, c[m + 1]]
                z += t
            weights[J] = np.exp(z / d)
        for a in range(d):
            out = sum(w * data["V"][(*J, a)] for J, w in weights.items()) / sum(weights.values())
            total += (out - data["E"][i, a]) ** 2 / 2
    return total


# ---- SymPy --------------------------------------------------------------------------------------------------------

TERMS = [softmax, s / 2 + size("n") ** -2, Sum(i, a, A[i, a] * y[a]) ** Fraction(-1, 2), delta(i, j) * x[i],
         log(1 + exp(s)), exp(1) * s, Sum(i, x[i] * Sum(j, x[j] * x[i])), sqrt(Sum(i, x[i] ** 2)), A[i, a] * Sum(i, x[i]),
         diff(softmax, x[k]), loss(1), loss(2)]


@pytest.mark.parametrize("t", TERMS, ids=lambda t: repr(t)[:40])
def test_what_goes_to_sympy_and_back_is_proved_equal(t):
    assert decide(identity(t, from_sympy(to_sympy(t)))).status is Status.HOLDS


@pytest.mark.parametrize("t", TERMS, ids=lambda t: repr(t)[:40])
def test_the_sympy_program_builds_an_equal_term(t):
    names = {}
    exec(sympy_source(t, "it"), names)
    assert decide(identity(t, from_sympy(names["it"]))).status is Status.HOLDS


def test_words_of_python_and_sympy_are_no_obstacle():
    t = tensor("lambda")[i] * tensor("Sum")[i] * Sum(a, tensor("S")[a]) + tensor("S")[b]
    names = {}
    exec(sympy_source(t), names)
    assert names["expression"] == to_sympy(t)


def test_sympy_differentiates_as_we_do():
    n, at = sympy.Symbol("n", integer=True, positive=True), sympy.Idx("k", sympy.Symbol("n", integer=True, positive=True))
    theirs = to_sympy(log(Sum(j, exp(x[j])))).diff(sympy.IndexedBase("x")[at])
    assert theirs.has(sympy.KroneckerDelta) and n in theirs.free_symbols
    assert decide(identity(diff(log(Sum(j, exp(x[j]))), x[k]), from_sympy(theirs))).status is Status.HOLDS


def test_what_a_sympy_user_writes_is_read():
    n, m, p, q = sympy.symbols("n m p q")
    X, Y = sympy.IndexedBase("X"), sympy.IndexedBase("Y", shape=(n, m))
    read = from_sympy(sympy.Sum(sympy.exp(X[p]) * Y[p, q] / n, (p, 0, n - 1)))
    i, (c,) = dim("n", "p")[0], dim("m", "q")
    assert decide(identity(read, Sum(i, exp(tensor("X")[i]) * tensor("Y")[i, c]) / size("n"))).status is Status.HOLDS
    assert from_sympy(sympy.Derivative(X[sympy.Idx("p", n)] ** 2, X[sympy.Idx("q", n)])).data[0] == "diff"
    assert from_sympy(sympy.Symbol("t") ** sympy.Symbol("u")).data == ("exp", ("mul", ("at", "u"), ("log", ("at", "t"))))


n, m = sympy.symbols("n m", integer=True, positive=True)
p, q = sympy.Symbol("p"), sympy.Idx("q", n)
W = sympy.IndexedBase("W")


@pytest.mark.parametrize(("expr", "says"), [
    (0.5 * n, r"0\.5.* is a float, .* write Rational"),
    (sympy.sin(n), "sin is not in the language"),
    (sympy.I * n, "ImaginaryUnit is not in the language"),
    (sympy.oo, "Infinity is not in the language"),
    (W[p], "the dimension of p is not known; write Idx"),
    (sympy.Sum(W[p], (p, 1, n)), r"not \(i, 0, n - 1\)"),
    (sympy.Sum(W[p], (p, 1, n - 1)), r"not \(i, 0, n - 1\)"),
    (sympy.Sum(W[q], (q, 0, m - 1)), r"the index q runs over \(0, n - 1\), and the sum over \(0, m - 1\)"),
    (sympy.Sum(W[p], (p, 0, 4)), r"not \(i, 0, n - 1\)"),
    (sympy.Sum(p * W[p], (p, 0, n - 1)), "the index p is used as a number"),
    (sympy.Sum(W[p + 1], (p, 0, n - 1)), r"p \+ 1 is not an index"),
    (sympy.Sum(W[p], (p, 0, n - 1)) + sympy.Sum(W[p], (p, 0, sympy.Symbol("m") - 1)), "W is used with shape"),
    (sympy.MatrixSymbol("M", 2, 2), "not an expression|not in the language"),
], ids=str)
def test_what_is_not_a_term_is_refused_in_words(expr, says):
    with pytest.raises(ValueError, match=says): from_sympy(expr)


@pytest.mark.parametrize("t", [s / Expr(("num", "0")), log(Expr(("num", "0"))), sqrt(Expr(("num", "-1")))], ids=repr)
def test_a_term_without_a_value_does_not_reach_sympy(t):
    with pytest.raises(ValueError, match="not a real number"): to_sympy(t)


# ---- LaTeX --------------------------------------------------------------------------------------------------------

@pytest.mark.parametrize(("t", "expected"), [
    (softmax, r"\frac{\exp\left(x_{i}\right)}{\sum_{j=1}^{n} \exp\left(x_{j}\right)}"),
    (s - 1, "s - 1"),
    (2 * (s + 1), r"2 \left(s + 1\right)"),
    (-s / 2, r"-\frac{1}{2} s"),
    (s - 2 * (s - 1), r"s - 2 \left(s - 1\right)"),
    (s * -(s + 1), r"-s \left(s + 1\right)"),
    (exp(s) * Expr(("num", "-1")) ** 3, r"\exp\left(s\right) \left(-1\right)^{3}"),
    ((s + 1) ** 2 * s ** 3, r"\left(s + 1\right)^{2} s^{3}"),
    (sqrt(s) / sqrt(size("d")), r"\frac{\sqrt{s}}{\sqrt{d}}"),
    (Sum(i, x[i]) / size("n"), r"\frac{1}{n} \sum_{i=1}^{n} x_{i}"),
    (Sum(i, x[i]) * s, r"s \sum_{i=1}^{n} x_{i}"),
    (Sum(i, x[i]) * Sum(j, y[j]), r"\left(\sum_{i=1}^{n} x_{i}\right) \sum_{j=1}^{n} y_{j}"),
    (Sum(i, x[i] + s), r"\sum_{i=1}^{n} \left(x_{i} + s\right)"),
    (Sum(i, j, a, x[i] * x[j] * y[a]), r"\sum_{i, j=1}^{n} \sum_{a=1}^{d} x_{i} x_{j} y_{a}"),
    (Sum(i, -x[i]), r"\sum_{i=1}^{n} \left(-x_{i}\right)"),
    (delta(i, j) * tensor("A1")[i, a], r"\delta_{ij} (A_{1})_{ia}"),
    (scalar("lambda") * scalar("sigma2") * scalar("eps"), r"\lambda \sigma_{2} \mathrm{eps}"),
    (diff(Sum(i, x[i]), X[a, b]), r"\frac{\partial}{\partial X_{ab}} \sum_{i=1}^{n} x_{i}"),
    (x[Index("j1", "n")], "x_{j_{1}}"),
    (log(s) ** -2, r"\frac{1}{\log\left(s\right)^{2}}"),
    (x[i] * y[Index("i", "d")], "x_{i} y_{i_{1}}"),
], ids=str)
def test_latex_is_what_one_would_write(t, expected):
    assert to_latex(t) == expected


# ---- NumPy --------------------------------------------------------------------------------------------------------

@pytest.mark.parametrize("order", [1, 2])
def test_the_compiled_loss_is_the_loss_in_loops(order):
    data = attention_data(order)
    assert to_numpy(loss(order))(**data) == pytest.approx(naive_loss(order, data), rel=1e-13)


@pytest.mark.parametrize("order", [1, 2])
def test_the_compiled_gradient_is_the_slope_of_the_loss(order):
    at = dim("d", "a b c")[:order + 1]
    f, gradient, data = to_numpy(loss(order)), to_numpy(diff(loss(order), X[at]), "dX", at), attention_data(order)
    slopes, h = np.zeros_like(data["X"]), 1e-5
    for place in np.ndindex(slopes.shape):
        step = np.zeros_like(slopes)
        step[place] = h
        slopes[place] = (f(**data | {"X": data["X"] + step}) - f(**data | {"X": data["X"] - step})) / (2 * h)
    assert gradient(**data) == pytest.approx(slopes, rel=1e-6, abs=1e-8)


def test_logits_and_denominators_are_computed_once_and_nothing_grows_beyond_the_scores():
    source = to_numpy(diff(loss(2), X[a, b, c])).source
    assert source.count("np.exp(") == 1
    assert max(line.split("# [")[1].count(",") + 1 for line in source.splitlines() if "# [" in line) == 3


def test_two_large_factors_are_multiplied_out_without_a_clash_of_names():
    B, C = np.random.default_rng(0).standard_normal((2, 3, 2))
    def factor(*at): return Sum(a, A[at[0], a] * A[at[1], a] * tensor("B")[at[2], a])
    f = to_numpy(Sum(i, factor(i, j, k) * factor(i, *dim("n", "l m"))))
    expected = np.einsum("ia,ja,ka,ib,lb,mb->jklm", B, B, C, B, B, C)
    assert f.source.count("np.einsum(") == 1
    assert f(A=B, B=C) == pytest.approx(expected, rel=1e-12)


def test_the_program_stands_alone(tmp_path):
    f = to_numpy(Sum(j, exp(x[i] * y[j])), "score")
    (tmp_path / "program.py").write_text(f.source + "\nprint(score(x=[0, 0], y=[1, 2]).tolist())\n")
    run = subprocess.run([sys.executable, tmp_path / "program.py"], capture_output=True, text=True)
    assert run.stdout.strip() == "[2.0, 2.0]"
    assert f.arguments == ("x", "y") and f.axes == (i,)


@pytest.mark.parametrize("dtype", [np.float16, np.float32, np.float64, np.longdouble])
def test_the_dtype_is_that_of_the_arguments(dtype):
    t = Sum(a, A[i, a] * sqrt(size("d")) * exp(Expr(("num", "1")))) * delta(i, j) * log(size("d")) / 3
    assert to_numpy(t)(A=np.ones((2, 3), dtype)).dtype == dtype
    assert to_numpy(A[i, a] / 2)(A=[[1, 2]]).tolist() == [[0.5, 1.0]]


def test_axes_are_in_the_order_asked_for_and_may_be_constant():
    data = np.arange(6.0).reshape(2, 3)
    assert to_numpy(A[i, a], axes=(a, i))(A=data).tolist() == data.T.tolist()
    assert to_numpy(diff(Sum(i, x[i]), x[j]))(x=np.zeros(3)).tolist() == [1, 1, 1]
    assert to_numpy(diff(s * y[i], x[j]), axes=(j, i))(s=1, y=[1, 2], x=[0, 0]).tolist() == [[0, 0], [0, 0]]
    with pytest.raises(ValueError, match=r"miss i:n"): to_numpy(A[i, a], axes=(a,))


def test_a_size_that_no_argument_has_is_a_keyword():
    f = to_numpy(Sum(i, s) + size("m"))
    assert f(s=2, n=3, m=10) == 16.0
    with pytest.raises(TypeError, match="'m'"): f(s=2, n=3)


def test_shapes_that_do_not_fit_are_one_clear_error():
    f = to_numpy(Sum(a, A[i, a] * y[a]))
    with pytest.raises(ValueError, match=r"d is 3 in A, of shape \(2, 3\), and 4 in y, of shape \(4,\)"):
        f(A=np.zeros((2, 3)), y=np.zeros(4))
    with pytest.raises(ValueError, match=r"A has shape \(2,\), and the formula has A\[n, d\]"): f(A=np.zeros(2), y=np.zeros(2))


def test_names_may_be_words_of_python():
    f = to_numpy(tensor("lambda")[i] * scalar("np") + scalar("t1") * Sum(j, tensor("lambda")[j]))
    assert f.arguments == ("lambda_", "np_", "t1")
    assert f([1.0, 2.0], 3, 1).tolist() == [6.0, 9.0]


@pytest.mark.parametrize("seed", range(300))
def test_random_terms_survive_every_conversion(seed):
    """Against `evaluate` at one place; the way through SymPy is never refuted."""
    rng, numbers = random.Random(seed), np.random.default_rng(seed)
    t = random_term(rng, 4)
    shapes, size = wellformed(t), {"n": rng.randint(1, 3), "d": rng.randint(1, 3)}
    arrays = {name: numbers.uniform(0.3, 1.2, [size[n] for n in shape]) for name, shape in shapes.items()}
    try:
        expected = {tuple(at.values()): evaluate(t, Floats(), size, lambda name, where: Fraction(float(arrays[name][where])), at)
                    for at in places(free(t), size)}
    except (ArithmeticError, ValueError): return
    seen = {n for shape in shapes.values() for n in shape}
    value = np.asarray(to_numpy(t)(**arrays, **{n: size[n] for n in sizes(t) if n not in seen}))
    assert value.shape == tuple(size[dimension(i)] for i in free(t))
    for place, number in expected.items(): assert value[place] == pytest.approx(number, rel=1e-9, abs=1e-9)
    assert to_latex(t)
    try: there = to_sympy(t)
    except ValueError: return
    assert decide(identity(Expr(t), from_sympy(there)), 10).status is not Status.REFUTED


def test_a_formula_with_many_long_arguments_is_a_program() -> None:
    i, = dim("n", "i")
    names = [f"a_rather_long_name_{k}" for k in range(9)]
    f = to_numpy(sum(tensor(x)[i] for x in names))
    assert f(**{x: np.ones(3) for x in names}).tolist() == [9, 9, 9]
