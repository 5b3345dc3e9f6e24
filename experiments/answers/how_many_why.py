"""Why methods differ on the number of components: what added components do, tests, and the shape of a component."""

from collections.abc import Mapping
from typing import Any

import pandas as pd

from experiments.answers.choosing_k import GALAXIES, LABELS, best_k, sizes
from experiments.data.datasets import load
from experiments.figures.counts.refined_densities import refined_densities
from experiments.reporting.markup import escape_markdown
from experiments.reporting.report import Picture, Section, Table
from mixture import structure_named


def why(by_data: Mapping[str, Mapping[str, Any]]) -> Section:
    parts, chosen = {}, {}
    for name in (GALAXIES, "acidity"):
        outcomes = by_data[name]
        criteria = outcomes["criteria"].criteria
        full = criteria[criteria["structure"] == "full"].set_index("n_components")
        few, many = best_k(-full["icl"]), best_k(-full["aic"])
        chosen[LABELS[name]] = (few, many)
        parts[LABELS[name]] = (
            load(name).points()[:, 0],
            [(label, outcomes["criteria"].mixtures[str(k)]) for label, k in (("ICL", few), ("AIC", many))],
            load(name).measurements[0].label,
        )
    drawn = refined_densities(parts)
    pairs = "; ".join(
        f"({a}) and ({b}) {sizes([name])}" for name, a, b in ((GALAXIES, "a", "c"), ("acidity", "b", "d"))
    )
    picture = Picture(
        "densities",
        f"EM's fits with the number of components that ICL takes (above) and that AIC takes (below): {pairs}."
        " Histograms: the data; light line: the density; dots: its components.",
        "Histograms of the galaxies (left) and of the acidity of lakes (right), each under two mixtures with their"
        " components, dotted.",
        drawn.figure,
        drawn.data,
        "double",
    )
    told = "; ".join(f"{label}: {few} and {many}" for label, (few, many) in chosen.items())
    text = (
        f"ICL's and AIC's numbers side by side ({told}). More components make a better density without making more"
        " groups: where the added ones overlap others, they mend the shape of a group that is not Gaussian. Who wants a"
        " density keeps them; who wants groups does not."
    )
    tests, untested = [], []
    for name, outcomes in by_data.items():
        for case, found in outcomes.items():
            if case.startswith("test-k"):
                k = int(case.removeprefix("test-k"))
                tests.append(
                    {
                        "data": LABELS[name],
                        "K against": f"{k} against {k + 1}",
                        "2 log ratio": found.statistic,
                        "p": found.p_value,
                        "error of p": found.standard_error,
                        "replicates": found.n_replicates,
                    }
                )
                if found.reason:
                    untested.append(f"{LABELS[name]}, {k} against {k + 1}: {found.reason}")
    table = Table(
        "tests",
        "Bootstrap likelihood ratio tests of K against K + 1 components.",
        pd.DataFrame(tests),
        columns={
            "error of p": "Monte Carlo standard error",
            "p": "one more than the replicates with a statistic as large, over one more than all: never zero",
        },
        decimals={"2 log ratio": 2, "p": 3, "error of p": 3},
    )
    without = (f"No test: {escape_markdown('; '.join(untested))}.",) if untested else ()
    return Section("Why they differ", (text, picture, table, *without))


def structures(by_data: Mapping[str, Mapping[str, Any]]) -> Section:
    rows = []
    for name, outcomes in by_data.items():
        criteria = outcomes["criteria"].criteria
        for structure, of in criteria.groupby("structure", sort=False):
            usable = of.dropna(subset=["bic"])
            best = usable.loc[usable["bic"].idxmin()]
            least = criteria["bic"].min()
            rows.append(
                {
                    "data": LABELS[name],
                    "structure": f"{structure} ({structure_named(str(structure)).mclust})",
                    "K by BIC": int(best["n_components"]),
                    "BIC above the least": float(best["bic"] - least),
                    "of K up to": int(of["n_components"].max()),
                    "without a usable fit": int(of["bic"].isna().sum()),
                }
            )
    text = (
        "A component is a shape as well as a place. If the shape is too simple, BIC takes more components to make it"
        " up; which of the two is the better description is a question that BIC can be asked too, over both at once."
        " Only the structures of the table are compared: the six with linear parameters, as far as they differ, and for"
        " the irises *tied_shape* (VEV), which is what mclust's BIC takes there of all fourteen families."
    )
    table = Table(
        "structures",
        "The number of components by BIC under each covariance structure, and how far its BIC is above the least of the"
        " structures listed for the same data.",
        pd.DataFrame(rows),
        columns={"without a usable fit": "numbers of components for which every climb of EM ran away or was singular"},
        decimals={"BIC above the least": 1},
    )
    return Section("The shape of a component", (text, table))
