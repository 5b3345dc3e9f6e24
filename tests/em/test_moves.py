"""Every way to climb: it never falls, ends where EM ends or at another stationary point, and counts its passes."""

import json

import numpy as np
import pytest
from support import SHARED, STRUCTURE_NAMES, read_columns

import em
from em.moves import EM, LBFGS, MOVES, AcceleratedEM, GradientAscent, Newton, Squarem
from em.moves.landscape import Landscape
from em.objective import Objective
from em.sources import InMemory, Source
from em.steps import covariance_floor
from em.stopping import rounding_of
from mixture import ConjugatePrior, GaussianMixture, structure_named

NAMES = [move.name for move in MOVES]
COLLAPSE_OPTIMUM = -1660.468561479246
"""Newton's method on from where every other move ends; all agree to 1e-11."""


def two_groups(n: int = 120, seed: int = 0) -> np.ndarray:
    rng = np.random.default_rng(seed)
    first, second = rng.standard_normal((n, 2)), rng.standard_normal((n // 2, 2)) @ [[1.5, 0.6], [0.0, 0.8]]
    return np.concatenate([first, second + [3.5, 1.0]])


def start_of(x: np.ndarray, k: int, structure: str, seed: int = 0) -> GaussianMixture:
    return em.kmeans_plus_plus(x, k, structure=structure, rng=np.random.default_rng(seed))


def first_order_gain(x, fit, weights=None, prior=None) -> float:
    """g B^-1 g / 2 at the end of a fit: what one more step of EM would gain."""
    objective = Objective(InMemory(x, weights), fit.mixture.structure, prior=prior)
    position = objective.evaluate(fit.mixture)
    place = Landscape(objective, position).place(position)
    return 0.5 * float(place.gradient @ place.metric.inverse_times(place.gradient))


def climbs(fit) -> bool:
    """Whether no step fell by more than rounding."""
    objective = Objective(InMemory(two_groups()), fit.mixture.structure)
    rounding = rounding_of(objective.evaluate(fit.mixture).statistics, fit.mixture)
    return bool((np.diff(fit.values) >= -10.0 * rounding).all())


@pytest.mark.parametrize("structure", STRUCTURE_NAMES)
@pytest.mark.parametrize("move", MOVES, ids=NAMES)
def test_contract(move, structure):
    x = two_groups()
    start = start_of(x, 2, structure)
    fit = em.fit(x, start, move=move)
    assert fit.status is em.Status.CONVERGED
    assert fit.move == move.name
    assert np.isfinite(fit.values).all()
    assert climbs(fit)
    assert (np.diff(fit.passes) >= 1).all()
    assert first_order_gain(x, fit) < 1e-8
    of_em = em.fit(x, start, tolerance=1e-12)
    assert fit.log_likelihood == pytest.approx(of_em.log_likelihood, abs=2e-8)
    again = em.fit(x, start, move=move)
    assert again.mixture == fit.mixture
    np.testing.assert_array_equal(again.values, fit.values)


@pytest.mark.parametrize("structure", STRUCTURE_NAMES)
@pytest.mark.parametrize("move", MOVES, ids=NAMES)
def test_weights_are_duplication(move, structure):
    x = two_groups(60)
    counts = np.random.default_rng(1).integers(0, 4, len(x))
    start = start_of(x, 2, structure)
    weighted = em.fit(x, start, move=move, weights=counts)
    repeated = em.fit(np.repeat(x, counts, axis=0), start, move=move)
    assert weighted.log_likelihood == pytest.approx(repeated.log_likelihood, abs=3e-8)
    np.testing.assert_allclose(weighted.mixture.means, repeated.mixture.means, atol=2e-3)


@pytest.mark.parametrize("structure", STRUCTURE_NAMES)
@pytest.mark.parametrize("move", MOVES, ids=NAMES)
def test_a_prior_is_climbed_too(move, structure):
    x = two_groups()
    prior = ConjugatePrior.fraley_raftery(x, 2)
    start = start_of(x, 2, structure)
    fit, of_em = em.fit(x, start, move=move, prior=prior), em.fit(x, start, prior=prior, tolerance=1e-12)
    assert fit.value == pytest.approx(of_em.value, abs=2e-8)
    assert first_order_gain(x, fit, prior=prior) < 1e-8


@pytest.mark.parametrize("structure", STRUCTURE_NAMES)
@pytest.mark.parametrize("move", MOVES, ids=NAMES)
def test_the_floor_holds_covariances_up(move, structure):
    """A floor so high that it binds at the optimum: the answer is that of EM, and stands on the floor."""
    x = two_groups()
    start = start_of(x, 2, structure)
    fit, of_em = em.fit(x, start, move=move, floor=0.5), em.fit(x, start, floor=0.5, tolerance=1e-12)
    assert fit.value == pytest.approx(of_em.value, abs=1e-7)
    family = structure_named(structure)
    objective = Objective(InMemory(x), structure)
    floor = covariance_floor(objective.evaluate(start).statistics, 0.5)
    stack = family.stack(fit.mixture.covariances)
    np.testing.assert_allclose(family.clip(stack, (1.0 - 1e-9) * floor), stack)
    loose = em.fit(x, start, move=move, floor=1e-3)
    assert loose.value == pytest.approx(em.fit(x, start, tolerance=1e-12).value, abs=2e-8)


@pytest.mark.parametrize("move", MOVES, ids=NAMES)
def test_units_do_not_matter(move):
    x = two_groups()
    start = start_of(x, 2, "full")
    scale, shift = np.array([1e6, 1e-6]), np.array([1e8, -3.0])
    dense = start.dense_covariances * np.outer(scale, scale)
    moved = GaussianMixture(start.weights, start.means * scale + shift, dense, "full")
    here, there = em.fit(x, start, move=move), em.fit(x * scale + shift, moved, move=move)
    assert there.status is em.Status.CONVERGED
    assert there.log_likelihood == pytest.approx(here.log_likelihood, abs=1e-6)


@pytest.mark.parametrize("move", MOVES, ids=NAMES)
def test_a_runaway_ends_as_singular_or_spike(move):
    x = np.concatenate([two_groups(40)[:, 0], [30.0, 30.0]])[:, None]
    start = GaussianMixture([0.9, 0.1], [[0.0], [30.0]], [[[1.0]], [[1.0]]], "full")
    fit = em.fit(x, start, move=move, max_iterations=20000)
    assert fit.status in (em.Status.SINGULAR, em.Status.SPIKE)
    assert np.isfinite(fit.values).all()


@pytest.mark.parametrize("move", MOVES, ids=NAMES)
def test_one_component_is_solved_at_once(move):
    x = two_groups()
    fit = em.fit(x, GaussianMixture([1.0], [[0.0, 0.0]], [np.eye(2)], "full"), move=move, max_iterations=2000)
    assert fit.status is em.Status.CONVERGED
    np.testing.assert_allclose(fit.mixture.means[0], x.mean(axis=0), atol=1e-5)
    np.testing.assert_allclose(fit.mixture.covariances[0], np.cov(x.T, bias=True), atol=1e-4)


@pytest.mark.parametrize(
    "move", [AcceleratedEM(), Squarem(), LBFGS(), Newton(), GradientAscent()], ids=lambda m: m.name
)
def test_families_that_share_in_part_are_refused(move):
    x = two_groups()
    start = GaussianMixture([0.5, 0.5], x[:2], np.stack([np.eye(2), np.eye(2)]), "VEV")
    with pytest.raises(ValueError, match="has no unconstrained coordinates here: climb it by EM"):
        em.fit(x, start, move=move)


def test_newton_wants_complete_data_in_memory():
    class Elsewhere(Source):
        def __init__(self, inner):
            self.inner, self.n_samples, self.n_features = inner, inner.n_samples, inner.n_features
            self.total_weight = inner.total_weight

        def statistics(self, mixture, threads=None):
            return self.inner.statistics(mixture, threads)

        def sample(self, n, rng):
            return self.inner.sample(n, rng)

    x = two_groups()
    source, start = Elsewhere(InMemory(x)), start_of(x, 2, "full")
    with pytest.raises(ValueError, match=r"complete data in memory.*AcceleratedEM"):
        em.fit(source, start, move=Newton())
    assert em.fit(source, start, move=AcceleratedEM()).status is em.Status.CONVERGED


def collapse() -> np.ndarray:
    path = SHARED / "posteriordb" / "low_dim_gauss_mix_collapse.data.json"
    if not path.exists():
        pytest.skip("posteriordb's low_dim_gauss_mix_collapse.data.json is not beside this checkout")
    return np.array(json.loads(path.read_text())["y"])[:, None]


def collapse_starts(x: np.ndarray) -> list[GaussianMixture]:
    """The usual one, and ten each of two kinds."""
    usual = GaussianMixture([0.5, 0.5], [[-1.0], [1.0]], [1.0, 1.0], "spherical")
    drawn = [
        kind(x, 2, structure="spherical", rng=np.random.default_rng(seed))
        for kind in (em.kmeans_plus_plus, em.random_partition)
        for seed in range(10)
    ]
    return [usual, *drawn]


def passes_until(fit: em.EMFit, value: float) -> int:
    return int(fit.passes[np.flatnonzero(fit.values >= value)[0]])


def test_accelerated_em_reaches_the_collapse_optimum_within_80_passes():
    """EM itself takes about 1750; the loop too stops within 80, and where it says it does."""
    x = collapse()
    for start in collapse_starts(x):
        fit = em.fit(x, start, move=AcceleratedEM())
        assert fit.status is em.Status.CONVERGED
        assert abs(fit.log_likelihood - COLLAPSE_OPTIMUM) < 1e-8
        assert passes_until(fit, COLLAPSE_OPTIMUM - 1e-8) <= 80
        assert fit.n_passes <= 80


@pytest.mark.parametrize("move", [Squarem(), LBFGS(), Newton()], ids=lambda m: m.name)
def test_other_moves_stop_where_they_say_on_the_collapse_data(move):
    x = collapse()
    for start in collapse_starts(x)[::4]:
        fit = em.fit(x, start, move=move)
        assert abs(fit.log_likelihood - COLLAPSE_OPTIMUM) < 1e-8
        assert fit.n_passes <= 500


def test_a_saddle_is_not_taken_for_an_optimum():
    """From components that all but coincide the first gains of EM are 1e-11 nats, and they grow."""
    x = collapse()
    near = GaussianMixture([0.5, 0.5], [[-0.1399], [-0.1639]], 1.2813**2, "tied_spherical")
    assert em.fit(x, near, move=AcceleratedEM()).log_likelihood == pytest.approx(-1661.8115824454, abs=1e-7)


def test_old_faithful_with_three_tied_components():
    x = read_columns("faithful")
    for seed in range(4):
        start = start_of(x, 3, "tied", seed)
        quick, of_em = em.fit(x, start, move=AcceleratedEM()), em.fit(x, start, move=EM())
        assert quick.n_passes < 100
        assert quick.log_likelihood >= of_em.log_likelihood - 2e-8


@pytest.mark.parametrize("move", [AcceleratedEM(), Squarem(), LBFGS()], ids=lambda m: m.name)
def test_missing_cells_are_climbed_too(move):
    """Fisher's identity holds for whatever is missing."""
    x = two_groups()
    start = start_of(x, 2, "full")
    x[np.random.default_rng(0).random(x.shape) < 0.15] = np.nan
    x = x[~np.isnan(x).all(axis=1)]
    of_em = em.fit(x, start, missing=True, tolerance=1e-12)
    fit = em.fit(x, start, missing=True, move=move)
    assert fit.log_likelihood == pytest.approx(of_em.log_likelihood, abs=2e-8)


@pytest.mark.parametrize("move", MOVES, ids=NAMES)
def test_a_prior_may_empty_a_component(move):
    x = np.concatenate([np.random.default_rng(0).standard_normal((60, 1)), [[1e3]]])
    prior = ConjugatePrior.fraley_raftery(x, 3)
    fit = em.fit(x, start_of(x, 3, "spherical"), move=move, prior=prior, max_iterations=200)
    assert np.isfinite(fit.values).all()
    assert (np.diff(fit.values) > -1e-9).all()
