"""The Gibbs sampler's pieces by frequencies and dense formulas; its posterior as a stored, permutable thing."""

import numpy as np
import pytest
from scipy.stats import chisquare, ks_2samp
from support import STRUCTURE_NAMES, random_mixture, scipy_log_joint

import bayesian
from bayesian.filled import filled_components
from bayesian.gibbs import GibbsModel
from bayesian.symmetry import permute_at_random

RNG = np.random.default_rng(1)
X = np.concatenate([RNG.normal(-3.0, 1.0, (40, 2)), RNG.normal(3.0, 1.0, (20, 2))])
SHORT = {"draws": 30, "tune": 10, "chains": 2, "random_seed": 1}


@pytest.mark.parametrize("structure", STRUCTURE_NAMES)
@pytest.mark.parametrize("beta", [1.0, 0.3])
def test_allocations_are_drawn_from_tempered_responsibilities(structure, beta):
    rng = np.random.default_rng(3)
    mixture = random_mixture(structure, 3, 2, rng, separation=1.0)
    point = mixture.means.mean(axis=0)
    x = np.tile(point, (20_000, 1))
    model = GibbsModel.of(bayesian.Prior.weakly_informative(X, 3, structure), 3, 2, structure)
    groups = model.allocate(x, model.parameters_of(mixture), rng, beta)
    log_joint = beta * scipy_log_joint(point[None], mixture)[0]
    assert groups.log_density == pytest.approx(20_000 * np.logaddexp.reduce(log_joint), rel=1e-10)
    observed = np.bincount(groups.allocations, minlength=3)
    assert chisquare(observed, 20_000 * np.exp(log_joint - np.logaddexp.reduce(log_joint))).pvalue > 1e-4
    np.testing.assert_array_equal(groups.counts, observed)
    np.testing.assert_allclose(groups.tempered(beta).counts, beta * observed)


@pytest.mark.parametrize("structure", STRUCTURE_NAMES)
def test_groups_hold_the_moments_of_their_points(structure):
    rng = np.random.default_rng(4)
    mixture = random_mixture(structure, 3, 2, rng)
    x = mixture.draw(50, rng)[0] + 1e6
    model = GibbsModel.of(bayesian.Prior.weakly_informative(x, 3, structure), 3, 2, structure)
    groups = model.allocate(x, model.parameters_of(mixture), rng, 0.5)
    for k in range(3):
        members = x[groups.allocations == k]
        assert groups.counts[k] == len(members)
        if len(members):
            centred = members - members.mean(axis=0)
            scatter = centred.T @ centred
            expected = np.diag(scatter) if groups.scatter.ndim == 2 else scatter
            np.testing.assert_allclose(groups.averages[k], members.mean(axis=0), rtol=1e-12)
            np.testing.assert_allclose(groups.scatter[k], expected, atol=1e-6)


@pytest.mark.parametrize("structure", STRUCTURE_NAMES)
def test_at_temperature_zero_a_sweep_draws_from_the_prior(structure):
    rng = np.random.default_rng(5)
    prior = bayesian.Prior.weakly_informative(X, 2, structure)
    model = GibbsModel.of(prior, 2, 2, structure)
    arrays = prior.arrays(2, 2, structure)
    theta, draws = model.parameters_of(random_mixture(structure, 2, 2, rng)), []
    for _ in range(2000):
        theta = model.sweep(X, theta, rng, 0.0)
        draws.append([theta.weights[0], *theta.means.ravel()])
    means = rng.normal(arrays["prior_means_location"], arrays["prior_means_sd"], (2000, 2, 2)).reshape(2000, 4)
    independent = np.column_stack([rng.uniform(size=2000), means])
    assert min(ks_2samp(a, b).pvalue for a, b in zip(np.transpose(draws), independent.T, strict=True)) > 1e-4


@pytest.mark.parametrize("structure", STRUCTURE_NAMES)
def test_the_posterior_is_whole(structure, tmp_path):
    posterior = bayesian.gibbs(X, 3, structure=structure, keep_allocations=True, **SHORT)
    labels = posterior.tree["posterior"]["z"]
    assert labels.dims == ("chain", "draw", "obs")
    assert labels.dtype == np.int16
    for chain, draw in ((0, 0), (1, 29)):
        log_likelihood = posterior.mixture(chain, draw).log_likelihood(X)
        assert posterior.log_likelihood[chain, draw] == pytest.approx(log_likelihood, rel=1e-10)
    posterior.save(tmp_path / "posterior.nc")
    assert bayesian.Posterior.load(tmp_path / "posterior.nc").equals(posterior)
    assert bayesian.gibbs(X, 3, structure=structure, keep_allocations=True, **SHORT).equals(posterior)


def test_one_feature_and_one_component():
    for structure in STRUCTURE_NAMES:
        assert bayesian.gibbs(X[:, 0], 2, structure=structure, **SHORT).means.shape == (2, 30, 2, 1)
        assert bayesian.gibbs(X, 1, structure=structure, **SHORT).weights == pytest.approx(1.0)


def test_allocations_follow_a_permutation():
    posterior = bayesian.gibbs(X, 3, keep_allocations=True, **SHORT)
    permuted = permute_at_random(posterior, np.random.default_rng(2))
    for one in (posterior, permuted):
        z = one.tree["posterior"]["z"].values.astype(int)
        means = np.take_along_axis(one.means, z[:, :, :, None], axis=2)
        expected = np.take_along_axis(posterior.means, posterior.tree["posterior"]["z"].values[..., None], axis=2)
        np.testing.assert_array_equal(means, expected)
    assert (permuted.tree["posterior"]["z"].values != posterior.tree["posterior"]["z"].values).any()


@pytest.mark.parametrize(
    ("structure", "name", "shape"),
    [
        ("full", "covariance_scale", (2, 2)),
        ("tied", "covariance_scale", (2, 2)),
        ("diag", "scale_rate", (2,)),
        ("tied_diag", "scale_rate", (2,)),
        ("spherical", "scale_rate", ()),
        ("tied_spherical", "scale_rate", ()),
    ],
)
def test_a_random_scale_is_kept_as_the_pymc_model_names_it(structure, name, shape, tmp_path):
    prior = bayesian.Prior.richardson_green(X, 2, structure)
    posterior = bayesian.gibbs(X, 2, structure=structure, prior=prior, starts="prior", **SHORT)
    scale = posterior.tree["posterior"][name]
    assert scale.dims[2:] == ("feature", "feature_other")[: len(shape)]
    assert scale.shape == (2, 30, *shape)
    posterior.save(tmp_path / "posterior.nc")
    assert permute_at_random(posterior, RNG).tree["posterior"][name].equals(scale)  # two features, two components


def test_every_sweep_kept_or_some_of_them():
    all_of_them = bayesian.gibbs(X, 2, draws=20, tune=4, chains=1, random_seed=3)
    some = bayesian.gibbs(X, 2, draws=5, tune=4, thin=4, chains=1, random_seed=3)
    np.testing.assert_array_equal(some.means, all_of_them.means[:, 3::4])


def test_random_relabelling_visits_every_order_equally():
    posterior = bayesian.gibbs(X, 2, draws=2000, tune=20, chains=1, random_seed=4, relabel_at_random=True)
    ascending = np.count_nonzero(posterior.means[0, :, 0, 0] < posterior.means[0, :, 1, 0])
    assert abs(ascending - 1000) < 4.0 * np.sqrt(500.0)


def test_random_permutations_are_uniform_and_refused_without_symmetry():
    rng = np.random.default_rng(6)
    n = 6000
    means = np.broadcast_to(np.arange(3.0)[:, None], (1, n, 3, 1))
    alike = bayesian.Posterior.from_arrays(
        np.full((1, n, 3), 1 / 3), means, np.ones((1, n, 3, 1, 1)), X[:5, :1], log_likelihood=np.zeros((1, n))
    )
    codes = permute_at_random(alike, rng).means[0, :, :, 0] @ [9.0, 3.0, 1.0]
    assert chisquare(np.unique(codes, return_counts=True)[1]).pvalue > 1e-4
    uneven = bayesian.Prior(bayesian.Normal([[-3.0], [3.0]], 1.0), scales=bayesian.InverseGamma(2.0, 1.0))
    posterior = bayesian.gibbs(X, 2, structure="diag", prior=uneven, **SHORT)
    with pytest.raises(ValueError, match="prior_means_location differ by component"):
        permute_at_random(posterior, rng)
    with pytest.raises(ValueError, match="exchangeable"):
        bayesian.gibbs(X, 2, structure="diag", prior=uneven, relabel_at_random=True, **SHORT)
    posterior = bayesian.gibbs(X, 2, **SHORT)
    posterior.tree.attrs["ordered"] = "True"
    with pytest.raises(ValueError, match="in order"):
        permute_at_random(posterior, rng)


def test_what_has_no_conjugate_update_is_refused():
    normal = bayesian.Normal(0.0, 3.0)
    lkj = bayesian.Prior(normal, scales=bayesian.InverseGamma(2.0, 1.0), correlations=bayesian.LKJ(2.0))
    with pytest.raises(ValueError, match=r"LKJ correlations.*NUTS"):
        bayesian.gibbs(X, 2, prior=lkj)
    for scales in (bayesian.LogNormal(0.0, 1.0), bayesian.HalfNormal(1.0), bayesian.InverseGamma(2.0, 1.0, on="sd")):
        with pytest.raises(ValueError, match=r"InverseGamma scales on the variance.*NUTS"):
            bayesian.gibbs(X, 2, structure="diag", prior=bayesian.Prior(normal, scales=scales))
    uniform = bayesian.Prior(bayesian.Uniform(-9.0, 9.0), scales=bayesian.InverseGamma(2.0, 1.0))
    with pytest.raises(ValueError, match=r"Normal or ConjugateNormal means.*NUTS"):
        bayesian.gibbs(X, 2, structure="diag", prior=uniform)


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"n_components": 0}, "n_components must be at least 1"),
        ({"n_components": 61}, "61 components cannot be fitted to 60 points"),
        ({"draws": 0}, "draws must be at least 1"),
        ({"thin": 0}, "thin must be at least 1"),
        ({"starts": []}, "0 starts were given"),
        ({"starts": [random_mixture("diag", 2, 2, RNG)]}, "structure diag"),
        ({"x": np.where(X > 0.0, np.nan, X)}, "NaN"),
    ],
)
def test_bad_input_is_one_clear_error(arguments, message):
    with pytest.raises(ValueError, match=message):
        bayesian.gibbs(**{"x": X, "n_components": 2, **SHORT, **arguments})


def test_filled_components_of_a_known_posterior():
    posterior = bayesian.gibbs(X, 4, keep_allocations=True, **SHORT)
    z = posterior.tree["posterior"]["z"].values
    filled = filled_components(posterior)
    expected = [[len(np.unique(z[c, s])) for s in range(30)] for c in range(2)]
    np.testing.assert_array_equal(filled.n_components, expected)
    assert filled.probabilities.sum() == pytest.approx(1.0)
    assert filled.probabilities[filled.mode - 1] == filled.probabilities.max()
    without = bayesian.gibbs(X, 4, **SHORT)
    with pytest.raises(ValueError, match="give a generator"):
        filled_components(without)
    drawn = filled_components(without, np.random.default_rng(1))
    assert (drawn.counts.sum(axis=2) == len(X)).all()


def test_a_sparse_prior_empties_what_is_not_needed():
    prior = bayesian.Prior.weakly_informative(X, 6)
    sparse = bayesian.Prior(prior.means, 0.01, covariances=prior.covariances)
    posterior = bayesian.gibbs(X, 6, prior=sparse, draws=300, tune=300, chains=2, random_seed=1, keep_allocations=True)
    filled = filled_components(posterior)
    assert filled.mode == 2
    assert str(filled).startswith("P(K+ = k | X) = {2: ")
    assert (posterior.weights > 0.0).all()
