"""Regions, lines and points over two logarithmic axes: SVG by hand, PNG where matplotlib is installed.

Colours are Okabe and Ito's, and every region, line and point carries its name, so that nothing rests on colour alone.
"""
from __future__ import annotations

from dataclasses import dataclass
from math import ceil, floor, log10
from pathlib import Path
from xml.sax.saxutils import escape

WIDTH, HEIGHT = 800, 520
LEFT, RIGHT, TOP, BOTTOM = 72, 24, 64, 92
BLUE, SKY, GREEN, YELLOW, ORANGE, RED, PINK, GREY = (
    "#0072B2", "#56B4E9", "#009E73", "#F0E442", "#E69F00", "#D55E00", "#CC79A7", "#BBBBBB")
Points = list[tuple[float, float]]


@dataclass(frozen=True)
class Region:
    """A polygon by its corners, filled, with its name at a place; `hatched` marks it a second way."""
    label: str
    colour: str
    corners: Points
    at: tuple[float, float] | None
    hatched: bool = False


@dataclass(frozen=True)
class Line:
    """A line through points."""
    label: str
    colour: str
    points: Points
    dashed: bool = False


@dataclass(frozen=True)
class Drawing:
    """Everything in a picture; x and y are as they are (positive), the axes are logarithmic."""
    title: str
    x: tuple[str, float, float]                                      # what it is, least, greatest
    y: tuple[str, float, float]
    regions: tuple[Region, ...] = ()
    lines: tuple[Line, ...] = ()
    points: tuple[tuple[str, float, float], ...] = ()


def ticks(low: float, high: float) -> list[float]:
    """Powers of ten, and 2 and 5 times these where there are few."""
    decades = range(floor(log10(low)), ceil(log10(high)) + 1)
    steps = (1, 2, 5) if len(decades) < 5 else (1,)
    return [s * 10.0 ** k for k in decades for s in steps if low * (1 - 1e-9) <= s * 10.0 ** k <= high * (1 + 1e-9)]


def label_of(x: float) -> str:
    """A tick in words."""
    if 0.001 <= x < 10000: return f"{x:.10g}"
    return f"10^{round(log10(x))}" if abs(log10(x) - round(log10(x))) < 1e-9 else f"{x:.0e}"


def svg(d: Drawing) -> str:
    """The picture as SVG."""
    spans = [(log10(low), log10(high)) for _, low, high in (d.x, d.y)]

    def across(x: float) -> float:
        share = (log10(min(max(x, d.x[1]), d.x[2])) - spans[0][0]) / (spans[0][1] - spans[0][0])
        return LEFT + share * (WIDTH - LEFT - RIGHT)

    def down(y: float) -> float:
        share = (log10(min(max(y, d.y[1]), d.y[2])) - spans[1][0]) / (spans[1][1] - spans[1][0])
        return HEIGHT - BOTTOM - share * (HEIGHT - TOP - BOTTOM)

    def path(points: Points) -> str: return " ".join(f"{across(x):.1f},{down(y):.1f}" for x, y in points)
    def text(x: float, y: float, words: str, anchor: str = "middle", more: str = "") -> str:
        return f'<text x="{x:.1f}" y="{y:.1f}" text-anchor="{anchor}"{more}>{escape(words)}</text>'

    bottom, right = HEIGHT - BOTTOM, WIDTH - RIGHT
    out = [f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {HEIGHT}" width="{WIDTH}" height="{HEIGHT}" '
           'font-family="sans-serif" font-size="14" fill="#222222">', f"<title>{escape(d.title)}</title>",
           '<defs><pattern id="hatch" width="8" height="8" patternUnits="userSpaceOnUse" patternTransform="rotate(45)">'
           '<line x1="0" y1="0" x2="0" y2="8" stroke="#222222" stroke-opacity="0.35" stroke-width="1.5"/></pattern></defs>',
           f'<rect width="{WIDTH}" height="{HEIGHT}" fill="#FFFFFF"/>', text(LEFT, 26, d.title, "start", ' font-size="16"')]
    for r in d.regions:
        out.append(f'<polygon points="{path(r.corners)}" fill="{r.colour}" fill-opacity="0.35"/>')
        if r.hatched: out.append(f'<polygon points="{path(r.corners)}" fill="url(#hatch)"/>')
    for x in ticks(*d.x[1:]):
        at = f"{across(x):.1f}"
        out += [f'<line x1="{at}" y1="{TOP}" x2="{at}" y2="{bottom + 5}" stroke="#888888" stroke-opacity="0.4"/>',
                text(across(x), bottom + 21, label_of(x))]
    for y in ticks(*d.y[1:]):
        at = f"{down(y):.1f}"
        out += [f'<line x1="{LEFT - 5}" y1="{at}" x2="{right}" y2="{at}" stroke="#888888" stroke-opacity="0.4"/>',
                text(LEFT - 9, down(y) + 5, label_of(y), "end")]
    out += [f'<rect x="{LEFT}" y="{TOP}" width="{right - LEFT}" height="{bottom - TOP}" fill="none" stroke="#222222"/>',
            text((LEFT + right) / 2, bottom + 44, d.x[0]), text(LEFT - 60, TOP - 12, d.y[0], "start")]
    for k, line in enumerate(d.lines):
        dash = ' stroke-dasharray="8 5"' if line.dashed else ""
        out.append(f'<polyline points="{path(line.points)}" fill="none" stroke="{line.colour}" stroke-width="2.5"{dash}/>')
        key, row = LEFT + 370 * (k % 2), bottom + 64 + 18 * (k // 2)
        out += [f'<line x1="{key}" y1="{row}" x2="{key + 30}" y2="{row}" stroke="{line.colour}" stroke-width="2.5"{dash}/>',
                text(key + 38, row + 5, line.label, "start")]
    halo = ' stroke="#FFFFFF" stroke-width="4" stroke-linejoin="round"'

    def haloed(x: float, y: float, words: str, anchor: str, more: str = "") -> list[str]:
        return [text(x, y, words, anchor, more + halo), text(x, y, words, anchor, more)]
    for r in d.regions:
        if r.at: out += haloed(across(r.at[0]), down(r.at[1]), r.label, "middle", ' font-weight="bold"')
    placed: list[tuple[float, float]] = []
    for label, x, y in d.points:
        left, here = across(x) > WIDTH * 0.65, (across(x), down(y))
        free = all(abs(here[0] - a) > 160 or abs(here[1] - b) > 15 for a, b in placed)
        placed += [here] * free                                      # of points close together the first is named
        out += [f'<circle cx="{across(x):.1f}" cy="{down(y):.1f}" r="6" fill="{PINK}" stroke="#000000" stroke-width="1.5"/>',
                *(haloed(here[0] + (-11 if left else 11), here[1] - 9, label, "end" if left else "start") if free else [])]
    return "\n".join([*out, "</svg>"]) + "\n"


def write_png(d: Drawing, path: Path) -> None:
    """The same by matplotlib, whole or not at all.  Raises OSError, and ImportError where matplotlib is missing."""
    from matplotlib.backends.backend_agg import FigureCanvasAgg
    from matplotlib.figure import Figure
    figure = Figure(figsize=(WIDTH / 100, HEIGHT / 100), dpi=160, layout="constrained")
    axes = figure.add_subplot(title=d.title, xlabel=d.x[0], ylabel=d.y[0], xscale="log", yscale="log")
    for r in d.regions:
        axes.fill(*zip(*r.corners), color=r.colour, alpha=0.35, hatch="//" if r.hatched else None)
        if r.at: axes.text(*r.at, r.label, ha="center", weight="bold")
    for line in d.lines:
        axes.plot(*zip(*line.points), color=line.colour, linestyle="--" if line.dashed else "-", label=line.label)
    for label, x, y in d.points:
        axes.plot([x], [y], "o", color=PINK, markeredgecolor="black", markersize=9)
        axes.annotate(label, (x, y), textcoords="offset points", xytext=(9, 7))
    axes.set(xlim=d.x[1:], ylim=d.y[1:])
    if d.lines: figure.legend(loc="outside lower center", ncols=2)
    temporary = path.with_name(f".{path.name}.part")
    try:
        with temporary.open("wb") as file: FigureCanvasAgg(figure).print_png(file)
        temporary.replace(path)
    finally: temporary.unlink(missing_ok=True)
