"""Bridge sampling: the integral of an unnormalised density from draws of it and of a proposal with a known density.

    Z = E_q[h p*] / E_p[h q],    h = 1 / (s_1 p* + s_2 Z q),    s_1 = n_1 / (n_1 + n_2),    s_2 = n_2 / (n_1 + n_2)

with p* the unnormalised density, n_1 the effective number of its draws, n_2 that of the proposal's. h is optimal for
independent draws and depends on Z: iterated to its fixed point. With two-sided draws h is bounded: unlike importance
sampling from q or from the posterior (the harmonic mean), no tail can spoil the estimate. Sources: Meng & Wong 1996,
Statistica Sinica 6:831; Gronau et al. 2017, J. Math. Psychology 81:80; for mixtures Fruehwirth-Schnatter 2004,
Econometrics J. 7:143.
"""

from collections.abc import Callable

import numpy as np
from scipy.special import logsumexp

from bayesian.evidence.proposal import fit_proposal
from mixture.arrays import FloatArray

MOST_ITERATIONS = 1000
TOLERANCE = 1e-10

type LogDensity = Callable[[FloatArray], FloatArray]


class BridgeFailure(ValueError):
    """The iteration found no fixed point: draws and proposal do not overlap."""


def bridge_estimate(at_draws: FloatArray, at_proposals: FloatArray, effective_draws: float) -> float:
    """log Z from log p* - log q at draws of p (n,) and at draws of q (m,); -inf where p* is zero.

    effective_draws: how many independent draws of p they are worth. Raises BridgeFailure.
    """
    centre = float(np.median(at_draws))
    draws, proposals = at_draws - centre, at_proposals - centre
    share = effective_draws / (effective_draws + len(proposals))
    log_draws, log_proposals = np.log(share), np.log1p(-share)
    estimate = 0.0
    for _ in range(MOST_ITERATIONS):
        above = logsumexp(proposals - np.logaddexp(log_draws + proposals, log_proposals + estimate))
        below = logsumexp(-np.logaddexp(log_draws + draws, log_proposals + estimate))
        new = float(above - np.log(len(proposals)) - below + np.log(len(draws)))
        if not np.isfinite(new):
            break
        if abs(new - estimate) < TOLERANCE:
            return new + centre
        estimate = new
    raise BridgeFailure("the bridge does not converge: draws and proposal do not overlap; take more draws")


def bridge(
    log_density: LogDensity,
    draws: FloatArray,
    effective_draws: float,
    rng: np.random.Generator,
    *,
    n_components: int,
    n_proposals: int,
    symmetrised: Callable[[LogDensity], LogDensity] | None = None,
) -> float:
    """log of the integral of exp(log_density) from chains of draws (C, S, n) of it.

    The proposal is fitted to the first halves of the chains and bridged with the second halves, then the other way
    round; the mean of both. effective_draws: what all draws are worth. symmetrised: makes of log q the log density of
    a proposal that is the same for all labels; log_density must be so too.
    """
    n_draws = draws.shape[1]
    halves = [part.reshape(-1, draws.shape[2]) for part in np.split(draws, [n_draws // 2], axis=1)]
    estimates = []
    for fitted, held in (halves, halves[::-1]):
        proposal = fit_proposal(fitted, n_components, rng)
        log_proposal = proposal.log_density if symmetrised is None else symmetrised(proposal.log_density)
        proposed, _ = proposal.draw(n_proposals, rng)
        at_draws = log_density(held) - log_proposal(held)
        at_proposals = log_density(proposed) - log_proposal(proposed)
        estimates.append(bridge_estimate(at_draws, at_proposals, 0.5 * effective_draws))
    return float(np.mean(estimates))
