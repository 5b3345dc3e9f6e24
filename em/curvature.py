"""The exact Hessian of the objective in unconstrained coordinates."""

import numpy as np

from em.coordinates import Coordinates
from mixture import GaussianMixture, Moments
from mixture.arrays import FloatArray
from mixture.information import information


def objective_hessian(
    coordinates: Coordinates, vector: FloatArray, moments: Moments, whitened: FloatArray, weights: FloatArray
) -> FloatArray:
    """d^2 objective / dz dz^T = d^2 Q / dz dz^T + J^T (I_complete - I_observed) J, (P, P), J = d theta / d z.

    vector, moments  z, and the moments there with the prior in them
    whitened         (N, D) points F^-1 (x_n - o), as `whiten` gives them
    weights          (N,) point weights, or empty for ones

    Q is the expected complete-data objective; what is missing has no curvature of its own. Takes two passes.
    Raises ValueError if second derivatives overflow. Source: Louis 1982, JRSS B 44:226, eq. 3.2.
    """
    structure, k, d = coordinates.structure, coordinates.n_components, coordinates.n_features
    means = vector[coordinates.of_means].reshape(k, d)
    roots = coordinates.roots(vector)
    covariances = structure.store(roots @ np.swapaxes(roots, 1, 2))
    mixture = GaussianMixture(coordinates.weights(vector), means, covariances, structure.name)
    known = information(whitened, mixture, weights=weights if weights.size else None)
    jacobian = natural_jacobian(coordinates, vector)
    return complete_hessian(coordinates, vector, moments) + jacobian.T @ (known.complete - known.observed) @ jacobian


def whiten(coordinates: Coordinates, points: FloatArray) -> FloatArray:
    """F^-1 (x_n - o), (N, D)."""
    return np.ascontiguousarray((points - coordinates.origin) @ coordinates.unframe.T)


def natural_jacobian(coordinates: Coordinates, vector: FloatArray) -> FloatArray:
    """d theta / d z (P, P), theta the natural parameters (as `information` has them) of the whitened mixture."""
    of, d = coordinates, coordinates.n_features
    weights = of.weights(vector)
    jacobian = np.zeros((of.size, of.size))
    jacobian[of.of_weights, of.of_weights] = (weights[:, None] * (of.basis - weights @ of.basis))[:-1]
    jacobian[of.of_means, of.of_means] = np.eye(of.n_components * d)
    of_covariances = jacobian[of.of_covariances, of.of_covariances]
    roots, rows, columns = of.roots(vector), *np.tril_indices(d)
    matrix = not of.structure.diagonal
    for k in range(1 if of.structure.shared else of.n_components):
        for i, j in np.argwhere(of.places[k] >= 0):
            place = of.places[k, i, j]
            move = np.zeros((d, d))
            move[i] = roots[k, :, j] * (roots[k, i, i] if i == j else 1.0)
            if matrix:
                of_covariances[k * rows.size : (k + 1) * rows.size, place] = (move + move.T)[rows, columns]
            else:
                of_covariances[place, place] = 2.0 * move[i, i]
    return jacobian


def complete_hessian(coordinates: Coordinates, vector: FloatArray, moments: Moments) -> FloatArray:
    """d^2 Q / dz dz^T (P, P), Q = sum_k c_k log pi_k - 1/2 sum_k [n_k log|Sigma_k| + tr Sigma_k^-1 T_k(mu_k)]."""
    of, d = coordinates, coordinates.n_features
    hessian = np.zeros((of.size, of.size))
    weights, total = of.weights(vector), moments.counts.sum()
    spread = (weights[:, None] * of.basis).T @ of.basis - np.outer(weights @ of.basis, weights @ of.basis)
    hessian[of.of_weights, of.of_weights] = -total * spread
    roots = of.roots(vector)
    inverse = np.linalg.inv(roots)
    first, second = of.whitened(inverse, moments)
    for k in range(of.n_components):
        mean = slice(of.of_means.start + k * d, of.of_means.start + (k + 1) * d)
        hessian[mean, mean] = -moments.mean_counts[k] * inverse[k].T @ inverse[k]
        elements = np.argwhere(of.places[k] >= 0)
        rows, columns = elements.T
        lengths = np.where(rows == columns, roots[k, rows, rows], 1.0)
        moves = np.zeros((len(elements), d, d))  # X_p = L^-1 dL_p, a column of L^-1 in column j
        moves[np.arange(len(elements)), :, columns] = lengths[:, None] * inverse[k][:, rows].T
        scattered = moves @ second[k]  # X_p W
        flat = moves.reshape(len(moves), -1)
        twice = np.swapaxes(moves, 1, 2).reshape(len(moves), -1) @ scattered.reshape(len(moves), -1).T
        bent = np.where(rows == columns, np.trace(scattered, axis1=1, axis2=2), 0.0)
        block = -(twice + twice.T) - flat @ scattered.reshape(len(moves), -1).T + np.diag(bent)
        across = -inverse[k].T @ ((moves + np.swapaxes(moves, 1, 2)) @ first[k]).T
        places = of.of_covariances.start + of.places[k, rows, columns]
        np.add.at(hessian, (places[:, None], places[None, :]), block)
        for column, place in zip(across.T, places, strict=True):
            hessian[mean, place] += column
            hessian[place, mean] += column
    return hessian
