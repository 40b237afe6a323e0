"""The trusted part stays small and alone: its length, its imports, its one door."""
import ast
import io
import sys
import tokenize
from pathlib import Path

import pytest

PACKAGE = Path(__file__).parents[1] / "tacheck"
KERNEL = sorted((PACKAGE / "kernel").glob("*.py"))
SILENT = {tokenize.COMMENT,
          tokenize.NL, tokenize.NEWLINE, tokenize.INDENT, tokenize.DEDENT, tokenize.ENCODING, tokenize.ENDMARKER}


def lines_of_code(source):
    """Lines that hold code: no blank lines, no comments, no docstrings."""
    lines = set()
    for token in tokenize.generate_tokens(io.StringIO(source).readline):
        if token.type not in SILENT: lines |= set(range(token.start[0], token.end[0] + 1))
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.Module | ast.ClassDef | ast.FunctionDef) and ast.get_docstring(node) is not None:
            lines -= set(range(node.body[0].lineno, node.body[0].end_lineno + 1))
    return len(lines)


def test_the_count_leaves_out_docstrings_comments_and_blanks():
    assert lines_of_code('"""Words."""\n\n# a remark\nx = 1\ndef f():\n    """Two\n    lines."""\n    return x\n') == 3


def test_the_kernel_is_at_most_1000_lines():
    assert sum(lines_of_code(f.read_text()) for f in KERNEL) <= 1000


@pytest.mark.parametrize("path", KERNEL, ids=lambda f: f.name)
def test_the_kernel_imports_itself_and_the_standard_library_only(path):
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.Import): assert all(a.name.split(".")[0] in sys.stdlib_module_names for a in node.names)
        if isinstance(node, ast.ImportFrom):
            assert node.level == 1 or node.level == 0 and node.module.split(".")[0] in sys.stdlib_module_names


def test_a_verdict_is_made_in_one_file_only():
    made = [f.relative_to(PACKAGE).as_posix() for f in sorted(PACKAGE.rglob("*.py"))
            for node in ast.walk(ast.parse(f.read_text()))
            if isinstance(node, ast.Call) and ast.unparse(node.func).split(".")[-1] == "Verdict"]
    assert made == ["kernel/check.py"]
