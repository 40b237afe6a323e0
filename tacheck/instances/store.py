"""Instances in files: the arrays as `attend` reads them, and beside them what is needed to read an output back.

An .npz or .safetensors file has q, k1, k2, ..., v1, v2, ... (doubles), `clauses` (32-bit integers: literals, 0 after each
clause) and `instance` (bytes: the JSON document that the sidecar shows).  No pickles, and `decode` needs this file alone.
"""
from __future__ import annotations

import json
import os
from dataclasses import dataclass
from itertools import chain
from math import isfinite
from pathlib import Path
from typing import Any

import numpy as np

from .. import files
from ..numeric.arrays import ProblemError
from ..numeric.files import Arrays, read, writable, write
from .dimacs import Formula, FormulaError
from .forward import MODES, Gadget, Instance
from .listing import Parts, partition

THRESHOLD = 0.5


@dataclass(frozen=True)
class Stored:
    """What a file tells about its instance; the arrays are not kept."""
    gadget: Gadget
    formula: Formula
    parts: Parts


def document(instance: Instance, **more: Any) -> dict[str, Any]:
    """The JSON document of a formula's instance, version 1; `more` is added at its end (seed, ...)."""
    g, formula = instance.gadget, instance.formula
    assert formula is not None
    return {"version": 1, "mode": g.mode, "order": g.order, "parts": [list(part) for part in instance.parts],
            "n": len(instance.q), "rows": [len(instance.q), *map(len, instance.keys)], "d": g.d,
            "dv": instance.values[0].shape[1], "scale": "1/d", "B": g.B, "beta": g.beta, "kappa": g.kappa, "R": g.R, "h": g.h,
            "eps": g.eps, "threshold": THRESHOLD,
            "lengths": list(g.lengths), "variables": formula.variables, "clauses": len(formula.clauses),
            "sha256": formula.sha256} | more


def sidecar(path: str | Path) -> Path:
    """Where the JSON document of an instance file lies."""
    return Path(path).with_suffix(".json")


def save(path: str | Path, instance: Instance, **more: Any) -> dict[str, Any]:
    """Write the file and its sidecar, both or none; the document is returned.  Raises ProblemError where it cannot."""
    told = document(instance, **more)
    target, beside = writable(path), sidecar(path)
    if beside.is_dir(): raise ProblemError(f"{beside}: is a folder, and the instance's JSON document belongs there")
    arrays: Arrays = {"q": instance.q}
    for s, (k, v) in enumerate(zip(instance.keys, instance.values), 1): arrays |= {f"k{s}": k, f"v{s}": v}
    assert instance.formula is not None
    arrays["clauses"] = np.fromiter(chain.from_iterable((*c, 0) for c in instance.formula.clauses), np.int32)
    arrays["instance"] = np.frombuffer(json.dumps(told).encode(), np.uint8)
    write(target, arrays)
    try: files.write_json(beside, told)
    except BaseException as bad:
        os.unlink(target)
        if isinstance(bad, OSError): raise ProblemError(f"{beside}: cannot be written: {bad.strerror or bad}") from None
        raise
    return told


def load(path: str | Path) -> Stored:
    """What a file says of its instance.  Raises FormulaError where it says nothing, or contradicts itself."""
    try: arrays = read(path)
    except ProblemError as bad: raise FormulaError(str(bad)) from None
    missing = [name for name in ("q", "clauses", "instance") if name not in arrays]
    if missing: raise FormulaError(f"{path}: no array {' and no '.join(missing)}; a file written by `tacheck harden` is needed")
    try:
        told = json.loads(arrays["instance"].astype(np.uint8).tobytes())
        if told["version"] != 1: raise FormulaError(f"version {told['version']!r}, where version 1 is read")
        formula = Formula(told["variables"], _clauses(arrays["clauses"]))
        if formula.sha256 != told["sha256"]: raise FormulaError("its clauses are not those of its SHA-256")
        parts = partition(told["parts"], formula.variables)
        h = told["h"]
        gadget = Gadget(told["mode"], tuple(map(int, told["lengths"])), int(told["d"]), float(told["beta"]),
                        float(told["kappa"]), float(told["eps"]), None if h is None else int(h))
        good = (gadget.mode in MODES and 0 < gadget.eps < 0.5 and isfinite(gadget.beta + gadget.kappa) and gadget.R > 0
                and len(parts) == len(gadget.lengths) >= 2 and arrays["q"].shape == (gadget.lengths[0], gadget.d)
                and all(2 ** len(p) <= n for p, n in zip(parts, gadget.lengths)))
        if not good: raise FormulaError("its constants, parts and arrays do not fit each other")
    except FormulaError as bad: raise FormulaError(f"{path}: damaged: {bad}; write it again") from None
    except (ValueError, TypeError, KeyError, AttributeError, OverflowError, RecursionError) as bad:
        raise FormulaError(f"{path}: damaged: {type(bad).__name__}: {' '.join(str(bad).split())[:100]}; write it again") from None
    return Stored(gadget, formula, parts)


def _clauses(stream: Any) -> tuple[tuple[int, ...], ...]:
    """The clauses of a flat array in which 0 ends each."""
    if stream.ndim != 1 or stream.dtype.kind != "i": raise FormulaError(f"clauses is {stream.dtype} of shape {stream.shape}")
    if len(stream) and stream[-1]: raise FormulaError("its last clause has no end")
    found: list[tuple[int, ...]] = []
    start = 0
    values = stream.tolist()
    for end in np.flatnonzero(stream == 0).tolist():
        found.append(tuple(values[start:end]))
        start = end + 1
    return tuple(found)


def output(path: str | Path) -> Any:
    """The array that an engine wrote: `out` of .npz and .safetensors, or a .npy file.  Raises FormulaError."""
    try: arrays = read(path)
    except ProblemError as bad: raise FormulaError(str(bad)) from None
    if Path(path).suffix == ".npy": return next(iter(arrays.values()))
    if "out" not in arrays:
        names = ", ".join(" ".join(name.split())[:40] for name in list(arrays)[:8]) or "none"
        raise FormulaError(f"{path}: no array out; there are: {names}")
    return arrays["out"]
