"""Every identity of the library through coqc, its false twins, and mutants of the closed forms: who is accepted.

    python benchmarks/coq.py [FILE ...] [--twins] [--mutants N] [--json OUT]

A claim that is not accepted is listed with its reason; an accepted twin or mutant is listed and ends with exit 1.  A mutant
counts when the kernel refutes it, with sizes and data at which it differs from the closed form.
"""
import argparse
import json
import random
import resource
import sys
import time
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[1]))

from tacheck import library, selection  # noqa: E402
from tacheck.coq import ALLOWED, opinion  # noqa: E402
from tacheck.coq.coqc import library as library_of_coq  # noqa: E402
from tacheck.decide import decide  # noqa: E402
from tacheck.kernel.check import Identity, Status  # noqa: E402
from tacheck.kernel.term import free, wellformed  # noqa: E402
from tests.mutants import mutants  # noqa: E402


def main() -> int:
    """Claims, then twins, then mutants.  0 if nothing false is accepted."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("files", nargs="*", help="files of claims, ids or globs (default: all)")
    parser.add_argument("--timeout", type=float, default=60)
    parser.add_argument("--skip-claims", action="store_true")
    parser.add_argument("--twins", action="store_true", help="the false twins too")
    parser.add_argument("--mutants", type=int, default=0, metavar="N", help="so many mutants of closed forms")
    parser.add_argument("--json", metavar="OUT")
    args = parser.parse_args()
    claims = selection.select(library.load(library.root(str(Path(__file__).parents[1]))), args.files)
    claims = [c for c in claims if isinstance(c.statements()[0], Identity)]
    start, rows = time.perf_counter(), list[dict[str, object]]()
    library_of_coq()
    print(f"the library of Coq: {time.perf_counter() - start:.1f} s (0: compiled before)")
    if not args.skip_claims:
        rows += [asked("claim", c.id, c.statements()[0], args.timeout) | {"expect": c.expect and c.expect.value} for c in claims]
    if args.twins: rows += [asked("twin", id, s, args.timeout) for c in claims for id, s in c.statements()[1].items()]
    if args.mutants: rows += [asked("mutant", name, s, args.timeout) for name, s in chosen(claims, args.mutants)]
    summary(rows)
    if args.json: Path(args.json).write_text(json.dumps(rows, indent=1) + "\n")
    return int(any(r["accepted"] for r in rows if r["kind"] != "claim" or r.get("expect") == "refuted"))


def asked(kind: str, name: str, statement: Identity, timeout: float) -> dict[str, object]:
    """What Coq says about one statement; printed at once if it is not what one hopes for."""
    start, before = time.perf_counter(), worked()
    try: r = opinion(statement, timeout, name)
    except Exception as bad:
        print(f"!! {kind} {name}: {type(bad).__name__}: {bad}", flush=True)
        return {"kind": kind, "id": name, "accepted": False, "why": f"our fault: {type(bad).__name__}: {bad}", "seconds": 0.0,
                "cpu": 0.0, "judged": False}
    if r.accepted != (kind == "claim"): print(f"{kind} {name}: {r.why[:200]}", flush=True)
    return {"kind": kind, "id": name, "accepted": r.accepted, "why": r.why, "seconds": round(r.seconds, 2),
            "judged": bool(r.source) and "no answer after" not in r.why,
            "cpu": round(worked() - before, 2), "emitting": round(time.perf_counter() - start - r.seconds, 2),
            "axioms": r.axioms, "hypotheses": r.hypotheses, "nonempty": r.nonempty}


def worked() -> float:
    """Seconds of processor time of the child processes so far, which other work on the machine does not lengthen."""
    usage = resource.getrusage(resource.RUSAGE_CHILDREN)
    return usage.ru_utime + usage.ru_stime


def chosen(claims: list, number: int) -> list[tuple[str, Identity]]:
    """Mutants of closed forms, drawn with a fixed seed, that the kernel refutes with a witness."""
    drawn, found = random.Random(8), dict[str, Identity]()
    pool = [c for c in claims if c.expect is None]
    while len(found) < number:
        c = drawn.choice(pool)
        s = c.statements()[0]
        every = list(mutants(s.rhs, free(("add", s.lhs, s.rhs)), wellformed(s.lhs, s.rhs)))
        if not every: continue
        m = drawn.choice(every)
        lie = Identity(s.lhs, m.term, s.assuming)
        if decide(lie, 20).status is Status.REFUTED: found[f"{c.id}: {m.lie} {m.place}"] = lie
    return list(found.items())


def summary(rows: list[dict[str, object]]) -> None:
    """A table: how many of each file coqc judged and accepted, seconds of coqc and of writing the file, and further axioms."""
    print("| kind | file | of | judged | accepted | coqc median | most | its cpu, most | emitting, most | with a fourth axiom |")
    print("|---|---|---|---|---|---|---|---|---|---|")
    for kind, file in dict.fromkeys((str(r["kind"]), str(r["id"]).partition(".")[0]) for r in rows):
        mine = [r for r in rows if (r["kind"], str(r["id"]).partition(".")[0]) == (kind, file)]
        seconds, cpu, emitting = (sorted(float(str(r.get(word, 0))) for r in mine) for word in ("seconds", "cpu", "emitting"))
        judged, accepted = (sum(bool(r[word]) for r in mine) for word in ("judged", "accepted"))
        more = sum(bool(set(r.get("axioms", ())) - ALLOWED) for r in mine)
        print(f"| {kind} | {file} | {len(mine)} | {judged} | {accepted} | {seconds[len(mine) // 2]:.1f} s | {seconds[-1]:.1f} s "
              f"| {cpu[-1]:.1f} s | {emitting[-1]:.1f} s | {more} |")
    for kind in dict.fromkeys(str(r["kind"]) for r in rows):
        mine = [r for r in rows if r["kind"] == kind]
        print(f"{kind}s: {sum(bool(r['accepted']) for r in mine)} of {len(mine)} accepted")


if __name__ == "__main__":
    started = time.time()
    code = main()
    print(f"{time.time() - started:.0f} s; exit {code}")
    sys.exit(code)
