"""The section of a comparison's report on its data: feature by feature, and drawn with both answers over them."""

import numpy as np
import pandas as pd

from experiments.comparing.comparison import INTERVAL, Comparison
from experiments.comparing.sections.pictured import data_named, pictured
from experiments.figures.comparison.density import density
from experiments.figures.comparison.plane import EM_LEVELS, MOST_FEATURES, SHEAF_LEVEL, plane, sheaf_draws
from experiments.reporting.formats import short
from experiments.reporting.markup import escape_markdown
from experiments.reporting.report import Picture, Section, Table
from experiments.reporting.sentences import listed


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
    caption = f"{data_named(comparison)} The data, feature by feature."
    blocks: list[str | Table | Picture] = [text, Table("features", caption, frame, resolution=scales)]
    if n_features == 1:
        drawn = density(comparison.best, comparison.posterior, subject.labels, level=INTERVAL)
        caption = (
            "The data (grey histogram; a tick below the axis for each point), the density at EM's estimate (wide line)"
            " with its numbered components (dotted), and the posterior predictive density (dashed) with its pointwise"
            f" {100 * INTERVAL:g}% band (shaded, equal tails)."
        )
    else:
        drawn = plane(comparison.best, comparison.relabelled, subject.labels)
        levels = listed([f"{100 * level:g}%" for level in EM_LEVELS])
        first = f" The first {MOST_FEATURES} features." if n_features > MOST_FEATURES else ""
        caption = (
            "The data, marked by EM's most probable component. Thick ellipses hold"
            f" {levels} of each component at EM's estimate, crosses are its means; thin ones hold"
            f" {100 * SHEAF_LEVEL:g}% in each of {sheaf_draws(n_features)} draws of the relabelled posterior.{first}"
        )
    caption = f"{data_named(comparison)} {caption}"
    centres = listed([short(float(mean)) for mean in comparison.best.means[:, 0]])
    seen = f"EM's means of {subject.labels[0]}: {centres}."
    return Section("The data", (*blocks, pictured("data", drawn, caption, f"{caption} {seen}")))
