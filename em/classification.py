"""Classification EM: hard allocations, and the k-means it becomes."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike

from em.climb import climb
from em.fit import check_settings
from em.moves import EM
from em.objective import Objective, Position
from em.sources import InMemory
from em.status import Status
from mixture import ExpectedStatistics, GaussianMixture, likelihood
from mixture.arrays import FloatArray, IntArray

MAX_ITERATIONS = 1_000


@dataclass(frozen=True, eq=False)
class ClassificationFit:
    """The end of a climb of the classification likelihood, which is not the log-sum likelihood.

    mixture          complete-data maximum given `allocations`
    allocations      (N,) z_n = argmax_k pi_k N(x_n | mu_k, Sigma_k)
    log_likelihoods  (T + 1,) C = sum_n w_n max_k log pi_k N(x_n | mu_k, Sigma_k) after t steps, in nats
    status, detail   how it ended
    """

    mixture: GaussianMixture
    allocations: IntArray
    log_likelihoods: FloatArray
    status: Status
    detail: str


class ClassificationLikelihood(Objective):
    """sum_n w_n max_k log pi_k N(x_n | mu_k, Sigma_k): the complete-data likelihood at the best allocations.

    equal_weights  keep pi_k = 1/K: with `tied_spherical` covariances this is the k-means criterion
    """

    def __init__(self, source: InMemory, structure: str, *, equal_weights: bool) -> None:
        super().__init__(source, structure)
        self.data = source
        self.equal_weights = equal_weights

    def evaluate(self, mixture: GaussianMixture) -> Position:
        """Hard E step: each point belongs wholly to its likeliest component (C step)."""
        self.passes += 1
        k = mixture.n_components
        shares = np.full(k, 1.0 / k) if self.equal_weights else mixture.weights
        joint = likelihood.log_joint(self.data.points, shares, mixture.means, mixture.dense_covariances)
        highest = joint.max(axis=1)
        total = float(self.data.weights @ highest) if self.data.weights.size else float(highest.sum())
        statistics = ExpectedStatistics.of_allocations(
            self.data.points,
            joint.argmax(axis=1).astype(np.int64),
            k,
            self.data.weights,
            diagonal=mixture.covariance_structure.diagonal,
            log_likelihood=total,
        )
        return Position(mixture, statistics, total)


def classification_em(
    x: ArrayLike,
    start: GaussianMixture,
    *,
    weights: ArrayLike | None = None,
    equal_weights: bool = False,
    max_iterations: int = MAX_ITERATIONS,
) -> ClassificationFit:
    """Climb C(theta, z) = sum_n w_n log pi_{z_n} N(x_n | mu_{z_n}, Sigma_{z_n}) in z and theta in turn.

    It ends after finitely many steps, at biased estimates: overlapping components are cut apart. With
    `tied_spherical` covariances and `equal_weights` the allocations and means are those of Lloyd's k-means.
    x (N, D), weights (N,) or None; N x K numbers are held. Raises ValueError for bad data and settings.
    Source: Celeux & Govaert 1992, Comput. Stat. Data Anal. 14:315.
    """
    check_settings(0.0, max_iterations, None, None)
    source = InMemory(x, weights, n_features=start.n_features)
    objective = ClassificationLikelihood(source, start.structure, equal_weights=equal_weights)
    seen = climb(objective, start, EM(), tolerance=np.finfo(np.float64).tiny, max_iterations=max_iterations)
    mixture = seen.position.mixture
    k = mixture.n_components
    if equal_weights:
        mixture = GaussianMixture(np.full(k, 1.0 / k), mixture.means, mixture.covariances, mixture.structure)
    joint = likelihood.log_joint(source.points, mixture.weights, mixture.means, mixture.dense_covariances)
    return ClassificationFit(mixture, joint.argmax(axis=1).astype(np.int64), seen.values, seen.status, seen.detail)
