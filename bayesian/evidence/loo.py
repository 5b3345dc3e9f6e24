"""Leave-one-out cross-validation with the Pareto k of each point, and exact refits where k is too high.

    elpd = sum_n log p(x_n | X without x_n)

by Pareto smoothed importance sampling from the posterior of all the data. The importance weights 1 / p(x_n | theta)
have a tail of shape k: above the threshold (0.7 for many draws) the estimate for that point cannot be trusted, which in
a mixture is usual for a point that a component has to itself. Such points are left out in earnest: `loo(posterior,
compiled)` samples the posterior of the others anew, without compiling. Source: Vehtari, Gelman & Gabry 2017, Stat.
Comput. 27:1413; Vehtari, Simpson, Gelman, Yao & Gabry 2024, JMLR 25:72.
"""

import warnings
from dataclasses import dataclass, replace

import arviz as az
import numpy as np
import xarray as xr

from bayesian.draws import log_densities
from bayesian.evidence.held_out import held_out_log_density
from bayesian.posterior import Posterior
from bayesian.sampling import CompiledPosterior
from mixture.arrays import FloatArray, IntArray


@dataclass(frozen=True, eq=False)
class Loo:
    """log_density (N,): log p(x_n | the other points), in nats. pareto_k (N,), of the draws of all the data.

    elpd: their sum; standard_error: of it, from how much the points differ. effective_parameters: what the log
    predictive density of the data themselves exceeds elpd by. threshold: the k above which a point is not to be
    trusted. refitted: the points that were left out in earnest.
    """

    log_density: FloatArray
    pareto_k: FloatArray
    threshold: float
    effective_parameters: float
    refitted: IntArray

    @property
    def elpd(self) -> float:
        return float(self.log_density.sum())

    @property
    def standard_error(self) -> float:
        return float(np.sqrt(len(self.log_density)) * self.log_density.std(ddof=1))

    @property
    def high(self) -> IntArray:
        """The points whose k is above the threshold and that were not refitted."""
        return np.setdiff1d(np.flatnonzero(self.pareto_k > self.threshold), self.refitted)

    def __str__(self) -> str:
        text = (
            f"elpd by leave-one-out {self.elpd:.2f} ± {self.standard_error:.2f},"
            f" {self.effective_parameters:.1f} effective parameters"
        )
        if self.refitted.size:
            text += f"; {self.refitted.size} points were left out in earnest"
        if not self.high.size:
            return text + f"; all other Pareto k are at most {self.threshold:.2f}: trustworthy"
        named = ", ".join(map(str, self.high[:10])) + (", .." if self.high.size > 10 else "")
        worst = float(self.pareto_k[self.high].max())
        return (
            f"{text}; but Pareto k is above {self.threshold:.2f} at {self.high.size} points ({named}; the largest"
            f" {worst:.2f}), and elpd is too high there: hand `compiled` to refit without them; if there are many, a"
            " component may sit on single points, and fewer components or a firmer prior of the scales helps"
        )


def loo(posterior: Posterior, compiled: CompiledPosterior | None = None, *, random_seed: int | None = None) -> Loo:
    """PSIS-LOO of a posterior's own data; no labels are needed.

    compiled: the posterior's problem compiled (`CompiledPosterior.of` with the same arguments). Each point with a high
    k is then left out, the posterior of the others sampled with as many draws, and its log density computed there;
    the prior stays what it was. Raises ValueError if the compiled problem has other data or another K.
    """
    x = posterior.data
    shape = (posterior.n_chains, posterior.n_draws)
    flat = (
        values.reshape(-1, *values.shape[2:]) for values in (posterior.weights, posterior.means, posterior.covariances)
    )
    each = log_densities(x, *flat).reshape(*shape, len(x))
    tree = xr.DataTree.from_dict(
        {
            "posterior": xr.Dataset({"log_likelihood": (("chain", "draw"), posterior.log_likelihood)}),
            "log_likelihood": xr.Dataset({"x": (("chain", "draw", "obs"), each)}),
        }
    )
    efficiency = min(1.0, float(az.ess(posterior.log_likelihood)) / (shape[0] * shape[1]))
    with warnings.catch_warnings():
        warnings.filterwarnings("ignore", message="Estimated shape parameter of Pareto", category=UserWarning)
        found = az.loo(tree, pointwise=True, var_name="x", reff=efficiency)
    result = Loo(
        np.asarray(found.elpd_i, dtype=np.float64),
        np.asarray(found.pareto_k, dtype=np.float64),
        float(found.good_k),
        float(found.p),
        np.empty(0, dtype=np.int64),
    )
    return result if compiled is None else _refitted(result, posterior, compiled, random_seed)


def _refitted(result: Loo, posterior: Posterior, compiled: CompiledPosterior, random_seed: int | None) -> Loo:
    x, problem = posterior.data, compiled.problem
    if problem.n_components != posterior.n_components or not np.array_equal(problem.x, x):
        raise ValueError("the compiled posterior is of another problem: compile it for the data and K of these draws")
    values = result.log_density.copy()
    rng = np.random.default_rng(random_seed)
    for i in result.high:
        others = compiled.with_data(np.delete(x, i, axis=0)).sample(
            posterior.n_draws, chains=posterior.n_chains, random_seed=rng.spawn(1)[0], progressbar=False
        )
        values[i] = held_out_log_density(others, x[[i, i]]).log_density[0]
    lost = float(result.log_density.sum() - values.sum())
    return replace(
        result,
        log_density=values,
        refitted=result.high,
        effective_parameters=result.effective_parameters + lost,
    )
