"""Figures: functions from arrays to a figure and the numbers it shows. Nothing is written, no global style touched."""

from experiments.figures.ascent import ascent
from experiments.figures.canvas import Drawn
from experiments.figures.density import density
from experiments.figures.disagreements import disagreements
from experiments.figures.marginals import marginals
from experiments.figures.plane import plane
from experiments.figures.predictive import predictive_check
from experiments.figures.traces import traces

__all__ = ["Drawn", "ascent", "density", "disagreements", "marginals", "plane", "predictive_check", "traces"]
