"""An attention engine that is a program: run it on files."""
from __future__ import annotations

import shlex
import subprocess
from collections.abc import Sequence
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from ..numeric.files import write
from .dimacs import FormulaError
from .store import output


class Command:
    """engine(q, keys, values): writes an .npz with q, k1, v1, ..., runs the words of a command line in which {instance} and
    {output} are paths, without a shell, and reads `out` from what it wrote (.npz, or what numpy.save makes of that name).

    Raises FormulaError where the command line has no such words, and where the program cannot be started or fails.
    """

    def __init__(self, line: str, timeout: float = 60):
        try: self.words = shlex.split(line)
        except ValueError as bad: raise FormulaError(f"--against {line!r}: {bad}") from None
        self.timeout = timeout
        for name in ("{instance}", "{output}"):
            if not any(name in word for word in self.words):
                raise FormulaError(f"--against {line!r}: no {name} in it; write it as `engine {{instance}} {{output}}`")

    def __call__(self, q: Any, keys: Sequence[Any], values: Sequence[Any]) -> Any:
        with TemporaryDirectory(prefix="tacheck-") as folder:
            source, target = Path(folder, "instance.npz"), Path(folder, "out.npz")
            arrays = {"q": q}
            for s, (k, v) in enumerate(zip(keys, values), 1): arrays |= {f"k{s}": k, f"v{s}": v}
            write(source, arrays)
            words = [word.replace("{instance}", str(source)).replace("{output}", str(target)) for word in self.words]
            try: ended = subprocess.run(words, capture_output=True, timeout=self.timeout, check=False)
            except OSError as bad: raise FormulaError(f"{words[0]}: cannot be started: {bad.strerror or bad}") from None
            except subprocess.TimeoutExpired: raise FormulaError(f"no end after {self.timeout:g} s") from None
            if ended.returncode:
                said = ended.stderr.decode(errors="replace").strip().splitlines()
                raise FormulaError(f"exit code {ended.returncode}: {said[-1][:200] if said else 'nothing on standard error'}")
            target = next((p for p in (target, Path(f"{target}.npy")) if p.exists()), target)
            if not target.exists(): raise FormulaError("it ended well, and wrote no output")
            return output(target)
