"""The fast path's gradient: against exact, against this machine's matrix product, over n, and its memory.

    OPENBLAS_NUM_THREADS=1 python benchmarks/fast.py [--part PART] [--n 1000000] [--repeats 5]

All figures of a line are measured in turn in one run, the best of some repetitions each, in seconds of processor time; ratios
and shares are what can be compared between machines.  Operations are those that the products need, 2 m n k each.
"""
import argparse
import os
import subprocess
import sys
from fractions import Fraction
from pathlib import Path
from typing import Any

for name in ("OPENBLAS_NUM_THREADS", "OMP_NUM_THREADS", "MKL_NUM_THREADS"): os.environ.setdefault(name, "1")

import numpy as np  # noqa: E402  (threads are read when it is loaded)

from tacheck.numeric import exact, fast, timing  # noqa: E402
from tacheck.numeric.arrays import Problem, problem  # noqa: E402
from tacheck.numeric.door import solve  # noqa: E402
from tacheck.numeric.plan import meet  # noqa: E402
from tacheck.numeric.timing import Case, best, operations  # noqa: E402

GRID = [(d, B, error) for error in (1e-2, 1e-4, 1e-8) for B in (0.5, 1.0, 2.0) for d in (2, 3, 4, 6, 8)]


def draw(n: int, d: int, B: float = 1.0, dtype: str = "float64", order: int = 2, **options: Any) -> Problem:
    """Uniform entries, scores of at most B."""
    random = np.random.default_rng(n + d)
    def draw(size: float = 1.0) -> Any: return random.uniform(-size, size, (n, d)).astype(dtype)
    return problem(draw(B), [draw() for _ in range(order)], [draw() for _ in range(order)], upstream=draw(), **options)


def speed(args: argparse.Namespace) -> None:
    """Seconds at n, and the share of the best rate of a large matrix product."""
    print(f"{'d':>3} {'error':>7} {'dtype':>8} {'g':>3} {'r':>6} {'forward s':>10} {'gradient s':>10} "
          f"{'GEMM Gflop/s':>13} {'share':>6}")
    for d, error, n in ((2, 1e-4, args.n), (4, 1e-2, args.n), (4, 1e-4, args.n), (4, 1e-8, args.n // 4), (6, 1e-4, args.n // 4),
                        (8, 1e-4, args.n // 16)):
        for dtype in ("float64", "float32"):
            if error < 1e-6 and dtype == "float32": continue
            p, square = draw(n, d, dtype=dtype), np.random.default_rng(0).normal(size=(1024, 1024)).astype(dtype)
            plan = meet(p, Fraction(error), True, 10**6)
            c, q = plan.polynomial.coefficients, problem(p.q[0], [k[0] for k in p.keys], [v[0] for v in p.values])
            runs = [lambda: square @ square, lambda: fast.solve(q, c), lambda: fast.solve(p, c, kind=plan.kind)]  # noqa: B023
            gemm, forward, full = best(runs, args.repeats)
            g, peak = plan.polynomial.degree, 2 * 1024**3 / gemm
            print(f"{d:3} {error:7.0e} {dtype:>8} {g:3} {plan.rank:6} {forward:10.3f} {full:10.3f} {peak / 1e9:13.1f} "
                  f"{operations(p, g) / full / peak:6.1%}" + (f"   (n = {n})" if n != args.n else ""), flush=True)


def accuracy(args: argparse.Namespace) -> None:
    """On the grid: each gradient's error, relative to its largest entry, and the certified bound."""
    print(f"{'d':>3} {'B':>4} {'error':>7} {'g':>3} {'r':>6} {'worst error':>12} {'over error':>10} {'bound kept':>10}")
    for d, B, error in GRID:
        p = draw(48, d, B)
        plan = meet(p, Fraction(error), True, 10**9)
        if plan.rank > 20_000: continue
        found, bound = solve(p, error, "fast", 10**9)
        wanted = exact.solve(p)
        assert found.gradient and wanted.gradient and bound and bound.gradients
        pairs = [(found.out, wanted.out), *((a, b) for x, y in zip(found.gradient, wanted.gradient)
                                            for a, b in (zip(x, y) if isinstance(x, tuple) else [(x, y)]))]
        off = [float(np.abs(a - b).max()) for a, b in pairs]
        relative = max(x / float(np.abs(b).max()) for x, (_, b) in zip(off, pairs))
        kept = all(x <= y + 1e-13 for x, y in zip(off, (bound.output, *bound.gradients.values())))
        print(f"{d:3} {B:4} {error:7.0e} {plan.polynomial.degree:3} {plan.rank:6} {relative:12.2e} {relative / error:10.2f} "
              f"{kept!s:>10}")


def crossover(args: argparse.Namespace) -> None:
    """From which n on the fast gradient takes less time than our exact one, and how many times less at 512 and 1024."""
    print(f"{'d':>3} {'B':>4} {'error':>7} {'r':>6} {'wins from n':>12} {'at 512':>8} {'at 1024':>8}     (exact over fast)")
    for d, B, error in (*((d, "1", e) for d in (2, 4, 8) for e in ("1e-2", "1e-4")), (4, "1", "1e-8"), (8, "1/2", "1e-4"),
                        (16, "1/2", "1e-2"), (32, "1/2", "1e-2")):
        case = Case(2, d, Fraction(B), Fraction(error))
        wins, at = timing.crossover(case, args.repeats), [timing.ratio(case, n, args.repeats) for n in (512, 1024)]
        print(f"{d:3} {B:>4} {error:>7} {case.rank():6} {wins or 'never':>12} {at[0]:8.4g} {at[1]:8.4g}", flush=True)


def whole(args: argparse.Namespace) -> None:
    """Everything that a call does, d = 4, error 1e-4: over the run alone, with the plan, and with the plan and the bounds."""
    for n in (64, 256, 1024, 8192, 65_536):
        p = draw(n, 4)
        c = meet(p, Fraction(1, 10_000), True, 10**6).polynomial.coefficients
        runs = [lambda: fast.solve(p, c), lambda: solve(p, "1e-4", "fast", bound=False), lambda: solve(p, "1e-4", "fast"),  # noqa: B023
                lambda: exact.solve(p)][:4 if n < 1024 else 3]       # noqa: B023
        alone, *more = best(runs, args.repeats)
        print(f"n {n:6}: run alone {alone * 1e3:8.2f} ms; with plan {more[0] / alone:.2f}x, with bounds {more[1] / alone:.2f}x"
              + (f", exact {more[2] / alone:.2f}x" if more[2:] else ""), flush=True)


def slope(args: argparse.Namespace) -> None:
    """The exponent of n in the time of the whole gradient, d = 4, by least squares with its 95 % interval."""
    fast_sizes, exact_sizes, case = [10_000, 30_000, 100_000, 300_000, 1_000_000, 3_000_000], [256, 384, 512, 768, 1024], Case()
    for name, sizes, times in (("fast", fast_sizes, timing.fast_times(case, fast_sizes, args.repeats)[0]),
                               ("exact", exact_sizes, timing.exact_times(case, exact_sizes, 2))):
        e = timing.exponent(sizes, times)
        print(f"{name:>5}: {', '.join(f'{n}: {t:.3g} s' for n, t in zip(sizes, times))}: n^{e.slope:.3f} "
              f"({e.lower:.3f} to {e.upper:.3f})", flush=True)


def memory(args: argparse.Namespace) -> None:
    """Beyond inputs, results and libraries: what NumPy allocates, and the growth of the process, each in a process of its own."""
    for dtype in ("float64", "float32"):
        for bound in (False, True):
            code = f"import sys; sys.path.insert(0, '.'); import benchmarks.fast as b; b.peak({args.n}, '{dtype}', {bound})"
            subprocess.run([sys.executable, "-c", code], check=True)


def peak(n: int, dtype: str, bound: bool) -> None:
    """In this process."""
    p, few = draw(n, 4, dtype=dtype), draw(100, 4, dtype=dtype)
    solve(few, 1e-4, "fast")                                         # what is loaded or made once
    Path("/proc/self/clear_refs").write_text("5")                    # Linux: the peak is counted from here
    before = resident("VmRSS")
    found = solve(p, 1e-4, "fast", bound=bound)[0]
    grown, c = resident("VmHWM") - before, meet(p, Fraction(1, 10_000), True, 10**6).polynomial.coefficients
    assert found.gradient
    results = sum(a.nbytes for a in (found.out, found.logsumexp, found.gradient.q, *found.gradient.keys, *found.gradient.values))
    print(f"{dtype}, n = {n}, d = 4, error 1e-4: the run allocates {timing.extra_bytes(p, c) / 1e6:.1f} MB beyond its results of "
          f"{results / 1e6:.0f} MB; with the plan{' and the bounds' * bound} the process grew by {grown / 1e6:.0f} MB in all")


def resident(what: str) -> int:
    """Bytes of this process in memory, now (VmRSS) or at most (VmHWM)."""
    lines = Path("/proc/self/status").read_text().splitlines()
    return int(next(line.split()[1] for line in lines if line.startswith(what))) * 1024


def causal(args: argparse.Namespace) -> None:
    """Microseconds a row, causal and in a window, forward and gradient."""
    n = 4000
    for d, error, dtype in ((2, 1e-4, "float64"), (4, 1e-4, "float64"), (4, 1e-4, "float32")):
        for options in ({"causal": True}, {"window": 1000}):
            p: Any = draw(n, d, dtype=dtype, **options)
            q = problem(p.q[0], [k[0] for k in p.keys], [v[0] for v in p.values], **options)
            c = meet(p, Fraction(error), True, 10**6).polynomial.coefficients
            times = best([lambda: fast.solve(q, c), lambda: fast.solve(p, c)], args.repeats)  # noqa: B023
            forward, full = (t / n * 1e6 for t in times)
            print(f"d {d}, {error:g}, {dtype}, {options}: {forward:.1f} us forward, {full:.1f} us gradient")


PARTS = {"speed": speed, "accuracy": accuracy, "crossover": crossover, "whole": whole, "slope": slope,
         "memory": memory, "causal": causal}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--part", default="all", choices=[*PARTS, "all"])
    parser.add_argument("--n", type=int, default=1_000_000)
    parser.add_argument("--repeats", type=int, default=5)
    args = parser.parse_args()
    print(f"threads {os.environ['OPENBLAS_NUM_THREADS']}, NumPy {np.__version__}, order 2, d = dv, B = 1 unless said")
    for name, run in PARTS.items():
        if args.part not in (name, "all"): continue
        print(f"\n{name}: {run.__doc__}")
        run(args)


if __name__ == "__main__":
    main()
