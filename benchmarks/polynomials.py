"""Certified polynomials for e^x: the table of least degrees, and times and results against Sollya and Arb where installed.

    python benchmarks/polynomials.py table [--out docs/degrees.md] [--most 1e-100]   every cell proved from both sides
    python benchmarks/polynomials.py times                                           Remez, error, kernel; Sollya beside them
    python benchmarks/polynomials.py sollya [--count 1000]                           random polynomials: sup against supnorm
    python benchmarks/polynomials.py arb [--count 20000]                             the kernel's exp against Arb's (python-flint)
    python benchmarks/polynomials.py floats                                          what choosing floats together gains

Sollya is the program `sollya`; python-flint is `pip install python-flint`.  What is missing is said and left out.
"""
import argparse
import shutil
import subprocess
import sys
from collections.abc import Callable
from fractions import Fraction
from pathlib import Path
from random import Random
from resource import RUSAGE_CHILDREN, getrusage
from time import process_time
from typing import Any

from tacheck.files import write
from tacheck.kernel.bounds import Intervals
from tacheck.kernel.check import Status, check
from tacheck.numeric.polynomial import ApproximationError, optimal_degree, plan, shipped
from tacheck.numeric.polynomial.approximation import estimate
from tacheck.numeric.polynomial.certify import sup
from tacheck.numeric.polynomial.families import coefficients, in_x
from tacheck.numeric.polynomial.minimax import minimax
from tacheck.numeric.polynomial.rounding import floats, plain

RADII = ("1/4", "1/2", "1", "2", "4", "8", "16", "32")
ERRORS = tuple(f"1e-{k}" for k in (1, 2, 3, 4, 6, 8, 10, 15, 20, 30, 40, 60, 100))
CELLS = ((1, 12), (1, 24), (1, 40), (1, 60), (8, 80), (1, 80))


def timed(run: Callable[[], Any]) -> tuple[Any, float]:
    start = process_time()
    return run(), process_time() - start


def sollya(*lines: str) -> list[str] | None:
    """What Sollya prints; None where it is not installed."""
    if not shutil.which("sollya"): return None
    script = "verbosity = 0!; display = decimal!; prec = 200!;\n" + "\n".join(lines) + "\nquit;\n"
    done = subprocess.run(["sollya", "--warnonstderr"], input=script, capture_output=True, text=True, timeout=1800)
    return done.stdout.split("\n")


def table(out: Path | None, most: Fraction) -> None:
    """Markdown: rows are radii, columns errors; cells that planning guessed wrong are marked."""
    errors = [e for e in ERRORS if Fraction(e) >= most]
    cells, wrong, proved, start = dict[tuple[str, str], str](), list[str](), 0, process_time()
    for b in RADII:
        for e in errors:
            r, error = Fraction(b), Fraction(e)
            began, guess = process_time(), plan(r, error)
            try: least = optimal_degree((-r, r), error)
            except ApproximationError as bad:
                print(f"{b:>4} {e:>7} {bad}", file=sys.stderr, flush=True)
                cells[b, e] = "?"
                continue
            proved += all(v.status is Status.HOLDS for v in least.verdicts)
            cells[b, e] = str(least.degree)
            if guess != least.degree: wrong.append(f"({b}, {e}): {guess} for {least.degree}")
            print(f"{b:>4} {e:>7} {least.degree:4} {process_time() - began:8.2f} s", file=sys.stderr, flush=True)
    head = ["| B \\ error | " + " | ".join(errors) + " |", "|---|" + "--:|" * len(errors)]
    rows = [f"| {b} | " + " | ".join(cells[b, e] for e in errors) + " |" for b in RADII]
    rank = "the rank of the features of degree g in d dimensions is C(d + g, g)"
    text = "\n".join([
        "# The least degree of a polynomial for e^x", "",
        "The least degree g of a polynomial P with |P(x) e^-x - 1| <= error wherever |x| <= B; " + rank + ".", "",
        *head, *rows, "",
        f"{proved} of {len(cells)} cells are proved from both sides by the kernel: a polynomial of degree g has the error "
        "(a `Bound`), and no polynomial of degree g - 1 has",
        "(the divided difference, by `Identity`, and the `Bound` of a closed number; "
        "`tacheck.numeric.polynomial.optimal_degree`).", "",
        "Planning (`plan`: the least g >= B - 1 with 2 J_(g+1)(B) <= error) guesses "
        f"{proved - len(wrong)} of them" + (f", and misses {len(wrong)}: {', '.join(wrong)}." if wrong else "."), "",
        "Made by `python benchmarks/polynomials.py table --out docs/degrees.md`.", ""])
    print(text)
    print(f"{process_time() - start:.0f} s", file=sys.stderr)
    if out: write(out, text)


def times() -> None:
    """Seconds of processor time, here and in Sollya (less its start)."""
    def theirs() -> float:
        used = getrusage(RUSAGE_CHILDREN)
        return used.ru_utime + used.ru_stime
    start = theirs()
    sollya()
    empty = theirs() - start
    print("| B, g | error | Remez | its error, with the kernel | the kernel | Sollya remez | Sollya supnorm |\n|" + "--|" * 7)
    for b, g in CELLS:
        r = Fraction(b)
        best, first = timed(lambda r=r, g=g: minimax(g, r))
        p = coefficients("minimax", g, (-r, r), False, False)
        found, second = timed(lambda r=r, p=p: sup(p, (-r, r)))
        kernel = sum(timed(lambda s=s, v=v: check(s, v.certificate))[1] for s, v in zip(found.statements, found.verdicts))
        seconds = []
        for line in (f"prec = {best.bits}!; P = remez(1, {g}, [-{b};{b}], exp(-x));",
                     f"prec = {best.bits}!; S = supnorm({text(p)}, exp(x), [-{b};{b}], relative, 2^-20);"):
            start = theirs()
            seconds.append(f"{theirs() - start - empty:.3f}" if sollya(line) is not None else "-")
        row = (f"{b}, {g}", f"{float(found.upper):.3g}", *(f"{t:.3f}" for t in (first, second, kernel)), *seconds)
        print(f"| {' | '.join(row)} |", flush=True)


def text(p: tuple[Fraction, ...]) -> str: return "+".join(f"({c})*x^{k}" for k, c in enumerate(p))


def against_sollya(count: int) -> None:
    """Random polynomials near e^x: our enclosure and Sollya's must overlap."""
    random, apart, wide, lines, ours = Random(0), 0, 0.0, [], []
    for _ in range(count):
        g, r = random.randint(1, 12), Fraction(random.randint(1, 16), 4)
        best = in_x(minimax(g, r), r, Fraction(0))
        noise = [1 + Fraction(random.randint(-99, 99), 10 ** random.randint(3, 9)) for _ in best]
        p = tuple(Fraction(round(c * n * (1 << 60)), 1 << 60) for c, n in zip(best, noise))
        found = sup(p, (-r, r))
        ours.append(found)
        wide = max(wide, float(found.upper / found.lower - 1))
        lines.append(f"S = supnorm({text(p)}, exp(x), [-({r});{r}], relative, 2^-22); print(inf(S)); print(sup(S));")
    said = sollya(*lines)
    if said is None: return print("sollya is not installed")
    values = [Fraction(x) for x in said if x.strip()]
    if len(values) != 2 * count: return print(f"Sollya answered {len(values) // 2} of {count}")
    for found, lo, hi in zip(ours, values[::2], values[1::2]): apart += found.upper < lo or found.lower > hi
    print(f"{count} random polynomials against supnorm: {apart} disagree; upper / lower - 1 at most {wide:.3g}")


def against_arb(count: int) -> None:
    """The kernel's enclosures of e^x at random points contain what Arb encloses more closely."""
    try:
        from flint import arb, ctx, fmpq
    except ImportError: return print("python-flint is not installed")
    random, apart = Random(0), 0
    ctx.prec = 600
    for _ in range(count):
        x = Fraction(random.randint(0, 10 ** 12), random.randint(1, 10 ** random.randint(1, 12))) % 64 * random.choice((1, -1))
        lo, hi = Intervals(random.choice((20, 60, 150, 400))).exp_point(x)
        value = arb(fmpq(x.numerator, x.denominator)).exp()
        below, above = (arb(fmpq(q.numerator, q.denominator)) for q in (lo, hi))
        apart += bool(below > value or above < value)
    print(f"{count} random points: {apart} of the kernel's enclosures of e^x miss Arb's")


def rounding() -> None:
    """The largest errors of nearest coefficients and of those that are shipped, at the same degree or less."""
    for b, g, dtype in ((1, 12, "float64"), (4, 24, "float64"), (8, 40, "float64"),
                        (1, 6, "float32"), (4, 14, "float32"), (8, 24, "float32")):
        ends = (Fraction(-b), Fraction(b))
        p = coefficients("minimax", g, ends, False, False)
        nearest = estimate(plain(p, dtype), ends, False)
        together = min(estimate(q, ends, False) for q in floats(p, ends, dtype))
        print(f"B = {b}, g = {g}, {dtype}: exact {float(estimate(p, ends, False)):.3g}, nearest {float(nearest):.3g}, "
              f"together {float(together):.3g}")
    for b, e, derivative in ((1, "1e-4", True), (4, "1e-8", False), (8, "1e-8", False), (8, "1e-10", False)):
        found, seconds = timed(lambda b=b, e=e, d=derivative: shipped(b, e, derivative=d))
        print(f"shipped({b}, {e}, derivative={derivative}): degree {found.degree}, {seconds * 1e3:.0f} ms")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("study", choices=["table", "times", "sollya", "arb", "floats"])
    parser.add_argument("--out", type=Path)
    parser.add_argument("--most", default="1e-100", help="the smallest error of the table")
    parser.add_argument("--count", type=int)
    args = parser.parse_args()
    if args.study == "table": table(args.out, Fraction(args.most))
    if args.study == "times": times()
    if args.study == "sollya": against_sollya(args.count or 1000)
    if args.study == "arb": against_arb(args.count or 20_000)
    if args.study == "floats": rounding()


if __name__ == "__main__":
    main()
