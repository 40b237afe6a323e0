"""Claims only: what is asserted about the statements of `theory/`, file for file."""
