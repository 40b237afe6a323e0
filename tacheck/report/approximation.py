"""A certified polynomial as text, as JSON, and as records that `python -m tacheck.kernel` judges again."""
from collections.abc import Sequence
from dataclasses import dataclass
from decimal import ROUND_CEILING, ROUND_FLOOR, ROUND_HALF_EVEN, Context, Decimal
from fractions import Fraction
from math import comb
from typing import Any

from ..kernel.check import Statement, Status, Verdict, dump
from ..numeric.polynomial.approximation import slope
from ..numeric.polynomial.certify import statement


@dataclass(frozen=True)
class Evidence:
    """One statement and what the kernel found.  `part` names its file ("" for the main one), `says` is it in words."""
    part: str
    says: str
    statement: Statement
    verdict: Verdict

    def record(self) -> dict[str, Any]:
        """The record as the kernel reads it."""
        return {"tacheck": 1, "claim": self.says, "status": self.verdict.status.value, "statement": dump(self.statement),
                "certificate": self.verdict.certificate}

    def row(self) -> dict[str, Any]:
        """What was found, without the statement and the certificate."""
        return {"part": self.part, "says": self.says, "status": self.verdict.status.value, "why": self.verdict.why}


@dataclass(frozen=True)
class Report:
    """What is certified: every number comes out of a statement that the kernel has judged.

    Raises ArithmeticError where one is missing, is about something else, or has not the verdict that it needs.
    """
    coefficients: tuple[Fraction, ...]
    interval: tuple[Fraction, Fraction]
    kind: str                                                        # minimax, chebyshev, taylor, or given
    absolute: bool
    dtype: str
    asked: Fraction | None
    minimal: bool                                                    # no smaller degree has the error that was asked for
    evidence: tuple[Evidence, ...]
    dimension: int | None

    def __post_init__(self) -> None:
        proof = (*MINIMAL[:3 if self.degree else 1], *(e.part for e in self.proof)) if self.minimal else ()
        needed = {"": Status.HOLDS, "lower": Status.REFUTED} | dict.fromkeys(proof, Status.HOLDS)
        for part, status in needed.items():
            if (e := self.find(part)) is None or e.verdict.status is not status:
                raise ArithmeticError(f"the kernel does not say {status.value} of {e.says if e else part or 'the bound'}")
        for part, most in (("", self.upper), ("lower", self.lower), *([("minimal-1", self.asked)] if self.minimal else [])):
            if most is None or self.find(part).statement != statement(self.coefficients, self.interval, most, self.absolute):
                raise ArithmeticError(f"the statement {part or 'of the bound'} is about something else")
        if self.slope is not None:
            e, steep = self.find("slope"), slope(self.coefficients)
            if e.verdict.status is not Status.HOLDS or e.statement != statement(steep, self.interval, self.slope, self.absolute):
                raise ArithmeticError("the kernel does not say so of the slope")

    def find(self, part: str) -> Any:
        """The evidence of that name, or None."""
        return next((e for e in self.evidence if e.part == part), None)

    @property
    def proof(self) -> tuple[Evidence, ...]:
        """That no smaller degree will do: a bound, identities (several where the degree is large), a bound."""
        return tuple(e for e in self.evidence if e.part.startswith("minimal-"))

    @property
    def lower(self) -> Fraction: return Fraction(self.find("lower").statement.upper)

    @property
    def upper(self) -> Fraction: return Fraction(self.find("").statement.upper)

    @property
    def slope(self) -> Fraction | None:
        """A certified bound on the error of P', if it was asked for."""
        return Fraction(e.statement.upper) if (e := self.find("slope")) else None

    @property
    def degree(self) -> int: return len(self.coefficients) - 1

    @property
    def rank(self) -> int | None: return None if self.dimension is None else comb(self.dimension + self.degree, self.degree)

    @property
    def formula(self) -> str: return "|P(x) - e^x|" if self.absolute else "|P(x) e^-x - 1|"

    @property
    def exit(self) -> int:
        """1 if an error that was asked for is refuted, 3 if something stayed undecided."""
        found = {e.verdict.status for e in self.evidence if e.part != "lower" and e not in self.proof}
        return 1 if Status.REFUTED in found else 3 if found - {Status.HOLDS} else 0


MINIMAL = ("minimal-1", "minimal-2", "minimal-3")                     # at least


def decimal(q: Fraction, digits: int, rounding: str = ROUND_HALF_EVEN) -> str:
    """q to so many significant digits."""
    found = Context(digits, rounding).divide(Decimal(q.numerator), Decimal(q.denominator)).normalize()
    return f"{found:e}" if q and not Fraction(1, 10**4) <= abs(q) < 10**6 else f"{found:f}"


def shortest(q: Fraction) -> str:
    """A number as people write it: a decimal where that is exact and short."""
    text = decimal(q, 12)
    return text if Fraction(text) == q and len(text) <= len(str(q)) + 2 else str(q)


def where(r: Report) -> str: return f"[{shortest(r.interval[0])}, {shortest(r.interval[1])}]"


def document(r: Report) -> dict[str, Any]:
    """The --json document, version 1."""
    ends = [decimal(q, 10, way) for q, way in ((r.lower, ROUND_FLOOR), (r.upper, ROUND_CEILING))]
    proof = [e.record() for e in r.proof] if r.minimal else None
    return {"version": 1, "degree": r.degree, "interval": [str(q) for q in r.interval], "kind": r.kind,
            "relative": not r.absolute, "dtype": r.dtype, "coefficients": [str(c) for c in r.coefficients],
            "asked": None if r.asked is None else str(r.asked),
            "error": {"lower": str(r.lower), "upper": str(r.upper), "decimal": ends},
            "slope_error": None if r.slope is None else str(r.slope), "minimal": r.minimal, "minimal_proof": proof,
            "rank": r.rank, "dimension": r.dimension,
            "verdicts": [e.row() for e in r.evidence], "exit": r.exit}


def text(r: Report, digits: int, written: Sequence[str]) -> str:
    """The report in words.  Nothing is said that has no verdict."""
    kind = "the given polynomial" if r.kind == "given" else f"{r.kind} polynomial"
    low, high = decimal(r.lower, digits, ROUND_FLOOR), decimal(r.upper, digits, ROUND_CEILING)
    lines = [f"e^x on {where(r)}: {kind} of degree {r.degree}" + (f", {r.dtype} coefficients" if r.dtype != "exact" else ""),
             f"  {low} < sup {r.formula} <= {high}   certified"]
    if r.slope is not None:
        formula = r.formula.replace("P(x)", "P'(x)")
        lines.append(f"  sup {formula} <= {decimal(r.slope, digits, ROUND_CEILING)}   certified")
    for e in r.evidence:
        if e.part not in ("error", "slope-error"): continue
        found = "proved" if e.verdict.status is Status.HOLDS else f"{e.verdict.status.value}: {e.verdict.why}"
        lines.append(f"  {e.says}   {found}")
    if r.minimal: lines.append(f"  {least(r)}")
    if r.rank is not None: lines.append(f"  rank C({r.dimension} + {r.degree}, {r.degree}) = {r.rank} in dimension {r.dimension}")
    lines += [f"  c{k:<3} {coefficient(c, digits, r.dtype)}" for k, c in enumerate(r.coefficients)]
    return "\n".join([*lines, *written])


def least(r: Report) -> str:
    """That the degree is the least, in words."""
    assert r.asked is not None
    if not r.degree: return f"an error of {shortest(r.asked)} is met by a constant"
    return f"an error of {shortest(r.asked)} is met, and no polynomial of degree {r.degree - 1} meets it   proved"


def coefficient(c: Fraction, digits: int, dtype: str) -> str:
    """Exact where that is short; floats as Python writes them, which is exact for float64."""
    if dtype == "float64": return repr(float(c))
    near = decimal(c, digits)
    return near if Fraction(near) == c else str(c) if len(str(c)) <= digits else f"{near}..."
