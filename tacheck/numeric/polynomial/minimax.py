"""The best polynomial for e^x on [-r, r], by Remez' exchange, in fixed-point integers.

In u = x / r on [-1, 1]: the error E is p(u) e^(-ru) - 1 (relative) or p(u) - e^(ru) (absolute), and it alternates on
degree + 2 nodes.  Both ends are nodes, and the others are the zeros of p' - r t, where t is p (relative) or e^(ru).

The relative error alternates almost as sin((g + 1) t - r sin t) does at u = cos t, so the exchange starts at the roots of
Kepler's equation (g + 1) t - r sin t = j pi; its size is about twice the Bessel function J_(g+1)(r).
"""
from fractions import Fraction
from math import acos, comb, cos, factorial, pi, sin
from typing import NamedTuple

ROUNDS = 30
Nodes = list[int]                                                    # points of [-1, 1], ascending, in units of 2^-bits


class Best(NamedTuple):
    """The coefficients of p in u, in units of 2^-bits; where |E| peaks (`nodes`); the least and greatest peak, in 2^-bits."""
    coefficients: list[int]
    nodes: Nodes
    bits: int
    least: int
    most: int


def bessel(n: int, r: Fraction, sign: int = -1) -> Fraction:
    """J_n(r) for n >= r > 0, or the modified I_n(r) with sign = 1, to about 30 digits."""
    term = r.numerator * (1 << 200 + 4 * int(r)) // (2 * r.denominator)
    unit, square = 1 << 200 + 4 * int(r), r * r / 4
    term, total, m = unit, 0, 0
    while term:
        total, m = total + term, m + 1
        term = sign * term * square.numerator // (square.denominator * m * (m + n))
        if term == -1: break                                         # what floor division leaves of a tiny negative number
    return (r / 2) ** n / factorial(n) * Fraction(total, unit)


def exp_fixed(x: int, bits: int) -> int:
    """e^x, all in units of 2^-bits, to a few units relative to 1 + e^x."""
    halvings = max(0, x.bit_length() - bits) + 8
    guard = 2 * halvings + 8
    shift = bits + guard
    at = x << guard >> halvings
    total = term = 1 << shift
    m = 1
    while term not in (0, -1):
        term = (term * at >> shift) // m
        total, m = total + term, m + 1
    for _ in range(halvings): total = total * total >> shift
    return total >> guard


def kepler(g: int, r: float) -> list[float]:
    """cos t for the roots t of (g + 1) t - r sin t = j pi, j = g + 1, ..., 0, where it rises: ascending, from -1 to 1."""
    out, turn = [], acos(min(1.0, (g + 1) / r))
    for j in range(g + 1, -1, -1):
        low, high = turn, pi
        for _ in range(50):
            t = (low + high) / 2
            low, high = (t, high) if (g + 1) * t - r * sin(t) < j * pi else (low, t)
        out.append(cos((low + high) / 2))
    return [-1.0, *out[1:-1], 1.0]


def precision(g: int, r: Fraction, absolute: bool) -> int:
    """Bits that a degree needs: for the size of the error, for the growth of divided differences, and to spare."""
    size = bessel(g + 1, r) if g + 1 >= r else Fraction(1)
    return max(0, size.denominator.bit_length() - size.numerator.bit_length()) + 3 * g + int(4 * r) + 96


def levelled(nodes: Nodes, r: Fraction, bits: int, absolute: bool) -> tuple[list[int], int]:
    """The polynomial of degree len(nodes) - 2 whose error is +-L in turn on the nodes, and L.

    Divided differences over all nodes do not see it: with F of e^(ru) and S of the signs times the weights, F + L S = 0.
    """
    values = [exp_fixed(u * r.numerator // r.denominator, bits) for u in nodes]
    signs = [(-1) ** i * ((1 << bits) if absolute else f) for i, f in enumerate(values)]

    def differences(column: list[int]) -> list[int]:
        column = column[:]
        for k in range(1, len(nodes)):
            for i in range(len(nodes) - 1, k - 1, -1):
                column[i] = (column[i] - column[i - 1] << bits) // (nodes[i] - nodes[i - k])
        return column
    f, s = differences(values), differences(signs)
    level = -(f[-1] << bits) // s[-1]
    newton = [a + (level * b >> bits) for a, b in zip(f, s)][:-1]
    p = [newton[-1]]
    for c, u in zip(newton[-2::-1], nodes[len(newton) - 2::-1]):     # p (t - u) + c
        p = [x - (u * y >> bits) for x, y in zip([0, *p], [*p, 0])]
        p[0] += c
    return p, level


def jet(p: list[int], u: int, bits: int) -> tuple[int, int, int]:
    """p, p' and p''/2 at u."""
    a = b = c = 0
    for x in reversed(p): c, b, a = (c * u >> bits) + b, (b * u >> bits) + a, (a * u >> bits) + x
    return a, b, c


def error(p: list[int], u: int, r: Fraction, bits: int, absolute: bool) -> int:
    """E(u)."""
    value, target = 0, exp_fixed(u * r.numerator // r.denominator, bits)
    for x in reversed(p): value = (value * u >> bits) + x
    return value - target if absolute else (value << bits) // target - (1 << bits)


def peaks(p: list[int], nodes: Nodes, r: Fraction, bits: int, absolute: bool) -> Nodes | None:
    """The zeros of p' - r t next to the inner nodes, by Newton's method, and the ends; None where they do not stay in order."""
    unit = 1 << bits
    out = [-unit]
    for u in nodes[1:-1]:
        for _ in range(3):
            value, slope, bend = jet(p, u, bits)
            target = exp_fixed(u * r.numerator // r.denominator, bits) if absolute else value
            top, bottom = slope - r.numerator * target // r.denominator, 2 * bend - r.numerator * slope // r.denominator
            if not bottom: return None
            step = (top << bits) // bottom
            u -= step
            if not -unit < u < unit: return None
            if abs(step) >> bits // 3 == 0: break
        out.append(u)
    out.append(unit)
    return out if all(u < v for u, v in zip(out, out[1:])) else None


def scanned(p: list[int], count: int, r: Fraction, bits: int, absolute: bool) -> Nodes | None:
    """As `peaks`, from a scan of |E| between its changes of sign; None where it changes sign fewer than count - 1 times."""
    fine = 24 * count
    at = [int(-cos(pi * i / fine) * (1 << 60)) << bits - 60 for i in range(fine + 1)]
    values = [error(p, u, r, bits, absolute) for u in at]
    runs: list[tuple[int, int]] = []                                 # (|E|, u): the peak of each run of one sign
    last = 0
    for u, e in zip(at, values):
        sign = (e > 0) - (e < 0)
        if sign and sign != last: runs.append((abs(e), u))
        elif sign: runs[-1] = max(runs[-1], (abs(e), u))
        last = sign or last
    while len(runs) > count: runs.pop(0 if runs[0] < runs[-1] else -1)
    return [u for _, u in runs] if len(runs) == count else None


def minimax(g: int, r: Fraction, *, absolute: bool = False, tolerance: float = 1e-6) -> Best:
    """The best polynomial of degree g: its peaks agree to the tolerance.

    Raises ArithmeticError where the exchange does not settle in ROUNDS rounds.
    """
    bits = precision(g, r, absolute)
    start = kepler(g, float(r)) if not absolute else [-cos(pi * i / (g + 1)) for i in range(g + 2)]
    nodes = [int(u * (1 << 60)) << bits - 60 for u in start]
    for _ in range(ROUNDS):
        p, _ = levelled(nodes, r, bits, absolute)
        better = peaks(p, nodes, r, bits, absolute) or scanned(p, g + 2, r, bits, absolute)
        if better is None: break
        nodes = better
        sizes = [abs(error(p, u, r, bits, absolute)) for u in nodes]
        if max(sizes) - min(sizes) <= tolerance * min(sizes): return Best(p, nodes, bits, min(sizes), max(sizes))
    raise ArithmeticError(f"the exchange for degree {g} on a radius of {r} did not settle")


def power_basis(p: list[int], bits: int, r: Fraction, shift: Fraction) -> list[Fraction]:
    """The coefficients in x of p(u), u = (x - shift) / r."""
    q = [Fraction(c, 1 << bits) / r ** k for k, c in enumerate(p)]
    if not shift: return q
    return [sum((q[k] * comb(k, j) * (-shift) ** (k - j) for k in range(j, len(q))), Fraction(0)) for j in range(len(q))]
