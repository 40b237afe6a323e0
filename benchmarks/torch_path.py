"""Tensor attention on torch tensors beside dense torch, on the same device: forward and all gradients, float32.

    OMP_NUM_THREADS=1 python benchmarks/torch_path.py [--device cpu|cuda] [--d 4] [--error 1e-3] [--largest 100000] [--repeats 3]

Dense torch: every weight in memory, by einsum and torch's own differentiation, as long as they fit.  Times of a line are taken
in turn in one run, the best of some repetitions each; ratios are what can be compared between machines.  Errors are those of
the gradients against dense torch in double precision, relative to the largest entry of each.
"""
import argparse
from collections.abc import Callable
from time import perf_counter
from typing import Any

import torch

from tacheck.numeric.torch import tensor_attention

FITS = {"cpu": 1 << 26, "cuda": 1 << 31}                             # weights of dense torch


def dense(q: Any, keys: list[Any], values: list[Any]) -> Any:
    """Order 2 with scale 1/d, as one would write it."""
    scores = torch.einsum("iz,az,bz->iab", q / q.shape[1], *keys)
    return torch.einsum("iab,az,bz->iz", scores.flatten(1).softmax(1).view_as(scores), *values)


def fast(q: Any, keys: list[Any], values: list[Any], error: float) -> Any:
    """The same in almost linear time."""
    return tensor_attention(q, keys, values, error=error, method="fast")


def gradients(attend: Callable[..., Any], given: list[Any], upstream: Any, *options: float) -> list[Any]:
    """Forward and backward: the gradients of q, both keys and both values."""
    out = attend(given[0], given[1:3], given[3:], *options)
    return list(torch.autograd.grad(out, given, upstream))


def best(run: Callable[[], object], repeats: int, device: str) -> float:
    """The least time, in seconds, after one run that does not count."""
    found = float("inf")
    for i in range(repeats + 1):
        if device == "cuda": torch.cuda.synchronize()
        start = perf_counter()
        run()
        if device == "cuda": torch.cuda.synchronize()
        if i: found = min(found, perf_counter() - start)
    return found


def main() -> None:
    parser = argparse.ArgumentParser(description="Tensor attention on torch tensors beside dense torch")
    parser.add_argument("--device", default="cuda" if torch.cuda.is_available() else "cpu", choices=("cpu", "cuda"))
    parser.add_argument("--d", type=int, default=4)
    parser.add_argument("--error", type=float, default=1e-3)
    parser.add_argument("--largest", type=int, default=100_000)
    parser.add_argument("--repeats", type=int, default=3)
    args = parser.parse_args()
    print(f"torch {torch.__version__}, {torch.cuda.get_device_name() if args.device == 'cuda' else 'cpu'}, "
          f"{torch.get_num_threads()} threads, order 2, d = {args.d}, |scores| <= 1, error {args.error:g}, float32")
    print(f"{'n':>9} {'rank':>5} {'fast s':>9} {'dense s':>9} {'dense/fast':>10} {'worst gradient error':>21}")
    n = 64
    while n <= args.largest:
        random = torch.Generator().manual_seed(n)
        given = [(2 * torch.rand(n, args.d, generator=random) - 1).to(args.device).requires_grad_() for _ in range(5)]
        upstream = torch.randn(n, args.d, generator=random).to(args.device)
        _, bound = tensor_attention(given[0], given[1:3], given[3:], error=args.error, method="fast", return_bound=True)
        seconds = best(lambda: gradients(fast, given, upstream, args.error), args.repeats, args.device)        # noqa: B023
        line = f"{n:9} {bound.rank:5} {seconds:9.5f}"
        if n ** 3 <= FITS[args.device]:
            slow = best(lambda: gradients(dense, given, upstream), args.repeats, args.device)                  # noqa: B023
            double = [a.detach().double().requires_grad_() for a in given]
            wanted, found = gradients(dense, double, upstream.double()), gradients(fast, given, upstream, args.error)
            off = max(float((a - b).abs().max() / b.abs().max()) for a, b in zip(found, wanted))
            line += f" {slow:9.5f} {slow / seconds:10.1f} {off:21.2e}"
        print(line, flush=True)
        n = n * 2 if n < 512 else 10 ** len(str(n)) if n > 512 else 1000


if __name__ == "__main__": main()
