"""Random terms, random equal rewritings of a term, and random changes of a term that usually change its value."""
from fractions import Fraction
from itertools import count

from .brute_force import dimension, renamed
from .brute_force import free_indices as free

SCOPE = ("i:n", "j:n", "k:n", "a:d")
FRESH = count()


def fresh(dim): return f"r{next(FRESH)}:{dim}"


def times(*parts): return ("mul", *(parts or (("num", "1"),)))
def plus(*parts): return ("add", *parts)
def power(t, q): return ("pow", t, str(q))
def minus(t): return ("mul", ("num", "-1"), t)


def random_term(rng, depth, scope=SCOPE, exps=0, diffs=0):
    """A term over the indices in scope: at most two exps deep, at most one diff deep."""
    if depth == 0 or rng.random() < 0.1: return leaf(rng, scope)

    def sub(scope=scope, exps=exps, diffs=diffs): return random_term(rng, depth - 1, scope, exps, diffs)
    k = rng.randrange(20)
    if k < 5: return plus(sub(), sub())
    if k < 10: return times(sub(), sub())
    if k < 14:
        i = f"{rng.choice('ijklm')}:{rng.choice('nnd')}"
        return ("sum", i, sub((*(s for s in scope if s != i), i)))
    if k < 16: return power(sub(), rng.choice(("-1", "-1", "2", "-2", "1/2")))
    if k < 19 and exps < 2: return ("exp", sub(exps=exps + 1))
    i = pick(rng, scope, "n")
    return ("diff", sub(diffs=1), "x", i) if i and not diffs and not exps else sub()


def pick(rng, scope, dim):
    mine = [i for i in scope if dimension(i) == dim]
    return rng.choice(mine) if mine else None


def leaf(rng, scope):
    i, j, k, a = (pick(rng, scope, d) for d in "nnnd")
    choices = [("num", str(Fraction(rng.choice((-2, -1, 1, 2, 3)), rng.choice((1, 1, 2))))), ("size", rng.choice("nd")),
               ("at", "s")]
    if i: choices += [("at", "x", i), ("at", "x", i), ("at", "B", i, j), ("delta", i, j),
                      times(("at", "B", i, j), ("at", "B", j, k), ("at", "B", k, i))]
    if i and a: choices += [("at", "Q", i, a)]
    if a: choices += [("at", "y", a)]
    return rng.choice(choices)


def places(t, path=()):
    """The paths to all subterms."""
    yield path
    for k, x in enumerate(t[1:], 1):
        if isinstance(x, tuple): yield from places(x, (*path, k))


def get(t, path):
    for k in path: t = t[k]
    return t


def put(t, path, new):
    return new if not path else (*t[:path[0]], put(t[path[0]], path[1:], new), *t[path[0] + 1:])


# ---- equal terms, written differently: each rule gives None where it does not apply ---------------------------------

def commute(t, rng): return (t[0], *rng.sample(t[1:], len(t) - 1)) if t[0] in ("add", "mul") else None


def distribute(t, rng):
    sums = [k for k, x in enumerate(t) if k and t[0] == "mul" and x[0] == "add"]
    if not sums: return None
    k = rng.choice(sums)
    return plus(*(times(*t[1:k], x, *t[k + 1:]) for x in t[k][1:]))


def split_exp(t, rng): return times(*(("exp", x) for x in t[1][1:])) if t[0] == "exp" and t[1][0] == "add" else None


def shift_exp(t, rng):
    n = ("size", "n")
    return times(("exp", plus(t[1], n)), power(("exp", n), -1)) if t[0] == "exp" else None


def invert_exp(t, rng): return power(("exp", minus(t[1])), -1) if t[0] == "exp" else None


def halve_exp(t, rng): return power(("exp", times(("num", "1/2"), t[1])), 2) if t[0] == "exp" else None


def split_sum(t, rng): return plus(*(("sum", t[1], x) for x in t[2][1:])) if t[0] == "sum" and t[2][0] == "add" else None


def swap_sums(t, rng):
    return ("sum", t[2][1], ("sum", t[1], t[2][2])) if t[0] == "sum" and t[2][0] == "sum" and t[2][1] != t[1] else None


def rename_bound(t, rng):
    if t[0] != "sum": return None
    new = fresh(dimension(t[1]))
    return ("sum", new, renamed(t[2], {t[1]: new}))


def pull_out(t, rng):
    if t[0] != "sum" or t[2][0] != "mul": return None
    out = [x for x in t[2][1:] if t[1] not in free(x)]
    return times(*out, ("sum", t[1], times(*(x for x in t[2][1:] if t[1] in free(x))))) if out else None


def push_in(t, rng):
    if t[0] != "mul": return None
    sums = [k for k, x in enumerate(t) if k and x[0] == "sum"]
    if not sums: return None
    k = rng.choice(sums)
    new = fresh(dimension(t[k][1]))
    return ("sum", new, times(*t[1:k], renamed(t[k][2], {t[k][1]: new}), *t[k + 1:]))


def expand_square(t, rng): return times(t[1], t[1]) if t[0] == "pow" and t[2] == "2" else None


def inverse(t): return t[0] == "pow" and t[2] == "-1"


def split_inverse(t, rng): return times(*(power(x, -1) for x in t[1][1:])) if inverse(t) and t[1][0] == "mul" else None


def scale_inverse(t, rng): return times(("num", "3"), power(times(("num", "3"), t[1]), -1)) if inverse(t) else None


def widen_inverse(t, rng): return times(t[1], power(t[1], -2)) if t[0] == "pow" and t[2] == "-1" else None


def split_root(t, rng): return times(t[1], power(t[1], "-1/2")) if t[0] == "pow" and t[2] == "1/2" else None


def size_over_size(t, rng): return times(t, ("size", "n"), power(("size", "n"), -1))


def exp_over_exp(t, rng):
    e = ("exp", leaf(rng, tuple(sorted(free(t)))))
    return times(t, e, power(e, -1))


def over_one_plus_exp(t, rng):
    e = plus(("num", "1"), ("exp", leaf(rng, tuple(sorted(free(t))))))
    return times(e, t, power(e, -1))


def add_zero(t, rng):
    f = leaf(rng, tuple(sorted(free(t))))
    return plus(f, t, minus(f))


def halves(t, rng): return plus(times(("num", "1/2"), t), times(t, ("num", "1/2")))


def pick_by_delta(t, rng):
    if t[0] != "at" or len(t) < 3: return None
    k = rng.randrange(2, len(t))
    new = fresh(dimension(t[k]))
    return ("sum", new, times(("delta", t[k], new), (*t[:k], new, *t[k + 1:])))


def count_ones(t, rng): return ("sum", fresh(t[1]), ("num", "1")) if t[0] == "size" else None


def factor_size(t, rng):
    n = ("size", "n")
    return times(n, plus(*(times(power(n, -1), x) for x in t[1:]))) if t[0] == "add" else None


def product_rule(t, rng):
    if t[0] != "diff" or t[1][0] not in ("add", "mul"): return None
    parts = t[1][1:]
    if t[1][0] == "add": return plus(*(("diff", x, *t[2:]) for x in parts))
    return plus(*(times(*parts[:k], ("diff", x, *t[2:]), *parts[k + 1:]) for k, x in enumerate(parts)))


def differentiate_under_sum(t, rng):
    if t[0] != "diff" or t[1][0] != "sum": return None
    new = fresh(dimension(t[1][1]))
    return ("sum", new, ("diff", renamed(t[1][2], {t[1][1]: new}), *t[2:]))


def chain_rule(t, rng):
    if t[0] != "diff" or t[1][0] not in ("exp", "pow"): return None
    if t[1][0] == "exp": return times(t[1], ("diff", t[1][1], *t[2:]))
    q = Fraction(t[1][2])
    return times(("num", str(q)), power(t[1][1], q - 1), ("diff", t[1][1], *t[2:]))


RULES = [commute, distribute, split_exp, shift_exp, invert_exp, halve_exp, split_sum, swap_sums, rename_bound, pull_out, push_in,
         expand_square, split_inverse, scale_inverse, widen_inverse, split_root, size_over_size, exp_over_exp, over_one_plus_exp,
         add_zero, halves, pick_by_delta, count_ones, factor_size, product_rule, differentiate_under_sum, chain_rule]


def rewritten(t, rng, steps):
    """An equal term, and the names of the rules that led to it."""
    used = []
    for _ in range(20 * steps):
        if len(used) == steps: break
        path, rule = rng.choice(list(places(t))), rng.choice(RULES)
        new = rule(get(t, path), rng)
        if new is not None: t, used = put(t, path, new), [*used, rule.__name__]
    return t, used


# ---- a change in one place -----------------------------------------------------------------------------------------

def nudged(t, rng):
    """t changed in one place: usually another value."""
    path = rng.choice(list(places(t)))
    match get(t, path):
        case ("num", q): new = ("num", str(-Fraction(q)))
        case ("size", n): new = ("size", "d" if n == "n" else "n")
        case ("at", "B", i, j) if i != j: new = ("at", "B", j, i)
        case ("at", *_) as x: new = times(("num", "2"), x)
        case ("delta", *_): new = ("num", "1")
        case ("add", first, *rest): new = plus(minus(first), *rest)
        case ("mul", first, *rest): new = plus(first, *rest)
        case ("pow", x, q): new = power(x, {"-1": "1", "2": "3", "-2": "-1", "1/2": "3/2"}.get(q, "1"))
        case ("exp", x): new = ("exp", times(("num", "2"), x))
        case ("sum", i, x): new = times(("num", "2"), ("sum", i, x))
        case x: new = minus(x)
    return put(t, path, new)


# ---- a change in one field of a record -----------------------------------------------------------------------------

def damaged(record, rng):
    """A JSON value with one field changed: a list or an object shortened or reversed, a leaf replaced."""
    spots = list(fields(record))
    holder, key = rng.choice(spots)
    return replaced(record, holder, key, other(get_field(record, holder, key), rng))


def fields(x, path=()):
    """(path to the holder, key) of every field."""
    pairs = x.items() if isinstance(x, dict) else enumerate(x) if isinstance(x, list) else ()
    for key, value in pairs:
        yield path, key
        yield from fields(value, (*path, key))


def get_field(x, holder, key):
    for k in holder: x = x[k]
    return x[key]


def replaced(x, holder, key, value):
    if holder: return _with(x, holder[0], replaced(x[holder[0]], holder[1:], key, value))
    return _with(x, key, value)


def _with(x, key, value):
    return {**x, key: value} if isinstance(x, dict) else [*x[:key], value, *x[key + 1:]]


def other(x, rng):
    """Another value in the place of x."""
    if isinstance(x, bool) or x is None: return rng.choice((0, 1, "x", []))
    if isinstance(x, int): return rng.choice((x + 1, x - 1, -1, None, str(x), float(x), True, [x], 10 ** 30, rng.randrange(9)))
    if isinstance(x, str) and x:
        k = rng.randrange(len(x))
        changed = (x[:k] + rng.choice("#0123456789sbijnd[]^-/:_ ~|=") + x[k + 1:], x[:k] + x[k + 1:], x + x[k], "", 0, None, [x],
                   "-" + x)
        return rng.choice(changed + WORDS)
    if isinstance(x, list) and x:
        k = rng.randrange(len(x))
        return rng.choice((x[:k] + x[k + 1:], x[::-1], x + [x[k]], rng.sample(x, len(x)), x[k], [], {}, [x]))
    if isinstance(x, dict) and x:
        k = rng.choice(list(x))
        return rng.choice(({a: b for a, b in x.items() if a != k}, {**x, k + "_": x[k]}, x[k], [], list(x)))
    return rng.choice(("x", 0, None, [0], {"x": 0}))


WORDS = ("add", "mul", "exp", "sum", "delta", "i:n", "j:n", "a:d", "n", "d", "0", "1", "-1", "2",
         "1/2", "> 0", "= 0", "holds", "refuted", "vacuous")
