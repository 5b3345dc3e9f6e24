"""One step of EM: plain sums, weighted moments, and what is lost without log-sum-exp."""

import dataclasses
from fractions import Fraction
from pathlib import Path

import numpy as np
import pytest
from answered import reported, run_case
from scipy import stats
from scipy.special import logsumexp

from experiments import em_step
from experiments.answers.em_step import first_iterations, until_still
from experiments.answers.em_step_underflow import normal_until
from experiments.em_step import EXPERIMENT, ByHand, Geyser, Underflow
from experiments.engine.experiment import Budget

TINY = Budget(n_samples=40)


@pytest.fixture(scope="module")
def hand() -> ByHand:
    return run_case(EXPERIMENT, TINY, 1, "by-hand")


@pytest.fixture(scope="module")
def old() -> Geyser:
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(em_step, "N_ITERATIONS", 45)
        return run_case(EXPERIMENT, TINY, 1, "faithful")


@pytest.fixture(scope="module")
def far() -> Underflow:
    return run_case(EXPERIMENT, TINY, 1, "underflow")


def test_responsibilities_are_bayes_rule(hand: ByHand) -> None:
    joint = 0.5 * stats.norm.pdf(hand.points[:, None], [2.0, 4.0], 1.0)
    np.testing.assert_allclose(hand.responsibilities, joint / joint.sum(axis=1, keepdims=True), rtol=1e-13)
    np.testing.assert_allclose(hand.log_joint, np.log(joint), rtol=1e-13)
    assert hand.responsibilities[list(em_step.DOZEN).index(3.1), 1] > 0.5 > hand.responsibilities[4, 1]


def test_moments_are_weighted_ones_and_the_library_agrees(hand: ByHand) -> None:
    """In exact rational arithmetic from the responsibilities as doubles."""
    x = [Fraction(float(value)) for value in hand.points]
    for k in (0, 1):
        r = [Fraction(float(value)) for value in hand.responsibilities[:, k]]
        mean = sum(a * b for a, b in zip(r, x, strict=True)) / sum(r)
        variance = sum(a * (b - mean) ** 2 for a, b in zip(r, x, strict=True)) / sum(r)
        assert hand.step.weights[k] == pytest.approx(float(sum(r) / 12), abs=1e-14)
        assert hand.step.means[k, 0] == pytest.approx(float(mean), abs=1e-14)
        assert hand.step.covariances[k, 0, 0] == pytest.approx(float(variance), abs=1e-13)


def test_decimal_arithmetic_agrees_with_scipy_where_both_can(far: Underflow) -> None:
    at = np.stack([stats.norm.logpdf(-far.distances, mean) for mean in (0.0, 3.0)])
    np.testing.assert_allclose(far.exact, logsumexp(at, axis=0) + np.log(0.5), rtol=1e-14)


def test_the_naive_form_ends_where_doubles_do(far: Underflow) -> None:
    kept = np.isfinite(far.naive)
    assert np.array_equal(kept, far.distances <= far.last)
    assert 38.5 < far.last < 38.6
    assert np.isfinite(far.stable).all()
    naive = em_step.naive_density(em_step.joint_at(np.array([40.0])))
    with np.errstate(invalid="ignore"):
        assert np.isnan(np.exp(em_step.joint_at(np.array([40.0]))) / naive).all()  # 0/0
    np.testing.assert_allclose(em_step.two_normals().responsibilities([[-40.0]]).sum(), 1.0)


def test_digits_are_lost_from_where_the_density_is_no_normal_double() -> None:
    before, after = em_step.naive_density(em_step.joint_at(normal_until() + np.array([-1e-6, 1e-6])))
    assert before > np.finfo(np.float64).tiny > after > 0.0


def test_the_first_iteration_and_the_still_ones_after_it_are_told() -> None:
    told = first_iterations(np.array([-40.0, -30.0, -29.9, -29.8, -15.0, -10.0]))
    assert "10 of the 30 nats of the climb (33%)" in told
    assert "The next 2 gain" in told
    assert "next" not in first_iterations(np.array([-40.0, -30.0, -20.0]))


def test_points_are_lost_where_the_typical_density_leaves_the_doubles(far: Underflow) -> None:
    """About -D (log sd + 1.42) nats: below -745 it is zero, above 709 infinite."""
    for unit, shares in zip(em_step.UNITS, far.lost_in, strict=True):
        typical = -far.dimensions * (np.log(unit) + 0.5 * np.log(2.0 * np.pi) + 0.5)
        outside = np.maximum(-745.0 - typical, typical - 709.0)
        spread = np.sqrt(0.5 * far.dimensions) + 3.0  # sd of half a chi-squared, and the second component
        assert (shares[outside > 5.0 * spread] == 1.0).all()
        assert (shares[outside < -5.0 * spread] == 0.0).all()
    assert far.lost[0] == 0.0 < far.lost[-1] < 1.0


def test_the_path_is_cut_where_it_stands_still(old: Geyser) -> None:
    cut = until_still(old.path)
    gaps = old.path.log_likelihoods[-1] - cut.log_likelihoods
    assert gaps[-1] < 0.01 <= gaps[-2]
    np.testing.assert_array_equal(cut.means, old.path.means[: len(cut.means)])


def test_report_animation_and_claims_that_fail(
    hand: ByHand, old: Geyser, far: Underflow, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("experiments.answers.em_step.NEARLY", 157.0)  # two frames
    report = reported(EXPERIMENT, hand, old, far)
    assert report.passed
    folder = report.write(tmp_path / "em_step")
    figures = {path.name for path in (folder / "figures").iterdir()}
    assert {"by_hand.png", "iterations.png", "fit.gif", "fit.png", "underflow.png"} <= figures

    values = old.path.log_likelihoods
    falling = dataclasses.replace(old.path, log_likelihoods=np.append(values[:-1], values[-1] - 1e-3))
    broken = reported(
        EXPERIMENT,
        dataclasses.replace(hand, means=hand.means + 1e-6, responsibilities=hand.responsibilities + 1e-6),
        dataclasses.replace(old, path=falling, means=old.means * 1.001),
        dataclasses.replace(far, stable=far.stable * (1.0 + 1e-9), last=37.0),
    )
    assert not any(claim.passed for claim in broken.claims)
