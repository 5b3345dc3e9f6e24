"""Sampling: against a posterior known in closed form, and that seeds, starts and errors do what they say."""

import arviz as az
import numpy as np
import pymc as pm
import pytest
from support import STRUCTURE_NAMES, random_mixture, read_columns

import bayesian
from bayesian.sampling.problem import Problem
from mixture import GaussianMixture

SMALL = {"draws": 300, "tune": 300, "chains": 2, "progressbar": False}


MIXTURE = GaussianMixture([1.0], [[0.0]], [[[1.0]]])


def monte_carlo_error(draws):
    return float(az.mcse(np.asarray(draws), method="mean"))


def test_one_component_has_the_posterior_of_the_conjugate_gibbs_identity():
    """For K = 1: E[mu | X] solves the normal equation given Sigma, averaged over the draws of Sigma.

    mu | Sigma, X ~ N(m(Sigma), V(Sigma)) in closed form, so both averages over the same draws must agree.
    """
    x = read_columns("faithful")
    prior = bayesian.Prior(
        means=bayesian.Normal([3.0, 60.0], [0.05, 1.0]),  # strong enough to matter
        covariances=bayesian.InverseWishart(6.0, np.diag([1.0, 100.0])),
    )
    posterior = bayesian.sample(x, 1, prior=prior, random_seed=3, **(SMALL | {"draws": 800}))
    precisions = np.linalg.inv(posterior.covariances[:, :, 0])
    prior_precision = np.diag([0.05**-2, 1.0])
    right = len(x) * precisions @ x.mean(axis=0) + prior_precision @ [3.0, 60.0]
    conditional = np.linalg.solve(len(x) * precisions + prior_precision, right[..., None])[..., 0]
    for d in range(2):
        gap = posterior.means[:, :, 0, d] - conditional[:, :, d]
        assert abs(gap.mean()) < 5 * monte_carlo_error(gap)
    # Sigma | mu, X ~ IW(6 + n, Psi + sum (x - mu)(x - mu)^T), with mean scale / (dof - D - 1).
    deviations = x - posterior.means[:, :, 0, None, :]
    scale = np.diag([1.0, 100.0]) + np.einsum("csni,csnj->csij", deviations, deviations)
    gaps = posterior.covariances[:, :, 0] - scale / (6.0 + len(x) - 3.0)
    for i, j in ((0, 0), (1, 0), (1, 1)):
        assert abs(gaps[:, :, i, j].mean()) < 5 * monte_carlo_error(gaps[:, :, i, j])


@pytest.mark.parametrize("structure", STRUCTURE_NAMES)
def test_every_structure_recovers_a_separated_mixture(structure):
    rng = np.random.default_rng(5)
    truth = GaussianMixture(
        [0.4, 0.6], [[0.0, 0.0], [9.0, 5.0]], random_mixture(structure, 2, 2, rng, condition=1.7).covariances, structure
    )
    x = truth.draw(400, rng)[0]
    posterior = bayesian.sample(
        x, 2, structure=structure, random_seed=1, starts=[truth, truth.permute([1, 0])], **SMALL
    )
    assert posterior.structure == structure
    relabelled = bayesian.relabel(posterior, "order").apply(posterior)
    np.testing.assert_allclose(relabelled.weights.mean(axis=(0, 1)), truth.weights, atol=0.1)
    np.testing.assert_allclose(relabelled.means.mean(axis=(0, 1)), truth.means, atol=0.6)
    variances, true = (
        np.diagonal(c, axis1=1, axis2=2) for c in (relabelled.covariances.mean(axis=(0, 1)), truth.dense_covariances)
    )
    np.testing.assert_allclose(variances / true, 1.0, atol=0.4)
    assert posterior.log_likelihood[1, 7] == pytest.approx(posterior.mixture(1, 7).log_likelihood(x), rel=1e-10)
    diagnosis = bayesian.diagnose(posterior, bayesian.relabel(posterior, "ecr"))
    assert diagnosis.verdict is bayesian.Verdict.SWITCHING_ONLY
    assert diagnosis.switches.between


def test_the_same_seed_gives_the_same_draws_whatever_the_cores():
    x = read_columns("galaxies") / 1000.0
    first, again, other = (
        bayesian.sample(x, 2, random_seed=seed, cores=cores, **SMALL) for seed, cores in ((1, 1), (1, 2), (2, 2))
    )
    np.testing.assert_array_equal(first.means, again.means)
    assert not np.array_equal(first.means, other.means)
    assert not np.allclose(first.means[0, 0], first.means[1, 0])


def test_few_starts_are_taken_in_turn_and_make_superchains():
    x = read_columns("galaxies") / 1000.0
    starts = [GaussianMixture([0.5, 0.5], [[10.0], [centre]], [[[1.0]], [[9.0]]]) for centre in (21.0, 30.0)]
    posterior = bayesian.sample(x, 2, random_seed=1, starts=starts, draws=40, tune=40, chains=4, progressbar=False)
    np.testing.assert_array_equal(posterior.superchains, [0, 1, 0, 1])
    nested = az.rhat_nested(posterior.tree["posterior"].to_dataset(), superchain_ids=posterior.superchains)
    assert np.isfinite(nested["weights"]).all()


@pytest.mark.parametrize("structure", ["full", "tied_spherical"])
def test_compiled_code_serves_other_data_of_other_length_and_other_hyperparameters(structure):
    """The same draws as from code compiled for them."""
    rng = np.random.default_rng(2)
    first, second = rng.normal(size=(40, 2)), 5.0 + 2.0 * rng.normal(size=(60, 2))
    lengths = {"draws": 20, "tune": 30, "chains": 1, "random_seed": 3, "progressbar": False}
    reused = bayesian.CompiledPosterior.of(first, 2, structure=structure).with_data(
        second, bayesian.Prior.weakly_informative(second, 2, structure)
    )
    anew = bayesian.CompiledPosterior.of(second, 2, structure=structure)
    assert reused.sample(**lengths).equals(anew.sample(**lengths))


def test_compiled_code_refuses_what_it_was_not_compiled_for():
    x = np.random.default_rng(0).normal(size=(40, 1))
    compiled = bayesian.CompiledPosterior.of(x, 2)
    with pytest.raises(ValueError, match="another family"):
        compiled.with_data(x, bayesian.Prior(bayesian.Normal(0.0, 1.0), scales=bayesian.LogNormal(0.0, 1.0)))
    with pytest.raises(ValueError, match="compile it anew"):
        compiled.with_data(np.tile(x, (1, 2)) + np.random.default_rng(1).normal(size=(40, 2)), compiled.problem.prior)


def test_starts_from_the_prior_are_draws_from_it():
    x = read_columns("galaxies") / 1000.0
    prior = bayesian.Prior.weakly_informative(x, 3)
    problem = Problem.of(x, 3, "full", prior)
    starts, superchains = problem.starts("prior", 2000, np.random.default_rng(0))
    assert superchains == list(range(2000))
    means = np.array([start.means for start in starts]).ravel()
    assert abs(means.mean() - prior.means.location[0]) < 5 * prior.means.sd[0] / np.sqrt(6000)
    posterior = bayesian.sample(x, 3, prior=prior, starts="prior", random_seed=1, **SMALL)
    assert posterior.tree.attrs["starts"] == "prior"


def test_default_starts_are_dispersed_over_the_data():
    from bayesian.dispersion import dispersed_starts

    x = read_columns("faithful")
    starts = dispersed_starts(x, 3, "tied", 4, np.random.default_rng(0))
    rows = {tuple(row) for row in x}
    assert len(starts) == 4
    assert len({start.means.tobytes() for start in starts}) == 4
    for start in starts:
        assert all(tuple(mean) in rows for mean in start.means)
        np.testing.assert_allclose(start.covariances * 3, np.cov(x.T, ddof=0), rtol=1e-10)


def test_leave_one_out_and_predictive_draws_work_on_the_model():
    x = read_columns("faithful")[:100]
    posterior = bayesian.sample(x, 2, random_seed=1, **SMALL)
    with bayesian.build(x, 2):
        tree = pm.compute_log_likelihood(posterior.tree.copy(), progressbar=False)
        predictive = pm.sample_posterior_predictive(
            posterior.tree, random_seed=1, progressbar=False, compile_kwargs={"mode": "FAST_COMPILE"}
        )
    pointwise = tree["log_likelihood"]["x"].values
    assert pointwise.shape == (2, 300, 100)
    np.testing.assert_allclose(pointwise.sum(axis=2), posterior.log_likelihood, rtol=1e-10)
    assert np.isfinite(az.loo(tree).elpd)
    replicated = predictive["posterior_predictive"]["x"].values
    assert replicated.shape == (2, 300, 100, 2)
    sds = x.std(axis=0)
    np.testing.assert_allclose(replicated.mean(axis=(0, 1, 2)) / sds, x.mean(axis=0) / sds, atol=0.15)


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"draws": 0}, "draws must be"),
        ({"chains": 1.5}, "chains must be"),
        ({"sampler": "gibbs"}, "unknown sampler"),
        ({"structure": "round"}, "unknown covariance structure"),
        ({"starts": []}, "one per chain"),
        ({"starts": [1, 2]}, "must be mixtures"),
        ({"starts": "modes"}, "unknown starts"),
        ({"starts": [MIXTURE] * 3}, "same number of chains"),
        ({"cores": -1}, "cores must be"),
        ({"target_accept": 1.5}, "target_accept"),
        ({"x": [[1.0], [np.nan]]}, "row 1"),
        ({"x": [[1.0], [2.0]]}, "3 components"),
        ({"x": [[1.0]] * 5}, "constant"),
        ({"n_components": 0}, "at least 1"),
    ],
)
def test_bad_input_is_named(change, message):
    settings = {"x": read_columns("galaxies"), "n_components": 3, **SMALL} | change
    with pytest.raises(ValueError, match=message):
        bayesian.sample(**settings)


@pytest.mark.slow
def test_pymcs_own_sampler_gives_the_same_posterior():
    x = read_columns("faithful")
    start = GaussianMixture([0.36, 0.64], [[2.0, 54.0], [4.3, 80.0]], [np.diag([0.07, 34.0]), np.diag([0.17, 36.0])])
    settings = {"draws": 1500, "tune": 700, "chains": 2, "starts": [start, start], "progressbar": False}
    one, other = (bayesian.sample(x, 2, sampler=sampler, random_seed=1, **settings) for sampler in ("nutpie", "pymc"))
    for name in ("weights", "means", "covariances"):
        first, second = (getattr(p, name).reshape(2, 1500, -1) for p in (one, other))
        for i in range(first.shape[2]):
            error = np.hypot(monte_carlo_error(first[..., i]), monte_carlo_error(second[..., i]))
            assert abs(first[..., i].mean() - second[..., i].mean()) < 5 * error


NAMED = {
    "weakly informative": lambda x: bayesian.Prior.weakly_informative(x, 2),
    "hierarchical": lambda x: bayesian.Prior.richardson_green(x, 2),
    "conjugate": lambda x: bayesian.Prior.conjugate(x, 2),
    "sparse": lambda x: bayesian.Prior.sparse(x, 2, concentration=0.1),
}


@pytest.mark.slow
@pytest.mark.parametrize("name", NAMED)
def test_one_shape_class_serves_every_prior_of_its_family(name):
    """The same draws under other hyperparameters as from code compiled for them: nothing of a prior is compiled in."""
    rng = np.random.default_rng(2)
    first, second = rng.normal(size=(40, 2)), 5.0 + 2.0 * rng.normal(size=(60, 2))
    lengths = {"draws": 20, "tune": 30, "chains": 1, "random_seed": 3, "progressbar": False}
    reused = bayesian.CompiledPosterior.of(first, 2, prior=NAMED[name](first)).with_data(second, NAMED[name](second))
    anew = bayesian.CompiledPosterior.of(second, 2, prior=NAMED[name](second))
    assert reused.sample(**lengths).equals(anew.sample(**lengths))


@pytest.mark.slow
@pytest.mark.parametrize("structure", STRUCTURE_NAMES)
@pytest.mark.parametrize(("k", "d"), [(1, 1), (1, 10), (8, 1), (8, 10), (5, 4)])
def test_every_shape_samples(structure, k, d):
    x = np.random.default_rng(k + d).normal(size=(80, d))
    posterior = bayesian.sample(x, k, structure=structure, random_seed=1, draws=5, tune=20, chains=1, progressbar=False)
    assert posterior.means.shape == (1, 5, k, d)
