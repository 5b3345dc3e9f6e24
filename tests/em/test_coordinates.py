"""Unconstrained coordinates, the metric of EM and the exact Hessian, against finite differences of the objective."""

import numpy as np
import pytest
from support import STRUCTURE_NAMES, random_covariances

from em.coordinates import Coordinates
from em.curvature import objective_hessian, whiten
from em.metric import CompleteMetric
from em.objective import Objective
from em.sources import InMemory
from mixture import ConjugatePrior, GaussianMixture, structure_named

SIZES = [(d, k) for d in (1, 2, 3, 4) for k in (1, 2, 3, 4)]
H = 1e-5


class Case:
    """Data, a mixture away from any optimum, and the objective in coordinates."""

    def __init__(self, structure: str, d: int, k: int, *, with_prior: bool, seed: int = 0) -> None:
        rng = np.random.default_rng([seed, d, k])
        self.points = 7.0 * rng.standard_normal((50, d)) @ (np.eye(d) + 0.4 * rng.standard_normal((d, d))) + 50.0
        self.weights = rng.uniform(0.0, 2.0, 50)
        self.prior = ConjugatePrior.fraley_raftery(self.points, k, mean_strength=2.0) if with_prior else None
        self.objective = Objective(InMemory(self.points, self.weights), structure, prior=self.prior)
        covariances = 40.0 * random_covariances(structure, k, d, rng)
        self.mixture = GaussianMixture(rng.dirichlet(np.full(k, 5.0)), self.points[:k], covariances, structure)
        self.family = structure_named(structure)
        self.coordinates = Coordinates.of_data(self.family, self.objective.evaluate(self.mixture).statistics)
        self.vector = self.coordinates.vector(self.mixture)

    def value(self, vector):
        return self.objective.evaluate(self.coordinates.mixture(vector)).value

    def moments(self, vector):
        statistics = self.objective.evaluate(self.coordinates.mixture(vector)).statistics
        return statistics.moments if self.prior is None else self.prior.moments(statistics, self.family)

    def gradient(self, vector):
        return self.coordinates.gradient(vector, self.moments(vector))

    def differences(self, function):
        units = H * np.eye(self.coordinates.size)
        return np.array([(function(self.vector + u) - function(self.vector - u)) / (2.0 * H) for u in units])


def cases(structure):
    return [Case(structure, d, k, with_prior=with_prior) for d, k in SIZES for with_prior in (False, True)]


@pytest.mark.parametrize("structure", STRUCTURE_NAMES)
def test_a_vector_is_a_mixture_and_a_mixture_a_vector(structure):
    for case in cases(structure):
        assert case.coordinates.size == case.mixture.n_parameters
        back = case.coordinates.mixture(case.vector)
        np.testing.assert_allclose(back.weights, case.mixture.weights, rtol=1e-12)
        np.testing.assert_allclose(back.means, case.mixture.means, rtol=1e-12)
        np.testing.assert_allclose(back.covariances, case.mixture.covariances, rtol=1e-11, atol=1e-11)
        np.testing.assert_allclose(case.coordinates.vector(back), case.vector, atol=1e-10)


@pytest.mark.parametrize("structure", STRUCTURE_NAMES)
def test_gradient_of_the_objective(structure):
    for case in cases(structure):
        gradient = case.gradient(case.vector)
        np.testing.assert_allclose(gradient, case.differences(case.value), atol=1e-6 * (1.0 + np.abs(gradient).max()))


@pytest.mark.parametrize("structure", STRUCTURE_NAMES)
def test_hessian_of_the_objective(structure):
    for case in cases(structure):
        whitened = whiten(case.coordinates, case.points)
        hessian = objective_hessian(case.coordinates, case.vector, case.moments(case.vector), whitened, case.weights)
        np.testing.assert_allclose(hessian, case.differences(case.gradient), atol=2e-6 * (1.0 + np.abs(hessian).max()))


@pytest.mark.parametrize("structure", STRUCTURE_NAMES)
def test_the_metric_is_the_information_of_complete_data(structure):
    """Symmetric, positive definite, and with an inverse that turns a gradient into EM's step, to first order."""
    for case in cases(structure):
        metric = CompleteMetric(case.coordinates, case.vector, case.moments(case.vector))
        units = np.eye(case.coordinates.size)
        matrix = np.array([metric.times(unit) for unit in units])
        np.testing.assert_allclose(matrix, matrix.T, atol=1e-9 * np.abs(matrix).max())
        assert np.linalg.eigvalsh(matrix)[0] > 0.0
        inverse = np.array([metric.inverse_times(unit) for unit in units])
        np.testing.assert_allclose(matrix @ inverse, units, atol=1e-8)


@pytest.mark.parametrize("with_prior", [False, True])
@pytest.mark.parametrize("structure", STRUCTURE_NAMES)
def test_metric_times_gradient_is_the_step_of_em_near_its_fixed_point(structure, with_prior):
    rng = np.random.default_rng(3)
    points = np.concatenate(
        [rng.standard_normal((60, 2)), rng.standard_normal((40, 2)) @ [[1.0, 1.0], [0.0, 2.0]] + 6.0]
    )
    prior = ConjugatePrior.fraley_raftery(points, 2, mean_strength=2.0) if with_prior else None
    objective = Objective(InMemory(points), structure, prior=prior)
    start = GaussianMixture([0.5, 0.5], [[0.0, 0.0], [6.0, 6.0]], random_covariances(structure, 2, 2, rng), structure)
    position = objective.evaluate(start)
    for _ in range(200):
        position = objective.evaluate(objective.maximise(position))
    coordinates = Coordinates.of_data(structure_named(structure), position.statistics)
    vector = coordinates.vector(position.mixture) + 1e-5 * rng.standard_normal(coordinates.size)
    near = objective.evaluate(coordinates.mixture(vector))
    moments = near.statistics.moments if prior is None else prior.moments(near.statistics, structure_named(structure))
    of_em = coordinates.vector(objective.maximise(near)) - vector
    of_metric = CompleteMetric(coordinates, vector, moments).inverse_times(coordinates.gradient(vector, moments))
    np.testing.assert_allclose(of_metric, of_em, atol=1e-3 * np.abs(of_em).max())


@pytest.mark.parametrize("structure", STRUCTURE_NAMES)
def test_coordinates_do_not_depend_on_units(structure):
    case = Case(structure, 3, 2, with_prior=False)
    scale = np.full(3, 1e5) if "spherical" in structure else np.array([1e5, 1.0, 1e-5])
    family, shift = case.family, np.array([3.0, -1e3, 2.0])
    dense = case.mixture.dense_covariances * np.outer(scale, scale)
    moved = GaussianMixture(case.mixture.weights, case.mixture.means * scale + shift, family.store(dense), structure)
    statistics = Objective(InMemory(case.points * scale + shift, case.weights), structure).evaluate(moved).statistics
    np.testing.assert_allclose(Coordinates.of_data(family, statistics).vector(moved), case.vector, atol=1e-7)


def test_what_has_no_coordinates_is_refused():
    case = Case("full", 2, 2, with_prior=False)
    empty = GaussianMixture([1.0, 0.0], case.mixture.means, case.mixture.covariances, "full")
    with pytest.raises(ValueError, match="component 1 is empty"):
        case.coordinates.vector(empty)
    with pytest.raises(ValueError, match="too large"):
        case.coordinates.mixture(np.full(case.coordinates.size, 1e4))


@pytest.mark.parametrize("name", ["VVE", "VEV", "VEI"])
def test_families_that_share_in_part_have_none(name):
    with pytest.raises(ValueError, match=r"no unconstrained coordinates here.*full, tied, diag"):
        Coordinates(structure_named(name), 2, np.zeros(2), np.eye(2))
