"""Agglomerated starts: Ward's tree is scipy's, every merge is the one that the criterion's definition asks for."""

import itertools

import numpy as np
import pytest
from scipy.cluster import hierarchy

from em.starts import hierarchical, ward
from em.starts.agglomeration import LogDeterminant, LogVariance, LogVariances, SumOfSquares, agglomerate

RNG = np.random.default_rng(0)  # from which so few points draw nothing


def partition(labels):
    return {frozenset(np.flatnonzero(labels == k)) for k in np.unique(labels)}


@pytest.mark.parametrize("seed", range(4))
@pytest.mark.parametrize("d", [1, 3])
def test_ward_is_scipys(seed, d):
    x = np.random.default_rng(seed).normal(size=(70, d)) * np.logspace(0, 4, d)
    tree = hierarchy.ward((x - x.mean(axis=0)) / x.std(axis=0))
    for k in (1, 2, 3, 6):
        labels = hierarchy.fcluster(tree, k, "maxclust")
        expected = np.array(sorted(x[labels == j].mean(axis=0).tolist() for j in range(1, k + 1)))
        mixture = ward(x, k, rng=RNG)
        np.testing.assert_allclose(np.array(sorted(mixture.means.tolist())), expected, rtol=1e-9)


def criterion_of(name, x, groups, least):
    """The criterion of a partition, straight from its definition."""
    total = 0.0
    for group in groups:
        points = x[list(group)]
        n, d = points.shape
        scatter = (points - points.mean(axis=0)).T @ (points - points.mean(axis=0))
        if name == "EII":
            total += np.trace(scatter)
        elif name == "VII":
            total += n * d * np.log((np.trace(scatter) / d + least) / n)
        elif name == "VVI":
            total += n * np.log((np.diag(scatter) + least) / n).sum()
        else:
            total += n * np.log(np.linalg.det((scatter + least * np.eye(d)) / n))
    return total


CRITERIA = {
    "EII": SumOfSquares(),
    "VII": LogVariance(0.7, 2),
    "VVI": LogVariances(0.7),
    "VVV": LogDeterminant(0.7),
}


@pytest.mark.parametrize("name", CRITERIA)
@pytest.mark.parametrize("seed", range(5))
def test_every_merge_is_the_one_that_costs_the_criterion_least(name, seed):
    x = np.random.default_rng(seed).normal(size=(12, 2)) * [2.0, 1.0]
    groups = [frozenset([i]) for i in range(len(x))]
    while len(groups) > 1:
        merges = []
        for a, b in itertools.combinations(groups, 2):
            merged = [group for group in groups if group not in (a, b)] + [a | b]
            merges.append((criterion_of(name, x, merged, 0.7), merged))
        groups = min(merges, key=lambda merge: merge[0])[1]
        assert partition(agglomerate(x, np.ones(12), len(groups), CRITERIA[name])) == set(groups)


@pytest.mark.parametrize("name", CRITERIA)
def test_agglomerating_points_with_mass_starts_from_groups_of_copies(name):
    """Copies of a point are a group already, so the criterion of the partition into points counts them as one."""
    rng = np.random.default_rng(9)
    x, mass = rng.normal(size=(7, 2)), rng.integers(1, 4, 7)
    copies, owner = np.repeat(x, mass, axis=0), np.repeat(np.arange(7), mass)
    costs = {}
    for i, j in itertools.combinations(range(7), 2):
        groups = [np.flatnonzero(owner == k) for k in range(7) if k not in (i, j)]
        costs[i, j] = criterion_of(name, copies, [*groups, np.flatnonzero((owner == i) | (owner == j))], 0.7)
    assert frozenset(min(costs, key=costs.get)) in partition(agglomerate(x, mass.astype(float), 6, CRITERIA[name]))


def test_hierarchical_follows_the_structure():
    """Two crossing lines: covariance matrices of their own tell them apart, a common sphere cannot."""
    rng = np.random.default_rng(0)
    along, across = rng.uniform(-10, 10, 120), rng.normal(0, 0.05, 120)
    labels = np.arange(120) % 2
    x = np.where(labels[:, None] == 0, np.stack([along, across], axis=1), np.stack([across, along], axis=1) + [25, 0])
    for structure, least in (("full", 0.99), ("diag", 0.99)):
        mixture = hierarchical(x, 2, structure=structure, rng=RNG)
        found = mixture.responsibilities(x).argmax(axis=1)
        assert max((found == labels).mean(), (found != labels).mean()) >= least
    assert hierarchical(x, 2, structure="tied_spherical", rng=RNG) == ward(x, 2, structure="tied_spherical", rng=RNG)
