"""EM's optima handed to the posterior: where chains start, and the climb that says in which optimum a draw lies."""

import numpy as np

import bayesian
import em
from bayesian.modes.assignment import SAME
from experiments.comparing.em_climb import em_climb
from mixture import GaussianMixture
from mixture.arrays import FloatArray, IntArray

HOPELESS = 20.0
"""Optima further below the best than this many nats hold a share of about exp(-20) of the posterior."""

CLIMB_WORK = 3e8
"""Points x components x iterations that climbs from draws may take in all."""

FEWEST, MOST = 5, 50
"""Draws of each chain that are climbed from, at least and at most."""


def chain_optima(restarts: em.Restarts, points: FloatArray) -> list[GaussianMixture]:
    """EM's distinct optima, the highest first, but for those more than HOPELESS nats below it.

    A chain started there would say only that it started badly. Optima are distinct if they differ in log-likelihood
    and in their densities at the data.
    """
    usable = sorted((fit for fit in restarts.climbs if fit.status.usable), key=lambda fit: -fit.log_likelihood)
    optima: list[GaussianMixture] = []
    lowest = np.inf
    for fit in usable:
        if fit.log_likelihood < usable[0].log_likelihood - HOPELESS:
            break
        if fit.log_likelihood < lowest - em.SAME_OPTIMUM and not _already_there(fit.mixture, optima, points):
            optima.append(fit.mixture)
            lowest = fit.log_likelihood
    return optima


def optima_visited(
    posterior: bayesian.Posterior, optima: list[GaussianMixture], starts: IntArray, restarts: em.Restarts
) -> bayesian.VisitedModes:
    """In which of EM's optima the draws of each chain lie, up to labels: EM climbs from some draws of each chain.

    starts: position among the optima at which each chain was started, (C,). A climb that runs into a singular
    component ends in none of them.
    """
    points = posterior.data
    iterations = float(np.median([fit.n_iterations for fit in restarts.climbs]))
    work = len(points) * posterior.n_components * max(iterations, 1.0) * posterior.n_chains
    per_chain = int(np.clip(CLIMB_WORK / work, FEWEST, MOST))

    thin = max(1, -(-posterior.n_draws // per_chain))
    return bayesian.visited_modes(posterior, optima, em_climb(points), starts=starts, thin=thin)


def _already_there(mixture: GaussianMixture, optima: list[GaussianMixture], points: FloatArray) -> bool:
    density = mixture.log_density(points)
    return any(np.sqrt(np.square(density - one.log_density(points)).mean()) < SAME for one in optima)
