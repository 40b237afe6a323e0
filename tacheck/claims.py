"""Claims: a sentence, a citation, a statement, and a false twin that must fail.

    @claim(cite="folklore")
    def jacobian():
        \"\"\"d s_i / d x_a = s_i (delta_ia - s_a), for every n.\"\"\"
        return identity(diff(s(i), x[a]), s(i) * (delta(i, a) - s(a)))

    @jacobian.twin
    def plus_sign():
        return identity(diff(s(i), x[a]), s(i) * (delta(i, a) + s(a)))

Its id is file and function: `softmax.jacobian`.  A family, `@claim(cite=..., over={"order": range(1, 6)})`, hands each
value to the function and to its twins, and gives `gradient.dX[1]`, `gradient.dX[2]`, ...
"""
import inspect
import re
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from itertools import product
from typing import Any

from .kernel.check import (
    Bound,
    Conditional,
    Decision,
    Growth,
    Identity,
    Inequality,
    Instance,
    Measurement,
    Statement,
    Status,
)
from .kernel.term import Term
from .lang import Argued

States = Callable[..., Statement | Argued]


class ClaimError(ValueError):
    """A claim that is not fit to be checked: what is missing, and where."""


@dataclass
class Claim:
    """One claim, or one member of a family: `parameters` are its values."""
    id: str
    says: str
    cite: str
    states: States
    expect: Status | None
    derives: str | None
    where: str
    parameters: Mapping[str, Any] = field(default_factory=dict)
    twins: list[States] = field(default_factory=list)
    form: Term = ()                                                  # of an inequality that is argued for
    built: tuple[Statement, dict[str, Statement]] | None = field(default=None, repr=False, compare=False)

    def twin(self, states: States) -> States:
        """Register a near miss, which must be refuted."""
        if any(t.__name__ == states.__name__ for t in self.twins):
            raise ClaimError(f"claim {self.id} has two twins called {states.__name__} ({_where(states)})")
        self.twins.append(states)
        return states

    def statements(self) -> tuple[Statement, dict[str, Statement]]:
        """The statement, and those of the false twins by id.  Raises ClaimError for one that cannot be written down."""
        if self.built is None:
            self.built = self._build(self.states), {f"{self.id}~{t.__name__}": self._build(t) for t in self.twins}
        return self.built

    def _build(self, states: States) -> Statement:
        try: s = states(**self.parameters)
        except Exception as bad:
            raise ClaimError(f"claim {self.id}, {states.__name__}: {type(bad).__name__}: {bad} ({_where(states)})") from None
        if isinstance(s, Argued):
            if states is self.states: self.form = s.form
            s = s.statement
        if not isinstance(s, Statement):
            raise ClaimError(f"claim {self.id}, {states.__name__} returns {type(s).__name__}, not a statement: "
                             f"return identity(lhs, rhs) ({_where(states)})")
        return s

    def promised(self, statement: Statement) -> str:
        """The statuses that count as success, joined by |."""
        if self.expect is not None: return self.expect.value
        while isinstance(statement, Conditional): statement = statement.conclusion
        return "|".join(s.value for s in PROMISED[type(statement)])


PROMISED: dict[type, tuple[Status, ...]] = {
    Identity: (Status.HOLDS,), Inequality: (Status.HOLDS,), Bound: (Status.HOLDS,), Instance: (Status.HOLDS,),
    Decision: (Status.HOLDS, Status.TRUSTED), Growth: (Status.HOLDS, Status.TRUSTED), Measurement: (Status.OBSERVED,)}


@dataclass
class Registered:
    """What @claim leaves in the module: the family and its @name.twin decorator."""
    id: str
    members: list[Claim]

    def twin(self, states: States) -> States:
        """Register a near miss of every member."""
        for c in self.members: c.twin(states)
        return states


REGISTRY: dict[str, Registered] = {}


def claim(*, cite: str, expect: str | None = None, over: Mapping[str, Iterable[Any]] | None = None,
          derives: str | None = None) -> Callable[[States], Registered]:
    """Register the function below as a claim: its docstring says it in words, its value is the statement.

    cite: paper, version and number.  expect: "refuted" or "vacuous" for a printed statement that is false or empty.
    over: a family, one claim for each combination of values.  derives: the theory whose gradient this is, for
    `tacheck derive`.  Raises ClaimError where words, citation or name are missing or taken.
    """
    def register(states: States) -> Registered:
        id = f"{states.__module__.rpartition('.')[2]}.{states.__name__}"
        says, where = inspect.cleandoc(states.__doc__ or "").strip(), _where(states)
        if not says: raise ClaimError(f"claim {id} has no docstring: say it in words first ({where})")
        if not isinstance(cite, str) or not cite.strip():
            raise ClaimError(f"claim {id} has no citation: name paper, version and number, or \"folklore\" ({where})")
        if expect not in (None, "refuted", "vacuous"):
            raise ClaimError(f"claim {id} expects {expect!r}: a claim may expect \"refuted\" or \"vacuous\" ({where})")
        if id in REGISTRY: raise ClaimError(f"claim {id} is defined twice ({REGISTRY[id].members[0].where} and {where})")
        members = []
        for values in product(*(over or {}).values()):
            name = f"{id}[{','.join(map(str, values))}]" if over else id
            if not re.fullmatch(r"[\w.,\[\]-]+", name):
                raise ClaimError(f"claim {name!r} cannot be a file name: use words and numbers as values ({where})")
            members.append(Claim(name, says, cite.strip(), states, Status(expect) if expect else None, derives, where,
                                 dict(zip(over or {}, values))))
        if not members: raise ClaimError(f"claim {id} is a family over nothing ({where})")
        REGISTRY[id] = Registered(id, members)
        return REGISTRY[id]
    return register


def collected() -> dict[str, Claim]:
    """Every registered claim by id.  Raises ClaimError for one without a false twin."""
    for family in REGISTRY.values():
        if not family.members[0].twins:
            raise ClaimError(f"claim {family.id} has no false twin: add @{family.id.rpartition('.')[2]}.twin, a near miss that "
                             f"must be refuted ({family.members[0].where})")
    return {c.id: c for family in REGISTRY.values() for c in family.members}


def _where(states: States) -> str:
    code = states.__code__
    return f"{code.co_filename}:{code.co_firstlineno}"
