"""The thyroid data: both published sides, with Monte Carlo errors from chains that know nothing of each other."""

from dataclasses import replace

import numpy as np
import pytest
from answered import reported, run_case

from experiments.comparing.known_groups import KnownGroups
from experiments.data.datasets import load
from experiments.engine.experiment import Budget
from experiments.thyroid import CHOICE, CLAIMS, EXPERIMENT, Chain
from mixture import GaussianMixture

BUDGET = Budget(draws=20, tune=20, chains=2, n_starts=2)


def chains(*weights, filled=3, astray=0):
    """One chain for each triple of weights, with the diagnoses but for some patients as the partition of every draw."""
    labels = np.unique(load("thyroid").groups(), return_inverse=True)[1]
    labels = np.where(np.arange(len(labels)) < astray, (labels + 1) % 3, labels)
    return [
        Chain(np.full(20, filled), np.tile(triple, (20 if filled == 3 else 0, 1)), np.tile(labels, (5, 1)), labels)
        for triple in weights
    ]


@pytest.fixture(scope="module")
def fits():
    return run_case(EXPERIMENT, BUDGET, 3, CHOICE)


def report_of(fits, made):
    count = len(EXPERIMENT.declared_cases(EXPERIMENT.full)) - 1
    return reported(EXPERIMENT, fits, *(made[i % len(made)] for i in range(count)))


def test_the_published_fit_is_met(fits):
    report = report_of(fits, chains([0.126, 0.172, 0.702], astray=6))
    claims = {claim.statement: claim for claim in report.claims}
    assert claims[CLAIMS["bic"].statement].passed
    assert claims[CLAIMS["em rand"].statement].passed
    assert all(claims[CLAIMS[name].statement].passed for name in ("filled", "smallest", "middle", "largest"))


def test_weights_and_their_errors_are_those_of_the_chains(fits):
    report = report_of(fits, chains([0.12, 0.18, 0.70], [0.14, 0.16, 0.70]))
    claims = {claim.statement: claim for claim in report.claims}
    smallest = claims[CLAIMS["smallest"].statement]
    n_chains = EXPERIMENT.full.chains
    assert smallest.ours == pytest.approx(0.13)
    assert smallest.error == pytest.approx(0.01 * np.sqrt(n_chains / (n_chains - 1)) / np.sqrt(n_chains))
    assert claims[CLAIMS["largest"].statement].error == pytest.approx(0.0, abs=1e-12)
    assert claims[CLAIMS["rand"].statement].ours == 1.0  # the diagnoses themselves
    assert not claims[CLAIMS["rand"].statement].passed  # and so not what is published


def test_a_chain_that_never_fills_three_takes_no_part_in_the_weights_nor_in_their_errors(fits):
    few = Budget(draws=20, tune=20, chains=3, n_starts=2)
    three = chains([0.12, 0.18, 0.70], [0.14, 0.16, 0.70])
    (four,) = chains([0.1, 0.2, 0.7], filled=4)
    report = reported(replace(EXPERIMENT, full=few), fits, *three, four)
    smallest = next(claim for claim in report.claims if claim.statement == CLAIMS["smallest"].statement)
    assert smallest.ours == pytest.approx(0.13)
    assert smallest.error == pytest.approx(np.std([0.12, 0.14], ddof=1) / np.sqrt(2))
    assert "1 of 3 chains fills 4" in report.answer
    assert "each in every draw" in report.answer


def test_components_beyond_the_groups_are_told_by_the_diagnosis_they_split(fits):
    data = load("thyroid")
    points, diagnoses = data.points(), KnownGroups.of(data.groups())
    parts = np.where(diagnoses.labels == 2, 2 + (np.arange(len(points)) % 2), diagnoses.labels)
    shares = np.array([(parts == k).mean() for k in range(4)])
    mixture = GaussianMixture(
        shares,
        np.stack([points[parts == k].mean(axis=0) for k in range(4)]),
        np.stack([points[parts == k].var(axis=0) for k in range(4)]),
        "diag",
    )
    report = report_of(replace(fits, preferred=mixture), chains([0.126, 0.172, 0.702]))
    told = " ".join(block for section in report.sections for block in section.blocks if isinstance(block, str))
    assert f"2 components with mostly {diagnoses.names[2]} patients" in told


def test_chains_that_fill_another_number_fail(fits):
    report = report_of(fits, chains([0.1, 0.2, 0.7], filled=4))
    assert not report.passed
    assert "does not find" in report.answer
    assert {claim.statement for claim in report.claims if not claim.passed} >= {
        CLAIMS[name].statement for name in ("filled", "smallest", "middle", "largest")
    }


def test_a_chain_is_a_case_with_allocations_of_every_patient():
    chain = run_case(EXPERIMENT, replace(BUDGET, tune=50), 3, "chain-2")
    assert chain.filled.shape == (20,)
    assert chain.drawn.shape == (20, 215)
    assert (chain.filled == [len(np.unique(labels)) for labels in chain.drawn]).all()
