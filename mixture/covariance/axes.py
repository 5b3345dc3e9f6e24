"""Covariances along the axes of the features, and the two structures whose variances are free: diag and tied_diag."""

from typing import final

import numpy as np

from mixture.arrays import FloatArray
from mixture.covariance.covariance import Covariance
from mixture.covariance.linear import LinearCovariance


class AxesCovariance(Covariance):
    """Abstract: an element is the variances v (D,) of diag(v_1..v_D)."""

    diagonal = True

    def element_shape(self, n_features: int) -> tuple[int, ...]:
        return (n_features,)

    def restrict(self, scatter: FloatArray) -> FloatArray:
        return scatter

    def clip(self, stack: FloatArray, floor: FloatArray) -> FloatArray:
        return np.maximum(stack, np.diagonal(floor))

    def margins(self, stack: FloatArray, floor: FloatArray) -> FloatArray:
        return (stack / np.diagonal(floor)).min(axis=-1)

    def log_volumes(self, stack: FloatArray) -> FloatArray:
        return np.log(stack).mean(axis=-1)

    def expand(self, stack: FloatArray, n_features: int) -> FloatArray:
        return stack[..., None] * np.eye(n_features)

    def invert_root(self, stack: FloatArray, n_features: int) -> FloatArray:
        return 1.0 / np.sqrt(stack)

    def pivots(self, stack: FloatArray) -> FloatArray:
        return (stack > 0.0).all(axis=-1).astype(np.float64)


class _FreeAxes(AxesCovariance, LinearCovariance):
    """Sigma = diag(v_1..v_D), any positive variances."""

    def n_element_parameters(self, n_features: int) -> int:
        return n_features

    def fill(self, values: FloatArray, n_features: int) -> FloatArray:
        return values


@final
class Diagonal(_FreeAxes):
    name, mclust, shared = "diag", "VVI", False
    meaning = "a diagonal covariance per component"


@final
class TiedDiagonal(_FreeAxes):
    name, mclust, shared = "tied_diag", "EEI", True
    meaning = "one diagonal covariance shared by all components"
