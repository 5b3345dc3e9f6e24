"""Which R-hats the report on label switching reads, and where they stand."""

from typing import TYPE_CHECKING

import pandas as pd

if TYPE_CHECKING:
    from experiments.label_switching import Pattern

QUANTITIES = {
    "mean 1": "means[0, 0]",
    "mean 2": "means[1, 0]",
    "weight 1": "weights[0]",
    "variance 1": "covariances[0, 0, 0]",
    "variance 2": "covariances[1, 0, 0]",
}
"""Rows of the raw and the relabelled tables."""
UNLABELLED = {
    "log-likelihood": "log_likelihood",
    "log posterior": "log_posterior",
    "smaller mean": "sorted_means[0, 0]",
}
"""Rows of the label-free table."""


def split_r_hat(table: pd.DataFrame, name: str) -> float:
    """Of one quantity of a convergence table."""
    return float(table["r_hat_split"].to_dict()[name])


def of_means(table: pd.DataFrame) -> list[float]:
    """Of both components' means."""
    return [split_r_hat(table, QUANTITIES[name]) for name in ("mean 1", "mean 2")]


def as_sampled(pattern: "Pattern", quantity: str) -> tuple[pd.DataFrame, str]:
    """The table that has a quantity as it was sampled, and its row."""
    if quantity in UNLABELLED:
        return pattern.label_free, UNLABELLED[quantity]
    return pattern.raw, QUANTITIES[quantity]
