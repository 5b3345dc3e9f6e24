"""Run-away likelihoods: slopes, spikes, the evidence of tied observations, and what the report says of them."""

import dataclasses

import numpy as np
import pytest
from answered import reported, run_case
from scipy.integrate import dblquad
from scipy.stats import invgamma, norm

from experiments.answers.singularities_remedies import FLOOR, K_REMEDY, blunted, nearest, prior_sd, without_remedy
from experiments.data.datasets import load
from experiments.engine.experiment import Budget
from experiments.singularities import EXPERIMENT
from experiments.studies.runaway import evidence_above, group_integral, shrinking, steepness
from experiments.studies.runaway_outcomes import Cut, Remedied, Spikes
from experiments.studies.tied_evidence import DENSITIES, PRIORS
from mixture import GaussianMixture

TINY = Budget(draws=10, tune=10, chains=2, n_starts=4)


@pytest.fixture(scope="module")
def outcomes() -> dict[str, object]:
    return {case.name: run_case(EXPERIMENT, TINY, 3, case.name) for case in EXPERIMENT.declared_cases(TINY)}


@pytest.mark.parametrize("ties", [1, 2, 4])
def test_log_likelihood_gains_as_many_nats_as_there_are_equal_points(ties: int) -> None:
    x = np.concatenate([np.zeros(ties), [1.0, 2.0, 5.0]])[:, None]
    sigmas = np.array([1e-6, 1e-7, 1.0])
    values = shrinking(x, 0.0, ties, sigmas)
    assert steepness(sigmas, values) == pytest.approx(ties, abs=1e-6)
    assert abs(steepness(sigmas, shrinking(x, 0.5, ties, sigmas))) < 1e-6  # on no point: nothing to gain


@pytest.mark.parametrize("prior", list(DENSITIES))
def test_densities_integrate_to_one_and_are_those_of_the_priors(prior: str) -> None:
    assert group_integral(np.empty(0), DENSITIES[prior], 1e-9, 1.0) == pytest.approx(1.0, abs=1e-6)
    order = float(PRIORS[prior].order_at_zero)
    near = [DENSITIES[prior](s) for s in (1e-4, 1e-5)]
    if np.isfinite(order):
        assert np.log10(near[0] / near[1]) == pytest.approx(order, abs=1e-6)
    else:
        assert near[1] == pytest.approx(0.0, abs=1e-12)


def test_the_integral_over_a_group_is_that_of_the_plane() -> None:
    x, density = np.array([0.3, 1.0, -0.2]), DENSITIES["half-normal sd"]

    def integrand(mu: float, sigma: float) -> float:
        return density(sigma) * float(norm.pdf(mu, 0.0, 2.0) * norm.pdf(x, mu, sigma).prod())

    expected = dblquad(integrand, 0.1, 12.0, -8.0, 8.0, epsrel=1e-6)[0]
    assert group_integral(x, density, 0.1, 2.0) == pytest.approx(expected, rel=1e-4)


def test_evidence_of_one_point_is_its_marginal_density() -> None:
    density, x = DENSITIES["inverse-gamma variance"], np.array([0.7])
    expected = group_integral(x, density, 1e-3, 2.0) * group_integral(np.empty(0), density, 1e-3, 2.0)
    assert evidence_above(x, density, 1e-3, 2.0) == pytest.approx(expected, rel=1e-9)


def test_report_holds_its_claims(outcomes: dict[str, object]) -> None:
    report = reported(EXPERIMENT, *outcomes.values())
    failed = [claim.statement for claim in report.claims if not claim.passed]
    assert all("spike" in statement for statement in failed)  # four starts may miss it
    assert report.answer.startswith("Yes")


def test_a_prior_that_is_refused_for_nothing_fails_the_claim(outcomes: dict[str, object]) -> None:
    cut = outcomes["cut-two"]
    assert isinstance(cut, Cut)
    wrong = dataclasses.replace(cut, refusals=dict.fromkeys(cut.refusals, "no"))
    report = reported(EXPERIMENT, *{**outcomes, "cut-two": wrong}.values())
    claim = next(claim for claim in report.claims if "propriety" in claim.statement)
    assert claim.ours == 3
    assert not claim.passed


def test_another_spike_fails_the_claim(outcomes: dict[str, object]) -> None:
    spikes = outcomes["k5"]
    assert isinstance(spikes, Spikes)
    report = reported(EXPERIMENT, *{**outcomes, "k5": dataclasses.replace(spikes, variance=0.1)}.values())
    assert not next(claim for claim in report.claims if "spike" in claim.statement).passed


def test_the_smallest_sd_under_the_prior_alone_is_that_of_draws() -> None:
    draws = invgamma.rvs(3.0, scale=20.0, size=(100_000, K_REMEDY), random_state=1)
    assert prior_sd() == pytest.approx(np.median(np.sqrt(draws.min(axis=1))), rel=0.01)


def test_the_component_nearest_to_a_place_and_what_it_holds() -> None:
    mixture = GaussianMixture([0.8, 0.2], [[0.0], [10.0]], [[[1.0]], [[0.25]]])
    points = np.array([[0.0], [0.5], [-0.5], [10.0]])
    assert nearest(mixture, points, 9.0) == pytest.approx((10.0, 0.5, 1.0))
    assert nearest(mixture, points, 1.0) == pytest.approx((0.0, 1.0, 3.0))


def test_what_is_said_of_a_floor_follows_from_the_fit(outcomes: dict[str, object]) -> None:
    five, data = outcomes["k5"], load("galaxies")
    remedies = [outcome for outcome in outcomes.values() if isinstance(outcome, Remedied)]
    assert isinstance(five, Spikes)
    floored = next(remedy for remedy in remedies if remedy.name == FLOOR)
    others = [remedy for remedy in remedies if remedy is not floored]
    low = dataclasses.replace(floored, smallest_sd=(2.0,), log_likelihood=five.best - 1.0)
    assert "boundary" not in blunted(five, [low, *others], data)
    assert "blunted" not in blunted(five, [low, *others], data)
    high = dataclasses.replace(floored, log_likelihood=five.best + 1.0)
    assert "1.0 nats above" in blunted(five, [high, *others], data)
    unspiked = dataclasses.replace(five, mixture=None)
    assert [each.name for each in without_remedy(unspiked, floored.grid)] == ["none: best honest optimum"]
    assert "where the spike stood, at" not in blunted(unspiked, remedies, data)
