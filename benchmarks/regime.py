"""Predicted against measured times of exact and fast attention, and the predicted crossover against the measured one.

    OPENBLAS_NUM_THREADS=1 python benchmarks/regime.py

Prints ratios measured in one run.  Times are the lesser of wall and processor time, the least of some runs.
"""
from dataclasses import replace

from tacheck.numeric.regime.calibration import runner, timed
from tacheck.numeric.regime.costs import Shape

FAST = [(256, 2, 5), (1000, 4, 5), (5000, 4, 6), (700, 8, 4), (20000, 2, 6), (2000, 8, 3), (300, 16, 3), (1500, 32, 2),
        (2000, 64, 2), (600, 16, 4)]
EXACT = [(64, 2), (64, 64), (100, 8), (150, 16), (220, 4), (256, 8), (300, 2), (128, 32), (200, 4), (90, 4)]
CROSSING = [(2, 6), (4, 6), (8, 4)]                                  # d and degree


def seconds(s: Shape, fast: bool) -> float:
    run = runner(s, "fast as it comes" if fast else "exact")
    least = min(run() for _ in range(5))
    return min([least, *(run() for _ in range(40 if least < 0.004 else 0))])


def measured(s: Shape) -> float:
    """The n at which both take the same time, by bisection."""
    low, high = 4, 2048
    while high / low > 1.03:
        n = round((low * high) ** 0.5)
        if n in (low, high): break
        at = replace(s, n=n)
        low, high = (low, n) if seconds(at, True) < seconds(at, False) else (n, high)
    return (low * high) ** 0.5


def main() -> None:
    machine = timed()
    print(machine.made)
    ratios = []
    for fast, shapes in ((True, [Shape(n, d, d, 2, g) for n, d, g in FAST]), (False, [Shape(n, d, d, 2, 1) for n, d in EXACT])):
        for s in shapes:
            took, said = seconds(s, fast), machine.fast(s) if fast else machine.exact(s)
            ratios.append(said / took)
            name = f"fast, degree {s.degree}" if fast else "exact"
            print(f"{name:<16} n = {s.n:>6} d = {s.d:>3}   measured {took:.3e} s   predicted/measured {said / took:.2f}")
    inside = sum(1 / 1.5 <= r <= 1.5 for r in ratios)
    print(f"{inside} of {len(ratios)} within a factor 1.5; worst {max(max(r, 1 / r) for r in ratios):.2f}")
    for d, g in CROSSING:
        s = Shape(1, d, d, 2, g)
        said, found = machine.crossover(s), measured(s)
        print(f"crossover d = {d}, degree {g}: predicted {said}, measured {found:.0f}, ratio {said / found:.2f}")


if __name__ == "__main__": main()
