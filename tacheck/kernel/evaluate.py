"""Terms as numbers, at explicit sizes and exact data: brute force, in a field of one's choice.

A field has num, add, mul, pow, exp and log; exp is handed a function that evaluates its argument in any field, so that
a field may read exponents in another one.  `diff` is evaluated with dual numbers.
"""
from collections.abc import Callable, Mapping
from fractions import Fraction
from functools import reduce
from itertools import product
from typing import Any

from .normal import ONE, Normaliser, Poly, add, scale, whole
from .term import Term, dim, free

MOST = 2_000_000                 # values that one evaluation may take
Field = Any                      # num(q), add(a, b), mul(a, b), pow(a, q), exp(evaluate_argument), log(evaluate_argument)


class Dual:
    """Pairs (value, derivative by one entry X[at]) over a field; the derivative of an entry is 1 there and 0 elsewhere."""

    def __init__(self, field: Field, tensor: str, at: tuple[int, ...]): self.field, self.tensor, self.where = field, tensor, at

    def num(self, q: Fraction) -> Any: return self.field.num(q), None                # None is 0: most derivatives are

    def entry(self, tensor: str, at: tuple[int, ...], q: Fraction) -> Any:
        slope = self.field.num(Fraction(1)) if (tensor, at) == (self.tensor, self.where) else None
        return entry(self.field, tensor, at, q), slope

    def add(self, a: Any, b: Any) -> Any: return self.field.add(a[0], b[0]), self.plus(a[1], b[1])

    def plus(self, a: Any, b: Any) -> Any: return b if a is None else a if b is None else self.field.add(a, b)

    def times(self, a: Any, b: Any) -> Any: return None if b is None else self.field.mul(a, b)

    def mul(self, a: Any, b: Any) -> Any:
        return self.field.mul(a[0], b[0]), self.plus(self.times(b[0], a[1]), self.times(a[0], b[1]))

    def pow(self, a: Any, q: Fraction) -> Any:
        value = self.field.pow(a[0], q)
        if a[1] is None or not q: return value, None
        return value, self.times(self.field.mul(self.field.num(q), self.field.pow(a[0], q - 1)), a[1])

    def exp(self, argument: Callable[[Field], Any]) -> Any:
        value = self.field.exp(argument)
        return value, self.times(value, argument(self)[1])

    def log(self, a: Any) -> Any:
        return self.field.log(a[0]), None if a[1] is None else self.times(self.field.pow(a[0], Fraction(-1)), a[1])


class Exact:
    """Closed terms as polynomials in the normaliser's atoms: equal there implies equal as numbers."""

    def __init__(self) -> None:
        self.ring = Normaliser(lambda _, question: [list(range(len(question[1])))])
        self.mul, self.pow, self.log = self.ring.mul, self.ring.power, self.ring.log

    def num(self, q: Fraction) -> Poly: return scale(ONE, whole(q))
    def add(self, a: Poly, b: Poly) -> Poly: return add(a, b)
    def exp(self, argument: Callable[[Field], Any]) -> Poly: return self.ring.exp(argument(self))
    def same(self, a: Poly, b: Poly) -> bool: return not self.ring.cleared(add(a, scale(b, -1)))


def entry(field: Field, tensor: str, at: tuple[int, ...], q: Fraction) -> Any:
    return field.entry(tensor, at, q) if isinstance(field, Dual) else field.num(q)


def evaluate(t: Term, field: Field, sizes: Mapping[str, int], data: Callable[[str, tuple[int, ...]], Any],
             env: Mapping[str, int]) -> Any:
    """t in the field: sizes per dimension, data per entry, env a value per free index."""
    frees: dict[int, tuple[str, ...]] = {}
    memo: dict[Any, Any] = {}
    duals: dict[Any, Dual] = {}

    def indices(t: Term) -> tuple[str, ...]:
        if id(t) not in frees: frees[id(t)] = free(t, indices)
        return frees[id(t)]

    def go(t: Term, f: Field, env: Mapping[str, int]) -> Any:
        key = id(t), id(f), tuple([env[i] for i in indices(t)])
        if key not in memo: memo[key] = fresh(t, f, env)
        if len(memo) > MOST: raise ValueError(f"more than {MOST} values")
        return memo[key]

    def fresh(t: Term, f: Field, env: Mapping[str, int]) -> Any:
        match t:
            case ("num", q): return f.num(Fraction(q))
            case ("size", n): return f.num(Fraction(sizes[n]))
            case ("at", x, *at): return entry(f, x, (w := tuple(env[i] for i in at)), data(x, w))
            case ("delta", i, j): return f.num(Fraction(env[i] == env[j]))
            case ("add", *parts): return reduce(f.add, [go(x, f, env) for x in parts])
            case ("mul", *parts): return reduce(f.mul, [go(x, f, env) for x in parts])
            case ("pow", x, q): return f.pow(go(x, f, env), Fraction(q))
            case ("exp", x): return f.exp(lambda g: go(x, g, env))
            case ("log", x): return f.log(go(x, f, env))
            case ("sum", i, x): return reduce(f.add, [go(x, f, {**env, i: k}) for k in range(sizes[dim(i)])])
            case ("diff", x, name, *at):
                where = tuple(env[i] for i in at)
                dual = duals.setdefault((id(f), name, where), Dual(f, name, where))
                slope = go(x, dual, env)[1]
                return f.num(Fraction(0)) if slope is None else slope
        raise ValueError(f"no such term: {t[0]}")
    return go(t, field, env)


def places(indices: tuple[str, ...], sizes: Mapping[str, int]) -> list[dict[str, int]]:
    """Every assignment of values to the indices."""
    return [dict(zip(indices, values)) for values in product(*(range(sizes[dim(i)]) for i in indices))]
