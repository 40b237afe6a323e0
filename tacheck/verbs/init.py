"""init: a project of the user's own, with one lemma that holds, one that is false as printed, and a CI file."""
import argparse
import re
from pathlib import Path

from .. import files
from . import UsageError

PACKED, CHECKOUT = Path(__file__).parents[1] / "_starter", Path(__file__).parents[2] / "examples" / "softmax_paper"


def arguments(parser: argparse.ArgumentParser) -> None:
    """The options of `tacheck init`."""
    parser.add_argument("folder", nargs="?", default=".", metavar="DIR", help="where (default: here); made if it is not there")


def run(args: argparse.Namespace) -> int:
    """Copy the starter.  Overwrites nothing; a pyproject.toml that is there gets a [tool.tacheck] line."""
    folder = Path(args.folder)
    if folder.exists() and not folder.is_dir(): raise UsageError(f"{folder}: is a file; name a folder")
    starter = PACKED if PACKED.is_dir() else CHECKOUT
    new = {path.relative_to(starter): path.read_text(encoding="utf-8") for path in sorted(starter.rglob("*"))
           if path.is_file() and not {"__pycache__", "build", ".tacheck"} & set(path.relative_to(starter).parts)}
    taken = [name for name in ("theory", "proofs_checks") if (folder / name).exists()]
    if taken: raise UsageError(f"{folder / taken[0]}: is there already, and nothing is overwritten; name another folder")
    name = re.sub(r"[^A-Za-z0-9]+", "-", folder.resolve().name).strip("-").lower() or "paper"
    for path, text in new.items():
        target, text = folder / path, text.replace("softmax_paper", name).replace("softmax-paper", name)
        try:
            if not target.exists(): files.write(target, text)
            elif path.name == "pyproject.toml": adopt(target)
        except OSError as bad: raise UsageError(f"{target}: cannot be written: {bad.strerror or bad}") from None
    here = "" if folder == Path(".") else f" --root {folder}"
    print(f"{folder}: a theory, two lemmas and a CI file; now run `tacheck verify{here}`")
    return 0


def adopt(project: Path) -> None:
    """Mark a pyproject.toml that exists."""
    text = project.read_text(encoding="utf-8")
    if "[tool.tacheck" not in text: files.write(project, text.rstrip() + "\n\n[tool.tacheck]\n")
