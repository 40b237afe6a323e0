"""Coq's compiler: is it there, its library compiled once, one file compiled with a time limit, answers kept by content."""
import hashlib
import json
import os
import re
import shutil
import signal
import subprocess
import tempfile
import time
from dataclasses import asdict, dataclass
from datetime import date
from functools import cache
from pathlib import Path

from .. import files

LIBRARY = Path(__file__).parent / "library"
MODULES = ("Sums", "Slopes", "Splits", "Checker")                               # in the order in which they build on each other
FLAGS = ("-q", "-w", "none")


class NoCoq(Exception):
    """Coq or its library Coquelicot is missing, or the library of this package does not compile with it."""


@dataclass(frozen=True)
class Ran:
    """One run of coqc: exit code (None: out of time), what it printed, seconds, and the day."""
    code: int | None
    out: str
    err: str
    seconds: float
    date: str


def coqc(text: str, folder: Path, timeout: float) -> Ran:
    """Compile a file with the library in the folder."""
    start = time.perf_counter()
    with tempfile.TemporaryDirectory(prefix="tacheck-coq-") as place:
        path = Path(place) / "claim.v"
        path.write_text(text, encoding="utf-8")
        code, out, err = run(["coqc", *FLAGS, "-Q", str(folder), "Tacheck", str(path)], timeout)
    return Ran(code, out, err, time.perf_counter() - start, date.today().isoformat())


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


# ---- what was compiled before ------------------------------------------------------------------------------------------

def place(folder: Path, text: str) -> Path:
    """Where the answer about a file is kept: by its text, and by the library and the version of Coq that the folder is for."""
    return folder.parent / f"{hashlib.sha256((folder.name + text).encode()).hexdigest()[:32]}.answer"


def keep(path: Path, ran: Ran) -> None:
    """Keep an answer.  To be out of time, or killed, is none."""
    if ran.code in (0, 1): files.write_json(path, sealed(ran))


def sealed(ran: Ran) -> dict[str, object]:
    """The run with a digest of itself."""
    return {"run": asdict(ran), "digest": hashlib.sha256(json.dumps(asdict(ran)).encode()).hexdigest()}


def recalled(path: Path) -> Ran | None:
    """The run that is kept there; None where there is none that is whole."""
    try:
        ran = Ran(**(entry := json.loads(path.read_text(encoding="utf-8")))["run"])
        return ran if sealed(ran) == entry else None
    except (OSError, LookupError, TypeError, ValueError): return None
