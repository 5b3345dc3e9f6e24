"""The covariance families: what units change, what nests, and that the report tells it."""

import dataclasses

import numpy as np
import pytest
from answered import reported, run_case

from experiments import covariances
from experiments.answers.covariances_units import UNMOVED, bic, bic_choices, chosen
from experiments.covariances import EXPERIMENT, MINUTES, SDS, SECONDS
from experiments.data.datasets import load
from experiments.engine.experiment import Budget
from experiments.figures.models.ellipse_panels import EllipsePanel, ellipse_panels
from mixture import FAMILIES, GaussianMixture, structure_named

TINY = Budget(n_starts=1)


@pytest.fixture(scope="module")
def found() -> list[covariances.Fitted]:
    return [run_case(EXPERIMENT, TINY, 1, family.mclust.lower()) for family in FAMILIES]


@pytest.mark.parametrize("family", [family.mclust for family in FAMILIES])
def test_families_that_scaling_maps_to_themselves_are_those_that_hold_scaled_covariances(family: str) -> None:
    known = structure_named(family)
    rng = np.random.default_rng(1)
    turned = []
    for _ in range(2):
        axes = np.linalg.qr(rng.standard_normal((3, 3)))[0]
        turned.append(axes @ np.diag(rng.uniform(1.0, 5.0, 3)) @ axes.T)
    counts = np.array([40.0, 60.0])
    scatter = counts[:, None, None] * np.stack(turned)
    scatter = np.diagonal(scatter, axis1=1, axis2=2) if known.diagonal else scatter
    member = known.dense(known.estimate(counts, scatter), 2, 3)
    scale = np.array([60.0, 1.0, 0.2])
    scaled = member * np.outer(scale, scale)
    again = np.diagonal(scaled, axis1=1, axis2=2) if known.diagonal else scaled
    projected = known.dense(known.estimate(counts, counts.reshape(-1, *(1,) * (again.ndim - 1)) * again), 2, 3)
    assert np.allclose(projected, scaled, rtol=1e-6) == (family in UNMOVED)


def test_log_likelihoods_in_all_units_are_of_the_same_minutes(found: list[covariances.Fitted]) -> None:
    points = load("faithful").points()
    for fitted in found:
        assert fitted.log_likelihoods[MINUTES] == pytest.approx(fitted.mixture.log_likelihood(points), abs=1e-9)
    spheres = next(fitted for fitted in found if fitted.mclust == "VII")
    back = GaussianMixture(
        spheres.mixture.weights, spheres.standard_means, np.diagonal(spheres.standardised, axis1=1, axis2=2), "diag"
    )
    assert back.log_likelihood(points) == pytest.approx(spheres.log_likelihoods[SDS], abs=2.0)  # other weights
    assert abs(spheres.log_likelihoods[SECONDS] - spheres.log_likelihoods[MINUTES]) > 100.0


def test_bic_in_each_unit_is_that_of_its_likelihood_and_says_whether_the_choice_moves(
    found: list[covariances.Fitted],
) -> None:
    n = len(load("faithful").points())
    for fitted in found:
        for unit, value in fitted.log_likelihoods.items():
            assert bic(fitted, unit) == pytest.approx(-2.0 * value + fitted.n_parameters[0] * np.log(n), abs=1e-6)
    full = next(fitted for fitted in found if fitted.mclust == "VVV")
    assert "same in all units" in chosen(bic_choices([full]))
    better = {unit: value + 100.0 * (unit == SDS) for unit, value in full.log_likelihoods.items()}
    other = dataclasses.replace(full, mclust="other", bic=full.bic + 50.0, log_likelihoods=better)
    choices = bic_choices([full, other])
    assert [choices[unit].mclust for unit in (MINUTES, SDS)] == ["VVV", "other"]
    assert "other" in chosen(choices)


def test_report_holds_its_claims_and_marks_the_best(found: list[covariances.Fitted]) -> None:
    report = reported(EXPERIMENT, *found)
    table = next(table.frame for table in report.tables if table.name == "families")
    assert table.loc[table["BIC"].idxmin(), "best by"].startswith("BIC")
    assert len(report.claims) == 9
    assert all(claim.passed for claim in report.claims if "K = 2" in claim.statement or "units" in claim.statement)


def test_a_family_below_one_that_it_contains_fails_the_claim(found: list[covariances.Fitted]) -> None:
    full = found[-1]
    lower = dataclasses.replace(full, log_likelihoods=dict.fromkeys(full.log_likelihoods, -1200.0))
    report = reported(EXPERIMENT, *found[:-1], lower)
    nesting = next(claim for claim in report.claims if "contains" in claim.statement)
    assert not nesting.passed
    assert nesting.ours > 50.0


def test_panels_share_the_limits_of_the_data_and_tell_components_by_marker() -> None:
    points = np.random.default_rng(0).standard_normal((20, 2)) + np.repeat([[0.0, 0.0], [9.0, 9.0]], 10, axis=0)
    means, wide = np.array([[9.0, 9.0], [0.0, 0.0]]), np.stack([1e4 * np.eye(2)] * 2)
    allocations = np.repeat([1, 0], 10)
    drawn = ellipse_panels([EllipsePanel("a", means, wide, allocations)] * 2, points, ["x", "y"], n_columns=2)
    assert len({(ax.get_xlim(), ax.get_ylim()) for ax in drawn.figure.axes}) == 1
    assert drawn.figure.axes[0].get_xlim()[1] < 30.0
    assert drawn.data["points"]["component, panel 1"].tolist() == [1] * 10 + [2] * 10  # by the first feature
