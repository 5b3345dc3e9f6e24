"""Whether EM and the posterior agree on the species that stands apart, and what the prior's scale does where not."""

import numpy as np
import pandas as pd

from bayesian import InverseWishart
from experiments.comparing import findings
from experiments.comparing.comparison import Comparison
from experiments.comparing.known_groups import KnownGroups
from experiments.referee.parameters import natural_parameters
from experiments.reporting.report import Section, Table
from experiments.reporting.sentences import listed
from mixture.arrays import FloatArray

APART = "setosa"


def setosa_section(comparison: Comparison, species: KnownGroups) -> Section:
    """The means and standard deviations of the component that is setosa, and what the prior adds to the latter.

    With EM's allocations held fixed, Sigma ~ IW(nu, Psi) before and n points with sum of squares S have
    E Sigma = (Psi + S) / (nu + n - D - 1).
    """
    k = _component(comparison, species)
    prior = comparison.prior.covariances
    assert isinstance(prior, InverseWishart)
    held = _held_fixed(comparison, prior, k)
    frame, far = _frame(comparison, k, held)
    name = k + 1
    expected = (
        f"Of the {len(frame)} means and standard deviations of component {name}, which is {APART},"
        f" {len(frame) - len(far)} have a posterior mean within {findings.NOTABLE:g} posterior sd of EM's estimate."
    )
    if not len(far):
        text = f"{expected} The expectation that both agree on the species that stands apart is met."
    else:
        furthest = far.iloc[int(far["(mean − EM)/sd"].abs().argmax())]
        text = (
            f"{expected} The expectation that both agree on the species that stands apart is not met for"
            f" {listed([f'the {row.kind} of {row.feature}' for row in far.itertuples()])}: the {furthest['kind']} of"
            f" {furthest['feature']} lies {abs(furthest['(mean − EM)/sd']):.2f} posterior sds from EM's estimate, and"
            f" its posterior sd is {furthest['sd/SE']:.2f} times the standard error. {_cause(far)}"
        )
    table = Table(
        "setosa",
        f"Component {name} ({APART}) of the irises, n = {len(species.labels)}, K = {comparison.best.n_components}:"
        " means and standard deviations by EM and in the posterior, and what the prior alone makes of EM's.",
        frame,
        columns={
            "prior's share": "of the sum of squares of the feature that the posterior of the covariance is made from,"
            " Ψ / (Ψ + S)",
            "EM with the prior": "square root of (Ψ + S) / (ν + n − D − 1), EM's allocations held fixed",
        },
        decimals={"prior's share": 2, "(mean − EM)/sd": 2, "sd/SE": 2}
        | dict.fromkeys(("EM", "posterior mean", "EM with the prior"), 4),
    )
    return Section("The species that stands apart", (text, table))


def _component(comparison: Comparison, species: KnownGroups) -> int:
    """The component with the largest share of the species' flowers."""
    mine = species.labels == species.names.index(APART)
    return int(comparison.best.responsibilities(comparison.subject.points)[mine].mean(axis=0).argmax())


def _held_fixed(comparison: Comparison, prior: InverseWishart, k: int) -> FloatArray:
    """(2, D): Psi's share of the sum of squares, and the sd with both, feature by feature."""
    best = comparison.best
    psi = np.diagonal(np.broadcast_to(np.asarray(prior.scale), best.dense_covariances.shape)[k])
    n = best.weights[k] * len(comparison.subject.points)
    squares = n * np.diagonal(best.dense_covariances[k])
    dof = float(np.broadcast_to(np.asarray(prior.dof), (best.n_components,))[k])
    return np.stack([psi / (psi + squares), np.sqrt((psi + squares) / (dof + n - best.n_features - 1.0))])


def _frame(comparison: Comparison, k: int, held: FloatArray) -> tuple[pd.DataFrame, pd.DataFrame]:
    """A row for each mean and standard deviation, and those rows that lie notably far from EM's."""
    labels = comparison.subject.labels
    found = natural_parameters(comparison.best, comparison.errors, comparison.relabelled, labels)
    rows = []
    for parameter in found:
        if parameter.component == str(k + 1) and parameter.kind in ("mean", "sd"):
            d = labels.index(parameter.feature or "")
            sd = float(parameter.draws.std(ddof=1))
            error = parameter.standard_error
            of_sd = parameter.kind == "sd"
            rows.append(
                {
                    "kind": parameter.kind,
                    "feature": parameter.feature,
                    "EM": parameter.estimate,
                    "prior's share": held[0, d] if of_sd else np.nan,
                    "EM with the prior": held[1, d] if of_sd else np.nan,
                    "posterior mean": float(parameter.draws.mean()),
                    "(mean − EM)/sd": (float(parameter.draws.mean()) - parameter.estimate) / sd,
                    "sd/SE": sd / error if error else np.nan,
                }
            )
    frame = pd.DataFrame(rows)
    return frame, frame[frame["(mean − EM)/sd"].abs() > findings.NOTABLE]


def _cause(far: pd.DataFrame) -> str:
    """How much of the differences the prior's scale makes; nothing where none of them is of an sd."""
    of_sds = far[far["kind"] == "sd"]
    if of_sds.empty:
        return ""
    made = (of_sds["EM with the prior"] - of_sds["EM"]) / (of_sds["posterior mean"] - of_sds["EM"])
    share = of_sds["prior's share"]
    up = of_sds["EM with the prior"] > of_sds["EM"]
    vary = "less" if up.all() else "otherwise" if up.any() else "more"
    how_much = f"{100 * share.min():.0f}" + (f" to {100 * share.max():.0f}" if len(share) > 1 else "")
    least = f"{100 * made.min():.0f}% {'or more ' if len(made) > 1 else ''}of the difference"
    return (
        f"It is neither overlap nor the tail of a skewed posterior: these features vary {vary} within the species than"
        f" the prior expects, its scale Ψ is {how_much}% of the sum of squares, and with EM's allocations held fixed"
        f" the prior alone makes {least}."
        if made.min() > 0.5
        else f"The prior's scale Ψ is {how_much}% of the sum of squares there, and with EM's allocations held fixed it"
        f" makes {least} only."
    )
