"""Covariances stored as whole matrices, and the two structures whose matrices are free: full and tied."""

from typing import final

import numpy as np

from mixture.arrays import FloatArray
from mixture.covariance.covariance import Covariance
from mixture.covariance.linear import LinearCovariance


class MatrixCovariance(Covariance):
    """Abstract: an element is a symmetric positive definite matrix (D, D)."""

    diagonal = False

    def element_shape(self, n_features: int) -> tuple[int, ...]:
        return (n_features, n_features)

    def restrict(self, scatter: FloatArray) -> FloatArray:
        return scatter

    def clip(self, stack: FloatArray, floor: FloatArray) -> FloatArray:
        root = np.linalg.cholesky(floor)
        values, vectors = np.linalg.eigh(_whitened(stack, root))
        axes = root @ vectors
        clipped = (axes * np.maximum(values, 1.0)[..., None, :]) @ np.swapaxes(axes, -1, -2)
        raised = (values < 1.0).any(axis=-1)
        return np.where(raised[..., None, None], 0.5 * (clipped + np.swapaxes(clipped, -1, -2)), stack)

    def margins(self, stack: FloatArray, floor: FloatArray) -> FloatArray:
        return np.linalg.eigvalsh(_whitened(stack, np.linalg.cholesky(floor)))[..., 0]

    def log_volumes(self, stack: FloatArray) -> FloatArray:
        volumes: FloatArray = np.linalg.slogdet(stack)[1] / stack.shape[-1]
        return volumes

    def expand(self, stack: FloatArray, n_features: int) -> FloatArray:
        return stack

    def invert_root(self, stack: FloatArray, n_features: int) -> FloatArray:
        inverse: FloatArray = np.linalg.inv(np.linalg.cholesky(stack))
        return np.tril(inverse)

    def pivots(self, stack: FloatArray) -> FloatArray:
        variances = np.diagonal(stack, axis1=-2, axis2=-1)
        usable = (variances > 0.0).all(axis=-1)
        sds = np.sqrt(np.where(usable[..., None], variances, 1.0))
        correlations = stack / (sds[..., :, None] * sds[..., None, :])
        try:
            roots = np.linalg.cholesky(correlations)
        except np.linalg.LinAlgError:  # of one of them: look at each
            if len(stack) == 1:
                return np.zeros(1)
            return np.concatenate([self.pivots(matrix[None]) for matrix in stack])
        smallest = np.square(np.diagonal(roots, axis1=-2, axis2=-1)).min(axis=-1)
        return np.where(usable, smallest, 0.0)


def _whitened(stack: FloatArray, root: FloatArray) -> FloatArray:
    whitener = np.linalg.inv(root)
    white = whitener @ stack @ whitener.T
    symmetric: FloatArray = 0.5 * (white + np.swapaxes(white, -1, -2))
    return symmetric


class _FreeMatrix(MatrixCovariance, LinearCovariance):
    """Sigma any symmetric positive definite matrix."""

    def n_element_parameters(self, n_features: int) -> int:
        return n_features * (n_features + 1) // 2

    def fill(self, values: FloatArray, n_features: int) -> FloatArray:
        rows, columns = np.tril_indices(n_features)
        matrices = np.zeros((*values.shape[:-1], n_features, n_features))
        matrices[..., rows, columns] = values
        matrices[..., columns, rows] = values
        return matrices


@final
class Full(_FreeMatrix):
    name, mclust, shared = "full", "VVV", False
    meaning = "a covariance matrix per component"


@final
class Tied(_FreeMatrix):
    name, mclust, shared = "tied", "EEE", True
    meaning = "one covariance matrix shared by all components"
