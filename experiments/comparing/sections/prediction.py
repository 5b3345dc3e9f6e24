"""The section of a comparison's report on what EM and the posterior predict, and about which points they disagree."""

from experiments.comparing import findings
from experiments.comparing.comparison import Comparison
from experiments.comparing.sections.pictured import pictured
from experiments.figures.comparison.disagreements import disagreements
from experiments.figures.comparison.predictive import predictive_check
from experiments.reporting.markup import escape_markdown
from experiments.reporting.report import Picture, Section


def prediction_section(comparison: Comparison) -> Section:
    labels = comparison.subject.labels
    level = 0.9
    check_caption = (
        "Posterior predictive check: histogram counts, and the empirical distribution function less its predictive"
        f" mean, with pointwise {100 * level:g}% bands that hold parameter and sampling variation."
    )
    check = predictive_check(comparison.posterior, labels, level=level)
    warning = findings.warning(comparison)
    allocation: tuple[str | Picture, ...] = ()
    if comparison.best.n_components > 1:
        drawn = disagreements(comparison.best, comparison.relabelled, labels)
        caption = (
            "Points about whose component the two disagree most: EM's responsibility against the posterior's allocation"
            " probability, and where those points lie."
        )
        sentence = findings.allocations_apart(drawn.data["disagreement"])
        allocation = (sentence, pictured("disagreements", drawn, caption, caption))
    return Section(
        "What they predict",
        (
            *([f"**{warning}**"] if warning else []),
            escape_markdown(findings.bins_outside(check.data["histograms"], level)),
            pictured("predictive", check, check_caption, check_caption),
            *allocation,
        ),
    )
