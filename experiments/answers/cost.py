"""The report on what methods cost: seconds and passes, as data grow, and beside other programs."""

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from em.optima import SAME_OPTIMUM
from experiments.answers.cost_declared import CLAIMS, NAMES, PAIRS
from experiments.figures.cost.cost_growth import cost_growth
from experiments.figures.cost.costs import costs
from experiments.reporting.report import Answer, Claim, Picture, Section, Table
from experiments.studies.costing import APART, OF_EM, UNITS
from experiments.studies.machine import Machine
from experiments.studies.programs import AS_THEY_COME, MATCHED

if TYPE_CHECKING:
    from experiments.cost import Beside

AXES = ("N", "K", "D")
PROPORTIONAL = (0.8, 1.2)
"""Powers that count as growth in proportion."""
INDEPENDENT = 1000
"""Effective draws that the first words price: enough for posterior means to a thirtieth of their sds."""


def build_answer(
    rows: pd.DataFrame, beside: Mapping[str, "Beside"], absent: Sequence[str], machine: Machine, *, n_starts: int
) -> Answer:
    """rows: method, seconds, passes, data_set, N, K, D, the base first; beside, absent: other programs, by case."""
    slopes = slopes_of(rows).dropna()
    held = claims(beside)
    sections = [_by_method(rows, n_starts, machine), _growth(rows, slopes)]
    if beside:
        sections.append(_others(beside, absent, n_starts))
    versions = {"scikit-learn": beside["scikit-learn"].version} if "scikit-learn" in beside else {}
    return Answer(
        words=words(rows, slopes, beside, held, n_starts),
        sections=tuple(sections),
        claims=held,
        provenance={**machine.provenance, **versions},
        result={"sizes": len(rows.drop_duplicates(list(AXES))), "programs": list(beside)},
    )


def slopes_of(rows: pd.DataFrame) -> pd.DataFrame:
    """method, axis, slope, error, points: of log seconds against log size by least squares, all data sets together.

    The other sizes as in the first row, and N from that row's on: with fewer points calls are most of the cost. error
    is nan where the line leaves nothing over to tell it from.
    """
    found = []
    first = rows.iloc[0]
    for axis in AXES:
        others = [other for other in AXES if other != axis]
        along = rows[(rows[others] == first[others]).all(axis=1)]
        if axis == "N":
            along = along[along["N"] >= first["N"]]
        for method, of in along.groupby("method", sort=False):
            x, y = np.log(of[axis].to_numpy(np.float64)), np.log(of["seconds"].to_numpy(np.float64))
            x = x - x.mean()
            if np.ptp(x) == 0.0:
                continue
            slope, free = float(x @ y / (x @ x)), len(x) - 2
            left_over = float(np.square(y - y.mean() - slope * x).sum())
            error = float(np.sqrt(left_over / free / (x @ x))) if free else np.nan
            found.append({"method": str(method), "axis": axis, "slope": slope, "error": error, "points": len(x)})
    return pd.DataFrame(found, columns=["method", "axis", "slope", "error", "points"])


def ratios(beside: Mapping[str, "Beside"]) -> dict[tuple[str, str], float]:
    """The other program's time over ours, median of the data sets, by program and method."""
    found = {}
    for program, method in PAIRS:
        if program in beside:
            of = beside[program].rows.query("method == @method")
            found[program, method] = float((of["theirs"] / of["ours"]).median())
    return found


def claims(beside: Mapping[str, "Beside"]) -> tuple[Claim, ...]:
    """Every ratio, the unfavourable ones too, and whether the matched fits end equally high."""
    found = [CLAIMS[f"{program}, {method}"].against(ratio) for (program, method), ratio in ratios(beside).items()]
    if "scikit-learn" in beside:
        of = beside["scikit-learn"].rows.query("method == @MATCHED")
        found.append(CLAIMS["log-likelihood"].against((of["our log-likelihood"] - of["their log-likelihood"]).min()))
    return tuple(found)


def words(
    rows: pd.DataFrame,
    slopes: pd.DataFrame,
    beside: Mapping[str, "Beside"],
    held: tuple[Claim, ...],
    n_starts: int,
) -> str:
    """Seconds at the base, passes, growth with N, the others."""
    first = rows.iloc[0]
    base = at_size(rows, first)
    seconds, passes = (base.groupby("method")[column].median().to_dict() for column in ("seconds", "passes"))
    draws = [
        f"{_told(INDEPENDENT * seconds[f'{sampler} effective draw'])} by {name}"
        for sampler, name in (("Gibbs", "Gibbs sampling"), ("NUTS", "NUTS"))
        if f"{sampler} effective draw" in seconds
    ]
    priced = f", {INDEPENDENT} effective draws {' and '.join(draws)}" if draws else ""
    along = slopes[slopes["axis"] == "N"]["slope"]
    grows = ""
    if len(along):
        low, high = PROPORTIONAL
        grows = (
            "; all grow about as the points do"
            if along.between(low, high).all()
            else f"; costs grow as the points to the power {along.min():.1f} to {along.max():.1f}"
        )
    text = (
        f"With {first['N']} points an EM fit from {n_starts} starts takes {_told(seconds['EM fit'])}{priced}{grows}."
        f" The points have {first['D']} features and the mixture {first['K']} components; the fit walks the data"
        f" {passes['EM fit']:.0f} times, {passes['EM fit'] / n_starts:.0f} a start"
    )
    walked = [
        f"{passes[f'{sampler} effective draw']:.0f} for one of {name}"
        for sampler, name in (("Gibbs", "Gibbs sampling"), ("NUTS", "NUTS"))
        if f"{sampler} effective draw" in passes
    ]
    text += f", an effective draw {' and '.join(walked)}." if walked else "."
    for program in beside:
        told = ", ".join(
            f"{ratio:.1f} ({method})" for (name, method), ratio in ratios(beside).items() if name == program
        )
        text += f" The time of {NAMES[program]} over ours: {told}"
        text += f"; {_lower(beside[program].rows)}." if program == "scikit-learn" else "."
    missed = [claim.statement for claim in held if not claim.passed]
    return text + (f" Missed: {'; '.join(missed)}." if missed else "")


def _lower(rows: pd.DataFrame) -> str:
    """Where scikit-learn's fit ends if its settings are left alone."""
    of = rows.query("method == @AS_THEY_COME")
    gap = float((of["our log-likelihood"] - of["their log-likelihood"]).median())
    if abs(gap) < SAME_OPTIMUM:
        return "as it comes its fit ends as high as ours"
    return f"as it comes its fit ends {abs(gap):.2g} nats {'below' if gap > 0.0 else 'above'} ours"


def at_size(rows: pd.DataFrame, size: pd.Series) -> pd.DataFrame:
    """Those of one size."""
    return rows[(rows[list(AXES)] == size[list(AXES)]).all(axis=1)]


def _told(seconds: float) -> str:
    """Two significant digits, in seconds or milliseconds."""
    value, unit = (seconds, "s") if seconds >= 0.1 else (1e3 * seconds, "ms")
    return f"{float(f'{value:.2g}'):g} {unit}"


def _by_method(rows: pd.DataFrame, n_starts: int, machine: Machine) -> Section:
    first = rows.iloc[0]
    along = rows[(rows[["K", "D"]] == first[["K", "D"]]).all(axis=1)]
    counts = sorted(int(n) for n in along["N"].unique())
    base = at_size(rows, first)
    n_sets = {n: int(along[along["N"] == n]["data_set"].nunique()) for n in counts}
    methods = [method for method in UNITS if method in set(along["method"])]
    medians = along.pivot_table(index="method", columns="N", values="seconds", aggfunc="median").reindex(methods)
    by_method = base.groupby("method")
    size_words = f"K = {first['K']}, D = {first['D']}, full covariances, components {APART:g} sd apart"
    size_words += f", EM from {n_starts} starts"
    sets = ", ".join(f"{n_sets[n]} with N = {n}" for n in counts)
    drawn = costs(along, methods, OF_EM)
    picture = Picture(
        "costs",
        f"Seconds of one core for a unit of each method's work ({size_words}), by number of points: median and range of"
        f" the data sets ({sets}).",
        f"For each method {len(counts)} points on a logarithmic axis of seconds, one for each number of points.",
        drawn.figure,
        drawn.data,
    )
    frame = pd.DataFrame({"of one": [UNITS[method] for method in methods]}, index=pd.Index(methods, name="method"))
    for n in counts:
        frame[f"N = {n}"] = 1e3 * medians[n]
        if n == first["N"]:
            frame["least"], frame["most"] = 1e3 * by_method["seconds"].min(), 1e3 * by_method["seconds"].max()
    frame["passes"] = by_method["passes"].median()
    table = Table(
        "methods",
        f"Milliseconds of one core for a unit of each method's work by number of points, median of data sets ({sets});"
        f" least, most and passes over the data are those with N = {first['N']} ({size_words}).",
        frame.astype(object).where(frame.notna(), None),
        columns={"passes": "counted, each worth one E step; none where the work is of another kind"},
    )
    text = (
        "Seconds tell what one waits for; passes over the data, which the program counts, do not depend on the machine."
        " With few points most of the seconds of a pass are the call, not the arithmetic: what grows by less than the"
        " points from one column to the next is overhead. A fit makes its starts as well; its passes are those of the"
        " climbs. An *effective draw* is what one independent draw of the"
        " posterior would cost; relabelling (ECR) and a bridge come on top of the draws they are given." + machine.words
    )
    return Section("Seconds and passes", (text, picture, table))


def _growth(rows: pd.DataFrame, slopes: pd.DataFrame) -> Section:
    first = rows.iloc[0]
    drawn = cost_growth(rows, AXES, OF_EM)
    others = f"the other sizes as in N = {first['N']}, K = {first['K']}, D = {first['D']}"
    picture = Picture(
        "growth",
        f"Seconds of one core by (a) points, (b) components and (c) features, both axes logarithmic, {others}: lines"
        " through the medians of data sets. EM's methods are vermilion, the posterior's blue.",
        "Three panels of seconds by size, a line for each method.",
        drawn.figure,
        drawn.data,
        "double",
    )
    methods = [method for method in UNITS if method in set(slopes["method"])]
    frame = pd.DataFrame(index=pd.Index(methods, name="method"))
    for axis, of in slopes.set_index("method").groupby("axis", sort=False):
        frame[str(axis)], frame[f"SE, {axis}"] = of["slope"], of["error"]
    text = (
        "With components and features the problem itself changes: there are more parameters, EM may climb for longer,"
        " and chains may need more steps for a draw." + _left_out(rows)
    )
    if slopes.empty:
        return Section("How it grows", (text, picture))
    points = slopes.groupby("axis")["points"].max().to_dict()
    counted = ", ".join(f"{points[axis]} for {axis}" for axis in AXES if axis in points)
    table = Table(
        "slopes",
        f"Powers by which costs grow: the slope of log seconds against log size, {others}, with its standard error;"
        f" measurements: {counted}, fewer where a method lacks some. N from {first['N']} on.",
        frame.astype(object).where(frame.notna(), None),
        columns={"N": "points", "K": "components, their number in the fit too", "D": "features"},
        decimals=dict.fromkeys(map(str, frame), 2),
    )
    slope_text = (
        "A slope of one is proportional growth, of zero none. Fits from many starts and effective draws differ from one"
        " data set to the next more than seconds of a pass do, which their standard errors show."
    )
    return Section("How it grows", (text, picture, slope_text, table))


def _left_out(rows: pd.DataFrame) -> str:
    """Which methods have no point at which sizes; empty where none lacks."""
    methods = [method for method in rows["method"].unique() if method != "SMC"]
    lacking = [
        f"{method} at N = {n}, K = {k}, D = {d}"
        for (n, k, d), of in rows.groupby(list(AXES), sort=False)
        for method in methods
        if method not in set(of["method"])
    ]
    smc = sorted(int(n) for n in rows[rows["method"] == "SMC"]["N"].unique())
    text = f" SMC, the dearest, is measured with N = {smc[0]} alone." if smc else ""
    if lacking:
        text += (
            " Without a point, since the bridge does not converge from so few draws or they are worth too few"
            f" independent ones: {'; '.join(lacking)}."
        )
    return text


def _others(beside: Mapping[str, "Beside"], absent: Sequence[str], n_starts: int) -> Section:
    parts = []
    for name, of in beside.items():
        seen = of.rows.assign(ratio=of.rows["theirs"] / of.rows["ours"])
        medians = seen.groupby("method", sort=False).median(numeric_only=True).drop(columns="data_set").reset_index()
        sizes = {"N": of.size.n_samples, "K": of.size.n_components, "D": of.size.n_features}
        parts.append(medians.assign(program=NAMES[name], sets=int(seen["data_set"].nunique()), **sizes))
    frame = pd.concat(parts, ignore_index=True)
    frame[["ours", "theirs"]] *= 1e3
    heights = [name for name in ("our log-likelihood", "their log-likelihood") if name in frame]
    frame = frame[["program", "method", *AXES, "sets", "ours", "theirs", "ratio", *heights]]
    frame = frame.rename(columns={"ours": "ours (ms)", "theirs": "theirs (ms)", "ratio": "theirs over ours"})
    text = (
        "The same data, the same process, one core."
        + (
            f" scikit-learn's fits are from {n_starts} starts like ours. *{AS_THEY_COME}*: nothing else is said; its"
            f" rule looks at the gain of a step, ours at what is estimated still to come. *{MATCHED}*: both from"
            " k-means, and its gain of a step is held to our tolerance."
            if "scikit-learn" in beside
            else ""
        )
        + (
            " Stock PyMC is `pm.NormalMixture`, which has one feature, under the same prior, by the same sampler,"
            " compiled before the clock starts."
            if "stock-pymc" in beside
            else ""
        )
    )
    if absent:
        text += f" Not installed where this was run: {', '.join(NAMES[name] for name in absent)}."
    table = Table(
        "programs",
        "Milliseconds of a unit of work, ours and another program's, theirs over ours, and the log-likelihoods that"
        " fits reach: medians of data sets.",
        frame.set_index("program").astype(object).where(frame.set_index("program").notna(), None),
        columns={"sets": "data sets"},
        decimals={"theirs over ours": 1, **dict.fromkeys(heights, 4)},
    )
    return Section("Beside other programs", (text, table))
