"""Gibbs sweeps leave the joint distribution of parameters and data alone (Geweke 2004, JASA 99:799).

theta ~ prior and x | theta, then (theta | x, x | theta) in turn: theta stays a draw from the prior. Independent
replicates beside further draws from the prior, by Kolmogorov-Smirnov.
"""

import numpy as np
import pytest
from scipy.stats import ks_2samp

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


def functionals(draws):
    """Numbers whose distributions are compared, (n, J)."""
    means, dense = draws["means"], draws["covariances"]
    n, _, d = means.shape
    i, j = np.tril_indices(d, -1)
    sds = np.sqrt(np.diagonal(dense, axis1=2, axis2=3))
    correlations = (dense / (sds[..., :, None] * sds[..., None, :]))[..., i, j]
    apart = (means[:, 0] - means[:, 1]) / sds[:, 0]
    parts = [draws["weights"][:, :1], means, np.log(sds), correlations, apart]
    parts += [np.log(np.abs(draws[name])) for name in ("scale_rate", "covariance_scale") if name in draws]
    return np.concatenate([part.reshape(n, -1) for part in parts], axis=1)


def check(structure, d, prior, *, replicates, rounds, seed):
    rng = np.random.default_rng(seed)
    model, form = GibbsModel.of(prior, K, d, structure), structure_named(structure)
    starts, ends = prior.draw(K, d, structure, replicates, rng), {}
    for weights, means, dense in zip(starts["weights"], starts["means"], starts["covariances"], strict=True):
        mixture = GaussianMixture(weights, means, form.store(dense), structure)
        theta, (x, _) = model.parameters_of(mixture), mixture.draw(N, rng)
        for _ in range(rounds):
            groups = model.allocate(x, theta, rng)
            theta = model.draw_parameters(theta, groups, rng)
            roots = np.linalg.cholesky(theta.covariances)
            noise = rng.standard_normal((N, d, 1))
            x = theta.means[groups.allocations] + (roots[groups.allocations] @ noise)[:, :, 0]
        of_one_feature = d == 1 and "covariance_scale" in starts  # b = Psi / 2
        found = {"weights": theta.weights, "means": theta.means, "covariances": theta.covariances}
        found |= {name: theta.scale * (1 + of_one_feature) for name in starts if name not in found}
        for name, value in found.items():
            ends.setdefault(name, []).append(value)
    ended = functionals({name: np.array(values) for name, values in ends.items()})
    independent = functionals(prior.draw(K, d, structure, 10 * replicates, rng))
    pairs = zip(ended.T, independent.T, strict=True)
    p_values = np.array([1.0 if np.ptp(b) == 0.0 else ks_2samp(a, b).pvalue for a, b in pairs])
    assert p_values.min() > SMALLEST_P, p_values


@pytest.mark.parametrize(("structure", "d", "prior"), CASES)
def test_the_prior_is_left_alone(structure, d, prior):
    check(structure, d, prior, replicates=400, rounds=3, seed=1)


@pytest.mark.slow
@pytest.mark.parametrize(("structure", "d", "prior"), CASES)
def test_the_prior_is_left_alone_in_the_long_run(structure, d, prior):
    check(structure, d, prior, replicates=4000, rounds=5, seed=2)
