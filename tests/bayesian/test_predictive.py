"""Groups made on demand: pointwise densities, replicated data, prior draws; and that ArviZ reads them."""

import arviz as az
import numpy as np
import pytest
import xarray as xr
from support import STRUCTURE_NAMES, random_mixture

import bayesian
from bayesian import predictive
from bayesian.posterior import Posterior

MIXTURES = 2, 30  # chains and draws


def random_posterior(structure, rng, d=2, k=3, n=20):
    chains, draws = MIXTURES
    mixtures = [[random_mixture(structure, k, d, rng) for _ in range(draws)] for _ in range(chains)]

    def stack(name):
        return np.array([[getattr(mixture, name) for mixture in chain] for chain in mixtures])

    arrays = (stack(name) for name in ("weights", "means", "dense_covariances"))
    return Posterior.from_arrays(*arrays, rng.normal(size=(n, d)), structure=structure), mixtures


@pytest.mark.parametrize("structure", STRUCTURE_NAMES)
def test_pointwise_densities_are_those_of_the_mixtures(structure):
    posterior, mixtures = random_posterior(structure, np.random.default_rng(1))
    values = posterior.with_log_likelihood().tree["log_likelihood"]["x"]
    expected = [[mixture.log_density(posterior.data) for mixture in chain] for chain in mixtures]
    np.testing.assert_allclose(values.values, expected, rtol=1e-10)
    np.testing.assert_allclose(values.sum(values.dims[2]).values, posterior.log_likelihood, rtol=1e-10)


def test_replicated_points_have_the_moments_of_the_mixture():
    rng = np.random.default_rng(2)
    mixture = random_mixture("full", 3, 2, rng)
    n = 200_000
    arrays = (mixture.weights[None], mixture.means[None], mixture.dense_covariances[None])
    points = predictive.replicates(n, rng, *arrays)[0]
    mean = mixture.weights @ mixture.means
    within = np.einsum("k,kij->ij", mixture.weights, mixture.dense_covariances)
    covariance = within + np.einsum("k,ki,kj->ij", mixture.weights, mixture.means - mean, mixture.means - mean)
    sds = np.sqrt(np.diagonal(covariance))
    assert (np.abs(points.mean(axis=0) - mean) < 5 * sds / np.sqrt(n)).all()
    # the fraction below zero in each feature against the same of the mixture's own draws
    other = mixture.draw(n, rng)[0]
    np.testing.assert_allclose((points < 0).mean(axis=0), (other < 0).mean(axis=0), atol=5 * np.sqrt(0.5 / n))
    np.testing.assert_allclose(np.cov(points.T), covariance, atol=0.05 * sds.max() ** 2)


def test_chunks_change_no_replicate(monkeypatch):
    posterior, _ = random_posterior("full", np.random.default_rng(3))
    whole = posterior.with_predictive(rng=1).tree["posterior_predictive"]["x"]
    assert whole.shape == (*MIXTURES, 20, 2)
    monkeypatch.setattr("bayesian.predictive.CHUNK_VALUES", 1)
    assert posterior.with_predictive(rng=1).tree["posterior_predictive"]["x"].shape == whole.shape
    assert posterior.with_predictive(rng=1).equals(posterior.with_predictive(rng=1))
    assert not posterior.with_predictive(rng=1).equals(posterior.with_predictive(rng=2))


def test_all_groups_together_are_read_by_arviz_and_saved_equal(tmp_path):
    rng = np.random.default_rng(4)
    x = np.concatenate([rng.normal(size=(30, 1)), 6.0 + rng.normal(size=(30, 1))])
    prior = bayesian.Prior.weakly_informative(x, 2)
    sampled = bayesian.sample(
        x, 2, prior=prior, random_seed=1, draws=200, tune=200, chains=2, progressbar=False, include_transformed=True
    )
    full = sampled.with_log_likelihood().with_predictive(1).with_prior(prior, draws=100, rng=1)
    groups = {"posterior", "sample_stats", "log_likelihood", "posterior_predictive", "prior", "prior_predictive"}
    assert groups | {"observed_data", "constant_data", "unconstrained_posterior"} == set(full.tree.children)
    assert full.tree["prior"]["means"].shape == (1, 100, 2, 1)
    assert full.tree["prior_predictive"]["x"].shape == (1, 100, 60, 1)
    path = tmp_path / "posterior.nc"
    full.save(path)
    loaded = Posterior.load(path)
    assert loaded.equals(full)
    assert loaded.tree.attrs == full.tree.attrs
    for name in ("random_seed", "nutpie_version", "pymc_version", "prior", "prior_name", "prior_source", "created_at"):
        assert name in loaded.tree.attrs
    for tree in (full.tree, loaded.tree):
        assert np.isfinite(az.loo(tree).elpd)
        assert set(az.summary(tree, var_names=["weights"]).index) == {"weights[0]", "weights[1]"}
        assert np.isfinite(az.bfmi(tree)["energy"]).all()
        summed = az.convert_to_dataset(tree, group="posterior_predictive")["x"].mean(["chain", "draw"])
        xr.testing.assert_equal(summed, tree["posterior_predictive"]["x"].mean(["chain", "draw"]))
    assert full.permute(np.tile([1, 0], (2, 200, 1))).tree["log_likelihood"].equals(full.tree["log_likelihood"])


def test_what_would_not_fit_is_refused_with_the_thinning_that_does(monkeypatch):
    posterior, _ = random_posterior("diag", np.random.default_rng(5))
    monkeypatch.setattr("bayesian.predictive.LARGEST_GROUP", 8 * 60 * 20 // 3)
    for call in (posterior.with_log_likelihood, posterior.with_predictive):
        with pytest.raises(ValueError, match="thin"):
            call()
    posterior.thin(4).with_log_likelihood()
