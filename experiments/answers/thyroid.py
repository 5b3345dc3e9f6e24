"""What the thyroid data's report says: EM's models, filled components chain by chain, both against the diagnoses."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TypedDict

import numpy as np
import pandas as pd

from bayesian import partition_estimate
from experiments.comparing.known_groups import KnownGroups, groups_picture, score_table
from experiments.data.datasets import Dataset
from experiments.figures.counts.bic_by_k import bic_and_filled
from experiments.figures.style import METHODS
from experiments.reporting.report import Picture, Section, Table
from mixture import GaussianMixture, structure_named
from mixture.arrays import FloatArray, IntArray

REFERENCES = (
    "Coomans, D., Broeckaert, I., Jonckheer, M. & Massart, D. L. (1983). Comparison of multivariate discriminant"
    " techniques for clinical data: application to the thyroid functional state. Methods of Information in Medicine 22,"
    " 93-101.",
    "Malsiner-Walli, G., Frühwirth-Schnatter, S. & Grün, B. (2016). Model-based clustering based on sparse finite"
    " Gaussian mixtures. Statistics and Computing 26, 303-324. doi:10.1007/s11222-014-9500-2",
    "Frühwirth-Schnatter, S., Malsiner-Walli, G. & Grün, B. (2021). Generalized mixtures of finite mixtures and"
    " telescoping sampling. Bayesian Analysis 16, 1279-1307. doi:10.1214/21-BA1294",
    "Scrucca, L., Fop, M., Murphy, T. B. & Raftery, A. E. (2016). mclust 5: clustering, classification and density"
    " estimation using Gaussian finite mixture models. The R Journal 8, 289-317. doi:10.32614/RJ-2016-021",
)

SHOWN = ("RT3U", "T4")
"""Features of the plane in which patients are shown."""

SHOWN_MODELS = 6
"""Models of EM's table, the preferred first."""

POSTERIOR = "posterior"

SEED = 0
"""Of the search for the partition: the same report for the same chains."""


class Errors(TypedDict):
    """Monte Carlo standard errors, sd of the chains' own estimates / sqrt(C): of the probability of the most probable
    number, of the three weights, of the adjusted Rand index."""

    filled: float
    weights: list[float]
    rand: float


@dataclass(frozen=True, eq=False)
class Found:
    """What both sides found.

    filled (C, S) filled components of each draw       probabilities (K,) of 1, 2, ... filled, over all chains
    weights (3,) posterior means where three are filled, ascending       per_chain: one row a chain
    partitions (N,) by name: EM's by structure, the posterior's              em_mixtures: three components, by structure
    """

    filled: IntArray
    probabilities: FloatArray
    mode: int
    weights: FloatArray
    errors: Errors
    partitions: dict[str, IntArray]
    em_mixtures: dict[str, GaussianMixture]
    em_rand: dict[str, float]
    em_astray: dict[str, int]
    posterior_rand: float
    posterior_astray: int
    per_chain: pd.DataFrame


def found_of(
    diagnoses: KnownGroups,
    points: FloatArray,
    three: Mapping[str, GaussianMixture],
    *,
    filled: IntArray,
    weights: Sequence[FloatArray],
    drawn: IntArray,
    partitions: Sequence[IntArray],
) -> Found:
    """Estimates over all chains, and their Monte Carlo errors from the chains' own."""
    probabilities = np.bincount(filled.ravel(), minlength=2)[1:] / filled.size
    mode = int(probabilities.argmax()) + 1
    shares = (filled == mode).mean(axis=1)
    none = np.full((1, 3), np.nan)  # a chain that never fills three has no such weights
    means = np.stack([(own if len(own) else none).mean(axis=0) for own in weights])
    everything = np.concatenate(list(weights))
    rands = np.array([diagnoses.rand(partition) for partition in partitions])
    em = {name: three[name].responsibilities(points).argmax(axis=1).astype(np.int64) for name in ("diag", "full")}
    pooled = partition_estimate(drawn, "binder", rng=SEED, candidates=list(partitions)).partition
    per_chain = pd.DataFrame(
        {
            "chain": np.arange(len(filled)) + 1,
            "P(three filled)": (filled == 3).mean(axis=1),
            **{f"weight {i + 1}": means[:, i] for i in range(3)},
            "adjusted Rand": rands,
            "patients astray": [diagnoses.astray(partition) for partition in partitions],
        }
    )
    return Found(
        filled=filled,
        probabilities=probabilities,
        mode=mode,
        weights=(everything if len(everything) else none).mean(axis=0),
        errors={"filled": _error(shares), "weights": [_error(column) for column in means.T], "rand": _error(rands)},
        partitions={**{f"EM, {name}": partition for name, partition in em.items()}, POSTERIOR: pooled},
        em_mixtures={name: three[name] for name in em},
        em_rand={name: diagnoses.rand(partition) for name, partition in em.items()},
        em_astray={name: diagnoses.astray(partition) for name, partition in em.items()},
        posterior_rand=diagnoses.rand(pooled),
        posterior_astray=diagnoses.astray(pooled),
        per_chain=per_chain,
    )


def _error(by_chain: FloatArray) -> float:
    return float(by_chain.std(ddof=1) / np.sqrt(len(by_chain))) if len(by_chain) > 1 else float("nan")


def sections(
    data: Dataset, diagnoses: KnownGroups, points: FloatArray, models: pd.DataFrame, found: Found
) -> tuple[Section, ...]:
    """Data; how many, both ways; weights; the diagnoses as the referee."""
    return (_data(data, diagnoses), _how_many(models, found), _weights(found), _referee(data, diagnoses, points, found))


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


def _how_many(models: pd.DataFrame, found: Found) -> Section:
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
    caption = (
        "(a) BIC of EM's best fit by number of components, above the smallest of all (linear up to 1, logarithmic from"
        " there), a line for each of six covariance structures (smaller is better). (b) Posterior probability of the"
        " number of filled components of a mixture of ten with a sparse prior, with a point for each chain."
    )
    shares = ", ".join(
        f"{k + 1} with probability {share:.3f}" for k, share in enumerate(found.probabilities) if share >= 0.0005
    )
    text = (
        f"EM was run for one to {models['n_components'].max()} components in six covariance structures. BIC prefers"
        f" *{first['structure']}* ({first['mclust']}) with K = {first['n_components']}, by"
        f" {second['bic'] - first['bic']:.1f} over the next, *{second['structure']}* with K = {second['n_components']}."
    )
    if (first["n_components"], first["structure"]) != (3, "diag"):
        published = ranked[(ranked["structure"] == "diag") & (ranked["n_components"] == 3)].iloc[0]
        text += (
            " The published choice is *diag* with K = 3. Its BIC is met here to every printed digit, and lies"
            f" {published['bic'] - first['bic']:.1f} behind: the preferred model's optimum is reached from"
            f" {100 * first['share_at_best']:.0f}% of the starts only, and one start, such as hierarchical clustering,"
            " may well stop below it."
        )
    elsewhere = int((found.filled != found.mode).all(axis=1).sum())
    stays = (
        f" {elsewhere} of {len(found.filled)} chains never came to {found.mode} after tuning: one point at a time,"
        " clusters merge and part rarely, and the error of that probability is as large as it says."
        if elsewhere
        else ""
    )
    sparse = (
        f"The sparse mixture fills {shares}. Each of {len(found.filled)} chains began at a place of its own with most"
        " of the ten components filled, and emptied them while tuning; the points in the"
        f" figure show how far the chains agree.{stays} Beside each number below stands what its chain alone says, and"
        " the Monte Carlo error of the whole is the standard deviation of those over the square root of the number of"
        " chains."
    )
    return Section(
        "How many groups?",
        (
            text,
            Table(
                "models",
                "The models that BIC prefers.",
                rows,
                columns={
                    "BIC": "smaller is better; mclust prints its negative",
                    "starts at the best": "share of EM's starts that came to the best optimum",
                },
                decimals={"log-likelihood": 4, "BIC": 4, "starts at the best": 2},
            ),
            sparse,
            Picture("how-many", caption, caption, drawn.figure, drawn.data, "double"),
            Table(
                "chains",
                "Every chain on its own: share of draws that fill three components, mean weights of these, ascending,"
                " and the partition of least expected Binder loss against the diagnoses.",
                found.per_chain,
                decimals={"P(three filled)": 3, **{f"weight {i + 1}": 4 for i in range(3)}, "adjusted Rand": 3},
            ),
        ),
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
    )
    return Section(
        "Weights",
        (
            text,
            Table(
                "weights",
                "Weights of three components, ascending: EM in two structures, and the posterior mean over draws that"
                " fill three.",
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
        **{name: f"most probable allocation, {one.meaning}" for name, one in structures.items()},
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
