"""From data to a posterior: our model against the stock one of PyMC under the same prior, both by nutpie.

Each side runs in processes of its own, with a folder of caches of its own: the first process finds it empty (cold), the
second as the first left it (warm). Both draw the same number of chains and draws, two chains at once, and start as they
do when nothing is said: ours dispersed over the data, the stock model at PyMC's initial point with nutpie's jitter.

    seconds      from the array to the DataTree: model, compilation, sampling; importing the libraries is apart
    ESS / s      the smallest bulk effective sample size, each chain for itself and added up, of the log density and of
                 the means of each feature in ascending order, by second of sampling, tuning included
    R-hat        the largest of the same quantities: above 1.05 chains of a side are in different modes

The largest case is drawn at fewer draws, on both sides: ESS by second is a rate.
"""

import importlib
import json
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

CHAINS = 2
SIDES = ("ours", "stock")


@dataclass(frozen=True)
class Case:
    """Size of a problem, draws a chain (as many more for tuning), and the ratios that are wanted."""

    n_samples: int
    n_components: int
    n_features: int
    draws: int
    wanted_rate: float
    wanted_cold: float
    wanted_warm: float


CASES = (
    Case(300, 2, 2, 500, 2.0, 3.0, 1.3),
    Case(1000, 3, 1, 500, 2.0, 1.8, 1.3),
    Case(2000, 4, 4, 500, 20.0, 5.0, 6.0),
    Case(5000, 5, 5, 200, 20.0, 5.0, 6.0),
)


def summary(log_density: np.ndarray, means: np.ndarray) -> dict[str, float]:
    """The smallest ESS and the largest R-hat of log_density (C, S) and of the sorted means (C, S, K, D)."""
    import arviz as az

    ordered = np.sort(means, axis=2).reshape(*means.shape[:2], -1)
    quantities = [log_density, *np.moveaxis(ordered, 2, 0)]
    sizes = [sum(float(az.ess(chain[None], method="bulk")) for chain in quantity) for quantity in quantities]
    return {"ess": min(sizes), "rhat": max(float(az.rhat(quantity)) for quantity in quantities)}


def ours(x: np.ndarray, case: Case) -> dict[str, float]:
    """Seconds, ESS and R-hat of the project's model."""
    import bayesian
    from benchmarks.stock_models import same_prior

    began = time.perf_counter()
    posterior = bayesian.sample(
        x,
        case.n_components,
        prior=same_prior(x),
        draws=case.draws,
        tune=case.draws,
        chains=CHAINS,
        random_seed=1,
        target_accept=0.8,
        progressbar=False,
    )
    seconds = time.perf_counter() - began
    stats = posterior.tree["sample_stats"]
    return {
        "seconds": seconds,
        "sampling": float(posterior.tree.attrs["sampling_time"]),
        "gradients": float(stats["n_steps"].sum()),
        **summary(stats["lp"].values, posterior.means),
    }


def stock(x: np.ndarray, case: Case) -> dict[str, float]:
    """The same of stock PyMC, by nutpie's own call."""
    import nutpie

    from benchmarks.stock_models import stock_model

    began = time.perf_counter()
    compiled = nutpie.compile_pymc_model(stock_model(x, case.n_components))
    compiled_at = time.perf_counter()
    tree = nutpie.sample(
        compiled,
        draws=case.draws,
        tune=case.draws,
        chains=CHAINS,
        cores=CHAINS,
        seed=1,
        target_accept=0.8,
        progress_bar=False,
        save_warmup=False,
    )
    ended = time.perf_counter()
    means = tree["posterior"]["means"].values
    return {
        "seconds": ended - began,
        "sampling": ended - compiled_at,
        "gradients": float(tree["sample_stats"]["n_steps"].sum()),
        **summary(tree["sample_stats"]["logp"].values, means.reshape(*means.shape[:2], case.n_components, -1)),
    }


def run(side: str, case: Case) -> dict[str, float]:
    """One side in this process."""
    for library in ("arviz", "nutpie", "pymc"):  # what both sides import is not timed
        importlib.import_module(library)

    from benchmarks.stock_models import simulated

    x = simulated(case.n_samples, case.n_components, case.n_features)
    return {"ours": ours, "stock": stock}[side](x, case)


def in_a_process(side: str, number: int, folder: str) -> dict[str, float]:
    """The same in a fresh process with its caches in `folder`."""
    environment = {
        **os.environ,
        "PYTENSOR_FLAGS": f"base_compiledir={folder}/pytensor",
        "NUMBA_CACHE_DIR": f"{folder}/numba",
    }
    command = [sys.executable, "-m", "benchmarks.sampling", side, str(number)]
    done = subprocess.run(command, env=environment, capture_output=True, text=True, check=True)
    return json.loads(done.stdout.splitlines()[-1])


def measured(number: int) -> dict[str, dict[str, dict[str, float]]]:
    """Cold and warm of both sides."""
    result = {}
    for side in SIDES:
        with tempfile.TemporaryDirectory() as folder:
            result[side] = {state: in_a_process(side, number, folder) for state in ("cold", "warm")}
    return result


def rate(runs: Mapping[str, Mapping[str, float]]) -> float:
    """ESS by second over the two runs of a side: they draw the same numbers."""
    return sum(run["ess"] for run in runs.values()) / sum(run["sampling"] for run in runs.values())


def main(numbers: list[int] | None = None) -> None:
    """Print each case as it is measured; all of them some quarter of an hour on an idle machine."""
    print(f"from data to posterior, {CHAINS} chains; load before: {os.getloadavg()[0]:.1f} of {os.cpu_count()} cores")
    for number in range(len(CASES)) if numbers is None else numbers:
        case = CASES[number]
        print(
            f"N = {case.n_samples}, K = {case.n_components}, D = {case.n_features}: {CHAINS} chains of"
            f" {case.draws} + {case.draws} draws",
            flush=True,
        )
        both = measured(number)
        for side in SIDES:
            cold, warm = both[side]["cold"], both[side]["warm"]
            print(
                f"  {side:6} cold {cold['seconds']:7.1f} s   warm {warm['seconds']:7.1f} s   of which sampling"
                f" {warm['sampling']:7.2f} s   ESS {warm['ess']:6.0f}   ESS / s {rate(both[side]):8.1f}"
                f"   R-hat {warm['rhat']:.2f}   gradients after tuning {warm['gradients']:.0f}"
            )
        first, second = both["ours"], both["stock"]
        print(
            f"  ratios: ESS / s {rate(first) / rate(second):.1f} (wanted {case.wanted_rate:g}),"
            f" cold {second['cold']['seconds'] / first['cold']['seconds']:.1f} ({case.wanted_cold:g}),"
            f" warm {second['warm']['seconds'] / first['warm']['seconds']:.1f} ({case.wanted_warm:g})",
            flush=True,
        )


if __name__ == "__main__":
    if len(sys.argv) > 2:
        print(json.dumps(run(sys.argv[1], CASES[int(sys.argv[2])])))
    else:
        main([int(number) for number in sys.argv[1:]] or None)
