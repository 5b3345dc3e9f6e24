"""Draws of a Gaussian mixture as arrays: what relabelling needs, whoever made them."""

from collections.abc import Iterator
from dataclasses import dataclass, replace
from functools import cached_property

import numpy as np
from numpy.typing import ArrayLike

from bayesian.draws import allocation_blocks, log_likelihoods, probabilities_of
from bayesian.posterior import Posterior
from bayesian.relabelling.probabilities import AllocationProbabilities
from bayesian.tree import stored_covariances
from mixture import GaussianMixture
from mixture.arrays import FloatArray, IntArray, as_points

SIMPLEX_TOLERANCE = 1e-5
"""How far weights may sum from 1: draws kept in single precision come to 1e-6."""

HELD_BYTES = 512 * 1024**2
"""Allocation probabilities of all draws are held up to this size, and computed anew at each pass beyond it."""

LOG_POSTERIOR_NAMES = ("lp", "logp")
"""What samplers call log p(theta | X) up to a constant in sample_stats: ArviZ and PyMC, nutpie."""


@dataclass(frozen=True, eq=False)
class MixtureDraws:
    """theta_t = (pi_t, mu_t, Sigma_t), t = 1..T: every draw of every chain, chain after chain.

    weights: (T, K), on the simplex. means: (T, K, D), in data units. covariances: dense, (T, K, D, D).
    data: the points (N, D), or None: methods that look at allocations then refuse, the others do without.
    log_posterior: log p(theta_t | X) up to a constant, (T,), or None: it chooses the pivot draw, else log p(X | theta).
    given: probabilities the draws' maker stored, used instead of those of the normal densities; or None.
    structure: name of the covariance structure the draws belong to; a climb from a draw keeps to it.

    Make one by `of`, which checks, or `of_posterior`. Nothing is computed before it is asked for.
    """

    weights: FloatArray
    means: FloatArray
    covariances: FloatArray
    data: FloatArray | None = None
    log_posterior: FloatArray | None = None
    given: AllocationProbabilities | None = None
    structure: str = "full"

    @classmethod
    def of(
        cls,
        weights: ArrayLike,
        means: ArrayLike,
        *,
        sds: ArrayLike | None = None,
        covariances: ArrayLike | None = None,
        data: ArrayLike | None = None,
        log_posterior: ArrayLike | None = None,
        probabilities: ArrayLike | None = None,
    ) -> "MixtureDraws":
        """Draws from arrays: weights (T, K), means (T, K, D) or (T, K) if D = 1, and one of sds and covariances.

        sds: (T, K, D), or (T, K) for all features alike. covariances: (T, K, D, D).
        Raises ValueError for shapes that disagree, draws that hold NaN or infinite values, weights off the simplex,
        sds not above 0 and covariances that are not positive definite.
        """
        weight, mean = np.asarray(weights, dtype=np.float64), np.asarray(means, dtype=np.float64)
        if mean.ndim == 2:
            mean = mean[:, :, None]
        if weight.ndim != 2 or mean.ndim != 3 or mean.shape[:2] != weight.shape or mean.size == 0:
            raise ValueError(
                f"weights must have shape (draws, components) and means (draws, components, features), none of them 0,"
                f" not {weight.shape} and {mean.shape}"
            )
        if (sds is None) == (covariances is None):
            raise ValueError("hand in either sds or covariances of the components")
        dense = _from_sds(sds, mean.shape) if sds is not None else np.asarray(covariances, dtype=np.float64)
        if dense.shape != mean.shape + mean.shape[2:]:
            raise ValueError(
                f"covariances have shape {dense.shape}, but {mean.shape + mean.shape[2:]} goes with the means"
            )
        points = None if data is None else as_points(data, n_features=mean.shape[2])
        heights = None if log_posterior is None else np.asarray(log_posterior, dtype=np.float64)
        if heights is not None and heights.shape != (len(weight),):
            raise ValueError(f"log_posterior has shape {heights.shape}, not ({len(weight)},), one for each draw")
        given = None if probabilities is None else AllocationProbabilities.of(probabilities)
        if given is not None and (
            given.shape[:2] != weight.shape or (points is not None and given.shape[2] != len(points))
        ):
            raise ValueError(f"probabilities are of shape (draws, components, points) {given.shape}: it disagrees")
        _check(weight, mean, dense, heights)
        return cls(weight, mean, dense, points, heights, given)

    @classmethod
    def of_posterior(cls, posterior: Posterior) -> "MixtureDraws":
        """The draws of a posterior, which has checked them."""
        stats = posterior.tree["sample_stats"].data_vars
        heights = [
            stats[name].transpose("chain", "draw").values.ravel() for name in LOG_POSTERIOR_NAMES if name in stats
        ]
        weights, means, covariances = posterior.weights, posterior.means, posterior.covariances
        return cls(
            weights=weights.reshape(-1, *weights.shape[2:]),
            means=means.reshape(-1, *means.shape[2:]),
            covariances=covariances.reshape(-1, *covariances.shape[2:]),
            data=posterior.data,
            log_posterior=np.asarray(heights[0], dtype=np.float64) if heights else posterior.log_likelihood.ravel(),
            structure=posterior.structure,
        )

    @property
    def n_draws(self) -> int:
        """T."""
        return self.weights.shape[0]

    @property
    def n_components(self) -> int:
        """K."""
        return self.weights.shape[1]

    def only(self, draw: int) -> "MixtureDraws":
        """The draws with all but one left out."""
        one = slice(draw, draw + 1)
        given = self.given
        if given is not None:
            kept = given.at(one)
            given = AllocationProbabilities((1, *given.shape[1:]), kept.__getitem__)
        heights = None if self.log_posterior is None else self.log_posterior[one]
        return replace(
            self,
            weights=self.weights[one],
            means=self.means[one],
            covariances=self.covariances[one],
            log_posterior=heights,
            given=given,
        )

    @property
    def points(self) -> FloatArray:
        """The data (N, D); raises ValueError where there are none."""
        if self.data is None:
            raise ValueError("this method looks at the data, but the draws came without: hand them in as `data`")
        return self.data

    @cached_property
    def parameters(self) -> FloatArray:
        """What tells components apart, (T, K, J); see `component_parameters`."""
        return component_parameters(self.weights, self.means, self.covariances)

    def allocation_blocks(self) -> Iterator[tuple[slice, IntArray]]:
        """The most probable allocations, block by block: pairs (slice of draws, labels (t, N)); the first of equals."""
        if "allocations" in self.__dict__:  # computed already
            return iter([(slice(0, self.n_draws), self.allocations)])
        if self.given is not None:
            return ((chunk, block.argmax(axis=1)) for chunk, block in self.given.blocks())
        return allocation_blocks(self.points, self.weights, self.means, self.covariances)

    @cached_property
    def allocations(self) -> IntArray:
        """The most probable allocations, (T, N), in one byte each up to K = 128."""
        n_samples = self.given.shape[2] if self.given is not None else len(self.points)
        labels = np.empty((self.n_draws, n_samples), dtype=np.min_scalar_type(-self.n_components))
        for chunk, block in self.allocation_blocks():
            labels[chunk] = block
        return labels

    def probabilities(self) -> AllocationProbabilities:
        """P(z_n = k | x_n, theta_t): computed and held, 8 T N K bytes, or beyond HELD_BYTES computed at each pass."""
        computed = self.computed_probabilities()
        n_draws, n_components, n_samples = computed.shape
        if self.given is not None or 8 * n_draws * n_components * n_samples > HELD_BYTES:
            return computed
        p = np.empty(computed.shape)
        for chunk, block in computed.blocks():
            p[chunk] = block
        return AllocationProbabilities(computed.shape, p.__getitem__)

    def computed_probabilities(self) -> AllocationProbabilities:
        """The same, never held but where they were given: for a single pass."""
        if self.given is not None:
            return self.given
        shape = (self.n_draws, self.n_components, len(self.points))
        return AllocationProbabilities(shape, self._probabilities_at)

    def _probabilities_at(self, index: slice | IntArray) -> FloatArray:
        return probabilities_of(self.points, self.weights[index], self.means[index], self.covariances[index])

    @cached_property
    def pivot_draw(self) -> int:
        """Position of the draw of highest log posterior density, where that is known, else log-likelihood."""
        if self.log_posterior is not None:
            return int(self.log_posterior.argmax())
        if self.data is None:
            raise ValueError("the pivot is the draw of highest density: hand in `log_posterior` or the data")
        return int(log_likelihoods(self.data, self.weights, self.means, self.covariances).argmax())

    def mixture(self, draw: int) -> GaussianMixture:
        """The mixture of one draw, in the draws' structure."""
        covariances = stored_covariances(self.covariances[draw], self.structure)
        return GaussianMixture(self.weights[draw], self.means[draw], covariances, self.structure)


def component_parameters(weights: FloatArray, means: FloatArray, covariances: FloatArray) -> FloatArray:
    """Weight, means, log standard deviations and correlations of each component, (..., K, 1 + 2 D + D (D - 1) / 2).

    weights (..., K), means (..., K, D), dense covariances (..., K, D, D).
    """
    sds = np.sqrt(np.diagonal(covariances, axis1=-2, axis2=-1))
    rows, columns = np.tril_indices(sds.shape[-1], k=-1)
    correlations = covariances[..., rows, columns] / (sds[..., rows] * sds[..., columns])
    return np.concatenate([weights[..., None], means, np.log(sds), correlations], axis=-1)


def _from_sds(sds: ArrayLike, shape: tuple[int, ...]) -> FloatArray:
    """Dense covariances (T, K, D, D) of standard deviations (T, K, D) or (T, K)."""
    values = np.asarray(sds, dtype=np.float64)
    if values.shape == shape[:2]:
        values = values[:, :, None]
    if values.shape not in (shape, (*shape[:2], 1)):
        raise ValueError(f"sds have shape {values.shape}, but {shape} goes with the means")
    if (values <= 0.0).any():
        raise ValueError(f"sds must be above 0, but draw {np.argwhere(values <= 0.0)[0, 0]} has one that is not")
    return np.square(np.broadcast_to(values, shape))[..., None] * np.eye(shape[2])


def _check(weights: FloatArray, means: FloatArray, covariances: FloatArray, heights: FloatArray | None) -> None:
    for name, values in (("weights", weights), ("means", means), ("covariances", covariances)):
        wrong = np.flatnonzero(~np.isfinite(values).reshape(len(values), -1).all(axis=1))
        if wrong.size:
            raise ValueError(
                f"{name}: {wrong.size} draws hold NaN or infinite values, the first is draw {wrong[0]}: leave them out"
            )
    off = np.flatnonzero((weights < 0.0).any(axis=1) | (np.abs(weights.sum(axis=1) - 1.0) > SIMPLEX_TOLERANCE))
    if off.size:
        raise ValueError(
            f"weights leave the simplex in {off.size} draws, the first is draw {off[0]}: {weights[off[0]]}"
        )
    if heights is not None and np.isnan(heights).any():
        raise ValueError(f"log_posterior is NaN in draw {np.flatnonzero(np.isnan(heights))[0]}")
    try:
        np.linalg.cholesky(covariances)
    except np.linalg.LinAlgError as error:
        raise ValueError("a covariance among the draws is not positive definite") from error
