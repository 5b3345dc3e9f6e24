"""Exact evidence under conjugate priors: a closed form for one component, a sum over all K^N allocations for more.

    p(X) = sum_z p(z) p(X | z)
    p(z) = Gamma(A) / Gamma(A + N) prod_k Gamma(a_k + n_k) / Gamma(a_k),  A = sum_k a_k

With mu_k | Sigma_k ~ N(m_k, Sigma_k / kappa_k) the means integrate out of p(X | z) and leave the scatter

    Q_k = sum_{n in k} (x_n - xbar_k)(x_n - xbar_k)^T + kappa_k n_k / (kappa_k + n_k) (xbar_k - m_k)(xbar_k - m_k)^T

and a factor (kappa_k / (kappa_k + n_k))^(D/2) each. Covariances, Sigma ~ IW(nu, Psi), then give

    pi^(-n D/2) Gamma_D((nu + n)/2) / Gamma_D(nu/2) |Psi|^(nu/2) / |Psi + Q|^((nu + n)/2)

and variances, v ~ InvGamma(a, b), for each group of c numbers (a feature's or all) that share one

    (2 pi)^(-c/2) Gamma(a + c/2) / Gamma(a) b^a / (b + Q/2)^(a + c/2) .

A shared covariance collects the n and Q of all components. Source: Murphy 2007, Conjugate Bayesian analysis of the
Gaussian distribution, section 8; Fraley & Raftery 2007, J. Classif. 24:155, for the structures.
"""

from dataclasses import dataclass
from typing import Self

import numpy as np
from numpy.typing import ArrayLike
from scipy.special import gammaln, logsumexp, multigammaln

from bayesian.priors.prior import Prior
from mixture import ConjugatePrior
from mixture.arrays import FloatArray, IntArray, as_component_count, as_points
from mixture.covariance import Covariance, linear_structure_named

LARGEST_ENUMERATION = 2**20
"""Allocations that are summed over at most: K = 2 reaches N = 20, K = 3 N = 12, K = 4 N = 10, in seconds."""

CHUNK = 2**14
"""Allocations at a time."""


@dataclass(frozen=True, eq=False)
class AllocationPosterior:
    """p(z | X) over all K^N allocations, the parameters integrated out.

    allocations (M, N)     every z, labels 0..K-1, M = K^N
    log_joint (M,)         log p(z) + log p(X | z), in nats
    """

    allocations: IntArray
    log_joint: FloatArray

    @property
    def log_evidence(self) -> float:
        """log p(X) = log sum_z p(z) p(X | z), in nats."""
        return float(logsumexp(self.log_joint))

    @property
    def probabilities(self) -> FloatArray:
        """p(z | X), (M,)."""
        terms: FloatArray = np.exp(self.log_joint - self.log_evidence)
        return terms


def exact_log_evidence(
    x: ArrayLike, n_components: int = 1, *, structure: str = "full", prior: Prior | ConjugatePrior
) -> float:
    """log p(X) = log int p(X | theta) p(theta) d theta, exactly, in nats; x (N, D).

    prior   a `Prior` with ConjugateNormal means, or a ConjugatePrior (whose weights are Dirichlet(1)).
    One component at any N; more by `enumerate_allocations`, an oracle for a dozen points.
    Raises ValueError for bad data, a prior that is not conjugate, and more allocations than `LARGEST_ENUMERATION`.
    """
    points = as_points(x)
    if as_component_count(n_components, len(points)) > 1:
        return enumerate_allocations(points, n_components, structure=structure, prior=prior).log_evidence
    conjugate = _Conjugate.of(prior, 1, points.shape[1], structure)
    average = points.mean(axis=0)
    average = average + (points - average).mean(axis=0)  # the first mean is rounded, far from the origin
    centred = points - average
    scatter = np.square(centred).sum(axis=0) if conjugate.form.diagonal else centred.T @ centred
    counts = np.array([[float(len(points))]])
    return float(conjugate.log_marginal(counts, average[None, None], scatter[None, None])[0])


def enumerate_allocations(
    x: ArrayLike, n_components: int, *, structure: str = "full", prior: Prior | ConjugatePrior
) -> AllocationPosterior:
    """Every allocation of the points x (N, D) to K components with its exact log p(z, X).

    An oracle: posterior means of anything that depends on z are sums. Raises ValueError as `exact_log_evidence`.
    """
    points = as_points(x)
    n_samples, n_features = points.shape
    k = as_component_count(n_components, n_samples)
    if k**n_samples > LARGEST_ENUMERATION:
        raise ValueError(
            f"{k} components and {n_samples} points have {k}^{n_samples} allocations, more than the"
            f" {LARGEST_ENUMERATION} that are summed: take fewer points, or estimate the evidence"
        )
    conjugate = _Conjugate.of(prior, k, n_features, structure)
    origin = points.mean(axis=0)
    centred = points - origin
    products = centred**2 if conjugate.form.diagonal else centred[:, :, None] * centred[:, None, :]
    codes = np.arange(k**n_samples)
    allocations = (codes[:, None] // k ** np.arange(n_samples) % k).astype(np.int8)
    log_joint = np.empty(len(codes))
    for start in range(0, len(codes), CHUNK):
        chunk = slice(start, start + CHUNK)
        members = (allocations[chunk, None, :] == np.arange(k)[:, None]).astype(np.float64)
        counts = members.sum(axis=2)
        averages = members @ centred / np.maximum(counts, 1.0)[:, :, None]
        second = (members @ products.reshape(n_samples, -1)).reshape(len(members), k, *products.shape[1:])
        scatter = second - _spread(counts, averages, conjugate.form)
        log_joint[chunk] = conjugate.log_allocation(counts) + conjugate.log_marginal(counts, averages + origin, scatter)
    return AllocationPosterior(allocations.astype(np.int64), log_joint)


def _spread(counts: FloatArray, offsets: FloatArray, form: Covariance) -> FloatArray:
    """c_k o_k o_k^T (..., K, D, D), or its diagonal (..., K, D) for structures without correlations."""
    weighted = counts[..., None] * offsets
    return weighted * offsets if form.diagonal else weighted[..., :, None] * offsets[..., None, :]


@dataclass(frozen=True, eq=False)
class _Conjugate:
    """Hyperparameters: concentration (K,), location (K, D), strength (K,), and of InvGamma or IW `shape` and `scale`.

    InvGamma: both in the stored shape of `form`. IW: nu (1,) or (K,) and Psi in the stored shape.
    """

    form: Covariance
    concentration: FloatArray
    location: FloatArray
    strength: FloatArray
    shape: FloatArray
    scale: FloatArray

    @classmethod
    def of(cls, prior: Prior | ConjugatePrior, k: int, d: int, structure: str) -> Self:
        """A matrix of one feature is a variance: IW(nu, Psi) = InvGamma(nu/2, Psi/2)."""
        form = linear_structure_named(structure)
        if d == 1:
            form = linear_structure_named("tied_diag" if form.shared else "diag")
        stored = form.shape(k, d)
        matrices = (1 if form.shared else k,)
        if isinstance(prior, ConjugatePrior):
            nu, psi = prior.degrees_of_freedom, prior.scale
            if psi.shape != (d, d):
                raise ValueError(f"the prior is for {len(psi)} features, the data have {d}")
            if form.diagonal:
                variances = 0.5 * (np.diagonal(psi) if form.element_shape(d) else np.trace(psi) / d)
                shape, scale = np.full(stored, 0.5 * nu), np.broadcast_to(variances, stored)
            else:
                shape, scale = np.full(matrices, nu), np.broadcast_to(psi, stored)
            location, strength = np.broadcast_to(prior.mean, (k, d)), np.full(k, prior.mean_strength)
            return cls(form, np.ones(k), location, strength, shape, scale)
        arrays = prior.arrays(k, d, structure)
        kinds = ("prior_scales_shape", "prior_scales_scale"), ("prior_covariances_dof", "prior_covariances_scale")
        shape_name, scale_name = kinds[0] if kinds[0][0] in arrays else kinds[1]
        of_sd = prior.scales is not None and prior.scales.target == "sd"
        if not {"prior_means_strength", shape_name, scale_name} <= arrays.keys() or of_sd:
            raise ValueError(
                "the evidence has no closed form under this prior: it needs ConjugateNormal means with InverseWishart"
                " covariances, or with InverseGamma variances whose scale is a number"
            )
        shape, scale = arrays[shape_name], arrays[scale_name]
        if form.diagonal and shape_name == kinds[1][0]:
            shape, scale = 0.5 * shape, 0.5 * scale
        if form.diagonal:
            shape, scale = np.broadcast_to(shape.reshape(stored), stored), scale.reshape(stored)
        strength = np.broadcast_to(arrays["prior_means_strength"], (k,))
        return cls(form, arrays["prior_concentration"], arrays["prior_means_location"], strength, shape, scale)

    def log_allocation(self, counts: FloatArray) -> FloatArray:
        """log p(z), the weights integrated out; counts (M, K), returns (M,)."""
        a = self.concentration
        terms = (gammaln(a + counts) - gammaln(a)).sum(axis=1)
        return np.asarray(terms + gammaln(a.sum()) - gammaln(a.sum() + counts.sum(axis=1)))

    def log_marginal(self, counts: FloatArray, averages: FloatArray, scatter: FloatArray) -> FloatArray:
        """log p(X | z) (M,) from counts (M, K), averages (M, K, D), scatter about them (M, K, D, D) or (M, K, D)."""
        d = averages.shape[-1]
        shrunk = self.strength + counts
        pulled = scatter + _spread(self.strength * counts / shrunk, averages - self.location, self.form)
        of_means = 0.5 * d * np.log(self.strength / shrunk).sum(axis=1)
        integrate = self._integrate_variances if self.form.diagonal else self._integrate_matrices
        return np.asarray(of_means + integrate(counts, pulled))

    def _integrate_variances(self, counts: FloatArray, pulled: FloatArray) -> FloatArray:
        numbers = np.broadcast_to(counts[:, :, None], pulled.shape)
        shared = ((1,) if self.form.shared else ()) + (() if self.form.element_shape(pulled.shape[2]) else (2,))
        numbers, pulled = numbers.sum(axis=shared), pulled.sum(axis=shared)  # (M, *stored shape)
        a, b = self.shape, self.scale
        updated = a + 0.5 * numbers
        terms = gammaln(updated) - gammaln(a) + a * np.log(b) - updated * np.log(b + 0.5 * pulled)
        terms = terms - 0.5 * numbers * np.log(2.0 * np.pi)
        return np.asarray(terms.reshape(len(terms), -1).sum(axis=1))

    def _integrate_matrices(self, counts: FloatArray, pulled: FloatArray) -> FloatArray:
        d = pulled.shape[-1]
        if self.form.shared:
            counts, pulled = counts.sum(axis=1, keepdims=True), pulled.sum(axis=1, keepdims=True)
        psi = self.scale[None] if self.form.shared else self.scale
        nu, updated = self.shape, self.shape + counts
        log_roots = nu * np.linalg.slogdet(psi)[1] - updated * np.linalg.slogdet(psi + pulled)[1]
        terms = multigammaln(0.5 * updated, d) - multigammaln(0.5 * nu, d)
        return np.asarray((terms + 0.5 * log_roots - 0.5 * d * counts * np.log(np.pi)).sum(axis=1))
