"""The speed of EM: rates against missing information, and rules against the programs they are taken from."""

import dataclasses
from pathlib import Path

import numpy as np
import pytest
from answered import reported, run_case
from sklearn.mixture import GaussianMixture as SklearnMixture

import em
from experiments import convergence
from experiments.answers.convergence_stopping import limits
from experiments.convergence import EXPERIMENT, Expected, Rates, Stops, two_normals
from experiments.engine.experiment import Budget
from experiments.studies.em_path import em_path
from experiments.studies.stopping_rules import RULES, Trace, held
from mixture import GaussianMixture

TINY = Budget(n_samples=500, n_simulations=1)
START = GaussianMixture([0.5, 0.5], [[-1.0], [1.0]], np.ones((2, 1, 1)))


@pytest.fixture(scope="module")
def overlapping() -> np.ndarray:
    return two_normals(1.5).draw(300, np.random.default_rng(1))[0]


@pytest.fixture(scope="module")
def stops() -> Stops:
    return run_case(EXPERIMENT, EXPERIMENT.quick, 1, "climb-1")


def rule(name: str):
    [found] = [each for each in RULES if each.name == name]
    return found


def trace_of(gains: list[float], n_samples: int = 100) -> Trace:
    values = -100.0 + np.cumsum([0.0, *gains])
    return Trace(values, np.zeros((len(values), 1)), n_samples)


def test_the_path_is_that_of_the_fit(overlapping: np.ndarray) -> None:
    fit = em.fit(overlapping, START, tolerance=0.0, max_iterations=25)
    path = em_path(overlapping, START, 25)
    np.testing.assert_allclose(path.log_likelihoods, fit.log_likelihoods, rtol=1e-13)
    np.testing.assert_allclose(path.mixture(25).means, fit.mixture.means, rtol=1e-12)
    assert path.mixture(0) == START
    assert path.n_iterations == 25


def test_scikit_learn_stops_where_its_rule_says(overlapping: np.ndarray) -> None:
    path = em_path(overlapping, START, 60)
    trace = Trace(path.log_likelihoods, convergence.parameters(path), len(overlapping))
    theirs = SklearnMixture(
        2, reg_covar=0.0, weights_init=START.weights, means_init=START.means, precisions_init=np.ones((2, 1, 1))
    ).fit(overlapping)
    assert rule("mean 10⁻³").stop(trace) == theirs.n_iter_
    np.testing.assert_allclose(theirs.means_, path.means[theirs.n_iter_], rtol=1e-9)


def test_each_rule_on_gains_made_by_hand() -> None:
    halving = trace_of([2.0 ** -(t + 1) for t in range(40)])  # what is to come is the last gain, once halved
    np.testing.assert_allclose(halving.gains_to_come[1:], halving.gains[1:], rtol=1e-6)
    assert rule("change 10⁻³").stop(halving) == 10  # 2^-10 < 1e-3 < 2^-9
    assert rule("Aitken 10⁻², once").stop(halving) == 7  # 2^-7 < 1e-2 < 2^-6
    assert rule("Aitken 10⁻², held").stop(halving) == 9
    assert rule("relative 10⁻⁵").stop(halving) == 10  # of about 99 nats
    assert rule("change 10⁻⁸").stop(trace_of([1.0, 0.5])) is None
    plateau = trace_of([1.0, 1e-4, 0.5, 0.4, 0.3])
    assert rule("change 10⁻³").stop(plateau) == 2  # fooled, as is Aitken's estimate asked once
    assert rule("Aitken 10⁻², once").stop(plateau) == 2
    assert rule("Aitken 10⁻², held").stop(plateau) is None


def test_held_asks_for_consecutive_steps() -> None:
    assert held(np.array([True, True, False, True, True, True]), 3).tolist() == [False] * 5 + [True]


def test_rate_read_from_steps_is_that_of_a_planted_contraction() -> None:
    errors = 0.9 ** np.arange(200)[:, None] * [1.0, -2.0] + 0.5 ** np.arange(200)[:, None] * [3.0, 1.0]
    assert convergence.traced_rate(errors) == pytest.approx(0.9, rel=1e-7)


def test_expected_rate_is_near_that_of_many_data() -> None:
    x, _ = two_normals(3.0).draw(200_000, np.random.default_rng(0))
    drawn = em.convergence_rate(x, convergence.optimum_near(x, two_normals(3.0)).mixture).rate
    assert convergence.expected_rate(3.0) == pytest.approx(drawn, abs=0.01)
    assert convergence.expected_rate(2.0) > convergence.expected_rate(4.0)


def test_errors_are_those_of_the_climb(stops: Stops) -> None:
    np.testing.assert_allclose(stops.path[0], [0.5, -1.0, 1.0, 1.0, 1.0])
    assert stops.best - stops.log_likelihoods[-1] < 1e-6
    assert np.abs((stops.path[-1] - stops.optimum) / stops.errors).max() < 0.01
    assert stops.rate > 0.95


def test_report_and_a_claim_that_fails(stops: Stops, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(convergence, "SEPARATIONS", (2.0, 3.0, 4.0, 6.0))
    monkeypatch.setattr(convergence, "LOCAL_ITERATIONS", 300)
    names = [case.name for case in EXPERIMENT.declared_cases(TINY)]
    rates = [run_case(EXPERIMENT, TINY, 3, name) for name in names if name.startswith("apart")]
    curve = Expected(np.array([1.0, 6.0]), np.array([0.9999, 0.2]))
    climbs = [stops] * EXPERIMENT.full.n_simulations
    report = reported(EXPERIMENT, *rates, curve, *climbs)
    assert report.passed
    rules = next(table.frame for table in report.tables if table.name == "rules")
    assert len(rules) == len(RULES) + 1
    assert rules["gap"].iloc[-1] == rules["gap"].min()
    folder = report.write(tmp_path / "convergence")
    assert {path.name for path in (folder / "figures").glob("*.png")} == {"speed.png", "stopping.png"}

    wrong = dataclasses.replace(rates[0], traced=rates[0].traced + 0.01)
    early = dataclasses.replace(stops, log_likelihoods=stops.log_likelihoods - 1e-3)
    broken = reported(EXPERIMENT, wrong, *rates[1:], curve, early, *climbs[1:])
    assert [claim.passed for claim in broken.claims] == [False, False, True]


def test_a_limit_on_iterations_is_told_where_it_comes_before_the_rule(stops: Stops) -> None:
    [limited] = [each for each in RULES if each.program.startswith("depmixS4")]
    assert limited.limit is not None
    late = dataclasses.replace(stops, stops=stops.stops | {limited.name: limited.limit + 1})
    early = dataclasses.replace(stops, stops=stops.stops | {limited.name: limited.limit})
    assert f"on 1 of 2 data sets: it ends after {limited.limit} iterations" in limits([late, early])
    assert limited.program not in limits([early])


def test_same_seed_same_numbers() -> None:
    one, other = (run_case(EXPERIMENT, TINY, 5, "apart-40-tenths") for _ in range(2))
    assert isinstance(one, Rates)
    np.testing.assert_array_equal(one.exact, other.exact)
    np.testing.assert_array_equal(one.gaps, other.gaps)


def test_data_on_which_the_climb_runs_away_are_replaced_and_counted(monkeypatch: pytest.MonkeyPatch) -> None:
    real = convergence.optimum_near
    calls = []

    def first_is_a_spike(x: np.ndarray, start: GaussianMixture) -> em.EMFit:
        calls.append(x)
        fit = real(x, start)
        return dataclasses.replace(fit, status=em.Status.SPIKE) if len(calls) == 1 else fit

    monkeypatch.setattr(convergence, "optimum_near", first_is_a_spike)
    found = convergence.rates(4.0, 300, 2, np.random.default_rng(0))
    assert (found.left_out, len(found.exact), len(calls)) == (1, 2, 3)
