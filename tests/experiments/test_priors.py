"""The report on priors: known answers for made-up posteriors, conjugate updates by hand, claims that can fail."""

from dataclasses import replace

import numpy as np
import pytest
from answered import run_case

from experiments.answers.priors import counts, shifts
from experiments.answers.priors_concentration import concentration_tables, partition_words, rounded
from experiments.answers.priors_declared import CLAIMS, N_SPARE
from experiments.answers.priors_density import predictive_distances, where_densities_differ
from experiments.data.datasets import load
from experiments.engine.answering import report_of
from experiments.engine.experiment import Budget, Results
from experiments.priors import CONCENTRATIONS, DATA, EXPERIMENT, GRID, NAMES, Found, highest, prior_named, slug

TINY = Budget(draws=40, tune=60, chains=2)


def density(shift=0.0):
    curve = np.exp(-0.5 * ((GRID - 20.0 - shift) / 2.0) ** 2) / (2.0 * np.sqrt(2.0 * np.pi))
    return 0.8 * curve, curve, 1.2 * curve


def found(sd=1.0, shift=0.0, r_hat=1.0, empty=0.5, seed=0):
    """A made-up posterior: component 3 has the median sd `sd`, the predictive density is moved by `shift`."""
    rng = np.random.default_rng(seed)
    centre = np.array([[0.1, 9.7, 0.7], [0.86, 21.4, 2.2], [0.04, 33.0, sd]])
    draws = centre * np.exp(0.05 * rng.standard_normal((600, 3, 3)))
    filled = np.zeros((4, N_SPARE))
    filled[:, -1], filled[:, 2] = 1.0 - empty, empty
    prior = np.array([[0.02, 0.0, 0.1], [0.3, 20.0, 1.0], [0.8, 40.0, 10.0]])
    lower, middle, upper = density(shift)
    ordered = np.sort(draws[:, :, 0], axis=1)
    ones = np.full((3, 3), 500.0)
    return Found(draws, prior, np.full((3, 3), r_hat), ones, lower, middle, upper, filled, ordered, ones[0], ("all",))


def report(**changes):
    outcomes = {slug(name): found(sd=1.0 + 0.5 * i, seed=i) for i, name in enumerate(NAMES)}
    outcomes |= {
        slug(f"concentration {value:g}"): found(empty=0.9 - 0.2 * i, seed=9 + i)
        for i, value in enumerate(CONCENTRATIONS)
    }
    return report_of(EXPERIMENT, Results(outcomes | changes, EXPERIMENT.full, 1), quick=False, seconds=1.0)


def test_a_moving_component_and_a_density_that_stays():
    made = report()
    assert made.passed
    assert made.answer.startswith("It decides the small components and hardly the density")
    assert "is 1.00 or 3.0" in made.answer
    assert "under the uniform prior and the conjugate prior" in made.answer
    assert f"at least one of {N_SPARE} components is empty from 0.900 to 0.300" in made.answer


@pytest.mark.parametrize(
    ("change", "failing"),
    [
        ({slug(name): found() for name in NAMES}, "decided"),
        ({"chib": found(sd=1.5, shift=1.0)}, "undecided"),
        ({"chib": found(sd=1.5, r_hat=1.2)}, "mixed"),
    ],
)
def test_each_claim_can_fail(change, failing):
    made = report(**change)
    assert [claim.statement for claim in made.claims if not claim.passed] == [CLAIMS[failing].statement]
    if failing == "undecided":
        assert made.answer.startswith("It decides the small components and the density with them")


def test_the_distance_of_two_shifted_normals():
    """Total variation of N(0, 2) and N(1, 2) is 2 Phi(1/4) - 1 = 0.19741."""
    [row] = predictive_distances({"a": found(), "b": found(shift=1.0)}, GRID).to_dict(orient="records")
    assert row["distance"] == pytest.approx(0.19741, abs=1e-4)


def test_a_density_that_moves_where_the_small_components_lie_is_told():
    low, middle, high = density()
    at = np.abs(GRID - 9.7) < 1.0
    bumps = [np.where(at, 0.06, middle), np.where(at, 0.02, middle)]
    priors = {
        "a": replace(found(), middle=bumps[0], lower=low, upper=high + 0.07),
        "b": replace(found(), middle=bumps[1]),
    }
    place = where_densities_differ(priors, GRID, "a", np.array([33.0, 9.7]))
    assert place.ratio == pytest.approx(3.0)
    assert (place.at, place.lowest, place.highest, place.outside) == (9.7, "b", "a", 0)
    others = {slug(name): replace(found(sd=1.5 + i), middle=bumps[0]) for i, name in enumerate(NAMES)}
    others["chib"] = replace(found(), middle=bumps[1])
    assert report(**others).answer.startswith("It decides the small components, and the density where they lie")


def test_weights_of_fixed_allocations_by_hand():
    """Three galaxies and e0 = 10: (3 + 10) / (82 + 30) = 0.116."""
    held = counts(found(), load(DATA).points()[:, 0])
    np.testing.assert_array_equal(held, [7, 72, 3])
    weights, _ = concentration_tables({10.0: found()})
    assert "0.116, 0.152 and 0.732" in partition_words(weights, held)
    assert "another partition" in partition_words(weights, held)
    exact = replace(found(), ordered=np.tile([13 / 112, 17 / 112, 82 / 112], (600, 1)))
    assert "the same groups" in partition_words(concentration_tables({10.0: exact})[0], held)


def test_what_three_decimals_cannot_show_is_said_to_be_less():
    assert [rounded(value) for value in (0.12345, 0.0006, 0.0002)] == ["0.123", "0.001", "< 0.0005"]


def test_shifts_are_in_posterior_sds():
    one = found()
    sds = one.draws.std(axis=0, ddof=1)
    other = replace(one, draws=one.draws + 2.0 * sds)
    np.testing.assert_allclose(shifts({"a": one, "b": other}), 2.0)


def test_every_prior_is_proper_for_these_data_and_has_its_own_numbers():
    x = load(DATA).points()
    assert 26.960 in x[:, 0]
    described = set()
    for name in NAMES:
        prior = prior_named(name, x)
        prior.check(x, 3, "diag")
        assert prior.proper
        described.add(str(prior))
    assert len(described) == len(NAMES)


def test_labels_are_those_of_ems_highest_optimum():
    best = highest(load(DATA).points())
    assert (np.diff(best.means[:, 0]) > 0.0).all()
    assert best.weights[2] == pytest.approx(3 / 82, abs=0.01)


def test_one_case_by_computation():
    made = run_case(EXPERIMENT, TINY, 4, "concentration-10")
    assert made.filled.shape == (2, N_SPARE)
    np.testing.assert_allclose(made.filled.sum(axis=1), 1.0)
    np.testing.assert_allclose(made.draws[:, :, 0].sum(axis=1), 1.0)
    assert (np.diff(made.ordered, axis=1) >= 0.0).all()
    assert np.trapezoid(made.middle, GRID) == pytest.approx(1.0, abs=0.05)
    # Dirichlet(10, 10, 10): Beta(10, 20) for one weight, whose median is about (10 - 1/3) / (30 - 2/3).
    assert made.prior[1, 0] == pytest.approx((10 - 1 / 3) / (30 - 2 / 3), abs=0.01)
    few = run_case(EXPERIMENT, TINY, 4, "concentration-0-1")
    assert few.ordered[:, 0].mean() < made.ordered[:, 0].mean()
    assert few.filled[:, -1].mean() < made.filled[:, -1].mean()
