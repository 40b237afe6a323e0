"""An attack on every gradient claim: mutants of its closed form, and witnesses for what it assumes.

    python benchmarks/soundness.py                              # 9 mutants of every claim that differentiates, 3 of a large one
    python benchmarks/soundness.py --claims 'softmax.*' --per-claim 0 --json report.json        # every mutant

A mutant is the closed form with one lie in one place (tests/mutants.py); `decide` must refute it with a witness.  Brute force
modulo a 61-bit prime has the last word: a mutant that holds although the sides differ, or is refuted although they do not,
is UNSOUND; one that equals the original is equivalent, and listed; one that differs but was not refuted survives, and is
listed with what the kernel had left over.  Vacuity: every claim of the library that rests on something comes with an example
that satisfies it, and both sides of every other one are defined somewhere.
Exit code 1 iff anything is unsound or a claim is without an example.
"""
import argparse
import json
import random
import sys
from collections import Counter
from dataclasses import asdict, dataclass, field
from fractions import Fraction
from functools import partial
from itertools import zip_longest
from multiprocessing import Pool
from pathlib import Path
from time import perf_counter

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from benchmarks.fuzz import Here  # noqa: E402
from tacheck import library, selection  # noqa: E402
from tacheck.decide import decide  # noqa: E402
from tacheck.kernel.bounds import Intervals  # noqa: E402
from tacheck.kernel.check import Conditional, Identity, Status, terms  # noqa: E402
from tacheck.kernel.evaluate import evaluate, places  # noqa: E402
from tacheck.kernel.term import dim, free, sizes, subterms, wellformed  # noqa: E402
from tacheck.provers.clock import Deadline, OutOfTime  # noqa: E402
from tacheck.provers.entries import Entries  # noqa: E402
from tacheck.provers.identity import admissible, examples, small  # noqa: E402
from tacheck.provers.prime import FIELDS, cost  # noqa: E402
from tests.mutants import mutants  # noqa: E402

BUDGET = 100_000                        # evaluations of subterms that brute force may take for one mutant: about a second
LARGE = 10_000                          # a claim that costs more than this at size 2 gets a third of the mutants
TRIES, PLACES, BITS = 8, 3, 280         # data sets tried where a value is undefined; places at each size; of the enclosures
UNDEFINED = (ArithmeticError, ValueError)
FATES = ("refuted", "equivalent", "survived", "never defined", "UNSOUND")


@dataclass
class Fate:
    """What became of one mutant.  `sizes`: of the witness, or up to which brute force looked."""
    claim: str
    lie: str
    place: str
    fate: str
    why: str
    sizes: dict[str, int] = field(default_factory=dict)
    confirmed: bool | None = None       # does arithmetic modulo p agree with the witness?
    seconds: float = 0.0


# ---- brute force --------------------------------------------------------------------------------------------------

def mentions(s, *heads):
    return any(x[0] in heads and (x[0] != "pow" or Fraction(x[2]).denominator > 1) for t in terms(s) for x in subterms(t))


def differ(s, seed="brute force"):
    """True: a place where the sides differ.  False: none was found.  None: nothing was defined.  And the sizes looked at."""
    rng, looked, left, defined = random.Random(seed), {}, BUDGET, False
    for size, price in settings(s):
        for at in spots(s, size, rng):
            if left < price and defined: break
            verdict, left = apart(s, size, at, rng), left - price
            if verdict: return True, size
            if verdict is False: looked, defined = {n: max(m, looked.get(n, 1)) for n, m in size.items()}, True
    return (False if defined else None), looked


def settings(s):
    """3 everywhere, 2 everywhere, one dimension of 3 or 1 among those of 2; with what they cost.  The dear ones are left out."""
    names = sizes(*terms(s))
    candidates = [dict.fromkeys(names, k) for k in (3, 2)]
    candidates += [dict.fromkeys(names, 2) | {n: k} for k in (3, 1) for n in names if len(names) > 1]
    priced = [(size, cost(s, size)) for size in candidates]
    return [(size, price) for size, price in priced if price <= BUDGET] or [min(priced, key=lambda pair: pair[1])]


def spots(s, size, rng):
    """A place with distinct indices, as far as they go, and random ones."""
    indices = free(("add", s.lhs, s.rhs))
    apart = {i: [j for j in indices if dim(j) == dim(i)].index(i) % size[dim(i)] for i in indices}
    everywhere = places(indices, size)
    return [apart, *rng.sample(everywhere, min(PLACES - 1, len(everywhere)))]


def apart(s, size, at, rng):
    """Do the sides differ here, at random data?  Modulo p; at 280 bits where a root or a logarithm makes that doubtful."""
    power = 2 if any(r == "> 0" for r, _ in s.assuming) else 1                      # modulo p, squares stand for the positive
    for _ in range(TRIES):
        data = Entries(lambda: Fraction(rng.randrange(1, 2 ** 48) ** power))
        try: a, b = (evaluate(t, FIELDS[0], size, data.entry, at) for t in (s.lhs, s.rhs))
        except UNDEFINED: continue
        if a == b: return False
        return in_the_reals(s, size, at, rng) if mentions(s, "log", "pow") or s.assuming else True
    return in_the_reals(s, size, at, rng)


def in_the_reals(s, size, at, rng):
    """The same with enclosures of both sides; None where they are neither apart nor close, or nothing is defined."""
    for k in range(TRIES):
        data = Entries(partial(small, rng, k))
        try:
            if not admissible(s, size, data): continue
            (a, b), (c, d) = (evaluate(t, Intervals(BITS), size, data.entry, at) for t in (s.lhs, s.rhs))
        except UNDEFINED: continue
        if b < c or d < a: return True
        if max(b, d) - min(a, c) <= Fraction(1, 2 ** (BITS // 2)): return False
    return None


def confirmed(s, witness, rng):
    """Do the sides differ modulo p at the sizes and the place of a witness?  None where that says nothing: a root, a logarithm.

    At random data: at a witness's own, which is small, exp(1/2) may be 2 by accident.
    """
    if s.assuming or mentions(s, "log", "pow"): return None
    return apart(s, witness["sizes"], witness["at"], rng)


# ---- mutants ------------------------------------------------------------------------------------------------------

def conclusion(s):
    while isinstance(s, Conditional): s = s.conclusion
    return s


def differentiates(claim):
    """Is the claim an equation that is to hold, with a derivative on its left?"""
    s = conclusion(claim.statements()[0])
    return isinstance(s, Identity) and claim.expect is None and any(x[0] == "diff" for x in subterms(s.lhs))


def every(s):
    """Every mutant of the right-hand side."""
    return mutants(s.rhs, free(("add", s.lhs, s.rhs)), wellformed(*terms(s)))


def share(s, amount):
    """How many mutants a claim gets: a third where evaluating it is dear (attention of order 4 and more); 0 is all."""
    return -(-amount // 3) if cost(s, dict.fromkeys(sizes(*terms(s)), 2)) > LARGE else amount


def sample(s, amount, rng):
    """Mutants, no term twice; every lie has its turn before one comes again.  amount: 0 for all."""
    groups, seen = {}, {s.rhs}
    for mutant in every(s): groups.setdefault(mutant.lie, []).append(mutant)
    for group in groups.values(): rng.shuffle(group)
    turns = list(groups.values())
    rng.shuffle(turns)
    for mutant in (m for turn in zip_longest(*turns) for m in turn if m):
        if (term := mutant.term) in seen: continue
        seen.add(term)
        yield mutant
        if len(seen) - 1 == amount: break


def judged(id, s, mutant, timeout, judge=decide):
    """One mutant, taken down the road, against brute force."""
    false, start = Identity(s.lhs, mutant.term, s.assuming), perf_counter()
    verdict = judge(false, timeout)
    out = Fate(id, mutant.lie, mutant.place, "", verdict.why[:400], seconds=round(perf_counter() - start, 4))
    if verdict.status is Status.REFUTED:
        out.sizes = dict(verdict.certificate["sizes"])
        out.confirmed = confirmed(false, verdict.certificate, random.Random(mutant.place))
        out.fate = "UNSOUND" if out.confirmed is False else "refuted"
        return out
    truth, out.sizes = differ(false)
    match verdict.status:
        case Status.HOLDS: out.fate = "UNSOUND" if truth else "equivalent"
        case Status.VACUOUS: out.fate = "never defined" if truth is None else "UNSOUND"
        case _: out.fate = "equivalent" if truth is False else "survived"
    if out.fate == "equivalent": out.why = "the kernel agrees" if verdict.status is Status.HOLDS else f"not proved: {out.why}"
    return out


def attacked(task):
    """The fates of the mutants of one claim."""
    id, s, amount, seed, timeout = task
    return [judged(id, s, mutant, timeout) for mutant in sample(s, amount, random.Random(f"{seed} {id}"))]


# ---- vacuity ------------------------------------------------------------------------------------------------------

def grounds(claim, timeout=60, judge=decide):
    """"example", "defined" or "instance": why the claim is not empty.  Otherwise what is wrong, with an !."""
    s = claim.statements()[0]
    verdict, inner = judge(s, timeout), conclusion(s)
    if verdict.status is Status.REFUTED: return "refuted, as expected" if claim.expect is Status.REFUTED else "! refuted"
    if verdict.status is not Status.HOLDS: return f"! {verdict.status.value}: {verdict.why[:80]}"
    if not isinstance(inner, Identity): return "an instance with data of its own"
    if verdict.rests_on and "example" not in verdict.certificate: return f"! no example, and it rests on {verdict.rests_on[0]}"
    if verdict.rests_on: return "rests on something, an example is in the certificate"
    try: point = next(examples(inner, Deadline(timeout)), None)
    except OutOfTime: point = None
    return "rests on nothing, both sides are defined at a point" if point else "! both sides were defined nowhere"


# ---- the report ---------------------------------------------------------------------------------------------------

def rate(fates):
    """Refuted ones among those that are not equivalent, in percent."""
    counts = Counter(f.fate for f in fates)
    total = len(fates) - counts["equivalent"]
    return 100 * counts["refuted"] / total if total else 100.0


def table(title, groups):
    """One row for each group of fates, and one for all."""
    rows = [*sorted(groups.items()), ("all", [f for group in groups.values() for f in group])]
    width = max(len(title), *(len(name) for name, _ in rows))
    print(f"\n{title:{width}}  {'mutants':>8}" + "".join(f"  {fate:>13}" for fate in FATES) + f"  {'killed':>8}")
    for name, fates in rows:
        counts = Counter(f.fate for f in fates)
        print(f"{name:{width}}  {len(fates):8}" + "".join(f"  {counts[fate]:13}" for fate in FATES) + f"  {rate(fates):6.2f} %")


def grouped(fates, key):
    groups = {}
    for f in fates: groups.setdefault(key(f), []).append(f)
    return groups


def spelled(size): return ", ".join(f"{n} = {k}" for n, k in sorted(size.items())) or "no sizes"


def killing_sizes(fates):
    """How many fell at which sizes, the smallest first."""
    found = Counter(spelled(f.sizes) for f in fates)
    totals = {spelled(f.sizes): sum(f.sizes.values()) for f in fates}
    ones = sum(max(f.sizes.values(), default=1) == 1 for f in fates)
    print(f"\nsmallest killing sizes: {ones} of {len(fates)} fall with every size 1, the others need more")
    for text, n in sorted(found.items(), key=lambda item: (totals[item[0]], -item[1], item[0])):
        print(f"  sum {totals[text]:3}  {n:7}  {text}")


def listed(title, fates):
    if fates: print(f"\n{title}: {len(fates)}")
    for f in fates: print(f"  {f.claim}  {f.lie}, {f.place}\n      {f.why[:240]} [brute force: {spelled(f.sizes)}]")


def report(fates, shown):
    """Everything about the mutants, as text."""
    table("lie", grouped(fates, lambda f: f.lie))
    table("file", grouped(fates, lambda f: f.claim.partition(".")[0]))
    fate = grouped(fates, lambda f: f.fate)
    killing_sizes(fate.get("refuted", []))
    agree = Counter(f.confirmed for f in fate.get("refuted", []))
    print(f"\nrefutations: {agree[True]} confirmed modulo p, {agree[None]} where that says nothing (roots, logarithms)")
    equivalent = fate.get("equivalent", [])
    proved = [f for f in equivalent if f.why == "the kernel agrees"]
    print(f"equivalent: {len(proved)} proved, {len(equivalent) - len(proved)} by brute force alone")
    listed(f"equivalent and proved, the first {shown}", proved[:shown])
    listed("equivalent by brute force, not proved", [f for f in equivalent if f not in proved])
    listed("never defined", fate.get("never defined", []))
    listed("survived", fate.get("survived", []))
    listed("UNSOUND", fate.get("UNSOUND", []))


def progress(text):
    """One line on a terminal that the next one overwrites."""
    if sys.stderr.isatty(): print(f"\r{text:70}", end="", file=sys.stderr, flush=True)


def main():
    options = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    options.add_argument("--per-claim", type=int, default=9, metavar="N",
                         help="mutants of each claim, a third of it for a large one; 0: all (default: 9)")
    options.add_argument("--claims", nargs="*", default=[], metavar="GLOB", help="ids, families, files or globs (default: all)")
    options.add_argument("--jobs", type=int, default=1, metavar="N", help="processes (default: 1)")
    options.add_argument("--seed", default="0", help="of the sample")
    options.add_argument("--timeout", type=float, default=5, metavar="S", help="seconds of search for each mutant (default: 5)")
    options.add_argument("--show", type=int, default=20, metavar="N", help="equivalent mutants to print (default: 20)")
    options.add_argument("--json", metavar="FILE", help="every mutant and its fate")
    chosen = options.parse_args()
    claims = selection.select(library.load(library.shipped()), chosen.claims)

    start, fates, gradients = perf_counter(), [], [c for c in claims if differentiates(c)]
    stated = [(c.id, conclusion(c.statements()[0])) for c in gradients]
    tasks = [(id, s, share(s, chosen.per_claim), chosen.seed, chosen.timeout) for id, s in stated]
    with Pool(chosen.jobs) if chosen.jobs > 1 else Here() as pool:
        for k, found in enumerate(pool.imap(attacked, tasks)):
            fates += found
            progress(f"{k + 1} of {len(tasks)} claims, {len(fates)} mutants, {perf_counter() - start:.0f} s")
    progress("")
    print(f"mutants: {len(fates)} of {len(gradients)} claims with a derivative, {perf_counter() - start:.0f} s")
    report(fates, chosen.show)

    start, why = perf_counter(), {}
    for k, c in enumerate(claims):
        why[c.id] = grounds(c)
        progress(f"vacuity: {k + 1} of {len(claims)} claims")
    progress("")
    print(f"\nvacuity: {len(claims)} claims, {perf_counter() - start:.0f} s")
    for text, n in Counter(why.values()).most_common(): print(f"  {n:7}  {text}")
    empty = {id: text for id, text in why.items() if text.startswith("!")}
    for id, text in empty.items(): print(f"  {id}: {text}")
    if chosen.json:
        document = {"version": 1, "seed": chosen.seed, "mutants": [asdict(f) for f in fates], "vacuity": why}
        Path(chosen.json).write_text(json.dumps(document, indent=1) + "\n", encoding="utf-8")
    return 1 if empty or any(f.fate == "UNSOUND" for f in fates) else 0


if __name__ == "__main__":
    sys.exit(main())
