"""Files that are either whole or absent: written beside their place, then renamed."""
import errno
import json
import os
import tempfile
from pathlib import Path
from typing import Any


def write(path: Path, text: str) -> None:
    """The text at the path, atomically; a link stays one.  Makes the folder; raises OSError where it cannot."""
    path = path.resolve()
    if path.exists() and not path.is_file(): raise OSError(errno.EINVAL, "no regular file; name a file")     # /dev/null, say
    path.parent.mkdir(parents=True, exist_ok=True)
    handle, temporary = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name[:80]}.")
    try:
        with os.fdopen(handle, "w", encoding="utf-8") as file: file.write(text)
        os.chmod(temporary, 0o644)
        os.replace(temporary, path)
    except BaseException:
        Path(temporary).unlink(missing_ok=True)
        raise


def write_json(path: Path, document: Any) -> None: write(path, json.dumps(document, indent=1, ensure_ascii=False) + "\n")
