r"""Terms in LaTeX.

    exp(x[i]) / Sum(j, exp(x[j]))     \frac{\exp\left(x_{i}\right)}{\sum_{j=1}^{n} \exp\left(x_{j}\right)}
"""
from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from fractions import Fraction

from ..derivation import bare, fresh, substitute, tidy
from ..kernel.term import Term, dim, free, wellformed
from ..lang import Expr

GREEK = frozenset("alpha beta gamma delta epsilon zeta eta theta iota kappa lambda mu nu xi pi rho sigma tau upsilon phi chi psi "
                  "omega Gamma Delta Theta Lambda Xi Pi Sigma Upsilon Phi Psi Omega".split())


def to_latex(t: Expr | Term) -> str:
    """The term in LaTeX, for math mode.  Raises ValueError for what is not a term."""
    data = t.data if isinstance(t, Expr) else t
    wellformed(data)
    for k, i in enumerate(found := free(data)):                     # two free indices may share a bare name
        if bare(i) in map(bare, found[:k]): data = substitute(data, i, fresh(i, found))
    return written(tidy(data))


def written(t: Term) -> str:
    """The term where nothing stands beside it."""
    match t:
        case ("num", q): return ratio(Fraction(q))
        case ("size", x): return name(x)
        case ("at", x, *at): return entry(x, at)
        case ("delta", i, j): return rf"\delta_{{{indices([i, j])}}}"
        case ("add", *parts): return " + ".join(map(written, parts)).replace("+ -", "- ") or "0"
        case ("mul", *parts): return product(opened(parts))
        case ("pow", _, q) if q.startswith("-"): return product([t])
        case ("pow", x, "1/2"): return rf"\sqrt{{{written(x)}}}"
        case ("pow", x, q): return f"{base(x)}^{{{q}}}"
        case ("exp" | "log" as word, x): return rf"\{word}{brackets(written(x))}"
        case ("sum", i, _):
            bound: list[str] = []
            while t[0] == "sum" and dim(t[1]) == dim(i): bound, t = [*bound, name(bare(t[1]))], t[2]
            return rf"\sum_{{{', '.join(bound)}=1}}^{{{name(dim(i))}}} {factor(t)}"
        case ("diff", x, tensor, *at): return rf"\frac{{\partial}}{{\partial {entry(tensor, at)}}} {factor(x)}"
    raise ValueError(f"no such term: {t[0]}")


# ---- products -----------------------------------------------------------------------------------------------------

def product(parts: Iterable[Term]) -> str:
    """A sign, a fraction of number and sizes, then the rest as one fraction or side by side, sums last."""
    number = Fraction(1)
    sizes, below, over, under = list[Term](), list[Term](), list[Term](), list[Term]()
    for x in parts:
        inverse = x[0] == "pow" and x[2].startswith("-")
        flipped = x if not inverse else x[1] if x[2] == "-1" else ("pow", x[1], x[2][1:])
        if x[0] == "num": number *= Fraction(x[1])
        elif x[0] == "pow" and x[1][0] == "num" and x[2] == "-1" and Fraction(x[1][1]): number /= Fraction(x[1][1])
        elif x[0] == "size" or x[0] == "pow" and x[1][0] == "size": (below if inverse else sizes).append(flipped)
        else: (under if inverse else over).append(flipped)
    over.sort(key=lambda x: x[0] in ("sum", "diff"))
    above = [*([("num", str(abs(number.numerator)))] if abs(number.numerator) != 1 else []), *sizes]
    if number.denominator != 1: below.insert(0, ("num", str(number.denominator)))
    shown = [fraction(run(above), inside(below)), fraction(inside(over) if under else run(over), inside(under))]
    return ("-" if number < 0 else "") + (" ".join(x for x in shown if x) or "1")


def fraction(over: str, under: str) -> str: return rf"\frac{{{over or 1}}}{{{under}}}" if under else over


def ratio(q: Fraction) -> str:
    return ("-" if q < 0 else "") + fraction(str(abs(q.numerator)), str(q.denominator) if q.denominator != 1 else "")


def opened(parts: Sequence[Term]) -> list[Term]:
    """The factors of a product, nested products opened."""
    return [y for x in parts for y in (opened(x[1:]) if x[0] == "mul" else [x])]


def inside(parts: list[Term]) -> str:
    """Factors as one half of a fraction."""
    return written(parts[0]) if len(parts) == 1 else run(parts)


def run(parts: list[Term]) -> str:
    """Factors side by side: a sum or a derivative that is not the last is closed, lest it reach over the next."""
    closed = [brackets(written(x)) if x[0] in ("sum", "diff") else factor(x) for x in parts[:-1]]
    return " ".join(closed + [factor(x) for x in parts[-1:]])


def factor(t: Term) -> str:
    """The term as a factor with nothing behind it."""
    text = written(t)
    return brackets(text) if t[0] == "add" and len(t) > 2 or text.startswith("-") else text


def base(t: Term) -> str:
    """The term with an exponent on it."""
    text = written(t)
    plain = t[0] in ("at", "size", "exp", "log") or t[0] == "num" and text.isdigit()
    return text if plain else brackets(text)


def brackets(text: str) -> str: return rf"\left({text}\right)"


# ---- names --------------------------------------------------------------------------------------------------------

def name(x: str) -> str:
    """A1 as A_{1}, alpha as the Greek letter, a word upright."""
    stem, number = re.fullmatch("(.*?)_?([0-9]*)", x).groups()                            # type: ignore[union-attr]
    if stem in GREEK: stem = rf"\{stem}"
    elif len(stem) > 1 or not stem.isalpha(): stem = r"\mathrm{" + stem.replace("_", r"\_") + "}"
    return stem + (f"_{{{number}}}" if number else "")


def indices(at: Sequence[str]) -> str:
    """Subscripts side by side."""
    names = [name(bare(i)) for i in at]
    return ("" if all(len(n) == 1 for n in names) else " ").join(names)


def entry(x: str, at: Sequence[str]) -> str:
    """An entry: A1[i, c] as (A_{1})_{ic}."""
    if not at: return name(x)
    return (f"({name(x)})" if "_{" in name(x) else name(x)) + f"_{{{indices(at)}}}"
