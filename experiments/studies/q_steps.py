"""M steps that do not maximise: one step of Newton or along the gradient of Q."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import ClassVar, Literal, final

import numpy as np

import em
from em.moves import Move, Step
from em.objective import Objective, Position
from mixture import GaussianMixture, structure_named
from mixture.arrays import FloatArray
from mixture.covariance import Covariance

SUFFICIENT = 1e-4
"""Share of the rise that the slope promises which a step must bring: the usual one (Nocedal & Wright 2006, section
3.1)."""
MAX_HALVINGS = 60
"""Halvings after which a step is below the resolution of the numbers it is added to, 2^-53, however it began."""
FLATTEST = 1e-10
"""Curvatures below this share of the largest are taken to be this."""


@final
@dataclass(frozen=True)
class QStep(Move):
    """Weights and means in closed form; covariances one step up Q in the family's coordinates, halved until Q rises.

    kind  "newton" with the exact Hessian of Q (Lange 1995), or "gradient", whose length begins at twice the last one
    """

    kind: Literal["newton", "gradient"]

    name: ClassVar[str] = "step on Q"
    linear: ClassVar[bool] = True

    def steps(self, objective: Objective, start: Position) -> Iterator[Step]:
        family = structure_named(objective.structure)
        position, length = start, 1.0 / float(start.statistics.counts.sum())
        while True:
            statistics = position.statistics
            counts, scatter = statistics.counts, statistics.centred
            if not (counts > 0.0).all():
                k = int(counts.argmin())
                raise em.SingularComponent(k, float(counts[k]), "is empty")
            slope, curvature = derivatives(family, counts, scatter, position.mixture.covariances)
            direction = slope if self.kind == "gradient" else newton_direction(slope, curvature)
            first = 1.0 if self.kind == "newton" else 2.0 * length
            covariances, used = uphill(
                family, counts, scatter, position.mixture.covariances, direction, float(slope @ direction), first
            )
            length = used or length
            means = statistics.about + statistics.first / counts[:, None]
            mixture = GaussianMixture(counts / counts.sum(), means, covariances, family.name)
            position = objective.evaluate(mixture)
            yield Step(position)


def derivatives(
    family: Covariance, counts: FloatArray, scatter: FloatArray, covariances: FloatArray
) -> tuple[FloatArray, FloatArray]:
    """Gradient (P,) and Hessian (P, P) of Q = -1/2 sum_k [N_k log|Sigma_k| + tr(Sigma_k^-1 W_k)] at the covariances.

    dQ = sum_k tr(G_k dSigma_k) with G_k = -1/2 (N_k Sigma_k^-1 - Sigma_k^-1 W_k Sigma_k^-1), and
    d2Q = sum_k tr(G_k d2Sigma_k) + 1/2 N_k tr(P T P T') - tr(P T P T' P W_k) with P = Sigma_k^-1, T = dSigma_k.
    """
    k, d = len(counts), scatter.shape[1]
    dense = scatter if scatter.ndim == 3 else scatter[:, :, None] * np.eye(d)
    precision = np.linalg.inv(family.dense(covariances, k, d))
    slopes = -0.5 * (counts[:, None, None] * precision - precision @ dense @ precision)
    tangent = family.tangent(covariances, k, d)
    gradient = np.tensordot(tangent, slopes, axes=([1, 2, 3], [0, 2, 1]))
    moved = precision @ tangent  # P T
    weighted = 0.5 * counts[:, None, None] * np.eye(d) - dense @ precision  # 1/2 N - W P
    second = np.einsum("pkij,qkjl,kli->pq", moved, moved, np.swapaxes(weighted, 1, 2))
    hessian = 0.5 * (second + second.T) + family.bend(covariances, slopes, k, d)
    return np.asarray(gradient), np.asarray(hessian)


def newton_direction(gradient: FloatArray, hessian: FloatArray) -> FloatArray:
    """(-H)^-1 g with the curvatures by size, so that it always goes up."""
    values, vectors = np.linalg.eigh(-hessian)
    sizes = np.abs(values)
    sizes = np.maximum(sizes, FLATTEST * sizes.max(initial=np.finfo(np.float64).tiny))
    return np.asarray(vectors @ ((vectors.T @ gradient) / sizes))


def uphill(
    family: Covariance,
    counts: FloatArray,
    scatter: FloatArray,
    covariances: FloatArray,
    direction: FloatArray,
    slope: float,
    length: float,
) -> tuple[FloatArray, float]:
    """The first Sigma(t d), t halved from `length`, where Q rises by SUFFICIENT t times the slope; and t or 0."""
    k, d = len(counts), scatter.shape[1]
    value = family.expected_log_likelihood(counts, scatter, covariances)
    for _ in range(MAX_HALVINGS):
        if not np.abs(length * direction).max(initial=0.0) > 1.0:  # no sd or angle changes by more than a factor e
            trial = family.retract(covariances, length * direction, k, d)
            if family.expected_log_likelihood(counts, scatter, trial) >= value + SUFFICIENT * length * slope:
                return trial, length
        length *= 0.5
    return covariances, 0.0
