"""Evidence for or against an inequality: a visibly nonnegative form of the difference, or a smallest counterexample."""
from ..kernel.check import Certificate, Inequality, nonnegative
from ..kernel.term import Term
from .clock import Deadline
from .identity import examples, normal_form, refute


def prove(s: Inequality, deadline: Deadline, form: Term = ()) -> Certificate:
    """The form, given by the author or the difference as it is written, with its normal form; or a witness."""
    form = form or (s.lhs if s.rhs == ("num", "0") else ("add", s.lhs, ("mul", ("num", "-1"), s.rhs)))
    if not nonnegative(form, [t for r, t in s.assuming if r in ("> 0", ">= 0")]):
        return refute(s, deadline) or {"by": "nothing", "why": "no form of the difference is at hand that is visibly at least 0"}
    certificate, equal, assumes = normal_form(s, deadline, form)
    if not equal: return refute(s, deadline) or {**certificate, "by": "nothing", "why": "the form is not the difference"}
    certificate |= {"by": "positive form", "form": form}
    if assumes and (example := next(examples(s, deadline), None)): certificate["example"] = example
    return certificate
