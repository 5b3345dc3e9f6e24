"""Families of one shape, whose volumes are free: VEI, VEE and VEV; and EEV, of one volume and shape."""

from typing import final

import numpy as np

from mixture.arrays import FloatArray
from mixture.covariance.axes import AxesCovariance
from mixture.covariance.covariance import Covariance
from mixture.covariance.inner_step import InnerStep
from mixture.covariance.log_volumes import maximise_volumes
from mixture.covariance.matrices import MatrixCovariance
from mixture.covariance.partly_shared import PartlyShared
from mixture.covariance.stretches import Stretched
from mixture.covariance.turns import Turned, composed


class _FreeVolumes(PartlyShared):
    """Sigma_k = exp(l_k) C: Newton's method in the log volumes l, C in closed form."""

    iterative = True

    def maximise(
        self, counts: FloatArray, scatter: FloatArray, current: FloatArray | None, inner: InnerStep
    ) -> FloatArray:
        return scaled_copies(self, counts, scatter, current, inner)


@final
class DiagonalTiedShape(_FreeVolumes, AxesCovariance, Stretched):
    name, mclust = "diag_tied_shape", "VEI"
    meaning = "diagonal covariances of one shape, each of its own volume"


@final
class TiedShapeOrientation(_FreeVolumes, MatrixCovariance, Stretched):
    name, mclust = "tied_shape_orientation", "VEE"
    meaning = "covariances of one shape and orientation, each of its own volume"


class _FreeAxes(PartlyShared, MatrixCovariance, Turned):
    """Sigma_k = D_k Lambda_k D_k^T with the eigenvectors D_k of W_k, whatever volumes and the shape are: the trace is
    least where the largest variances lie along the largest scatter."""

    def axes(self, covariances: FloatArray) -> FloatArray:
        return np.linalg.eigh(covariances)[1]


@final
class TiedShape(_FreeAxes):
    name, mclust, iterative = "tied_shape", "VEV", True
    meaning = "covariances of one shape, each of its own volume and orientation"

    def maximise(
        self, counts: FloatArray, scatter: FloatArray, current: FloatArray | None, inner: InnerStep
    ) -> FloatArray:
        values, vectors = np.linalg.eigh(scatter)
        variances = scaled_copies(self, counts, np.maximum(values, 0.0), current, inner)
        return composed(vectors, variances)


@final
class TiedVolumeShape(_FreeAxes):
    name, mclust = "tied_volume_shape", "EEV"
    meaning = "covariances of one volume and shape, each of its own orientation"

    def maximise(
        self, counts: FloatArray, scatter: FloatArray, current: FloatArray | None, inner: InnerStep
    ) -> FloatArray:
        """Lambda = sum_k Omega_k / N, Omega_k the sorted eigenvalues of W_k."""
        values, vectors = np.linalg.eigh(scatter)
        shared = np.maximum(values, 0.0).sum(axis=0) / counts.sum()
        return composed(vectors, np.broadcast_to(shared, values.shape))


def scaled_copies(
    family: Covariance, counts: FloatArray, scatter: FloatArray, current: FloatArray | None, inner: InnerStep
) -> FloatArray:
    """exp(l_k) C in the shape of `scatter`; W_k / N_k, some of them singular, where there is no maximum."""
    expand = (slice(None), *(None,) * (scatter.ndim - 1))
    try:
        start = None if current is None else family.log_volumes(current)
        volumes, shared = maximise_volumes(counts, scatter, start, inner)
    except np.linalg.LinAlgError:
        return scatter / counts[expand]
    return np.exp(volumes)[expand] * shared
