"""What every figure is drawn on: sizes, palette, axis labels that hold for any magnitude and any name."""

import re
from bisect import bisect_left
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import lru_cache, wraps
from typing import Any

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.axis import Axis, XAxis
from matplotlib.figure import Figure
from matplotlib.font_manager import FontProperties, findfont, get_font
from matplotlib.ft2font import LoadFlags
from matplotlib.layout_engine import ConstrainedLayoutEngine
from matplotlib.lines import Line2D
from matplotlib.text import Text
from matplotlib.ticker import Formatter, LogLocator, MaxNLocator, NullLocator

from experiments.figures import style

TEXT_POINTS = 7.0

LONGEST_NAME = 200
"""Characters of a name that are measured at all."""

RASTER_POINTS = 2000
"""More points than this in one artist are drawn as pixels, so that a PDF stays small."""

COMPONENT_COLOURS = ("#00604A", style.ORANGE, style.PURPLE, style.SKY, style.BLACK, "#B8A900", "#8B5A2B", style.GREY)
"""Colours of components: none of them a method's, neighbours of different lightness, a deeper green than Okabe &
Ito's first. Markers tell components apart without colour."""

_SUPERSCRIPT = str.maketrans("-0123456789", "⁻⁰¹²³⁴⁵⁶⁷⁸⁹")
_NAME_AND_UNIT = re.compile(r"^(?P<quantity>.*\S)\s*\((?P<unit>[^()]{1,16})\)$")


@dataclass(frozen=True, eq=False)
class Drawn:
    """A figure and the numbers it shows: one table for each kind of artist, by name."""

    figure: Figure
    data: dict[str, pd.DataFrame]


def drawn_in_style[**P](draw: Callable[P, Drawn]) -> Callable[P, Drawn]:
    """Draw in the project's style, whatever the reader's is, and take every text literally: no $...$, no TeX.

    Marks that are not clipped at the edge of their panel take no part in the layout.
    """

    @wraps(draw)
    def styled(*args: P.args, **kwargs: P.kwargs) -> Drawn:
        with style.figure_style():
            drawn = draw(*args, **kwargs)
        for text in drawn.figure.findobj(Text):
            text.set_parse_math(False)
            text.set_usetex(False)
        for line in drawn.figure.findobj(Line2D):
            line.set_in_layout(line.get_clip_on())  # what sticks out of its panel would be given room, or all of it
        return drawn

    return styled


def panels(
    n_rows: int, n_columns: int, *, width: float, height: float, share_y: bool = False, apart: float = 0.02
) -> tuple[Figure, np.ndarray]:
    """A figure of that size in inches and its axes (n_rows, n_columns), not known to pyplot.

    apart: share of a panel's width that is left free between panels.
    """
    layout = ConstrainedLayoutEngine(w_pad=0.03, h_pad=0.03, wspace=apart, hspace=0.02)
    figure = Figure(figsize=(width, height), layout=layout)
    axes = figure.subplots(n_rows, n_columns, squeeze=False, sharey=share_y)
    for ax in axes.flat:
        ax.tick_params(labelsize=TEXT_POINTS, labelfontfamily="DejaVu Sans", width=0.6, length=2.5, pad=2.0)
        ax.spines[["top", "right"]].set_visible(False)
    return figure, axes


def component_colour(component: int) -> str:
    """Colour of component k; beyond eight they come round again."""
    return COMPONENT_COLOURS[component % len(COMPONENT_COLOURS)]


def component_marker(component: int) -> str:
    """Marker of component k, so that colour is not needed."""
    return style.COMPONENT_MARKERS[component % len(style.COMPONENT_MARKERS)]


def component_handle(component: int) -> Line2D:
    """What a legend shows for component k."""
    marker, colour = component_marker(component), component_colour(component)
    return Line2D([], [], linestyle="none", marker=marker, color=colour, markersize=3.8)


def letter(ax: Axes, index: int) -> None:
    """(a), (b), ... above the panel's left end."""
    ax.set_title(f"({'abcdefghijklmnopqrstuvwxyz'[index]})", loc="left", fontsize=8, fontweight="bold", pad=3)


def legend_above(figure: Figure, handles: Sequence[Any], labels: Sequence[str]) -> None:
    """One legend for all panels, above them, in as many columns as fit the width."""
    widths = [text_inches(label) + 0.4 for label in labels]
    for rows in range(1, len(labels) + 1):  # filled column by column
        if sum(max(widths[first : first + rows]) for first in range(0, len(widths), rows)) <= figure.get_figwidth():
            break
    figure.legend(
        handles,
        labels,
        loc="outside upper center",
        ncols=-(-len(labels) // rows),
        frameon=False,
        fontsize=TEXT_POINTS,
        handlelength=2.2,
        columnspacing=1.2,
        handletextpad=0.5,
        borderaxespad=0.1,
    )


def describe(axis: Axis, name: str, *, lines: int = 2, among: tuple[float, float] | None = None) -> None:
    """Label an axis and number it so that ticks stay short: a common offset and power of ten go into the label.

    `name` may end in a unit, as in "eruptions (min)". Call it when the axis' limits are final; they are fixed.
    `among` is the range of several axes that share one label, and so must share offset and power.
    """
    low, high = sorted(axis.get_view_interval())
    ax, horizontal = axis.axes, isinstance(axis, XAxis)
    (ax.set_xlim if horizontal else ax.set_ylim)(low, high)
    length = _inches(ax, horizontal)
    offset, exponent = _reference(*(among or (low, high)))
    formatter = Scaled(offset, exponent)
    axis.set_major_formatter(formatter)
    axis.set_major_locator(_locator(low, high, formatter, length, horizontal))
    axis.set_label_text(fitted(*_with_reference(clean(name), offset, exponent), length, lines), fontsize=TEXT_POINTS)


def logarithmic(ax: Axes, name: str, *, ticks: int = 6) -> None:
    """A horizontal axis of powers of ten, `ticks` of them at most."""
    ax.set_xscale("log")
    ax.xaxis.set_major_locator(LogLocator(numticks=ticks))
    ax.xaxis.set_minor_locator(NullLocator())
    ax.xaxis.set_major_formatter(Powers())
    ax.set_xlabel(name, fontsize=TEXT_POINTS)


def clean(name: str) -> str:
    """A name in one line of at most 200 characters, with a box for each character that the font lacks.

    A name that is longer keeps its beginning and its end, where a unit stands.
    """
    line = " ".join(str(name).split())
    if len(line) > LONGEST_NAME:
        line = f"{line[: LONGEST_NAME - 21]}…{line[-20:]}"
    return "".join(c if _in_font(c) else "\u25a1" for c in line)


def fitted(text: str, tail: str, inches: float, lines: int) -> str:
    """Text and tail broken to that width; if they need more lines the text is cut with an ellipsis, never the tail."""
    broken = _wrapped(text + tail, inches)
    if len(broken) <= lines:
        return "\n".join(broken)

    def cut(kept: int) -> list[str]:
        return _wrapped(f"{text[:kept].rstrip()}…{tail}", inches)

    fits = bisect_left(range(1, len(text)), True, key=lambda kept: len(cut(kept)) > lines)  # how many cuts fit
    return "\n".join(cut(max(fits, 1)))


def _wrapped(text: str, inches: float) -> list[str]:
    """Lines no wider than that, broken between words, and within a word that is wider than a line."""
    lines = [""]
    for word in text.split():
        longer = f"{lines[-1]} {word}".strip()
        if text_inches(longer) <= inches:
            lines[-1] = longer
            continue
        lines += [""] if lines[-1] else []
        for character in word:
            if lines[-1] and text_inches(lines[-1] + character) > inches:
                lines.append("")
            lines[-1] += character
    return lines


@lru_cache(maxsize=8192)
def text_inches(text: str) -> float:
    """Width of a text in the figures' font and size."""
    font = get_font(findfont(FontProperties(family="DejaVu Sans")))
    font.set_size(TEXT_POINTS, 72.0)
    font.set_text(text, 0.0, flags=LoadFlags.NO_HINTING)
    return float(font.get_width_height()[0]) / 64.0 / 72.0


def _locator(low: float, high: float, formatter: "Scaled", inches: float, horizontal: bool) -> MaxNLocator:
    """As many ticks, up to five or so, as have room for their labels."""
    for bins in range(max(2, min(5, int(inches / 0.36))), 1, -1):
        locator = MaxNLocator(bins, steps=[1, 2, 5, 10])
        ticks = [tick for tick in locator.tick_values(low, high) if low <= tick <= high]
        if not horizontal or sum(text_inches(text) + 0.08 for text in formatter.format_ticks(ticks)) <= inches:
            return locator
    return MaxNLocator(1, steps=[1, 2, 5, 10])


class Scaled(Formatter):
    """Tick labels of (value - offset) / 10^exponent with no more decimals than they need to differ."""

    def __init__(self, offset: float = 0.0, exponent: int = 0) -> None:
        self.offset = offset
        self.exponent = exponent

    def __call__(self, value: float, pos: int | None = None) -> str:
        return self.format_ticks([value])[0]

    def format_ticks(self, values: Sequence[float]) -> list[str]:
        """The labels of all ticks together: as many decimals for each as their smallest step needs."""
        shown = (np.asarray(values, dtype=np.float64) - self.offset) / 10.0**self.exponent
        steps = np.diff(np.unique(shown.round(12)))
        decimals = max(0, -int(np.floor(np.log10(steps.min()) + 1e-9))) if steps.size else 0
        texts = (f"{value:.{min(decimals, 12)}f}" for value in shown)
        return [(text.lstrip("-") if float(text) == 0.0 else text).replace("-", "−") for text in texts]


class Powers(Formatter):
    """0.01, 0.1, 1, 10, 100, 1000, else 10⁻³, 10⁴: whole powers of ten on a logarithmic axis, others unlabelled.

    `lowest` marks the power at which smaller values are drawn.
    """

    def __init__(self, lowest: float = 0.0) -> None:
        self.lowest = lowest

    def __call__(self, value: float, pos: int | None = None) -> str:
        if value <= 0.0:
            return "0" if value == 0.0 else ""
        exponent = round(np.log10(value))
        if not np.isclose(value, 10.0**exponent):
            return ""
        text = f"{10.0**exponent:g}" if -2 <= exponent <= 3 else power_of_ten(exponent)
        return f"≤{text}" if np.isclose(value, self.lowest, rtol=1e-6, atol=0.0) else text


def power_of_ten(exponent: int) -> str:
    """10ⁿ in plain characters."""
    return "10" + str(exponent).translate(_SUPERSCRIPT)


def _reference(low: float, high: float) -> tuple[float, int]:
    """An offset (0 unless the span is below 1e-4 of the values) and a power of ten that leave short numbers."""
    span = high - low
    largest = max(abs(low), abs(high))
    offset = 0.0
    if 0.0 < span < 1e-4 * largest:
        unit = 10.0 ** np.ceil(np.log10(span))
        offset = float(np.floor(low / unit) * unit)
        largest = max(abs(low - offset), abs(high - offset))
    if largest == 0.0 or 1e-2 <= largest < 1e5:
        return offset, 0
    return offset, int(3 * np.floor(np.log10(largest) / 3))


def _with_reference(name: str, offset: float, exponent: int) -> tuple[str, str]:
    """The quantity, which may be cut, and what may not: offset, power of ten and unit."""
    parts = _NAME_AND_UNIT.match(name)
    quantity, unit = (parts["quantity"], parts["unit"]) if parts else (name, "")
    tail = f" {'−' if offset > 0 else '+'} {abs(offset):.15g}" if offset else ""
    unit = f"{power_of_ten(exponent)} {unit}".strip() if exponent else unit
    return quantity, f"{tail} ({unit})" if unit else tail


def share(ax: Axes) -> tuple[float, float]:
    """Width and height in inches of a panel's share of its figure, labels included and the legend left out."""
    figure, spec = ax.get_figure(root=True), ax.get_subplotspec()
    if figure is None or spec is None:
        raise ValueError("only a panel of a figure has a share of it")
    rows, columns, first, last = spec.get_geometry()
    width, height = figure.get_size_inches()
    n_rows, n_columns = last // columns - first // columns + 1, last % columns - first % columns + 1
    return float(width * n_columns / columns), float((height - 0.3) * n_rows / rows)


def _inches(ax: Axes, horizontal: bool) -> float:
    """About how long the axis will be: its share of the figure, less what its labels take."""
    width, height = share(ax)
    if horizontal:
        return max(0.5, width - (0.45 if len(ax.get_yticks()) else 0.15))
    return max(0.5, height - 0.45)


@lru_cache(maxsize=4096)
def _in_font(character: str) -> bool:
    return (
        character == " " or get_font(findfont(FontProperties(family="DejaVu Sans"))).get_char_index(ord(character)) > 0
    )
