"""What Coq says about a claim and its false twins: `verify --coq` asks it after the kernel's verdict.

A claim that Coq does not accept is "not proved by Coq", which refutes nothing; a false twin that it accepts is an alarm.
Statements that are no identities are not for Coq, and do not count.
"""
from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path

from ..kernel.check import Conditional, Identity, Statement
from .coqc import NoCoq, installed, library
from .judge import opinion

ACCEPTED, NOT_PROVED, NO_IDENTITY = "accepted", "not proved", "not an identity"


@dataclass(frozen=True)
class TwinAnswer:
    """What Coq says about a false twin."""
    id: str
    status: str
    seconds: float
    why: str


@dataclass(frozen=True)
class Answer:
    """What Coq says about a claim.  Seconds are those of coqc; `assumes` are the theorem's premises about sizes and data;
    `differs` says where these and the verdict's `rests_on` disagree; `checked` is a date, if the answer is from the cache."""
    status: str
    seconds: float
    axioms: tuple[str, ...]
    why: str
    assumes: tuple[str, ...] = ()
    differs: tuple[str, ...] = ()
    checked: str | None = None
    twins: tuple[TwinAnswer, ...] = ()


@dataclass(frozen=True)
class Asking:
    """How to ask: seconds of coqc for one statement, where library and answers are kept, whether to believe kept answers."""
    timeout: float
    folder: Path
    believe: bool = False

    def ready(self) -> str:
        """Coq's version, the library compiled.  Raises NoCoq, in one line."""
        try: library(self.folder)
        except OSError as bad: raise NoCoq(f"{self.folder}: cannot be used: {bad.strerror or bad}") from None
        return installed()

    def about(self, id: str, statement: Statement, twins: Mapping[str, Statement], rests_on: tuple[str, ...] | None) -> Answer:
        """The answer about a claim and its twins.  rests_on: what the kernel's verdict assumes, None if it proved nothing."""
        own, lies = self.one(id, statement, rests_on), {name: self.one(name, lie) for name, lie in twins.items()}
        return replace(own, twins=tuple(TwinAnswer(name, a.status, a.seconds, a.why) for name, a in lies.items()))

    def one(self, id: str, statement: Statement, rests_on: tuple[str, ...] | None = None) -> Answer:
        """The answer about one statement."""
        while isinstance(statement, Conditional): statement = statement.conclusion
        if not isinstance(statement, Identity):
            return Answer(NO_IDENTITY, 0.0, (), f"not for Coq: {type(statement).__name__} statements are no identities")
        r = opinion(statement, self.timeout, id, self.folder, self.believe)
        assumes = (*r.hypotheses, *(f"{n} >= 1" for n in r.nonempty))
        differs = () if rests_on is None or not r.accepted else differences(r.hypotheses, rests_on)
        return Answer(ACCEPTED if r.accepted else NOT_PROVED, round(r.seconds, 2), r.axioms, r.why, assumes, differs, r.checked)


def differences(coq: tuple[str, ...], kernel: tuple[str, ...]) -> tuple[str, ...]:
    """How what Coq's theorem assumes of the data differs from what the kernel's verdict rests on."""
    return (*(f"Coq assumes {h}, the kernel does not" for h in coq if h not in kernel),
            *(f"the kernel assumes {h}, Coq does not" for h in kernel if h not in coq))


def alarms(a: Answer | None, status: str) -> list[str]:
    """What Coq accepts and should not: false twins, and a statement that the kernel refutes (exit 1)."""
    if a is None: return []
    own = [f"Coq accepts what the kernel refutes: {a.why}"] if a.status == ACCEPTED and status == "refuted" else []
    return own + [f"Coq accepts the false twin {t.id}" for t in a.twins if t.status == ACCEPTED]


def lacking(a: Answer | None, status: str) -> list[str]:
    """What Coq should accept and does not (exit 3).  What is refuted, or says nothing, it need not accept."""
    if a is None or a.status != NOT_PROVED or status in ("refuted", "vacuous"): return []
    return [f"{a.why} (this proof did not go through, which says nothing against the claim)"]
