"""The oracle: both sides of an identity as numbers modulo primes, at explicit sizes, without the normaliser.

The primes form a Cunningham chain q, 2q + 1, 4q + 3.  Modulo p = 2r + 1 let exp(x) = 4^x with x read modulo r: 4 is a
square, so its order divides r, and exp(x + y) = exp(x) exp(y) holds exactly, for rational x too.  A nested exp goes one
prime down.  sqrt is the root that is itself a square, so sqrt(exp(x)) = exp(x/2); a number without a root ends the
attempt.  A false identity survives one attempt with probability about 2^-57 per degree.

`naive` shares nothing with the kernel: textbook differentiation on terms, then loops.  `Tower` is the same model as a
field for `kernel.evaluate`, which differentiates with dual numbers; a test asks that the two agree.
"""
import random
from fractions import Fraction
from itertools import count

WITNESSES = (2, 3, 5, 7, 11, 13, 17, 19, 23, 29, 31, 37)            # Miller and Rabin, exact below 3 * 10^24


class Undefined(ValueError):
    """A division by 0, a number without a root, or a tower that is too short."""


def is_prime(n):
    if any(n % q == 0 for q in WITNESSES): return n in WITNESSES
    odd, twos = n - 1, 0
    while odd % 2 == 0: odd, twos = odd // 2, twos + 1
    for b in WITNESSES:
        x = pow(b, odd, n)
        if x in (1, n - 1): continue
        for _ in range(twos - 1):
            x = x * x % n
            if x == n - 1: break
        else: return False
    return True


def chain(start):
    """4q + 3, 2q + 1, q: three primes, each 3 modulo 4."""
    q = next(q for q in count(start | 3, 4) if is_prime(q) and is_prime(2 * q + 1) and is_prime(4 * q + 3))
    return [4 * q + 3, 2 * q + 1, q]


PRIMES = chain(2 ** 58)


def number(q, p):
    if q.denominator % p == 0: raise Undefined("a denominator of 0")
    return q.numerator * pow(q.denominator, -1, p) % p


def power(a, q, p):
    if q.denominator == 2:
        if pow(a, (p - 1) // 2, p) != 1: raise Undefined("no root")
        a = pow(a, (p + 1) // 4, p)
    elif q.denominator != 1: raise Undefined("square roots only")
    if q.numerator < 0 and a == 0: raise Undefined("a division by 0")
    return pow(a, q.numerator, p)


class Tower:
    """One prime of the chain, as a field for `kernel.evaluate`."""

    def __init__(self, level=0): self.level, self.p = level, PRIMES[level]

    def num(self, q): return number(q, self.p)
    def add(self, a, b): return (a + b) % self.p
    def mul(self, a, b): return a * b % self.p
    def pow(self, a, q): return power(a, q, self.p)
    def log(self, a): raise Undefined("no logarithm here")

    def exp(self, argument):
        if self.level + 1 == len(PRIMES): raise Undefined("exps are nested too deep")
        return pow(4, argument(TOWER[self.level + 1]), self.p)


TOWER = [Tower(level) for level in range(len(PRIMES))]


# ---- the second evaluator -----------------------------------------------------------------------------------------

def dimension(index): return index.split(":")[1]


def free_indices(t):
    """The free indices, as a set."""
    head, *parts = t
    if head in ("num", "size"): return set()
    if head == "at": return set(parts[1:])
    if head == "delta": return set(parts)
    if head == "sum": return free_indices(parts[1]) - {parts[0]}
    if head == "diff": return free_indices(parts[0]) | set(parts[2:])
    return set().union(*(free_indices(x) for x in parts if isinstance(x, tuple)))


def renamed(t, names):
    """t with its free indices renamed; every bound index gets a name that nothing else has."""
    head, *parts = t
    if head in ("num", "size"): return t
    if head == "at": return (head, parts[0], *(names.get(i, i) for i in parts[1:]))
    if head == "delta": return (head, *(names.get(i, i) for i in parts))
    if head == "pow": return (head, renamed(parts[0], names), parts[1])
    if head == "diff": return (head, renamed(parts[0], names), parts[1], *(names.get(i, i) for i in parts[2:]))
    if head == "sum":
        fresh = f"r{next(FRESH)}_:{dimension(parts[0])}"
        return (head, fresh, renamed(parts[1], {**names, parts[0]: fresh}))
    return (head, *(renamed(x, names) for x in parts))


FRESH = count()
ZERO = ("num", "0")


def plain(t):
    """t with every `diff` carried out."""
    head, *parts = t
    if head == "diff":
        name, at = parts[1], parts[2:]
        blank = [f"%{next(FRESH)}:{dimension(i)}" for i in at]       # the entry is not tied to what the body calls so
        return renamed(slope(plain(parts[0]), name, blank), dict(zip(blank, at)))
    if head in ("num", "size", "at", "delta"): return t
    if head == "sum": return (head, parts[0], plain(parts[1]))
    if head == "pow": return (head, plain(parts[0]), parts[1])
    return (head, *map(plain, parts))


def slope(t, name, at):
    """The derivative by the entry name[at], by the rules of a textbook."""
    head, *parts = t
    if head in ("num", "size", "delta"): return ZERO
    if head == "at": return ("mul", *(("delta", i, j) for i, j in zip(parts[1:], at))) if parts[0] == name else ZERO
    if head == "add": return ("add", *(slope(x, name, at) for x in parts))
    if head == "mul": return ("add", *(("mul", *parts[:k], slope(x, name, at), *parts[k + 1:]) for k, x in enumerate(parts)))
    if head == "sum": return (head, parts[0], slope(parts[1], name, at))
    inner = slope(parts[0], name, at)
    if inner == ZERO: return ZERO
    if head == "exp": return ("mul", t, inner)
    if head == "log": return ("mul", ("pow", parts[0], "-1"), inner)
    return ("mul", ("num", parts[1]), ("pow", parts[0], str(Fraction(parts[1]) - 1)), inner) if parts[1] != "0" else ZERO


def naive(t, sizes, data, env, level=0):
    """t, without `diff`, modulo the prime of the level."""
    p = PRIMES[level]
    head, *parts = t
    match head:
        case "num": return number(Fraction(parts[0]), p)
        case "size": return sizes[parts[0]] % p
        case "at": return number(data(parts[0], tuple(env[i] for i in parts[1:])), p)
        case "delta": return int(env[parts[0]] == env[parts[1]])
        case "pow": return power(naive(parts[0], sizes, data, env, level), Fraction(parts[1]), p)
        case "sum":
            return sum(naive(parts[1], sizes, data, {**env, parts[0]: k}, level) for k in range(sizes[dimension(parts[0])])) % p
        case "add": return sum(naive(x, sizes, data, env, level) for x in parts) % p
        case "mul":
            out = 1
            for x in parts: out = out * naive(x, sizes, data, env, level) % p
            return out
        case "exp":
            if level + 1 == len(PRIMES): raise Undefined("exps are nested too deep")
            return pow(4, naive(parts[0], sizes, data, env, level + 1), p)
    raise Undefined(f"{head} has no value here")


# ---- the question -------------------------------------------------------------------------------------------------

def trial(rng, indices, names=("n", "d")):
    """Sizes 1..3, values of the free indices, and random data; in half of the trials size 3 and distinct indices."""
    sizes = {n: rng.choice((1, 2, 3, 3)) for n in names}
    forced = rng.random() < 0.5
    if forced: sizes = dict.fromkeys(names, 3)
    env = {}
    for n in names:
        mine = sorted(i for i in indices if dimension(i) == n)
        values = rng.sample(range(3), 3) if forced else [rng.randrange(sizes[n]) for _ in mine]
        env |= {i: values[k % len(values)] for k, i in enumerate(mine)}
    entries = {}

    def data(name, at): return entries.setdefault((name, at), Fraction(rng.randrange(1, 2 ** 50)))
    return sizes, env, data


def equal(lhs, rhs, rng, trials=6):
    """False: a place where they differ.  True: none in so many trials.  None: no trial was defined."""
    left, right = plain(lhs), plain(rhs)
    indices, defined = free_indices(left) | free_indices(right), 0
    names = sorted({dimension(i) for i in indices} | {"n", "d"})
    for _ in range(3 * trials):
        sizes, env, data = trial(rng, indices, names)
        try:
            if naive(left, sizes, data, env) != naive(right, sizes, data, env): return False
        except Undefined: continue
        defined += 1
        if defined == trials: break
    return True if defined else None


def seeded(text): return random.Random(text)
