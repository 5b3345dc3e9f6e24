"""The report on M steps without a closed form: passes, ends, rates, cost."""

from collections.abc import Mapping

import numpy as np
import pandas as pd

from experiments.engine.experiment import Published
from experiments.figures import style
from experiments.figures.climbing.gaps import gaps
from experiments.figures.climbing.passes import passes
from experiments.figures.style import Look
from experiments.reporting.formats import number
from experiments.reporting.report import Answer, Claim, Picture, Section, Table
from experiments.studies.climbs import SAME, Climbs

FULL, ONE, THREE, NEWTON, GRADIENT = (
    "full M step",
    "one inner step",
    "three inner steps",
    "one Newton step",
    "one gradient step",
)
LOOKS = {
    FULL: style.METHODS["em"],
    ONE: Look(style.BLACK, (0, (4, 1.5)), "s"),
    THREE: Look(style.GREY, "-", "D"),
    NEWTON: Look(style.PURPLE, (0, (1, 1.2)), "^"),
    GRADIENT: Look(style.ORANGE, (0, (4, 1, 1, 1)), "X"),
}
NAMES = {"faithful": "Old Faithful", "iris": "irises"}
MOST = 200
"""Iterations of a climb at most."""
ENOUGH = 20
"""Iterations that a climb must take for its trace to show its rate."""


def build_answer(found: Mapping[str, Climbs], published: Mapping[str, Published]) -> Answer:
    """Every M step side by side."""
    rows = pd.DataFrame([row for case, climbs in found.items() for row in rows_of(case, climbs)])
    n_starts = next(iter(found.values())).n_starts
    drawn = passes(rows[["problem", "move", "least", "median", "most"]], looks=LOOKS)
    shown = [case for case in ("faithful-vve", "iris-vve") if case in found]
    traces = pd.concat([traces_of(case, found[case]) for case in shown], ignore_index=True)
    gap = gaps(traces, [label(case) for case in shown], looks=LOOKS)
    return Answer(
        words=words(rows),
        sections=(
            Section(
                "Five ways to take the M step",
                (
                    "*Full* maximises Q over the covariances by inner iterations to working precision. *One inner step*"
                    " stops after the first of them, *three* after the third; for VEI, VEE and VEV it is a Newton step"
                    " in the log volumes, for EVE and VVE a turn of the common axes by a line search. *Newton* and"
                    " *gradient* know nothing of the family but its coordinates, and take one step on Q in these. All"
                    f" climb from the same {n_starts} starts, k-means++ and random partition in turn, with one"
                    " tolerance for all; a climb has arrived when it is within 10⁻⁸ nats of the best end at its"
                    " optimum.",
                    Picture(
                        "passes",
                        "Passes over the data until within 10⁻⁸ nats of the optimum: median over the starts, lines from"
                        " the least to the most. Ways without a marker never came that close.",
                        "Ten rows, one for each family and data set; the markers of full, inner and Newton steps stand"
                        " together, those of the gradient to the right of them or nowhere.",
                        drawn.figure,
                        drawn.data,
                        "double",
                    ),
                    Picture(
                        "gaps",
                        "VVE: gap to the optimum by passes over the data from a start where the full M step takes its"
                        " median number of passes. A marker ends each climb; gaps below 10⁻¹⁰ nats are drawn there.",
                        "Two panels: four curves fall together along a straight line, that of the gradient falls late.",
                        gap.figure,
                        gap.data,
                        "double",
                    ),
                ),
            ),
            Section(
                "Where they end, how fast, at what cost",
                (
                    "A rate of convergence is the factor by which the distance to the optimum shrinks in a pass. That"
                    " of EM is the largest fraction of missing information, computed exactly at the best optimum; the"
                    " others are read off the traces that are long enough to show one.",
                    table_of(rows, n_starts),
                ),
            ),
        ),
        claims=claims(found, published),
        result={case: {"log_likelihood": climbs.best, "rate": climbs.rate} for case, climbs in found.items()},
    )


def label(case: str) -> str:
    """ "iris-vve" as a reader reads it."""
    data, family = case.split("-")
    return f"{NAMES[data]}, {family.upper()}"


def rate_of(climbs: Climbs, way: str) -> float:
    """Median rate of the traces that ended at the best optimum and are long enough; nan if there are none."""
    rates = [
        climb.rate
        for climb in climbs.arrived(way)
        if climb.rate is not None and climb.iterations >= ENOUGH and climb.log_likelihood >= climbs.best - SAME
    ]
    return float(np.median(rates)) if rates else float("nan")


def rows_of(case: str, climbs: Climbs) -> list[dict[str, str | int | float]]:
    """A row for each way."""
    rows: list[dict[str, str | int | float]] = []
    for way, ended in climbs.ended.items():
        counts = climbs.arrivals(way)
        rows.append(
            {
                "problem": label(case),
                "move": way,
                "log L": climbs.best,
                "arrived": len(counts),
                "at the best": climbs.at_the_best(way),
                "least": min(counts, default=np.nan),
                "median": float(np.median(counts)) if counts else np.nan,
                "most": max(counts, default=np.nan),
                "rate": rate_of(climbs, way),
                "exact rate": np.nan if climbs.rate is None else climbs.rate,
                "ms": 1e3 * float(np.median([climb.seconds for climb in ended])),
                "ms a pass": 1e3 * float(np.median([climb.seconds / climb.passes for climb in ended])),
            }
        )
    return rows


def traces_of(case: str, climbs: Climbs) -> pd.DataFrame:
    """Passes and gaps of the typical start."""
    tables = [
        pd.DataFrame({"problem": label(case), "move": way, "passes": trace[:, 0], "gap": trace[:, 1]})
        for way, trace in climbs.traces.items()
    ]
    return pd.concat(tables, ignore_index=True)


def words(rows: pd.DataFrame) -> str:
    """One step is enough, and which."""
    wide = rows.pivot_table("median", "problem", "move", sort=False, dropna=False)
    ratio = (wide[ONE] / wide[FULL]).dropna()
    newton = (wide[NEWTON] / wide[FULL]).dropna()
    at_the_best = {way: int(rows.loc[rows["move"] == way, "at the best"].sum()) for way in (FULL, ONE)}
    gradient = (wide[GRADIENT] / wide[FULL]).dropna()
    cost = rows.pivot_table("ms a pass", "problem", "move", sort=False)
    slower = f"{len(gradient)} of {len(wide)} problems"
    if len(gradient):
        slower += f", there with {gradient.min():.1f} to {gradient.max():.1f} times the passes"
    return (
        "Take one step towards the maximum of Q instead of the maximum: the likelihood still never falls, and the climb"
        f" still ends at an optimum. One inner step needs {ratio.min():.2f} to {ratio.max():.2f} times the passes of"
        f" the full M step, one Newton step on Q {newton.min():.2f} to {newton.max():.2f} times; one step along the"
        f" gradient arrives at all on {slower}. {at_the_best[FULL]} climbs of the full M step end at the"
        f" best optimum, {at_the_best[ONE]} with one inner step. So one good inner step is worth taking"
        f" and more are not: here a pass with three of them takes {number(float((cost[THREE] / cost[ONE]).median()))}"
        " times as long as with one."
    )


def table_of(rows: pd.DataFrame, n_starts: int) -> Table:
    """Everything, a row for each family, data set and way."""
    return Table(
        "ways",
        f"Every way to take the M step, from {n_starts} starts each.",
        rows.drop(columns=["least"]).rename(
            columns={"problem": "data, family", "move": "M step", "median": "passes", "most": "worst"}
        ),
        columns={
            "arrived": f"climbs of {n_starts} that came within 10⁻⁸ nats of their optimum within {MOST} iterations",
            "at the best": "those that ended at the highest optimum that any way found",
            "passes": "median passes until then; “worst”: the most",
            "rate": "of convergence at the best optimum, read off the trace; a dash where traces are too short",
            "exact rate": "EM's, from the exact matrices",
            "ms": "milliseconds of a climb by the clock, median; “ms a pass”: of a pass with its M step",
        },
        decimals={"log L": 4, "passes": 1, "worst": 0, "rate": 4, "exact rate": 4},
    )


def claims(found: Mapping[str, Climbs], published: Mapping[str, Published]) -> tuple[Claim, ...]:
    """No fall, one optimum, one rate."""
    falls = [fall for climbs in found.values() for fall in climbs.falls]
    below = [
        max(climb.log_likelihood for climb in climbs.arrived(FULL))
        - max((climb.log_likelihood for climb in climbs.arrived(ONE)), default=-np.inf)
        for climbs in found.values()
        if climbs.arrived(FULL)
    ]
    rates = [
        abs(rate_of(climbs, NEWTON) - climbs.rate)
        for case, climbs in found.items()
        if case.startswith("iris") and climbs.rate is not None
    ]
    known = [difference for difference in rates if np.isfinite(difference)]
    return (
        published["falls"].against(max(falls)),
        published["optimum"].against(max(0.0, *below)),
        published["rate"].against(max(known, default=float("nan"))),
    )
