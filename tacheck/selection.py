"""Which claims are meant: an id, a family, a file of claims, or a glob."""
import difflib
from collections.abc import Mapping, Sequence
from fnmatch import fnmatchcase
from pathlib import PurePath

from .claims import Claim
from .library import LibraryError


def select(claims: Mapping[str, Claim], words: Sequence[str]) -> list[Claim]:
    """The claims that the words mean, in the library's order; all for no words.  Raises LibraryError where one means none."""
    if not claims: raise LibraryError("no claim was found: put functions under @claim(cite=...) into proofs_checks/")
    chosen = {c for word in words for c in meant(claims, word)}
    return [c for id, c in claims.items() if not words or id in chosen]


def meant(claims: Mapping[str, Claim], word: str) -> list[str]:
    """The ids that one word means."""
    name = PurePath(word).stem if word.endswith(".py") else word
    found = [id for id in claims if name in (id, id.partition("[")[0], id.partition(".")[0])] \
        or [id for id in claims if fnmatchcase(id, word) or fnmatchcase(id.partition("[")[0], word)]
    if not found:
        near = difflib.get_close_matches(word, [*claims, *{id.partition("[")[0] for id in claims}], n=3, cutoff=0.5)
        hint = f"did you mean {', '.join(near)}?" if near else "see `tacheck verify --list`"
        raise LibraryError(f"no claim is called {word!r}; {hint}")
    return found
