"""Names of tensors, dimensions and indices as identifiers of Coq, no two alike and none taken by the library."""
from collections.abc import Iterable

WORDS = set("""as at cofix do else end exists exists2 fix for forall fun if in let match mod return Set Prop SProp Type then
    using where with by R S O I Q Z N nat exp ln sqrt delta bsum sum INR IZR Derive is_derive arg given positive dual same vanish
    Dual env name term factor claim check search rename swap pick take lookup insert collect expand slope_at decide_sums
    args binders plain premises split_exp split_inv split_ln split_sqrt monomial denote TZ TI TN TF TAdd TMul TOpp TSum FA FD
    by_relations sizes_of atoms_of indices_of list nth None Some true false eq PI sin cos tan pow Rabs fst snd""".split())


class Names:
    """Identifiers, given out once each; the same thing has the same one again."""

    def __init__(self) -> None:
        self.taken: set[str] = set(WORDS) | {f"nudge{k}" for k in range(9)}
        self.given: dict[tuple[str, str], str] = {}

    def of(self, kind: str, word: str) -> str:
        """The identifier for a thing of a kind; that of an index i:n starts with i."""
        wish = word.partition(":")[0]
        if (kind, word) not in self.given: self.given[kind, word] = self.fresh([wish, *(f"{wish}_{k}" for k in range(1, 9999))])
        return self.given[kind, word]

    def fresh(self, wishes: Iterable[str]) -> str:
        """The first wish that is free."""
        found = next(w for w in wishes if w not in self.taken)
        self.taken.add(found)
        return found
