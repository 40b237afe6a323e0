"""Reductions that run: from a formula to an attention instance whose output decides it, and back."""
from .challenge import challenge
from .decode import decode
from .dimacs import Formula, FormulaError, formula
from .forward import Instance, harden

__all__ = ["Formula", "FormulaError", "Instance", "challenge", "decode", "formula", "harden"]
