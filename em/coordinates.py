"""Unconstrained coordinates of mixtures: every vector of them is a mixture, so no step can leave the constraints."""

from typing import Self

import numpy as np
from scipy.linalg import solve_triangular

from mixture import STRUCTURES, ExpectedStatistics, GaussianMixture, Moments
from mixture.arrays import FloatArray, IntArray
from mixture.covariance import Covariance

EXTENT = 300.0
"""Logarithms of weight ratios and standard deviations beyond this are refused: their exponentials are of no use."""

SMALLEST_WEIGHT = 1e-12
"""A component that holds less is empty here; only a prior lets it stay."""


class EmptyComponent(ValueError):
    """A component without weight has no log-ratios."""

    def __init__(self, mixture: GaussianMixture) -> None:
        super().__init__(f"component {int(mixture.weights.argmin())} is empty: it has no coordinates")


class Coordinates:
    """z (P,) <-> theta, for the structures whose covariances share nothing or everything.

    z is, in this order,
        a (K - 1)  log-ratios of weights: log pi = V a + constant, the columns of V (K, K - 1) orthonormal, sums zero
        m (K, D)   whitened means: mu_k = o + F m_k
        l          log-Cholesky factors: Sigma_k = F L_k L_k^T F^T, L_k lower triangular with the logarithms of its
                   diagonal in its place; rows of the lower triangle, or the diagonal alone, or one number; per
                   component, or once
    o (D,) is the mean of the data and F F^T their covariance (for diagonal structures its diagonal, for spherical ones
    its mean), so that z does not depend on units. Derivatives are those of log p(X | theta) [+ log p(theta)], in nats.
    Sources: Pinheiro & Bates 1996, Stat. Comput. 6:289, section 2.2 (log-Cholesky); Egozcue et al. 2003, Math. Geol.
    35:279 (orthonormal log-ratios).
    """

    def __init__(self, structure: Covariance, n_components: int, origin: FloatArray, frame: FloatArray) -> None:
        """origin o (D,), frame F (D, D) lower triangular; raises ValueError for a family without these coordinates."""
        require_linear(structure)
        self.structure = structure
        self.n_components, self.n_features = n_components, origin.size
        self.origin, self.frame = origin, frame
        self.unframe = solve_triangular(frame, np.eye(origin.size), lower=True)
        self.basis = _orthonormal_log_ratios(n_components)
        self.lower = np.tril_indices(origin.size)
        self.places = _places(structure, n_components, origin.size)
        self._owners = np.unique(self.places[self.places >= 0], return_index=True)[1]
        self._free = np.flatnonzero(self.places.ravel() >= 0)
        self._logarithms = np.unique(np.diagonal(self.places, axis1=1, axis2=2))
        self.of_weights = slice(0, n_components - 1)
        self.of_means = slice(n_components - 1, n_components - 1 + n_components * origin.size)
        self.of_covariances = slice(self.of_means.stop, self.of_means.stop + self._owners.size)
        self.size = self.of_covariances.stop

    @classmethod
    def of_data(cls, structure: Covariance, statistics: ExpectedStatistics) -> Self:
        """Origin and frame from the mean and covariance of the data, as any of their expected statistics know them."""
        total = statistics.counts.sum()
        origin = (statistics.counts @ statistics.about + statistics.first.sum(axis=0)) / total
        variances = statistics.total_variances
        sds = np.sqrt(np.where(variances > 0.0, variances, 1.0))
        if not structure.diagonal:
            correlations = statistics.total_covariance / np.outer(sds, sds)
            if np.linalg.eigvalsh(correlations)[0] > 1e-10:
                root: FloatArray = np.linalg.cholesky(correlations)
                return cls(structure, statistics.counts.size, origin, sds[:, None] * root)
        elif not structure.element_shape(origin.size):
            sds = np.full(origin.size, np.sqrt(np.square(sds).mean()))
        return cls(structure, statistics.counts.size, origin, np.diag(sds))

    def vector(self, mixture: GaussianMixture) -> FloatArray:
        """z of a mixture; raises EmptyComponent, a ValueError, if it has none."""
        if mixture.weights.min() < SMALLEST_WEIGHT:
            raise EmptyComponent(mixture)
        roots = self.unframe @ np.linalg.cholesky(mixture.dense_covariances)
        diagonal = np.arange(self.n_features)
        roots[:, diagonal, diagonal] = np.log(roots[:, diagonal, diagonal])
        means = (mixture.means - self.origin) @ self.unframe.T
        of_covariances = roots.ravel()[self._free[self._owners]]
        return np.concatenate([self.basis.T @ np.log(mixture.weights), means.ravel(), of_covariances])

    def mixture(self, vector: FloatArray) -> GaussianMixture:
        """The mixture at z; raises ValueError where it cannot be told from a singular one in floating point."""
        logarithms = np.concatenate([vector[self.of_weights], vector[self.of_covariances][self._logarithms]])
        if not (np.isfinite(vector).all() and np.abs(logarithms).max() < EXTENT):
            raise ValueError("these coordinates are too large to be a mixture in floating point")
        means = self.origin + vector[self.of_means].reshape(-1, self.n_features) @ self.frame.T
        roots = self.frame @ self.roots(vector)
        dense = roots @ np.swapaxes(roots, 1, 2)
        stored = self.structure.store(0.5 * (dense + np.swapaxes(dense, 1, 2)))
        mixture = GaussianMixture(self.weights(vector), means, stored, self.structure.name)
        if mixture.weights.min() < SMALLEST_WEIGHT:
            raise EmptyComponent(mixture)
        return mixture

    def largest_stretch(self, step: FloatArray) -> float:
        """The largest change of a log standard deviation over a step (P,)."""
        return float(np.abs(step[self.of_covariances][self._logarithms]).max())

    def weights(self, vector: FloatArray) -> FloatArray:
        """pi (K,)."""
        logits = self.basis @ vector[self.of_weights]
        shares = np.exp(logits - logits.max())
        return np.array(shares / shares.sum())

    def roots(self, vector: FloatArray) -> FloatArray:
        """L_k (K, D, D)."""
        roots = np.zeros(self.places.size)
        roots[self._free] = vector[self.of_covariances][self.places.ravel()[self._free]]
        shaped = roots.reshape(self.places.shape)
        diagonal = np.arange(self.n_features)
        shaped[:, diagonal, diagonal] = np.exp(shaped[:, diagonal, diagonal])
        return shaped

    def gather(self, slopes: FloatArray) -> FloatArray:
        """Derivatives by l from those by all the elements of the log-Cholesky factors (K, D, D): sums over sharing."""
        return np.bincount(self.places.ravel()[self._free], slopes.ravel()[self._free], self._owners.size)

    def whitened(self, inverse_roots: FloatArray, moments: Moments) -> tuple[FloatArray, FloatArray]:
        """y_k = sum of whitened deviations (K, D) and W_k their scatter (K, D, D), both by L_k^-1 F^-1."""
        whiten = inverse_roots @ self.unframe
        first = np.einsum("kij,kj->ki", whiten, moments.first)
        if moments.second.ndim == 3:
            return first, whiten @ moments.second @ np.swapaxes(whiten, 1, 2)
        variances = moments.second * np.square(np.diagonal(whiten, axis1=1, axis2=2))
        return first, variances[:, :, None] * np.eye(self.n_features)

    def gradient(self, vector: FloatArray, moments: Moments) -> FloatArray:
        """d objective / d z (P,), at z, from the moments there (with the prior in them, if there is one).

        By Fisher's identity it is that of the expected complete-data log-likelihood: in pi c_k - C pi_k, in mu_k
        Sigma_k^-1 S1_k, in Sigma_k (1/2) Sigma_k^-1 (S2_k - n_k Sigma_k) Sigma_k^-1.
        Source: McLachlan & Krishnan 2008, The EM Algorithm, section 3.7.
        """
        roots = self.roots(vector)
        inverse = np.linalg.inv(roots)
        first, second = self.whitened(inverse, moments)
        of_weights = self.basis.T @ (moments.counts - moments.counts.sum() * self.weights(vector))
        of_means = np.einsum("kji,kj->ki", inverse, first)
        identity = np.eye(self.n_features)
        slopes = np.swapaxes(inverse, 1, 2) @ np.tril(second - moments.covariance_counts[:, None, None] * identity)
        diagonal = np.arange(self.n_features)
        slopes[:, diagonal, diagonal] *= roots[:, diagonal, diagonal]
        return np.concatenate([of_weights, of_means.ravel(), self.gather(slopes)])


def require_linear(structure: Covariance) -> None:
    """Refuse, with a ValueError, families whose covariances have no unconstrained coordinates here."""
    names = [known.name for known in STRUCTURES]
    if structure.name not in names:
        raise ValueError(
            f"the covariance family {structure.name} ({structure.mclust}) has no unconstrained coordinates here: climb"
            f" it by EM, or take one of: {', '.join(names)}"
        )


def _orthonormal_log_ratios(n_components: int) -> FloatArray:
    """V (K, K - 1): orthonormal columns that sum to zero (Helmert's)."""
    columns = [
        np.concatenate([np.full(j, 1.0), [-j], np.zeros(n_components - j - 1)]) / np.sqrt(j * (j + 1.0))
        for j in range(1, n_components)
    ]
    return np.array(columns).reshape(n_components - 1, n_components).T


def _places(structure: Covariance, n_components: int, n_features: int) -> IntArray:
    """(K, D, D): which element of l an element of the log-Cholesky factors is; -1 for those that are zero."""
    places = np.full((n_components, n_features, n_features), -1, dtype=np.int64)
    element = structure.element_shape(n_features)
    if len(element) == 2:
        rows, columns = np.tril_indices(n_features)
        within = np.arange(rows.size)
    else:
        rows = columns = np.arange(n_features)
        within = np.arange(n_features) if element else np.zeros(n_features, dtype=np.int64)
    size = int(within.max()) + 1
    for k in range(n_components):
        places[k, rows, columns] = within + (0 if structure.shared else k * size)
    return places
