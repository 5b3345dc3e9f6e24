"""The natural parameters of a mixture, one at a time: EM's estimate and standard error beside the posterior draws.

Labels are matched first: EM's components in ascending order of the first feature's mean, the posterior's aligned to
them. Covariances are read as standard deviations and correlations, which is what tables and figures show.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import combinations

import numpy as np

from bayesian.posterior import Posterior
from em import StandardErrors
from mixture import GaussianMixture, match
from mixture.arrays import FloatArray, IntArray

COUNTED_FROM = 1
"""Tables and figures count components and rows of the data from this number."""

ALL = "all"
"""Stands for the component of a parameter that all components share; components have numbers for names."""


@dataclass(frozen=True, eq=False)
class NaturalParameter:
    """One parameter: where it belongs, EM's estimate of it, and the posterior's draws.

    kind            "weight", "mean", "sd" or "correlation"
    component       the component's number as tables count it, or "all" if the components share the parameter
    feature         the feature's name; two names joined by " × " for a correlation; None for the one sd of a
                    spherical covariance, which all features share; empty for a weight
    estimate        EM's, in data units (weights and correlations have none)
    standard_error  EM's, same unit; None if there is none
    draws           (C, S) the posterior's
    """

    kind: str
    component: str
    feature: str | None
    estimate: float
    standard_error: float | None
    draws: FloatArray


def component_name(component: int) -> str:
    """The number that tables and figures give to component k of an array."""
    return str(component + COUNTED_FROM)


def ascending(mixture: GaussianMixture) -> IntArray:
    """The order (K,) in which the components' means of the first feature ascend; ties keep the order they came in."""
    return np.argsort(mixture.means[:, 0], kind="stable").astype(np.int64)


def posterior_mean_mixture(posterior: Posterior) -> GaussianMixture:
    """The mixture of posterior means E[pi], E[mu], E[Sigma] of relabelled draws, with dense covariances."""
    weights = posterior.weights.mean(axis=(0, 1))
    return GaussianMixture(
        weights / weights.sum(), posterior.means.mean(axis=(0, 1)), posterior.covariances.mean(axis=(0, 1)), "full"
    )


def align(posterior: Posterior, target: GaussianMixture) -> Posterior:
    """The relabelled posterior with its components in the order of the target's, one permutation for all draws.

    Matches the posterior-mean mixture to the target (`mixture.match`). Raises ValueError if K or D differ.
    """
    order = match(posterior_mean_mixture(posterior), target)
    if np.array_equal(order, np.arange(len(order))):
        return posterior
    shape = (posterior.n_chains, posterior.n_draws, posterior.n_components)
    return posterior.permute(np.broadcast_to(order, shape))


def natural_parameters(
    em_mixture: GaussianMixture,
    standard_errors: StandardErrors | None,
    posterior_relabelled: Posterior,
    feature_names: Sequence[str],
) -> tuple[NaturalParameter, ...]:
    """Weights, means, standard deviations and correlations, each kind component by component.

    A parameter that components (or, in a spherical covariance, features) share comes once. Correlations exist for the
    structures "full" and "tied". Standard errors must be those of `em_mixture`, in its own order of components; the
    correlation's is by the delta method from the full covariance of the estimates. None leaves them out.
    Raises ValueError if the names are not D or the mixtures differ in K or D.
    """
    if len(feature_names) != em_mixture.n_features:
        raise ValueError(f"{len(feature_names)} feature names for {em_mixture.n_features} features")
    order = ascending(em_mixture)
    posterior = align(posterior_relabelled, em_mixture.permute(order))
    reader = _Reader(em_mixture, standard_errors, order, posterior, tuple(feature_names))
    return (*reader.weights(), *reader.means(), *reader.sds(), *reader.correlations())


@dataclass(frozen=True, eq=False)
class _Reader:
    """Reads one kind of parameter at a time: component k is EM's order[k] and the aligned posterior's k."""

    mixture: GaussianMixture
    errors: StandardErrors | None
    order: IntArray
    posterior: Posterior
    names: tuple[str, ...]

    def weights(self) -> Iterator[NaturalParameter]:
        draws = self.posterior.weights
        for k, old in enumerate(self.order):
            error = None if self.errors is None else float(self.errors.weights[old])
            yield NaturalParameter(
                "weight", component_name(k), "", float(self.mixture.weights[old]), error, draws[:, :, k]
            )

    def means(self) -> Iterator[NaturalParameter]:
        draws = self.posterior.means
        for k, old in enumerate(self.order):
            for d, name in enumerate(self.names):
                error = None if self.errors is None else float(self.errors.means[old, d])
                estimate = float(self.mixture.means[old, d])
                yield NaturalParameter("mean", component_name(k), name, estimate, error, draws[:, :, k, d])

    def sds(self) -> Iterator[NaturalParameter]:
        shape = self.mixture.covariance_structure.element_shape(self.mixture.n_features)
        features: tuple[tuple[int, str | None], ...] = tuple(enumerate(self.names))
        if not shape and len(features) > 1:
            features = ((0, None),)
        covariances, draws = self.mixture.dense_covariances, self.posterior.covariances
        for k, old, component in self._components():
            for d, name in features:
                estimate = float(np.sqrt(covariances[old, d, d]))
                error = None if self.errors is None else float(self.errors.scales[old, d])
                yield NaturalParameter("sd", component, name, estimate, error, np.sqrt(draws[:, :, k, d, d]))

    def correlations(self) -> Iterator[NaturalParameter]:
        if self.mixture.covariance_structure.diagonal:
            return
        covariances, draws = self.mixture.dense_covariances, self.posterior.covariances
        for k, old, component in self._components():
            for i, j in combinations(range(len(self.names)), 2):
                yield NaturalParameter(
                    "correlation",
                    component,
                    f"{self.names[i]} × {self.names[j]}",
                    float(_correlation(covariances[old], i, j)),
                    self._correlation_error(old, i, j),
                    _correlation(draws[:, :, k], i, j),
                )

    def _components(self) -> Iterator[tuple[int, int, str]]:
        """New label, EM's label and the name of each component with a covariance of its own."""
        if self.mixture.covariance_structure.shared:
            yield 0, int(self.order[0]), ALL
        else:
            for k, old in enumerate(self.order):
                yield k, int(old), component_name(k)

    def _correlation_error(self, component: int, i: int, j: int) -> float | None:
        """sqrt(g^T V g), g = d rho / d (s_ii, s_ij, s_jj) = (-rho / 2 s_ii, 1 / sqrt(s_ii s_jj), -rho / 2 s_jj)."""
        if self.errors is None:
            return None
        covariance = self.mixture.dense_covariances[component]
        rho = _correlation(covariance, i, j)
        gradient = np.array(
            [-0.5 * rho / covariance[i, i], rho / covariance[i, j], -0.5 * rho / covariance[j, j]]
            if covariance[i, j]
            else [0.0, 1.0 / np.sqrt(covariance[i, i] * covariance[j, j]), 0.0]
        )
        k, d = self.mixture.n_components, self.mixture.n_features
        block = 0 if self.mixture.covariance_structure.shared else component
        first = k - 1 + k * d + block * (d * (d + 1) // 2)  # where this covariance's lower triangle starts
        places = [first + _lower(row, column) for row, column in ((i, i), (j, i), (j, j))]
        return float(np.sqrt(gradient @ self.errors.covariance[np.ix_(places, places)] @ gradient))


def _lower(row: int, column: int) -> int:
    """Position of element (row, column), column <= row, in a lower triangle read row by row."""
    return row * (row + 1) // 2 + column


def _correlation(covariances: FloatArray, i: int, j: int) -> FloatArray:
    """rho_ij = s_ij / sqrt(s_ii s_jj) of covariances (..., D, D)."""
    sds = np.sqrt(covariances[..., i, i]) * np.sqrt(covariances[..., j, j])
    return np.asarray(covariances[..., i, j] / sds)
