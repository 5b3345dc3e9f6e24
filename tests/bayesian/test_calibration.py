"""Calibration with exact posteriors in the place of samplers: what is right passes, what is wrong is caught."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import stats

import bayesian
from bayesian.calibration import calibrate, simultaneous_band, uniformity_p_value
from bayesian.calibration.quantities import component_parameters, label_invariant, pooled, quantities
from bayesian.draws import log_likelihoods
from bayesian.posterior import Posterior
from mixture import STRUCTURES, GaussianMixture

LEVEL = 0.001
"""A right calculation fails a test with this probability, divided by the quantities it looks at."""


NAMES = ("weights", "means", "covariances")
N_PROPOSALS = 4_000


def prior_of(structure, sd=2.0):
    scales = bayesian.InverseGamma(6.0, 5.0)
    if structure in ("full", "tied"):
        return bayesian.Prior(bayesian.Normal(0.0, sd), 3.0, scales=scales, correlations=bayesian.LKJ(3.0))
    return bayesian.Prior(bayesian.Normal(0.0, sd), 3.0, scales=scales)


def without_data(prior, k, d, structure, n_draws=80):
    """A sampler that is exact for a model in which the data say nothing: fresh draws from the prior."""

    def sample(x, rng):
        drawn = prior.draw(k, d, structure, n_draws, rng)
        arrays = (drawn[name].reshape(2, n_draws // 2, *drawn[name].shape[1:]) for name in NAMES)
        return Posterior.from_arrays(*arrays, data=x, structure=structure)

    return sample


def importance(prior, structure, *, part=1.0, sorted_labels=False):
    """A sampler for few points in one feature: prior draws, resampled by the likelihood of that part of the data."""
    drawn = prior.draw(2, 1, structure, N_PROPOSALS, np.random.default_rng(100))
    arrays = [drawn[name] for name in NAMES]
    if sorted_labels:  # a chain that stays in one of the copies
        order = np.argsort(arrays[1][:, :, 0], axis=1)
        arrays = [values[np.arange(N_PROPOSALS)[:, None], order] for values in arrays]

    def sample(x, rng):
        heights = log_likelihoods(x[: max(1, round(part * len(x)))], *arrays)
        terms = np.exp(heights - heights.max())
        chosen = rng.choice(N_PROPOSALS, 64, p=terms / terms.sum())
        return Posterior.from_arrays(*(a[chosen].reshape(2, 32, *a.shape[1:]) for a in arrays), x, structure=structure)

    return sample


def worst(calibration):
    """The smallest p-value times how many there are."""
    return min(calibration.p_values.values()) * len(calibration.p_values)


def test_ranks_by_hand():
    """One component, whose mean is the only thing that varies: three draws below the truth, one above."""
    prior = bayesian.Prior(bayesian.Normal(0.0, 1e-9), scales=bayesian.InverseGamma(1e9, 1e9))

    def sample(x, _):
        means = np.array([-1.0, -2.0, 3.0, -4.0]).reshape(1, 4, 1, 1)
        return Posterior.from_arrays(np.ones((1, 4, 1)), means, np.ones((1, 4, 1, 1, 1)), x)

    found = calibrate(prior, 1, 1, "full", sample, n_samples=5, n_simulations=50, n_draws=4, rng=0)
    assert set(found.pits) == {
        *(f"invariant: log density {i}" for i in (1, 2, 3)),
        *("invariant: log-likelihood", "invariant: mean of the mixture", "invariant: trace of its covariance"),
        *("ordered: mean 1.1", "ordered: sd 1.1"),
    }
    for name in ("invariant: mean of the mixture", "ordered: mean 1.1"):
        assert ((found.pits[name] >= 0.6) & (found.pits[name] <= 0.8)).all()
    assert found.pits["invariant: mean of the mixture"].std() > 0.02  # u is drawn anew
    assert found.coverage(0.7, "ordered") > found.coverage(0.05, "ordered")


@pytest.mark.parametrize("structure", [structure.name for structure in STRUCTURES])
def test_fresh_prior_draws_are_calibrated_in_every_structure(structure):
    """Without data, prior draws are exact; the log-likelihood, which sees data made by the truth, must object."""
    prior = prior_of(structure)
    sampler = without_data(prior, 2, 2, structure)
    found = calibrate(prior, 2, 2, structure, sampler, n_samples=8, n_simulations=40, rng=1)
    p_values = found.p_values
    assert p_values.pop("invariant: log-likelihood") < 1e-4
    p_values = {name: p for name, p in p_values.items() if not name.startswith("relabelled: ")}  # see the data too
    assert min(p_values.values()) > LEVEL / len(p_values)
    assert found.n_simulations == 40


@pytest.mark.parametrize("method", ["ecr", "stephens"])
def test_an_exact_posterior_passes_whatever_its_labels(method):
    """Sorted labels are what a chain that never switches gives; the relabelled quantities must not mind."""
    prior = prior_of("diag")
    found = calibrate(
        prior, 2, 1, "diag", importance(prior, "diag", sorted_labels=True), n_samples=4, n_simulations=80, rng=2,
        method=method,
    )  # fmt: skip
    assert worst(found) > LEVEL
    assert found.coverage(0.8) == pytest.approx(0.8, abs=0.08)


def test_half_of_the_data_is_caught_by_the_log_likelihood_alone():
    """A posterior given less data is calibrated in every function of the parameters."""
    prior = prior_of("diag")
    sampler = importance(prior, "diag", part=0.5)
    found = calibrate(prior, 2, 1, "diag", sampler, n_samples=8, n_simulations=80, rng=3)
    assert found.p_values["invariant: log-likelihood"] < 1e-4
    others = {
        name: p for name, p in found.p_values.items() if name.startswith(("ordered", "invariant: l", "invariant: m"))
    }
    del others["invariant: log-likelihood"]
    assert min(others.values()) > LEVEL / len(others)


def test_a_wrong_prior_is_caught():
    prior = prior_of("diag", sd=2.0)
    sampler = importance(prior, "diag")
    found = calibrate(
        prior, 2, 1, "diag", sampler, n_samples=4, n_simulations=80, rng=4, truth_prior=prior_of("diag", sd=4.0)
    )
    assert found.p_values["ordered: mean 1.1"] < 1e-4


def test_relabelling_towards_the_truth_would_not_be_calibrated():
    """Why `pooled` treats truth and draws alike: independent draws, moved to the truth's labels, crowd around it."""
    rng = np.random.default_rng(5)
    truth, draws = (
        rng.standard_normal((2000, 2, 2)),
        rng.standard_normal((2000, 63, 2, 2)),
    )  # two components and features
    distances = [np.square(draws[:, :, order] - truth[:, None]).sum(axis=(2, 3)) for order in ([0, 1], [1, 0])]
    moved = np.where((distances[1] < distances[0])[..., None, None], draws[:, :, ::-1], draws)
    ranks = (moved[..., 0, 0] < truth[:, None, 0, 0]).sum(axis=1)
    assert uniformity_p_value((ranks + rng.random(2000)) / 64) < 1e-4
    assert np.abs(ranks - 31.5).mean() < 15.0  # 16 if uniform
    fair = (draws[..., 0].min(axis=2) < truth[:, None, :, 0].min(axis=2)).sum(axis=1)
    assert uniformity_p_value((fair + rng.random(2000)) / 64) > LEVEL


def test_pooled_mixtures_are_relabelled_alike():
    """Exchanging the truth with a draw exchanges what comes out; permuted components change nothing."""
    rng = np.random.default_rng(6)
    prior, x = prior_of("full"), rng.standard_normal((12, 2))
    drawn = prior.draw(3, 2, "full", 9, rng)
    draws = tuple(drawn[name] for name in NAMES)
    expected = quantities(draws, x, x[:2], "full", "ecr")
    swap = np.array([4, 1, 2, 3, 0, 5, 6, 7, 8])
    swapped = quantities(tuple(a[swap] for a in draws), x, x[:2], "full", "ecr")
    turned = tuple(a[:, [2, 0, 1]] for a in draws)
    for name, values in expected.items():
        np.testing.assert_allclose(swapped[name], values[swap], rtol=1e-12, err_msg=name)
        np.testing.assert_allclose(quantities(turned, x, x[:2], "full", "ecr")[name], values, rtol=1e-9, err_msg=name)
    assert np.shape(pooled(draws, x, "ecr")[1]) == (9, 3, 2)


@pytest.mark.parametrize(
    ("structure", "names"),
    [
        ("full", "weight 1, mean 1.1, mean 1.2, mean 2.1, mean 2.2, sd 1.1, sd 1.2, correlation 1, sd 2.1, sd 2.2,"
                 " correlation 2"),
        ("tied", "weight 1, mean 1.1, mean 1.2, mean 2.1, mean 2.2, sd 1.1, sd 1.2, correlation 1"),
        ("diag", "weight 1, mean 1.1, mean 1.2, mean 2.1, mean 2.2, sd 1.1, sd 1.2, sd 2.1, sd 2.2"),
        ("tied_diag", "weight 1, mean 1.1, mean 1.2, mean 2.1, mean 2.2, sd 1.1, sd 1.2"),
        ("spherical", "weight 1, mean 1.1, mean 1.2, mean 2.1, mean 2.2, sd 1.1, sd 2.1"),
        ("tied_spherical", "weight 1, mean 1.1, mean 1.2, mean 2.1, mean 2.2, sd 1.1"),
    ],
)  # fmt: skip
def test_each_parameter_of_a_structure_is_ranked_once(structure, names):
    drawn = prior_of(structure).draw(2, 2, structure, 3, np.random.default_rng(0))
    found = component_parameters(tuple(drawn[name] for name in NAMES), structure)
    assert list(found) == names.split(", ")
    np.testing.assert_allclose(found["sd 1.1"] ** 2, drawn["covariances"][:, 0, 0, 0])


def test_moments_of_the_mixture_are_those_of_its_draws():
    """150 000 points of each mixture: five standard errors."""
    rng = np.random.default_rng(7)
    drawn = prior_of("full").draw(2, 2, "full", 3, rng)
    found = label_invariant(tuple(drawn[name] for name in NAMES), np.zeros((1, 2)), np.zeros((1, 2)))
    for t in range(3):
        mixture = GaussianMixture(*(drawn[name][t] for name in NAMES))
        points = mixture.draw(150_000, rng)[0]
        error = points[:, 0].std() / np.sqrt(150_000)
        assert found["mean of the mixture"][t] == pytest.approx(points[:, 0].mean(), abs=5 * error)
        assert found["trace of its covariance"][t] == pytest.approx(points.var(axis=0).sum(), rel=0.05)


def test_p_values_of_uniform_values_are_uniform():
    rng = np.random.default_rng(8)
    p_values = [uniformity_p_value(rng.random(150)) for _ in range(400)]
    for level in (0.05, 0.2, 0.5):
        low, high = stats.binom.ppf([0.0005, 0.9995], 400, level)
        assert low <= (np.array(p_values) <= level).sum() <= high


def test_the_band_and_the_p_value_say_the_same():
    rng = np.random.default_rng(9)
    band = simultaneous_band(80, 0.9)
    outside = []
    for _ in range(200):
        values = rng.random(80) ** rng.uniform(0.8, 1.25)
        below = (values[:, None] <= band.places).mean(axis=0)
        leaves = bool(((below < band.lower - 1e-12) | (below > band.upper + 1e-12)).any())
        outside.append(leaves)
        assert leaves == (uniformity_p_value(values) <= 0.1)
    assert 10 < sum(outside) < 190


@given(st.integers(2, 60), st.floats(0.5, 0.99))
@settings(max_examples=10, deadline=None)
def test_bands_hold_the_diagonal(n, level):
    band = simultaneous_band(n, level)
    assert (band.lower <= band.places + 1e-12).all()
    assert (band.upper >= band.places - 1e-12).all()
    np.testing.assert_allclose(band.lower, 1.0 - band.upper[::-1], atol=1e-12)


def test_the_tree_is_what_arviz_looks_for():
    prior = prior_of("diag")
    sampler = without_data(prior, 2, 1, "diag")
    found = calibrate(prior, 2, 1, "diag", sampler, n_samples=4, n_simulations=12, rng=1, n_draws=7)
    assert set(found.tree["prior_sbc"].data_vars) == set(found.pits)
    assert found.tree["prior_sbc"].sizes == {"chain": 1, "draw": 12}
    again = calibrate(prior, 2, 1, "diag", sampler, n_samples=4, n_simulations=12, rng=1, n_draws=7)
    assert all((again.pits[name] == values).all() for name, values in found.pits.items())
    assert found.n_flagged == int((found.r_hat > 1.05).sum())


def test_bad_requests_are_refused():
    prior = prior_of("diag")
    sampler = without_data(prior, 2, 1, "diag")
    with pytest.raises(ValueError, match="ranked among 100 draws, but the sampler gave 80"):
        calibrate(prior, 2, 1, "diag", sampler, n_samples=4, n_simulations=2, rng=0, n_draws=100)
    with pytest.raises(ValueError, match="n_simulations must be at least 2"):
        calibrate(prior, 2, 1, "diag", sampler, n_samples=4, n_simulations=1, rng=0)
    for wrong in ([0.5], [0.5, 1.5], [0.5, np.nan], [[0.1, 0.2]]):
        with pytest.raises(ValueError, match="values between 0 and 1"):
            uniformity_p_value(wrong)
    with pytest.raises(ValueError, match="at least two values and a level"):
        simultaneous_band(10, 1.0)
    found = calibrate(prior, 2, 1, "diag", sampler, n_samples=4, n_simulations=3, rng=0)
    with pytest.raises(ValueError, match="no quantity of kind 'pooled'"):
        found.coverage(0.5, "pooled")
