"""Lemmas of the reduction as SMT-LIB scripts: each asks for a counterexample, and the lemma says that there is none.

A script can be handed to any solver: add (check-sat) and expect unsat.
"""
from __future__ import annotations

from collections.abc import Mapping
from functools import reduce
from itertools import product

Parts = tuple[tuple[int, ...], ...]


def op(word: str, *parts: str) -> str:
    """(word part part ...)."""
    return f"({word} {' '.join(parts)})"


def both(word: str, *parts: str) -> str:
    """An operation of two arguments, over several: (word (word a b) c)."""
    return reduce(lambda x, y: op(word, x, y), parts)


def all_of(*parts: str) -> str:
    """The conjunction; of nothing, true."""
    return op("and", *parts) if parts else "true"


def any_of(*parts: str) -> str:
    """The disjunction; of nothing, false."""
    return op("or", *parts) if parts else "false"


def script(constants: Mapping[str, str], *assertions: str) -> str:
    """Declarations {name: sort} and assertions."""
    lines = [f"(declare-const {name} {sort})" for name, sort in constants.items()]
    return "\n".join([*lines, *(f"(assert {a})" for a in assertions), ""])


def implies(constants: Mapping[str, str], given: tuple[str, ...], then: str) -> str:
    """What is given and the contrary of what should follow."""
    return script(constants, *given, op("not", then))


# ---- the clause lemma: one clause over v variables, as bit-vectors ---------------------------------------------------

def true_literals(assignment: str) -> str:
    """The variables whose literal in the clause is true: P holds the positive literals, N the negated ones."""
    return op("bvor", op("bvand", "P", assignment), op("bvand", "N", op("bvnot", assignment)))


def clause_lemma(v: int, k: int, covered: bool = True, last: str = "x", joined: str = "and") -> str:
    """Parts M1, ..., Mk that cover v variables: the clause is false under x iff every list bit is 1.

    The list bit of part i is 1 iff no literal over the part is true.  covered: the parts cover all variables; last: the
    assignment that the last part reads; joined: how the bits are joined.
    """
    parts, zero = [f"M{i}" for i in range(1, k + 1)], f"(_ bv0 {v})"
    bits = [op("=", op("bvand", true_literals(last if M == parts[-1] else "x"), M), zero) for M in parts]
    cover = [op("=", both("bvor", *parts), op("bvnot", zero))] if covered else []
    constants = dict.fromkeys(["P", "N", "x", *parts], f"(_ BitVec {v})")
    return implies(constants, tuple(cover), op("=", op("=", true_literals("x"), zero), op(joined, *bits)))


# ---- padding ----------------------------------------------------------------------------------------------------------

def padding_lemma(k: int, own: bool = True) -> str:
    """Every list has a column of its own: 0 in its real rows, 1 in its padded rows, and 1 in all rows of other lists.

    A tuple with a padded row has a column in which all of its entries are 1; a tuple of real rows has none.
    own: False for padded rows without columns of their own, which are then as good as real ones.
    """
    padded = [f"p{s}" for s in range(k)]
    entry = [[padded[s] if own and s == c else "true" if own else "false" for s in range(k)] for c in range(k)]
    columns = [all_of(*row) for row in entry]
    return implies(dict.fromkeys(padded, "Bool"), (), op("=", any_of(*padded), any_of(*columns)))


# ---- all formulas at once ---------------------------------------------------------------------------------------------

def balanced(v: int, k: int) -> Parts:
    """Variables 0, 1, ... in k parts of consecutive ones; the longer parts come first."""
    short, more = divmod(v, k)
    ends = [sum(short + (j < more) for j in range(i)) for i in range(k + 1)]
    return tuple(tuple(range(a, b)) for a, b in zip(ends, ends[1:]))


def true_if(clause: int, variable: int, value: bool) -> str:
    """The bit that says that this value of the variable makes the clause true."""
    return f"{'p' if value else 'n'}{clause}_{variable}"


def lists(v: int, m: int, k: int, flipped: bool = False, lost: bool = False) -> list[list[tuple[str, ...]]]:
    """The k lists of every formula: lists[i][r][l] is the bit of part i, row r and clause l, as a formula in its literals.

    Row r gives variable t of its part bit t of r.  flipped: the last variable's positive literals count whatever its value;
    lost: the last variable is listed nowhere.
    """
    def bit(clause: int, part: tuple[int, ...], row: int) -> str:
        listed = [(i, bool(row >> t & 1)) for t, i in enumerate(part) if not (lost and i == v - 1)]
        found = [true_if(clause, i, value) for i, value in listed]
        return op("not", any_of(*found, *(true_if(clause, i, True) for i, _ in listed if flipped and i == v - 1)))

    return [[tuple(bit(c, part, row) for c in range(m)) for row in range(1 << len(part))] for part in balanced(v, k)]


def split_and_list(v: int, m: int, k: int, flipped: bool = False, lost: bool = False) -> str:
    """For every formula with v variables and m clauses: it has a model iff its k lists have an orthogonal tuple.

    Clause l has literal x_i iff pl_i, and not x_i iff nl_i: 2 v m free bits.
    """
    orthogonal = [all_of(*(op("not", all_of(*bits)) for bits in zip(*rows))) for rows in product(*lists(v, m, k, flipped, lost))]
    models = [all_of(*(any_of(*(true_if(c, i, x[i]) for i in range(v))) for c in range(m)))
              for x in product((False, True), repeat=v)]
    literals = [true_if(c, i, value) for c in range(m) for i in range(v) for value in (True, False)]
    return implies(dict.fromkeys(literals, "Bool"), (), op("=", any_of(*models), any_of(*orthogonal)))


# ---- decoding, over the reals ---------------------------------------------------------------------------------------

def reals(names: str) -> dict[str, str]: return dict.fromkeys(names.split(), "Real")


def decode_lemma(yes: bool, noise: str = "e", threshold: str = "(/ 1 2)", strict: bool = True) -> str:
    """T (S + x) = S with x (1 + 2e) = 1 - 2e, 0 < e < 1/2; S >= 1 (yes) or 0 <= S <= x^2 (no), |heard - T| < noise:
    heard is above the threshold iff yes.  strict: the noise is less than its bound, else it may be equal."""
    less = "<" if strict else "<="
    given = ["(> e 0)", "(< e (/ 1 2))", "(= (* x (+ 1 (* 2 e))) (- 1 (* 2 e)))", "(= (* T (+ S x)) S)",
             op(less, "(- T heard)", noise), op(less, "(- heard T)", noise),
             *(["(>= S 1)"] if yes else ["(>= S 0)", "(<= S (* x x))"])]
    return implies(reals("e x S T heard"), tuple(given), op(">" if yes else "<=", "heard", threshold))


def gradient_lemma(yes: bool, threshold: str = "(/ 17 100)", noise: str = "(/ 3 20)", slack: str = "(/ 1 5)") -> str:
    """R = 1/4 and q = slack R / sqrt(n) for n >= 1 rows: F >= 1/2 (1/(1 + R))^2 (yes) or F <= n/2 (q/R)^2 (no), and
    |heard - F| < noise: heard is above the threshold iff yes."""
    given = ["(= R (/ 1 4))", "(>= n 1)", "(> q 0)", op("=", "(* n q q)", f"(* {slack} {slack} R R)"),
             op("<", "(- F heard)", noise), op("<", "(- heard F)", noise),
             "(>= (* 2 F (+ 1 R) (+ 1 R)) 1)" if yes else "(<= (* 2 F R R) (* n q q))"]
    return implies(reals("n q R F heard"), tuple(given), op(">" if yes else "<=", "heard", threshold))
