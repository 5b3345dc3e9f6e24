"""Simulation-based calibration: what comes out if the truth is drawn from the prior, again and again.

    theta* ~ p(theta),   X ~ p(X | theta*),   theta_1, .., theta_L ~ p(theta | X)

Then theta* is one more draw from p(theta | X), and the rank of f(theta*, X) among f(theta_1, X), .., f(theta_L, X) is
uniform on 0..L for every f that treats them alike. If it is not, sampler, model or prior are not what they say.
Sources: Talts et al. 2018, arXiv:1804.06788; Modrak et al. 2025, Bayesian Analysis 20:461.

The prior must be fixed beforehand: one that is made from the data, as `Prior.weakly_informative`, is none that the
truth could have been drawn from. Under an exchangeable prior chains need not switch labels; under one that differs by
component the copies of a mode have different weights, which chains that stay put cannot tell, and ranks show it.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass

import arviz as az
import numpy as np
import xarray as xr

from bayesian.calibration.quantities import Draws, quantities
from bayesian.calibration.uniformity import uniformity_p_value
from bayesian.posterior import Posterior
from bayesian.priors.prior import Prior
from mixture import GaussianMixture
from mixture.arrays import FloatArray, as_whole_number
from mixture.seeding import as_generator

type Sampler = Callable[[FloatArray, np.random.Generator], Posterior]
"""From data (N, D) to a posterior; it must not know the truth."""

LARGEST_R_HAT = 1.05
"""Chains of one data set further apart than this are counted; their ranks are kept."""

GROUP = "prior_sbc"
"""The group of a DataTree in which ArviZ looks for such values."""


@dataclass(frozen=True, eq=False)
class Calibration:
    """Where the truth stood among the draws, in S simulated data sets.

    structure, n_components, n_features, n_samples   what was simulated: K, D and points N of each data set
    n_draws   L, the draws the truth was ranked among
    pits      (rank + u) / (L + 1) with u uniform, (S,) by "kind: name": uniform on (0, 1) if all is well
    r_hat     (S,) the larger of the R-hats of the log-likelihood and of the smallest first mean
    ess       (S,) the smaller of their effective sample sizes, all chains together
    """

    structure: str
    n_components: int
    n_features: int
    n_samples: int
    n_draws: int
    pits: Mapping[str, FloatArray]
    r_hat: FloatArray
    ess: FloatArray

    @property
    def n_simulations(self) -> int:
        """S."""
        return len(self.r_hat)

    @property
    def n_flagged(self) -> int:
        """How many of the posteriors had chains that disagreed."""
        return int((self.r_hat > LARGEST_R_HAT).sum())

    @property
    def p_values(self) -> dict[str, float]:
        """By quantity: the probability of straying so far from uniformity (`uniformity_p_value`)."""
        return {name: uniformity_p_value(values) for name, values in self.pits.items()}

    @property
    def tree(self) -> xr.DataTree:
        """The values as ArviZ draws them: `az.plot_ecdf_pit(tree)`, group prior_sbc, the data sets as draws."""
        variables = {name: (("chain", "draw"), values[None]) for name, values in self.pits.items()}
        return xr.DataTree.from_dict({GROUP: xr.Dataset(variables)})

    def coverage(self, level: float, kind: str | None = None) -> float:
        """Share of truths inside the central interval of that level, over all quantities, or those of a kind."""
        chosen = [values for name, values in self.pits.items() if kind is None or name.startswith(f"{kind}: ")]
        if not chosen or not 0.0 < level < 1.0:
            raise ValueError(f"no quantity of kind {kind!r}, or a level outside (0, 1): {level}")
        return float((np.abs(np.stack(chosen) - 0.5) <= 0.5 * level).mean())


def calibrate(
    prior: Prior,
    n_components: int,
    n_features: int,
    structure: str,
    sampler: Sampler,
    *,
    n_samples: int,
    n_simulations: int,
    rng: int | np.random.Generator,
    n_draws: int = 63,
    method: str = "ecr",
    truth_prior: Prior | None = None,
    progress: Callable[[int], None] | None = None,
) -> Calibration:
    """Draw a truth from the prior, data from it, a posterior by the sampler, and rank; S times.

    n_samples, n_simulations   points of each data set; how many data sets
    n_draws     L: draws evenly spaced over the chains, few enough that they are nearly independent. With L + 1 a power
                of two, any histogram of ranks has even bins
    method      relabelling of the quantities of kind "relabelled" (`bayesian.relabel`)
    truth_prior another prior for the truth: what a wrong prior would look like
    progress    called with 1 after each data set

    Raises ValueError for settings out of range, fewer draws than n_draws, and a prior of another shape.
    """
    count = as_whole_number(n_simulations, "n_simulations", least=2)
    size = as_whole_number(n_samples, "n_samples", least=n_components)
    wanted = as_whole_number(n_draws, "n_draws", least=1)
    generator = as_generator(rng)
    truths = (truth_prior or prior).draw(n_components, n_features, structure, count, generator)
    places = _places(prior, n_components, n_features, structure)
    pits: dict[str, list[float]] = {}
    r_hat, ess = np.empty(count), np.empty(count)
    for s, stream in enumerate(generator.spawn(count)):
        data_rng, sampler_rng, tie_rng = stream.spawn(3)
        truth = tuple(truths[name][s : s + 1] for name in ("weights", "means", "covariances"))
        x, _ = GaussianMixture(truth[0][0], truth[1][0], truth[2][0], "full").draw(size, data_rng)
        posterior = sampler(x, sampler_rng)
        draws = _spaced(posterior, wanted)
        together = [np.concatenate(pair) for pair in zip(truth, draws, strict=True)]
        for name, values in quantities((together[0], together[1], together[2]), x, places, structure, method).items():
            pits.setdefault(name, []).append(_pit(values[0], values[1:], tie_rng))
        r_hat[s], ess[s] = _convergence(posterior)
        if progress is not None:
            progress(1)
    return Calibration(
        structure=structure,
        n_components=n_components,
        n_features=n_features,
        n_samples=size,
        n_draws=wanted,
        pits={name: np.array(values) for name, values in pits.items()},
        r_hat=r_hat,
        ess=ess,
    )


def _pit(truth: float, draws: FloatArray, rng: np.random.Generator) -> float:
    """(rank + u) / (L + 1): the rank of the truth among the draws, ties at random, made continuous."""
    below, equal = int((draws < truth).sum()), int((draws == truth).sum())
    return (below + rng.random() * (1 + equal)) / (1 + len(draws))


def _spaced(posterior: Posterior, wanted: int) -> Draws:
    """So many draws, evenly spaced over all chains, as few neighbours as can be."""
    total = posterior.n_chains * posterior.n_draws
    if total < wanted:
        raise ValueError(f"the truth is to be ranked among {wanted} draws, but the sampler gave {total}")
    kept = np.floor((np.arange(wanted) + 0.5) * total / wanted).astype(np.int64)
    flat = (
        draws.reshape(total, *draws.shape[2:]) for draws in (posterior.weights, posterior.means, posterior.covariances)
    )
    weights, means, covariances = (draws[kept] for draws in flat)
    return weights, means, covariances


def _places(prior: Prior, n_components: int, n_features: int, structure: str) -> FloatArray:
    """Three places (3, D) where densities are looked at: quartiles of prior draws of the means, always the same."""
    means = prior.draw(n_components, n_features, structure, 200, np.random.default_rng(0))["means"]
    return np.asarray(np.quantile(means.reshape(-1, n_features), [0.25, 0.5, 0.75], axis=0))


def _convergence(posterior: Posterior) -> tuple[float, float]:
    """The larger R-hat and the smaller ESS of log-likelihood and smallest first mean; (inf, 1) if one is constant."""
    followed = np.stack([posterior.log_likelihood, posterior.means[..., 0].min(axis=2)], axis=-1)
    if (np.ptp(followed, axis=1).max(axis=0) == 0.0).any():  # chains that stand still
        return np.inf, 1.0
    r_hat, ess = (measure(followed, chain_axis=0, draw_axis=1) for measure in (az.rhat, az.ess))
    return float(np.max(r_hat)), float(np.min(ess))
