"""What is asked: sizes, an error, and how large scores may be, from numbers or from arrays."""
from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from fractions import Fraction
from math import isqrt
from typing import Any

from ..arrays import Problem, ProblemError
from ..ranges import BUDGET, Range, logit_range, sampled_range

ORDERS = range(1, 6)                                                 # those that the claims cover
LARGEST = 10 ** 18
FINE = 1 << 40


@dataclass(frozen=True)
class Question:
    """n tokens in each slot, d columns, `order` key sets; scores within `radius` of a centre, and at most `largest` in size."""
    n: int
    d: int
    dv: int
    order: int
    error: Fraction
    gradient: bool
    scale: tuple[Fraction, Fraction]                                 # from below and above: 1/sqrt(d) is no fraction
    scale_text: str
    bound: Fraction | None                                           # on every entry of queries and keys, if that was given
    radius: Fraction
    largest: Fraction                                                # |score|, by the largest entries alone
    ranges: tuple[Range, ...] = ()                                   # certified on arrays, one for each batch item
    sampled: tuple[float, float] | None = None                       # scores that were found: from below

    @property
    def factors(self) -> int:
        """Of a term of a score: the query's entry and one of each key set."""
        return self.order + 1


def from_numbers(n: Any, d: Any, bound: Any, error: Any, order: Any = 2, scale: Any = None, dv: Any = None,
                 gradient: bool = False) -> Question:
    """Entries of queries and keys in [-bound, bound].  Raises ProblemError, in one line."""
    n, d, k = whole("n", n, 2), whole("d", d, 1), whole("order", order, 1)
    if k not in ORDERS: raise ProblemError(f"order {k}: orders {ORDERS[0]} to {ORDERS[-1]} are covered by claims")
    B, s = positive("bound", bound), scale_of(scale, d)
    radius = s[1][1] * d * B ** (k + 1)
    columns = d if dv is None else whole("dv", dv, 1)
    return Question(n, d, columns, k, error_of(error), bool(gradient), s[1], s[0], B, radius, radius)


def from_arrays(p: Problem, error: Any, scale: Any = None, gradient: bool = False, budget: float = BUDGET,
                search: bool = True) -> Question:
    """The certified range of the scores of the arrays, over all batch items, and the range of scores found beside it.

    n is the longest slot.  Raises ProblemError.
    """
    if p.order not in ORDERS: raise ProblemError(f"order {p.order}: orders {ORDERS[0]} to {ORDERS[-1]} are covered by claims")
    n, d = max(p.q.shape[1], *(k.shape[1] for k in p.keys)), p.q.shape[2]
    if not p.rows: raise ProblemError(f"q has shape {p.q.shape}: there is no query row to ask about")
    if n < 2: raise ProblemError("all sequences have one token: there is nothing to weigh")
    ranges = logit_range(p, budget)
    radius = max((half_length(r) for r in ranges), default=Fraction(0))
    entries = [float(abs(a).max()) for a in (p.q, *p.keys)]
    largest = Fraction(d) * abs(Fraction(p.scale))
    for e in entries: largest *= Fraction(e)
    found = [s for item in range(len(p.q)) if (s := sampled_range(p, item, 4 if p.q.shape[0] > 4 else 16))] if search else []
    sampled = (min(lo for lo, _ in found), max(hi for _, hi in found)) if found else None
    exactly = Fraction(p.scale)
    return Question(n, d, p.values[0].shape[2], p.order, error_of(error), bool(gradient), (abs(exactly), abs(exactly)),
                    scale_of(scale, d)[0] if isinstance(scale, str) or scale is None else f"{p.scale:.6g}", None,
                    radius, largest, tuple(ranges), sampled)


def half_length(r: Range) -> Fraction:
    """Half of the length of a range, a little rounded up: a shift of all scores of a row changes nothing."""
    exactly = (Fraction(r.upper) - Fraction(r.lower)) / 2
    return coarse(max(exactly, Fraction(1, FINE)))


def coarse(x: Fraction, bits: int = 10) -> Fraction:
    """x > 0 to about that many bits, upwards."""
    unit = Fraction(2) ** (x.numerator.bit_length() - x.denominator.bit_length() - bits)
    return -(-x // unit) * unit


# ---- reading ----------------------------------------------------------------------------------------------------------

def whole(name: str, given: Any, least: int) -> int:
    try: found = int(str(given).replace("_", "").replace(",", ""))
    except ValueError: found = least - 1
    if not least <= found <= LARGEST: raise ProblemError(f"{name} {str(given):.40}: a whole number of at least {least} is needed")
    return found


def positive(name: str, given: Any) -> Fraction:
    try: found = Fraction(str(given))
    except (ValueError, ZeroDivisionError): found = Fraction(0)
    if not 0 < found < LARGEST: raise ProblemError(f"{name} {str(given):.40}: a positive number is needed, as 0.8 or 4/5")
    return found


def error_of(given: Any) -> Fraction:
    found = positive("error", given)
    if not found < 1: raise ProblemError(f"error {str(given):.40}: a number between 0 and 1 is needed, as 1e-3")
    return found


def scale_of(given: Any, d: int) -> tuple[str, tuple[Fraction, Fraction]]:
    """The scale in words, and from below and above.  Raises ProblemError."""
    text = "1/d" if given is None else str(given)
    if text == "1/d": return text, (Fraction(1, d), Fraction(1, d))
    if text == "1/sqrt(d)":
        below = isqrt(d * FINE * FINE)
        return text, (Fraction(FINE, below + 1), Fraction(FINE, below))
    try: found = abs(Fraction(text))
    except (ValueError, ZeroDivisionError): found = Fraction(0)
    if not 0 < found < LARGEST: raise ProblemError(f"scale {text:.40}: 1/d, 1/sqrt(d), a number or a fraction is needed")
    return text, (found, found)


def parts(order: int) -> Sequence[str]: return ["q", *(f"k{s}" for s in range(1, order + 1))]
