"""Random attacks on the kernel, judged by brute force.

    python benchmarks/fuzz.py --pairs 100000 --equal 100000 --random-oracle 100000 --damage 10000
    python benchmarks/fuzz.py --forms 20000 --exps 20000 --curves 20000 --trees 20000 --bounds 10000 --scripts 5000

pairs: a random term against a slightly changed one; none may be declared equal unless it is.
equal: a random term against an equal one, written differently; how many are found equal, and by which rules the others
were made.  random oracle: pairs whose questions are answered at random; no false claim may be proved.
damage: accepted certificate files with one field changed; one that is still accepted must carry a true statement.
forms: inequalities with a random form, most of them nudged; none that is proved may fail at a point of real data.
exps, curves, trees: enclosures of exp, of exponential polynomials on cells, of terms on boxes, against 60 digits of mpmath.
bounds: bounds that hold with one thing changed; one that is still accepted must not be broken anywhere.
scripts: random formulas, all assignments tried, against z3.
Exit code 1 iff anything unsound was found.
"""
import argparse
import json
import random
import sys
from collections import Counter
from fractions import Fraction
from itertools import product
from multiprocessing import Pool
from pathlib import Path
from time import perf_counter

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from benchmarks import fuzz_bounds  # noqa: E402
from tacheck.kernel.check import Identity, Inequality, Status, check, load, terms  # noqa: E402
from tacheck.kernel.normal import Impossible, Normaliser  # noqa: E402
from tacheck.kernel.term import free, sizes, subterms, wellformed  # noqa: E402
from tacheck.provers.labelling import answer  # noqa: E402
from tests.brute_force import dimension, equal  # noqa: E402
from tests.random_terms import damaged, nudged, random_term, rewritten  # noqa: E402

FUEL = 3000                                       # small, so that a pair is cheap; running out of it is counted
NO_EXAMPLE = "nothing was found that satisfies"    # a certificate of this study comes without an example
REFUSED = (ValueError, ArithmeticError, RecursionError)


def decided(lhs, rhs, ask=answer):
    """"equal", "left over", "impossible" or "refused", and a certificate."""
    answers = []

    def recorded(normaliser, question):
        answers.append(ask(normaliser, question))
        return answers[-1]
    normaliser = Normaliser(recorded)
    normaliser.fuel = FUEL
    try: left = normaliser.difference(lhs, rhs)
    except Impossible: return "impossible", None
    except REFUSED as why: return f"refused: {str(why)[:36]}", None
    return "left over" if left else "equal", {"by": "normal form", "answers": answers, "atoms": normaliser.atoms()}


def broken(verdict): return verdict.status is not Status.HOLDS and NO_EXAMPLE not in verdict.why


def random_answers(rng):
    """Random bijections; the true numberings, shuffled, with some left out; random subsets to sum first."""
    def ask(normaliser, question):
        kind, shape, _ = question
        if kind == "first":
            bound = [k for k, (_, b) in enumerate(shape) if b]
            return rng.sample(bound, rng.randrange(min(2, len(bound)) + 1))
        order = list(range(len(shape)))
        rng.shuffle(order)
        if rng.random() < 0.3: return [order]
        good = answer(normaliser, question)
        kept = rng.sample(good, rng.randint(1, len(good)))
        return [[order[k] for k in numbering] for numbering in kept]
    return ask


def really_differ(s, rng, tries=60):
    """A place with real data where the kernel's enclosures are apart: the last word, for sqrt(x^2) is |x| over the reals."""
    shapes, indices = wellformed(*terms(s)), free(("add", s.lhs, s.rhs))
    for _ in range(tries):
        ranges = {n: rng.choice((1, 2, 3)) for n in sizes(*terms(s))}
        low = rng.choice((-4, 1))
        entries = [f"{name}[{','.join(map(str, at))}]" for name, shape in shapes.items()
                   for at in product(*(range(ranges[n]) for n in shape))]
        witness = {"by": "witness", "sizes": ranges, "bits": 120, "at": {i: rng.randrange(ranges[dimension(i)]) for i in indices},
                   "data": {e: str(Fraction(rng.randint(low, 9), rng.choice((2, 3, 5)))) for e in entries}}
        if check(s, witness).status is Status.REFUTED: return True
    return False


def true(s, rng):
    """Brute force on a statement: modulo primes where they serve, else at real points."""
    modulo_primes = not s.assuming and all(x[0] != "log" and (x[0] != "pow" or Fraction(x[2]).denominator < 3)
                                           for t in terms(s) for x in subterms(t))
    found = equal(s.lhs, s.rhs, rng, 4) if modulo_primes else None
    if found or not really_differ(s, rng): return "in the reals only" if found is False else True
    return False


def judged(tally, bad, kind, lhs, rhs, rng, certificate):
    """A pair that was declared equal, against brute force."""
    truth = true(Identity(lhs, rhs), rng)
    tally[f"declared equal, brute force: {truth}"] += 1
    if truth is False: bad.append((kind, lhs, rhs, certificate))
    if tally["replayed"] < 2000 and certificate is not None:
        tally["replayed"] += 1
        verdict = check(Identity(lhs, rhs), certificate)
        if broken(verdict): tally[f"does not replay: {verdict.why[:60]}"] += 1


def pairs(rng, amount):
    """Random pairs, mostly unequal."""
    tally, bad = Counter(), []
    for _ in range(amount):
        lhs = random_term(rng, rng.choice((2, 3, 3, 4)))
        rhs = nudged(rewritten(lhs, rng, rng.randint(0, 2))[0], rng)
        found, certificate = decided(lhs, rhs)
        if found == "equal": judged(tally, bad, "pair", lhs, rhs, rng, certificate)
        else:
            tally[found] += 1
            if found == "left over" and tally["left over"] % 10 == 0:
                tally[f"  of every tenth left over, brute force: {equal(lhs, rhs, rng, 3)}"] += 1
    return tally, bad, []


def equals(rng, amount):
    """Equal pairs; a start that the normaliser refuses, or that is never defined, is drawn again."""
    tally, bad, missed, done = Counter(), [], [], 0
    while done < amount:
        lhs = random_term(rng, rng.choice((2, 3, 3, 4)))
        if decided(lhs, lhs)[0] != "equal":
            tally["  drawn again (never defined, a division by a delta, costly)"] += 1
            continue
        rhs, rules = rewritten(lhs, rng, rng.randint(1, 4))
        done += 1
        found, certificate = decided(lhs, rhs)
        tally[f"equal pair: {found}"] += 1
        if found != "equal": missed.append((tuple(sorted(set(rules))), lhs, rhs))
        elif tally["replayed"] < 2000:
            tally["replayed"] += 1
            verdict = check(Identity(lhs, rhs), certificate)
            if broken(verdict): tally[f"does not replay: {verdict.why[:60]}"] += 1
    return tally, bad, missed


def oracle(rng, amount):
    """Pairs under an oracle that answers at random."""
    tally, bad = Counter(), []
    for _ in range(amount):
        lhs = random_term(rng, rng.choice((2, 3, 3, 4)))
        rhs = rewritten(lhs, rng, rng.randint(0, 2))[0]
        if rng.random() < 0.7: rhs = nudged(rhs, rng)
        found, certificate = decided(lhs, rhs, random_answers(rng))
        if found == "equal": judged(tally, bad, "random oracle", lhs, rhs, rng, certificate)
        else: tally[found] += 1
    return tally, bad, []


def records():
    """The accepted certificate files that prove or refute an identity."""
    folder = Path(__file__).resolve().parents[1] / "tests" / "certificates" / "accepted"
    found = [json.loads(f.read_text()) for f in sorted(folder.glob("*.json"))]
    return [r for r in found if r["statement"]["kind"] == "identity" and r["status"] in ("holds", "refuted")]


def damage(rng, amount):
    """Certificate files with one field changed."""
    tally, bad, known = Counter(), [], records()
    for _ in range(amount):
        record = rng.choice(known)
        changed = damaged({k: record[k] for k in ("status", "statement", "certificate")}, rng)
        try: statement, recorded, certificate = load(changed["statement"]), changed["status"], changed["certificate"]
        except (ValueError, LookupError, TypeError):
            tally["unreadable"] += 1
            continue
        verdict = check(statement, certificate)
        if verdict.status.value != recorded:
            was = recorded if recorded in ("holds", "refuted") else "something else"
            tally[f"recorded as {was}, found {verdict.status.value}"] += 1
            continue
        same = statement == load(record["statement"]) and recorded == record["status"]
        if same or verdict.status is Status.VACUOUS: right = True
        elif verdict.status is Status.HOLDS: right = true(statement, rng) is not False
        else: right = true(statement, rng) is not True
        tally[f"accepted as {recorded}: {'the same' if same else 'another'} statement, brute force agrees: {right}"] += 1
        if not right: bad.append(("damage", changed["statement"], recorded, certificate))
    return tally, bad, []


def forms(rng, amount):
    """lhs against rhs + form, the form made of squares and exps; lhs is rewritten, and mostly nudged."""
    tally, bad = Counter(), []
    for _ in range(amount):
        rhs, t, u = (random_term(rng, rng.choice((1, 2))) for _ in range(3))
        i = f"{rng.choice('ijk')}:n"
        form = rng.choice([("pow", t, "2"), ("exp", t), ("sum", i, ("pow", t, "2")), ("mul", ("pow", t, "2"), ("exp", u)),
                           ("add", ("pow", t, "2"), ("sum", i, ("pow", u, "-2"))), ("pow", ("pow", t, "1/2"), "2")])
        sides = rng.choice([("add", rhs, form), ("add", rhs, form, ("mul", t, ("num", "0"))),
            ("add", rhs, t) if form[0] == "pow" else rhs])
        lhs = rewritten(sides, rng, rng.randint(0, 2))[0]
        if rng.random() < 0.5: lhs = nudged(lhs, rng)
        s, answers = Inequality(lhs, rhs), []

        def ask(normaliser, question, answers=answers):
            answers.append(answer(normaliser, question))
            return answers[-1]
        normaliser = Normaliser(ask)
        normaliser.fuel = FUEL
        try: normaliser.difference(lhs, rhs), normaliser.difference(lhs, ("add", rhs, form))
        except REFUSED as why:
            tally[f"refused: {type(why).__name__}"] += 1
            continue
        verdict = check(s, {"by": "positive form", "form": form, "answers": answers, "atoms": normaliser.atoms()})
        if broken(verdict): tally[f"not proved: {verdict.why.split(':')[1]}"] += 1
        elif really_differ(s, rng, 20): bad.append(("form", lhs, rhs, form))
        else: tally["proved, and at no point false"] += 1
    return tally, bad, []


STUDIES = {"pairs": pairs, "equal": equals, "random_oracle": oracle, "damage": damage, "forms": forms} | fuzz_bounds.STUDIES


def portion(task):
    name, amount, seed = task
    return STUDIES[name](random.Random(f"{name} {seed}"), amount)


def study(name, amount, seed=0, jobs=1):
    """Tally, unsound cases and missed pairs of one study."""
    size = max(1, min(2000, amount // max(jobs, 1)))
    tasks = [(name, min(size, amount - start), f"{seed} {start}") for start in range(0, amount, size)]
    tally, bad, missed = Counter(), [], []
    with Pool(jobs) if jobs > 1 else Here() as pool:
        for t, b, m in pool.imap(portion, tasks):
            tally, bad, missed = tally + t, bad + b, missed + m
    return tally, bad, missed


class Here:
    """A pool of this process alone."""
    imap = staticmethod(map)
    def __enter__(self): return self
    def __exit__(self, *_): return None


def report(name, amount, seconds, tally, bad, missed, shown):
    print(f"\n{name.replace('_', ' ')}: {amount} in {seconds:.1f} s ({1e3 * seconds / amount:.2f} ms each), {len(bad)} unsound")
    for key, n in sorted(tally.items(), key=lambda item: -item[1]): print(f"  {n:8}  {key}")
    if name == "equal":
        print(f"  found equal: {100 * tally['equal pair: equal'] / amount:.3f} %")
        for rule, n in Counter(r for rules, _, _ in missed for r in rules).most_common(12): print(f"  {n:8}  missed with {rule}")
        for rules, lhs, rhs in sorted(missed, key=lambda m: len(str(m)))[:shown]:
            print("   ", *rules, "\n     ", lhs, "\n     ", rhs)
    for case in bad[:10]: print("UNSOUND", *case, sep="\n   ")


def main():
    options = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    for name in STUDIES: options.add_argument(f"--{name.replace('_', '-')}", type=int, default=0, metavar="N")
    options.add_argument("--seed", default="0")
    options.add_argument("--jobs", type=int, default=1)
    options.add_argument("--show", type=int, default=8, metavar="N", help="missed pairs to print, shortest first")
    chosen = options.parse_args()
    unsound = 0
    for name in STUDIES:
        amount = getattr(chosen, name)
        if not amount: continue
        start = perf_counter()
        found = study(name, amount, chosen.seed, chosen.jobs)
        report(name, amount, perf_counter() - start, *found, chosen.show)
        unsound += len(found[1])
    return 1 if unsound else 0


if __name__ == "__main__":
    sys.exit(main())
