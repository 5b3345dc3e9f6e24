"""Seconds of NUTS for the same data: our model against a list of `MvNormal` in stock `pm.Mixture`, both by nutpie."""

import time

import nutpie

import bayesian
from benchmarks.stock_models import list_of_normals, simulated

N_SAMPLES, N_COMPONENTS, N_FEATURES = 2000, 4, 4
SETTINGS = {"draws": 500, "tune": 500, "chains": 2, "cores": 2, "seed": 1, "progress_bar": False, "save_warmup": False}


def main() -> None:
    """Print the seconds of sampling, compilation apart."""
    x = simulated(N_SAMPLES, N_COMPONENTS, N_FEATURES)
    found = {}
    for name, model in (
        ("ours", bayesian.build(x, N_COMPONENTS, structure="full")),
        ("list of MvNormal", list_of_normals(x, N_COMPONENTS)),
    ):
        compiled = nutpie.compile_pymc_model(model)
        began = time.perf_counter()
        tree = nutpie.sample(compiled, **SETTINGS)
        found[name] = time.perf_counter() - began
        steps = int(tree.sample_stats["n_steps"].sum())
        print(f"{name:18} {found[name]:6.1f} s of sampling, {steps} gradients after tuning")
    print(f"ratio {found['list of MvNormal'] / found['ours']:.1f}")


if __name__ == "__main__":
    main()
