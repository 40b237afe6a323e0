"""A second judge of proof certificates, written from the specification in docs/kernel.md alone.

It shares no code with the kernel and replays a certificate in full: the answers are used up in order, and the listing
of the table is compared. Comments give the sections of the specification. Where the text leaves a choice that cannot
change the truth of a status (how an enclosure is rounded), this judge makes its own.

    python second_judge.py FILE...

prints one line per file. The exit code is 2 if a file is no record or none was given, else 1 if a recorded status was
not found again or none was judged, else 0.
"""

from __future__ import annotations

import json
import math
import re
import sys
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from dataclasses import field as default
from fractions import Fraction
from itertools import product as places
from typing import Any

HOLDS, REFUTED, VACUOUS, UNDECIDED = "holds", "refuted", "vacuous", "undecided"
TRUSTED, OBSERVED = "trusted", "observed"
Number = int | Fraction
Indices = tuple[str, ...]


class Bad(Exception):
    """The evidence does not check: undecided."""


class Impossible(Exception):
    """Nothing satisfies the assumptions, or something is never defined: vacuous."""


def need(condition: object, why: str, error: type[Exception] = Bad) -> None:
    if not condition:
        raise error(why)


# 1. Records ----------------------------------------------------------------------------------------------------------

@dataclass(frozen=True)
class Statement:
    kind: str
    lhs: Term | None = None
    rhs: Term | None = None
    assuming: list | None = None
    sizes: Any = None
    data: Any = None
    hypotheses: Any = None
    conclusion: Statement | None = None
    expr: Term | None = None
    box: Any = None
    lower: Any = None
    upper: Any = None
    script: Script | None = None
    scalar: Any = None
    limit: Any = None
    what: Any = None
    seed: Any = None


def no_constant(word: str) -> None:
    raise ValueError(f"{word} is not JSON")


def read(path: str) -> dict:
    """The record in a file; ValueError if it holds none."""
    try:
        with open(path, encoding="utf-8") as file:
            record = json.load(file, parse_constant=no_constant)
        need(isinstance(record, dict), "no object", ValueError)
        for key in ("claim", "status", "statement", "certificate"):
            need(key in record, f"no {key}", ValueError)
        need(isinstance(record["claim"], str), "the claim is no text", ValueError)
        record["claim"].encode()  # half a character is none
        if record["status"] not in ("trusted", "observed"):
            load(record["statement"])
    except (OSError, RecursionError) as error:
        raise ValueError(str(error)) from None
    return record


WIDTHS = {"assuming": 2, "sizes": 2, "data": 2, "hypotheses": 3, "box": 3}
KEYS = {"identity": "lhs rhs assuming", "inequality": "lhs rhs assuming", "instance": "lhs rhs sizes data",
        "conditional": "hypotheses conclusion", "bound": "expr box lower upper", "decision": "script",
        "growth": "expr scalar limit", "measurement": "what seed lower upper"}


def load(value: Any) -> Statement:
    """1.5. The statement that a JSON value is; ValueError if it is none."""
    need(isinstance(value, dict), "a statement is an object", ValueError)
    known = KEYS.get(str(value.get("kind")), "").split()
    need(known and set(value) | {"assuming"} & set(known) == {"kind", *known}, "no such statement", ValueError)
    parts, shapes = {"assuming": [], **value}, {}
    for key in WIDTHS.keys() & parts.keys():
        need(isinstance(parts[key], list), f"{key} is no list", ValueError)
        for row in parts[key]:
            right = isinstance(row, list) and len(row) == WIDTHS[key] and isinstance(row[0], str)
            need(right, f"a row of {key} is not of {WIDTHS[key]} parts, the first a string", ValueError)
            if key != "assuming":
                without_object(row)
    ends = {"lower", "upper"} if value["kind"] == "measurement" else set()
    for side in {"lhs", "rhs", "expr"} & set(parts) | {end for end in ends if parts[end] is not None}:
        parts[side] = Term(parts[side], shapes)
    for key in {"lower", "upper", "scalar", "limit", "what", "seed"} & set(parts):
        if not isinstance(parts[key], Term):
            without_object(parts[key])
    if "script" in parts:
        parts["script"] = Script(parts["script"])
    parts["assuming"] = [(relation, Term(term, shapes)) for relation, term in parts["assuming"]]
    if "conclusion" in parts:
        parts["conclusion"] = load(parts["conclusion"])
    return Statement(**parts)


def without_object(value: Any) -> None:
    """1.5. What else stands in a row is looked into when it is used; only an object in it is unreadable."""
    need(not isinstance(value, dict), "an object where none can be", ValueError)
    for part in value if isinstance(value, list) else []:
        without_object(part)


# 2. Terms ------------------------------------------------------------------------------------------------------------

NAME = "[A-Za-z_][A-Za-z_0-9]*"
FORMS = {"num": "q", "size": "x", "at": "xi*", "delta": "ii", "add": "tt*", "mul": "tt*", "pow": "tq", "exp": "t",
         "log": "t", "sum": "it", "diff": "txi*"}


def matched(pattern: str, text: object) -> str:
    need(isinstance(text, str) and re.fullmatch(pattern, text), f"not of the form {pattern}", ValueError)
    return text


def rational(text: object) -> Number:
    return simple(Fraction(matched("-?[0-9]{1,4000}(/[1-9][0-9]{0,3999})?", text)))


def simple(q: Number) -> Number:
    return q.numerator if q.denominator == 1 else q


def whole(q: Number) -> bool:
    return q.denominator == 1


def dimension(index: str) -> str:
    return index.rpartition(":")[2]


class Term:
    """A word and what belongs to it, checked; ValueError if it is not well formed."""

    def __init__(self, value: Any, shapes: dict[str, Indices]) -> None:
        need(isinstance(value, list) and value and isinstance(value[0], str), "a term starts with a word", ValueError)
        self.word, rest = value[0], value[1:]
        form = FORMS.get(self.word, "-")
        if form[-1] == "*":
            form = form[:-2] + form[-2] * (len(rest) - len(form) + 2)
        need(self.word in FORMS and len(form) == len(rest), "no such word, or the wrong number of parts", ValueError)
        self.parts = tuple(Term(part, shapes) for part, sort in zip(rest, form) if sort == "t")
        self.indices = tuple(matched(f"{NAME}:{NAME}", part) for part, sort in zip(rest, form) if sort == "i")
        self.name = next((matched(NAME, part) for part, sort in zip(rest, form) if sort == "x"), "")
        self.digits = next((part for part, sort in zip(rest, form) if sort == "q"), "0")
        self.number = rational(self.digits)
        shape = tuple(map(dimension, self.indices))
        if self.word in ("at", "diff"):
            need(shapes.setdefault(self.name, shape) == shape, f"{self.name} has two shapes", ValueError)
        if self.word == "delta":
            need(shape[0] == shape[1], "a delta has one dimension", ValueError)
        if self.word == "pow":
            need(max(abs(self.number.numerator), self.number.denominator) <= 256, "exponent", ValueError)
        free = dict.fromkeys(index for part in self.parts for index in part.free)
        if self.word == "sum":
            free.pop(self.indices[0], None)
        else:
            free.update(dict.fromkeys(self.indices))
        self.free: Indices = tuple(free)

    def everything(self) -> Iterator[Term]:
        """The term and all terms in it."""
        yield self
        for part in self.parts:
            yield from part.everything()

    def written(self) -> tuple:
        """12.8.4. What is the same for terms that are: `add` in `add` and `mul` in `mul` are flattened, one part stands alone."""
        parts = [part.written() for part in self.parts]
        if self.word in ("add", "mul"):
            parts = [x for part in parts for x in (part[-1] if part[0] == self.word else [part])]
        if self.word in ("add", "mul") and len(parts) == 1:
            return parts[0]
        return self.word, self.name, self.indices, self.digits, tuple(parts)


# 4. Atoms, monomials, polynomials. Each atom and each monomial exists once in a table, so that they compare by identity.

@dataclass(frozen=True, eq=False, slots=True)
class Atom:
    head: str
    indices: Indices
    kind: str
    key: tuple


@dataclass(frozen=True, eq=False, slots=True)
class Monomial:
    factors: tuple[tuple[Atom, Number], ...]
    key: tuple


Factors = Iterable[tuple[Atom, Number]]
Poly = dict[Monomial, Number]  # in the order in which the monomials first came


def by_atom(factor: tuple[Atom, Number]) -> tuple:
    return factor[0].key


def nonzero(p: Poly) -> Poly:
    return {m: c for m, c in p.items() if c}


def in_order(p: Poly) -> Poly:
    return dict(sorted(p.items(), key=lambda term: term[0].key))


def scale(p: Poly, c: Number) -> Poly:
    return {m: simple(c * d) for m, d in p.items()} if c else {}


def changed(m: Monomial, atom: Atom, *power: Number) -> Factors:
    """The factors of m with another power of an atom, or without it."""
    return [(a, k) if a is not atom else (a, *power) for a, k in m.factors if power or a is not atom]


def leading(p: Poly) -> Monomial:
    """6.3."""
    need(p, "0 has no leading monomial")
    atoms = sorted({a for m in p for a, _ in m.factors}, key=lambda a: a.key)
    return max(p, key=lambda m: [dict(m.factors).get(a, 0) for a in atoms])


# 5. The table, and what is asked -------------------------------------------------------------------------------------

@dataclass(frozen=True)
class Entry:
    head: str
    kind: str
    slots: Indices
    bound: Indices
    body: Poly
    symmetries: list[tuple[int, ...]]


class Table:
    """The entries, the answers that are left, and the ring arithmetic. Without answers, each is the numbering 0, 1, ..."""

    def __init__(self, answers: list | None = None) -> None:
        self.answers, self.used = answers, 0
        self.entries: dict[str, Entry] = {}
        self.atoms: dict[tuple[str, Indices], Atom] = {}
        self.monomials: dict[tuple, Monomial] = {}
        self.asked: dict[tuple, list] = {}
        self.bodies: dict[tuple, Entry] = {}
        self.derived: dict[tuple, Poly] = {}
        self.given: set[str] = set()
        self.noted: set[tuple] = set()
        self.fresh_made, self.fuel = 0, 200_000
        self.one: Poly = self.raw([])

    def burn(self) -> None:  # 14.1
        self.fuel -= 1
        need(self.fuel >= 0, "out of fuel")

    def fresh(self, indices: Iterable[str]) -> Indices:  # 5.3
        made = []
        for index in indices:
            self.fresh_made += 1
            made.append(f"~{self.fresh_made}:{dimension(index)}")
        return tuple(made)

    def at(self, head: str, indices: Indices) -> Atom:  # 5.4
        entry = self.entries.get(head)
        if head == "=":
            indices = tuple(sorted(indices))
        elif entry:
            indices = min(tuple(indices[place] for place in symmetry) for symmetry in entry.symmetries)
        found = self.atoms.get((head, indices))
        if found is None:
            kind = entry.kind if entry else {"=": "delta", "|": "size"}.get(head[0], "tensor")
            found = self.atoms[head, indices] = Atom(head, indices, kind, (head, indices))
        return found

    def raw(self, factors: Factors) -> Poly:
        """One monomial with coefficient 1, sorted but not tidied."""
        key = tuple(sorted(factors, key=by_atom))
        if key not in self.monomials:
            self.monomials[key] = Monomial(key, tuple((*a.key, k) for a, k in key))
        return {self.monomials[key]: 1}

    def number(self, q: Number) -> Poly:
        return scale(self.one, q)

    def rename(self, p: Poly, names: dict[str, str]) -> Poly:  # 5.5
        out: Poly = {}
        for m, c in p.items():
            factors = {self.at(a.head, tuple(names.get(i, i) for i in a.indices)): k for a, k in m.factors}
            need(len(factors) == len(m.factors), "two atoms become the same")
            out[next(iter(self.raw(factors.items())))] = c
        need(len(out) == len(p), "two monomials become the same")
        return out

    def ask(self, kind: str, bound: Indices, p: Poly) -> tuple[list[str], list]:  # 5.6, 5.7
        variables = list(dict.fromkeys(i for m in in_order(p) for a, _ in m.factors for i in a.indices))
        shape = in_order(self.rename(p, {v: f"{k}:{dimension(v)}" for k, v in enumerate(variables)}))
        question = kind, tuple((dimension(v), v in bound) for v in variables), tuple(shape.items())
        if question not in self.asked:
            if self.answers is None:
                answer = [list(range(len(variables)))]
            else:
                need(self.used < len(self.answers), "no answer left")
                answer = self.answers[self.used]
                self.used += 1
            need(isinstance(answer, list), "an answer is a list")
            self.asked[question] = answer
        return variables, self.asked[question]

    def intern(self, kind: str, bound: Indices, p: Poly) -> Atom:  # 5.8
        variables, numberings = self.ask(kind, bound, p)
        need(numberings, "no numbering")
        made = []
        for numbering in numberings:
            need(isinstance(numbering, list) and all(type(k) is int for k in numbering), "a numbering is a list of integers")
            need(sorted(numbering) == list(range(len(variables))), "a numbering has each number once")
            names = {v: f"{'b' if v in bound else 's'}{k}:{dimension(v)}" for v, k in zip(variables, numbering)}
            slots = [v for _, v in sorted(zip(numbering, variables)) if v not in bound]
            made.append((names, slots, in_order(self.rename(p, names))))
        names, slots, body = made[0]
        key = kind, tuple(body.items())
        need(all(tuple(other.items()) == key[1] for _, _, other in made), "the numberings give different bodies")
        if key not in self.bodies:
            head = f"#{len(self.entries)}"
            self.bodies[key] = self.entries[head] = Entry(
                head, kind, tuple(names[v] for v in slots), tuple(names[v] for v in bound), body,
                [tuple(slots.index(v) for v in other) for _, other, _ in made])
        return self.at(self.bodies[key].head, tuple(slots))

    def first(self, bound: Indices, m: Monomial) -> Indices:  # 5.9
        variables, numbers = self.ask("first", bound, {m: 1})
        need(all(type(k) is int and 0 <= k < len(variables) and variables[k] in bound for k in numbers), "not bound")
        need(len(set(numbers)) == len(numbers), "a variable twice")
        return tuple(variables[k] for k in numbers)

    def add(self, *polynomials: Poly) -> Poly:  # 4.5
        out: Poly = {}
        for p in polynomials:
            for m, c in p.items():
                out[m] = out.get(m, 0) + c
        return nonzero(out)

    def mul(self, p: Poly, q: Poly) -> Poly:  # 4.6
        out: Poly = {}
        for m, c in p.items():
            for n, d in q.items():
                powers = dict(m.factors)
                for a, k in n.factors:
                    powers[a] = simple(powers.get(a, 0) + k)
                for r, e in self.tidy(powers.items()).items():
                    out[r] = out.get(r, 0) + c * d * e
        return nonzero(out)

    def product(self, factors: Iterator[Poly]) -> Poly:
        out = self.one
        for factor in factors:  # the next is computed after this one was multiplied
            out = self.mul(out, factor)
        return out

    # 6. Products and powers ------------------------------------------------------------------------------------------

    def tidy(self, powers: Factors) -> Poly:  # 6.1
        self.burn()
        factors = sorted(((a, k) for a, k in powers if k), key=by_atom)
        for n, (a, k) in enumerate(factors):
            rest = factors[:n] + factors[n + 1:]
            if a.kind == "delta":
                need(k > 0, "1 / delta")
                i, j = a.indices
                if i == j:
                    return self.tidy(rest)
                if any(j in other.indices for other, _ in rest):
                    return self.mul(self.product(self.place(b, power, {j: i}) for b, power in rest), self.raw([(a, 1)]))
                if k != 1:
                    return self.tidy([*rest, (a, 1)])
            if a.kind == "base" and (k >= 1 or k < 0 and len(self.entries[a.head].body) == 1):
                outside = self.tidy([*rest, (a, simple(k - math.floor(k)))])
                return self.mul(outside, self.power(self.value(a.head, a.indices), math.floor(k)))
        return self.raw(factors)

    def power(self, p: Poly, q: Number) -> Poly:  # 6.2
        if q == 0:
            return self.one
        for c in p.values():
            need(abs(q) * max(c.numerator.bit_length(), c.denominator.bit_length()) <= 1_000_000, "too large a number")
        if whole(q) and q > 0:
            return self.product(p for _ in range(int(q)))
        if len(p) > 1:
            p = self.cancel(p)
        need(p, "a division by 0")
        if whole(q) and len(p) == 1:
            (m, c), = p.items()
            return scale(self.tidy((a, simple(k * q)) for a, k in m.factors), simple(Fraction(c) ** int(q)))
        tables = [dict(m.factors) for m in p]
        common = {a: min(table.get(a, 0) for table in tables) for table in tables for a in table
                  if whole(q) or self.positive_atom(a, 1)}
        common = {a: k for a, k in common.items() if k}
        rest = self.mul(p, self.raw((a, -k) for a, k in common.items()))
        content: Number = 1
        if whole(q):
            content = Fraction(math.gcd(*(c.numerator for c in rest.values())),
                               math.lcm(*(c.denominator for c in rest.values())))
            content = -content if sum(rest.values()) < 0 else content
        outer = self.tidy((a, simple(k * q)) for a, k in common.items())
        if whole(q):
            outer = scale(outer, simple(Fraction(content) ** int(q)))
        if rest == self.one:
            return outer
        return self.mul(outer, self.tidy([(self.intern("base", (), scale(rest, 1 / Fraction(content))), q)]))

    def cancel(self, p: Poly) -> Poly:  # 6.4
        todo, out = dict(p), {}
        while todo:
            self.burn()
            m, c = todo.popitem()
            have = dict(m.factors)
            for a, k in m.factors:
                if a.kind == "base" and k <= -1:
                    v = self.value(a.head, a.indices)
                    top = leading(v)
                    if all(0 < power <= have.get(b, 0) for b, power in top.factors):
                        less = dict(top.factors)
                        rest = self.tidy((b, simple(power - less.get(b, 0))) for b, power in m.factors)
                        tail = {n: -d for n, d in v.items() if n is not top}
                        step = self.mul(rest, self.add(self.raw([(a, 1)]), tail))
                        todo = self.add(todo, scale(step, Fraction(c) / v[top]))
                        break
            else:
                out[m] = out.get(m, 0) + c
        return nonzero(out)

    # 7. Sums ---------------------------------------------------------------------------------------------------------

    def sum(self, bound: Indices, p: Poly) -> Poly:
        return self.again(bound, self.cancel(p))

    def again(self, bound: Indices, p: Poly) -> Poly:
        return self.add(*[scale(self.close(bound, m), c) for m, c in p.items()])

    def close(self, bound: Indices, m: Monomial) -> Poly:
        self.burn()
        for a, k in m.factors:
            mine = [i for i in a.indices if i in bound]
            if mine and a.kind == "delta":  # 7.3
                name = {mine[0]: a.indices[a.indices[0] == mine[0]]}
                return self.again(tuple(i for i in bound if i != mine[0]),
                                  self.product(self.place(b, power, name) for b, power in changed(m, a)))
            if mine and a.kind == "sum" and whole(k) and k > 0:  # 7.4
                body, inner = self.unfolded(a.head, a.indices)
                return self.again(bound + inner, self.mul(self.tidy(changed(m, a, k - 1)), body))
        if any(a.kind in ("sum", "base") and not set(bound).isdisjoint(a.indices) for a, _ in m.factors):  # 7.5
            chosen = self.first(bound, m)
            if chosen:
                inside = [(a, k) for a, k in m.factors if not set(chosen).isdisjoint(a.indices)]
                outside = [(a, k) for a, k in m.factors if set(chosen).isdisjoint(a.indices)]
                closed = self.close(chosen, next(iter(self.raw(inside))))
                return self.again(tuple(i for i in bound if i not in chosen),
                                  self.cancel(self.mul(self.raw(outside), closed)))
        out, left = self.one, list(m.factors)
        while bound:  # 7.6
            part, seen, moved = [], {bound[0]}, True
            while moved:
                moved = [f for f in left if not seen.isdisjoint(f[0].indices)]
                left = [f for f in left if seen.isdisjoint(f[0].indices)]
                part += moved
                seen.update(i for a, _ in moved for i in a.indices if i in bound)
            mine = tuple(i for i in bound if i in seen)
            factor = (self.intern("sum", mine, self.raw(part)) if part else self.at(f"|{dimension(bound[0])}|", ()))
            bound = tuple(i for i in bound if i not in seen)
            out = self.mul(out, self.raw([(factor, 1)]))
        return self.mul(out, self.raw(left))

    # 8. Exponentials and logarithms ----------------------------------------------------------------------------------

    def exp(self, p: Poly) -> Poly:
        return self.product(self.expm(m, c) for m, c in self.cancel(p).items())

    def expm(self, m: Monomial, c: Number) -> Poly:
        for a, k in m.factors:
            if a.kind == "delta":
                e = self.exp(scale(self.raw(changed(m, a)), c))
                return self.add(self.one, self.mul(self.raw([(a, 1)]), self.add(e, self.number(-1))))
            if a.kind == "log" and k == 1 and len(m.factors) == 1:
                return self.power(self.unfolded(a.head, a.indices)[0], c)
        return self.raw([(self.intern("exp", (), {m: 1}), c)])

    def log(self, p: Poly) -> Poly:
        if p == self.one:
            return {}
        need(p, "the logarithm of 0")
        (m, c), *more = p.items()
        if more or not m.factors or c < 0 or not self.positive_monomial(m):
            return self.raw([(self.intern("log", (), p), 1)])
        parts = [self.log(self.number(c))]
        for a, k in m.factors:
            one = (self.unfolded(a.head, a.indices)[0] if a.kind == "exp" else
                   self.raw([(self.intern("log", (), self.raw([(a, 1)])), 1)]))
            parts.append(scale(one, k))
        return self.add(*parts)

    # 9. Substitution -------------------------------------------------------------------------------------------------

    def unfolded(self, head: str, indices: Indices) -> tuple[Poly, Indices]:
        """The body of an entry at these indices, and the fresh indices in the place of its bound ones."""
        entry = self.entries[head]
        inner = self.fresh(entry.bound)
        return self.substitute(entry.body, dict(zip(entry.slots + entry.bound, indices + inner))), inner

    def value(self, head: str, indices: Indices) -> Poly:
        body, inner = self.unfolded(head, indices)
        kind = self.entries[head].kind
        return body if kind == "base" else self.sum(inner, body) if kind == "sum" else getattr(self, kind)(body)

    def substitute(self, p: Poly, names: dict[str, str]) -> Poly:
        return self.add(*[scale(self.product(self.place(a, k, names) for a, k in m.factors), c) for m, c in p.items()])

    def place(self, a: Atom, k: Number, names: dict[str, str]) -> Poly:
        indices = tuple(names.get(i, i) for i in a.indices)
        if a.head in self.entries and len(set(indices)) < len(indices):
            return self.power(self.value(a.head, indices), k)
        return self.tidy([(self.at(a.head, indices), k)])

    # 10. What is visibly positive ------------------------------------------------------------------------------------

    def positive(self, p: Poly) -> bool:
        return self.nonnegative(p) and any(map(self.positive_monomial, p))

    def nonnegative(self, p: Poly) -> bool:
        return all(c > 0 for c in p.values()) and all(self.nonnegative_factor(a, k) for m in p for a, k in m.factors)

    def positive_monomial(self, m: Monomial) -> bool:
        return all(self.positive_atom(a, k) for a, k in m.factors)

    def positive_atom(self, a: Atom, k: Number) -> bool:
        return (a.kind in ("exp", "size") or not whole(k) or a.head in self.given
                or a.kind in ("sum", "base") and self.positive(self.entries[a.head].body))

    def nonnegative_factor(self, a: Atom, k: Number) -> bool:
        return (k % 2 == 0 or a.kind == "delta" or self.positive_atom(a, k)
                or a.kind == "sum" and self.nonnegative(self.entries[a.head].body))

    # 11. Reading a statement -----------------------------------------------------------------------------------------

    def read(self, t: Term) -> Poly:
        self.burn()
        if t.word == "num":
            return self.number(t.number)
        if t.word == "size":
            return self.raw([(self.at(f"|{t.name}|", ()), 1)])
        if t.word == "at":
            return self.raw([(self.at(t.name, t.indices), 1)])
        if t.word == "delta":
            return self.tidy([(self.at("=", t.indices), 1)])
        if t.word == "add":
            return self.add(*[self.read(part) for part in t.parts])
        if t.word == "mul":
            return self.product(self.read(part) for part in t.parts)
        if t.word == "pow" and whole(t.number) and t.number < 0:
            return self.reciprocal(t.parts[0], t.number)
        if t.word in ("sum", "diff"):
            fresh = self.fresh(t.indices)
            p = self.read(t.parts[0])
            if t.word == "sum":
                return self.sum(fresh, self.substitute(p, {t.indices[0]: fresh[0]}))
            return self.substitute(self.derivative(p, t.name, fresh), dict(zip(fresh, t.indices)))
        p = self.read(t.parts[0])
        if t.word == "log" or not whole(t.number):
            self.note(t.parts[0], p, "> 0")
        return self.power(p, t.number) if t.word == "pow" else self.exp(p) if t.word == "exp" else self.log(p)

    def reciprocal(self, t: Term, q: int) -> Poly:  # 11.4
        if t.word == "mul":
            return self.product(self.reciprocal(part, q) for part in t.parts)
        if t.word == "pow" and t.digits.isdigit() and t.number:
            return self.reciprocal(t.parts[0], q * t.number)
        p = self.read(t)
        self.note(t, p, "!= 0")
        return self.power(p, q)

    def assume(self, p: Poly) -> None:  # 11.2
        need(p and not self.positive(scale(p, -1)), "an assumption is never so", Impossible)
        (m, c), *more = p.items()
        if not more and c > 0 and len(m.factors) == 1:
            (a, k), = m.factors
            if k == 1 and a.kind == "tensor" and len(set(a.indices)) == len(a.indices):
                self.given.add(a.head)

    def note(self, t: Term, p: Poly, relation: str) -> None:  # 11.3
        negative = self.positive(scale(p, -1))
        need(p and not (relation == "> 0" and negative), "never defined", Impossible)
        if not (self.positive(p) or negative and relation == "!= 0"):
            self.noted.add((relation, t.written()))

    def derivative(self, p: Poly, name: str, at: Indices) -> Poly:  # 11.5
        return self.add(*[scale(self.mul(self.tidy(changed(m, a, k - 1)), self.slope(a, name, at)), c * k)
                          for m, c in p.items() for a, k in m.factors])

    def slope(self, a: Atom, name: str, at: Indices) -> Poly:  # 11.6
        if a.head == name:
            return self.product(self.tidy([(self.at("=", pair), 1)]) for pair in zip(a.indices, at))
        if a.head not in self.entries:
            return {}
        entry, key = self.entries[a.head], (a.head, name, at)
        if key not in self.derived:
            d = self.derivative(entry.body, name, at)
            if entry.kind == "exp":
                d = self.mul(d, self.raw([(self.at(a.head, entry.slots), 1)]))
            elif entry.kind == "log":
                d = self.mul(d, self.power(entry.body, -1))
            elif entry.kind == "sum":
                d = self.sum(entry.bound, d)
            self.derived[key] = d
        return self.substitute(self.derived[key], dict(zip(entry.slots, a.indices)))

    def cleared(self, p: Poly) -> Poly:  # 11.7
        while True:
            bases = dict.fromkeys(a for m in p for a, k in m.factors if a.kind == "base" and k < 0)
            if not bases:
                return p
            for base in bases:
                k = max((-k for m in p for a, k in m.factors if a is base), default=0)
                if k > 0:
                    p = self.mul(p, self.raw([(base, k)]))

    def listing(self) -> list[str]:  # 12.7
        return [f"{e.head}[{','.join(e.slots)}] = {e.kind}{' over ' * bool(e.bound)}{','.join(e.bound)}: {text(e.body)}"
                for e in self.entries.values()]


def text(p: Poly) -> str:
    return " + ".join(" ".join([str(c)] * (c != 1 or not m.factors) + [factor_text(a, k) for a, k in m.factors])
                      for m, c in in_order(p).items()) or "0"


def factor_text(a: Atom, k: Number) -> str:
    return (a.head + (f"[{','.join(a.indices)}]" if a.indices else "")
            + ("" if k == 1 else f"^{k}" if whole(k) else f"^({k})"))


# 12. Judging ---------------------------------------------------------------------------------------------------------

def judge(record: dict) -> str:
    """The status that the certificate of a record earns for its statement; ValueError if the statement is none."""
    statement, certificate = load(record["statement"]), record["certificate"]
    try:
        nothing = isinstance(certificate, dict) and certificate.get("by") == "nothing"
        return UNDECIDED if nothing and isinstance(certificate.get("why"), str) else found(statement, certificate)
    except Impossible:
        return VACUOUS
    except (Bad, ArithmeticError, LookupError, TypeError, ValueError, RecursionError):
        return UNDECIDED


def found(statement: Statement, certificate: Any) -> str:
    by = certificate.get("by") if isinstance(certificate, dict) else None
    if statement.kind == "conditional":  # 12.5
        status = found(statement.conclusion, certificate)
        for _, standing, _ in statement.hypotheses:
            need(standing != "refuted", "a hypothesis is refuted", Impossible)
            need(standing in ("open", "proved", "reported-refuted"), "no such standing")
        return status
    found_by, *keys = JUDGES.get((str(by), statement.kind), (None,))
    return found_by(statement, certificate) if found_by and all(key in certificate for key in keys) else UNDECIDED


def normal_form(statement: Statement, certificate: dict) -> str:  # 12.2, 12.8
    shapes: dict[str, Indices] = {}
    for term in [statement.lhs, statement.rhs, *(term for _, term in statement.assuming)]:
        entries = [part for part in term.everything() if part.word in ("at", "diff")]
        shapes.update((part.name, tuple(map(dimension, part.indices))) for part in entries)
    form = Term(certificate["form"], shapes) if statement.kind == "inequality" else None
    need(isinstance(certificate["answers"], list), "answers are a list")
    table = Table(certificate["answers"])
    for p in [table.read(term) for relation, term in statement.assuming if relation == "> 0"]:
        table.assume(p)
    lhs, rhs = table.read(statement.lhs), table.read(statement.rhs)
    difference, noted = table.cleared(table.add(lhs, scale(rhs, -1))), set(table.noted)
    if form:
        need(nonnegative(form, [term for relation, term in statement.assuming if relation in ("> 0", ">= 0")]), "no sign")
        try:
            lhs, rhs, rest = table.read(statement.lhs), table.read(statement.rhs), table.read(form)
            difference = table.cleared(table.add(lhs, scale(table.add(rhs, rest), -1)))
        except Impossible:
            raise Bad("the form is never defined") from None
        assumed = {(relation, term.written()) for relation, term in statement.assuming}
        need(table.noted <= noted | assumed, "the form is not defined wherever the sides are")
        need(not table.noted or plain(statement, form), "names with two meanings")
    need(table.used == len(table.answers), "answers are left over")
    need(table.listing() == certificate["atoms"], "the listing is another")
    need(not difference, "the difference is not 0")
    if statement.assuming or noted:
        point = Point(certificate["example"], certificate["example"]["bits"])
        point.check(statement.assuming)
        for side in (statement.lhs, statement.rhs):
            for at in point.everywhere(side):
                point.enclose(side, at)
    return HOLDS


def witness(statement: Statement, certificate: dict) -> str:  # 12.3
    point, at = Point(certificate, certificate["bits"]), {}
    for index, value in pairs(certificate["at"]):
        need(type(value) is int and 0 <= value < point.sizes[dimension(index)], "an index out of range")
        at[index] = value
    point.check(statement.assuming)
    lhs, rhs = point.enclose(statement.lhs, at), point.enclose(statement.rhs, at)
    return REFUTED if lhs[1] < rhs[0] or statement.kind == "identity" and rhs[1] < lhs[0] else UNDECIDED


def evaluation(statement: Statement, certificate: dict) -> str:  # 12.4
    point = Point({"sizes": statement.sizes, "data": statement.data}, certificate["bits"])
    for at in point.everywhere(statement.lhs, statement.rhs):
        if disjoint(point.enclose(statement.lhs, at), point.enclose(statement.rhs, at)):
            return REFUTED
        if not point.exactly_equal(statement.lhs, statement.rhs, at):
            return UNDECIDED
    return HOLDS


# 13. Points and enclosures -------------------------------------------------------------------------------------------

Interval = tuple[Number, Number]


def pairs(value: Any) -> list[tuple[str, Any]]:
    """What an object, or a list of pairs, says about names; each name once."""
    rows = list(value.items()) if isinstance(value, dict) else value
    need(isinstance(rows, list) and all(len(row) == 2 and isinstance(row[0], str) for row in rows), "no pairs")
    need(len({name for name, _ in rows}) == len(rows), "a name twice")
    return rows


def disjoint(a: Interval, b: Interval) -> bool:
    return a[1] < b[0] or b[1] < a[0]


@dataclass
class Point:
    """13.1. Sizes and data, and the precision at which terms are enclosed there."""

    source: dict
    bits: int
    exact: Table = default(default_factory=Table)

    def __post_init__(self) -> None:
        need(type(self.bits) is int and 8 <= self.bits <= 10_000, "no such precision")
        self.sizes, self.data = dict(pairs(self.source["sizes"])), {}
        need(all(type(n) is int and 1 <= n <= 1000 for n in self.sizes.values()), "a size out of range")
        for entry, value in pairs(self.source["data"]):
            self.data[entry] = rational(value)

    def everywhere(self, *terms: Term) -> Iterator[dict[str, int]]:
        """All values of the free indices, the last one running fastest."""
        free = list(dict.fromkeys(i for term in terms for i in term.free))
        for values in places(*(range(self.sizes[dimension(i)]) for i in free)):
            yield dict(zip(free, values))

    def enclose(self, term: Term, at: dict[str, int]) -> Interval:
        return Evaluation(self).run(term, at, Intervals(self.bits))

    def exactly_equal(self, a: Term, b: Term | None, at: dict[str, int]) -> bool:  # 13.5
        left = Evaluation(self).run(a, at, self.exact)
        right = Evaluation(self).run(b, at, self.exact) if b else {}
        return not self.exact.cleared(self.exact.add(left, scale(right, -1)))

    def check(self, assumptions: list[tuple[object, Term]]) -> None:  # 13.4
        for relation, term in assumptions:
            for at in self.everywhere(term):
                lo, hi = self.enclose(term, at)
                need(lo > 0 if relation == "> 0" else lo >= 0 if relation == ">= 0" else
                     (lo > 0 or hi < 0) if relation == "!= 0" else
                     relation == "= 0" and self.exactly_equal(term, None, at), "an assumption does not hold")


class Evaluation:
    """13.2. One term at one place; a value is computed once for each part, field, and values of its free indices."""

    def __init__(self, point: Point) -> None:
        self.point, self.values, self.fields = point, {}, {}

    def run(self, t: Term, at: dict[str, int], field: Any) -> Any:
        key = t, field, tuple(at[i] for i in t.free)
        if key not in self.values:
            need(len(self.values) < 2_000_000, "too many values")  # 14.2
            self.values[key] = None
            self.values[key] = self.compute(t, at, field)
        return self.values[key]

    def compute(self, t: Term, at: dict[str, int], field: Any) -> Any:
        here = tuple(at[i] for i in t.indices) if t.word in ("at", "delta", "diff") else ()
        if t.word == "num":
            return field.number(t.number)
        if t.word == "size":
            return field.number(self.point.sizes[t.name])
        if t.word == "delta":
            return field.number(int(here[0] == here[1]))
        if t.word == "at":
            name = f"{t.name}[{','.join(map(str, here))}]"
            value = self.point.data[name]
            return field.entry(name, value) if isinstance(field, Pairs) else field.number(value)
        if t.word == "diff":
            name = f"{t.name}[{','.join(map(str, here))}]"
            inner = self.fields.setdefault((field, name), Pairs(field, name))
            slope = self.run(t.parts[0], at, inner)[1]
            return field.number(0) if slope is None else slope
        if t.word == "sum":
            index, = t.indices
            return combined(field.add, (self.run(t.parts[0], at | {index: v}, field)
                                        for v in range(self.point.sizes[dimension(index)])))
        parts = (self.run(part, at, field) for part in t.parts)
        if t.word in ("add", "mul"):
            return combined(getattr(field, t.word), parts)
        return field.power(next(parts), t.number) if t.word == "pow" else getattr(field, t.word)(next(parts))


def combined(operation: Callable, values: Iterator) -> Any:
    out = next(values)
    for value in values:
        out = operation(out, value)
    return out


class Pairs:
    """Values with slopes by one entry, over a field; the slope None stands for 0."""

    def __init__(self, field: Any, entry: str) -> None:
        self.field, self.by = field, entry

    def number(self, q: Number) -> tuple:
        return self.field.number(q), None

    def entry(self, entry: str, value: Number) -> tuple:
        below = self.field.entry(entry, value) if isinstance(self.field, Pairs) else self.field.number(value)
        return below, self.field.number(1) if entry == self.by else None

    def add(self, a: tuple, b: tuple) -> tuple:
        return self.field.add(a[0], b[0]), self.total(a[1], b[1])

    def mul(self, a: tuple, b: tuple) -> tuple:
        return self.field.mul(a[0], b[0]), self.total(self.times(b[0], a[1]), self.times(a[0], b[1]))

    def total(self, a: Any, b: Any) -> Any:
        return b if a is None else a if b is None else self.field.add(a, b)

    def times(self, a: Any, slope: Any) -> Any:
        return None if slope is None else self.field.mul(a, slope)

    def power(self, a: tuple, q: Number) -> tuple:
        value, f = self.field.power(a[0], q), self.field
        return value, None if a[1] is None or q == 0 else f.mul(f.mul(f.number(q), f.power(a[0], q - 1)), a[1])

    def exp(self, a: tuple) -> tuple:
        value = self.field.exp(a[0])
        return value, self.times(value, a[1])

    def log(self, a: tuple) -> tuple:
        return self.field.log(a[0]), None if a[1] is None else self.field.mul(self.field.power(a[0], -1), a[1])


class Intervals:
    """13.3. Pairs of rationals that enclose a real, rounded outwards to so many bits."""

    def __init__(self, bits: int) -> None:
        self.bits = bits

    def down(self, q: Number) -> Number:
        a, b = q.numerator, q.denominator
        u, v = a.bit_length(), b.bit_length()
        if max(u, v) <= self.bits:
            return q
        s = self.bits - u + v
        return Fraction((a << s) // b, 1 << s) if s >= 0 else (a // (b << -s)) << -s

    def out(self, lo: Number, hi: Number) -> Interval:
        return self.down(lo), -self.down(-hi)

    def number(self, q: Number) -> Interval:
        return q, q

    def add(self, a: Interval, b: Interval) -> Interval:
        return self.out(a[0] + b[0], a[1] + b[1])

    def mul(self, a: Interval, b: Interval) -> Interval:
        if a[0] >= 0 and b[0] >= 0:
            return self.out(a[0] * b[0], a[1] * b[1])
        ends = [x * y for x in a for y in b]
        return self.out(min(ends), max(ends))

    def power(self, x: Interval, q: Number) -> Interval:
        lo, hi = x
        if not whole(q):
            need(lo > 0, "a root where the sign is open")
            lo, hi = self.out(self.root(lo, q.denominator)[0], self.root(hi, q.denominator)[1])
        a = q.numerator
        if a < 0:
            need(lo > 0 or hi < 0, "a division by what may be 0")
            lo, hi = self.out(1 / Fraction(hi), 1 / Fraction(lo))
            a = -a
        ends = lo ** a, hi ** a
        return self.out(0 if a % 2 == 0 and lo < 0 < hi else min(ends), max(ends))

    def root(self, x: Number, n: int) -> Interval:
        c, d = x.numerator, x.denominator
        s = max(0, self.bits + (d.bit_length() - c.bit_length()) // n + 1)
        r = whole_root((c << n * s) // d, n)
        return Fraction(r, 1 << s), Fraction(r + 1, 1 << s)

    def exp(self, x: Interval) -> Interval:
        return self.exp_at(x[0])[0], self.exp_at(x[1])[1]

    def exp_at(self, x: Number) -> Interval:
        need(abs(x) <= 100_000, "an exponential out of range")
        if x < 0:
            lo, hi = self.exp_at(-x)
            return self.out(1 / Fraction(hi), 1 / Fraction(lo))
        if x > 1:
            lo, hi = self.exp_at(Fraction(x) / 2)
            return self.out(lo * lo, hi * hi)
        if x == 0:
            return 1, 1
        # the series in units of 2^-w; each term and x itself is too small by less than 2 of them, the rest by less than 2
        w = self.bits + 32
        y, term, total, n = math.floor(x * (1 << w)), 1 << w, 1 << w, 0
        while term:
            n += 1
            term = (term * y >> w) // n
            total += term
        return self.out(Fraction(total, 1 << w), Fraction(total + 4 * n + 8, 1 << w))

    def log(self, x: Interval) -> Interval:
        need(x[0] > 0, "a logarithm where the sign is open")
        return self.log_at(x[0])[0], self.log_at(x[1])[1]

    def log_at(self, x: Number) -> Interval:
        k = x.numerator.bit_length() - x.denominator.bit_length()
        y = Fraction(x) / Fraction(2) ** k
        return self.add(self.log_ratio((y - 1) / (y + 1)), self.mul((k, k), self.log_ratio(Fraction(1, 3))))

    def log_ratio(self, z: Fraction) -> Interval:
        """log((1 + z) / (1 - z)) for z from -1/3 to 1/3, in units of 2^-w; a term is off by less than 8 of them."""
        if z == 0:
            return 0, 0
        w = self.bits + 32
        y = math.floor(abs(z) * (1 << w))
        power, total, n = y, 0, 1
        while power:
            total += 2 * power // n
            power = (power * y >> w) * y >> w
            n += 2
        lo, hi = Fraction(total, 1 << w), Fraction(total + 8 * n + 8, 1 << w)
        return self.out(lo, hi) if z > 0 else self.out(-hi, -lo)


def whole_root(x: int, n: int) -> int:
    """The floor of the n-th root, by Newton's method from above."""
    if x < 2:
        return x
    r = 1 << -(-x.bit_length() // n)
    while True:
        better = ((n - 1) * r + x // r ** (n - 1)) // n
        if better >= r:
            return r
        r = better


# 12.8. Inequalities --------------------------------------------------------------------------------------------------

def nonnegative(t: Term, given: list[Term]) -> bool:
    """12.8.2. t is at least 0 wherever it is defined, by what is written."""
    if any(an_instance(u, t) for u in given):
        return True
    if t.word == "num":
        return t.number >= 0
    if t.word in ("size", "exp", "delta") or t.word == "pow" and t.number.numerator % 2 == 0:
        return True
    return t.word in ("add", "mul", "sum", "pow") and all(nonnegative(part, given) for part in t.parts)


def an_instance(u: Term, t: Term) -> bool:
    """t is u with other indices over the same dimensions, different ones for different ones."""
    pairs_of_indices: set[tuple[str, str]] = set()

    def same(u: Term, t: Term) -> bool:
        pairs_of_indices.update(zip(u.indices, t.indices))
        alike = [(x.word, x.name, x.digits, len(x.indices), len(x.parts)) for x in (u, t)]
        return alike[0] == alike[1] and all(map(same, u.parts, t.parts))
    return (same(u, t) and all(dimension(i) == dimension(j) for i, j in pairs_of_indices)
            and len({i for i, _ in pairs_of_indices}) == len({j for _, j in pairs_of_indices}) == len(pairs_of_indices))


def plain(statement: Statement, form: Term) -> bool:
    """12.8.4. Every name means one thing."""
    sides = [statement.lhs, statement.rhs, form]
    everything = [part for t in sides + [term for _, term in statement.assuming] for part in t.everything()]
    indices = {i for part in everything for i in part.indices}
    dimensions = {dimension(i) for i in indices} | {part.name for part in everything if part.word == "size"}
    bound = {part.indices[0] for t in sides for part in t.everything() if part.word == "sum"}
    return (len({i.split(":")[0] for i in indices}) == len(indices) and not bound & {i for t in sides for i in t.free}
            and not dimensions & {part.name for part in everything if part.word in ("at", "diff")})


# 12.9. Bounds --------------------------------------------------------------------------------------------------------

Groups = dict[Number, list[Number]]  # w -> the coefficients of the polynomial before e^(w x), from the constant up


@dataclass
class Box:
    """The scalars of a bound as data of a point: intervals or numbers."""
    data: dict[str, Any]
    sizes: dict[str, int] = default(default_factory=dict)

    def value(self, t: Term, field: Any) -> Any:
        return Evaluation(self).run(t, {}, field)


def bound(statement: Statement, certificate: dict) -> str:
    """12.9."""
    box = {x: (rational(lo), rational(hi)) for x, lo, hi in statement.box}
    used = [part for part in statement.expr.everything() if part.word in ("at", "diff")]
    need(len(box) == len(statement.box) and {part.name for part in used} <= box.keys(), "other scalars than those of the box")
    need(all(matched(NAME, x) for x in box), "a name")
    need(not any(part.indices or part.word == "size" for part in statement.expr.everything()), "an index or a size")
    lower, upper = (None if q is None else rational(q) for q in (statement.lower, statement.upper))
    bits = certificate["bits"]
    need(type(bits) is int and 8 <= bits <= 10_000, "no such precision")
    need(all(lo <= hi for lo, hi in box.values()), "the box is empty", Impossible)
    field = Wide(bits)

    def inside(lo: Number, hi: Number) -> None:
        need((lower is None or lower <= lo) and (upper is None or hi <= upper), "a cell is not enclosed")

    if certificate["by"] == "point":
        at = {x: rational(certificate["at"][x]) for x in box}
        need(all(lo <= at[x] <= hi for x, (lo, hi) in box.items()), "the point is not in the box")
        lo, hi = Box({f"{x}[]": q for x, q in at.items()}).value(statement.expr, field)
        need(lower is not None and hi < lower or upper is not None and lo > upper, "the point is not outside")
        return REFUTED
    if certificate["by"] == "tree":
        for leaf in leaves(certificate["tree"], box):
            inside(*around_the_middle(statement.expr, leaf, field))
        return HOLDS
    (x, (lo, hi)), = box.items()
    ends = [lo, *map(rational, certificate["cuts"]), hi]
    h = groups(statement.expr, x)
    need(all(a < b for a, b in zip(ends, ends[1:])), "the cuts do not rise")
    for a, b in zip(ends, ends[1:]):
        inside(*by_slope(h, a, b, field))
    return HOLDS


class Wide(Intervals):
    """Intervals may be data."""

    def number(self, q: Any) -> Interval:
        return q if isinstance(q, tuple) else (q, q)


def leaves(tree: Any, box: dict[str, Interval]) -> Iterator[dict[str, Interval]]:
    """12.9.5."""
    if tree is None:
        yield box
        return
    x, below, above = tree
    lo, hi = box[x]
    middle = simple(Fraction(lo + hi) / 2)
    yield from leaves(below, {**box, x: (lo, middle)})
    yield from leaves(above, {**box, x: (middle, hi)})


def around_the_middle(t: Term, box: dict[str, Interval], field: Wide) -> Interval:
    """12.9.5. The natural enclosure and the mean-value form, end by end the better one."""
    here = Box({f"{x}[]": ends for x, ends in box.items()})
    lo, hi = here.value(t, field)
    form = Box({f"{x}[]": Fraction(a + b) / 2 for x, (a, b) in box.items()}).value(t, field)
    for x, (a, b) in box.items():
        slope = here.value(t, Pairs(field, f"{x}[]"))[1]
        if slope is not None:
            half = Fraction(b - a) / 2
            form = field.add(form, field.mul(slope, (-half, half)))
    return max(lo, form[0]), min(hi, form[1])


def groups(t: Term, x: str) -> Groups:
    """12.9.6. The term as an exponential polynomial in x."""
    table, out = Table(), {}
    for m, c in table.read(t).items():
        w, degree = 0, 0
        for a, k in m.factors:
            if a.kind == "tensor":
                need(a.head == x and whole(k) and k > 0, "another power of x")
                degree = k
            else:
                body = table.entries[a.head].body if a.kind == "exp" else {}
                need([(b.head, e) for n in body for b, e in n.factors] == [(x, 1)], "another function of x")
                w = k
        out.setdefault(w, {})[degree] = c
    need(not table.noted, "not defined everywhere")
    return {w: [p.get(k, 0) for k in range(max(p) + 1)] for w, p in out.items()}


def slope_of(h: Groups) -> Groups:
    out = {}
    for w, p in h.items():
        q = [w * c + (k + 1) * d for k, (c, d) in enumerate(zip(p, [*p[1:], 0]))]
        while q and not q[-1]:
            q.pop()
        if q:
            out[w] = q
    return out


def by_slope(h: Groups, a: Number, b: Number, field: Intervals) -> Interval:
    """12.9.7. From the values at the ends and the values of the derivative."""
    lo, hi = spanned(slope_of(h), a, b, field)
    room = 0 if lo >= 0 or hi <= 0 else Fraction(b - a) / 2 * max(-lo, hi)
    ends = [value_at(h, x, field) for x in (a, b)]
    return field.out(min(lo for lo, _ in ends) - room, max(hi for _, hi in ends) + room)


def value_at(h: Groups, x: Number, field: Intervals) -> Interval:
    out = 0, 0
    for w, p in h.items():
        exact = simple(sum((Fraction(c) * Fraction(x) ** k for k, c in enumerate(p)), Fraction(0)))
        out = field.add(out, field.mul((exact, exact), field.exp((w * x, w * x))))
    return out


def spanned(h: Groups, a: Number, b: Number, field: Intervals) -> Interval:
    """12.9.8."""
    if not h:
        return 0, 0
    w = min(h, key=lambda w: len(h[w]))
    rest = least_and_greatest(h[w], a, b) if len(h) == 1 else by_slope({v - w: p for v, p in h.items()}, a, b, field)
    return field.mul(rest, field.exp(tuple(sorted((w * a, w * b)))))


def least_and_greatest(p: list[Number], a: Number, b: Number) -> Interval:
    """The least and greatest Bernstein coefficient, by blossoming: coefficient i is the polar form at a, ..., a, b, ..., b."""
    n = len(p) - 1
    found = []
    for i in range(n + 1):
        # the elementary symmetric polynomials of n - i times a and i times b
        symmetric = [Fraction(1)] + [Fraction(0)] * n
        for x in [a] * (n - i) + [b] * i:
            for k in range(n, 0, -1):
                symmetric[k] += x * symmetric[k - 1]
        found.append(sum(Fraction(c) * symmetric[k] / math.comb(n, k) for k, c in enumerate(p)))
    return min(found), max(found)


def surely_bounded(statement: Statement, bits: int = 200, order: int = 10, deepest: int = 60) -> bool:
    """A bound on an exponential polynomial, without a certificate: halving, and Taylor's formula around each middle."""
    (x, lo, hi), = statement.box
    lower, upper = (None if q is None else rational(q) for q in (statement.lower, statement.upper))
    slopes, field = [groups(statement.expr, x)], Intervals(bits)
    for _ in range(order):
        slopes.append(slope_of(slopes[-1]))

    def cell(a: Number, b: Number, depth: int) -> bool:
        middle, radius = Fraction(a + b) / 2, Fraction(b - a) / 2
        least, most = value_at(slopes[0], middle, field)
        size = Fraction(1)
        for k in range(1, order + 1):
            size *= radius / k
            ends = value_at(slopes[k], middle, field) if k < order else naively(slopes[k], a, b, field)
            reach = size * max(abs(ends[0]), abs(ends[1]))
            one_sided = k % 2 == 0 and k < order
            least -= reach if not one_sided or ends[0] < 0 else 0
            most += reach if not one_sided or ends[1] > 0 else 0
        if (lower is None or lower <= least) and (upper is None or most <= upper):
            return True
        return depth < deepest and a < b and cell(a, middle, depth + 1) and cell(middle, b, depth + 1)
    return cell(rational(lo), rational(hi), 0)


def naively(h: Groups, a: Number, b: Number, field: Intervals) -> Interval:
    """Horner's rule in intervals."""
    out = 0, 0
    for w, p in h.items():
        inner = 0, 0
        for c in reversed(p):
            inner = field.add(field.mul(inner, (a, b)), (c, c))
        out = field.add(out, field.mul(inner, field.exp(tuple(sorted((w * a, w * b))))))
    return out


# 12.10. Scripts ------------------------------------------------------------------------------------------------------

LETTERS = {chr(code) for code in range(33, 127)} - set('();|"')
LOGIC, NUMBERS, WORDS_OF_BITS = ("and", "or", "xor", "=>", "not"), ("+", "-", "*", "/"), ("bvand", "bvor", "bvxor", "bvnot")
ORDERS = ("<", "<=", ">", ">=")
FEWEST = {"and": 1, "or": 1, "not": 1, "+": 1, "*": 1, "-": 1, "bvnot": 1, "ite": 3}  # else 2
MOST = {"not": 1, "bvnot": 1, "ite": 3, "bvand": 2, "bvor": 2, "bvxor": 2}
OPERATORS = {*LOGIC, *NUMBERS, *WORDS_OF_BITS, *ORDERS, "=", "distinct", "ite"}


def brackets(text: str) -> list:
    """12.10.1. The script as lists of words."""
    need(isinstance(text, str), "a script is a text", ValueError)
    out, stack, word = [], [], ""
    current, at = out, 0
    while at <= len(text):
        c = text[at] if at < len(text) else "\n"
        if c in LETTERS:
            word += c
        else:
            if word:
                current.append(word)
            word = ""
            if c == "(":
                stack.append(current)
                current.append([])
                current = current[-1]
            elif c == ")":
                need(stack, "a bracket to spare", ValueError)
                current = stack.pop()
            elif c == ";":
                while at + 1 < len(text) and text[at + 1] not in "\r\n":
                    at += 1
            else:
                need(c in " \t\r\n", "a letter that no word has", ValueError)
        at += 1
    need(not stack, "a bracket is missing", ValueError)
    return out


class Script:
    """12.10.2. Constants with their sorts ("Bool", "number", or a width), those that are whole numbers, and assertions."""

    def __init__(self, text: str) -> None:
        self.sorts: dict[str, str | int] = {}
        self.whole: set[str] = set()
        self.claims: list = []
        for command in brackets(text):
            need(isinstance(command, list) and command, "a command is a list", ValueError)
            if command[0] == "declare-const" and len(command) == 3:
                name = matched("[A-Za-z][A-Za-z_0-9]*", command[1])
                need(name not in OPERATORS | {"true", "false"} and name not in self.sorts, "a name that is taken", ValueError)
                self.sorts[name] = self.sort(command[2])
                if command[2] == "Int":
                    self.whole.add(name)
            elif command[0] == "assert" and len(command) == 2:
                self.claims.append(command[1])
            else:
                need(command == ["check-sat"] or command[0] == "set-logic" and len(command) == 2, "no such command", ValueError)

    def sort(self, written: Any) -> str | int:
        if isinstance(written, list):
            need(len(written) == 3 and written[:2] == ["_", "BitVec"], "no such sort", ValueError)
            return int(matched("[1-9][0-9]{0,5}", written[2]))
        return {"Bool": "Bool", "Int": "number", "Real": "number"}[matched("Bool|Int|Real", written)]

    def sorted(self, t: Any) -> str | int:
        """12.10.3. The sort of a term; an error where it has none."""
        if isinstance(t, str):
            if t in ("true", "false"):
                return "Bool"
            if t in self.sorts:
                return self.sorts[t]
            if re.fullmatch("[0-9]{1,4000}(\\.[0-9]{1,4000})?", t):
                return "number"
            need(re.fullmatch("#b[01]+|#x[0-9a-fA-F]+", t), "no such word")
            return (len(t) - 2) * {"b": 1, "x": 4}[t[1]]
        if len(t) == 3 and t[0] == "_":
            matched("bv[0-9]{1,4000}", t[1])
            return int(matched("[1-9][0-9]{0,5}", t[2]))
        need(t and isinstance(t[0], str) and t[0] in OPERATORS, "no such operation")
        word, parts = t[0], [self.sorted(part) for part in t[1:]]
        need(FEWEST.get(word, 2) <= len(parts) <= MOST.get(word, math.inf), "the number of parts")
        if word == "ite":
            need(parts[0] == "Bool" and parts[1] == parts[2], "the sorts of an ite")
            return parts[1]
        need(len(set(parts)) == 1 or word == "and" and len(parts) == 0, "parts of two sorts")
        right = (parts[0] == "Bool" if word in LOGIC else parts[0] == "number" if word in NUMBERS + ORDERS else
                 isinstance(parts[0], int) if word in WORDS_OF_BITS else True)
        need(right, "parts of another sort")
        return parts[0] if word in NUMBERS + WORDS_OF_BITS else "Bool"

    def value(self, t: Any, values: dict[str, Any]) -> Any:
        """12.10.4. Of a term that has a sort: a truth value or a number."""
        if isinstance(t, str):
            if t in values:
                return values[t]
            return t == "true" if t in ("true", "false") else int(t[2:], {"b": 2, "x": 16}[t[1]]) if t[0] == "#" else Fraction(t)
        if t[0] == "_":
            return int(t[1][2:]) % 2 ** int(t[2])
        word, (x, *rest) = t[0], [self.value(part, values) for part in t[1:]]
        if word in ("=", *ORDERS):
            tests = {"=": lambda a, b: a == b, "<": lambda a, b: a < b, "<=": lambda a, b: a <= b,
                     ">": lambda a, b: b < a, ">=": lambda a, b: b <= a}
            return all(tests[word](a, b) for a, b in zip([x, *rest], rest))
        if word == "distinct":
            return len({x, *rest}) == 1 + len(rest)
        if word == "ite":
            return rest[0] if x else rest[1]
        if word == "=>":
            return rest[-1] or not (x and all(rest[:-1]))
        if word in ("not", "-") and not rest:
            return not x if word == "not" else -x
        if word == "bvnot":
            return 2 ** self.sorted(t[1]) - 1 - x
        step = {"and": lambda a, b: a and b, "or": lambda a, b: a or b, "xor": lambda a, b: a != b, "+": lambda a, b: a + b,
                "-": lambda a, b: a - b, "*": lambda a, b: a * b, "/": lambda a, b: a / b, "bvand": lambda a, b: a & b,
                "bvor": lambda a, b: a | b, "bvxor": lambda a, b: a ^ b}[word]
        for y in rest:
            x = step(x, y)
        return x

    def true(self, values: dict[str, Any]) -> bool:
        return all([self.value(claim, values) for claim in self.claims])


def decision(statement: Statement, certificate: dict) -> str:
    """12.10."""
    script = statement.script
    if certificate["by"] == "solver":
        return TRUSTED if isinstance(certificate["solver"], str) else UNDECIDED
    need(all(script.sorted(claim) == "Bool" for claim in script.claims), "an assertion of another sort")
    if certificate["by"] == "cases":
        need(all(sort != "number" for sort in script.sorts.values()), "infinitely many values")
        widths = [1 if sort == "Bool" else sort for sort in script.sorts.values()]
        need(sum(widths) <= 16, "too many values")
        for values in places(*((False, True) if sort == "Bool" else range(2 ** sort) for sort in script.sorts.values())):
            need(not script.true(dict(zip(script.sorts, values))), "a model")
        return HOLDS
    values = {}
    for name, sort in script.sorts.items():
        written = certificate["values"][name]
        values[name] = {"true": True, "false": False}[written] if sort == "Bool" else rational(written)
        need(name not in script.whole or whole(values[name]), "no whole number")
        need(not isinstance(sort, int) or whole(values[name]) and 0 <= values[name] < 2 ** sort, "too many bits")
    need(script.true({x: Fraction(v) if script.sorts[x] == "number" else v for x, v in values.items()}), "no model")
    return REFUTED


# 12.11. Measurements, and what is trusted ----------------------------------------------------------------------------

def measurement(statement: Statement, certificate: dict) -> str:
    """12.11."""
    ends, status = (statement.lower, statement.upper), OBSERVED
    for end in ends:
        need(not end or all(part.word not in ("at", "diff") for part in end.everything()), "data in an end")
    need(certificate["rows"], "an empty sample")
    for row in certificate["rows"]:
        value, sizes = rational(row["value"]), dict(row["sizes"])
        need(all(type(n) is int and 1 <= n <= 2 ** 24 for n in sizes.values()), "a size out of range")
        point = Box({}, sizes)
        lower, upper = ((value, value) if end is None else point.value(end, Intervals(80)) for end in ends)
        if value < lower[0] or value > upper[1]:
            return REFUTED
        need(lower[1] <= value <= upper[0], "too near to an end")
    return status


def growth(statement: Statement, certificate: dict) -> str:
    return TRUSTED if isinstance(certificate["solver"], str) else UNDECIDED


JUDGES: dict[tuple[str, str], tuple] = {  # who judges, and which keys there must be
    ("normal form", "identity"): (normal_form,), ("witness", "identity"): (witness,), ("evaluation", "instance"): (evaluation,),
    ("positive form", "inequality"): (normal_form, "form"), ("witness", "inequality"): (witness,),
    ("cuts", "bound"): (bound,), ("tree", "bound"): (bound,), ("point", "bound"): (bound,),
    ("cases", "decision"): (decision,), ("model", "decision"): (decision,), ("solver", "decision"): (decision, "solver"),
    ("solver", "growth"): (growth, "solver"), ("sample", "measurement"): (measurement, "rows")}


def main(paths: list[str]) -> int:
    judged = wrong = unreadable = 0
    for path in paths:
        try:
            record = read(path)
        except ValueError as error:
            print(f"{path}: no record: {error}")
            unreadable += 1
            continue
        if record["status"] in ("trusted", "observed"):
            print(f"{path}: {record['status']}, not judged")
            continue
        status = judge(record)
        judged += 1
        wrong += status != record["status"]
        print(f"{path}: {status}" + (f", but recorded as {record['status']}" if status != record["status"] else ""))
    return 2 if unreadable or not paths else 1 if wrong or not judged else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
