"""Aligning two mixtures."""

import itertools

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from support import STRUCTURE_NAMES, random_mixture

from mixture import GaussianMixture, match
from mixture.matching import bhattacharyya_distances


@given(st.integers(0, 10_000), st.integers(1, 4), st.sampled_from(STRUCTURE_NAMES))
@settings(max_examples=40, deadline=None)
def test_matching_is_the_best_of_all_permutations_and_undoes_a_planted_one(seed, k, structure):
    rng = np.random.default_rng(seed)
    source, target = (random_mixture(structure, k, 2, rng) for _ in range(2))
    distances = bhattacharyya_distances(source, target)
    costs = {order: distances[list(order), np.arange(k)].sum() for order in itertools.permutations(range(k))}
    found = match(source, target)
    assert costs[tuple(found)] == pytest.approx(min(costs.values()), abs=1e-12)
    planted = rng.permutation(k)
    assert target.permute(planted).permute(match(target.permute(planted), target)) == target


def test_the_distance_is_that_of_two_normals_worked_by_hand():
    one = GaussianMixture([1.0], [[0.0]], [1.0], "spherical")
    other = GaussianMixture([1.0], [[2.0]], [3.0], "spherical")
    # 1/8 * 4 / 2 + 1/2 log(2 / sqrt(3))
    assert bhattacharyya_distances(one, other)[0, 0] == pytest.approx(0.25 + 0.5 * np.log(2 / np.sqrt(3)), rel=1e-14)


def test_matching_does_not_depend_on_units():
    rng = np.random.default_rng(1)
    source, target = (random_mixture("full", 4, 2, rng) for _ in range(2))
    scale = np.diag([1.0, 1e4])
    scaled = [GaussianMixture(m.weights, m.means @ scale, scale @ m.covariances @ scale) for m in (source, target)]
    np.testing.assert_array_equal(match(*scaled), match(source, target))


def test_different_sizes_cannot_be_matched():
    rng = np.random.default_rng(1)
    with pytest.raises(ValueError, match="cannot match"):
        match(random_mixture("full", 2, 2, rng), random_mixture("full", 3, 2, rng))
