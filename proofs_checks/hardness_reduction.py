"""The reduction with explicit exponents, and the lower bounds that it gives under named hypotheses.

What is proved here is arithmetic, for all v, m, n and delta: exponents, constants, sizes of entries.  That the output decides
the formula is `hardness` (for every instance of the gadget) with `hardness_lemmas.clause` (for every clause); that the code
which writes instances does what these say is tested and, below, measured.
"""
from tacheck import claim
from tacheck.lang import conditional, exp, identity, inequality, log, measurement, nonzero, positive, scalar, size, term
from theory.hardness import beta_of, given, power, rows_of, share

CITE = "own construction; split and list: Williams, TCS 348 (2005)"
HYPOTHESES = {"k": range(2, 7)}
MEASURED = "own construction, run by `tacheck harden`; brute force tries every assignment"
v, delta, N, C, L, c, P, x, b, d, S, R, low, high, t = (
    scalar(name) for name in "v delta N C L c P x b d S R t_yes t_no t".split())


# ---- from attention to SAT -------------------------------------------------------------------------------------------

def solver(k, exponent):
    """Time n^(k - delta) at n = 2^(v/k)."""
    return identity(power(rows_of(v, k), k - delta), power(2, exponent))


@claim(cite=CITE, over=HYPOTHESES)
def exponent(k):
    """Attention with k - 1 key sets in time n^(k - delta) decides formulas with v variables in 2^((1 - delta/k) v).

    n = 2^(v/k), times a polynomial in the number of clauses m, with no hypothesis: n^(3 - delta) for tensor attention gives
    2^((1 - delta/3) v).  Here: (2^(v/k))^(k - delta) = 2^((1 - delta/k) v), for all real v and delta.
    """
    return solver(k, (1 - delta / k) * v)


@exponent.twin
def delta_undivided(k):
    return solver(k, (1 - delta) * v)


@claim(cite=CITE, over=HYPOTHESES)
def uneven_parts(k):
    """If k does not divide v, the longest part has c <= (v + k - 1)/k variables, and n^(k - delta) = 2^((k - delta) c) is at
    most 2^((1 - delta/k)(v + k - 1)): a constant factor more.  Here: the exponents."""
    longest, short = c <= (v + k - 1) / k, delta <= k
    return inequality((1 - delta / k) * (v + k - 1), (k - delta) * c, [longest, short], because=given(longest) * given(short))


@uneven_parts.twin
def as_if_it_did(k):
    return inequality((1 - delta / k) * v, (k - delta) * c, [c <= (v + k - 1) / k, delta <= k])


@claim(cite=CITE)
def reference_row():
    """N + 1 <= 2 N: the reference row costs a constant factor, at most 2^(k - delta)."""
    some = N >= 1
    return inequality(2 * N, N + 1, some, because=given(some))


@reference_row.twin
def three_halves():
    return inequality(3 * N / 2, N + 1, N >= 1)


@claim(cite=CITE, over=HYPOTHESES)
def written(k):
    """Queries, keys and values have (k N + 1)(m + 1) + (k - 1) N + 1 entries, at most (k + 1) N (m + 2): written in that time."""
    some = N >= 1
    m = size("m")
    return inequality((k + 1) * N * (m + 2), (k * N + 1) * (m + 1) + (k - 1) * N + 1, some,
                      because=given(some) * (m + 3) + 1)


@written.twin
def without_the_values(k):
    m = size("m")
    return inequality(k * N * (m + 1), (k * N + 1) * (m + 1) + (k - 1) * N + 1, N >= 1)


# ---- the size of the entries -------------------------------------------------------------------------------------------

def entries(k, square, linear):
    """(m + 1) beta for m = C v, v = k log_2 n, P = n^(k - 1), x = 1/3, where L = ln n."""
    m, beta = C * k * L / log(2), (k - 1) * L + 2 * log(3)
    return identity((m + 1) * beta, square * L ** 2 + linear * L + 2 * log(3))


@claim(cite=CITE, over=HYPOTHESES)
def size_of_entries(k):
    """B^k = C k (k - 1)/ln 2 (ln n)^2 + (2 C k ln 3/ln 2 + k - 1) ln n + 2 ln 3 for m = C v clauses and eps = 1/4.

    So constant accuracy is hard already for entries of size (log n)^(2/k): (log n)^(2/3) in tensor attention.
    """
    return entries(k, C * k * (k - 1) / log(2), 2 * C * k * log(3) / log(2) + k - 1)


@size_of_entries.twin
def one_logarithm_less(k):
    return entries(k, term(0), 2 * C * k * log(3) / log(2) + k - 1)


def apart(exponent_of_no):
    b = beta_of(P, x) / (high - low)
    return identity(P * exp(-b * exponent_of_no), x ** 2 * exp(-b * low), [positive(P), positive(x), nonzero(high - low)])


@claim(cite=CITE)
def with_a_gap():
    """Where a YES has inner product t_yes or less and a NO t_no or more, b = (ln P + 2 ln(1/x))/(t_no - t_yes) serves:
    P exp(-b t_no) = x^2 exp(-b t_yes), the sums of a NO and of a YES, with the reference in their middle."""
    return apart(high)


@with_a_gap.twin
def without_a_gap():
    return apart(low)


@claim(cite=CITE)
def common_factor():
    """S/(S + R) does not change when S and R have a common factor, such as exp(-b t_yes)."""
    return identity(share(t * S, t * R), share(S, R), [positive(t), positive(S), positive(R)])


@common_factor.twin
def in_one_of_them():
    return identity(share(t * S, R), share(S, R), [positive(t), positive(S), positive(R)])


@claim(cite=CITE, over=HYPOTHESES)
def entries_with_a_gap(k):
    """B^k = d b = (ln P + 2 ln(1/x))/g for a gap g = (t_no - t_yes)/d: a constant gap makes (log n)^(1/k) hard."""
    g = (high - low) / d
    return identity(d * beta_of(P, x) / (high - low), beta_of(P, x) / g,
                    [positive(P), positive(x), nonzero(high - low), nonzero(d)])


@entries_with_a_gap.twin
def times_d(k):
    g = (high - low) / d
    return identity(d * beta_of(P, x) / (high - low), d * beta_of(P, x) / g,
                    [positive(P), positive(x), nonzero(high - low), nonzero(d)])


# ---- lower bounds ------------------------------------------------------------------------------------------------------

def vectors(k, saved):
    """Time n^(k - delta) at n = 2 N, an instance of N vectors with its reference row, as 2^(k - saved) N^(k - saved)."""
    return identity(power(2 * N, k - delta), power(2, k - saved) * power(N, k - saved), positive(N))


@claim(cite="Gao, Impagliazzo, Kolokolova and Williams, SODA 2017 (the hypothesis); own reduction", over=HYPOTHESES)
def under_k_ovh(k):
    """Given k-OVH: attention with k - 1 key sets, d = n^o(1) and any constant accuracy eps < 1/2 takes n^(k - o(1)).

    An algorithm in n^(k - delta) would decide N vectors per list in 2^(k - delta) N^(k - delta), which saves delta.  The
    kernel proves this equation; that the instance decides orthogonality is `hardness.yes`, `hardness.no` and their kin.
    """
    return conditional("k-OVH", vectors(k, delta))


@under_k_ovh.twin
def saving_twice_as_much(k):
    return conditional("k-OVH", vectors(k, 2 * delta))


@claim(cite="Williams, TCS 348 (2005) (the hypothesis); own reduction", over=HYPOTHESES)
def under_sparse_k_ovh(k):
    """Given sparse-k-OVH: the same with d = c log n, hence with entries of size (log n)^(2/k).

    B^k = d (ln P + 2 ln(1/x)) with P = N^(k - 1) and d = c L + 1, L = ln N.
    """
    m, beta = c * L, beta_of(power(N, term(k - 1)), x)
    given_all = [positive(N), positive(x)]
    return conditional("sparse-k-OVH", identity((m + 1) * beta, (c * L + 1) * ((k - 1) * log(N) + 2 * log(1 / x)), given_all))


@under_sparse_k_ovh.twin
def for_one_key_list_more(k):
    m, beta = c * L, beta_of(power(N, term(k)), x)
    given_all = [positive(N), positive(x)]
    return conditional("sparse-k-OVH", identity((m + 1) * beta, (c * L + 1) * ((k - 1) * log(N) + 2 * log(1 / x)), given_all))


@claim(cite="Impagliazzo and Paturi, JCSS 62 (2001) (the hypothesis); own reduction", over=HYPOTHESES)
def under_seth(k):
    """Given SETH: no algorithm in n^(k - delta), delta > 0, for attention with k - 1 key sets and constant accuracy.

    It would decide K-SAT for every clause width K in 2^((1 - e) v) times a polynomial, with e = delta/k; the kernel proves
    the exponent.  After sparsification (not proved here) m = C v, so that d = O(log n).
    """
    e = delta / k
    return conditional("SETH", solver(k, (1 - e) * v))


@under_seth.twin
def saving_delta(k):
    return conditional("SETH", solver(k, (1 - delta) * v))


# ---- measured: the code against brute force ----------------------------------------------------------------------------

SAMPLES = "tacheck.instances.samples"


@claim(cite=MEASURED)
def decisions():
    """60 seeded formulas of 2 to 9 variables, 27 of them unsatisfiable, orders 1 to 5, through attention and back: every
    decision is that of brute force although every output is moved against it by 0.2499 (eps = 1/4)."""
    return measurement(f"{SAMPLES}:wrong_decisions", 0, 0, 0)


@decisions.twin
def under_an_error_of_0_26():
    return measurement(f"{SAMPLES}:wrong_decisions_under_more_noise", 0, 0, 0)


@claim(cite=MEASURED)
def counts():
    """The number of models, from the outputs of counting instances, is that of brute force on the same formulas."""
    return measurement(f"{SAMPLES}:miscounted_models", 0, 0, 0)


@counts.twin
def at_a_small_eps():
    return measurement(f"{SAMPLES}:miscounted_at_small_eps", 0, 0, 0)


@claim(cite=MEASURED)
def distance():
    """Every output of every instance is at least eps = 1/4 from the threshold, and at most 1/2."""
    return measurement(f"{SAMPLES}:distance_from_threshold", 0, term(1) / 4, term(1) / 2)


@distance.twin
def farther():
    return measurement(f"{SAMPLES}:distance_from_threshold", 0, term(26) / 100, term(1) / 2)


@claim(cite=MEASURED)
def padded():
    """Square-padded lists have as many orthogonal tuples as the formula has models: padding adds none."""
    return measurement(f"{SAMPLES}:models_of_padding", 0, 0, 0)


@padded.twin
def some():
    return measurement(f"{SAMPLES}:models_of_padding", 0, 1, size("m"))
