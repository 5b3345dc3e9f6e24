"""Components whose likelihood has run away on a few close points."""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike

from mixture import GaussianMixture
from mixture.arrays import FloatArray, as_point_weights, as_points
from mixture.covariance import Freedom
from mixture.likelihood import log_joint, log_sum_exp

NARROW = 0.1
"""A spike's smallest standard deviation, as a share of what the other components have in the same direction."""

NEGLIGIBLE = 1e-6
"""Responsibilities below this share of the largest do not make a point part of a component."""


@dataclass(frozen=True)
class Spike:
    """A component that holds few points and is very narrow.

    component         its index
    effective_points  how many different points it stands on
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


def spikes(x: ArrayLike, mixture: GaussianMixture, *, weights: ArrayLike | None = None) -> tuple[Spike, ...]:
    """Components on at most 2q different points, and narrower than 0.1 of the others in some direction.

    q = D + 1 points span a covariance matrix, q = 2 a diagonal one. Points count by Kish's effective number
    (sum_m q_m)^2 / sum_m q_m^2 over different rows m, q_m the sum of w_n r_nk over the copies of a row: copies and the
    unit of the weights do not matter. Narrowness is the root of the smallest eigenvalue of Sigma_k in the metric of
    sum_{j != k} pi_j Sigma_j / sum_{j != k} pi_j: units do not matter. The narrowest comes first. Components that share
    their volume never run away and are never found; a true cluster of few and close points is not told from a spike.
    x (N, D), weights (N,) or None. Raises ValueError for bad data.
    Source: Day 1969, Biometrika 56:463, and Hathaway 1985, Ann. Statist. 13:795, for the run-away; Kish 1965, Survey
    Sampling, section 11.7, for the number; the bounds are this project's own.
    """
    points = as_points(x, n_features=mixture.n_features)
    mass = as_point_weights(weights, len(points))
    return found_spikes(mixture, lambda k: _different_points(points, mass, mixture, k))


def found_spikes(mixture: GaussianMixture, points_of: Callable[[int], float]) -> tuple[Spike, ...]:
    """The same, with the number of points of component k from a function, asked only of the narrow ones."""
    structure = mixture.covariance_structure
    if mixture.n_components == 1 or structure.freedoms.volume is not Freedom.VARIABLE:
        return ()
    few = 2.0 * (2 if structure.diagonal else mixture.n_features + 1) + 0.5
    found = []
    for k, narrowness in enumerate(_narrowness(mixture)):
        if narrowness < NARROW:
            held = points_of(k)
            if held <= few:
                found.append(Spike(k, held, float(narrowness)))
    return tuple(sorted(found, key=lambda spike: spike.narrowness))


def _narrowness(mixture: GaussianMixture) -> FloatArray:
    """(K,) smallest standard deviation in the metric of the other components; 1 where the others are empty."""
    dense, count = mixture.dense_covariances, mixture.n_components
    narrowness = np.ones(count)
    for k in range(count):
        others = np.delete(np.arange(count), k)
        mass = mixture.weights[others]
        if not mass.sum() > 0.0:
            continue
        pooled = np.einsum("k,kij->ij", mass / mass.sum(), dense[others])
        scale = np.sqrt(np.diagonal(pooled))
        root = np.linalg.cholesky(pooled / np.outer(scale, scale))
        whitened = np.linalg.solve(root, np.linalg.solve(root, dense[k] / np.outer(scale, scale)).T)
        narrowness[k] = np.sqrt(max(np.linalg.eigvalsh(0.5 * (whitened + whitened.T))[0], 0.0))
    return narrowness


def _different_points(points: FloatArray, mass: FloatArray, mixture: GaussianMixture, k: int) -> float:
    joint = log_joint(points, mixture.weights, mixture.means, mixture.dense_covariances)
    held = np.exp(joint[:, k] - log_sum_exp(joint)) * (mass if mass.size else 1.0)
    kept = held > NEGLIGIBLE * held.max(initial=0.0)
    if not kept.any():
        return 0.0
    _, row_of = np.unique(points[kept], axis=0, return_inverse=True)
    shares = np.bincount(row_of.ravel(), weights=held[kept] / held.max())
    return float(shares.sum() ** 2 / np.square(shares).sum())
