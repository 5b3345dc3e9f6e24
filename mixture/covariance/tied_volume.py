"""Families of one volume whose shapes and orientations are free: EVI and EVV."""

from typing import final

from mixture.arrays import FloatArray
from mixture.covariance.axes import AxesCovariance
from mixture.covariance.equal_volumes import equal_volumes
from mixture.covariance.inner_step import InnerStep
from mixture.covariance.matrices import MatrixCovariance
from mixture.covariance.partly_shared import PartlyShared
from mixture.covariance.stretches import Stretched


class _OneVolume(PartlyShared):
    """Closed form: scatter scaled to one volume."""

    def maximise(
        self, counts: FloatArray, scatter: FloatArray, current: FloatArray | None, inner: InnerStep
    ) -> FloatArray:
        return equal_volumes(counts, scatter)


@final
class DiagonalTiedVolume(_OneVolume, AxesCovariance, Stretched):
    name, mclust = "diag_tied_volume", "EVI"
    meaning = "diagonal covariances of one volume"


@final
class TiedVolume(_OneVolume, MatrixCovariance, Stretched):
    name, mclust = "tied_volume", "EVV"
    meaning = "covariances of one volume, each of its own shape and orientation"
