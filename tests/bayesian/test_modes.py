"""Modes visited, left and never reached, and their weights: planted paths of chains, planted shares, symmetric data."""

import numpy as np
import pytest

import bayesian
import em
from bayesian.modes.assignment import ELSEWHERE
from mixture import GaussianMixture

CENTRES = (-6.0, 0.0, 6.0)
RNG = np.random.default_rng(3)
X = np.concatenate([RNG.normal(centre, 1.0, 30) for centre in CENTRES])[:, None]


def two_components(left, right):
    """Two components that hold these groups of points, by position, as EM would have them."""
    parts = [np.concatenate([X[30 * g : 30 * g + 30] for g in groups]) for groups in (left, right)]
    return GaussianMixture(
        [len(part) / 90 for part in parts],
        [part.mean(axis=0) for part in parts],
        [np.cov(part.T).reshape(1, 1) for part in parts],
    )


MODES = [em.fit(X, two_components(*groups)).mixture for groups in (([0], [1, 2]), ([0, 1], [2]), ([0, 2], [1]))]


def posterior_at(path):
    """Draws near the modes of a path (C, S), labels at random."""
    path = np.asarray(path)
    rng = np.random.default_rng(1)
    orders = rng.permuted(np.tile([0, 1], (*path.shape, 1)), axis=2)
    values = [np.stack([getattr(mode, name) for mode in MODES])[path] for name in ("weights", "means", "covariances")]
    values[1] = values[1] + 0.1 * rng.normal(size=values[1].shape)
    values[2] = values[2] * np.exp(0.05 * rng.normal(size=(*path.shape, 2, 1, 1)))
    permuted = [np.take_along_axis(v, orders.reshape(*orders.shape, *[1] * (v.ndim - 3)), axis=2) for v in values]
    return bayesian.Posterior.from_arrays(*permuted, X)


def climb(mixture):
    return em.fit(X, mixture).mixture


@pytest.mark.parametrize("how", [None, climb])
def test_paths_of_chains_are_followed_whatever_their_labels(how):
    path = [[0] * 40, [0] * 25 + [1] * 15, [1] * 40]
    found = bayesian.visited_modes(posterior_at(path), MODES, how, thin=1)
    np.testing.assert_array_equal(found.assigned, path)
    assert found.never_reached == (2,)
    np.testing.assert_allclose(found.shares, [[1, 0, 0], [25 / 40, 15 / 40, 0], [0, 1, 0]])
    assert list(found.chains["visited"]) == [(0,), (0, 1), (1,)]
    assert found.chains["left_at"].tolist()[1] == 25
    assert found.chains["left_at"].isna().tolist() == [True, False, True]
    assert found.table["began"].tolist() == [2, 1, 0]
    assert found.table["left"].tolist() == [1, 0, 0]
    assert found.table["visited"].tolist() == [2, 2, 0]
    np.testing.assert_allclose(found.table["log_likelihood"], [mode.log_likelihood(X) for mode in MODES])
    assert "never reached: 3" in str(found)
    assert "too few for shares" in str(found)


def test_a_draw_above_a_mode_is_not_of_its_basin():
    """The only mode handed in lies below the others: without a climb too, draws at those are not given to it."""
    by_height = np.argsort([mode.log_likelihood(X) for mode in MODES])
    found = bayesian.visited_modes(posterior_at([by_height]), [MODES[by_height[0]]])
    assert found.assigned.tolist() == [[0, ELSEWHERE, ELSEWHERE]]


def test_a_mode_left_while_tuning_is_known_by_the_start():
    found = bayesian.visited_modes(posterior_at([[1] * 10, [1] * 10]), MODES, starts=[2, 1])
    assert found.left.tolist() == [True, False]
    assert found.chains["left_at"].tolist()[0] == 0
    assert found.table["left"].tolist() == [0, 0, 1]
    assert (found.held, found.abandoned, found.never_reached) == ((1,), (2,), (0,))
    assert "left while tuning by every chain that began there: 3; never reached: 1." in str(found)
    for wrong in ([0], [0, 3]):
        with pytest.raises(ValueError, match="starts must be positions"):
            bayesian.visited_modes(posterior_at([[1] * 10] * 2), MODES, starts=wrong)


def test_a_climb_that_ends_elsewhere_says_so():
    found = bayesian.visited_modes(posterior_at([[0, 2, 1, 2]]), MODES[:2], climb, thin=1)
    assert found.assigned.tolist() == [[0, ELSEWHERE, 1, ELSEWHERE]]
    assert "50.0% of the draws belong to none" in str(found)
    assert bayesian.visited_modes(posterior_at([[0, 1]]), MODES[:2], lambda _: None).never_reached == (0, 1)


def test_thinned_draws_keep_their_positions():
    found = bayesian.visited_modes(posterior_at([[0] * 11 + [1] * 9]), MODES, thin=4)
    assert found.draws.tolist() == [0, 4, 8, 12, 16]
    assert found.chains["left_at"].tolist() == [12]


def test_chains_that_pass_often_are_not_said_to_stay():
    assert "too few" not in str(bayesian.visited_modes(posterior_at([[0, 1] * 30]), MODES[:2]))


def test_weights_of_modes_are_the_shares_of_independent_runs_with_their_error():
    rng = np.random.default_rng(2)
    path = rng.choice(2, p=[0.7, 0.3], size=(8, 200))
    found = bayesian.mode_weights(posterior_at(path), MODES)
    shares = (path == 0).mean(axis=1)
    assert found.weights[0] == pytest.approx(shares.mean())
    assert found.errors[0] == pytest.approx(shares.std(ddof=1) / np.sqrt(8))
    assert found.errors[0] == pytest.approx(np.sqrt(0.7 * 0.3 / 1600), rel=1.0)
    assert found.weights[2] == 0.0
    assert f"mode 1: {shares.mean():.3f} ± " in str(found)
    assert found.table["weight"].sum() + found.elsewhere == pytest.approx(1.0)


def test_weighted_draws_count_by_their_weights():
    weights = np.tile([3.0, 1.0], (2, 1))
    found = bayesian.mode_weights(posterior_at([[0, 1], [0, 1]]), MODES, draw_weights=weights)
    np.testing.assert_allclose(found.weights, [0.75, 0.25, 0.0])
    np.testing.assert_allclose(found.errors, 0.0, atol=1e-12)


def test_runs_that_stay_put_weigh_nothing():
    with pytest.raises(ValueError, match="each run stays in one mode"):
        bayesian.mode_weights(posterior_at([[0] * 20, [1] * 20, [0] * 20]), MODES)
    assert bayesian.mode_weights(posterior_at([[0] * 20] * 3), MODES).weights[0] == pytest.approx(1.0)


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"modes": []}, "no modes"),
        ({"modes": [MODES[0], MODES[0].permute([1, 0])]}, "same density, up to labels"),
        ({"modes": [GaussianMixture([1.0], [[0.0]], [[[1.0]]])]}, "K, D"),
        ({"thin": 0}, "thin"),
        ({"draw_weights": np.ones(3)}, "draw_weights have shape"),
        ({"draw_weights": -np.ones((2, 2))}, "not negative"),
        ({"draw_weights": np.zeros((2, 2))}, "no weight"),
    ],
)
def test_bad_arguments_are_refused(arguments, message):
    with pytest.raises(ValueError, match=message):
        bayesian.mode_weights(posterior_at([[0, 1], [1, 0]]), **({"modes": MODES} | arguments))
    with pytest.raises(ValueError, match="two independent runs"):
        bayesian.mode_weights(posterior_at([[0, 1]]), MODES)


@pytest.fixture(scope="module")
def mirrored():
    """Data and prior symmetric about 0, and the two modes, mirror images that weigh one half each."""
    rng = np.random.default_rng(5)
    half = np.concatenate([rng.normal(-10.0, 0.3, 60), np.abs(rng.normal(0.0, 0.3, 5))])[:, None]
    x = np.concatenate([half, -half])
    one = GaussianMixture([0.46, 0.54], [[-10.0], [9.0]], [[[0.1]], [[10.0]]])
    optima = [em.fit(x, one).mixture, em.fit(x, GaussianMixture(one.weights, -one.means, one.covariances)).mixture]
    return x, optima, bayesian.Prior(bayesian.Normal(0.0, 10.0), 2.0, bayesian.LogNormal(2.0, 1.0))


@pytest.mark.slow
def test_chains_on_mirrored_data_stay_in_either_of_two_modes_and_weigh_nothing(mirrored):
    x, optima, prior = mirrored
    posterior = bayesian.sample(x, 2, prior=prior, starts=optima, draws=300, tune=300, random_seed=3, progressbar=False)
    found = bayesian.visited_modes(posterior, optima, lambda mixture: em.fit(x, mixture).mixture)
    assert list(found.chains["began"]) == [0, 1, 0, 1]
    assert found.passages.sum() == 0
    assert "too few for shares" in str(found)
    diagnosis = bayesian.diagnose(posterior, bayesian.relabel(posterior), visited=found)
    assert diagnosis.verdict is bayesian.Verdict.DIFFERENT_MODES
    assert diagnosis.nested["r_hat_nested"].max() > 1.5
    with pytest.raises(ValueError, match="stays in one mode"):
        bayesian.mode_weights(posterior, optima)


@pytest.mark.slow
def test_particles_on_mirrored_data_weigh_both_modes_alike(mirrored):
    x, optima, prior = mirrored
    settings = bayesian.SMCSettings(chains=200, states=20)
    particles = bayesian.smc(x, 2, prior=prior, runs=4, draws=500, settings=settings, random_seed=4).posterior
    for climb in (None, lambda mixture: em.fit(x, mixture).mixture):
        found = bayesian.mode_weights(particles, optima, climb)
        assert found.elsewhere < 0.02
        assert (found.errors < 0.25).all()
        np.testing.assert_array_less(np.abs(found.weights - 0.5), 4.0 * np.maximum(found.errors, 0.05))
