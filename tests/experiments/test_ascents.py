"""Ways to climb: the gradient in natural parameters, what is counted, and the report, from small climbs."""

import dataclasses

import numpy as np
import pytest
from answered import reported, run_case

import em
from em.moves import EM, LBFGS, AcceleratedEM, GradientAscent
from experiments import ascents
from experiments.answers.ascents_words import ACCELERATED, GALAXIES, HARD, NAIVE
from experiments.ascents import COSTS, EXPERIMENT
from experiments.engine.experiment import Budget
from experiments.studies.climbs import Climbs, alternating_starts, climb_all
from experiments.studies.naive_gradient import (
    ARRIVED,
    FATES,
    LEFT_SIMPLEX,
    NOT_DEFINITE,
    SHORT,
    Fates,
    fate,
    natural_gradient_parts,
)
from mixture import GaussianMixture

TINY = Budget(n_starts=2)
MOVES = {move.name: move for move in (EM(), AcceleratedEM(), LBFGS(), GradientAscent())}


def two_groups(distance: float) -> np.ndarray:
    rng = np.random.default_rng(0)
    return np.where(rng.random(200) < 0.4, 0.0, distance)[:, None] + rng.standard_normal((200, 1))


def climbs_of(distance: float) -> Climbs:
    x = two_groups(distance)
    return climb_all(x, alternating_starts(x, 2, "full", 2, np.random.default_rng(1)), MOVES)


@pytest.fixture(scope="module")
def outcomes() -> dict[str, object]:
    easy, hard = climbs_of(8.0), climbs_of(3.5)
    found: dict[str, object] = {case.name: easy for case in EXPERIMENT.declared_cases(EXPERIMENT.full)}
    return found | {HARD: hard, "collapse": hard, NAIVE: run_case(EXPERIMENT, Budget(n_starts=1), 1, NAIVE)}


def test_natural_gradient_is_that_of_the_likelihood() -> None:
    rng = np.random.default_rng(3)
    x = rng.standard_normal((30, 2))
    mixture = GaussianMixture([0.3, 0.7], rng.standard_normal((2, 2)), np.stack([np.eye(2), 2.0 * np.eye(2)]), "full")
    of_weights, of_means, of_covariances = natural_gradient_parts(x, mixture)

    def value(weights=0.0, means=0.0, covariances=0.0) -> float:
        moved = (mixture.weights + weights, mixture.means + means, mixture.covariances + covariances)
        return GaussianMixture(*moved, "full").log_likelihood(x)

    h = 1e-6
    tilt = np.array([h, -h])
    assert of_weights.sum() == pytest.approx(0.0, abs=1e-9)
    assert (value(weights=tilt) - value(weights=-tilt)) / 2.0 == pytest.approx(tilt @ of_weights, rel=1e-5)
    step = h * np.eye(2)
    assert (value(means=step) - value(means=-step)) / 2.0 == pytest.approx((step * of_means).sum(), rel=1e-5)
    step = h * np.stack([np.ones((2, 2)), np.eye(2)])
    change = (value(covariances=step) - value(covariances=-step)) / 2.0
    assert change == pytest.approx((step * of_covariances).sum(), rel=1e-5)


def test_long_steps_leave_the_constraints_and_short_ones_do_not_arrive() -> None:
    x = two_groups(3.5)
    start = GaussianMixture([0.02, 0.98], [[0.0], [3.5]], np.ones((2, 1, 1)), "full")
    optimum = em.fit(x, start, threads=1).log_likelihood
    assert fate(x, start, 1e-2, optimum, 1e-8)[0] in (LEFT_SIMPLEX, NOT_DEFINITE)
    end, gap = fate(x, start, 1e-9, optimum, 1e-8)
    assert end == SHORT
    assert gap > 1.0
    assert fate(x, em.fit(x, start, threads=1).mixture, 1e-6, optimum, 1e-6)[0] == ARRIVED


def test_report_counts_and_claims(outcomes: dict[str, object]) -> None:
    report = reported(EXPERIMENT, *outcomes.values())
    moves = next(table.frame for table in report.tables if table.name == "moves")
    assert len(moves) == len(COSTS) * len(MOVES)
    assert (moves["at the best"] <= moves["optima"]).all()
    assert (moves["passes"].dropna() <= moves["worst"].dropna()).all()
    assert report.claims[0].passed
    naive = next(table.frame for table in report.tables if table.name == "naive")
    assert (naive[list(FATES)].sum(axis=1) == 1).all()


def test_too_many_passes_and_a_fall_fail_their_claims(outcomes: dict[str, object]) -> None:
    hard = outcomes[HARD]
    assert isinstance(hard, Climbs)
    slow = [dataclasses.replace(end, passes=1000, fall=1.0) for end in hard.ended[ACCELERATED]]
    worse = dataclasses.replace(hard, ended={**hard.ended, ACCELERATED: slow})
    report = reported(EXPERIMENT, *{**outcomes, HARD: worse}.values())
    assert [claim.passed for claim in report.claims] == [False, False]
    assert report.claims[1].ours == 0.0


def test_a_move_that_never_came_close_is_told_so(outcomes: dict[str, object]) -> None:
    hard = outcomes[HARD]
    assert isinstance(hard, Climbs)
    short = [dataclasses.replace(end, arrival=None) for end in hard.ended["EM"]]
    report = reported(
        EXPERIMENT, *{**outcomes, HARD: dataclasses.replace(hard, ended={**hard.ended, "EM": short})}.values()
    )
    assert "not reached" in report.answer
    assert "nan" not in report.answer


def test_without_posteriordb_its_problem_is_left_out(outcomes: dict[str, object]) -> None:
    report = reported(EXPERIMENT, *{**outcomes, "collapse": None}.values())
    moves = next(table.frame for table in report.tables if table.name == "moves")
    assert len(moves) == (len(COSTS) - 1) * len(MOVES)


def test_cases_run(outcomes: dict[str, object]) -> None:
    found = run_case(EXPERIMENT, TINY, 1, GALAXIES)
    assert isinstance(found, Climbs)
    assert set(found.ended) == {move.name for move in ascents.MOVES}
    pair = run_case(EXPERIMENT, TINY, 1, "structure-tied")
    assert set(pair.ended) == {"EM", ACCELERATED}
    assert isinstance(outcomes[NAIVE], Fates)


def test_simulated_data_are_what_they_are_said_to_be() -> None:
    x = ascents.overlapping(np.random.default_rng(3))
    assert x.shape == (1000, 1)
    assert abs(x.var() - (1.0 + 0.75**2)) < 0.3
    assert ascents.far_apart(np.random.default_rng(3)).shape == (1000, 4)
