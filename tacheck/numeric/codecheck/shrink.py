"""The smallest case that still fails, and a program that shows it."""
from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from pathlib import Path

import numpy as np

from .judge import Outcome
from .reference import Array, Data, Reference, Sizes, literal
from .trials import filled, fixed
from .user import Code, CodeError

Try = Callable[[Data, Sizes], Outcome | None]
CALLS = 300


class Shrinker:
    """Fewer rows and columns first, then zeros, ones and small integers; `run` compares on data, and the failure must last."""

    def __init__(self, reference: Reference, fix: Mapping[str, str], run: Try, start: Outcome):
        self.reference, self.fix, self.run, self.best, self.calls = reference, fix, run, start, CALLS
        self.least = min(start.error / 10, 1e-3)                     # so that it is the same failure

    def smallest(self) -> Outcome:
        """The smallest outcome that was found."""
        while any(self.accepts(*case) for case in self.smaller()): pass
        for candidates in (self.simpler, self.simpler_entries):
            for data in candidates(): self.accepts(data, self.best.at)
        return self.best

    def accepts(self, data: Data, at: Sizes) -> bool:
        """Whether the case fails too, in the same way; then it is the best so far."""
        if self.calls <= 0: return False
        self.calls -= 1
        try: outcome = self.run(data, at)
        except (CodeError, ArithmeticError): return False
        if outcome is None or not outcome.fails or outcome.finite != self.best.finite: return False
        if not outcome.error >= self.least: return False
        if self.best.expected.any() and not outcome.expected.any() and outcome.error < 1e-6: return False
        self.best = outcome
        return True

    def smaller(self) -> Iterator[tuple[Data, Sizes]]:
        """The best case with one dimension cut to 1, to a half, by one; and with all of them at 1."""
        for n, k in sorted(self.best.at.items(), key=lambda pair: -pair[1]):
            for less in dict.fromkeys(m for m in (1, k // 2, k - 1) if 1 <= m < k):
                at = {**self.best.at, n: less}
                yield {x: self.cut(x, a, at) for x, a in self.best.data.items()}, at

    def cut(self, x: str, a: Array, at: Sizes) -> Array:
        """The first entries of a tensor."""
        shape = self.reference.shapes[x]
        if x in self.fix: return fixed(self.fix[x], shape, at).astype(a.dtype)
        a = a[tuple(slice(at[n]) for n in shape)].copy() if shape else a
        return filled(a) if x in self.reference.weights else a

    def simpler(self) -> Iterator[Data]:
        """The best case with one tensor of zeros, of ones, of integers, of one digit after the point."""
        for x, a in list(self.best.data.items()):
            if x in self.fix: continue
            for b in (np.zeros_like(a), np.ones_like(a), np.round(a), np.round(a, 1)):
                if not (b == self.best.data[x]).all() and not simple(self.best.data[x]) and self.fits(x, b):
                    yield {**self.best.data, x: b}

    def simpler_entries(self) -> Iterator[Data]:
        """The best case with one entry 0, 1 or rounded."""
        for x, a in list(self.best.data.items()):
            if x in self.fix or x in self.reference.weights or a.size > 40: continue
            for at in np.ndindex(a.shape):
                for b in (0.0, 1.0, np.round(a[at]), np.round(a[at], 1)):
                    if self.best.data[x][at] in (0, 1, b): continue
                    changed = self.best.data[x].copy()
                    changed[at] = b
                    if self.fits(x, changed): yield {**self.best.data, x: changed}

    def fits(self, x: str, a: Array) -> bool:
        """Whether a tensor may be this: masks leave something in each row, what must be positive is."""
        if x in self.reference.weights: return bool((filled(a) == a).all()) and set(a.flat) <= {0, 1}
        return x not in self.reference.above or bool((a > 0).all())


def simple(a: Array) -> bool:
    """Whether all entries are 0, or all are 1."""
    return bool((a == 0).all() or (a == 1).all())


def snippet(code: Code, case: Outcome, why: str) -> str:
    """A program that calls the function on the case and prints what came and what was expected."""
    where = ", ".join(f"{n} = {k}" for n, k in case.at.items())
    lines = [f"# {code.label} and {code.claim} at {where}: {why}"]
    name = getattr(code.fn, "__qualname__", "function")
    if code.path:
        lines += ["import importlib.util", "import sys", "", "import numpy as np"] + (["import torch"] if code.torch else []) + [
                  "", f"sys.path.insert(0, {str(Path(code.path).parent)!r})",
                  f"spec = importlib.util.spec_from_file_location('checked', {code.path!r})",
                  "module = importlib.util.module_from_spec(spec)", "spec.loader.exec_module(module)",
                  f"function = module.{name}"]
    else: lines += ["import numpy as np"] + (["import torch"] if code.torch else []) + ["", f"function = ...  # {name}"]
    lines += ["", "result = function("]
    for p, a in code.inputs(case.data, case.at).items():
        text = a if isinstance(a, int | float) else f"np.array({literal(a)}, np.{np.asarray(a).dtype})"
        lines.append(f"    {p}={f'torch.from_numpy({text})' if code.torch and not isinstance(a, int | float) else text},")
    expected = literal(case.expected.reshape(code.wanted(case.at)))
    lines += [")"]
    if isinstance(code.output, int): lines += [f"result = result[{code.output}]"]
    if isinstance(code.output, str):
        lines += [f"result = result[{code.output!r}] if isinstance(result, dict) else result.{code.output}"]
    shown = "result.detach().tolist()" if code.torch else "np.asarray(result).tolist()"
    lines += [f'print("result  ", {shown})', f'print("expected", {expected})']
    return "\n".join(lines) + "\n"
