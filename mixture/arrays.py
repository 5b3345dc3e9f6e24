"""Array types, and the one place where data enter: points and point weights, checked."""

import numpy as np
from numpy.typing import ArrayLike, NDArray

type FloatArray = NDArray[np.float64]
type IntArray = NDArray[np.int64]


def as_points(x: ArrayLike, *, n_features: int | None = None) -> FloatArray:
    """The data as an (N, D) C-contiguous float64 array; a vector of N numbers becomes (N, 1).

    Raises ValueError if `x` is not numeric, is empty, has more than two axes, holds NaN or infinite values
    (the first offending row and column are named), or has another number of columns than `n_features`.
    """
    if np.iscomplexobj(x):
        raise ValueError("the data must be real numbers, not complex ones")
    try:
        points = np.ascontiguousarray(x, dtype=np.float64)
    except (TypeError, ValueError) as error:
        raise ValueError(f"the data must be numbers: {error}. Leave out or encode text columns.") from error
    if points.ndim == 1:
        points = points[:, None]
    if points.ndim != 2:
        raise ValueError(f"the data must have shape (n_samples, n_features), not {points.shape}")
    if 0 in points.shape:
        raise ValueError(f"the data are empty: {points.shape[0]} rows and {points.shape[1]} columns")
    if not np.isfinite(points.sum()):  # one pass without a temporary; a sum may also overflow, so look closer
        rows, columns = np.nonzero(~np.isfinite(points))
        if rows.size:
            raise ValueError(
                f"the data hold {rows.size} NaN or infinite values, the first at row {rows[0]}, column {columns[0]}"
                " (counted from 0). Remove or impute those rows."
            )
    if n_features is not None and points.shape[1] != n_features:
        raise ValueError(f"the data have {points.shape[1]} columns, but the mixture has {n_features} features")
    return points


def as_point_weights(weights: ArrayLike | None, n_samples: int) -> FloatArray:
    """Weights w_n >= 0 of the points, (N,); an empty array stands for all ones.

    Raises ValueError for another length, and for negative, NaN, infinite or all-zero weights.
    """
    if weights is None:
        return np.empty(0)
    values = np.ascontiguousarray(weights, dtype=np.float64)
    if values.shape != (n_samples,):
        raise ValueError(f"weights must have shape ({n_samples},), one per row of the data, not {values.shape}")
    wrong = np.flatnonzero(~(np.isfinite(values) & (values >= 0.0)))
    if wrong.size:
        raise ValueError(f"weights must be finite and not negative; row {wrong[0]} has {values[wrong[0]]}")
    if not values.any():
        raise ValueError("all point weights are zero: nothing is left to fit")
    return values


def check_columns(points: FloatArray) -> None:
    """Refuse columns that carry no information of their own: constant ones, and exact copies (up to scale and shift).

    Raises ValueError naming the columns (counted from 0) and what to do.
    """
    centred = points - points.mean(axis=0)
    norms = np.sqrt(np.square(centred).sum(axis=0))
    constant = np.flatnonzero(np.ptp(points, axis=0) == 0.0)
    if constant.size:
        raise ValueError(
            f"column {constant[0]} is constant ({points[0, constant[0]]:.6g} in every row): a normal density cannot be"
            " fitted to it. Leave it out."
        )
    correlations = (centred / norms).T @ (centred / norms)
    copies = np.argwhere(np.triu(np.abs(correlations) > 1.0 - 1e-14, k=1))
    if copies.size:
        first, second = copies[0]
        raise ValueError(
            f"columns {first} and {second} are the same up to scale and shift: every covariance would be singular."
            " Leave one of them out."
        )


def as_component_count(n_components: int, n_samples: int) -> int:
    """K as an int with 1 <= K <= N; raises ValueError otherwise."""
    if isinstance(n_components, bool) or int(n_components) != n_components:
        raise ValueError(f"n_components must be a whole number, not {n_components!r}")
    if n_components < 1:
        raise ValueError(f"n_components must be at least 1, not {n_components}")
    if n_components > n_samples:
        raise ValueError(
            f"{n_components} components cannot be fitted to {n_samples} points: take fewer components or more data"
        )
    return int(n_components)
