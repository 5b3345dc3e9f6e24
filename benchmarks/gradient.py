"""One value and gradient of the log posterior, as NUTS asks for it, against one E step and against stock PyMC.

The gradient is nutpie's callback, called from Python as the E step is.
"""

import ctypes

import numpy as np
import nutpie

import bayesian
import em
from benchmarks.sampling import CASES
from benchmarks.stock_models import same_prior, simulated, stock_model
from benchmarks.timing import in_turn

CALLBACK = ctypes.CFUNCTYPE(ctypes.c_int64, ctypes.c_uint64, *[ctypes.c_void_p] * 4)


def evaluator(code):
    """A call of the log density with its gradient, at a fixed point of nutpie's compiled model."""
    point = np.random.default_rng(0).uniform(-0.5, 0.5, code.n_dim)
    gradient, value = np.empty(code.n_dim), np.empty(1)
    callback = CALLBACK(code.compiled_logp_func.address)
    arguments = (code.n_dim, *(array.ctypes.data for array in (point, gradient, value, code.user_data)))

    def call() -> None:
        assert callback(*arguments) == 0, (point, gradient, value, code)

    return call


def main(cases=CASES, *, stock: bool = True) -> None:
    """Print microseconds per call of each case."""
    print("value and gradient of the log posterior, microseconds (fastest of 7), ratios (median of pairs)")
    for case in cases:
        n, k, d = case.n_samples, case.n_components, case.n_features
        x = simulated(n, k, d)
        ours = evaluator(bayesian.CompiledPosterior.of(x, k, prior=same_prior(x)).code)
        start = em.kmeans_plus_plus(x, k, rng=np.random.default_rng(0))
        repeats = max(20, 2_000_000 // (n * k * d))
        against_em = in_turn(lambda x=x, start=start: em.e_step(x, start, threads=1), ours, repeats=(repeats, repeats))
        line = (
            f"N = {n}, K = {k}, D = {d}: ours {1e6 * against_em.theirs:.0f}, E step {1e6 * against_em.ours:.0f}"
            f" (ours {against_em.ratio:.2f} times that)"
        )
        if stock:
            theirs = evaluator(nutpie.compile_pymc_model(stock_model(x, k)))
            against_stock = in_turn(ours, theirs, repeats=(repeats, max(2, repeats // 20)))
            line += f", stock {1e6 * against_stock.theirs:.0f} ({against_stock.ratio:.1f} times ours)"
        print(line, flush=True)


if __name__ == "__main__":
    main()
