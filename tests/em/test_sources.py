"""Where data come from: arrays and memory maps give the same sums, and each says what it cannot read."""

import gc
import os
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from support import STRUCTURE_NAMES, random_mixture

import em
from em.sources import InMemory, MemoryMap, source_of
from em.sources.rows import draw_rows, in_order, tree_total
from mixture import ExpectedStatistics
from mixture.compiled import CHUNK_ROWS

N = 2 * CHUNK_ROWS + 1234


def equal_statistics(one, other):
    assert one.log_likelihood == other.log_likelihood
    for name in ("counts", "first", "second", "about"):
        np.testing.assert_array_equal(getattr(one, name), getattr(other, name))


@pytest.fixture
def mapped(tmp_path):
    """A function that writes an array to a file and maps it."""

    def write(x, mode="r", order="C"):
        path = tmp_path / f"x{len(list(tmp_path.iterdir()))}"
        whole = np.memmap(path, dtype=x.dtype, mode="w+", shape=x.shape, order=order)
        whole[:] = x
        whole.flush()
        return np.memmap(path, dtype=x.dtype, mode=mode, shape=x.shape, order=order)

    return write


@pytest.fixture
def data():
    rng = np.random.default_rng(0)
    mixture = random_mixture("full", 3, 2, rng)
    return mixture, mixture.draw(N, rng)[0], rng


@pytest.mark.parametrize("structure", STRUCTURE_NAMES)
def test_a_memory_map_gives_the_sums_of_the_array_to_the_last_bit(structure, mapped):
    rng = np.random.default_rng(1)
    mixture = random_mixture(structure, 3, 2, rng)
    x, weights = mixture.draw(N, rng)[0], rng.random(N)
    source = source_of(mapped(x))
    assert isinstance(source, MemoryMap)
    for threads in (None, 1, 3):
        equal_statistics(source.statistics(mixture, threads), InMemory(x).statistics(mixture, threads))
    for given_weights in (weights, mapped(weights)):
        weighted = source_of(mapped(x), given_weights)
        equal_statistics(weighted.statistics(mixture), InMemory(x, weights).statistics(mixture))
        assert weighted.total_weight == pytest.approx(weights.sum(), rel=1e-14)


@pytest.mark.parametrize("order", ["C", "F"])
@pytest.mark.parametrize("mode", ["r", "r+", "c"])
def test_any_mode_order_and_view(mode, order, mapped, data):
    mixture, x, _ = data
    view = mapped(x, mode, order)[3::2]
    assert isinstance(source_of(view), MemoryMap)
    equal_statistics(source_of(view).statistics(mixture), InMemory(x[3::2]).statistics(mixture))


def test_changes_of_a_copy_on_write_map_survive_a_pass(mapped, data):
    mixture, x, rng = data
    changed = mapped(x, "c")
    changed += 1.0
    source = source_of(changed)
    expected = InMemory(x + 1.0).statistics(mixture)
    equal_statistics(source.statistics(mixture), expected)
    source.sample(1000, rng)
    equal_statistics(source.statistics(mixture), expected)


@pytest.mark.parametrize("dtype", [np.float32, np.int16, np.uint8, ">f8", np.float16])
def test_other_numbers_are_converted_and_that_is_said(dtype, mapped, data):
    mixture, x, _ = data
    cells = np.abs(10.0 * x).clip(0, 200).astype(dtype)
    source = source_of(mapped(cells))
    assert f"the data were {np.dtype(dtype)} and have been converted" in source.notes[0]
    equal_statistics(source.statistics(mixture), InMemory(cells.astype(np.float64)).statistics(mixture))
    assert em.fit(mapped(cells), mixture, max_iterations=1).notes == source.notes


def test_a_vector_is_one_column_and_float64_needs_no_note(mapped):
    rng = np.random.default_rng(2)
    mixture = random_mixture("full", 2, 1, rng)
    x = mixture.draw(500, rng)[0]
    source = source_of(mapped(x[:, 0]))
    assert (source.n_samples, source.n_features, source.notes) == (500, 1, ())
    equal_statistics(source.statistics(mixture), InMemory(x).statistics(mixture))


def test_a_fit_to_a_memory_map_is_the_fit_in_memory(mapped, data):
    mixture, x, _ = data
    fits = [em.fit(given_data, mixture, max_iterations=5) for given_data in (x, mapped(x))]
    np.testing.assert_array_equal(fits[0].log_likelihoods, fits[1].log_likelihoods)
    assert fits[0].mixture == fits[1].mixture


@pytest.mark.skipif(not Path("/proc/self/smaps").exists(), reason="needs Linux's /proc")
def test_pages_are_given_back(mapped):
    rng = np.random.default_rng(3)
    mixture = random_mixture("full", 2, 4, rng)
    x = mapped(rng.standard_normal((40 * CHUNK_ROWS, 4)))  # 21 MB
    source = source_of(x)
    gc.collect()
    source.statistics(mixture)
    source.sample(1000, rng)
    assert resident_kilobytes(x.filename) < 2000


def resident_kilobytes(path):
    """What this process holds of a mapped file."""
    total, inside = 0, False
    with Path("/proc/self/smaps").open(encoding="utf-8") as file:
        for line in file:
            if "-" in line.split(" ")[0]:
                inside = line.rstrip().endswith(str(path))
            elif inside and line.startswith("Rss:"):
                total += int(line.split()[1])
    return total


@pytest.mark.parametrize("bad", [np.nan, np.inf, -np.inf])
@pytest.mark.parametrize("row", [0, N - 5])
def test_a_bad_cell_is_named_however_late(bad, row, mapped, data):
    mixture, x, rng = data
    x[row, 1] = bad
    x[-1, 0] = bad
    with pytest.raises(ValueError, match=rf"at row {row}, column 1 "):
        em.fit(mapped(x), mixture)
    with pytest.raises(ValueError, match=rf"at row {row}, column 1 "):
        source_of(mapped(x)).sample(N, rng)


@pytest.mark.parametrize(
    ("x", "message"),
    [
        (np.zeros((4, 3, 2)), r"must have shape \(n_samples, n_features\), not \(4, 3, 2\)"),
        (np.zeros(5, dtype=[("a", float), ("b", int)]), "holds records with the fields a, b"),
        (np.zeros((5, 2), dtype=complex), "must hold real numbers, not complex128"),
        (np.zeros((5, 2), dtype="M8[s]"), "must hold real numbers"),
        (np.zeros((5, 3)), "the data have 3 columns, but the mixture has 2 features"),
    ],
)
def test_maps_that_are_no_table_of_numbers(x, message, mapped):
    with pytest.raises(ValueError, match=message):
        source_of(mapped(x), n_features=2)


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (lambda w: w[:-1], r"weights must have shape"),
        (lambda w: np.where(np.arange(N) == N - 3, -1.0, w), rf"row {N - 3} has -1"),
        (lambda w: np.where(np.arange(N) == N - 3, np.nan, w), rf"row {N - 3} has nan"),
        (lambda w: 0.0 * w, "all point weights are zero"),
        (lambda w: w.astype(complex), "weights must hold real numbers"),
    ],
)
def test_bad_weights(change, message, mapped, data):
    _, x, _ = data
    for weights in (change(np.ones(N)), mapped(change(np.ones(N)))):
        with pytest.raises(ValueError, match=message):
            source_of(mapped(x), weights)


def test_a_file_that_lost_its_end_is_refused(mapped, data):
    mixture, x, _ = data
    source = source_of(mapped(x))
    os.truncate(source._rows.array.filename, 4096)
    with pytest.raises(ValueError, match="become shorter"):
        source.statistics(mixture)


def test_a_source_is_passed_through_with_its_own_weights(data):
    mixture, x, _ = data
    source = InMemory(x, np.ones(N))
    assert source_of(source) is source
    assert source_of(source, missing=True) is source
    with pytest.raises(ValueError, match="weights belong to the source"):
        source_of(source, np.ones(N))
    with pytest.raises(ValueError, match="2 columns, but the mixture has 3"):
        source_of(source, n_features=3)
    assert em.fit(source, mixture, max_iterations=0).log_likelihood == source.statistics(mixture).log_likelihood


def test_missing_cells_are_for_data_in_memory(mapped, data):
    _, x, _ = data
    for given_data in (mapped(x), source_of(mapped(x))):
        with pytest.raises(ValueError, match="missing cells are taken from data in memory only"):
            source_of(given_data, missing=True)


def test_samples_are_rows_of_the_data_in_their_order(mapped, data):
    _, x, rng = data
    for source in (InMemory(x), source_of(mapped(x))):
        rows = source.sample(700, rng).points
        numbers = [int(np.flatnonzero((x == row).all(axis=1))[0]) for row in rows]
        assert len(set(numbers)) == 700
        assert numbers == sorted(numbers)
        np.testing.assert_array_equal(source.sample(N + 5, rng).points, x)
        np.testing.assert_array_equal(
            source.sample(50, np.random.default_rng(1)).points,
            InMemory(x).sample(50, np.random.default_rng(1)).points,
        )


@pytest.mark.parametrize("n", [1, 300, N - 600, N])
def test_samples_leave_out_rows_without_weight_and_keep_the_others_weights(mapped, data, monkeypatch, n):
    _, x, rng = data
    monkeypatch.setattr("em.sources.memory_map.SAMPLED_AT_A_TIME", CHUNK_ROWS)
    weights = rng.random(N)
    weights[rng.choice(N, 500, replace=False)] = 0.0
    weights[:CHUNK_ROWS] = 0.0  # nothing to draw from the first block
    drawn = [s.sample(n, np.random.default_rng(2)) for s in (InMemory(x, weights), source_of(mapped(x), weights))]
    for rows in drawn:
        assert rows.n_rows == min(n, np.count_nonzero(weights))
        assert (np.diff(rows.numbers) > 0).all()
        assert (rows.weights > 0.0).all()
        np.testing.assert_array_equal(rows.points, x[rows.numbers])
        np.testing.assert_array_equal(rows.weights, weights[rows.numbers])
    np.testing.assert_array_equal(drawn[0].numbers, drawn[1].numbers)


@pytest.mark.parametrize(("n_samples", "n"), [(5, 1), (5, 2), (5, 3), (5, 4)])
def test_every_subset_is_equally_likely(n_samples, n):
    rng = np.random.default_rng(4)
    seen = {}
    for _ in range(6000):
        rows = tuple(draw_rows(n_samples, n, rng).tolist())
        seen[rows] = seen.get(rows, 0) + 1
    subsets = {1: 5, 2: 10, 3: 10, 4: 5}[n]
    assert len(seen) == subsets
    expected = 6000 / subsets
    assert sum((count - expected) ** 2 / expected for count in seen.values()) < 40.0  # chi squared, at most 9 degrees


def test_a_sample_of_nothing_is_refused():
    with pytest.raises(ValueError, match="at least one row, not 0"):
        InMemory(np.zeros((3, 1))).sample(0, np.random.default_rng(0))


@given(st.integers(1, 40), st.integers(0, 1000))
@settings(max_examples=40, deadline=None)
def test_the_tree_of_sums_as_they_come_is_that_of_all_at_once(n_parts, seed):
    rng = np.random.default_rng(seed)
    about = rng.standard_normal((2, 2))
    parts = [
        ExpectedStatistics(
            float(rng.standard_normal()), rng.random(2), rng.random((2, 2)), rng.random((2, 2, 2)), about
        )
        for _ in range(n_parts)
    ]
    equal_statistics(tree_total(iter(parts)), ExpectedStatistics.total(parts))


@pytest.mark.parametrize("workers", [1, 3])
def test_blocks_come_in_order_and_an_error_ends_them(workers):
    assert list(in_order(lambda i: i * i, iter(range(100)), workers)) == [i * i for i in range(100)]
    seen = []

    def fail_at_seven(i):
        seen.append(i)
        if i >= 7:
            raise ValueError(f"block {i}")
        return i

    with pytest.raises(ValueError, match="block 7"):
        list(in_order(fail_at_seven, iter(range(10_000)), workers))
    assert len(seen) < 100


def test_neither_dask_nor_distributed_is_imported_without_need():
    code = "import sys, em; assert not {'dask', 'distributed'} & set(sys.modules)"
    subprocess.run([sys.executable, "-c", code], check=True)
