"""Terms as NumPy functions: the formula that was proved is the formula that is computed.

    f = to_numpy(Sum(j, exp(x[i] * k[j]) * v[j]))
    f(x=x, k=k, v=v)                 an array with one axis per free index
    print(f.source)                  the Python program that it runs
"""
from __future__ import annotations

import keyword
import re
import textwrap
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from string import ascii_letters
from typing import Any

from ..derivation import bare, tidy, without_diff
from ..kernel.term import Term, dim, free, show, sizes, wellformed
from ..lang import Expr, Index
from .contraction import Scale, canonical, expanded, has_entries, opened

READ = '''\
def _read(**arguments):
    """The size of every dimension, and the arrays in one dtype.  Raises ValueError where two arrays disagree."""
    arrays = {name: np.asarray(array) for name, (array, dims) in arguments.items()}
    dtype = np.result_type(np.float16, *(array.dtype for array in arrays.values()))
    found = {}
    for name, (_, dims) in arguments.items():
        shape, dims = arrays[name].shape, dims.split()
        if len(shape) != len(dims):
            raise ValueError(f"{name} has shape {shape}, and the formula has {name}[{', '.join(dims)}]")
        for n, k in zip(dims, shape):
            first, size = found.setdefault(n, (name, k))
            if k != size:
                raise ValueError(f"{n} is {size} in {first}, of shape {arrays[first].shape}, and {k} in {name}, of shape {shape}")
    return [{n: size for n, (_, size) in found.items()}, *(array.astype(dtype, copy=False) for array in arrays.values())]
'''
HELD = "\0"                                                       # a space at which no line is broken
RESERVED = ("np", "_read", "size", "float")


@dataclass(frozen=True)
class Formula:
    """A term as a function of arrays.  `arguments` are the tensors, `axes` the indices of the result's axes."""
    source: str
    arguments: tuple[str, ...]
    axes: tuple[Index, ...]
    function: Callable[..., Any] = field(repr=False)

    def __call__(self, *arrays: Any, **named: Any) -> Any:
        """The value: an array with one axis per free index, a float where there is none.

        Raises ValueError where the shapes do not fit together, TypeError where an argument is missing or not known.
        """
        return self.function(*arrays, **named)


def to_numpy(t: Expr | Term, name: str = "f", axes: Sequence[Index] | None = None) -> Formula:
    """The term as a NumPy function `name` of its tensors, by keyword or in order of appearance.

    Each diff is carried out first.  Products under sums become one einsum each, and equal subterms are computed once, up
    to the names of indices.  `axes` orders the axes of the result, and may name indices that the term does not depend on;
    without it they are the free indices in order of appearance.  The size of a dimension is read off the arguments; one
    that no argument has becomes a keyword of its own.  The dtype is that of the arguments (integers become floats).

    Values are computed as written: an exp that overflows is inf, so a softmax wants logits below about 700 (88 in float32).
    Raises ValueError for what is not a term, and for axes that miss a free index.
    """
    data = t.data if isinstance(t, Expr) else t
    shapes = wellformed(data)
    order = tuple(map(str, axes)) if axes is not None else free(data)
    if missing := [i for i in free(data) if i not in order]:
        raise ValueError(f"axes ({', '.join(order)}) miss {', '.join(missing)}, which the term leaves free")
    if not name.isidentifier() or keyword.iskeyword(name): raise ValueError(f"{name!r} is not a name for a Python function")
    program = Program(data, shapes, order, (name, *RESERVED))
    source = program.source(name, data, shapes, order)
    namespace: dict[str, Any] = {}
    exec(compile(source, f"<{name}>", "exec"), namespace)                                # our own text, of checked names only
    return Formula(source, tuple(program.arguments.values()), tuple(Index(bare(i), dim(i)) for i in order), namespace[name])


@dataclass(frozen=True)
class Value:
    """A Python expression that stands for an array (or a number), and the index of each axis."""
    code: str
    axes: tuple[str, ...] = ()


class Program:
    """The statements that compute a term, in order."""

    def __init__(self, t: Term, shapes: dict[str, tuple[str, ...]], order: tuple[str, ...], taken: Iterable[str]):
        self.taken = set(taken)
        self.arguments = {x: self.free_name(x) for x in shapes}
        self.dimensions = {n: self.free_name(n) for n in sorted({*sizes(t), *map(dim, order)})}
        self.known = {n for shape in shapes.values() for n in shape}
        self.dtype = f"{next(iter(self.arguments.values()))}.dtype" if shapes else "float"
        self.lines: list[str] = []
        self.memo: dict[Any, tuple[str, tuple[int, ...]]] = {}
        self.result = self.value(tidy(without_diff(t)))

    def free_name(self, stem: str) -> str:
        while stem in self.taken or keyword.iskeyword(stem): stem += "_"
        self.taken.add(stem)
        return stem

    def source(self, name: str, t: Term, shapes: dict[str, tuple[str, ...]], order: tuple[str, ...]) -> str:
        """The whole program."""
        arrays = ", ".join(self.arguments.values())
        keywords = ", ".join(self.dimensions[n] for n in self.dimensions if n not in self.known)
        body = [*self.lines, f"return {self.returned(order)}"]
        used = set(re.findall(r"\w+", "\n".join(body)))
        left = f"size, {arrays} = _read(" if len(arrays) < 80 else f"(size, {arrays}){HELD}={HELD}_read("
        reads = [f"{p}=({p}, {' '.join(shapes[x])!r})" for x, p in self.arguments.items()]
        call = f"{left}{', '.join(r.replace(' ', HELD) for r in reads)})"
        head = [line.replace(HELD, " ") for line in wrapped(call, len(left) if len(arrays) < 80 else 4)] if arrays else []
        head += [f"{self.dimensions[n]} = size[{n!r}]" for n in self.dimensions if n in self.known and self.dimensions[n] in used]
        says = wrapped((f"axes ({', '.join(map(bare, order))}) of " if order else "") + show(tidy(t)))
        doc = [f'"""{says[0]}"""'] if len(says) == 1 else [f'"""{says[0]}', *says[1:], '"""']
        parameters = ", ".join(filter(None, [arrays, f"*, {keywords}" if keywords else ""]))
        return "\n".join(["import numpy as np", "", "", *([READ, ""] if arrays else []), f"def {name}({parameters}):",
                          *(f"    {line}" for line in [*doc, *head, *body]), ""])

    def returned(self, order: tuple[str, ...]) -> str:
        value = self.result
        if not order: return f"float({value.code})"
        if set(value.axes) == set(order): return self.aligned(value, order)
        return f"np.full(({''.join(self.dimensions[dim(i)] + ', ' for i in order)}), {self.aligned(value, order)}, {self.dtype})"

    # ---- one statement per subterm --------------------------------------------------------------------------------

    def value(self, t: Term) -> Value:
        """The value of t, computed once for all terms that are the same up to the names of indices."""
        key, frees = canonical(t)
        if key not in self.memo:
            value = self.computed(t)
            self.memo[key] = value.code, tuple(frees.index(i) for i in value.axes)
        code, places = self.memo[key]
        return Value(code, tuple(frees[k] for k in places))

    def let(self, code: str, axes: tuple[str, ...]) -> Value:
        """A statement that names the value of the code."""
        variable = self.free_name(f"t{len(self.lines) + 1}")
        note = f"  # [{', '.join(map(bare, axes))}]" if axes else ""
        self.lines.append(f"{variable} = {code}{note}")
        return Value(variable, axes)

    def computed(self, t: Term) -> Value:
        match t:
            case ("num", q): return Value(q if q.isdigit() else f"({q})")
            case ("size", n): return Value(self.dimensions[n])
            case ("at", x, *at): return self.entries(self.arguments[x], tuple(at))
            case ("delta", i, j): return self.eye(i, j)
            case ("add", *parts): return self.added(parts)
            case ("mul", *_) | ("sum", *_): return self.contracted(t)
            case ("pow", x, "-1"): return self.elementwise("1 / {}", x)
            case ("pow", x, "1/2"): return self.elementwise("{}**0.5", x)
            case ("pow", x, "-1/2"): return self.elementwise("{}**-0.5", x)
            case ("pow", x, q): return self.elementwise("{}**" + (q if "/" not in q else f"({q})"), x)
            case ("exp" | "log" as word, x): return self.elementwise(f"np.{word}({{}})", x)
        raise ValueError(f"no such term: {t[0]}")

    def entries(self, x: str, at: tuple[str, ...]) -> Value:
        axes = tuple(dict.fromkeys(at))
        if axes == at: return Value(x, at)
        return self.let(f"np.einsum({subscripts([at], axes)}, {x})", axes)

    def eye(self, i: str, j: str) -> Value:
        return Value("1") if i == j else self.let(f"np.eye({self.dimensions[dim(i)]}, dtype={self.dtype})", (i, j))

    def elementwise(self, form: str, x: Term) -> Value:
        value = self.value(x)
        code = form.format(value.code)
        constant = not value.axes and not has_entries(x)                                 # NumPy's own float would widen float32
        return self.let(f"float({code})" if constant else code, value.axes)

    def added(self, parts: Sequence[Term]) -> Value:
        scales = [Scale(x) for x in parts]
        values = [self.unscaled(scale) for scale in scales]
        axes = union(values)
        codes = [scale.on(self.aligned(value, axes), self.dimensions) for scale, value in zip(scales, values, strict=True)]
        return self.let(" + ".join(codes).replace("+ -", "- ") or "0", axes)

    def contracted(self, t: Term) -> Value:
        """A product, or a sum of a product: numbers and sizes outside, the rest in one go."""
        bound, body = opened(t)
        scale = Scale(body)
        if bound and (other := expanded(bound, scale)): return self.value(other)
        if not bound and (scale.number != 1 or scale.sizes): value = self.unscaled(scale)
        else:
            operands = [self.value(x) for x in scale.others]
            axes = union(operands)
            for i in bound:
                if i not in axes: scale.times(dim(i), 1)
            value = self.joined(operands, [i for i in bound if i in axes])
        code = scale.on(value.code, self.dimensions)
        return value if code == value.code else self.let(code, value.axes)

    def unscaled(self, scale: Scale) -> Value:
        """The product of what is neither a number nor a size."""
        return self.value(scale.others[0] if len(scale.others) == 1 else ("mul", *scale.others)) if scale.others else Value("1")

    def joined(self, operands: list[Value], bound: list[str]) -> Value:
        """The product of the operands, summed over the bound indices, each of which some operand has."""
        numbers, arrays = [v.code for v in operands if not v.axes], [v for v in operands if v.axes]
        axes = tuple(i for i in union(arrays) if i not in bound)
        if not arrays: code = "1" if not numbers else numbers.pop(0)
        elif not bound: code = " * ".join(self.aligned(v, axes) for v in arrays)
        elif len(arrays) == 1: code = summed(arrays[0], bound)
        else:
            names = ", ".join(v.code for v in arrays)
            code = f"np.einsum({subscripts([v.axes for v in arrays], axes)}, {names}, optimize=True)"
        code = " * ".join([code, *numbers])
        return Value(code, axes) if code.isidentifier() or code == "1" else self.let(code, axes)

    def aligned(self, value: Value, axes: tuple[str, ...]) -> str:
        """The code with its axes in the order of `axes`, broadcast along those that it lacks."""
        order = [value.axes.index(i) for i in axes if i in value.axes]
        code = value.code
        if order != sorted(order): code += ".T" if order == [1, 0] else f".transpose({', '.join(map(str, order))})"
        slots = [":" if i in value.axes else "None" for i in axes]
        while slots and slots[0] == "None": slots.pop(0)                                 # NumPy adds leading axes itself
        while slots and "None" in slots and slots[-1] == ":": slots.pop()                # and keeps the last ones whole
        return f"{code}[{', '.join(slots)}]" if "None" in slots else code


def wrapped(text: str, indent: int = 0) -> list[str]:
    """The text in lines."""
    return textwrap.wrap(text, 116, subsequent_indent=" " * indent, break_long_words=False, break_on_hyphens=False)


def union(values: Iterable[Value]) -> tuple[str, ...]:
    """The indices of the values, in order of appearance."""
    return tuple(dict.fromkeys(i for v in values for i in v.axes))


def summed(value: Value, bound: list[str]) -> str:
    """The code of an array summed over some of its axes."""
    places = [k for k, i in enumerate(value.axes) if i in bound]
    if len(places) == len(value.axes): return f"{value.code}.sum()"
    return f"{value.code}.sum(axis={places[0] if len(places) == 1 else tuple(places)})"


def subscripts(operands: Sequence[tuple[str, ...]], out: tuple[str, ...]) -> str:
    """The subscripts of an einsum, quoted; an index has its own initial where that is free."""
    letters: dict[str, str] = {}
    for i in (i for axes in operands for i in axes):
        if i in letters: continue
        choice = next((c for c in i[0] + ascii_letters if c in ascii_letters and c not in letters.values()), None)
        if choice is None: raise ValueError(f"a product with more than {len(ascii_letters)} indices is too large for einsum")
        letters[i] = choice
    return f"'{','.join(''.join(letters[i] for i in axes) for axes in operands)}->{''.join(letters[i] for i in out)}'"
