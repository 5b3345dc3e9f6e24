"""The M step under a lower bound in families that share a part of their covariances: an interior-point method."""

from collections.abc import Iterator

import numpy as np

from mixture.arrays import FloatArray
from mixture.covariance.covariance import Covariance

OUTERMOST = (1e-2, 1e-5, 1e-8)
"""Where the central path is entered: nearer to the bound if from further out it led below the start."""
INNERMOST = 1e-11
"""Where it ends: the maximum is missed by about this share of a nat for each point and eigenvalue at the bound."""
SHRINKAGE = 0.03
MAX_STEPS = 25
"""Newton steps for one tau."""
LARGEST_MOVE = 1.0
"""Of a log variance or an angle in one step."""
RESOLUTION = 1e-14
"""Predicted gains below this share of the N D nats of the trace are rounding."""
LEAST_CURVATURE = 1e-4
"""In units of the Fisher information; flatter directions are taken to curve as much."""


def bounded_maximum(
    family: Covariance, counts: FloatArray, scatter: FloatArray, floor: FloatArray, start: FloatArray
) -> FloatArray:
    """A local maximum over the family of Q = -1/2 sum_k [N_k log|Sigma_k| + tr(Sigma_k^-1 W_k)], Sigma_k >= floor.

    Follows the central path, the maxima of Q + tau sum_k N_k log|Sigma_k - floor| for falling tau, with Newton's method
    in the family's own coordinates around each point: exact curvature, made negative where it is not. The first step
    for a new tau has the curvature of the old one, which is to follow the tangent of the path.

    counts (K,), scatter (K, D, D) or (K, D), floor (D, D): as in `Covariance.estimate`; of a diagonal family the
    diagonal of the floor counts. start: stored, at or above the bound; no result lies below it in Q.
    The result is above the bound, or `start` itself.
    Source: Nocedal & Wright 2006, sections 19.1 and 19.6; Boyd & Vandenberghe 2004, section 11.6, for the gap.
    """
    barrier = _Barrier(family, counts, scatter, floor)
    value = barrier.value(start, 0.0)
    for outermost in OUTERMOST:
        end = _follow(barrier, start * (1.0 + 2.0 * outermost), outermost)
        if barrier.value(end, INNERMOST) < np.inf and barrier.value(end, 0.0) <= value:
            return end
    return start


def _follow(barrier: "_Barrier", covariances: FloatArray, outermost: float) -> FloatArray:
    """The end of the central path, or the last point of it that could be reached."""
    resolution = RESOLUTION * barrier.total * barrier.n_features
    last = outermost
    for tau in _taus(outermost):
        value = barrier.value(covariances, tau)
        for step in range(MAX_STEPS):
            predicts = step == 0 and tau < last
            try:
                move, gain = barrier.newton(covariances, tau, last if predicts else tau)
            except np.linalg.LinAlgError:
                return covariances
            if not gain > resolution + 0.01 * tau * barrier.total:
                if predicts:
                    continue
                break
            fraction = min(1.0, LARGEST_MOVE / float(np.abs(move).max()))
            for _ in range(30):
                trial = barrier.family.retract(covariances, fraction * move, barrier.n_components, barrier.n_features)
                new_value = barrier.value(trial, tau)
                if new_value <= value - 1e-4 * fraction * gain:
                    covariances, value = trial, new_value
                    break
                fraction *= 0.5
            else:
                if not predicts:
                    break
        last = tau
    return covariances


def _taus(outermost: float) -> Iterator[float]:
    tau = outermost
    while tau > INNERMOST:
        yield tau
        tau *= SHRINKAGE
    yield INNERMOST


class _Barrier:
    """-Q - tau sum_k N_k log|Sigma_k - floor| and its derivatives, in units in which the floor is the identity."""

    def __init__(self, family: Covariance, counts: FloatArray, scatter: FloatArray, floor: FloatArray) -> None:
        self.family, self.counts = family, counts
        self.n_components, self.n_features = scatter.shape[:2]
        self.total = float(counts.sum())
        identity = np.eye(self.n_features)
        self.unroot = np.linalg.inv(np.linalg.cholesky(floor * identity if family.diagonal else floor))
        self.scatter = self._white(scatter[:, :, None] * identity if family.diagonal else scatter)
        self.column = counts[:, None, None]

    def value(self, covariances: FloatArray, tau: float) -> float:
        """Infinite on or below the bound unless tau is zero, and where a covariance is not positive definite."""
        dense = self._white(self.family.dense(covariances, self.n_components, self.n_features))
        try:
            root = np.linalg.cholesky(dense)
            log_roots = _log_diagonal(root)
            if tau > 0.0:
                log_roots -= 2.0 * tau * _log_diagonal(np.linalg.cholesky(dense - np.eye(self.n_features)))
        except np.linalg.LinAlgError:
            return np.inf
        scaled = np.linalg.inv(root)
        return float(self.counts @ log_roots + 0.5 * ((scaled @ self.scatter).ravel() @ scaled.ravel()))

    def newton(self, covariances: FloatArray, tau: float, tau_of_curvature: float) -> tuple[FloatArray, float]:
        """The move (P,) and how fast the value falls along it. With P = Sigma^-1, R = (Sigma - 1)^-1, T_p = dSigma/dp:
        gradient   sum_k tr(G T_p),  G = (N_k P - P W_k P) / 2 - tau N_k R
        curvature  sum_k tr(P T_p P T_q (P W_k - N_k / 2)) + tau N_k tr(R T_p R T_q) + tr(G d^2 Sigma / dp dq)
        """
        k, d = self.n_components, self.n_features
        dense = self._white(self.family.dense(covariances, k, d))
        tangent = self._white(self.family.tangent(covariances, k, d))
        precision = _inverse(dense)
        repulsion = self.column * _inverse(dense - np.eye(d))
        slopes = 0.5 * (self.column * precision - precision @ self.scatter @ precision)
        gradient = np.tensordot(tangent, slopes - tau * repulsion, axes=3)

        moved = precision @ tangent
        information = 0.5 * np.einsum("pkij,pkji,k->p", moved, moved, self.counts)
        weighted = (precision @ self.scatter - 0.5 * self.column * np.eye(d)) @ moved
        repelled = repulsion @ tangent
        curvature = np.tensordot(weighted, moved, axes=([1, 2, 3], [1, 3, 2]))
        curvature += tau_of_curvature * np.tensordot(repelled / self.column, repelled, axes=([1, 2, 3], [1, 3, 2]))
        bent = self.unroot.T @ (slopes - tau_of_curvature * repulsion) @ self.unroot
        curvature = 0.5 * (curvature + curvature.T) + self.family.bend(covariances, bent, k, d)

        scale = 1.0 / np.sqrt(np.where(information > 1e-12 * information.max(), information, information.max()))
        values, vectors = np.linalg.eigh(scale[:, None] * curvature * scale)
        along = vectors.T @ (scale * gradient)
        move = -scale * (vectors @ (along / np.maximum(np.abs(values), LEAST_CURVATURE)))
        return move, -float(gradient @ move)

    def _white(self, matrices: FloatArray) -> FloatArray:
        white = self.unroot @ matrices @ self.unroot.T
        symmetric: FloatArray = 0.5 * (white + np.swapaxes(white, -1, -2))
        return symmetric


def _log_diagonal(roots: FloatArray) -> FloatArray:
    """sum_d log L_kdd, (K,)."""
    sums: FloatArray = np.log(np.diagonal(roots, axis1=1, axis2=2)).sum(axis=1)
    return sums


def _inverse(matrices: FloatArray) -> FloatArray:
    """Symmetric to the last bit; raises numpy's LinAlgError if one is not positive definite."""
    root = np.linalg.inv(np.linalg.cholesky(matrices))
    inverse: FloatArray = np.swapaxes(root, -1, -2) @ root
    return inverse
