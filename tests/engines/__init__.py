"""A zoo of plausible attention engines, each wrong in one way: the harness must refute them all."""
