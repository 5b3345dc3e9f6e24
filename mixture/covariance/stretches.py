"""Coordinates of families closed under stretching: Sigma_k = S_k exp(Z_k) S_k^T around the current S_k S_k^T."""

import numpy as np

from mixture.arrays import FloatArray
from mixture.covariance.covariance import Covariance


class Stretched(Covariance):
    """Abstract: the logarithm Z_k of the covariance, whitened by Cholesky's root S_k of the current one, is linear in
    theta. In this order, group by group (all components together, or each alone): log volumes; log shapes, the first
    D - 1 variances of Z, the last taking what is left; and, for matrices, the elements of Z below its diagonal, which
    turn the axes (rows first)."""

    def retract(self, covariances: FloatArray, theta: FloatArray, n_components: int, n_features: int) -> FloatArray:
        """S_k exp(sum_p theta_p E_pk) S_k^T."""
        root = np.linalg.cholesky(self.dense(covariances, n_components, n_features))
        logs = np.tensordot(theta, self._directions(n_components, n_features), axes=1)
        values, vectors = np.linalg.eigh(logs)
        half = (root @ vectors) * np.exp(0.5 * values)[:, None, :]
        return self.store(half @ np.swapaxes(half, 1, 2))

    def tangent(self, covariances: FloatArray, n_components: int, n_features: int) -> FloatArray:
        """S_k E_pk S_k^T."""
        root = np.linalg.cholesky(self.dense(covariances, n_components, n_features))
        return root @ self._directions(n_components, n_features) @ np.swapaxes(root, 1, 2)

    def bend(self, covariances: FloatArray, slopes: FloatArray, n_components: int, n_features: int) -> FloatArray:
        """d^2 Sigma_k = S_k (E_pk E_qk + E_qk E_pk) S_k^T / 2."""
        root = np.linalg.cholesky(self.dense(covariances, n_components, n_features))
        directions = self._directions(n_components, n_features)
        white = np.swapaxes(root, 1, 2) @ slopes @ root
        bent = np.tensordot(white @ directions, directions, axes=([1, 2, 3], [1, 3, 2]))  # tr(G E_p E_q)
        symmetric: FloatArray = 0.5 * (bent + bent.T)
        return symmetric

    def _directions(self, n_components: int, n_features: int) -> FloatArray:
        """E_pk, symmetric, (P, K, D, D)."""
        freedoms = self.freedoms
        return np.concatenate(
            [
                freedoms.volume.directions(np.eye(n_features)[None], n_components),
                freedoms.shape.directions(traceless(n_features), n_components),
                freedoms.orientation.directions(np.abs(skew(n_features)), n_components),
            ]
        )


def traceless(n_features: int) -> FloatArray:
    """diag(e_i - e_D) for i < D, (D - 1, D, D): the last log variance falls as another rises."""
    last = n_features - 1
    basis = np.zeros((last, n_features, n_features))
    index = np.arange(last)
    basis[index, index, index] = 1.0
    basis[:, last, last] = -1.0
    return basis


def skew(n_features: int) -> FloatArray:
    """e_i e_j^T - e_j e_i^T for i > j, row by row, (D (D - 1) / 2, D, D): generators of the rotations."""
    rows, columns = np.tril_indices(n_features, -1)
    basis = np.zeros((len(rows), n_features, n_features))
    index = np.arange(len(rows))
    basis[index, rows, columns] = 1.0
    basis[index, columns, rows] = -1.0
    return basis
