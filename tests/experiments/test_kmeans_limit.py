"""k-means as a limit: steps, fixed points, the first split, and the bias of hard allocations."""

import dataclasses

import numpy as np
import pytest
from answered import reported, run_case
from scipy.integrate import quad
from scipy.stats import norm

from experiments import kmeans_limit
from experiments.answers.kmeans_limit import parting
from experiments.engine.experiment import Budget
from experiments.kmeans_limit import DISTANCES, EXPERIMENT, Path
from experiments.studies.soft_kmeans import (
    cut_in_the_middle,
    equal_weights_em,
    fixed_point,
    free_energy,
    lloyd_step,
    scipy_kmeans,
    soft_step,
    spheres,
)

TINY = Budget(n_starts=3, n_simulations=3)
POINTS = np.random.default_rng(2).standard_normal((60, 2)) * [2.0, 1.0]
MEANS = np.array([[-1.0, 0.1], [1.0, 0.0], [0.2, 1.3]])


@pytest.fixture(scope="module")
def outcomes() -> list[kmeans_limit.Outcome]:
    return [run_case(EXPERIMENT, TINY, 1, case.name) for case in EXPERIMENT.declared_cases(TINY)]


def test_a_step_is_the_mean_of_the_points_by_softmax_and_ends_as_lloyds() -> None:
    logits = -np.square(POINTS[:, None] - MEANS).sum(axis=2) / (2.0 * 0.7**2)
    shares = np.exp(logits) / np.exp(logits).sum(axis=1, keepdims=True)
    expected = shares.T @ POINTS / shares.sum(axis=0)[:, None]
    np.testing.assert_allclose(soft_step(POINTS, MEANS, 0.7), expected, rtol=1e-12)
    np.testing.assert_allclose(soft_step(POINTS, MEANS, 1e-3), lloyd_step(POINTS, MEANS), atol=1e-12)
    assert np.abs(soft_step(POINTS, MEANS, 0.7) - lloyd_step(POINTS, MEANS)).max() > 0.01


def test_free_energy_rises_to_the_sum_of_squares_and_never_with_a_step() -> None:
    squares = np.square(POINTS[:, None] - MEANS).sum(axis=2).min(axis=1).sum()
    energies = [free_energy(POINTS, MEANS, sigma) for sigma in (1.0, 0.3, 0.1, 1e-3)]
    assert energies == sorted(energies)
    assert energies[-1] == pytest.approx(squares, rel=1e-6)
    assert free_energy(POINTS, soft_step(POINTS, MEANS, 0.5), 0.5) < free_energy(POINTS, MEANS, 0.5)


@pytest.mark.parametrize(("multiple", "together"), [(1.05, True), (0.95, False)])
def test_means_part_at_the_root_of_the_largest_eigenvalue(multiple: float, together: bool) -> None:
    centred = POINTS - POINTS.mean(axis=0)
    critical = np.sqrt(np.linalg.eigvalsh(centred.T @ centred / len(POINTS))[-1])
    start = POINTS.mean(axis=0) + 1e-4 * MEANS
    end = fixed_point(POINTS, start, multiple * critical, critical)
    assert (np.ptp(end, axis=0).max() < 1e-6) == together


@pytest.mark.parametrize("distance", DISTANCES)
def test_the_limit_of_k_means_is_that_of_a_folded_normal(distance: float) -> None:
    def density(x: float) -> float:
        return float(norm.pdf(x, 0.5 * distance) + norm.pdf(x, -0.5 * distance))

    mean = quad(lambda x: x * density(x), 0.0, 20.0)[0]
    variance = quad(lambda x: (x - mean) ** 2 * density(x), 0.0, 20.0)[0]
    np.testing.assert_allclose(cut_in_the_middle(distance), (2.0 * mean, np.sqrt(variance)), rtol=1e-8)


def test_k_means_of_many_points_comes_to_that_limit_and_not_to_the_truth() -> None:
    x, _ = spheres(np.array([[-1.0], [1.0]]), 1.0).draw(200_000, np.random.default_rng(0))
    centres, labels, squares = scipy_kmeans(x, np.array([[-1.0], [1.0]]))
    separation, sd = cut_in_the_middle(2.0)
    assert abs(abs(centres[1, 0] - centres[0, 0]) - separation) < 0.02 < separation - 2.0
    assert abs(np.sqrt(squares / len(x)) - sd) < 0.01 < 1.0 - sd
    assert set(np.unique(labels)) == {0, 1}


def test_em_with_equal_weights_ends_where_no_mean_and_no_sigma_is_better() -> None:
    truth = spheres(np.array([[-1.0], [1.0]]), 1.0)
    x, _ = truth.draw(300, np.random.default_rng(4))
    end = equal_weights_em(x, truth)
    assert end.weights.tolist() == [0.5, 0.5]
    sigma, top = float(np.sqrt(end.covariances)), end.log_likelihood(x)
    for shift in (-1e-3, 1e-3):
        for k in (0, 1):
            moved = end.means + shift * np.eye(2)[k][:, None]
            assert spheres(moved, sigma).log_likelihood(x) < top
        assert spheres(end.means, sigma + shift).log_likelihood(x) < top


def test_report_holds_its_claims(outcomes: list[kmeans_limit.Outcome]) -> None:
    report = reported(EXPERIMENT, *outcomes)
    failed = [claim.statement for claim in report.claims if not claim.passed]
    assert all("mean" in statement for statement in failed)  # three simulated data sets are too few for those
    assert len(report.claims) == len(EXPERIMENT.claims)
    path = outcomes[0]
    assert isinstance(path, Path)
    below, above = parting(path)
    assert 0.989 < below < 1.0 < above < 1.011


def test_a_partition_that_is_not_lloyds_fails_its_claim(outcomes: list[kmeans_limit.Outcome]) -> None:
    path = outcomes[0]
    assert isinstance(path, Path)
    flipped = dataclasses.replace(path, partition=1 - path.partition)
    report = reported(EXPERIMENT, flipped, *outcomes[1:])
    claim = next(claim for claim in report.claims if "smallest sigma" in claim.statement)
    assert not claim.passed
    assert claim.ours == len(path.points)
