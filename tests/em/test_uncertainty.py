"""Standard errors by every method, against closed forms and against each other."""

import itertools

import numpy as np
import pytest
from support import FAMILY_NAMES, STRUCTURE_NAMES, random_mixture, read_columns

import em
from em.uncertainty import delta_method, jackknife, sandwich, standard_errors
from em.uncertainty.alignment import CLOSE_CALL, align, closest_call
from em.uncertainty.elements import as_vector, free_moves
from mixture import GaussianMixture
from mixture.matching import bhattacharyya_distances


def acidity() -> tuple[np.ndarray, GaussianMixture]:
    """The lakes and their equal-variance fit, the lower mean first."""
    x = read_columns("acidity")
    mixture = em.fit_best(x, 2, structure="tied", n_starts=6, rng=1, tolerance=1e-10).best.mixture
    return x, mixture.permute(np.argsort(mixture.means[:, 0]))


def of_all_data(mixture: GaussianMixture) -> tuple[np.ndarray, np.ndarray]:
    """Mean and covariance of the whole mixture; at an optimum with full covariances they are those of the sample."""
    mean = mixture.weights @ mixture.means
    apart = mixture.means - mean
    between = np.einsum("k,ki,kj->ij", mixture.weights, apart, apart)
    return mean, between + np.einsum("k,kij->ij", mixture.weights, mixture.dense_covariances)


@pytest.mark.parametrize("structure", STRUCTURE_NAMES)
def test_the_sandwich_of_one_component_needs_no_normality(structure):
    """SE of the mean sd / sqrt(n); of a variance sqrt((m4 - m2^2) / n), here for exponential data."""
    x = np.random.default_rng(2).exponential(size=(300, 2)) * [1.0, 3.0]
    mixture = em.fit_best(x, 1, structure=structure).best.mixture
    errors = sandwich(x, mixture)
    deviations = x - x.mean(axis=0)
    np.testing.assert_allclose(errors.means[0], x.std(axis=0) / np.sqrt(300), rtol=1e-9)
    squares = deviations**2
    if mixture.covariance_structure.element_shape(2) == ():
        squares = squares.mean(axis=1)
    of_variances = np.atleast_1d(squares.std(axis=0) / np.sqrt(300))
    np.testing.assert_allclose(errors.scales[0], of_variances / (2 * np.sqrt(mixture.dense_covariances[0].diagonal())))
    if structure == "full":
        across = (deviations[:, 0] * deviations[:, 1]).std() / np.sqrt(300)
        np.testing.assert_allclose(errors.covariances[0, 0, 1], across, rtol=1e-9)


def test_the_sandwich_knows_the_mean_and_the_covariance_of_all_the_data():
    """Both equal the sample's at an optimum, whose errors are textbook: sandwich and delta method to all digits."""
    x = read_columns("faithful")
    mixture = em.fit_best(x, 2, n_starts=4, rng=0, tolerance=1e-13).best.mixture
    errors = sandwich(x, mixture)
    n = len(x)
    deviations = x - x.mean(axis=0)
    of_mean = delta_method(lambda m: of_all_data(m)[0], mixture, errors)
    np.testing.assert_allclose(of_mean.covariance, deviations.T @ deviations / n**2, rtol=1e-4)
    products = np.einsum("ni,nj->nij", deviations, deviations)
    of_covariance = delta_method(lambda m: of_all_data(m)[1], mixture, errors)
    np.testing.assert_allclose(of_covariance.estimate, products.mean(axis=0), rtol=1e-6)
    np.testing.assert_allclose(of_covariance.standard_error, products.std(axis=0) / np.sqrt(n), rtol=1e-4)


@pytest.mark.parametrize("structure", FAMILY_NAMES)
def test_in_every_family_the_sandwich_knows_the_mean_and_agrees_with_the_jackknife(structure):
    """The sandwich is the jackknife of infinitely small weights: they differ by O(1 / n)."""
    x = read_columns("faithful")[::2]
    mixture = em.fit_best(x, 2, structure=structure, n_starts=3, rng=0, tolerance=1e-11).best.mixture
    errors = sandwich(x, mixture)
    of_mean = delta_method(lambda m: m.weights @ m.means, mixture, errors)
    np.testing.assert_allclose(of_mean.standard_error, x.std(axis=0) / np.sqrt(len(x)), rtol=1e-5)
    found = jackknife(x, mixture, n_jobs=1)
    assert (found.n_failed, found.ambiguous_share) == (0, 0.0)
    for name in ("weights", "means", "covariances", "scales"):
        np.testing.assert_allclose(getattr(found.errors, name), getattr(errors, name), rtol=0.12)
    np.testing.assert_allclose(np.diagonal(found.errors.covariance), np.diagonal(errors.covariance), rtol=0.25)


def test_sandwich_and_information_agree_where_the_model_is_true():
    rng = np.random.default_rng(8)
    truth = GaussianMixture([0.4, 0.6], [[0.0, 0.0], [4.0, 1.0]], [np.eye(2), [[1.0, 0.5], [0.5, 2.0]]])
    x = truth.draw(20_000, rng)[0]
    mixture = em.fit(x, truth).mixture
    from_curvature, from_scores = standard_errors(x, mixture), sandwich(x, mixture)
    np.testing.assert_allclose(from_scores.means, from_curvature.means, rtol=0.04)
    np.testing.assert_allclose(from_scores.covariances, from_curvature.covariances, rtol=0.06)
    np.testing.assert_allclose(from_scores.weights, from_curvature.weights, rtol=0.04)


@pytest.mark.parametrize("method", [standard_errors, sandwich])
def test_a_weight_of_two_is_a_point_twice(method):
    x, mixture = acidity()
    counts = np.random.default_rng(0).integers(0, 3, len(x))
    twice = np.repeat(x, counts, axis=0)
    mixture = em.fit(twice, mixture, tolerance=1e-12).mixture
    weighted, repeated = method(x, mixture, weights=counts), method(twice, mixture)
    np.testing.assert_allclose(weighted.covariance, repeated.covariance, rtol=1e-9)


def test_the_jackknife_of_one_component_leaves_out_each_point():
    x = np.random.default_rng(4).exponential(size=(40, 2)) * [1.0, 5.0]
    mixture = em.fit_best(x, 1).best.mixture
    found = jackknife(x, mixture)
    without = [np.delete(x, i, axis=0) for i in range(40)]
    variances = np.array([part.var(axis=0) for part in without])
    by_hand = np.sqrt(39 / 40 * ((variances - variances.mean(axis=0)) ** 2).sum(axis=0))
    np.testing.assert_allclose(found.errors.means[0], x.std(axis=0, ddof=1) / np.sqrt(40), rtol=1e-9)
    np.testing.assert_allclose(np.diagonal(found.errors.covariances[0]), by_hand, rtol=1e-9)
    of_elements = found.errors.covariances[0][np.tril_indices(2)]
    np.testing.assert_allclose(np.diagonal(found.errors.covariance)[2:], of_elements**2)
    # The variance with divisor n is biased by -s^2 / n, which the jackknife finds exactly.
    bias = np.diagonal(found.bias["covariances"].values[0])
    np.testing.assert_allclose(bias, -x.var(axis=0, ddof=1) / 40, rtol=1e-9)
    np.testing.assert_allclose(found.bias["means"].values, 0.0, atol=1e-10)


def test_jackknife_weights_are_counts():
    x, mixture = acidity()
    counts = np.random.default_rng(1).integers(0, 3, len(x))
    weighted, repeated = jackknife(x, mixture, weights=counts), jackknife(np.repeat(x, counts, axis=0), mixture)
    np.testing.assert_allclose(weighted.errors.covariance, repeated.errors.covariance, rtol=1e-4)
    assert weighted.dataset.sizes["draw"] == np.count_nonzero(counts)
    assert (counts[weighted.dataset["left_out"].values] == weighted.dataset["multiplicity"].values).all()
    with pytest.raises(ValueError, match=r"whole numbers; row 3 has 0\.5"):
        jackknife(x, mixture, weights=np.where(np.arange(len(x)) == 3, 0.5, 1.0))


def test_the_jackknife_of_groups_is_coarser_but_fair():
    """Of 31 groups: a relative error of about 1 / sqrt(60) in each standard error, 4 of them allowed."""
    x, mixture = acidity()
    grouped = jackknife(x, mixture, n_groups=31, rng=0)
    assert grouped.dataset.sizes["draw"] == 31
    assert grouped.summary().attrs["method"] == "jackknife, one of 31 groups left out"
    np.testing.assert_allclose(grouped.errors.means, sandwich(x, mixture).means, rtol=0.5)
    again = jackknife(x, mixture, n_groups=31, rng=0, n_jobs=1)
    assert again.dataset.equals(grouped.dataset)
    with pytest.raises(ValueError, match="155 points cannot be dealt into 156 groups"):
        jackknife(x, mixture, n_groups=156, rng=0)


def test_the_delta_method_by_hand():
    x, mixture = acidity()
    errors = standard_errors(x, mixture)
    c = errors.covariance  # pi_0, mu_0, mu_1, sigma^2
    apart = delta_method(lambda m: m.means[1, 0] - m.means[0, 0], mixture, errors)
    assert apart.standard_error == pytest.approx(np.sqrt(c[1, 1] + c[2, 2] - 2 * c[1, 2]), rel=1e-9)
    assert apart.estimate.shape == ()
    log_odds = delta_method(lambda m: np.log(m.weights[0] / m.weights[1]), mixture, errors)
    assert log_odds.standard_error == pytest.approx(np.sqrt(c[0, 0]) / mixture.weights.prod(), rel=1e-5)
    scale = delta_method(lambda m: np.sqrt(m.dense_covariances[0]), mixture, errors)
    assert scale.standard_error[0, 0] == pytest.approx(errors.scales[0, 0], rel=1e-5)
    everything = delta_method(as_vector, mixture, errors)
    moves = free_moves(mixture)
    np.testing.assert_allclose(everything.covariance, moves @ c @ moves.T, rtol=1e-6, atol=1e-12)
    dataset = everything.to_dataset(("number",))
    assert dataset.sizes["number"] == 5  # 2 weights, 2 means and one covariance, of which 4 are free
    assert dataset.attrs["method"] == "delta method, observed information"


def test_the_delta_method_refuses_what_is_not_smooth():
    x, mixture = acidity()
    errors = standard_errors(x, mixture)
    with pytest.raises(ValueError, match="not finite"):
        delta_method(lambda m: np.nan * m.weights, mixture, errors)
    with pytest.raises(ValueError, match="changes its shape"):
        delta_method(lambda m: np.ones(1 if m is mixture else 2), mixture, errors)


@pytest.mark.parametrize("structure", FAMILY_NAMES)
def test_errors_as_a_dataset(structure):
    x = read_columns("faithful")
    mixture = em.fit_best(x, 2, structure=structure, n_starts=4, rng=0).best.mixture
    errors = sandwich(x, mixture)
    dataset = errors.to_dataset(mixture)
    assert dataset["covariances"].dims == ("quantity", "component", "feature", "feature_other")
    np.testing.assert_array_equal(dataset["covariances"].sel(quantity="estimate"), mixture.dense_covariances)
    np.testing.assert_array_equal(dataset["means"].sel(quantity="standard_error"), errors.means)
    assert dataset["covariance"].shape == (mixture.n_parameters, mixture.n_parameters)
    assert dataset.attrs == {"method": "sandwich", "structure": structure, "source": "White 1982, Econometrica 50:1"}


def test_units_do_not_matter():
    x, mixture = acidity()
    unit = 1e6
    scaled = GaussianMixture(mixture.weights, mixture.means * unit, mixture.covariances * unit**2, "tied")
    for method in (standard_errors, sandwich, lambda x, m: jackknife(x, m, n_groups=10, rng=0).errors):
        ours, theirs = method(x, mixture), method(x * unit, scaled)
        np.testing.assert_allclose(theirs.means, ours.means * unit, rtol=1e-5)
        np.testing.assert_allclose(theirs.covariances, ours.covariances * unit**2, rtol=1e-5)
        np.testing.assert_allclose(theirs.weights, ours.weights, rtol=1e-5)


def test_closest_call_looks_at_enough_labellings():
    """Beside all K! labellings: never above, and on the same side of the line."""
    rng = np.random.default_rng(6)
    for _ in range(60):
        original = random_mixture("diag", 4, 2, rng, separation=1.5)
        near = original.means + 0.6 * rng.standard_normal((4, 2))
        aligned = align(GaussianMixture(original.weights, near, original.covariances, "diag"), original).mixture
        distances = bhattacharyya_distances(aligned, original)
        ratios = []
        for order in itertools.permutations(range(4)):
            disputed = np.array(order) != np.arange(4)
            if disputed.any():
                own = distances.diagonal()[disputed].sum()
                ratios.append(own / distances[np.array(order), np.arange(4)][disputed].sum())
        found = closest_call(aligned, original)
        assert found <= max(ratios) + 1e-12
        assert (found > CLOSE_CALL) == (max(ratios) > CLOSE_CALL)


def test_labels_are_ambiguous_half_way_and_not_at_home():
    def pair(first, second):
        return GaussianMixture([0.5, 0.5], [[first], [second]], 1.0, "tied_spherical")

    original = pair(0.0, 4.0)
    assert closest_call(original, original) == 0.0
    assert closest_call(pair(2.0, 2.0), original) == 1.0
    assert not align(pair(4.5, 0.5), original).ambiguous
    assert align(pair(4.5, 0.5), original).mixture.means.ravel().tolist() == [0.5, 4.5]
    assert align(pair(1.5, 2.5), original).ambiguous
    # B is a squared distance: 1/8 d^2 with unit variances. A third of the way is half as far as the rest.
    assert closest_call(pair(4 / 3, 4 - 4 / 3), original) == pytest.approx(CLOSE_CALL)
