"""Powers merge before anything expands: these once took minutes."""
from functools import reduce
from time import perf_counter

import pytest

from tacheck.decide import decide
from tacheck.kernel.check import Identity, Status

I, J, K, L = "i:n", "j:n", "k:n", "l:n"  # noqa: E741


def B(i, j): return ("at", "B", i, j)
def total(i, j, t): return ("sum", i, ("sum", j, t))
def sums(indices, t): return reduce(lambda t, i: ("sum", i, t), indices, t)
def trace(cycle): return sums(cycle, ("mul", *(B(i, j) for i, j in zip(cycle, cycle[1:] + cycle[:1]))))


TEN = [f"m{k}:n" for k in range(10)]
CYCLE = [f"c{k}:n" for k in range(8)]
HARD = {
    "the 7th power of a sum": (("pow", total(I, J, B(I, J)), "7"), ("mul", *[total(K, L, B(K, L))] * 7)),
    "ten disconnected factors": (("mul", *[("sum", I, ("mul", ("at", "f", I), ("at", "g", I)))] * 10),
                                 ("pow", ("sum", J, ("mul", ("at", "g", J), ("at", "f", J))), "10")),
    "forty symmetric factors": (("mul", *[total(I, J, ("mul", B(I, J), B(J, I)))] * 40),
                                ("pow", total(K, L, ("mul", B(L, K), B(K, L))), "40")),
    "ten factors under one sum": (sums(TEN, ("mul", *(("at", "f", i) for i in TEN))),
                                  ("pow", ("sum", I, ("at", "f", I)), "10")),
    "the trace of B^8 from another start": (trace(CYCLE), trace(CYCLE[3:] + CYCLE[:3])),
    "a root of a high power": (("pow", ("pow", ("exp", ("at", "s")), "255"), "1/2"),
                               ("exp", ("mul", ("num", "255/2"), ("at", "s")))),
    "a denominator to the 9th": (("pow", ("pow", ("add", ("at", "s"), ("at", "t")), "-1"), "9"),
                                ("pow", ("add", ("at", "t"), ("at", "s")), "-9")),
}


@pytest.mark.parametrize("name", HARD)
def test_it_holds_within_half_a_second(name):
    start = perf_counter()
    verdict = decide(Identity(*HARD[name]), 20)
    assert verdict.status is Status.HOLDS, verdict.why
    assert perf_counter() - start < 0.5
