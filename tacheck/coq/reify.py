"""Terms as data of the Coq checker (library/Checker.v): numbered binders, and a table of atoms.

    ("TZ", k)  ("TI", k)  ("TN", x, n)  ("FA", atom, args)  ("FD", x, y)  ("TAdd", a, b)  ("TMul", a, b)  ("TOpp", a)
    ("TSum", x, n, a)

An atom is what the checker does not look into: an entry, exp, ln, sqrt or a reciprocal, as a function of its indices.
Two that differ in the names of their indices alone are one atom.
"""
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from ..abbreviation import key
from ..kernel.term import dim, free
from .reals import ONE, Inexpressible, Real

Reified = tuple[Any, ...]


@dataclass(frozen=True)
class Atom:
    """Number `number` of the table: the term `body`, as a function of the indices `slots`."""
    number: int
    body: Real
    slots: tuple[str, ...]


@dataclass
class Table:
    """Names of indices as numbers, from 1 for the free ones, and the atoms met so far, which a whole file shares."""
    frees: tuple[str, ...]
    atoms: dict[Any, Atom]
    ranges: dict[str, int] = field(default_factory=dict)
    index: dict[int, str] = field(default_factory=dict)              # the index that a number stands for

    def __post_init__(self) -> None:
        for i in self.frees: self.number(i)

    def number(self, i: str) -> int:
        """A new number for a variable over the dimension of i."""
        x = len(self.index) + 1
        self.index[x] = i
        self.range(dim(i))
        return x

    def range(self, n: str) -> int: return self.ranges.setdefault(n, len(self.ranges))

    def atom(self, x: Real) -> tuple[Atom, tuple[str, ...]]:
        """The atom of which x is a value, and its arguments there."""
        at = tuple(x[2:]) if x[0] == "at" else free(x)
        name = (*x[:2], len(at)) if x[0] == "at" else key(x)
        slots = tuple(f"slot{k}:{dim(i)}" for k, i in enumerate(at)) if x[0] == "at" else at
        if name not in self.atoms:
            self.atoms[name] = Atom(len(self.atoms), (*x[:2], *slots) if x[0] == "at" else x, slots)
        return self.atoms[name], at

    def by_number(self, k: int) -> Atom: return list(self.atoms.values())[k]

    def index_of(self, x: int) -> str:
        """The index for which a number stands: the free one, or one that no statement has."""
        return self.index[x] if x <= len(self.frees) else f"k_{x}:{dim(self.index[x])}"

    @property
    def free(self) -> dict[int, str]:
        """The dimensions of the free numbers."""
        return {k: dim(i) for k, i in enumerate(self.frees, 1)}

    def reify(self, x: Real, names: Mapping[str, int] | None = None) -> Reified:
        """x as data of the checker."""
        names = names if names is not None else dict(zip(self.frees, range(1, len(self.frees) + 1)))
        match x:
            case ("int", k): return ("TZ", k)
            case ("nat", k): return self.reify(("int", 1)) if k == 1 else ("TAdd", self.reify(("nat", k - 1)), ("TZ", 1))
            case ("inv", ("int", k)) if k > 0: return ("TI", k)
            case ("size", n): return ("TN", self.number(f"n:{n}"), n)
            case ("delta", i, j): return ("FD", names[i], names[j])
            case ("add", a, b): return ("TAdd", self.reify(a, names), self.reify(b, names))
            case ("mul", a, b): return ("TMul", self.reify(a, names), self.reify(b, names))
            case ("neg", a): return ("TOpp", self.reify(a, names))
            case ("pow", _, 0): return self.reify(ONE, names)
            case ("pow", a, k): return ("TMul", self.reify(a, names), self.reify(("pow", a, k - 1), names))
            case ("sum", i, a):
                n = self.number(i)
                return ("TSum", n, dim(i), self.reify(a, {**names, i: n}))
            case ("at" | "exp" | "ln" | "sqrt" | "inv", *_):
                atom, at = self.atom(x)
                return ("FA", atom.number, tuple(names[i] for i in at))
        raise Inexpressible(f"no data for {x[0]}")
