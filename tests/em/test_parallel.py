"""Tasks over cores: in order, the same whatever the number of processes."""

import os
import time

import numpy as np
import pytest

from em import parallel
from em.parallel import as_they_end, over_cores


def sums_of(array):
    """A function that holds an array and draws from the generator of its task."""

    def of_task(generator):
        array[0] += 1.0  # shared arrays stay writable
        array[0] -= 1.0
        return float(array.sum() + generator.standard_normal())

    return of_task


@pytest.mark.parametrize("size", [3, 400_000], ids=["small", "shared"])
def test_results_do_not_depend_on_the_number_of_processes(size):
    array = np.arange(size, dtype=np.float64)
    found = [over_cores(sums_of(array), np.random.default_rng(5).spawn(9), n_jobs=n_jobs) for n_jobs in (1, 2, None)]
    assert found[0] == found[1] == found[2]
    assert len(found[0]) == 9


@pytest.mark.parametrize("n_jobs", [1, 2, -1, None])
def test_each_result_is_told_in_order(n_jobs):
    told = []
    found = over_cores(lambda i: (time.sleep(0.02 * (i % 2 == 0)), i * i)[1], range(7), n_jobs=n_jobs, done=told.append)
    assert found == told == [0, 1, 4, 9, 16, 25, 36]


def test_the_rest_goes_to_processes_only_when_that_pays(monkeypatch):
    monkeypatch.setattr(parallel, "cpu_count", lambda: 2)
    here = os.getpid()
    assert set(over_cores(lambda _: os.getpid(), range(50))) == {here}

    def slow_at_first(i):
        time.sleep(0.2 if i == 0 else 0.0)
        return os.getpid()

    monkeypatch.setattr(parallel, "WORTHWHILE_SECONDS", 10.0)
    assert set(over_cores(slow_at_first, range(90))) == {here}
    monkeypatch.setattr(parallel, "WORTHWHILE_SECONDS", 0.1)

    def slow(_):
        time.sleep(0.05)
        return os.getpid()

    processes = over_cores(slow, range(12))
    assert processes[0] == here
    assert here not in processes[1:]


@pytest.mark.parametrize("n_jobs", [1, 2, None])
def test_an_exception_is_raised_as_it_is(n_jobs):
    def refuse(i):
        if i == 2:
            raise ArithmeticError("task 2 failed")
        return i

    with pytest.raises(ArithmeticError, match="task 2 failed"):
        over_cores(refuse, range(6), n_jobs=n_jobs)


def test_no_tasks_and_wrong_numbers_of_processes():
    assert over_cores(abs, []) == []
    assert over_cores(abs, [-3], n_jobs=4) == [3]
    for wrong in (0, -2, 1.5, True, "two"):
        with pytest.raises(ValueError, match="n_jobs must be"):
            over_cores(abs, [1, 2], n_jobs=wrong)


@pytest.mark.parametrize("n_jobs", [1, 2])
def test_results_are_given_as_they_end(n_jobs):
    def of_task(i):
        time.sleep(0.6 if i == 0 else 0.0)
        return i

    found = list(as_they_end(of_task, range(5), n_jobs=n_jobs))
    assert sorted(found) == [0, 1, 2, 3, 4]
    assert found.index(0) == (0 if n_jobs == 1 else 4)
