"""One orientation for all components: the orthogonal matrix that best diagonalises their scatter matrices."""

from abc import ABC, abstractmethod
from collections import deque
from dataclasses import dataclass
from typing import final

import numpy as np

from mixture.arrays import FloatArray

MEMORY = 12
"""Pairs of steps and changes of the gradient from which curvature is learnt."""
LARGEST_ANGLE = 0.6
"""Radians between two axes turned in one step."""
RESOLUTION = 1e-15
"""Predicted gains below this share of the N D nats of the trace are rounding."""


class AxesCriterion(ABC):
    """Abstract: f(D), up to constants -2 times the expected log-likelihood with axes D and the best volumes and shapes
    for them; a function of s_k = sum_d log b_kd, b_kd = (D^T W_k D)_dd."""

    def __init__(self, counts: FloatArray, n_features: int) -> None:
        self.counts, self.n_features = counts, n_features

    @abstractmethod
    def values(self, sums: FloatArray) -> FloatArray:
        """f (...,) from s (..., K)."""

    @abstractmethod
    def slopes(self, sums: FloatArray) -> FloatArray:
        """df / ds_k, (K,)."""


@final
class FreeVolumes(AxesCriterion):
    """f = sum_k N_k sum_d log b_kd, for Sigma_k = D diag(v_k) D^T (Flury & Gautschi 1986)."""

    def values(self, sums: FloatArray) -> FloatArray:
        return sums @ self.counts

    def slopes(self, sums: FloatArray) -> FloatArray:
        return self.counts


@final
class EqualVolumes(AxesCriterion):
    """f = N D log sum_k exp(mean_d log b_kd), for Sigma_k = lambda D A_k D^T."""

    def values(self, sums: FloatArray) -> FloatArray:
        means = sums / self.n_features
        largest = means.max(axis=-1)
        scaled = np.exp(means - largest[..., None]).sum(axis=-1)
        values: FloatArray = self.counts.sum() * self.n_features * (largest + np.log(scaled))
        return values

    def slopes(self, sums: FloatArray) -> FloatArray:
        shares = np.exp((sums - sums.max()) / self.n_features)
        slopes: FloatArray = self.counts.sum() * shares / shares.sum()
        return slopes


@dataclass(frozen=True, eq=False)
class CommonAxes:
    """Axes D (D, D), orthogonal, and f(D)."""

    axes: FloatArray
    value: float


def common_axes(criterion: AxesCriterion, scatter: FloatArray, axes: FloatArray, max_steps: int) -> CommonAxes:
    """The orthogonal D (D, D) with the least f(D), by line searches on the orthogonal group from `axes`.

    A step is D <- D (I - X/2)^-1 (I + X/2) with X skew (Cayley's curve). With B_k = D^T W_k D and slopes w_k
        gradient  G_ij = 2 sum_k w_k B_kij (1/b_kj - 1/b_ki)
        curvature H_ij = 2 sum_k w_k (b_ki - b_kj)^2 / (b_ki b_kj), exact where the B_k are diagonal
    and X is -G / H corrected by the last steps (limited-memory BFGS), halved until f falls. The first step is -G / H.
    f never rises; the minimum found is a local one.
    Sources: Browne & McNicholas 2014, Adv. Data Anal. Classif. 8:217, for line searches in the place of Flury &
    Gautschi 1986, SIAM J. Sci. Stat. Comput. 7:169; Nocedal & Wright 2006, algorithm 7.4.
    """
    n_features = scatter.shape[1]
    n_nats = float(criterion.counts.sum()) * n_features
    least = _least_variances(scatter)

    def turned(axes: FloatArray) -> tuple[float, FloatArray, FloatArray, FloatArray]:
        rotated = axes.T @ scatter @ axes
        variances = np.maximum(np.diagonal(rotated, axis1=1, axis2=2), least)
        sums = np.log(variances).sum(axis=1)
        return float(criterion.values(sums)), criterion.slopes(sums), rotated, variances

    identity = np.eye(n_features)
    memory: deque[tuple[FloatArray, FloatArray, float]] = deque(maxlen=MEMORY)
    value, slopes, rotated, variances = turned(axes)
    gradient, curvature = _derivatives(slopes, rotated, variances)
    for _ in range(max_steps):
        move = _direction(gradient, curvature, memory)
        gain = -0.5 * float((gradient * move).sum())
        if not gain > RESOLUTION * n_nats:
            if not memory:
                break
            memory.clear()  # the learnt curvature may be poor: judge by the gradient itself
            continue
        largest = float(np.abs(move).max())
        fraction = min(1.0, LARGEST_ANGLE / largest)
        for _ in range(40):
            half = 0.5 * fraction * move
            trial = axes @ np.linalg.solve(identity - half, identity + half)
            new_value, slopes, rotated, variances = turned(trial)
            if new_value <= value - 1e-4 * fraction * gain:
                break
            fraction *= 0.5
        else:
            if not memory:
                break
            memory.clear()
            continue
        axes, value = trial, new_value
        new_gradient, curvature = _derivatives(slopes, rotated, variances)
        step, change = fraction * move, new_gradient - gradient
        along = float((step * change).sum())
        if along > 1e-12 * float(np.linalg.norm(step) * np.linalg.norm(change)):
            memory.append((step, change, along))
        gradient = new_gradient
    return CommonAxes(axes, value)


def _least_variances(scatter: FloatArray) -> FloatArray:
    """Below these, (K, 1), variances along an axis are rounding."""
    traces = np.trace(scatter, axis1=1, axis2=2)
    least: FloatArray = np.maximum(1e-18 * traces, 1e-36 * traces.max())[:, None] + np.finfo(np.float64).tiny
    return least


def _derivatives(slopes: FloatArray, rotated: FloatArray, variances: FloatArray) -> tuple[FloatArray, FloatArray]:
    """G and H, (D, D); G skew, H symmetric and kept positive."""
    inverse = 1.0 / variances
    gradient = np.tensordot(slopes, rotated * (inverse[:, None, :] - inverse[:, :, None]), axes=1)
    gradient = gradient - gradient.T  # skew to the last bit, or the axes leave the orthogonal group
    ratios = variances[:, :, None] * inverse[:, None, :]
    curvature = 2.0 * np.tensordot(slopes, ratios + np.swapaxes(ratios, 1, 2) - 2.0, axes=1)
    return gradient, curvature + 1e-3 * slopes.sum()


def _direction(
    gradient: FloatArray, curvature: FloatArray, memory: deque[tuple[FloatArray, FloatArray, float]]
) -> FloatArray:
    """-H^-1 G, corrected by the remembered steps (two-loop recursion)."""
    direction = -gradient
    factors = []
    for step, change, along in reversed(memory):
        factor = float((step * direction).sum()) / along
        direction = direction - factor * change
        factors.append(factor)
    direction = direction / curvature
    for (step, change, along), factor in zip(memory, reversed(factors), strict=True):
        direction = direction + (factor - float((change * direction).sum()) / along) * step
    return direction
