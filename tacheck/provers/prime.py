"""A second opinion on an identity: dual numbers modulo primes, where exp is a true homomorphism.

A Cunningham chain q, 2q + 1, 4q + 3 of primes: exp(x) := 4^x modulo p = 2q + 1, where the exponent x is read modulo q.
The order of 4 is q, so exp(x + y) = exp(x) exp(y), for rational x too; a nested exp goes down the chain.  A root is the
one that is itself a square, so sqrt(exp(x)) = exp(x / 2).  log is an arbitrary function with derivative 1/x: where that does
not suffice, intervals of 60 digits decide.  Shares no line with the normaliser.
"""
import random
from collections.abc import Callable
from dataclasses import dataclass
from fractions import Fraction
from functools import partial
from hashlib import sha256
from math import prod
from typing import Any

from ..indices import FreeIndices
from ..kernel.bounds import Intervals
from ..kernel.check import Identity, terms
from ..kernel.evaluate import evaluate, places
from ..kernel.term import dim, free, sizes, subterms
from .clock import Deadline
from .entries import Entries
from .identity import small

CHAIN = (1152921504606975647, 576460752303487823, 288230376151743911)
DIGITS, BITS = 60, 280
TRIES, COST = 12, 4_000                 # data sets tried at one size; evaluations that one size may cost


@dataclass(frozen=True)
class Opinion:
    """What another way of computing says: by what, at which sizes, whether the sides agree, and whose word it is."""
    by: str
    sizes: dict[str, int]
    equal: bool


class Prime:
    """The field modulo CHAIN[level]; exponents are read one level below."""

    def __init__(self, level: int): self.p, self.level = CHAIN[level], level

    def num(self, q: Fraction) -> int: return q.numerator * pow(q.denominator, -1, self.p) % self.p
    def add(self, a: int, b: int) -> int: return (a + b) % self.p
    def mul(self, a: int, b: int) -> int: return a * b % self.p

    def pow(self, a: int, q: Fraction) -> int:
        if q.denominator not in (1, 2): raise ValueError("only square roots are taken")
        if q.denominator == 2:
            if pow(a, (self.p - 1) // 2, self.p) != 1: raise ValueError("not a square")
            a = pow(a, (self.p + 1) // 4, self.p)
        return pow(a, q.numerator, self.p)

    def exp(self, argument: Callable[[Any], int]) -> int:
        if self.level + 1 == len(CHAIN): raise ValueError("exp is nested too deep")
        return pow(4, argument(FIELDS[self.level + 1]), self.p)

    def log(self, a: int) -> int: return int.from_bytes(sha256(str(a).encode()).digest()) % self.p


FIELDS = [Prime(level) for level in range(len(CHAIN))]


def opinions(s: Identity, deadline: Deadline, wanted: int = 2) -> list[Opinion]:
    """What dual numbers modulo a 61-bit prime (or intervals of 60 digits) say, at `wanted` sizes, none of them 1 if it can be.

    An equation that nothing evaluates, or whose assumptions are equations, gets fewer opinions, or none.
    """
    if any(relation == "= 0" for relation, _ in s.assuming): return []
    has_log = any(x[0] == "log" for t in terms(s) for x in subterms(t))
    found: list[Opinion] = []
    for size in settings(s):
        if len(found) == wanted: break
        by, verdict = "dual numbers mod p", modulo(s, size, deadline)
        if has_log and not verdict: by, verdict = f"{DIGITS} digits", by_intervals(s, size, deadline)
        if verdict is not None: found.append(Opinion(by, size, verdict))
    return found


def settings(s: Identity) -> list[dict[str, int]]:
    """Sizes to compute at: 2 everywhere, then one dimension larger, then one smaller; the affordable ones."""
    names = sizes(*terms(s))
    candidates = [dict.fromkeys(names, 2)]
    candidates += [dict.fromkeys(names, 2) | {n: k} for k in (3, 1) for n in reversed(names)]
    return [size for size in candidates if cost(s, size) <= COST]


def cost(s: Identity, size: dict[str, int]) -> int:
    """How often a subterm is evaluated, with memory."""
    indices, known = FreeIndices(), {id(x): x for t in (s.lhs, s.rhs) for x in subterms(t)}
    return sum(prod(size[dim(i)] for i in indices(x)) for x in known.values())


def modulo(s: Identity, size: dict[str, int], deadline: Deadline) -> bool | None:
    """Do the sides agree modulo p, at a random place and data?  None if nothing could be evaluated."""
    rng, spots = random.Random(f"{sorted(size.items())}"), places(free(("add", s.lhs, s.rhs)), size)
    power = 2 if any(relation == "> 0" for relation, _ in s.assuming) else 1        # modulo p, squares stand for the positive
    for _ in range(TRIES):
        deadline.check()
        data, at = Entries(lambda: Fraction(rng.randrange(1, 2 ** 48) ** power)), rng.choice(spots)
        try: a, b = (evaluate(t, FIELDS[0], size, data.entry, at) for t in (s.lhs, s.rhs))
        except (ValueError, ArithmeticError): continue               # a root of what is no square, or a division by 0
        return bool(a == b)
    return None


def by_intervals(s: Identity, size: dict[str, int], deadline: Deadline) -> bool | None:
    """Do the sides agree to 60 digits, at a place and data where both are defined?"""
    field, spots = Intervals(BITS), places(free(("add", s.lhs, s.rhs)), size)
    for k in range(TRIES):
        deadline.check()
        rng = random.Random(f"{sorted(size.items())} {k}")
        data, at = Entries(partial(small, rng, 1)), rng.choice(spots)
        try: (a, b), (c, d) = (evaluate(t, field, size, data.entry, at) for t in (s.lhs, s.rhs))
        except (ValueError, ArithmeticError): continue
        if b < c or d < a: return False
        if max(b, d) - min(a, c) <= Fraction(1, 10 ** DIGITS): return True
    return None
