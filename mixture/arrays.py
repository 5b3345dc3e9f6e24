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
    if np.ma.is_masked(x):
        raise ValueError("the data hold masked values: remove or impute those rows, then hand in a plain array")
    if getattr(x, "dtype", np.dtype(float)).kind in "mM":
        raise ValueError("the data are dates or durations: turn them into numbers in a unit of your choice")
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

    Raises ValueError for what are no real numbers, for another length, and for negative, NaN, infinite or all-zero
    weights.
    """
    if weights is None:
        return np.empty(0)
    values = _real_numbers(weights, "weights")
    if values.shape != (n_samples,):
        raise ValueError(f"weights must have shape ({n_samples},), one per row of the data, not {values.shape}")
    wrong = np.flatnonzero(~(np.isfinite(values) & (values >= 0.0)))
    if wrong.size:
        raise ValueError(f"weights must be finite and not negative; row {wrong[0]} has {values[wrong[0]]}")
    if not values.any():
        raise ValueError("all point weights are zero: nothing is left to fit")
    return values


def _real_numbers(values: ArrayLike, name: str) -> FloatArray:
    """`values` as float64; raises ValueError naming them if they are text, complex, masked, dates or no numbers."""
    if np.ma.is_masked(values):
        raise ValueError(f"{name} hold masked values: fill them in (0 leaves a row out), then hand in a plain array")
    try:
        given = np.asarray(values)
        if given.dtype.kind not in "biufO" or (given.dtype.kind == "O" and any(map(_is_text, given.flat))):
            raise ValueError(f"they are {'text' if given.dtype.kind in 'OSTU' else given.dtype}")
        return np.ascontiguousarray(given, dtype=np.float64)
    except (TypeError, ValueError) as error:
        raise ValueError(f"{name} must be real numbers, one per row of the data: {error}") from error


def _is_text(value: object) -> bool:
    return isinstance(value, str | bytes)


SPREAD_LIMITS = (1e-100, 1e100)
"""Standard deviations a column may have: beyond, squares of squares no longer fit into a double."""

SMALLEST_INDEPENDENT_SHARE = 1e-14
"""Columns are linearly dependent if an eigenvalue of their correlation matrix is below this, per column."""


def check_columns(points: FloatArray, *, correlated: bool = True, weights: FloatArray | None = None) -> None:
    """Refuse columns without information of their own: constant ones, copies (up to scale and shift), combinations.

    correlated: whether the model has covariances between features, which linearly dependent columns make singular;
    copies are refused in any case, for they count the same measurement twice.
    weights: (N,) as `as_point_weights` gives them, or None; rows of weight zero take no part.
    Raises ValueError naming the columns (counted from 0) and what to do.
    """
    rows = "row"
    if weights is not None and weights.size and not weights.all():
        points, rows = points[weights > 0.0], "row of positive weight"
    n_samples, n_features = points.shape
    largest = np.abs(points).max()
    constant = np.flatnonzero(np.ptp(points, axis=0) == 0.0)
    if constant.size and n_samples > 1:
        raise ValueError(
            f"column {constant[0]} is constant ({points[0, constant[0]]:.6g} in every {rows}): a normal density cannot"
            " be fitted to it. Leave it out."
        )
    if n_samples == 1:
        raise ValueError(f"the data are a single {rows}: a mixture needs at least two different points")
    if largest > SPREAD_LIMITS[1]:
        raise ValueError(f"the data reach {largest:.3g}: rescale the columns to sizes nearer to one")
    centred = points - points.mean(axis=0)
    spreads = np.abs(centred).max(axis=0)
    if spreads.min() < SPREAD_LIMITS[0]:
        j = int(spreads.argmin())
        raise ValueError(f"column {j} varies by {spreads[j]:.3g} only: rescale the columns to sizes nearer to one")
    scaled = centred / spreads
    scaled /= np.sqrt(np.square(scaled).sum(axis=0))
    correlations = scaled.T @ scaled
    copies = np.argwhere(np.triu(np.abs(correlations) > 1.0 - 1e-14, k=1))
    if copies.size and n_samples > 2:
        first, second = copies[0]
        raise ValueError(
            f"columns {first} and {second} are the same up to scale and shift: together they count one measurement"
            " twice. Leave one of them out."
        )
    if correlated and np.linalg.eigvalsh(correlations)[0] < SMALLEST_INDEPENDENT_SHARE * n_features:
        raise ValueError(
            f"the {n_features} columns are linearly dependent over the {n_samples} rows: every covariance matrix would"
            " be singular. Leave out the column that follows from the others, take more rows, or a covariance structure"
            " without correlations (diag, tied_diag, spherical, tied_spherical)."
        )


class TooFewPoints(ValueError):
    """The data have fewer points than there are components."""


def as_whole_number(value: object, name: str, *, least: int) -> int:
    """`value` as an int of at least `least`; raises ValueError naming it for anything else."""
    number = value if isinstance(value, int | float | np.integer | np.floating) else float("nan")
    if isinstance(value, bool) or not np.isfinite(number) or number != int(number):
        raise ValueError(f"{name} must be a whole number, not {value!r}")
    if number < least:
        raise ValueError(f"{name} must be at least {least}, not {value}")
    return int(number)


def as_component_count(n_components: object, n_samples: int) -> int:
    """K as an int with 1 <= K <= N; raises ValueError otherwise: TooFewPoints (one too) if K > N."""
    count = as_whole_number(n_components, "n_components", least=1)
    if count > n_samples:
        raise TooFewPoints(
            f"{count} components cannot be fitted to {n_samples} points: take fewer components or more data"
        )
    return count
