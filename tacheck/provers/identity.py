"""Evidence for or against an identity: the normaliser's questions answered by search, or a smallest counterexample."""
import random
from collections import Counter
from collections.abc import Iterator
from fractions import Fraction
from functools import partial
from itertools import product
from typing import Any

from ..kernel.check import Certificate, Identity, Inequality, Status, check, terms
from ..kernel.evaluate import evaluate, places
from ..kernel.normal import Impossible, Normaliser, Question
from ..kernel.term import Term, dim, free, sizes, wellformed
from .clock import Deadline
from .entries import Entries
from .floats import Floats
from .labelling import answer

UNDEFINED = (ArithmeticError, ValueError)
LARGEST, MOST = 3, 400                               # sizes up to 3; combinations of sizes in all
PASSES = ((2, 1), (6, 3))                            # data sets at each size, places for each: a quick pass, a thorough one
PRECISIONS = (40, 80, 160)


def prove(s: Identity, deadline: Deadline) -> Certificate:
    """A certificate that the kernel can replay, a witness that it can evaluate, or the remainder."""
    certificate, equal, assumes = normal_form(s, deadline)
    if not equal: return refute(s, deadline) or certificate
    if assumes and (example := next(examples(s, deadline), None)): certificate["example"] = example
    return certificate


def normal_form(s: Identity | Inequality, deadline: Deadline, form: Term = ()) -> tuple[dict[str, Any], bool, bool]:
    """The recorded answers, whether nothing is left over (or can be meant), and whether anything had to be assumed.

    form: what lhs - rhs is to be, if not 0; the sides are then read twice, as the kernel does.
    """
    answers = []

    def ask(normaliser: Normaliser, question: Question) -> Any:
        answers.append(answer(normaliser, question))
        return answers[-1]

    try:
        normaliser = Timed(ask, deadline, [t for r, t in s.assuming if r == "> 0"])
        left = normaliser.difference(s.lhs, s.rhs)
        if form: left = normaliser.difference(s.lhs, ("add", s.rhs, form))
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

def assignments(s: Identity | Inequality, tries: int) -> Iterator[tuple[dict[str, int], Entries, random.Random]]:
    """Sizes from the smallest up, each with so many sets of small rational data, some of it negative."""
    names = sizes(*terms(s))
    grid = product(range(1, LARGEST + 1), repeat=len(names))
    for n, values in enumerate(sorted(grid, key=lambda v: (sum(v), max(v, default=0), v))[:MOST]):
        for k in range(tries if names else 50 * tries):              # scalars alone: many points in place of many sizes
            rng = random.Random(f"{n} {k}")
            yield dict(zip(names, values)), Entries(partial(small, rng, k if names else k % 6)), rng


def small(rng: random.Random, spread: int) -> Fraction:
    """A number or a half up to 1 + spread in size; in every third data set, mostly negative."""
    sign = -1 if spread % 3 == 2 and rng.random() < 0.7 else 1
    return Fraction(sign * rng.randint(1, 1 + spread), rng.choice((1, 1, 2)))


def admissible(s: Identity | Inequality, size: dict[str, int], data: Entries) -> bool:
    """The assumptions hold as far as floats can tell."""
    tests = {"> 0": lambda v: v > 0, ">= 0": lambda v: v >= 0, "!= 0": lambda v: v != 0, "= 0": lambda v: abs(v) < 1e-9}
    return all(r in tests and tests[r](evaluate(t, Floats(), size, data.entry, at))
               for r, t in s.assuming for at in places(free(t), size))


def point(size: dict[str, int], data: Entries, bits: int) -> dict[str, Any]:
    return {"sizes": size, "data": {name: str(q) for name, q in data.items()}, "bits": bits}


def examples(s: Identity | Inequality, deadline: Deadline) -> Iterator[dict[str, Any]]:
    """Points that satisfy the assumptions, where both sides are defined."""
    for size, data, _ in assignments(s, PASSES[-1][0]):
        deadline.check()
        try:
            if not admissible(s, size, data): continue
            for at in places(free(("add", s.lhs, s.rhs)), size):
                for t in (s.lhs, s.rhs): evaluate(t, Floats(), size, data.entry, at)
        except UNDEFINED: continue
        yield point(size, data, PRECISIONS[1])


def refute(s: Identity | Inequality, deadline: Deadline) -> Certificate | None:
    """The smallest sizes and data found where the statement visibly fails; the kernel encloses the difference."""
    try: wellformed(*terms(s))
    except ValueError: return None
    return next((w for tries, spots in PASSES for w in differences(s, tries, spots, deadline)), None)


def spread(indices: tuple[str, ...], size: dict[str, int]) -> dict[str, int]:
    """A place where indices over one dimension differ, as far as they can."""
    seen, place = Counter[str](), {}
    for i in indices:
        place[i] = seen[dim(i)] % size[dim(i)]
        seen[dim(i)] += 1
    return place


def differences(s: Identity | Inequality, tries: int, spots: int, deadline: Deadline) -> Iterator[dict[str, Any]]:
    """Witnesses that the kernel accepts, from the smallest sizes up, at so many places for each set of data."""
    floats, indices = Floats(), free(("add", s.lhs, s.rhs))
    for size, data, rng in assignments(s, tries):
        everywhere = places(indices, size)
        for at in [spread(indices, size), *rng.sample(everywhere, min(spots, len(everywhere)))][:spots]:
            deadline.check()
            try:
                a, b = (evaluate(t, floats, size, data.entry, at) for t in (s.lhs, s.rhs))
                gap = b - a if isinstance(s, Inequality) else abs(a - b)
                if not gap > 1e-12 + 1e-9 * max(abs(a), abs(b)) or not admissible(s, size, data): continue
            except UNDEFINED: continue
            for bits in PRECISIONS:
                witness = {"by": "witness", "at": at} | point(size, data, bits)
                if check(s, witness).status is Status.REFUTED: yield witness


