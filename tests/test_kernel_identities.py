"""True identities hold, and each near miss is refuted."""
from fractions import Fraction

import pytest

from tacheck.decide import decide
from tacheck.lang import Sum, delta, diff, dim, exp, identity, log, scalar, sigmoid, size, sqrt, tanh, tensor

i, j, k, m, q, a = dim("n", "i j k m q a")
x, y, f, B = map(tensor, "xyfB")
s, t, u, c, beta, eps = map(scalar, ("s", "t", "u", "c", "beta", "eps"))
n = size("n")


def softmax(i, shift=0, scale=1): return exp(scale * x[i] + shift) / Sum(q, exp(scale * x[q] + shift))





def mean(g): return Sum(k, g(k)) / n
def average(g): return Sum(m, softmax(m, scale=beta) * g(m))
def value(i): return x[i]


def variance(): return Sum(j, (x[j] - mean(value)) ** 2) / n
def norm(i): return (x[i] - mean(value)) / sqrt(variance() + eps)
def logsumexp(shift=0): return log(Sum(k, exp(x[k] + shift)))


TRUE_AND_FALSE = {
    "exp(s) exp(-s) = 1": (exp(s) * exp(-s), 1, 2),
    "exp(0) = 1": (exp(s - s), 1, 0),
    "(s + t)/(s + t) = 1": ((s + t) / (t + s), 1, 2),
    "s/(s + t) + t/(s + t) = 1": (s / (s + t) + t / (s + t), 1, s),
    "a fraction summed": (Sum(i, x[i] / (x[i] + y[i]) + y[i] / (x[i] + y[i])), n, 1),
    "1/(us + ut)": (1 / (u * s + u * t), 1 / (u * (s + t)), 1 / (s + t)),
    "partial fractions": ((t - s) / ((u + s) * (u + t)), 1 / (u + s) - 1 / (u + t), 1 / (u + s) + 1 / (u + t)),
    "partial fractions summed": (Sum(i, (t - s) / ((x[i] + s) * (x[i] + t))), Sum(i, 1 / (x[i] + s) - 1 / (x[i] + t)), 0),
    "the rows of softmax sum to 1": (Sum(i, softmax(i)), 1, n),
    "all rows sum to n": (Sum(i, j, exp(B[i, j]) / Sum(k, exp(B[i, k]))), n, 1),
    "all rows sum to n, summed the other way": (Sum(j, i, exp(B[i, j]) / Sum(k, exp(B[i, k]))), n, n * n),
    "shift invariance": (softmax(i, c), softmax(i), exp(c) * softmax(i)),
    "the Jacobian of softmax": (diff(softmax(i), x[a]), softmax(i) * (delta(i, a) - softmax(a)),
                               softmax(i) * (delta(i, a) + softmax(a))),
    "the gradient of logsumexp": (diff(logsumexp(), x[a]), softmax(a), 1 - softmax(a)),
    "logsumexp and a shift": (logsumexp(c), logsumexp() + c, logsumexp() - c),
    "the logarithm of softmax": (log(softmax(i)), x[i] - logsumexp(), x[i] + logsumexp()),
    "temperature covariance": (diff(average(lambda q: f[q]), beta),
                               average(lambda q: f[q] * x[q]) - average(lambda q: f[q]) * average(value),
                               average(lambda q: f[q] * x[q]) + average(lambda q: f[q]) * average(value)),
    "the variance": (variance(), mean(lambda q: x[q] ** 2) - mean(value) ** 2, mean(lambda q: x[q] ** 2)),
    "the derivative of the variance": (diff(variance(), x[a]), 2 * (x[a] - mean(value)) / n, 2 * x[a] / n),
    "layer norm sums to 0": (Sum(i, norm(i)), 0, 1),
    "the Jacobian of layer norm": (diff(norm(i), x[a]), (delta(i, a) - 1 / n - norm(i) * norm(a) / n) / sqrt(variance() + eps),
                                   (delta(i, a) - 1 / n - norm(i) * norm(a)) / sqrt(variance() + eps)),
    "sigmoid'": (diff(sigmoid(u), u), sigmoid(u) * (1 - sigmoid(u)), sigmoid(u) * (1 + sigmoid(u))),
    "sigmoid(-u)": (sigmoid(-u), 1 - sigmoid(u), sigmoid(u)),
    "tanh'": (diff(tanh(u), u), 1 - tanh(u) ** 2, 1 + tanh(u) ** 2),
    "tanh from sigmoid": (tanh(u), 2 * sigmoid(2 * u) - 1, 2 * sigmoid(u) - 1),
    "sigmoids summed": (Sum(i, sigmoid(x[i]) + sigmoid(-x[i])), n, n + 1),
    "hyperbolic one": (((exp(s) + exp(-s)) / 2) ** 2 - ((exp(s) - exp(-s)) / 2) ** 2, 1, Fraction(1, 2)),
    "sqrt(s)^2 = s": (sqrt(s) ** 2, s, s ** 2),
    "sqrt(s + t)^2 = s + t": (sqrt(s + t) ** 2, s + t, s),
    "a softmax with a sink": (Sum(j, exp(B[i, j]) / (1 + Sum(k, exp(B[i, k])))), 1 - 1 / (1 + Sum(k, exp(B[i, k]))), 1),
    "an antisymmetric sum": (Sum(i, j, (x[i] - x[j]) / (1 + (x[i] - x[j]) ** 2)), 0, 1),
    "softmax of softmax": (Sum(i, exp(softmax(i)) / Sum(j, exp(softmax(j)))), 1, n),
    "1/(s - t) = -1/(t - s)": (1 / (s - t), -1 / (t - s), 1 / (t - s)),
    "a Hessian is symmetric": (diff(diff(logsumexp(), x[a]), x[i]), diff(diff(logsumexp(), x[i]), x[a]),
                               -diff(diff(logsumexp(), x[i]), x[a])),
}


@pytest.mark.parametrize("name", TRUE_AND_FALSE)
def test_it_holds(name):
    lhs, rhs, _ = TRUE_AND_FALSE[name]
    verdict = decide(identity(lhs, rhs), 20)
    assert verdict.status.value == "holds", verdict.why


@pytest.mark.parametrize("name", TRUE_AND_FALSE)
def test_its_near_miss_is_refuted(name):
    lhs, _, miss = TRUE_AND_FALSE[name]
    verdict = decide(identity(lhs, miss), 20)
    assert verdict.status.value == "refuted", verdict.why
