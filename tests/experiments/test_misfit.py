"""The judgement of the predictive check, against binomial probabilities; and bins that hold whole steps of rounding."""

import numpy as np
import pandas as pd
import pytest
from scipy import stats

from bayesian import Posterior
from experiments.comparing.misfit import in_words, misfits
from experiments.figures.comparison.predictive import bin_edges
from experiments.figures.comparison.separation import parting_features

N = 40
POSTERIOR = Posterior.from_arrays(
    np.ones((1, 2000, 1)), np.zeros((1, 2000, 1, 2)), np.tile(np.eye(2), (1, 2000, 1, 1, 1)), np.zeros((N, 2))
)
"""Draws that all are the standard normal distribution."""


def histograms(first, second):
    """Two features of three bins, one of them negative, each with a band of 14 to 26 for the first two."""
    bins = {"left": [-9.0, 0.0, 9.0], "right": [0.0, 9.0, 10.0], "90% band lower": [14.0, 14.0, 0.0]}
    bins |= {"90% band upper": [26.0, 26.0, 0.0]}
    return pd.concat(
        [pd.DataFrame({"feature": name, "points": n, **bins}) for name, n in (("a-b", first), ("c", second))]
    )


def test_bins_outside_are_counted_and_judged():
    found = misfits(POSTERIOR, histograms([20, 20, 0], [33, 6, 1]), 0.9)
    outside = 1.0 - (stats.binom.cdf(26, N, 0.5) - stats.binom.cdf(13, N, 0.5))
    assert [one.n_outside for one in found] == [0, 3]
    assert found[0].expected == pytest.approx(2.0 * outside, abs=0.05)
    assert (found[0].probability, found[1].probability) == (1.0, 0.0)
    words = in_words(found, 0.9)
    assert "0 of 3 for a-b" in words
    assert "3 of 3 for c" in words
    assert "more than expected, by a limit of 5% for each feature, for c." in words
    assert "too few points between 0 and 9 (6, band 14 to 26)" in words
    assert "too many points between −9 and 0 (33, band 14 to 26)" in words
    assert "a-b: " not in words
    calm = in_words(misfits(POSTERIOR, histograms([20, 20, 0], [20, 20, 0]), 0.9), 0.9)
    assert "no more than expected of any feature" in calm


def test_bins_of_rounded_values_hold_whole_steps():
    values = np.round(np.random.default_rng(0).normal(5.0, 0.8, 150), 1)
    edges = bin_edges(values)
    width = (edges[1] - edges[0]) / 0.1
    assert width == pytest.approx(round(width))
    assert np.histogram(values, edges)[0].sum() == len(values)
    assert np.abs(values[:, None] - edges).min() == pytest.approx(0.05)
    smooth = np.random.default_rng(0).normal(size=80)
    assert (bin_edges(smooth)[0], bin_edges(smooth)[-1]) == (smooth.min(), smooth.max())


def test_the_features_that_part_groups_best():
    rng = np.random.default_rng(1)
    labels = np.repeat([0, 1], 30)
    data = rng.normal(size=(60, 4)) + np.outer(labels, [0.0, 9.0, 1.0, 5.0])
    assert parting_features(data, labels) == [1, 3]
    assert parting_features(data, np.zeros(60, dtype=np.int64)) == [0, 1]
