"""The fourteen covariance families: constraints, M steps, nesting, lower bounds and nasty scatter."""

import numpy as np
import pytest
from scipy.linalg import expm
from scipy.optimize import minimize
from support import FAMILY_NAMES, random_covariances, random_mixture

from mixture import GaussianMixture
from mixture.covariance import (
    FAMILIES,
    STRUCTURES,
    Freedom,
    InnerStep,
    linear_structure_named,
    simpler_neighbours,
    structure_named,
)

EACH = pytest.mark.parametrize("family", FAMILIES, ids=lambda family: family.mclust)


def mclust_counts(k, d):
    """Free covariance parameters by mclust's name, in mclust's order."""
    return {
        "EII": 1,
        "VII": k,
        "EEI": d,
        "VEI": k + d - 1,
        "EVI": 1 + k * (d - 1),
        "VVI": k * d,
        "EEE": d * (d + 1) // 2,
        "VEE": k - 1 + d * (d + 1) // 2,
        "EVE": 1 + k * (d - 1) + d * (d - 1) // 2,
        "VVE": k * d + d * (d - 1) // 2,
        "EEV": d + k * d * (d - 1) // 2,
        "VEV": k + d - 1 + k * d * (d - 1) // 2,
        "EVV": 1 + k * (d * (d + 1) // 2 - 1),
        "VVV": k * d * (d + 1) // 2,
    }


def random_scatter(family, k, d, rng, ranks=None):
    """N_k and W_k, (K, D, D) or (K, D), like those of points with unequal spread."""
    counts = rng.uniform(5.0, 50.0, k)
    roots = rng.standard_normal((k, d, d + 2 if ranks is None else ranks)) * np.exp(rng.standard_normal((k, 1, 1)))
    scatter = counts[:, None, None] * roots @ np.swapaxes(roots, 1, 2)
    return counts, of_family(family, scatter)


def of_family(family, scatter):
    return np.diagonal(scatter, axis1=1, axis2=2).copy() if family.diagonal else scatter


def dense_objective(counts, scatter, dense):
    """-1/2 sum_k [N_k log|Sigma_k| + tr(Sigma_k^-1 W_k)], by its formula."""
    whole = scatter if scatter.ndim == 3 else scatter[:, :, None] * np.eye(scatter.shape[1])
    traces = np.trace(np.linalg.solve(dense, whole), axis1=1, axis2=2)
    return -0.5 * float(counts @ np.linalg.slogdet(dense)[1] + traces.sum())


def assert_of_family(family, dense):
    """Volumes, sorted shapes and orientations, from the matrices themselves."""
    d = dense.shape[1]
    freedoms = family.freedoms
    values = np.linalg.eigvalsh(dense)
    volumes = np.exp(np.log(values).mean(axis=1))
    shapes = values / volumes[:, None]
    if freedoms.volume is Freedom.EQUAL:
        np.testing.assert_allclose(volumes, volumes[0], rtol=1e-9)
    if freedoms.shape is Freedom.EQUAL and freedoms.orientation is not Freedom.IDENTITY:
        np.testing.assert_allclose(shapes, np.broadcast_to(shapes[0], shapes.shape), rtol=1e-7)
    if freedoms.orientation is Freedom.IDENTITY:
        assert not (dense * (1.0 - np.eye(d))).any()
        diagonals = np.diagonal(dense, axis1=1, axis2=2) / volumes[:, None]
        if freedoms.shape is Freedom.EQUAL:
            np.testing.assert_allclose(diagonals, np.broadcast_to(diagonals[0], diagonals.shape), rtol=1e-9)
        if freedoms.shape is Freedom.IDENTITY:
            np.testing.assert_allclose(diagonals, 1.0, rtol=1e-12)
    if freedoms.orientation is Freedom.EQUAL:  # common eigenvectors: the matrices commute
        unit = dense / np.linalg.norm(dense, axis=(1, 2))[:, None, None]
        for a in unit:
            np.testing.assert_allclose(a @ unit, unit @ a, atol=1e-11)


@EACH
@pytest.mark.parametrize(("k", "d"), [(1, 1), (3, 1), (1, 3), (3, 4)])
def test_the_contract(family, k, d):
    assert family.n_parameters(k, d) == mclust_counts(k, d)[family.mclust]
    covariances = random_covariances(family.name, k, d, np.random.default_rng(k + d))
    assert covariances.shape == family.shape(k, d)
    dense = family.dense(covariances, k, d)
    assert_of_family(family, dense)
    np.testing.assert_array_equal(family.store(dense), covariances)
    factors = family.precision_factors(covariances, k, d)
    whole = np.stack([np.diag(f) for f in factors]) if family.diagonal else factors
    identity = np.broadcast_to(np.eye(d), (k, d, d))
    np.testing.assert_allclose(whole @ dense @ np.swapaxes(whole, 1, 2), identity, atol=1e-11)
    np.testing.assert_allclose(
        family.log_volumes(family.stack(covariances)),
        np.linalg.slogdet(dense)[1][: 1 if family.shared else k] / d,
        atol=1e-12,
    )


@EACH
@pytest.mark.parametrize(("k", "d"), [(2, 2), (3, 2), (2, 3)])
def test_no_numerical_optimiser_finds_a_better_m_step(family, k, d):
    """BFGS over log volumes, log shapes and rotations expm(X) from several starts."""
    rng = np.random.default_rng(100 * k + d)
    counts, scatter = random_scatter(family, k, d, rng)
    freedoms = family.freedoms
    pairs = np.tril_indices(d, -1)
    groups = [len(f.groups(k)) for f in (freedoms.volume, freedoms.shape, freedoms.orientation)]
    sizes = np.array([1, d - 1, len(pairs[0])]) * groups
    whole = scatter if scatter.ndim == 3 else scatter[:, :, None] * np.eye(d)

    def loss(theta):
        volume, shape, angle = np.split(theta, np.cumsum(sizes)[:-1])
        logs = np.repeat(freedoms.volume.groups(k).T @ volume.reshape(-1, 1), d, axis=1)
        free = freedoms.shape.groups(k).T @ shape.reshape(-1, d - 1)
        logs[:, :-1] += free
        logs[:, -1] -= free.sum(axis=1)
        turn = np.zeros((k, d, d))
        turn[:, *pairs] = freedoms.orientation.groups(k).T @ angle.reshape(-1, len(pairs[0]))
        rotations = expm(turn - np.swapaxes(turn, 1, 2))
        along = np.einsum("kji,kjl,kli->ki", rotations, whole, rotations)
        return 0.5 * float(counts @ logs.sum(axis=1) + (np.exp(-logs) * along).sum())

    best = min(minimize(loss, rng.standard_normal(sizes.sum()), method="BFGS").fun for _ in range(3))
    estimate = family.estimate(counts, scatter)
    dense = family.dense(estimate, k, d)
    assert_of_family(family, dense)
    found = family.expected_log_likelihood(counts, scatter, estimate)
    assert found == pytest.approx(dense_objective(counts, scatter, dense), rel=1e-11)
    assert found >= -best - 1e-8 * abs(best)


@EACH
@pytest.mark.parametrize(("k", "d"), [(3, 2), (4, 4)])
def test_single_steps_never_fall_and_end_at_the_maximum(family, k, d):
    rng = np.random.default_rng(k * d)
    counts, scatter = random_scatter(family, k, d, rng)
    current = random_covariances(family.name, k, d, rng)
    value = family.expected_log_likelihood(counts, scatter, current)
    for _ in range(400):
        step = family.estimate(counts, scatter, current=current, inner=InnerStep.SINGLE)
        risen = family.expected_log_likelihood(counts, scatter, step)
        assert risen >= value
        if risen - value <= 1e-13 * abs(value) and not risen > value:
            break
        current, value = step, risen
    assert_of_family(family, family.dense(current, k, d))
    maximum = family.estimate(counts, scatter, current=current)
    assert value == pytest.approx(family.expected_log_likelihood(counts, scatter, maximum), rel=1e-8)
    if family.freedoms.orientation is not Freedom.EQUAL or family.freedoms.shape is not Freedom.VARIABLE:
        cold = family.estimate(counts, scatter)  # elsewhere there may be several maxima
        assert value == pytest.approx(family.expected_log_likelihood(counts, scatter, cold), rel=1e-8)


@pytest.mark.parametrize("seed", range(4))
def test_a_family_reaches_at_least_what_each_family_it_contains_does(seed):
    rng = np.random.default_rng(seed)
    k, d = 3, 3
    counts, scatter = random_scatter(structure_named("full"), k, d, rng)
    reached, estimates = {}, {}
    for family in FAMILIES:
        own = of_family(family, scatter)
        estimates[family.mclust] = family.dense(family.estimate(counts, own), k, d)
        reached[family.mclust] = dense_objective(counts, scatter, estimates[family.mclust])
    for family in FAMILIES:
        for other in filter(family.contains, FAMILIES):
            assert reached[family.mclust] >= reached[other.mclust] - 1e-9
            embedded = family.embed(estimates[other.mclust], other)
            np.testing.assert_array_equal(family.dense(embedded, k, d), estimates[other.mclust])


def test_the_lattice():
    inside = {family.mclust: {other.mclust for other in simpler_neighbours(family)} for family in FAMILIES}
    assert inside["EII"] == set()
    assert inside["VEI"] == {"VII", "EEI"}
    assert inside["VVE"] == {"VVI", "VEE", "EVE"}
    assert inside["VVV"] == {"VVE", "VEV", "EVV"}
    assert all(structure_named("VVV").contains(family) for family in FAMILIES)
    assert not structure_named("EVV").contains(structure_named("VII"))
    with pytest.raises(ValueError, match=r"tied \(EEE\) does not contain full \(VVV\)"):
        structure_named("tied").embed(np.eye(2)[None], structure_named("full"))


@EACH
def test_scaling_the_data_scales_the_estimate(family):
    rng = np.random.default_rng(8)
    counts, scatter = random_scatter(family, 3, 3, rng)
    estimate = family.estimate(counts, scatter)
    for scale in (1e-6, 1e6):
        np.testing.assert_allclose(
            family.estimate(counts, scale**2 * scatter), scale**2 * estimate, rtol=1e-5, atol=1e-6 * scale**2
        )
    order = [2, 0, 1]
    permuted = family.estimate(counts[order], scatter[order])
    np.testing.assert_allclose(permuted, family.permute(estimate, order), rtol=1e-5, atol=1e-6)


@pytest.mark.parametrize("mclust", ["EEE", "VEE", "EVV", "VVV"])
def test_families_without_axes_of_their_own_are_affine_equivariant(mclust):
    family, rng = structure_named(mclust), np.random.default_rng(9)
    counts, scatter = random_scatter(family, 3, 3, rng)
    move = rng.standard_normal((3, 3))
    moved = family.dense(family.estimate(counts, move @ scatter @ move.T), 3, 3)
    np.testing.assert_allclose(moved, move @ family.dense(family.estimate(counts, scatter), 3, 3) @ move.T, rtol=1e-7)


@EACH
@pytest.mark.parametrize("inner", InnerStep)
def test_a_lower_bound_is_kept_without_falling(family, inner):
    rng = np.random.default_rng(10)
    k, d = 3, 3
    for ranks in (None, 1):
        counts, scatter = random_scatter(family, k, d, rng, ranks)
        root = rng.standard_normal((d, d))
        floor = 0.1 * (root @ root.T + np.eye(d))
        start = random_covariances("tied_spherical", k, d, rng) * 20.0 * np.ones((k, 1, 1)) * np.eye(d)
        current = family.store(start)
        value = family.expected_log_likelihood(counts, scatter, current)
        for _ in range(5):
            current = family.estimate(counts, scatter, floor, current=current, inner=inner)
            risen = family.expected_log_likelihood(counts, scatter, current)
            assert risen >= value - 1e-12 * abs(value)
            value = risen
            dense = family.dense(current, k, d)
            assert_of_family(family, dense)
            assert (family.margins(family.stack(current), floor) >= 1.0 - 1e-8).all()
        cold = family.estimate(counts, scatter, floor)
        assert (family.margins(family.stack(cold), floor) >= 1.0 - 1e-8).all()


@EACH
@pytest.mark.parametrize("kind", ["zero", "one zero", "rank one", "one rank one", "tiny count", "one feature"])
@pytest.mark.parametrize(("k", "d"), [(1, 1), (3, 1), (1, 3), (3, 3)])
def test_nasty_scatter_gives_numbers(family, kind, k, d):
    rng = np.random.default_rng(11)
    counts, scatter = random_scatter(structure_named("full"), k, d, rng)
    flat = random_scatter(structure_named("full"), k, d, rng, 1)[1]
    current = family.estimate(counts, of_family(family, scatter))
    if kind == "zero":
        scatter = 0.0 * scatter
    elif kind == "one zero":
        scatter[0] = 0.0
    elif kind == "rank one":
        scatter = flat
    elif kind == "one rank one":
        scatter[0] = flat[0]
    elif kind == "tiny count":
        scatter[0] *= 1e-12 / counts[0]
        counts[0] = 1e-12
    else:
        scatter[:, 0] = scatter[:, :, 0] = 0.0
    given = of_family(family, scatter)
    for inner in InnerStep:
        for start in (None, current):
            estimate = family.estimate(counts, given, current=start, inner=inner)
            assert estimate.shape == family.shape(k, d)
            assert np.isfinite(estimate).all()
            assert np.isfinite(family.pivots(family.stack(estimate))).all()
    if kind == "zero":
        assert (family.pivots(family.stack(family.estimate(counts, given))) <= 1e-12).all()


@EACH
def test_families_coincide_for_one_feature_or_one_component(family):
    rng = np.random.default_rng(12)
    for k, d, letter in ((3, 1, 0), (1, 3, 1)):
        counts, scatter = random_scatter(structure_named("full"), k, d, rng)
        dense = family.dense(family.estimate(counts, of_family(family, scatter)), k, d)
        if d == 1:
            twin = structure_named("EII" if family.mclust[letter] == "E" else "VII")
        else:
            twin = structure_named({"II": "EII", "EI": "EEI", "VI": "EEI"}.get(family.mclust[1:], "EEE"))
        np.testing.assert_allclose(
            dense, twin.dense(twin.estimate(counts, of_family(twin, scatter)), k, d), rtol=1e-9, atol=1e-11
        )


def test_names():
    assert [family.mclust for family in FAMILIES] == list(mclust_counts(2, 2))
    assert {structure.name for structure in STRUCTURES} < set(FAMILY_NAMES)
    for family in FAMILIES:
        assert structure_named(family.name) is structure_named(family.mclust)
    with pytest.raises(ValueError, match=r"known are: full, tied.*VVV, EEE.*EVV"):
        structure_named("round")
    assert linear_structure_named("tied").mclust == "EEE"
    with pytest.raises(ValueError, match=r"'tied_shape'.*cannot be taken here, only: full, tied"):
        linear_structure_named("tied_shape")


@pytest.mark.parametrize("name", FAMILY_NAMES)
def test_every_family_makes_a_mixture(name):
    rng = np.random.default_rng(13)
    mixture = random_mixture(name, 3, 2, rng)
    renamed = GaussianMixture(mixture.weights, mixture.means, mixture.covariances, mixture.covariance_structure.mclust)
    assert renamed == mixture
    assert renamed.structure == name
    assert GaussianMixture.from_dict(mixture.to_dict()) == mixture
    assert mixture.n_parameters == 2 + 6 + mclust_counts(3, 2)[mixture.covariance_structure.mclust]
    x = mixture.draw(50, rng)[0]
    assert mixture.permute([2, 0, 1]).log_likelihood(x) == pytest.approx(mixture.log_likelihood(x))
