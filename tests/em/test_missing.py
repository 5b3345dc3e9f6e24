"""Missing cells: EM over the observed block of each row, against densities, closed forms and a numerical maximum."""

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.optimize import minimize
from scipy.stats import multivariate_normal
from support import STRUCTURE_NAMES, random_mixture

import em
from em.sources import Incomplete, InMemory, source_of
from em.sources import incomplete as module
from em.steps import m_step
from mixture import FAMILIES, GaussianMixture, match

EACH = pytest.mark.parametrize("structure", STRUCTURE_NAMES)


def with_gaps(x, share, rng):
    """A copy with a share of the cells missing, at least one observed in each row."""
    cells = np.array(x)
    cells[rng.random(cells.shape) < share] = np.nan
    empty = np.flatnonzero(np.isnan(cells).all(axis=1))
    kept = rng.integers(0, cells.shape[1], empty.size)
    cells[empty, kept] = x[empty, kept]
    return cells


def dense_log_joint(row, mixture):
    """log pi_k + log N(x_o | mu_o, Sigma_oo) of one row by scipy."""
    seen = np.flatnonzero(~np.isnan(row))
    return np.array(
        [
            np.log(weight) + multivariate_normal(mean[seen], covariance[np.ix_(seen, seen)]).logpdf(row[seen])
            for weight, mean, covariance in zip(mixture.weights, mixture.means, mixture.dense_covariances, strict=True)
        ]
    )


def dense_statistics(cells, mixture, weights):
    """N, S1, S2 row by row, from the conditional normal of the missing cells; and log p."""
    k, d = mixture.means.shape
    value, counts, first, second = 0.0, np.zeros(k), np.zeros((k, d)), np.zeros((k, d, d))
    for row, w in zip(cells, weights, strict=True):
        joint = dense_log_joint(row, mixture)
        log_density = np.logaddexp.reduce(joint)
        value += w * log_density
        seen = np.isfinite(row)
        for j, covariance in enumerate(mixture.dense_covariances):
            r = w * np.exp(joint[j] - log_density)
            y, left = np.where(seen, row, 0.0) - mixture.means[j], np.zeros((d, d))
            slope = covariance[~seen][:, seen] @ np.linalg.inv(covariance[seen][:, seen])
            y[~seen] = slope @ y[seen]
            left[np.ix_(~seen, ~seen)] = covariance[~seen][:, ~seen] - slope @ covariance[seen][:, ~seen]
            counts[j] += r
            first[j] += r * y
            second[j] += r * (np.outer(y, y) + left)
    return value, counts, first, second


@EACH
@pytest.mark.parametrize("weighted", [False, True])
def test_statistics_are_the_conditional_expectations_of_each_row(structure, weighted):
    rng = np.random.default_rng(0)
    mixture = random_mixture(structure, 3, 4, rng)
    cells = with_gaps(mixture.draw(150, rng)[0], 0.4, rng)
    weights = rng.random(150) if weighted else np.ones(150)
    source = Incomplete(cells, weights if weighted else None)
    found = source.statistics(mixture)
    value, counts, first, second = dense_statistics(cells, mixture, weights)
    assert found.log_likelihood == pytest.approx(value, rel=1e-11)
    if found.second.ndim == 2:
        second = np.diagonal(second, axis1=1, axis2=2)
    np.testing.assert_allclose(found.counts, counts, rtol=1e-10)
    np.testing.assert_allclose(found.first, first, rtol=1e-9, atol=1e-9)
    np.testing.assert_allclose(found.second, second, rtol=1e-9, atol=1e-9)
    if found.second.ndim == 3:
        np.testing.assert_array_equal(found.second, np.swapaxes(found.second, 1, 2))
    assert source.total_weight == pytest.approx(weights.sum())


@EACH
def test_densities_and_responsibilities_of_each_row_are_those_of_its_observed_block(structure):
    rng = np.random.default_rng(1)
    mixture = random_mixture(structure, 3, 3, rng)
    cells = with_gaps(mixture.draw(60, rng)[0], 0.4, rng)
    source = Incomplete(cells)
    joint = np.stack([dense_log_joint(row, mixture) for row in cells])
    np.testing.assert_allclose(source.log_joint(mixture), joint, rtol=1e-11, atol=1e-11)
    total = np.logaddexp.reduce(joint, axis=1)
    np.testing.assert_allclose(source.log_density(mixture), total, rtol=1e-11, atol=1e-11)
    np.testing.assert_allclose(source.responsibilities(mixture), np.exp(joint - total[:, None]), atol=1e-11)


@EACH
@pytest.mark.parametrize("d", [1, 3])
def test_nothing_missing_is_the_answer_of_complete_data(structure, d):
    rng = np.random.default_rng(2)
    mixture = random_mixture(structure, 2, d, rng)
    x, weights = mixture.draw(300, rng)[0], rng.random(300)
    assert isinstance(source_of(x, missing=True), InMemory)
    one, other = Incomplete(x, weights).statistics(mixture), InMemory(x, weights).statistics(mixture)
    assert one.log_likelihood == pytest.approx(other.log_likelihood, rel=1e-13)
    for name in ("counts", "first", "second"):
        np.testing.assert_allclose(getattr(one, name), getattr(other, name), rtol=1e-12, atol=1e-12)
    fits = [em.fit(x, mixture, weights=weights, missing=missing, max_iterations=20) for missing in (True, False)]
    np.testing.assert_array_equal(fits[0].log_likelihoods, fits[1].log_likelihoods)


@given(st.integers(0, 10_000), st.sampled_from([family.name for family in FAMILIES]), st.integers(1, 3))
@settings(max_examples=60, deadline=None)
def test_the_observed_log_likelihood_never_falls_in_any_family(seed, structure, k):
    rng = np.random.default_rng(seed)
    complete = random_mixture("full", k, 3, rng).draw(80, rng)[0]
    cells = with_gaps(complete, 0.3, rng)
    source = source_of(cells, missing=True)
    start = em.kmeans_plus_plus(source.sample(80, rng).points, k, structure=structure, rng=rng)
    fit = em.fit(cells, start, missing=True, max_iterations=30)  # raises LikelihoodFell if it falls
    assert np.isfinite(fit.log_likelihoods).all()
    assert fit.n_iterations > 0
    assert fit.log_likelihood == pytest.approx(Incomplete(cells).log_density(fit.mixture).sum(), rel=1e-10)


def test_weights_are_duplication_and_the_order_of_rows_is_none():
    rng = np.random.default_rng(3)
    mixture = random_mixture("full", 2, 3, rng)
    cells = with_gaps(mixture.draw(200, rng)[0], 0.3, rng)
    weights = rng.integers(1, 4, 200)
    order = rng.permutation(200)
    several = Incomplete(np.repeat(cells, weights, axis=0)).statistics(mixture)
    weighted = Incomplete(cells, weights).statistics(mixture)
    shuffled = Incomplete(cells[order], weights[order]).statistics(mixture)
    for other in (several, shuffled):
        assert weighted.log_likelihood == pytest.approx(other.log_likelihood, rel=1e-12)
        for name in ("counts", "first", "second"):
            np.testing.assert_allclose(getattr(weighted, name), getattr(other, name), rtol=1e-10, atol=1e-10)


def test_patterns_in_small_batches_sum_to_the_same(monkeypatch):
    rng = np.random.default_rng(4)
    mixture = random_mixture("full", 2, 5, rng)
    source = Incomplete(with_gaps(mixture.draw(300, rng)[0], 0.5, rng))
    whole = source.statistics(mixture)
    monkeypatch.setattr(module, "NUMBERS_AT_A_TIME", 1)
    parts = source.statistics(mixture)
    for name in ("log_likelihood", "counts", "first", "second"):
        np.testing.assert_allclose(getattr(parts, name), getattr(whole, name), rtol=1e-11, atol=1e-11)


@pytest.mark.parametrize("structure", ["full", "tied"])
def test_an_empty_component_takes_no_part(structure):
    rng = np.random.default_rng(5)
    mixture = random_mixture(structure, 3, 3, rng)
    empty = GaussianMixture([0.3, 0.0, 0.7], mixture.means, mixture.covariances, structure)
    cells = with_gaps(mixture.draw(50, rng)[0], 0.4, rng)
    found = Incomplete(cells).statistics(empty)
    assert found.counts[1] == 0.0
    assert not found.first[1].any()
    assert not found.second[1].any()
    assert (Incomplete(cells).responsibilities(empty)[:, 1] == 0.0).all()


def test_gradient_of_the_observed_log_likelihood_follows_from_the_completed_statistics():
    """Fisher's identity: d log p / d mu_k = Sigma_k^-1 S1_k, d log p / d Sigma_k = Sigma_k^-1 (S2_k - N_k Sigma_k)
    Sigma_k^-1 / 2, d log p / d pi_k = N_k / pi_k; beside central differences."""
    rng = np.random.default_rng(6)
    mixture = random_mixture("full", 2, 3, rng)
    cells = with_gaps(mixture.draw(80, rng)[0], 0.4, rng)
    source = Incomplete(cells)
    at = source.statistics(mixture)
    inverse = np.linalg.inv(mixture.covariances)
    by_mean = np.einsum("kij,kj->ki", inverse, at.first)
    by_covariance = 0.5 * inverse @ (at.second - at.counts[:, None, None] * mixture.covariances) @ inverse
    step = 1e-5

    def slope(direction):
        values = [source.statistics(move(mixture, sign * step, direction)).log_likelihood for sign in (1, -1)]
        return (values[0] - values[1]) / (2 * step)

    def move(mixture, size, direction):
        weights, means, covariances = direction
        return GaussianMixture(
            mixture.weights + size * weights, mixture.means + size * means, mixture.covariances + size * covariances
        )

    for _ in range(5):
        means = rng.standard_normal((2, 3))
        roots = rng.standard_normal((2, 3, 3))
        covariances = 0.1 * (roots + np.swapaxes(roots, 1, 2))
        weights = np.array([0.1, -0.1])
        expected = (by_mean * means).sum() + (by_covariance * covariances).sum() + at.counts / mixture.weights @ weights
        assert slope((weights, means, covariances)) == pytest.approx(expected, rel=1e-6, abs=1e-6)


def test_one_normal_is_the_numerical_maximum_of_the_observed_likelihood():
    rng = np.random.default_rng(7)
    truth = random_mixture("full", 1, 2, rng, condition=4.0)
    cells = with_gaps(truth.draw(25, rng)[0], 0.3, rng)

    def mixture_at(values):
        root = np.array([[np.exp(values[2]), 0.0], [values[3], np.exp(values[4])]])
        return GaussianMixture([1.0], [values[:2]], [root @ root.T])

    def cost(values):
        mixture = mixture_at(values)
        return -sum(dense_log_joint(row, mixture)[0] for row in cells)

    best = minimize(cost, np.zeros(5), method="BFGS", options={"gtol": 1e-6})
    start = GaussianMixture([1.0], [[0.0, 0.0]], [np.eye(2)])
    fit = em.fit(cells, start, missing=True, tolerance=1e-10)
    assert fit.log_likelihood == pytest.approx(-best.fun, abs=1e-7)
    np.testing.assert_allclose(fit.mixture.means, mixture_at(best.x).means, atol=1e-4)
    np.testing.assert_allclose(fit.mixture.covariances, mixture_at(best.x).covariances, atol=1e-4)


def test_monotone_gaps_have_the_factored_answer():
    """x_1 always observed, x_2 in the first m rows: marginal of x_1 from all rows, regression on it from those m.

    Source: Anderson 1957, JASA 52:200; Little & Rubin 2002, section 7.2.
    """
    rng = np.random.default_rng(8)
    x = rng.multivariate_normal([1.0, -2.0], [[2.0, 1.2], [1.2, 1.5]], 100)
    m = 60
    cells = x.copy()
    cells[m:, 1] = np.nan
    a, b = x[:m, 0], x[:m, 1]
    mean, variance = x[:, 0].mean(), x[:, 0].var()
    slope = ((a - a.mean()) * (b - b.mean())).mean() / a.var()
    residual = b.var() - slope**2 * a.var()
    means = [mean, b.mean() + slope * (mean - a.mean())]
    covariance = [[variance, slope * variance], [slope * variance, residual + slope**2 * variance]]
    fit = em.fit(cells, GaussianMixture([1.0], [[0.0, 0.0]], [np.eye(2)]), missing=True, tolerance=1e-12)
    np.testing.assert_allclose(fit.mixture.means[0], means, atol=1e-5)
    np.testing.assert_allclose(fit.mixture.covariances[0], covariance, atol=1e-5)
    exact = GaussianMixture([1.0], [means], [covariance])
    statistics = Incomplete(cells).statistics(exact)
    again = m_step(statistics, structure="full")
    np.testing.assert_allclose(again.means, exact.means, rtol=1e-12)
    np.testing.assert_allclose(again.covariances, exact.covariances, rtol=1e-12)


@pytest.mark.parametrize("structure", ["full", "tied", "diag"])
def test_parameters_are_recovered_from_cells_missing_completely_at_random(structure):
    rng = np.random.default_rng(9)
    truth = random_mixture(structure, 2, 3, rng, separation=4.0, condition=4.0)
    truth = GaussianMixture([0.4, 0.6], truth.means, truth.covariances, structure)
    cells = with_gaps(truth.draw(20_000, rng)[0], 0.3, rng)
    found = em.fit(cells, truth, missing=True).mixture
    found = found.permute(match(found, truth))
    np.testing.assert_allclose(found.weights, truth.weights, atol=0.03)
    scale = np.sqrt(np.diagonal(truth.dense_covariances, axis1=1, axis2=2))
    assert (np.abs(found.means - truth.means) < 0.1 * scale).all()
    error = np.abs(found.dense_covariances - truth.dense_covariances)
    assert (error < 0.1 * scale[:, :, None] * scale[:, None, :]).all()


@pytest.mark.parametrize(("shift", "scale"), [(1e8, 1.0), (0.0, 1e-6), (0.0, 1e6)])
def test_units_and_origin_do_not_matter(shift, scale):
    rng = np.random.default_rng(10)
    mixture = random_mixture("full", 2, 3, rng)
    cells = with_gaps(mixture.draw(300, rng)[0], 0.3, rng)
    moved = GaussianMixture(mixture.weights, scale * mixture.means + shift, scale**2 * mixture.covariances)
    one = em.fit(cells, mixture, missing=True, tolerance=0.0, max_iterations=5).mixture
    other = em.fit(scale * cells + shift, moved, missing=True, tolerance=0.0, max_iterations=5).mixture
    size = 1e-6 if shift else 1e-9
    np.testing.assert_allclose((other.means - shift) / scale, one.means, atol=size)
    np.testing.assert_allclose(other.covariances / scale**2, one.covariances, atol=size)


@pytest.mark.parametrize("gap", ["nan", "None", "masked"])
def test_ways_to_write_a_missing_cell(gap):
    cells = np.array([[1.0, 2.0], [np.nan, 3.0], [2.0, 5.0], [0.0, 1.0]])
    lacking = np.isnan(cells)
    given_data = {
        "nan": cells,
        "None": np.where(lacking, None, cells),
        "masked": np.ma.masked_array(np.where(lacking, 7, cells).astype(int), lacking),
    }[gap]
    source = source_of(given_data, missing=True)
    assert isinstance(source, Incomplete)
    np.testing.assert_array_equal(source.cells, cells)
    assert source.notes[-1] == "1 of 8 cells are missing, in 2 patterns: each row counts by its observed cells"
    assert len(source.notes) == (1 if gap == "nan" else 2)


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({2: [np.nan, np.nan]}, r"row 2 .* has no observed cell: every cell is missing.*1 in all"),
        ({i: [float(i), np.nan] for i in range(6)}, "column 1 .* has no observed cell"),
        ({4: [1.0, -np.inf]}, r"infinite value at row 4, column 1"),
        ({0: [np.nan, 1.0]}, "the data have 2 columns, but the mixture has 3 features"),
    ],
)
def test_bad_cells_are_named(change, message):
    cells = np.arange(12.0).reshape(6, 2)
    cells[5, 0] = np.nan
    for row, values in change.items():
        cells[row] = values
    wanted = 3 if "3 features" in message else 2
    with pytest.raises(ValueError, match=message):
        source_of(cells, missing=True, n_features=wanted)


@pytest.mark.parametrize("bad", [np.zeros((2, 2, 2)), [["a", "b"]], np.array([[1j, 2.0]]), np.zeros((0, 2))])
def test_what_is_no_table_of_numbers_is_refused(bad):
    with pytest.raises(ValueError, match="the data"):
        source_of(bad, missing=True)


def test_bad_weights_and_gaps_nobody_asked_for():
    cells = np.array([[1.0, 2.0], [np.nan, 3.0], [2.0, 5.0]])
    with pytest.raises(ValueError, match="row 1 has -1"):
        source_of(cells, [1.0, -1.0, 1.0], missing=True)
    with pytest.raises(ValueError, match="row 1, column 0"):
        source_of(cells)


def test_a_sample_is_filled_from_observed_cells_of_the_column():
    rng = np.random.default_rng(11)
    x = rng.standard_normal((200, 3)) * [1.0, 10.0, 100.0]
    cells = with_gaps(x, 0.4, rng)
    source = Incomplete(cells)
    filled = source.sample(200, rng).points
    seen = ~np.isnan(cells)
    np.testing.assert_array_equal(filled[seen], cells[seen])
    for j in range(3):
        assert np.isin(filled[:, j], cells[seen[:, j], j]).all()
    assert np.isnan(source.cells).sum() == (~seen).sum()
    assert source.sample(7, rng).points.shape == (7, 3)


def test_gaps_are_filled_by_weight():
    cells = np.array([[0.0, 1.0], [1.0, 2.0], [2.0, 3.0]] + [[float(i), np.nan] for i in range(4000)])
    weights = np.concatenate([[1.0, 3.0, 0.0], np.ones(4000)])
    rows = Incomplete(cells, weights).sample(5000, np.random.default_rng(0))
    assert rows.n_rows == 4002
    np.testing.assert_array_equal(rows.weights, weights[rows.numbers])
    filled = rows.points[2:, 1]
    assert set(filled) == {1.0, 2.0}
    assert np.mean(filled == 2.0) == pytest.approx(0.75, abs=0.03)
    only = Incomplete([[0.0, 5.0], [1.0, np.nan]], [0.0, 1.0]).sample(2, np.random.default_rng(0))
    np.testing.assert_array_equal(only.points, [[1.0, 5.0]])


def test_missing_values_of_pandas_are_missing():
    frame = pd.DataFrame({"a": pd.array([1, pd.NA, 3, 4], dtype="Int64"), "b": [0.5, 1.5, None, 2.0]})
    wanted = np.array([[1.0, 0.5], [np.nan, 1.5], [3.0, np.nan], [4.0, 2.0]])
    np.testing.assert_array_equal(source_of(frame, missing=True).cells, wanted)
    np.testing.assert_array_equal(source_of(frame.to_numpy(dtype=object), missing=True).cells, wanted)
    masked = np.ma.array(np.array([[1, pd.NA], [2, 7], [3, 4]], dtype=object), mask=[[0, 0], [0, 1], [0, 0]])
    np.testing.assert_array_equal(source_of(masked, missing=True).cells, [[1.0, np.nan], [2.0, np.nan], [3.0, 4.0]])
    with pytest.raises(ValueError, match="must be numbers"):
        source_of(frame.assign(c="text"), missing=True)


def test_many_starts_climb_on_observed_cells():
    rng = np.random.default_rng(12)
    truth = random_mixture("full", 2, 2, rng, separation=5.0, condition=3.0)
    cells = with_gaps(truth.draw(400, rng)[0], 0.2, rng)
    found = em.fit_best(cells, 2, n_starts=4, rng=1, missing=True)
    assert found.best.log_likelihood >= em.fit(cells, truth, missing=True).log_likelihood - 1e-6
