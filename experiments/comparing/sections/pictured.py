"""A drawn figure as the picture of a report, and the words that name its data."""

from experiments.comparing.comparison import Comparison
from experiments.figures.canvas import Drawn
from experiments.reporting.report import Picture, Width


def data_named(comparison: Comparison) -> str:
    """What a caption begins with, so that it can stand alone: the data, how many points, how many components."""
    return f"{comparison.subject.title}, n = {len(comparison.subject.points)}, K = {comparison.best.n_components}."


def pictured(name: str, drawn: Drawn, caption: str, alt: str) -> Picture:
    """With its plotted numbers; across both columns where it is drawn so wide."""
    width: Width = "single" if drawn.figure.get_size_inches()[0] < 5.0 else "double"
    data = {key.lower(): frame for key, frame in drawn.data.items()}
    return Picture(name, caption, alt, drawn.figure, data, width)
