"""One file per verb, each with arguments(parser) and run(args) -> exit code.

Exit codes, the same everywhere: 0 every claim reached the status that its kind promises; 1 one is refuted, or a false
twin passed; 2 usage, unreadable input or no claim matched; 3 undecided or vacuous; 4 our fault.
"""
import json
import sys
from pathlib import Path
from typing import Any

from .. import files


class UsageError(Exception):
    """What the user asked for cannot be done: what, where, what would help.  Exit code 2."""


def write_json(path: str, document: Any) -> None:
    """The document in a file, or on standard output for `-`."""
    if path == "-":
        json.dump(document, sys.stdout, indent=1, ensure_ascii=False)
        print()
    else: write_text(path, json.dumps(document, indent=1, ensure_ascii=False) + "\n")


def write_text(path: str, text: str) -> None:
    """The text in a file, whole or not at all."""
    try: files.write(Path(path), text)
    except OSError as bad: raise UsageError(f"{path}: cannot be written: {bad.strerror or bad}") from None
