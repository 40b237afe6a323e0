"""tacheck checks the mathematics of efficient attention.

    from tacheck import claim, decide           state a claim; decide a statement
    from tacheck.lang import *                  is refused: import the words by name
"""
from importlib import import_module
from typing import Any

from .claims import claim
from .decide import decide
from .kernel.check import Status, Verdict

__version__ = "0.1.0"
__all__ = ["ErrorBound", "Gradient", "KeyState", "Status", "Verdict", "approximate", "attention", "check_code", "claim", "decide",
           "gradient", "loss_gradient", "regime"]

# What works on arrays is imported when it is first used: `import tacheck` loads nothing but the standard library.
LAZY = {"attention": "numeric.door", "gradient": "numeric.door", "loss_gradient": "numeric.loss", "ErrorBound": "numeric.door",
        "Gradient": "numeric.exact", "KeyState": "numeric.state", "approximate": "numeric.polynomial",
        "check_code": "numeric.codecheck", "regime": "numeric.regime"}


def __getattr__(name: str) -> Any:
    if name not in LAZY: raise AttributeError(f"module 'tacheck' has no attribute {name!r}")
    return getattr(import_module(f"tacheck.{LAZY[name]}"), name)
