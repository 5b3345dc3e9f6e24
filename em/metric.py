"""EM's own metric: the information of the complete data, in unconstrained coordinates."""

import numpy as np

from em.coordinates import Coordinates
from mixture import Moments
from mixture.arrays import FloatArray

SMALLEST_COUNT = 1e-100
"""Points of a component below which its information is not inverted any further."""


class CompleteMetric:
    """B(z) = -d^2 Q / dz dz^T in expectation: the Fisher information of data whose allocations are known, K, N_k given.

    Block diagonal: C (diag pi - pi pi^T) of the weights, m_k Sigma_k^-1 of the means, and for dL_k = L_k dX_k, dX_k
    lower triangular, 2 n_k on its diagonal and n_k below it. B^-1 gradient is to first order the step of EM.
    Sources: Titterington 1984, JRSS B 46:257; Xu & Jordan 1996, Neural Comput. 8:129; Lange 1995, JRSS B 57:425.
    """

    def __init__(self, coordinates: Coordinates, vector: FloatArray, moments: Moments) -> None:
        self._of = coordinates
        self._roots = coordinates.roots(vector)
        self._inverse = np.linalg.inv(self._roots)
        self._covariances = self._roots @ np.swapaxes(self._roots, 1, 2)
        self._precisions = np.swapaxes(self._inverse, 1, 2) @ self._inverse
        self._expected = np.maximum(moments.counts.sum() * coordinates.weights(vector), SMALLEST_COUNT)
        self._mean_counts = np.maximum(moments.mean_counts, SMALLEST_COUNT)[:, None]
        counts = np.maximum(moments.covariance_counts, SMALLEST_COUNT)
        d = coordinates.n_features
        self._shared = coordinates.structure.shared
        if coordinates.structure.diagonal:
            self._scales = coordinates.gather(np.broadcast_to(2.0 * counts[:, None, None], (counts.size, d, d)))
        else:
            rows = counts.sum(keepdims=True) if self._shared else counts
            self._scales = rows[:, None, None] * (np.tri(d) + np.eye(d))

    def inverse_times(self, slopes: FloatArray) -> FloatArray:
        """B^-1 g: a step (P,) from a gradient (P,)."""
        of, (a, m, c) = self._of, self._split(slopes)
        weights = of.basis.T @ ((of.basis @ a) / self._expected)
        means = (self._covariances @ m[:, :, None])[:, :, 0] / self._mean_counts
        if of.structure.diagonal:
            return np.concatenate([weights, means.ravel(), c / self._scales])
        roots, lower = self._roots[: len(self._scales)], self._matrices(c)
        diagonal = np.arange(of.n_features)
        logs = roots[:, diagonal, diagonal]
        lower[:, diagonal, diagonal] /= logs
        step = np.tril(np.swapaxes(roots, 1, 2) @ lower) / np.where(self._scales > 0.0, self._scales, 1.0)
        step = roots @ step
        step[:, diagonal, diagonal] /= logs
        return np.concatenate([weights, means.ravel(), self._elements(step)])

    def times(self, step: FloatArray) -> FloatArray:
        """B d: a gradient (P,) from a step (P,)."""
        of, (a, m, c) = self._of, self._split(step)
        moved = of.basis @ a
        shares = self._expected / self._expected.sum()
        weights = of.basis.T @ (self._expected * (moved - shares @ moved))
        means = (self._precisions @ m[:, :, None])[:, :, 0] * self._mean_counts
        if of.structure.diagonal:
            return np.concatenate([weights, means.ravel(), c * self._scales])
        inverse, lower = self._inverse[: len(self._scales)], self._matrices(c)
        diagonal = np.arange(of.n_features)
        logs = self._roots[: len(self._scales), diagonal, diagonal]
        lower[:, diagonal, diagonal] *= logs
        slopes = np.swapaxes(inverse, 1, 2) @ (np.tril(inverse @ lower) * self._scales)
        slopes[:, diagonal, diagonal] *= logs
        return np.concatenate([weights, means.ravel(), self._elements(slopes)])

    def _split(self, vector: FloatArray) -> tuple[FloatArray, FloatArray, FloatArray]:
        of = self._of
        means = vector[of.of_means].reshape(of.n_components, of.n_features)
        return vector[of.of_weights], means, vector[of.of_covariances]

    def _matrices(self, elements: FloatArray) -> FloatArray:
        rows, columns = self._of.lower
        matrices = np.zeros((len(self._scales), self._of.n_features, self._of.n_features))
        matrices[:, rows, columns] = elements.reshape(len(self._scales), rows.size)
        return matrices

    def _elements(self, matrices: FloatArray) -> FloatArray:
        rows, columns = self._of.lower
        elements: FloatArray = matrices[:, rows, columns].ravel()
        return elements
