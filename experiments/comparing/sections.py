"""The sections of a comparison's report: data, EM, posterior, both side by side, what they predict."""

from collections.abc import Sequence

import numpy as np
import pandas as pd

import em
from experiments import figures
from experiments.comparing import findings
from experiments.comparing.comparison import INTERVAL, Comparison
from experiments.comparing.diagnosis_section import diagnosis_blocks
from experiments.comparing.quantities import in_words
from experiments.figures import Drawn
from experiments.reporting.markup import escape_markdown
from experiments.reporting.report import Picture, Section, Table, Width

_ERRORS = {"observed information": "the exact observed information at its optimum"}
"""How standard errors came about, by the name of the method, in words."""

ESS_COLUMNS = ("least ESS bulk", "least ESS tail")

TABLE_WORDS = {
    f"{100 * INTERVAL:g}% ETI from": "and “to”: ends of the posterior interval with equal tails",
    "MCSE": "Monte Carlo standard error of the posterior mean",
    "(mean − EM)/sd": "how far the posterior mean lies from EM's estimate, in posterior standard deviations",
    "sd/SE": "posterior standard deviation over EM's standard error: 1 where both tell the same uncertainty",
}


def _picture(name: str, drawn: Drawn, caption: str, alt: str) -> Picture:
    width: Width = "single" if drawn.figure.get_size_inches()[0] < 5.0 else "double"
    data = {key.lower(): frame for key, frame in drawn.data.items()}
    return Picture(name, caption, alt, drawn.figure, data, width)


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
        drawn = figures.density(comparison.best, comparison.posterior, subject.labels, level=INTERVAL)
        caption = (
            "The data (histogram and rug), the density at EM's estimate with its components, and the posterior"
            f" predictive density with its pointwise {100 * INTERVAL:g}% band (equal tails)."
        )
    else:
        drawn = figures.plane(comparison.best, comparison.relabelled, subject.labels)
        caption = (
            "The data, marked by EM's most probable component. Ellipses hold 50% and 90% of each component: at EM's"
            " estimate, and for single draws of the relabelled posterior."
        )
    alt = f"{caption} n = {n_samples}, K = {comparison.best.n_components}."
    return Section("The data", (*blocks, _picture("data", drawn, caption, alt)))


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
    text += f" The best climb took {climb.n_iterations} iterations and {climb.message}."
    frame = pd.DataFrame(
        [
            ("log-likelihood", criteria.log_likelihood, "a total, in nats"),
            ("AIC", criteria.aic, criteria.sign),
            ("BIC", criteria.bic, f"{criteria.sign}; mclust prints its negative"),
            ("ICL", criteria.icl, f"{criteria.sign}; with the most probable allocation, as in mclust"),
        ],
        columns=["quantity", "value", "note"],
    )
    caption = f"Likelihood and criteria at EM's best optimum, which has {criteria.n_parameters} free parameters."
    trace_caption = (
        "Log-likelihood by iteration for every start, and its gap to the best value reached, which falls along a"
        " straight line where EM has reached its linear rate."
    )
    picture = _picture("ascent", figures.ascent(restarts), trace_caption, trace_caption)
    if comparison.errors_missing:
        text += f" There are no standard errors: {escape_markdown(comparison.errors_missing)}"
    return Section(
        "Maximum likelihood by EM", (text, Table("criteria", caption, frame, decimals={"value": 4}), picture)
    )


def posterior_section(comparison: Comparison) -> Section:
    posterior, diagnosis, labels = comparison.posterior, comparison.diagnosis, comparison.subject.labels
    several = posterior.n_components > 1
    divergences = "an unknown number of" if diagnosis.divergences is None else diagnosis.divergences
    exchangeable, shuffled = (", exchangeable in the components", " with its labels shuffled") if several else ("", "")
    sampler = (
        "The posterior is that of the same log-sum likelihood, marginalised over the allocations, under this"
        f" prior{exchangeable}. NUTS took {posterior.n_chains} chains of {posterior.n_draws} draws after tuning, each"
        f" started near one of EM's optima{shuffled}; there were {divergences} divergent transitions."
    )
    explanation = in_words(diagnosis.explanation, labels)
    explanation = escape_markdown(explanation[:1].upper() + explanation[1:])
    verdict = f"**Verdict: {diagnosis.words}.** {explanation} {diagnosis.advice}"
    caveats = "\n".join(f"- {escape_markdown(in_words(caveat, labels))}" for caveat in diagnosis.caveats)
    blocks: list[str | Table | Picture] = [sampler, verdict]
    if caveats:
        blocks.append(caveats)
    sets = (("raw", diagnosis.raw), ("relabelled", diagnosis.relabelled), ("invariant", diagnosis.invariants))
    summary = pd.DataFrame(
        [
            {
                "draws": label,
                "quantities": len(frame),
                "worst R-hat": frame["r_hat"].max(),
                "split R-hat": frame["r_hat_split"].max(),
                "least ESS bulk": frame["ess_bulk"].min(),
                "least ESS tail": frame["ess_tail"].min(),
            }
            for label, frame in sets
        ]
    )
    blocks += [
        Table(
            "diagnosis",
            "Convergence three ways: of the component parameters as sampled, of the same relabelled, and of quantities"
            " that do not depend on labels. Only the last two can tell failure from label switching.",
            summary,
            columns={
                "worst R-hat": "rank-normalised",
                "split R-hat": "of the draws themselves, which has no upper bound",
            },
            decimals=dict.fromkeys(("worst R-hat", "split R-hat"), 3) | dict.fromkeys(ESS_COLUMNS, 0),
        ),
        Table(
            "parameters",
            "R-hat and effective sample size of each component parameter, as sampled and relabelled.",
            _convergence(labels, raw=diagnosis.raw, relabelled=diagnosis.relabelled),
            decimals=dict.fromkeys(("R-hat, raw", "R-hat, relabelled"), 3),
        ),
        Table(
            "invariants",
            "R-hat and effective sample size of quantities that do not depend on labels: log densities at fixed points"
            " of the data (along its first principal axis), sorted means, moments of the mixture.",
            _convergence(labels, invariant=diagnosis.invariants),
            decimals={"R-hat, invariant": 3},
        ),
    ]
    blocks += diagnosis_blocks(comparison)
    caption = (
        "Means of the first feature by draw, chain after chain: as sampled, and relabelled by ECR with EM's most"
        " probable allocation as the pivot."
    )
    drawn = figures.traces(posterior, comparison.relabelled, labels, em_mixture=comparison.best, feature=0)
    return Section("The posterior", (*blocks, _picture("traces", drawn, caption, caption)))


def _convergence(labels: Sequence[str], **sets: pd.DataFrame) -> pd.DataFrame:
    """R-hat and ESS of every quantity, by its name in words, the sets side by side."""
    columns = {}
    for label, frame in sets.items():
        columns[f"R-hat, {label}"] = frame["r_hat"]
        columns[f"ESS bulk, {label}"] = frame["ess_bulk"].round().astype(int)
        columns[f"ESS tail, {label}"] = frame["ess_tail"].round().astype(int)
    frame = pd.DataFrame(columns).rename_axis("quantity").reset_index()
    return frame.assign(quantity=[in_words(str(name), labels) for name in frame["quantity"]])


def side_by_side_section(comparison: Comparison, table: pd.DataFrame) -> Section:
    text = f"Intervals hold {100 * INTERVAL:g}% of the posterior with equal tails."
    if comparison.best.n_components > 1:
        text = (
            "Labels are matched before anything is compared: components are in ascending order of EM's mean of the"
            f" first feature, and the relabelled posterior is aligned to them. {text}"
        )
    warning = findings.warning(comparison)
    apart = escape_markdown(findings.furthest_apart(comparison))
    interval = f"{100 * INTERVAL:g}% ETI"
    ends = {f"{interval} lower": f"{interval} from", f"{interval} upper": "to"}
    method = "" if comparison.errors is None else comparison.errors.method
    words = {
        **TABLE_WORDS,
        **({"SE": f"standard error of EM's estimate, by {_ERRORS.get(method, method)}"} if method else {}),
    }
    shown = table.drop(columns=["ESS bulk", "R-hat"]).rename(columns=ends)
    posterior = ("posterior mean", "posterior sd", *ends.values())
    em = "posterior sd" if comparison.errors is None else "SE"
    drawn = figures.marginals(comparison.best, comparison.errors, comparison.relabelled, comparison.subject.labels)
    picture_caption = (
        "Posterior of each parameter (histogram of the relabelled draws), with EM's normal approximation N(estimate,"
        " SE²) over it: a row for each component."
    )
    return Section(
        "Side by side",
        (
            f"**{warning}** {text}" if warning else text,
            Table(
                "comparison",
                f"EM's estimates beside the posterior. {warning}".strip(),
                shown,
                columns=words,
                decimals={findings.DISTANCE: 2, findings.RATIO: 2},
                resolution={"EM": em, "SE": "SE", **dict.fromkeys(posterior, "posterior sd"), "MCSE": "MCSE"},
            ),
            *([apart] if apart else []),
            _picture("marginals", drawn, f"{picture_caption} {warning}".strip(), picture_caption),
        ),
    )


def prediction_section(comparison: Comparison) -> Section:
    labels = comparison.subject.labels
    level = 0.9
    check_caption = (
        "Posterior predictive check: histogram counts, and the empirical distribution function less its predictive"
        f" mean, with pointwise {100 * level:g}% bands that hold parameter and sampling variation."
    )
    check = figures.predictive_check(comparison.posterior, labels, level=level)
    warning = findings.warning(comparison)
    allocation: tuple[str | Picture, ...] = ()
    if comparison.best.n_components > 1:
        drawn = figures.disagreements(comparison.best, comparison.relabelled, labels)
        caption = (
            "Points about whose component the two disagree most: EM's responsibility against the posterior's allocation"
            " probability, and where those points lie."
        )
        sentence = findings.allocations_apart(drawn.data["disagreement"])
        allocation = (sentence, _picture("disagreements", drawn, caption, caption))
    return Section(
        "What they predict",
        (
            *([f"**{warning}**"] if warning else []),
            escape_markdown(findings.bins_outside(check.data["histograms"], level)),
            _picture("predictive", check, check_caption, check_caption),
            *allocation,
        ),
    )


def _kinds_of_starts(restarts: em.Restarts) -> str:
    """The kinds of start that were taken, in words, in the order of their first turn."""
    names = list(
        dict.fromkeys([fit.start_name for fit in restarts.fits] + [one.start_name for one in restarts.failures])
    )
    return " and ".join([", ".join(names[:-1]), names[-1]]) if len(names) > 1 else names[0]
