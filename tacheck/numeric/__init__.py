"""Attention on NumPy arrays: what a valid problem is, exact attention and gradients, and files of arrays."""
