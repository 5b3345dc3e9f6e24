"""Draws from the posterior by Gibbs sampling: allocations given parameters, parameters given allocations."""

import time
from collections.abc import Sequence

import numpy as np
from numpy.typing import ArrayLike

from bayesian.gibbs.chain import run_chain
from bayesian.gibbs.model import GibbsModel
from bayesian.gibbs.record import posterior_of
from bayesian.posterior import Posterior
from bayesian.priors.prior import Prior
from bayesian.sampling.groups import created
from bayesian.sampling.problem import Problem, Starts
from bayesian.sampling.settings import Seeds
from bayesian.sampling.versions import versions
from bayesian.symmetry import asymmetric
from mixture import GaussianMixture
from mixture.arrays import as_whole_number


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
    starts: Starts = "dispersed",
    random_seed: int | np.random.Generator | None = None,
    relabel_at_random: bool = False,
    keep_allocations: bool = False,
    allow_improper: bool = False,
) -> Posterior:
    """theta_cs ~ p(theta | X) from the joint posterior of parameters and allocations, one block given the others:

        z_n | theta ~ responsibilities of x_n       pi | z ~ Dirichlet(a + n)       (mu, Sigma) | z by conjugacy

    Normal means with InverseGamma variances or InverseWishart matrices: mu given Sigma, then Sigma given mu.
    ConjugateNormal means: both at once. A random scale of the covariances' prior (Gamma, Wishart) is drawn given them.
    Shares no code with `sample`: an independent check of it. With a sparse Dirichlet (concentration 0.01) weights
    reach 1e-300: NUTS then takes a hundred and more gradients a draw, and some diverge; here nothing changes. The
    number of filled components is `filled_components`. Chains may stay long at one number: compare them.

    x                  (N, D) data                  prior    default `Prior.weakly_informative`, from the data
    draws, tune        per chain; the tuning sweeps are dropped, nothing adapts in them
    thin               sweeps per draw kept
    starts             "dispersed" over the data, drawn from the "prior", or mixtures: one per chain, or fewer, in turn
    random_seed        int or Generator: the same seed gives the same draws
    relabel_at_random  a random permutation of the components in each sweep, exact under an exchangeable prior: labels
                       mix perfectly (Fruehwirth-Schnatter 2001)
    keep_allocations   allocations as variable z (chain, draw, obs), labels of the same draw; `Posterior.permute` takes
                       them along

    allow_improper     sample although these data make the posterior improper (`Prior.check`): a random scale under ties

    Variables as `Posterior.from_arrays` has them, beside z and the random scale: `scale_rate` (b) or
    `covariance_scale` (Psi). Raises ValueError for bad data or settings, a prior without conjugate updates, one that
    makes the posterior improper (ImproperPosterior), and `relabel_at_random` under one that differs by component.
    Source: Diebolt & Robert 1994, JRSS B 56:363; Fruehwirth-Schnatter 2006, chapters 3 and 6.
    """
    draws, tune, chains, thin = (
        as_whole_number(value, name, least=least)
        for value, name, least in ((draws, "draws", 1), (tune, "tune", 0), (chains, "chains", 1), (thin, "thin", 1))
    )
    problem = Problem.of(x, n_components, structure, prior, allow_improper=allow_improper)
    uneven = asymmetric(problem.data, structure)
    if relabel_at_random and uneven:
        raise ValueError(f"random relabelling wants an exchangeable prior: {', '.join(uneven)} differ by component")
    model = GibbsModel.of(problem.prior, *problem.shape)
    seeds = Seeds.of(random_seed, chains)
    mixtures, superchains = problem.starts(starts, chains, seeds.starts)
    _check_starts(mixtures, problem.shape)
    began = time.perf_counter()
    finished = [
        run_chain(
            model,
            problem.x,
            start,
            np.random.default_rng(seed),
            draws=draws,
            tune=tune,
            thin=thin,
            relabel=relabel_at_random,
            keep_allocations=keep_allocations,
        )
        for start, seed in zip(mixtures, seeds.chains, strict=True)
    ]
    attrs = {
        "sampler": "gibbs",
        "starts": starts if isinstance(starts, str) else f"{len(starts)} given",
        "sampling_time": time.perf_counter() - began,
        "draws": draws,
        "tune": tune,
        "tuning_steps": tune,
        "chains": chains,
        "thin": thin,
        "relabel_at_random": str(relabel_at_random),
        "random_seed": seeds.text,
        "ordered": "False",
        "prior": str(problem.prior),
        **versions(),
        **created(),
        "inference_library": "logsum",
        "inference_library_version": versions()["logsum_version"],
    }
    return posterior_of(finished, problem, superchains=superchains, seeds=seeds.chains, attrs=attrs)


def _check_starts(starts: Sequence[GaussianMixture], shape: tuple[int, int, str]) -> None:
    for start in starts:
        if (start.n_components, start.n_features, start.structure) != shape:
            raise ValueError(
                f"a start has K = {start.n_components}, D = {start.n_features}, structure {start.structure};"
                f" here K = {shape[0]}, D = {shape[1]}, structure {shape[2]}"
            )
