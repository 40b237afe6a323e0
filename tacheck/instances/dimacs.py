"""Formulas in conjunctive normal form, and DIMACS files as they are in the wild.

Accepted: comments anywhere, SATLIB's `%` trailer, clauses over several lines or several on one, a missing last 0 and
counts in the header beyond what is used (both with a warning), .gz and .xz.  Everything else is one line: file, line,
what is there and what was expected.
"""
from __future__ import annotations

import gzip
import hashlib
import lzma
import re
import zlib
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import chain
from pathlib import Path
from typing import IO, Any

LIMIT = 16 << 20                                                     # bytes of text, after decompression
LARGEST = 10**9                                                      # a count or a variable: fits 32 bits, and any machine
INTEGER = re.compile(rb"-?[0-9]{1,10}")
PACKED: dict[bytes, tuple[str, Any]] = {b"\x1f\x8b": ("gzip", gzip.open), b"\xfd7": ("xz", lzma.open)}


class FormulaError(ValueError):
    """No formula, or no instance of it.  One line: what, where, both sides, what would help."""


@dataclass(frozen=True)
class Formula:
    """A formula in CNF: clauses of literals x or -x, with 1 <= x <= variables.  Variables need not occur.

    Repeated literals, tautologies and empty clauses are kept.  Raises FormulaError for a literal out of range.
    """
    variables: int
    clauses: tuple[tuple[int, ...], ...]

    def __post_init__(self) -> None:
        if self.variables < 0: raise FormulaError(f"{self.variables} variables; 0 or more are needed")
        flat = list(chain.from_iterable(self.clauses))
        if flat and (max(flat) > self.variables or min(flat) < -self.variables or 0 in flat):
            bad = next(x for x in flat if not 0 < abs(x) <= self.variables)
            raise FormulaError(f"literal {bad} among {self.variables} variables; 1 to {self.variables} and their negatives are")

    def holds(self, values: Sequence[bool]) -> bool:
        """Whether the assignment satisfies every clause; values[x - 1] is that of variable x.  O(length)."""
        return all(any(values[abs(x) - 1] == (x > 0) for x in clause) for clause in self.clauses)

    def dimacs(self) -> str:
        """The formula as text, in one form only: header, then one clause per line."""
        lines = (" ".join(map(str, (*clause, 0))) for clause in self.clauses)
        return "\n".join([f"p cnf {self.variables} {len(self.clauses)}", *lines, ""])

    @property
    def sha256(self) -> str:
        """The SHA-256 of `dimacs()`, in hexadecimal."""
        return hashlib.sha256(self.dimacs().encode()).hexdigest()


def formula(variables: int, clauses: Iterable[Iterable[int]]) -> Formula:
    """The formula with these clauses.  Raises FormulaError."""
    return Formula(variables, tuple(map(tuple, clauses)))


def read(path: str | Path, *, lenient: bool = False, limit: int = LIMIT) -> tuple[Formula, list[str]]:
    """The formula of a DIMACS file, and warnings.  lenient: more clauses than declared are accepted, with a warning.

    Raises FormulaError for what is no formula, and beyond `limit` bytes of text, compressed or not.
    """
    try:
        with Path(path).open("rb") as file: text = _text(file, path, limit)
    except OSError as bad: raise FormulaError(f"{path}: cannot be read: {bad.strerror or bad}") from None
    except ValueError as bad:
        if isinstance(bad, FormulaError): raise
        raise FormulaError(f"{path}: cannot be read: {bad}") from None
    return parse(text, str(path), lenient=lenient)


def _text(file: IO[bytes], path: str | Path, limit: int) -> bytes:
    """At most `limit` bytes, decompressed; what is compressed is known by its first bytes, not by its name."""
    start = file.read(2)
    file.seek(0)
    name, opener = PACKED.get(start, ("", lambda file: file))
    try: text: bytes = opener(file).read(limit + 1)
    except (OSError, EOFError, lzma.LZMAError, zlib.error) as bad:
        if not name: raise
        raise FormulaError(f"{path}: damaged {name} file: {' '.join(str(bad).split())}; compress it again") from None
    if len(text) > limit:
        raise FormulaError(f"{path}: more than {limit} bytes of text{f' in a {name} file' if name else ''}; raise the limit "
                           "(--max-file) if it is meant")
    return text


def parse(text: bytes, name: str = "formula", *, lenient: bool = False) -> tuple[Formula, list[str]]:
    """The formula of a DIMACS text, and warnings; `name` is what errors call it.  Raises FormulaError."""
    header: tuple[int, int, int] | None = None                       # variables, clauses, line
    clauses: list[tuple[int, ...]] = []
    clause: list[int] = []
    warnings: list[str] = []
    last = 0
    for number, words in _lines(text, name):
        where, last = f"{name}:{number}", number
        if words[0].startswith(b"p"):
            if header: raise FormulaError(f"{where}: a second header; the first is in line {header[2]}")
            header = (*_header(words, where), number)
            continue
        if header is None: raise FormulaError(f"{where}: {_shown(words[0])} before a header; expected `p cnf VARIABLES CLAUSES`")
        for word in words:
            if not INTEGER.fullmatch(word) or word == b"-0":
                raise FormulaError(f"{where}: {_shown(word)}; expected a literal, an integer, or 0 at the end of a clause")
            if literal := int(word):
                if abs(literal) > header[0]:
                    raise FormulaError(f"{where}: literal {literal}; the header in line {header[2]} has {header[0]} variables")
                clause.append(literal)
                continue
            clauses.append(tuple(clause))
            clause = []
            if len(clauses) > header[1] and not lenient: raise FormulaError(_more(where, header))
    if header is None: raise FormulaError(f"{name}: no header in {last or 'no'} lines; expected `p cnf VARIABLES CLAUSES`")
    if clause:
        clauses.append(tuple(clause))
        warnings.append(f"{name}:{last}: the last clause has no 0 at its end; taken as complete")
        if len(clauses) > header[1] and not lenient: raise FormulaError(_more(f"{name}:{last}", header))
    if len(clauses) != header[1]:
        warnings.append(f"{name}:{header[2]}: the header declares {header[1]} clauses, and there are {len(clauses)}")
    return Formula(header[0], tuple(clauses)), warnings


def _more(where: str, header: tuple[int, int, int]) -> str:
    return f"{where}: more clauses than the {header[1]} that the header (line {header[2]}) declares; --lenient takes them"


def _lines(text: bytes, name: str) -> Iterator[tuple[int, list[bytes]]]:
    """The lines that say something, without their comments, up to the trailer."""
    trailer = 0
    for number, line in enumerate(text.removeprefix(b"\xef\xbb\xbf").splitlines(), 1):
        words = line.split()
        if not words or words[0].startswith(b"c"): continue
        if b"c" in words: words = words[:words.index(b"c")]
        if trailer:
            if words != [b"0"]: raise FormulaError(f"{name}:{number}: {_shown(words[0])} after the trailer % of line {trailer}")
        elif words[0] == b"%": trailer = number
        else: yield number, words


def _header(words: list[bytes], where: str) -> tuple[int, int]:
    good = len(words) == 4 and words[:2] == [b"p", b"cnf"] and all(re.fullmatch(rb"[0-9]{1,10}", w) for w in words[2:])
    if not good: raise FormulaError(f"{where}: {_shown(b' '.join(words))}; expected `p cnf VARIABLES CLAUSES`")
    variables, clauses = int(words[2]), int(words[3])
    if max(variables, clauses) > LARGEST: raise FormulaError(f"{where}: {max(variables, clauses)} is beyond {LARGEST}, the limit")
    return variables, clauses


def _shown(word: bytes) -> str:
    """A word in one short line, whatever bytes it has."""
    text = word.decode("ascii", "backslashreplace")
    return repr(text if len(text) <= 40 else text[:37] + "...")
