"""The model: a Gaussian mixture as a frozen value."""

from dataclasses import dataclass
from typing import Any, Self

import numpy as np
from numpy.typing import ArrayLike, NDArray

from mixture import compiled, likelihood
from mixture.arrays import FloatArray, IntArray, as_points
from mixture.compiled import NOTHING, KernelArguments
from mixture.covariance import Covariance, structure_named
from mixture.storage import Stored

SIMPLEX_TOLERANCE = 1e-8
"""How far the weights may sum from one before they are refused (they are never rescaled)."""


@dataclass(frozen=True, eq=False, init=False)
class GaussianMixture(Stored):
    """p(x | theta) = sum_k pi_k N(x | mu_k, Sigma_k).

    weights      (K,) pi_k, on the simplex; a component may be empty (weight 0)
    means        (K, D) mu_k, in the units of the data
    covariances  (co)variances in the units of the data squared, in the shape of the structure:
                 full (K, D, D), tied (D, D), diag (K, D), tied_diag (D,), spherical (K,), tied_spherical ();
                 of the families that share in part (K, D) if diagonal and (K, D, D) otherwise
    structure    name of the covariance structure; a name of mclust's ("VVE") becomes ours

    Arrays are copied and made read-only. Two mixtures are equal if all their numbers and the structure are.

    Raises ValueError, naming the component, if weights leave the simplex, shapes disagree, a number is not
    finite or a covariance is not symmetric positive definite.
    """

    weights: FloatArray
    means: FloatArray
    covariances: FloatArray
    structure: str

    def __init__(self, weights: ArrayLike, means: ArrayLike, covariances: ArrayLike, structure: str = "full") -> None:
        for name, values in (("weights", weights), ("means", means), ("covariances", covariances)):
            array = np.array(values, dtype=np.float64)
            array.setflags(write=False)
            object.__setattr__(self, name, array)
        object.__setattr__(self, "structure", structure_named(structure).name)
        _check_weights(self.weights)
        _check_means(self.means, len(self.weights))
        pivots = _checked_pivots(self.covariances, self.covariance_structure, *self.means.shape)
        object.__setattr__(self, "_pivots", pivots)

    @classmethod
    def of_checked(
        cls, weights: FloatArray, means: FloatArray, covariances: FloatArray, structure: str, pivots: FloatArray
    ) -> Self:
        """A mixture of arrays that their maker has checked and hands over for good; `pivots` as in the property.

        For the loops that make thousands: the checks of the constructor would cost more than an M step.
        """
        mixture = cls.__new__(cls)
        for name, array in (("weights", weights), ("means", means), ("covariances", covariances)):
            array.setflags(write=False)
            object.__setattr__(mixture, name, array)
        object.__setattr__(mixture, "structure", structure)
        object.__setattr__(mixture, "_pivots", pivots)
        return mixture

    @property
    def pivots(self) -> FloatArray:
        """(K,), or (1,) if shared: 1 - R^2 of the most predictable feature; see `Covariance.pivots`."""
        pivots: FloatArray = self.__dict__["_pivots"]
        return pivots

    @property
    def covariance_structure(self) -> Covariance:
        """The structure itself, where `structure` is its name."""
        return structure_named(self.structure)

    @property
    def n_components(self) -> int:
        """K."""
        return len(self.weights)

    @property
    def n_features(self) -> int:
        """D."""
        return int(self.means.shape[1])

    @property
    def n_parameters(self) -> int:
        """Free parameters: K - 1 weights, K D means and those of the covariances."""
        k, d = self.n_components, self.n_features
        return k - 1 + k * d + self.covariance_structure.n_parameters(k, d)

    @property
    def dense_covariances(self) -> FloatArray:
        """Sigma_k, (K, D, D)."""
        return self.covariance_structure.dense(self.covariances, *self.means.shape)

    @property
    def precision_factors(self) -> FloatArray:
        """U_k with U_k Sigma_k U_k^T = I: lower triangular (K, D, D); 1/sd (K, D) for uncorrelated structures."""
        return self.covariance_structure.precision_factors(self.covariances, *self.means.shape)

    @property
    def kernel_arguments(self) -> KernelArguments:
        """The mixture as the compiled pass wants it."""
        return KernelArguments.of(self.weights, self.means, self.precision_factors)

    def log_density(self, x: ArrayLike) -> FloatArray:
        """log p(x_n | theta) = log sum_k pi_k N(x_n | mu_k, Sigma_k); x (N, D), returns (N,), in nats.

        Raises ValueError for data that are not finite numbers in D columns.
        """
        return compiled.log_density(as_points(x, n_features=self.n_features), self.kernel_arguments)

    def responsibilities(self, x: ArrayLike) -> FloatArray:
        """P(z_n = k | x_n, theta) = pi_k N(x_n | mu_k, Sigma_k) / p(x_n); x (N, D), returns (N, K), rows sum to 1.

        Raises ValueError for data that are not finite numbers in D columns.
        """
        points = as_points(x, n_features=self.n_features)
        return likelihood.responsibilities(points, self.weights, self.means, self.dense_covariances)

    def log_likelihood(self, x: ArrayLike) -> float:
        """log p(X | theta) = sum_n log p(x_n | theta): a total in nats, not a mean per point.

        Raises ValueError for data that are not finite numbers in D columns.
        """
        points = as_points(x, n_features=self.n_features)
        return compiled.statistics(points, NOTHING, self.kernel_arguments, None)[0]

    def draw(self, n_samples: int, rng: np.random.Generator) -> tuple[FloatArray, IntArray]:
        """z_n ~ Categorical(pi), x_n ~ N(mu_z, Sigma_z): points (N, D) and their allocations (N,)."""
        if n_samples < 1:
            raise ValueError(f"n_samples must be at least 1, not {n_samples}")
        allocations = rng.choice(self.n_components, size=n_samples, p=self.weights / self.weights.sum())
        roots = np.linalg.cholesky(self.dense_covariances)
        noise = rng.standard_normal((n_samples, self.n_features))
        points = self.means[allocations] + np.einsum("nij,nj->ni", roots[allocations], noise)
        return points, allocations.astype(np.int64)

    def permute(self, order: ArrayLike) -> Self:
        """The same density with labels changed: new component k is the old order[k].

        Raises ValueError if `order` is not a permutation of 0..K-1.
        """
        index = np.asarray(order)
        if index.shape != (self.n_components,) or not np.array_equal(np.sort(index), np.arange(self.n_components)):
            raise ValueError(f"{order!r} is not a permutation of 0..{self.n_components - 1}")
        covariances = self.covariance_structure.permute(self.covariances, index)
        return type(self)(self.weights[index], self.means[index], covariances, self.structure)

    def to_dict(self) -> dict[str, Any]:
        """Plain lists and strings, exact in JSON (Python writes the shortest digits that read back equal)."""
        return {
            "weights": self.weights.tolist(),
            "means": self.means.tolist(),
            "covariances": self.covariances.tolist(),
            "structure": self.structure,
        }

    @classmethod
    def from_dict(cls, content: dict[str, Any]) -> Self:
        """The mixture that `to_dict` wrote; raises ValueError if a field is missing or wrong."""
        missing = {"weights", "means", "covariances", "structure"} - content.keys()
        if missing:
            raise ValueError(f"this is not a stored mixture: {', '.join(sorted(missing))} missing")
        return cls(**content)

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, GaussianMixture):
            return NotImplemented
        return self.structure == other.structure and all(
            np.array_equal(mine, theirs)
            for mine, theirs in (
                (self.weights, other.weights),
                (self.means, other.means),
                (self.covariances, other.covariances),
            )
        )

    def __hash__(self) -> int:
        return hash((self.structure, self.weights.tobytes(), self.means.tobytes(), self.covariances.tobytes()))

    def __str__(self) -> str:
        lines = [f"Gaussian mixture, K = {self.n_components}, D = {self.n_features}, {self.structure} covariances"]
        for k, (weight, mean, covariance) in enumerate(
            zip(self.weights, self.means, self.dense_covariances, strict=True)
        ):
            sds = np.sqrt(np.diagonal(covariance))
            lines.append(f"  {k}: weight {weight:.4f}, mean {mean.round(4)}, sd {sds.round(4)}")
        return "\n".join(lines)


def _check_weights(weights: FloatArray) -> None:
    if weights.ndim != 1 or not weights.size:
        raise ValueError(f"weights must have shape (n_components,), not {weights.shape}")
    wrong = np.flatnonzero(~(np.isfinite(weights) & (weights >= 0.0)))
    if wrong.size:
        raise ValueError(f"the weight of component {wrong[0]} is {weights[wrong[0]]}: weights lie in [0, 1]")
    if abs(weights.sum() - 1.0) > SIMPLEX_TOLERANCE:
        raise ValueError(f"the weights sum to {weights.sum():.12g}, not to 1: divide them by their sum")


def _check_means(means: FloatArray, n_components: int) -> None:
    if means.ndim != 2 or means.shape[0] != n_components or not means.shape[1]:
        raise ValueError(
            f"means must have shape (n_components, n_features) with n_components = {n_components} as in weights,"
            f" not {means.shape}"
        )
    wrong = np.flatnonzero(~np.isfinite(means).all(axis=1))
    if wrong.size:
        raise ValueError(f"the mean of component {wrong[0]} is not finite: {means[wrong[0]]}")


def _checked_pivots(covariances: FloatArray, structure: Covariance, n_components: int, n_features: int) -> FloatArray:
    """The pivots of the covariances; raises ValueError for covariances that are none."""
    shape = structure.shape(n_components, n_features)
    if covariances.shape != shape:
        raise ValueError(
            f"covariances of structure {structure.name!r} must have shape {shape} for K = {n_components},"
            f" D = {n_features}, not {covariances.shape}"
        )
    stack = structure.stack(covariances)

    def refuse(wrong: NDArray[np.bool_], what: str) -> None:
        if wrong.any():
            k = int(np.flatnonzero(wrong)[0])
            owner = "the shared covariance" if structure.shared else f"the covariance of component {k}"
            raise ValueError(f"{owner} is not {what}: {stack[k].tolist()}")

    of_element = tuple(range(1, stack.ndim))
    refuse(~np.isfinite(stack).all(axis=of_element), "finite")
    dense = structure.expand(stack, n_features)
    scales = np.sqrt(np.abs(np.diagonal(dense, axis1=1, axis2=2)))
    asymmetry = np.abs(dense - np.swapaxes(dense, 1, 2)) - 1e-10 * scales[:, :, None] * scales[:, None, :]
    refuse((asymmetry > 0.0).any(axis=(1, 2)), "symmetric")
    pivots = structure.pivots(stack)
    refuse(pivots <= 0.0, "positive definite")
    return pivots
