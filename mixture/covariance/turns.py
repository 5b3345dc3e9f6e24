"""Coordinates of families whose axes turn: Sigma_k = D_k exp(X_k) Lambda_k exp(-X_k) D_k^T around the current D_k."""

from abc import abstractmethod

import numpy as np

from mixture.arrays import FloatArray
from mixture.covariance.covariance import Covariance
from mixture.covariance.stretches import skew, traceless


class Turned(Covariance):
    """Abstract: log Lambda_k and the skew X_k are linear in theta. In this order, group by group (all components
    together, or each alone): log volumes; log shapes, the first D - 1 of them, the last taking what is left; and angles
    by which axes i > j of `axes` turn into each other (rows first). Where two variances are equal their angle moves
    nothing: the coordinates are singular there.
    """

    @abstractmethod
    def axes(self, covariances: FloatArray) -> FloatArray:
        """D_k, orthogonal, (K, D, D) from stored covariances, in an order that suits the shared parts."""

    def retract(self, covariances: FloatArray, theta: FloatArray, n_components: int, n_features: int) -> FloatArray:
        """Turned by Cayley's (I - X/2)^-1 (I + X/2), which is exp(X) to second order."""
        axes = self.axes(covariances)
        stretch, turn = self._directions(n_components, n_features)
        logs = np.tensordot(theta[: len(stretch)], np.diagonal(stretch, axis1=2, axis2=3), axes=1)
        half = 0.5 * np.tensordot(theta[len(stretch) :], turn, axes=1)
        identity = np.eye(n_features)
        turned = axes @ np.linalg.solve(identity - half, identity + half)
        return self.store(composed(turned, _variances(covariances, axes) * np.exp(logs)))

    def tangent(self, covariances: FloatArray, n_components: int, n_features: int) -> FloatArray:
        """D_k ([X_p, Lambda_k] + S_p Lambda_k) D_k^T."""
        axes = self.axes(covariances)
        variances = _variances(covariances, axes)
        stretch, turn = self._directions(n_components, n_features)
        inner = np.concatenate([stretch * variances[:, None, :], _commuted(turn, variances)])
        moves: FloatArray = axes @ inner @ np.swapaxes(axes, 1, 2)
        return moves

    def bend(self, covariances: FloatArray, slopes: FloatArray, n_components: int, n_features: int) -> FloatArray:
        """[X_p, U_q] + [X_q, U_p] + S_p S_q Lambda in the axes, with U = [X, Lambda] / 2 for turns, S Lambda for
        stretches."""
        axes = self.axes(covariances)
        variances = _variances(covariances, axes)
        stretch, turn = self._directions(n_components, n_features)
        inner = np.swapaxes(axes, 1, 2) @ slopes @ axes
        stretched = stretch * variances[:, None, :]
        half = np.concatenate([stretched, 0.5 * _commuted(turn, variances)])
        # tr(G [X, U]) = tr([G, X] U), and U is symmetric.
        moved = inner @ turn - turn @ inner
        n_stretches = len(stretch)
        bent = np.zeros((len(half), len(half)))
        bent[n_stretches:] = np.tensordot(moved, half, axes=([1, 2, 3], [1, 2, 3]))
        bent = bent + bent.T
        weighted = stretched * np.diagonal(inner, axis1=1, axis2=2)[:, None, :]
        bent[:n_stretches, :n_stretches] += np.tensordot(weighted, stretch, axes=([1, 2, 3], [1, 2, 3]))
        return bent

    def _directions(self, n_components: int, n_features: int) -> tuple[FloatArray, FloatArray]:
        """S_pk, diagonal, and X_pk, skew, each (P, K, D, D)."""
        freedoms = self.freedoms
        stretch = np.concatenate(
            [
                freedoms.volume.directions(np.eye(n_features)[None], n_components),
                freedoms.shape.directions(traceless(n_features), n_components),
            ]
        )
        return stretch, freedoms.orientation.directions(skew(n_features), n_components)


def composed(axes: FloatArray, variances: FloatArray) -> FloatArray:
    """D_k diag(v_k) D_k^T, symmetric to the last bit."""
    matrices = (axes * variances[:, None, :]) @ np.swapaxes(axes, -1, -2)
    symmetric: FloatArray = 0.5 * (matrices + np.swapaxes(matrices, 1, 2))
    return symmetric


def _variances(covariances: FloatArray, axes: FloatArray) -> FloatArray:
    """Lambda_k, (K, D)."""
    variances: FloatArray = np.einsum("kji,kjl,kli->ki", axes, covariances, axes)
    return variances


def _commuted(turn: FloatArray, variances: FloatArray) -> FloatArray:
    """[X, Lambda], symmetric."""
    commutator: FloatArray = turn * variances[:, None, :] - variances[:, :, None] * turn
    return commutator
