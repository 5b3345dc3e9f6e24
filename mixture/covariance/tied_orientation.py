"""Families of one orientation whose shapes are free: EVE and VVE, common principal components."""

from abc import abstractmethod
from typing import final

import numpy as np

from mixture.arrays import FloatArray
from mixture.covariance.common_axes import AxesCriterion, CommonAxes, EqualVolumes, FreeVolumes, common_axes
from mixture.covariance.equal_volumes import equal_volumes
from mixture.covariance.inner_step import InnerStep
from mixture.covariance.matrices import MatrixCovariance
from mixture.covariance.partly_shared import PartlyShared
from mixture.covariance.turns import Turned, composed

MIXES = 4
"""Combinations of the covariances whose eigenvectors are compared, as any one may have equal eigenvalues."""

MAX_STEPS = 300
SHORT_STEPS = 8
RANDOM_STARTS = 10
FOLLOWED = 3


class _OneOrientation(PartlyShared, MatrixCovariance, Turned):
    """Sigma_k = D Lambda_k D^T: line searches over the axes D, Lambda_k in closed form.

    Without current axes the search starts from those of the features, of the pooled scatter and of each component, and
    from some turned at random (always the same), and the best end is taken: f may have several minima.
    """

    iterative = True

    @abstractmethod
    def criterion(self, counts: FloatArray, n_features: int) -> AxesCriterion:
        """What the axes minimise."""

    @abstractmethod
    def variances(self, counts: FloatArray, scatter: FloatArray) -> FloatArray:
        """Lambda_k, (K, D), from the scatter along the axes (K, D)."""

    def axes(self, covariances: FloatArray) -> FloatArray:
        shared = shared_axes(covariances)
        return np.broadcast_to(shared, covariances.shape)

    def maximise(
        self, counts: FloatArray, scatter: FloatArray, current: FloatArray | None, inner: InnerStep
    ) -> FloatArray:
        criterion = self.criterion(counts, scatter.shape[1])
        max_steps = 1 if inner is InnerStep.SINGLE else MAX_STEPS
        if current is not None:
            axes = common_axes(criterion, scatter, shared_axes(current), max_steps).axes
        else:
            axes = _from_anywhere(criterion, counts, scatter, max_steps).axes
        along = np.maximum(np.diagonal(axes.T @ scatter @ axes, axis1=1, axis2=2), 0.0)
        return composed(axes[None], self.variances(counts, along))


@final
class TiedOrientation(_OneOrientation):
    name, mclust = "tied_orientation", "VVE"
    meaning = "covariances of one orientation, each of its own volume and shape"

    def criterion(self, counts: FloatArray, n_features: int) -> AxesCriterion:
        return FreeVolumes(counts, n_features)

    def variances(self, counts: FloatArray, scatter: FloatArray) -> FloatArray:
        return scatter / counts[:, None]


@final
class TiedVolumeOrientation(_OneOrientation):
    name, mclust = "tied_volume_orientation", "EVE"
    meaning = "covariances of one volume and orientation, each of its own shape"

    def criterion(self, counts: FloatArray, n_features: int) -> AxesCriterion:
        return EqualVolumes(counts, n_features)

    def variances(self, counts: FloatArray, scatter: FloatArray) -> FloatArray:
        return equal_volumes(counts, scatter)


def shared_axes(covariances: FloatArray) -> FloatArray:
    """The eigenvectors (D, D) that commuting covariances (K, D, D) have in common: those of one combination of them.

    Several combinations with fixed irrational weights are compared by the correlations left along their eigenvectors.
    """
    n_components = len(covariances)
    unit = covariances / np.trace(covariances, axis1=1, axis2=2)[:, None, None]
    best, left = np.eye(covariances.shape[1]), np.inf
    for mix in range(1, MIXES + 1):
        weights = 0.2 + np.modf(np.sqrt(np.arange(2, n_components + 2) * mix + 0.5))[0]
        axes = np.linalg.eigh(np.tensordot(weights, unit, axes=1))[1]
        rotated = axes.T @ unit @ axes
        roots = np.sqrt(np.maximum(np.diagonal(rotated, axis1=1, axis2=2), np.finfo(np.float64).tiny))
        correlations = rotated / (roots[:, :, None] * roots[:, None, :])
        residual = float(np.abs(np.tril(correlations, -1)).max())
        if residual < left:
            best, left = axes, residual
        if left < 1e-12:
            break
    return best


def _from_anywhere(criterion: AxesCriterion, counts: FloatArray, scatter: FloatArray, max_steps: int) -> CommonAxes:
    """The best end over all starts, of which only the most promising are followed to theirs."""
    tries = [common_axes(criterion, scatter, start, min(max_steps, SHORT_STEPS)) for start in _starts(counts, scatter)]
    tries.sort(key=lambda found: found.value)
    ends = [common_axes(criterion, scatter, found.axes, max_steps - SHORT_STEPS) for found in tries[:FOLLOWED]]
    return min(ends, key=lambda found: found.value)


def _starts(counts: FloatArray, scatter: FloatArray) -> FloatArray:
    """Axes to start from, (K + 3 + RANDOM_STARTS, D, D)."""
    n_features = scatter.shape[1]
    traces = np.trace(scatter, axis1=1, axis2=2)
    positive = np.where(traces > 0.0, traces, 1.0)[:, None, None]
    pooled = np.stack([scatter.sum(axis=0), (counts[:, None, None] * scatter / positive).sum(axis=0)])
    vectors = np.linalg.eigh(np.concatenate([pooled, scatter]))[1]
    normal = np.random.default_rng(0).standard_normal((RANDOM_STARTS, n_features, n_features))
    return np.concatenate([np.eye(n_features)[None], vectors, np.linalg.qr(normal)[0]])
