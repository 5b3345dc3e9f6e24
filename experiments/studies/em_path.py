"""EM's path: where each of its iterations stands."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike

from em import e_step, m_step
from mixture import GaussianMixture
from mixture.arrays import FloatArray, as_points


@dataclass(frozen=True)
class EMPath:
    """Where EM stands after 0, 1, ..., T iterations, labels as in the start.

    weights          (T + 1, K)
    means            (T + 1, K, D)
    covariances      (T + 1, ...) in the shape of the structure
    log_likelihoods  (T + 1,) totals in nats, each of the parameters beside it
    structure        name of the covariance structure
    """

    weights: FloatArray
    means: FloatArray
    covariances: FloatArray
    log_likelihoods: FloatArray
    structure: str

    @property
    def n_iterations(self) -> int:
        """T."""
        return len(self.log_likelihoods) - 1

    def mixture(self, iteration: int) -> GaussianMixture:
        """The mixture after so many iterations."""
        return GaussianMixture(
            self.weights[iteration], self.means[iteration], self.covariances[iteration], self.structure
        )


def em_path(x: ArrayLike, start: GaussianMixture, n_iterations: int) -> EMPath:
    """`n_iterations` of EM from `start` on x (N, D), with every mixture on the way, which `em.fit` does not keep.

    Raises SingularComponent if an M step has no maximum.
    """
    points = as_points(x, n_features=start.n_features)
    mixtures, log_likelihoods = [start], []
    for _ in range(n_iterations):
        statistics = e_step(points, mixtures[-1])
        log_likelihoods.append(statistics.log_likelihood)
        mixtures.append(m_step(statistics, structure=start.structure, current=mixtures[-1]))
    log_likelihoods.append(e_step(points, mixtures[-1]).log_likelihood)
    return EMPath(
        np.array([mixture.weights for mixture in mixtures]),
        np.array([mixture.means for mixture in mixtures]),
        np.array([mixture.covariances for mixture in mixtures]),
        np.array(log_likelihoods),
        start.structure,
    )
