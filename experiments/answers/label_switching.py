"""The report on label switching: its first words and its claims."""

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

import arviz as az
import numpy as np

from bayesian.diagnosis.verdict import Verdict
from experiments.answers.label_switching_sections import (
    DATA_WORDS,
    QUANTITIES,
    SAMPLER_WORDS,
    UNLABELLED,
    constraints,
    copies,
    of_means,
    r_hats,
    split_r_hat,
    switches,
)
from experiments.answers.label_switching_words import CLAIMS
from experiments.reporting.report import Answer, Claim, Section
from mixture import GaussianMixture

if TYPE_CHECKING:
    from experiments.label_switching import Ordering, Pattern, Switching

FAITHFUL = 0.99
"""Share of draws labelled as by matching from which a labelling counts as right."""


def build_answer(
    patterns: Mapping[str, "Pattern"],
    orderings: Mapping[str, "Ordering"],
    switching: Mapping[str, "Switching"],
    *,
    truth: GaussianMixture,
    priors: Mapping[str, str],
    n_samples: int,
    distances: Sequence[float],
) -> Answer:
    """From the two patterns, the labelled draws and the counted switches to the chapter.

    truth   what the points of the patterns are quantiles of; n_samples of them
    priors  of the means under each pattern, in words
    """
    return Answer(
        words=_words(patterns, orderings, switching),
        sections=(
            Section(
                "The copies, seen and undone",
                copies(patterns["exchangeable"], orderings["galaxies"], truth, n_samples),
            ),
            Section("R-hat, three ways", r_hats(patterns, priors)),
            Section("Ordering constraints are not innocent", constraints(orderings)),
            Section("How seldom chains switch", switches(switching, distances)),
        ),
        claims=_claims(patterns, switching),
        result={
            "verdicts": {name: found.verdict for name, found in patterns.items()},
            "labelled_as_matched": {name: found.alike for name, found in orderings.items()},
        },
    )


def _claims(patterns: Mapping[str, "Pattern"], switching: Mapping[str, "Switching"]) -> tuple[Claim, ...]:
    found = []
    for name, pattern in patterns.items():
        found.append(CLAIMS[f"{name} means"].against(min(of_means(pattern.raw))))
        if name == "exchangeable":
            found.append(CLAIMS["exchangeable weight"].against(split_r_hat(pattern.raw, QUANTITIES["weight 1"])))
        found.append(CLAIMS[f"{name} density"].against(split_r_hat(pattern.label_free, UNLABELLED["log posterior"])))
    mixed, table = patterns["exchangeable"].mixed, patterns["exchangeable"].mixed_raw
    if mixed is None or table is None:
        raise ValueError("the exchangeable pattern came without its draws in random orders: run the case again")
    found.append(CLAIMS["mixed"].against(max(of_means(table))))
    gap = mixed.means[..., 0, 0] - mixed.means[..., 1, 0]
    found.append(CLAIMS["equal means"].against(float(gap.mean()) / float(az.mcse(gap)), 1.0))
    rates = switching["permuted"].rates
    found.append(CLAIMS["half"].against(float(rates.mean()), float(rates.std(ddof=1) / np.sqrt(rates.size))))
    return tuple(found)


def _words(
    patterns: Mapping[str, "Pattern"], orderings: Mapping[str, "Ordering"], switching: Mapping[str, "Switching"]
) -> str:
    found, other = patterns["exchangeable"], patterns["asymmetric"]
    raw, density = max(of_means(found.raw)), split_r_hat(found.label_free, UNLABELLED["log posterior"])
    undone = max(of_means(found.relabelled))
    harmless = found.verdict.startswith(Verdict.SWITCHING_ONLY.words)
    first = (
        "Label switching is the posterior's own symmetry, K! copies of each mode, and here it is a problem for the"
        " names of components alone"
        if harmless
        else "Label switching is the posterior's own symmetry, K! copies of each mode, but here more than labels differ"
    )
    words = (
        f"{first}: under an exchangeable prior split R-hat of the raw means is {raw:.1f}, relabelled {undone:.3f}, and"
        f" of the log posterior density {density:.3f} (verdict: {found.verdict}). Under an asymmetric prior the log"
        f" density is flagged as well, with {split_r_hat(other.label_free, UNLABELLED['log posterior']):.1f} (verdict:"
        f" {other.verdict}), and relabelling is no remedy."
    )
    told = []
    for labelling in next(iter(orderings.values())).means:
        right = [DATA_WORDS[name] for name, of in orderings.items() if of.alike[labelling] >= FAITHFUL]
        told.append(f"{labelling} on {' and '.join(right) or 'neither set of data'}")
    words += (
        " Which labellings name components as matching with the truth or with EM's estimate does, in at least"
        f" {100 * FAITHFUL:.0f}% of the draws: {'; '.join(told)}."
    )
    never = [
        SAMPLER_WORDS[name] for name, of in switching.items() if name != "permuted" and (of.rates[-1] == 0.0).all()
    ]
    if never:
        words += (
            f" Chains of {' and '.join(never)} never switched at the largest distance, and need not, for the copies are"
            " equal."
        )
    return words
