"""The galaxies: two versions that differ in one value, and maxima that are bounds from below."""

import numpy as np
import pytest
from answered import reported, run_case

from experiments.engine.experiment import Budget
from experiments.galaxies import EXPERIMENT, HIGHEST, N_POINTS, PLACE, SHORT, VERSIONS

BUDGET = Budget(draws=100, tune=200, chains=2, n_starts=6)


@pytest.fixture(scope="module")
def outcomes():
    return {case.name: run_case(EXPERIMENT, BUDGET, 3, case.name) for case in EXPERIMENT.declared_cases(BUDGET)}


def test_both_versions_are_fitted_and_the_highest_optima_found(outcomes):
    first, second = (outcomes[version] for version in VERSIONS)
    moved = np.flatnonzero(first.subject.points[:, 0] != second.subject.points[:, 0])
    assert moved.tolist() == [PLACE - 1]
    assert [f"{c.subject.points[PLACE - 1, 0]:.3f}" for c in (first, second)] == [SHORT[v].split()[0] for v in VERSIONS]
    assert len(first.subject.points) == len(second.subject.points) == N_POINTS
    assert first.restarts.best.log_likelihood == pytest.approx(outcomes["em-3"], abs=1e-4)
    report = reported(EXPERIMENT, *outcomes.values())
    assert report.passed
    versions = {table.name: table.frame for table in report.tables}["versions"]
    assert len(versions) == 9  # three weights, means and sds
    assert versions["EM, 26.690"].tolist() != versions["EM, 26.960"].tolist()
    assert set(report.result["versions"]) == set(VERSIONS)


def test_a_lower_maximum_fails_and_a_higher_one_does_not(outcomes):
    lower = reported(EXPERIMENT, *{**outcomes, "em-4": HIGHEST[4] - 0.01}.values())
    assert [claim.statement for claim in lower.claims if not claim.passed] == ["log-likelihood, K = 4"]
    assert reported(EXPERIMENT, *{**outcomes, "em-4": HIGHEST[4] + 1.0}.values()).passed
