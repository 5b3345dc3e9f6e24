"""What the thyroid data's report says: EM's models, filled components chain by chain, both against the diagnoses."""

import numpy as np
import pandas as pd

from experiments.answers.thyroid_found import CONCENTRATION, GROUPS, OVERFITTED, POSTERIOR, Found
from experiments.comparing.known_groups import KnownGroups, groups_picture, score_table
from experiments.data.datasets import Dataset
from experiments.figures.counts.bic_by_k import bic_and_filled
from experiments.figures.style import METHODS
from experiments.reporting.report import Picture, Section, Table
from experiments.reporting.sentences import listed
from mixture import GaussianMixture, structure_named
from mixture.arrays import FloatArray

REFERENCES = (
    "Malsiner-Walli, G., Frühwirth-Schnatter, S. & Grün, B. (2016). Model-based clustering based on sparse finite"
    " Gaussian mixtures. Statistics and Computing 26, 303-324. doi:10.1007/s11222-014-9500-2",
    "Malsiner-Walli, G., Grün, B. & Frühwirth-Schnatter, S. (2025). telescope: Bayesian mixtures with an unknown number"
    " of components. R package, whose vignette “Bayesian Multivariate Gaussian Mixtures with the Telescoping Sampler”"
    " has these data. doi:10.32614/CRAN.package.telescope",
    "Frühwirth-Schnatter, S., Malsiner-Walli, G. & Grün, B. (2021). Generalized mixtures of finite mixtures and"
    " telescoping sampling. Bayesian Analysis 16, 1279-1307. doi:10.1214/21-BA1294",
    "Scrucca, L., Fop, M., Murphy, T. B. & Raftery, A. E. (2016). mclust 5: clustering, classification and density"
    " estimation using Gaussian finite mixture models. The R Journal 8, 289-317. doi:10.32614/RJ-2016-021",
)

SHOWN = ("RT3U", "T4")
"""Features of the plane in which patients are shown."""

SHOWN_MODELS = 6
"""Models of EM's table, the preferred first."""


def sections(
    data: Dataset, diagnoses: KnownGroups, points: FloatArray, models: pd.DataFrame, found: Found, *, met: bool
) -> tuple[Section, ...]:
    """Data; how many, both ways; weights; the diagnoses as the referee. met: whether the published BIC is."""
    return (
        _data(data, diagnoses),
        _how_many(models, found, diagnoses, points, met=met),
        _weights(found),
        _referee(data, diagnoses, points, found),
    )


def _data(data: Dataset, diagnoses: KnownGroups) -> Section:
    counts = ", ".join(f"{int((diagnoses.labels == k).sum())} {name}" for k, name in enumerate(diagnoses.names))
    return Section(
        "The data",
        (
            f"{data.title}: n = {len(data.frame)} patients, D = {len(data.measurements)} tests. {data.note} Source:"
            f" {data.source}. Diagnoses: {counts}; no method sees them. The data's sha256 begins with"
            f" `{data.sha256[:16]}`.",
        ),
    )


def _how_many(models: pd.DataFrame, found: Found, diagnoses: KnownGroups, points: FloatArray, *, met: bool) -> Section:
    ranked = models.dropna(subset="bic").sort_values("bic", kind="stable")
    first, second = ranked.iloc[0], ranked.iloc[1]
    rows = pd.DataFrame(
        [
            {
                "structure": f"{row.structure} ({row.mclust})",
                "K": row.n_components,
                "log-likelihood": row.log_likelihood,
                "parameters": row.n_parameters,
                "BIC": row.bic,
                "starts at the best": row.share_at_best,
            }
            for row in ranked.head(SHOWN_MODELS).itertuples()
        ]
    )
    drawn = bic_and_filled(models, found.filled)
    n_samples = len(points)
    n_structures, most = models["structure"].nunique(), models["n_components"].max()
    caption = (
        f"Thyroid data, n = {n_samples} patients. (a) BIC of EM's best fit by number of components, above the smallest"
        f" of all (linear up to 1, logarithmic from there), a line for each of {n_structures} covariance structures"
        " (smaller is better); marked are the preferred structure and the unrestricted one (VVV). (b) Posterior"
        f" probability of the number of filled components of a mixture of {OVERFITTED} with a sparse prior: bars over"
        f" all chains, a square for each of {len(found.filled)} chains."
    )
    alt = (
        "(a) Lines of BIC against the number of components fall steeply; (b) bars of the probabilities of numbers of"
        " filled components, with a square for each chain."
    )
    text = (
        f"EM was run for one to {most} components in {n_structures} covariance structures. BIC prefers"
        f" *{first['structure']}* ({first['mclust']}) with K = {first['n_components']}, by"
        f" {second['bic'] - first['bic']:.1f} over the next, *{second['structure']}* with K = {second['n_components']}."
    )
    if (first["n_components"], first["structure"]) != (GROUPS, "diag"):
        published = ranked[(ranked["structure"] == "diag") & (ranked["n_components"] == GROUPS)].iloc[0]
        share = float(first["share_at_best"])
        text += (
            f" The published choice is *diag* with K = {GROUPS}. Its BIC, {'met' if met else 'not met'} here, lies"
            f" {published['bic'] - first['bic']:.1f} behind."
        )
        if share < 1.0:
            text += (
                f" The preferred model's optimum is reached from {100 * share:.0f}% of the starts: one start, such as"
                " hierarchical clustering, may well stop below it."
            )
    return Section(
        "How many groups?",
        (
            f"{text} {_preferred(found, diagnoses, points)}".strip(),
            Table(
                "models",
                f"EM's models of least BIC for the thyroid data, n = {n_samples} patients.",
                rows,
                columns={
                    "BIC": "smaller is better; mclust prints its negative",
                    "starts at the best": "share of EM's starts that came to the best optimum",
                },
                decimals={"log-likelihood": 4, "BIC": 4, "starts at the best": 2},
            ),
            _sparse(found),
            Picture("how-many", caption, alt, drawn.figure, drawn.data, "double"),
            Table(
                "chains",
                "Thyroid data, every chain on its own: share of draws that fill three components, mean weights of"
                " these, ascending, and the partition of least expected Binder loss against the diagnoses.",
                found.per_chain,
                decimals={"P(three filled)": 3, **{f"weight {i + 1}": 4 for i in range(3)}, "adjusted Rand": 3},
            ),
        ),
    )


def _preferred(found: Found, diagnoses: KnownGroups, points: FloatArray) -> str:
    """What components beyond the groups do in the preferred model; empty where it has none."""
    mixture = found.preferred
    if mixture.n_components <= GROUPS:
        return ""
    shares = np.eye(GROUPS)[diagnoses.labels]  # (N, groups)
    mostly = (mixture.responsibilities(points).T @ shares).argmax(axis=1)
    patients = mixture.weights * len(points)
    split = [
        f"{np.count_nonzero(mostly == group)} components with mostly {name} patients, of"
        f" {listed([f'{size:.1f}' for size in np.sort(patients[mostly == group])])} patients (weights times n)"
        for group, name in enumerate(diagnoses.names)
        if np.count_nonzero(mostly == group) > 1
    ]
    text = (
        f"The preferred model has {'; '.join(split)}. Like every fit that is listed it passed EM's check for"
        " components that shrink onto a few close points."
        if split
        else "No diagnosis has two of its components mostly to itself."
    )
    return (
        f"{text} Its adjusted Rand index with the diagnoses is {found.preferred_rand:.3f}, with"
        f" {found.preferred_astray} patients outside the cluster of their diagnosis, beside"
        f" {found.em_rand['diag']:.3f} and {found.em_astray['diag']} of *diag* with K = {GROUPS}: what a further"
        " component adds to the density it does not add to the diagnoses."
        if found.preferred_rand < found.em_rand["diag"]
        else f"{text} Its adjusted Rand index with the diagnoses is {found.preferred_rand:.3f}, with"
        f" {found.preferred_astray} patients outside the cluster of their diagnosis."
    )


def _sparse(found: Found) -> str:
    """What the chains fill, and what the error of it is worth."""
    never = (found.filled != found.mode).all(axis=1).any()
    stays = (
        " One point at a time, clusters merge and part rarely: a chain stays where its tuning left it, and the shares"
        " count chains, not how often the posterior fills a number."
        if never
        else ""
    )
    by_chain = listed(list(found.chains_told.values()))
    return (
        f"The sparse mixture has {OVERFITTED} components under Dirichlet({CONCENTRATION:g}) weights. Each of"
        f" {len(found.filled)} chains began at a place of its own with most of them filled, and emptied them while"
        f" tuning. {by_chain}, {'each in every draw' if found.whole else 'most often'}.{stays} Beside each number below"
        " stands what its chain alone says, and the Monte Carlo error of the whole is the standard deviation of those"
        " over the square root of the number of chains that have one."
    )


def _weights(found: Found) -> Section:
    columns = {
        **{f"EM, {name}": np.sort(mixture.weights) for name, mixture in found.em_mixtures.items()},
        POSTERIOR: found.weights,
        "Monte Carlo error": np.array(found.errors["weights"]),
    }
    frame = pd.DataFrame({"component": ["smallest", "middle", "largest"], **columns})
    text = (
        "Weights of the three groups. EM with full covariances and the posterior have the same components, and differ"
        " in the prior and in what the posterior averages over; diagonal covariances are another model."
        f" The posterior's, and their Monte Carlo errors, are those of the {found.chains_with_groups} of"
        f" {len(found.filled)} chains that ever fill three."
    )
    return Section(
        "Weights",
        (
            text,
            Table(
                "weights",
                "Thyroid data, weights of three components, ascending: EM in two structures, and the posterior mean"
                " over draws that fill three.",
                frame,
                decimals={
                    **dict.fromkeys([*(f"EM, {name}" for name in found.em_mixtures), POSTERIOR], 4),
                    "Monte Carlo error": 5,
                },
            ),
        ),
    )


def _referee(data: Dataset, diagnoses: KnownGroups, points: FloatArray, found: Found) -> Section:
    names = [column.name for column in data.measurements]
    shown = points[:, [names.index(name) for name in SHOWN]]
    structures = {f"EM, {name}": structure_named(name) for name in found.em_mixtures}
    meanings = {
        **{name: f"most probable allocation, K = {GROUPS}, {one.meaning}" for name, one in structures.items()},
        POSTERIOR: "least expected Binder loss, over all chains",
    }
    best = {name: found.partitions[name] for name in ("EM, diag", POSTERIOR)}
    looks = {"EM, diag": METHODS["em"], POSTERIOR: METHODS["posterior"]}
    least, moved = _least_sure(diagnoses, points, found.em_mixtures["diag"])
    apart = int((found.per_chain["adjusted Rand"].max() - found.per_chain["adjusted Rand"].min()) > 0.0)
    text = (
        "The diagnoses are the referee. One patient more or less astray moves the adjusted Rand index in the second"
        " decimal, which is the scale on which to compare these numbers with each other and with published ones: EM's"
        f" fit with diagonal covariances allocates its least sure patient with a probability of {least:.3f}, and with"
        f" that patient in the next component its index would be {moved:.3f} in the place of"
        f" {found.em_rand['diag']:.3f}."
        + (
            f" The chains' own estimates range from {found.per_chain['adjusted Rand'].min():.3f} to"
            f" {found.per_chain['adjusted Rand'].max():.3f}."
            if apart
            else " All chains come to partitions that score the same."
        )
    )
    return Section(
        "Against the diagnoses",
        (
            text,
            score_table(diagnoses, found.partitions, meanings),
            groups_picture(diagnoses, best, looks, shown, SHOWN),
        ),
    )


def _least_sure(diagnoses: KnownGroups, points: FloatArray, mixture: GaussianMixture) -> tuple[float, float]:
    """The smallest of the largest responsibilities, and the adjusted Rand index with that patient moved to the next."""
    responsibilities = mixture.responsibilities(points)
    partition = responsibilities.argmax(axis=1).astype(np.int64)
    patient = int(responsibilities.max(axis=1).argmin())
    partition[patient] = int(np.argsort(responsibilities[patient])[-2])
    return float(responsibilities[patient].max()), diagnoses.rand(partition)
