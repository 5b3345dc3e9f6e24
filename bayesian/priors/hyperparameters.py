"""Hyperparameters: numbers or arrays, checked, shown on one line, and spread over the components and features they
belong to.
"""

import numpy as np
from numpy.typing import ArrayLike

from mixture.arrays import FloatArray


def hyperparameter(value: ArrayLike, name: str, *, above: float | None = None, infinite: bool = False) -> FloatArray:
    """The value as a read-only float64 array; raises ValueError naming it if not above the bound, if NaN, or if
    infinite where that is not said to be allowed.
    """
    try:
        array = np.array(value, dtype=np.float64)
    except (TypeError, ValueError) as error:
        raise ValueError(f"{name} must be a number or an array of numbers, not {value!r}") from error
    if np.isnan(array).any() or not (infinite or np.isfinite(array).all()):
        raise ValueError(f"{name} must be {'a number' if infinite else 'finite'}, not {show(array)}")
    if above is not None and not (array > above).all():
        bound = "positive" if above == 0.0 else f"greater than {above:g}"
        raise ValueError(f"{name} must be {bound}, not {show(array)}")
    array.flags.writeable = False
    return array


def symmetric_matrices(value: ArrayLike, name: str) -> FloatArray:
    """The value as read-only symmetric positive definite matrices (..., D, D); raises ValueError naming it if not."""
    array = hyperparameter(value, name)
    if array.ndim < 2 or array.shape[-1] != array.shape[-2]:
        raise ValueError(f"{name} must be square matrices, not of shape {array.shape}")
    symmetric = np.allclose(array, np.swapaxes(array, -1, -2), rtol=1e-12, atol=0.0)
    if not symmetric or not (np.linalg.eigvalsh(array) > 0.0).all():
        raise ValueError(f"{name} must be symmetric positive definite")
    return array


def show(array: ArrayLike) -> str:
    """An array on one line; one number if all are equal."""
    array = np.asarray(array, dtype=np.float64)
    values = np.unique(array)
    if values.size == 1:
        return f"{values[0]:.6g}"
    text = np.array2string(array, separator=", ", threshold=200, formatter={"float_kind": "{:.6g}".format})
    return " ".join(text.split())


def spread(value: ArrayLike, shape: tuple[int, ...], name: str) -> FloatArray:
    """The hyperparameter broadcast to the shape of what it belongs to; raises ValueError naming it if that fails."""
    array = np.asarray(value, dtype=np.float64)
    try:
        return np.array(np.broadcast_to(array, shape))
    except ValueError:
        raise ValueError(f"{name} has shape {array.shape}, which does not broadcast to {shape}") from None
