"""Models side by side, as both halves judge them: EM's criteria, log evidence, leave-one-out, held-out points."""

from collections.abc import Callable, Sequence

import numpy as np
import pandas as pd
from numpy.typing import ArrayLike

from bayesian import BridgeSettings, CompiledPosterior, Prior, SMCSettings
from bayesian.evidence import held_out_log_density, log_evidence, loo
from bayesian.gibbs import SequentialSettings
from em import choose
from mixture import GaussianMixture
from mixture.arrays import FloatArray, as_points

type PriorOf = Callable[[FloatArray, int, str], Prior]

SENSES = {
    "aic": "smaller is better",
    "bic": "smaller is better",
    "icl": "smaller is better",
    "log_evidence": "larger is better",
    "elpd_loo": "larger is better",
    "em_held_out": "larger is better",
    "held_out": "larger is better",
}
"""Which way each judge points; all but the criteria are in nats."""


def model_comparison(
    x: ArrayLike,
    n_components: Sequence[int],
    structures: Sequence[str] = ("full",),
    *,
    prior: PriorOf = Prior.weakly_informative,
    held_out: ArrayLike | None = None,
    draws: int = 1000,
    runs: int = 4,
    method: str = "bridge",
    settings: BridgeSettings | SMCSettings | SequentialSettings | None = None,
    refit: bool = False,
    random_seed: int = 0,
) -> pd.DataFrame:
    """One row per structure and K, for data x (N, D):

    aic, bic, icl               of EM's best fit, as `em.criteria`; smaller is better
    log_evidence, evidence_se   by `method` with its error from independent `runs`, in nats
    probability                 of the model among those of the table, each as probable before
    elpd_loo, loo_se, high_k    leave-one-out and the points that it cannot be trusted at (`refit`: left out in earnest)
    em_held_out, held_out, held_out_mc   log density of the points held out, in nats: EM's fit plugged in, and the
                                posterior's predictive with its Monte Carlo error

    prior: from data, K and structure. A model that EM cannot fit has missing criteria. Raises ValueError for bad data
    or settings.
    """
    points = as_points(x)
    new = None if held_out is None else as_points(held_out, n_features=points.shape[1])
    choice = choose(points, list(n_components), list(structures), rng=random_seed, n_jobs=1)
    rows = []
    for cell in choice.cells:
        k, structure = cell.n_components, cell.structure
        chosen = prior(points, k, structure)
        found = log_evidence(
            points,
            k,
            structure=structure,
            prior=chosen,
            method=method,
            runs=runs,
            settings=settings,
            random_seed=random_seed,
        )
        compiled = CompiledPosterior.of(points, k, structure=structure, prior=chosen)
        posterior = compiled.sample(draws, random_seed=random_seed, progressbar=False)
        crossed = loo(posterior, compiled if refit else None, random_seed=random_seed)
        row = {
            "structure": structure,
            "n_components": k,
            "log_likelihood": None if cell.criteria is None else cell.criteria.log_likelihood,
            "aic": None if cell.criteria is None else cell.criteria.aic,
            "bic": None if cell.criteria is None else cell.criteria.bic,
            "icl": None if cell.criteria is None else cell.criteria.icl,
            "log_evidence": found.log_evidence,
            "evidence_se": found.standard_error,
            "elpd_loo": crossed.elpd,
            "loo_se": crossed.standard_error,
            "high_k": len(crossed.high),
        }
        if new is not None:
            predicted = held_out_log_density(posterior, new)
            fitted = None if cell.criteria is None else _plugged_in(cell.mixture, new)
            row |= {"em_held_out": fitted, "held_out": predicted.total, "held_out_mc": predicted.monte_carlo_error}
        rows.append(row)
    table = pd.DataFrame(rows)
    shares = np.exp(table["log_evidence"] - table["log_evidence"].max())
    table.insert(list(table.columns).index("evidence_se") + 1, "probability", shares / shares.sum())
    return table


def _plugged_in(mixture: GaussianMixture, points: FloatArray) -> float:
    return float(mixture.log_density(points).sum())
