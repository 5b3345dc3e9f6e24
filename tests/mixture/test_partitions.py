"""Distances between partitions by hand, by counting pairs, and by entropies."""

from itertools import combinations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.stats import entropy
from sklearn.metrics import adjusted_rand_score, mutual_info_score

from mixture.partitions import adjusted_rand, as_partition, binder_loss, intersections, variation_of_information

PAIRS = st.integers(1, 12).flatmap(
    lambda n: st.tuples(*(st.lists(st.integers(0, 4), min_size=n, max_size=n) for _ in range(2)))
)


def test_adjusted_rand_by_hand():
    # Pairs together: both 1, in a 2, in b 1, of 6. Expected 2 * 1 / 6 = 1/3; highest (2 + 1) / 2; (2/3) / (7/6) = 4/7.
    assert adjusted_rand([0, 0, 1, 1], [0, 0, 1, 2]) == pytest.approx(4.0 / 7.0)
    # Both 0, in each 2, expected 2/3, highest 2: (0 - 2/3) / (4/3) = -1/2.
    assert adjusted_rand([0, 1, 0, 1], [0, 0, 1, 1]) == pytest.approx(-0.5)
    assert adjusted_rand([0, 0, 1, 2], [5, 5, 3, 4]) == 1.0
    assert adjusted_rand([0, 0, 0], [1, 1, 1]) == 1.0
    with pytest.raises(ValueError, match="same points"):
        adjusted_rand([0, 1], [0, 1, 1])


def test_variation_of_information_by_hand():
    # a has entropy log 2, b has 3/2 log 2 in nats, b refines a: VI = H(b) - H(a).
    assert variation_of_information([0, 0, 1, 1], [0, 0, 1, 2]) == pytest.approx(0.5 * np.log(2.0))
    # independent labels: H(a) + H(b).
    assert variation_of_information([0, 1, 0, 1], [0, 0, 1, 1]) == pytest.approx(2.0 * np.log(2.0))
    assert variation_of_information([0, 0, 0, 0], [0, 1, 2, 3]) == pytest.approx(np.log(4.0))


@given(PAIRS)
def test_every_distance_against_another_way_to_count_it(pair):
    a, b = pair
    shares = [np.unique(labels, return_counts=True)[1] / len(a) for labels in pair]
    information = entropy(shares[0]) + entropy(shares[1]) - 2.0 * mutual_info_score(a, b)
    assert variation_of_information(a, b) == pytest.approx(information, abs=1e-12)
    together = sum((a[i] == a[j]) != (b[i] == b[j]) for i, j in combinations(range(len(a)), 2))
    assert binder_loss(a, b) == together
    assert adjusted_rand(a, b) == pytest.approx(adjusted_rand_score(a, b), abs=1e-12)


@given(PAIRS, st.permutations(range(5)))
def test_labels_do_not_matter(pair, names):
    a, b = pair
    renamed = [names[label] for label in a]
    np.testing.assert_array_equal(as_partition(renamed), as_partition(a))
    for distance in (adjusted_rand, binder_loss, variation_of_information):
        assert distance(renamed, b) == distance(a, b) == pytest.approx(distance(b, a), abs=1e-12)
    assert binder_loss(a, renamed) == variation_of_information(a, renamed) == 0.0


def test_partitions_are_numbered_as_they_appear():
    assert as_partition([7, 3, 7, -1]).tolist() == [0, 1, 0, 2]
    assert as_partition([2.0, 1.0]).tolist() == [0, 1]
    assert intersections([5, 5, 1, 1], [0, 0, 0, 9]).tolist() == [[2, 0], [1, 1]]


@pytest.mark.parametrize("labels", [[[0, 1]], [], [0.5, 1.0], ["a"]])
def test_what_is_no_partition_is_refused(labels):
    with pytest.raises(ValueError, match="the partition"):
        as_partition(labels)
    with pytest.raises(ValueError, match="shape"):
        as_partition([0, 1], n_samples=3)
