"""How figures look: final physical size, one colour and one line style for each method, nothing global touched."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from types import MappingProxyType
from typing import TYPE_CHECKING, Any, Literal

import matplotlib.style
from cycler import cycler

if TYPE_CHECKING:
    from matplotlib.figure import Figure

SINGLE_COLUMN = 3.4
"""Width in inches of a figure in one column."""
DOUBLE_COLUMN = 7.0
"""Width in inches of a figure across both columns."""

BLACK, ORANGE, SKY, GREEN, YELLOW, BLUE, VERMILION, PURPLE = (
    *("#000000", "#E69F00", "#56B4E9", "#009E73"),
    *("#F0E442", "#0072B2", "#D55E00", "#CC79A7"),
)
"""The colours of Okabe & Ito (2008), which colour-blind readers can tell apart."""
GREY = "#7F7F7F"
BROWN, VIOLET, OLIVE = "#8B5A2B", "#5D3A9B", "#8F8300"
"""Darker than any of those, for methods beyond them."""


@dataclass(frozen=True)
class Look:
    """What one method looks like everywhere: colour, line and marker, so that it can be told in grey too."""

    color: str
    linestyle: str | tuple[float, tuple[float, ...]]
    marker: str

    @property
    def line(self) -> dict[str, Any]:
        """Keyword arguments of `Axes.plot` for a line."""
        return {"color": self.color, "linestyle": self.linestyle}

    @property
    def points(self) -> dict[str, Any]:
        """Keyword arguments of `Axes.plot` for markers without a line."""
        return {"color": self.color, "linestyle": "none", "marker": self.marker}


METHODS = MappingProxyType(
    {
        "em": Look(VERMILION, "-", "o"),
        "posterior": Look(BLUE, (0, (4, 1.5)), "s"),
        "truth": Look(BLACK, (0, (1, 1.2)), "x"),
        "data": Look(GREY, "-", "."),
    }
)
"""The looks of the methods: the same in every figure."""

MOVES = MappingProxyType(
    {
        "EM": METHODS["em"],
        "generalised EM": Look(VIOLET, (0, (4, 1.5)), "s"),
        "accelerated EM": Look(GREEN, "-", "D"),
        "SQUAREM": Look(PURPLE, (0, (4, 1.5)), "^"),
        "L-BFGS": Look(SKY, "-", "v"),
        "Newton": Look(BROWN, (0, (1, 1.2)), "P"),
        "gradient ascent": Look(ORANGE, (0, (4, 1, 1, 1)), "X"),
    }
)
"""The looks of the ways to climb the likelihood, by the names of the moves: the same in every figure."""

SCIKIT_LEARN = Look(OLIVE, (0, (4, 1.5)), "D")
"""Of the other program."""

METHOD_COLOURS = MappingProxyType({name: look.color for name, look in METHODS.items()})

COMPONENT_MARKERS = ("o", "^", "s", "D", "v", "P", "X", "*")
"""Components are told by marker and label; colour belongs to the method."""

CHAIN_COLOURS = (BLUE, ORANGE, GREEN, PURPLE, SKY, VERMILION, BLACK, YELLOW)
"""Chains of one posterior, where they are drawn apart."""

RC: MappingProxyType[str, Any] = MappingProxyType(
    {
        "font.family": "sans-serif",
        "font.sans-serif": ["DejaVu Sans", "Verdana", "Arial", "sans-serif"],
        "font.size": 8,
        "axes.titlesize": 8,
        "axes.labelsize": 8,
        "xtick.labelsize": 7,
        "ytick.labelsize": 7,
        "legend.fontsize": 7,
        "legend.frameon": False,
        "legend.handlelength": 2.4,
        "mathtext.fontset": "dejavusans",
        "axes.linewidth": 0.6,
        "axes.spines.top": False,
        "axes.spines.right": False,
        "axes.axisbelow": True,
        "axes.prop_cycle": cycler(color=[BLUE, VERMILION, GREEN, PURPLE, ORANGE, SKY, BLACK]),
        "xtick.major.width": 0.6,
        "ytick.major.width": 0.6,
        "xtick.major.size": 2.5,
        "ytick.major.size": 2.5,
        "lines.linewidth": 1.2,
        "lines.markersize": 3.5,
        "patch.linewidth": 0.6,
        "grid.color": "#DDDDDD",
        "grid.linewidth": 0.5,
        "image.cmap": "cividis",
        "figure.dpi": 100,
        "figure.constrained_layout.use": True,
        "figure.facecolor": "white",
        "savefig.dpi": 300,
        "savefig.bbox": None,
        "pdf.fonttype": 42,
        "ps.fonttype": 42,
        "svg.fonttype": "none",
        "svg.hashsalt": "logsum",
        "path.simplify": True,
    }
)


@contextmanager
def figure_style() -> Iterator[None]:
    """Matplotlib's defaults with `RC` over them, whatever the reader's own settings; undone on leaving.

    Both drawing and saving a figure belong inside.
    """
    with matplotlib.style.context(["default", dict(RC)]):
        yield


def new_figure(width: Literal["single", "double"] = "single", height: float = 2.6) -> "Figure":
    """An empty Figure of final physical size, in inches, free of pyplot. Call it inside `figure_style`."""
    from matplotlib.figure import Figure

    return Figure(figsize=(SINGLE_COLUMN if width == "single" else DOUBLE_COLUMN, height), layout="constrained")
