"""Lemmas of the reduction by solvers: no counterexample exists.  Each script is the statement; anyone can run it again.

What a solver says is trusted, and says so; where there are few bits every assignment is tried, and the lemma is proved.
A false twin always ends with a model that the kernel evaluates.
"""
from tacheck import claim
from tacheck.lang import decision
from theory.hardness_lemmas import clause_lemma, decode_lemma, gradient_lemma, padding_lemma, split_and_list

SPLIT = "Williams, TCS 348 (2005), split and list"
OWN = "own construction, tested by `tacheck harden`"
VARIABLES = 1024


@claim(cite=SPLIT, over={"k": range(2, 9)})
def clause(k):
    """Any clause over 1024 variables, any assignment, any k parts that cover the variables: false iff every list bit is 1.

    Parts may overlap.  So a tuple of rows is orthogonal iff the assignment that it stands for satisfies every clause.
    """
    return decision(clause_lemma(VARIABLES, k))


@clause.twin
def parts_that_leave_something_out(k):
    return decision(clause_lemma(VARIABLES, k, covered=False))


@clause.twin
def another_assignment_in_the_last_part(k):
    return decision(clause_lemma(VARIABLES, k, last="(bvnot x)"))


@clause.twin
def some_bit_is_1(k):
    return decision(clause_lemma(VARIABLES, k, joined="or"))


@claim(cite=SPLIT, over={"k": range(2, 6)})
def clause_by_cases(k):
    """The same for 1 or 2 variables, with every assignment tried: bits of different variables never meet in it."""
    return decision(clause_lemma(2 if k < 4 else 1, k))


@clause_by_cases.twin
def uncovered(k):
    return decision(clause_lemma(2 if k < 4 else 1, k, covered=False))


@claim(cite=SPLIT, over={"v": (2, 3, 4, 5), "m": (2, 4), "k": (2, 3, 4)})
def every_formula(v, m, k):
    """Every formula with v variables and m clauses has a model iff its k lists have an orthogonal tuple."""
    return decision(split_and_list(v, m, k))


@every_formula.twin
def a_flipped_variable(v, m, k):
    return decision(split_and_list(v, m, k, flipped=True))


@every_formula.twin
def a_lost_variable(v, m, k):
    return decision(split_and_list(v, m, k, lost=True))


@claim(cite=OWN, over={"k": range(2, 7)})
def padding(k):
    """In square-padded lists a tuple has inner product 0 in the columns of the padding iff all of its rows are real."""
    return decision(padding_lemma(k))


@padding.twin
def without_columns_of_their_own(k):
    return decision(padding_lemma(k, own=False))


@claim(cite=OWN, over={"answer": ("yes", "no")})
def decode(answer):
    """Every S of a YES and of a NO, every eps in (0, 1/2) and every error below eps: the threshold 1/2 decides right."""
    return decision(decode_lemma(answer == "yes"))


@decode.twin
def more_noise(answer):
    return decision(decode_lemma(answer == "yes", noise="(+ e (/ 1 1000))"))


@decode.twin
def a_moved_threshold(answer):
    return decision(decode_lemma(answer == "yes", threshold="(/ 501 1000)" if answer == "yes" else "(/ 499 1000)"))


@claim(cite=OWN)
def an_error_of_eps_invents_nothing():
    """A NO is still decided right when the error is eps itself, since only what is above 1/2 counts."""
    return decision(decode_lemma(False, strict=False))


@an_error_of_eps_invents_nothing.twin
def but_it_misses_a_yes():
    return decision(decode_lemma(True, strict=False))


@claim(cite=OWN, over={"answer": ("yes", "no")})
def gradient_decode(answer):
    """F(1) >= 8/25 for a YES and <= 1/50 for a NO: with an error below 3/20 the threshold 17/100 decides right, for any n."""
    return decision(gradient_lemma(answer == "yes"))


@gradient_decode.twin
def a_wider_margin(answer):
    return decision(gradient_lemma(answer == "yes", noise="(/ 4 25)"))


@gradient_decode.twin
def less_cold(answer):
    threshold, slack = ("(/ 1 3)", "(/ 1 5)") if answer == "yes" else ("(/ 17 100)", "(/ 3 4)")
    return decision(gradient_lemma(answer == "yes", threshold=threshold, slack=slack))
