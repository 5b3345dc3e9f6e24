"""The points of a comparison put into clusters three ways: EM's allocation, and two estimates from the posterior."""

from dataclasses import dataclass

import numpy as np

from bayesian import Posterior, coclustering_matrix, partition_estimate
from bayesian.allocations import allocations
from bayesian.label_free.spacing import spaced_draws
from experiments.comparing.comparison import Comparison
from mixture.arrays import FloatArray, IntArray

MOST_POINTS = 1000
"""At most so many points, evenly spaced over the rows, are compared pair by pair."""

MOST_DRAWS = 1000
"""At most so many draws, evenly spaced over all chains, are asked who is together with whom."""

SEED = 0
"""Of the allocations that are drawn, one for each draw of the posterior: the same report for the same comparison."""

EM, VI, BINDER = "EM", "VI", "Binder"
MEANINGS = {
    EM: "EM's most probable allocation",
    VI: "least expected variation of information",
    BINDER: "least expected Binder loss",
}


@dataclass(frozen=True, eq=False)
class Partitions:
    """Who is together with whom.

    rows     (R,) the points that take part, by position     matrix   (R, R) P(z_n = z_m | X)
    drawn    (T, R) allocations, one for each of T draws      of       the partitions (R,) by name: EM, VI, Binder
    """

    rows: IntArray
    matrix: FloatArray
    drawn: IntArray
    of: dict[str, IntArray]


def partitions_of(comparison: Comparison) -> Partitions:
    """EM's most probable allocation, and the partitions of least expected VI and Binder loss. No labels are needed."""
    x = comparison.subject.points
    rows = np.unique(np.linspace(0, len(x) - 1, min(len(x), MOST_POINTS)).round().astype(np.int64))
    weights, means, covariances = spaced_draws(comparison.posterior, MOST_DRAWS)
    posterior = Posterior.from_arrays(
        weights[None], means[None], covariances[None], x[rows]
    )  # raw draws: their labels do not matter
    rng = np.random.default_rng(SEED)
    matrix = coclustering_matrix(posterior)
    drawn = allocations(posterior, rng=rng)
    best = comparison.best.responsibilities(x[rows]).argmax(axis=1)
    vi = partition_estimate(drawn, "vi", rng=rng, coclustering=matrix, candidates=[best])
    binder = partition_estimate(drawn, "binder", rng=rng, coclustering=matrix, candidates=[best])
    return Partitions(rows, matrix, drawn, {EM: best, VI: vi.partition, BINDER: binder.partition})
