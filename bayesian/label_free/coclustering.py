"""Who is together with whom: P(z_n = z_m | X), which no permutation of the components can change.

Given theta the allocations of different points are independent, so that

    P(z_n = z_m | X) = E[ sum_k p_nk p_mk | X ],  n != m,        p_nk = P(z_n = k | x_n, theta),

the mean over draws of products of allocation probabilities: the Rao-Blackwellised form of the share of draws in which
sampled allocations agree, and never of larger variance. Each point is together with itself.
"""

from collections.abc import Iterable, Iterator

import numpy as np
from numpy.typing import ArrayLike
from scipy.linalg.blas import dsyrk

from bayesian.draws import log_joints, normalised
from bayesian.posterior import Posterior
from mixture.arrays import FloatArray, IntArray

LARGEST_MATRIX = 2 * 1024**3
"""Bytes of the largest matrix that is made: 2 GiB, for 16384 points."""

BLOCK_ROWS = 256
"""So many rows of length N are held beside the matrix and added to it at once."""


def coclustering_matrix(posterior: Posterior, *, thin: int = 1, points: ArrayLike | None = None) -> FloatArray:
    """P(z_n = z_m | X) from allocation probabilities, (N, N), symmetric, ones on the diagonal.

    Draws stream through: memory is N^2 doubles, time is proportional to T K N^2, T every thin-th draw of each chain.
    points: rows of the data that take part, (M,) indices, for an (M, M) matrix of those alone (they need not be all
    points: the entry of a pair does not depend on who else is there). Raises ValueError for no such row, thin below 1,
    and a matrix beyond 2 GiB, naming how many points fit.
    """
    if thin < 1:
        raise ValueError(f"thin must be at least 1 (every draw), not {thin}")
    x = posterior.data if points is None else posterior.data[_rows(points, len(posterior.data))]
    _check_size(len(x))
    kept = (draws[:, ::thin] for draws in (posterior.weights, posterior.means, posterior.covariances))
    arrays = [draws.reshape(-1, *draws.shape[2:]) for draws in kept]
    return _mean_product(_probabilities(x, *arrays), len(x), n_draws=len(arrays[0]))


def coclustering_of_allocations(allocations: ArrayLike) -> FloatArray:
    """Share of the draws in which n and m bear the same label, (N, N): from allocations (T, N) of anybody's sampler.

    Labels are whole numbers not below 0, and need not agree from draw to draw. Raises ValueError for others, and for a
    matrix beyond 2 GiB.
    """
    labels = as_draws_of_labels(allocations)
    _check_size(labels.shape[1])
    return _mean_product(_indicators(labels), labels.shape[1], n_draws=len(labels))


def as_draws_of_labels(allocations: ArrayLike) -> IntArray:
    """Allocations (T, N) as int64 labels from 0, below N; raises ValueError for what is none.

    Labels that another program let grow are counted anew within each draw.
    """
    labels = np.asarray(allocations)
    if labels.ndim != 2 or 0 in labels.shape:
        raise ValueError(f"allocations must have shape (draws, points), none of them 0, not {labels.shape}")
    if labels.dtype.kind not in "iu" or int(labels.min()) < 0:
        raise ValueError("allocations must be whole numbers from 0, one label per draw and point")
    if int(labels.max()) >= labels.shape[1]:
        labels = np.stack([np.unique(draw, return_inverse=True)[1] for draw in labels])
    return labels.astype(np.int64, copy=False)


def _indicators(labels: IntArray) -> Iterator[FloatArray]:
    """1(z_tn = k), a row for each draw and label, some draws at a time: (t K, N)."""
    names = np.arange(int(labels.max()) + 1)
    step = max(1, BLOCK_ROWS // len(names))
    for start in range(0, len(labels), step):
        block = labels[start : start + step, None, :] == names[:, None]
        yield block.reshape(-1, labels.shape[1]).astype(np.float64)


def _probabilities(
    x: FloatArray, weights: FloatArray, means: FloatArray, covariances: FloatArray
) -> Iterator[FloatArray]:
    """Allocation probabilities of the draws, chunk by chunk, a row for each draw and component: (t K, N)."""
    for _, joint in log_joints(x, weights, means, covariances):  # (t, K, N)
        yield normalised(joint).reshape(-1, len(x))


def _mean_product(chunks: Iterable[FloatArray], n_samples: int, *, n_draws: int) -> FloatArray:
    """(1/T) sum over rows r of r r^T, ones on the diagonal: rows are gathered into blocks, one product each."""
    total = np.zeros((n_samples, n_samples), order="F")
    block = np.empty((BLOCK_ROWS, n_samples))
    filled = 0
    for chunk in chunks:
        for start in range(0, len(chunk), BLOCK_ROWS):
            rows = chunk[start : start + BLOCK_ROWS]
            if filled + len(rows) > BLOCK_ROWS:
                total = _add_product(total, block[:filled])
                filled = 0
            block[filled : filled + len(rows)] = rows
            filled += len(rows)
    total = _add_product(total, block[:filled])
    total /= n_draws
    for n in range(n_samples):  # row by row: the upper triangle is mirrored without a second matrix
        total[n, :n] = total[:n, n]
    np.clip(total, 0.0, 1.0, out=total)
    np.fill_diagonal(total, 1.0)
    return total.T


def _add_product(total: FloatArray, rows: FloatArray) -> FloatArray:
    """total + rows^T rows in the upper triangle, in place."""
    return np.asarray(dsyrk(1.0, rows.T, beta=1.0, c=total, overwrite_c=True, lower=False))


def _rows(points: ArrayLike, n_samples: int) -> IntArray:
    rows = np.asarray(points)
    if rows.ndim != 1 or not rows.size or rows.dtype.kind not in "iu":
        raise ValueError("points must be row numbers of the data, (M,), at least one")
    if int(rows.min()) < 0 or int(rows.max()) >= n_samples:
        raise ValueError(f"points must be rows from 0 to {n_samples - 1}, not {int(rows.min())} to {int(rows.max())}")
    return rows.astype(np.int64)


def _check_size(n_samples: int) -> None:
    size = 8 * n_samples**2
    if size > LARGEST_MATRIX:
        largest = int((LARGEST_MATRIX / 8) ** 0.5)
        raise ValueError(
            f"a matrix of {n_samples} x {n_samples} points would take {size / 1024**3:.1f} GiB: hand in at most"
            f" {largest} of them as `points`, for instance every {-(-n_samples // largest)}th"
        )
