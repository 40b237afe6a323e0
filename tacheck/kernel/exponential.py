"""Exponential polynomials, sum over w of p_w(x) e^(w x) with rational p_w and w: enclosed on an interval, without search.

A group p(x) e^(w x) alone is enclosed by the range of the Bernstein coefficients of p, exact, times the range of e^(w x).
More groups: where the derivative has one sign, the values at the ends; else these, widened by half the length times the
greatest slope.  The derivative may be taken after division by some e^(w x), which makes one group shorter each time.
"""
from fractions import Fraction
from math import comb, lcm

from .bounds import Interval, Intervals
from .normal import Normaliser
from .term import Term

Groups = dict[Fraction, list[Fraction]]                              # w -> the coefficients of p_w, from the constant up


def groups(t: Term, x: str) -> Groups:
    """The term as an exponential polynomial in the scalar x.  Raises ValueError where it is none."""
    ring = Normaliser(lambda _, question: [list(range(len(question[1])))])
    out: Groups = {}
    for m, c in ring.read(t).items():
        k, w = 0, Fraction(0)
        for (head, _), power in m:
            if head == x and power.denominator == 1 and power > 0: k = int(power)
            elif ring.kind(head) == "exp" and ring.table[head].body == {(((x, ()), 1),): 1}: w = Fraction(power)
            else: raise ValueError(f"not an exponential polynomial in {x}: {head}^{power}")
        p = out.setdefault(w, [])
        p += [Fraction(0)] * (k + 1 - len(p))
        p[k] = Fraction(c)
    if ring.rests_on: raise ValueError(f"defined only where {', '.join(ring.rests_on)}")
    return out


def derivative(h: Groups) -> Groups:
    """(p e^(w x))' = (p' + w p) e^(w x)."""
    out = {w: [k * c + w * d for k, (c, d) in enumerate(zip([*p[1:], Fraction(0)], p), 1)] for w, p in h.items()}
    return {w: p[:len(p) - (w == 0)] for w, p in out.items() if any(p)}


def bernstein(p: list[Fraction], a: Fraction, b: Fraction) -> Interval:
    """The least and greatest Bernstein coefficient of p on [a, b], exactly: the values of p lie between them."""
    n, below, s = len(p) - 1, lcm(*(c.denominator for c in p)), lcm(a.denominator, b.denominator)
    start, step = int(a * s), int((b - a) * s)
    q: list[int] = []
    for k, c in reversed([*enumerate(p)]):                           # p(a + (b - a) u) s^n below, in powers of u
        q = [start * y + step * z for y, z in zip([*q, 0], [0, *q])]
        q[0] += c.numerator * (below // c.denominator) * s ** (n - k)
    most = lcm(*(comb(n, k) for k in range(n + 1)))
    q = [y * (most // comb(n, k)) for k, y in enumerate(q)]
    for r in range(n):                                               # b_i = sum over k of C(i, k) q_k / C(n, k)
        for i in range(n, r, -1): q[i] += q[i - 1]
    return Fraction(min(q), most * below * s ** n), Fraction(max(q), most * below * s ** n)


def value(p: list[Fraction], x: Fraction) -> Fraction:
    """p(x), by Horner's rule in integers."""
    below, total, scale = lcm(*(c.denominator for c in p)), 0, 1
    for c in reversed(p):
        total = total * x.numerator + c.numerator * (below // c.denominator) * scale
        scale *= x.denominator
    return Fraction(total * x.denominator, below * scale)


class Curve:
    """Enclosures of exponential polynomials, at the precision of a field of intervals."""

    def __init__(self, field: Intervals): self.field = field

    def exp(self, w: Fraction, a: Fraction, b: Fraction) -> Interval:
        return self.field.exp_point(min(w * a, w * b))[0], self.field.exp_point(max(w * a, w * b))[1]

    def at(self, h: Groups, x: Fraction) -> Interval:
        out = Fraction(0), Fraction(0)
        for w, p in h.items(): out = self.field.add(out, self.field.mul(self.field.num(value(p, x)), self.exp(w, x, x)))
        return out

    def span(self, h: Groups, a: Fraction, b: Fraction) -> Interval:
        """The values of h on [a, b]."""
        if not h: return Fraction(0), Fraction(0)
        w = min(h, key=lambda w: len(h[w]))
        rest = bernstein(h[w], a, b) if len(h) == 1 else self.slide({v - w: p for v, p in h.items()}, a, b)
        return self.field.mul(rest, self.exp(w, a, b))

    def slide(self, h: Groups, a: Fraction, b: Fraction) -> Interval:
        """The values of h on [a, b], by its derivative."""
        down, up = self.span(derivative(h), a, b)
        wide = Fraction(0) if down >= 0 or up <= 0 else (b - a) / 2 * max(-down, up)
        ends = self.at(h, a), self.at(h, b)
        return self.field.out(min(lo for lo, _ in ends) - wide, max(hi for _, hi in ends) + wide)
