"""The start from model-based hierarchical clustering."""

import numpy as np
from numpy.typing import ArrayLike

from em.starts.agglomeration import (
    LARGEST_SAMPLE,
    Criterion,
    LogDeterminant,
    LogVariance,
    LogVariances,
    SumOfSquares,
    agglomerate,
)
from em.starts.groups import mixture_of_groups
from em.starts.sample import DECIMALS, Sample, sample_of
from mixture import GaussianMixture, structure_named
from mixture.arrays import FloatArray

SMALLEST_AXIS = 1e-7
"""Principal axes of a standard deviation below this share of the longest hold rounding only and are left out."""


def hierarchical(
    x: ArrayLike,
    n_components: int,
    *,
    structure: str = "full",
    rng: np.random.Generator | int | None = None,
    weights: ArrayLike | None = None,
    floor: float | None = None,
) -> GaussianMixture:
    """Groups merged pair by pair, always the pair that lowers the classification likelihood least, until K are left.

    -2 log max prod_n N(x_n | mu_{z_n}, Sigma_{z_n}), up to constants, a = the mean variance of the mapped features, is
        sum_k n_k log|(W_k + a I) / n_k|              structures with covariance matrices (full and its relatives)
        sum_k n_k sum_j log((W_kjj + a) / n_k)        diagonal structures (diag and its relatives)
        sum_k n_k D log((tr W_k / D + a) / n_k)       spherical
        sum_k tr W_k                                  one covariance for all: tied, tied_diag, tied_spherical
    a counts as one more point's scatter in every group, without which a group of at most D points would have the
    likelihood infinity. The last is the criterion of sigma^2 I: that of one free matrix, log|sum_k W_k|, changes for
    all pairs with every merge. Structures that share only volume, shape or orientation are treated as if free.

    Features are scaled to unit variance; structures with covariance matrices then take the coordinates along the
    principal axes, scaled to unit variance too, so that one long axis does not decide. Weights and means are those of
    the groups; see `em.starts.groups.mixture_of_groups` for the covariances. Of more than 1000 points, 1000 are drawn
    from `rng` and the mixture is that of theirs (the first E step allocates the others); up to there nothing is random.

    Raises ValueError if the data have fewer than K distinct points.
    Source: Murtagh & Raftery 1984, Pattern Recognition 17:479; Banfield & Raftery 1993, Biometrics 49:803; Fraley 1998,
    SIAM J. Sci. Comput. 20:270, section 2, for a; Scrucca & Raftery 2015, Adv. Data Anal. Classif. 9:447.
    """
    sample, k = sample_of(x, n_components, weights, at_most=LARGEST_SAMPLE, rng=rng)
    mapped = sample.scaled if structure_named(structure).diagonal else principal_coordinates(sample)
    labels = agglomerate(mapped, sample.mass, k, criterion_for(structure, mapped.shape[1]))
    return mixture_of_groups(sample, labels, k, structure, floor)


def criterion_for(structure: str, n_features: int) -> Criterion:
    """The criterion that `hierarchical` takes for a structure, on features of unit variance."""
    covariance = structure_named(structure)
    if covariance.shared:
        return SumOfSquares()
    if not covariance.diagonal:
        return LogDeterminant(1.0)
    return LogVariance(1.0, n_features) if covariance.name == "spherical" else LogVariances(1.0)


def principal_coordinates(sample: Sample) -> FloatArray:
    """Coordinates along the principal axes of the scaled features, each of unit variance; (M, at most D)."""
    share = np.sqrt(sample.mass / sample.mass.sum())
    _, sds, axes = np.linalg.svd(sample.scaled * share[:, None], full_matrices=False)
    used = sds > SMALLEST_AXIS * sds[0]
    coordinates: FloatArray = np.round(sample.scaled @ (axes[used].T / sds[used]), DECIMALS)
    return coordinates
