"""Evidence for a `Measurement`: its sampler is run from the seed.  A sample speaks for itself and nothing beyond.

A sampler is a function seed -> rows, named `package.module:function`; a row is (sizes, value), with the sizes as
{"n": 4, ...} and the value an exact number, or a float, which is taken for the number that it is.
"""
from collections.abc import Callable, Iterable, Mapping
from fractions import Fraction
from importlib import import_module
from math import isfinite
from typing import Any

from ..kernel.check import Certificate, Measurement
from .clock import Deadline, OutOfTime

Row = tuple[Mapping[str, int], Fraction | int | float]
Sampler = Callable[[int], Iterable[Row]]


def prove(s: Measurement, deadline: Deadline) -> Certificate:
    """Every row of the sample, or why there is none.  A sample that runs out of time is no sample."""
    try: return {"by": "sample", "rows": [row(found, deadline) for found in sampler(s.what)(s.seed)]}
    except OutOfTime: raise
    except Exception as bad: return {"by": "nothing", "why": f"{s.what}: {type(bad).__name__}: {bad}"}


def sampler(what: str) -> Sampler:
    """The function of that name.  Raises ValueError where there is none."""
    module, colon, name = what.partition(":")
    if not (module and colon and name.isidentifier()): raise ValueError("a sampler is named package.module:function")
    found: Any = getattr(import_module(module), name, None)
    if not callable(found): raise ValueError(f"{module} has no function {name}")
    return found                                                     # type: ignore[no-any-return]


def row(found: Row, deadline: Deadline) -> dict[str, Any]:
    """A row as the kernel reads it.  Raises ValueError for a value that is no number."""
    deadline.check()
    sizes, value = found
    if isinstance(value, float) and not isfinite(value): raise ValueError(f"{value} was measured at {dict(sizes)}")
    return {"sizes": {name: int(k) for name, k in sizes.items()}, "value": str(Fraction(value))}
