"""The report on priors: what moves with them, what does not, and what a Dirichlet's concentration does."""

from collections.abc import Mapping
from itertools import combinations
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from experiments.answers.priors_declared import CLAIMS
from experiments.figures.uncertainty.priors import (
    by_concentration,
    intervals_by_prior,
    marginals_by_prior,
    predictive_by_prior,
)
from experiments.reporting.markup import escape_markdown
from experiments.reporting.report import Answer, Claim, Picture, Section, Table

if TYPE_CHECKING:
    from experiments.priors import Found
    from mixture.arrays import FloatArray

QUANTITIES = ("weight", "mean (10³ km/s)", "sd (10³ km/s)")
SHORT = ("weight", "mean", "sd")
COMPONENTS = ("component 1", "component 2", "component 3")
RANKS = ("smallest", "middle", "largest")
WEIGHT, MEAN, SD = range(3)
BIG, SMALL = 1, 2
"""Places of the component that holds most galaxies and of the one that holds fewest."""
LEVEL = 90
N_SPARE = 6
"""Components of the mixture whose empty ones are counted."""


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
    second = intervals_by_prior(table, QUANTITIES, COMPONENTS)
    third = predictive_by_prior(
        velocities,
        grid,
        {name: found.middle for name, found in priors.items()},
        (base, priors[base].lower, priors[base].upper),
        "velocity (10³ km/s)",
    )
    fourth = by_concentration(weights, empty)
    captions = (
        "Marginal posterior of every parameter under five priors (kernel density estimates of the relabelled draws)."
        " Rows: components in ascending order of their means.",
        f"Prior and posterior of every parameter: central {LEVEL}% intervals under five priors; posterior medians."
        " Priors reach beyond the axes where their bars end with them.",
        "Posterior predictive density under five priors, and the pointwise 90% band under one of them.",
        f"(a) Weights in order of size, posterior mean and {LEVEL}% interval, by the Dirichlet concentration. (b)"
        f" Probability that one of {N_SPARE} components holds no galaxy, given the data; two Monte Carlo errors.",
    )
    described = "\n".join(
        f"- *{escape_markdown(name)}*: {escape_markdown('; '.join(found.lines))}" for name, found in priors.items()
    )
    setup = (
        f"{len(velocities)} velocities in 1000 km/s, in the version whose 78th value is 26.960, and three components"
        " with variances of their own. Five priors, in full (sd is a standard deviation):\n\n" + described
    )
    sampling = (
        "The uniform prior was sampled by NUTS, the others by Gibbs; labels were undone by ECR with EM's most probable"
        f" allocation as the pivot. Over all of them the largest R-hat of a relabelled parameter is"
        f" {max(float(found.r_hats.max()) for found in priors.values()):.3f}, the smallest effective sample size"
        f" {min(float(found.ess.min()) for found in priors.values()):.0f}."
    )
    moved = shifts(priors)
    return Answer(
        words=in_words(priors, distances, concentrations),
        sections=(
            Section("Five priors", (setup, sampling)),
            Section(
                "What moves",
                (
                    Picture("marginals", captions[0], captions[0], first.figure, first.data, "double"),
                    moved_words(moved),
                    Picture("intervals", captions[1], captions[1], second.figure, second.data, "double"),
                    "Where blue is as wide as grey, the posterior repeats the prior; where it is a short mark on a wide"
                    " bar, the data have spoken.",
                    contraction_table(table),
                ),
            ),
            Section(
                "What does not",
                (
                    Picture("predictive", captions[2], captions[2], third.figure, third.data),
                    f"The two predictive densities that are furthest apart are those of {distances.iloc[-1]['pair']},"
                    f" in total variation by {distances.iloc[-1]['distance']:.3f}; the nearest are those of"
                    f" {distances.iloc[0]['pair']}, by {distances.iloc[0]['distance']:.3f}. Five answers about an sd"
                    " are about one answer about the next galaxy: the small components hold little of its probability.",
                ),
            ),
            Section(
                "The Dirichlet concentration",
                (
                    f"Now the {base} prior of means and sds stays, and the weights have a Dirichlet(e₀, .., e₀) prior."
                    f" Whether a component that is not needed empties is asked of a mixture with {N_SPARE} of them.",
                    Picture("concentration", captions[3], captions[3], fourth.figure, fourth.data, "double"),
                    concentration_words(weights, empty),
                    Table(
                        "weights",
                        f"Weights of three components by size; the probability that one of {N_SPARE} is empty.",
                        concentration_frame(weights, empty),
                        columns={"error": "Monte Carlo standard error, from the spread over chains"},
                        decimals={**dict.fromkeys(RANKS, 3), "P(empty)": 3, "error": 3},
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
        low, median, high = np.quantile(found.draws, [0.05, 0.5, 0.95], axis=0)
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
        "Contraction: one minus the width of the posterior's 90% interval over the prior's. 1: the data decide; 0 or"
        " less: the prior does.",
        frame[names].reset_index(),
        decimals=dict.fromkeys(names, 2),
    )


def predictive_distances(priors: "Mapping[str, Found]", grid: "FloatArray") -> pd.DataFrame:
    """Total variation distance of every pair of predictive densities, ascending."""
    rows = [
        {
            "pair": f"{one} and {other}",
            "distance": 0.5 * float(np.trapezoid(np.abs(priors[one].middle - priors[other].middle), grid)),
        }
        for one, other in combinations(priors, 2)
    ]
    return pd.DataFrame(rows).sort_values("distance", kind="stable", ignore_index=True)


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
        f"Over the five priors posterior means move most for the {SHORT[q]} of {COMPONENTS[k]}: by {moved[k, q]:.2f}"
        f" posterior sds. In {COMPONENTS[BIG]}, which holds most galaxies, no parameter moves by more than {least:.2f}."
    )


def concentration_tables(concentrations: "Mapping[float, Found]") -> tuple[pd.DataFrame, pd.DataFrame]:
    """Ordered weights under posterior and prior; probability of an empty component with its error over chains."""
    rows, empty = [], []
    rng = np.random.default_rng(0)
    for value, found in concentrations.items():
        before = np.sort(rng.dirichlet(np.full(len(RANKS), value), 20_000), axis=1).mean(axis=0)
        low, high = np.quantile(found.ordered, [0.05, 0.95], axis=0)
        for i, rank in enumerate(RANKS):
            rows.append(
                {
                    "concentration": value,
                    "rank": rank,
                    "mean": float(found.ordered[:, i].mean()),
                    "error": float(found.ordered[:, i].std(ddof=1) / np.sqrt(found.ordered_ess[i])),
                    "low": float(low[i]),
                    "high": float(high[i]),
                    "prior mean": float(before[i]),
                }
            )
        by_chain = found.filled[:, :-1].sum(axis=1)
        error = float(by_chain.std(ddof=1) / np.sqrt(len(by_chain)))
        empty.append({"concentration": value, "probability": float(by_chain.mean()), "error": error})
    return pd.DataFrame(rows), pd.DataFrame(empty)


def concentration_frame(weights: pd.DataFrame, empty: pd.DataFrame) -> pd.DataFrame:
    """One row a concentration."""
    wide = weights.pivot_table(index="concentration", columns="rank", values="mean", sort=False)[list(RANKS)]
    joined = wide.reset_index().merge(empty.rename(columns={"probability": "P(empty)"}), on="concentration")
    joined["concentration"] = [f"{value:g}" for value in joined["concentration"]]
    return joined


def concentration_words(weights: pd.DataFrame, empty: pd.DataFrame) -> str:
    """From the smallest concentration to the largest."""
    least = weights[weights["rank"] == RANKS[0]]
    first, last = least.iloc[0], least.iloc[-1]
    return (
        f"From e₀ = {first['concentration']:g} to {last['concentration']:g} the posterior mean of the smallest weight"
        f" goes from {first['mean']:.3f} (Monte Carlo error {first['error']:.3f}) to {last['mean']:.3f}"
        f" ({last['error']:.3f}), and the probability that one of {N_SPARE} components is empty from"
        f" {empty['probability'].iloc[0]:.3f} ({empty['error'].iloc[0]:.3f}) to {empty['probability'].iloc[-1]:.3f}"
        f" ({empty['error'].iloc[-1]:.3f}). The weight of a component that holds three galaxies comes from e₀ as"
        " much as from them."
    )


def medians(priors: "Mapping[str, Found]", component: int, quantity: int) -> dict[str, float]:
    """Posterior medians of one parameter by prior."""
    return {name: float(np.median(found.draws[:, component, quantity])) for name, found in priors.items()}


def in_words(priors: "Mapping[str, Found]", distances: pd.DataFrame, concentrations: "Mapping[float, Found]") -> str:
    """The answer."""
    sds = medians(priors, SMALL, SD)
    low, high = min(sds, key=lambda name: sds[name]), max(sds, key=lambda name: sds[name])
    moved = shifts(priors)
    weights, empty = concentration_tables(concentrations)
    least = weights[weights["rank"] == RANKS[0]]["mean"]
    verdict = "It decides the small components and hardly the density"
    if distances["distance"].max() > CLAIMS["undecided"].value:
        verdict = "It decides the small components and the density with them"
    return (
        f"{verdict}: the posterior median of the sd of {COMPONENTS[SMALL]}, three galaxies, is {sds[low]:.2f} under the"
        f" {low} prior and {sds[high]:.2f} under the {high} prior (in 1000 km/s), while no parameter of"
        f" {COMPONENTS[BIG]} moves by more than {moved[BIG].max():.2f} posterior sds, and no two predictive densities"
        f" are further apart than {distances['distance'].max():.3f} in total variation. A Dirichlet concentration from"
        f" {min(concentrations):g} to {max(concentrations):g} moves the smallest weight's posterior mean from"
        f" {least.iloc[0]:.3f} to {least.iloc[-1]:.3f}, and the probability that one of {N_SPARE} components is empty"
        f" from {empty['probability'].iloc[0]:.3f} to {empty['probability'].iloc[-1]:.3f}."
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
