"""Ask Coq: write the file, have it compiled, and read what it rests on."""
import re
import time
from dataclasses import dataclass
from pathlib import Path

from ..kernel.check import Conditional, Identity, Statement
from .coqc import NoCoq, coqc, installed, keep, library, place, recalled
from .emit import Emitted, emit
from .reals import Inexpressible

ALLOWED = frozenset({"ClassicalDedekindReals.sig_forall_dec", "ClassicalDedekindReals.sig_not_dec",
                     "FunctionalExtensionality.functional_extensionality_dep"})
WITH_LN = ALLOWED | {"Classical_Prop.classic"}                       # Coq's own definition of ln rests on it
__all__ = ["ALLOWED", "WITH_LN", "CoqReport", "NoCoq", "compiled", "installed", "library", "opinion", "read_axioms"]


@dataclass(frozen=True)
class CoqReport:
    """What Coq said.  `accepted` is True on exit 0 and axioms within ALLOWED (WITH_LN, if it has logarithms); False means "not
    proved by Coq", never false.

    hypotheses: what the theorem assumes of the data, in the words of a verdict's `rests_on`; nonempty: the sizes that it
    needs to be >= 1; checked: a date, if the answer is from the cache.
    """
    accepted: bool
    version: str
    axioms: tuple[str, ...]
    why: str
    seconds: float
    source: str
    hypotheses: tuple[str, ...] = ()
    nonempty: tuple[str, ...] = ()
    checked: str | None = None


def opinion(statement: Statement, timeout: float = 60, about: str = "an identity", cache_folder: Path | None = None,
            believe: bool = False) -> CoqReport:
    """What Coq says about an identity.  Raises NoCoq where it cannot be asked; a rejection is never a refutation.

    cache_folder: where the compiled library and the answers are kept; believe: take an answer from there, if the
    file, the library and Coq's version are the same.
    """
    while isinstance(statement, Conditional): statement = statement.conclusion
    version = installed()
    start = time.perf_counter()
    if not isinstance(statement, Identity):
        why = f"not proved by Coq: {type(statement).__name__} statements are not written for it"
        return CoqReport(False, version, (), why, 0.0, "")
    try: file = emit(statement, about)
    except Inexpressible as lacking:
        return CoqReport(False, version, (), f"not proved by Coq: {lacking}", time.perf_counter() - start, "")
    return compiled(file, timeout, cache_folder, believe)


def compiled(file: Emitted, timeout: float = 60, cache_folder: Path | None = None, believe: bool = False) -> CoqReport:
    """What Coq says about a file."""
    version, folder = installed(), library(cache_folder)
    path = place(folder, file.text)
    known = recalled(path) if believe else None
    ran = known or coqc(file.text, folder, timeout)
    if cache_folder and not known: keep(path, ran)
    code, axioms = ran.code, read_axioms(ran.out) if ran.code == 0 else None

    def said(accepted: bool, why: str) -> CoqReport:
        return CoqReport(accepted, version, axioms or (), why, ran.seconds, file.text, file.hypotheses, file.nonempty,
                         known.date if known else None)

    if code is None: return said(False, f"not proved by Coq: no answer after {timeout:g} s")
    if code: return said(False, f"not proved by Coq: {rest(file, ran.err)}")
    if axioms is None: return said(False, "not proved by Coq: its axioms could not be read")
    allowed = WITH_LN if re.search(r"\bln\b", file.text) else ALLOWED
    if foreign := [a for a in axioms if a not in allowed]:
        return said(False, f"not proved by Coq: it rests on {', '.join(foreign)}")
    return said(True, f"checked by Coq {version}; axioms: {', '.join(axioms) or 'none'}")


def rest(file: Emitted, err: str) -> str:
    """Why a file was rejected: what the two sides leave, if the tool saw it; and Coq's words, unless they say just that."""
    words = " ".join(re.sub(r'File "[^"]*", ', "", err).split())[:400] or "coqc failed without a word"
    if not file.residual: return words
    expected = re.search(r'Unable to unify "(true|false)" with "(true|false)"', words)
    return f"left over: {file.residual}" + ("" if expected else f"; {words}")


def read_axioms(out: str) -> tuple[str, ...] | None:
    """The answer to Print Assumptions; None if it is not there.  One axiom a paragraph: name : type, continued by spaces."""
    if "Closed under the global context" in out: return ()
    head, found, tail = out.partition("Axioms:\n")
    if not found: return None
    names = [m.group(1) for line in tail.splitlines() if (m := re.match(r"([A-Za-z_][\w.']*)(?:\s*:|\s*$)", line))]
    return tuple(sorted(names)) if names else None
