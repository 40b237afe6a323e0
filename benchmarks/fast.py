"""The fast path's gradient: against exact, against this machine's matrix product, over n, and its memory.

    OPENBLAS_NUM_THREADS=1 python benchmarks/fast.py [--part speed|crossover|slope|memory|causal|all] [--n 1000000] [--repeats 5]

All figures of a line are measured in turn in one run, the best of some repetitions each, in seconds of processor time; ratios
and shares are what can be compared between machines.  Operations are those that the products need, 2 m n k each.
"""
import argparse
import os
import resource
import subprocess
import sys
import tracemalloc
from collections.abc import Callable
from fractions import Fraction
from math import log
from time import process_time
from typing import Any

for name in ("OPENBLAS_NUM_THREADS", "OMP_NUM_THREADS", "MKL_NUM_THREADS"): os.environ.setdefault(name, "1")

import numpy as np  # noqa: E402  (threads are read when it is loaded)

from tacheck.numeric import exact, fast  # noqa: E402
from tacheck.numeric.arrays import Problem, problem  # noqa: E402
from tacheck.numeric.door import gradient, solve  # noqa: E402
from tacheck.numeric.features import rank  # noqa: E402
from tacheck.numeric.plan import meet  # noqa: E402

GRID = [(d, B, error) for error in (1e-2, 1e-4, 1e-8) for B in (0.5, 1.0, 2.0) for d in (2, 3, 4, 6, 8)]


def draw(n: int, d: int, B: float = 1.0, dtype: str = "float64", order: int = 2, **options: Any) -> Problem:
    """Uniform entries, scores of at most B."""
    random = np.random.default_rng(n + d)
    def draw(size: float = 1.0) -> Any: return random.uniform(-size, size, (n, d)).astype(dtype)
    return problem(draw(B), [draw() for _ in range(order)], [draw() for _ in range(order)], upstream=draw(), **options)


def best(runs: list[Callable[[], object]], repeats: int) -> list[float]:
    """The least processor time of each, taken in turn so that all meet the same neighbours."""
    found = [float("inf")] * len(runs)
    for _ in range(repeats):
        for i, run in enumerate(runs):
            start = process_time()
            run()
            found[i] = min(found[i], process_time() - start)
    return found


def operations(p: Problem, g: int) -> float:
    """Of the matrix products of a whole gradient."""
    (_, n, d), m, k = p.q.shape, 1 + p.values[0].shape[2], p.order
    r, below = rank(d, g), rank(d, g - 1)
    return float(n) * 2 * (k * r * m + 2 * r * m + k * r * (m - 1) + (k + 1) * below * d * m)


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
    """How many times faster than exact, and from which n on."""
    sizes = [16, 24, 32, 48, 64, 96, 128, 192, 256, 384, 512, 1024]
    print(f"{'d':>3} {'B':>4} {'error':>7} {'r':>6} {'wins from n':>12} {'at 512':>8} {'at 1024':>8}     (exact over fast)")
    for d, B, error in ((2, 1, 1e-4), (4, 1, 1e-2), (4, 1, 1e-4), (8, 1, 1e-2), (8, 1, 1e-4), (4, 1, 1e-8), (8, 0.5, 1e-4),
                        (16, 0.5, 1e-2), (32, 0.5, 1e-2)):
        wins, ratio, r = None, {}, 0
        for n in sizes:
            p = draw(n, d, B)
            plan = meet(p, Fraction(error), True, 10**6)
            assert p.upstream is not None
            r, part = plan.rank, n > 32                              # exact's rows all cost the same: 32 of them
            few = problem(p.q[0, :32], [k[0] for k in p.keys], [v[0] for v in p.values], upstream=p.upstream[0, :32])
            c = plan.polynomial.coefficients
            slow, quick = best([lambda: exact.solve(few if part else p), lambda: fast.solve(p, c)], args.repeats)  # noqa: B023
            ratio[n] = slow * (n / 32 if part else 1) / quick
            if ratio[n] > 1 and wins is None: wins = n
            if ratio[n] <= 1: wins = None
        print(f"{d:3} {B:4} {error:7.0e} {r:6} {wins or 'never':>12} {ratio[512]:8.1f} {ratio[1024]:8.1f}", flush=True)


def slope(args: argparse.Namespace) -> None:
    """The exponent of n in the time: neighbours, and the least squares line."""
    sizes, times = [10_000, 30_000, 100_000, 300_000, 1_000_000, 3_000_000], []
    for n in sizes:
        p = draw(n, 4)
        c = meet(p, Fraction(1e-4), True, 10**6).polynomial.coefficients
        times += best([lambda: fast.solve(p, c)], args.repeats)      # noqa: B023
        print(f"n {n:8}: {times[-1]:8.3f} s", flush=True)
    line = np.polyfit(np.log(sizes), np.log(times), 1)[0]
    print(f"slope over all {line:.3f}, from the first to the last {log(times[-1] / times[0]) / log(sizes[-1] / sizes[0]):.3f}")


def memory(args: argparse.Namespace) -> None:
    """Beyond inputs, results and libraries: what NumPy allocates, and the growth of the process."""
    for dtype in ("float64", "float32"):
        code = (f"import sys; sys.path.insert(0, '.'); sys.argv = ['']; import benchmarks.fast as b; b.peak({args.n}, '{dtype}')")
        subprocess.run([sys.executable, "-c", code], check=True)


def peak(n: int, dtype: str) -> None:
    """In a process of its own."""
    p = draw(n, 4, dtype=dtype)
    assert p.upstream is not None
    g = p.upstream[0]
    def run(n: int) -> Any:
        return gradient(p.q[0, :n], [k[0, :n] for k in p.keys], [v[0, :n] for v in p.values], upstream=g[:n],
                        error=1e-4, method="fast")
    run(100)                                                         # libraries, polynomials and tables
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    found = run(n)
    grown = (resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before) * 1024
    results = sum(a.nbytes for a in (found.q, *found.keys, *found.values))
    tracemalloc.start()
    run(n)
    traced = tracemalloc.get_traced_memory()[1]
    print(f"{dtype}, n = {n}, d = 4, error 1e-4: {(traced - results) / 1e6:.0f} MB beyond results, "
          f"process grew by {(grown - results) / 1e6:.0f} MB beyond results")


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


PARTS = {"speed": speed, "accuracy": accuracy, "crossover": crossover, "slope": slope, "memory": memory, "causal": causal}


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
