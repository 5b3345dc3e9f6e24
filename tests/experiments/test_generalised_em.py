"""M steps that do not maximise: derivatives of Q, ascent, one fixed point, and what the report makes of climbs."""

import dataclasses

import numpy as np
import pytest
from answered import reported

import em
from em.moves import EM, AcceleratedEM, GeneralisedEM
from experiments.answers.generalised_em import FULL, NEWTON, ONE
from experiments.generalised_em import EXPERIMENT, WAYS
from experiments.studies.climbs import CLOSE, SAME, Climbs, alternating_starts, climb_all
from experiments.studies.q_steps import QStep, derivatives, newton_direction
from mixture.covariance import FAMILIES, Covariance

ITERATIVE = [family for family in FAMILIES if family.iterative]


def points(d: int = 2) -> np.ndarray:
    rng = np.random.default_rng(0)
    wide = rng.standard_normal((60, d)) * np.linspace(1.0, 2.0, d)
    return np.concatenate([wide, 0.6 * rng.standard_normal((50, d)) @ np.tri(d) + 3.0])


def start_of(family: Covariance, d: int = 2):
    return em.kmeans_plus_plus(points(d), 2, structure=family.name, rng=1)


@pytest.mark.parametrize("family", ITERATIVE, ids=lambda family: family.mclust)
def test_derivatives_are_those_of_q(family: Covariance) -> None:
    start = start_of(family, 3)
    statistics = em.e_step(points(3), start)
    counts, scatter = statistics.counts, statistics.centred
    gradient, hessian = derivatives(family, counts, scatter, start.covariances)

    def q(theta: np.ndarray) -> float:
        return family.expected_log_likelihood(counts, scatter, family.retract(start.covariances, theta, 2, 3))

    unit, h = np.eye(len(gradient)), 1e-5
    np.testing.assert_allclose(gradient, [(q(h * e) - q(-h * e)) / (2.0 * h) for e in unit], atol=1e-5)
    h = 1e-3
    numeric = [
        [(q(h * (a + b)) - q(h * (a - b)) - q(h * (b - a)) + q(-h * (a + b))) / (4.0 * h * h) for a in unit]
        for b in unit
    ]
    np.testing.assert_allclose(hessian, numeric, atol=1e-4 * np.abs(hessian).max())
    assert gradient @ newton_direction(gradient, hessian) > 0.0


@pytest.mark.parametrize("family", ITERATIVE, ids=lambda family: family.mclust)
@pytest.mark.parametrize("move", [GeneralisedEM(), QStep("newton"), QStep("gradient")], ids=str)
def test_partial_m_steps_ascend_and_end_where_em_does_not_move(family: Covariance, move) -> None:
    x = points()
    fit = em.fit(x, start_of(family), move=move, max_iterations=40, threads=1)
    assert np.diff(fit.values).min() > -1e-9
    assert fit.log_likelihood > fit.log_likelihoods[0] + 1.0
    if fit.status is em.Status.CONVERGED:
        assert em.fit(x, fit.mixture, threads=1).log_likelihood - fit.log_likelihood < 1e-4


def test_climbs_count_passes_to_the_best_end_of_their_optimum() -> None:
    x = points()
    starts = alternating_starts(x, 2, "full", 3, np.random.default_rng(1))
    found = climb_all(x, starts, {"EM": EM(), "short": GeneralisedEM()}, exact_rate=True)
    for name, move in (("EM", EM()), ("short", GeneralisedEM())):
        for start, ended in zip(starts, found.ended[name], strict=True):
            fit = em.fit(x, start, move=move, tolerance=1e-9, threads=1)
            same = [
                e.log_likelihood
                for c in found.ended.values()
                for e in c
                if abs(e.log_likelihood - fit.log_likelihood) < SAME
            ]
            assert ended.gap == max(same) - fit.log_likelihood
            reached = [p for p, v in zip(fit.passes, fit.values, strict=True) if v >= max(same) - CLOSE]
            assert ended.arrival == int(reached[0])
            assert 0.0 < ended.seconds_to_arrive <= ended.seconds
    assert found.best == max(e.log_likelihood for climbs in found.ended.values() for e in climbs)
    top = max((em.fit(x, start, threads=1) for start in starts), key=lambda fit: fit.log_likelihood)
    assert found.rate == pytest.approx(em.convergence_rate(x, top.mixture).rate, abs=1e-3)
    np.testing.assert_allclose(found.traces["EM"][0, 0], 1.0)


def test_traces_begin_at_one_point_and_are_measured_from_one_optimum() -> None:
    x = points()
    starts = alternating_starts(x, 3, "full", 3, np.random.default_rng(1))
    ways = {"EM": EM(), "accelerated": AcceleratedEM(), "short": GeneralisedEM()}
    found = climb_all(x, starts, ways)
    assert (found.n_points, found.n_features, found.n_components) == (110, 2, 3)
    first = [trace[0].tolist() for trace in found.traces.values()]
    assert first == [first[0]] * len(first)
    tops = [max(fit.log_likelihood for fit in fits) for fits in zip(*found.ended.values(), strict=True)]
    values = [start.log_likelihood(x) for start in starts]
    assert min(abs(top - value - first[0][1]) for top, value in zip(tops, values, strict=True)) < 1e-6


@pytest.fixture(scope="module")
def found() -> Climbs:
    x = points()
    starts = alternating_starts(x, 2, "VVE", 2, np.random.default_rng(1))
    return climb_all(x, starts, WAYS, max_iterations=60, exact_rate=True)


def test_report_on_climbs(found: Climbs) -> None:
    report = reported(EXPERIMENT, *[found] * 10)
    table = next(table.frame for table in report.tables if table.name == "ways")
    assert len(table) == 10 * len(WAYS)
    assert report.answer.startswith("Any step that raises")
    assert [claim.passed for claim in report.claims[:2]] == [True, True]


def test_a_worse_end_and_a_fall_fail_their_claims(found: Climbs) -> None:
    lower = [dataclasses.replace(end, log_likelihood=end.log_likelihood - 1.0, fall=0.1) for end in found.ended[ONE]]
    worse = dataclasses.replace(found, ended={**found.ended, ONE: lower})
    report = reported(EXPERIMENT, worse, *[found] * 9)
    assert [claim.passed for claim in report.claims[:2]] == [False, False]
    assert {FULL, ONE, NEWTON} <= set(WAYS)
