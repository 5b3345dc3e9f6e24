"""Six kinds of standard errors and the posterior in data sets of two normals, laid side by side."""

from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass

import arviz as az
import numpy as np

import em
from experiments.engine.experiment import Budget
from experiments.studies.two_normals import number_draws, number_errors, numbers, sampled
from mixture import GaussianMixture
from mixture.arrays import FloatArray

BOOTSTRAPS = ("parametric", "nonparametric", "weighted")
METHODS = ("observed information", "sandwich", *(f"{kind} bootstrap" for kind in BOOTSTRAPS), "jackknife")
WHOLE = 200
"""Replicates of a bootstrap from which the jackknife leaves out one point at a time, not groups of them."""
LEAST_DRAWS = 1000
"""Draws of a chain where posterior sds are held against other numbers."""


@dataclass(frozen=True, eq=False)
class Six:
    """R data sets of one kind: columns are the five numbers, `errors` has its rows by the names of METHODS.

    estimates (R, 5), errors (R, 6, 5), nan where a method gives none; means, sds, ess (R, 5), r_hats (R,) posterior
    spread    (5,) sd of the estimate over fresh data sets, nan where there are none; n_fresh of them had an estimate
    lost, ambiguous  (R, 3) shares of the replicates of three bootstraps that ran away, and whose labels were close
    groups    that the jackknife leaves out in turn; 0: one point at a time
    no_fit    further data sets, in which EM ran away
    """

    n_samples: int
    n_replicates: int
    estimates: FloatArray
    errors: FloatArray
    means: FloatArray
    sds: FloatArray
    ess: FloatArray
    r_hats: FloatArray
    spread: FloatArray
    n_fresh: int
    lost: FloatArray
    ambiguous: FloatArray
    groups: int
    no_fit: int


def one_data_set(
    budget: Budget, x: FloatArray, estimate: GaussianMixture, n_replicates: int, rng: np.random.Generator
) -> tuple[FloatArray, ...]:
    """Estimate (1, 5), errors (6, 5), posterior mean, sd and ESS (1, 5), R-hat (1, 1), shares lost and close (1, 3)."""
    move = em.moves.AcceleratedEM()
    errors = np.full((len(METHODS), 5), np.nan)
    lost, ambiguous = np.full((2, 1, len(BOOTSTRAPS)), np.nan)
    for place, exact in enumerate((em.standard_errors, em.sandwich)):
        with suppress(em.NotAMaximum):
            errors[place] = number_errors(exact(x, estimate))
    for place, kind in enumerate(BOOTSTRAPS):
        with suppress(ValueError):  # fewer than two usable replicates
            found = em.bootstrap(x, estimate, kind=kind, n_replicates=n_replicates, rng=rng, move=move, n_jobs=1)
            errors[2 + place] = number_errors(found.standard_errors())
            lost[0, place], ambiguous[0, place] = found.n_failed / n_replicates, found.ambiguous_share
    with suppress(ValueError):
        left_out = em.jackknife(x, estimate, n_groups=_groups(n_replicates), rng=rng, move=move, n_jobs=1)
        errors[-1] = number_errors(left_out.errors)
    posterior = sampled(
        x, estimate, draws=max(2 * budget.draws, LEAST_DRAWS), tune=budget.tune, chains=budget.chains, rng=rng
    )
    draws = number_draws(posterior)
    mean, sd = draws.mean(axis=(0, 1)), draws.std(axis=(0, 1), ddof=1)
    r_hat = np.array([[worst_r_hat(draws)]])
    return numbers(estimate)[None], errors, mean[None], sd[None], effective(draws)[None], r_hat, lost, ambiguous


def _groups(n_replicates: int) -> int | None:
    """Groups that the jackknife deals points into; None: it leaves out one point at a time."""
    return None if n_replicates >= WHOLE else n_replicates


def gathered(
    rows: Sequence[tuple[FloatArray, ...]],
    n_samples: int,
    n_replicates: int,
    spread: FloatArray,
    n_fresh: int,
    no_fit: int,
) -> Six:
    """Data sets one below the other; ValueError if there is none."""
    if not rows:
        raise ValueError("EM ran away in every data set: take another seed")
    estimates, errors, means, sds, ess, r_hats, lost, ambiguous = (np.array(part) for part in zip(*rows, strict=True))
    return Six(
        n_samples=n_samples,
        n_replicates=n_replicates,
        estimates=estimates[:, 0],
        errors=errors,
        means=means[:, 0],
        sds=sds[:, 0],
        ess=ess[:, 0],
        r_hats=r_hats[:, 0, 0],
        spread=spread,
        n_fresh=n_fresh,
        lost=lost[:, 0],
        ambiguous=ambiguous[:, 0],
        groups=_groups(n_replicates) or 0,
        no_fit=no_fit,
    )


def effective(draws: FloatArray) -> FloatArray:
    """Effective sample size of the means of draws (C, S, 5)."""
    return np.array([float(az.ess(draws[:, :, i])) for i in range(draws.shape[-1])])


def worst_r_hat(draws: FloatArray) -> float:
    """The largest R-hat of draws (C, S, 5)."""
    return max(float(az.rhat(draws[:, :, i])) for i in range(draws.shape[-1]))
