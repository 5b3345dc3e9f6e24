"""Why EM works, made visible: the free energy under the log-likelihood, half step by half step."""

from dataclasses import dataclass
from enum import Enum

import numpy as np
from numpy.typing import ArrayLike
from scipy.special import xlogy

from em.arguments import as_mixture
from em.steps import e_step, m_step
from mixture import GaussianMixture, likelihood
from mixture.arrays import FloatArray, as_point_weights, as_points, as_whole_number


@dataclass(frozen=True)
class LowerBound:
    """log p(X | theta) = F(q, theta) + KL(q || p(z | X, theta)), all three in nats, each from its own formula.

    free_energy     F = sum_n w_n sum_k q_nk [log pi_k N(x_n | mu_k, Sigma_k) - log q_nk]
    divergence      KL = sum_n w_n sum_k q_nk log(q_nk / r_nk) >= 0
    log_likelihood  sum_n w_n log p(x_n | theta)
    """

    free_energy: float
    divergence: float
    log_likelihood: float


def lower_bound(
    x: ArrayLike, responsibilities: ArrayLike, mixture: GaussianMixture, *, weights: ArrayLike | None = None
) -> LowerBound:
    """F(q, theta) <= log p(X | theta), with equality where q is the posterior of the allocations (Jensen).

    x (N, D), responsibilities q (N, K) with rows that sum to 1, weights (N,) or None.
    Raises ValueError for bad data or for rows that are no distributions.
    Source: Neal & Hinton 1998, in Learning in Graphical Models, eqs. 7 to 9; Bishop 2006, eqs. 9.70 to 9.72.
    """
    mixture = as_mixture(mixture)
    points = as_points(x, n_features=mixture.n_features)
    mass = as_point_weights(weights, len(points))
    mass = mass if mass.size else np.ones(len(points))
    q = np.asarray(responsibilities, dtype=np.float64)
    if q.shape != (len(points), mixture.n_components):
        raise ValueError(f"responsibilities must have shape {(len(points), mixture.n_components)}, not {q.shape}")
    wrong = np.flatnonzero(~((q >= 0.0).all(axis=1) & (np.abs(q.sum(axis=1) - 1.0) < 1e-9)))
    if wrong.size:
        raise ValueError(f"row {wrong[0]} of the responsibilities is no distribution: {q[wrong[0]].tolist()}")
    log_joint = likelihood.log_joint(points, mixture.weights, mixture.means, mixture.dense_covariances)
    log_density = likelihood.log_sum_exp(log_joint)
    log_posterior = log_joint - log_density[:, None]  # in logs, or a responsibility too small for a double is lost
    used = q > 0.0
    negative_entropy = xlogy(q, q)
    energy = np.where(used, q * np.where(used, log_joint, 0.0), 0.0) - negative_entropy
    divergence = negative_entropy - np.where(used, q * np.where(used, log_posterior, 0.0), 0.0)
    return LowerBound(
        free_energy=float(mass @ energy.sum(axis=1)),
        divergence=float(mass @ divergence.sum(axis=1)),
        log_likelihood=float(mass @ log_density),
    )


class HalfStep(Enum):
    """Which half of an iteration was just taken."""

    E = "after E: q is the posterior of the allocations, F touches the log-likelihood"
    M = "after M: theta maximises F for fixed q, the log-likelihood rises at least as much"


@dataclass(frozen=True)
class Staircase:
    """The bound after each half step of EM: 2T + 1 entries, E, M, E, M, ..., E.

    halves      which half was just taken
    bounds      F, KL and log L after it
    mixtures    the mixture after it; an E step leaves it as it was
    """

    halves: tuple[HalfStep, ...]
    bounds: tuple[LowerBound, ...]
    mixtures: tuple[GaussianMixture, ...]

    @property
    def free_energies(self) -> FloatArray:
        """(2T + 1,) F after each half step, in nats; it never falls."""
        return np.array([bound.free_energy for bound in self.bounds])

    @property
    def divergences(self) -> FloatArray:
        """(2T + 1,) KL after each half step, in nats; zero after each E."""
        return np.array([bound.divergence for bound in self.bounds])

    @property
    def log_likelihoods(self) -> FloatArray:
        """(2T + 1,) log p(X | theta) after each half step, in nats."""
        return np.array([bound.log_likelihood for bound in self.bounds])


def staircase(
    x: ArrayLike, start: GaussianMixture, n_iterations: int, *, weights: ArrayLike | None = None
) -> Staircase:
    """F(q, theta), KL and log p(X | theta) after each E and each M step of `n_iterations` of EM from `start`.

    x (N, D), held with N x K responsibilities: meant for looking, not for large data.
    Raises ValueError for bad data, SingularComponent if an M step has no maximum.
    Source: Neal & Hinton 1998; Bishop 2006, figures 9.12 and 9.13.
    """
    start = as_mixture(start, "start")
    points = as_points(x, n_features=start.n_features)
    mass = as_point_weights(weights, len(points))
    n_iterations = as_whole_number(n_iterations, "n_iterations", least=0)
    mixture, q = start, start.responsibilities(points)
    halves, mixtures = [HalfStep.E], [start]
    bounds = [lower_bound(points, q, start, weights=weights)]
    for _ in range(n_iterations):
        mixture = m_step(e_step(points, mixture, mass), structure=start.structure, current=mixture)
        halves.append(HalfStep.M)
        bounds.append(lower_bound(points, q, mixture, weights=weights))
        q = mixture.responsibilities(points)
        halves.append(HalfStep.E)
        bounds.append(lower_bound(points, q, mixture, weights=weights))
        mixtures += [mixture, mixture]
    return Staircase(tuple(halves), tuple(bounds), tuple(mixtures))
