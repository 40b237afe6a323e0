"""The assumption register: hypotheses that conditional results rest on, as data.

One line here changes every verdict that depends on it.  Standings: `open`, `proved`, `reported-refuted` (a refutation is
public and has not been re-checked here), `refuted`.
"""
from dataclasses import dataclass

STANDINGS = ("open", "proved", "reported-refuted", "refuted")


@dataclass(frozen=True)
class Hypothesis:
    """A hypothesis by name: what it says, where it comes from, where it stands, since when, and who reports so."""
    name: str
    says: str
    source: str
    standing: str
    date: str
    report: str = ""

    def __post_init__(self) -> None:
        if self.standing not in STANDINGS:
            raise ValueError(f"{self.name}: no such standing: {self.standing}; use one of {', '.join(STANDINGS)}")


ETH_REPORTS = ("'A 2^{o(n)} Time Algorithm for 3-SAT' (repository anthropics/formal-math, folder eth/) and 'The Exponential Time "
               "Hypothesis is False' (repository openai/math, lean/docs/378.md, preprint of 25 October 2026)")

REGISTER = {h.name: h for h in (
    Hypothesis("SETH", "for every e > 0 there is a k such that k-SAT on v variables is not solved in time 2^{(1-e) v}",
               "Impagliazzo and Paturi, JCSS 62 (2001)", "reported-refuted", "2026-10-25", ETH_REPORTS),
    Hypothesis("ETH", "3-SAT on v variables is not solved in time 2^{o(v)}",
               "Impagliazzo and Paturi, JCSS 62 (2001)", "reported-refuted", "2026-10-25", ETH_REPORTS),
    Hypothesis("k-OVH", "for every e > 0, k Orthogonal Vectors on n vectors of dimension n^{o(1)} is not solved in time n^{k-e}",
               "Abboud, Williams and Weimann, ICALP 2014; Gao, Impagliazzo, Kolokolova and Williams, SODA 2017",
               "open", "2017-01-16"),
    Hypothesis("sparse-k-OVH", "for every e > 0 there is a c such that k Orthogonal Vectors on n vectors of dimension c log n "
               "is not solved in time n^{k-e}", "Williams, TCS 348 (2005)", "open", "2005-12-08"),
)}
