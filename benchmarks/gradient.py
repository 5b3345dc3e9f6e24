"""One value and gradient of the log posterior, as NUTS asks for it, against `pm.Mixture` and against one E step."""

import numpy as np

import bayesian
import em
from benchmarks.stock_models import batched_normal, simulated
from benchmarks.timing import in_turn

CASES = ((1000, 3, 2), (2000, 4, 4))
"""(n_samples, n_components, n_features)."""


def evaluator(model):
    """A call that evaluates value and gradient at the model's initial point."""
    function = model.logp_dlogp_function(ravel_inputs=True)
    function.set_extra_values({})
    point = function.raveled_inputs if hasattr(function, "raveled_inputs") else None
    if point is None:
        from pymc.blocking import DictToArrayBijection

        start = model.initial_point(random_seed=0)
        point = DictToArrayBijection.map({v.name: start[v.name] for v in model.value_vars}).data
    compiled = function._pytensor_function
    compiled.trust_input = True
    return lambda: compiled(np.array(point))


def main() -> None:
    """Print microseconds per call."""
    print("value and gradient of the log posterior, microseconds (fastest of 7), ratios (median of pairs)")
    for n, k, d in CASES:
        x = simulated(n, k, d)
        ours = evaluator(bayesian.build(x, k, structure="full"))
        stock = evaluator(batched_normal(x, k))
        start = em.kmeans_plus_plus(x, k, rng=np.random.default_rng(0))
        against_stock = in_turn(ours, stock, repeats=(200, 20))
        against_em = in_turn(lambda x=x, start=start: em.e_step(x, start, threads=1), ours, repeats=(200, 200))
        print(
            f"N = {n}, K = {k}, D = {d}: ours {1e6 * against_stock.ours:.0f}, pm.Mixture of a batched MvNormal"
            f" {1e6 * against_stock.theirs:.0f} ({against_stock.ratio:.1f} times ours); E step"
            f" {1e6 * against_em.ours:.0f} (ours {against_em.ratio:.2f} times that)"
        )


if __name__ == "__main__":
    main()
