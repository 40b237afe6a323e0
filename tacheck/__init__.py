"""tacheck checks the mathematics of efficient attention.

    from tacheck import claim, decide           state a claim; decide a statement
    from tacheck.lang import *                  is refused: import the words by name
"""
from .claims import claim
from .decide import decide
from .kernel.check import Status, Verdict

__all__ = ["Status", "Verdict", "claim", "decide"]
__version__ = "0.1.0"
