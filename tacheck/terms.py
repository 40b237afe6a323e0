"""Terms as Python expressions: indices, tensors, entries, the usual operators, sums and derivatives.

Terms build plain data (`kernel.term`) and simplify nothing.  Numbers are exact: ints and Fractions, never floats.
"""
from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from fractions import Fraction
from itertools import count
from numbers import Rational
from typing import Any

from .indices import FreeIndices
from .kernel import term as kernel_term
from .kernel.term import show, wellformed

Exact = int | Fraction
_fresh = count(1)


@dataclass(frozen=True)
class Index:
    """An index and the dimension over which it runs."""
    name: str
    dim: str

    def fresh(self) -> Index:
        """An index over the same dimension that nothing else uses; statements give it a plain name again."""
        return Index(f"{self.name.partition('__')[0]}__{next(_fresh)}", self.dim)

    def __str__(self) -> str: return f"{self.name}:{self.dim}"


@dataclass(frozen=True)
class Expr:
    """A term: operators build bigger terms.  `data` is the kernel's plain data."""
    data: kernel_term.Term

    def __add__(self, other: Expr | Exact) -> Expr: return Expr(("add", *_parts(self, "add"), term(other).data))
    def __radd__(self, other: Exact) -> Expr: return term(other) + self
    def __sub__(self, other: Expr | Exact) -> Expr: return self + -term(other)
    def __rsub__(self, other: Exact) -> Expr: return term(other) - self
    def __mul__(self, other: Expr | Exact) -> Expr: return Expr(("mul", *_parts(self, "mul"), term(other).data))
    def __rmul__(self, other: Exact) -> Expr: return term(other) * self
    def __truediv__(self, other: Expr | Exact) -> Expr: return self * term(other) ** -1
    def __rtruediv__(self, other: Exact) -> Expr: return term(other) / self
    def __neg__(self) -> Expr: return Expr(("mul", ("num", "-1"), *_parts(self, "mul")))
    def __pos__(self) -> Expr: return self

    def __pow__(self, exponent: Exact) -> Expr:
        if isinstance(exponent, Expr): raise TypeError("an exponent is an exact number; write exp(k * log(t)) for t**k")
        return Expr(("pow", self.data, str(Fraction(exact(exponent)))))

    def __rpow__(self, base: object) -> Expr: raise TypeError("an exponent is an exact number; write exp(t * log(b)) for b**t")
    def __gt__(self, other: Expr | Exact) -> Assumption: return Assumption("> 0", self - other if other != 0 else self)
    def __lt__(self, other: Expr | Exact) -> Assumption: return Assumption("> 0", term(other) - self)
    def __ge__(self, other: Expr | Exact) -> Assumption: return Assumption(">= 0", self - other if other != 0 else self)
    def __le__(self, other: Expr | Exact) -> Assumption: return Assumption(">= 0", term(other) - self)
    def __bool__(self) -> bool: raise TypeError("a term is not true or false; build a statement with identity(lhs, rhs)")
    def __iter__(self) -> Any: raise TypeError("a term is not a sequence; sum over an index with Sum(i, term)")
    def __repr__(self) -> str: return show(self.data)


@dataclass(frozen=True)
class Assumption:
    """`term relation`, for all values of the free indices of the term."""
    relation: str
    term: Expr

    def __bool__(self) -> bool: raise TypeError("an assumption is not true or false; hand it to identity(..., assuming=...)")
    def __repr__(self) -> str: return f"{self.term!r} {self.relation}"


@dataclass(frozen=True)
class Tensor:
    """A tensor of real numbers; index it to get an entry.  The dimensions of its indices are its shape."""
    name: str

    def __getitem__(self, at: Index | tuple[Index, ...]) -> Expr:
        at = at if isinstance(at, tuple) else (at,)
        for i in at:
            if not isinstance(i, Index): raise TypeError(f"{self.name}[{i!r}]: an index comes from dim(\"n\", \"i j\")")
        return Expr(("at", self.name, *map(str, at)))

    def __iter__(self) -> Any: raise TypeError(f"{self.name} is not a sequence; its size is not known")


def exact(x: object) -> Rational:
    if isinstance(x, Rational) and not isinstance(x, bool): return x
    if isinstance(x, float): raise TypeError(f"{x!r} is a float, and a statement holds exact numbers; write Fraction(\"{x!r}\")")
    raise TypeError(f"{x!r} ({type(x).__name__}) is not a term; use tensors, sizes, ints and Fractions")


def _parts(t: Expr, op: str) -> tuple[Any, ...]: return t.data[1:] if t.data[0] == op and len(t.data) > 1 else (t.data,)


def _name(x: object) -> str:
    wellformed(("size", x))
    return str(x)


def term(x: Expr | Exact) -> Expr:
    """A Python number as a term; a term as it is.  Floats are refused: 0.1 is not 1/10."""
    return x if isinstance(x, Expr) else Expr(("num", str(Fraction(exact(x)))))


# ---- nouns --------------------------------------------------------------------------------------------------------

def dim(name: str, indices: str) -> tuple[Index, ...]:
    """Indices over the dimension `name`, whose size is any positive integer: i, j = dim("n", "i j")."""
    return tuple(Index(_name(i), _name(name)) for i in indices.replace(",", " ").split())


def size(name: str) -> Expr:
    """The size of a dimension, as a number."""
    return Expr(("size", _name(name)))


def tensor(name: str) -> Tensor:
    """A tensor; one object may be used at different dimensions in different statements."""
    return Tensor(_name(name))


def scalar(name: str) -> Expr:
    """A real number."""
    return Expr(("at", _name(name)))


# ---- functions ----------------------------------------------------------------------------------------------------

def delta(i: Index, j: Index) -> Expr:
    """Kronecker's delta: 1 if i = j, else 0.  Both run over one dimension."""
    if i.dim != j.dim: raise ValueError(f"delta({i}, {j}) compares an index over {i.dim} with one over {j.dim}")
    return Expr(("delta", str(i), str(j)))


def Sum(*args: Any) -> Expr:
    """Sum(i, j, body): over all i and j.  A function as the body gets fresh indices: Sum(j, lambda j: x[j]).

    Reuse of a name inside is another index.  A Python function that sums should use the second form, for then nothing
    that it is handed can be captured.
    """
    *bound, body = args
    if not bound or not all(isinstance(i, Index) for i in bound):
        raise TypeError(f"Sum(i, ..., body) takes indices and one body, not {args!r:.80}")
    if len(set(bound)) < len(bound): raise ValueError(f"Sum({', '.join(i.name for i in bound)}, ...) names an index twice")
    if callable(body):
        bound = [i.fresh() for i in bound]
        body = body(*bound)
    data = term(body).data
    for i in reversed(bound): data = ("sum", str(i), data)
    return Expr(data)


def exp(t: Expr | Exact) -> Expr: return Expr(("exp", term(t).data))
def log(t: Expr | Exact) -> Expr: return Expr(("log", term(t).data))
def sqrt(t: Expr | Exact) -> Expr: return term(t) ** Fraction(1, 2)


def sigmoid(t: Expr | Exact) -> Expr:
    """1 / (1 + e^-t): a word, not a rule; its derivative is a theorem."""
    return 1 / (1 + exp(-term(t)))


def tanh(t: Expr | Exact) -> Expr:
    """1 - 2 / (1 + e^2t)."""
    return 1 - 2 / (1 + exp(2 * term(t)))


def diff(t: Expr | Exact, entry: Expr) -> Expr:
    """The partial derivative of t by an entry, diff(t, X[a, b]), or by a scalar.  Repeatable."""
    if not (isinstance(entry, Expr) and entry.data[0] == "at"):
        raise TypeError(f"diff(t, X[a, b]) differentiates by an entry or a scalar, not by {entry!r}")
    return Expr(("diff", term(t).data, *entry.data[1:]))


def positive(t: Expr) -> Assumption: return Assumption("> 0", term(t))
def nonzero(t: Expr) -> Assumption: return Assumption("!= 0", term(t))
def equal(lhs: Expr | Exact, rhs: Expr | Exact) -> Assumption: return Assumption("= 0", term(lhs) - rhs)


def plain(t: Expr) -> kernel_term.Term:
    """The term with its bound indices named afresh, so that a statement does not depend on how it was built."""
    indices = FreeIndices()
    free = set(indices(t.data))

    def visit(t: kernel_term.Term, names: Mapping[str, str]) -> kernel_term.Term:
        match t:
            case ("num" | "size", _): return t
            case ("at", x, *at): return ("at", x, *(names.get(i, i) for i in at))
            case ("delta", i, j): return ("delta", names.get(i, i), names.get(j, j))
            case ("pow", x, q): return ("pow", visit(x, names), q)
            case ("diff", x, name, *at): return ("diff", visit(x, names), name, *(names.get(i, i) for i in at))
            case ("sum", i, body):
                stem, dimension = i.partition(":")[0].partition("__")[0], kernel_term.dim(i)
                used = {j.partition(":")[0] for j in (*free, *(names.get(j, j) for j in indices(t)))}
                new = next(j for k in count() if (j := f"{stem}{k or ''}") not in used)
                return ("sum", f"{new}:{dimension}", visit(body, {**names, i: f"{new}:{dimension}"}))
        return (t[0], *(visit(x, names) for x in t[1:]))
    return visit(t.data, {})
