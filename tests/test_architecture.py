"""Who may import whom, where each outside library enters, and that claims mirror theories."""
import ast
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
SOURCES = sorted((ROOT / "tacheck").rglob("*.py"))
BASE = {"abbreviation", "assumptions", "cache", "claims", "convert", "coq", "decide", "derivation", "files", "indices",
        "instances", "judging", "kernel", "lang", "library", "numeric", "opinions", "provers", "selection", "terms", "wording"}
OUTSIDE = {"sympy": {"convert", "provers"}, "numpy": {"convert", "numeric", "instances"},
           "mpmath": {"numeric", "provers"}, "z3": {"instances", "provers"}, "cvc5": {"provers"},
           "matplotlib": {"report"}, "torch": {"numeric"}, "pyarrow": {"numeric"}, "rich": {"verbs"}}


def imports(path: Path) -> set[str]:
    """The modules that a file imports, anywhere in it, as absolute names."""
    found = set()
    package = list(path.relative_to(ROOT).with_suffix("").parts)
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.Import): found |= {a.name for a in node.names}
        if isinstance(node, ast.ImportFrom) and not node.level: found.add(str(node.module))
        if isinstance(node, ast.ImportFrom) and node.level:
            here = package[:-node.level]
            found |= {".".join([*here, node.module])} if node.module else {".".join([*here, a.name]) for a in node.names}
    return found


def part(path: Path) -> str:
    """The part of the engine that a file belongs to: tacheck/<part>/... or tacheck/<part>.py."""
    return path.relative_to(ROOT / "tacheck").parts[0].removesuffix(".py")


def ours(path: Path) -> set[str]:
    """The parts of the engine that a file imports."""
    return {name.split(".")[1] for name in imports(path) if name.startswith("tacheck.")}


@pytest.mark.parametrize("path", [p for p in SOURCES if part(p) == "kernel"], ids=str)
def test_the_kernel_imports_the_standard_library_and_itself(path: Path) -> None:
    assert ours(path) <= {"kernel"}
    assert all(name.split(".")[0] in sys.stdlib_module_names | {"tacheck"} for name in imports(path))


@pytest.mark.parametrize("path", [p for p in SOURCES if part(p) in BASE], ids=str)
def test_the_base_does_not_know_verbs_and_reports(path: Path) -> None:
    assert ours(path) <= BASE


@pytest.mark.parametrize("path", SOURCES, ids=str)
def test_the_engine_names_no_theory(path: Path) -> None:
    assert not {name for name in imports(path) if name.split(".")[0] in ("theory", "proofs_checks")}


@pytest.mark.parametrize("path", [p for p in SOURCES if part(p) != "__main__"], ids=str)
def test_only_the_command_line_exits(path: Path) -> None:
    calls = [n.func for n in ast.walk(ast.parse(path.read_text())) if isinstance(n, ast.Call)]
    names = {ast.unparse(f) for f in calls}
    assert not names & {"exit", "quit", "os._exit"}
    assert "sys.exit" not in names or path.match("kernel/__main__.py")


@pytest.mark.parametrize("path", SOURCES, ids=str)
def test_each_outside_library_enters_where_it_may(path: Path) -> None:
    outside = {name.split(".")[0] for name in imports(path)} - set(sys.stdlib_module_names) - {"tacheck"}
    assert all(part(path) in OUTSIDE.get(name, set()) for name in outside), outside


def test_a_verdict_is_made_behind_one_door() -> None:
    makers = {p.relative_to(ROOT).as_posix() for p in SOURCES for n in ast.walk(ast.parse(p.read_text()))
              if isinstance(n, ast.Call) and ast.unparse(n.func).split(".")[-1] == "Verdict"}
    assert makers == {"tacheck/kernel/check.py"}


@pytest.mark.parametrize("path", sorted((ROOT / "theory").glob("*.py")), ids=str)
def test_theories_import_the_language_alone_and_have_claims(path: Path) -> None:
    allowed = set(sys.stdlib_module_names) | {"theory"}
    assert all(name.split(".")[0] in allowed or name == "tacheck.lang" for name in imports(path))
    assert (ROOT / "proofs_checks" / path.name).is_file()


def test_importing_tacheck_loads_nothing_heavy() -> None:
    import subprocess
    heavy = "{'sympy', 'numpy', 'z3', 'mpmath', 'rich', 'torch'}"
    code = f"import sys, tacheck, tacheck.lang, tacheck.__main__; print(sorted({heavy} & set(sys.modules)))"
    assert subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True).stdout == "[]\n"
