"""A legend in the panels that a grid has left over, in the place of one above all panels."""

from collections.abc import Sequence
from typing import Any

from matplotlib.axes import Axes
from matplotlib.figure import Figure

from experiments.figures import canvas

LINE_INCHES = 0.16
"""Height of a line of a legend."""


def legend_in_spare(figure: Figure, spare: Sequence[Axes], handles: Sequence[Any], labels: Sequence[str]) -> None:
    """In the first of the spare panels of a row, as many columns as there are of them; above if there is no room."""
    wanted = max(canvas.text_inches(label) for label in labels) + 0.45
    width, height = canvas.share(spare[0]) if spare else (0.0, 0.0)
    columns = int(len(spare) * width / wanted)
    lines = int((height - 0.2) / LINE_INCHES)
    if columns * lines < len(labels):
        canvas.legend_above(figure, handles, labels)
        return
    ax = spare[0]
    ax.set_visible(True)
    ax.set_axis_off()
    legend = ax.legend(
        handles,
        labels,
        loc="upper left",
        bbox_to_anchor=(-0.1, 1.0),
        ncols=-(-len(labels) // lines),
        frameon=False,
        fontsize=canvas.TEXT_POINTS,
        handlelength=2.2,
        handletextpad=0.5,
        borderaxespad=0.0,
    )
    legend.set_in_layout(False)
