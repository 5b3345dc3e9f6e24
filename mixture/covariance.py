"""Covariance structures: what the covariances of the components share, and how their M step reads.

A structure is stateless. It knows the shape in which its covariances are stored, how to make them dense, the
precision factors the compiled likelihood wants, its M-step estimate from scatter matrices, and its number of
free parameters. The likelihood is one routine for all of them.

Names of mclust (Celeux & Govaert 1995, Pattern Recognition 28:781) stand beside ours.
"""

from abc import ABC, abstractmethod
from typing import ClassVar, final

import numpy as np

from mixture.arrays import FloatArray


class Covariance(ABC):
    """Abstract: one covariance structure. Arrays are stored in `shape`; `stack` puts the component axis first.

    name       how users name it            mclust    the name in mclust
    shared     all components have one      diagonal  no correlations: precision factors are (K, D), not (K, D, D)
    meaning    one phrase for reports
    """

    name: ClassVar[str]
    mclust: ClassVar[str]
    meaning: ClassVar[str]
    shared: ClassVar[bool]
    diagonal: ClassVar[bool]

    @abstractmethod
    def element_shape(self, n_features: int) -> tuple[int, ...]:
        """Shape of the stored covariance of one component."""

    @abstractmethod
    def n_element_parameters(self, n_features: int) -> int:
        """Free parameters of one covariance."""

    @abstractmethod
    def restrict(self, scatter: FloatArray) -> FloatArray:
        """Scatter matrices (K, D, D), or their diagonals (K, D) if `diagonal`, in the structure's form."""

    @abstractmethod
    def clip(self, stack: FloatArray, floor: float) -> FloatArray:
        """Covariances with eigenvalues below `floor` raised to it: the exact maximiser of the M step's
        -N/2 (log|Sigma| + tr Sigma^-1 S) under Sigma >= floor I, as both terms separate over the eigenvectors of S."""

    @abstractmethod
    def expand(self, stack: FloatArray, n_features: int) -> FloatArray:
        """Dense matrices (..., D, D) of stored covariances (..., *element)."""

    @abstractmethod
    def invert_root(self, stack: FloatArray, n_features: int) -> FloatArray:
        """Precision factors U with U Sigma U^T = I: lower triangular (..., D, D), or 1/sd (..., D) if `diagonal`."""

    @abstractmethod
    def fill(self, values: FloatArray, n_features: int) -> FloatArray:
        """Stored covariances (..., *element) from their free parameters (..., n_element_parameters)."""

    @abstractmethod
    def pivots(self, stack: FloatArray) -> FloatArray:
        """1 - R^2 of the most predictable feature given those before it, (...,): 0 where a covariance is singular,
        1 where features are uncorrelated. Unit free; what rounding errors of the quadratic form grow with."""

    def shape(self, n_components: int, n_features: int) -> tuple[int, ...]:
        """Shape of the stored covariances."""
        element = self.element_shape(n_features)
        return element if self.shared else (n_components, *element)

    def n_parameters(self, n_components: int, n_features: int) -> int:
        """Free parameters of all covariances."""
        return self.n_element_parameters(n_features) * (1 if self.shared else n_components)

    def stack(self, covariances: FloatArray) -> FloatArray:
        """Stored covariances with a leading component axis: (K, *element), or (1, *element) if shared."""
        return covariances[None] if self.shared else covariances

    def dense(self, covariances: FloatArray, n_components: int, n_features: int) -> FloatArray:
        """Sigma_k as dense matrices (K, D, D)."""
        matrices = self.expand(self.stack(covariances), n_features)
        return np.array(np.broadcast_to(matrices, (n_components, n_features, n_features)), order="C")

    def precision_factors(self, covariances: FloatArray, n_components: int, n_features: int) -> FloatArray:
        """U_k with U_k Sigma_k U_k^T = I: (K, D, D) lower triangular, or 1/sd (K, D) if `diagonal`."""
        roots = self.invert_root(self.stack(covariances), n_features)
        return np.array(np.broadcast_to(roots, (n_components, *roots.shape[1:])), order="C")

    def estimate(self, counts: FloatArray, scatter: FloatArray, floor: float | None = None) -> FloatArray:
        """M step: Sigma_k = W_k / N_k, or Sigma = sum_k W_k / sum_k N_k if shared, in the structure's form.

        counts N_k (K,), scatter W_k = sum_n r_nk (x_n - new mu_k)(x_n - new mu_k)^T (K, D, D), or its diagonal
        (K, D) if `diagonal`; `floor` bounds the eigenvalues from below (see `clip`). Returns the stored shape.
        Source: Celeux & Govaert 1995, section 4.
        """
        restricted = self.restrict(scatter)
        if self.shared:
            stack = restricted.sum(axis=0, keepdims=True) / counts.sum()
        else:
            stack = restricted / counts.reshape(-1, *(1,) * (restricted.ndim - 1))
        if floor is not None:
            stack = self.clip(stack, floor)
        return stack[0] if self.shared else stack

    def unpack(self, values: FloatArray, n_components: int, n_features: int) -> FloatArray:
        """Stored covariances from the vector of all free parameters (n_parameters,)."""
        rows = 1 if self.shared else n_components
        stack = self.fill(values.reshape(rows, self.n_element_parameters(n_features)), n_features)
        return stack[0] if self.shared else stack

    def permute(self, covariances: FloatArray, order: FloatArray | list[int]) -> FloatArray:
        """Stored covariances with new component k the old order[k]."""
        return covariances if self.shared else covariances[np.asarray(order, dtype=np.intp)]


class _Matrix(Covariance):
    """Sigma any symmetric positive definite matrix."""

    diagonal = False

    def element_shape(self, n_features: int) -> tuple[int, ...]:
        return (n_features, n_features)

    def n_element_parameters(self, n_features: int) -> int:
        return n_features * (n_features + 1) // 2

    def restrict(self, scatter: FloatArray) -> FloatArray:
        return scatter

    def clip(self, stack: FloatArray, floor: float) -> FloatArray:
        values, vectors = np.linalg.eigh(stack)
        clipped = (vectors * np.maximum(values, floor)[..., None, :]) @ np.swapaxes(vectors, -1, -2)
        raised = (values < floor).any(axis=-1)
        return np.where(raised[..., None, None], 0.5 * (clipped + np.swapaxes(clipped, -1, -2)), stack)

    def expand(self, stack: FloatArray, n_features: int) -> FloatArray:
        return stack

    def invert_root(self, stack: FloatArray, n_features: int) -> FloatArray:
        inverse: FloatArray = np.linalg.inv(np.linalg.cholesky(stack))
        return np.tril(inverse)

    def fill(self, values: FloatArray, n_features: int) -> FloatArray:
        rows, columns = np.tril_indices(n_features)
        matrices = np.zeros((*values.shape[:-1], n_features, n_features))
        matrices[..., rows, columns] = values
        matrices[..., columns, rows] = values
        return matrices

    def pivots(self, stack: FloatArray) -> FloatArray:
        variances = np.diagonal(stack, axis1=-2, axis2=-1)
        usable = (variances > 0.0).all(axis=-1)
        sds = np.sqrt(np.where(usable[..., None], variances, 1.0))
        correlations = stack / (sds[..., :, None] * sds[..., None, :])
        try:
            roots = np.linalg.cholesky(correlations)
        except np.linalg.LinAlgError:  # of one of them: look at each
            if len(stack) == 1:
                return np.zeros(1)
            return np.concatenate([self.pivots(matrix[None]) for matrix in stack])
        smallest = np.square(np.diagonal(roots, axis1=-2, axis2=-1)).min(axis=-1)
        return np.where(usable, smallest, 0.0)


class _Axes(Covariance):
    """Sigma = diag(v_1..v_D)."""

    diagonal = True

    def element_shape(self, n_features: int) -> tuple[int, ...]:
        return (n_features,)

    def n_element_parameters(self, n_features: int) -> int:
        return n_features

    def restrict(self, scatter: FloatArray) -> FloatArray:
        return scatter

    def clip(self, stack: FloatArray, floor: float) -> FloatArray:
        return np.maximum(stack, floor)

    def expand(self, stack: FloatArray, n_features: int) -> FloatArray:
        return stack[..., None] * np.eye(n_features)

    def invert_root(self, stack: FloatArray, n_features: int) -> FloatArray:
        return 1.0 / np.sqrt(stack)

    def fill(self, values: FloatArray, n_features: int) -> FloatArray:
        return values

    def pivots(self, stack: FloatArray) -> FloatArray:
        return (stack > 0.0).all(axis=-1).astype(np.float64)


class _Sphere(Covariance):
    """Sigma = v I."""

    diagonal = True

    def element_shape(self, n_features: int) -> tuple[int, ...]:
        return ()

    def n_element_parameters(self, n_features: int) -> int:
        return 1

    def restrict(self, scatter: FloatArray) -> FloatArray:
        return scatter.mean(axis=-1)

    def clip(self, stack: FloatArray, floor: float) -> FloatArray:
        return np.maximum(stack, floor)

    def expand(self, stack: FloatArray, n_features: int) -> FloatArray:
        return stack[..., None, None] * np.eye(n_features)

    def invert_root(self, stack: FloatArray, n_features: int) -> FloatArray:
        return np.repeat(1.0 / np.sqrt(stack)[..., None], n_features, axis=-1)

    def fill(self, values: FloatArray, n_features: int) -> FloatArray:
        return values[..., 0]

    def pivots(self, stack: FloatArray) -> FloatArray:
        return (stack > 0.0).astype(np.float64)


@final
class Full(_Matrix):
    name, mclust, shared = "full", "VVV", False
    meaning = "a covariance matrix per component"


@final
class Tied(_Matrix):
    name, mclust, shared = "tied", "EEE", True
    meaning = "one covariance matrix shared by all components"


@final
class Diagonal(_Axes):
    name, mclust, shared = "diag", "VVI", False
    meaning = "a diagonal covariance per component"


@final
class TiedDiagonal(_Axes):
    name, mclust, shared = "tied_diag", "EEI", True
    meaning = "one diagonal covariance shared by all components"


@final
class Spherical(_Sphere):
    name, mclust, shared = "spherical", "VII", False
    meaning = "a variance per component, σₖ² I"


@final
class TiedSpherical(_Sphere):
    name, mclust, shared = "tied_spherical", "EII", True
    meaning = "one variance shared by all, σ² I: the k-means setting"


STRUCTURES: tuple[Covariance, ...] = (
    Full(),
    Tied(),
    Diagonal(),
    TiedDiagonal(),
    Spherical(),
    TiedSpherical(),
)


def structure_named(name: str) -> Covariance:
    """The structure called `name`; raises ValueError listing the known ones."""
    for structure in STRUCTURES:
        if structure.name == name:
            return structure
    known = ", ".join(structure.name for structure in STRUCTURES)
    raise ValueError(f"unknown covariance structure {name!r}; known are: {known}")
