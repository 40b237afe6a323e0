"""torch's automatic differentiation of the stated losses against the stated gradients, at n = 64, d = 8.

The loss is computed on torch tensors by the very source that `to_numpy` writes for it.
"""
import inspect
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest

from tacheck import library
from tacheck.claims import Claim
from tacheck.convert import Formula, to_numpy
from tacheck.kernel.check import Identity
from tacheck.kernel.term import Term, free, sizes, wellformed
from tacheck.lang import Index

torch = pytest.importorskip("torch", reason="torch is not installed: torch==2.13.0 has autograd to compare with")

SIZES = {"n": 64, "d": 8}
CLAIMS = library.load(Path(__file__).parents[1])
TORCH = SimpleNamespace(einsum=lambda spec, *parts, optimize: torch.einsum(spec, *parts), exp=torch.exp, log=torch.log,
                        sqrt=torch.sqrt, eye=lambda n, dtype=None: torch.eye(n, dtype=torch.float64))


def gradients() -> list[Claim]:
    """The claims that state the gradient of a number, orders 1 and 2."""
    def is_gradient(c: Claim) -> bool:
        s = c.statements()[0]
        return isinstance(s, Identity) and s.lhs[0] == "diff" and not free(s.lhs[1]) and s.lhs[1][0] != "diff"
    return [c for c in CLAIMS.values() if c.expect is None and c.parameters.get("order", 1) <= 2 and is_gradient(c)]


def arguments(formula: Formula, size: dict[str, int], data: dict[str, Any]) -> dict[str, Any]:
    """What the formula asks for: its tensors, and the sizes that none of them shows."""
    names = {name: name.removesuffix("_") for name in inspect.signature(formula.function).parameters}      # lambda_ is lambda
    return {name: data.get(plain, size.get(plain)) for name, plain in names.items()}


def in_torch(t: Term, size: dict[str, int], data: dict[str, Any]) -> Any:
    """The number that the term is, from torch tensors."""
    formula, space = to_numpy(t, "loss"), dict[str, Any]()
    exec(formula.source, space)
    space |= {"np": TORCH, "float": lambda x: x, "_read": lambda **given: [size, *(array for array, _ in given.values())]}
    return space["loss"](**arguments(formula, size, data))


@pytest.mark.parametrize("claim", gradients(), ids=lambda c: c.id)
def test_autograd_agrees_with_the_proved_gradient(claim: Claim) -> None:
    s = claim.statements()[0]
    _, loss, name, *at = s.lhs
    size = {n: SIZES.get(n, 16) for n in sizes(s.lhs, s.rhs)}
    rng = np.random.default_rng(7)
    data = {x: rng.uniform(0.1, 0.6, [size[n] for n in shape]) for x, shape in wellformed(s.lhs, s.rhs).items()}
    tensors = {x: torch.tensor(a, requires_grad=x == name) for x, a in data.items()}
    in_torch(loss, size, tensors).backward()
    formula = to_numpy(s.rhs, "g", tuple(Index(*i.split(":")) for i in at))
    proved = formula(**arguments(formula, size, data))
    assert np.abs(tensors[name].grad.numpy() - proved).max() <= 1e-12 * np.abs(proved).max()
