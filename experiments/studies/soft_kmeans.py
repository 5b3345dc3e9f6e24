"""Mixtures of equal spheres with a given sigma, and k-means, step by step."""

import warnings

import numpy as np
from scipy.cluster.vq import kmeans2
from scipy.special import ndtr

import em
from mixture import GaussianMixture
from mixture.arrays import FloatArray, IntArray

MAX_STEPS = 20_000
STILL = 1e-11
"""Means that move by less, in the unit that is given, stand still."""
ARRIVED = 1e-8
"""A step of means and sigma shorter than this, in sigmas, ends the climb with equal weights."""


def spheres(means: FloatArray, sigma: float) -> GaussianMixture:
    """sum_k N(x | mu_k, sigma^2 I) / K."""
    k = len(means)
    return GaussianMixture(np.full(k, 1.0 / k), means, np.asarray(sigma**2), "tied_spherical")


def soft_step(points: FloatArray, means: FloatArray, sigma: float) -> FloatArray:
    """mu_k' = sum_n r_nk x_n / sum_n r_nk: EM's step of the means alone; a component that holds nothing stays."""
    found = em.e_step(points, spheres(means, sigma), threads=1)
    held = np.where(found.counts > 0.0, found.counts, 1.0)
    return np.asarray(found.about + found.first / held[:, None])


def lloyd_step(points: FloatArray, means: FloatArray) -> FloatArray:
    """The means of the points nearest to each centre."""
    nearest = np.square(points[:, None] - means).sum(axis=2).argmin(axis=1)
    return np.stack([points[nearest == k].mean(axis=0) if (nearest == k).any() else c for k, c in enumerate(means)])


def fixed_point(points: FloatArray, means: FloatArray, sigma: float, unit: float) -> FloatArray:
    """Where the means come to rest."""
    for _ in range(MAX_STEPS):
        after = soft_step(points, means, sigma)
        if np.abs(after - means).max() < STILL * unit:
            return after
        means = after
    return means


def free_energy(points: FloatArray, means: FloatArray, sigma: float) -> float:
    """-2 sigma^2 sum_n log sum_k exp(-|x_n - mu_k|^2 / 2 sigma^2), from log L."""
    n, d = points.shape
    constant = 0.5 * n * d * np.log(2.0 * np.pi * sigma**2) + n * np.log(len(means))
    return float(-2.0 * sigma**2 * (spheres(means, sigma).log_likelihood(points) + constant))


def scipy_kmeans(points: FloatArray, means: FloatArray) -> tuple[FloatArray, IntArray, float]:
    """Centres, allocations and sum of squares of scipy's k-means from these centres."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", UserWarning)  # of an empty cluster, which keeps its centre
        centres, labels = kmeans2(points, means, iter=100, minit="matrix")
    return centres, labels.astype(np.int64), float(np.square(points - centres[labels]).sum())


def equal_weights_em(points: FloatArray, start: GaussianMixture) -> GaussianMixture:
    """EM of equal spheres with the weights held at 1 / K: the means and sigma alone are estimated, as by k-means."""
    mixture = start
    for _ in range(MAX_STEPS):
        free = em.m_step(em.e_step(points, mixture, threads=1), structure="tied_spherical")
        after = spheres(free.means, float(np.sqrt(free.covariances)))
        sigma = float(np.sqrt(after.covariances))
        step = max(np.abs(after.means - mixture.means).max(), abs(sigma - float(np.sqrt(mixture.covariances))))
        mixture = after
        if step < ARRIVED * sigma:
            break
    return mixture


def summary(mixture: GaussianMixture) -> tuple[float, float]:
    """Distance of the means, and sigma."""
    return float(abs(mixture.means[1, 0] - mixture.means[0, 0])), float(np.sqrt(mixture.covariances))


def cut_in_the_middle(distance: float) -> tuple[float, float]:
    """Separation and sd that k-means tends to on two equal unit normals: those of |x|, x ~ N(distance / 2, 1).

    E|x| = sqrt(2 / pi) exp(-m^2 / 2) + m (1 - 2 Phi(-m)), m = distance / 2; the variance is 1 + m^2 - E|x|^2.
    """
    m = 0.5 * distance
    folded = float(np.sqrt(2.0 / np.pi) * np.exp(-0.5 * m * m) + m * (1.0 - 2.0 * ndtr(-m)))
    return 2.0 * folded, float(np.sqrt(1.0 + m * m - folded**2))
