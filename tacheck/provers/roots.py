"""Real roots of a polynomial with integer coefficients, isolated by halving and Descartes' rule of signs, all in integers.

Nothing is lost at a root on the boundary of a piece, such as one at a dyadic split point: it is found as a point.
Source: G. E. Collins and A. G. Akritas, SYMSAC 1976, in the Bernstein basis.
"""
from fractions import Fraction
from math import comb, lcm
from typing import NamedTuple

DEPTH = 60                                                           # halvings after which roots are left together
Polynomial = list[int]                                               # coefficients, from the constant up


class Place(NamedTuple):
    """A closed piece [lo, hi] of [0, 1], in units of 2^-depth, that holds a root; `alone` if it surely holds just one."""
    lo: int
    hi: int
    depth: int
    alone: bool

    @property
    def middle(self) -> Fraction: return Fraction(self.lo + self.hi, 2 << self.depth)


def whole(p: list[Fraction]) -> Polynomial:
    """A positive multiple with integer coefficients."""
    below = lcm(*(c.denominator for c in p))
    return [c.numerator * (below // c.denominator) for c in p]


def onto(p: Polynomial, a: Fraction, b: Fraction) -> Polynomial:
    """A positive multiple of p(a + (b - a) u), in powers of u."""
    scale, n = lcm(a.denominator, b.denominator), len(p) - 1
    start, step = int(a * scale), int((b - a) * scale)
    q: Polynomial = []
    for k in range(n, -1, -1):
        q = [start * y + step * z for y, z in zip([*q, 0], [0, *q])]
        q[0] += p[k] * scale ** (n - k)
    return lean(q)


def lean(q: Polynomial) -> Polynomial:
    """Without the common power of 2."""
    every = 0
    for c in q: every |= c
    shift = (every & -every).bit_length() - 1
    return [c >> shift for c in q] if shift > 0 else q


def bernstein(q: Polynomial) -> Polynomial:
    """A positive multiple of the Bernstein coefficients on [0, 1]."""
    n = len(q) - 1
    most = lcm(*(comb(n, k) for k in range(n + 1)))
    q = [y * (most // comb(n, k)) for k, y in enumerate(q)]
    for r in range(n):
        for i in range(n, r, -1): q[i] += q[i - 1]
    return lean(q)


def variations(b: Polynomial) -> int:
    """Changes of sign: at least the number of roots strictly inside, and of the same parity."""
    signs = [c > 0 for c in b if c]
    return sum(s != t for s, t in zip(signs, signs[1:]))


def halves(b: Polynomial) -> tuple[Polynomial, Polynomial]:
    """The Bernstein coefficients on both halves, by de Casteljau's rule."""
    n = len(b) - 1
    left, right, row = [b[0] << n], [b[-1] << n], b
    for r in range(1, n + 1):
        row = [x + y for x, y in zip(row, row[1:])]
        left.append(row[0] << n - r)
        right.append(row[-1] << n - r)
    return lean(left), lean(right[::-1])


def isolate(q: Polynomial, depth: int = DEPTH) -> list[Place]:
    """Every root of q strictly between 0 and 1, in order; pieces not `alone` hold what 2^-depth does not separate."""
    found: list[Place] = []
    if not any(q): return found
    stack = [(bernstein(q), 0, 0)]
    while stack:
        b, at, level = stack.pop()
        count = variations(b)
        if count == 1 or count and level >= depth: found.append(Place(at, at + 1, level, count == 1))
        elif count:
            left, right = halves(b)
            if not right[0]: found.append(Place(2 * at + 1, 2 * at + 1, level + 1, True))
            stack += [(right, 2 * at + 1, level + 1), (left, 2 * at, level + 1)]
    return sorted(found, key=lambda place: place.middle)


def sign_at(q: Polynomial, at: int, level: int) -> int:
    """The sign of q(at / 2^level), exactly."""
    total = shift = 0
    for c in reversed(q): total, shift = total * at + (c << shift), shift + level
    return (total > 0) - (total < 0)


def sign_of(q: Polynomial, u: Fraction) -> int:
    """The sign of q(u), exactly."""
    if u.denominator & u.denominator - 1 == 0: return sign_at(q, u.numerator, u.denominator.bit_length() - 1)
    total, scale = 0, 1
    for c in reversed(q): total, scale = total * u.numerator + c * scale, scale * u.denominator
    return (total > 0) - (total < 0)


def simplest(lo: Fraction, hi: Fraction) -> Fraction:
    """The fraction of least denominator in [lo, hi], by continued fractions."""
    if lo <= 0 <= hi: return Fraction(0)
    if hi < 0: return -simplest(-hi, -lo)
    whole = -(-lo.numerator // lo.denominator)
    return Fraction(whole) if whole <= hi else whole - 1 + 1 / simplest(1 / (hi - whole + 1), 1 / (lo - whole + 1))


def sign_after(q: Polynomial, at: int, level: int) -> int:
    """The sign of q just right of at / 2^level."""
    while any(q):
        if sign := sign_at(q, at, level): return sign
        q = [k * c for k, c in enumerate(q)][1:]
    return 0


def refine(q: Polynomial, place: Place, level: int) -> Place:
    """The same root in a piece of length 2^-level, or as a point; a place that is not alone stays as it is."""
    lo, hi, depth, alone = place
    if not alone or lo == hi or depth >= level: return place
    lo, hi, before = lo << level - depth, hi << level - depth, sign_after(q, lo, depth)
    while hi - lo > 1:
        middle = (lo + hi) // 2
        sign = sign_at(q, middle, level)
        if not sign: return Place(middle, middle, level, True)
        lo, hi = (middle, hi) if sign == before else (lo, middle)
    return Place(lo, hi, level, True)
