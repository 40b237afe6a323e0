"""The error of a polynomial for e^x, drawn: SVG by hand, PNG where matplotlib is installed.

Heights are in units of the certified bound, so that an error of 1e-100 is drawn as well as one of 1e-1.
"""
from collections.abc import Sequence
from fractions import Fraction
from pathlib import Path
from typing import NamedTuple
from xml.sax.saxutils import escape

from ..kernel.bounds import Intervals
from ..kernel.exponential import Curve, Groups

WIDTH, HEIGHT = 800, 440
LEFT, RIGHT, TOP, BOTTOM = 96, 20, 56, 56
COLOURS = ("#0072B2", "#009E73", "#CC79A7")                          # Okabe and Ito's, told apart by every eye
LIMIT = "#D55E00"
REACH = 1.12                                                         # of the height, in units


class Line(NamedTuple):
    """A curve by its points (x, height in units), and what it is."""
    label: str
    points: list[tuple[float, float]]


def sample(label: str, h: Groups, interval: tuple[Fraction, Fraction], unit: Fraction, count: int = 801) -> Line:
    """The exponential polynomial h over the interval, in units of `unit`, to six digits of it."""
    a, b = interval
    far, small = int(max(abs(a), abs(b))) + 1, max(0, unit.denominator.bit_length() - unit.numerator.bit_length())
    curve, fine, points = Curve(Intervals(64 + small + 3 * far)), 20, []
    for i in range(count):
        x = a + (b - a) * i / (count - 1)
        x = x if i in (0, count - 1) else min(max(Fraction(round(x * (1 << fine)), 1 << fine), a), b)
        lo, hi = curve.at(h, x)
        points.append((float(x), float((lo + hi) / 2 / unit)))
    return Line(label, points)


def ticks(a: float, b: float) -> list[float]:
    """Four to nine round numbers between a and b."""
    step = 10.0 ** -12
    while (b - a) / step > 9: step *= 2.5 if f"{step:e}"[0] == "2" else 2
    first = int(a / step) - 1
    return [k * step for k in range(first, first + 14) if a - 1e-9 * step <= k * step <= b + 1e-9 * step]


def svg(title: str, lines: Sequence[Line], unit: str, reach: float = REACH) -> str:
    """The picture: lines, 0, and the bounds +-1 labelled with what a unit is."""
    a, b = lines[0].points[0][0], lines[0].points[-1][0]

    def across(x: float) -> float: return LEFT + (x - a) / (b - a) * (WIDTH - LEFT - RIGHT)
    def down(y: float) -> float: return TOP + (1 - y / reach) / 2 * (HEIGHT - TOP - BOTTOM)
    def text(x: float, y: float, words: str, anchor: str = "middle", more: str = "") -> str:
        return f'<text x="{x:.1f}" y="{y:.1f}" text-anchor="{anchor}"{more}>{escape(words)}</text>'

    out = [f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {HEIGHT}" width="{WIDTH}" height="{HEIGHT}" '
           'font-family="sans-serif" font-size="14" fill="#222222">', f"<title>{escape(title)}</title>",
           f'<rect width="{WIDTH}" height="{HEIGHT}" fill="#FFFFFF"/>', text(LEFT, 24, title, "start", ' font-size="16"')]
    for y, label in ((1.0, unit), (0.0, "0"), (-1.0, f"\N{MINUS SIGN}{unit}")):
        style = f'stroke="{LIMIT}" stroke-dasharray="7 5"' if y else 'stroke="#888888"'
        out += [f'<line x1="{LEFT}" y1="{down(y):.1f}" x2="{WIDTH - RIGHT}" y2="{down(y):.1f}" {style}/>',
                text(LEFT - 8, down(y) + 5, label, "end")]
    for x in ticks(a, b):
        at, low = f"{across(x):.1f}", down(-reach)
        out += [f'<line x1="{at}" y1="{low:.1f}" x2="{at}" y2="{low + 6:.1f}" stroke="#888888"/>',
                text(across(x), low + 22, f"{x:.9g}".replace("-", "\N{MINUS SIGN}"))]
    out.append(text((LEFT + WIDTH - RIGHT) / 2, HEIGHT - 10, "x"))
    for k, line in enumerate(lines):
        at = " ".join(f"{across(x):.2f},{down(y):.2f}" for x, y in line.points)
        out.append(f'<polyline points="{at}" fill="none" stroke="{COLOURS[k]}" stroke-width="{2 - k / 2}"/>')
        key = LEFT + 240 * k
        out += [f'<line x1="{key}" y1="40" x2="{key + 28}" y2="40" stroke="{COLOURS[k]}" stroke-width="3"/>',
                text(key + 34, 45, line.label, "start")]
    return "\n".join([*out, "</svg>"]) + "\n"


def write_png(path: Path, title: str, lines: Sequence[Line], unit: str, reach: float = REACH) -> None:
    """The same by matplotlib, whole or not at all.  Raises OSError, and ImportError where matplotlib is missing."""
    from matplotlib.backends.backend_agg import FigureCanvasAgg
    from matplotlib.figure import Figure
    figure = Figure(figsize=(WIDTH / 100, HEIGHT / 100), dpi=160, layout="constrained")
    axes = figure.add_subplot(title=title, xlabel="x", ylim=(-reach, reach), xlim=(lines[0].points[0][0], lines[0].points[-1][0]))
    axes.set_yticks([-1, 0, 1], [f"\N{MINUS SIGN}{unit}", "0", unit])
    for y in (-1, 1): axes.axhline(y, color=LIMIT, linestyle="--")
    axes.axhline(0, color="#888888", linewidth=0.8)
    for k, line in enumerate(lines): axes.plot(*zip(*line.points), color=COLOURS[k], label=line.label)
    figure.legend(loc="outside lower center", ncols=2)
    temporary = path.with_name(f".{path.name}.part")
    try:
        with temporary.open("wb") as file: FigureCanvasAgg(figure).print_png(file)
        temporary.replace(path)
    finally: temporary.unlink(missing_ok=True)
