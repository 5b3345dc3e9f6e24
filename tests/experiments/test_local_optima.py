"""Local optima: what is counted, where EM on two means ends, and that a lower best fails its claim."""

import dataclasses
from pathlib import Path

import numpy as np
import pytest
from answered import reported, run_case
from scipy import optimize, stats

import em
from experiments import local_optima
from experiments.answers.local_optima import ends_table, most_likely_share, starts_needed, told_share
from experiments.data.datasets import load
from experiments.engine.experiment import Budget
from experiments.local_optima import EXPERIMENT, KINDS, Optima, Surface, means_path, with_means

TINY = Budget(n_starts=3)


@pytest.fixture(scope="module")
def three() -> Optima:
    return run_case(EXPERIMENT, TINY, 1, "galaxies-3")


@pytest.fixture(scope="module")
def surface() -> Surface:
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(local_optima, "N_GRID", 16)
        patch.setattr(local_optima, "N_BASIN", 7)
        return run_case(EXPERIMENT, TINY, 1, "surface")


def two_groups(seed: int) -> np.ndarray:
    rng = np.random.default_rng(seed)
    return np.where(rng.random(500) < 0.7, 0.0, 2.5)[:, None] + rng.standard_normal((500, 1))


def test_every_start_is_counted_once(three: Optima) -> None:
    fixed = [start.name for start in em.STARTS if start.is_deterministic(82)]
    assert three.started.tolist() == [1.0 if kind in fixed else 3.0 for kind in KINDS]
    assert np.all(np.diff(three.log_likelihoods) < 0.0)
    x = load("galaxies").points()
    for mixture, value in zip(three.mixtures, three.log_likelihoods, strict=True):
        assert mixture.log_likelihood(x) == pytest.approx(value, abs=1e-9)


def test_each_optimum_is_one(three: Optima) -> None:
    """Started from its own optimum EM stays: nothing is left to gain."""
    x = load("galaxies").points()
    for mixture, value in zip(three.mixtures, three.log_likelihoods, strict=True):
        assert em.fit(x, mixture, tolerance=1e-12, max_iterations=50).log_likelihood == pytest.approx(value, abs=1e-6)


def test_ends_of_both_sides_of_the_diagonal(surface: Surface) -> None:
    assert np.all(np.tril(surface.ends, -1)[np.tril_indices(7, -1)] == 1.0)
    assert np.all(surface.ends[np.triu_indices(7, 1)] == 0.0)
    assert np.all(np.diagonal(surface.ends) == 2.0)
    for path, climb in zip(surface.paths, surface.climbs, strict=True):
        assert np.diff(climb).min() > -1e-9
        assert len(set(np.sign(path[:, 0] - path[:, 1]))) == 1


def test_ends_of_em_are_maxima_of_an_independent_optimiser() -> None:
    x = two_groups(4)

    def negative(means: np.ndarray) -> float:
        density = 0.7 * stats.norm.pdf(x, means[0]) + 0.3 * stats.norm.pdf(x, means[1])
        return -float(np.log(density).sum())

    for start in ((0.0, 2.5), (2.5, 0.0)):
        found = optimize.minimize(negative, start, method="Nelder-Mead", options={"xatol": 1e-8, "fatol": 1e-10})
        end = means_path(x, np.array(start))[-1]
        np.testing.assert_allclose(end, found.x, atol=1e-5)
        assert with_means(end).log_likelihood(x) == pytest.approx(-found.fun, abs=1e-8)


def test_equal_means_go_to_the_mean_of_the_data_and_stay() -> None:
    x = two_groups(2)
    path = means_path(x, np.array([3.0, 3.0]))
    np.testing.assert_allclose(path[1:], x.mean(), rtol=1e-12)


@pytest.mark.parametrize(("share", "needed"), [(1.0, 1.0), (0.9, 2.0), (0.5, 7.0), (0.01, 459.0), (0.0, np.inf)])
def test_starts_needed(share: float, needed: float) -> None:
    """The least S with (1 - p)^S <= 0.01."""
    assert starts_needed(share) == needed


def test_none_of_many_starts_gives_a_limit_and_not_infinity() -> None:
    assert stats.binom.pmf(0, 60, most_likely_share(60.0)) == pytest.approx(0.05)
    share, needed = told_share(0.0, 60.0, varies=True)
    assert (share, needed) == ("0 (≤ 5)", "≥ 93")
    assert told_share(15.0, 60.0, varies=True) == ("25 ± 6", "17")


def test_lower_optima_and_spikes_have_columns_of_their_own(three: Optima) -> None:
    counts = np.ones((8, len(KINDS)))
    many = dataclasses.replace(
        three,
        mixtures=three.mixtures[:1] * 8,
        log_likelihoods=-200.0 - np.arange(8.0),
        counts=counts,
        spiked=2.0 * counts[0],
        singular=0.0 * counts[0],
        failed=0.0 * counts[0],
    )
    table = ends_table(3, many, KINDS)
    assert table["end"].tolist() == ["−200.00", "−201.00", "−202.00", "−203.00", "−204.00", "3 lower", "spike"]
    assert table["starts"].sum() == many.started.sum()
    np.testing.assert_allclose(table[list(KINDS)].sum(), 1.0)


def test_report_and_claims_that_fail(three: Optima, surface: Surface, tmp_path: Path) -> None:
    four = dataclasses.replace(three, log_likelihoods=three.log_likelihoods + 10.0)
    report = reported(EXPERIMENT, three, four, surface)
    assert report.passed
    folder = report.write(tmp_path / "local_optima")
    assert {path.stem for path in (folder / "figures").glob("*.png")} == {"ends", "densities", "surface"}

    lower = dataclasses.replace(three, log_likelihoods=three.log_likelihoods - 0.01)
    one_top = dataclasses.replace(surface, ends=np.where(surface.ends == 1.0, 0.0, surface.ends))
    broken = reported(EXPERIMENT, lower, four, one_top)
    assert [claim.passed for claim in broken.claims] == [False, True, False]
