"""SMT-LIB scripts without quantifiers, evaluated: is every assertion true at the given values?

Bool is True or False; Int and Real are exact; a bit-vector is a pair (number, width).  Scripts declare constants and
assert; nothing else is read.
"""
import operator
import re
from collections.abc import Iterator, Mapping
from fractions import Fraction
from itertools import combinations, pairwise, product
from math import prod
from typing import Any

from .bounds import rational

TOKEN = re.compile(r"""[ \t\r\n]+|;[^\r\n]*|([()]|[!#-'*-:<-{}~]+)""")  # words are printable ASCII without ( ) ; | "
NAME = re.compile("[A-Za-z][A-Za-z_0-9]*")
NUMERAL = re.compile(r"[0-9]{1,4000}(\.[0-9]{1,4000})?")
BITS, NUMBER, WIDTH = map(re.compile, ("#b[01]+|#x[0-9a-fA-F]+", "bv[0-9]{1,4000}", "[1-9][0-9]{0,5}"))
MOST_BITS = 16
ALONE = {"and", "or", "+", "*", "-", "not", "bvnot"}                 # that may have one part
ACTS: dict[str, tuple[type, Any]] = {                                # the sort of its parts, and what it does to their list
    "and": (bool, all), "or": (bool, any), "not": (bool, lambda xs: not one(xs)), "xor": (bool, lambda xs: sum(xs) % 2 == 1),
    "=>": (bool, lambda xs: xs[-1] or not all(xs[:-1])),
    "=": (object, lambda xs: all([same(pair) for pair in pairwise(xs)])),
    "distinct": (object, lambda xs: not any([same(pair) for pair in combinations(xs, 2)])),
    "+": (Fraction, sum), "*": (Fraction, prod), "/": (Fraction, lambda xs: xs[0] / prod(xs[1:])),
    "-": (Fraction, lambda xs: xs[0] - sum(xs[1:]) if len(xs) > 1 else -xs[0]),
    "ite": (object, lambda xs: xs[2 - xs[0]] if len(xs) == 3 and type(xs[0]) is bool and alike(xs[1:]) else one([])),
    "bvnot": (tuple, lambda xs: (one(xs)[0] ^ (1 << xs[0][1]) - 1, xs[0][1]))}
for word, compare in (("<", operator.lt), ("<=", operator.le), (">", operator.gt), (">=", operator.ge)):
    ACTS[word] = Fraction, lambda xs, compare=compare: all(compare(x, y) for x, y in pairwise(xs))
for word, join in (("bvand", operator.and_), ("bvor", operator.or_), ("bvxor", operator.xor)):
    ACTS[word] = tuple, lambda xs, join=join: (join(xs[0][0], xs[1][0]), xs[0][1]) if len(xs) == 2 and alike(xs) else one(xs)


def one(xs: list[Any]) -> Any:
    if len(xs) != 1: raise ValueError("its parts are not of the right number or sort")
    return xs[0]


def alike(xs: Any) -> bool: return len({(type(x), x[1] if isinstance(x, tuple) else 0) for x in xs}) == 1


def same(pair: Any) -> bool:
    if not alike(pair): raise ValueError("= of two sorts")
    return bool(pair[0] == pair[1])


def parse(script: str) -> list[Any]:
    """The script as nested lists of words.  Raises ValueError."""
    stack, at = [list[Any]()], 0
    while at < len(script):
        if not (found := TOKEN.match(script, at)): raise ValueError(f"not SMT-LIB: {script[at:at + 20]!r}")
        at, word = found.end(), found[1]
        if word == "(": stack.append([])
        elif word == ")" and len(stack) > 1: stack[-2].append(stack.pop())
        elif word: stack[-1].append(word)
    if len(stack) > 1 or ")" in stack[0]: raise ValueError("not SMT-LIB: the brackets do not match")
    return stack[0]


class Script:
    """Its constants, each with its sort (a word, or the width of a bit-vector), and its assertions."""

    def __init__(self, text: str):
        self.sorts: dict[str, str | int] = {}
        self.assertions: list[Any] = []
        for command in parse("" + text):                             # not a list of texts
            match command:
                case ["declare-const", x, ("Bool" | "Int" | "Real") as sort] if self.new(x): self.sorts[x] = sort
                case ["declare-const", x, ["_", "BitVec", w]] if self.new(x) and WIDTH.fullmatch(w): self.sorts[x] = int(w)
                case ["assert", claim]: self.assertions.append(claim)
                case ["set-logic", _] | ["check-sat"]: pass
                case _: raise ValueError(f"no such command: {str(command)[:60]}")

    def new(self, x: Any) -> bool: return bool(NAME.fullmatch(x)) and x not in {*self.sorts, *ACTS, "true", "false"}

    def given(self, x: str, text: str) -> Any:
        """The value of a constant, from its words."""
        if (sort := self.sorts[x]) == "Bool": return {"true": True, "false": False}[text]
        q = rational(text)
        if sort == "Int" and q.denominator > 1: raise ValueError(f"{x} = {text} is no integer")
        if not isinstance(sort, int): return q
        if q.denominator > 1 or not 0 <= q < 1 << sort: raise ValueError(f"{x} = {text} does not fit its {sort} bits")
        return int(q), sort

    def true(self, values: Mapping[str, Any]) -> bool:
        """Every assertion is true.  Raises ValueError where a term has no value, or an assertion another than true and false."""
        return all([self.value(["and", claim], values) for claim in self.assertions])

    def value(self, t: Any, values: Mapping[str, Any]) -> Any:
        match t:
            case "true" | "false": return t == "true"
            case str() if t in values: return values[t]
            case str() if NUMERAL.fullmatch(t): return Fraction(t)
            case str() if BITS.fullmatch(t): return int("0" + t[1:], 0), (len(t) - 2) * (1 if t[1] == "b" else 4)
            case ["_", x, w] if NUMBER.fullmatch(x) and WIDTH.fullmatch(w): return int(x[2:]) % (1 << int(w)), int(w)
            case [str(word), *parts] if word in ACTS and len(parts) > (word not in ALONE):
                (sort, act), found = ACTS[word], [self.value(x, values) for x in parts]
                if all(isinstance(x, sort) for x in found): return act(found)
        raise ValueError(f"no value: {str(t)[:60]}")

    def everywhere(self) -> Iterator[dict[str, Any]]:
        """Every assignment, where all constants are Bool or bit-vectors, of at most 16 bits in all."""
        widths = {x: 1 if s == "Bool" else s if isinstance(s, int) else MOST_BITS + 1 for x, s in self.sorts.items()}
        if sum(widths.values()) > MOST_BITS: raise ValueError(f"more than {MOST_BITS} bits")
        for numbers in product(*(range(1 << w) for w in widths.values())):
            yield {x: bool(k) if self.sorts[x] == "Bool" else (k, w) for (x, w), k in zip(widths.items(), numbers)}
