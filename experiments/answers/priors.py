"""The report on priors: what moves with them, what does not, and what a Dirichlet's concentration does."""

from collections.abc import Mapping
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from experiments.answers.priors_concentration import (
    RANKS,
    concentration_frame,
    concentration_tables,
    concentration_words,
    partition_words,
    rounded,
)
from experiments.answers.priors_declared import CLAIMS, LEVEL, N_SPARE, POSITION, TAILS
from experiments.answers.priors_density import Place, density_words, predictive_distances, where_densities_differ
from experiments.figures.uncertainty.priors import (
    by_concentration,
    intervals_by_prior,
    marginals_by_prior,
    predictive_by_prior,
)
from experiments.reporting.markup import escape_markdown
from experiments.reporting.report import Answer, Claim, Picture, Section, Table
from experiments.reporting.sentences import listed

if TYPE_CHECKING:
    from experiments.priors import Found
    from mixture.arrays import FloatArray

QUANTITIES = ("weight", "mean (10³ km/s)", "sd (10³ km/s)")
SHORT = ("weight", "mean", "sd")
COMPONENTS = ("component 1", "component 2", "component 3")
MEAN, SD = 1, 2
"""Places of quantities."""
BIG, SMALL = 1, 2
"""Places of the component that holds most galaxies and of the one that holds fewest."""
PERCENT = f"{100 * LEVEL:g}%"
MANIFOLD = 2.0
"""A density that differs by more, from prior to prior, is said to be decided by it there."""


def build_answer(
    priors: "Mapping[str, Found]",
    concentrations: "Mapping[float, Found]",
    *,
    velocities: "FloatArray",
    grid: "FloatArray",
    base: str,
) -> Answer:
    """From the posterior under each prior, and under each concentration of the prior called `base`."""
    table = interval_table(priors)
    distances = predictive_distances(priors, grid)
    weights, empty = concentration_tables(concentrations)
    first = marginals_by_prior({name: found.draws for name, found in priors.items()}, QUANTITIES, COMPONENTS)
    second = intervals_by_prior(table, QUANTITIES, COMPONENTS, LEVEL)
    third = predictive_by_prior(
        velocities,
        grid,
        {name: found.middle for name, found in priors.items()},
        (base, priors[base].lower, priors[base].upper),
        "velocity (10³ km/s)",
        LEVEL,
    )
    fourth = by_concentration(weights, empty)
    centres = np.median(priors[base].draws[:, :, MEAN], axis=0)
    place = where_densities_differ(priors, grid, base, np.delete(centres, BIG))
    held = counts(priors[base], velocities)
    data = f"{len(velocities)} galaxies, K = {len(COMPONENTS)}"
    captions = (
        f"Marginal posterior of every parameter under {len(priors)} priors (kernel density estimates of the relabelled"
        f" draws; {data}). Rows: components in ascending order of their means. Columns: {listed(QUANTITIES)}.",
        f"Prior and posterior of every parameter ({data}): central {PERCENT} intervals under {len(priors)} priors, grey"
        " and blue; squares are posterior medians. Priors reach beyond the axes where their bars end with them.",
        f"Posterior predictive density under {len(priors)} priors ({data}), the pointwise {PERCENT} band under one of"
        " them, and a histogram of the data.",
        f"{data}, {base} prior of means and sds. (a) Weights in order of size, posterior mean and {PERCENT} interval,"
        " by the Dirichlet concentration; grey, their prior means. (b) Probability that at least one of"
        f" {N_SPARE} components holds no galaxy, given the data; bars are two Monte Carlo errors.",
    )
    alts = (
        "Nine panels of density curves, one line a prior, for weight, mean and sd of three components.",
        "Nine panels in which short blue bars lie on wider grey bars, one pair for each prior.",
        "Density curves, one a prior, over a shaded band and a histogram of velocities.",
        "Two panels over the concentration on a logarithmic axis: three weights, and the probability of an empty"
        " component.",
    )
    described = "\n".join(
        f"- *{escape_markdown(name)}*: {escape_markdown('; '.join(found.lines))}" for name, found in priors.items()
    )
    setup = (
        f"{len(velocities)} velocities in 1000 km/s, in the version whose {POSITION}th is"
        f" {np.sort(velocities)[POSITION - 1]:.3f}, and {len(COMPONENTS)} components with variances of their own."
        f" {len(priors)} priors, in full (sd is a standard deviation):\n\n" + described
    )
    sampling = (
        "The uniform prior was sampled by NUTS, the others by Gibbs; labels were undone by ECR with EM's most probable"
        f" allocation as the pivot. Over all of them the largest R-hat of a relabelled parameter is"
        f" {max(float(found.r_hats.max()) for found in priors.values()):.3f}, the smallest effective sample size"
        f" {min(float(found.ess.min()) for found in priors.values()):.0f}."
    )
    moved = shifts(priors)
    return Answer(
        words=in_words(priors, distances, concentrations, place, held),
        sections=(
            Section("The priors", (setup, sampling)),
            Section(
                "What moves",
                (
                    Picture("marginals", captions[0], alts[0], first.figure, first.data, "double"),
                    moved_words(moved),
                    Picture("intervals", captions[1], alts[1], second.figure, second.data, "double"),
                    "Where blue is as wide as grey, the posterior repeats the prior; where it is a short mark on a wide"
                    " bar, the data have spoken.",
                    contraction_table(table),
                ),
            ),
            Section(
                "The density of the next galaxy",
                (
                    Picture("predictive", captions[2], alts[2], third.figure, third.data),
                    density_words(distances, place),
                ),
            ),
            Section(
                "The Dirichlet concentration",
                (
                    f"Now the {base} prior of means and sds stays, and the weights have a Dirichlet(e₀, .., e₀) prior."
                    f" Whether a component that is not needed empties is asked of a mixture with {N_SPARE} of them.",
                    Picture("concentration", captions[3], alts[3], fourth.figure, fourth.data, "double"),
                    concentration_words(weights, empty),
                    partition_words(weights, held),
                    Table(
                        "weights",
                        f"Posterior means of the weights of {len(COMPONENTS)} components, by size; the probability that"
                        f" at least one of {N_SPARE} is empty.",
                        concentration_frame(weights, empty),
                        columns={"error": "Monte Carlo standard error of P(empty), from the spread over chains"},
                        decimals={**dict.fromkeys(RANKS, 3), "P(empty)": 3, "error": 4},
                    ),
                ),
            ),
        ),
        claims=claims(priors, distances),
        result={
            "medians": {name: np.median(found.draws, axis=0).tolist() for name, found in priors.items()},
            "distances": dict(zip(distances["pair"], distances["distance"].astype(float), strict=True)),
            "empty": dict(zip(empty["concentration"].astype(str), empty["probability"].astype(float), strict=True)),
        },
    )


def interval_table(priors: "Mapping[str, Found]") -> pd.DataFrame:
    """Prior and posterior intervals, a row for each prior, component and quantity."""
    rows = []
    for name, found in priors.items():
        low, median, high = np.quantile(found.draws, TAILS, axis=0)
        for k, component in enumerate(COMPONENTS):
            for q, quantity in enumerate(QUANTITIES):
                rows.append(
                    {
                        "prior": name,
                        "component": component,
                        "quantity": quantity,
                        "prior low": float(found.prior[0, q]),
                        "prior high": float(found.prior[2, q]),
                        "low": float(low[k, q]),
                        "median": float(median[k, q]),
                        "high": float(high[k, q]),
                        "contraction": float(1.0 - (high - low)[k, q] / (found.prior[2, q] - found.prior[0, q])),
                    }
                )
    return pd.DataFrame(rows)


def contraction_table(table: pd.DataFrame) -> Table:
    """A row for each component and quantity, a column for each prior."""
    short = dict(zip(QUANTITIES, SHORT, strict=True))
    frame = table.assign(quantity=table["quantity"].map(short)).pivot_table(
        index=["component", "quantity"], columns="prior", values="contraction", sort=False
    )
    names = list(dict.fromkeys(table["prior"]))
    return Table(
        "contraction",
        f"Contraction: one minus the width of the posterior's {PERCENT} interval over the prior's. 1: the data decide;"
        " 0 or less: the prior does.",
        frame[names].reset_index(),
        decimals=dict.fromkeys(names, 2),
    )


def shifts(priors: "Mapping[str, Found]") -> "FloatArray":
    """(3, 3): range of posterior means over priors, in their root mean square posterior sd."""
    means = np.stack([found.draws.mean(axis=0) for found in priors.values()])
    sds = np.stack([found.draws.std(axis=0, ddof=1) for found in priors.values()])
    return np.asarray(np.ptp(means, axis=0) / np.sqrt((sds**2).mean(axis=0)))


def moved_words(moved: "FloatArray") -> str:
    """Which parameter moves most, and what the large component does."""
    k, q = np.unravel_index(int(moved.argmax()), moved.shape)
    least = float(moved[BIG].max())
    return (
        f"Over the priors posterior means move most for the {SHORT[q]} of {COMPONENTS[k]}: by {moved[k, q]:.2f}"
        f" posterior sds. In {COMPONENTS[BIG]}, which holds most galaxies, no parameter moves by more than {least:.2f}."
    )


def counts(found: "Found", velocities: "FloatArray") -> "FloatArray":
    """(3,): how many galaxies are nearest to the posterior median of each component's mean."""
    centres = np.median(found.draws[:, :, MEAN], axis=0)
    nearest = np.abs(velocities[:, None] - centres).argmin(axis=1)
    return np.bincount(nearest, minlength=len(COMPONENTS)).astype(np.float64)


def medians(priors: "Mapping[str, Found]", component: int, quantity: int) -> dict[str, float]:
    """Posterior medians of one parameter by prior."""
    return {name: float(np.median(found.draws[:, component, quantity])) for name, found in priors.items()}


def in_words(
    priors: "Mapping[str, Found]",
    distances: pd.DataFrame,
    concentrations: "Mapping[float, Found]",
    place: Place,
    held: "FloatArray",
) -> str:
    """The answer."""
    sds = medians(priors, SMALL, SD)
    low, high = min(sds, key=lambda name: sds[name]), max(sds, key=lambda name: sds[name])
    moved = shifts(priors)
    weights, empty = concentration_tables(concentrations)
    least = weights[weights["rank"] == RANKS[0]]["mean"]
    verdict = "It decides the small components and hardly the density"
    if distances["distance"].max() > CLAIMS["undecided"].value:
        verdict = "It decides the small components and the density with them"
    elif place.ratio > MANIFOLD:
        verdict = "It decides the small components, and the density where they lie"
    return (
        f"{verdict}: the sd of the component of {held[SMALL]:.0f} galaxies is {sds[low]:.2f} or {sds[high]:.2f}"
        f" thousand km/s, by prior. These are medians under the {low} prior and the {high} prior. At {place.at:.1f}"
        f" predictive densities differ by a factor of {place.ratio:.1f}, though no two are further apart than"
        f" {distances['distance'].max():.3f} in total variation, and no parameter of {COMPONENTS[BIG]}, the large one,"
        f" moves by more than {moved[BIG].max():.2f} posterior sds. A Dirichlet concentration from"
        f" {min(concentrations):g} to {max(concentrations):g} moves the smallest weight's posterior mean from"
        f" {least.iloc[0]:.3f} to {least.iloc[-1]:.3f}, and the probability that at least one of {N_SPARE} components"
        f" is empty from {rounded(empty['probability'].iloc[0])} to {rounded(empty['probability'].iloc[-1])}."
    )


def claims(priors: "Mapping[str, Found]", distances: pd.DataFrame) -> tuple[Claim, ...]:
    """What is decided by the prior, what is not, and that chains agree."""
    sds = medians(priors, SMALL, SD)
    low, high = min(sds, key=lambda name: sds[name]), max(sds, key=lambda name: sds[name])
    ratio = sds[high] / sds[low]
    # the error of a median of about normal draws is sqrt(pi / 2) times that of their mean
    relative = [
        np.sqrt(0.5 * np.pi / priors[name].ess[SMALL, SD]) * np.log(priors[name].draws[:, SMALL, SD]).std(ddof=1)
        for name in (low, high)
    ]
    return (
        CLAIMS["decided"].against(ratio, error=ratio * float(np.hypot(relative[0], relative[1]))),
        CLAIMS["undecided"].against(float(distances["distance"].max())),
        CLAIMS["mixed"].against(max(float(found.r_hats.max()) for found in priors.values())),
    )
