"""What is counted for the report on coverage: how often each interval holds the truth, how wide it is, what failed."""

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from experiments.answers.interval_coverage_declared import WANTED_R_HAT, Z

if TYPE_CHECKING:
    from experiments.interval_coverage import Batch
    from mixture.arrays import FloatArray

METHODS = ("Wald", "Wald, transformed", "bootstrap", "posterior")
POSTERIOR = METHODS.index("posterior")
KINDS: Mapping[str, slice] = {"weight": slice(0, 1), "means": slice(1, 3), "sds": slice(3, 5)}
FLAGGED = f"R-hat > {WANTED_R_HAT:g}"
UNFLAGGED = f"posterior, R-hat ≤ {WANTED_R_HAT:g}"


def held(batch: "Batch", truth: "FloatArray") -> "FloatArray":
    """(4, R, 5): 1 where an interval holds the truth, 0 where it does not or is missing."""
    return np.asarray((batch.lower <= truth) & (truth <= batch.upper), dtype=np.float64)


def cells(batches: "Sequence[Batch]") -> "dict[tuple[str, int], list[Batch]]":
    """Batches by kind of data and n, in the order of the cases."""
    found: dict[tuple[str, int], list[Batch]] = {}
    for batch in batches:
        found.setdefault((batch.separation, batch.n_samples), []).append(batch)
    return found


def error_of(hits: "FloatArray") -> float:
    """Monte Carlo standard error of the mean of hits (R, m) of m parameters in R data sets: sd over data sets / sqrt R.

    Hardly anything missed has hardly a spread: at least that of R m independent parameters at (hits + 2) / (R m + 4).
    """
    if len(hits) < 2:
        return float("nan")
    share = (hits.sum() + 2.0) / (hits.size + 4.0)
    spread = hits.mean(axis=1).std(ddof=1) / np.sqrt(len(hits))
    return float(max(spread, np.sqrt(share * (1.0 - share) / hits.size)))


def wilson(hits: "FloatArray") -> tuple[float, float]:
    """The ends of Wilson's interval of the mean of hits (R, m), at the level of the intervals themselves.

    Its number of trials is C (1 - C) / error^2: parameters of one data set that miss together are not worth m trials.
    """
    share, error = float(hits.mean()), error_of(hits)
    smoothed = (hits.sum() + 2.0) / (hits.size + 4.0)
    trials = float(np.clip(smoothed * (1.0 - smoothed) / error**2, 1.0, hits.size)) if error > 0.0 else float(hits.size)
    z2 = Z**2 / trials
    centre = (share + 0.5 * z2) / (1.0 + z2)
    half = np.sqrt(z2 * share * (1.0 - share) + 0.25 * z2**2) / (1.0 + z2)
    return min(share, centre - half), max(share, centre + half)


def coverage_table(batches: "Sequence[Batch]", truths: "Mapping[str, FloatArray]") -> pd.DataFrame:
    """A row for each kind of data, kind of parameter, n and method."""
    rows = []
    for (separation, size), of in cells(batches).items():
        hits = np.concatenate([held(batch, truths[separation]) for batch in of], axis=1)
        tried = np.concatenate([batch.tried for batch in of], axis=1) > 0.0
        for i, method in enumerate(METHODS):
            count = int(tried[i].sum())
            for kind, places in KINDS.items():
                of_kind = hits[i, tried[i]][:, places]
                low, high = wilson(of_kind)
                rows.append(
                    {
                        "data": separation,
                        "kind": kind,
                        "n": size,
                        "method": method,
                        "data sets": count,
                        "coverage": float(of_kind.mean()),
                        "error": error_of(of_kind),
                        "low": low,
                        "high": high,
                    }
                )
    return pd.DataFrame(rows)


def pooled_table(batches: "Sequence[Batch]", truths: "Mapping[str, FloatArray]") -> pd.DataFrame:
    """A row for each kind of data, n and method: coverage over all parameters, and median widths by kind."""
    rows = []
    for (separation, size), of in cells(batches).items():
        hits = np.concatenate([held(batch, truths[separation]) for batch in of], axis=1)
        lower, upper = (np.concatenate([getattr(batch, end) for batch in of], axis=1) for end in ("lower", "upper"))
        tried = np.concatenate([batch.tried for batch in of], axis=1) > 0.0
        for i, method in enumerate(METHODS):
            given = tried[i] & np.isfinite(lower[i]).all(axis=1)
            widths = (upper - lower)[i, given]
            rows.append(
                {
                    "data": separation,
                    "n": size,
                    "method": method,
                    "data sets": int(tried[i].sum()),
                    "coverage": float(hits[i, tried[i]].mean()),
                    "error": error_of(hits[i, tried[i]]),
                    "if given": float(hits[i, given].mean()) if given.any() else np.nan,
                    **{
                        f"width, {kind}": float(np.median(widths[:, places])) if given.any() else np.nan
                        for kind, places in KINDS.items()
                    },
                }
            )
    return pd.DataFrame(rows)


def failure_table(batches: "Sequence[Batch]", truths: "Mapping[str, FloatArray]") -> pd.DataFrame:
    """A row for each kind of data and n: what did not work, and what the posterior covers where its chains agree."""
    rows = []
    for (separation, size), of in cells(batches).items():
        lower, upper = (np.concatenate([getattr(batch, end)[0] for batch in of]) for end in ("lower", "upper"))
        given = np.isfinite(lower).all(axis=1)
        below = (lower[given][:, [0, 3, 4]] < 0.0).ravel()
        above = (upper[given][:, 0] > 1.0).ravel()
        n_intervals = 3 * int(given.sum())
        lost = np.concatenate([batch.lost for batch in of])
        lost = lost[np.isfinite(lost)]
        agree = np.concatenate([batch.r_hats for batch in of]) <= WANTED_R_HAT
        hits = np.concatenate([held(batch, truths[separation])[POSTERIOR] for batch in of])
        rows.append(
            {
                "data": separation,
                "n": size,
                "data sets": len(lower),
                "no fit": sum(batch.no_fit for batch in of),
                "no SE": sum(batch.no_errors for batch in of),
                "outside": (int(below.sum()) + int(above.sum())) / n_intervals if n_intervals else np.nan,
                "replicates lost": float(lost.mean()) if lost.size else np.nan,
                FLAGGED: int((~agree).sum()),
                UNFLAGGED: float(hits[agree].mean()) if agree.any() else np.nan,
            }
        )
    return pd.DataFrame(rows)


def interval_list(batches: "Sequence[Batch]") -> pd.DataFrame:
    """Every interval of the first parameter, the weight."""
    tables = [
        pd.DataFrame({"method": method, "lower": batch.lower[i, :, 0], "upper": batch.upper[i, :, 0]})
        for batch in batches
        for i, method in enumerate(METHODS)
    ]
    return pd.concat(tables, ignore_index=True)


def row_of(pooled: pd.DataFrame, separation: str, place: int, method: str) -> "pd.Series[float]":
    """The row of a kind of data and a method at the smallest (0) or the largest (-1) n."""
    of = pooled[(pooled["data"] == separation) & (pooled["method"] == method)]
    return of.sort_values("n").iloc[place]


def approach_table(batches: "Sequence[Batch]", truths: "Mapping[str, FloatArray]", separation: str) -> pd.DataFrame:
    """A row for each n: where the posterior's intervals of the two means lie, and on which side they miss.

    half, off  medians of half their width and of the distance of their middles from the truth
    misses, inward  how many miss the truth, and how many of these lie on the side of the other component's mean
    """
    places = KINDS["means"]
    truth = truths[separation][places]
    rows = []
    for (data, size), of in cells(batches).items():
        if data != separation:
            continue
        lower, upper = (
            np.concatenate([getattr(batch, end)[POSTERIOR] for batch in of])[:, places] for end in ("lower", "upper")
        )
        above, below = lower > truth, upper < truth
        rows.append(
            {
                "n": size,
                "half": float(np.median(0.5 * (upper - lower))),
                "off": float(np.median(np.abs(0.5 * (lower + upper) - truth))),
                "misses": int(above.sum() + below.sum()),
                "inward": int(np.where(truth < truth.mean(), above, below).sum()),
            }
        )
    return pd.DataFrame(rows)
