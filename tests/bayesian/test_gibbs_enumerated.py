"""The Gibbs sampler beside exact posterior means: all K^N allocations of six points, the parameters integrated out."""

import arviz as az
import numpy as np
import pytest
from support import STRUCTURE_NAMES

import bayesian
from bayesian.evidence import enumerate_allocations, exact_log_evidence
from mixture import ConjugatePrior

X = np.array([[-2.0, -1.0], [-1.5, 0.5], [-1.0, -0.5], [0.2, 0.3], [1.0, 1.5], [2.5, 0.5]])
K = 2
MEANS = bayesian.ConjugateNormal([[-1.0, 0.0], [0.5, 0.0]], [0.5, 0.3])
PSI = np.array([[1.0, 0.3], [0.3, 0.8]])
PRIORS = {
    "full": bayesian.Prior(
        MEANS, [1.0, 2.0], covariances=bayesian.InverseWishart([4.0, 5.0], np.stack([PSI, 2 * PSI]))
    ),
    "tied": bayesian.Prior(MEANS, [1.0, 2.0], covariances=bayesian.InverseWishart(4.0, PSI)),
    "diag": bayesian.Prior(
        MEANS, 0.8, scales=bayesian.InverseGamma([[1.5, 2.0], [2.5, 3.0]], [[0.5, 1.0], [1.5, 2.0]])
    ),
    "tied_diag": bayesian.Prior(MEANS, 0.8, scales=bayesian.InverseGamma([1.5, 2.0], [0.5, 1.0])),
    "spherical": bayesian.Prior(MEANS, 1.0, scales=bayesian.InverseGamma([1.5, 2.0], [0.5, 1.0])),
    "tied_spherical": bayesian.Prior(MEANS, 1.0, scales=bayesian.InverseGamma(1.5, 0.5)),
}


@pytest.mark.parametrize("structure", STRUCTURE_NAMES)
def test_allocations_and_weights_have_their_exact_means(structure):
    prior = PRIORS[structure]
    exact = enumerate_allocations(X, K, structure=structure, prior=prior)
    z, p = exact.allocations, exact.probabilities
    a = np.broadcast_to(np.asarray(prior.concentration), (K,))
    weights = p @ (a[0] + (z == 0).sum(axis=1)) / (a.sum() + len(X))
    posterior = bayesian.gibbs(
        X, K, structure=structure, prior=prior, draws=1500, tune=50, chains=2, random_seed=3, keep_allocations=True
    )
    labels = posterior.tree["posterior"]["z"].values
    pairs = [(labels[..., n] == labels[..., m], p @ (z[:, n] == z[:, m])) for n in range(len(X)) for m in range(n)]
    singles = [(labels[..., n] == 0, p @ (z[:, n] == 0)) for n in range(len(X))]
    for drawn, expected in [*pairs, *singles, (posterior.weights[..., 0], weights)]:
        values = drawn.astype(np.float64)
        assert abs(values.mean() - expected) < 4.5 * float(az.mcse(values))


@pytest.mark.parametrize("structure", STRUCTURE_NAMES)
@pytest.mark.parametrize("k", [1, 2])
def test_two_ways_to_write_one_conjugate_prior_have_one_evidence(structure, k):
    conjugate = ConjugatePrior(np.array([0.1, -0.2]), 0.2, 4.5, PSI)
    prior = bayesian.Prior.from_conjugate(conjugate, structure)
    expected = exact_log_evidence(X, k, structure=structure, prior=conjugate)
    assert exact_log_evidence(X, k, structure=structure, prior=prior) == pytest.approx(expected, rel=1e-12)


def test_priors_without_a_closed_form_are_refused():
    scales = bayesian.InverseGamma(2.0, 1.0)
    priors = [
        bayesian.Prior(bayesian.Normal(0.0, 1.0), scales=scales),
        bayesian.Prior(MEANS, scales=bayesian.InverseGamma(2.0, bayesian.Gamma(1.0, 1.0))),
        bayesian.Prior(MEANS, scales=bayesian.LogNormal(0.0, 1.0)),
        bayesian.Prior(MEANS, scales=bayesian.InverseGamma(2.0, 1.0, on="sd")),
    ]
    for prior in priors:
        with pytest.raises(ValueError, match="no closed form under this prior"):
            exact_log_evidence(X, 2, structure="diag", prior=prior)
