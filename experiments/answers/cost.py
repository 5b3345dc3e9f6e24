"""The report on what methods cost: in EM iterations, as data grow, and beside other programs."""

from collections.abc import Mapping

import numpy as np
import pandas as pd

from experiments.figures.cost.cost_growth import cost_growth
from experiments.figures.cost.costs import costs
from experiments.reporting.report import Answer, Claim, Picture, Section, Table
from experiments.studies.costing import OF_EM, STARTS, UNITS
from experiments.studies.machine import Machine

AXES = ("N", "K", "D")
PROGRAMS = {"scikit-learn": "scikit-learn", "stock-pymc": "stock PyMC"}
BAR = "this project's own bar"
BARS = {
    ("scikit-learn", "EM iteration"): 1.0,
    ("stock-pymc", "NUTS effective draw"): 1.0,
}
"""Times that the other program is to take at least; a program that is not installed is not held against it."""


def build_answer(rows: pd.DataFrame, beside: Mapping[str, pd.DataFrame], machine: Machine) -> Answer:
    """rows: method, seconds, N, K, D, the base first; beside: method, ours, theirs of each other program."""
    base = rows[(rows[list(AXES)] == rows[list(AXES)].iloc[0]).all(axis=1)]
    in_iterations = base.assign(iterations=base["seconds"] / _of(base, "EM iteration"))
    slopes = slopes_of(rows)
    held = claims(beside)
    sections = [_by_method(in_iterations, machine), _growth(rows, slopes)]
    if beside:
        sections.append(_others(beside))
    return Answer(
        words=words(in_iterations, slopes, beside, held),
        sections=tuple(sections),
        claims=held,
        provenance=machine.provenance,
        result={"sizes": len(rows.drop_duplicates(list(AXES))), "programs": list(beside)},
    )


def slopes_of(rows: pd.DataFrame) -> pd.DataFrame:
    """method, axis, slope: of log seconds against log size by least squares, the other sizes as in the first rows."""
    found = []
    first = rows.iloc[0]
    for axis in AXES:
        others = [other for other in AXES if other != axis]
        along = rows[(rows[others] == first[others]).all(axis=1)]
        for method, of in along.groupby("method", sort=False):
            if len(of) > 1:
                x, y = np.log(of[axis].to_numpy(np.float64)), np.log(of["seconds"].to_numpy(np.float64))
                slope = float(np.polynomial.Polynomial.fit(x, y, 1).convert().coef[1])
                found.append({"method": str(method), "axis": axis, "slope": slope})
    return pd.DataFrame(found)


def claims(beside: Mapping[str, pd.DataFrame]) -> tuple[Claim, ...]:
    """The other program's time over ours."""
    found = []
    for (program, method), bar in BARS.items():
        if program in beside:
            of = beside[program][beside[program]["method"] == method].iloc[0]
            statement = f"{PROGRAMS[program]}'s time over ours, {method}"
            found.append(Claim(statement, BAR, bar, float(of["theirs"] / of["ours"]), 0.0, kind="at least"))
    return tuple(found)


def words(base: pd.DataFrame, slopes: pd.DataFrame, beside: Mapping[str, pd.DataFrame], held: tuple[Claim, ...]) -> str:
    """Costs in iterations; growth with N; the others."""
    size = base.iloc[0]
    at = base.set_index("method")["iterations"]
    text = (
        f"With {size['N']} points, {size['K']} components and {size['D']} features an EM fit from {STARTS} starts costs"
        f" {at['EM fit']:.0f} EM iterations, an effective draw of NUTS {at['NUTS effective draw']:.0f}, of Gibbs"
        f" sampling {at['Gibbs effective draw']:.0f}: a thousand independent draws by the cheaper sampler are worth"
        f" {1000 * min(at['NUTS effective draw'], at['Gibbs effective draw']) / at['EM fit']:.0f} such fits."
    )
    along = slopes[slopes["axis"] == "N"]["slope"]
    if len(along):
        text += f" With the number of points costs grow by powers from {along.min():.1f} to {along.max():.1f}."
    for program, of in beside.items():
        ratios = (of["theirs"] / of["ours"]).to_numpy()
        told = ", ".join(f"{ratio:.1f} times ours for an {name}" if name[0] in "EA" else f"{ratio:.1f} for a {name}"
                         for name, ratio in zip(of["method"], ratios, strict=True))  # fmt: skip
        text += f" {PROGRAMS[program]} takes {told}."
    missed = [claim.statement for claim in held if not claim.passed]
    return text + (f" Missed: {'; '.join(missed)}." if missed else "")


def _by_method(base: pd.DataFrame, machine: Machine) -> Section:
    drawn = costs(base, OF_EM)
    size = base.iloc[0]
    picture = Picture(
        "costs",
        f"What one unit of each method's work costs in EM iterations, on one core; N = {size['N']}, K = {size['K']},"
        f" D = {size['D']}, full covariances.",
        "A point for each method on a logarithmic axis of EM iterations.",
        drawn.figure,
        drawn.data,
    )
    table = Table(
        "methods",
        "Seconds of one core for a unit of each method's work, and the same in EM iterations.",
        pd.DataFrame(
            {
                "method": base["method"],
                "of one": [UNITS[method] for method in base["method"]],
                "milliseconds": 1e3 * base["seconds"],
                "EM iterations": base["iterations"],
            }
        ),
    )
    text = (
        "The unit is one EM iteration, a walk over the data and an M step: seconds differ from machine to machine, the"
        " ratios less. An *effective draw* is what one independent draw of the posterior would cost; relabelling (ECR)"
        " and a bridge come on top of the draws they are given." + machine.words
    )
    return Section("In EM iterations", (text, picture, table))


def _growth(rows: pd.DataFrame, slopes: pd.DataFrame) -> Section:
    drawn = cost_growth(rows, AXES, OF_EM)
    picture = Picture(
        "growth",
        "Seconds of one core by (a) points, (b) components and (c) features, both axes logarithmic, the other sizes as"
        " in the first figure. EM's methods are vermilion, the posterior's blue.",
        "Three panels of rising lines, one for each method.",
        drawn.figure,
        drawn.data,
        "double",
    )
    wide = slopes.pivot_table(index="method", columns="axis", values="slope", sort=False).reindex(columns=list(AXES))
    table = Table(
        "slopes",
        "Powers by which costs grow: the slope of log seconds against log size.",
        wide.rename_axis(columns=None).reset_index(),
        columns={"N": "points", "K": "components, their number in the fit too", "D": "features"},
        decimals=dict.fromkeys(AXES, 2),
    )
    text = (
        "A slope of one is proportional growth, of zero none. Slopes below one in the number of points tell of calls"
        " that cost the same however few points there are. With components and features the problem itself changes:"
        " there are more parameters, and chains may need more steps for a draw." + _left_out(rows)
    )
    return Section("How it grows", (text, picture, table))


def _left_out(rows: pd.DataFrame) -> str:
    """Which methods have no point at which sizes; empty where none lacks."""
    methods = rows["method"].unique()
    lacking = [
        f"{method} at N = {n}, K = {k}, D = {d}"
        for (n, k, d), of in rows.groupby(list(AXES), sort=False)
        for method in methods
        if method not in set(of["method"])
    ]
    if not lacking:
        return ""
    return (
        " Without a point, since the run would be long or the bridge does not converge from so few draws:"
        f" {'; '.join(lacking)}."
    )


def _others(beside: Mapping[str, pd.DataFrame]) -> Section:
    parts = [
        of.assign(program=PROGRAMS[name], ratio=of["theirs"] / of["ours"], ours=1e3 * of["ours"]).assign(
            theirs=1e3 * of["theirs"]
        )
        for name, of in beside.items()
    ]
    frame = pd.concat(parts)[["program", "method", "ours", "theirs", "ratio"]]
    missing = [label for name, label in PROGRAMS.items() if name not in beside]
    text = (
        "The same problem, the same process, one core. scikit-learn's fit is from as many k-means starts and stops by"
        " its own rule, whose tolerance is looser than ours. Stock PyMC is `pm.NormalMixture` under the same prior, by"
        " the same sampler, compiled before the clock starts."
    )
    if missing:
        text += f" Not measured in this run: {', '.join(missing)}."
    table = Table(
        "programs",
        "Milliseconds of a unit of work, ours and another program's, and theirs over ours.",
        frame.rename(columns={"ours": "ours (ms)", "theirs": "theirs (ms)", "ratio": "theirs over ours"}),
        decimals={"theirs over ours": 1},
    )
    return Section("Beside other programs", (text, table))


def _of(rows: pd.DataFrame, method: str) -> float:
    return float(rows[rows["method"] == method]["seconds"].iloc[0])
