"""Charts as inline SVG: readable at 320 px, in light and dark, in print and without scripts. Text is text.

Colours are classes of the page's style. A chart says in its title what it shows; the same figures stand in a table
beside it, which is the page's.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from html import escape

from markupsafe import Markup

WIDTH = 340  # of the drawing; the page scales it up to 1.3 times
BAR_STEP, BAR_HEIGHT = 38, 12
FOREST_STEP, FOREST_LABEL = 21, 74
LINE_HEIGHT = 120


@dataclass(frozen=True)
class Bar:
    """`text`: what stands behind the bar."""

    label: str
    value: float
    text: str


@dataclass(frozen=True)
class Whisker:
    """A figure with its interval; `is_total`: the line of all together, drawn stronger."""

    label: str
    value: float
    low: float
    high: float
    is_total: bool = False


def bars(title: str, rows: Sequence[Bar]) -> Markup:
    """A bar per row, its label above it."""
    most = max((row.value for row in rows), default=0) or 1
    room = WIDTH - 90
    parts = []
    for number, row in enumerate(rows):
        top = number * BAR_STEP
        length = max(room * row.value / most, 1 if row.value else 0)
        parts.append(
            f'<text x="0" y="{top + 13}">{escape(row.label)}</text>'
            f'<rect class="bar" x="0" y="{top + 19}" width="{length:.1f}" height="{BAR_HEIGHT}" rx="2"/>'
            f'<text class="quiet" x="{length + 6:.1f}" y="{top + 29}">{escape(row.text)}</text>'
        )
    return _svg(title, len(rows) * BAR_STEP, "".join(parts))


def columns(title: str, values: Sequence[int], labels: Sequence[str], from_label: str, to_label: str) -> Markup:
    """A column per value with its label on top; what the first and the last column are stands below."""
    most, height = max(values, default=0) or 1, 110
    step = WIDTH / max(len(values), 1)
    parts = []
    for number, (value, label) in enumerate(zip(values, labels, strict=True)):
        tall = (height - 34) * value / most
        x = number * step
        parts.append(
            f'<rect class="bar" x="{x + 2:.1f}" y="{height - 18 - tall:.1f}" width="{step - 4:.1f}" '
            f'height="{tall:.1f}" rx="2"/>'
            f'<text class="small" text-anchor="middle" x="{x + step / 2:.1f}" y="{height - 22 - tall:.1f}">'
            f"{escape(label)}</text>"
        )
    ends = (
        f'<text class="quiet" x="0" y="{height - 4}">{escape(from_label)}</text>'
        f'<text class="quiet" text-anchor="end" x="{WIDTH}" y="{height - 4}">{escape(to_label)}</text>'
    )
    return _svg(title, height, "".join(parts) + ends)


def forest(title: str, rows: Sequence[Whisker], *, ends: tuple[str, str]) -> Markup:
    """A whisker per row around zero; `ends`: the values at both ends of the axis, as text."""
    reach = reach_of(rows)
    middle, room = FOREST_LABEL + (WIDTH - FOREST_LABEL) / 2, (WIDTH - FOREST_LABEL) / 2 - 6
    height = len(rows) * FOREST_STEP

    def x(value: float) -> float:
        return middle + room * value / reach

    parts = [f'<line class="zero" x1="{middle:.1f}" x2="{middle:.1f}" y1="2" y2="{height}"/>']
    for number, row in enumerate(rows):
        y = number * FOREST_STEP + 12
        kind = "total" if row.is_total else ("sure" if row.low > 0 or row.high < 0 else "unsure")
        parts.append(
            f'<text class="small" x="0" y="{y + 4}">{escape(row.label)}</text>'
            f'<line class="{kind}" x1="{x(row.low):.1f}" x2="{x(row.high):.1f}" y1="{y}" y2="{y}"/>'
            f'<circle class="{kind}" cx="{x(row.value):.1f}" cy="{y}" r="{5 if row.is_total else 3.5}"/>'
        )
    axis = (
        f'<text class="quiet small" x="{FOREST_LABEL}" y="{height + 14}">{escape(ends[0])}</text>'
        f'<text class="quiet small" text-anchor="middle" x="{middle:.1f}" y="{height + 14}">0</text>'
        f'<text class="quiet small" text-anchor="end" x="{WIDTH}" y="{height + 14}">{escape(ends[1])}</text>'
    )
    return _svg(title, height + 20, "".join(parts) + axis)


def reach_of(rows: Sequence[Whisker]) -> float:
    """Half of the axis of `forest`."""
    return max((max(abs(row.low), abs(row.high)) for row in rows), default=1.0) or 1.0


def line(title: str, values: Sequence[float], ends: tuple[str, str], figures: tuple[str, str]) -> Markup:
    """A line from the first value to the last; `ends`: their names, `figures`: they as text. Zero is the floor."""
    most = max(values, default=0) or 1
    room, left, right = LINE_HEIGHT - 40, 4, WIDTH - 4
    step = (right - left) / max(len(values) - 1, 1)
    points = [(left + number * step, 22 + room * (1 - value / most)) for number, value in enumerate(values)]
    path = " ".join(f"{x:.1f},{y:.1f}" for x, y in points)
    (first_x, first_y), (last_x, last_y) = points[0], points[-1]
    parts = (
        f'<polyline class="line" points="{path}"/>'
        f'<circle class="sure" cx="{first_x:.1f}" cy="{first_y:.1f}" r="3.5"/>'
        f'<circle class="sure" cx="{last_x:.1f}" cy="{last_y:.1f}" r="3.5"/>'
        f'<text class="small" x="0" y="{max(first_y - 8, 12):.1f}">{escape(figures[0])}</text>'
        f'<text class="small" text-anchor="end" x="{WIDTH}" y="{max(last_y - 8, 12):.1f}">{escape(figures[1])}</text>'
        f'<text class="quiet small" x="0" y="{LINE_HEIGHT - 4}">{escape(ends[0])}</text>'
        f'<text class="quiet small" text-anchor="end" x="{WIDTH}" y="{LINE_HEIGHT - 4}">{escape(ends[1])}</text>'
    )
    return _svg(title, LINE_HEIGHT, parts)


def _svg(title: str, height: int, inside: str) -> Markup:
    return Markup(  # noqa: S704 - whoever calls this has escaped every text
        f'<svg class="chart" role="img" aria-label="{escape(title)}" viewBox="0 0 {WIDTH} {max(height, 1)}">'
        f"<title>{escape(title)}</title>{inside}</svg>"
    )
