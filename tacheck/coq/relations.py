"""Equations between atoms, and how a polynomial vanishes by them: S * / S = 1, sqrt V * sqrt V = V, exp (a + b) = exp a * exp b.

A relation P = Q holds for all values of its slots.  `reduced` rewrites with a monomial of P as long as it can and records
what was multiplied by what: the cofactors, which make the proof one equation for Coq to check,

    left = right + (sum over binders of c * (P - Q)) + ...
"""
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from fractions import Fraction

from .monomials import Factor, Monomial, collect, expand, matches, renamed, variables
from .reals import Real
from .reify import Table

STEPS = 600                       # rewriting steps in one proof


@dataclass(frozen=True)
class Relation:
    """left = right for all values of `slots`; `why` are the tactics that prove it."""
    left: Real
    right: Real
    slots: tuple[str, ...]
    why: str


@dataclass(frozen=True)
class Cofactor:
    """One use: the sum over `binders` of coefficient * factors * (left - right), at the slots given."""
    coefficient: Fraction
    binders: tuple[tuple[int, str], ...]
    factors: tuple[Factor, ...]
    relation: Relation
    at: tuple[int, ...]


@dataclass(frozen=True)
class Rule:
    """A relation, ready for use: the monomial `head` = the other ones."""
    relation: Relation
    slots: tuple[int, ...]
    head: Monomial
    tail: tuple[Monomial, ...]


def rule(table: Table, r: Relation) -> Rule | None:
    """The relation over the atoms of the table, with the monomial that it replaces; None where none will do."""
    names = {i: table.number(i) for i in r.slots}
    free = {**table.free, **{x: table.index[x].rpartition(":")[2] for x in names.values()}}
    left, right = (collect(expand(table.reify(x, names)), free) for x in (r.left, r.right))
    difference = collect([*left, *((-c, bs, fs) for c, bs, fs in right)], free)
    # a monomial of the left that mentions every slot, sums over as little as possible, and has many factors
    heads = [m for m in difference if set(names.values()) <= {x for f in m[2] for x in variables(f)} and
             any(m[1:] == h[1:] for h in left)]
    if not heads: return None
    head = min(heads, key=lambda m: (len(m[1]), -len(m[2]), m[2], m[1]))
    tail = tuple((-c / head[0], bs, fs) for c, bs, fs in difference if (bs, fs) != head[1:])
    return Rule(r, tuple(names.values()), head, tail)


@dataclass
class Rules:
    """The rules of the atoms of one table, made when they are first needed."""
    table: Table
    relations: Callable[[int], list[Relation]]                        # of an atom, by its number
    made: dict[int, list[Rule]] = field(default_factory=dict)

    def of(self, m: Monomial) -> Iterator[Rule]:
        """The rules that may apply to the monomial."""
        for k in dict.fromkeys(f[1] for f in m[2] if f[0] == "FA"):
            if k not in self.made: self.made[k] = [made for r in self.relations(k) if (made := rule(self.table, r))]
            yield from self.made[k]


def reduced(table: Table, ms: list[Monomial], rules: Rules) -> tuple[list[Monomial], list[Cofactor]]:
    """What is left of the polynomial, and the cofactors."""
    ms, used, stuck = collect(ms, table.free), list[Cofactor](), list[Monomial]()
    while ms and len(used) < STEPS:
        m = ms.pop(0)
        hit = next(((r, *found) for r in rules.of(m) for found in uses(r, m)), None)
        if hit is None:
            stuck.append(m)
            continue
        r, names, rest, left = hit
        c = m[0] / r.head[0]
        used.append(Cofactor(c, left, rest, r.relation, tuple(names[x] for x in r.slots)))
        for d, bs, fs in r.tail:
            fresh = {x: table.number(f"k:{n}") for x, n in bs}
            both = {**{x: names[x] for x in r.slots}, **fresh}
            ms.append((m[0] * d, (*left, *((fresh[x], n) for x, n in bs)), (*rest, *(renamed(f, both) for f in fs))))
        ms, stuck = collect([*ms, *stuck], table.free), []
    return collect([*ms, *stuck], table.free), used


def uses(rule: Rule, m: Monomial) -> Iterator[tuple[dict[int, int], tuple[Factor, ...], tuple[tuple[int, str], ...]]]:
    """Ways to apply the rule to m: names, the factors left, the binders left.  What the rule sums over, m must sum over too."""
    _, bs, fs = m
    _, inner, pattern = rule.head
    bound, summed = dict(bs), dict(inner)

    def allowed(x: int, y: int) -> bool: return bound.get(y) == summed[x] if x in summed else True
    for names, rest in matches(pattern, fs, allowed, {}):
        taken = {names[x] for x in summed if x in names}
        kept = {x for f in rest for x in variables(f)} | {names[x] for x in rule.slots if x in names}
        if len(taken) < sum(x in names for x in summed) or taken & kept: continue
        spare = [x for x in bound if x not in kept and x not in taken]
        for x in summed:                                             # binders that the factors do not mention: sums of ones
            if x in names: continue
            if (y := next((z for z in spare if bound[z] == summed[x]), None)) is None: break
            spare.remove(y)
            taken.add(y)
        else: yield names, rest, tuple(b for b in bs if b[0] not in taken)
