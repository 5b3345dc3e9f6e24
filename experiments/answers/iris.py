"""The sections of the irises' report: the species as the referee, and how many components each side would choose."""

from collections.abc import Mapping, Sequence

import numpy as np
import pandas as pd

from experiments.comparing.known_groups import KnownGroups, groups_picture, score_table
from experiments.comparing.partitions import EM, MEANINGS, VI, Partitions
from experiments.figures.counts.bic_by_k import bic_and_filled
from experiments.figures.style import METHODS
from experiments.reporting.report import Picture, Section, Table
from mixture import GaussianMixture, structure_named
from mixture.arrays import FloatArray, IntArray

SPECIES = 3
FILLING = 8.0
"""Concentration of the Dirichlet prior of the weights in the comparison: above half the parameters of a component,
(D + D (D + 1) / 2) / 2 = 7, where superfluous components do not empty (Rousseau & Mengersen 2011)."""

OVERFITTED, EMPTYING = 10, 0.01
"""Components of the sparse mixture, more than needed, and the concentration that empties those that are too many."""

EVEN = 1.0
"""Concentration of the uniform prior of the weights, the usual default."""

INTERVAL = 0.95
"""Share of the posterior's partitions between the two scores that are told."""

TIED = 2.0
"""In BIC: models closer than this are not told apart (Kass & Raftery 1995: not worth more than a bare mention)."""

SHOWN_MODELS = 6
"""Models of EM's choice that the table lists, the preferred first."""


def lead(species: KnownGroups, models: pd.DataFrame, filled: int, found: Partitions) -> str:
    """How many clusters each side would take, and how many flowers each puts with another species if told how many."""
    by_k = models.groupby("n_components")["bic"].min().sort_values()
    (first, second), gap = by_k.index[:2], float(by_k.iloc[1] - by_k.iloc[0])
    sparse = " and by the sparse posterior" if filled == first else f", {filled} by the sparse posterior"
    astray = f"EM puts {species.astray(found.of[EM])} of {len(species.labels)} flowers with another species"
    return (
        f"{first} clusters by BIC ({gap:.2f} ahead of {second}){sparse}; made to find {SPECIES}, {astray}, the"
        f" posterior {species.astray(found.of[VI])}."
    )


def referee_section(
    species: KnownGroups, found: Partitions, draws: Sequence[float], shown: FloatArray, labels: Sequence[str]
) -> Section:
    """Clusters of both methods against the species, in numbers and in the plane of the features shown (N, 2)."""
    low, high = np.quantile(draws, [0.5 - 0.5 * INTERVAL, 0.5 + 0.5 * INTERVAL])
    partitions = {name: found.of[name] for name in (EM, VI)}
    text = (
        "The species were not used: neither method saw them. Below they are the referee, for"
        " EM's allocation and for two estimates from the posterior. A partition drawn from the posterior, flower by"
        f" flower from its allocation probabilities, has an adjusted Rand index of {np.mean(draws):.3f} on average, and"
        f" in {100 * INTERVAL:g}% of the draws between {low:.3f} and {high:.3f}: so much do the flowers between two"
        " species blur the clusters. A point estimate, which averages over the draws, can stand above all of that."
    )
    looks = {EM: METHODS["em"], VI: METHODS["posterior"]}
    return Section(
        "Against the species",
        (text, score_table(species, found.of, MEANINGS), groups_picture(species, partitions, looks, shown, labels)),
    )


def how_many_section(
    species: KnownGroups,
    models: pd.DataFrame,
    best: Mapping[str, GaussianMixture],
    filled: IntArray,
    partition: IntArray,
    points: FloatArray,
) -> Section:
    """BIC by K and family beside the posterior probability of the number of filled components."""
    ranked = models.dropna(subset="bic").sort_values("bic", kind="stable")
    first, second = ranked.iloc[0], ranked.iloc[1]
    rows = [
        {
            "family": f"{row.structure} ({row.mclust})",
            "K": row.n_components,
            "log-likelihood": row.log_likelihood,
            "parameters": row.n_parameters,
            "BIC": row.bic,
            "behind": row.bic - first["bic"],
        }
        for row in ranked.head(SHOWN_MODELS).itertuples()
    ]
    rands = [
        f"{structure_named(mixture.structure).mclust} with K = {k} has {species.rand(_allocated(mixture, points)):.3f}"
        for k, mixture in sorted(best.items())
        if k != "1"
    ]
    counts, frequencies = np.unique(filled, return_counts=True)
    by_chain = ", ".join(str(int(np.median(chain))) for chain in filled)
    drawn = bic_and_filled(models, filled)
    gap = float(second["bic"] - first["bic"])
    tie = (
        "Two in BIC are roughly one unit of log evidence, so the two models are all but tied."
        if gap < TIED
        else "A gap of two in BIC is roughly one unit of log evidence."
    )
    text = (
        f"Of the fourteen families, each with one to {models['n_components'].max()} components, BIC prefers"
        f" *{first['structure']}* ({first['mclust']}) with K = {first['n_components']}, and next"
        f" *{second['structure']}* ({second['mclust']}) with K = {second['n_components']},"
        f" {gap:.2f} behind. {tie} Against the species, the"
        f" best model of each K has an adjusted Rand index as follows: {'; '.join(rands)}. Two clusters cannot do"
        " better: they leave two species together."
    )
    sparse = (
        f"A mixture of {OVERFITTED} components, more than needed, under Dirichlet({EMPTYING:g}) weights, fills"
        f" {counts[frequencies.argmax()]} most often (medians of the chains: {by_chain}); its partition of least"
        f" expected VI has {len(np.unique(partition))} clusters and an adjusted Rand index of"
        f" {species.rand(partition):.3f} with the species. Its components have a covariance matrix each, all of them"
        " parameters of their own, which BIC would charge for in full. Their prior is that of the comparison, with a"
        f" scale made for {SPECIES} components; the report on how many components a mixture needs samples the same"
        " mixture under the same prior."
    )
    caption = (
        f"Irises, n = {len(points)} flowers. (a) BIC of EM's best fit by number of components, above the smallest of"
        " all (linear up to 1, logarithmic from there), a line for each covariance family (smaller is better), the"
        " preferred family and the unrestricted one (VVV) marked. (b) Posterior probability of the number of filled"
        f" components of a mixture of {OVERFITTED} with a sparse prior: bars over all chains, a square for each of"
        f" {len(filled)} chains."
    )
    alt = (
        "(a) Lines of BIC against the number of components; (b) bars of the probabilities of numbers of filled"
        " components, with a square for each chain."
    )
    return Section(
        "Two clusters or three?",
        (
            text,
            Table(
                "models",
                f"The models of the irises (n = {len(points)}) that BIC prefers, of all that EM fitted.",
                pd.DataFrame(rows),
                columns={"BIC": "smaller is better; mclust prints its negative", "behind": "BIC less the smallest"},
                decimals={"log-likelihood": 4, "BIC": 4, "behind": 2},
            ),
            sparse,
            Picture("how-many", caption, alt, drawn.figure, drawn.data, "double"),
        ),
    )


def emptying_section(filled: IntArray) -> Section:
    """What the prior of the weights decides: how often all components are filled under a uniform prior of them."""
    counts = range(1, SPECIES + 1)
    shares = {k: float((filled == k).mean()) for k in counts}
    fewer = SPECIES - 1
    passages = int((np.diff(filled, axis=1) != 0).sum())
    frame = pd.DataFrame(
        [
            {"chain": place, **{f"{k} filled": float((chain == k).mean()) for k in counts}}
            for place, chain in enumerate(filled, start=1)
        ]
    )
    text = (
        f"The comparison above has Dirichlet({FILLING:g}) weights for a reason. Under Dirichlet({EVEN:g}), which is"
        " uniform over the weights and the usual default, a third component need not hold any flower: by Gibbs"
        f" sampling, all {SPECIES} are filled with probability {shares[SPECIES]:.2f} only, and {fewer} with"
        f" {shares[fewer]:.2f}, the third having the prior's"
        f" parameters and next to no weight. Chains pass between these states ({passages} times in {filled.size} draws"
        "), and means over both describe neither. Whether three components part two species or one of them stands idle"
        " is decided by the prior of the weights; BIC has none, and takes what the section above says."
        if shares[fewer] > 0.5
        else f"Under Dirichlet({EVEN:g}) weights, the usual default, Gibbs sampling finds all {SPECIES} components"
        f" filled with probability {shares[SPECIES]:.2f}, and {fewer} with {shares[fewer]:.2f}."
    )
    table = Table(
        "emptying",
        f"Filled components of a mixture of {SPECIES} under Dirichlet({EVEN:g}) weights, irises: share of each chain's"
        " draws.",
        frame,
        decimals={f"{k} filled": 3 for k in counts},
    )
    return Section("What the prior of the weights decides", (text, table))


def _allocated(mixture: GaussianMixture, points: FloatArray) -> IntArray:
    return np.asarray(mixture.responsibilities(points).argmax(axis=1), dtype=np.int64)
