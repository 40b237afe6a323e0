"""The trusted core: terms, normal forms, enclosures, and the one door through which verdicts leave.

Standard library only.  Read `term.py`, `normal.py`, `bounds.py`, `evaluate.py`, `check.py`, in this order.
"""
