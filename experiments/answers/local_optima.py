"""The report on local optima."""

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from em import SAME_OPTIMUM
from experiments.answers.local_optima_surface import Example, at_false_top, surface_section, told
from experiments.engine.experiment import Published
from experiments.figures.climbing.optima import optima
from experiments.figures.climbing.optima_densities import optima_densities
from experiments.reporting.formats import number, short
from experiments.reporting.report import Answer, Picture, Section, Table
from mixture.arrays import FloatArray

if TYPE_CHECKING:
    from experiments.local_optima import Optima, Surface
    from mixture import GaussianMixture

SEEN = "highest local maximum computed independently, from many starts"
CLAIMS = {
    "3": Published("highest log-likelihood of the galaxies, K = 3", SEEN, -203.1792, 1e-4, "at least", "nats"),
    "4": Published("highest log-likelihood of the galaxies, K = 4", SEEN, -197.4538, 1e-4, "at least", "nats"),
    "tops": Published(
        "tops of the surface at which EM ends", "Marin, Mengersen & Robert 2005, their example of two means", 2.0, 0.0
    ),
}
SHOWN = 5
"""Optima that get a column or a row of their own."""
DRAWN = 3
"""Optima whose densities are drawn."""
SURE = 0.99
CONFIDENCE = 0.95
"""Of the upper limit of a share of which no start was seen."""


def build_answer(
    of_components: Mapping[int, "Optima"],
    surface: "Surface",
    *,
    kinds: Sequence[str],
    example: Example,
    points: FloatArray,
) -> Answer:
    """Both numbers of components, and the surface."""
    largest = max(of_components)
    hardest = of_components[largest]
    n_starts = float(hardest.started.sum())
    at_best = float(hardest.counts[0].sum()) / n_starts
    flagged = hardest.spiked.sum() + hardest.singular.sum()
    spikes = f", or are set aside as singular or on a spike ({flagged:.0f})" if flagged else ""
    words = (
        f"No: EM's answer is a local optimum, the one uphill of its start. Of {n_starts:.0f} starts with"
        f" {largest} components on the galaxies, {100 * at_best:.0f} ± {100 * share_error(at_best, n_starts):.0f}% end"
        f" at the highest optimum seen, {number(float(hardest.log_likelihoods[0]), 4)} nats; the others end at"
        f" {len(hardest.log_likelihoods) - 1} lower ones{spikes}. On a surface over two means"
        f" {told(at_false_top(surface))} below the diagonal of equal means ends at a false top,"
        f" {surface.heights[0] - surface.heights[1]:.0f} nats lower."
    )
    off_diagonal = ~np.eye(len(surface.ends), dtype=bool)
    tops = len(np.unique(surface.ends[off_diagonal]))
    return Answer(
        words=words,
        sections=(
            _galaxies_section(of_components, kinds, points),
            _starts_section(of_components, kinds),
            surface_section(surface, example),
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
    """A row for each of the highest optima, for all lower ones, and for spikes, singular ends and failures, if any."""
    ends = [(_minus(value), False, counts) for value, counts in zip(found.log_likelihoods, found.counts, strict=True)]
    if len(ends) > SHOWN + 1:
        lower = found.counts[SHOWN:].sum(axis=0)
        ends = [*ends[:SHOWN], (f"{len(found.counts) - SHOWN} lower", False, lower)]
    flagged = (("spike", found.spiked), ("singular", found.singular), ("failed", found.failed))
    ends += [(end, True, counts) for end, counts in flagged if counts.any()]
    started = np.maximum(found.started, 1.0)
    rows = [
        {"components": n_components, "end": end, "set_aside": aside, "starts": counts.sum()}
        | dict(zip(kinds, counts / started, strict=True))
        for end, aside, counts in ends
    ]
    return pd.DataFrame(rows)


def starts_needed(share: float) -> float:
    """Independent starts of which one is at the best optimum with probability 0.99; infinite for a share of zero."""
    if share >= 1.0:
        return 1.0
    return float(np.ceil(np.log(1.0 - SURE) / np.log1p(-share))) if share > 0.0 else np.inf


def share_error(share: float, n: float) -> float:
    """Monte Carlo standard error of a share of n starts."""
    return float(np.sqrt(share * (1.0 - share) / max(n, 1.0)))


def most_likely_share(n: float) -> float:
    """Upper limit of a share of which none of n starts was: (1 - p)^n = 0.05. For all of n: 1 - p, the lower one."""
    return float(1.0 - (1.0 - CONFIDENCE) ** (1.0 / n))


def told_share(count: float, n: float, *, varies: bool) -> tuple[str, str]:
    """A share in percent with its error, and the starts that it asks for; with a limit where none or all were seen."""
    share = count / max(n, 1.0)
    if not varies:
        return f"{100.0 * share:.0f}", "–"
    limit = most_likely_share(n)
    if count == n:
        return f"100 (≥ {100.0 * (1.0 - limit):.0f})", f"{starts_needed(share):.0f}"
    if not count:
        return f"0 (≤ {100.0 * limit:.0f})", f"≥ {starts_needed(limit):.0f}"
    return f"{100.0 * share:.0f} ± {100.0 * share_error(share, n):.0f}", f"{starts_needed(share):.0f}"


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
        f"{len(points)} velocities of galaxies (Roeder 1990), a mean and a variance for each component. EM"
        f" climbs from {counts}: {', '.join(kinds)}; the kinds that always give the same start are used once. Two ends"
        f" count as one optimum if log-likelihoods agree within {short(SAME_OPTIMUM)} nats and parameters do after"
        " matching labels."
    )
    reading = (
        "Tops need not be small variations of each other. The next figure shows what they say of the same data, and the"
        " table after it with which components."
    )
    beyond = " ".join(set_aside(k, found) for k, found in of_components.items())
    return Section(
        "Hundreds of starts on the galaxies",
        (
            text,
            Picture(
                "ends",
                f"Where EM ends on the galaxies (n = {len(points)}), (a, b) by number of components. Top: number of"
                " starts at each optimum (log-likelihood in nats, the highest first) and of climbs that are set aside"
                " (hatched). Below: for each kind of start, the share that ended there.",
                "Bars of counts for each optimum over a table of shares by kind of start, for three and for four"
                " components.",
                drawn.figure,
                drawn.data,
                "double",
            ),
            reading,
            Picture(
                "densities",
                f"Galaxies (n = {len(points)}): the {DRAWN} highest optima with each number of components, titled by"
                " their log-likelihoods: data (histogram), the density (solid) and its components (dotted).",
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


def set_aside(n_components: int, found: "Optima") -> str:
    """What was set aside, and how high it lay."""
    counts = f"{found.spiked.sum():.0f} climbs ended on a spike and {found.singular.sum():.0f} at a singular component"
    if not found.spikes.size:
        return f"With K = {n_components} {counts}."
    highest = float(found.spikes.max())
    way = "below" if highest < found.log_likelihoods[0] else "above"
    return (
        f"With K = {n_components} {counts}; the highest spike, at {_minus(highest)} nats, lies {way} the best optimum."
        " A spike's height says how close its few points are, not how well it describes the data, and it is no answer"
        " at any height."
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
            count, tried = float(found.counts[0, index]), float(found.started[index])
            share, needed = told_share(count, tried, varies=tried > 1.0)
            row |= {f"tried, K = {k}": tried, f"best, K = {k}": share, f"needed, K = {k}": needed}
        rows.append(row)
    columns: dict[str, str] = {}
    decimals: dict[str, int] = {}
    for place, k in enumerate(of_components):
        decimals |= {f"tried, K = {k}": 0}
        if not place:
            columns = {
                f"tried, K = {k}": "starts of that kind",
                f"best, K = {k}": "percent of them that ended at the highest optimum seen, with the standard error;"
                f" where none or all did, the {100 * CONFIDENCE:.0f}% limit of that percentage",
                f"needed, K = {k}": f"independent starts until one does with probability {SURE:g}, at that share or"
                " limit; none is told for kinds that always start the same",
            }
    text = (
        "A kind of start is a habit: it tends to begin in the same basins. One whose starts all end at one optimum"
        " looks reliable and may be reliably wrong. Biernacki, Celeux & Govaert (2003) compare kinds of"
        " start on other data. Several kinds in turn, the best end kept, is what `em.fit_best` does."
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
