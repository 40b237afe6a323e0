"""Evidence for or against an identity: the normaliser's questions answered by search, or a smallest counterexample."""
import random
from collections.abc import Iterator
from fractions import Fraction
from functools import partial
from itertools import product
from typing import Any

from ..kernel.check import Certificate, Identity, terms
from ..kernel.evaluate import evaluate, places
from ..kernel.normal import Impossible, Normaliser, Question
from ..kernel.term import Term, free, sizes, wellformed
from .clock import Deadline
from .entries import Entries
from .floats import Floats
from .labelling import answer

UNDEFINED = (ArithmeticError, ValueError)
LARGEST, TRIES, PLACES, MOST = 3, 6, 3, 400          # sizes up to 3; data sets and places tried at each; assignments in all
PRECISIONS = (40, 80, 160)


def prove(s: Identity, deadline: Deadline) -> Certificate:
    """A certificate that the kernel can replay, a witness that it can evaluate, or the remainder."""
    certificate, equal, assumes = normal_form(s, deadline)
    if not equal: return refute(s, deadline) or certificate
    if assumes and (example := next(examples(s, deadline), None)): certificate["example"] = example
    return certificate


def normal_form(s: Identity, deadline: Deadline) -> tuple[dict[str, Any], bool, bool]:
    """The recorded answers, whether nothing is left over (or can be meant), and whether anything had to be assumed."""
    answers = []

    def ask(normaliser: Normaliser, question: Question) -> Any:
        answers.append(answer(normaliser, question))
        return answers[-1]

    try:
        normaliser = Timed(ask, deadline, [t for r, t in s.assuming if r == "> 0"])
        left = normaliser.difference(s.lhs, s.rhs)
    except Impossible:
        return {"by": "normal form", "answers": answers, "atoms": []}, True, False
    except (*UNDEFINED, RecursionError) as bad:
        return {"by": "nothing", "why": f"no normal form: {bad or type(bad).__name__}"}, False, False
    certificate = {"by": "normal form", "answers": answers, "atoms": normaliser.atoms()}
    return certificate, not left, bool(s.assuming or normaliser.rests_on)


class Timed(Normaliser):
    """The kernel's normaliser, looking at the clock as it spends."""

    def __init__(self, ask: Any, deadline: Deadline, positive: list[Term]):
        self.deadline = deadline
        super().__init__(ask, positive)

    def spend(self) -> None:
        if self.fuel % 64 == 0: self.deadline.check()
        super().spend()


# ---- counterexamples ----------------------------------------------------------------------------------------------

def assignments(s: Identity) -> Iterator[tuple[dict[str, int], Entries, random.Random]]:
    """Sizes from the smallest up, with small rational data, some of it negative."""
    names = sizes(*terms(s))
    grid = product(range(1, LARGEST + 1), repeat=len(names))
    for n, values in enumerate(sorted(grid, key=lambda v: (sum(v), max(v, default=0), v))[:MOST]):
        for k in range(TRIES):
            rng = random.Random(f"{n} {k}")
            yield dict(zip(names, values)), Entries(partial(small, rng, k)), rng


def small(rng: random.Random, spread: int) -> Fraction:
    """A number or a half up to 1 + spread in size; in every third data set, mostly negative."""
    sign = -1 if spread % 3 == 2 and rng.random() < 0.7 else 1
    return Fraction(sign * rng.randint(1, 1 + spread), rng.choice((1, 1, 2)))


def admissible(s: Identity, size: dict[str, int], data: Entries) -> bool:
    """The assumptions hold as far as floats can tell."""
    tests = {"> 0": lambda v: v > 0, ">= 0": lambda v: v >= 0, "!= 0": lambda v: v != 0, "= 0": lambda v: abs(v) < 1e-9}
    return all(r in tests and tests[r](evaluate(t, Floats(), size, data.entry, at))
               for r, t in s.assuming for at in places(free(t), size))


def point(size: dict[str, int], data: Entries, bits: int) -> dict[str, Any]:
    return {"sizes": size, "data": {name: str(q) for name, q in data.items()}, "bits": bits}


def examples(s: Identity, deadline: Deadline) -> Iterator[dict[str, Any]]:
    """Points that satisfy the assumptions, where both sides are defined."""
    for size, data, _ in assignments(s):
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
    for size, data, rng in assignments(s):
        spots = places(free(("add", s.lhs, s.rhs)), size)
        for at in rng.sample(spots, min(PLACES, len(spots))):
            deadline.check()
            try:
                a, b = (evaluate(t, floats, size, data.entry, at) for t in (s.lhs, s.rhs))
                if not abs(a - b) > 1e-12 + 1e-9 * max(abs(a), abs(b)) or not admissible(s, size, data): continue
            except UNDEFINED: continue
            for bits in PRECISIONS:
                witness = {"by": "witness", "at": at} | point(size, data, bits)
                if check(s, witness).status is Status.REFUTED: return witness
    return None


