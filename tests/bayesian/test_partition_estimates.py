"""Co-clustering and partition estimates against enumeration of every partition of a few points."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from support import random_mixture

from bayesian.label_free import coclustering_matrix, coclustering_of_allocations, expected_loss, partition_estimate
from bayesian.label_free.losses import LOSSES
from bayesian.posterior import Posterior
from mixture.partitions import adjusted_rand, as_partition, binder_loss, variation_of_information

DISTANCES = {"binder": binder_loss, "vi": variation_of_information}


def partitions(n):
    """Every partition of n points, by restricted growth: 1, 2, 5, 15, 52, 203, 877, 4140."""
    grown = [[0]]
    for _ in range(n - 1):
        grown = [[*p, label] for p in grown for label in range(max(p) + 2)]
    return [np.array(p) for p in grown]


def posterior_of(mixture, data, rng, *, draws=6, spread=0.4):
    shape = (2, draws)
    means = mixture.means + spread * rng.standard_normal((*shape, *mixture.means.shape))
    covariances = np.broadcast_to(mixture.dense_covariances, (*shape, *mixture.dense_covariances.shape))
    return Posterior.from_arrays(rng.dirichlet(mixture.weights * 9.0, shape), means, covariances, data)


@pytest.fixture
def posterior():
    rng = np.random.default_rng(3)
    mixture = random_mixture("full", 3, 2, rng, separation=3.0, condition=4.0)
    return posterior_of(mixture, mixture.draw(25, rng)[0], rng)


def test_coclustering_is_the_mean_product_of_allocation_probabilities(posterior):
    expected = np.zeros((25, 25))
    for c, s in np.ndindex(2, 6):
        p = posterior.mixture(c, s).responsibilities(posterior.data)
        expected += p @ p.T / 12.0
    np.fill_diagonal(expected, 1.0)
    np.testing.assert_allclose(coclustering_matrix(posterior), expected, atol=1e-12)
    chosen = [4, 0, 17]
    np.testing.assert_allclose(
        coclustering_matrix(posterior, points=chosen), expected[np.ix_(chosen, chosen)], atol=1e-12
    )
    np.testing.assert_allclose(
        coclustering_matrix(posterior, thin=3), coclustering_matrix(posterior.thin(3)), atol=1e-15
    )


def test_many_blocks_add_up(posterior, monkeypatch):
    whole = coclustering_matrix(posterior)
    monkeypatch.setattr(f"{coclustering_matrix.__module__}.BLOCK_ROWS", 5)
    np.testing.assert_allclose(coclustering_matrix(posterior), whole, atol=1e-14)


def test_coclustering_of_allocations_by_hand():
    matrix = coclustering_of_allocations([[0, 0, 1], [5, 2, 2], [0, 0, 0], [1, 1, 0]])
    np.testing.assert_allclose(matrix, [[1.0, 0.75, 0.25], [0.75, 1.0, 0.5], [0.25, 0.5, 1.0]])


def test_a_million_draws_are_counted():
    labels = np.random.default_rng(0).integers(0, 3, (1_000_000, 4), dtype=np.int8)
    pair = (labels[:, 0] == labels[:, 3]).mean()
    assert coclustering_of_allocations(labels)[0, 3] == pytest.approx(pair, abs=1e-12)


def test_labels_that_have_grown_are_counted_anew():
    labels = np.array([[10**12, 5, 10**12], [0, 7, 7]])
    np.testing.assert_allclose(coclustering_of_allocations(labels), [[1.0, 0.0, 0.5], [0.0, 1.0, 0.5], [0.5, 0.5, 1.0]])
    assert partition_estimate(labels, "binder", rng=0).expected_loss == expected_loss([0, 1, 0], labels, "binder")


def test_sampled_allocations_approach_the_probabilities(posterior):
    """20 000 draws: the standard error of a share is at most 0.0036; five of them."""
    rng = np.random.default_rng(1)
    labels = []
    for c, s in np.ndindex(2, 6):
        cumulative = posterior.mixture(c, s).responsibilities(posterior.data).cumsum(axis=1)
        uniform = rng.random((1667, 25, 1))
        labels.append((uniform > cumulative[:, :-1]).sum(axis=-1))
    np.testing.assert_allclose(
        coclustering_of_allocations(np.concatenate(labels)), coclustering_matrix(posterior), atol=0.018
    )


@given(st.integers(0, 2**32 - 1))
@settings(max_examples=20, deadline=None)
def test_labels_do_not_matter(seed):
    rng = np.random.default_rng(seed)
    mixture = random_mixture("diag", 3, 2, rng)
    posterior = posterior_of(mixture, mixture.draw(12, rng)[0], rng, draws=2)
    turned = posterior.permute(np.argsort(rng.random((2, 2, 3)), axis=-1))
    np.testing.assert_allclose(coclustering_matrix(turned), coclustering_matrix(posterior), atol=1e-13)
    labels = rng.integers(0, 3, (5, 12))
    renamed = np.stack([rng.permutation(3)[draw] for draw in labels])
    np.testing.assert_array_equal(coclustering_of_allocations(renamed), coclustering_of_allocations(labels))
    for loss in DISTANCES:
        first, second = (partition_estimate(z, loss, rng=7, n_runs=2) for z in (labels, renamed))
        assert first.expected_loss == pytest.approx(second.expected_loss, abs=1e-12)
        assert expected_loss(rng.permutation(12)[labels[0]], labels, loss) == pytest.approx(
            expected_loss(labels[0], labels, loss), abs=1e-12
        )


@pytest.mark.parametrize("loss", DISTANCES)
@given(st.integers(0, 2**32 - 1))
@settings(max_examples=20, deadline=None)
def test_expected_loss_is_the_mean_over_draws(loss, seed):
    rng = np.random.default_rng(seed)
    labels, partition = rng.integers(0, rng.integers(1, 5), (7, 9)), rng.integers(0, 4, 9)
    mean = np.mean([DISTANCES[loss](partition, draw) for draw in labels])
    assert expected_loss(partition, labels, loss) == pytest.approx(mean, abs=1e-12)


@pytest.mark.parametrize("loss", DISTANCES)
@pytest.mark.parametrize("n", [1, 2, 6, 7])
def test_the_minimiser_over_all_partitions_is_found(loss, n):
    """Draws scattered about one partition, and draws of no common structure at all."""
    rng = np.random.default_rng(n)
    every = partitions(n)
    for case in range(4):
        labels = rng.integers(0, 3, (9, n))
        if case % 2:
            labels = np.where(rng.random((9, n)) < 0.7, labels[0], labels)
        expected = np.mean([[DISTANCES[loss](p, draw) for p in every] for draw in labels], axis=0)
        found = partition_estimate(labels, loss, rng=case)
        assert found.expected_loss == pytest.approx(expected.min(), abs=1e-12)
        assert found.expected_loss == pytest.approx(expected_loss(found.partition, labels, loss), abs=1e-12)
        np.testing.assert_array_equal(found.partition, as_partition(found.partition))


def test_binder_from_a_coclustering_matrix_is_minimised_over_all_partitions():
    rng = np.random.default_rng(8)
    every = partitions(8)
    upper = np.triu_indices(8, 1)
    for _ in range(4):
        p = rng.dirichlet(np.full(3, 0.7), (5, 8))
        matrix = np.einsum("tnk,tmk->nm", p, p) / 5.0
        np.fill_diagonal(matrix, 1.0)
        together = np.array([c[upper[0]] == c[upper[1]] for c in every])
        costs = np.where(together, 1.0 - matrix[upper], matrix[upper]).sum(axis=1)
        found = partition_estimate(rng.integers(0, 3, (5, 8)), "binder", rng=1, coclustering=matrix)
        assert found.expected_loss == pytest.approx(costs.min(), abs=1e-12)


@pytest.mark.parametrize("loss", DISTANCES)
def test_one_draw_and_one_cluster_are_their_own_estimates(loss):
    labels = np.array([[2, 2, 0, 1, 0, 2]])
    found = partition_estimate(labels, loss, rng=0)
    assert found.partition.tolist() == [0, 0, 1, 2, 1, 0]
    assert (found.n_clusters, found.expected_loss) == (3, pytest.approx(0.0, abs=1e-12))
    found = partition_estimate(np.zeros((4, 6), dtype=int), loss, rng=0)
    assert (found.n_clusters, found.expected_loss) == (1, pytest.approx(0.0, abs=1e-12))
    assert f"1 clusters, expected loss ({loss})" in str(found)


def test_one_component_is_together_in_every_pair(posterior):
    one = Posterior.from_arrays(
        np.ones((1, 3, 1)), np.zeros((1, 3, 1, 2)), np.broadcast_to(np.eye(2), (1, 3, 1, 2, 2)), posterior.data
    )
    np.testing.assert_array_equal(coclustering_matrix(one), np.ones((25, 25)))


@pytest.mark.parametrize("loss", DISTANCES)
def test_a_planted_partition_is_found_from_noisy_draws(loss):
    rng = np.random.default_rng(5)
    truth = rng.integers(0, 4, 150)
    labels = np.where(rng.random((200, 150)) < 0.15, rng.integers(0, 4, (200, 150)), truth)
    labels = np.stack([rng.permutation(4)[draw] for draw in labels])
    found = partition_estimate(labels, loss, rng=2, n_runs=2)
    assert adjusted_rand(found.partition, truth) == 1.0
    assert found.expected_loss <= min(expected_loss(draw, labels, loss) for draw in labels[:20])


@pytest.mark.parametrize("loss", DISTANCES)
def test_an_estimate_is_never_worse_than_a_candidate_and_keeps_its_limit(loss):
    rng = np.random.default_rng(6)
    labels = rng.integers(0, 3, (30, 20))
    candidate = rng.integers(0, 2, 20)
    found = partition_estimate(labels, loss, rng=3, candidates=[candidate], n_runs=0, most_clusters=2)
    assert found.n_clusters <= 2
    assert found.expected_loss <= expected_loss(candidate, labels, loss) + 1e-12


def test_equal_seeds_give_equal_estimates():
    labels = np.random.default_rng(6).integers(0, 3, (10, 30))
    first, second = (partition_estimate(labels, rng=4, n_runs=3) for _ in range(2))
    np.testing.assert_array_equal(first.partition, second.partition)


def test_the_losses_are_registered():
    assert {loss.name for loss in LOSSES} == set(DISTANCES)


def test_bad_input_is_refused(posterior, monkeypatch):
    labels = np.zeros((3, 4), dtype=int)
    for wrong in (labels[0], labels - 1, labels + 0.5, np.empty((0, 4), dtype=int)):
        with pytest.raises(ValueError, match="allocations must"):
            partition_estimate(wrong, rng=0)
    with pytest.raises(ValueError, match="no loss 'rand': it is one of binder, vi"):
        partition_estimate(labels, "rand", rng=0)
    with pytest.raises(ValueError, match="shape \\(4,\\)"):
        expected_loss([0, 1], labels)
    with pytest.raises(ValueError, match="coclustering must be \\(4, 4\\)"):
        partition_estimate(labels, rng=0, coclustering=np.eye(3))
    with pytest.raises(ValueError, match="symmetric probabilities"):
        partition_estimate(labels, rng=0, coclustering=np.full((4, 4), np.nan))
    with pytest.raises(ValueError, match="more than most_clusters"):
        partition_estimate(labels, rng=0, candidates=[[0, 1, 2, 2]], most_clusters=2)
    with pytest.raises(ValueError, match="thin must be"):
        coclustering_matrix(posterior, thin=0)
    for wrong in ([], [25], [-1], [0.5]):
        with pytest.raises(ValueError, match="points must be"):
            coclustering_matrix(posterior, points=wrong)
    monkeypatch.setattr(f"{coclustering_matrix.__module__}.LARGEST_MATRIX", 8 * 20**2)
    with pytest.raises(ValueError, match="at most 20 of them as `points`, for instance every 2th"):
        coclustering_matrix(posterior)
    assert coclustering_matrix(posterior, points=np.arange(0, 25, 2)).shape == (13, 13)
