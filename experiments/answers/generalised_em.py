"""The report on M steps without a closed form: passes, ends, rates, cost."""

from collections.abc import Mapping

import numpy as np
import pandas as pd

from experiments.engine.experiment import Published
from experiments.figures import style
from experiments.figures.climbing.gaps import LEAST, gaps
from experiments.figures.climbing.passes import passes
from experiments.reporting.formats import number, short
from experiments.reporting.report import Answer, Claim, Picture, Section, Table
from experiments.studies.climbs import CLOSE, SAME, Climbs

FULL, ONE, NEWTON, GRADIENT = "full M step", "one inner step", "one Newton step", "one gradient step"
LOOKS = {
    FULL: style.MOVES["EM"],
    ONE: style.MOVES["generalised EM"],
    NEWTON: style.MOVES["Newton"],
    GRADIENT: style.MOVES["gradient ascent"],
}
NAMES = {"faithful": "Old Faithful", "iris": "irises"}
MOST = 200
"""Iterations of a climb at most."""
ENOUGH = 20
"""Iterations that a climb must take for its trace to show its rate."""
ALIKE = 1.1
"""Ways whose passes or times have a ratio of at most this are said to take as many."""
DRAWN = "vve"
"""The family whose climbs are drawn: that of common axes, whose inner problem may have several maxima."""


def build_answer(found: Mapping[str, Climbs], published: Mapping[str, Published]) -> Answer:
    """Every M step side by side."""
    rows = pd.DataFrame([row for case, climbs in found.items() for row in rows_of(case, climbs)])
    n_starts = next(iter(found.values())).n_starts
    drawn = passes(rows[["problem", "move", "least", "median", "most"]], looks=LOOKS)
    shown = [case for case in (f"{data}-{DRAWN}" for data in NAMES) if case in found]
    traces = pd.concat([traces_of(case, found[case]) for case in shown], ignore_index=True)
    gap = gaps(traces, [label(case) for case in shown], CLOSE, looks=LOOKS)
    sizes = {case.split("-")[0]: climbs for case, climbs in found.items()}
    panels = [f"({'ab'[at]}) {size_of(case.split('-')[0], found[case])}" for at, case in enumerate(shown)]
    told_data = "; ".join(size_of(data, climbs) for data, climbs in sizes.items())
    return Answer(
        words=words(rows, n_starts),
        sections=(
            Section(
                "Ways to take the M step",
                (
                    "*Full* maximises Q over the covariances by inner iterations to working precision. *One inner step*"
                    " stops after the first of them. Celeux & Govaert (1995) alternate between what the components"
                    " share and what they do not; here the inner step of VEI, VEE and VEV is one of Newton's in the log"
                    " volumes, that of EVE and VVE a turn of the common axes by a line search among orthogonal matrices"
                    " (Browne & McNicholas 2014). *Newton* and *gradient* know nothing of the family but its"
                    " coordinates, and take one step on Q in these. All climb from the same"
                    f" {n_starts} starts, k-means++ and random partition in turn, with one tolerance for all, for"
                    f" {MOST} iterations at most; a climb has arrived when it is within {short(CLOSE)} nats of the best"
                    f" end at its optimum. The data: {told_data}.",
                    Picture(
                        "passes",
                        f"Passes over the data until within {short(CLOSE)} nats of the optimum: marker, the median over"
                        f" those of {n_starts} starts that arrived; line, from the least to the most. Ways without a"
                        f" marker never came that close in {MOST} iterations. {told_data}.",
                        f"{len(found)} rows, one for each family and data set, with a marker for each way that"
                        f" arrived: {arrivals_of(rows)}.",
                        drawn.figure,
                        drawn.data,
                        "double",
                    ),
                    Picture(
                        "gaps",
                        f"{DRAWN.upper()}: gap to the optimum by passes over the data, {'; '.join(panels)}."
                        " All climb from one start, at which the full M step takes its median number of passes, and"
                        " gaps are measured from the best end there. A marker ends each climb; thin line:"
                        f" {short(CLOSE)} nats, where a climb has arrived; gaps below {short(LEAST)} nats are drawn"
                        " there. The broader curve beneath the others is that of the full M step.",
                        f"A curve for each way on each data set. {ends_of(traces)}",
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
    """Passes and gaps of every way, from one start."""
    tables = [
        pd.DataFrame({"problem": label(case), "move": way, "passes": trace[:, 0], "gap": trace[:, 1]})
        for way, trace in climbs.traces.items()
    ]
    return pd.concat(tables, ignore_index=True)


def size_of(data: str, climbs: Climbs) -> str:
    """What the data are called, n, D and K."""
    return f"{NAMES[data]}, n = {climbs.n_points}, D = {climbs.n_features}, K = {climbs.n_components}"


def arrivals_of(rows: pd.DataFrame) -> str:
    """On how many problems each way arrived from some start."""
    counts = rows[rows["arrived"] > 0].groupby("move", sort=False)["problem"].nunique()
    total = rows["problem"].nunique()
    return ", ".join(f"{way} on {counts.get(way, 0)} of {total}" for way in dict.fromkeys(rows["move"]))


def ends_of(traces: pd.DataFrame) -> str:
    """Where the curves end."""
    told = []
    for problem, of in traces.groupby("problem", sort=False):
        last = of.groupby("move", sort=False).last()
        ends = [
            f"{way} after {end['passes']:.0f}" + (f", {number(end['gap'])} nats short" if end["gap"] > SAME else "")
            for way, end in last.iterrows()
        ]
        told.append(f"Passes at the ends, {problem}: {'; '.join(ends)}.")
    return " ".join(told)


def words(rows: pd.DataFrame, n_starts: int) -> str:
    """One step is enough, which, and what the whole way costs."""
    wide = rows.pivot_table("median", "problem", "move", sort=False, dropna=False)
    inner, newton, gradient = ((wide[way] / wide[FULL]).dropna() for way in (ONE, NEWTON, GRADIENT))
    good = (
        "one Newton step needs as few passes as the full maximum"
        if newton.max() <= ALIKE
        else f"one Newton step needs up to {newton.max():.1f} times the passes of the full maximum"
    )
    poor = (
        f"a plain gradient step up to {gradient.max():.1f} times as many"
        if len(gradient) == len(wide)
        else f"a plain gradient step may not arrive in {MOST} iterations"
    )
    somewhere = f"One gradient step arrives on {len(gradient)} of {len(wide)} problems"
    if len(gradient):
        somewhere += f", there with {gradient.min():.1f} to {gradient.max():.1f} times the passes"
    best = rows.groupby("move")["at the best"].sum()
    n_climbs = n_starts * len(wide)
    cost = rows.pivot_table("ms a pass", "problem", "move", sort=False)
    dearer = cost[FULL] / cost[ONE]
    climb = rows.pivot_table("ms", "problem", "move", sort=False)
    longer = float((climb[FULL] / climb[ONE]).median())
    worth = "it is worth stopping short" if longer > ALIKE else "it hardly matters"
    return (
        f"Any step that raises the M step's objective will do: {good}, {poor}. The likelihood never falls."
        f" One inner step of the family needs {inner.min():.2f} to {inner.max():.2f} times the passes of the full M"
        f" step, one Newton step {newton.min():.2f} to {newton.max():.2f} times. {somewhere}. At the best optimum end"
        f" {best[FULL]} of {n_climbs} climbs of the full M step, {best[ONE]} with one inner step, {best[NEWTON]} with"
        f" one Newton step and {best[GRADIENT]} with one gradient step. In time {worth}: a pass with the full M step"
        f" takes {dearer.median():.1f} times as long as with one inner step ({dearer.min():.1f} to {dearer.max():.1f}),"
        f" a whole climb {longer:.1f} times (medians)."
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
            "arrived": f"climbs of {n_starts} that came within {short(CLOSE)} nats of their optimum within"
            f" {MOST} iterations",
            "at the best": "those that ended at the highest optimum that any way found",
            "passes": "median passes until then; “worst”: the most",
            "rate": "of convergence at the best optimum, read off the trace; a dash where traces are too short",
            "exact rate": "EM's, from the exact matrices",
            "ms": "milliseconds of a climb until it stopped, by the clock, median; “ms a pass”: of a pass with"
            " its M step",
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
