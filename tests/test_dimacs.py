"""The reader of DIMACS: what is accepted means what it says, and what is refused is one line with file and line."""
import gzip
import json
import lzma
from itertools import product
from pathlib import Path
from random import Random

import pytest

from tacheck.instances.dimacs import FormulaError, formula, parse, read

FILES = Path(__file__).parent / "dimacs"
REFUSED: dict[str, int | None] = json.loads((FILES / "expected.json").read_text())
MEANING = {
    "plain": (3, [[1, -2, 3], [-1, 2]]), "comment_in_the_middle": (2, [[1, 2], [-1, -2]]),
    "comment_after_a_clause": (2, [[1, 2], [-1, -2]]), "comment_inside_a_clause": (3, [[1, 2, 3]]),
    "comments_after_the_end": (1, [[1]]), "several_lines": (3, [[1, -2, 3], [-1, 2]]),
    "one_line": (3, [[1, -2, 3], [-1, 2], [3]]), "no_last_0": (3, [[1, -2, 3], [-1, 2]]), "no_last_newline": (2, [[1, -2]]),
    "satlib_trailer": (3, [[1, -2, 3], [-1, 2]]), "empty_clause": (2, [[1, 2], []]),
    "tautology_and_repeats": (2, [[1, -1], [2, 2], [-2, -2, 1]]), "unused_variables": (20, [[4, -18, 19]]),
    "fewer_clauses": (2, [[1, 2]]), "no_clauses": (4, []), "no_variables": (0, []), "no_variables_empty_clause": (0, [[]]),
    "tabs_and_spaces": (2, [[1, -2], [2]]), "windows_lines": (2, [[1, -2], [2]]), "byte_order_mark": (1, [[-1]]),
    "leading_zeros": (2, [[1, -2]]), "comment_of_any_bytes": (1, [[1]]),
}
WARNED = {"no_last_0", "fewer_clauses"}


def test_every_file_is_expected() -> None:
    assert {p.stem for p in (FILES / "accept").iterdir()} == MEANING.keys()
    assert {p.stem for p in (FILES / "refuse").iterdir()} == REFUSED.keys()


@pytest.mark.parametrize("name", MEANING)
def test_accepted(name: str) -> None:
    found, warnings = read(FILES / "accept" / f"{name}.cnf")
    assert found == formula(*MEANING[name])
    assert bool(warnings) == (name in WARNED)


@pytest.mark.parametrize("name", REFUSED)
def test_refused_with_file_and_line(name: str) -> None:
    path, line = FILES / "refuse" / f"{name}.cnf", REFUSED[name]
    with pytest.raises(FormulaError) as bad: read(path)
    text = str(bad.value)
    assert text.startswith(f"{path}:{line}: " if line else f"{path}: ")
    assert text.isascii() and "\n" not in text
    assert "expected" in text or "declares" in text or "header" in text or "trailer" in text or "limit" in text


@pytest.mark.parametrize("name", ["more_clauses", "more_clauses_no_last_0"])
def test_lenient_takes_more_clauses(name: str) -> None:
    found, warnings = read(FILES / "refuse" / f"{name}.cnf", lenient=True)
    assert found == formula(3, [[1], [-1]])
    assert any("declares 1 clauses, and there are 2" in w for w in warnings)


@pytest.mark.parametrize("name", sorted(set(REFUSED) - {"more_clauses", "more_clauses_no_last_0"}))
def test_lenient_takes_nothing_else(name: str) -> None:
    with pytest.raises(FormulaError): read(FILES / "refuse" / f"{name}.cnf", lenient=True)


@pytest.mark.parametrize("packer", [gzip, lzma])
def test_compressed_whatever_the_name(packer: object, tmp_path: Path) -> None:
    text = (FILES / "accept" / "plain.cnf").read_bytes()
    path = tmp_path / "any.name"
    path.write_bytes(packer.compress(text))  # type: ignore[attr-defined]
    assert read(path)[0] == formula(*MEANING["plain"])


@pytest.mark.parametrize("packer", [gzip, lzma])
def test_bombs_and_damage_are_refused(packer: object, tmp_path: Path) -> None:
    path, packed = tmp_path / "f.cnf", packer.compress(b"c" * (40 << 20))  # type: ignore[attr-defined]
    path.write_bytes(packed)
    with pytest.raises(FormulaError, match="more than 16777216 bytes"): read(path)
    path.write_bytes(packed[:len(packed) // 2])
    with pytest.raises(FormulaError, match="damaged|more than"): read(path)
    short = packer.compress(b"p cnf 1 1\n1 0\n" * 50)  # type: ignore[attr-defined]
    path.write_bytes(short[:-9])
    with pytest.raises(FormulaError, match="damaged"): read(path)


def test_the_limit_is_on_the_text(tmp_path: Path) -> None:
    path = tmp_path / "f.cnf"
    path.write_bytes(b"p cnf 1 1\n1 0\n")
    assert read(path, limit=14)[0] == formula(1, [[1]])
    with pytest.raises(FormulaError, match="more than 13 bytes"): read(path, limit=13)


def test_what_cannot_be_read(tmp_path: Path) -> None:
    for path in (tmp_path / "none.cnf", tmp_path, "a\0b"):
        with pytest.raises(FormulaError, match="cannot be read"): read(path)


def test_the_text_of_a_formula_is_read_back() -> None:
    random = Random(0)
    for _ in range(50):
        v = random.randrange(1, 9)
        clauses = [[random.choice((-1, 1)) * random.randint(1, v) for _ in range(random.randrange(4))] for _ in range(6)]
        given = formula(v, clauses)
        assert parse(given.dimacs().encode()) == (given, [])
        assert given.sha256 != formula(v + 1, clauses).sha256


def test_holds_is_the_meaning() -> None:
    given = formula(3, [[1, -2], [2, 3], [-1, -3]])
    models = [bits for bits in product([False, True], repeat=3) if given.holds(bits)]
    assert models == [(False, False, True), (True, True, False)]


@pytest.mark.parametrize("variables, clauses", [(1, [[2]]), (1, [[-2]]), (1, [[0]]), (-1, []), (0, [[1]])])
def test_no_formula(variables: int, clauses: list[list[int]]) -> None:
    with pytest.raises(FormulaError): formula(variables, clauses)


def test_random_bytes_never_crash() -> None:
    random = Random(1)
    for _ in range(3000):
        words = random.choices([b"p", b"cnf", b"1", b"-2", b"0", b"c", b"%", b"\n", b"3", b"\xff", b"x", b"\r", b"\n"], k=20)
        try: parse(b"p cnf 3 9\n" * random.randrange(2) + b" ".join(words))
        except FormulaError as bad: assert "\n" not in str(bad)
