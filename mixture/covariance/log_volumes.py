"""The volumes of components that share everything else: a convex problem in their logarithms."""

import numpy as np

from mixture.arrays import FloatArray
from mixture.covariance.inner_step import InnerStep

MAX_STEPS = 100
LARGEST_MOVE = 3.0
"""Of a log volume in one Newton step."""
RESOLUTION = 1e-14
"""Predicted gains below this share of the N D nats of the trace are rounding."""


def maximise_volumes(
    counts: FloatArray, scatter: FloatArray, current: FloatArray | None, inner: InnerStep
) -> tuple[FloatArray, FloatArray]:
    """Sigma_k = exp(l_k) C: returns the log volumes l (K,) and the matrix C (D, D), not normalised.

    Given l the best C is M(l) / N with M(l) = sum_k exp(-l_k) W_k, which leaves f(l) = D sum_k N_k l_k + N log|M(l)|
    to be minimised. f is convex, as |M| is a sum of exponentials in l with positive coefficients (Cauchy & Binet), so
    Newton steps with halving reach the only minimum. With t_k = tr(M^-1 exp(-l_k) W_k):
        gradient D N_k - N t_k,  Hessian N (diag(t) - T),  T_kj = tr(M^-1 exp(-l_k) W_k M^-1 exp(-l_j) W_j).

    scatter (K, D, D), or (K, D) if all matrices are diagonal; current (K,) log volumes to start from, or None.
    Raises numpy's LinAlgError where a W_k is zero or the pooled one is singular.
    """
    of = _Volumes(counts, scatter)
    volumes = of.first_guess() if current is None else current
    value, shares, across = of.evaluate(volumes)
    if not np.isfinite(value):
        raise np.linalg.LinAlgError("a component, or all of them along one direction, has no scatter")
    for _ in range(1 if inner is InnerStep.SINGLE else MAX_STEPS):
        gradient = of.n_features * counts - of.total * shares
        move = of.newton(gradient, shares, across)
        gain = -float(gradient @ move)
        if not gain > RESOLUTION * of.total * of.n_features:
            break
        fraction = min(1.0, LARGEST_MOVE / float(np.abs(move).max()))
        for _ in range(20):
            trial = volumes + fraction * move
            new_value, new_shares, new_across = of.evaluate(trial)
            if new_value <= value - 1e-4 * fraction * gain:
                break
            fraction *= 0.5
        else:  # no lower value in floating point
            break
        volumes, value, shares, across = trial, new_value, new_shares, new_across
    return volumes, of.pooled(volumes) / of.total


class _Volumes:
    """f and its derivatives."""

    def __init__(self, counts: FloatArray, scatter: FloatArray) -> None:
        self.counts, self.scatter = counts, scatter
        self.total = float(counts.sum())
        self.n_features = scatter.shape[1]
        self.diagonal = scatter.ndim == 2

    def pooled(self, volumes: FloatArray) -> FloatArray:
        """M(l)."""
        pooled: FloatArray = np.tensordot(np.exp(-volumes), self.scatter, axes=1)
        return pooled

    def first_guess(self) -> FloatArray:
        """One step of the fixed point exp(l_k) = tr(M^-1 W_k) / (N_k D / N) from equal volumes: affine invariant."""
        shares = self.evaluate(np.zeros(len(self.counts)))[1]
        if not (shares > 0.0).all():
            raise np.linalg.LinAlgError("a component, or all of them along one direction, has no scatter")
        guess: FloatArray = np.log(shares * self.total / (self.counts * self.n_features))
        return guess

    def evaluate(self, volumes: FloatArray) -> tuple[float, FloatArray, FloatArray]:
        """f, t (K,) and T (K, K); f infinite and the shares zero where M is singular."""
        nothing = np.inf, np.zeros(len(volumes)), np.zeros((len(volumes), len(volumes)))
        scaled = self.scatter * np.exp(-volumes).reshape(-1, *(1,) * (self.scatter.ndim - 1))
        pooled = scaled.sum(axis=0)
        if self.diagonal:
            if not (pooled > 0.0).all():
                return nothing
            log_determinant = np.log(pooled).sum()
            rows = scaled / pooled
            shares, across = rows.sum(axis=1), rows @ rows.T
        else:
            try:
                root = np.linalg.cholesky(pooled)
            except np.linalg.LinAlgError:
                return nothing
            log_determinant = 2.0 * np.log(np.diagonal(root)).sum()
            inverse = np.linalg.inv(root)
            white = inverse @ scaled @ inverse.T
            shares = np.trace(white, axis1=1, axis2=2)
            rows = white.reshape(len(white), -1)
            across = rows @ rows.T
        if not (shares > 0.0).all():
            return nothing
        value = self.n_features * float(self.counts @ volumes) + self.total * float(log_determinant)
        return value, shares, across

    def newton(self, gradient: FloatArray, shares: FloatArray, across: FloatArray) -> FloatArray:
        """-H^-1 g off the direction (1, .., 1), along which f does not change; scaled by the roots of the shares."""
        root = np.sqrt(shares)
        share = root / np.sqrt(self.n_features)
        hessian = np.eye(len(root)) - across / np.outer(root, root) + np.outer(share, share)
        hessian += 1e-13 * np.eye(len(root))
        move: FloatArray = -np.linalg.solve(hessian, gradient / root) / (root * self.total)
        return move
