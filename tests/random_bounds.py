"""Random exponential polynomials, terms in a few scalars, bounds and scripts, and what judges them: mpmath with 60 digits, z3."""
import copy
from fractions import Fraction
from functools import lru_cache

import mpmath

mp = mpmath.mp.clone()
mp.dps = 60
SLACK = mp.mpf(10) ** -45                        # the reference's own error, for values below 10^12
X = ("at", "x")


def num(q): return ("num", str(q))
def times(*ts): return ("mul", *ts)
def plus(*ts): return ("add", *ts)


@lru_cache(10_000)
def exact(q): return Fraction(q)


@lru_cache(10_000)
def real(q): return mp.mpf(exact(q).numerator) / exact(q).denominator



def value(t, at):
    """A term in scalars at a point, in 60 digits.  Raises ArithmeticError where it is not defined."""
    match t:
        case ("num", q): return real(q)
        case ("at", x): return real(at[x])
        case ("add", *parts): return sum(value(x, at) for x in parts)
        case ("mul", *parts): return mp.fprod(value(x, at) for x in parts)
        case ("exp", x): return mp.exp(value(x, at))
        case ("log", x): return mp.log(positive(value(x, at)))
        case ("pow", x, q):
            base, q = value(x, at), exact(q)
            if q.denominator > 1: return mp.power(positive(base), real(q))
            if q < 0 and not base: raise ZeroDivisionError
            return base ** int(q)
    raise ValueError(t)


def positive(x):
    if x <= 0: raise ZeroDivisionError
    return x


def inside(interval, v):
    lo, hi = (mp.mpf(q.numerator) / q.denominator for q in interval)
    return lo - SLACK <= v <= hi + SLACK


def rational(rng, most=4, parts=(1, 2, 3, 5, 64)): return Fraction(rng.randint(-most * 60, most * 60), 60 * rng.choice(parts))


def interval(rng, most=3):
    """Two ends, from almost nothing to 2 most apart."""
    a, b = rational(rng, most), rational(rng, most)
    if rng.random() < 0.4: b = a + abs(b) / 2 ** rng.randint(2, 20)
    return (min(a, b), max(a, b)) if a != b else (a, a + 1)


def points(rng, a, b, amount):
    """The ends, and numbers between them."""
    return [a, b, *(a + (b - a) * Fraction(rng.randint(0, 1 << 20), 1 << 20) for _ in range(amount))]


def exponential(rng):
    """Sum over some w of p_w(x) e^(w x), each e^(w x) written in one of several ways."""
    def power(w):
        ways = [("exp", times(num(w), X)), ("pow", ("exp", X), str(w)), ("exp", plus(times(num(w), X), num(0)))]
        return rng.choice([*ways, ("pow", ("exp", times(num(-w), X)), "-1")])

    def polynomial():
        p = [rng.choice((Fraction(0), rational(rng), rational(rng))) for _ in range(rng.randint(1, 5))]
        return plus(num(rational(rng)), *(times(num(c), ("pow", X, str(k))) for k, c in enumerate(p)))
    weights = rng.sample([Fraction(k, d) for k in (-3, -2, -1, 1, 2, 3) for d in (1, 2)], rng.choice((0, 1, 1, 2)))
    parts = [times(polynomial(), power(w)) for w in weights]
    return plus(*(parts + [polynomial()] if rng.random() < 0.7 or not parts else parts))


def scalar_term(rng, names, depth):
    """A term in scalars: powers, roots, exps and logs, often of what is positive."""
    if not depth or rng.random() < 0.15: return ("at", rng.choice(names)) if rng.random() < 0.7 else num(rational(rng))

    def sub(): return scalar_term(rng, names, depth - 1)
    def above(): return plus(num(rng.choice(("1", "3", "1/2"))), ("pow", sub(), "2"))
    def to(t, *powers): return ("pow", t, rng.choice(powers))
    return rng.choice([lambda: plus(sub(), sub()), lambda: times(sub(), sub()), lambda: ("exp", times(num("1/4"), sub())),
                       lambda: to(sub(), "0", "2", "3", "4"), lambda: to(above(), "-1", "1/2", "-3/2", "2/3"),
                       lambda: ("log", above()), lambda: to(sub(), "-1", "1/2", "-2")])()


# ---- bounds that were changed, and their truth ----------------------------------------------------------------------

def nudge(rng, q):
    """A number near by: by a millionth, a thousandth, or a half of itself."""
    q = Fraction(q)
    return str(q + (q or 1) * rng.choice((1, -1)) * Fraction(1, rng.choice((10 ** 6, 10 ** 4, 1000, 100, 10, 2))))


def numbers(t, path=()):
    """The paths to all numbers in a term."""
    if t[0] == "num": yield (*path, 1)
    for k, x in enumerate(t):
        if isinstance(x, list): yield from numbers(x, (*path, k))


def branches(tree, path=()):
    yield path
    for k in (1, 2) if tree else (): yield from branches(tree[k], (*path, k))


def get(value, path):
    for k in path: value = value[k]
    return value


def put(value, path, new): get(value, path[:-1])[path[-1]] = new


def changed(record, rng):
    """The record of a bound with one thing changed."""
    record = copy.deepcopy(record)
    s, c = record["statement"], record["certificate"]
    cuts, tree, row = c.get("cuts"), c.get("tree"), rng.choice(s["box"])
    ways = ["end", "end", "end", "box", "bits", "none"] + 2 * ["cut", "no cut"] * bool(cuts) + 3 * ["tree"] * bool(tree)
    ways += ["number"] * any(numbers(s["expr"]))
    match rng.choice(ways):
        case "end":
            end = rng.choice([e for e in ("lower", "upper") if s[e] is not None])
            s[end] = nudge(rng, s[end])
        case "number":
            path = rng.choice([*numbers(s["expr"])])
            put(s["expr"], path, nudge(rng, get(s["expr"], path)))
        case "box":
            k = rng.choice((1, 2))
            row[k] = str(Fraction(row[k]) + (k * 2 - 3) * Fraction(1, rng.choice((1, 4, 100, 10 ** 6))))
        case "bits": c["bits"] = rng.choice((8, 9, 12, 16, 24, 32, 0, -1, True, "64", 10 ** 9))
        case "none": s[rng.choice(("lower", "upper"))] = None
        case "cut": cuts[k] = nudge(rng, cuts[k := rng.randrange(len(cuts))])
        case "no cut": del cuts[rng.randrange(len(cuts))]
        case "tree":
            path = rng.choice([p for p in branches(tree) if p])
            put(tree, path, rng.choice((None, None, [], [row[0], None, None], [row[0], None], ["?", None, None])))
    return record


def implied(new, old):
    """The new bound follows from the old one at a glance."""
    def least(q, sign): return -sign * Fraction(10) ** 99 if q is None else Fraction(q)
    boxes = all(x == y and Fraction(a) <= Fraction(c) and Fraction(d) <= Fraction(b)
                for (x, a, b), (y, c, d) in zip(old["box"], new["box"], strict=True))
    return boxes and new["expr"] == old["expr"] and least(new["lower"], 1) <= least(old["lower"], 1) \
        and least(new["upper"], -1) >= least(old["upper"], -1)


def broken_at(s, rng, amount=24):
    """A point of the box at which the bound is broken, or None where none was found: samples, then a climb from the best."""
    box = [(x, Fraction(a), Fraction(b)) for x, a, b in s["box"]]
    if any(a > b for _, a, b in box): return None
    term = plain(s["expr"])
    for end, sign in (("lower", -1), ("upper", 1)):
        if s[end] is None: continue

        def above(at, end=end, sign=sign):
            return sign * (value(term, at) - real(s[end]))
        corner = [{x: rng.choice((a, b)) for x, a, b in box} for _ in range(4)]
        sample = corner + [{x: a + (b - a) * Fraction(rng.randrange(1024), 1024) for x, a, b in box} for _ in range(amount)]
        best = max(sample, key=above)
        for step in (1 << k for k in range(3, 24)):
            around = [best | {x: min(max(best[x] + d * (b - a) / step, a), b)} for x, a, b in box for d in (-1, 1)]
            best = max([best, *around], key=above)
        if above(best) > SLACK: return best
    return None


def plain(t): return tuple(map(plain, t)) if isinstance(t, list) else t


# ---- scripts --------------------------------------------------------------------------------------------------------

def formula(rng, depth, bools=("p", "q", "r"), bits=("x", "y")):
    """A formula over truth values and bit-vectors of width 2."""
    def word(depth):
        if not depth or rng.random() < 0.3: return rng.choice([*bits, *bits, "#b01", "#b10", "(_ bv3 2)", "(_ bv4 2)"])
        name = rng.choice(("bvand", "bvor", "bvxor", "bvnot", "ite"))
        if name == "ite": return f"(ite {sub(depth - 1)} {word(depth - 1)} {word(depth - 1)})"
        return f"({name} {' '.join(word(depth - 1) for _ in range(1 if name == 'bvnot' else 2))})"

    def sub(depth):
        if not depth or rng.random() < 0.1: return rng.choice([*bools, *bools, "true", "false"])
        name = rng.choice(("and", "or", "xor", "=>", "not", "=", "distinct", "ite", "bits", "bits"))
        if name == "bits": return f"({rng.choice(('=', 'distinct'))} {' '.join(word(2) for _ in range(rng.choice((2, 2, 3))))})"
        parts = {"not": 1, "ite": 3}.get(name) or rng.choice((2, 2, 3))
        return f"({name} {' '.join(sub(depth - 1) for _ in range(parts))})"
    return sub(depth)


def script(rng):
    names = "".join(f"(declare-const {x} Bool)" for x in "pqr") + "".join(f"(declare-const {x} (_ BitVec 2))" for x in "xy")
    return names + "".join(f"\n(assert {formula(rng, 3)})" for _ in range(rng.randint(1, 4)))


def arithmetic(rng):
    """A comparison of two expressions in x, y (Real) and k (Int)."""
    def sub(depth):
        if not depth or rng.random() < 0.2: return rng.choice(["x", "y", "k", "0.5", "2", "1.25", "3"])
        name = rng.choice(("+", "*", "-", "-", "/", "ite"))
        if name == "ite": return f"(ite (< {sub(depth - 1)} {sub(depth - 1)}) {sub(depth - 1)} {sub(depth - 1)})"
        return f"({name} {' '.join(sub(depth - 1) for _ in range(rng.choice((1, 2, 3)) if name == '-' else rng.choice((2, 3))))})"
    relation, parts = rng.choice(("<", "<=", ">", ">=", "=", "distinct")), [sub(2) for _ in range(rng.choice((2, 3)))]
    return f"(declare-const x Real)(declare-const y Real)(declare-const k Int)(assert ({relation} {' '.join(parts)}))"


def satisfiable(text, **values):
    """z3's answer, with some constants given."""
    import z3
    solver = z3.Solver()
    solver.add(z3.parse_smt2_string(text + "".join(f"(assert (= {x} {literal(q)}))" for x, q in values.items())))
    return {"sat": True, "unsat": False}.get(str(solver.check())), solver


def literal(q):
    q = Fraction(q)
    return f"(/ {'(- ' * (q < 0)}{abs(q.numerator)}{')' * (q < 0)} {q.denominator})"
