"""What helps against a likelihood that runs away: remedies beside the climbs without one."""

from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd
from scipy.stats import invgamma

from bayesian import InverseGamma, Normal, Prior
from experiments.data.datasets import Dataset
from experiments.figures.climbing.runaway import densities
from experiments.reporting.formats import number, short
from experiments.reporting.report import Picture, Section, Table
from experiments.studies.runaway_outcomes import Remedied
from mixture import GaussianMixture
from mixture.arrays import FloatArray

if TYPE_CHECKING:
    from experiments.studies.runaway_outcomes import Spikes

SPIKE, HONEST, FLOOR, MAP, SHARED, POSTERIOR = (
    "none: highest spike",
    "none: best honest optimum",
    "floor",
    "conjugate prior (MAP)",
    "one variance for all",
    "posterior, Chib's prior",
)
K_REMEDY = 5
"""Components of the galaxies under each remedy."""
FLOOR_SHARE = 1e-2
"""The floor, as a share of the variance of all the data."""
AT_FLOOR = 1e-6
"""Relative distance from the floor within which a variance is on it."""


def without_remedy(five: "Spikes", grid: FloatArray) -> list[Remedied]:
    """The highest spike and the best honest optimum of the climbs without a remedy, where there are such ends."""
    ends = ((SPIKE, five.mixture, five.spike, five.message), (HONEST, five.honest, five.best, ""))
    return [
        Remedied(
            name=name,
            mixture=mixture,
            smallest_sd=(float(np.sqrt(mixture.dense_covariances.min())),),
            log_likelihood=value,
            flagged=five.statuses["SPIKE"] + five.statuses["SINGULAR"],
            n_climbs=sum(five.statuses.values()),
            grid=grid,
            density=np.exp(mixture.log_density(grid[:, None])),
            detail=detail,
        )
        for name, mixture, value, detail in ends
        if mixture is not None
    ]


def floor_sd(data: Dataset) -> float:
    """The smallest standard deviation that the floor allows."""
    return float(np.sqrt(FLOOR_SHARE) * data.points().std())


def prior_sd() -> float:
    """Median of the smallest of K standard deviations under Chib's prior alone, before any data.

    Of K independent variances v the smallest exceeds its median with probability 1/2 = P(v > median)^K.
    """
    scales = Prior.chib().scales
    assert isinstance(scales, InverseGamma)
    variance = invgamma.isf(0.5 ** (1.0 / K_REMEDY), np.asarray(scales.shape), scale=np.asarray(scales.scale))
    return float(np.sqrt(variance))


def spike_place(five: "Spikes") -> float:
    """Mean of the narrowest component of the highest spike; not a number if there is no spike."""
    if five.mixture is None:
        return float("nan")
    return float(five.mixture.means[int(five.mixture.dense_covariances[:, 0, 0].argmin()), 0])


def nearest(mixture: GaussianMixture, points: FloatArray, place: float) -> tuple[float, float, float]:
    """Mean and standard deviation of the component nearest to a place, and the points it holds, sum_n r_nk."""
    k = int(np.abs(mixture.means[:, 0] - place).argmin())
    sd = float(np.sqrt(mixture.dense_covariances[k, 0, 0]))
    return float(mixture.means[k, 0]), sd, float(mixture.responsibilities(points)[:, k].sum())


def remedies_section(five: "Spikes", remedies: Sequence[Remedied], data: Dataset) -> Section:
    """Densities, table, and what they say."""
    every = [*without_remedy(five, remedies[0].grid), *remedies]
    prior = Prior.chib()
    means, scales = prior.means, prior.scales
    assert isinstance(means, Normal)
    assert isinstance(scales, InverseGamma)
    shape, scale = float(np.asarray(scales.shape)), float(np.asarray(scales.scale))
    listed = (
        f"The galaxies with {K_REMEDY} components. First come ends of the climbs above, without a remedy; then the same"
        f" number of starts under a floor, which keeps each variance above {FLOOR_SHARE:g} times that of all the data;"
        " under the conjugate prior of Fraley & Raftery (2007), of which MAP-EM finds the mode; and with one variance"
        " for all components, which cannot shrink on a few points. The last is the posterior under Chib's (1995)"
        f" prior, means ~ N({float(np.asarray(means.location)):g}, sd {float(np.asarray(means.sd)):g}) and variances ~"
        f" inverse gamma({shape:g}, {scale:g}), whose mean is {scale / (shape - 1.0):g}."
    )
    reason = (
        "Both priors work for one reason: the density of an inverse-gamma variance vanishes at zero faster than any"
        " power, and so faster than the likelihood grows. That a posterior is averaged and not maximised does not help"
        " by itself, as the next section shows. Nor is a smallest standard deviation of the posterior a finding about"
        f" the galaxies alone: under Chib's prior, before any data, the smallest of {K_REMEDY} has a median of"
        f" {number(prior_sd())}."
    )
    return Section(
        "What helps",
        (listed, picture(every, data), table(every, spike_place(five), data), blunted(five, remedies, data), reason),
    )


def blunted(five: "Spikes", remedies: Sequence[Remedied], data: Dataset) -> str:
    """Whether a remedy leaves the narrow component where the spike stood."""
    of = {remedy.name: remedy for remedy in remedies}
    points, floor = data.points(), of[FLOOR]
    sentences = []
    if abs(floor.smallest_sd[0] / floor_sd(data) - 1.0) < AT_FLOOR:
        sentences.append(
            f"A smallest sd of {number(floor.smallest_sd[0])} under the floor is the floor: the fit lies on the"
            " boundary of what is allowed, and another floor would give another fit."
        )
    if floor.log_likelihood > five.best:
        sentences.append(
            f"Its log L lies {floor.log_likelihood - five.best:.1f} nats above that of the best honest optimum of the"
            " climbs without a floor: the spike is blunted, not gone."
        )
    if five.mixture is not None:
        place, held_by_spike = spike_place(five), five.points
        same = [
            f"{name}: {held:.1f} galaxies, sd {number(sd)}"
            for name in (FLOOR, MAP, SHARED)
            if (mixture := of[name].mixture) is not None
            for mean, sd, held in (nearest(mixture, points, place),)
            if abs(mean - place) < sd and held < held_by_spike + 0.5
        ]
        if same:
            sentences.append(
                f"A component still stands where the spike stood, at {place:.2f} on {held_by_spike:.0f} galaxies"
                f" ({'; '.join(same)}). What a remedy makes finite it does not make true."
            )
    return " ".join(sentences) or "No fit under a remedy lies at its boundary or where the spike stood."


def picture(every: Sequence[Remedied], data: Dataset) -> Picture:
    """The density of each."""
    points = data.points()
    drawn = densities(
        points[:, 0],
        every[0].grid,
        {each.name: (each.density, each.name == POSTERIOR) for each in every},
        data.measurements[0].label,
    )
    panels = "; ".join(f"({'abcdef'[index]}) {each.name}" for index, each in enumerate(every))
    return Picture(
        "densities",
        f"Galaxies (n = {len(points)}), K = {K_REMEDY}: density of the ends without a remedy and of the fits under"
        f" each: {panels}. Solid: EM; dashed: the posterior predictive density; histogram and ticks: the data.",
        f"{len(every)} panels of a histogram with a density: a needle where the fit has a spike, smooth curves in the"
        " others.",
        drawn.figure,
        drawn.data,
        "double",
    )


def table(every: Sequence[Remedied], place: float, data: Dataset) -> Table:
    """Likelihood, smallest sd, the component nearest to the spike's place, flagged climbs."""
    rows = []
    for each in every:
        several = len(each.smallest_sd) > 1
        there = (np.nan,) * 3
        if each.mixture is not None and np.isfinite(place):
            there = nearest(each.mixture, data.points(), place)
        rows.append(
            {
                "remedy": each.name,
                "log L": each.log_likelihood,
                "smallest sd": each.smallest_sd[len(each.smallest_sd) // 2],
                "from": each.smallest_sd[0] if several else np.nan,
                "to": each.smallest_sd[-1] if several else np.nan,
                "nearest": there[0],
                "its sd": there[1],
                "holds": there[2],
                "flagged": f"{each.flagged} of {each.n_climbs}" if each.n_climbs else "–",
                "EM adds": each.detail.split(": ")[0] if each.name == SPIKE else "; ".join(each.detail.split("; ")[1:]),
            }
        )
    return Table(
        "remedies",
        f"Galaxies, K = {K_REMEDY}, without a remedy and under each; sds and means in 10³ km/s. The floor allows no sd"
        f" below {short(float(f'{floor_sd(data):.4g}'))}.",
        pd.DataFrame(rows),
        columns={
            "log L": "of the fit shown; of the posterior the median over draws",
            "smallest sd": f"of the {K_REMEDY} components; of the posterior the median over draws, with 5 and 95%"
            " beside it",
            "nearest": "mean of the component nearest to the spike, with its sd; “holds”: the sum of its"
            " responsibilities, in galaxies",
            "flagged": "climbs that ended singular or on a spike",
            "EM adds": "what the fit says besides having converged",
        },
        decimals={"log L": 3, "smallest sd": 4, "from": 4, "to": 4, "nearest": 2, "its sd": 4, "holds": 2},
    )
