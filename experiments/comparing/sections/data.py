"""The section of a comparison's report on its data: feature by feature, and drawn with both answers over them."""

import numpy as np
import pandas as pd

from experiments.comparing.comparison import INTERVAL, Comparison
from experiments.comparing.sections.pictured import pictured
from experiments.figures.comparison.density import density
from experiments.figures.comparison.plane import plane
from experiments.reporting.markup import escape_markdown
from experiments.reporting.report import Picture, Section, Table


def data_section(comparison: Comparison) -> Section:
    subject = comparison.subject
    points = subject.points
    frame = pd.DataFrame(
        {
            "feature": subject.labels,
            "mean": points.mean(axis=0),
            "sd": points.std(axis=0, ddof=1),
            "minimum": points.min(axis=0),
            "median": np.median(points, axis=0),
            "maximum": points.max(axis=0),
            "distinct values": [len(np.unique(column)) for column in points.T],
        }
    )
    n_samples, n_features = points.shape
    plural = "s" if n_features > 1 else ""
    text = (
        f"{escape_markdown(subject.title)}: n = {n_samples} points with D = {n_features} feature{plural}."
        f" {escape_markdown(subject.origin)} The data's sha256 begins with `{subject.sha256[:16]}`."
    )
    if subject.incomplete:
        text += (
            f" **{subject.incomplete}.** Tables and figures show the complete rows, the likelihood and the criteria of"
            " EM are those of all rows, and chains are started from EM's optima on the complete ones."
        )
    scales = dict.fromkeys(("mean", "sd", "minimum", "median", "maximum"), "sd")
    caption = "The data, feature by feature."
    blocks: list[str | Table | Picture] = [text, Table("features", caption, frame, resolution=scales)]
    if n_features == 1:
        drawn = density(comparison.best, comparison.posterior, subject.labels, level=INTERVAL)
        caption = (
            "The data (histogram and rug), the density at EM's estimate with its components, and the posterior"
            f" predictive density with its pointwise {100 * INTERVAL:g}% band (equal tails)."
        )
    else:
        drawn = plane(comparison.best, comparison.relabelled, subject.labels)
        caption = (
            "The data, marked by EM's most probable component. Ellipses hold 50% and 90% of each component: at EM's"
            " estimate, and for single draws of the relabelled posterior."
        )
    alt = f"{caption} n = {n_samples}, K = {comparison.best.n_components}."
    return Section("The data", (*blocks, pictured("data", drawn, caption, alt)))
