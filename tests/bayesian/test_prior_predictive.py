"""Data drawn from a prior: their moments, their form, and what is refused."""

import arviz as az
import numpy as np
import pytest
from support import STRUCTURE_NAMES

from bayesian import ConjugateNormal, InverseWishart, LogNormal, Normal, Prior, prior_predictive


@pytest.mark.parametrize("structure", STRUCTURE_NAMES)
def test_form_and_dimensions(structure):
    x = np.random.default_rng(1).normal(size=(40, 2))
    tree = prior_predictive(Prior.sparse(x, 3, structure), 3, 2, structure, n_samples=7, draws=20, rng=1)
    assert tree["prior_predictive"]["x"].dims == ("chain", "draw", "obs", "feature")
    assert tree["prior_predictive"]["x"].shape == (1, 20, 7, 2)
    assert tree["prior"]["covariances"].dims == ("chain", "draw", "component", "feature", "feature_other")
    assert tree["prior"]["weights"].sizes == {"chain": 1, "draw": 20, "component": 3}
    unknown = "covariance_scale" if structure in ("full", "tied") else "scale_rate"
    assert tree["prior"][unknown].ndim == {"covariance_scale": 4, "scale_rate": 3}[unknown] - structure.endswith(
        "spherical"
    )
    assert tree.attrs["prior"].startswith("sparse (Malsiner-Walli")
    again = prior_predictive(Prior.sparse(x, 3, structure), 3, 2, structure, n_samples=7, draws=20, rng=1)
    assert tree.identical(again)
    assert len(az.summary(tree, group="prior", var_names=["means"])) == 6


def test_moments_of_the_data_are_those_of_the_prior():
    """E x = m; Cov x = E Sigma + Cov mu = Psi / (nu - D - 1) (1 + 1 / kappa) for conjugate means."""
    psi, nu, kappa, centre = np.array([[4.0, 1.5], [1.5, 2.0]]), 12.0, 0.5, np.array([1.0, -2.0])
    prior = Prior(ConjugateNormal(centre, kappa), covariances=InverseWishart(nu, psi))
    tree = prior_predictive(prior, 2, 2, n_samples=3, draws=30_000, rng=2)
    x = tree["prior_predictive"]["x"].values[0, :, 0]  # one point of each data set: independent
    expected = psi / (nu - 3.0) * (1.0 + 1.0 / kappa)
    np.testing.assert_allclose(x.mean(axis=0), centre, atol=5 * np.sqrt(expected.max() / len(x)))
    np.testing.assert_allclose(np.cov(x.T), expected, atol=0.06)


def test_bad_input_is_refused():
    flat = Prior(Normal(0.0, np.inf), scales=LogNormal(0.0, 1.0))
    with pytest.raises(ValueError, match="improper"):
        prior_predictive(flat, 1, 2, "diag", n_samples=5)
    proper = Prior(Normal(0.0, 1.0), scales=LogNormal(0.0, 1.0))
    with pytest.raises(ValueError, match="n_samples"):
        prior_predictive(proper, 1, 2, "diag", n_samples=0)
    with pytest.raises(ValueError, match="draws"):
        prior_predictive(proper, 1, 2, "diag", n_samples=1, draws=0)
    with pytest.raises(ValueError, match="correlations"):
        prior_predictive(proper, 1, 2, "full", n_samples=1)
