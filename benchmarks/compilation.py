"""Seconds to compile the bivariate two-component model for nutpie: cold and warm cache, each in a fresh process."""

import os
import subprocess
import sys
import tempfile
import time

import numpy as np

MODELS = ("ours", "list of MvNormal", "lone Normal")


def compile_one(name: str) -> None:
    """Build and compile one model in this process; print the seconds."""
    import nutpie

    import bayesian
    from bayesian.ops.compilation import compile_model
    from benchmarks import stock_models

    x = stock_models.simulated(300, 2, 2)
    began = time.perf_counter()
    if name == "ours":
        compiled = compile_model(bayesian.build(x, 2, structure="full"))
        print(time.perf_counter() - began)
        began = time.perf_counter()
        compiled.with_data(x_data=np.ascontiguousarray(x[:200]))
        print(time.perf_counter() - began)
        return
    model = stock_models.lone_normal() if name == "lone Normal" else stock_models.list_of_normals(x, 2)
    nutpie.compile_pymc_model(model)
    print(time.perf_counter() - began)


def seconds_in_a_process(name: str, folder: str) -> list[float]:
    """The same in a fresh process with its caches in `folder`; ours adds the seconds of an exchange of data."""
    environment = {
        **os.environ,
        "PYTENSOR_FLAGS": f"base_compiledir={folder}/pytensor",
        "NUMBA_CACHE_DIR": f"{folder}/numba",
    }
    command = [sys.executable, "-m", "benchmarks.compilation", name]
    done = subprocess.run(command, env=environment, capture_output=True, text=True, check=True)
    return [float(word) for word in done.stdout.split()]


def main() -> None:
    """Print cold and warm seconds of each model."""
    print("compilation for nutpie, K = 2, D = 2, seconds")
    for name in MODELS:
        with tempfile.TemporaryDirectory() as folder:
            cold, warm = (seconds_in_a_process(name, folder) for _ in range(2))
        exchange = f"   new data {warm[1]:.4f}" if len(warm) > 1 else ""
        print(f"{name:18} cold {cold[0]:6.1f}   warm {warm[0]:5.1f}{exchange}")


if __name__ == "__main__":
    if len(sys.argv) > 1:
        compile_one(" ".join(sys.argv[1:]))
    else:
        main()
