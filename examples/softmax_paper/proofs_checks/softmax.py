"""The lemmas about the softmax."""
from tacheck import claim
from tacheck.kernel.check import Identity
from tacheck.lang import delta, diff, identity
from theory.softmax import a, i, softmax, x


@claim(cite="The paper, Lemma 1")
def jacobian() -> Identity:
    """d s_i / d x_a = s_i (delta_ia - s_a), for every length n."""
    return identity(diff(softmax(i), x[a]), softmax(i) * (delta(i, a) - softmax(a)))


@jacobian.twin
def flipped_sign() -> Identity:
    return identity(diff(softmax(i), x[a]), softmax(i) * (delta(i, a) + softmax(a)))


@claim(cite="The paper, Lemma 2, as printed", expect="refuted")
def diagonal_everywhere() -> Identity:
    """d s_i / d x_a = s_i (1 - s_i): printed without saying that it is meant for a = i only, and false for n >= 2."""
    return identity(diff(softmax(i), x[a]), softmax(i) * (1 - softmax(i)))


@diagonal_everywhere.twin
def without_the_square() -> Identity:
    return identity(diff(softmax(i), x[a]), softmax(i))
