"""Terms in Coq's concrete syntax."""
from collections.abc import Mapping
from itertools import count

from ..kernel.term import dim
from .names import Names
from .reals import Real, mapped
from .reify import Reified, Table

ARGUMENT, APPLICATION, POWER, PRODUCT, SUM, LOOSE = range(6)          # how tightly things bind, the tightest first
Tensors = Mapping[str, str]                     # a tensor that is not a variable of the section -> the Coq term for it


class Writer:
    """Writes terms.  `takes`: for a word that the file defines, the tensors that are its arguments."""

    def __init__(self, names: Names, takes: Mapping[str, tuple[str, ...]]): self.names, self.takes = names, takes

    def tensor(self, x: str) -> str: return self.names.of("tensor", x)
    def size(self, n: str) -> str: return self.names.of("size", n)
    def index(self, i: str) -> str: return self.names.of("index", i)
    def time(self) -> str: return self.names.fresh(f"t{k or ''}" for k in range(9999))

    def term(self, x: Real, tensors: Tensors | None = None, level: int = ARGUMENT) -> str:
        """x, in parentheses where `level` binds tighter than it does."""
        tensors = tensors or {}

        def go(y: Real, level: int) -> str: return self.term(y, tensors, level)

        match x:
            case ("int", k): out, mine = str(k), ARGUMENT
            case ("at", t, *at):
                moved = [self.argument(m, tensors) for m in self.takes[t]] if t in self.takes else []
                words = [tensors.get(t, self.tensor(t)), *moved, *map(self.index, at)]
                out, mine = " ".join(words), APPLICATION if len(words) > 1 else ARGUMENT
            case ("delta", i, j): out, mine = f"delta {self.index(i)} {self.index(j)}", APPLICATION
            case ("size", n): out, mine = f"INR {self.size(n)}", APPLICATION
            case ("add", a, ("neg", b)): out, mine = f"{go(a, SUM)} - {go(b, PRODUCT)}", SUM
            case ("add", a, b): out, mine = f"{go(a, SUM)} + {go(b, PRODUCT)}", SUM
            case ("mul", a, ("inv", b)): out, mine = f"{go(a, PRODUCT)} / {go(b, POWER)}", PRODUCT
            case ("mul", a, b): out, mine = f"{go(a, PRODUCT)} * {go(b, POWER)}", PRODUCT
            case ("neg", a): out, mine = f"- {go(a, APPLICATION)}", SUM
            case ("inv", a): out, mine = f"/ {go(a, APPLICATION)}", POWER
            case ("pow", a, k): out, mine = f"{go(a, ARGUMENT)} ^ {k}", POWER
            case ("sum", i, a): out, mine = f"bsum {self.size(dim(i))} (fun {self.index(i)} => {go(a, LOOSE)})", APPLICATION
            case ("diff", a, t, *at):
                time = self.time()
                moved_too = {**tensors, t: self.nudged(t, at, time, tensors)}
                out, mine = f"Derive (fun {time} => {self.term(a, moved_too, LOOSE)}) 0", APPLICATION
                self.names.taken.discard(time)
            case (f, a): out, mine = f"{f} {go(a, ARGUMENT)}", APPLICATION
        return out if mine <= level else f"({out})"

    def nudged(self, t: str, at: list[str] | tuple[str, ...], time: str, tensors: Tensors | None = None) -> str:
        """The tensor, moved by `time` at one entry."""
        return " ".join([f"nudge{len(at)}", self.argument(t, tensors or {}), *map(self.index, at), time])

    def argument(self, t: str, tensors: Tensors) -> str:
        """The tensor as the argument of a function."""
        text = tensors.get(t, self.tensor(t))
        return f"({text})" if " " in text else text

    # ---- data of the checker --------------------------------------------------------------------------------------

    def data(self, x: Reified, table: Table, number: Mapping[int, int]) -> str:
        """Reified terms, atoms renumbered."""
        match x:
            case ("FA", k, at): return f"(TF (FA {number[k]} [{';'.join(map(str, at))}]%positive))"
            case ("FD", u, v): return f"(TF (FD {u} {v}))"
            case ("TN", n, size): return f"(TN {n} {table.range(size)})"
            case ("TSum", n, size, a): return f"(TSum {n} {table.range(size)} {self.data(a, table, number)})"
            case (head, *parts):
                return f"({head} {' '.join(str(p) if isinstance(p, int) else self.data(p, table, number) for p in parts)})"
        raise ValueError(f"no data: {x}")

    def atom(self, body: Real, slots: tuple[str, ...]) -> str:
        """An atom as a function of the list of its arguments."""
        arguments = "".join(f" (arg {k} args)" for k in range(len(slots)))
        if body[0] == "at": return f"fun args : list nat => {self.tensor(body[1])}{arguments}"
        binds = "".join(f"let {self.index(i)} := arg {k} args in " for k, i in enumerate(slots))
        return f"fun args : list nat => {binds}{self.term(body, level=LOOSE)}"


def renamed_indices(x: Real, names: Mapping[str, str]) -> Real:
    """x with free indices renamed; a binder that would capture a new name gets another one."""
    match x:
        case ("sum", i, a):
            names = {k: v for k, v in names.items() if k != i}
            stem, words = i.partition(":")[0], {j.partition(":")[0] for j in names.values()}
            if stem in words:                                        # identifiers are names without dimensions
                new = next(f"{word}:{dim(i)}" for k in count() if (word := f"{stem}_b{k or ''}") not in words)
                return ("sum", new, renamed_indices(a, {**names, i: new}))
            return ("sum", i, renamed_indices(a, names))
        case ("at", t, *at): return ("at", t, *(names.get(i, i) for i in at))
        case ("delta", i, j): return ("delta", names.get(i, i), names.get(j, j))
        case ("int" | "nat" | "size", _): return x
    return mapped(lambda y: renamed_indices(y, names), x)
