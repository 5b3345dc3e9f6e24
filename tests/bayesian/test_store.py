"""Chains in a folder: a run that a signal breaks loses no chain that ended, and resumes to the same draws."""

import os
import signal
import subprocess
import sys
import time

import numpy as np
import pytest
from support import ROOT

import bayesian

SETTINGS = {"draws": 40, "tune": 60, "chains": 6, "cores": 1, "random_seed": 5, "progressbar": False}
SCRIPT = """
import signal, sys, time
signal.signal(signal.SIGINT, signal.default_int_handler)  # a shell's background jobs ignore it
import numpy as np
import bayesian
from bayesian.sampling import running, store

begin, keep = running.sample_chain, store.Store.keep
def begun(*arguments, **settings):
    handle = begin(*arguments, **settings)
    print("begun", flush=True)
    return handle
def slow(self, number, chain):
    keep(self, number, chain)
    print("ended", flush=True)
    time.sleep(0.2)
running.sample_chain, store.Store.keep = begun, slow
x = np.random.default_rng(0).normal(size=(50, 1))
bayesian.sample(x, 2, store=sys.argv[1], **eval(sys.argv[2]))
"""


def data():
    return np.random.default_rng(0).normal(size=(50, 1))


def broken_run(folder, kind, settings, *, word="ended", times=1):
    """A process that samples gets a signal just after it said the word so many times; its exit code and errors.

    Where it does not end, it is killed, and the test fails.
    """
    process = subprocess.Popen(
        [sys.executable, "-c", SCRIPT, str(folder), repr(settings)],
        cwd=ROOT,
        env={**os.environ, "PYTHONPATH": str(ROOT)},
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    while times:
        line = process.stdout.readline()
        assert line, process.stderr.read()
        times -= line.strip() == word
    time.sleep(0.05)
    process.send_signal(kind)
    try:
        _, errors = process.communicate(timeout=120)
    except subprocess.TimeoutExpired:
        process.kill()
        _, errors = process.communicate()
        pytest.fail(f"the process did not end on signal {kind}: {errors}")
    return process.returncode, errors


def kept(folder):
    return sorted(path.name for path in folder.iterdir() if path.suffix == ".npz")


def check(folder, settings):
    """The folder's chains are written whole, and a second call gives the draws of an unbroken run."""
    names = kept(folder)
    assert 0 < len(names) < settings["chains"]
    times = {name: (folder / name).stat().st_mtime_ns for name in names}
    resumed = bayesian.sample(data(), 2, store=folder, **settings)
    unbroken = bayesian.sample(data(), 2, **settings)
    assert resumed.equals(unbroken)
    assert {name: (folder / name).stat().st_mtime_ns for name in names} == times  # nothing was drawn again
    assert len(kept(folder)) == settings["chains"]
    assert not list(folder.glob(".*"))


def test_a_killed_run_resumes_to_the_draws_of_an_unbroken_one(tmp_path):
    code, _ = broken_run(tmp_path, signal.SIGKILL, SETTINGS, times=2)
    assert code == -signal.SIGKILL
    (tmp_path / ".chain_4.npz.abc.part").write_bytes(b"cut short")
    check(tmp_path, SETTINGS)
    assert bayesian.sample(data(), 2, store=tmp_path, **SETTINGS).n_chains == 6  # all of it from the folder
    other = {
        "data": ({"x": data() + 1.0}, "data, prior, starts"),  # the default prior and starts follow the data
        "draws": ({"draws": 41}, "draws"),
        "seed": ({"random_seed": 6}, "seeds, starts"),
        "acceptance": ({"target_accept": 0.8}, "target_accept"),
        "model": ({"n_components": 3}, "model"),
        "cores": ({"cores": 2}, None),
    }
    for change, differs in other.values():
        arguments = {"x": data(), "n_components": 2, "store": tmp_path, **SETTINGS} | change
        if differs is None:
            bayesian.sample(**arguments)
            continue
        with pytest.raises(ValueError, match=rf"another run \(other .*{differs}.*\)"):
            bayesian.sample(**arguments)
    with pytest.raises(ValueError, match="random_seed"):
        bayesian.sample(data(), 2, store=tmp_path, **(SETTINGS | {"random_seed": None}))


def test_interrupting_stops_the_chains_at_once(tmp_path):
    """Ten million draws would take far longer than the process is given."""
    settings = SETTINGS | {"draws": 10_000_000, "chains": 2, "cores": 2}
    code, errors = broken_run(tmp_path, signal.SIGINT, settings, word="begun", times=2)
    assert code not in (0, -signal.SIGKILL)
    assert errors.strip().endswith("KeyboardInterrupt")
    assert not kept(tmp_path)


def test_what_is_no_chain_is_refused_by_name(tmp_path):
    bayesian.sample(data(), 2, store=tmp_path, **SETTINGS)
    (tmp_path / "chain_3.npz").write_bytes(b"PK\x03\x04 not whole")
    with pytest.raises(ValueError, match=r"chain_3\.npz"):
        bayesian.sample(data(), 2, store=tmp_path, **SETTINGS)


@pytest.mark.slow
@pytest.mark.parametrize("kind", [signal.SIGKILL, signal.SIGTERM, signal.SIGINT])
@pytest.mark.parametrize("after", [1, 3, 5])
def test_any_signal_at_any_moment_loses_nothing(tmp_path, kind, after):
    code, _ = broken_run(tmp_path, kind, SETTINGS, times=after)
    assert code != 0
    check(tmp_path, SETTINGS)
