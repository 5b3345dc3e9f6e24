"""What a diagnosis tells beyond its verdict: label copies, superchains, overlap, modes; each planted in arrays."""

from math import factorial

import numpy as np
import pytest
import xarray as xr

import bayesian
from bayesian.diagnosis.diagnose import diagnose
from bayesian.diagnosis.hardness import EFFICIENCY_TARGET, ENOUGH, OVERLAP_ADVICE, non_permutation_rate
from bayesian.diagnosis.labellings import LISTED, count_labellings
from bayesian.diagnosis.superchains import equal_superchains, nested_r_hat, nested_r_hat_table
from bayesian.diagnosis.verdict import Verdict
from bayesian.relabelling.methods import Relabelling, relabel

C, S = 4, 400


def posterior_of(k=2, *, separation=4.0, noise=None, shift=0.0, seed=0, superchains=None):
    """Draws about components at 0, separation, ..., each coordinate with sd 0.1; D = 1."""
    rng = np.random.default_rng(seed)
    shape = (C, S, k)
    noise = rng.normal(size=shape) if noise is None else noise
    means = separation * np.arange(k) + 0.1 * noise + shift
    variances = np.exp(0.1 * rng.normal(size=shape))
    data = rng.normal(size=(50, k)) + separation * np.arange(k)
    posterior = bayesian.Posterior.from_arrays(
        rng.dirichlet(np.full(k, 50.0), shape[:2]), means[..., None], variances[..., None, None], data.reshape(-1, 1)
    )
    if superchains is None:
        return posterior
    tree = posterior.tree.copy()
    tree["constant_data"] = xr.DataTree(xr.Dataset({"superchain": (("chain",), np.asarray(superchains))}))
    return bayesian.Posterior(tree, "full")


def diagnosis_of(posterior, **more):
    return diagnose(posterior, relabel(posterior, "order"), **more)


def test_label_copies_are_counted_and_the_unvisited_ones_listed():
    permutations = np.array([[[0, 1, 2]] * 3 + [[2, 0, 1]], [[2, 0, 1]] * 2 + [[1, 0, 2]] * 2])
    found = count_labellings(Relabelling("order", permutations, 0.0))
    np.testing.assert_array_equal(found.visited[found.of_draws], permutations)
    np.testing.assert_array_equal(found.counts.sum(axis=1), [4, 4])
    np.testing.assert_array_equal(found.counts.sum(axis=0), np.sort(found.counts.sum(axis=0))[::-1])
    assert (found.total, found.n_unvisited) == (6, 3)
    together = {tuple(order) for order in np.concatenate([found.visited, found.unvisited]).tolist()}
    assert len(together) == 6
    assert "3 of 6 labellings" in str(found)


@pytest.mark.parametrize("k", [1, 2, LISTED, LISTED + 1, 12])
def test_copies_are_listed_where_that_makes_sense_and_counted_always(k):
    found = count_labellings(Relabelling("order", np.tile(np.arange(k), (2, 3, 1)), 0.0))
    assert found.n_unvisited == factorial(k) - 1
    assert (found.unvisited is None) == (k > LISTED)
    if found.unvisited is not None:
        assert found.unvisited.shape == (factorial(k) - 1, k)


def test_a_random_permutation_of_every_draw_visits_every_copy():
    posterior = posterior_of(3)
    orders = np.random.default_rng(0).permuted(np.tile(np.arange(3), (C, S, 1)), axis=2)
    found = diagnosis_of(posterior.permute(orders))
    assert found.labellings.n_unvisited == 0
    assert found.verdict is Verdict.SWITCHING_ONLY
    assert diagnosis_of(posterior).labellings.n_unvisited == 5


def nested_by_definition(values, ids):
    """Nested R-hat of split chains (C, S), no ranks, as the formula reads."""
    half = values.shape[1] // 2
    parts = np.concatenate([values[:, :half], values[:, half:]])
    groups = [parts[np.tile(ids, 2) == i] for i in np.unique(ids)]
    within = np.mean([g.var(axis=1, ddof=1).mean() + g.mean(axis=1).var(ddof=1) for g in groups])
    return np.sqrt(1.0 + np.var([g.mean() for g in groups], ddof=1) / within)


def test_nested_r_hat_is_its_definition_on_ranks():
    rng = np.random.default_rng(1)
    values = rng.normal(size=(6, 100)) + np.repeat([0.0, 0.5, 0.2], 2)[:, None]
    ids = np.repeat([0, 1, 2], 2)
    from scipy.stats import norm, rankdata

    def ranked(v):
        return norm.ppf((rankdata(v) - 0.375) / (v.size + 0.25)).reshape(v.shape)

    expected = max(nested_by_definition(ranked(v), ids) for v in (values, abs(values - np.median(values))))
    assert nested_r_hat(values[..., None], ids)[0] == pytest.approx(expected, rel=1e-3)


def test_superchains_that_sit_apart_are_seen_and_those_that_agree_are_not_flagged():
    apart = np.array([0.0, 1.0, 0.0, 1.0])[:, None, None]
    found = diagnosis_of(posterior_of(shift=apart, superchains=[0, 1, 0, 1]))
    assert found.nested.loc["sorted_means[0, 0]", "r_hat_nested"] > 2.0
    assert found.verdict is Verdict.DIFFERENT_MODES
    same = diagnosis_of(posterior_of(superchains=[0, 1, 0, 1]))
    assert same.nested["r_hat_nested"].max() < 1.02
    assert (same.nested["r_hat_nested"] >= 1.0).all()
    mixed = diagnosis_of(posterior_of(shift=apart, superchains=[0, 0, 1, 1]))  # each superchain holds both places
    assert mixed.nested.loc["sorted_means[0, 0]", "r_hat_nested"] < 1.2


def test_nested_r_hat_is_not_given_where_there_are_no_superchains():
    draws = xr.Dataset({"a": (("chain", "draw"), np.random.default_rng(0).normal(size=(C, S)))})
    assert diagnosis_of(posterior_of()).nested is None
    for ids in (None, np.arange(C), np.zeros(C, dtype=int)):
        assert nested_r_hat_table(draws, ids) is None
    assert nested_r_hat_table(draws, np.array([0, 0, 1, 1])) is not None
    ids, kept = equal_superchains(np.array([7, 3, 7, 3, 3]))
    assert (ids.tolist(), kept.tolist()) == ([1, 0, 1, 0], [0, 1, 2, 3])


def test_components_that_overlap_are_hard_to_label():
    """Two components whose means and weights say nothing apart: labels are a matter of the method."""
    found = diagnosis_of(posterior_of(separation=0.05))
    assert found.non_permutation_rate > 0.2
    assert any("Hard to label" in sentence for sentence in found.hard)
    assert found.verdict in (Verdict.NO_SWITCHING, Verdict.SWITCHING_ONLY)
    assert not found.passed
    assert found.words.endswith("but hard")
    assert found.advice == OVERLAP_ADVICE
    clear = diagnosis_of(posterior_of())
    assert clear.non_permutation_rate == 0.0
    assert not clear.hard
    assert clear.advice == clear.verdict.advice
    assert non_permutation_rate(posterior_of(1)) == 0.0


def test_few_effective_draws_are_hard_to_sample_although_the_chains_agree():
    noise = np.random.default_rng(4).normal(size=(C, S, 2))
    for s in range(1, S):
        noise[:, s] = 0.75 * noise[:, s - 1] + np.sqrt(1.0 - 0.75**2) * noise[:, s]
    found = diagnosis_of(posterior_of(noise=noise))
    effective = found.invariants["ess_bulk"].min()
    assert effective < min(ENOUGH * C, EFFICIENCY_TARGET * C * S)
    assert found.verdict is Verdict.NO_SWITCHING
    assert any("few effective draws" in s and f"{effective:.0f} of {C * S}" in s for s in found.hard)
    assert not found.passed
    assert str(found).startswith("no switching, but hard")


def test_modes_that_no_chain_reached_are_a_caveat():
    posterior = posterior_of()
    here = posterior.mixture(0, 0)
    other = bayesian.posterior_of_datatree(posterior.tree, weights="weights", means="means", scales="scales").mixture(
        0, 0
    )
    assert other.permute([1, 0]) != here
    far = type(here)(here.weights, here.means + 3.0, here.covariances)
    found = diagnosis_of(posterior, visited=bayesian.visited_modes(posterior, [here, far]))
    assert any("2 (counted from 1) were never reached" in caveat for caveat in found.caveats)
    assert not found.passed
    assert diagnosis_of(posterior, visited=bayesian.visited_modes(posterior, [here])).passed


def test_what_a_figure_needs_is_kept():
    found = diagnosis_of(posterior_of())
    assert found.unlabelled["log_likelihood"].dims == ("chain", "draw")
    assert found.labellings.of_draws.shape == (C, S)
