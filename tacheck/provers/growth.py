"""Evidence for a `Growth`: SymPy's limit, which is believed and not re-checked.

SymPy is asked twice, at infinity and, for 1/y, at 0 from above; and far out the values must come closer to the limit at
every step.  Where any of the three disagrees there is no evidence.  It runs in a process of its own, so that it can be stopped.
"""
import json
import os
import subprocess
import sys
from fractions import Fraction
from time import monotonic
from typing import Any

from ..kernel.check import Certificate, Growth
from ..kernel.term import sizes, wellformed
from .clock import Deadline, OutOfTime

FAR = (6, 12, 24, 48, 96)                                            # powers of ten at which values are looked at
DIGITS = 60


def prove(s: Growth, deadline: Deadline) -> Certificate:
    """The solver's word, or why there is none."""
    if set(wellformed(s.expr)) != {s.scalar} or sizes(s.expr):
        return nothing(f"a limit is found for terms in {s.scalar} alone")
    left = None if deadline.end is None else max(0.0, deadline.end - monotonic())
    environment = os.environ | {"PYTHONPATH": os.pathsep.join(sys.path)}
    try:
        answer = subprocess.run([sys.executable, "-m", __name__], input=json.dumps([s.expr, s.scalar, s.limit]), text=True,
                                capture_output=True, timeout=left, env=environment)
        found: Certificate = json.loads(answer.stdout)
    except subprocess.TimeoutExpired: raise OutOfTime(f"ran out of time ({deadline.seconds:g} s)") from None
    except ValueError: return nothing(f"SymPy came to no end: {answer.stderr.strip()[-200:]}")
    return found


def nothing(why: str) -> Certificate: return {"by": "nothing", "why": why}


def judged(expr: Any, scalar: str, limit: str) -> Certificate:
    """SymPy's answer as a certificate."""
    import sympy

    from ..convert.symbolic import built, plain
    x, y = (sympy.Symbol(name, positive=True) for name in (scalar, f"{scalar}_inverse"))
    e = built(plain(expr)).subs(sympy.Symbol(scalar), x)
    wanted = {"oo": sympy.oo, "-oo": -sympy.oo}[limit] if limit in ("oo", "-oo") else sympy.Rational(limit)
    try: said = [sympy.limit(e, x, sympy.oo), sympy.limit(e.subs(x, 1 / y), y, 0, "+")]
    except (NotImplementedError, ValueError, ArithmeticError) as bad: return nothing(f"SymPy finds no limit: {bad}")
    for found in said:
        if found != wanted: return nothing(f"SymPy's limit is {str(found)[:80]}, not {limit}")
    values = [e.subs(x, sympy.Integer(10) ** k).evalf(DIGITS) for k in FAR]
    if not all(v.is_Float or v.is_Rational for v in values): return nothing("the values far out are not all real numbers")
    if not nearer([Fraction(str(sympy.Rational(v))) for v in values], limit):
        return nothing(f"SymPy's limit is {limit}, but the values at 10^{FAR[0]}, ..., 10^{FAR[-1]} do not come nearer to it")
    shown = {f"10^{k}": str(v)[:20] for k, v in zip(FAR, values)}
    return {"by": "solver", "solver": f"sympy {sympy.__version__}", "values": shown}


def nearer(values: list[Fraction], limit: str) -> bool:
    """Each value is nearer to the limit than the one before, or has reached it up to the digits that were computed."""
    if limit in ("oo", "-oo"):
        sign = 1 if limit == "oo" else -1
        return all(sign * b > sign * a for a, b in zip(values, values[1:]))
    far = [abs(v - Fraction(limit)) for v in values]
    return all(b < a or b <= Fraction(1, 10 ** (DIGITS - 10)) for a, b in zip(far, far[1:]))


if __name__ == "__main__":
    from ..kernel.statement import frozen
    expr, *rest = json.load(sys.stdin)
    json.dump(judged(frozen(expr), *rest), sys.stdout)
