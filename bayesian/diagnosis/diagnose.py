"""Diagnosis of a mixture posterior: is it the labels, are there different modes, or has it not converged?

The same draws are looked at three times: raw, relabelled, and through label-invariant quantities. R-hat of raw
component parameters says nothing alone: chains that sit in copies of one mode make it huge, and chains that switch
labels often make it 1 while means of components mean nothing. (Betancourt, Identifying Bayesian Mixture Models, shows
both: labels alone leave the log density unflagged; modes that differ do not.)
"""

from dataclasses import dataclass

import numpy as np
import pandas as pd
import xarray as xr

from bayesian.diagnosis.convergence import MIN_DRAWS, convergence_table, is_constant, moving_chains, separated_groups
from bayesian.diagnosis.hardness import OVERLAP_ADVICE, hardness, non_permutation_rate, overlaps
from bayesian.diagnosis.invariants import invariants
from bayesian.diagnosis.labellings import Labellings, count_labellings
from bayesian.diagnosis.superchains import nested_r_hat_table
from bayesian.diagnosis.switching import Switches, count_switches
from bayesian.diagnosis.verdict import Evidence, Verdict, caveats, judge
from bayesian.modes.visits import VisitedModes, counted
from bayesian.posterior import Posterior
from bayesian.relabelling.methods import Relabelling
from bayesian.tree import DIMENSIONS

USABLE = (Verdict.NO_SWITCHING, Verdict.SWITCHING_ONLY)
"""Verdicts under which draws may be summarised, relabelled where labels switch."""


@dataclass(frozen=True, eq=False)
class Diagnosis:
    """What `diagnose` found.

    verdict, explanation: the verdict, and one sentence with the numbers behind it.
    hard: sentences on what makes the posterior hard although its chains agree: few effective draws, components that
        overlap.
    caveats: those, and sentences about what else falls short of the targets without overturning the verdict.
    raw, relabelled, invariants: convergence tables (see `convergence_table`) of weights, means and covariances as
        sampled, of the same relabelled, and of label-invariant quantities.
    nested: nested R-hat of the label-invariant quantities between superchains, chains that began at one start; None
        where starts are unknown, or have not several chains each.
    switches: label switches within and between chains.
    labellings: which of the K! label copies the draws are in, and which no chain visited.
    non_permutation_rate: share of draws whose components are not told apart, see `hardness`.
    visited: modes that chains visited, left and never reached, where they were handed in.
    modes: chains, by position, grouped so that invariants tell the groups apart; highest log density first.
    chains: per chain: its mode, mean and sd of the log-likelihood (and log posterior, if kept), switches.
    divergences: divergent transitions of the sampler, None where it kept no count.
    unlabelled: the label-invariant quantities themselves (chain, draw, ...), for figures.
    """

    verdict: Verdict
    explanation: str
    hard: tuple[str, ...]
    caveats: tuple[str, ...]
    raw: pd.DataFrame
    relabelled: pd.DataFrame
    invariants: pd.DataFrame
    nested: pd.DataFrame | None
    switches: Switches
    labellings: Labellings
    non_permutation_rate: float
    visited: VisitedModes | None
    modes: tuple[tuple[int, ...], ...]
    chains: pd.DataFrame
    divergences: int | None
    unlabelled: xr.Dataset

    @property
    def passed(self) -> bool:
        """Whether draws may be summarised (after relabelling if need be) without a caveat."""
        return self.verdict in USABLE and not self.caveats

    @property
    def words(self) -> str:
        """The verdict in a few words, and whether the posterior is hard."""
        return f"{self.verdict.words}, but hard" if self.hard else self.verdict.words

    @property
    def advice(self) -> str:
        """What to do next."""
        usable = self.verdict in USABLE
        return OVERLAP_ADVICE if usable and overlaps(self.non_permutation_rate) else self.verdict.advice

    def __str__(self) -> str:
        lines = [f"{self.words}: {self.explanation}", self.advice, *self.caveats]
        return "\n".join(lines)


def diagnose(posterior: Posterior, relabelling: Relabelling, *, visited: VisitedModes | None = None) -> Diagnosis:
    """Raw, relabelled and label-invariant convergence of a posterior, label switches, modes, and one verdict.

    posterior: the draws as sampled; relabelling: what `relabel` found for them. The verdict, in this order: a chain
    that never moves, or moves from one place to another - not converged; chains in different places by
    invariants - different modes; R-hat or ESS of invariants or relabelled parameters beyond their limits - not
    converged; otherwise whether labels switch. visited: what `visited_modes` found, to be judged along. Raises
    ValueError for fewer than 8 draws per chain, or a relabelling of another posterior.
    """
    if posterior.n_draws < MIN_DRAWS:
        raise ValueError(f"a diagnosis needs at least {MIN_DRAWS} draws per chain, not {posterior.n_draws}")
    unlabelled = invariants(posterior)
    variables = list(DIMENSIONS)
    relabelled = relabelling.apply(posterior).tree["posterior"].to_dataset()[variables]
    density = unlabelled["log_posterior" if "log_posterior" in unlabelled else "log_likelihood"]
    heights = np.asarray(density.mean("draw").values)
    evidence = Evidence(
        raw=convergence_table(posterior.tree["posterior"].to_dataset()[variables]),
        relabelled=convergence_table(relabelled),
        invariants=convergence_table(unlabelled),
        switches=count_switches(relabelling),
        modes=tuple(sorted(separated_groups(unlabelled), key=lambda chains: -heights[list(chains)].mean())),
        heights=heights,
        stuck=tuple(c for c in range(posterior.n_chains) if is_constant(posterior.log_likelihood[c])),
        moving=moving_chains(unlabelled),
        n_draws=posterior.n_draws,
        non_permutation_rate=non_permutation_rate(posterior),
    )
    verdict, explanation = judge(evidence)
    divergences = _divergences(posterior)
    usable = verdict in USABLE
    hard = hardness(evidence) if usable else ()
    return Diagnosis(
        verdict=verdict,
        explanation=explanation,
        hard=hard,
        caveats=(*hard, *caveats(evidence, divergences), *_of_modes(visited)) if usable else (),
        raw=evidence.raw,
        relabelled=evidence.relabelled,
        invariants=evidence.invariants,
        nested=nested_r_hat_table(unlabelled, posterior.superchains),
        switches=evidence.switches,
        labellings=count_labellings(relabelling),
        non_permutation_rate=evidence.non_permutation_rate,
        visited=visited,
        modes=evidence.modes,
        chains=_chain_table(unlabelled, evidence),
        divergences=divergences,
        unlabelled=unlabelled,
    )


def _of_modes(visited: VisitedModes | None) -> tuple[str, ...]:
    """What modes that no chain reached leave open."""
    if visited is None or not visited.never_reached:
        return ()
    return (
        f"Of {len(visited.modes)} modes handed in, {counted(visited.never_reached)} (counted from 1) were never"
        " reached: these chains do not tell what they weigh.",
    )


def _divergences(posterior: Posterior) -> int | None:
    stats = posterior.tree["sample_stats"].data_vars
    return int(stats["diverging"].sum()) if "diverging" in stats else None


def _chain_table(unlabelled: xr.Dataset, evidence: Evidence) -> pd.DataFrame:
    """One row per chain: its mode, its log densities, its switches."""
    n_chains = unlabelled.sizes["chain"]
    columns: dict[str, object] = {
        "mode": [next(m for m, group in enumerate(evidence.modes) if chain in group) for chain in range(n_chains)]
    }
    for name in ("log_likelihood", "log_posterior"):
        if name in unlabelled:
            columns[f"{name}_mean"] = unlabelled[name].mean("draw").values
            columns[f"{name}_sd"] = unlabelled[name].std("draw").values
    columns["switches"] = evidence.switches.within
    columns["labelled_otherwise"] = [chain in evidence.switches.between for chain in range(n_chains)]
    return pd.DataFrame(columns, index=pd.RangeIndex(n_chains, name="chain"))
