"""Ask Coq: compile the library once, then one file, with a time limit, and read what it rests on."""
import hashlib
import os
import re
import shutil
import signal
import subprocess
import tempfile
import time
from dataclasses import dataclass
from functools import cache
from pathlib import Path

from ..kernel.check import Conditional, Identity, Statement
from .emit import Emitted, emit
from .reals import Inexpressible

LIBRARY = Path(__file__).parent / "library"
MODULES = ("Sums", "Slopes", "Splits", "Checker")                               # in the order in which they build on each other
ALLOWED = frozenset({"ClassicalDedekindReals.sig_forall_dec", "ClassicalDedekindReals.sig_not_dec",
                     "FunctionalExtensionality.functional_extensionality_dep", "Classical_Prop.classic"})
FLAGS = ("-q", "-w", "none")


class NoCoq(Exception):
    """Coq or its library Coquelicot is missing, or the library of this package does not compile with it."""


@dataclass(frozen=True)
class CoqReport:
    """What Coq said.  `accepted` is True on exit 0 and axioms within ALLOWED alone; False means "not proved by Coq", never false.

    hypotheses: what the theorem assumes of the data, in the words of a verdict's `rests_on`; nonempty: the sizes that it
    needs to be >= 1.
    """
    accepted: bool
    version: str
    axioms: tuple[str, ...]
    why: str
    seconds: float
    source: str
    hypotheses: tuple[str, ...] = ()
    nonempty: tuple[str, ...] = ()


def opinion(statement: Statement, timeout: float = 60, about: str = "an identity", cache_folder: Path | None = None) -> CoqReport:
    """What Coq says about an identity.  Raises NoCoq where it cannot be asked; a rejection is never a refutation."""
    while isinstance(statement, Conditional): statement = statement.conclusion
    version = installed()
    start = time.perf_counter()
    if not isinstance(statement, Identity):
        why = f"not proved by Coq: {type(statement).__name__} statements are not written for it"
        return CoqReport(False, version, (), why, 0.0, "")
    try: file = emit(statement, about)
    except Inexpressible as lacking:
        return CoqReport(False, version, (), f"not proved by Coq: {lacking}", time.perf_counter() - start, "")
    return compiled(file, timeout, cache_folder)


def compiled(file: Emitted, timeout: float = 60, cache_folder: Path | None = None) -> CoqReport:
    """What Coq says about a file."""
    version, folder = installed(), library(cache_folder)
    start = time.perf_counter()
    with tempfile.TemporaryDirectory(prefix="tacheck-coq-") as place:
        path = Path(place) / "claim.v"
        path.write_text(file.text, encoding="utf-8")
        code, out, err = run(["coqc", *FLAGS, "-Q", str(folder), "Tacheck", str(path)], timeout)
    seconds = time.perf_counter() - start
    axioms = read_axioms(out) if code == 0 else None

    def said(accepted: bool, why: str) -> CoqReport:
        return CoqReport(accepted, version, axioms or (), why, seconds, file.text, file.hypotheses, file.nonempty)

    if code is None: return said(False, f"not proved by Coq: no answer after {timeout:g} s")
    if code: return said(False, f"not proved by Coq: {rest(file, err)}")
    if axioms is None: return said(False, "not proved by Coq: its axioms could not be read")
    if foreign := [a for a in axioms if a not in ALLOWED]:
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


# ---- the installation ---------------------------------------------------------------------------------------------

@cache
def installed() -> str:
    """Coq's version.  Raises NoCoq, in one line, where coqc is not to be found."""
    if shutil.which("coqc") is None:
        raise NoCoq("coqc is not installed; Debian and Ubuntu have it: apt install coq libcoq-coquelicot")
    out = subprocess.run(["coqc", "--version"], capture_output=True, text=True, timeout=60).stdout
    if not (found := re.search(r"version (\S+)", out)): raise NoCoq(f"coqc does not say its version: {out[:80]!r}")
    return found.group(1)


def library(folder: Path | None = None) -> Path:
    """The compiled library: built once for each text of it and each version of Coq.  Raises NoCoq where it does not build."""
    sources = {m: (LIBRARY / f"{m}.v").read_text(encoding="utf-8") for m in MODULES}
    mark = hashlib.sha256("\0".join([installed(), *sources.values()]).encode()).hexdigest()[:16]
    parent = folder or Path(tempfile.gettempdir()) / f"tacheck-coq-{os.getuid() if hasattr(os, 'getuid') else 'user'}"
    done = parent / mark
    parent.mkdir(parents=True, exist_ok=True, mode=0o700)
    if hasattr(os, "getuid") and parent.stat().st_uid != os.getuid(): raise NoCoq(f"{parent} belongs to somebody else; remove it")
    if (done / "Checker.vo").is_file(): return done
    with tempfile.TemporaryDirectory(dir=parent) as place:
        for m, text in sources.items():
            path = Path(place) / f"{m}.v"
            path.write_text(text, encoding="utf-8")
            code, _, err = run(["coqc", *FLAGS, "-Q", place, "Tacheck", str(path)], 300)
            if code:
                hint = "is libcoq-coquelicot installed? " if "Coquelicot" in err else ""
                raise NoCoq(f"library/{m}.v does not compile with Coq {installed()}: {hint}{' '.join(err.split())[:300]}")
            if code is None: raise NoCoq(f"library/{m}.v did not compile within 300 s")
        try: os.replace(shutil.copytree(place, f"{place}-done"), done)
        except OSError:                                               # another process was first
            if not (done / "Checker.vo").is_file(): raise
    return done


def run(words: list[str], timeout: float) -> tuple[int | None, str, str]:
    """Exit code (None: out of time, and killed with its children), standard output, standard error."""
    process = subprocess.Popen(words, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, start_new_session=True)
    try: out, err = process.communicate(timeout=timeout)
    except BaseException as end:
        os.killpg(process.pid, signal.SIGKILL)
        process.wait()
        if isinstance(end, subprocess.TimeoutExpired): return None, "", ""
        raise
    return process.returncode, out, err
