"""derive: a gradient by the rules of calculus, proved equal to the closed form that the library states."""
import argparse
from typing import Any

from .. import library
from ..abbreviation import abbreviated, shown
from ..claims import Claim, ClaimError
from ..convert import sympy_source, to_latex, to_numpy
from ..decide import decide
from ..derivation import derivative, tidy
from ..kernel.check import Identity, Status, Verdict
from ..kernel.term import show, sizes
from ..lang import Expr, Index
from ..library import LibraryError
from . import UsageError, write_json

FORMATS = ("text", "latex", "sympy", "numpy")
EXIT = {Status.HOLDS: 0, Status.REFUTED: 1}


def arguments(parser: argparse.ArgumentParser) -> None:
    """The options of `tacheck derive`."""
    parser.add_argument("theory", metavar="THEORY", help="whose loss: what claims name with derives=")
    parser.add_argument("--wrt", required=True, metavar="P", help="the parameter: a tensor of the loss")
    parser.add_argument("--order", type=int, metavar="N", help="the member of a family (default: 2, where there is one)")
    parser.add_argument("--as", dest="formats", default="text", metavar="LIST", help=f"of {', '.join(FORMATS)} (default: text)")
    parser.add_argument("--root", metavar="DIR", help="the project (default: the nearest one upwards, else the shipped library)")
    parser.add_argument("--timeout", type=float, default=60, metavar="S", help="seconds of search per statement (default: 60)")
    parser.add_argument("--json", metavar="FILE", help="the same as one document (- for standard output)")


def run(args: argparse.Namespace) -> int:
    """Find the claim, derive, prove, print."""
    formats = [f.strip() for f in args.formats.split(",")]
    if unknown := [f for f in formats if f not in FORMATS]:
        raise UsageError(f"--as {args.formats}: no format {unknown[0]!r}; there are {', '.join(FORMATS)}")
    if not args.timeout > 0: raise UsageError(f"--timeout {args.timeout:g}: a positive number of seconds is needed")
    claim, stated = find(library.load(library.root(args.root)), args.theory, args.wrt, args.order)
    _, loss, _, *at = stated.lhs
    verdict, about = judged(stated, args.timeout)
    short, where = shown(tidy(loss), tidy(stated.rhs))
    gradient = {f: short[1] if f == "text" else written(stated, f) for f in formats}
    told = {"version": 1, "theory": args.theory, "wrt": args.wrt, "order": claim.parameters.get("order"), "claim": claim.id,
            "status": verdict.status.value, "why": about + verdict.why, "rests_on": list(verdict.rests_on), "loss": short[0],
            "where": where, "gradient": gradient, "exit": EXIT.get(verdict.status, 3)}
    if args.json: write_json(args.json, told)
    if args.json != "-": print(text(told, show(("at", args.wrt, *at)), scope(stated)))
    return EXIT.get(verdict.status, 3)


def judged(stated: Identity, timeout: float) -> tuple[Verdict, str]:
    """The verdict on diff(loss, P) = closed form, or on derived gradient = closed form where only that one fails."""
    _, loss, tensor, *at = stated.lhs
    verdict = decide(stated, timeout)
    if verdict.status is not Status.HOLDS: return verdict, ""
    derived = decide(Identity(derivative(loss, tensor, at), stated.rhs, stated.assuming), timeout)
    if derived.status is not Status.HOLDS: return derived, "the gradient derived by rule, against the closed form: "
    return verdict, ""


# ---- which claim --------------------------------------------------------------------------------------------------

def find(claims: dict[str, Claim], theory: str, wrt: str, order: int | None) -> tuple[Claim, Identity]:
    """The claim of the theory that states diff(loss, wrt[...]) = closed form.  Raises UsageError where there is not one."""
    theories = sorted({c.derives for c in claims.values() if c.derives})
    if theory not in theories:
        raise UsageError(f"{theory}: no claim derives it; " + (f"there are {', '.join(theories)}" if theories else
                         "a claim takes part with @claim(..., derives=\"NAME\")"))
    gradients = [(c, s, s.lhs[2]) for c in claims.values() if c.derives == theory and isinstance(s := statement(c), Identity)
                 and s.lhs[0] == "diff"]
    found = [(c, s) for c, s, parameter in gradients if parameter == wrt]
    if not found:
        raise UsageError(f"--wrt {wrt}: {theory} has no gradient for it; there are {listed(p for *_, p in gradients)}")
    orders = {c.parameters["order"] for c, _ in found if "order" in c.parameters}
    if order is None and 2 in orders: order = 2
    if order is not None: found = [(c, s) for c, s in found if c.parameters.get("order") == order]
    if not found:
        there = f"there are {listed(orders)}" if orders else "this claim is no family; leave --order out"
        raise UsageError(f"--order {order}: {theory} has no such gradient by {wrt}; {there}")
    if len(found) > 1:
        raise UsageError(f"{theory} by {wrt}: {listed(c.id for c, _ in found)} all state it; choose with --order, or let one of "
                         "them alone have derives=")
    return found[0]


def statement(claim: Claim) -> Any:
    """What the claim states.  Raises LibraryError where it cannot be written down."""
    try: return claim.statements()[0]
    except ClaimError as unfit: raise LibraryError(str(unfit)) from None


def listed(values: Any) -> str: return ", ".join(map(str, sorted(set(values)))) or "none"


# ---- in words -----------------------------------------------------------------------------------------------------

def written(stated: Identity, form: str) -> str:
    """The closed form in a format other than text."""
    _, _, tensor, *at = stated.lhs
    match form:
        case "sympy": return sympy_source(stated.rhs, "gradient")
        case "numpy": return to_numpy(stated.rhs, f"d{tensor}", tuple(Index(*i.split(":")) for i in at)).source
        case _:
            (short,), definitions = abbreviated(tidy(stated.rhs))
            lines = [(("diff", ("at", "Loss"), tensor, *at), short), *definitions]
            return ",\n  \\quad ".join(f"{to_latex(Expr(left))} = {to_latex(Expr(right))}" for left, right in lines)


def scope(stated: Identity) -> str:
    """For every size of which dimensions."""
    return f"for every {', '.join(names)}" if (names := sizes(stated.lhs, stated.rhs)) else ""


def text(told: dict[str, Any], parameter: str, scope: str) -> str:
    """The document as text; `proved` only over what the kernel found to hold."""
    gradient = dict(told["gradient"])
    lines = [f"stated    {told['claim']}", f"loss      {told['loss']}"]
    if "text" in gradient: lines.append(f"gradient  diff(loss, {parameter}) = {gradient.pop('text')}")
    lines += [f"where     {line}" for line in told["where"]]
    for source in gradient.values(): lines += ["", source.rstrip()]
    lines += ["", f"proved {scope}".rstrip() if told["status"] == Status.HOLDS.value else f"{told['status']}: {told['why']}"]
    return "\n".join([*lines, *(f"rests on  {what}" for what in told["rests_on"])])
