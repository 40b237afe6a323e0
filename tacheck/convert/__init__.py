"""Terms to and from other notations: SymPy, LaTeX, NumPy.

SymPy and NumPy are imported when they are first needed.
"""
from .arrays import Formula, to_numpy
from .latex import to_latex
from .symbolic import from_sympy, sympy_source, to_sympy

__all__ = ["Formula", "from_sympy", "sympy_source", "to_latex", "to_numpy", "to_sympy"]
