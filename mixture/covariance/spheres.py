"""Covariances that are multiples of the identity: spherical and tied_spherical."""

from typing import final

import numpy as np

from mixture.arrays import FloatArray
from mixture.covariance.linear import LinearCovariance


class _Sphere(LinearCovariance):
    """Sigma = v I."""

    diagonal = True

    def element_shape(self, n_features: int) -> tuple[int, ...]:
        return ()

    def n_element_parameters(self, n_features: int) -> int:
        return 1

    def restrict(self, scatter: FloatArray) -> FloatArray:
        return scatter.mean(axis=-1)

    def store(self, dense: FloatArray) -> FloatArray:
        first = dense[..., 0, 0]  # a mean of equal numbers may round
        return np.array(first[0] if self.shared else first)

    def clip(self, stack: FloatArray, floor: FloatArray) -> FloatArray:
        return np.maximum(stack, np.diagonal(floor).mean())

    def margins(self, stack: FloatArray, floor: FloatArray) -> FloatArray:
        return stack / np.diagonal(floor).mean()

    def log_volumes(self, stack: FloatArray) -> FloatArray:
        return np.log(stack)

    def expand(self, stack: FloatArray, n_features: int) -> FloatArray:
        return stack[..., None, None] * np.eye(n_features)

    def invert_root(self, stack: FloatArray, n_features: int) -> FloatArray:
        return np.repeat(1.0 / np.sqrt(stack)[..., None], n_features, axis=-1)

    def fill(self, values: FloatArray, n_features: int) -> FloatArray:
        return values[..., 0]

    def pivots(self, stack: FloatArray) -> FloatArray:
        return (stack > 0.0).astype(np.float64)


@final
class Spherical(_Sphere):
    name, mclust, shared = "spherical", "VII", False
    meaning = "a variance per component, σₖ² I"


@final
class TiedSpherical(_Sphere):
    name, mclust, shared = "tied_spherical", "EII", True
    meaning = "one variance shared by all, σ² I: the k-means setting"
