"""Label switching: points at quantiles, the two patterns, labellings of planted copies, switches, and the report."""

import dataclasses

import numpy as np
import pandas as pd
import pytest
from answered import reported, run_case
from scipy.stats import norm

from experiments import label_switching
from experiments.answers.label_switching_words import r_hat_error
from experiments.engine.experiment import Budget
from experiments.figures.switching.label_clouds import LAYERS, label_clouds
from experiments.figures.switching.label_orderings import label_orderings
from experiments.figures.switching.switch_rates import switch_rates
from experiments.label_switching import BETANCOURT, EXPERIMENT, LABELLINGS, SEPARATIONS, at_quantiles, separated

TINY = Budget(draws=60, tune=300, chains=4, n_samples=600)


@pytest.fixture(scope="module")
def outcomes():
    """Every case on a tiny budget, on points at quantiles; switches by NUTS are taken from Gibbs, so that one model
    is compiled.
    """
    names = [case.name for case in EXPERIMENT.declared_cases(TINY)]
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(label_switching.Posteriordb, "of", lambda _: None)
        found = {name: run_case(EXPERIMENT, TINY, 1, name) for name in names if name != "switches-nuts"}
    return {name: found.get(name, found["switches-gibbs"]) for name in names}


@pytest.fixture(scope="module")
def report(outcomes):
    return reported(EXPERIMENT, *outcomes.values())


def test_points_at_quantiles_have_the_moments_and_the_quantiles_of_the_mixture():
    x = at_quantiles(BETANCOURT, 4000)[:, 0]
    assert x.mean() == pytest.approx(BETANCOURT.weights @ BETANCOURT.means[:, 0], abs=1e-3)
    assert (x < 0.0).mean() == pytest.approx(BETANCOURT.weights @ norm.cdf(0.0, BETANCOURT.means[:, 0]), abs=1e-3)
    assert (np.diff(x) > 0.0).all()
    two = separated(3.0)
    assert np.diff(two.means[:, 0]) == 3.0
    np.testing.assert_allclose(at_quantiles(two, 10), -at_quantiles(two, 10)[::-1], atol=1e-6)


def test_the_patterns_differ_in_the_log_density_alone(outcomes):
    for name in label_switching.PATTERNS:
        assert outcomes[name].raw.loc["means[0, 0]", "r_hat_split"] > 2.0
    exchangeable, asymmetric = (outcomes[name] for name in label_switching.PATTERNS)
    assert exchangeable.label_free.loc["log_posterior", "r_hat_split"] < 1.2
    assert asymmetric.label_free.loc["log_posterior", "r_hat_split"] > 2.0
    assert exchangeable.relabelled.loc["means[0, 0]", "r_hat_split"] < 1.2
    assert asymmetric.verdict == "different modes"
    assert asymmetric.mixed is None
    assert exchangeable.mixed_raw["r_hat_split"].max() < 1.2
    firsts = [a[0] for a in np.unique(exchangeable.orders[:, :, 0], axis=1).tolist()]
    assert firsts in ([0, 0, 0, 1], [1, 1, 1, 0])  # one chain alone in its labelling, and each stays


def test_each_parameter_names_what_it_tells_apart_and_ecr_both(outcomes):
    close, galaxies = outcomes["close-means"], outcomes["galaxies"]
    assert close.alike["by sd"] > 0.99 > close.alike["by mean"]
    assert galaxies.alike["by mean"] > 0.9 > galaxies.alike["by sd"]
    for found in (close, galaxies):
        assert min(found.alike["ECR"], found.alike["Stephens"]) > 0.95
        assert list(found.means) == list(LABELLINGS)
        total = found.mixed[0].sum(axis=1)
        for means in found.means.values():  # a labelling permutes, and changes nothing else
            np.testing.assert_allclose(means.sum(axis=1), total)
        gaps = {name: np.ptp(means.mean(axis=0)) for name, means in found.means.items()}
        assert max(gaps, key=lambda name: gaps[name]) == "by mean"  # E max - E min is the largest of all labellings


def test_switches_become_rare_and_random_permutations_leave_none_out(outcomes):
    rates = outcomes["switches-gibbs"].rates
    assert rates.shape == (len(SEPARATIONS), TINY.chains)
    assert rates[0].mean() > rates[-1].mean() == 0.0
    permuted = outcomes["switches-permuted"].rates
    error = 500.0 / np.sqrt(permuted.size * (outcomes["switches-permuted"].n_draws - 1))
    assert abs(permuted.mean() - 500.0) < 4.5 * error


def test_the_report_holds_its_claims_on_what_labels_do(report):
    claims = {claim.statement: claim for claim in report.claims}
    assert set(claims) == {claim.statement for claim in EXPERIMENT.claims.values() if not claim.optional}
    assert claims[EXPERIMENT.claims["asymmetric density"].statement].passed
    assert report.answer.startswith("The posterior has K! equal copies, one for each naming of the components: only")
    assert "verdict: different modes" in report.answer
    assert "weight on none." in report.answer
    tables = {table.name: table.frame for table in report.tables}
    assert list(tables) == ["r-hat", "means-by-labelling", "switch-rates"]
    assert len(tables["means-by-labelling"]) == 2 * (1 + len(LABELLINGS))
    assert [picture.name for picture in report.pictures] == ["traces", "clouds", "orderings", "switches"]


def test_chains_that_disagree_in_the_log_density_fail_its_claim(outcomes):
    changed = dataclasses.replace(outcomes["exchangeable"], label_free=outcomes["asymmetric"].label_free)
    failing = reported(EXPERIMENT, *{**outcomes, "exchangeable": changed}.values())
    failed = [claim.statement for claim in failing.claims if not claim.passed]
    assert EXPERIMENT.claims["exchangeable density"].statement in failed


def test_on_the_case_studys_points_its_values_are_held_against_ours(outcomes):
    named = {name: outcomes[name] for name in label_switching.PATTERNS}
    theirs = {name: dataclasses.replace(found, published=True) for name, found in named.items()}
    report = reported(EXPERIMENT, *{**outcomes, **theirs}.values())
    claims = {claim.statement: claim for claim in report.claims}
    assert set(claims) == {claim.statement for claim in EXPERIMENT.claims.values()}
    claim = claims[EXPERIMENT.claims["asymmetric mean 2"].statement]
    assert claim.ours == named["asymmetric"].raw.loc["means[1, 0]", "r_hat_split"]
    assert not claim.passed  # fewer points leave the means wider, and R-hat smaller


def test_the_error_of_r_hat_is_that_of_many_runs_far_apart():
    rng = np.random.default_rng(0)
    halves = rng.normal(size=(2000, 8, 100)) + 50.0 * np.repeat([0.0, 1.0], [6, 2])[:, None]
    found = np.sqrt(halves.mean(axis=2).var(axis=1, ddof=1) / halves.var(axis=2, ddof=1).mean(axis=1))
    assert found.std() == pytest.approx(r_hat_error(found.mean(), "mean 1", 800), rel=0.1)


def test_a_verdict_that_more_than_labels_differ_is_told(outcomes):
    changed = dataclasses.replace(outcomes["exchangeable"], verdict="not converged")
    told = reported(EXPERIMENT, *{**outcomes, "exchangeable": changed}.values())
    assert "chains differ in more than names" in told.answer


def test_figures_hold_the_numbers_they_draw():
    rng = np.random.default_rng(0)
    means, weights = rng.normal(size=(50, 2)), rng.dirichlet([1.0, 1.0], 50)
    drawn = label_clouds({"one": (means, weights), "other": (means, weights)}, "mean")
    assert len(drawn.figure.axes[0].lines) == 2 * LAYERS
    np.testing.assert_array_equal(drawn.data["clouds"].query("labels == 'one' and component == 2")["mean"], means[:, 1])
    drawn = label_orderings({"d": {"by mean": np.sort(means, axis=1)}}, {"d": np.array([-1.0, 1.0])}, {"d": "mean"})
    table = drawn.data["marginals"].query("component == 1")
    mass = (table["density"] * (table["right"] - table["left"])).sum()
    assert 0.95 < mass <= 1.0


def test_switches_that_were_all_seen_leave_the_layout_alone():
    rates = pd.DataFrame({"sampler": "a", "separation": [1.0, 2.0], "switches": [80.0, 20.0], "error": [1.0, 1.0]})
    drawn = switch_rates(rates, 500.0, {"a": 0.1})
    assert all(len(line.get_xdata()) for line in drawn.figure.axes[0].lines)
