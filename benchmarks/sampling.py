"""Seconds of NUTS on the same data: our model against a list of `MvNormal` in stock `pm.Mixture`, both by nutpie.

Two chains at once, each side from its own default starts; compilation is apart (see `benchmarks.compilation`).
"""

import time

import numpy as np
import nutpie

import bayesian
from bayesian.dispersion import dispersed_starts
from bayesian.ops.compilation import compile_model, sample_chain
from bayesian.starts import unconstrained
from benchmarks.stock_models import list_of_normals, simulated

N_SAMPLES, N_COMPONENTS, N_FEATURES = 2000, 4, 4
LENGTH = {"draws": 500, "tune": 500, "progress_bar": False, "save_warmup": False}


def ours(x: np.ndarray) -> tuple[float, int]:
    """Seconds, and gradients after tuning, of the project's model."""
    model = bayesian.build(x, N_COMPONENTS, structure="full")
    compiled = compile_model(model)
    starts = dispersed_starts(x, N_COMPONENTS, "full", 2, np.random.default_rng(0))
    began = time.perf_counter()
    running = [
        sample_chain(compiled, unconstrained(model, start), jitter=0.1, seed=seed, blocking=False, **LENGTH)
        for seed, start in enumerate(starts)
    ]
    trees = [handle.wait() for handle in running]
    return time.perf_counter() - began, sum(int(tree.sample_stats["n_steps"].sum()) for tree in trees)


def stock(x: np.ndarray) -> tuple[float, int]:
    """The same of stock PyMC."""
    compiled = nutpie.compile_pymc_model(list_of_normals(x, N_COMPONENTS))
    began = time.perf_counter()
    tree = nutpie.sample(compiled, chains=2, cores=2, seed=1, **LENGTH)
    return time.perf_counter() - began, int(tree.sample_stats["n_steps"].sum())


def main() -> None:
    """Print seconds and gradients of both, and the ratio of the seconds."""
    x = simulated(N_SAMPLES, N_COMPONENTS, N_FEATURES)
    print(f"sampling, N = {N_SAMPLES}, K = {N_COMPONENTS}, D = {N_FEATURES}, 2 chains of 500 + 500")
    seconds = {}
    for name, run in (("ours", ours), ("list of MvNormal", stock)):
        seconds[name], gradients = run(x)
        print(f"{name:18} {seconds[name]:6.2f} s, {gradients} gradients after tuning")
    print(f"ratio {seconds['list of MvNormal'] / seconds['ours']:.1f}")


if __name__ == "__main__":
    main()
