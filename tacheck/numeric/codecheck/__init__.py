"""A function of one's own against a proved formula: random shapes and data, in floats and at 50 digits.

    report = check_code(my_gradient, against="gradient.dX[2]")
    report.agrees, report.worst_relative_error, report.condition, report.failing

A difference counts where rounding cannot explain it: each entry of the result comes with what one part in 2**53 in every
input and every step may do to it (`rounding.py`).  So a gradient that is off by 0.09 %, or by float32, is found, and
a function that adds in another order is not blamed.
"""
from __future__ import annotations

import inspect
from collections.abc import Callable, Mapping
from contextlib import redirect_stdout
from dataclasses import asdict, dataclass
from math import floor, isfinite, log10
from pathlib import Path
from sys import stderr
from typing import Any

import numpy as np

from ... import library, selection
from ...claims import ClaimError
from ...decide import decide
from ...kernel.check import Identity, Status, Verdict
from ...kernel.term import sizes
from . import trials as cases
from .digits import DIGITS
from .judge import Judge, Outcome
from .reference import Array, Reference, literal
from .shrink import Shrinker, snippet
from .user import Code, CodeError, Shape, load

__all__ = ["CodeError", "CodeReport", "NotProved", "check_code"]
SMALL, KINDS_50 = 300, (0, 1, 3)                                     # entries, and kinds of data, at 50 digits


class NotProved(Exception):
    """The statement is not proved, so nothing is compared with it.  One line."""


@dataclass(frozen=True)
class CodeReport:
    """What was found.  worst_relative_error, condition and tolerance are of one trial, the worst; all relative to the
    largest entry of the result.  digits50: agreement at 50 digits, None where the function does not take them."""
    agrees: bool
    claim: str
    function: str
    proved: str                                                      # for which sizes, in words
    rests_on: tuple[str, ...]
    trials: int
    failed: int
    sizes: dict[str, list[int]]                                      # of each dimension, smallest and largest
    worst_relative_error: float
    condition: float
    tolerance: float
    dtype: str
    returns: str
    digits50: bool | None
    about50: str
    why: str
    failing: dict[str, Any] | None

    def as_json(self) -> dict[str, Any]:
        """The --json document, version 1."""
        return {"version": 1, **plain(asdict(self))}


def check_code(fn: Callable[..., Any] | str, against: str | Identity, *, root: str | Path | None = None, trials: int = 30,
               seed: int = 0, dtype: str = "float64", tolerance: float | None = None, mapping: Mapping[str, str] | None = None,
               output: int | str | None = None, framework: str = "numpy", fix: Mapping[str, str] | None = None,
               reshape: Mapping[str, Shape] | None = None, side: str = "rhs", largest: int = 16,
               timeout: float | None = 60) -> CodeReport:
    """Compare a function (or "FILE:FUNCTION") with one side of a proved identity, given or by its id.

    The function takes tensors by name (case aside; `mapping` is {argument: tensor}) and returns one array with an axis for
    each free index of the left side; of a tuple or dict, `output` is one.  `fix` gives tensors a value: {"s": "1/sqrt(d)",
    "w": "causal"}; the function need not take those.  `reshape` hands arrays over in another shape: {"X": ("d", "d*d")}.
    tolerance: allowed error relative to the largest entry; None is what rounding explains.

    Raises CodeError where the function cannot be checked (it raises, its arguments or its result do not fit), and NotProved
    where the kernel does not say HOLDS.
    """
    if trials < 1: raise CodeError(f"trials {trials}: at least one is needed")
    if largest < 1: raise CodeError(f"largest {largest}: a size of at least 1 is needed")
    if dtype not in ("float32", "float64"): raise CodeError(f"dtype {dtype}: float32 or float64 is needed")
    if tolerance is not None and not tolerance > 0: raise CodeError(f"tolerance {tolerance:g}: a positive number is needed")
    if side not in ("lhs", "rhs"): raise CodeError(f"side {side}: lhs or rhs is needed")
    label = fn if isinstance(fn, str) else getattr(fn, "__qualname__", type(fn).__name__)
    function, path = load(fn) if isinstance(fn, str) else (fn, source(fn))
    claim, stated = statement(against, root)
    verdict = proved(claim, stated, timeout)
    reference, fix = Reference(stated, side), dict(fix or {})
    if unknown := [x for x in fix if x not in reference.shapes]:
        raise CodeError(f"fix: {claim} has no tensor {unknown[0]}; there are {', '.join(reference.shapes)}")
    code = Code(function, label, path, reference, claim=claim, mapping=mapping or {}, fix=fix, reshape=reshape or {},
                output=output, framework=framework)
    judge, rng = Judge(code, reference, dtype, tolerance), np.random.default_rng(seed)

    outcomes: list[Outcome] = []
    exact: list[Outcome] = []
    about50 = "torch has no such numbers" if framework == "torch" else ""
    with redirect_stdout(stderr):                                    # whatever the function prints is no report
        apart = {n: min(k, largest) for k, n in enumerate(reference.dims, 2)}
        code.call(drawn_data(reference, 0, apart, fix, dtype, rng), apart)               # a wrong shape is plainest there
        for trial, at in enumerate(cases.sizes(reference, trials, largest, rng)):
            if (outcome := drawn(judge, reference, trial, at, fix, dtype, rng)) is None: continue
            outcomes.append(outcome)
            if about50 or reference.room(at) > SMALL or trial % len(cases.KINDS) not in KINDS_50: continue
            try: exact.append(judge.digits(outcome.data, at))
            except (CodeError, ArithmeticError, ValueError, TypeError) as bad: about50 = short(bad, label)
        if not outcomes: raise CodeError(f"{claim}: its formula is not defined on any data that were tried; fix some tensor")
        return report(judge, reference, claim, verdict, outcomes, exact if not about50 else [], about50, fix, dtype)


def plain(x: Any) -> Any:
    """The same for JSON, which has no inf and no nan: they become None."""
    if isinstance(x, dict): return {k: plain(v) for k, v in x.items()}
    if isinstance(x, list | tuple): return [plain(v) for v in x]
    return None if isinstance(x, float) and not isfinite(x) else x


def drawn(judge: Judge, reference: Reference, trial: int, at: dict[str, int], fix: Mapping[str, str], dtype: str,
          rng: np.random.Generator) -> Outcome | None:
    """The outcome on data of the trial's kind, or on other data where the formula is not defined on those."""
    for kind in (trial, trial, *range(len(cases.KINDS)), cases.KINDS.index("positive")):
        if (outcome := judge.floats(drawn_data(reference, kind, at, fix, dtype, rng), at)) is not None: return outcome
    return None


def drawn_data(reference: Reference, kind: int, at: dict[str, int], fix: Mapping[str, str], dtype: str,
               rng: np.random.Generator) -> dict[str, Array]:
    """Data for a trial.  Raises CodeError for a fix that cannot be."""
    try: return cases.data(reference, at, kind, fix, np.dtype(dtype), rng)
    except cases.FixError as bad: raise CodeError(f"fix: {bad}") from None


def report(judge: Judge, reference: Reference, claim: str, verdict: Verdict, outcomes: list[Outcome], exact: list[Outcome],
           about50: str, fix: Mapping[str, str], dtype: str) -> CodeReport:
    """The worst trial in words, and the smallest failing case."""
    code = judge.code
    failed, failed50 = [o for o in outcomes if o.fails], [o for o in exact if o.fails]
    worst = max(failed or failed50 or outcomes, key=lambda o: o.error)
    why, failing = "", None
    if failed or failed50:
        small = Shrinker(reference, fix, judge.floats if failed else judge.digits, (failed or failed50)[0]).smallest()
        if exact and failed: exact.append(judge.digits(small.data, small.at))
        failed50 = [o for o in exact if o.fails]
        why = reason(failed, bool(exact), bool(failed50), dtype, ", ".join(sorted(code.dtypes)))
        says = f"a relative error of {small.error:.2g}, where rounding explains {small.tolerance:.1g}"
        if small.factor is not None: says += f"; every entry is {small.factor:.6g} times the expected one"
        failing = {"sizes": dict(small.at), "data": {x: literal(a) for x, a in small.data.items()}, "result": literal(small.got),
                   "expected": literal(small.expected), "relative_error": small.error, "why": says,
                   "snippet": snippet(code, small, says)}
    if exact: about50 = digits(exact)
    dims = sizes(reference.stated.lhs, reference.stated.rhs)
    ranges = {n: [min(o.at[n] for o in outcomes), max(o.at[n] for o in outcomes)] for n in dims}
    return CodeReport(not (failed or failed50), claim, code.label, f"for every {', '.join(dims)}" if dims else "",
                      verdict.rests_on, len(outcomes), len(failed), ranges, worst.error, worst.condition, worst.tolerance, dtype,
                      ", ".join(sorted(code.dtypes)), not failed50 if exact else None, about50, why, failing)


def reason(failed: list[Outcome], tried50: bool, fails50: bool, dtype: str, returns: str) -> str:
    """Why it fails, as far as can be seen."""
    if failed and not any(o.finite for o in failed): return "not finite where the formula is: something overflows"
    if tried50 and not fails50: return f"rounding: right at 50 digits, but in {dtype} more digits are lost than need be"
    if dtype == "float64" and not fails50 and all(o.single for o in failed):
        return "float32 accuracy: " + (f"it returns {returns}" if returns != dtype else "something inside is computed in float32")
    factors = {round(o.factor, 6) for o in failed if o.factor is not None}
    if len(factors) == 1 and all(o.factor is not None for o in failed if (o.expected != 0).sum() > 1):
        return f"another formula: the expected one times {factors.pop():g}"
    return "another formula"


def digits(exact: list[Outcome]) -> str:
    """How far the results agree at 50 digits."""
    worst = max(o.error for o in exact)
    if any(o.fails for o in exact): return f"disagrees, by up to {worst:.2g}"
    agree = DIGITS if worst <= 10.0 ** -DIGITS else floor(-log10(worst))
    return f"agrees to {agree} digits" + (": constants of the code are floats" if agree < 20 else "")


def statement(against: str | Identity, root: str | Path | None) -> tuple[str, Identity]:
    """The claim's name and what it states.  Raises CodeError for what is not one identity, LibraryError for an unknown id."""
    if isinstance(against, Identity): return "the statement", against
    found = selection.select(library.load(library.root(root)), [against])
    if len(found) > 1:
        some = ", ".join(c.id for c in found[:6]) + (", ..." if len(found) > 6 else "")
        raise CodeError(f"{against} means {len(found)} claims: {some}; choose one")
    try: stated = found[0].statements()[0]
    except ClaimError as unfit: raise CodeError(str(unfit)) from None
    if not isinstance(stated, Identity): raise CodeError(f"{found[0].id} states no identity, but a {type(stated).__name__}")
    return found[0].id, stated


def proved(claim: str, stated: Identity, timeout: float | None) -> Verdict:
    """The kernel's verdict.  Raises NotProved for anything but HOLDS."""
    verdict = decide(stated, timeout)
    if verdict.status is not Status.HOLDS:
        raise NotProved(f"{claim} is {verdict.status.value}, not proved, so no code is compared with it: "
                        + " ".join(verdict.why.split()))
    return verdict


def source(fn: Callable[..., Any]) -> str | None:
    """The file of a function that can be found by its name there."""
    if "<" in getattr(fn, "__qualname__", "<"): return None
    try: return inspect.getsourcefile(fn)
    except TypeError: return None


def short(bad: Exception, label: str) -> str:
    """Why the function does not take numbers of 50 digits."""
    text = " ".join(str(bad).split()).removeprefix(f"{label} raised ")
    return text.partition(", at ")[0][:120] or type(bad).__name__


