"""Relabellings side by side: similarities against all common permutations, costs, and what is compared by default."""

import itertools

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from switched_draws import random_orders, simulated

from bayesian import compare_relabellings
from bayesian.mixture_draws import MixtureDraws
from bayesian.relabelling.methods import METHODS
from bayesian.relabelling.orders import relabel_allocations
from mixture import match

HARD = {"distance": 1.0, "noise": 0.7}


@given(st.integers(0, 10_000), st.integers(2, 4))
@settings(max_examples=10, deadline=None)
def test_similarity_is_the_largest_under_any_common_permutation(seed, k):
    posterior, _, _ = simulated(k, n_draws=10, seed=seed, n_samples=12, **HARD)
    found = compare_relabellings(posterior, ("order", "pra", "point_process"))
    labels = MixtureDraws.of_posterior(posterior).allocations
    for (name, one), (other, two) in itertools.product(found.relabellings.items(), repeat=2):
        first, second = one.permutations.reshape(-1, k), two.permutations.reshape(-1, k)
        common = [np.array(order) for order in itertools.permutations(range(k))]
        draws = max((first == second[:, order]).all(axis=1).mean() for order in common)
        assert found.draws.loc[name, other] == pytest.approx(draws)
        points = max(
            (relabel_allocations(labels, first) == relabel_allocations(labels, second[:, order])).mean()
            for order in common
        )
        assert found.points.loc[name, other] == pytest.approx(points)
    assert found.agreement == found.draws.to_numpy().min()


def test_methods_agree_where_components_lie_apart():
    posterior, truth, _ = simulated(3)
    posterior = posterior.permute(random_orders(120, 3, np.random.default_rng(0)).reshape(2, 60, 3))
    found = compare_relabellings(posterior, truth=truth, climb=lambda mixture: truth.permute(match(truth, mixture)))
    assert list(found.relabellings) == [method.name for method in METHODS]
    assert found.agreement == 1.0
    assert (found.points == 1.0).all(axis=None)
    assert (found.summary["valid"] == 1.0).all()
    assert (found.summary["seconds"] >= 0.0).all()
    assert "share of draws labelled alike" in str(found)
    for name, relabelling in found.relabellings.items():
        np.testing.assert_array_equal(relabelling.permutations, found.relabellings["order"].permutations)
        assert found.costs.loc["order", name] == pytest.approx(found.costs.loc[name, name])


def test_each_method_is_best_by_its_own_measure():
    """In overlapping components, for the methods whose optimum is not a local one."""
    posterior, _, allocation = simulated(3, **HARD)
    found = compare_relabellings(posterior, ("order", "ecr", "pra", "to_truth"), truth=allocation)
    assert found.agreement < 1.0
    for name in found.costs:
        assert found.costs.loc[name, name] == found.costs[name].min()
        assert found.costs.loc[name, name] == pytest.approx(found.summary.loc[name, "cost"])


def test_what_cannot_be_run_is_left_out_unless_it_is_asked_for():
    posterior, _, _ = simulated(2)
    names = set(compare_relabellings(posterior).relabellings)
    assert names == {method.name for method in METHODS} - {"em_modes", "to_truth"}
    many, _, _ = simulated(11, n_draws=2)
    assert "sjw" not in compare_relabellings(many).relabellings
    draws = MixtureDraws.of_posterior(posterior)
    bare = compare_relabellings(MixtureDraws(draws.weights, draws.means, draws.covariances))
    assert set(bare.relabellings) == {"order", "point_process"}
    assert bare.points.empty
    assert bare.relabellings["order"].permutations.shape == (1, 120, 2)
    with pytest.raises(ValueError, match="needs climb"):
        compare_relabellings(posterior, ["em_modes"])
    with pytest.raises(ValueError, match="at least one"):
        compare_relabellings(posterior, [])
    with pytest.raises(ValueError, match="no relabelling method 'alphabet'"):
        compare_relabellings(posterior, ["alphabet"])


def test_the_pivot_is_handed_to_those_that_follow_one():
    posterior, _, allocation = simulated(2)
    found = compare_relabellings(posterior, ("order", "ecr"), pivot=1 - allocation)
    assert (found.relabellings["order"].permutations == [0, 1]).all()
    assert (found.relabellings["ecr"].permutations == [1, 0]).all()
    assert found.agreement == 1.0
