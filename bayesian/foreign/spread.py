"""The covariances of somebody's draws, in whichever of five forms they were sampled, as dense matrices.

sds s: Sigma = diag(s^2)     variances v: Sigma = diag(v)     precisions P: Sigma = P^-1     factors L: Sigma = L L^T
"""

from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray

from mixture.arrays import FloatArray

SYMMETRY_TOLERANCE = 1e-4
"""How far a matrix may be from symmetric, relative to its diagonal: single precision, or six digits in a file."""


def dense_covariances(name: str, kind: str, values: FloatArray, n_features: int) -> FloatArray:
    """Dense (..., D, D) from draws (C, S, K or 1, ...) of a kind, one of FORMS.

    After the axes of chain, draw and component: nothing for one number common to all features, (D,) for one a feature,
    (D, D) for a matrix; factors of Cholesky may be packed, their lower triangles row after row in (D (D + 1) / 2,), as
    PyMC's LKJCholeskyCov has them. Raises ValueError naming the variable and the first draw that is no covariance.
    """
    rest = values.shape[3:]
    packed = (n_features * (n_features + 1) // 2,)
    lower = kind == "cholesky"
    if lower and rest == packed and n_features > 1:
        unpacked = np.zeros((*values.shape[:3], n_features, n_features))
        unpacked[..., *np.tril_indices(n_features)] = values
        values = unpacked
    elif lower and n_features == 1 and values[0, 0, 0].size == 1:
        values = values.reshape(*values.shape[:3], 1, 1)
    matrices = values.ndim == 5 and values.shape[3:] == (n_features, n_features) and kind in ("cholesky", *MATRICES)
    if not matrices and (lower or rest not in ((), (n_features,))):
        wanted = [f"({n_features}, {n_features})"] if kind in ("cholesky", *MATRICES) else []
        wanted += [f"({packed[0]},) packed"] if lower else ["()", f"({n_features},)"]
        raise ValueError(
            f"{name}: after chain, draw and component the shape must be {' or '.join(wanted)} for {kind} of"
            f" {n_features} features, not {rest}. If an axis runs along components or features that is not known to,"
            " name the component dimensions in component_dim"
        )
    if matrices:
        return _of_matrices(name, kind, values)
    _refuse(values <= 0.0, name, f"{kind} must be positive")
    variances = FORMS[kind](values)
    diagonals = np.broadcast_to(variances[..., None] if rest == () else variances, (*values.shape[:3], n_features))
    return np.asarray(diagonals[..., None] * np.eye(n_features))


def _of_matrices(name: str, kind: str, values: FloatArray) -> FloatArray:
    if kind == "cholesky":
        _refuse(np.triu(values, 1) != 0.0, name, "a factor of Cholesky must be lower triangular")
        _refuse(np.diagonal(values, axis1=-2, axis2=-1) <= 0.0, name, "its diagonal must be positive")
        return values @ values.swapaxes(-1, -2)
    scales = np.sqrt(np.abs(np.diagonal(values, axis1=-2, axis2=-1)))
    apart = np.abs(values - values.swapaxes(-1, -2))
    _refuse(
        apart > SYMMETRY_TOLERANCE * scales[..., :, None] * scales[..., None, :], name, "matrices must be symmetric"
    )
    symmetric = 0.5 * (values + values.swapaxes(-1, -2))
    try:
        np.linalg.cholesky(symmetric)
    except np.linalg.LinAlgError:
        _refuse(np.linalg.eigvalsh(symmetric) <= 0.0, name, "matrices must be positive definite")
        raise
    return symmetric if kind == "covariances" else _inverse(symmetric)


def _inverse(symmetric: FloatArray) -> FloatArray:
    found = np.linalg.inv(symmetric)
    return np.asarray(0.5 * (found + found.swapaxes(-1, -2)))


def _refuse(wrong: NDArray[np.bool_], name: str, what: str) -> None:
    of_draw = wrong.reshape(*wrong.shape[:2], -1).any(axis=2)
    if of_draw.any():
        chain, draw = np.argwhere(of_draw)[0]
        raise ValueError(
            f"{name}: {what}, which fails in {of_draw.sum()} draws, the first in chain {chain}, draw {draw}"
        )


MATRICES = ("covariances", "precisions")
"""Forms that may also be matrices."""

FORMS: dict[str, Callable[[FloatArray], FloatArray]] = {
    "scales": np.square,
    "variances": lambda values: values,
    "covariances": lambda values: values,
    "precisions": np.reciprocal,
    "cholesky": np.square,
}
"""Each form of a covariance, and how its numbers without correlation become variances."""
