"""The diagnosis in a report: what it says of labels, superchains and EM's optima, and the figure, by what they show."""

from types import SimpleNamespace

import numpy as np
import pytest

import bayesian
import em
from bayesian.diagnosis.superchains import with_superchains
from experiments.comparing.comparison import Subject
from experiments.comparing.optima import HOPELESS, chain_optima, optima_visited
from experiments.comparing.sections.diagnosis import diagnosis_blocks, references
from experiments.figures.comparison.labellings import labellings
from experiments.reporting.report import Picture, Table
from mixture import GaussianMixture

RNG = np.random.default_rng(0)
X = np.concatenate([RNG.normal(-3.0, 1.0, 40), RNG.normal(3.0, 1.0, 40)])[:, None]


@pytest.fixture(scope="module")
def restarts():
    return em.fit_best(X, 2, n_starts=3, rng=0)


def comparison_of(restarts, swapped=(1, 3)):
    """Draws about EM's optimum in four chains, labels swapped in some of them, chains started at two optima in turn."""
    best = restarts.best.mixture
    shape = (4, 40, 2, 1)
    means = best.means + 0.1 * RNG.normal(size=shape)
    covariances = best.covariances * np.exp(0.05 * RNG.normal(size=(*shape, 1)))
    posterior = bayesian.Posterior.from_arrays(np.broadcast_to(best.weights, shape[:3]), means, covariances, X)
    orders = np.tile([0, 1], (4, 40, 1))
    orders[list(swapped)] = [1, 0]
    posterior = with_superchains(posterior.permute(orders), [0, 1, 0, 1])
    other = GaussianMixture([0.5, 0.5], [[0.0], [0.0]], [[[1.0]], [[20.0]]])
    visited = optima_visited(posterior, [best, other], np.array([0, 1, 0, 1]), restarts)
    diagnosis = bayesian.diagnose(posterior, bayesian.relabel(posterior, "order"), visited=visited)
    return SimpleNamespace(best=best, diagnosis=diagnosis, subject=Subject.of_array(X, ["length (cm)"]))


def test_labels_superchains_and_optima_are_told(restarts):
    comparison = comparison_of(restarts)
    blocks = diagnosis_blocks(comparison)
    text = " ".join(block for block in blocks if isinstance(block, str))
    assert "2 of 2 labellings visited, 0 by no chain" in text
    worst = comparison.diagnosis.nested["r_hat_nested"].max()
    assert f"at most {worst:.3f}" in text
    assert "left while tuning by every chain that began there: 2" in text
    (table,) = (block for block in blocks if isinstance(block, Table))
    assert table.frame["chains started"].tolist() == [2, 2]
    assert table.frame["of them left"].tolist() == [0, 2]
    assert table.frame["share of draws"].tolist() == [1.0, 0.0]
    assert [block.name for block in blocks if isinstance(block, Picture)] == ["labellings"]
    assert references(comparison)


def test_one_component_and_unknown_starts_leave_little_to_say():
    posterior = bayesian.Posterior.from_arrays(
        np.ones((2, 20, 1)), RNG.normal(size=(2, 20, 1, 1)), np.ones((2, 20, 1, 1, 1)), X
    )
    diagnosis = bayesian.diagnose(posterior, bayesian.relabel(posterior, "order"))
    comparison = SimpleNamespace(best=posterior.mixture(0, 0), diagnosis=diagnosis, subject=None)
    assert diagnosis_blocks(comparison) == []
    assert not references(comparison)


def test_the_figure_shows_the_copy_and_the_log_likelihood_of_each_draw(restarts):
    diagnosis = comparison_of(restarts).diagnosis
    drawn = labellings(diagnosis)
    table = drawn.data["chains"]
    by_chain = table.groupby("chain")["label copy"].unique()
    assert [copies.tolist() for copies in by_chain] == [[1], [2], [1], [2]] or [c.tolist() for c in by_chain] == [
        [2],
        [1],
        [2],
        [1],
    ]
    np.testing.assert_allclose(table["log-likelihood"], diagnosis.unlabelled["log_likelihood"].values.ravel())
    assert len(drawn.figure.axes) == 2


def test_optima_are_distinct_and_none_of_them_hopeless(restarts):
    optima = chain_optima(restarts, X)
    values = [mixture.log_likelihood(X) for mixture in optima]
    assert values == sorted(values, reverse=True)
    assert values[0] == pytest.approx(restarts.best.log_likelihood)
    assert values[-1] > values[0] - HOPELESS
    with pytest.raises(ValueError, match="whole number for each"):
        with_superchains(bayesian.Posterior.from_arrays([[[1.0]]], [[[[0.0]]]], [[[[[1.0]]]]], X), [0, 1])
