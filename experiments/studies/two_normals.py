"""Mixtures of two normals in one feature, read as five numbers: what simulation studies vary, fit and score.

Labels are matched before anything is compared: EM's estimate to a target (the truth of a simulation), and the
posterior's draws to EM's most probable allocation (ECR).
"""

from collections.abc import Mapping

import numpy as np

import bayesian
import em
from mixture import GaussianMixture, match
from mixture.arrays import FloatArray

PARAMETERS = ("weight 1", "mean 1", "mean 2", "sd 1", "sd 2")
"""The five numbers: the second weight follows from the first."""

STRUCTURE = "diag"
"""A variance for each component: in one feature the same as "full", and cheaper."""

WEIGHT = 0.4
"""Of the left component."""

APART: Mapping[str, float] = {"separated": 5.0, "overlapping": 2.0}
"""Distances between the means that are simulated, in standard deviations; both sds are 1."""

PRIOR = bayesian.Prior(
    means=bayesian.Normal(0.0, 2.0),
    concentration=5.0,
    scales=bayesian.HalfNormal(2.0, on="sd"),
    name="posteriordb's low_dim_gauss_mix",
    source="posteriordb, model low_dim_gauss_mix, without its order of the means",
)
"""mu_k ~ N(0, 2), sigma_k ~ half-N(0, 2), weight ~ Beta(5, 5): proper wherever no two values are equal."""


def two_normals(apart: float) -> GaussianMixture:
    """0.4 N(-apart/2, 1) + 0.6 N(apart/2, 1)."""
    half = 0.5 * apart
    return GaussianMixture([WEIGHT, 1.0 - WEIGHT], [[-half], [half]], [[1.0], [1.0]], STRUCTURE)


def numbers(mixture: GaussianMixture) -> FloatArray:
    """(5,), in the order of `PARAMETERS`."""
    sds = np.sqrt(np.diagonal(mixture.dense_covariances, axis1=1, axis2=2))[:, 0]
    return np.array([mixture.weights[0], *mixture.means[:, 0], *sds])


def number_errors(errors: em.StandardErrors) -> FloatArray:
    """Standard errors of the five numbers, (5,)."""
    return np.array([errors.weights[0], *errors.means[:, 0], *errors.scales[:, 0]])


def number_draws(posterior: bayesian.Posterior) -> FloatArray:
    """The five numbers of every draw, (C, S, 5)."""
    sds = np.sqrt(posterior.covariances[..., 0, 0])
    return np.concatenate([posterior.weights[..., :1], posterior.means[..., 0], sds], axis=-1)


def highest_fit(
    x: FloatArray, target: GaussianMixture, n_starts: int, rng: np.random.Generator
) -> GaussianMixture | None:
    """EM's highest optimum of several starts, labels matched to the target; None if every start ran away."""
    restarts = em.fit_best(
        x, 2, structure=STRUCTURE, n_starts=n_starts, rng=rng, n_jobs=1, move=em.moves.AcceleratedEM()
    )
    if not restarts.usable:
        return None
    best = restarts.best.mixture
    return best.permute(match(best, target))


def sampled(
    x: FloatArray,
    around: GaussianMixture,
    *,
    draws: int,
    tune: int,
    chains: int,
    rng: np.random.Generator,
    prior: bayesian.Prior = PRIOR,
) -> bayesian.Posterior:
    """Draws by NUTS on one core, labels as those of `around`: chains start there in both labellings, in turn.

    The code is compiled once in a process for each family of priors.
    """
    posterior = bayesian.sample(
        x,
        2,
        structure=STRUCTURE,
        prior=prior,
        draws=draws,
        tune=tune,
        chains=chains,
        starts=[around, around.permute([1, 0])] if chains % 2 == 0 else [around],
        random_seed=int(rng.integers(2**31)),
        cores=1,
        progressbar=False,
    )
    pivot = around.responsibilities(x).argmax(axis=1)
    return bayesian.relabel(posterior, "ecr", pivot=pivot).apply(posterior)
