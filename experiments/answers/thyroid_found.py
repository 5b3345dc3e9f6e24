"""What both sides find in the thyroid data: EM's models, and chains of the sparse mixture with their errors."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TypedDict

import numpy as np
import pandas as pd

from bayesian import partition_estimate
from experiments.comparing.known_groups import KnownGroups
from mixture import GaussianMixture
from mixture.arrays import FloatArray, IntArray

GROUPS = 3
OVERFITTED, CONCENTRATION = 10, 0.01
"""Components of the sparse mixture, more than needed, and the Dirichlet prior of its weights."""

POSTERIOR = "posterior"

SEED = 0
"""Of the search for the partition: the same report for the same chains."""


class Errors(TypedDict):
    """Monte Carlo standard errors, sd of the chains' own estimates / sqrt(C): of the probability of the most probable
    number, of the three weights, of the adjusted Rand index."""

    filled: float
    weights: list[float]
    rand: float


@dataclass(frozen=True, eq=False)
class Found:
    """What both sides found.

    filled (C, S) filled components of each draw       probabilities (K,) of 1, 2, ... filled, over all chains
    weights (3,) posterior means where three are filled, ascending       per_chain: one row a chain
    partitions (N,) by name: EM's by structure, the posterior's              em_mixtures: three components, by structure
    preferred: EM's mixture of least BIC               preferred_rand, preferred_astray: against the diagnoses
    """

    filled: IntArray
    probabilities: FloatArray
    mode: int
    weights: FloatArray
    errors: Errors
    partitions: dict[str, IntArray]
    em_mixtures: dict[str, GaussianMixture]
    em_rand: dict[str, float]
    em_astray: dict[str, int]
    posterior_rand: float
    posterior_astray: int
    preferred: GaussianMixture
    preferred_rand: float
    preferred_astray: int
    per_chain: pd.DataFrame

    @property
    def chains_with_groups(self) -> int:
        """Chains that ever fill as many components as there are groups: the weights and their errors are theirs."""
        return int((self.filled == GROUPS).any(axis=1).sum())

    @property
    def chains_told(self) -> dict[int, str]:
        """How many chains fill k components most often, in words, by k."""
        modes = [int(np.bincount(chain).argmax()) for chain in self.filled]
        counts = {k: modes.count(k) for k in sorted(set(modes))}
        of = f"of {len(modes)} chains"
        return {k: f"{count} {of} fill{'s' if count == 1 else ''} {k}" for k, count in counts.items()}

    @property
    def whole(self) -> bool:
        """Whether each chain fills one number in every draw."""
        return bool((self.filled == self.filled[:, :1]).all())


def found_of(
    diagnoses: KnownGroups,
    points: FloatArray,
    three: Mapping[str, GaussianMixture],
    preferred: GaussianMixture,
    *,
    filled: IntArray,
    weights: Sequence[FloatArray],
    drawn: IntArray,
    partitions: Sequence[IntArray],
) -> Found:
    """Estimates over all chains, and their Monte Carlo errors from the own of those chains that have one."""
    probabilities = np.bincount(filled.ravel(), minlength=2)[1:] / filled.size
    mode = int(probabilities.argmax()) + 1
    shares = (filled == mode).mean(axis=1)
    none = np.full((1, GROUPS), np.nan)  # a chain that never fills three has no such weights
    means = np.stack([(own if len(own) else none).mean(axis=0) for own in weights])
    everything = np.concatenate(list(weights))
    rands = np.array([diagnoses.rand(partition) for partition in partitions])
    em = {name: three[name].responsibilities(points).argmax(axis=1).astype(np.int64) for name in ("diag", "full")}
    by_preferred = preferred.responsibilities(points).argmax(axis=1).astype(np.int64)
    pooled = partition_estimate(drawn, "binder", rng=SEED, candidates=list(partitions)).partition
    per_chain = pd.DataFrame(
        {
            "chain": np.arange(len(filled)) + 1,
            "P(three filled)": (filled == GROUPS).mean(axis=1),
            **{f"weight {i + 1}": means[:, i] for i in range(GROUPS)},
            "adjusted Rand": rands,
            "patients astray": [diagnoses.astray(partition) for partition in partitions],
        }
    )
    return Found(
        filled=filled,
        probabilities=probabilities,
        mode=mode,
        weights=(everything if len(everything) else none).mean(axis=0),
        errors={"filled": _error(shares), "weights": [_error(column) for column in means.T], "rand": _error(rands)},
        partitions={**{f"EM, {name}": partition for name, partition in em.items()}, POSTERIOR: pooled},
        em_mixtures={name: three[name] for name in em},
        em_rand={name: diagnoses.rand(partition) for name, partition in em.items()},
        em_astray={name: diagnoses.astray(partition) for name, partition in em.items()},
        posterior_rand=diagnoses.rand(pooled),
        posterior_astray=diagnoses.astray(pooled),
        preferred=preferred,
        preferred_rand=diagnoses.rand(by_preferred),
        preferred_astray=diagnoses.astray(by_preferred),
        per_chain=per_chain,
    )


def _error(by_chain: FloatArray) -> float:
    """Of the mean over the chains that have a value; NaN of fewer than two."""
    own = by_chain[np.isfinite(by_chain)]
    return float(own.std(ddof=1) / np.sqrt(len(own))) if len(own) > 1 else float("nan")
