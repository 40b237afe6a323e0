"""Certified polynomials for e^x: which degree an error needs, which coefficients reach it, and the proof."""
from .approximation import Approximation, Shipped, approximate, shipped
from .errors import ApproximationError, Undecided
from .plan import Least, optimal_degree, plan

__all__ = ["Approximation", "ApproximationError", "Least", "Shipped", "Undecided", "approximate", "optimal_degree",
           "plan", "shipped"]
