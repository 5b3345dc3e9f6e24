"""Choosing among models where cells are missing: each row counts by its observed cells."""

import math

import numpy as np
import pytest
from scipy.stats import multivariate_normal
from support import read_columns

import em


def holed(n=60):
    x = read_columns("faithful")[:n]
    x[::5, 0] = np.nan
    x[3::7, 1] = np.nan
    return x[~np.isnan(x).all(axis=1)]


def observed_log_likelihood(x, mixture):
    total = 0.0
    for row in x:
        seen = ~np.isnan(row)
        densities = [
            weight * multivariate_normal(mean[seen], covariance[np.ix_(seen, seen)]).pdf(row[seen])
            for weight, mean, covariance in zip(mixture.weights, mixture.means, mixture.dense_covariances, strict=True)
        ]
        total += math.log(sum(densities))
    return total


def test_criteria_are_of_the_observed_cells_and_count_every_row():
    x = holed()
    mixture = em.fit_best(x, 2, n_starts=2, rng=1, missing=True).best.mixture
    found = em.criteria(x, mixture, missing=True)
    assert found.log_likelihood == pytest.approx(observed_log_likelihood(x, mixture), rel=1e-12)
    assert found.n_samples == len(x)
    assert found.bic == pytest.approx(-2.0 * found.log_likelihood + 11 * math.log(len(x)))
    assert found.icl >= found.bic


def test_complete_data_give_the_same_whether_or_not_cells_may_be_missing():
    x = read_columns("faithful")[:60]
    plain, perhaps = (em.choose(x, [1, 2], ["full"], rng=1, n_starts=2, missing=flag) for flag in (False, True))
    assert [cell.criteria for cell in plain.cells] == [cell.criteria for cell in perhaps.cells]


def test_models_are_chosen_and_nest():
    choice = em.choose(holed(), [1, 2], ["diag", "full"], rng=1, n_starts=2, missing=True)
    height = {(cell.structure, cell.n_components): cell.criteria.log_likelihood for cell in choice.cells}
    assert height["full", 2] >= height["diag", 2] - 1e-6
    assert height["full", 2] >= height["full", 1]
    assert choice.best.n_components == 2
    assert "missing" in choice.notes[0]


def test_a_prior_is_refused_and_so_is_nan_unasked():
    with pytest.raises(ValueError, match="prior is not taken"):
        em.choose(holed(), 2, "full", missing=True, prior=True)
    with pytest.raises(ValueError, match="NaN"):
        em.choose(holed(), 2, "full")
