"""The section of a comparison's report on maximum likelihood: starts, optimum, criteria, the climbs."""

import pandas as pd

import em
from em.starts import start_named
from experiments.comparing.comparison import Comparison
from experiments.comparing.sections.pictured import data_named, pictured
from experiments.figures.comparison.ascent import ascent
from experiments.reporting.markup import escape_markdown
from experiments.reporting.report import Section, Table
from experiments.reporting.sentences import listed

SHORT_RUNS = start_named("short runs").name
GIVEN = "given"
"""How EM calls a start that was handed in: here the optimum that was found when the model was chosen."""
"""The start that takes iterations of EM to be found."""


def em_section(comparison: Comparison) -> Section:
    restarts, best, criteria = comparison.restarts, comparison.best, comparison.criteria
    climb = restarts.best
    starts = "one start"
    if restarts.n_starts > 1:
        reached = round(restarts.share_at_best * restarts.n_starts)
        starts = (
            f"{restarts.n_starts} starts, by {_kinds_of_starts(restarts)} in turn; {reached} of {restarts.n_starts}"
            " reached the highest optimum"
        )
    text = (
        f"EM climbs the log-sum likelihood log p(X | θ) = Σₙ log Σₖ πₖ N(xₙ | μₖ, Σₖ) with K = {best.n_components} and"
        f" *{best.structure}* covariances ({best.covariance_structure.meaning};"
        f" {best.covariance_structure.mclust} in mclust's names) from {starts}."
    )
    if restarts.singular:
        text += (
            f" {len(restarts.singular)} ran into a singular component or a spike on a few close points, where the"
            " likelihood is unbounded."
        )
    if restarts.failures:
        text += f" {len(restarts.failures)} gave no usable start."
    if restarts.flagged:
        text += " The best fit is a refit: " + "; ".join(restarts.flagged) + "."
    plural = "" if climb.n_iterations == 1 else "s"
    text += (
        f" The best climb, from a start by {_kind(climb.start_name)}, took {climb.n_iterations} iteration{plural} and"
        f" {climb.message}."
    )
    if any(fit.start_name == SHORT_RUNS for fit in restarts.fits):
        text += (
            " Iterations are counted from the start that is handed to EM: those that short runs take to find one come"
            " before and are left out."
        )
    frame = pd.DataFrame(
        [
            ("log-likelihood", criteria.log_likelihood, "a total, in nats"),
            ("AIC", criteria.aic, criteria.sign),
            ("BIC", criteria.bic, f"{criteria.sign}; mclust prints its negative"),
            ("ICL", criteria.icl, f"{criteria.sign}; with the most probable allocation, as in mclust"),
        ],
        columns=["quantity", "value", "note"],
    )
    caption = (
        f"{data_named(comparison)} Likelihood and criteria at EM's best optimum, which has {criteria.n_parameters} free"
        " parameters."
    )
    trace_caption = (
        f"{data_named(comparison)} (a) Log-likelihood by iteration of every climb, each from its own start; (b) its gap"
        " to the best value reached, which falls along a straight line where EM has reached its linear rate. The thick"
        " line is the longest of the climbs that end at the best optimum."
    )
    end = f"{round(restarts.share_at_best * restarts.n_starts)} of {restarts.n_starts} climbs end at the highest line."
    picture = pictured("ascent", ascent(restarts), trace_caption, f"{trace_caption} {end}")
    if comparison.errors_missing:
        text += f" There are no standard errors: {escape_markdown(comparison.errors_missing)}"
    return Section(
        "Maximum likelihood by EM", (text, Table("criteria", caption, frame, decimals={"value": 4}), picture)
    )


def _kinds_of_starts(restarts: em.Restarts) -> str:
    """The kinds of start that were taken, in words, in the order of their first turn."""
    names = dict.fromkeys([fit.start_name for fit in restarts.fits] + [one.start_name for one in restarts.failures])
    return listed([_kind(name) for name in names])


def _kind(start_name: str) -> str:
    return "the optimum of the first round" if start_name == GIVEN else start_name
