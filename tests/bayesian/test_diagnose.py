"""The diagnosis: one synthetic posterior per verdict, both patterns of multimodality, and degenerate input."""

import arviz as az
import numpy as np
import pytest
import xarray as xr

from bayesian.diagnosis.convergence import convergence_table, moving_chains, separated, separated_groups
from bayesian.diagnosis.diagnose import diagnose
from bayesian.diagnosis.switching import count_switches
from bayesian.diagnosis.verdict import ESS_TARGET, Verdict
from bayesian.posterior import Posterior
from bayesian.relabelling.methods import Relabelling, relabel


def points(n_groups):
    """Sixty points about each of (0, 0), (4, 4), ..."""
    rng = np.random.default_rng(11)
    return rng.permutation(np.concatenate([rng.normal(4.0 * k, 1.0, size=(60, 2)) for k in range(n_groups)]))


def draws(n_chains=4, n_draws=500, k=2, seed=0, shift=0.0, noise=None, n_groups=None):
    """Independent draws about components at 0, 4, ...; `shift` is added to means, `noise` takes the place of theirs."""
    rng = np.random.default_rng(seed)
    shape = (n_chains, n_draws, k)
    if noise is None:
        noise = rng.normal(size=(*shape, 2))
    spread = np.exp(0.1 * rng.normal(size=shape))
    return {
        "weights": rng.dirichlet(np.full(k, 60.0), shape[:2]),
        "means": 4.0 * np.arange(k)[:, None] + 0.1 * noise + shift,
        "covariances": spread[..., None, None] * np.array([[1.0, 0.2], [0.2, 1.0]]),
        "data": points(n_groups or k),
    }


def diagnosis_of(posterior, method="ecr"):
    return diagnose(posterior, relabel(posterior, method))


def swapped(n_chains, n_draws, chains):
    """Orders that swap two components in the chains named."""
    orders = np.tile([0, 1], (n_chains, n_draws, 1))
    orders[list(chains)] = [1, 0]
    return orders


@pytest.mark.parametrize("k", [1, 2, 3])
@pytest.mark.parametrize("method", ["order", "ecr", "stephens"])
def test_good_chains_that_keep_their_labels(k, method):
    found = diagnosis_of(Posterior.from_arrays(**draws(k=k)), method)
    assert found.verdict is Verdict.NO_SWITCHING
    assert found.passed
    assert not found.switches.any
    assert found.modes == ((0, 1, 2, 3),)
    assert found.divergences is None
    assert "no switching" in str(found)


def test_chance_alone_overturns_no_verdict_of_four_chains_of_500():
    """Autocorrelated draws worth about a third of their number, as a good sampler gives them."""
    for seed in range(12):
        noise = autoregression((4, 500, 2, 2), 0.5, seed)
        found = diagnosis_of(Posterior.from_arrays(**draws(seed=seed, noise=noise)))
        assert found.verdict is Verdict.NO_SWITCHING, str(found)


def autoregression(shape, coefficient, seed):
    """A stationary Gaussian autoregression along axis 1, of variance 1."""
    noise = np.random.default_rng(seed).normal(size=shape)
    for s in range(1, shape[1]):
        noise[:, s] = coefficient * noise[:, s - 1] + np.sqrt(1.0 - coefficient**2) * noise[:, s]
    return noise


def test_exchangeable_prior_chains_in_copies_of_one_mode_are_switching_only():
    """First pattern: raw R-hat huge, log density not flagged."""
    posterior = Posterior.from_arrays(**draws()).permute(swapped(4, 500, [1, 3]))
    found = diagnosis_of(posterior)
    assert found.verdict is Verdict.SWITCHING_ONLY
    assert found.raw["r_hat_split"].max() > 20.0
    assert found.raw["r_hat"].max() > 1.5
    assert found.invariants["r_hat"].max() < 1.01
    assert found.relabelled["r_hat"].max() < 1.01
    assert len(found.switches.between) == 2
    assert found.switches.within.sum() == 0
    assert found.chains["labelled_otherwise"].sum() == 2
    assert found.passed


@pytest.mark.parametrize("method", ["ecr", "stephens"])
def test_labels_that_switch_within_chains_are_switching_only_although_raw_r_hat_is_one(method):
    orders = np.random.default_rng(2).permuted(np.tile([0, 1], (4, 500, 1)), axis=2)
    found = diagnosis_of(Posterior.from_arrays(**draws()).permute(orders), method)
    assert found.verdict is Verdict.SWITCHING_ONLY
    assert found.raw["r_hat"].max() < 1.02
    changes = (np.diff(orders[:, :, 0], axis=1) != 0).sum(axis=1)
    np.testing.assert_array_equal(found.switches.within, changes)
    np.testing.assert_array_equal(found.chains["switches"], changes)


def test_asymmetric_prior_labelings_of_different_height_are_different_modes():
    """Second pattern: the same mixtures under other labels, but the log posterior is flagged as well."""
    clean = Posterior.from_arrays(**draws())
    log_posterior = clean.log_likelihood - np.array([0.0, 30.0, 0.0, 30.0])[:, None]
    posterior = Posterior.from_arrays(**draws(), log_posterior=log_posterior).permute(swapped(4, 500, [1, 3]))
    found = diagnosis_of(posterior)
    assert found.verdict is Verdict.DIFFERENT_MODES
    assert found.invariants.loc["log_posterior", "r_hat_split"] > 2.0
    assert found.invariants.loc["log_likelihood", "r_hat"] < 1.01
    assert found.modes == ((0, 2), (1, 3))
    assert list(found.chains["mode"]) == [0, 1, 0, 1]
    assert not found.passed
    assert "Do not pool" in str(found)
    flat = Posterior.from_arrays(**draws(), log_posterior=clean.log_likelihood).permute(swapped(4, 500, [1, 3]))
    assert diagnosis_of(flat).verdict is Verdict.SWITCHING_ONLY


def test_chains_that_explain_the_data_otherwise_are_different_modes():
    """Two components for three groups: the middle group goes to one or the other."""
    shift = np.zeros((4, 1, 2, 1))
    shift[:, :, 1] = 2.0
    shift[2, :, 0], shift[2, :, 1] = 2.0, 4.0
    orders = np.random.default_rng(1).permuted(np.tile([0, 1], (4, 500, 1)), axis=2)
    found = diagnosis_of(Posterior.from_arrays(**draws(shift=shift, n_groups=3)).permute(orders))
    assert found.verdict is Verdict.DIFFERENT_MODES
    assert sorted(map(len, found.modes)) == [1, 3]
    assert found.chains["log_likelihood_mean"].idxmax() in found.modes[0]


def test_chains_on_their_way_are_not_converged():
    drift = np.linspace(0.0, 3.0, 500)[None, :, None, None]
    assert diagnosis_of(Posterior.from_arrays(**draws(shift=drift))).verdict is Verdict.NOT_CONVERGED
    jump = np.zeros((4, 500, 1, 1))
    jump[1], jump[2, :250], jump[2, 250:] = 2.0, 4.0, 6.0
    found = diagnosis_of(Posterior.from_arrays(**draws(shift=jump)))
    assert found.verdict is Verdict.NOT_CONVERGED
    assert "chain 3 moved" in found.explanation


def test_too_few_effective_draws_are_not_converged_and_a_few_more_are_a_caveat():
    slow = Posterior.from_arrays(**draws(noise=autoregression((4, 500, 2, 2), 0.98, 5)))
    assert diagnosis_of(slow).verdict is Verdict.NOT_CONVERGED
    found = diagnosis_of(Posterior.from_arrays(**draws(n_draws=80)))
    assert found.verdict is Verdict.NO_SWITCHING
    assert found.invariants["ess_bulk"].min() < ESS_TARGET * 4
    assert any("wanted" in caveat or "R-hat" in caveat for caveat in found.caveats)
    assert not found.passed


@pytest.mark.parametrize("chains", [[2], [0, 1, 2, 3]])
def test_chains_that_never_move_are_not_converged(chains):
    arrays = draws()
    for name in ("weights", "means", "covariances"):
        arrays[name][chains] = arrays[name][chains, :1]
    found = diagnosis_of(Posterior.from_arrays(**arrays))
    assert found.verdict is Verdict.NOT_CONVERGED
    assert "never moved" in found.explanation
    assert not found.raw.isna().any().any()


def test_a_relabelling_that_leaves_components_mixed_up_is_not_trusted():
    posterior = Posterior.from_arrays(**draws()).permute(swapped(4, 500, [1]))
    nothing = Relabelling("ecr", np.tile([0, 1], (4, 500, 1)), 0.0)
    found = diagnose(posterior, nothing)
    assert found.verdict is Verdict.NOT_CONVERGED
    assert "the relabelling" in found.explanation


def test_a_single_chain_is_judged_by_its_halves_with_a_caveat():
    found = diagnosis_of(Posterior.from_arrays(**draws(n_chains=1)))
    assert found.verdict is Verdict.NO_SWITCHING
    assert np.isfinite(found.raw["r_hat"]).all()
    assert any("single chain" in caveat for caveat in found.caveats)
    jump = np.zeros((1, 500, 1, 1))
    jump[:, 250:] = 1.0
    found = diagnosis_of(Posterior.from_arrays(**draws(n_chains=1, shift=jump)))
    assert found.verdict is Verdict.NOT_CONVERGED


def test_divergences_are_counted():
    posterior = Posterior.from_arrays(**draws())
    tree = posterior.tree.copy()
    diverging = np.zeros((4, 500), dtype=bool)
    diverging[1, 3:6] = True
    tree["sample_stats"] = xr.DataTree(
        tree["sample_stats"].to_dataset().assign(diverging=(("chain", "draw"), diverging))
    )
    found = diagnosis_of(Posterior(tree, "full"))
    assert found.divergences == 3
    assert any("3 divergent" in caveat for caveat in found.caveats)


def test_tables_name_each_scalar_once_and_hold_what_arviz_says():
    posterior = Posterior.from_arrays(**draws())
    table = diagnosis_of(posterior).raw
    assert list(table.index[:2]) == ["weights[0]", "weights[1]"]
    assert "covariances[1, 1, 0]" in table.index
    assert "covariances[1, 0, 1]" not in table.index
    means = posterior.means[:, :, 1, 0]
    row = table.loc["means[1, 0]"]
    alone = xr.Dataset({"mean": (("chain", "draw"), means)})
    assert row["r_hat"] == pytest.approx(float(az.rhat(alone)["mean"]))
    assert row["ess_tail"] == pytest.approx(float(az.ess(alone, method="tail")["mean"]))
    assert row["mean"] == pytest.approx(means.mean())


def test_constant_scalars_are_left_out_of_tables():
    values = np.random.default_rng(0).normal(size=(2, 20))
    both = xr.Dataset({"still": (("chain", "draw"), np.full((2, 20), 0.1)), "moving": (("chain", "draw"), values)})
    assert list(convergence_table(both).index) == ["moving"]
    assert convergence_table(both[["still"]]).empty


def test_chains_that_stand_at_different_places_have_infinite_or_huge_r_hat():
    values = np.tile(np.arange(3.0)[:, None], (1, 20))
    table = convergence_table(xr.Dataset({"a": (("chain", "draw"), values)}))
    assert (table["r_hat"] > 1e3).all()
    assert not table.isna().any().any()


def test_separation_worked_by_hand():
    assert separated(np.array([0.0, 1.0]), np.array([2.0, 3.0]))
    assert separated(np.array([2.0, 3.0]), np.array([0.0, 1.0]))
    assert not separated(np.array([0.0, 2.5]), np.array([2.0, 3.0]))  # one of four pairs is the other way round
    assert not separated(np.zeros(5), np.zeros(5))
    values = np.array([0.0, 10.0, 0.5, 20.0])[:, None] + np.linspace(0.0, 1.0, 40)
    dataset = xr.Dataset({"a": (("chain", "draw"), values)})
    assert separated_groups(dataset) == ((0, 2), (1,), (3,))
    assert moving_chains(dataset) == (0, 1, 2, 3)


def test_switches_are_counted_from_draw_to_draw_and_from_chain_to_chain():
    permutations = np.array([[[0, 1], [0, 1], [1, 0], [0, 1]], [[1, 0]] * 4, [[0, 1]] * 4])
    found = count_switches(Relabelling("ecr", permutations, 0.0))
    assert list(found.within) == [2, 0, 0]
    assert found.between == (1,)
    np.testing.assert_array_equal(found.modal, [[0, 1], [1, 0], [0, 1]])
    everywhere_swapped = count_switches(Relabelling("ecr", np.tile([1, 0], (3, 4, 1)), 0.0))
    assert not everywhere_swapped.any


def test_too_few_draws_and_foreign_relabellings_are_refused():
    short = Posterior.from_arrays(**draws(n_draws=7))
    with pytest.raises(ValueError, match="at least 8 draws"):
        diagnosis_of(short)
    with pytest.raises(ValueError, match="permutations have shape"):
        diagnose(Posterior.from_arrays(**draws(n_draws=20)), relabel(short))
