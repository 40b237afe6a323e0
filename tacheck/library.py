"""Find the project root, load its `theory` and `proofs_checks`, and guard their names."""
import importlib
import pkgutil
import sys
import tomllib
from pathlib import Path
from types import ModuleType

from .claims import REGISTRY, Claim, ClaimError, collected

FOLDERS = ("theory", "proofs_checks")


class LibraryError(Exception):
    """The library cannot be loaded: what, where, and what would help."""


def root(start: str | Path | None = None) -> Path:
    """The nearest folder upwards whose pyproject.toml has [tool.tacheck]; else the library that tacheck ships."""
    here = Path(start) if start is not None else Path.cwd()
    if not here.is_dir(): raise LibraryError(f"{here}: no such folder")
    for folder in (here.resolve(), *here.resolve().parents):
        project = folder / "pyproject.toml"
        if project.is_file():
            try: settings = tomllib.loads(project.read_text(encoding="utf-8"))
            except (tomllib.TOMLDecodeError, UnicodeDecodeError) as bad:
                raise LibraryError(f"{project}: not TOML: {bad}") from None
            if "tacheck" in settings.get("tool", {}): return folder
    if start is not None:
        raise LibraryError(f"{here}: no pyproject.toml with [tool.tacheck] here or above; `tacheck init {here}` makes one")
    return shipped()


def shipped() -> Path:
    """The library in the wheel, else the checkout of an editable install."""
    packed = Path(__file__).parent / "_library"
    return packed if packed.is_dir() else Path(__file__).parents[1]


def output(folder: Path) -> Path:
    """Where build/ and the cache lie: in the project, or in the current folder when the installed library is checked."""
    return Path.cwd() if folder.name == "_library" else folder


def load(folder: Path) -> dict[str, Claim]:
    """Import theory/ and proofs_checks/ of a project root; the claims by id.

    Raises LibraryError, in one line, for a missing folder, a file that does not import, a claim that is not fit, and a
    foreign package of the same name.
    """
    for name in FOLDERS:
        if not (folder / name).is_dir():
            raise LibraryError(f"{folder / name}: no such folder; `tacheck init` makes a project with theory/ and proofs_checks/")
    if str(folder) not in sys.path[:1]: sys.path.insert(0, str(folder))
    REGISTRY.clear()
    for name in [n for n, m in sys.modules.items() if n.partition(".")[0] in FOLDERS and _lies_in(m, folder)]:
        del sys.modules[name]                                        # loaded before: its claims register again
    for name in FOLDERS:
        package = _import(name, folder)
        for info in sorted(pkgutil.iter_modules(package.__path__), key=lambda m: m.name):
            _import(f"{name}.{info.name}", folder)
    try: return collected()
    except ClaimError as unfit: raise LibraryError(str(unfit)) from None


def _lies_in(module: ModuleType, folder: Path) -> bool:
    return bool(module.__file__) and Path(str(module.__file__)).resolve().is_relative_to(folder.resolve())


def _import(name: str, folder: Path) -> ModuleType:
    """The module, if it is the one under the folder."""
    expected = folder / name.replace(".", "/")
    try: module = importlib.import_module(name)
    except ClaimError as unfit: raise LibraryError(str(unfit)) from None
    except SyntaxError as bad: raise LibraryError(f"{bad.filename}:{bad.lineno}: {bad.msg}") from None
    except Exception as bad:
        text = f"{_line(bad, folder) or expected}: {type(bad).__name__}: {bad}"
        raise LibraryError(text.replace("\n", " ")) from None
    place = Path(module.__file__ or next(iter(module.__path__))).resolve()
    if expected.resolve() not in (place, place.parent, place.with_suffix("")):
        raise LibraryError(f"the name {name} belongs to {place}, not to {expected}; uninstall or rename the other one")
    return module


def _line(bad: BaseException, folder: Path) -> str | None:
    """The deepest line of the project in a traceback."""
    trace, last = bad.__traceback__, None
    while trace is not None:
        file = trace.tb_frame.f_code.co_filename
        if Path(file).is_relative_to(folder): last = f"{file}:{trace.tb_lineno}"
        trace = trace.tb_next
    return last
