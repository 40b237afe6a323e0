"""Coq as a second judge: identities written as Coq files, which `coqc` accepts or does not.

    opinion(statement, timeout) -> CoqReport(accepted, version, axioms, why, seconds, source, ...)

Optional: everything here works without Coq but the running of it.  Nothing here is trusted: what Coq accepts is the
theorem in the file, which is there to be read, and the axioms that it prints.
"""
from .judge import ALLOWED, WITH_LN, CoqReport, NoCoq, installed, opinion

__all__ = ["ALLOWED", "WITH_LN", "CoqReport", "NoCoq", "installed", "opinion"]
