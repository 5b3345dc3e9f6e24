"""The report on local optima."""

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from experiments.engine.experiment import Published
from experiments.figures.climbing.optima import optima
from experiments.figures.climbing.optima_densities import optima_densities
from experiments.figures.climbing.two_mean_surface import two_mean_surface
from experiments.reporting.formats import number
from experiments.reporting.report import Answer, Picture, Section, Table
from mixture.arrays import FloatArray

if TYPE_CHECKING:
    from experiments.local_optima import Optima, Surface
    from mixture import GaussianMixture

SEEN = "highest local maximum found from many starts, cross-checked in R"
CLAIMS = {
    "3": Published("highest log-likelihood of the galaxies, K = 3", SEEN, -203.1792, 1e-4, "at least", "nats"),
    "4": Published("highest log-likelihood of the galaxies, K = 4", SEEN, -197.4538, 1e-4, "at least", "nats"),
    "tops": Published(
        "tops of the surface at which EM ends", "Marin, Mengersen & Robert 2005, section 1 (figure)", 2.0, 0.0
    ),
}
SHOWN = 5
"""Optima that get a column or a row of their own."""
DRAWN = 3
"""Optima whose densities are drawn."""
SURE = 0.99


def build_answer(
    of_components: Mapping[int, "Optima"],
    surface: "Surface",
    *,
    kinds: Sequence[str],
    truth: tuple[float, float],
    points: FloatArray,
) -> Answer:
    """Both numbers of components, and the surface."""
    largest = max(of_components)
    hardest = of_components[largest]
    at_best = hardest.counts[0].sum() / hardest.started.sum()
    wrong = float((surface.ends == 1.0).mean())
    words = (
        f"No: EM's answer is a local optimum, the one uphill of its start. Of {hardest.started.sum():.0f} starts with"
        f" {largest} components on the galaxies, {100 * at_best:.0f}% end at the highest optimum seen,"
        f" {number(float(hardest.log_likelihoods[0]), 4)} nats; the others end at {len(hardest.log_likelihoods) - 1}"
        f" lower ones, or run away. On a surface over two means, {100 * wrong:.0f}% of a grid of starts end at a false"
        f" top, {surface.heights[0] - surface.heights[1]:.0f} nats lower."
    )
    off_diagonal = ~np.eye(len(surface.ends), dtype=bool)
    tops = len(np.unique(surface.ends[off_diagonal]))
    return Answer(
        words=words,
        sections=(
            _galaxies_section(of_components, kinds, points),
            _starts_section(of_components, kinds),
            _surface_section(surface, truth),
        ),
        claims=(
            *(CLAIMS[str(k)].against(float(found.log_likelihoods[0])) for k, found in of_components.items()),
            CLAIMS["tops"].against(float(tops)),
        ),
        result={
            "highest": {f"K = {k}": float(found.log_likelihoods[0]) for k, found in of_components.items()},
            "tops": surface.tops.tolist(),
            "heights": surface.heights.tolist(),
        },
    )


def _minus(value: float) -> str:
    return f"{value:.2f}".replace("-", "−")


def ends_table(n_components: int, found: "Optima", kinds: Sequence[str]) -> pd.DataFrame:
    """A row for each of the highest optima, for all lower ones, for run-aways and for failures, if there are any."""
    ends = [(_minus(value), False, counts) for value, counts in zip(found.log_likelihoods, found.counts, strict=True)]
    if len(ends) > SHOWN + 1:
        lower = found.counts[SHOWN:].sum(axis=0)
        ends = [*ends[:SHOWN], (f"{len(found.counts) - SHOWN} lower", False, lower)]
    ends += [("ran away", True, found.run_away)] if found.run_away.any() else []
    ends += [("failed", True, found.failed)] if found.failed.any() else []
    started = np.maximum(found.started, 1.0)
    rows = [
        {"components": n_components, "end": end, "run_away": away, "starts": counts.sum()}
        | dict(zip(kinds, counts / started, strict=True))
        for end, away, counts in ends
    ]
    return pd.DataFrame(rows)


def starts_needed(share: float) -> float:
    """Independent starts of which one is at the best optimum with probability 0.99; infinite for a share of zero."""
    if share >= 1.0:
        return 1.0
    return float(np.ceil(np.log(1.0 - SURE) / np.log1p(-share))) if share > 0.0 else np.inf


def _galaxies_section(of_components: Mapping[int, "Optima"], kinds: Sequence[str], points: FloatArray) -> Section:
    ends = pd.concat([ends_table(k, found, kinds) for k, found in of_components.items()], ignore_index=True)
    drawn = optima(ends, kinds)
    rows = [
        [
            (f"K = {k}: {_minus(value)} nats", mixture)
            for value, mixture in zip(found.log_likelihoods[:DRAWN], found.mixtures[:DRAWN], strict=True)
        ]
        for k, found in of_components.items()
    ]
    shapes = optima_densities(points[:, 0], rows, "velocity (10³ km/s)")
    frame = pd.DataFrame(
        [
            {
                "K": k,
                "log-likelihood": value,
                "below": found.log_likelihoods[0] - value,
                "starts": counts.sum(),
                **_components(mixture),
            }
            for k, found in of_components.items()
            for value, counts, mixture in list(zip(found.log_likelihoods, found.counts, found.mixtures, strict=True))[
                :SHOWN
            ]
        ]
    )
    counts = " and ".join(f"{found.started.sum():.0f} with K = {k}" for k, found in of_components.items())
    text = (
        f"82 velocities of galaxies (Roeder 1990; 78th value 26.690), a mean and a variance for each component. EM"
        f" climbs from {counts}: {', '.join(kinds)}; the kinds that always give the same start are used once. Two ends"
        " count as one optimum if log-likelihoods agree within 10⁻⁴ nats and parameters do after matching labels."
    )
    reading = (
        "Tops are not small variations of each other: one optimum sees a narrow component where another sees a broad"
        " one under everything. The next figure shows what they say."
    )
    away = [
        f"with K = {k} {found.run_away.sum():.0f} climbs, the highest set aside at {_minus(found.spikes.max())} nats"
        for k, found in of_components.items()
        if found.spikes.size
    ]
    beyond = (
        f"Run-aways are kept apart: {'; '.join(away)}. A spike's height says nothing about how well it describes the"
        " data, since it grows without bound as the spike narrows, so they are no answers even where they lie above"
        " the best optimum."
        if away
        else "No climb ran away here."
    )
    return Section(
        "Hundreds of starts on the galaxies",
        (
            text,
            Picture(
                "ends",
                "Where EM ends on the galaxies. Top: number of starts at each optimum (log-likelihood in nats, the"
                " highest first) and of climbs that ran away (hatched). Below: for each kind of start, the share that"
                " ended there.",
                "Bars of counts for each optimum over a table of shares by kind of start, for three and for four"
                " components.",
                drawn.figure,
                drawn.data,
                "double",
            ),
            reading,
            Picture(
                "densities",
                f"The {DRAWN} highest optima with each number of components: data (histogram), the density and its"
                " components.",
                "Histograms of the velocities with the densities of different optima over them.",
                shapes.figure,
                shapes.data,
                "double",
            ),
            Table(
                "optima",
                "The highest optima: weight, mean and standard deviation of each component, by mean.",
                frame,
                columns={
                    "below": "nats below the highest",
                    "starts": "starts of all kinds that ended there",
                    "means": "and standard deviations in 10³ km/s",
                },
                decimals={"K": 0, "log-likelihood": 4, "below": 4, "starts": 0},
            ),
            beyond,
        ),
    )


def _components(mixture: "GaussianMixture") -> dict[str, str]:
    order = np.argsort(mixture.means[:, 0])
    numbers = {
        "weights": mixture.weights[order],
        "means": mixture.means[order, 0],
        "sds": np.sqrt(mixture.dense_covariances[order, 0, 0]),
    }
    return {name: "  ".join(f"{value:.2f}" for value in values) for name, values in numbers.items()}


def _starts_section(of_components: Mapping[int, "Optima"], kinds: Sequence[str]) -> Section:
    rows = []
    for index, kind in enumerate(kinds):
        row: dict[str, str | float] = {"start": kind}
        for k, found in of_components.items():
            share = float(found.counts[0, index] / max(found.started[index], 1.0))
            row[f"tried, K = {k}"] = float(found.started[index])
            row[f"best, K = {k}"] = 100.0 * share
            varies = found.started[index] > 1.0
            row[f"needed, K = {k}"] = starts_needed(share) if varies else np.nan
        rows.append(row)
    columns: dict[str, str] = {}
    decimals: dict[str, int] = {}
    for place, k in enumerate(of_components):
        decimals |= {f"tried, K = {k}": 0, f"best, K = {k}": 0, f"needed, K = {k}": 0}
        if not place:
            columns = {
                f"tried, K = {k}": "starts of that kind",
                f"best, K = {k}": "percent of them that ended at the highest optimum seen",
                f"needed, K = {k}": "independent starts until one does with probability 0.99, at that share; none is"
                " told for kinds that always start the same",
            }
    text = (
        "A kind of start is a habit: it tends to begin in the same basins. One whose starts all end at one optimum"
        " looks reliable and may be reliably wrong. Several kinds in turn, the best end kept, is what"
        " `em.fit_best` does."
    )
    return Section(
        "How many starts",
        (
            text,
            Table(
                "starts",
                "Shares of starts at the highest optimum, and what they ask for.",
                pd.DataFrame(rows),
                columns=columns,
                decimals=decimals,
            ),
        ),
    )


def _surface_section(surface: "Surface", truth: tuple[float, float]) -> Section:
    heights = surface.heights
    drawn = two_mean_surface(
        surface.axis,
        heights[0] - surface.values,
        surface.paths,
        [heights[0] - climb for climb in surface.climbs],
        surface.tops,
        truth,
    )
    high, low = surface.tops
    above = np.triu(np.ones_like(surface.ends, dtype=bool), 1)  # the second mean, by column, is the larger
    at_high, at_low = (float((surface.ends[side] == end).mean()) for side, end in ((above, 0.0), (above.T, 1.0)))
    at_saddle = float((np.diagonal(surface.ends) == 2.0).mean())
    text = (
        "The smallest example can be seen whole (Marin, Mengersen & Robert 2005): points from 0.7 N(0, 1) + 0.3"
        " N(2.5, 1), with weights and variances known and only the two means to be found. The surface has two tops."
        f" The higher is at ({high[0]:.2f}, {high[1]:.2f}), the truth at (0, 2.5). The lower, at ({low[0]:.2f},"
        f" {low[1]:.2f}), is {heights[0] - heights[1]:.1f} nats below: there the heavy component has taken the right"
        " side of the data and the light one the left. Were the weights equal it would be a mere copy of the first with"
        " other labels; as they are known and differ, it is a false answer, which EM gives without a warning."
    )
    border = (
        "Here the basins can be told by reasoning. If the first mean is the smaller, the first component's"
        " responsibilities fall from left to right, so that its new mean is the smaller again: **EM never crosses the"
        f" diagonal** on which both means are equal. Of a grid of starts above it {100 * at_high:.0f}% end at the"
        f" higher top, of those below it {100 * at_low:.0f}% at the lower. Exactly on it no responsibility depends on"
        f" the point, and both means go to the mean of the data, {surface.centre:.2f}, in one step and stay"
        f" ({100 * at_saddle:.0f}% of those starts): a saddle point, at which a climb looks as if it had converged."
    )
    caption = (
        "(a) Log-likelihood over the two means, in nats below its maximum (contours), for n = 500 points of 0.7 N(0, 1)"
        " + 0.3 N(2.5, 1); the truth is the white cross. EM's paths from six starts end at either top and never cross"
        " the dashed diagonal. (b) The same climbs by iteration."
    )
    alt = (
        "A surface with two tops on either side of the diagonal and paths that climb to the one on their side; climbs"
        " that level off at two heights."
    )
    return Section("Two tops", (text, Picture("surface", caption, alt, drawn.figure, drawn.data, "double"), border))
