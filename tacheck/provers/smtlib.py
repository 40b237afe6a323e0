"""Solvers of SMT-LIB scripts behind one form: ask(script, seconds) -> Answer.  z3, and cvc5 where it is installed.

A solver is handed what the kernel read, written anew: declarations and assertions, and nothing else of the text.
"""
from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from fractions import Fraction
from threading import Timer
from typing import Any

from ..kernel.script import Script

DIGITS = 20                              # of an irrational value, before it is tried as a rational one


@dataclass(frozen=True)
class Answer:
    """found: "sat", "unsat" or "unknown".  values: if sat and rational, a word for each constant; why: if there are none."""
    solver: str
    found: str
    values: dict[str, str] | None = None
    why: str = ""


Ask = Callable[[Script, float | None], Answer]


def text(script: Script) -> str:
    """The script without its checks, one declaration or assertion a line."""
    sorts = ((x, f"(_ BitVec {s})" if isinstance(s, int) else s) for x, s in script.sorts.items())
    return "\n".join([*(f"(declare-const {x} {s})" for x, s in sorts), *(f"(assert {words(a)})" for a in script.assertions), ""])


def words(t: Any) -> str: return t if isinstance(t, str) else f"({' '.join(map(words, t))})"


# ---- z3 -------------------------------------------------------------------------------------------------------------

def z3(script: Script, seconds: float | None) -> Answer:
    """z3's answer, after at most so many seconds (None: no limit) as it keeps them, and interrupted soon after."""
    import z3
    name, context = f"z3 {z3.get_version_string()}", z3.Context()
    try:
        solver = z3.Solver(ctx=context)
        solver.set("random_seed", 0)
        if seconds is not None: solver.set("timeout", max(1, int(1000 * seconds)))
        with interrupted(context.interrupt, seconds):
            solver.add(z3.parse_smt2_string(text(script), ctx=context))
            found = str(solver.check())
            if found == "unknown": return Answer(name, found, why=solver.reason_unknown())
            if found == "unsat": return Answer(name, found)
            return z3_values(script, solver, name)
    except z3.Z3Exception as bad: return Answer(name, "unknown", why=str(bad))


@contextmanager
def interrupted(interrupt: Callable[[], Any], seconds: float | None) -> Iterator[None]:
    """Interrupt what runs inside, half as late again as it was told to end."""
    if seconds is None:
        yield
        return
    timer = Timer(1.5 * seconds + 0.1, interrupt)
    timer.daemon = True
    timer.start()
    try: yield
    finally: timer.cancel()


def z3_values(script: Script, solver: Any, name: str) -> Answer:
    """The model as words.  Irrational values give way to rational ones nearby, one after the other, while there is a model."""
    import z3
    constants = {x: z3.Const(x, z3_sort(s, solver.ctx)) for x, s in script.sorts.items()}
    while True:
        values = {x: solver.model().eval(constant, model_completion=True) for x, constant in constants.items()}
        irrational = next((x for x, value in values.items() if z3.is_algebraic_value(value)), None)
        if irrational is None: return Answer(name, "sat", {x: z3_word(value) for x, value in values.items()})
        solver.add(constants[irrational] == values[irrational].approx(DIGITS))
        if str(solver.check()) != "sat": return Answer(name, "sat", why=f"its model has an irrational {irrational}")


def z3_sort(sort: str | int, context: Any) -> Any:
    import z3
    if isinstance(sort, int): return z3.BitVecSort(sort, context)
    return {"Bool": z3.BoolSort, "Int": z3.IntSort, "Real": z3.RealSort}[sort](context)


def z3_word(value: Any) -> str:
    import z3
    if z3.is_bv_value(value): return str(value.as_long())
    return str(value.as_fraction()) if z3.is_rational_value(value) else str(value).lower()


# ---- cvc5 -----------------------------------------------------------------------------------------------------------

def cvc5(script: Script, seconds: float | None) -> Answer | None:
    """cvc5's answer under the same rules; None where it is not installed."""
    try:
        import cvc5
    except ImportError: return None
    name = f"cvc5 {cvc5.__version__}"
    try:
        solver = cvc5.Solver(cvc5.TermManager())
        solver.setOption("produce-models", "true")
        if seconds is not None: solver.setOption("tlimit-per", str(max(1, int(1000 * seconds))))
        solver.setLogic(logic(script))
        parser = cvc5.InputParser(solver)
        parser.setStringInput(cvc5.InputLanguage.SMT_LIB_2_6, text(script), "script")
        symbols = parser.getSymbolManager()
        while not (command := parser.nextCommand()).isNull(): command.invoke(solver, symbols)
        result = solver.checkSat()
        if result.isUnsat(): return Answer(name, "unsat")
        if not result.isSat(): return Answer(name, "unknown", why=str(result.getUnknownExplanation()))
        values = {str(t): cvc5_word(solver.getValue(t)) for t in symbols.getDeclaredTerms()}
        if any(v is None for v in values.values()): return Answer(name, "sat", why="its model is irrational")
        return Answer(name, "sat", {x: str(v) for x, v in values.items()})
    except RuntimeError as bad: return Answer(name, "unknown", why=str(bad))


def logic(script: Script) -> str:
    """The smallest of a few logics that has the script's sorts: cvc5 chooses its methods by it."""
    kinds = {"bits" if isinstance(s, int) else s for s in script.sorts.values()} - {"Bool"}
    names = {frozenset(): "QF_BV", frozenset({"bits"}): "QF_BV", frozenset({"Real"}): "QF_NRA", frozenset({"Int"}): "QF_NIA"}
    return names.get(frozenset(kinds), "ALL")


def cvc5_word(value: Any) -> str | None:
    if value.isBitVectorValue(): return str(int(value.getBitVectorValue(2), 2))
    if value.isBooleanValue(): return str(value.getBooleanValue()).lower()
    return str(Fraction(value.getRealValue())) if value.isRealValue() or value.isIntegerValue() else None
