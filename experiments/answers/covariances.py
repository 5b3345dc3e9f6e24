"""The report on covariance families: their ellipses, the table of fourteen, and what units change."""

from collections.abc import Mapping, Sequence
from itertools import pairwise
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from experiments.answers.covariances_units import (
    MOVED,
    UNMOVED,
    bic_choices,
    chosen,
    largest_change,
    moved_table,
    units_picture,
)
from experiments.data.datasets import Dataset
from experiments.engine.experiment import Published
from experiments.figures.models.ellipse_panels import LEVELS, EllipsePanel, ellipse_panels
from experiments.reporting.formats import number
from experiments.reporting.report import Answer, Claim, Picture, Section, Table
from experiments.reporting.sentences import listed
from mixture import structure_named
from mixture.covariance import STRUCTURES

if TYPE_CHECKING:
    from experiments.covariances import Fitted

SHOWN = ("EII", "VII", "EEI", "VVI", "EEE", "VVV")
HELD = f"{listed([f'{100 * level:g}' for level in LEVELS])}%"
"""What the ellipses hold."""


def build_answer(found: Sequence["Fitted"], n_starts: int, data: Dataset, published: Mapping[str, Published]) -> Answer:
    """What each family makes of the data."""
    of = {family.mclust: family for family in found}
    table = table_of(found)
    best, best_three = best_by(found, "bic"), best_by(found, "bic_three")
    winner = best if best.bic <= best_three.bic_three else best_three
    choices = bic_choices(found)
    spread = data.points().std(axis=0)
    return Answer(
        words=words(of, choices, best_three),
        sections=(
            Section(
                "Six structures, drawn",
                (
                    "A family is a set of ellipses that a component may have. In the six below volume, shape and"
                    " orientation are all shared or all free, with correlation, without it, or with neither correlation"
                    " nor a difference between the features. Each panel shows the highest likelihood that the family"
                    f" reaches from {n_starts} starts.",
                    structures_picture(of, data),
                    f"The sds of the two features differ by a factor of {max(spread) / min(spread):.0f}. A circle in"
                    " minutes must be wide enough for the waiting times, and so spreads far beyond all durations: the"
                    " spherical families here see hardly anything but the waiting time.",
                ),
            ),
            Section(
                "Fourteen families",
                (
                    f"By BIC, with both features in minutes, the best family for K = 2 is {best.mclust}"
                    f" ({best.bic:.2f}), by ICL {best_by(found, 'icl').mclust}. With three components it is"
                    f" {best_three.mclust} ({best_three.bic_three:.2f}), which makes {winner.mclust} with"
                    f" K = {2 if winner is best else 3} the best of all {2 * len(found)} models.",
                    table,
                ),
            ),
            Section(
                "Units",
                (
                    "A change of units multiplies each feature by a constant. Log-likelihoods are compared as densities"
                    " of the same minutes (the log of the Jacobian is added), so that a family to which the scaled"
                    " covariances still belong neither gains nor loses. Three kinds of family do not stay themselves:"
                    " circles (EII, VII) become ellipses; common axes of different shapes (EVE, VVE) do not stay at"
                    " right angles; and one shape in several orientations (EEV, VEV) is stretched differently in each."
                    " Such families answer a different question in every system of units: choose units with a meaning,"
                    " or divide each feature by its sd, before they are fitted or compared by BIC.",
                    chosen(choices),
                    moved_table(found),
                    units_picture(found),
                    spheres_picture(of, data),
                ),
            ),
        ),
        claims=claims(of, published),
        provenance={"sha256 of faithful": data.sha256},
        result={
            family.mclust: {
                "log_likelihood": family.log_likelihoods,
                "log_likelihood_three": family.three,
                "bic": family.bic,
                "icl": family.icl,
                "bic_three": family.bic_three,
            }
            for family in found
        },
    )


def best_by(found: Sequence["Fitted"], criterion: str) -> "Fitted":
    """The family with the smallest value of a criterion."""
    return min(found, key=lambda family: float(getattr(family, criterion)))


def words(of: Mapping[str, "Fitted"], choices: Mapping[str, "Fitted"], best_three: "Fitted") -> str:
    """Range of the likelihood, the choice, and the units."""
    from experiments.covariances import MINUTES

    at = {name: family.log_likelihoods[MINUTES] for name, family in of.items()}
    low, high = min(at, key=lambda name: at[name]), max(at, key=lambda name: at[name])
    changed = sum(largest_change(family) > MOVED for family in of.values())
    names = {best.mclust for best in choices.values()}
    told = listed([f"{best.mclust} with {unit}" for unit, best in choices.items()])
    choice = (
        f"BIC's choice depends on the units too: {told}"
        if len(names) > 1
        else f"BIC prefers {names.pop()} in all units tried"
    )
    return (
        "They decide which ellipses a component may have, and so what counts as one group, how high the likelihood can"
        f" rise and how many parameters it costs. On Old Faithful with K = 2, in minutes, log L runs from"
        f" {number(at[low], 1)} ({low}, {of[low].n_parameters[0]} parameters) to {number(at[high], 1)} ({high},"
        f" {of[high].n_parameters[0]}). From VVV to EEE one covariance for both groups costs"
        f" {at['VVV'] - at['EEE']:.1f} nats, from EEE to EEI no correlation {at['EEE'] - at['EEI']:.1f}, from EEI to"
        f" EII no difference between the features {at['EEI'] - at['EII']:.1f}. {changed} of {len(of)} families depend"
        f" on the units. {choice} (K = 2; for K = 3, in minutes, {best_three.mclust})."
    )


def table_of(found: Sequence["Fitted"]) -> Table:
    """One row a family."""
    from experiments.covariances import MINUTES

    best = {name: best_by(found, name) for name in ("bic", "icl", "bic_three")}
    titles = {"bic": "BIC", "icl": "ICL", "bic_three": "BIC, K = 3"}
    frame = pd.DataFrame(
        [
            {
                "family": family.name,
                "mclust": family.mclust,
                "parameters": family.n_parameters[0],
                "log L": family.log_likelihoods[MINUTES],
                "BIC": family.bic,
                "ICL": family.icl,
                "log L, K = 3": family.three,
                "BIC, K = 3": family.bic_three,
                "best by": ", ".join(titles[name] for name, other in best.items() if other is family),
            }
            for family in found
        ]
    )
    return Table(
        "families",
        "Old Faithful, both features in minutes, K = 2 unless K = 3 is said: the fourteen families. Smaller BIC and ICL"
        " are better; mclust prints their negatives.",
        frame,
        columns={
            "mclust": "volume, shape, orientation: E equal, V variable, I identity",
            "parameters": "free parameters, K = 2",
            "best by": "the criteria that prefer this family",
        },
        decimals={"log L": 4, "BIC": 2, "ICL": 2, "log L, K = 3": 4, "BIC, K = 3": 2},
    )


def structures_picture(of: Mapping[str, "Fitted"], data: Dataset) -> Picture:
    """The six in small multiples."""
    from experiments.covariances import MINUTES

    panels = [
        EllipsePanel(
            f"{of[name].name} ({name}), log L {number(of[name].log_likelihoods[MINUTES], 1)}",
            of[name].mixture.means,
            of[name].mixture.dense_covariances,
            of[name].mixture.responsibilities(data.points()).argmax(axis=1),
        )
        for name in SHOWN
    ]
    drawn = ellipse_panels(panels, data.points(), [column.label for column in data.measurements], n_columns=3)
    return Picture(
        "structures",
        f"Old Faithful (n = {len(data.points())}), K = 2, in the six structures that share nothing or everything:"
        f" ellipses hold {HELD} of each component; colour and marker of a point: its most probable component.",
        "Six panels of the same points with ellipses: two circles so wide that they look like bands, two pairs of"
        " ellipses along the axes, two pairs of tilted ellipses.",
        drawn.figure,
        drawn.data,
        "double",
    )


def spheres_picture(of: Mapping[str, "Fitted"], data: Dataset) -> Picture:
    """VII in minutes and in sds."""
    from experiments.covariances import MINUTES, SDS

    family, points = of["VII"], data.points()
    variances = np.diagonal(family.standardised, axis1=1, axis2=2)
    distance = (np.square(points[:, None] - family.standard_means) / variances).sum(axis=2) + np.log(variances).sum(
        axis=1
    )
    panels = [
        EllipsePanel(
            f"{MINUTES}, log L {number(family.log_likelihoods[MINUTES], 1)}",
            family.mixture.means,
            family.mixture.dense_covariances,
            family.mixture.responsibilities(points).argmax(axis=1),
        ),
        EllipsePanel(
            f"{SDS}, log L {number(family.log_likelihoods[SDS], 1)}",
            family.standard_means,
            family.standardised,
            distance.argmin(axis=1),
        ),
    ]
    drawn = ellipse_panels(panels, points, [column.label for column in data.measurements], n_columns=2)
    return Picture(
        "spheres",
        f"Old Faithful (n = {len(points)}), K = 2: one family, spherical (VII), fitted with {MINUTES} (left) and with"
        f" {SDS} (right), both drawn in minutes: ellipses hold {HELD} of each component; colour and marker of a point:"
        " its most probable component.",
        "Two panels of the same points: bands across all durations on the left, compact ellipses on the right.",
        drawn.figure,
        drawn.data,
        "double",
    )


def claims(of: Mapping[str, "Fitted"], published: Mapping[str, Published]) -> tuple[Claim, ...]:
    """The six likelihoods and EEE's with three components; nesting; units."""
    from experiments.covariances import MINUTES

    at = {name: family.log_likelihoods[MINUTES] for name, family in of.items()}
    below = [
        at[inner] - at[outer]
        for outer in of
        for inner in of
        if inner != outer and structure_named(outer).contains(structure_named(inner))
    ]
    shifts = [abs(b - a) for name in UNMOVED for a, b in pairwise((*of[name].log_likelihoods.values(), at[name]))]
    return (
        *(published[structure.mclust].against(at[structure.mclust]) for structure in STRUCTURES),
        published["EEE three"].against(of["EEE"].three),
        published["nesting"].against(max(0.0, *below)),
        published["units"].against(max(shifts)),
    )
