"""Draws from the posterior by Gibbs sampling: allocations given parameters, parameters given allocations."""

import time
from collections.abc import Sequence
from typing import Any

import numpy as np
import xarray as xr
from numpy.typing import ArrayLike

from bayesian.dispersion import dispersed_starts
from bayesian.gibbs.chain import Chain, run_chain
from bayesian.gibbs.model import GibbsModel
from bayesian.posterior import Posterior
from bayesian.priors.prior import Prior
from bayesian.symmetry import asymmetric
from bayesian.tree import ALLOCATIONS
from mixture import GaussianMixture
from mixture.arrays import FloatArray, IntArray, as_component_count, as_points, as_whole_number


def gibbs(
    x: ArrayLike,
    n_components: int,
    *,
    structure: str = "full",
    prior: Prior | None = None,
    draws: int = 1000,
    tune: int = 1000,
    chains: int = 4,
    thin: int = 1,
    starts: Sequence[GaussianMixture] | None = None,
    random_seed: int | np.random.Generator | None = None,
    relabel_at_random: bool = False,
    keep_allocations: bool = False,
) -> Posterior:
    """theta_cs ~ p(theta | X) from the joint posterior of parameters and allocations, one block given the others:

        z_n | theta ~ responsibilities of x_n       pi | z ~ Dirichlet(a + n)       (mu, Sigma) | z by conjugacy

    Normal means with InverseGamma variances or InverseWishart matrices: mu given Sigma, then Sigma given mu.
    ConjugateNormal means: both at once. A random scale of the covariances' prior (Gamma, Wishart) is drawn given them.
    Shares no code with `sample`: an independent check of it. With a sparse Dirichlet (concentration 0.01), whose
    posterior NUTS cannot walk, this is the sampler to take; the number of filled components is `filled_components`.

    x                  (N, D) data                  prior    default `Prior.weakly_informative`, from the data
    draws, tune        per chain; the tuning sweeps are dropped, nothing adapts in them
    thin               sweeps per draw kept
    starts             mixtures, one per chain or fewer, taken in turn; default dispersed over the data
    random_seed        int or Generator: the same seed gives the same draws
    relabel_at_random  a random permutation of the components in each sweep, exact under an exchangeable prior: labels
                       mix perfectly (Fruehwirth-Schnatter 2001)
    keep_allocations   allocations as variable z (chain, draw, obs), labels of the same draw; `Posterior.permute` takes
                       them along

    Variables as `Posterior.from_arrays` has them, beside z and the random scale: `scale_rate` (b) or
    `covariance_scale` (Psi). Raises ValueError for bad data or settings, a prior without conjugate updates, and
    `relabel_at_random` under a prior that differs by component.
    Source: Diebolt & Robert 1994, JRSS B 56:363; Fruehwirth-Schnatter 2006, chapters 3 and 6.
    """
    points = as_points(x)
    k = as_component_count(n_components, len(points))
    draws, tune, chains, thin = (
        as_whole_number(value, name, least=least)
        for value, name, least in ((draws, "draws", 1), (tune, "tune", 0), (chains, "chains", 1), (thin, "thin", 1))
    )
    chosen = Prior.weakly_informative(points, k, structure) if prior is None else prior
    arrays = chosen.arrays(k, points.shape[1], structure)
    uneven = asymmetric(arrays, structure)
    if relabel_at_random and uneven:
        raise ValueError(f"random relabelling wants an exchangeable prior: {', '.join(uneven)} differ by component")
    model = GibbsModel.of(chosen, k, points.shape[1], structure)
    start_rng, *rngs = np.random.default_rng(random_seed).spawn(chains + 1)
    given = dispersed_starts(points, k, structure, chains, start_rng) if starts is None else list(starts)
    _check_starts(given, (k, points.shape[1], structure))
    began = time.perf_counter()
    finished = [
        run_chain(
            model,
            points,
            given[chain % len(given)],
            rng,
            draws=draws,
            tune=tune,
            thin=thin,
            relabel=relabel_at_random,
            keep_allocations=keep_allocations,
        )
        for chain, rng in enumerate(rngs)
    ]
    attrs = {
        "sampler": "gibbs",
        "draws": draws,
        "tune": tune,
        "chains": chains,
        "thin": thin,
        "relabel_at_random": str(relabel_at_random),
        "random_seed": "a generator" if isinstance(random_seed, np.random.Generator) else str(random_seed),
        "ordered": "False",
        "prior": str(chosen),
        "sampling_time": time.perf_counter() - began,
    }
    return _posterior(finished, points, structure, arrays, attrs)


def _check_starts(starts: Sequence[GaussianMixture], shape: tuple[int, int, str]) -> None:
    if not starts or not all(isinstance(start, GaussianMixture) for start in starts):
        raise ValueError("starts must be mixtures (GaussianMixture), one per chain or fewer")
    for start in starts:
        if (start.n_components, start.n_features, start.structure) != shape:
            raise ValueError(
                f"a start has K = {start.n_components}, D = {start.n_features}, structure {start.structure};"
                f" here K = {shape[0]}, D = {shape[1]}, structure {shape[2]}"
            )


def _posterior(
    chains: Sequence[Chain], points: FloatArray, structure: str, arrays: dict[str, FloatArray], attrs: dict[str, Any]
) -> Posterior:
    posterior = Posterior.from_arrays(
        np.stack([chain.weights for chain in chains]),
        np.stack([chain.means for chain in chains]),
        np.stack([chain.covariances for chain in chains]),
        points,
        structure=structure,
        log_likelihood=np.stack([chain.log_likelihood for chain in chains]),
    )
    tree = posterior.tree
    variables = _random_scale(chains, arrays)
    if chains[0].allocations is not None:
        labels = np.stack([chain.allocations for chain in chains if chain.allocations is not None])
        variables[ALLOCATIONS] = (("chain", "draw", "obs"), labels)
    tree["posterior"] = xr.DataTree(tree["posterior"].to_dataset().assign(variables))
    tree["observed_data"] = xr.DataTree(tree["observed_data"].to_dataset().rename(sample="obs"))
    constant = {name: (tuple(f"{name}_{axis}" for axis in range(array.ndim)), array) for name, array in arrays.items()}
    tree["constant_data"] = xr.DataTree(xr.Dataset(constant))
    tree.attrs = attrs
    return Posterior(tree, structure)


def _random_scale(
    chains: Sequence[Chain], arrays: dict[str, FloatArray]
) -> dict[str, tuple[tuple[str, ...], FloatArray | IntArray]]:
    """The scale of the covariances' prior where it is random, under the name the PyMC model gives it."""
    scales = [chain.scale for chain in chains if chain.scale is not None]
    if not scales:
        return {}
    for name, hyperparameter, dims in (
        ("scale_rate", "prior_scale_rate_shape", ("feature",)),
        ("covariance_scale", "prior_covariance_scale_scale", ("feature", "feature_other")),
    ):
        if hyperparameter in arrays:
            shape = arrays[hyperparameter].shape
            values = np.stack(scales).reshape(len(scales), len(scales[0]), *shape)
            if len(shape) == 2 and shape[0] == 1:
                values = 2.0 * values  # of one feature, the updates hold b = Psi / 2
            return {name: (("chain", "draw", *dims[: len(shape)]), values)}
    raise AssertionError("a random scale without hyperparameters")
