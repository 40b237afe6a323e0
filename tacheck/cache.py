"""What was checked before, for `verify --changed` alone: rows under the content that they depend on.

The key is a digest of the statements of a claim and its twins, of the engine and of Python's version.
An entry is written whole or not at all, carries a digest of itself, and is rebuilt when it does not fit.
"""
import hashlib
import json
import sys
from dataclasses import replace
from datetime import date
from pathlib import Path
from typing import Any

from . import files
from .claims import Claim, ClaimError
from .judging import Row, Twin
from .kernel.check import dump
from .provers.prime import Opinion


def engine() -> str:
    """A digest of the code that decides, samplers of measurements included: everything but the packed library."""
    here, digest = Path(__file__).parent, hashlib.sha256(sys.version.encode())
    for path in sorted([*here.rglob("*.py"), *here.rglob("*.c")]):
        if path.relative_to(here).parts[0][0] != "_" or path.parent == here: digest.update(path.name.encode() + path.read_bytes())
    return digest.hexdigest()


class Cache:
    """A folder of entries.  `warnings` are for the user."""

    def __init__(self, folder: Path): self.folder, self.engine, self.warnings = folder, engine(), list[str]()

    def path(self, claim: Claim) -> Path:
        """Where the row of a claim stands, by everything that it depends on."""
        statement, lies = claim.statements()
        twins = {id: dump(s) for id, s in lies.items()}
        content = json.dumps([self.engine, claim.id, claim.promised(statement), dump(statement), twins])
        return self.folder / f"{hashlib.sha256(content.encode()).hexdigest()}.row"

    def get(self, claim: Claim) -> Row | None:
        """The row as it was, with its date; None if there is none that fits."""
        try: path = self.path(claim)
        except ClaimError: return None                               # `judge` says what is wrong with it
        if not path.exists(): return None
        try:
            entry = json.loads(path.read_text(encoding="utf-8"))
            if entry["digest"] != _digest(entry["row"]): raise ValueError("its digest does not fit")
            row = dict(entry["row"])
            return Row(**row | {"twins": tuple(Twin(**t) for t in row["twins"]), "rests_on": tuple(row["rests_on"]),
                                "opinions": tuple(Opinion(**o) for o in row["opinions"])})
        except (OSError, LookupError, TypeError, ValueError) as bad:
            self.warnings.append(f"{path}: a damaged cache entry is rebuilt ({type(bad).__name__}: {bad})")
            return None

    def put(self, claim: Claim, row: Row) -> None:
        """Keep a row that reached its status; failures are always looked at again."""
        if row.exit == 0:
            plain = replace(row, checked=date.today().isoformat()).as_json()
            files.write_json(self.path(claim), {"row": plain, "digest": _digest(plain)})


def _digest(row: Any) -> str: return hashlib.sha256(json.dumps(row, sort_keys=True).encode()).hexdigest()
