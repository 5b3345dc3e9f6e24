"""Small lower triangular matrices inside compiled kernels, written out: D is small, and LAPACK costs seconds to
link.
"""

import numpy as np
from numba import njit

from mixture.arrays import FloatArray


@njit(nogil=True, cache=True, error_model="numpy")
def cholesky(matrix: FloatArray, root: FloatArray) -> bool:
    """root root^T = matrix, root lower triangular, above the diagonal zero. False if not positive definite."""
    n = matrix.shape[0]
    for i in range(n):
        for j in range(i + 1):
            total = matrix[i, j]
            for m in range(j):
                total -= root[i, m] * root[j, m]
            if i == j:
                if not total > 0.0:
                    return False
                root[i, i] = np.sqrt(total)
            else:
                root[i, j] = total / root[j, j]
        for j in range(i + 1, n):
            root[i, j] = 0.0
    return True


@njit(nogil=True, cache=True, error_model="numpy")
def invert(root: FloatArray, inverse: FloatArray) -> None:
    """inverse root = I for lower triangular matrices; above the diagonal zero."""
    n = root.shape[0]
    for j in range(n):
        for i in range(j):
            inverse[i, j] = 0.0
        inverse[j, j] = 1.0 / root[j, j]
        for i in range(j + 1, n):
            total = 0.0
            for m in range(j, i):
                total -= root[i, m] * inverse[m, j]
            inverse[i, j] = total / root[i, i]


@njit(nogil=True, cache=True, error_model="numpy")
def sandwich(factor: FloatArray, middle: FloatArray, result: FloatArray) -> None:
    """result = factor^T middle factor for square matrices of any kind."""
    n = factor.shape[0]
    half = np.empty((n, n))
    for i in range(n):
        for j in range(n):
            total = 0.0
            for m in range(n):
                total += middle[i, m] * factor[m, j]
            half[i, j] = total
    for i in range(n):
        for j in range(n):
            total = 0.0
            for m in range(n):
                total += factor[m, i] * half[m, j]
            result[i, j] = total
