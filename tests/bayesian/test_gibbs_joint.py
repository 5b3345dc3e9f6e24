"""Gibbs sweeps leave the joint distribution of parameters and data alone (Geweke 2004, JASA 99:799).

theta ~ prior and x | theta, then (theta | x, x | theta) in turn: theta stays a draw from the prior. Independent
replicates beside draws of scipy's, by Kolmogorov-Smirnov.
"""

import numpy as np
import pytest
from scipy.stats import invwishart, ks_2samp, wishart

import bayesian
from bayesian.gibbs import GibbsModel
from mixture import GaussianMixture, structure_named

K, N = 2, 6
SMALLEST_P = 1e-4

PSI = np.array([[1.5, 0.5], [0.5, 1.0]])
NORMAL = bayesian.Normal([[-1.0, 0.5], [1.0, 0.0]], [[1.0, 2.0], [0.5, 1.5]])
CONJUGATE = bayesian.ConjugateNormal([[-1.0, 0.5], [1.0, 0.0]], [0.5, 1.5])
FIXED = {
    "full": bayesian.InverseWishart([5.0, 6.0], np.stack([PSI, 2.0 * PSI])),
    "tied": bayesian.InverseWishart(5.0, PSI),
    "diag": bayesian.InverseGamma([[3.0, 4.0], [5.0, 6.0]], [[1.0, 2.0], [3.0, 4.0]]),
    "tied_diag": bayesian.InverseGamma([3.0, 4.0], [1.0, 2.0]),
    "spherical": bayesian.InverseGamma([3.0, 4.0], [1.0, 2.0]),
    "tied_spherical": bayesian.InverseGamma(3.0, 2.0),
}
RANDOM = {
    "full": bayesian.InverseWishart([5.0, 6.0], bayesian.Wishart(4.0, 0.3 * PSI)),
    "tied": bayesian.InverseWishart(5.0, bayesian.Wishart(4.0, 0.3 * PSI)),
    "diag": bayesian.InverseGamma([[3.0, 4.0], [5.0, 6.0]], bayesian.Gamma([2.0, 3.0], [1.0, 2.0])),
    "tied_diag": bayesian.InverseGamma([3.0, 4.0], bayesian.Gamma([2.0, 3.0], [1.0, 2.0])),
    "spherical": bayesian.InverseGamma([3.0, 4.0], bayesian.Gamma(2.0, 1.0)),
    "tied_spherical": bayesian.InverseGamma(3.0, bayesian.Gamma(2.0, 1.0)),
}


def prior_of(means, spread):
    kind = "covariances" if isinstance(spread, bayesian.InverseWishart) else "scales"
    return bayesian.Prior(means, [1.0, 2.0], **{kind: spread})


CASES = [
    pytest.param(structure, 2, prior_of(means, spread), id=f"{structure}-{means.family}-{kind}")
    for kind, family in (("fixed", FIXED), ("random", RANDOM))
    for structure, spread in family.items()
    for means in (NORMAL, CONJUGATE)
]
ONE = np.array([[0.8]])
CASES += [
    pytest.param(structure, 1, prior_of(means, spread), id=f"{structure}-{name}-{kind}-one-feature")
    for structure in ("full", "tied")
    for name, means in (("normal", bayesian.Normal(0.0, 2.0)), ("conjugate", bayesian.ConjugateNormal(0.0, 0.3)))
    for kind, spread in (
        ("wishart", bayesian.InverseWishart(5.0, ONE)),
        ("random-wishart", bayesian.InverseWishart(5.0, bayesian.Wishart(4.0, ONE))),
        ("random-gamma", bayesian.InverseGamma(3.0, bayesian.Gamma(2.0, 1.0))),
    )
]


def drawn_from_prior(prior, structure, d, rng):
    """(mixture, random scale or None) by scipy."""
    arrays, form = prior.arrays(K, d, structure), structure_named(structure)
    scale = None
    if "prior_covariances_dof" in arrays:
        if "prior_covariance_scale_dof" in arrays:
            dof = arrays["prior_covariance_scale_dof"].item()
            scale = np.atleast_2d(wishart.rvs(dof, arrays["prior_covariance_scale_scale"], random_state=rng))
        psi = arrays["prior_covariances_scale"] if scale is None else np.broadcast_to(scale, form.shape(K, d))
        nu, psi = arrays["prior_covariances_dof"], psi.reshape(-1, d, d)
        matrices = [np.atleast_2d(invwishart.rvs(*pair, random_state=rng)) for pair in zip(nu, psi, strict=True)]
        stored = np.reshape(matrices, form.shape(K, d))
    else:
        if "prior_scale_rate_shape" in arrays:
            scale = rng.gamma(arrays["prior_scale_rate_shape"]) / arrays["prior_scale_rate_rate"]
        b = arrays["prior_scales_scale"] if scale is None else scale
        stored = (b / rng.gamma(arrays["prior_scales_shape"])).reshape(form.shape(K, d))
    weights = rng.dirichlet(arrays["prior_concentration"])
    dense, location = form.dense(stored, K, d), arrays["prior_means_location"]
    if "prior_means_strength" in arrays:
        sizes = arrays["prior_means_strength"]
        pairs = zip(location, dense, sizes, strict=True)
        means = np.array([rng.multivariate_normal(m, matrix / size) for m, matrix, size in pairs])
    else:
        means = rng.normal(location, arrays["prior_means_sd"])
    return GaussianMixture(weights, means, stored, structure), scale


def functionals(weights, means, dense, scale):
    """Numbers whose distributions are compared."""
    i, j = np.tril_indices(means.shape[1], -1)
    sds = np.sqrt(np.diagonal(dense, axis1=1, axis2=2))
    correlations = (dense / (sds[:, :, None] * sds[:, None, :]))[:, i, j]
    parts = [weights[:1], means.ravel(), np.log(sds).ravel(), correlations.ravel(), (means[0] - means[1]) / sds[0]]
    return np.concatenate(parts if scale is None else [*parts, np.ravel(scale)])


def check(structure, d, prior, *, replicates, rounds, seed):
    rng = np.random.default_rng(seed)
    model = GibbsModel.of(prior, K, d, structure)
    ends, independent = [], []
    for _ in range(replicates):
        mixture, scale = drawn_from_prior(prior, structure, d, rng)
        independent.append(functionals(mixture.weights, mixture.means, mixture.dense_covariances, scale))
        mixture, _ = drawn_from_prior(prior, structure, d, rng)
        x, _ = mixture.draw(N, rng)
        theta = model.parameters_of(mixture)
        for _ in range(rounds):
            groups = model.allocate(x, theta, rng)
            theta = model.draw_parameters(theta, groups, rng)
            roots = np.linalg.cholesky(theta.covariances)
            noise = rng.standard_normal((N, d, 1))
            x = theta.means[groups.allocations] + (roots[groups.allocations] @ noise)[:, :, 0]
        drawn_scale = None if scale is None else theta.scale
        if drawn_scale is not None and d == 1 and prior.covariances is not None:
            drawn_scale = 2.0 * drawn_scale
        ends.append(functionals(theta.weights, theta.means, theta.covariances, drawn_scale))
    pairs = zip(np.transpose(ends), np.transpose(independent), strict=True)
    p_values = np.array([1.0 if np.ptp(b) == 0.0 else ks_2samp(a, b).pvalue for a, b in pairs])
    assert p_values.min() > SMALLEST_P, p_values


@pytest.mark.parametrize(("structure", "d", "prior"), CASES)
def test_the_prior_is_left_alone(structure, d, prior):
    check(structure, d, prior, replicates=300, rounds=3, seed=1)


@pytest.mark.slow
@pytest.mark.parametrize(("structure", "d", "prior"), CASES)
def test_the_prior_is_left_alone_in_the_long_run(structure, d, prior):
    check(structure, d, prior, replicates=2000, rounds=6, seed=2)
