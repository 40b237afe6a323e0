"""The answer: a verdict with its reasons, the price, the claims that it rests on, and what would move it.

    almost linear and worth it                                  scores up to ln n at most, and fast takes less time than exact
    almost linear in theory, exact is cheaper up to n = N       scores up to ln n at most
    hard under k-OVH / SETH                                     the gadget fits, and its columns can hold n different vectors
    between the theorems                                        all else

Every number that decides is a statement that the kernel has seen; times are estimates, and say so.
"""
from __future__ import annotations

from dataclasses import dataclass, field
from fractions import Fraction
from functools import lru_cache
from math import log
from typing import Any

from ...assumptions import REGISTER, Hypothesis
from ...decide import decide
from ...kernel.check import Status
from ...lang import Expr, bound, term
from ...lang import log as log_term
from ..polynomial import ApproximationError, approximate, plan
from ..polynomial.plan import MOST_DEGREE
from .costs import Machine, Shape, counted_crossover, exact_operations, fast_operations, log_rank
from .question import Question

CERTIFIED = 32                                                       # degrees up to which a polynomial is computed and proved
TIMEOUT = 60.0
GRADIENT_GADGET = ["hardness_gradient.beta_of_the_gradient", "hardness_gradient.yes", "hardness_gradient.no"]
WORTH, THEORY, BETWEEN, HARD = "worth it", "theory", "between", "hard"


@dataclass(frozen=True)
class Fact:
    """A sentence, and what the kernel says about its statement: "holds", or "estimated" where there is none."""
    says: str
    status: str


@dataclass(frozen=True)
class Price:
    """Operations, and seconds on this machine (None if it was not timed), for n tokens."""
    operations: int
    seconds: float | None


@dataclass(frozen=True)
class Regime:
    """Which regime the numbers lie in.  `kind` is one of worth it, theory, between, hard; `verdict` says it in words."""
    question: Question
    kind: str
    verdict: str
    facts: tuple[Fact, ...]
    degree: int | None                                               # None beyond MOST_DEGREE
    certified: bool                                                  # the degree is proved to suffice
    rank: int | None
    exponent: tuple[float, float] | None                             # log(rank)/log(n) lies between
    fast: Price | None
    exact: Price
    crossover: int | None                                            # n from which on fast is cheaper; None: not in sight
    claims: tuple[str, ...]
    hypotheses: tuple[Hypothesis, ...] = ()
    moves: tuple[str, ...] = ()
    machine: Machine | None = field(default=None, compare=False)

    @property
    def distance(self) -> float:
        """The scores' radius over ln n: at most 1 on the almost linear side."""
        return float(self.question.radius) / log(self.question.n)


def answer(q: Question, machine: Machine | None = None, moving: bool = True) -> Regime:
    """The regime of the question.  Raises ProblemError where it cannot be asked."""
    facts = [reach(q)]
    degree, certified = degree_for(q, facts)
    shape = Shape(q.n, q.d, q.dv, q.order, degree or 0, q.gradient)
    rank = shape.rank if degree is not None else None
    ends = exponent(q, rank, certified, facts) if rank is not None else None
    crossover = crossing(shape, machine) if degree is not None else None
    almost = within_theorem(q, facts)
    hard = not almost and gadget_fits(q, facts)
    cheaper = degree is not None and priced(shape, machine, True) < priced(shape, machine, False)
    kind = HARD if hard else BETWEEN if not almost else WORTH if cheaper else THEORY
    standing = tuple(REGISTER[name] for name in ("k-OVH", "SETH")) if hard else ()
    far = f"up to n = {crossover - 1:,}" if crossover else "at every n in sight"
    words = {WORTH: "almost linear and worth it", THEORY: f"almost linear in theory, exact is cheaper {far}",
             BETWEEN: "between the theorems", HARD: "hard under " + " / ".join(f"{h.name} ({h.standing})" for h in standing)}
    from .moves import moves
    fast = Price(fast_operations(shape), machine.fast(shape) if machine else None) if degree is not None else None
    exact = Price(exact_operations(shape), machine.exact(shape) if machine else None)
    return Regime(q, kind, words[kind], tuple(facts), degree, certified, rank, ends, fast, exact, crossover, claims_of(q, kind),
                  standing, tuple(moves(q, degree, machine)) if moving else (), machine)


def priced(s: Shape, machine: Machine | None, quick: bool) -> float:
    """Seconds, or operations where no machine was timed."""
    if machine: return machine.fast(s) if quick else machine.exact(s)
    return float(fast_operations(s) if quick else exact_operations(s))


def crossing(s: Shape, machine: Machine | None) -> int | None: return machine.crossover(s) if machine else counted_crossover(s)


def claims_of(q: Question, kind: str) -> tuple[str, ...]:
    """The ids of the claims that the answer rests on."""
    k, factors = q.order, q.factors
    by = {r.by for r in q.ranges}
    found = [f"score_range.by_entries[{factors},1]", f"score_range.by_entries[{factors},-1]"] if not by else []
    if "columns" in by: found += [f"score_range.by_columns[{factors},1]", f"score_range.by_columns[{factors},-1]"]
    if "powers" in by: found += [f"score_range.by_powers[{factors}]", "score_range.columns_may_be_rescaled"]
    if "norms" in by and k > 1: found += [f"score_range.by_norms[{k}]", "score_range.columns_may_be_rescaled"]
    if "norms" in by and k == 1: found += ["score_range.by_powers[2]"]
    found += [f"regimes.exact_cost[{k}]", f"regimes.fast_cost[{k}]", f"regimes.theorems_are_disjoint[{k}]"]
    match kind:
        case "worth it" | "theory": found += [f"regimes.largest_score[{factors}]", "regimes.exponent_vanishes[1]"]
        case "between": found += [f"regimes.gap_between_the_theorems[{k}]"]
        case _:
            found += [f"hardness.score_of_a_tuple[{k}]", f"hardness.output[{k}]"]
            found += GRADIENT_GADGET if q.gradient else ["hardness.yes", "hardness.no"]
            found += [f"hardness_reduction.under_k_ovh[{factors}]", f"hardness_reduction.under_seth[{factors}]"]
    return tuple(found)


# ---- statements -------------------------------------------------------------------------------------------------------

@lru_cache(maxsize=4096)
def holds(expr: Expr, lower: Fraction | None = None, upper: Fraction | None = None) -> bool:
    """The kernel proves a bound on a number."""
    return decide(bound(expr, {}, lower, upper), TIMEOUT).status is Status.HOLDS


def degree_for(q: Question, facts: list[Fact]) -> tuple[int | None, bool]:
    """The least degree for the error, proved where it is small, and whether it was."""
    about = plan(q.radius, min(q.error, Fraction(1, 2))) + q.gradient
    what = f"error {number(q.error)} for scores within {number(q.radius)} of a centre"
    if about > MOST_DEGREE:
        facts.append(Fact(f"{what} needs a degree beyond {MOST_DEGREE}", "estimated"))
        return None, False
    if about <= CERTIFIED:
        try:
            found = approximate(q.radius, q.error, derivative=q.gradient)
            least = "and no smaller degree will do" if found.minimal else "for values and slopes"
            facts.append(Fact(f"degree {found.degree} has {what}, {least}", "holds"))
            return found.degree, True
        except ApproximationError: pass                              # too close to call
    facts.append(Fact(f"{what} needs degree {about}, give or take one", "estimated"))
    return about, False


def exponent(q: Question, rank: int, certified: bool, facts: list[Fact]) -> tuple[float, float]:
    """Ends of log(rank)/log(n), four digits apart in the last."""
    value = log_rank_of(rank) / log(q.n)
    lower, upper = Fraction(f"{value - 1e-4:.4f}"), Fraction(f"{value + 1e-4:.4f}")
    sure = holds(log_term(term(rank)) / log_term(term(q.n)), lower, upper)
    facts.append(Fact(f"log(rank)/log(n) is between {float(lower)} and {float(upper)}: at these numbers fast takes about "
                      f"n^{1 + value:.2f}, exact n^{q.order + 1}", "holds" if sure and certified else "estimated"))
    return float(lower), float(upper)


def log_rank_of(rank: int) -> float:
    shift = max(0, rank.bit_length() - 900)
    return log(rank >> shift) + shift * log(2)


def reach(q: Question) -> Fact:
    """The range of the scores, in words."""
    if not q.ranges:
        assert q.bound is not None
        B, size = number(q.bound), number(q.largest)
        return Fact(f"entries in [-{B}, {B}] and scale {q.scale_text} give scores in [-{size}, {size}]", "holds")
    least, most = min(r.lower for r in q.ranges), max(r.upper for r in q.ranges)
    found = f"; found by search: [{q.sampled[0]:.4g}, {q.sampled[1]:.4g}], not certified" if q.sampled else ""
    by = "/".join(dict.fromkeys(r.by for r in q.ranges))
    return Fact(f"scores lie in [{least:.4g}, {most:.4g}], certified by {by}{found}", "holds")


def within_theorem(q: Question, facts: list[Fact]) -> bool:
    """Scores within ln n of a centre: the hypothesis B^k = o(log n), with the constant 1."""
    limit = log_term(term(q.n))
    so = holds(limit - term(q.radius), Fraction(0))
    facts.append(Fact(f"scores reach {number(q.radius)} from their centre: {'at most' if so else 'above'} ln n = {log(q.n):.4g}; "
                      f"d = {q.d / log(q.n):.3g} ln n", sure(so or holds(term(q.radius) - limit, Fraction(0)))))
    return so


def sure(so: bool) -> str: return "holds" if so else "estimated"


def gadget_fits(q: Question, facts: list[Fact]) -> bool:
    """Entries and ranges this large leave room for the hard instances, with as many different vectors as tokens at least.

    Their scores lie in [-(d - 1) beta, 0], so what is known of a range counts too.
    """
    rest = separation(q)
    needed = (q.order + (Fraction(1, 2) if q.gradient else 0)) * log_term(term(q.n)) + log_term(term(rest))
    allowed = min(q.largest / q.scale[1] * q.scale[0], 2 * q.radius)  # the scale from below
    most, beta = allowed / q.d, beta_of(q, q.n)
    if q.d < 2 or not holds(term(most) - needed, Fraction(0)):
        facts.append(Fact(f"hard instances need d >= 2 and scores up to d times {beta:.4g}, which is {q.d * beta:.4g}; these "
                          f"{'arrays' if q.ranges else 'entries'} allow {number(allowed)}",
                          sure(q.d < 2 or holds(needed - term(most), Fraction(0)))))
        return False
    if 2 ** min(q.d - 1, 100) < q.n:
        facts.append(Fact(f"hard instances fit, but {q.d - 1} columns hold at most {2 ** (q.d - 1)} different vectors, fewer "
                          "than n: k-OVH is not about these", "holds"))
        return False
    what = "arrays with entries and ranges as these" if q.ranges else "these entries"
    facts.append(Fact(f"hard instances fit: {what} allow scores of {number(allowed)}, and d times {beta:.4g} is {q.d * beta:.4g}",
                      "holds"))
    return True


def separation(q: Question) -> Fraction:
    """1/x^2, x = (1 - 2 eps)/(1 + 2 eps), eps the error; for gradients 1/(rho R) = 20."""
    eps = min(q.error, Fraction(49, 100))
    return Fraction(20) if q.gradient else ((1 + 2 * eps) / (1 - 2 * eps)) ** 2


def beta_of(q: Question, n: float) -> float:
    """beta = ln P + 2 ln(1/x), P = n^order; for gradients ln P + ln(n)/2 + ln 20."""
    return (q.order + q.gradient / 2) * log(n) + log(float(separation(q)))


def number(x: Any) -> str:
    """A number in few digits."""
    return f"{float(x):.4g}"


def rank_text(d: int, degree: int, rank: int) -> str:
    """A rank as a number, or as a power of ten where it is long."""
    return f"{rank:,}" if rank < 10 ** 15 else f"10^{log_rank(d, degree) / log(10):.1f}"
