"""The section of a comparison's report on its prior: name, source, all of it, and what the data made of it."""

import bayesian
from experiments.comparing.comparison import Comparison
from experiments.comparing.sections.pictured import data_named
from experiments.figures.comparison.prior_posterior import DATA_SETS, MOST_FEATURES, TAIL, prior_beside_posterior
from experiments.reporting.markup import escape_markdown
from experiments.reporting.report import Picture, Section

DRAWS, FEWEST_DRAWS, NUMBERS = 20_000, 500, 20_000_000
"""Draws of the prior's parameters that are shown: fewer of large covariances, which then hold about so many numbers."""

SEED = 0
"""Of the draws from the prior: the same report for the same comparison."""


def prior_section(comparison: Comparison) -> Section:
    """The prior in words and formulas; beside the posterior, where it can be drawn from."""
    prior = comparison.prior
    lines = prior.describe()[1:] if prior.name else prior.describe()
    title = f"**{escape_markdown(prior.name)}**" if prior.name else "A prior without a name"
    source = f" ({escape_markdown(prior.source)})" if prior.source else ""
    whole = f"{title}{source}. In full, sd a standard deviation:\n\n" + "\n".join(
        f"- {escape_markdown(line)}" for line in lines
    )
    if not prior.proper:
        return Section("The prior", (whole, "It does not integrate to one, and nothing can be drawn from it."))
    return Section("The prior", (whole, _picture(comparison)))


def _picture(comparison: Comparison) -> Picture:
    prior, labels = comparison.prior, comparison.subject.labels
    posterior = comparison.relabelled
    n_samples, n_features = posterior.data.shape
    n_draws = max(FEWEST_DRAWS, min(DRAWS, NUMBERS // (posterior.n_components * n_features**2)))
    draws = prior.draw(posterior.n_components, n_features, posterior.structure, n_draws, SEED)
    tree = bayesian.prior_predictive(
        prior,
        posterior.n_components,
        n_features,
        posterior.structure,
        n_samples=n_samples,
        draws=DATA_SETS,
        rng=SEED,
    )
    data = tree["prior_predictive"].to_dataset()["x"].values[0]
    drawn = prior_beside_posterior(draws, data, posterior, labels)
    first = f" The first {MOST_FEATURES} features." if n_features > MOST_FEATURES else ""
    caption = (
        f"{data_named(comparison)} Prior (shaded, of any component) and posterior (a line for each component) of every"
        " weight, mean and standard deviation; each scaled to its own height, standard deviations on logarithmic axes."
        f" Last panels: the empirical distribution function of the data (black) and of {DATA_SETS} data sets of"
        f" n = {n_samples} points drawn from the prior (grey). {100 * TAIL:g}% of the prior is left out at either"
        f" end.{first}"
    )
    frames = {key.lower(): frame for key, frame in drawn.data.items()}
    return Picture("prior", caption, caption, drawn.figure, frames, "double")
