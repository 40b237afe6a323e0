"""The compiled workspace beside NumPy's: a whole gradient of order 2, and its share of a large matrix product.

    OPENBLAS_NUM_THREADS=1 python benchmarks/compiled.py [--n 200000] [--repeats 5] [--quick]

All figures of a line are measured in turn in one run, the best of some repetitions each, in seconds of processor time; ratios
and shares are what can be compared between machines.  Operations are those of the formulas, 2 for each multiplication, for both.
The compiled one takes fewer for slopes, by the chain rule backwards: its share of those that it makes, to be added up in
products, is in brackets; features, of one multiplication each, are in neither.
"""
import argparse
import os
from fractions import Fraction
from functools import partial
from typing import Any

for name in ("OPENBLAS_NUM_THREADS", "OMP_NUM_THREADS", "MKL_NUM_THREADS"): os.environ.setdefault(name, "1")

import numpy as np  # noqa: E402  (threads are read when it is loaded)

from tacheck.numeric import compiled, fast  # noqa: E402
from tacheck.numeric.arrays import Problem  # noqa: E402
from tacheck.numeric.exact import Result  # noqa: E402
from tacheck.numeric.features import rank  # noqa: E402
from tacheck.numeric.timing import SQUARE, Case, best, operations, product  # noqa: E402

CASES = [(2, 1.0, "1e-4", 1), (4, 1.0, "1e-2", 1), (4, 1.0, "1e-4", 1), (4, 1.0, "1e-8", 4), (6, 1.0, "1e-4", 4),
         (8, 1.0, "1e-4", 20), (10, 1.0, "1e-4", 50), (16, 0.5, "1e-2", 50), (32, 0.5, "1e-2", 100)]


def solve(p: Problem, c: Any, setting: str) -> Result:
    """With NumPy ("0") or compiled ("1")."""
    os.environ["TACHECK_COMPILED"] = setting
    return fast.solve(p, c)


def made(p: Problem, g: int) -> float:
    """Operations that the compiled one makes in sums of products."""
    n, m, k, r = p.q.shape[1], 1 + p.values[0].shape[2], p.order, rank(p.q.shape[2], g)
    moments, values, slopes = (k + 1) * r * m, r * m + k * r * (m - 1), (k + 1) * (r * m + 2 * r)
    return 2.0 * n * (moments + values + slopes)


def arrays(found: Result) -> list[Any]:
    assert found.gradient is not None
    return [found.out, found.gradient.q, *found.gradient.keys, *found.gradient.values]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--n", type=int, default=200_000, help="tokens of the first cases; those of larger rank have fewer")
    parser.add_argument("--repeats", type=int, default=5)
    parser.add_argument("--quick", action="store_true", help="d = 4, error 1e-4 alone")
    args = parser.parse_args()
    os.environ["TACHECK_COMPILED"] = "1"
    for dtype in ("float64", "float32"): print(f"{dtype}: {compiled.running(np.dtype(dtype))}; NumPy {np.__version__}")
    print(f"{'d':>3} {'error':>6} {'dtype':>8} {'n':>7} {'r':>6} {'NumPy s':>8} {'C s':>8} {'ratio':>6} {'GEMM Gflop/s':>13} "
          f"{'NumPy share':>12} {'C share':>16} {'difference':>11}")
    for d, bound, error, part in CASES:
        if args.quick and (d, error) != (4, "1e-4"): continue
        for dtype in ("float64", "float32"):
            if error == "1e-8" and dtype == "float32": continue
            case, n = Case(2, d, Fraction(bound), Fraction(error), dtype), args.n // part
            p, P = case.draw(n), case.polynomial()
            one, two = (arrays(solve(p, P.coefficients, setting)) for setting in "01")
            off = max(float(np.abs(a - b).max() / np.abs(a).max()) for a, b in zip(one, two))
            runs = [product(dtype), *(partial(solve, p, P.coefficients, setting) for setting in "01")]
            gemm, plain, fused = best(runs, args.repeats)
            peak, asked = 2 * SQUARE**3 / gemm, operations(p, P.degree)
            print(f"{d:3} {error:>6} {dtype:>8} {n:7} {case.rank():6} {plain:8.4f} {fused:8.4f} {plain / fused:6.2f} "
                  f"{peak / 1e9:13.1f} {asked / plain / peak:12.1%} {asked / fused / peak:8.1%} "
                  f"({made(p, P.degree) / fused / peak:5.1%}) {off:11.1e}", flush=True)


if __name__ == "__main__":
    main()
