"""The fourteen families on real data, held against their definitions."""

import csv

import numpy as np
import pytest
from support import FAMILY_NAMES, ROOT, random_mixture

import em
from mixture import FAMILIES, structure_named

COLUMNS = {
    "faithful": ("eruptions", "waiting"),
    "iris": ("Sepal.Length", "Sepal.Width", "Petal.Length", "Petal.Width"),
    "diabetes": ("glucose", "insulin", "sspg"),
}
DATA = pytest.mark.parametrize("name", COLUMNS)


def columns_of(name: str) -> np.ndarray:
    with (ROOT / "experiments" / "data" / f"{name}.csv").open(encoding="utf-8") as file:
        rows = list(csv.DictReader(file))
    return np.array([[float(row[column]) for column in COLUMNS[name]] for row in rows])


def free_parameters(letters: str, k: int, d: int) -> int:
    """Volumes, shapes, orientations, each counted once (E), per component (V) or not at all (I)."""
    times = {"I": 0, "E": 1, "V": k}
    volume, shape, orientation = (times[letter] for letter in letters)
    return volume + shape * (d - 1) + orientation * d * (d - 1) // 2 + k - 1 + k * d


@pytest.fixture(scope="module")
def fitted():
    """Every family with two components on every data set; each no lower than what it contains."""
    return {
        name: em.choose(columns_of(name), 2, FAMILY_NAMES, rng=0, n_starts=2, n_jobs=1, tolerance=1e-7)
        for name in COLUMNS
    }


@DATA
@pytest.mark.parametrize("family", FAMILIES, ids=lambda family: family.mclust)
def test_each_fit_keeps_the_constraints_of_its_family(fitted, name, family):
    """Equal volumes, equal shapes and common axes, read from the fitted matrices alone."""
    cell = next(cell for cell in fitted[name].cells if cell.structure == family.name)
    dense = cell.best.mixture.dense_covariances
    d = dense.shape[1]
    values = np.linalg.eigvalsh(dense)
    volumes = np.exp(np.log(values).mean(axis=1))
    shapes = values / volumes[:, None]
    volume, shape, orientation = family.mclust
    if volume == "E":
        np.testing.assert_allclose(volumes, volumes[0], rtol=1e-9)
    if shape == "I":
        np.testing.assert_allclose(shapes, 1.0, rtol=1e-9)
    if shape == "E":
        np.testing.assert_allclose(shapes, np.broadcast_to(shapes[0], shapes.shape), rtol=1e-7)
    scale = np.sqrt(np.diagonal(dense, axis1=1, axis2=2))
    correlations = dense / (scale[:, :, None] * scale[:, None, :])
    if orientation == "I":
        np.testing.assert_allclose(correlations, np.broadcast_to(np.eye(d), dense.shape), atol=1e-12)
    if orientation == "E":
        one, other = dense
        commutator = one @ other - other @ one
        assert np.abs(commutator).max() < 1e-9 * np.linalg.norm(one) * np.linalg.norm(other)
    if family.mclust[1:] == "EI":  # one diagonal shape: axis by axis, not only sorted
        diagonals = np.diagonal(dense, axis1=1, axis2=2) / volumes[:, None]
        np.testing.assert_allclose(diagonals[0], diagonals[1], rtol=1e-9)
    # ... and no more than these: what may differ does differ on real data
    if volume == "V":
        assert abs(np.log(volumes[0] / volumes[1])) > 1e-3
    if shape == "V":
        assert np.abs(np.log(shapes[0] / shapes[1])).max() > 1e-3
    if orientation == "V":
        assert np.abs(correlations[0] - correlations[1]).max() > 1e-3
    assert cell.criteria.n_parameters == free_parameters(family.mclust, 2, d)
    assert np.diff(cell.best.log_likelihoods).min() > -1e-8


@DATA
def test_every_optimum_is_at_least_that_of_each_family_it_contains(fitted, name):
    levels = {cell.structure: cell.best.log_likelihood for cell in fitted[name].cells}
    pairs = 0
    for large in FAMILIES:
        for small in FAMILIES:
            if large is not small and large.contains(small):
                pairs += 1
                assert levels[large.name] >= levels[small.name] - 1e-4, (large.mclust, small.mclust)
    assert pairs > 40
    assert all(structure_named("VVV").contains(family) for family in FAMILIES)
    assert all(family.contains(structure_named("EII")) for family in FAMILIES)


@pytest.mark.parametrize("letters", ["VEI", "VEE", "VEV", "EVE", "VVE"])
@DATA
def test_a_single_inner_step_ascends_and_ends_where_full_maximisation_does(letters, name):
    x = columns_of(name)
    start = em.kmeans_plus_plus(x, 2, structure=letters, rng=np.random.default_rng(3))
    full = em.fit(x, start, tolerance=1e-9)
    single = em.fit(x, start, tolerance=1e-9, move=em.moves.GeneralisedEM())
    for fit in (full, single):
        assert fit.status is em.Status.CONVERGED
        assert np.diff(fit.values).min() > -1e-8
    assert single.log_likelihood == pytest.approx(full.log_likelihood, abs=1e-5)
    np.testing.assert_allclose(single.mixture.means, full.mixture.means, rtol=1e-3)


@pytest.mark.parametrize("letters", ["EII", "EEE", "VVI", "VVV", "EEV", "EVV"])
def test_where_the_m_step_is_closed_the_single_step_is_the_full_one(letters):
    rng = np.random.default_rng(0)
    x = random_mixture("full", 2, 3, rng, separation=3.0).draw(100, rng)[0]
    start = em.kmeans_plus_plus(x, 2, structure=letters, rng=rng)
    one, other = (
        em.fit(x, start, tolerance=0.0, max_iterations=5, move=move)
        for move in (em.moves.EM(), em.moves.GeneralisedEM())
    )
    assert np.array_equal(one.log_likelihoods, other.log_likelihoods)


@pytest.mark.slow
@DATA
def test_three_components_nest_too(name):
    found = em.choose(columns_of(name), 3, FAMILY_NAMES, rng=1, n_starts=6, tolerance=1e-7)
    levels = {cell.structure: cell.best.log_likelihood for cell in found.fitted}
    for large in FAMILIES:
        for small in FAMILIES:
            if large.contains(small) and {large.name, small.name} <= levels.keys():
                assert levels[large.name] >= levels[small.name] - 1e-4, (large.mclust, small.mclust)
