"""Terms as SymPy expressions, and SymPy expressions as terms.

    term                          SymPy
    size n                        Symbol("n", integer=True, positive=True)
    scalar s                      Symbol("s")
    X[i, a]                       IndexedBase("X")[Idx("i", n), Idx("a", d)]
    Sum(i, t)                     Sum(t, (Idx("i", n), 0, n - 1))
    delta(i, j)                   KroneckerDelta(i, j)
    exp, log, powers              exp, log, Pow
    diff(t, X[a, b])              carried out on the way out; Derivative(t, X[a, b]) on the way in
"""
from __future__ import annotations

import keyword
from collections.abc import Mapping
from typing import Any

from ..derivation import bare, tidy, without_diff
from ..kernel.term import Term, dim, sizes, subterms, wellformed
from ..lang import Expr

WORDS = ("Idx", "IndexedBase", "KroneckerDelta", "Rational", "Sum", "Symbol", "exp", "log", "sqrt")
HELP = "a term is made of numbers, symbols, X[i, ...], +, *, **, exp, log, Sum(t, (i, 0, n - 1)), KroneckerDelta and Derivative"


def to_sympy(t: Expr | Term) -> Any:
    """The term in SymPy, each diff carried out first.  from_sympy reads it back as an equal term.

    SymPy simplifies a little as it builds (x + x is 2 x).  Raises ValueError for what is not a term, and where SymPy finds
    the value undefined or not real: 1/0, log(0), sqrt(-1).
    """
    return built(plain(t))


def sympy_source(t: Expr | Term, name: str = "expression") -> str:
    """A Python program that leaves to_sympy(t) under `name`: declarations, then the expression in SymPy's own words."""
    from sympy.printing.str import StrPrinter

    t = plain(t)
    names: dict[Any, str] = {}
    lines = [f"from sympy import {', '.join(WORDS)}", ""]

    def declare(x: Any, text: str, value: str) -> None:
        while text in (*WORDS, name, *names.values()) or keyword.iskeyword(text): text += "_"
        names[x] = text
        lines.append(f"{text} = {value}")

    for n in sizes(t): declare(size(n), n, f"Symbol({n!r}, integer=True, positive=True)")
    for i in dict.fromkeys(i for x in subterms(t) if x[0] in ("at", "delta", "sum") for i in x[1:] if ":" in i):
        declare(index(i), bare(i), f"Idx({bare(i)!r}, {names[size(dim(i))]})")
    for x, shape in wellformed(t).items():
        if shape: declare(base(x), x, f"IndexedBase({x!r})")
        else: declare(scalar(x), x, f"Symbol({x!r})")

    class Printer(StrPrinter):                                                          # type: ignore[misc]
        """SymPy's printer, with the declared names and exact numbers."""
        printmethod = ""                                              # the methods below, and none of the objects' own
        def _print_Symbol(self, x: Any) -> str: return names[x]
        def _print_Idx(self, x: Any) -> str: return names[x]
        def _print_Indexed(self, x: Any) -> str: return f"{names[x.base]}[{', '.join(names[i] for i in x.indices)}]"
        def _print_Exp1(self, x: Any) -> str: return "exp(1)"
        def _print_Rational(self, x: Any) -> str: return f"Rational({x.p}, {x.q})"

    return "\n".join([*lines, "", f"{name} = {Printer().doprint(built(t))}", ""])


def plain(t: Expr | Term) -> Term:
    """The data of a term, without diff, its bound indices named apart.  Raises ValueError for what is not a term."""
    data = t.data if isinstance(t, Expr) else t
    wellformed(data)
    return tidy(without_diff(data))


def built(t: Term) -> Any:
    """A term without diff in SymPy."""
    import sympy

    def visit(t: Term) -> Any:
        match t:
            case ("num", q): return sympy.Rational(q)
            case ("size", n): return size(n)
            case ("at", x): return scalar(x)
            case ("at", x, *at): return base(x)[tuple(map(index, at))]
            case ("delta", i, j): return sympy.KroneckerDelta(index(i), index(j))
            case ("add", *parts): return sympy.Add(*map(visit, parts))
            case ("mul", *parts): return sympy.Mul(*map(visit, parts))
            case ("pow", x, q): return sympy.Pow(visit(x), sympy.Rational(q))
            case ("exp", x): return sympy.exp(visit(x))
            case ("log", x): return sympy.log(visit(x))
            case ("sum", i, body): return sympy.Sum(visit(body), (index(i), 0, size(dim(i)) - 1))
        raise ValueError(f"no such term: {t[0]}")

    expr = visit(t)
    if expr.has(sympy.I, sympy.zoo, sympy.nan, sympy.oo, -sympy.oo):
        raise ValueError(f"SymPy makes {str(expr)[:80]} of the term, which is not a real number")
    return expr


def size(n: str) -> Any:
    import sympy
    return sympy.Symbol(n, integer=True, positive=True)


def scalar(x: str) -> Any:
    import sympy
    return sympy.Symbol(x)


def base(x: str) -> Any:
    import sympy
    return sympy.IndexedBase(x)


def index(i: str) -> Any:
    import sympy
    return sympy.Idx(bare(i), size(dim(i)))


# ---- from SymPy ---------------------------------------------------------------------------------------------------

def from_sympy(expr: Any) -> Expr:
    """The term that a SymPy expression says.

    An index is an Idx with a range, Idx("i", n), or a symbol whose dimension is found from the limits of the Sum that binds
    it, (i, 0, n - 1), or from the shape of its tensor, IndexedBase("X", shape=(n, d)).  A symbol that is a size somewhere, or
    is an integer and positive, is a size; any other is a scalar.  Raises ValueError, in words, for all else: floats, other
    functions, sums with numbers or other expressions as limits, indices that are not plain.
    """
    import sympy

    expr = sympy.sympify(expr)
    if not isinstance(expr, sympy.Expr): raise ValueError(f"{str(expr)[:60]} is not an expression; {HELP}")
    reader = Reader(expr)
    data = reader.visit(expr, {})
    wellformed(data)
    return Expr(data)


class Reader:
    """One SymPy expression being read: `lengths` are the symbols that are sizes."""

    def __init__(self, expr: Any):
        import sympy
        self.sympy = sympy
        ends = [limit[2] for s in expr.atoms(sympy.Sum) for limit in s.limits if len(limit) == 3]
        self.lengths = {x for n in ends for x in n.free_symbols}
        self.lengths |= {n for x in expr.atoms(sympy.IndexedBase) for n in x.shape or () if n.is_Symbol}

    def visit(self, e: Any, bound: Mapping[Any, str]) -> Term:
        """The term that e says; `bound` gives the index of each bound symbol."""
        sympy = self.sympy
        def inside(x: Any) -> Term: return self.visit(x, bound)

        if isinstance(e, sympy.Rational): return ("num", str(e))
        if isinstance(e, sympy.Float):
            raise ValueError(f"{e} is a float, and a term holds exact numbers; write Rational({str(e)!r})")
        if e is sympy.E: return ("exp", ("num", "1"))
        if isinstance(e, sympy.Indexed): return ("at", str(e.base.label), *self.places(e, bound))
        if e in bound or isinstance(e, sympy.Idx):
            raise ValueError(f"the index {e} is used as a number; an index only says where")
        if isinstance(e, sympy.Symbol):
            return ("size" if e in self.lengths or e.is_integer and e.is_positive else "at", e.name)
        if isinstance(e, sympy.Add): return ("add", *map(inside, e.args))
        if isinstance(e, sympy.Mul): return ("mul", *map(inside, e.args))
        if isinstance(e, sympy.exp): return ("exp", inside(e.args[0]))
        if isinstance(e, sympy.log): return ("log", inside(e.args[0]))
        if isinstance(e, sympy.Pow):
            if isinstance(e.exp, sympy.Rational): return ("pow", inside(e.base), str(e.exp))
            return ("exp", ("mul", inside(e.exp), ("log", inside(e.base))))
        if isinstance(e, sympy.KroneckerDelta): return ("delta", *(self.place(i, bound, None, e) for i in e.args[:2]))
        if isinstance(e, sympy.Sum): return self.sum(e, bound)
        if isinstance(e, sympy.Derivative): return self.derivative(e, bound)
        raise ValueError(f"{type(e).__name__} is not in the language of terms: {str(e)[:60]}; {HELP}")

    def sum(self, e: Any, bound: Mapping[Any, str]) -> Term:
        """Sum(t, (i, 0, n - 1), ...): SymPy writes the innermost sum first."""
        bound, names = dict(bound), []
        for limit in reversed(e.limits):
            i = limit[0]
            n = limit[2] + 1 if len(limit) == 3 and limit[1] == 0 else None
            if n is None or not n.is_Symbol:
                raise ValueError(f"the limits {tuple(limit)} are not (i, 0, n - 1) with a symbol n: "
                                 "a term sums over a whole dimension")
            if isinstance(i, self.sympy.Idx) and i.upper is not None and (i.lower, i.upper) != (0, n - 1):
                raise ValueError(f"the index {i} runs over {(i.lower, i.upper)}, and the sum over {tuple(limit[1:])}")
            bound[i] = f"{i}:{n}"
            names.append(bound[i])
        t = self.visit(e.function, bound)
        for i in reversed(names): t = ("sum", i, t)
        return t

    def derivative(self, e: Any, bound: Mapping[Any, str]) -> Term:
        """Derivative(t, X[a, b], ...), by entries and scalars."""
        t = self.visit(e.expr, bound)
        for x, times in e.variable_count:
            by = self.visit(x, bound)
            if by[0] != "at" or not times.is_Integer:
                raise ValueError(f"{str(e)[:60]}: a term is differentiated by an entry or a scalar")
            for _ in range(int(times)): t = ("diff", t, *by[1:])
        return t

    def places(self, e: Any, bound: Mapping[Any, str]) -> list[str]:
        shape = e.base.shape or (None,) * len(e.indices)
        return [self.place(i, bound, n, e) for i, n in zip(e.indices, shape, strict=True)]

    def place(self, i: Any, bound: Mapping[Any, str], n: Any, e: Any) -> str:
        """The index that i says: bound, or with a range, or over the dimension n of its tensor."""
        if i in bound: return bound[i]
        if not isinstance(i, self.sympy.Idx | self.sympy.Symbol):
            raise ValueError(f"{e}: {i} is not an index; a term has only plain indices")
        if isinstance(i, self.sympy.Idx) and i.upper is not None: n = i.upper + 1 if i.lower == 0 else None
        if n is None or not n.is_Symbol:
            raise ValueError(f"{e}: the dimension of {i} is not known; write Idx({str(i)!r}, n) with a symbol n")
        return f"{i}:{n}"
