"""The user's function: found in its file, its arguments matched to tensors, called, and its result read."""
from __future__ import annotations

import difflib
import importlib.util
import inspect
import re
import sys
from collections.abc import Callable, Mapping
from math import prod
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from .digits import Real, reals
from .reference import Array, Data, Reference, Sizes

Shape = tuple[str, ...]


class CodeError(ValueError):
    """The function cannot be checked: which, what came, what was expected.  One line."""


def load(where: str) -> tuple[Callable[..., Any], str]:
    """FILE:FUNCTION as the function and its file.  Raises CodeError."""
    path, colon, name = where.rpartition(":")
    if not colon or not path or not name: raise CodeError(f"{where}: FILE:FUNCTION is needed, as in my_attention.py:backward")
    file = Path(path)
    if not file.is_file(): raise CodeError(f"{path}: no such file")
    spec = importlib.util.spec_from_file_location(re.sub(r"\W", "_", file.stem) + "_checked", file)
    if spec is None or spec.loader is None: raise CodeError(f"{path}: not a Python file")
    module = importlib.util.module_from_spec(spec)
    sys.modules[spec.name] = module                                  # dataclasses look themselves up there
    folder = str(file.parent.resolve())
    sys.path.insert(0, folder)                                       # its neighbours can be imported
    try: spec.loader.exec_module(module)
    except (Exception, SystemExit) as bad: raise CodeError(f"{path}: cannot be imported: {told(bad, path)}") from None
    finally:
        if folder in sys.path: sys.path.remove(folder)
    found: Any = module
    for part in name.split("."):
        if not hasattr(found, part):
            functions = [k for k, v in vars(module).items() if callable(v) and not k.startswith("_")]
            near = difflib.get_close_matches(name, functions, 3, 0.5) or functions[:5]
            raise CodeError(f"{path}: no function {name!r}" + (f"; there is {', '.join(near)}" if near else ""))
        found = getattr(found, part)
    if not callable(found): raise CodeError(f"{where} is a {type(found).__name__}, not a function")
    return found, path


def told(bad: BaseException, path: str | None) -> str:
    """An exception in one line, with the deepest line of the user's file."""
    trace, place = bad.__traceback__, ""
    while trace is not None:
        file = trace.tb_frame.f_code.co_filename
        if path and Path(file).resolve() == Path(path).resolve(): place = f" ({path}:{trace.tb_lineno})"
        trace = trace.tb_next
    if isinstance(bad, SyntaxError) and bad.lineno: place = f" ({path}:{bad.lineno})"
    return f"{type(bad).__name__}: {' '.join(str(bad).split()) or 'without a message'}{place}"


class Code:
    """The function, ready to be called on data."""

    def __init__(self, fn: Callable[..., Any], label: str, path: str | None, reference: Reference, *, claim: str,
                 mapping: Mapping[str, str], fix: Mapping[str, str], reshape: Mapping[str, Shape], output: int | str | None,
                 framework: str):
        self.fn, self.label, self.path, self.reference, self.claim = fn, label, path, reference, claim
        self.reshape, self.output = dict(reshape), output
        if reference.wrt in self.reshape: self.reshape.setdefault("result", self.reshape[str(reference.wrt)])
        for x in self.reshape:
            if x not in (*reference.shapes, "result"): raise CodeError(f"reshape: {claim} has no tensor {x}; {self.there()}")
        if framework not in ("numpy", "torch"): raise CodeError(f"framework {framework!r}: numpy or torch is needed")
        self.torch = torch() if framework == "torch" else None
        self.given = self.arguments(mapping, fix)
        self.dtypes: set[str] = set()

    def there(self) -> str:
        """The tensors of the claim, in words."""
        return "there are " + ", ".join(f"{x}[{', '.join(shape)}]" if shape else x for x, shape in self.reference.shapes.items())

    def arguments(self, mapping: Mapping[str, str], fix: Mapping[str, str]) -> dict[str, str]:
        """The tensor, or the dimension, that each argument of the function stands for.  Raises CodeError."""
        known = (*self.reference.shapes, *self.reference.dims)
        for name, x in mapping.items():
            if x not in known: raise CodeError(f"map {name}={x}: {self.claim} has no tensor {x}; {self.there()}")
        try: parameters = inspect.signature(self.fn).parameters.values()
        except (TypeError, ValueError): raise CodeError(f"{self.label}: its arguments cannot be read; wrap it in a def") from None
        names = [p.name for p in parameters]
        given = dict(mapping)
        for p in parameters:
            if p.kind in (p.VAR_POSITIONAL, p.VAR_KEYWORD) or p.name in given: continue
            if (means := matched(p.name, known)): given[p.name] = means
            elif p.default is p.empty:
                raise CodeError(f"{self.label} has an argument {p.name}, and {self.claim} no tensor of that name; "
                                f"{self.there()}: say which by a map, {p.name}=TENSOR")
            if p.kind is p.POSITIONAL_ONLY: raise CodeError(f"{self.label}: {p.name} cannot be given by name; wrap it in a def")
        if any(p.kind is p.VAR_KEYWORD for p in parameters):
            given |= {x: x for x in self.reference.needed if x not in given.values() and x not in fix}
        elif strange := [name for name in given if name not in names]:
            raise CodeError(f"map {strange[0]}={given[strange[0]]}: {self.label} has no argument {strange[0]}; it has "
                            f"{', '.join(names) or 'none'}")
        if missing := [x for x in self.reference.needed if x not in given.values() and x not in fix]:
            raise CodeError(f"{self.label} has no argument for {', '.join(missing)} of {self.claim}; name them so, map them "
                            "(argument=TENSOR), or fix what it has built in (s=1/sqrt(d), w=causal)")
        return given

    def inputs(self, data: Data, at: Sizes, exactly: bool = False) -> dict[str, Any]:
        """The arguments of one call, all of them copies."""
        found: dict[str, Any] = {}
        for p, x in self.given.items():
            if x not in self.reference.shapes: found[p] = at[x]
            else:
                a = reals(data[x]) if exactly else np.array(data[x])
                if x in self.reshape: a = a.reshape(extent(self.reshape[x], at, f"reshape {x}", a.size))
                if not self.reference.shapes[x]: found[p] = a[()] if exactly else float(a)
                else: found[p] = a if self.torch is None else self.torch.from_numpy(a)
        return found

    def call(self, data: Data, at: Sizes, exactly: bool = False) -> Array:
        """The result in the shape of the formula's.  Raises CodeError where the function raises or returns something else."""
        inputs = self.inputs(data, at, exactly)
        try:
            with np.errstate(all="ignore"): result = self.picked(self.fn(**inputs))
        except CodeError: raise
        except (Exception, SystemExit) as bad:
            raise CodeError(f"{self.label} raised {told(bad, self.path)}, at {sized(at)}; an array of shape "
                            f"{self.wanted(at)} was expected") from None
        return self.read(result, at, exactly)

    def picked(self, result: Any) -> Any:
        """The output that is meant."""
        if isinstance(result, Mapping):
            if self.output in result: return result[self.output]
            raise CodeError(f"{self.label} returned a dict with {', '.join(map(str, result))}; choose one as output"
                            + (f", not {self.output}" if self.output is not None else ""))
        if isinstance(result, tuple):
            if isinstance(self.output, str) and hasattr(result, self.output): return getattr(result, self.output)
            if isinstance(self.output, int) and -len(result) <= self.output < len(result): return result[self.output]
            raise CodeError(f"{self.label} returned a tuple of {len(result)}; choose one as output, from 0"
                            + (f", not {self.output}" if self.output is not None else ""))
        if self.output is not None:
            raise CodeError(f"{self.label} returned one {type(result).__name__}; leave output {self.output} out")
        return result

    def read(self, result: Any, at: Sizes, exactly: bool) -> Array:
        """The result as an array of the formula's shape."""
        if hasattr(result, "detach"): result = result.detach().cpu().numpy()
        wanted = self.wanted(at)
        if result is None: raise CodeError(f"{self.label} returned None, at {sized(at)}; an array of shape {wanted} was expected")
        try: a: NDArray[Any] = np.asarray(result)
        except Exception: a = np.asarray(None)
        if exactly:
            if a.dtype != object or not all(isinstance(x, Real | int | float) for x in a.flat) \
                    or a.size and not any(isinstance(x, Real) for x in a.flat): raise CodeError(f"it returns {a.dtype}")
            a = reals_of(a)
        elif a.dtype.kind not in "fiub":
            raise CodeError(f"{self.label} returned {type(result).__name__} of dtype {a.dtype}, at {sized(at)}; "
                            f"an array of floats of shape {wanted} was expected")
        elif a.dtype.kind == "f": self.dtypes.add(str(a.dtype))
        if a.shape != wanted:
            axes = ", ".join(i.partition(":")[0] for i in self.reference.axes)
            raise CodeError(f"{self.label} returned shape {a.shape}, at {sized(at)}; {self.claim} has shape {wanted}"
                            + (f" (axes {axes})" if "result" not in self.reshape and axes else ""))
        return a.reshape(self.reference.shape(at))

    def wanted(self, at: Sizes) -> tuple[int, ...]:
        """The shape that is expected of the function."""
        shape = self.reference.shape(at)
        return extent(self.reshape["result"], at, "reshape result", prod(shape)) if "result" in self.reshape else shape


def reals_of(a: Array) -> Array:
    """An object array with 50 digits in every entry."""
    found = np.empty(a.shape, object)
    for at in np.ndindex(a.shape): found[at] = a[at] if isinstance(a[at], Real) else reals(a[at])[()]
    return found


def matched(name: str, known: Any) -> str | None:
    """The tensor or dimension that a name means: itself, or the only one that differs in case."""
    if name in known: return name
    alike = [x for x in known if x.lower() == name.lower()]
    return alike[0] if len(alike) == 1 else None


def extent(shape: Shape, at: Sizes, what: str, size: int) -> tuple[int, ...]:
    """A shape such as ("d", "d*d") in numbers.  Raises CodeError where it does not have `size` entries."""
    try: found = tuple(prod(int(w) if w.isdigit() else at[w] for w in axis.split("*")) for axis in shape)
    except KeyError as bad:
        raise CodeError(f"{what}={','.join(shape)}: no dimension {bad.args[0]}; there are {', '.join(at)}") from None
    if prod(found) != size:
        raise CodeError(f"{what}={','.join(shape)}: that is {prod(found)} entries, and it has {size}, at {sized(at)}")
    return found


def sized(at: Sizes) -> str:
    """The sizes in words."""
    return ", ".join(f"{n} = {k}" for n, k in at.items()) or "no dimensions"


def torch() -> Any:
    """PyTorch.  Raises CodeError where it is missing."""
    try: return importlib.import_module("torch")
    except ImportError: raise CodeError("torch is not installed; pip install torch, or check a NumPy function") from None
