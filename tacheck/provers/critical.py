"""Exponential polynomials, sum over w of p_w(x) e^(w x): their zeros and critical points, and cuts that show their range.

The kernel encloses f on a cell by its ends where f' has one sign there, else by the ends and the slope.  So the cuts bracket
the zeros of f', and those of every quotient that is differentiated on the way; a bracket of half-width h loses h^2 |f''|.
Nothing here is trusted: what is missed or misjudged only loses the proof.
"""
from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from fractions import Fraction

from ..kernel.bounds import Interval, Intervals
from ..kernel.exponential import Curve, Groups, derivative, value
from .roots import isolate, onto, sign_after, sign_of, simplest, whole

COARSE, LEAST = 10, Fraction(1, 1 << 240)                             # halvings of a zero's piece at first; its least length
MOST_BITS = 10_000
Room = Callable[[Interval], Fraction | None]                         # how far a value is inside the bounds; None if unsure


@dataclass
class Zero:
    """A zero of a function in [lo, hi]; `sign` is that of the function, to sharpen it with, or None where it is not alone."""
    lo: Fraction
    hi: Fraction
    sign: Callable[[Fraction], int] | None
    before: int

    @property
    def middle(self) -> Fraction: return (self.lo + self.hi) / 2

    @property
    def length(self) -> Fraction: return self.hi - self.lo

    def sharpen(self, width: Fraction) -> None:
        """To at most this width, if it can be."""
        while self.sign and self.length > width:
            middle = self.middle
            sign = self.sign(middle)
            if not sign: self.lo = self.hi = middle
            elif sign == self.before: self.lo = middle
            else: self.hi = middle

    def approach(self) -> None:
        """To a small part of its piece; to a point if the simplest fraction there is the zero."""
        self.sharpen(self.length / (1 << COARSE))
        if self.sign and self.length and not self.sign(guess := simplest(self.lo, self.hi)): self.lo = self.hi = guess


def zeros(h: Groups, a: Fraction, b: Fraction, curve: Curve) -> tuple[list[Zero], list[Zero]]:
    """The zeros of h in (a, b), and those of the quotients' derivatives by which they were found."""
    if not h: return [], []
    if len(h) == 1:
        (p,) = h.values()
        q = onto(whole(p), a, b)
        return [polynomial_zero(q, place.lo, place.hi, place.depth, place.alone, a, b) for place in isolate(q)], []
    w = min(h, key=lambda w: len(h[w]))
    quotient = {v - w: p for v, p in h.items()}
    inner, deeper = zeros(derivative(quotient), a, b, curve)
    found: list[Zero] = []

    def sign(x: Fraction) -> int:
        lo, hi = curve.at(quotient, x)
        return (lo > 0) - (hi < 0)
    for z in inner: z.approach()
    ends = [(a, a), *((z.lo, z.hi) for z in inner), (b, b)]
    for (_, left), (right, beyond) in zip(ends, ends[1:]):
        before, after = sign(left), sign(right)
        if before * after < 0: found.append(Zero(left, right, sign, before))
        if right < beyond < b and after * sign(beyond) <= 0: found.append(Zero(right, beyond, None, after))
    return found, inner + deeper


def polynomial_zero(q: list[int], lo: int, hi: int, depth: int, alone: bool, a: Fraction, b: Fraction) -> Zero:
    def sign(x: Fraction) -> int: return sign_of(q, (x - a) / (b - a))
    first, last = (a + (b - a) * Fraction(k, 1 << depth) for k in (lo, hi))
    return Zero(first, last, sign if alone else None, sign_after(q, lo, depth) if alone and lo < hi else 0)


@dataclass(frozen=True)
class Peak:
    """A critical point, the function there (enclosed), and the size of its second derivative."""
    zero: Zero
    at: Fraction
    value: Interval
    bend: Fraction

    @property
    def off(self) -> Fraction:
        """About how much further the function may go inside the zero's piece."""
        return self.zero.length ** 2 * self.bend


class Search:
    """The critical points of h in (a, b), and the zeros met on the way, at a precision."""

    def __init__(self, h: Groups, a: Fraction, b: Fraction, bits: int):
        self.h, self.a, self.b, self.bits = h, a, b, bits
        self.curve, slope = Curve(Intervals(bits)), derivative(h)
        self.second = derivative(slope)
        critical, self.others = zeros(slope, a, b, self.curve)
        for z in critical: z.approach()
        self.peaks = [self.peak(z) for z in critical]

    def peak(self, z: Zero) -> Peak:
        x, rough = dyadic(z.middle, z.length / 2), Curve(Intervals(32)) if len(self.second) < 2 else self.curve
        return Peak(z, x, self.curve.at(self.h, x), max(map(abs, rough.at(self.second, x))))

    def values(self) -> list[tuple[Fraction, Interval]]:
        """Where h may be greatest or least, and its values there."""
        return [*((x, self.curve.at(self.h, x)) for x in (self.a, self.b)), *((p.at, p.value) for p in self.peaks)]

    def settle(self, room: Room) -> None:
        """Every critical point so closely that what is off is little beside the room there."""
        for k, p in enumerate(self.peaks):
            while (margin := room(p.value)) is not None and 0 <= margin < 4 * p.off and p.zero.sign and p.zero.length > LEAST:
                p.zero.sharpen(min(p.zero.length / 2, root(margin / 16 / p.bend)) if margin else p.zero.length / 16)
                p = self.peaks[k] = self.peak(p.zero)

    def cuts(self, room: Room) -> list[Fraction]:
        """Two short cuts around each zero: around a critical point so close that about a quarter of the room is lost."""
        middles = sorted([self.a, self.b, *(p.zero.middle for p in self.peaks), *(z.middle for z in self.others)])
        gap = {y: min([v - u for u, v in ((x, y), (y, z)) if u < v], default=self.b - self.a)
               for x, y, z in zip(middles, middles[1:], middles[2:])}
        out: set[Fraction] = set()
        for z, half in [*((p.zero, self.half(p, room)) for p in self.peaks), *((z, self.b - self.a) for z in self.others)]:
            close = gap.get(z.middle, self.b - self.a)
            if half is None: half = close / (1 << COARSE)
            half = min(half, close / 4)
            if z.lo == z.hi: out.add(z.lo)
            else: out |= {dyadic(min(z.lo, z.middle - half), half / 8), dyadic(max(z.hi, z.middle + half), half / 8)}
        return sorted(x for x in out if self.a < x < self.b)

    def half(self, p: Peak, room: Room) -> Fraction | None:
        margin = room(p.value)
        return self.b - self.a if not p.bend else root(margin / 4 / p.bend) if margin and margin > 0 else None


def needed(h: Groups, a: Fraction, b: Fraction) -> int:
    """Bits for which h is known to some 30 of its own where it is large, although its terms cancel."""
    at = [a + (b - a) * k / 16 for k in (0, 1, 3, 6, 9, 13, 15, 16)]
    bits = 64
    while True:
        curve = Curve(Intervals(bits))
        size = max(max(lo, -hi, Fraction(0)) for lo, hi in (curve.at(h, x) for x in at))
        if size: break
        if bits >= MOST_BITS: return MOST_BITS
        bits = min(3 * bits, MOST_BITS)
    terms = max(abs(value(p, x)) * curve.exp(w, x, x)[1] for w, p in h.items() for x in at) / size
    return min(48 + max(0, terms.numerator.bit_length() - terms.denominator.bit_length()), MOST_BITS)


def dyadic(x: Fraction, within: Fraction) -> Fraction:
    """A multiple of a power of 1/2, at most `within` from x; x itself if that is 0."""
    if not within: return x
    step = max(0, within.denominator.bit_length() - within.numerator.bit_length() + 1)
    return Fraction(round(x * (1 << step)), 1 << step)


def root(x: Fraction) -> Fraction:
    """About the square root of x > 0, to a factor of 2."""
    half = (x.numerator.bit_length() - x.denominator.bit_length()) // 2
    return Fraction(1 << half) if half >= 0 else Fraction(1, 1 << -half)
