"""Hard instances: throughput, agreement with a SAT solver, and a study of what the tests would notice.

    OPENBLAS_NUM_THREADS=1 python benchmarks/harden.py [--speed] [--agree 10000] [--engines] [--mutants] [--large]

Without options: everything but --large.  --speed: instances, decisions and packed vectors per second, on one core.
--agree N: N formulas of 6 to 18 variables, all orders, against PySAT's CaDiCaL where it is installed, else z3: decisions
plain, with adversarial noise of eps - 1e-6, in float32 and float16; model counts from doubles and from fractions;
witnesses.  --engines: the time to refute each engine of the zoo, and its minimal formula.  --mutants: which checks notice
which deliberate error in the gadget.  --large: 30 variables, 128 clauses (n = 1024) through `attention`.
"""
import argparse
import os
import resource
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from time import perf_counter
from typing import Any

for name in ("OPENBLAS_NUM_THREADS", "OMP_NUM_THREADS", "MKL_NUM_THREADS"): os.environ.setdefault(name, "1")
sys.path.insert(0, str(Path(__file__).parents[1]))

import numpy as np  # noqa: E402  (threads are read when it is loaded)

from tacheck.instances import challenge, forward, listing  # noqa: E402
from tacheck.instances.decode import decode, exact_count  # noqa: E402
from tacheck.instances.dimacs import Formula  # noqa: E402
from tacheck.instances.forward import Instance, fractions, harden, outputs, satisfiable  # noqa: E402
from tacheck.instances.generate import random_formula, source  # noqa: E402
from tacheck.instances.listing import Lists, balanced, count, split_and_list  # noqa: E402
from tacheck.numeric.door import attention  # noqa: E402
from tests.engines.zoo import RIGHT, WRONG, honest  # noqa: E402


def best(run: Callable[[], object], repeats: int = 5) -> float:
    """The smallest of several times, in seconds."""
    times = []
    for _ in range(repeats):
        start = perf_counter()
        run()
        times.append(perf_counter() - start)
    return min(times)


def speed() -> None:
    """Throughput at v = 15 and v = 45."""
    def formulas() -> list[Formula]: return [random_formula(15, 4.26, source(0, i)) for i in range(200)]
    given, long = formulas(), random_formula(45, 4.26, source(0))
    rates = {"random formulas": 200 / best(formulas), "instances from formulas": 200 / best(lambda: [harden(f) for f in given]),
             "formulas drawn and made instances": 200 / best(lambda: [harden(f) for f in formulas()]),
             "formulas decided": 200 / best(lambda: [satisfiable(f) for f in given])}
    for what, rate in rates.items(): print(f"v = 15: {rate:8.0f} {what} per second")
    parts = balanced(45, 3)
    rate = sum(split_and_list(long, parts).rows) / best(lambda: split_and_list(long, parts))
    print(f"v = 45, m = {len(long.clauses)}: {rate / 1e6:.1f} million packed vectors per second")


# ---- agreement ------------------------------------------------------------------------------------------------------

def solver() -> tuple[str, Callable[[Formula], bool]]:
    """An independent SAT solver."""
    try:
        from pysat.solvers import Cadical153
    except ImportError:
        import z3

        def by_z3(given: Formula) -> bool:
            x, engine = [z3.Bool(f"x{i}") for i in range(given.variables + 1)], z3.Solver()
            for clause in given.clauses: engine.add(z3.Or([x[y] if y > 0 else z3.Not(x[-y]) for y in clause]))
            return bool(engine.check() == z3.sat)
        return "z3", by_z3

    def by_cadical(given: Formula) -> bool:
        with Cadical153(bootstrap_with=[list(c) for c in given.clauses]) as engine: return bool(engine.solve())
    return "CaDiCaL", by_cadical


def rounded(instance: Instance, kind: Any) -> tuple[Any, Any, Any]:
    """The arrays rounded to a precision, in single precision."""
    def cast(a: Any) -> Any: return a.astype(kind).astype(np.float32)
    return cast(instance.q), [cast(k) for k in instance.keys], [cast(v) for v in instance.values]


def agree(total: int) -> None:
    """Counts of mismatches; every number but the first four must be 0.  Attention is a plain dense softmax, and for every
    16th formula the library's."""
    name, says = solver()
    start = perf_counter()
    keys = ("formulas", "unsatisfiable", "unique", "counted",
            "decision", "noise", "float32", "float16", "count", "fractions", "witness")
    tally = dict.fromkeys(keys, 0)
    for i in range(total):
        order, variables = 1 + i % 5, 6 + i // 5 % 13
        kind, ratio = (("threshold", 4.26), ("threshold", 6.0), ("unique", 4.0), ("planted", 3.0))[i // 65 % 4]
        if i // 260 % 2: kind, ratio = "threshold", 6.0
        given = random_formula(variables, ratio, source(1, i), kind=kind)
        wanted = says(given)
        number = count(split_and_list(given, balanced(variables, 2)))
        assert (number > 0) == wanted, "the brute-force count and the SAT solver differ"
        instance, dyadic = harden(given, order=order), harden(given, order=order, mode="dyadic")
        column = (honest if i % 16 else attention)(instance.q, instance.keys, instance.values)[:, 0]
        toward = np.where(column > 0.5, -1, 1) * (instance.gadget.eps - 1e-6)
        answer, exact = decode(instance, column), fractions(dyadic)
        single, half = (honest(*rounded(instance, kind)) for kind in (np.float32, np.float16))
        tally["formulas"] += 1
        tally["unsatisfiable"] += not wanted
        tally["unique"] += number == 1
        tally["counted"] += answer.models is not None
        tally["decision"] += answer.satisfiable != wanted
        tally["noise"] += bool((column + toward).max() > 0.5) != wanted
        tally["float32"] += bool(single[:, 0].max() > 0.5) != wanted
        tally["float16"] += bool(half.astype(np.float16)[:, 0].max() > 0.5) != wanted
        tally["count"] += answer.models != number
        tally["fractions"] += exact_count(dyadic.gadget, exact) != number
        tally["witness"] += wanted != (answer.witness is not None and given.holds([x > 0 for x in answer.witness]))
    print(f"against {name}, {perf_counter() - start:.0f} s: {tally['formulas']} formulas, "
          f"{tally['unsatisfiable']} unsatisfiable, {tally['unique']} with one model, {tally['counted']} counted; mismatches: "
          + ", ".join(f"{key} {tally[key]}" for key in keys[4:]))


# ---- engines --------------------------------------------------------------------------------------------------------

def engines() -> None:
    """Each wrong engine, and the smallest formula that it fails."""
    for name, engine in {**WRONG, **RIGHT}.items():
        found = challenge(engine)
        print(f"{name:17} {'refuted' if found.refuted else 'passes':8} {found.seconds:5.2f} s  error {found.largest_error:9.3g}  "
              f"wrong decisions: {'yes' if found.first_wrong else 'no':3}  {found.minimal or ''}")


# ---- mutants --------------------------------------------------------------------------------------------------------

Change = Callable[[Instance], Instance]


def edited(q: float = 1, keys: float = 1, beta: float = 1, reference: float = 1, value: float = 0) -> Change:
    """An error in the arrays: factors of q, of the keys and of the reference score, and the reference row's value."""
    def change(i: Instance) -> Instance:
        K, V = [k.copy() * keys for k in i.keys], [v.copy() for v in i.values]
        K[0][-1] *= reference
        V[0][-1] = value
        return Instance(i.gadget, i.q * q * beta, tuple(K), tuple(V), i.lists, i.formula, i.parts)
    return change


def reshaped(what: Callable[[list[Any], int], list[Any]]) -> Change:
    """An error in the lists."""
    def change(i: Instance) -> Instance:
        bits = what([i.lists.bits(s).copy() for s in range(len(i.lists.words))], i.lists.columns)
        lists = Lists(tuple(listing.packed(b) for b in bits), bits[0].shape[1])
        made = forward.from_lists(lists, formula=i.formula, parts=i.parts, mode=i.gadget.mode)
        return Instance(made.gadget, made.q, made.keys, made.values, i.lists, i.formula, i.parts)
    return change


def rewritten(what: Callable[[Formula], Formula]) -> Change:
    """An error in reading the clauses."""
    def change(i: Instance) -> Instance:
        assert i.formula
        made = harden(what(i.formula), order=i.gadget.order, mode=i.gadget.mode)
        return Instance(made.gadget, made.q, made.keys, made.values, i.lists, i.formula, i.parts)
    return change


def clauses(change: Callable[[int, tuple[int, ...]], tuple[int, ...]]) -> Change:
    return rewritten(lambda f: Formula(f.variables, tuple(change(at, c) for at, c in enumerate(f.clauses))))


def flipped(bits: list[Any], which: int) -> list[Any]: return [1 - b if i == which else b for i, b in enumerate(bits)]


def no_reference(i: Instance) -> Instance:
    return Instance(i.gadget, i.q, (i.keys[0][:-1], *i.keys[1:]), (i.values[0][:-1], *i.values[1:]), i.lists, i.formula, i.parts)


def scaled(power: float) -> Change:
    """B is another root of d beta."""
    def change(i: Instance) -> Instance:
        factor = (i.gadget.d * i.gadget.beta) ** power / i.gadget.B
        return edited(q=factor, keys=factor)(i)
    return change


MUTANTS: dict[str, Change] = {
    "the last clause dropped": rewritten(lambda f: Formula(f.variables, f.clauses[:-1])),
    "the first literal dropped": clauses(lambda at, c: c[1:] or c),
    "signs ignored": clauses(lambda at, c: tuple(abs(x) for x in c)),
    "the first literal's sign": clauses(lambda at, c: (-c[0], *c[1:]) if at % 2 else c),
    "queries complemented": reshaped(lambda b, m: flipped(b, 0)),
    "first keys complemented": reshaped(lambda b, m: flipped(b, 1)),
    "a list shifted by a column": reshaped(lambda b, m: [np.roll(x, 1, axis=1) if s == 1 else x for s, x in enumerate(b)]),
    "a row of keys lost": reshaped(lambda b, m: [np.concatenate([x[:-1], x[:1]]) if s == 1 else x for s, x in enumerate(b)]),
    "the last column forgotten": reshaped(lambda b, m: [x[:, :-1] for x in b]),
    "beta halved": edited(beta=0.5), "beta a quarter": edited(beta=0.25), "beta doubled": edited(beta=2),
    "reference at the top": edited(reference=0), "reference too low": edited(reference=2),
    "reference a little low": edited(reference=1.1), "no reference row": no_reference, "reference has value 1": edited(value=1),
    "sign of the scores": edited(q=-1), "B a square root": scaled(1 / 2), "B a fourth root": scaled(1 / 4),
    "1/d missing": lambda i: edited(q=i.gadget.d)(i), "1/(d - 1) for 1/d": lambda i: edited(q=i.gadget.d / (i.gadget.d - 1))(i),
}


def mutants() -> None:
    """Which checks notice which error.  In tests/test_forward_gadget.py each check is a test: `noise` is
    test_noise_below_eps_changes_no_decision; `count` and `oracle` are in test_outputs_tell_the_decision_and_the_count."""
    easy = [random_formula(9, 2.0, source(2, i)) for i in range(20)]
    hard = [random_formula(9, 4.26, source(3, i)) for i in range(20)]
    tight = [random_formula(9, 5.0, source(4, i), kind=("unique", "threshold")[i % 2]) for i in range(20)]
    truth = {f: count(split_and_list(f, balanced(9, 2))) for f in (*easy, *hard, *tight)}
    names = ("easy", "threshold", "tight", "noise", "count", "oracle")
    print(f"{'mutant':28}" + "".join(f"{name:>10}" for name in names))
    killed = 0
    for name, change in {"(none)": lambda i: i, **MUTANTS}.items():
        notices = dict.fromkeys(names, 0)
        for kind, formulas in (("easy", easy), ("threshold", hard), ("tight", tight)):
            for given in formulas:
                instance, number = harden(given), truth[given]
                with quiet(): column = attention(*(lambda i: (i.q, i.keys, i.values))(change(instance)))[:, 0]
                notices[kind] += bool(column.max() > 0.5) != (number > 0)
                if kind != "tight": continue
                notices["noise"] += bool((column + (-1 if number else 1) * (0.25 - 1e-6)).max() > 0.5) != (number > 0)
                notices["count"] += decode(instance, column).models != number
                notices["oracle"] += bool(np.abs(column - outputs(instance)).max() > 1e-12)
        print(f"{name:28}" + "".join(f"{n or '.':>10}" for n in notices.values()))
        if name != "(none)": killed += any(notices[key] for key in names)
        elif any(notices.values()): raise SystemExit("the gadget itself is noticed: a check is wrong")
    print(f"{killed} of {len(MUTANTS)} mutants noticed (numbers: of 20 formulas each)")


@contextmanager
def quiet() -> Iterator[None]:
    with np.errstate(all="ignore"): yield


def large() -> None:
    """30 variables, 128 clauses: n = 1024."""
    start, given = perf_counter(), random_formula(30, 128 / 30, source(0))
    instance = harden(given)
    answer = decode(instance, attention(instance.q, instance.keys, instance.values))
    print(f"v = 30, m = {len(given.clauses)}, n = {len(instance.q)}: formula, attention, decision in "
          f"{perf_counter() - start:.1f} s: satisfiable {answer.satisfiable}, models {answer.models}")
    start = perf_counter()
    print(f"the same from integer inner products: {satisfiable(given)} in {perf_counter() - start:.1f} s; "
          f"largest memory {resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024:.0f} MiB")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--agree", type=int, metavar="N", help="formulas to compare")
    for option in ("speed", "engines", "mutants", "large"): parser.add_argument(f"--{option}", action="store_true")
    args = parser.parse_args()
    everything = not any(vars(args).values())
    print(f"threads {os.environ['OPENBLAS_NUM_THREADS']}, NumPy {np.__version__}")
    if args.speed or everything: speed()
    if args.engines or everything: engines()
    if args.mutants or everything: mutants()
    if args.agree or everything: agree(args.agree or 10_000)
    if args.large: large()


if __name__ == "__main__": main()
