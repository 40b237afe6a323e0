"""The fast gradient beside public packages and dense torch: ratios measured in one run, and that the results agree.

    OPENBLAS_NUM_THREADS=1 python benchmarks/peers.py [--sizes 64,128,192,256] [--long 2000,20000,100000] [--repeats 5]

Peers: dense tensor attention in torch with autograd; `simplicial-attention` (naive_two_simplicial_attend, with autograd);
`sata-attention` (order 1, Taylor's polynomial, its forward pass).  What is not installed is skipped, with a line that says so.
All run on the CPU, on one thread, in float64, and times are the least processor time of some repetitions, taken in turn.
"""
import argparse
import os
from collections.abc import Callable
from fractions import Fraction
from functools import partial
from importlib.metadata import version
from typing import Any

for name in ("OPENBLAS_NUM_THREADS", "OMP_NUM_THREADS", "MKL_NUM_THREADS"): os.environ.setdefault(name, "1")

import numpy as np  # noqa: E402  (threads are read when it is loaded)

from tacheck.numeric import exact, fast  # noqa: E402
from tacheck.numeric.arrays import Problem, problem  # noqa: E402
from tacheck.numeric.counting import taylor  # noqa: E402
from tacheck.numeric.timing import Case, best  # noqa: E402

Attend = Callable[[Any, list[Any], list[Any]], Any]


def dense(q: Any, keys: list[Any], values: list[Any]) -> Any:
    """All n^3 scores at once, scale 1/d."""
    import torch
    (k1, k2), (v1, v2) = keys, values
    weights = torch.softmax(torch.einsum("ic,jc,lc->ijl", q / q.shape[1], k1, k2).flatten(1), dim=1)
    return torch.einsum("ijl,je,le->ie", weights.reshape(len(q), len(k1), len(k2)), v1, v2)


def simplicial(q: Any, keys: list[Any], values: list[Any]) -> Any:
    """The package's function scales by 1/sqrt(d); with q over sqrt(d), that is 1/d."""
    from simplicial_attention import naive_two_simplicial_attend
    q, *rest = (a[None, None] for a in (q * q.shape[1] ** -0.5, *keys, *values))
    return naive_two_simplicial_attend(q, tuple(rest[:2]), tuple(rest[2:]))[0, 0]


def by_autograd(attend: Attend, p: Problem) -> list[Any]:
    """Output and all gradients, by torch's automatic differentiation."""
    import torch
    q, k1, k2, v1, v2 = leaves = [torch.tensor(a[0], requires_grad=True) for a in (p.q, *p.keys, *p.values)]
    out = attend(q, [k1, k2], [v1, v2])
    assert p.upstream is not None
    out.backward(torch.tensor(p.upstream[0]))
    return [out.detach().numpy(), *(a.grad.numpy() for a in leaves)]


def arrays(found: Any) -> list[Any]: return [found.out, found.gradient.q, *found.gradient.keys, *found.gradient.values]


def off(found: list[Any], wanted: list[Any]) -> float:
    """The largest difference, relative to the largest entry of each array."""
    return max(float(np.abs(a - b).max() / np.abs(b).max()) for a, b in zip(found, wanted, strict=True))


def order_2(args: argparse.Namespace, peers: dict[str, Attend]) -> None:
    """Whole gradients, d = 4."""
    print("\norder 2, d = 4, scores within 1, whole gradients: seconds over those of the fast gradient at error 1e-4")
    print(f"{'n':>6} {'fast ms':>9} {'exact':>9} {' '.join(f'{name:>28}' for name in peers)}")
    case = Case(error=Fraction(1, 10_000))
    c = case.polynomial().coefficients
    for n in args.sizes:
        p = case.draw(n)
        runs = [partial(fast.solve, p, c), partial(exact.solve, p), *(partial(by_autograd, f, p) for f in peers.values())]
        times, wanted = best(runs, args.repeats), arrays(exact.solve(p))
        each = [f"{t / times[0]:8.0f}x (off by {off(by_autograd(f, p), wanted):.0e})" for t, f in zip(times[2:], peers.values())]
        print(f"{n:6} {times[0] * 1e3:9.2f} {times[1] / times[0]:8.1f}x {' '.join(f'{text:>28}' for text in each)}", flush=True)


def order_1(args: argparse.Namespace) -> None:
    """The forward pass of Taylor's polynomial with 5 terms, scale 1/sqrt(d)."""
    import torch
    from sata_attention import SymmetryAwareTaylorApproximatedAttention as Sata
    print("\norder 1, Taylor's polynomial of degree 4, forward: seconds of sata-attention over ours")
    for d in (4, 8):
        for n in args.long:
            random = np.random.default_rng(n)
            q, k, v = (random.standard_normal((n, d)) for _ in range(3))
            p, layer = problem(q, k, v, scale=d ** -0.5), Sata(d, d, False, 5).double()
            given = [torch.tensor(a) for a in (q, k, v)]
            with torch.no_grad():
                ours, theirs = best([partial(fast.solve, p, taylor(4)), partial(layer, *given)], args.repeats)
                apart = off([layer(*given).numpy()], [fast.solve(p, taylor(4)).out])
            print(f"d {d}, n {n:7}: ours {ours * 1e3:8.2f} ms, sata {theirs / ours:6.1f}x, apart by {apart:.0e}", flush=True)


def installed(package: str, module: str) -> bool:
    """Whether the package can be imported; a line if not."""
    try: __import__(module)
    except ImportError as bad:
        print(f"skipped: {package} ({bad}); pip install {package}")
        return False
    print(f"{package} {version(package)}")
    return True


def main() -> None:
    def numbers(text: str) -> list[int]: return [int(n) for n in text.split(",")]
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--sizes", type=numbers, default=[64, 128, 192, 256], help="n of order 2")
    parser.add_argument("--long", type=numbers, default=[2000, 20_000, 100_000], help="n of order 1")
    parser.add_argument("--repeats", type=int, default=5)
    args = parser.parse_args()
    print(f"NumPy {np.__version__}, threads {os.environ['OPENBLAS_NUM_THREADS']}")
    if not installed("torch", "torch"): return
    import torch
    torch.set_num_threads(1)
    peers: dict[str, Attend] = {"dense torch": dense}
    if installed("simplicial-attention", "simplicial_attention"): peers["simplicial-attention"] = simplicial
    order_2(args, peers)
    if installed("sata-attention", "sata_attention"): order_1(args)


if __name__ == "__main__":
    main()
