"""The report on label switching: its first words and its claims."""

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

import arviz as az
import numpy as np

from bayesian.diagnosis.verdict import Verdict
from experiments.answers.label_switching_r_hats import as_sampled, of_means, split_r_hat
from experiments.answers.label_switching_sections import SAMPLER_WORDS, constraints, copies, r_hats, switches
from experiments.answers.label_switching_words import CLAIMS, FAITHFUL, PUBLISHED, r_hat_error
from experiments.reporting.report import Answer, Claim, Section
from mixture import GaussianMixture

if TYPE_CHECKING:
    from experiments.label_switching import Ordering, Pattern, Switching


def build_answer(
    patterns: Mapping[str, "Pattern"],
    orderings: Mapping[str, "Ordering"],
    switching: Mapping[str, "Switching"],
    *,
    truth: GaussianMixture,
    priors: Mapping[str, str],
    distances: Sequence[float],
    n_separated: int,
) -> Answer:
    """From the two patterns, the labelled draws and the counted switches to the chapter.

    truth        what the points of the patterns come from
    priors       of the means under each pattern, in words
    n_separated  points of the components that are moved apart
    """
    return Answer(
        words=_words(patterns, orderings, switching),
        sections=(
            Section(
                "The copies, seen and undone",
                copies(patterns["exchangeable"], orderings["galaxies"], truth),
            ),
            Section("R-hat, three ways", r_hats(patterns, priors)),
            Section("Ordering constraints are not innocent", constraints(orderings)),
            Section("How seldom chains switch", switches(switching, distances, n_separated)),
        ),
        claims=_claims(patterns, switching),
        result={
            "verdicts": {name: found.verdict for name, found in patterns.items()},
            "labelled_as_matched": {name: found.alike for name, found in orderings.items()},
        },
    )


def _claims(patterns: Mapping[str, "Pattern"], switching: Mapping[str, "Switching"]) -> tuple[Claim, ...]:
    found = []
    for quantity, of in PUBLISHED.items():
        for prior in of:
            pattern = patterns[prior]
            if pattern.published:
                ours = split_r_hat(*as_sampled(pattern, quantity))
                draws = pattern.posterior.n_chains * pattern.posterior.n_draws
                found.append(CLAIMS[f"{prior} {quantity}"].against(ours, r_hat_error(ours, quantity, draws)))
    for prior, pattern in patterns.items():
        found.append(CLAIMS[f"{prior} density"].against(split_r_hat(*as_sampled(pattern, "log posterior"))))
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
    raw, undone = max(of_means(found.raw)), max(of_means(found.relabelled))
    if found.verdict.startswith(Verdict.SWITCHING_ONLY.words):
        end = (
            "only statements about single components suffer, and relabelling takes their R-hat from"
            f" {raw:.0f} to {undone:.2f}."
        )
    else:
        end = "but here chains differ in more than names, which relabelling does not mend."
    density = {name: split_r_hat(*as_sampled(pattern, "log posterior")) for name, pattern in patterns.items()}
    words = (
        f"The posterior has K! equal copies, one for each naming of the components: {end} Under the exchangeable prior"
        f" of Betancourt's case study split R-hat of the log posterior density, which no label enters, is"
        f" {density['exchangeable']:.3f} (verdict: {found.verdict}). Under his asymmetric prior it is"
        f" {density['asymmetric']:.1f} (verdict: {other.verdict})"
    )
    words += ", and relabelling is no remedy." if other.verdict == Verdict.DIFFERENT_MODES.words else "."
    words += f" {_right(orderings)}"
    never = [
        SAMPLER_WORDS[name] for name, of in switching.items() if name != "permuted" and (of.rates[-1] == 0.0).all()
    ]
    if never:
        words += (
            f" Chains of {' and '.join(never)} never switched at the largest distance, and need not, for the copies are"
            " equal."
        )
    return words


def _right(orderings: Mapping[str, "Ordering"]) -> str:
    """How many sets of data each labelling names right, those of one number together, the best first."""
    groups: dict[int, list[str]] = {}
    for labelling in next(iter(orderings.values())).means:
        groups.setdefault(sum(of.alike[labelling] >= FAITHFUL for of in orderings.values()), []).append(labelling)
    first, *others = sorted(groups, reverse=True)
    words = (
        f"{_listed(groups[first])} label{'s' if len(groups[first]) == 1 else ''} at least {100 * FAITHFUL:.0f}% of the"
        f" draws right on {_sets(first, len(orderings))}"
    )
    told = "; ".join([words, *(f"{_listed(groups[n])} on {_sets(n, len(orderings))}" for n in others)])
    return told[0].upper() + told[1:] + "."


def _sets(n: int, of: int) -> str:
    """So many of the sets of data, in words."""
    every = "both sets of data" if of == 2 else f"all {of} sets of data"
    return every if n == of else "none" if n == 0 else f"{n} of {of}"


def _listed(names: Sequence[str]) -> str:
    """ordering by a, by b and c."""
    text = " and ".join([", ".join(names[:-1]), names[-1]] if len(names) > 1 else names)
    return f"ordering {text}" if text.startswith("by ") else text
