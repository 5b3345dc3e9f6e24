"""The report on run-away likelihoods: how they run, how often, what helps, and which priors do not."""

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from experiments.data.datasets import Dataset
from experiments.engine.experiment import Published
from experiments.figures.climbing.runaway import cut_off, densities, shrinking
from experiments.reporting.formats import number
from experiments.reporting.report import Answer, Claim, Picture, Section, Table
from experiments.studies.runaway import steepness
from experiments.studies.tied_evidence import THREE_TIED, TWO_TIED

if TYPE_CHECKING:
    from experiments.studies.runaway_outcomes import Cut, Remedied, Shrunk, Spikes

NOTHING, FLOOR, MAP, SHARED, POSTERIOR = (
    "none: the highest end",
    "floor",
    "conjugate prior (MAP)",
    "one variance for all",
    "posterior, Chib's prior",
)
GROWS = 1e-3
"""Relative growth of the evidence over the last factor of the cut-off from which it counts as growing."""


def build_answer(
    shrunk: "Shrunk",
    spikes: Sequence["Spikes"],
    remedies: Sequence["Remedied"],
    cuts: Sequence["Cut"],
    data: Dataset,
    published: Mapping[str, Published],
) -> Answer:
    """To infinity, spikes, remedies, priors."""
    return Answer(
        words=words(shrunk, spikes, remedies, cuts),
        sections=(
            Section(
                "To infinity",
                (
                    "Give one component the weight of the observations it stands on, put its mean there, and let its"
                    " standard deviation shrink; the other component is the normal of all the data. On one observation"
                    " log L gains one nat for each factor e, on equal observations as many nats as there are. Between"
                    f" two different observations, {number(shrunk.distance)} apart here, it has a maximum and then"
                    " falls: such a spike is finite, and still says nothing of the data.",
                    shrinking_picture(shrunk),
                ),
            ),
            Section(
                "How often EM gets there",
                (
                    "EM started from many points on the galaxies, with a variance for each component. A fit that ends"
                    " in a singular component or on a spike is flagged and never returned as the best.",
                    spikes_table(spikes),
                    *(f"What EM says of the highest spike for K = {s.k}: *{s.message}*" for s in spikes if s.k == 5),
                ),
            ),
            Section(
                "What helps",
                (
                    f"Five components for the galaxies, five times. The floor keeps each variance above"
                    f" {floor_share():g} times that of all the data; the conjugate prior is Fraley & Raftery's, which"
                    " vanishes at zero variance; one variance for all components cannot shrink on a few; the posterior"
                    " under inverse-gamma variances has no spike to find, because it weighs a region by its volume and"
                    " not by its height.",
                    densities_picture(remedies, data),
                    remedies_table(remedies),
                ),
            ),
            Section(
                "Priors that do not help",
                (
                    "A proper prior is not enough. Two components and a handful of observations, some of them equal:"
                    " the evidence is computed exactly, by all allocations of the points and quadrature over sigma,"
                    " with sigma kept above a cut-off. Where it grows without end as the cut-off falls there is no"
                    " posterior. The library refuses these priors with the reason before anything is sampled; a sampler"
                    " that is not asked would return draws all the same.",
                    cut_picture(cuts),
                    cut_table(cuts),
                ),
            ),
        ),
        claims=claims(shrunk, spikes, remedies, cuts, published),
        provenance={"sha256 of galaxies": data.sha256},
        result={
            "steepness": {name: steepness(shrunk.sigmas, values) for name, values in shrunk.values.items()},
            "spikes": {f"{s.k}": {"statuses": s.statuses, "best": s.best, "variance": s.variance} for s in spikes},
        },
    )


def floor_share() -> float:
    """The floor that is used."""
    from experiments.singularities import FLOOR_SHARE

    return FLOOR_SHARE


def words(shrunk: "Shrunk", spikes: Sequence["Spikes"], remedies: Sequence["Remedied"], cuts: Sequence["Cut"]) -> str:
    """Yes, and where, and what to do."""
    slope = steepness(shrunk.sigmas, shrunk.values["one galaxy"])
    five = next(s for s in spikes if s.k == 5)
    total = sum(five.statuses.values())
    away = five.statuses["SPIKE"] + five.statuses["SINGULAR"]
    of = {r.name: r for r in remedies}
    bad = sum(bool(text) for cut in cuts for text in cut.refusals.values())
    return (
        "Yes: on a single observation it grows without bound,"
        f" by {slope:.2f} nat for each factor e by which the component shrinks, and EM can follow. On the galaxies with"
        f" K = 5 {away} of {total} climbs run away, and the highest of them stands on two galaxies with an sd of"
        f" {number(float(np.sqrt(five.variance)))}, {five.spike - five.best:.1f} nats above the best honest optimum."
        f" A floor, a conjugate prior or a shared variance stop it: the smallest sd is then"
        f" {number(of[FLOOR].smallest_sd[0])}, {number(of[MAP].smallest_sd[0])} and"
        f" {number(of[SHARED].smallest_sd[0])}; in the posterior its median is {number(of[POSTERIOR].smallest_sd[1])}."
        f" Being proper does not make a prior safe: of {sum(len(cut.refusals) for cut in cuts)} pairs of prior and tied"
        f" data {bad} have no posterior."
    )


def shrinking_picture(shrunk: "Shrunk") -> Picture:
    """log L against sigma."""
    drawn = shrinking(shrunk.sigmas, shrunk.values)
    return Picture(
        "shrinking",
        "log L against the standard deviation of one component (logarithmic axis, small to the left) that sits (a) on"
        " one galaxy and between two neighbours, (b) on the most frequent waiting time of Old Faithful.",
        "Two panels. Left: one line rises steadily to the left, one has a maximum and levels off. Right: a line that"
        " rises steeply to the left.",
        drawn.figure,
        drawn.data,
        "double",
    )


def spikes_table(spikes: Sequence["Spikes"]) -> Table:
    """Ends by K."""
    frame = pd.DataFrame(
        [
            {
                "K": s.k,
                "climbs": sum(s.statuses.values()),
                "honest": s.statuses["CONVERGED"] + s.statuses["ITERATION_LIMIT"],
                "spikes": s.statuses["SPIKE"],
                "singular": s.statuses["SINGULAR"],
                "best honest log L": s.best,
                "highest spike": s.spike,
                "its variance": s.variance,
                "its points": s.points,
            }
            for s in spikes
        ]
    )
    return Table(
        "ends",
        "Galaxies (10³ km/s), a variance for each component: how EM's climbs end, by number of components.",
        frame,
        columns={
            "honest": "ended at an optimum that is neither singular nor a spike",
            "singular": "ran into a component without variance",
            "highest spike": "log L of the highest spike; a dash where there was none",
            "its points": "effective number of different points on which its narrowest component stands",
        },
        decimals={"best honest log L": 4, "highest spike": 4, "its variance": 6},
    )


def densities_picture(remedies: Sequence["Remedied"], data: Dataset) -> Picture:
    """The density under each remedy."""
    drawn = densities(
        data.points()[:, 0],
        remedies[0].grid,
        {remedy.name: (remedy.density, remedy.name == POSTERIOR) for remedy in remedies},
        data.measurements[0].label,
    )
    return Picture(
        "densities",
        "Galaxies, K = 5: the density of the highest end of all, which has a spike on two galaxies, and the density"
        " under each remedy; posterior predictive in the last panel. Histogram and ticks: the data.",
        "Five panels of a histogram with a density: a needle in the first, smooth curves in the others.",
        drawn.figure,
        drawn.data,
        "double",
    )


def remedies_table(remedies: Sequence["Remedied"]) -> Table:
    """Smallest sd, likelihood, run-aways."""
    frame = pd.DataFrame(
        [
            {
                "remedy": remedy.name,
                "log L": remedy.log_likelihood,
                "smallest sd": remedy.smallest_sd[len(remedy.smallest_sd) // 2],
                "from": remedy.smallest_sd[0] if len(remedy.smallest_sd) > 1 else np.nan,
                "to": remedy.smallest_sd[-1] if len(remedy.smallest_sd) > 1 else np.nan,
                "run away": f"{remedy.run_away} of {remedy.n_climbs}" if remedy.n_climbs else "–",
                "EM's last word": remedy.detail.split(": ")[0],
            }
            for remedy in remedies
        ]
    )
    return Table(
        "remedies",
        "Galaxies, K = 5, under each remedy; sd in 10³ km/s.",
        frame,
        columns={
            "log L": "of the fit shown; of the posterior the median over draws",
            "smallest sd": "of the five components; of the posterior the median over draws, with 5 and 95% beside it",
            "run away": "climbs that ended singular or on a spike",
        },
        decimals={"log L": 3, "smallest sd": 4, "from": 4, "to": 4},
    )


def cut_picture(cuts: Sequence["Cut"]) -> Picture:
    """Evidence against the cut-off."""
    drawn = cut_off({cut.data: (cut.cutoffs, cut.evidence) for cut in cuts})
    return Picture(
        "cut_off",
        "Evidence of two components, sigma kept above a cut-off, relative to its value at the largest one, by prior of"
        " the standard deviations: (a) two of four observations equal, (b) three of five, on a logarithmic axis.",
        "Two panels with a logarithmic horizontal axis: some curves are level as the cut-off falls, others rise"
        " without end.",
        drawn.figure,
        drawn.data,
        "double",
    )


def grows(evidence: np.ndarray) -> bool:
    """Whether the last factor of the cut-off still adds to it."""
    return bool(evidence[-1] / evidence[-2] - 1.0 > GROWS)


def cut_table(cuts: Sequence["Cut"]) -> Table:
    """Evidence at the ends, and what the library says."""
    rows = [
        {
            "data": cut.data,
            "prior of the scales": prior,
            "evidence, largest cut-off": evidence[0],
            "evidence, smallest cut-off": evidence[-1],
            "grows": "yes" if grows(evidence) else "no",
            "check": "refused" if cut.refusals[prior] else "accepted",
        }
        for cut in cuts
        for prior, evidence in cut.evidence.items()
    ]
    first, last = cuts[0].cutoffs[0], cuts[0].cutoffs[-1]
    return Table(
        "priors",
        f"Evidence of two components with sigma above {number(float(first))} and above {number(float(last))}, and what"
        " the check of propriety says of the prior and the data.",
        pd.DataFrame(rows),
        columns={"grows": f"by more than {GROWS:g} of itself over the last step of the cut-off"},
    )


def claims(
    shrunk: "Shrunk",
    spikes: Sequence["Spikes"],
    remedies: Sequence["Remedied"],
    cuts: Sequence["Cut"],
    published: Mapping[str, Published],
) -> tuple[Claim, ...]:
    """Slopes, the spike, the remedies, the priors."""
    most = max(shrunk.held, key=lambda name: shrunk.held[name])
    of = {cut.data: cut for cut in cuts}
    three, two = (of[name].evidence["half-normal sd"] for name in (THREE_TIED, TWO_TIED))
    steps = np.diff(two)
    helped = [remedy.run_away for remedy in remedies if remedy.name in (FLOOR, MAP, SHARED)]
    differ = sum(grows(evidence) != bool(cut.refusals[p]) for cut in cuts for p, evidence in cut.evidence.items())
    return (
        published["one"].against(steepness(shrunk.sigmas, shrunk.values["one galaxy"])),
        published["tied"].against(steepness(shrunk.sigmas, shrunk.values[most]) / shrunk.held[most]),
        published["spike"].against(next(s.variance for s in spikes if s.k == 5)),
        published["remedied"].against(sum(helped)),
        published["exponent"].against(steepness(of[THREE_TIED].cutoffs, np.log(three))),
        published["logarithm"].against(float(steps[-1] / steps[-2])),
        published["refusals"].against(differ),
    )
