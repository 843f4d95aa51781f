"""Small charts as SVG text: axes that people can read, nothing fetched, nothing run. Pure.

Colours are told apart without colour vision by dashes and by labels at the lines; each has a
contrast of at least 4.5 : 1 on white (WCAG 2.2, 1.4.3).
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from html import escape

INK, MUTED, GRID = "#1b2430", "#55606e", "#d9dee5"
COLOURS = ("#0b5cad", "#b3400b", "#1c7a3a", "#7a3fa0", "#8a6100", "#a3195b", "#00707a", "#3d3d9e",
           "#5a5a00", "#333c47")  # fmt: skip
DASHES = ("", "7 3", "2 3", "9 3 2 3", "12 4", "4 4", "1 4", "14 3 3 3", "6 2 1 2", "3 1")
WIDTH, HEIGHT = 640.0, 300.0
LEFT, RIGHT, TOP, BOTTOM = 62.0, 14.0, 36.0, 56.0

Points = Sequence[tuple[float, float]]


@dataclass(frozen=True, slots=True)
class Line:
    name: str
    points: Points


@dataclass(frozen=True, slots=True)
class Axis:
    title: str
    low: float
    high: float
    log: bool = False
    tell: Callable[[float], str] = "{:g}".format

    def share(self, value: float) -> float:
        """Where on the axis: 0 at `low`, 1 at `high`."""
        if self.log:
            low, high = math.log10(self.low), math.log10(self.high)
            return (math.log10(max(value, self.low)) - low) / (high - low)
        return (value - self.low) / (self.high - self.low)

    def marks(self) -> list[float]:
        if self.log:
            first, last = math.ceil(math.log10(self.low)), math.floor(math.log10(self.high))
            return [10.0**n for n in range(first, last + 1)]
        step = _step((self.high - self.low) / 6)
        first = math.ceil(self.low / step)
        return [n * step for n in range(first, math.floor(self.high / step + 1e-9) + 1)]


def axis(title: str, values: Sequence[float], tell: Callable[[float], str] = "{:g}".format) -> Axis:
    """From 0 to a little more than the highest."""
    return Axis(title, 0.0, max([*values, 1e-9]) * 1.05, tell=tell)


def log_axis(title: str, values: Sequence[float]) -> Axis:
    """Whole powers of ten around what is positive."""
    positive = [value for value in values if value > 0] or [1.0]
    low, high = math.floor(math.log10(min(positive))), math.ceil(math.log10(max(positive)))
    return Axis(title, 10.0**low, 10.0 ** max(high, low + 1), log=True)


def line_chart(
    about: str, x: Axis, y: Axis, lines: Sequence[Line], marks: Sequence[tuple[float, str]] = ()
) -> str:
    """`marks` are moments of the x axis with a word: a fault, say."""
    parts = [_frame(x, y)]
    for at, word in marks:
        parts.append(_moment(_x(x, at), word))
    for number, line in enumerate(lines):
        colour, dash = COLOURS[number % len(COLOURS)], DASHES[number % len(DASHES)]
        drawn = " ".join(f"{_x(x, a):.1f},{_y(y, b):.1f}" for a, b in line.points)
        dashed = f' stroke-dasharray="{dash}"' if dash else ""
        parts.append(
            f'<polyline fill="none" stroke="{colour}" stroke-width="2"{dashed} points="{drawn}"/>'
        )
    return _svg(about, parts) + _legend(lines)


def scatter(about: str, x: Axis, y: Axis, points: Points, guide: Points = ()) -> str:
    """`guide` is a line to compare with."""
    parts = [_frame(x, y)]
    if guide:
        drawn = " ".join(f"{_x(x, a):.1f},{_y(y, b):.1f}" for a, b in guide)
        parts.append(
            f'<polyline fill="none" stroke="{MUTED}" stroke-dasharray="4 4" points="{drawn}"/>'
        )
    for a, b in points:
        parts.append(
            f'<circle cx="{_x(x, a):.1f}" cy="{_y(y, b):.1f}" r="2" fill="{COLOURS[0]}" '
            'fill-opacity="0.55"/>'
        )
    return _svg(about, parts)


def _x(one: Axis, value: float) -> float:
    return LEFT + min(1.0, max(0.0, one.share(value))) * (WIDTH - LEFT - RIGHT)


def _y(one: Axis, value: float) -> float:
    return HEIGHT - BOTTOM - min(1.0, max(0.0, one.share(value))) * (HEIGHT - TOP - BOTTOM)


def _frame(x: Axis, y: Axis) -> str:
    parts = []
    for value in y.marks():
        at = _y(y, value)
        parts.append(
            f'<line x1="{LEFT}" x2="{WIDTH - RIGHT}" y1="{at:.1f}" y2="{at:.1f}" stroke="{GRID}"/>'
        )
        parts.append(_text(LEFT - 6, at + 4, y.tell(value), "end"))
    for value in x.marks():
        at = _x(x, value)
        anchor = "middle" if at < WIDTH - 2 * RIGHT else "end"  # the last one has no room beyond
        parts.append(_text(min(at, WIDTH - 2), HEIGHT - BOTTOM + 24, x.tell(value), anchor))
    base = HEIGHT - BOTTOM
    parts.append(
        f'<line x1="{LEFT}" x2="{WIDTH - RIGHT}" y1="{base}" y2="{base}" stroke="{MUTED}"/>'
    )
    parts.append(_text((LEFT + WIDTH - RIGHT) / 2, HEIGHT - 6, x.title, "middle"))
    parts.append(_text(2, 16, y.title, "start"))  # over the axis: beside it there is no room
    return "".join(parts)


def _moment(at: float, word: str) -> str:
    """The word stands on the side where there is room."""
    right = at > WIDTH * 0.75
    return (
        f'<line x1="{at:.1f}" x2="{at:.1f}" y1="{TOP}" y2="{HEIGHT - BOTTOM}" stroke="{INK}" '
        'stroke-dasharray="3 3"/>'
        + _text(at - 4 if right else at + 4, TOP + 10, word, "end" if right else "start")
    )


def _text(x: float, y: float, words: str, anchor: str) -> str:
    return f'<text x="{x:.1f}" y="{y:.1f}" text-anchor="{anchor}">{escape(words)}</text>'


def _svg(about: str, parts: Sequence[str]) -> str:
    return (
        f'<svg viewBox="0 0 {WIDTH:g} {HEIGHT:g}" role="img" aria-label="{escape(about)}">'
        f"{''.join(parts)}</svg>"
    )


def _legend(lines: Sequence[Line]) -> str:
    items = []
    for number, line in enumerate(lines):
        colour, dash = COLOURS[number % len(COLOURS)], DASHES[number % len(DASHES)]
        items.append(
            '<li><svg viewBox="0 0 34 8" class="key" aria-hidden="true">'
            f'<line x1="0" x2="34" y1="4" y2="4" stroke="{colour}" stroke-width="2.5" '
            f'stroke-dasharray="{dash or "none"}"/></svg>{escape(line.name)}</li>'
        )
    return f'<ul class="legend">{"".join(items)}</ul>'


def _step(rough: float) -> float:
    """1, 2 or 5 times a power of ten, not less than `rough`."""
    power = 10.0 ** math.floor(math.log10(rough))
    return next(power * n for n in (1, 2, 5, 10) if power * n >= rough)
