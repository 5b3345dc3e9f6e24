"""What must hold for any data: equivariance, weights as copies, ascent, and never a NaN."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from support import random_mixture

import em
from em.moves import MOVES
from mixture import FAMILIES, STRUCTURES, GaussianMixture, match, structure_named

FAMILY = pytest.mark.parametrize("family", FAMILIES, ids=lambda family: family.name)
MOVE = pytest.mark.parametrize("move", MOVES, ids=lambda move: move.name)
SEEDS = st.integers(0, 2**32 - 1)
FEW = settings(max_examples=8, deadline=None)


def data(seed: int, n: int = 60, d: int = 2) -> np.ndarray:
    rng = np.random.default_rng(seed)
    return random_mixture("full", 2, d, rng, separation=3.0).draw(n, rng)[0]


def scaled(mixture: GaussianMixture, shift: float, scale: float) -> GaussianMixture:
    """The mixture of the data scale x + shift."""
    return GaussianMixture(
        mixture.weights, scale * mixture.means + shift, scale**2 * mixture.covariances, mixture.structure
    )


@FAMILY
@given(seed=SEEDS, scale=st.sampled_from([1e-6, 1.0, 1e6]), shifted=st.booleans())
@FEW
def test_units_and_origin_do_not_matter(family, seed, scale, shifted):
    """Ten iterations on a x + b are a times those on x, plus b; b is up to 1e8 standard deviations."""
    x = data(seed)
    shift = 1e8 * scale if shifted else 0.0
    try:
        start = em.kmeans_plus_plus(x, 2, structure=family.name, rng=np.random.default_rng(0))
        plain = em.fit(x, start, tolerance=0.0, max_iterations=10)
    except em.SingularComponent:
        return
    moved = em.fit(scale * x + shift, scaled(start, shift, scale), tolerance=0.0, max_iterations=10)
    if not (plain.status.usable and moved.status.usable):
        assert plain.status == moved.status
        return
    # A double near 1e8 resolves 1.5e-8: that much of each coordinate, in standard deviations, is lost.
    tolerance = 1e-5 if shifted else 1e-7
    sds = np.sqrt(np.diagonal(plain.mixture.dense_covariances, axis1=1, axis2=2))
    away = ((moved.mixture.means - shift) / scale - plain.mixture.means) / sds
    assert np.abs(away).max() < tolerance
    np.testing.assert_allclose(moved.mixture.weights, plain.mixture.weights, atol=tolerance)
    relative = moved.mixture.dense_covariances / scale**2 - plain.mixture.dense_covariances
    assert (np.abs(relative) / (sds[:, :, None] * sds[:, None, :])).max() < 10 * tolerance
    expected = plain.log_likelihood - x.size * np.log(scale)
    assert moved.log_likelihood == pytest.approx(expected, abs=60 * tolerance)


@pytest.mark.parametrize("structure", ["full", "tied"])
@given(seed=SEEDS)
@FEW
def test_matrices_turn_with_the_data(structure, seed):
    """Full and tied covariances: EM on A x + b is A Sigma A^T, with a floor too."""
    rng = np.random.default_rng(seed)
    x, a = data(seed, d=3), rng.standard_normal((3, 3)) + 3.0 * np.eye(3)
    start = em.kmeans_plus_plus(x, 2, structure=structure, rng=rng)
    turned = GaussianMixture(start.weights, start.means @ a.T + 5.0, a @ start.covariances @ a.T, structure)
    for floor in (None, 0.3):
        one = em.fit(x, start, tolerance=0.0, max_iterations=10, floor=floor).mixture
        other = em.fit(x @ a.T + 5.0, turned, tolerance=0.0, max_iterations=10, floor=floor).mixture
        np.testing.assert_allclose(other.means, one.means @ a.T + 5.0, rtol=1e-6, atol=1e-6)
        np.testing.assert_allclose(other.covariances, a @ one.covariances @ a.T, rtol=1e-5, atol=1e-6)


@FAMILY
@given(seed=SEEDS)
@FEW
def test_labels_and_row_order_do_not_matter(family, seed):
    rng = np.random.default_rng(seed)
    x = data(seed)
    try:
        start = em.kmeans_plus_plus(x, 3, structure=family.name, rng=rng)
    except em.SingularComponent:
        return
    order, rows = rng.permutation(3), rng.permutation(len(x))
    one = em.fit(x, start, tolerance=0.0, max_iterations=15)
    other = em.fit(x[rows], start.permute(order), tolerance=0.0, max_iterations=15)
    if not (one.status.usable and other.status.usable):
        return
    assert other.log_likelihood == pytest.approx(one.log_likelihood, abs=1e-6)
    np.testing.assert_allclose(other.mixture.means, one.mixture.permute(order).means, atol=1e-5)


@FAMILY
@MOVE
def test_every_move_ascends_in_every_family(move, family):
    """Or says in one sentence that it is not for this family."""
    x = data(5, n=120)
    start = em.kmeans_plus_plus(x, 2, structure=family.name, rng=np.random.default_rng(1))
    if family not in STRUCTURES and not move.linear:
        with pytest.raises(ValueError, match=rf"{family.name} \({family.mclust}\)"):
            em.fit(x, start, move=move)
        return
    fit = em.fit(x, start, move=move, max_iterations=200)
    assert fit.status.usable
    assert np.diff(fit.values).min() > -1e-9
    assert np.isfinite(fit.log_likelihoods).all()


@MOVE
@given(seed=SEEDS, copies=st.lists(st.integers(0, 3), min_size=40, max_size=40))
@FEW
def test_weights_are_copies(move, seed, copies):
    x = data(seed, n=80)
    counts = np.append(copies, np.full(40, 2))  # enough points that no climb runs away, where rounding decides
    start = em.kmeans_plus_plus(x, 2, rng=np.random.default_rng(0))
    one = em.fit(x, start, move=move, weights=counts, tolerance=0.0, max_iterations=5)
    other = em.fit(np.repeat(x, counts, axis=0), start, move=move, tolerance=0.0, max_iterations=5)
    assert one.status == other.status
    assert one.log_likelihood == pytest.approx(other.log_likelihood, abs=1e-7)


NASTY = {
    "ties": np.repeat(np.array([[0.0, 1.0], [2.0, 0.0], [5.0, 5.0]]), 10, axis=0),
    "collinear": np.column_stack([np.arange(30.0), 2.0 * np.arange(30.0) + 1.0]),
    "an outlier at 1e6 sd": np.vstack([np.random.default_rng(0).standard_normal((30, 2)), [[1e6, 1e6]]]),
    "two far clusters": np.vstack([np.zeros((15, 2)), np.full((15, 2), 1e12)])
    + np.random.default_rng(1).standard_normal((30, 2)),
    "mixed units": np.random.default_rng(2).standard_normal((30, 2)) * [1e-9, 1e9],
}


@FAMILY
@pytest.mark.parametrize("name", NASTY)
@pytest.mark.parametrize("k", [2, 5, 28])
def test_nasty_data_give_numbers_or_one_clear_error(family, name, k):
    x = NASTY[name]
    refusal, restarts = "", em.Restarts(())
    try:
        restarts = em.fit_best(
            x, k, structure=family.name, starts=["k-means++", "random partition"], n_starts=2, rng=0, max_iterations=20
        )
    except ValueError as error:
        refusal = str(error)
    assert restarts.n_starts or len(refusal) > 20
    for fit in restarts.fits:
        assert np.isfinite(fit.log_likelihoods).all()
        for array in (fit.mixture.weights, fit.mixture.means, fit.mixture.covariances):
            assert np.isfinite(array).all()
        if not fit.status.usable:
            assert "component" in fit.message
    for failure in restarts.failures:
        assert len(failure.reason) > 20


@FAMILY
def test_fits_can_be_stored_matched_and_read_back(family):
    x = data(3)
    fit = em.fit(x, em.kmeans_plus_plus(x, 2, structure=family.mclust, rng=np.random.default_rng(0)))
    assert fit.mixture.structure == family.name
    assert em.EMFit.from_dict(fit.to_dict()) == fit
    assert list(match(fit.mixture.permute([1, 0]), fit.mixture)) == [1, 0]
    assert structure_named(family.mclust) is structure_named(family.name)
