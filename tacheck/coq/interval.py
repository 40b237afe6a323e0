"""A bound on a polynomial's error for e^x as a Coq file of its own, proved by the tactic `interval` of CoqInterval.

    forall x, a <= x <= b -> Rabs (P x * exp (- x) - 1) <= eps          (or Rabs (P x - exp x) <= eps)

Source: G. Melquiond, Proving bounds on real-valued functions with computations, IJCAR 2008 (Taylor models: 2016).
"""
from collections.abc import Sequence
from fractions import Fraction

DIGITS = 4                                                           # of eps, rounded up


def real(q: Fraction) -> str:
    """A rational number as a term of Coq's reals."""
    whole = str(q.numerator) if q.denominator == 1 else f"{q.numerator} / {q.denominator}"
    return f"({whole})" if q.denominator > 1 or q < 0 else whole


def horner(p: Sequence[Fraction]) -> str:
    """c_0 + x * (c_1 + x * (...)), with exact coefficients."""
    text = real(p[-1])
    for c in reversed(p[:-1]): text = f"({real(c)} + x * {text})" if c else f"(x * {text})"
    return text


def claimed(upper: Fraction, asked: Fraction | None = None) -> Fraction:
    """The bound to state for a certified error: 1 % above it, in a few digits, and no more than what was asked for."""
    most = rounded(upper * Fraction(101, 100))
    return most if asked is None else max(upper, min(most, asked))


def rounded(q: Fraction, digits: int = DIGITS) -> Fraction:
    """q > 0 to a few decimal digits, rounded up."""
    ten, size = Fraction(10), 0
    while q * ten ** size < 10 ** (digits - 1): size += 1
    while q * ten ** size >= 10 ** digits: size -= 1
    scaled = q * ten ** size
    return Fraction(-(-scaled.numerator // scaled.denominator)) / ten ** size


def emit(p: Sequence[Fraction], interval: tuple[Fraction, Fraction], eps: Fraction, absolute: bool = False) -> str:
    """The file.  Its precision is twice the bits of eps and some for the size of e^x and of the coefficients."""
    a, b = interval
    error = f"{horner(p)} - exp x" if absolute else f"{horner(p)} * exp (- x) - 1"
    bits = 2 * max(0, eps.denominator.bit_length() - eps.numerator.bit_length()) + 40 + 3 * int(max(abs(a), abs(b)))
    tactic = f"interval with (i_bisect x, i_taylor x, i_degree {len(p) + 2}, i_prec {bits})"
    return f"""\
(* A polynomial of degree {len(p) - 1} for exp on [{a}, {b}].  Debian and Ubuntu: apt install coq libcoq-interval; then coqc. *)
From Coq Require Import Reals.
From Interval Require Import Tactic.
Open Scope R_scope.

Theorem approximates : forall x : R, {real(a)} <= x <= {real(b)} ->
  Rabs ({error}) <= {real(eps)}.
Proof.
intros x H.
{tactic}.
Qed.
"""
