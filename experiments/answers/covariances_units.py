"""What a change of units changes: log-likelihoods, BIC and the choice by it, family by family."""

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from experiments.figures.models.shortfalls import shortfalls
from experiments.reporting.report import Picture, Table

if TYPE_CHECKING:
    from experiments.covariances import Fitted

UNMOVED = ("EEI", "VEI", "EVI", "VVI", "EEE", "VEE", "EVV", "VVV")
"""Families that a change of the units of the features maps to themselves."""
MOVED = 1e-3
"""Nats: a log-likelihood that differs by more between units has moved; less is what is left of convergence."""


def largest_change(family: "Fitted") -> float:
    """Of log L for K = 2 between units, in nats."""
    return float(np.ptp(list(family.log_likelihoods.values())))


def bic(family: "Fitted", unit: str) -> float:
    """BIC for K = 2 in these units: as in minutes, less twice what log L gains; smaller is better."""
    from experiments.covariances import MINUTES

    return family.bic - 2.0 * (family.log_likelihoods[unit] - family.log_likelihoods[MINUTES])


def bic_choices(found: Sequence["Fitted"]) -> dict[str, "Fitted"]:
    """The family with the smallest BIC for K = 2, by units."""
    return {unit: min(found, key=lambda family: bic(family, unit)) for unit in found[0].log_likelihoods}


def chosen(choices: Mapping[str, "Fitted"]) -> str:
    """What BIC prefers in which units."""
    told = "; ".join(f"{best.mclust} ({bic(best, unit):.2f}) with {unit}" for unit, best in choices.items())
    if len({best.mclust for best in choices.values()}) > 1:
        return (
            f"So does a choice among them: by BIC the best family for K = 2 is {told}. Only a comparison among the"
            f" {len(UNMOVED)} families that units do not move is one of the data alone."
        )
    return f"Here the choice is the same in all units: by BIC the best family for K = 2 is {told}. It need not be."


def moved_table(found: Sequence["Fitted"]) -> Table:
    """Log-likelihood and BIC in each unit."""
    units = list(found[0].log_likelihoods)
    frame = pd.DataFrame(
        [
            {
                "mclust": family.mclust,
                **{f"log L, {unit}": value for unit, value in family.log_likelihoods.items()},
                "largest change": largest_change(family),
                **{f"BIC, {unit}": bic(family, unit) for unit in units},
            }
            for family in found
        ]
    )
    return Table(
        "units",
        "Log-likelihood and BIC for K = 2 in three systems of units, as densities of the data in minutes.",
        frame,
        columns={"largest change": "of log L between units", "BIC": "smaller is better"},
        decimals={
            **{f"log L, {unit}": 4 for unit in units},
            "largest change": 4,
            **{f"BIC, {unit}": 2 for unit in units},
        },
    )


def units_picture(found: Sequence["Fitted"]) -> Picture:
    """Nats below VVV by family and units."""
    top = next(family for family in found if family.mclust == "VVV").log_likelihoods
    rows = [
        {"family": family.mclust, "units": unit, "below": top[unit] - value}
        for family in found
        if family.mclust != "VVV"
        for unit, value in family.log_likelihoods.items()
    ]
    drawn = shortfalls(pd.DataFrame(rows))
    others = [family for family in found if family.mclust != "VVV"]
    still = sum(largest_change(family) <= MOVED for family in others)
    return Picture(
        "shortfalls",
        "Old Faithful, K = 2: how far each family's log-likelihood lies below that of VVV, which contains all others"
        " and is the same in all units; a marker for each of three systems of units.",
        f"{len(others)} rows of three markers on a logarithmic axis; in {still} rows the markers of all units coincide,"
        " in the others they lie apart.",
        drawn.figure,
        drawn.data,
        "double",
    )
