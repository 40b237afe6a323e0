"""Evidence for or against an identity: the normaliser's questions answered by search, or a smallest counterexample."""
import random
from collections.abc import Iterator
from fractions import Fraction
from itertools import product
from typing import Any

from ..kernel.check import Certificate, Identity, terms
from ..kernel.evaluate import evaluate, places
from ..kernel.normal import Impossible, Normaliser, Question
from ..kernel.term import Term, free, sizes, wellformed
from .clock import Deadline
from .floats import Floats
from .labelling import answer

UNDEFINED = (ArithmeticError, ValueError)
LARGEST, TRIES, PLACES, MOST = 3, 6, 8, 400          # sizes up to 3; data sets and places tried at each; assignments in all
PRECISIONS = (40, 80, 160)


def prove(s: Identity, deadline: Deadline) -> Certificate:
    """A certificate that the kernel can replay, a witness that it can evaluate, or the remainder."""
    certificate, equal = normal_form(s, deadline)
    if equal and s.assuming and (example := next(examples(s, deadline), None)): certificate["example"] = example
    return certificate if equal else refute(s, deadline) or certificate


def normal_form(s: Identity, deadline: Deadline) -> tuple[dict[str, Any], bool]:
    """The recorded answers, and whether nothing is left over (or nothing can satisfy the assumptions)."""
    answers = []

    def ask(normaliser: Normaliser, question: Question) -> Any:
        answers.append(answer(normaliser, question))
        return answers[-1]

    try:
        normaliser = Timed(ask, deadline, [t for r, t in s.assuming if r == "> 0"])
        left = normaliser.difference(s.lhs, s.rhs)
    except Impossible:
        return {"by": "normal form", "answers": answers, "atoms": []}, True
    except (*UNDEFINED, RecursionError) as bad:
        return {"by": "nothing", "why": f"no normal form: {bad or type(bad).__name__}"}, False
    return {"by": "normal form", "answers": answers, "atoms": normaliser.atoms()}, not left


class Timed(Normaliser):
    """The kernel's normaliser, looking at the clock as it spends."""

    def __init__(self, ask: Any, deadline: Deadline, positive: list[Term]):
        self.deadline = deadline
        super().__init__(ask, positive)

    def spend(self) -> None:
        if self.fuel % 64 == 0: self.deadline.check()
        super().spend()


# ---- counterexamples ----------------------------------------------------------------------------------------------

def assignments(s: Identity) -> Iterator[tuple[dict[str, int], "Data"]]:
    """Sizes from the smallest up, with small rational data, some of it negative."""
    names = sizes(*terms(s))
    grid = product(range(1, LARGEST + 1), repeat=len(names))
    for n, values in enumerate(sorted(grid, key=lambda v: (sum(v), max(v, default=0), v))[:MOST]):
        for k in range(TRIES): yield dict(zip(names, values)), Data(random.Random(f"{n} {k}"), k)


class Data(dict[str, Fraction]):
    """Entries drawn when they are first used."""

    def __init__(self, rng: random.Random, spread: int): self.rng, self.spread = rng, spread

    def __missing__(self, entry: str) -> Fraction:
        sign = -1 if self.spread % 3 == 2 and self.rng.random() < 0.7 else 1
        self[entry] = Fraction(sign * self.rng.randint(1, 1 + self.spread), self.rng.choice((1, 1, 2)))
        return self[entry]

    def entry(self, tensor: str, at: tuple[int, ...]) -> Fraction: return self[f"{tensor}[{','.join(map(str, at))}]"]


def admissible(s: Identity, size: dict[str, int], data: Data) -> bool:
    """The assumptions hold as far as floats can tell."""
    tests = {"> 0": lambda v: v > 0, ">= 0": lambda v: v >= 0, "!= 0": lambda v: v != 0, "= 0": lambda v: abs(v) < 1e-9}
    return all(tests[r](evaluate(t, Floats(), size, data.entry, at)) for r, t in s.assuming for at in places(free(t), size))


def point(size: dict[str, int], data: Data, bits: int) -> dict[str, Any]:
    return {"sizes": size, "data": {name: str(q) for name, q in data.items()}, "bits": bits}


def examples(s: Identity, deadline: Deadline) -> Iterator[dict[str, Any]]:
    """Points that satisfy the assumptions, where both sides are defined."""
    for size, data in assignments(s):
        deadline.check()
        try:
            if not admissible(s, size, data): continue
            for at in places(free(("add", s.lhs, s.rhs)), size):
                for t in (s.lhs, s.rhs): evaluate(t, Floats(), size, data.entry, at)
        except UNDEFINED: continue
        yield point(size, data, PRECISIONS[1])


def refute(s: Identity, deadline: Deadline) -> Certificate | None:
    """The smallest sizes and data found where the two sides differ visibly; the kernel encloses the difference."""
    from ..kernel.check import Status, check  # to choose a precision that suffices
    floats = Floats()
    try: wellformed(*terms(s))
    except ValueError: return None
    for size, data in assignments(s):
        spots = places(free(("add", s.lhs, s.rhs)), size)
        for at in data.rng.sample(spots, min(PLACES, len(spots))):
            deadline.check()
            try:
                a, b = (evaluate(t, floats, size, data.entry, at) for t in (s.lhs, s.rhs))
                if not abs(a - b) > 1e-12 + 1e-9 * max(abs(a), abs(b)) or not admissible(s, size, data): continue
            except UNDEFINED: continue
            for bits in PRECISIONS:
                witness = {"by": "witness", "at": at} | point(size, data, bits)
                if check(s, witness).status is Status.REFUTED: return witness
    return None


