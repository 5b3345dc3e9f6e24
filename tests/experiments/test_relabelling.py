"""Relabelling methods on planted permutations: the set-up, the scores by known answers, and the report."""

import dataclasses

import numpy as np
import pytest
from answered import reported, run_case

import bayesian
from bayesian.posterior import Posterior
from bayesian.relabelling.methods import METHODS
from bayesian.relabelling.sjw import LARGEST_K
from experiments.answers.relabelling_sections import LOOKS_AT, WORDS
from experiments.answers.relabelling_words import PLANTED
from experiments.engine.experiment import Budget
from experiments.figures.switching.heat_maps import heat_maps
from experiments.figures.switching.overlap import overlap
from experiments.relabelling import EXPERIMENT, error_of_means, labelled_draws, polygon, recovered

TINY = Budget(draws=20, tune=20, chains=2, n_simulations=2)
NAMES = [*(method.name for method in METHODS), PLANTED]


@pytest.fixture(scope="module")
def apart():
    return run_case(EXPERIMENT, TINY, 1, "apart-60")


@pytest.fixture(scope="module")
def close():
    return run_case(EXPERIMENT, TINY, 1, "apart-15")


def report_on(apart, close):
    """Far apart at the first three distances, close at the others; K = 2, 4, 5, 6 stand for themselves."""
    n_others = len(EXPERIMENT.declared_cases(TINY)) - 6
    return reported(EXPERIMENT, *[apart] * 3, *[close] * 3, *[apart] * n_others)


@pytest.mark.parametrize("k", [2, 3, 6])
def test_neighbours_of_the_polygon_are_as_far_apart_as_is_said(k):
    truth = polygon(k, 2.5)
    gaps = np.linalg.norm(truth.means - np.roll(truth.means, 1, axis=0), axis=1)
    np.testing.assert_allclose(gaps, 2.5)
    others = np.linalg.norm(truth.means[:, None] - truth.means, axis=2)[~np.eye(k, dtype=bool)]
    assert others.min() == pytest.approx(2.5)
    assert np.ptp(np.sort(truth.means[:, 0])) > 0.0
    assert len(np.unique(truth.means[:, 0].round(6))) == k


def test_labels_of_the_draws_are_those_of_the_prior():
    truth = polygon(3, 5.0)
    posterior = labelled_draws(truth, 5.0, TINY, np.random.default_rng(0))
    assert np.abs(posterior.means - truth.means).max() < 2.5  # nearer to their own than to any other
    with pytest.raises(ValueError, match="not exchangeable"):
        bayesian.permute_at_random(posterior, 0)


def test_recovery_counts_draws_up_to_one_common_order():
    rng = np.random.default_rng(0)
    planted = rng.permuted(np.tile(np.arange(3), (2, 50, 1)), axis=2)
    assert recovered(planted, planted) == 1.0
    assert recovered(planted[..., [2, 0, 1]], planted) == 1.0
    spoilt = planted.copy()
    spoilt[0, :10] = spoilt[0, :10][..., [1, 0, 2]]
    assert recovered(spoilt, planted) == pytest.approx(0.9)


def test_error_of_means_is_the_distance_of_averages_by_the_best_order():
    truth = polygon(2, 4.0)
    shape = (1, 10, 2)
    offset = np.array([[0.3, 0.0], [0.0, 0.4]])
    means = np.broadcast_to((truth.means + offset)[::-1], (*shape, 2))
    draws = Posterior.from_arrays(
        np.full(shape, 0.5),
        means,
        np.broadcast_to(np.eye(2), (*shape, 2, 2)),
        truth.draw(20, np.random.default_rng(0))[0],
    )
    assert error_of_means(draws, truth) == pytest.approx(np.sqrt((0.3**2 + 0.4**2) / 2))


def test_every_method_is_scored_and_finds_what_is_plain(apart, close):
    assert list(apart.scores["method"][: len(NAMES)]) == NAMES
    assert apart.scores["recovered"].min() == 1.0
    assert apart.scores.groupby("data_set")["error"].agg(np.ptp).max() < 1e-9
    assert apart.alike.to_numpy().min() == 1.0
    hard = close.scores.groupby("method")["recovered"].mean()
    assert hard[PLANTED] == 1.0 > hard["order"]
    assert close.alike.to_numpy().min() < 1.0
    np.testing.assert_allclose(close.alike, close.alike.T)


def test_the_report_says_where_any_will_do(apart, close):
    report = report_on(apart, close)
    assert report.answer.startswith(
        f"Any of {len(METHODS) - 1} methods will do for 3 components at least 3 sd apart; closer,"
    )
    assert "At 1.5 sd" in report.answer
    assert report.claims[0].passed
    assert report.claims[1].passed
    error = {picture.name: picture for picture in report.pictures}["recovery"].data["cells"]
    beyond = error[error["panel"].str.startswith("error") & (error["row"] == WORDS["order"])].set_index("column")
    mean = close.scores.groupby("method")["error"].mean()
    assert beyond.loc["1.5", "value"] == pytest.approx(mean["order"] - mean[PLANTED])
    (table,) = report.tables
    assert list(table.frame.index) == [WORDS[name] for name in NAMES[:-1]]
    assert f"refuses more than {LARGEST_K}" in report.limits
    assert set(LOOKS_AT) == set(NAMES) - {PLANTED}
    assert set(report.result["recovered"]["6"]) == set(NAMES) - {PLANTED}


def test_a_method_that_fails_where_all_is_plain_fails_the_claim(apart, close):
    scores = apart.scores.copy()
    scores.loc[scores["method"] == "pra", "recovered"] = 0.5
    report = report_on(dataclasses.replace(apart, scores=scores), close)
    assert [claim.passed for claim in report.claims[:2]] == [False, True]
    assert report.answer.startswith(
        f"For 3 components up to 6 sd apart {len(METHODS) - 1} methods are not equally good"
    )


def test_sjw_refuses_what_it_could_not_go_through():
    k = LARGEST_K + 1
    shape = (1, 8, k)
    draws = Posterior.from_arrays(
        np.full(shape, 1 / k),
        np.arange(k)[:, None] * np.ones((*shape, 1)),
        np.ones((*shape, 1, 1)),
        np.arange(20.0)[:, None],
    )
    with pytest.raises(ValueError, match="takes at most"):
        bayesian.relabel(draws, "sjw")
    assert "sjw" not in bayesian.compare_relabellings(draws).relabellings


def test_figures_show_every_number(apart, close):
    drawn = heat_maps(
        {"one": close.alike, "other": 100.0 * close.alike}, axis_names={}, decimals={"one": 2, "other": 0}
    )
    texts = [text.get_text() for text in drawn.figure.axes[0].texts]
    assert texts == [f"{value:.2f}" for value in close.alike.to_numpy().ravel()]
    np.testing.assert_allclose(drawn.data["cells"].query("panel == 'one'")["value"], close.alike.to_numpy().ravel())
    image = (
        heat_maps({"one": close.alike}, axis_names={}, decimals={"one": 2}, dark_if_large=("one",))
        .figure.axes[0]
        .images[0]
    )
    low, high = (np.mean(image.cmap(image.norm(value))[:3]) for value in (close.alike.to_numpy().min(), 1.0))
    assert low > high
    drawn = overlap({"far": (apart.means, apart.truth), "near": (close.means, close.truth)})
    assert len(drawn.data["draws"]) == apart.means[:, :, 0].size + close.means[:, :, 0].size
