"""The verdict on a posterior's draws: what the numbers must be, and what is concluded from them."""

from collections.abc import Sequence
from dataclasses import dataclass
from enum import Enum

import pandas as pd

from bayesian.diagnosis.switching import Switches
from mixture.arrays import FloatArray

R_HAT_TARGET = 1.01
"""R-hat of well mixed chains, at most (Vehtari et al. 2021). Above it the diagnosis carries a caveat."""

R_HAT_LIMIT = 1.05
"""R-hat above which the verdict is not converged. Between the two lies chance: chains worth 100 effective
draws each give 1.01 on average and 1.03 in one quantity of a hundred, and some dozens of quantities are looked at."""

ESS_TARGET = 100
"""Effective draws per chain, bulk and tail, at least (Vehtari et al. 2021: 400 for four chains). Below: a caveat."""

ESS_LIMIT = 25
"""Effective bulk draws per chain below which the verdict is not converged: R-hat itself is then noise."""


class Verdict(Enum):
    """What the draws are, and what to do next."""

    NO_SWITCHING = ("no switching", "Components mean the same throughout: read them from the draws as they are.")
    SWITCHING_ONLY = (
        "switching only",
        "The chains agree up to labels: read components from the relabelled draws; the raw R-hat of component"
        " parameters is no sign of failure.",
    )
    DIFFERENT_MODES = (
        "different modes",
        "Do not pool the chains: relabelling cannot mend this, and how many chains sit in a mode is no measure of its"
        " probability. Compare the modes' log posteriors, start chains in each, and weigh them by a method that can"
        " (tempering, sequential Monte Carlo), or change a prior or K that makes the modes.",
    )
    NOT_CONVERGED = (
        "not converged",
        "Do not use these draws yet: run longer, with more tuning or a higher target acceptance, and start the chains"
        " apart; if it stays so, the prior leaves something unidentified.",
    )

    def __init__(self, words: str, advice: str) -> None:
        self.words = words
        self.advice = advice


@dataclass(frozen=True)
class Evidence:
    """What the verdict is reached from. Chains are named by position.

    raw, relabelled, invariants: convergence tables. switches: label switches. modes: chains grouped by what tells them
    apart. heights: mean log density of each chain, (C,), nats. stuck: chains that never move. moving: chains whose
    two halves differ. n_draws: draws of each chain. non_permutation_rate: see `hardness`.
    """

    raw: pd.DataFrame
    relabelled: pd.DataFrame
    invariants: pd.DataFrame
    switches: Switches
    modes: tuple[tuple[int, ...], ...]
    heights: FloatArray
    stuck: tuple[int, ...]
    moving: tuple[int, ...]
    n_draws: int
    non_permutation_rate: float


def judge(evidence: Evidence) -> tuple[Verdict, str]:
    """The verdict and one sentence with the numbers it rests on; the order of the questions is that of `diagnose`."""
    if evidence.stuck:
        return Verdict.NOT_CONVERGED, f"{_chains(evidence.stuck)} never moved: the log-likelihood is constant."
    n_chains = len(evidence.heights)
    highest = evidence.invariants["r_hat"].max()
    if len(evidence.modes) > 1:
        groups = "; ".join(f"{_chains(g)} near {evidence.heights[list(g)].mean():.2f}" for g in evidence.modes)
        apart = (
            f"label-free quantities tell {len(evidence.modes)} groups of chains apart"
            f" (split R-hat up to {evidence.invariants['r_hat_split'].max():.1f}); by mean log density: {groups}"
        )
        if evidence.moving:
            return Verdict.NOT_CONVERGED, f"{apart}; and {_chains(evidence.moving)} moved from one place to another."
        return Verdict.DIFFERENT_MODES, f"{apart}."
    failure = shortfall(evidence.invariants, R_HAT_LIMIT, ESS_LIMIT * n_chains, tail=False)
    if failure:
        return Verdict.NOT_CONVERGED, f"{failure}, and labels do not enter it."
    failure = shortfall(evidence.relabelled, R_HAT_LIMIT, ESS_LIMIT * n_chains, tail=False)
    if failure:
        return Verdict.NOT_CONVERGED, (
            f"label-free quantities agree (R-hat at most {highest:.3f}), but relabelled {failure}:"
            " the relabelling, or what tells these components apart, is in doubt."
        )
    agreed = f"R-hat is at most {highest:.3f} label-free and {evidence.relabelled['r_hat'].max():.3f} relabelled"
    if evidence.switches.any:
        raw = evidence.raw["r_hat_split"].max()
        return Verdict.SWITCHING_ONLY, f"{evidence.switches}; {agreed} (raw: split R-hat up to {raw:.1f})."
    return Verdict.NO_SWITCHING, f"no draw changes its labels, within or between chains; {agreed}."


def caveats(evidence: Evidence, divergences: int | None) -> tuple[str, ...]:
    """What falls short of the targets: R-hat and effective draws, a single chain, divergences; a sentence for each."""
    enough = ESS_TARGET * len(evidence.heights)
    tables = {"label-free": evidence.invariants, "relabelled": evidence.relabelled}
    found = {name: shortfall(table, R_HAT_TARGET, enough, tail=True) for name, table in tables.items()}
    sentences = [f"Short of the target: {name} {text}; run longer." for name, text in found.items() if text]
    if len(evidence.heights) == 1:
        sentences.append("A single chain cannot show modes or labelings it did not visit: run at least four.")
    if divergences:
        sentences.append(f"{divergences} divergent transitions: raise the target acceptance, or look where they are.")
    return tuple(sentences)


def shortfall(table: pd.DataFrame, r_hat_limit: float, ess_limit: float, *, tail: bool) -> str:
    """The worst quantity beyond a limit, in words; empty where all keep them. `tail`: whether tail ESS counts."""
    highest = table["r_hat"].max()
    if highest > r_hat_limit:
        return f"{table['r_hat'].idxmax()} has R-hat {highest:.3f} (limit {r_hat_limit})"
    for kind in ("bulk", "tail") if tail else ("bulk",):
        fewest = table[f"ess_{kind}"].idxmin()
        value = table[f"ess_{kind}"].min()
        if value < ess_limit:
            return f"{fewest} has {value:.0f} effective draws ({kind}; at least {ess_limit:.0f} wanted)"
    return ""


def _chains(positions: Sequence[int]) -> str:
    """Chains as people count them, from 1."""
    return f"chain{'s' if len(positions) > 1 else ''} {', '.join(str(position + 1) for position in positions)}"
