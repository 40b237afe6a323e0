"""SymPy at explicit sizes: every entry a symbol, every `diff` SymPy's own.

What comes out is compared exactly, at rational data, as a polynomial in the atoms exp(..), log(..) and 1/denominator.  In
SymPy's own forms the same comparison takes minutes at n = d = 2, or does not end.
"""
import random
from typing import Any

import sympy

from ..indices import FreeIndices
from ..kernel.check import Identity
from ..kernel.evaluate import places
from ..kernel.term import Term, dim, free


class E(sympy.Function):  # type: ignore[misc]
    """exp, left as it stands: SymPy would merge exp(a) exp(b) into new atoms."""
    def fdiff(self, argindex: int = 1) -> Any: return self


class L(sympy.Function):  # type: ignore[misc]
    """log, left as it stands."""
    def fdiff(self, argindex: int = 1) -> Any: return 1 / self.args[0]


def agree(s: Identity, size: dict[str, int]) -> bool | None:
    """Do the sides agree at the last place?  None where this way of computing cannot tell."""
    at = places(free(("add", s.lhs, s.rhs)), size)[-1]
    instance, atoms = Explicit(size), Atoms(random.Random(str(sorted(size.items()))))
    difference = atoms.translate(instance.expression(s.lhs, at) - instance.expression(s.rhs, at))
    if atoms.vanishes(difference): return True
    return False if not s.assuming and abs(atoms.number(difference)) > sympy.Float(10) ** -30 else None


class Explicit:
    """Terms at explicit sizes as SymPy expressions."""

    def __init__(self, size: dict[str, int]):
        self.size, self.memo, self.free = size, dict[Any, Any](), FreeIndices()

    def symbol(self, tensor: str, at: tuple[int, ...]) -> Any: return sympy.Symbol("_".join([tensor, *map(str, at)]))

    def expression(self, t: Term, at: dict[str, int]) -> Any:
        key = id(t), tuple(at[i] for i in self.free(t))
        if key not in self.memo: self.memo[key] = self.fresh(t, at)
        return self.memo[key]

    def fresh(self, t: Term, at: dict[str, int]) -> Any:
        match t:
            case ("num", q): return sympy.Rational(q)
            case ("size", n): return sympy.Integer(self.size[n])
            case ("at", x, *where): return self.symbol(x, tuple(at[i] for i in where))
            case ("delta", i, j): return sympy.Integer(int(at[i] == at[j]))
            case ("add", *parts): return sympy.Add(*(self.expression(x, at) for x in parts))
            case ("mul", *parts): return sympy.Mul(*(self.expression(x, at) for x in parts))
            case ("pow", x, q): return sympy.Pow(self.expression(x, at), sympy.Rational(q))
            case ("exp", x): return E(self.expression(x, at))
            case ("log", x): return L(self.expression(x, at))
            case ("sum", i, x): return sympy.Add(*(self.expression(x, {**at, i: k}) for k in range(self.size[dim(i)])))
            case ("diff", x, name, *where):
                return sympy.diff(self.expression(x, at), self.symbol(name, tuple(at[i] for i in where)))
        raise ValueError(f"no such term: {t[0]}")


class Atoms:
    """Rationals for the entries; symbols for exp, log and root of reciprocal, each with what it is made from.

    `root` w of a base b stands for b^(-1/2), so that b^(-1) = w^2 and b^(1/2) = b w; it satisfies w^2 b = 1.
    """

    def __init__(self, rng: random.Random) -> None:
        self.rng, self.memo = rng, dict[Any, Any]()
        self.names: dict[Any, Any] = {}
        self.bases: list[tuple[Any, Any]] = []

    def translate(self, e: Any) -> Any:
        """The expression as a polynomial in symbols."""
        if e.is_Rational: return e
        if e not in self.memo: self.memo[e] = self.fresh(e)
        return self.memo[e]

    def fresh(self, e: Any) -> Any:
        if e.is_Symbol: return sympy.Rational(self.rng.randint(1, 8), 8)      # larger data would saturate the softmax
        if e.is_Add or e.is_Mul: return e.func(*map(self.translate, e.args))
        if isinstance(e, E | L):
            return self.named((type(e), sympy.expand(self.translate(e.args[0]))))
        if e.is_Pow and e.exp.is_Rational and e.exp.q in (1, 2):
            base = self.translate(e.base)
            if e.exp.is_Integer and e.exp > 0: return base ** e.exp
            key = (sympy.sqrt, sympy.expand(base))
            known = key in self.names
            w = self.named(key)
            if not known: self.bases.append((w, key[1]))
            lift = max(0, int(sympy.ceiling(e.exp)))                 # b^(1/2) = b w, b^(3/2) = b^2 w
            return base ** lift * w ** (2 * lift - 2 * e.exp)
        raise ValueError(f"{e} is no polynomial in exp, log and roots")

    def named(self, key: Any) -> Any: return self.names.setdefault(key, sympy.Symbol(f"_{len(self.names)}"))

    def number(self, e: Any) -> Any:
        """The polynomial to 60 digits."""
        values: dict[Any, Any] = {}
        for (kind, inside), symbol in self.names.items():
            x = sympy.N(inside.subs(values), 60)
            values[symbol] = sympy.exp(x) if kind is E else sympy.log(x) if kind is L else 1 / sympy.sqrt(x)
        return sympy.N(e.subs(values), 60)

    def vanishes(self, e: Any) -> bool:
        """Is the polynomial 0, given w^2 b = 1 for each root?  The outermost roots are cleared first."""
        parts = [e]
        for w, base in reversed(self.bases):
            parts = [half for p in parts for half in cleared(p, w, base)]
        return all(_zero(p) for p in parts)


def cleared(p: Any, w: Any, base: Any) -> list[Any]:
    """The even and the odd part of p in w, each times the power of the base that leaves no w in it."""
    if not p.has(w): return [p]
    coefficients = list(reversed(sympy.Poly(p, w).all_coeffs()))
    most = (len(coefficients) - 1) // 2
    return [sympy.Add(*(c * base ** (most - k) for k, c in enumerate(coefficients[parity::2]))) for parity in (0, 1)]


def _zero(p: Any) -> bool:
    symbols = sorted(p.free_symbols, key=str) if p != 0 else []
    return not symbols and p == 0 or bool(symbols) and sympy.Poly(p, *symbols).is_zero
