"""The part of the report on the speed of EM that says when it may stop."""

from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from em.fit import TOLERANCE
from em.stopping import STEPS_HELD
from experiments.figures.climbing.stopping import stopping
from experiments.reporting.formats import number, short
from experiments.reporting.report import Picture, Section, Table
from experiments.studies.stopping_rules import RULES
from mixture.arrays import FloatArray

if TYPE_CHECKING:
    from experiments.convergence import Stops

OURS = f"this project's {short(TOLERANCE)}"


def rules_table(climbs: Sequence["Stops"], names: Sequence[str]) -> pd.DataFrame:
    """A row for each rule, this project's own last: the first climb, and the worst of all."""
    first = climbs[0]
    rows = []
    for place_in_list, rule in enumerate([*(rule.name for rule in RULES), OURS], start=1):
        places = [climb.stops.get(rule, len(climb.path) - 1) for climb in climbs]
        at = [
            (climb.best - float(climb.log_likelihoods[place]), errors_of(climb)[place])
            for climb, place in zip(climbs, places, strict=True)
            if place is not None
        ]
        row: dict[str, str | float] = {"number": place_in_list, "rule": rule, "stops at": np.nan, "gap": np.nan}
        if (place := places[0]) is not None:
            errors = errors_of(first)[place]
            row |= {"stops at": float(place), "gap": max(first.best - float(first.log_likelihoods[place]), 0.0)}
            row |= {"error": float(errors.max()), "of": names[int(errors.argmax())]}
        row["worst gap"] = max((gap for gap, _ in at), default=np.nan)
        row["worst error"] = max((float(errors.max()) for _, errors in at), default=np.nan)
        rows.append(row)
    return pd.DataFrame(rows)


def errors_of(climb: "Stops") -> FloatArray:
    """(T + 1, P) distance of each parameter from its optimum, in standard errors."""
    return np.asarray(np.abs(climb.path - climb.optimum) / climb.errors)


def limits(climbs: Sequence["Stops"]) -> str:
    """What the programs' limits on iterations change: where they come before the rule."""
    told = []
    for place_in_list, rule in enumerate(RULES, start=1):
        late = [
            climb
            for climb in climbs
            if rule.limit is not None
            and len(climb.path) > rule.limit + 1
            and ((place := climb.stops[rule.name]) is None or place > rule.limit)
        ]
        if rule.limit is not None and late:
            left = max(climb.best - float(climb.log_likelihoods[rule.limit]) for climb in late)
            errors = max(float(errors_of(climb)[rule.limit].max()) for climb in late)
            told.append(
                f"{rule.program} would not come as far as rule {place_in_list} on {len(late)} of {len(climbs)} data"
                f" sets: it ends after {rule.limit} iterations, up to {number(left)} nats and {errors:.2g} standard"
                " errors from the optimum"
            )
    return f" Programs also limit the iterations. With their defaults {'; '.join(told)}." if told else ""


def stopping_section(
    climbs: Sequence["Stops"],
    table: pd.DataFrame,
    names: Sequence[str],
    overlap: float,
    n_overlap: int,
    start_means: tuple[float, float],
) -> Section:
    """The rules, where they stop, and what that leaves."""
    first = climbs[0]
    trace = pd.DataFrame(errors_of(first)[1:], columns=list(names))
    trace.insert(0, "gap", np.maximum(first.best - first.log_likelihoods[1:], 1e-9))
    trace.insert(0, "iteration", np.arange(1, len(first.path)))
    stops = table.dropna(subset="stops at")[["number", "rule", "stops at"]].rename(columns={"stops at": "iteration"})
    drawn = stopping(trace, stops.astype({"iteration": int}))
    rules = "\n".join(
        f"- **{place}** {rule.name}: {rule.words}{f' (default of {rule.program})' if rule.program else ''}"
        for place, rule in enumerate(RULES, start=1)
    )
    ours = (
        f"\n- **{len(RULES) + 1}** {OURS}: Aitken's estimate of the gain to come was below {short(TOLERANCE)} nats on"
        f" {STEPS_HELD} consecutive iterations, gains that rounding explains counting as none"
    )
    left_out = sum(climb.left_out for climb in climbs)
    text = (
        f"{len(climbs)} data sets of n = {n_overlap} points of two equal unit normals {overlap:g} standard deviations"
        f" apart, of which the first is drawn; EM starts from equal weights, means {number(start_means[0], 0)} and"
        f" {number(start_means[1], 0)}, and unit variances. It climbs on until this project's rule is content, and each"
        " other rule is asked where it would have stopped. A data set on which the climb ends singular or on a"
        f" spike has no optimum to compare with and is replaced: {left_out} of {left_out + len(climbs)}. scikit-learn"
        " is described by Pedregosa et al. (2011), mclust by Scrucca et al. (2016), depmixS4 by Visser & Speekenbrink"
        " (2010)."
    )
    rounding = (
        "Three things deceive. A *change* is small because each step is small: at a rate near one, the gain to come is"
        " many times the last. A *relative* change, or one per point, grows looser with the size of the data."
        " And *Aitken's estimate* trusts the ratio of two gains, which is right only once the slowest direction is the"
        " only one left; a plateau looks like an end. What saves it is a tolerance far below what one cares for. In"
        " the other direction there is a floor: where a gain is no larger than the rounding of the total, no rule can"
        " see it, so that this project's tolerance is about the smallest that means anything here."
    )
    loose, tight = table.iloc[0], table.iloc[-1]
    meaning = (
        f"Measured in standard errors, rule 1 is off by {loose['error']:.2f} ({loose['of']}) on the data set drawn, and"
        f" by up to {loose['worst error']:.1f} over all {len(climbs)}; this project's rule by at most"
        f" {tight['worst error']:.2g}. Standard errors are large where components overlap, for the data say little"
        " about what is beneath them. A stop on the plateau may therefore lie within the uncertainty, or several"
        " standard errors off: the rule cannot tell which, and neither can its reader. Likelihood ratios and criteria"
        f" take the gap as it is.{limits(climbs)}"
    )
    caption = (
        f"A long climb on overlapping data (n = {n_overlap}, K = 2), and where {len(table)} rules stop it (numbers as"
        " in the table). (a) Gap to the maximum log-likelihood. (b) Distance of each parameter from its maximum"
        " likelihood estimate, in standard errors."
    )
    alt = (
        "Gap and errors by iteration on logarithmic axes: a first fall, a long plateau, and the final fall; the stops"
        " of the rules are spread over all of it."
    )
    return Section(
        "When it may stop",
        (
            text,
            rules + ours,
            Picture("stopping", caption, alt, drawn.figure, drawn.data, "double"),
            Table(
                "rules",
                f"What each rule would have answered, on the data set drawn and on the worst of {len(climbs)}.",
                table,
                columns={
                    "stops at": "iteration",
                    "gap": "nats below the maximum that are left",
                    "error": "largest distance of a parameter from its estimate, in standard errors; “of”: which",
                    "worst gap": "the largest of all data sets, as is “worst error”",
                },
                decimals={"number": 0, "stops at": 0},
            ),
            meaning,
            rounding,
        ),
    )
