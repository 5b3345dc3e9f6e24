"""The report on run-away likelihoods: how they run, how often, what helps, and which priors do not."""

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from experiments.answers.singularities_remedies import (
    FLOOR,
    K_REMEDY,
    MAP,
    POSTERIOR,
    SHARED,
    prior_sd,
    remedies_section,
)
from experiments.data.datasets import Dataset
from experiments.engine.experiment import Published
from experiments.figures.climbing.runaway import cut_off, shrinking
from experiments.reporting.formats import number
from experiments.reporting.report import Answer, Claim, Picture, Section, Table
from experiments.studies.runaway import steepness
from experiments.studies.tied_evidence import THREE_TIED, TIED, TWO_TIED

if TYPE_CHECKING:
    from experiments.studies.runaway_outcomes import Cut, Remedied, Shrunk, Spikes

GROWS = 1e-3
"""Relative growth of the evidence over the last factor of the cut-off from which it counts as growing."""


def build_answer(
    shrunk: "Shrunk",
    spikes: Sequence["Spikes"],
    remedies: Sequence["Remedied"],
    cuts: Sequence["Cut"],
    data: Dataset,
    n_waiting: int,
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
                    shrinking_picture(shrunk, len(data.points()), n_waiting),
                ),
            ),
            Section(
                "How often EM gets there",
                (
                    "EM started from many points on the galaxies, with a variance for each component. A *singular* end"
                    " is one at which the likelihood is unbounded; a *spike* is a finite local maximum on a few close"
                    " points. A fit that ends at either is flagged and never returned as the best.",
                    spikes_table(spikes, len(data.points())),
                    *(
                        f"What EM says of the highest spike for K = {s.k}: *{s.message}*"
                        for s in [five_of(spikes)]
                        if s.message
                    ),
                ),
            ),
            remedies_section(five_of(spikes), remedies, data),
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


def five_of(spikes: Sequence["Spikes"]) -> "Spikes":
    """The climbs with as many components as the remedies have."""
    return next(each for each in spikes if each.k == K_REMEDY)


def words(shrunk: "Shrunk", spikes: Sequence["Spikes"], remedies: Sequence["Remedied"], cuts: Sequence["Cut"]) -> str:
    """Yes, and where, and what to do."""
    slope = steepness(shrunk.sigmas, shrunk.values["one galaxy"])
    five = five_of(spikes)
    total, spiked = sum(five.statuses.values()), five.statuses["SPIKE"]
    error = np.sqrt(spiked * (1.0 - spiked / total))
    follows = ", and EM can follow it there" if any(each.statuses["SINGULAR"] for each in spikes) else ""
    of = {r.name: r for r in remedies}
    helped = [of[name] for name in (FLOOR, MAP, SHARED)]
    bad = sum(bool(text) for cut in cuts for text in cut.refusals.values())
    highest = ""
    if five.mixture is not None:
        way = "above" if five.spike > five.best else "below"
        highest = (
            f"; the highest stands on {five.points:.0f} galaxies with an sd of {number(float(np.sqrt(five.variance)))},"
            f" {abs(five.spike - five.best):.1f} nats {way} the best honest optimum"
        )
    return (
        f"Yes: a component that shrinks onto a single observation raises it without bound{follows}. Each factor e by"
        f" which its sd falls gains {slope:.2f} nat. Spikes are finite: on the galaxies with"
        f" K = {K_REMEDY}, {spiked} of {total} climbs (± {error:.0f}) end on one and {five.statuses['SINGULAR']} at a"
        f" singular component{highest}. Under a floor, a conjugate prior or a shared variance"
        f" {sum(r.flagged for r in helped)} of {sum(r.n_climbs for r in helped)} climbs do, and the smallest sd is"
        f" {number(of[FLOOR].smallest_sd[0])}, {number(of[MAP].smallest_sd[0])} and"
        f" {number(of[SHARED].smallest_sd[0])}; in the posterior under Chib's prior its median is"
        f" {number(of[POSTERIOR].smallest_sd[1])}, under that prior alone {number(prior_sd())}. Being proper does not"
        f" make a prior safe: of {sum(len(cut.refusals) for cut in cuts)} pairs of prior and tied data {bad} have no"
        " posterior."
    )


def shrinking_picture(shrunk: "Shrunk", n_galaxies: int, n_waiting: int) -> Picture:
    """log L against sigma."""
    drawn = shrinking(shrunk.sigmas, shrunk.values)
    return Picture(
        "shrinking",
        "log L of two components against the standard deviation of one of them (logarithmic axis, small to the left)"
        f" that sits (a) on one galaxy of {n_galaxies} (solid) and between two neighbours (dashed), (b) on the most"
        f" frequent of {n_waiting} waiting times of Old Faithful (dotted).",
        "Two panels. Left: one line rises steadily to the left, one has a maximum and levels off. Right: a line that"
        " rises steeply to the left.",
        drawn.figure,
        drawn.data,
        "double",
    )


def spikes_table(spikes: Sequence["Spikes"], n_points: int) -> Table:
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
        f"Galaxies (n = {n_points}, 10³ km/s), a variance for each component: how EM's climbs end, by number of"
        " components.",
        frame,
        columns={
            "climbs": "a count c of n climbs has a standard error of √(c (1 − c / n))",
            "spikes": "ended at a finite maximum with a narrow component on a few close points",
            "honest": "ended at an optimum that is neither singular nor a spike",
            "singular": "ran into a component without variance, where the likelihood is unbounded",
            "highest spike": "log L of the highest spike; a dash where there was none",
            "its points": "effective number of different points on which its narrowest component stands",
        },
        decimals={"best honest log L": 4, "highest spike": 4, "its variance": 6},
    )


def cut_picture(cuts: Sequence["Cut"]) -> Picture:
    """Evidence against the cut-off."""
    tied = "; ".join(
        f"({'ab'[index]}) {len(TIED[cut.data])} observations, {cut.data}" for index, cut in enumerate(cuts)
    )
    drawn = cut_off({cut.data: (cut.cutoffs, cut.evidence) for cut in cuts})
    return Picture(
        "cut_off",
        "Evidence of two components, sigma kept above a cut-off, relative to its value at the largest one, by prior of"
        f" the standard deviations: {tied}. Where a curve rises without end as the cut-off falls there is no"
        " posterior.",
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
    helped = [remedy.flagged for remedy in remedies if remedy.name in (FLOOR, MAP, SHARED)]
    differ = sum(grows(evidence) != bool(cut.refusals[p]) for cut in cuts for p, evidence in cut.evidence.items())
    return (
        published["one"].against(steepness(shrunk.sigmas, shrunk.values["one galaxy"])),
        published["tied"].against(steepness(shrunk.sigmas, shrunk.values[most]) / shrunk.held[most]),
        published["spike"].against(five_of(spikes).variance),
        published["remedied"].against(sum(helped)),
        published["exponent"].against(steepness(of[THREE_TIED].cutoffs, np.log(three))),
        published["logarithm"].against(float(steps[-1] / steps[-2])),
        published["refusals"].against(differ),
    )
