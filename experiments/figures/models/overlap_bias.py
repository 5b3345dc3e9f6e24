"""Bias of hard and soft estimates as two groups come closer."""

import pandas as pd

from experiments.figures import canvas, style
from experiments.figures.canvas import Drawn

QUANTITIES = {"separation": "estimated − true distance (sd)", "sd": "estimated − true sigma (sd)"}
LOOKS = {
    "EM": ("o", style.VERMILION, "full", -0.05),
    "EM, equal weights": ("o", style.VERMILION, "none", 0.0),
    "k-means": ("D", style.BLACK, "full", 0.05),
}
"""Marker, colour, whether it is filled, and a small shift so that bars in one place are all seen."""


@canvas.drawn_in_style
def overlap_bias(rows: pd.DataFrame, theory: pd.DataFrame) -> Drawn:
    """Mean estimate minus truth by distance, with two standard errors: (a) distance of the means, (b) sigma (truth 1).

    rows    distance, method, quantity ("separation", "sd"), mean, error
    theory  distance, separation, sd: the limit of k-means

    Two columns wide.
    """
    figure, (axes,) = canvas.panels(1, 2, width=style.DOUBLE_COLUMN, height=2.4, apart=0.05)
    handles = []
    for index, (ax, (quantity, label)) in enumerate(zip(axes, QUANTITIES.items(), strict=True)):
        handles = [ax.axhline(0.0, color="0.6", linewidth=0.7)]
        truth = theory["distance"] if quantity == "separation" else 1.0
        handles += ax.plot(theory["distance"], theory[quantity] - truth, color="black", linewidth=0.9)
        for method, (marker, colour, filled, shift) in LOOKS.items():
            of = rows[(rows["quantity"] == quantity) & (rows["method"] == method)]
            bias = of["mean"] - (of["distance"] if quantity == "separation" else 1.0)
            look = {
                "color": colour,
                "marker": marker,
                "fillstyle": filled,
                "markersize": 3.8,
                "linestyle": "none",
                "elinewidth": 0.9,
            }
            handles.append(ax.errorbar(of["distance"] + shift, bias, 2.0 * of["error"], **look))
        canvas.describe(ax.yaxis, label)
        canvas.describe(ax.xaxis, "true distance between the means (sd)")
        canvas.letter(ax, index)
    canvas.legend_above(figure, handles, ["no bias", "k-means, limit by theory", *LOOKS])
    return Drawn(figure, {"estimates": rows, "theory": theory})
