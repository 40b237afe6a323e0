"""What Coq has to be told before it believes that a term is defined: nonempty sums, and bases that do not vanish.

A mirror of the tactic `positive` in library/Sums.v; where it sees nothing, the theorem states a hypothesis.
"""
from collections.abc import Iterator
from dataclasses import dataclass, field

from ..kernel.term import dim
from .reals import Real


@dataclass
class Signs:
    """`given` are terms assumed positive; `sizes` collects the dimensions that have to be nonempty."""
    given: tuple[Real, ...] = ()
    sizes: set[str] = field(default_factory=set)

    def positive(self, x: Real) -> bool:
        """Visibly > 0."""
        if self.known(x): return True
        match x:
            case ("int", k): return int(k) > 0
            case ("size", n):
                self.sizes.add(n)
                return True
            case ("exp", _): return True
            case ("sqrt" | "inv" | "pow", a, *_): return self.positive(a)
            case ("mul", a, b): return self.positive(a) and self.positive(b)
            case ("add", a, b):
                return self.positive(a) and self.nonnegative(b) or self.nonnegative(a) and self.positive(b)
            case ("sum", i, a):
                if not self.positive(a): return False
                self.sizes.add(dim(i))
                return True
        return False

    def nonnegative(self, x: Real) -> bool:
        """Visibly >= 0."""
        match x:
            case ("int", k) if k == 0: return True
            case ("delta", _, _) | ("pow", _, 2) | ("sqrt", _): return True
            case ("sum", _, a): return self.nonnegative(a)
            case ("add" | "mul", a, b) if self.nonnegative(a) and self.nonnegative(b): return True
        return self.positive(x)

    def known(self, x: Real) -> bool:
        """Given as it is, or an entry of a tensor whose every entry is."""
        for y in self.given:
            if x == y or x[:2] == y[:2] and x[0] == "at" and len(set(y[2:])) == len(y) - 2: return True
        return False


def bases(x: Real) -> Iterator[tuple[Real, str]]:
    """What x divides by or takes a root or a logarithm of, and what it must satisfy."""
    match x:
        case ("inv", a): yield a, "!= 0"
        case ("ln" | "sqrt", a): yield a, "> 0"
    for y in x[1:]:
        if isinstance(y, tuple): yield from bases(y)
