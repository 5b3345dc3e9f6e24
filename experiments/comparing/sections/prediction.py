"""The section of a comparison's report on what EM and the posterior predict, and about which points they disagree."""

from experiments.comparing import findings, misfit
from experiments.comparing.comparison import Comparison
from experiments.comparing.sections.pictured import data_named, pictured
from experiments.figures.comparison.disagreements import disagreements
from experiments.figures.comparison.predictive import predictive_check
from experiments.reporting.markup import escape_markdown
from experiments.reporting.report import Picture, Section

BAND = 0.9
"""Level of the predictive check's pointwise bands."""


def prediction_section(comparison: Comparison) -> Section:
    labels = comparison.subject.labels
    check_caption = (
        f"{data_named(comparison)} Posterior predictive check, feature by feature: (a) points per bin, (b) the"
        " empirical distribution function (ECDF) less its predictive mean. Black: the data; dashed: the predictive"
        f" mean; shaded: pointwise {100 * BAND:g}% bands, which hold parameter and sampling variation."
    )
    check = predictive_check(comparison.posterior, labels, level=BAND)
    found = misfit.misfits(comparison.posterior, check.data["histograms"], BAND)
    outside = f"{sum(one.n_outside for one in found)} of {sum(len(one.bins) for one in found)} bins lie outside."
    warning = findings.warning(comparison)
    allocation: tuple[str | Picture, ...] = ()
    if comparison.best.n_components > 1:
        drawn = disagreements(comparison.best, comparison.relabelled, labels)
        where = (
            "The points against the total variation between the two allocations."
            if len(labels) == 1
            else "The points in the two features that part the components best, each marker the larger the greater the"
            " total variation between the two allocations."
        )
        caption = (
            f"{data_named(comparison)} (a) The probability that a point is of another component than EM's most probable"
            " one, by EM's responsibilities and by the posterior's allocation probabilities; on the line both agree."
            f" (b) {where} Marks are EM's components, rings the points that the two disagree"
            " about most, with their row in the data."
        )
        sentence = findings.allocations_apart(drawn.data["disagreement"])
        allocation = (sentence, pictured("disagreements", drawn, caption, f"{caption} {sentence}"))
    return Section(
        "What they predict",
        (
            *([f"**{warning}**"] if warning else []),
            escape_markdown(misfit.in_words(found, BAND)),
            pictured("predictive", check, check_caption, f"{check_caption} {outside}"),
            *allocation,
        ),
    )
