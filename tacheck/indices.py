"""The free indices of many subterms of one term, each looked at once."""
from .kernel.term import Term, free


class FreeIndices:
    """A function from terms to their free indices that remembers; the terms must stay alive."""

    def __init__(self) -> None: self.known: dict[int, tuple[str, ...]] = {}

    def __call__(self, t: Term) -> tuple[str, ...]:
        if id(t) not in self.known: self.known[id(t)] = free(t, self)
        return self.known[id(t)]
