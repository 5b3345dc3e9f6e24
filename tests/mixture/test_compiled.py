"""The pass over chunks of rows: threads, read-only and mapped data, sums in pairs."""

import os
import warnings
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import numpy as np
import pytest

from mixture import GaussianMixture, compiled, expected_statistics, kernels
from mixture.arrays import FloatArray

STRUCTURES = ("full", "diag")


def problem(structure: str, n_samples: int = 40_000, n_features: int = 3) -> tuple[FloatArray, GaussianMixture]:
    rng = np.random.default_rng(0)
    covariances = np.ones((4, n_features))
    mixture = GaussianMixture(
        np.full(4, 0.25),
        rng.normal(size=(4, n_features)),
        np.stack([np.diag(row) for row in covariances]) if structure == "full" else covariances,
        structure,
    )
    return rng.normal(size=(n_samples, n_features)), mixture


def assert_same(one: compiled.Sums, other: compiled.Sums) -> None:
    for mine, theirs in zip(one, other, strict=True):
        np.testing.assert_array_equal(mine, theirs)


def compilations() -> int:
    return len(kernels.dense_statistics.signatures) + len(kernels.dense_log_density.signatures)


@pytest.mark.parametrize("structure", STRUCTURES)
def test_sums_do_not_depend_on_the_threads(structure: str) -> None:
    points, mixture = problem(structure)
    given = mixture.kernel_arguments
    alone = compiled.statistics(points, compiled.NOTHING, given, 1)
    for threads in (2, 3, 50, None):
        assert_same(compiled.statistics(points, compiled.NOTHING, given, threads), alone)
    np.testing.assert_array_equal(
        compiled.log_density(points, given, threads=3), compiled.log_density(points, given, threads=1)
    )


def test_passes_from_several_threads_at_once() -> None:
    points, mixture = problem("full")
    given = mixture.kernel_arguments
    alone = compiled.statistics(points, compiled.NOTHING, given, 1)
    with ThreadPoolExecutor(4) as pool:
        running = [pool.submit(compiled.statistics, points, compiled.NOTHING, given, 2) for _ in range(20)]
        for future in running:
            assert_same(future.result(), alone)


@pytest.mark.skipif(not hasattr(os, "fork"), reason="the system does not fork")
def test_a_forked_process_has_threads_of_its_own() -> None:
    points, mixture = problem("full")
    given = mixture.kernel_arguments
    alone = compiled.statistics(points, compiled.NOTHING, given, 2)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", DeprecationWarning)  # that a process with threads forks is what is tested
        child = os.fork()
    if child == 0:
        again = compiled.statistics(points, compiled.NOTHING, given, 2)
        os._exit(0 if all(np.array_equal(a, b) for a, b in zip(alone, again, strict=True)) else 1)
    assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 0


@pytest.mark.parametrize("structure", STRUCTURES)
def test_other_layouts_give_the_same_sums_without_compiling_again(structure: str, tmp_path: Path) -> None:
    points, mixture = problem(structure)
    given = mixture.kernel_arguments
    expected = compiled.statistics(points, compiled.NOTHING, given, 1)
    densities = compiled.log_density(points, given)
    before = compilations()
    frozen = points.copy()
    frozen.setflags(write=False)
    file = tmp_path / "points.npy"
    np.save(file, points)
    shifted = tmp_path / "points.bin"
    shifted.write_bytes(b"odd" + points.tobytes())
    layouts = (
        frozen,
        np.load(file, mmap_mode="r"),
        np.load(file, mmap_mode="r+"),
        np.memmap(shifted, dtype=np.float64, mode="r+", offset=3, shape=points.shape),
        np.asfortranarray(points),
        np.repeat(points, 2, axis=0)[::2],
    )
    for layout in layouts:
        assert_same(compiled.statistics(layout, compiled.NOTHING, given, 1), expected)
        np.testing.assert_array_equal(compiled.log_density(layout, given), densities)
    assert compilations() == before


def test_read_only_weights() -> None:
    points, mixture = problem("full", n_samples=100)
    weights = np.random.default_rng(1).gamma(1.0, size=100)
    expected = expected_statistics(points, mixture, weights)
    before = compilations()
    weights.setflags(write=False)
    np.testing.assert_array_equal(expected_statistics(points, mixture, weights).second, expected.second)
    assert compilations() == before


def test_only_the_rows_asked_for_are_copied() -> None:
    points = np.zeros((100, 2))
    assert np.shares_memory(compiled.rows_of(points, slice(10, 20)), points)
    points.setflags(write=False)
    rows = compiled.rows_of(points, slice(10, 20))
    assert rows.shape == (10, 2)
    assert rows.base is None


@pytest.mark.parametrize("count", [1, 2, 3, 7, 64])
def test_pairwise_sum(count: int) -> None:
    parts = list(np.random.default_rng(count).normal(size=(count, 5)))
    np.testing.assert_allclose(compiled.pairwise_sum(parts), np.sum(parts, axis=0), rtol=1e-14, atol=1e-14)
