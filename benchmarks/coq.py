"""Every identity of the library through coqc, its false twins, and mutants of the closed forms: who is accepted.

    python benchmarks/coq.py [FILE ...] [--twins] [--mutants N] [--json OUT]

A claim that is not accepted is listed with its reason; an accepted twin or mutant is listed and ends with exit 1.  A mutant
counts when brute force, modulo a prime, finds that it differs from the closed form.
"""
import argparse
import json
import random
import sys
import time
from collections import Counter
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[1]))

from tacheck import library, selection  # noqa: E402
from tacheck.coq import opinion  # noqa: E402
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
    rows: list[dict[str, object]] = []
    if not args.skip_claims:
        rows += [asked("claim", c.id, c.statements()[0], args.timeout) | {"expect": c.expect and c.expect.value} for c in claims]
    if args.twins: rows += [asked("twin", id, s, args.timeout) for c in claims for id, s in c.statements()[1].items()]
    if args.mutants: rows += [asked("mutant", name, s, args.timeout) for name, s in chosen(claims, args.mutants)]
    summary(rows)
    if args.json: Path(args.json).write_text(json.dumps(rows, indent=1) + "\n")
    return int(any(r["accepted"] for r in rows if r["kind"] != "claim" or r.get("expect")))


def asked(kind: str, name: str, statement: Identity, timeout: float) -> dict[str, object]:
    """What Coq says about one statement; printed at once if it is not what one hopes for."""
    try: r = opinion(statement, timeout, name)
    except Exception as bad:
        print(f"!! {kind} {name}: {type(bad).__name__}: {bad}", flush=True)
        return {"kind": kind, "id": name, "accepted": False, "why": f"our fault: {type(bad).__name__}: {bad}", "seconds": 0.0}
    if r.accepted != (kind == "claim"): print(f"{kind} {name}: {r.why[:200]}", flush=True)
    return {"kind": kind, "id": name, "accepted": r.accepted, "why": r.why, "seconds": round(r.seconds, 2),
            "axioms": r.axioms, "hypotheses": r.hypotheses, "nonempty": r.nonempty}


def chosen(claims: list, number: int) -> list[tuple[str, Identity]]:
    """Mutants of closed forms, drawn with a fixed seed, that the kernel refutes with a witness."""
    drawn, found = random.Random(8), []
    pool = [c for c in claims if c.expect is None]
    while len(found) < number:
        c = drawn.choice(pool)
        s = c.statements()[0]
        every = list(mutants(s.rhs, free(("add", s.lhs, s.rhs)), wellformed(s.lhs, s.rhs)))
        if not every: continue
        m = drawn.choice(every)
        lie = Identity(s.lhs, m.term, s.assuming)
        if decide(lie, 20).status is Status.REFUTED: found.append((f"{c.id}: {m.lie} {m.place}", lie))
    return found


def summary(rows: list[dict[str, object]]) -> None:
    """Counts by kind and by file, and times."""
    for kind in ("claim", "twin", "mutant"):
        mine = [r for r in rows if r["kind"] == kind]
        if not mine: continue
        files = Counter(str(r["id"]).partition(".")[0] for r in mine)
        accepted = Counter(str(r["id"]).partition(".")[0] for r in mine if r["accepted"])
        seconds = sorted(float(str(r["seconds"])) for r in mine)
        print(f"{kind}s: {sum(accepted.values())} of {len(mine)} accepted: "
              + ", ".join(f"{f} {accepted[f]}/{n}" for f, n in files.items())
              + f"; coqc median {seconds[len(seconds) // 2]:.1f} s, most {seconds[-1]:.1f} s")


if __name__ == "__main__":
    started = time.time()
    code = main()
    print(f"{time.time() - started:.0f} s; exit {code}")
    sys.exit(code)
