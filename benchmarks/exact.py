"""Exact attention and its gradient: time per tuple against this machine's matrix product, memory, and the slope over n.

    OPENBLAS_NUM_THREADS=1 python benchmarks/exact.py [--sizes 128,256,512] [--d 4] [--order 2] [--dtype float64] [--rows 64]

Prints nanoseconds per n^(order+1), the best rate of a large matrix product in the same minute, their product (how many
operations of the matrix product one tuple costs: comparable between machines), and the memory beyond the arrays.  Only
`--rows` query rows are run where n is larger: the cost is the same for each.
"""
import argparse
import os
import tracemalloc
from collections.abc import Callable
from functools import partial
from math import log
from time import perf_counter
from typing import Any

for name in ("OPENBLAS_NUM_THREADS", "OMP_NUM_THREADS", "MKL_NUM_THREADS"): os.environ.setdefault(name, "1")

import numpy as np  # noqa: E402  (threads are read when it is loaded)

from tacheck.numeric.door import attention, gradient  # noqa: E402

REFERENCE = 2.6 * 75                                                 # operations per tuple: 2.6 ns at 75 Gflop/s, order 2, d = 4


def best(run: Callable[[], object], repeats: int) -> float:
    """The smallest of several times, in seconds: what else the machine does only adds."""
    times = []
    for _ in range(repeats):
        start = perf_counter()
        run()
        times.append(perf_counter() - start)
    return min(times)


def extra_memory(run: Callable[[], object]) -> int:
    """The peak of what NumPy allocates meanwhile, in bytes."""
    tracemalloc.start()
    run()
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    return peak


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--sizes", default="128,256,512,1024", help="values of n")
    parser.add_argument("--d", type=int, default=4)
    parser.add_argument("--order", type=int, default=2)
    parser.add_argument("--dtype", default="float64", choices=["float32", "float64"])
    parser.add_argument("--rows", type=int, default=64, help="query rows that are run")
    parser.add_argument("--repeats", type=int, default=5)
    args = parser.parse_args()
    sizes, k = [int(n) for n in args.sizes.split(",")], args.order
    square: Any = np.random.default_rng(0).normal(size=(1024, 1024)).astype(args.dtype)

    print(f"order {k}, d = dv = {args.d}, {args.dtype}, threads {os.environ['OPENBLAS_NUM_THREADS']}, NumPy {np.__version__}")
    print(f"{'n':>6} {'forward':>10} {'gradient':>10} {'GEMM':>12} {'gradient x GEMM':>16} {'of n d':>12} {'extra':>10}")
    print(f"{'':>6} {f'ns/n^{k + 1}':>10} {f'ns/n^{k + 1}':>10} {'Gflop/s':>12} {'flops/tuple':>16} {'MB':>12} {'MB':>10}")
    seconds = []
    for n in sizes:
        random, rows = np.random.default_rng(n), min(n, args.rows)
        q, g = (random.uniform(-1, 1, (rows, args.d)).astype(args.dtype) for _ in range(2))
        keys, values = ([random.uniform(-1, 1, (n, args.d)).astype(args.dtype) for _ in range(k)] for _ in range(2))
        forward, full = partial(attention, q, keys, values), partial(gradient, q, keys, values, upstream=g)
        peak, times = 0.0, [np.inf, np.inf]
        for _ in range(args.repeats):                                # interleaved, so that all meet the same neighbours
            peak = max(peak, 2 * 1024**3 / best(lambda: square @ square, 2) / 1e9)
            times = [min(t, best(run, 1)) for t, run in zip(times, (forward, full))]
        tuples, extra = rows * n**k, extra_memory(full)
        seconds.append(times[1] / rows * n)
        forward_ns, full_ns = (t / tuples * 1e9 for t in times)
        print(f"{n:6} {forward_ns:10.2f} {full_ns:10.2f} {peak:12.1f} {full_ns * peak:16.0f} "
              f"{sum(a.nbytes for a in (q, g, *keys, *values)) / 1e6:12.2f} {extra / 1e6:10.2f}")
    if len(sizes) > 1:
        slope = log(seconds[-1] / seconds[0]) / log(sizes[-1] / sizes[0])
        print(f"slope of the whole gradient's time over n: {slope:.2f} (the count of tuples alone has {k + 1})")
    if (k, args.d, args.dtype) == (2, 4, "float64"):
        print(f"reference: {REFERENCE:.0f} flops/tuple (2.6 ns beside a matrix product of 75 Gflop/s)")


if __name__ == "__main__":
    main()
