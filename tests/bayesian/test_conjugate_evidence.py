"""Exact evidence beside Student predictive densities, one observation after the other, of whitened rows."""

import itertools

import numpy as np
import pytest
from scipy.special import gammaln, logsumexp
from scipy.stats import dirichlet_multinomial, multivariate_t
from support import STRUCTURE_NAMES

from bayesian.evidence import enumerate_allocations, exact_log_evidence
from mixture import ConjugatePrior

PRIOR = ConjugatePrior(np.array([0.5, -1.0]), 0.3, 4.5, np.array([[1.5, 0.4], [0.4, 0.8]]))


def sequential(rows, dof, psi):
    """log p of rows (n, D), iid N(0, Sigma) with Sigma ~ IW(dof, psi): a product of Student densities."""
    total, d = 0.0, len(psi)
    for row in rows:
        nu = dof - d + 1.0
        total += multivariate_t(np.zeros(d), psi / nu, df=nu).logpdf(row)
        dof, psi = dof + 1.0, psi + np.outer(row, row)
    return total


def oracle(x, z, structure, prior):
    """log p(X | z). Given Sigma the rows have covariance A (x) Sigma, A_nm = 1(n = m) + 1(z_n = z_m) / kappa."""
    a = np.eye(len(x)) + (z[:, None] == z) / prior.mean_strength
    rows = np.linalg.solve(np.linalg.cholesky(a), x - prior.mean)
    total = -0.5 * x.shape[1] * np.linalg.slogdet(a)[1]
    groups = [rows] if structure.startswith("tied") else [rows[z == k] for k in np.unique(z)]
    nu, psi = prior.degrees_of_freedom, prior.scale
    for group in groups:
        if structure in ("full", "tied"):
            total += sequential(group, nu, psi)
        elif structure in ("diag", "tied_diag"):
            total += sum(sequential(group[:, [d]], nu, psi[[d]][:, [d]]) for d in range(x.shape[1]))
        else:
            total += sequential(group.reshape(-1, 1), nu, np.atleast_2d(np.trace(psi) / x.shape[1]))
    return total


@pytest.mark.parametrize("structure", STRUCTURE_NAMES)
def test_one_component_is_a_product_of_student_densities(structure):
    x = np.random.default_rng(1).normal([1.0, 3.0], [1.0, 0.5], (40, 2))
    expected = oracle(x, np.zeros(40), structure, PRIOR)
    assert exact_log_evidence(x, structure=structure, prior=PRIOR) == pytest.approx(expected, rel=1e-12)


def test_one_component_far_from_the_origin():
    x = np.random.default_rng(2).normal(size=(50, 2))
    moved = ConjugatePrior(PRIOR.mean + 1e8, PRIOR.mean_strength, PRIOR.degrees_of_freedom, PRIOR.scale)
    here = exact_log_evidence(x, prior=PRIOR)
    assert exact_log_evidence(x + 1e8, prior=moved) == pytest.approx(here, abs=1e-4)


@pytest.mark.parametrize("structure", STRUCTURE_NAMES)
@pytest.mark.parametrize("k", [2, 3])
def test_enumeration_is_the_sum_over_allocations(structure, k):
    x = np.random.default_rng(k).normal(size=(5, 2))
    posterior = enumerate_allocations(x, k, structure=structure, prior=PRIOR)
    by_labels = dict(zip(map(tuple, posterior.allocations), posterior.log_joint, strict=True))
    terms = []
    for z in itertools.product(range(k), repeat=5):
        counts = np.bincount(z, minlength=k)
        orderings = gammaln(6.0) - gammaln(counts + 1.0).sum()
        log_prior = dirichlet_multinomial(np.ones(k), 5).logpmf(counts) - orderings
        terms.append(log_prior + oracle(x, np.array(z), structure, PRIOR))
        assert by_labels[z] == pytest.approx(terms[-1], abs=1e-10)
    assert len(by_labels) == k**5
    assert exact_log_evidence(x, k, structure=structure, prior=PRIOR) == pytest.approx(logsumexp(terms), abs=1e-10)
    assert posterior.probabilities.sum() == pytest.approx(1.0)


@pytest.mark.parametrize("prefix", ["", "tied_"])
def test_one_feature_is_one_model_whatever_the_structure(prefix):
    prior = ConjugatePrior(np.array([0.2]), 0.1, 3.0, np.array([[2.0]]))
    x = np.random.default_rng(3).normal(size=6)
    structures = [prefix + name if name != "full" else prefix[:4] or name for name in ("full", "diag", "spherical")]
    values = [exact_log_evidence(x, 2, structure=structure, prior=prior) for structure in structures]
    assert np.ptp(values) < 1e-10


def test_what_is_refused():
    x = np.random.default_rng(4).normal(size=(30, 2))
    with pytest.raises(ValueError, match=r"2\^30 allocations"):
        exact_log_evidence(x, 2, prior=PRIOR)
    with pytest.raises(ValueError, match="3 features, the data have 2"):
        exact_log_evidence(x, prior=ConjugatePrior(np.zeros(3), 1.0, 5.0, np.eye(3)))
