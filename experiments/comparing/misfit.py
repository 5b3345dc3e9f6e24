"""The predictive check, judged: are more bins outside their bands than data that the model made would have?"""

from dataclasses import dataclass

import numpy as np
import pandas as pd
from scipy.special import ndtr

from bayesian import Posterior
from bayesian.label_free.bands import marginal_draws
from experiments.reporting.formats import short
from experiments.reporting.sentences import listed

REPLICATIONS = 2000
"""Histograms drawn from the posterior predictive of each feature, one for each of as many draws at most."""

UNEXPECTED = 0.05
"""Probability below which as many bins outside count as more than expected."""

MOST_NAMED = 4
"""Bins of a feature that are named, those furthest outside first."""

SEED = 0
"""Of the replications: the same report for the same comparison."""

ROUNDING = 1e-6
"""Bounds are whole counts, up to rounding."""


@dataclass(frozen=True, eq=False)
class Misfit:
    """One feature: its histogram with a column `outside`, the mean number of bins outside in replicated data, and the
    probability of at least as many as in the data."""

    feature: str
    bins: pd.DataFrame
    expected: float
    probability: float

    @property
    def n_outside(self) -> int:
        """Bins whose count lies outside its band."""
        return int((self.bins["outside"] != 0).sum())

    @property
    def unexpected(self) -> bool:
        """Whether the model would rarely make data with as many."""
        return self.n_outside > 0 and self.probability < UNEXPECTED


def misfits(posterior: Posterior, histograms: pd.DataFrame, level: float) -> list[Misfit]:
    """Feature by feature, from the check's histograms with their bands of that level; labels do not matter.

    Given a draw, the counts are multinomial with the mixture's probabilities of the bins, and of none of them.
    """
    weights, means, sds = marginal_draws(posterior, REPLICATIONS)
    rng = np.random.default_rng(SEED)
    named, found = f"{100 * level:g}% band", []
    for place, (feature, bins) in enumerate(histograms.groupby("feature", sort=False)):
        edges = np.append(bins["left"], bins["right"].iloc[-1])
        z = (edges - means[:, :, place, None]) / sds[:, :, place, None]  # (T, K, G)
        inside = np.clip(np.diff(np.einsum("tk,tkg->tg", weights, ndtr(z))), 0.0, 1.0)
        shares = np.column_stack([inside, np.clip(1.0 - inside.sum(axis=1), 0.0, 1.0)])
        counts = rng.multinomial(len(posterior.data), shares / shares.sum(axis=1, keepdims=True))[:, :-1]
        low, high = bins[f"{named} lower"].to_numpy(), bins[f"{named} upper"].to_numpy()
        replicated = ((counts < low - ROUNDING) | (counts > high + ROUNDING)).sum(axis=1)
        points = bins["points"].to_numpy(dtype=np.float64)
        outside = points - np.clip(points, low, high)
        outside[np.abs(outside) < ROUNDING] = 0.0
        n_outside = int((outside != 0.0).sum())
        told = bins.assign(low=low, high=high, outside=outside)
        found.append(Misfit(str(feature), told, float(replicated.mean()), float((replicated >= n_outside).mean())))
    return found


def in_words(found: list[Misfit], level: float) -> str:
    """Counts of bins outside, beside what is expected, whether that is more, and where each misfit is."""
    counts = [
        f"{one.n_outside} of {len(one.bins)} for {one.feature} ({one.expected:.1f}; {100 * one.probability:.0f}%)"
        for one in found
    ]
    judged = [one.feature for one in found if one.unexpected]
    limit = f"{100 * UNEXPECTED:g}%"
    verdict = (
        f"That is more than expected, by a limit of {limit} for each feature, for {listed(judged)}."
        if judged
        else f"That is no more than expected{' of any feature' if len(found) > 1 else ''}, by a limit of {limit}."
    )
    places = [f"{one.feature}: {_places(one)}" for one in found if one.n_outside]
    where = f" The bins outside: {'; '.join(places)}." if places else ""
    return (
        f"Histogram bins whose count lies outside its {100 * level:g}% band (in parentheses how many the model expects"
        f" in data of its own, and in what share of such data there are as many): {listed(counts)}. {verdict}{where}"
    )


def _places(one: Misfit) -> str:
    """The bins outside, furthest first, by what they hold and what the band allows."""
    outside = one.bins[one.bins["outside"] != 0]
    outside = outside.reindex(outside["outside"].abs().sort_values(ascending=False, kind="stable").index)
    columns = outside[["points", "left", "right", "low", "high"]].head(MOST_NAMED).to_numpy(dtype=np.float64)
    told = [
        f"too {'many' if points > high else 'few'} points between {short(left)} and {short(right)} ({round(points)},"
        f" band {round(low)} to {round(high)})"
        for points, left, right, low, high in columns.tolist()
    ]
    more = f", and {len(outside) - MOST_NAMED} more" if len(outside) > MOST_NAMED else ""
    return f"{listed(told)}{more}"
