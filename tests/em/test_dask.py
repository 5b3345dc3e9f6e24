"""Dask arrays: the fit in memory, a task per block, wherever the blocks are; and a cluster that loses a worker."""

import os
import signal
import socket
import threading
import time

import numpy as np
import pytest
from support import STRUCTURE_NAMES, random_mixture

import em
from em.sources import InMemory, connect, source_of
from em.sources.cluster import UnreachableCluster

da = pytest.importorskip("dask.array")
distributed = pytest.importorskip("distributed")

N = 5000


@pytest.fixture
def data():
    rng = np.random.default_rng(0)
    mixture = random_mixture("full", 3, 2, rng)
    return mixture, mixture.draw(N, rng)[0], rng


def close(one, other):
    assert one.log_likelihood == pytest.approx(other.log_likelihood, rel=1e-13)
    for name in ("counts", "first", "second", "about"):
        expected = getattr(other, name)
        np.testing.assert_allclose(getattr(one, name), expected, rtol=1e-12, atol=1e-12 * np.abs(expected).max())


@pytest.mark.parametrize("structure", STRUCTURE_NAMES)
def test_blocks_sum_to_the_statistics_in_memory(structure):
    rng = np.random.default_rng(1)
    mixture = random_mixture(structure, 3, 2, rng)
    x, weights = mixture.draw(N, rng)[0], rng.random(N)
    for chunks in (N, 777, (1, 0, 2000, N - 2001)):
        array = da.from_array(x, chunks=(chunks, 2))
        close(source_of(array).statistics(mixture), InMemory(x).statistics(mixture))
        close(source_of(array).statistics(mixture, 1), InMemory(x).statistics(mixture))
        for given in (weights, da.from_array(weights, chunks=999)):
            source = source_of(array, given)
            close(source.statistics(mixture), InMemory(x, weights).statistics(mixture))
            assert source.total_weight == pytest.approx(weights.sum(), rel=1e-14)


def test_a_fit_is_the_fit_in_memory(data):
    mixture, x, _ = data
    there, here = (em.fit(given, mixture, max_iterations=20) for given in (da.from_array(x, chunks=(700, 2)), x))
    np.testing.assert_allclose(there.log_likelihoods, here.log_likelihoods, rtol=1e-12)
    for name in ("weights", "means", "covariances"):
        np.testing.assert_allclose(getattr(there.mixture, name), getattr(here.mixture, name), rtol=1e-10)


def test_conversions_and_joined_columns_are_said(data):
    mixture, x, _ = data
    source = source_of(da.from_array(x.astype(np.float32), chunks=(800, 1)))
    assert source.notes == (
        "the data were float32 and have been converted to float64, block by block",
        "the columns of the Dask array were in 2 blocks and have been joined to whole rows",
    )
    close(source.statistics(mixture), InMemory(x.astype(np.float32)).statistics(mixture))
    whole = source_of(da.from_array(np.round(x).astype(int)[:, 0], chunks=100))
    assert whole.n_features == 1
    assert "int64" in whole.notes[0]
    assert source_of(da.from_array(x, chunks=(800, 2))).notes == ()


def test_samples_are_those_of_the_array(data):
    _, x, rng = data
    source = source_of(da.from_array(x, chunks=(777, 2)))
    for n in (1, 100, 4000, N, N + 1):
        seed = int(rng.integers(1000))
        drawn = [s.sample(n, np.random.default_rng(seed)).points for s in (source, InMemory(x))]
        np.testing.assert_array_equal(*drawn)


@pytest.mark.parametrize("bad", [np.nan, np.inf])
def test_a_bad_cell_in_a_late_block_is_named(bad, data):
    mixture, x, _ = data
    x[N - 3, 1] = bad
    with pytest.raises(ValueError, match=rf"at row {N - 3}, column 1 "):
        em.fit(da.from_array(x, chunks=(700, 2)), mixture)


def test_blocks_of_another_shape_than_the_array_says_are_refused(data):
    mixture, x, _ = data
    array = da.from_array(x, chunks=(1000, 2))
    wide = array.map_blocks(lambda block: np.c_[block, block], dtype=float, chunks=array.chunks, meta=np.empty((0, 0)))
    with pytest.raises(ValueError, match=r"blocks of the Dask array disagree: .* row \d+ has shape \(1000, 4\)"):
        em.fit(wide, mixture)
    short = array.map_blocks(lambda block: block[:-1], dtype=float, chunks=array.chunks, meta=np.empty((0, 0)))
    with pytest.raises(ValueError, match=r"has shape \(999, 2\), where the array says \(1000, 2\)"):
        em.fit(short, mixture)
    weights = da.from_array(np.ones(N), chunks=1000)
    lying = weights.map_blocks(lambda block: block[:-1], dtype=float, chunks=weights.chunks, meta=np.empty(0))
    with pytest.raises(ValueError, match=r"has shape \(999,\), where the array says \(1000,\)"):
        em.fit(array, mixture, weights=lying)


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (lambda x: x[x[:, 0] > 0.0], r"call x.compute_chunk_sizes\(\)"),
        (lambda x: x[:, :, None], r"must have shape \(n_samples, n_features\)"),
        (lambda x: x[:0], r"is empty: it has shape \(0, 2\)"),
        (lambda x: x.astype(complex), "must hold real numbers, not complex128"),
        (lambda x: x.to_delayed()[0, 0], "is not a Dask array"),
        (lambda x: x[:, :1], "the data have 1 columns, but the mixture has 2 features"),
    ],
)
def test_arrays_that_cannot_be_read(make, message, data):
    mixture, x, _ = data
    with pytest.raises(ValueError, match=message):
        em.fit(make(da.from_array(x, chunks=(1000, 2))), mixture)


@pytest.mark.parametrize(
    ("weights", "message"),
    [
        (np.ones(N - 1), "weights must have shape"),
        (np.where(np.arange(N) == N - 2, -1.0, 1.0), rf"row {N - 2} has -1"),
        (np.where(np.arange(N) == N - 2, np.nan, 1.0), rf"row {N - 2} has nan"),
        (np.zeros(N), "all point weights are zero"),
    ],
)
def test_bad_weights(weights, message, data):
    mixture, x, _ = data
    for given in (weights, da.from_array(weights, chunks=900)):
        with pytest.raises(ValueError, match=message):
            em.fit(da.from_array(x, chunks=(1000, 2)), mixture, weights=given)


def test_missing_cells_are_for_data_in_memory(data):
    mixture, x, _ = data
    with pytest.raises(ValueError, match="missing cells are taken from data in memory only"):
        em.fit(da.from_array(x, chunks=(1000, 2)), mixture, missing=True)


def test_many_starts_climb_on_all_the_data(data):
    _, x, _ = data
    array = da.from_array(x, chunks=(2000, 2))
    found = em.fit_best(array, 3, n_starts=2, rng=1, max_iterations=30)
    assert found.best.log_likelihood == pytest.approx(found.best.mixture.log_likelihood(x), rel=1e-12)


@pytest.mark.parametrize("address", ["nonsense", "tcp://127.0.0.1:1", "carrier-pigeon://coop:1"])
def test_an_unreachable_cluster_is_named(address):
    with pytest.raises(UnreachableCluster, match=rf"no Dask scheduler answered at '{address}' within 1 seconds"):
        connect(address, timeout=1.0)


def test_a_server_that_stays_silent_is_not_waited_for():
    with socket.create_server(("127.0.0.1", 0)) as server:
        address = "tcp://{}:{}".format(*server.getsockname())
        with pytest.raises(ConnectionError, match=address):
            connect(address, timeout=0.5)


@pytest.mark.parametrize(("address", "timeout"), [(3, 1.0), ("", 1.0), ("tcp://x:1", 0.0), ("tcp://x:1", float("nan"))])
def test_an_address_is_text_and_a_timeout_positive(address, timeout):
    with pytest.raises(ValueError, match=r"address must be|timeout must be"):
        connect(address, timeout=timeout)


def slow(block):
    time.sleep(0.05)
    return block


@pytest.mark.slow
@pytest.mark.filterwarnings("ignore::ResourceWarning", "ignore::pytest.PytestUnraisableExceptionWarning")
@pytest.mark.parametrize("persisted", [False, True])
def test_a_worker_that_is_killed_does_not_change_the_answer(persisted, data):
    mixture, x, _ = data
    here = em.fit(x, mixture, tolerance=0.0, max_iterations=15)
    options = {"n_workers": 2, "threads_per_worker": 1, "processes": True, "dashboard_address": None}
    with distributed.LocalCluster(**options) as cluster, connect(cluster.scheduler_address) as client:
        client.wait_for_workers(2)
        array = da.from_array(x, chunks=(500, 2)).map_blocks(slow, dtype=float)
        if persisted:
            array = array.persist()
            distributed.wait(array)
        victim = min(client.run(os.getpid).values())
        killed = []

        def kill():
            os.kill(victim, signal.SIGKILL)
            killed.append(time.perf_counter())

        source = source_of(array)
        source.statistics(mixture)  # imports and compiled code are loaded before the clock starts
        timer = threading.Timer(0.5, kill)
        timer.start()
        there = em.fit(source, mixture, tolerance=0.0, max_iterations=15)
        ended = time.perf_counter()
        timer.join()
        assert killed
        assert killed[0] < ended
        assert victim not in client.run(os.getpid).values()
    np.testing.assert_allclose(there.log_likelihoods, here.log_likelihoods, rtol=1e-12)
    for name in ("weights", "means", "covariances"):
        np.testing.assert_allclose(getattr(there.mixture, name), getattr(here.mixture, name), rtol=1e-10)


@pytest.mark.slow
@pytest.mark.filterwarnings("ignore::ResourceWarning", "ignore::pytest.PytestUnraisableExceptionWarning")
def test_an_error_of_a_worker_is_the_error_of_the_fit(data):
    mixture, x, _ = data
    x[N - 3, 1] = np.nan
    options = {"n_workers": 1, "threads_per_worker": 1, "processes": True, "dashboard_address": None}
    with (
        distributed.LocalCluster(**options) as cluster,
        connect(cluster.scheduler_address),
        pytest.raises(ValueError, match=rf"at row {N - 3}, column 1 "),
    ):
        em.fit(da.from_array(x, chunks=(700, 2)), mixture)
