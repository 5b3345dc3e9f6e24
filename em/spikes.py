"""Components whose likelihood has run away on a few close points."""

from dataclasses import dataclass

import numpy as np

from mixture import GaussianMixture
from mixture.arrays import FloatArray
from mixture.covariance import Freedom

NARROW = 0.1
"""A spike's smallest standard deviation, as a share of what the other components have in the same direction."""


@dataclass(frozen=True)
class Spike:
    """A component that holds few points and is very narrow.

    component         its index
    effective_points  N_k
    narrowness        its smallest standard deviation, as a share of the other components' pooled one
    """

    component: int
    effective_points: float
    narrowness: float

    @property
    def message(self) -> str:
        """What was found and what to do."""
        return (
            f"component {self.component} is a spike: {self.effective_points:.3g} effective points, and in one direction"
            f" {self.narrowness:.2g} of the others' standard deviation. Likelihood runs away on a few close points"
            " without describing the data: take a floor, a prior, fewer components or a covariance structure that"
            " shares volumes."
        )


def spikes(mixture: GaussianMixture, counts: FloatArray) -> tuple[Spike, ...]:
    """Components on at most 2q effective points, and narrower than 0.1 of the others in some direction.

    q = D + 1 points span a covariance matrix, q = 2 a diagonal one; counts N_k (K,). Narrowness is the root of the
    smallest eigenvalue of Sigma_k in the metric of sum_{j != k} pi_j Sigma_j / sum_{j != k} pi_j: it does not depend on
    units. The narrowest comes first. Components that share their volume never run away and are never found.
    Source: Day 1969, Biometrika 56:463, and Hathaway 1985, Ann. Statist. 13:795, for the run-away; the bounds are this
    project's own.
    """
    structure = mixture.covariance_structure
    if mixture.n_components == 1 or structure.freedoms.volume is not Freedom.VARIABLE:
        return ()
    few = 2.0 * (2 if structure.diagonal else mixture.n_features + 1) + 0.5
    dense = mixture.dense_covariances
    found = []
    for k in np.flatnonzero(counts <= few):
        others = np.delete(np.arange(mixture.n_components), k)
        mass = mixture.weights[others]
        if not mass.sum() > 0.0:
            continue
        pooled = np.einsum("k,kij->ij", mass / mass.sum(), dense[others])
        scale = np.sqrt(np.diagonal(pooled))
        root = np.linalg.cholesky(pooled / np.outer(scale, scale))
        whitened = np.linalg.solve(root, np.linalg.solve(root, dense[k] / np.outer(scale, scale)).T)
        narrowness = float(np.sqrt(max(np.linalg.eigvalsh(0.5 * (whitened + whitened.T))[0], 0.0)))
        if narrowness < NARROW:
            found.append(Spike(int(k), float(counts[k]), narrowness))
    return tuple(sorted(found, key=lambda spike: spike.narrowness))
