"""Exact data for the entries of tensors, drawn when they are first used."""
from collections.abc import Callable
from fractions import Fraction


class Entries(dict[str, Fraction]):
    """{"X[0,1]": value}; `draw` makes a value."""

    def __init__(self, draw: Callable[[], Fraction]): self.draw = draw

    def __missing__(self, name: str) -> Fraction: return self.setdefault(name, self.draw())

    def entry(self, tensor: str, at: tuple[int, ...]) -> Fraction: return self[f"{tensor}[{','.join(map(str, at))}]"]
