"""What makes a posterior hard although its chains agree: few effective draws, components that are not told apart.

The non-permutation rate is the share of draws whose K components, clustered together with those of all other draws into
K clouds, do not fall one into each: then no permutation of labels says which component is which, and what is
said of single components depends on how labels are undone. Source: Fruehwirth-Schnatter 2001, JASA 96:194.
"""

from bayesian.diagnosis.verdict import ESS_TARGET, Evidence
from bayesian.mixture_draws import MixtureDraws
from bayesian.posterior import Posterior
from bayesian.relabelling.point_process import point_process

EFFICIENCY_TARGET = 0.2
"""Effective draws per draw, bulk, of the slowest label-free quantity; a well identified mixture gives 0.5 and more."""

ENOUGH = 2.5 * ESS_TARGET
"""Effective draws per chain from which a low efficiency is no caveat any more: it was paid for."""

RATE_LIMIT = 0.05
"""Non-permutation rate above which components are said to overlap."""

OVERLAP_ADVICE = (
    "The chains agree on what needs no labels: use density, predictions and co-clustering. Do not read single"
    " components: other ways to undo labels would give other ones. Fewer components, or a prior that tells them apart,"
    " would."
)


def non_permutation_rate(posterior: Posterior) -> float:
    """Share of draws whose components, clustered with all others, fall into no permutation of K clouds; 0 for K = 1.

    By means, log sds and correlations. Weights are left out: that they sum to 1 makes the larger and the smaller of two
    a permutation whatever they are.
    """
    if posterior.n_components == 1:
        return 0.0
    parameters = MixtureDraws.of_posterior(posterior).parameters[..., 1:]
    return float(1.0 - point_process(parameters).valid.mean())


def overlaps(rate: float) -> bool:
    """Whether a non-permutation rate says that components are not told apart."""
    return rate > RATE_LIMIT


def hardness(evidence: Evidence) -> tuple[str, ...]:
    """A sentence for each thing that makes the posterior hard; none where it is not."""
    sentences = []
    slowest = evidence.invariants["ess_bulk"].idxmin()
    effective = float(evidence.invariants["ess_bulk"].min())
    n_chains = len(evidence.heights)
    if effective < min(ENOUGH * n_chains, EFFICIENCY_TARGET * n_chains * evidence.n_draws):
        sentences.append(
            f"Hard to sample: few effective draws. {slowest} is worth {effective:.0f} of {n_chains * evidence.n_draws}"
            f" draws, and its mean is known to {100 * effective**-0.5:.1f}% of its sd; draw more."
        )
    if overlaps(evidence.non_permutation_rate):
        sentences.append(
            f"Hard to label: components overlap. In {100 * evidence.non_permutation_rate:.0f}% of the draws they fall"
            " into no permutation of as many clouds, so that what is said of single components depends on how labels"
            " are undone."
        )
    return tuple(sentences)
