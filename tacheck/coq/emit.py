"""One identity as one Coq file: named definitions, the theorem, a proof of a few tactic calls, and its axioms.

For diff(f, X[a]) = g the theorem is, for all sizes and all tensors,

    is_derive (fun t => F (nudge X a t)) 0 (G X a)

and for other identities the equation itself, where a `diff` inside is Coquelicot's `Derive`.
"""
from collections.abc import Iterator
from dataclasses import dataclass

from ..abbreviation import abbreviated
from ..derivation import fresh, substitute
from ..kernel.check import Identity
from ..kernel.term import Term, free, show, sizes, subterms, wellformed
from .names import Names
from .reals import Inexpressible, real
from .text import Writer
from .theorems import THEOREM, File

HEAD = """From Coq Require Import Reals List ZArith.
From Coquelicot Require Import Coquelicot.
From Tacheck Require Import Sums Slopes Splits Checker.
Import ListNotations.
Open Scope R_scope.
"""


@dataclass(frozen=True)
class Emitted:
    """A file: its text; what it assumes of sizes and data, in the words of `rests_on`; what is left, if the tool sees a rest."""
    text: str
    hypotheses: tuple[str, ...]
    nonempty: tuple[str, ...]
    residual: str | None


def emit(statement: Identity, about: str = "an identity") -> Emitted:
    """The file.  Raises Inexpressible where the library has no word or no rule."""
    try: return written(prepared(statement), about)
    except RecursionError: raise Inexpressible("the terms are nested too deeply") from None


def prepared(s: Identity) -> File:
    """The statement with its names chosen: tensors first, then sizes, shared subterms and free indices."""
    shapes = wellformed(s.lhs, s.rhs, *(t for _, t in s.assuming))
    scope = free(("add", s.lhs, s.rhs))
    claimed = s
    s = Identity(apart(s.lhs, scope), apart(s.rhs, scope), tuple((r, apart(t, scope)) for r, t in s.assuming))
    moving = tuple(dict.fromkeys(x[2] for t in (s.lhs, s.rhs) for x in subterms(t) if x[0] == "diff"))
    names, takes = Names(), dict[str, tuple[str, ...]]()
    for x in shapes: names.of("tensor", x)
    for n in sizes(s.lhs, s.rhs, *(t for _, t in s.assuming)): names.of("size", n)
    _, defined = abbreviated(*sides(s))
    for (_, word, *_at), body in defined:
        inside = {x[1] for x in subterms(body) if x[0] == "at"} | {x[2] for x in subterms(body) if x[0] == "diff"}
        takes[word] = tuple(m for m in moving if m in inside or any(m in takes.get(x, ()) for x in inside))
        names.given["tensor", word] = names.fresh(wishes(body, word))
    f = File(claimed, s, Writer(names, takes), moving, shapes, scope, defined)
    f.signs.given = tuple(real(t) for r, t in s.assuming if r == "> 0")
    for i in scope: f.writer.index(i)
    return f


def written(f: File, about: str) -> Emitted:
    """The text, from top to bottom."""
    left, right = sides(f.statement)
    (short_left, short_right), _ = abbreviated(left, right)
    closed_left, closed_right = f.carried_out(left), f.carried_out(right)
    inner = [t for d in f.slopes.values() for t in (d.body, d.closed)]
    for t in (closed_left, closed_right, *inner, left, right): f.find_hypotheses(t)
    f.start_proofs()
    theorem = f.derivative_theorem if f.statement.lhs[0] == "diff" else f.equation_theorem
    out = [f"(* {safe(about)} *)", HEAD + "\nSection Claim.", f.variables()]
    out += [f.definition(f.writer.tensor(word), f.writer.takes[word], at, body) for (_, word, *at), body in f.defined]
    out += theorem(short_left, short_right, closed_left, closed_right)
    out += ["End Claim.", f"Print Assumptions {THEOREM}.\n"]
    assumed = dict.fromkeys([*(f"{show(t)} {r}" for r, t in f.claimed.assuming), *f.hypotheses.values()])
    return Emitted("\n\n".join(x for x in out if x), tuple(assumed), tuple(sorted(f.signs.sizes)), f.residual)


def sides(s: Identity) -> tuple[Term, Term]:
    """The two sides; of a derivative, what is differentiated."""
    return (s.lhs[1] if s.lhs[0] == "diff" else s.lhs), s.rhs


def apart(t: Term, scope: tuple[str, ...]) -> Term:
    """t with its bound indices named apart from those in scope, the entries by which it is differentiated included."""
    match t:
        case ("sum", i, body):
            j = fresh(i, scope)
            return ("sum", j, apart(substitute(body, i, j), (*scope, j)))
        case ("diff", body, tensor, *at): return ("diff", apart(body, (*scope, *at)), tensor, *at)
        case _: return (t[0], *(apart(x, scope) if isinstance(x, tuple) else x for x in t[1:]))


def wishes(body: Term, word: str) -> Iterator[str]:
    """Names for a definition, the best first, as papers on attention use them."""
    match body:
        case ("exp", _): yield from ("u", "v")                       # exponentials
        case ("pow", ("sum", *_), "-1"): yield "inv_alpha"           # the reciprocal of their sum
        case ("sum", _, ("at", _, *_)): yield from ("alpha", "beta")
        case ("sum", *_) if not any(x[0] in ("exp", "pow", "log", "diff") for x in subterms(body)): yield "h"   # values
        case ("add", _, ("mul", ("num", "-1"), ("at", *_))): yield "c"                                          # an error
        case ("mul", *parts) if any(x[0] == "pow" and x[1][0] == "size" for x in parts): yield "z"              # scores
    yield word
    for k in range(1, 9999): yield f"{word}_{k}"


def safe(text: str) -> str:
    """Fit for a Coq comment."""
    return " ".join(text.replace("(*", "( *").replace("*)", "* )").replace('"', "'").split())
