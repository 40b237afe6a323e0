"""Statements only: what the sources say, in the words of `tacheck.lang`."""
