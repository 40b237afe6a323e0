"""What the hypotheses of the theorems say at the sizes of real models: d = 64 or 128 in a head, n from 4096 to 10^7.

"O" and "o" say nothing about one n; these claims say which constants each would need.
"""
from fractions import Fraction
from math import comb

from tacheck import claim
from tacheck.lang import bound, log, term
from theory.regimes import gadget_bound

OURS = "this library"
MODELS = {(64, 4096): "7.69", (128, 4096): "15.3", (64, 10 ** 7): "3.97", (128, 10 ** 7): "7.94"}   # (d, n): d / ln n
LOWER = "own gadget (claims hardness.*); after arXiv 2302.13214, 2310.04064 and 2405.16411"


@claim(cite="arXiv 2405.16411: d = O(log n)", over={"d": (64, 128), "n": (4096, 10 ** 7)})
def dimension_over_log(d, n):
    """d <= c ln n holds at d heads of a real model only for c >= 3.97 (d = 64, n = 10^7) up to 15.3 (d = 128, n = 4096)."""
    return bound(term(d) / log(term(n)), {}, lower=Fraction(MODELS[d, n]))


@dimension_over_log.twin
def with_one_percent_more(d, n):
    return bound(term(d) / log(term(n)), {}, lower=Fraction(MODELS[d, n]) * Fraction(101, 100))


@claim(cite="arXiv 2405.16411: B = o((log n)^(1/3)), with the constant 1", over={"n": (4096, 10 ** 7)})
def entries_at_most(n):
    """(ln n)^(1/3) is below 2.03 at n = 4096 and below 2.53 at n = 10^7: larger entries are outside, and o() asks for less."""
    return bound(log(term(n)) ** Fraction(1, 3), {}, upper=Fraction("2.03" if n == 4096 else "2.53"))


@entries_at_most.twin
def at_most_two(n):
    return bound(log(term(n)) ** Fraction(1, 3), {}, upper=2)


GADGETS = {(64, 4096): "10.6", (128, 4096): "13.4", (64, 10 ** 7): "13.0", (128, 10 ** 7): "16.3"}


@claim(cite=LOWER, over={"d": (64, 128), "n": (4096, 10 ** 7)})
def gadget_needs(d, n):
    """At order 2 and eps = 1/4 the gadget fits only from B = 10.6 (d = 64, n = 4096) to 16.3 (d = 128, n = 10^7) on."""
    return bound(gadget_bound(term(d), term(n ** 2), term(Fraction(1, 3)), 3), {}, lower=Fraction(GADGETS[d, n]))


@gadget_needs.twin
def one_percent_more(d, n):
    threshold = gadget_bound(term(d), term(n ** 2), term(Fraction(1, 3)), 3)
    return bound(threshold, {}, lower=Fraction(GADGETS[d, n]) * Fraction(101, 100))


RANKS = {(64, 4, 4096): ("1.636", "1.637"), (64, 4, 10 ** 7): ("0.844", "0.845"), (128, 4, 10 ** 7): ("1.010", "1.012")}


@claim(cite=OURS, over={"case": range(3)})
def explicit_exponent(case):
    """n^o(1) at numbers, degree 4 (B = 1, error 1e-3): n^1.64 for d = 64, n = 4096; n^0.85 at n = 10^7; n^1.01 for d = 128."""
    (d, g, n), ends = list(RANKS.items())[case]
    return bound(log(term(comb(d + g, g))) / log(term(n)), {}, *map(Fraction, ends))


@explicit_exponent.twin
def one_degree_less(case):
    (d, g, n), ends = list(RANKS.items())[case]
    return bound(log(term(comb(d + g - 1, g - 1))) / log(term(n)), {}, *map(Fraction, ends))
