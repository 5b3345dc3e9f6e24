"""What a Dirichlet's concentration does: weights by size, empty components, and another partition."""

from collections.abc import Mapping
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from experiments.answers.priors_declared import N_SPARE, TAILS
from experiments.reporting.sentences import listed

if TYPE_CHECKING:
    from experiments.priors import Found
    from mixture.arrays import FloatArray

RANKS = ("smallest", "middle", "largest")
ANOTHER = 0.05
"""Weights further than this from those of fixed allocations tell of another partition."""


def concentration_tables(concentrations: "Mapping[float, Found]") -> tuple[pd.DataFrame, pd.DataFrame]:
    """Ordered weights under posterior and prior; probability of an empty component with its error over chains."""
    rows, empty = [], []
    rng = np.random.default_rng(0)
    for value, found in concentrations.items():
        before = np.sort(rng.dirichlet(np.full(len(RANKS), value), 20_000), axis=1).mean(axis=0)
        low, high = np.quantile(found.ordered, (TAILS[0], TAILS[-1]), axis=0)
        for i, rank in enumerate(RANKS):
            rows.append(
                {
                    "concentration": value,
                    "rank": rank,
                    "mean": float(found.ordered[:, i].mean()),
                    "error": float(found.ordered[:, i].std(ddof=1) / np.sqrt(found.ordered_ess[i])),
                    "low": float(low[i]),
                    "high": float(high[i]),
                    "prior mean": float(before[i]),
                }
            )
        by_chain = found.filled[:, :-1].sum(axis=1)
        error = float(by_chain.std(ddof=1) / np.sqrt(len(by_chain)))
        empty.append({"concentration": value, "probability": float(by_chain.mean()), "error": error})
    return pd.DataFrame(rows), pd.DataFrame(empty)


def concentration_frame(weights: pd.DataFrame, empty: pd.DataFrame) -> pd.DataFrame:
    """One row a concentration."""
    wide = weights.pivot_table(index="concentration", columns="rank", values="mean", sort=False)[list(RANKS)]
    joined = wide.reset_index().merge(empty.rename(columns={"probability": "P(empty)"}), on="concentration")
    joined["concentration"] = [f"{value:g}" for value in joined["concentration"]]
    return joined


def rounded(value: float) -> str:
    """Three decimals, or that it is less than they can show."""
    return f"{value:.3f}" if value >= 0.0005 else "< 0.0005"


def concentration_words(weights: pd.DataFrame, empty: pd.DataFrame) -> str:
    """From the smallest concentration to the largest."""
    least = weights[weights["rank"] == RANKS[0]]
    first, last = least.iloc[0], least.iloc[-1]
    chances = [f"{rounded(row['probability'])} ({rounded(row['error'])})" for _, row in empty.iterrows()]
    return (
        f"From e₀ = {first['concentration']:g} to {last['concentration']:g} the posterior mean of the smallest weight"
        f" goes from {first['mean']:.3f} (Monte Carlo error {rounded(first['error'])}) to {last['mean']:.3f}"
        f" ({rounded(last['error'])}), and the probability that at least one of {N_SPARE} components is empty from"
        f" {chances[0]} to {chances[-1]}."
    )


def partition_words(weights: pd.DataFrame, held: "FloatArray") -> str:
    """The weights at the largest concentration beside those it would give to the groups as they are."""
    largest = float(weights["concentration"].max())
    of = weights[weights["concentration"] == largest].set_index("rank")["mean"]
    ours, groups = of.loc[list(RANKS)].to_numpy(np.float64), np.sort(held)
    fixed = (groups + largest) / (groups.sum() + largest * len(groups))
    verdict = (
        "they are those of another partition: the prior does not only weigh the groups anew, it moves galaxies from"
        " one to another"
        if float(np.abs(ours - fixed).max()) > ANOTHER
        else "about those of the same groups, weighed anew"
    )
    return (
        f"Were the allocations fixed at groups of {listed([f'{count:.0f}' for count in groups])} galaxies, e₀ ="
        f" {largest:g} would make their weights {listed([f'{w:.3f}' for w in fixed])} on average, (n_k + e₀) / (n + K"
        f" e₀). The posterior's are {listed([f'{w:.3f}' for w in ours])}: {verdict}."
    )
