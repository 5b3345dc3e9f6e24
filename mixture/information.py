"""Second derivatives of the log-sum likelihood: the observed information, from per-point scores."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike

from mixture.arrays import FloatArray, as_point_weights, as_points
from mixture.gaussian_mixture import GaussianMixture
from mixture.statistics import expected_statistics

BLOCK_ROWS = 2048
"""Points whose scores are held at once."""


@dataclass(frozen=True, eq=False)
class Information:
    """Derivatives of log p(X | theta) in the free parameters theta, at one mixture; P = `mixture.n_parameters` in all.

    theta is pi_1..pi_{K-1} (the last weight takes what is left), then mu_1..mu_K, then the covariances:
    for structures that share nothing or everything their free elements (lower triangles row by row); for the eight
    other families local coordinates, zero at the mixture, in the order log volumes (one, or one per component), log
    shapes (the first D - 1, the last taking what is left; once, or per component), orientation (a number for each pair
    of axes i > j, row by row; none, once, or per component). VEI, EVI, VEE and EVV stretch the current covariance
    S_k S_k^T, S_k lower triangular, to S_k exp(Z_k) S_k^T, where the shapes are the diagonal of Z_k and the orientation
    its elements below; EVE, VVE, EEV and VEV turn the current eigenvectors D_k to D_k exp(X_k), X_k skew. How
    covariances move with theta is `Covariance.tangent`, to second order `Covariance.bend`.

    observed      (P, P) I(theta) = -d^2 log p(X | theta) / d theta d theta^T
    complete      (P, P) I_c(theta) = -E[d^2 log p(X, z | theta) / d theta d theta^T | X], as if allocations were seen
    score_outer   (P, P) sum_n w_n s_n s_n^T of the per-point scores s_n, the middle of the sandwich
    score         (P,)   sum_n w_n s_n, zero at an optimum
    """

    observed: FloatArray
    complete: FloatArray
    score_outer: FloatArray
    score: FloatArray


def information(x: ArrayLike, mixture: GaussianMixture, *, weights: ArrayLike | None = None) -> Information:
    """I = -sum_n { sum_k r_nk (H_nk + s_nk s_nk^T) - s_n s_n^T }, s_n = sum_k r_nk s_nk.

    s_nk and H_nk are the score and Hessian of log pi_k + log N(x_n | mu_k, Sigma_k). Exact, not an approximation.
    x (N, D); memory is that of one block of points. Raises ValueError for bad data, for an empty component, at which
    the likelihood has no derivative in every direction, and for units so extreme that squares of squares overflow.
    Source: Louis 1982, JRSS B 44:226, eq. 3.2; McLachlan & Krishnan 2008, The EM Algorithm, section 4.2.
    """
    points = as_points(x, n_features=mixture.n_features)
    point_weights = as_point_weights(weights, len(points))
    empty = np.flatnonzero(mixture.weights <= 0.0)
    if empty.size:
        raise ValueError(f"component {empty[0]} is empty: the information does not exist. Fit fewer components.")
    with representable():
        return _information(points, point_weights, mixture)


@contextmanager
def representable() -> Iterator[None]:
    """Overflow inside is a ValueError that says to change units; variances of variances are fourth powers."""
    try:
        with np.errstate(over="raise", invalid="raise"):
            yield
    except FloatingPointError as error:
        raise ValueError(
            "second derivatives overflow in the units of these data: rescale the columns to sizes nearer to one"
        ) from error


def _information(points: FloatArray, point_weights: FloatArray, mixture: GaussianMixture) -> Information:
    coordinates = _Coordinates(mixture)
    complete = -coordinates.expected_hessian(points, point_weights)
    observed = complete.copy()
    outer = np.zeros_like(observed)
    score = np.zeros(len(observed))
    for first in range(0, len(points), BLOCK_ROWS):
        rows = slice(first, first + BLOCK_ROWS)
        block = points[rows]
        mass = point_weights[rows] if point_weights.size else np.ones(len(block))
        responsibilities = mixture.responsibilities(block)
        total = np.zeros((len(block), len(observed)))
        for k in range(mixture.n_components):
            of_component = coordinates.component_scores(block, k)
            share = responsibilities[:, k, None] * of_component
            observed -= (mass[:, None] * share).T @ of_component
            total += share
        of_block = (mass[:, None] * total).T @ total
        observed += of_block
        outer += of_block
        score += mass @ total
    return Information(0.5 * (observed + observed.T), 0.5 * (complete + complete.T), outer, score)


class _Coordinates:
    """How the free parameters move each component: weights and means linearly, covariances perhaps along curves."""

    def __init__(self, mixture: GaussianMixture) -> None:
        k, d = mixture.n_components, mixture.n_features
        structure = mixture.covariance_structure
        n_covariance = structure.n_parameters(k, d)
        self.mixture = mixture
        self.precisions = np.linalg.inv(mixture.dense_covariances)
        self.of_weights = slice(0, k - 1)
        self.of_covariances = slice(k - 1 + k * d, k - 1 + k * d + n_covariance)
        self.n_parameters = k - 1 + k * d + n_covariance
        # d pi_k / d pi_j: the last weight falls as another rises.
        self.weight_moves = np.vstack([np.eye(k - 1), -np.ones((1, k - 1))])
        # d Sigma_k / d theta_p, (P, K, D, D).
        self.moves = structure.tangent(mixture.covariances, k, d)

    def of_mean(self, k: int) -> slice:
        """Where mu_k stands in theta."""
        first = self.mixture.n_components - 1 + k * self.mixture.n_features
        return slice(first, first + self.mixture.n_features)

    def component_scores(self, block: FloatArray, k: int) -> FloatArray:
        """s_nk, (B, P): 1/pi_k, y = Sigma_k^-1 (x - mu_k), and (y y^T - Sigma_k^-1) / 2 along each direction."""
        y = (block - self.mixture.means[k]) @ self.precisions[k]
        moves = self.moves[:, k]
        scores = np.zeros((len(block), self.n_parameters))
        scores[:, self.of_weights] = self.weight_moves[k] / self.mixture.weights[k]
        scores[:, self.of_mean(k)] = y
        quadratic = np.einsum("bi,pij,bj->bp", y, moves, y, optimize=True)
        scores[:, self.of_covariances] = 0.5 * (quadratic - np.einsum("ij,pji->p", self.precisions[k], moves))
        return scores

    def expected_hessian(self, points: FloatArray, weights: FloatArray) -> FloatArray:
        """sum_n w_n sum_k r_nk H_nk, (P, P), a function of the expected statistics alone."""
        full = self.mixture
        if full.covariance_structure.diagonal:  # the second moments are wanted whole
            full = GaussianMixture(full.weights, full.means, full.dense_covariances, "full")
        statistics = expected_statistics(points, full, weights)
        hessian = np.zeros((self.n_parameters, self.n_parameters))
        slopes = np.empty_like(self.precisions)
        for k, precision in enumerate(self.precisions):
            count = statistics.counts[k]
            first = precision @ statistics.first[k]  # sum r y
            second = precision @ statistics.second[k] @ precision  # sum r y y^T
            moved = np.einsum("ij,pjl->pil", precision, self.moves[:, k])  # Sigma^-1 E_p
            move = self.weight_moves[k] / self.mixture.weights[k]
            hessian[self.of_weights, self.of_weights] -= count * np.outer(move, move)
            mean = self.of_mean(k)
            hessian[mean, mean] -= count * precision
            across = -moved @ first  # d/d Sigma of Sigma^-1 (x - mu)
            hessian[mean, self.of_covariances] += across.T
            hessian[self.of_covariances, mean] += across
            # 1/2 tr(P F P E) - tr(E P F y y^T)
            curvature = 0.5 * count * np.einsum("pij,qji->pq", moved, moved, optimize=True)
            bent = np.einsum("pij,qjl,li->pq", self.moves[:, k], moved, second, optimize=True)
            hessian[self.of_covariances, self.of_covariances] += curvature - 0.5 * (bent + bent.T)
            slopes[k] = 0.5 * (second - count * precision)  # d/d Sigma_k
        bend = self.mixture.covariance_structure.bend(self.mixture.covariances, slopes, *self.mixture.means.shape)
        hessian[self.of_covariances, self.of_covariances] += bend
        return hessian
