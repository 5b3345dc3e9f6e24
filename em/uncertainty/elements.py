"""The stored numbers of a mixture as one vector: weights, then means, then covariances, each row by row.

All of them count, also those that follow from others (the last weight, the mirror of an off-diagonal element): one
vector for every covariance structure, whose covariance matrix is singular where numbers are tied to each other.
"""

import numpy as np

from mixture import STRUCTURES, GaussianMixture
from mixture.arrays import FloatArray

LINEAR = tuple(structure.name for structure in STRUCTURES)
"""Structures whose stored covariances are linear in their free parameters."""


def as_vector(mixture: GaussianMixture) -> FloatArray:
    """(Q,): all stored numbers."""
    return np.concatenate([mixture.weights, mixture.means.ravel(), mixture.covariances.ravel()])


def split(values: FloatArray, mixture: GaussianMixture) -> tuple[FloatArray, FloatArray, FloatArray]:
    """Vectors (..., Q) as weights (..., K), means (..., K, D) and covariances (..., *stored shape)."""
    k, d = mixture.means.shape
    weights, means, covariances = np.split(values, [k, k + k * d], axis=-1)
    front = values.shape[:-1]
    return weights, means.reshape((*front, k, d)), covariances.reshape((*front, *mixture.covariances.shape))


def moved(mixture: GaussianMixture, step: FloatArray) -> GaussianMixture:
    """The mixture whose stored numbers are those of `mixture` plus `step` (Q,).

    A straight step leaves the curved families, whose covariances share a shape or orientation, to second order: the
    mixture is then one of the structure without that bond, "full" or "diag", which is stored alike.
    Raises ValueError if the step leaves the parameter space.
    """
    structure = mixture.covariance_structure
    name = structure.name if structure.name in LINEAR else "diag" if structure.diagonal else "full"
    return GaussianMixture(*split(as_vector(mixture) + step, mixture), name)


def free_moves(mixture: GaussianMixture) -> FloatArray:
    """T (Q, P): how each free parameter, in the order of `mixture.information.Information`, moves the stored numbers.

    Exact for the structures that are linear in their parameters, the tangent at `mixture` for the others.
    """
    k, d = mixture.means.shape
    covariances = _covariance_moves(mixture)
    moves = np.zeros((k + k * d + len(covariances), k - 1 + k * d + covariances.shape[1]))
    moves[: k - 1, : k - 1] = np.eye(k - 1)
    moves[k - 1, : k - 1] = -1.0
    moves[k : k + k * d, k - 1 : k - 1 + k * d] = np.eye(k * d)
    moves[k + k * d :, k - 1 + k * d :] = covariances
    return moves


def _covariance_moves(mixture: GaussianMixture) -> FloatArray:
    """How each free covariance parameter moves the stored covariances, one column each."""
    structure = mixture.covariance_structure
    tangent = structure.tangent(mixture.covariances, *mixture.means.shape)
    return np.stack([structure.store(dense).ravel() for dense in tangent], axis=1)
