"""Two-sided enclosures of the largest error of a polynomial for e^x, as statements that the kernel judges.

    |P(x) e^-x - 1| <= upper on [a, b]    holds, by cuts around the critical points (the roots of P' - P)
    |P(x) e^-x - 1| <= lower on [a, b]    is refuted, by a point;              absolute errors |P(x) - e^x| likewise
"""
from dataclasses import dataclass
from fractions import Fraction
from math import ceil, floor

from ...kernel.check import Bound, Status, Verdict, check
from ...kernel.exponential import Groups
from ...kernel.term import Term
from ...provers.bound import Ends, point, proposal, prove
from ...provers.clock import Deadline
from ...provers.critical import Search, needed
from .families import Coefficients, Interval

X: Term = ("at", "x")
SLACK = Fraction(1, 1 << 21)                                         # upper is above the greatest value found by this much of it
DIGITS = 10                                                          # of the ends as printed


@dataclass(frozen=True)
class Sup:
    """lower < sup |E| <= upper; the statements and the kernel's verdicts on them: HOLDS, and REFUTED if a lower end was asked."""
    lower: Fraction
    upper: Fraction
    statements: tuple[Bound, ...]
    verdicts: tuple[Verdict, ...]


def polynomial(p: Coefficients) -> Term:
    """sum over k of c_k x^k, flat."""
    terms = [("mul", ("num", str(c)), ("pow", X, str(k))) if k > 1 else ("mul", ("num", str(c)), X) if k else ("num", str(c))
             for k, c in enumerate(p) if c or not k]
    return ("add", *terms) if len(terms) > 1 else terms[0]


def statement(p: Coefficients, interval: Interval, most: Fraction, absolute: bool = False) -> Bound:
    """|P(x) e^-x - 1| <= most on the interval; or |P(x) - e^x| <= most."""
    minus = ("num", "-1")
    expr = (("add", polynomial(p), ("mul", minus, ("exp", X))) if absolute else
            ("add", ("mul", polynomial(p), ("exp", ("mul", minus, X))), minus))
    return Bound(expr, (("x", str(interval[0]), str(interval[1])),), str(-most), str(most))


def groups(p: Coefficients, absolute: bool) -> Groups:
    """The error as an exponential polynomial."""
    w, one = (0, 1) if absolute else (-1, 0)
    return {Fraction(w): list(p), Fraction(one): [Fraction(-1)]} if any(p) else {Fraction(one): [Fraction(-1)]}


def sup(p: Coefficients, interval: Interval, absolute: bool = False, *, slack: Fraction = SLACK, below: bool = True) -> Sup:
    """The largest error of P on the interval: `upper` is above it by `slack` relative to it, `lower` below it by half as much.

    below=False leaves out the lower end.  Raises ArithmeticError where the kernel does not confirm what was found.
    """
    a, b = interval
    h = groups(p, absolute)
    search = Search(h, a, b, needed(h, a, b))

    def peak() -> tuple[Fraction, Fraction]: return max((abs(q), x) for x, value in search.values() for q in value)
    most = peak()[0]
    search.settle(Ends(-most * (1 + slack), most * (1 + slack)).room)
    most, at = peak()
    upper, lower = digits(most * (1 + slack), up=True), digits(most * (1 - slack / 2), up=False)
    holds = statement(p, interval, upper, absolute)
    verdict = check(holds, proposal(search, Ends(-upper, upper)))
    if verdict.status is Status.UNDECIDED: verdict = check(holds, prove(holds, Deadline(None)))
    statements, verdicts = [holds], [verdict]
    if below:
        statements.append(statement(p, interval, lower, absolute))
        verdicts.append(check(statements[1], point(statements[1], {"x": at}, search.bits + 32)))
    for verdict, status in zip(verdicts, (Status.HOLDS, Status.REFUTED)):
        if verdict.status is not status:
            raise ArithmeticError(f"the kernel does not confirm an error of {float(most):.3g}: {verdict.why}")
    return Sup(lower, upper, tuple(statements), tuple(verdicts))


def digits(q: Fraction, up: bool, places: int = DIGITS) -> Fraction:
    """q > 0 to some significant decimal digits, rounded up or down."""
    if not q: return q
    ten = places - len(str(int(q))) if q >= 1 else places + len(str(int(1 / q))) - 1
    scaled = q * Fraction(10) ** ten
    return Fraction(ceil(scaled) if up else floor(scaled)) / Fraction(10) ** ten

