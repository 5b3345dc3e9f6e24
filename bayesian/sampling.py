"""Draws from the posterior of a Gaussian mixture: chains from dispersed starts, one compiled model."""

import os
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any, Literal

import numpy as np
import pymc as pm
import xarray as xr
from numpy.typing import ArrayLike

from bayesian.dispersion import dispersed_starts
from bayesian.model import build
from bayesian.ops.compilation import compile_model, constant_data, sample_chain
from bayesian.posterior import Posterior
from bayesian.priors.prior import Prior
from bayesian.starts import initial_values, unconstrained
from bayesian.tree import DATA
from mixture import GaussianMixture
from mixture.arrays import FloatArray, as_component_count, as_points, as_whole_number, check_columns
from mixture.covariance import linear_structure_named

type Sampler = Literal["nutpie", "pymc"]

JITTER = 0.1
"""Chains start within this distance of their start, in each coordinate of the unconstrained scale."""

POLL_SECONDS = 0.05
"""How long to wait for one chain before looking at the next."""


@dataclass(frozen=True)
class _Settings:
    """What both samplers are told; starts and seeds one per chain, at most `workers` chains at a time."""

    starts: Sequence[GaussianMixture]
    seeds: Sequence[int]
    draws: int
    tune: int
    target_accept: float
    workers: int
    progressbar: bool


def sample(
    x: ArrayLike,
    n_components: int,
    *,
    structure: str = "full",
    prior: Prior | None = None,
    draws: int = 1000,
    tune: int = 1000,
    chains: int = 4,
    random_seed: int | np.random.Generator | None = None,
    sampler: Sampler = "nutpie",
    starts: Sequence[GaussianMixture] | None = None,
    ordered: bool = False,
    target_accept: float = 0.9,
    cores: int | None = None,
    progressbar: bool = True,
) -> Posterior:
    """theta_cs ~ p(theta | X) proportional to p(theta) prod_n sum_k pi_k N(x_n | mu_k, Sigma_k), by NUTS.

    x            (N, D) data                       prior    default `Prior.weakly_informative`, from the data
    draws, tune  per chain                         starts   one mixture per chain; default dispersed over the data
    sampler      "nutpie" (one compiled model, one chain per start) or "pymc" (PyMC's own)
    ordered      restrict the means of the first feature to ascending order (see `build`); default exchangeable
    random_seed  int or Generator: the same seed gives the same draws, whatever the number of cores
    progressbar  a bar on a terminal

    Sampling alone judges nothing: `relabel` and `diagnose` the result. Raises ValueError for bad data or settings, and
    for a prior that makes the posterior improper (ImproperPosterior).
    Source: Hoffman & Gelman 2014, JMLR 15:1593, for NUTS.
    """
    points = as_points(x)
    k = as_component_count(n_components, len(points))
    check_columns(points, correlated=not linear_structure_named(structure).diagonal)
    draws, tune, chains = (
        as_whole_number(value, name, least=1) for name, value in (("draws", draws), ("tune", tune), ("chains", chains))
    )
    workers = min(chains, os.cpu_count() or 1) if cores is None else as_whole_number(cores, "cores", least=1)
    if not 0.0 < target_accept < 1.0:
        raise ValueError(f"target_accept must lie strictly between 0 and 1, not {target_accept}")
    if sampler not in ("nutpie", "pymc"):
        raise ValueError(f"unknown sampler {sampler!r}; known are nutpie and pymc")
    start_rng, chain_rng = np.random.default_rng(random_seed).spawn(2)
    if starts is None:
        starts = dispersed_starts(points, k, structure, chains, start_rng)
    if not all(isinstance(start, GaussianMixture) for start in starts):
        raise ValueError("starts must be mixtures (GaussianMixture), one per chain")
    if len(starts) != chains:
        raise ValueError(f"{len(starts)} starts were given for {chains} chains: give one per chain")
    seeds = [int(seed) for seed in chain_rng.integers(2**31, size=chains)]
    model = build(points, k, structure=structure, prior=prior, ordered=ordered)
    run = _by_nutpie if sampler == "nutpie" else _by_pymc
    began = time.perf_counter()
    tree = run(model, _Settings(starts, seeds, draws, tune, target_accept, workers, progressbar))
    _add_data(tree, model, points)
    tree.attrs = {
        "sampler": sampler,
        "draws": draws,
        "tune": tune,
        "chains": chains,
        "target_accept": target_accept,
        "seconds": time.perf_counter() - began,
    }
    return Posterior.from_tree(tree, structure)


def _add_data(tree: xr.DataTree, model: pm.Model, points: FloatArray) -> None:
    """observed_data: the points; constant_data: every `pm.Data` of the model, hyperparameters among them."""
    coords = {"feature": tree["posterior"].coords["feature"].values}
    tree["observed_data"] = xr.DataTree(xr.Dataset({DATA: (("obs", "feature"), points)}, coords=coords))
    tree["constant_data"] = xr.DataTree(constant_data(model))


def _by_nutpie(model: pm.Model, settings: _Settings) -> xr.DataTree:
    """One chain per start, `workers` at a time, joined; nutpie itself takes no start per chain."""
    compiled = compile_model(model)
    waiting = list(enumerate(zip(settings.starts, settings.seeds, strict=True)))
    length = settings.draws + settings.tune
    running: dict[int, Any] = {}
    finished: dict[int, xr.DataTree] = {}
    counts = [0] * len(settings.starts)

    def counter(chain: int) -> Callable[[Any], None]:
        def count(chains: Any) -> None:
            counts[chain] = chains[0].finished_draws

        return count

    with _bar("sampling", len(settings.starts) * length, settings.progressbar) as show:
        try:
            while waiting or running:
                while waiting and len(running) < settings.workers:
                    chain, (start, seed) = waiting.pop(0)
                    running[chain] = sample_chain(
                        compiled,
                        unconstrained(model, start),
                        jitter=JITTER,
                        seed=seed,
                        draws=settings.draws,
                        tune=settings.tune,
                        target_accept=settings.target_accept,
                        save_warmup=False,
                        progress_bar=False,
                        progress_callback=counter(chain),
                        blocking=False,
                    )
                for chain, handle in list(running.items()):
                    try:
                        finished[chain] = handle.wait(timeout=POLL_SECONDS)
                    except TimeoutError:
                        continue
                    del running[chain]
                    counts[chain] = length
                show(sum(counts))
        finally:
            for handle in running.values():
                handle.abort()
    return _joined([finished[chain] for chain in range(len(settings.starts))])


def _joined(chains: Sequence[xr.DataTree]) -> xr.DataTree:
    """Trees of one chain each as one tree, along the dimension chain; messages of the sampler are left out."""
    first = chains[0]
    groups = {}
    for name, group in first.children.items():
        datasets = [chain[name].to_dataset() for chain in chains]
        if "chain" not in group.dims:
            groups[name] = datasets[0]
            continue
        kept = [d.drop_vars([n for n, v in d.data_vars.items() if v.dtype == object]) for d in datasets]
        joined = xr.concat(kept, dim="chain", join="override", combine_attrs="override")
        groups[name] = joined.assign_coords(chain=np.arange(len(chains)))
    return xr.DataTree.from_dict(groups)


def _by_pymc(model: pm.Model, settings: _Settings) -> xr.DataTree:
    """PyMC's own NUTS from the same starts."""
    with model:
        return pm.sample(
            draws=settings.draws,
            tune=settings.tune,
            chains=len(settings.starts),
            cores=settings.workers,
            initvals=[initial_values(model, start) for start in settings.starts],
            random_seed=list(settings.seeds),
            target_accept=settings.target_accept,
            nuts_sampler="pymc",
            compute_convergence_checks=False,
            progressbar=settings.progressbar,
            quiet=not settings.progressbar,
        )


@contextmanager
def _bar(description: str, total: int, visible: bool) -> Iterator[Callable[[int], None]]:
    """A bar with the time left on a terminal or in a notebook; nothing elsewhere."""
    if not visible:
        yield lambda _: None
        return
    from rich.progress import Progress

    with Progress(transient=True) as bars:
        task = bars.add_task(description, total=total)
        yield lambda done: bars.update(task, completed=done)
