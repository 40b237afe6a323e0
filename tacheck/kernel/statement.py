"""The things one can say, and how they are written in JSON."""
from collections.abc import Mapping
from dataclasses import dataclass
from enum import Enum
from typing import Any

from .script import Script
from .term import Term, wellformed


class Status(Enum):
    HOLDS = "holds"            # checked, for the whole scope of the statement
    REFUTED = "refuted"        # a checked counterexample
    VACUOUS = "vacuous"        # nothing satisfies the assumptions
    TRUSTED = "trusted"        # an outside solver says so; nothing was re-checked
    OBSERVED = "observed"      # measured; says nothing beyond its sample
    UNDECIDED = "undecided"    # no evidence, or it did not check, or it ran out of time


@dataclass(frozen=True)
class Identity:
    """lhs = rhs for every size >= 1 of every dimension and all real data, wherever both sides are defined.

    `assuming` holds pairs (relation, term), meant for all values of the free indices of the term.
    """
    lhs: Term
    rhs: Term
    assuming: tuple[tuple[str, Term], ...] = ()


@dataclass(frozen=True)
class Inequality:
    """lhs >= rhs, in the scope of an Identity."""
    lhs: Term
    rhs: Term
    assuming: tuple[tuple[str, Term], ...] = ()


@dataclass(frozen=True)
class Bound:
    """lower <= expr <= upper (None: no such end) at every point of a box of rationals: (scalar, least, greatest), ..."""
    expr: Term
    box: tuple[tuple[str, str, str], ...]
    lower: str | None
    upper: str | None


@dataclass(frozen=True)
class Decision:
    """No values of its constants make every assertion of the SMT-LIB script true."""
    script: str


@dataclass(frozen=True)
class Growth:
    """expr tends to the limit ("oo", "-oo" or a rational) as the scalar tends to infinity."""
    expr: Term
    scalar: str
    limit: str


@dataclass(frozen=True)
class Measurement:
    """What was measured, from a seed, lies between two terms in the sizes (None: no such end)."""
    what: str
    seed: int
    lower: Term | None
    upper: Term | None


@dataclass(frozen=True)
class Instance:
    """lhs = rhs at explicit sizes and exact data, for all values of the free indices."""
    sizes: tuple[tuple[str, int], ...]
    data: tuple[tuple[str, str], ...]
    lhs: Term
    rhs: Term


@dataclass(frozen=True)
class Conditional:
    """The conclusion, given named hypotheses.  Each is (name, status in the register, report)."""
    hypotheses: tuple[tuple[str, str, str], ...]
    conclusion: "Statement"


Statement = Identity | Inequality | Bound | Decision | Growth | Measurement | Instance | Conditional
Certificate = Mapping[str, Any]
Finding = tuple[Status, str, tuple[str, ...], Mapping[str, Any] | None]


def terms(s: Any) -> list[Term]:
    """Every term of the statement."""
    ends = [t for t in (s.lower, s.upper) if t is not None] if isinstance(s, Measurement) else []
    sides = [getattr(s, side) for side in ("lhs", "rhs", "expr") if hasattr(s, side)]
    return sides + ends + [t for _, t in getattr(s, "assuming", ())]


KINDS: dict[str, Any] = {kind.__name__.lower(): kind for kind in (
    Identity, Inequality, Bound, Decision, Growth, Measurement, Instance, Conditional)}


def frozen(y: Any) -> Any:
    """JSON's lists as tuples, its objects as statements."""
    return load(y) if isinstance(y, dict) else tuple(map(frozen, y)) if isinstance(y, list | tuple) else y


def dump(s: Statement) -> dict[str, Any]:
    """The statement as a JSON value."""
    return {"kind": type(s).__name__.lower()} | {k: dump(v) if type(v) in KINDS.values() else v for k, v in vars(s).items()}


def load(x: Any) -> Statement:
    """The statement out of a JSON value.  Raises ValueError where it is none."""
    try:
        s: Statement = KINDS[x["kind"]](**{k: frozen(v) for k, v in x.items() if k != "kind"})
        for name, width in (("assuming", 2), ("sizes", 2), ("data", 2), ("hypotheses", 3), ("box", 3)):
            rows = getattr(s, name, ())
            if type(rows) is not tuple or any(type(r) is not tuple or len(r) != width or type(r[0]) is not str for r in rows):
                raise ValueError(f"{name} is not a list of rows of {width}")
        if isinstance(s, Decision): Script(s.script)
        dump(s.conclusion) if isinstance(s, Conditional) else wellformed(*terms(s))
    except (LookupError, TypeError, RecursionError) as bad:
        raise ValueError(f"not a statement: {type(bad).__name__} {bad}") from None
    return s
