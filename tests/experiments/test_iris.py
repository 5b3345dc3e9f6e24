"""The irises: the referee's scores, two published BIC, and answers that follow the outcomes."""

from dataclasses import replace

import numpy as np
import pytest
from answered import reported, run_case

from experiments.answers.iris import SPECIES
from experiments.comparing.known_groups import KnownGroups
from experiments.data.datasets import load
from experiments.engine.experiment import Budget
from experiments.iris import CHOICE, EXPERIMENT, FEATURES, SPARSE
from experiments.reporting.sentences import first_sentence

BUDGET = Budget(draws=60, tune=120, chains=2, n_starts=4)


@pytest.fixture(scope="module")
def outcomes():
    return {case.name: run_case(EXPERIMENT, BUDGET, 3, case.name) for case in EXPERIMENT.declared_cases(BUDGET)}


@pytest.mark.slow
def test_the_published_criteria_are_met_and_the_species_judge(outcomes):
    report = reported(EXPERIMENT, *outcomes.values())
    assert report.passed
    referee = {table.name: table.frame for table in report.tables}["referee"].set_index("partition")
    assert referee.loc["EM", "points astray"] == 5
    counts = {picture.name: picture for picture in report.pictures}["groups"].data["counts"]
    assert counts.groupby("partition")[["cluster 1", "cluster 2", "cluster 3"]].sum().sum(axis=1).tolist() == [150, 150]
    assert "BIC prefers 2 components (VEV)" in report.answer
    assert first_sentence(report.answer).startswith("2 clusters by BIC (0.82 ahead of 3)")
    assert "EM puts 5 of 150 flowers with another species" in first_sentence(report.answer)


@pytest.mark.slow
def test_what_the_prior_adds_to_the_spread_of_setosa_is_its_conjugate_update(outcomes):
    report = reported(EXPERIMENT, *outcomes.values())
    frame = {table.name: table.frame for table in report.tables}["setosa"].set_index(["kind", "feature"])
    of_length = frame.loc[("sd", "Petal.Length (cm)")]
    x = load("iris").points()[:50, 2]  # allocated to setosa with certainty
    squares, psi = ((x - x.mean()) ** 2).sum(), load("iris").points()[:, 2].var() / SPECIES ** (2.0 / FEATURES)
    assert of_length["prior's share"] == pytest.approx(psi / (psi + squares), rel=1e-3)
    freedom = FEATURES + 2 + len(x) - FEATURES - 1
    assert of_length["EM with the prior"] == pytest.approx(np.sqrt((psi + squares) / freedom), rel=1e-3)
    assert of_length["posterior mean"] == pytest.approx(of_length["EM with the prior"], rel=0.1)


def test_what_is_declared_of_the_data_is_so():
    assert load("iris").points().shape[1] == FEATURES
    assert len(set(load("iris").groups())) == SPECIES


@pytest.mark.slow
def test_a_worse_fit_fails_and_the_words_follow_the_draws(outcomes):
    chosen = outcomes[CHOICE]
    models = chosen.models.assign(bic=chosen.models["bic"] + 1.0)
    filled = replace(outcomes[SPARSE], n_components=np.full((2, 60), 3))
    report = reported(EXPERIMENT, *{**outcomes, CHOICE: replace(chosen, models=models), SPARSE: filled}.values())
    assert [claim.passed for claim in report.claims] == [False, False]
    assert "the sparse posterior fills 3 with probability 1.00" in report.answer


def test_the_referee_matches_clusters_with_groups_one_to_one():
    species = KnownGroups.of(load("iris").groups())
    assert species.names == ("setosa", "versicolor", "virginica")
    truth = species.labels
    shuffled = np.array([2, 0, 1])[truth]
    assert (species.rand(shuffled), species.astray(shuffled)) == (1.0, 0)
    shuffled[[0, 60]] = shuffled[140]
    assert species.astray(shuffled) == 2
    two = np.where(truth == 0, 0, 1)
    assert species.astray(two) == 50
    four = np.where(np.arange(150) < 10, 3, truth)
    assert species.astray(four) == 10
