"""Old Faithful: both answers, every published number, and a report with all its parts."""

import json
from dataclasses import replace

import numpy as np
import pytest
from answered import reported, run_case

import bayesian
from experiments import old_faithful
from experiments.engine.experiment import Budget
from experiments.old_faithful import COMPARISON, EXPERIMENT, FIXED_POINT
from mixture import GaussianMixture

BUDGET = Budget(draws=200, tune=300, chains=2, n_starts=4)


@pytest.fixture(scope="module")
def outcomes():
    return {case.name: run_case(EXPERIMENT, BUDGET, 3, case.name) for case in EXPERIMENT.declared_cases(BUDGET)}


@pytest.fixture(scope="module")
def report(outcomes):
    return reported(EXPERIMENT, *outcomes.values())


def test_every_published_number_is_met(report):
    assert len(report.claims) == len(old_faithful.CLAIMS) == 18
    assert [claim.statement for claim in report.claims if not claim.passed] == []


def test_a_wrong_estimate_fails_its_claim(outcomes):
    settled = outcomes[FIXED_POINT]
    moved = GaussianMixture(settled.weights, settled.means + [0.0, 1e-5], settled.covariances, settled.structure)
    short = replace(outcomes["em-tied"], log_likelihood=outcomes["em-tied"].log_likelihood - 1e-3)
    wrong = reported(EXPERIMENT, *{**outcomes, FIXED_POINT: moved, "em-tied": short}.values())
    failed = {claim.statement for claim in wrong.claims if not claim.passed}
    assert failed == {"log-likelihood of tied", "mean of waiting, component 1", "mean of waiting, component 2"}


def test_em_and_the_posterior_agree(outcomes, report):
    comparison = outcomes[COMPARISON]
    table = {table.name: table for table in report.tables}["comparison"].frame
    assert len(comparison.subject.points) == old_faithful.N_POINTS
    assert comparison.criteria.n_parameters == old_faithful.N_PARAMETERS
    assert len(table) == 2 + 4 + 4 + 2  # weights, means, sds, correlations
    assert table["(mean − EM)/sd"].abs().max() < 1.0
    assert table["sd/SE"].astype(float).between(0.8, 1.25).all()
    assert comparison.diagnosis.verdict in (bayesian.Verdict.SWITCHING_ONLY, bayesian.Verdict.NO_SWITCHING)
    assert "Dirichlet(1)" in report.sections[2].blocks[0]
    assert "InverseWishart" in report.sections[2].blocks[0]


def test_the_report_is_written_with_every_part(outcomes, report, tmp_path):
    comparison = outcomes[COMPARISON]
    folder = report.write(tmp_path / "old_faithful")
    for name in ("report.html", "report.md", "results.json", "posterior.nc"):
        assert (folder / name).stat().st_size > 1000
    drawn = {"prior", "data", "ascent", "traces", "marginals", "predictive", "disagreements", "coclustering"}
    assert {picture.name for picture in report.pictures} == {*drawn, "labellings"}
    for picture in report.pictures:
        for suffix in ("svg", "pdf", "png"):
            assert (folder / "figures" / f"{picture.name}.{suffix}").exists()
    assert (folder / "tables" / "comparison.tex").exists()
    stored = json.loads((folder / "results.json").read_text())
    assert stored["passed"] is True
    mixture = GaussianMixture.from_dict(stored["result"]["em"]["mixture"])
    assert mixture == comparison.best
    posterior = bayesian.Posterior.load(folder / "posterior.nc")
    np.testing.assert_array_equal(posterior.means, comparison.posterior.means)
