"""The referee: scores EM and posterior alike, after matching labels. Plain functions over arrays."""

from collections.abc import Sequence

import arviz as az
import numpy as np
import pandas as pd

from bayesian.draws import log_joints
from bayesian.label_free.spacing import spaced_draws
from bayesian.posterior import Posterior
from em import StandardErrors
from experiments.referee.parameters import NaturalParameter, natural_parameters
from mixture import GaussianMixture
from mixture.arrays import FloatArray

ALLOCATION_DRAWS = 2000
"""At most so many draws, evenly spaced over all chains, make posterior allocation probabilities."""

INTERVALS = ("eti", "hdi")


def comparison_table(
    em_mixture: GaussianMixture,
    standard_errors: StandardErrors | None,
    posterior_relabelled: Posterior,
    feature_names: Sequence[str],
    *,
    interval: float = 0.95,
    kind: str = "eti",
) -> pd.DataFrame:
    """EM beside the posterior: a row for each weight, mean, standard deviation and correlation.

    Columns: parameter, component, feature, EM, SE, posterior mean, posterior sd, the interval's ends ("95% ETI lower",
    "95% ETI upper"), MCSE (of the posterior mean), ESS bulk, R-hat, (mean - EM)/sd (in posterior sds), sd/SE.
    attrs: interval (the level), kind ("eti", equal tails, or "hdi", highest density), n_chains, n_draws (per chain).
    What does not exist is None: SE where `standard_errors` is None, a ratio to an sd of zero, R-hat of draws that do
    not vary or are too few. Labels are matched as `natural_parameters` says. Raises ValueError for an interval
    outside (0, 1) or another kind.
    """
    if not 0.0 < interval < 1.0:
        raise ValueError(f"the interval's probability lies strictly between 0 and 1, not at {interval}")
    if kind not in INTERVALS:
        raise ValueError(f"an interval is one of {', '.join(INTERVALS)}, not {kind!r}")
    named = f"{100 * interval:g}% {kind.upper()}"
    rows = [
        _row(parameter, interval, kind, named)
        for parameter in natural_parameters(em_mixture, standard_errors, posterior_relabelled, feature_names)
    ]
    frame = pd.DataFrame(rows)
    for name in frame.columns[frame.isna().any()]:
        frame[name] = frame[name].astype(object).where(frame[name].notna(), None)
    frame.attrs = {
        "interval": interval,
        "kind": kind,
        "n_chains": posterior_relabelled.n_chains,
        "n_draws": posterior_relabelled.n_draws,
    }
    return frame


def _row(parameter: NaturalParameter, interval: float, kind: str, named: str) -> dict[str, str | float | None]:
    draws, error = parameter.draws, parameter.standard_error
    mean, sd = float(draws.mean()), float(draws.std(ddof=1)) if draws.size > 1 else 0.0
    lower, upper = _interval(draws.ravel(), interval, kind)
    mixing = draws.shape[1] >= 4 and np.ptp(draws) > 0.0  # ArviZ needs four draws a chain, and draws that vary
    return {
        "parameter": parameter.kind,
        "component": parameter.component,
        "feature": parameter.feature,
        "EM": parameter.estimate,
        "SE": error,
        "posterior mean": mean,
        "posterior sd": sd,
        f"{named} lower": lower,
        f"{named} upper": upper,
        "MCSE": float(az.mcse(draws)) if mixing else None,
        "ESS bulk": float(az.ess(draws)) if mixing else None,
        "R-hat": float(az.rhat(draws)) if mixing else None,
        "(mean - EM)/sd": (mean - parameter.estimate) / sd if sd > 0.0 else None,
        "sd/SE": sd / error if error else None,
    }


def _interval(draws: FloatArray, probability: float, kind: str) -> tuple[float, float]:
    if kind == "eti":
        lower, upper = np.quantile(draws, [0.5 - 0.5 * probability, 0.5 + 0.5 * probability])
        return float(lower), float(upper)
    lower, upper = az.hdi(draws, prob=probability)
    return float(lower), float(upper)


def posterior_allocation_probabilities(posterior_relabelled: Posterior) -> FloatArray:
    """P(z_n = k | X) = E[P(z_n = k | x_n, theta)] over the posterior, (N, K): a mean over at most 2000 draws."""
    posterior = posterior_relabelled
    total = np.zeros((posterior.n_components, len(posterior.data)))
    for _, joint in log_joints(posterior.data, *spaced_draws(posterior, ALLOCATION_DRAWS)):  # (t, K, N)
        terms = np.exp(joint - joint.max(axis=1, keepdims=True))
        total += (terms / terms.sum(axis=1, keepdims=True)).sum(axis=0)
    return np.ascontiguousarray((total / total.sum(axis=0)).T)


def disagreement(em_responsibilities: FloatArray, posterior_probabilities: FloatArray) -> FloatArray:
    """Total variation 1/2 sum_k |r_nk - p_nk| between EM's allocation of each point and the posterior's: (N,), 0 to 1.

    Both (N, K), with the same labels. Raises ValueError for different shapes.
    """
    if em_responsibilities.shape != posterior_probabilities.shape or em_responsibilities.ndim != 2:
        raise ValueError(
            "responsibilities and allocation probabilities must both be (points, components), not"
            f" {em_responsibilities.shape} and {posterior_probabilities.shape}"
        )
    return np.asarray(0.5 * np.abs(em_responsibilities - posterior_probabilities).sum(axis=1))
