"""A deadline that a search asks about as it goes."""
from time import monotonic


class OutOfTime(Exception):
    """The search used up its time."""


class Deadline:
    """`seconds` from now; None is no limit.  Raises OutOfTime when `check` is called too late."""

    def __init__(self, seconds: float | None):
        self.seconds, self.end = seconds, None if seconds is None else monotonic() + seconds

    def check(self) -> None:
        if self.end is not None and monotonic() > self.end: raise OutOfTime(f"ran out of time ({self.seconds:g} s)")
