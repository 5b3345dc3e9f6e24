"""The sections of the report on label switching: copies, R-hat three ways, constraints, switches."""

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from experiments.answers.label_switching_r_hats import QUANTITIES, UNLABELLED, split_r_hat
from experiments.answers.label_switching_words import FAITHFUL, PUBLISHED
from experiments.figures.comparison.traces import traces
from experiments.figures.switching.label_clouds import label_clouds
from experiments.figures.switching.label_orderings import label_orderings
from experiments.figures.switching.switch_rates import switch_rates
from experiments.reporting.markup import escape_markdown
from experiments.reporting.report import Picture, Table
from mixture import GaussianMixture
from mixture.arrays import FloatArray

if TYPE_CHECKING:
    from experiments.label_switching import Ordering, Pattern, Switching

SAMPLER_WORDS = {"gibbs": "Gibbs", "nuts": "NUTS", "permuted": "Gibbs, random permutations"}
DATA_WORDS = {"close-means": "close means", "galaxies": "galaxies"}
AXES = {"close means": "mean", "galaxies": "mean (10³ km/s)"}
INDEPENDENT = 500.0
"""Switches per 1000 draws in perfectly mixed labels of two components: 1000 (1 - 1/2!)."""


def copies(found: "Pattern", galaxies: "Ordering", truth: GaussianMixture) -> tuple[str | Picture, ...]:
    """Chains in two copies, as sampled and relabelled; clouds of draws under three labellings."""
    relabelled = found.posterior.permute(found.orders)
    traced = traces(found.posterior, relabelled, ["x"], em_mixture=found.estimate)
    clouds = {"in random orders": galaxies.mixed}
    clouds |= {name: (galaxies.means[name], galaxies.weights[name]) for name in ("by weight", "ECR")}
    drawn = label_clouds(clouds, AXES["galaxies"])
    n_chains, n_draws = found.posterior.n_chains, found.posterior.n_draws
    n_samples = len(found.posterior.data)
    (left, right), weight = truth.means[:, 0], truth.weights[0]
    mixture = f"two unit normals about {left:g} ({100 * weight:.0f}% of the weight) and {right:g}"
    points = (
        f"The {n_samples} points of Betancourt's case study were drawn from"
        if found.published
        else f"{n_samples} points lie at the quantiles of the mixture that Betancourt's case study drew from,"
    )
    changes = int((np.diff(found.orders, axis=1) != 0).any(axis=2).sum())
    first = found.orders[:, 0, 0]
    fewer = int(min((first == 0).sum(), (first != 0).sum()))
    return (
        f"{points} {mixture}. {n_chains} chains of {n_draws} draws by NUTS began in both labellings, one of them alone"
        " in its own, under a prior that treats both components alike."
        + (
            " Each chain stayed in the labelling it began in, so that “component 1” is the left group in one chain and"
            " the right group in another. Nothing but the names differs."
            if changes == 0
            else f" Labels changed {changes} times within chains."
        )
        + " EM, which returns one point, meets the question only where two of its fits are compared.",
        Picture(
            "traces",
            f"Means of the two components along {n_chains} chains (n = {n_samples}), (a) as sampled and (b) relabelled"
            " by ECR, with EM's estimate as lines. Chains may sit in either of the two copies of one mode; one"
            " permutation per draw undoes it.",
            f"Means by draw: as sampled, {fewer} of {n_chains} chains begin with the components the other way round;"
            " relabelled, all chains have them the same way round.",
            traced.figure,
            traced.data,
            "double",
        ),
        "Three components of the galaxies show the same as clouds of points (mean, weight). Here every draw was given a"
        " permutation of its own, each equally probable: the exact remedy for labels that do not mix, since the"
        " posterior is the same under each of them. Every label then occurs in every cloud, raw summaries of components"
        " are equal, as they must be, and it is plain that they mean nothing. A relabelling gives each cloud one label;"
        " sorting by the weight does not, since two clouds have the same weights.",
        Picture(
            "clouds",
            f"Galaxies (n = {galaxies.n_samples}, K = {_size(galaxies)}): draws of mean and weight of the components,"
            " (a) with labels in random orders, (b) sorted by weight, (c) relabelled by ECR; a marker for each label.",
            "Scatter plots of clouds of draws: all labels in each cloud, two clouds that share labels, one label each.",
            drawn.figure,
            drawn.data,
            "double",
        ),
    )


def r_hats(patterns: Mapping[str, "Pattern"], priors: Mapping[str, str]) -> tuple[str | Table, ...]:
    """Split R-hat raw, relabelled and free of labels under both priors, and the verdicts."""
    rows = []
    for quantity, name in (QUANTITIES | UNLABELLED).items():
        row: dict[str, str | float | None] = {"quantity": quantity}
        for prior, found in patterns.items():
            free = quantity in UNLABELLED
            row[f"{prior}: raw"] = split_r_hat(found.label_free if free else found.raw, name)
            row[f"{prior}: relabelled"] = None if free else split_r_hat(found.relabelled, name)
            row[f"{prior}: published"] = PUBLISHED.get(quantity, {}).get(prior)
        rows.append(row)
    one = next(iter(patterns.values()))
    published, n_samples, truth_size = one.published, len(one.posterior.data), one.estimate.n_components
    frame = pd.DataFrame(rows).set_index("quantity").astype(object)
    frame = frame.where(frame.notna(), None)
    verdicts = "\n".join(
        f"- *{prior}*: **{found.verdict}**. {escape_markdown(found.explanation)} {escape_markdown(found.advice)}"
        for prior, found in patterns.items()
    )
    return (
        "Betancourt's case study shows two patterns that raw R-hat does not tell apart. Under the *exchangeable*"
        f" prior of the means, {priors['exchangeable']}, R-hat of means and weight is enormous and that of the log"
        f" density is not: labels alone. Under the *asymmetric* prior, {priors['asymmetric']}, which expects component"
        " 1 on the right and component 2 on the left, the log density disagrees as well: the copies are no copies any"
        " more, one of them fits the prior and the other fights it, and no relabelling makes them one."
        + (
            " The points, the priors and the number of chains are his; the draws are ours, and began with one chain of"
            " four alone in its mode."
            if published
            else " His points are not at hand: magnitudes may differ from the published ones, the pattern must not."
        ),
        Table(
            "r-hat",
            f"Split R-hat (n = {n_samples}, K = {truth_size}) of the same draws as sampled, relabelled by ECR, and of"
            " quantities without labels, under both priors; “published” is the case study's.",
            frame,
            columns={
                f"{prior}: raw": "as sampled; for the last three rows, which no label enters, the only value there is"
                for prior in patterns
            },
            decimals={str(column): 3 for column in frame if not str(column).endswith("published")}
            | {str(column): 2 for column in frame if str(column).endswith("published")},
        ),
        f"`bayesian.diagnose` reads the three together and says it in words:\n\n{verdicts}",
    )


def constraints(orderings: Mapping[str, "Ordering"]) -> tuple[str | Table | Picture, ...]:
    """Marginals under several ways to undo labels."""
    named = {DATA_WORDS[name]: found for name, found in orderings.items()}
    drawn = label_orderings(
        {name: found.means for name, found in named.items()},
        {name: found.target.means[:, 0] for name, found in named.items()},
        AXES,
    )
    close, rows = named["close means"], []
    for name, found in named.items():
        rows.append({"data": name, "labelling": "target", **_numbered(found.target.means[:, 0], found.target.weights)})
        rows += [
            {
                "data": name,
                "labelling": labelling,
                **_numbered(draws.mean(axis=0), found.weights[labelling].mean(axis=0)),
                "as matched": found.alike[labelling],
            }
            for labelling, draws in found.means.items()
        ]
    frame = pd.DataFrame(rows)
    numbers = [f"{kind} {k + 1}" for kind in ("mean", "weight") for k in range(max(map(_size, named.values())))]
    frame = frame[["data", "labelling", *numbers, "as matched"]].astype(object)
    frame = frame.where(frame.notna(), None)
    worst = {name: min(found.alike, key=lambda key: found.alike[key]) for name, found in named.items()}
    told = "; ".join(
        f"{name}: {labelling} labels {100 * named[name].alike[labelling]:.0f}% of the draws as matching does"
        for name, labelling in worst.items()
    )
    wrong = {name: 1.0 - share for name, share in named["galaxies"].alike.items() if share < FAITHFUL}
    mixed = (
        "; components of the galaxies change places "
        f"{' and '.join(f'{name} in {100 * share:.0f}%' for name, share in wrong.items())} of the draws, and their"
        " averages are drawn together"
        if wrong
        else ""
    )
    ways = len(close.means)
    sizes = " and ".join(f"{name} (n = {found.n_samples}, K = {_size(found)})" for name, found in named.items())
    (first, second), sds = close.target.means[:, 0], np.sqrt(close.target.dense_covariances[:, 0, 0])
    pushed, kept = (float(np.diff(close.means[name].mean(axis=0))[0]) for name in ("by mean", "ECR"))
    return (
        "Sorting each draw by one parameter, or sampling under the constraint that it ascends, is the oldest way to"
        f" choose a copy. Which parameter? *Close means*: two components of equal weight with means {first:g} and"
        f" {second:g} and standard deviations {sds[0]:g} and {sds[1]:g}. *Galaxies*: three components under Chib's"
        " prior, far apart in their means, two of them small. Both were sampled by Gibbs with random permutations, so"
        f" that no labelling was given, and then labelled in {ways} ways. The worst of them on each: {told}.",
        Picture(
            "orderings",
            f"Marginal posteriors of the components' means under {ways} ways to undo labels (columns) for {sizes}"
            " (rows); the vertical axis is the square root of the density, so that tails show. Dotted: the truth of the"
            " simulation, and EM's estimate for the galaxies.",
            f"Histograms of component means, a row for each of {len(named)} sets of data and a column for each of"
            f" {ways} labellings, with the target's means as lines.",
            drawn.figure,
            drawn.data,
            "double",
        ),
        "Where the parameter does not tell components apart, sorting cuts the clouds of draws: by mean, the marginals"
        f" of close means are truncated where they meet, and their averages stand {pushed:.2f} apart where ECR has"
        f" {kept:.2f}{mixed}. ECR, which looks at where the points go, and Stephens' method, which looks at their"
        " probabilities, need not be told the parameter.",
        Table(
            "means-by-labelling",
            f"Posterior means of the components' means and weights under each labelling of {sizes}. Target: the truth"
            " of the simulation, EM's estimate for the galaxies.",
            frame,
            columns={
                "as matched": "share of draws labelled as when each is matched with the target (Bhattacharyya distance)"
            },
            decimals=dict.fromkeys((*numbers, "as matched"), 3),
        ),
    )


def switches(
    switching: Mapping[str, "Switching"], distances: Sequence[float], n_samples: int
) -> tuple[str | Table | Picture, ...]:
    """Switches by distance, sampler by sampler."""
    rates = pd.DataFrame(
        [
            {
                "sampler": SAMPLER_WORDS[name],
                "separation": distance,
                "switches": rate,
                "error": error,
            }
            for name, found in switching.items()
            for distance, rate, error in zip(distances, found.rates.mean(axis=1), _errors(found), strict=True)
        ]
    )
    floors = {
        SAMPLER_WORDS[name]: 1000.0 / (found.rates.shape[1] * (found.n_draws - 1)) for name, found in switching.items()
    }
    drawn = switch_rates(rates, INDEPENDENT, floors)
    wide = pd.DataFrame({"distance (sd)": distances})
    for name, found in switching.items():
        wide[SAMPLER_WORDS[name]] = found.rates.mean(axis=1)
        wide[f"SE, {SAMPLER_WORDS[name]}"] = _errors(found)
    first = next(iter(switching.values()))
    ends = "; ".join(
        f"{SAMPLER_WORDS[name]} {found.rates[0].mean():.0f} to {found.rates[-1].mean():.0f}"
        for name, found in switching.items()
    )
    return (
        "Two equal normals are moved apart, and the draws counted in which the two means have changed places since the"
        f" draw before (n = {n_samples}; {first.rates.shape[1]} chains of {first.n_draws} draws at each distance)."
        f" {_rarely(rates)}"
        " Between the copies lies a valley of low density that grows deeper with the distance and with the number of"
        " points; every local move has to cross it. A random permutation after each sweep steps over it.",
        Picture(
            "switches",
            f"Label switches per 1000 draws by distance of two equal components (n = {n_samples}, K = 2), with standard"
            " errors over chains. Hollow: none was seen, drawn at the rate that a single one would have been. Dotted:"
            " draws whose labels are independent.",
            f"Switches per 1000 draws from the least to the largest distance: {ends}.",
            drawn.figure,
            drawn.data,
        ),
        Table(
            "switch-rates",
            f"Label switches per 1000 draws by distance of two equal components (n = {n_samples}, K = 2), with standard"
            " errors over chains.",
            wide,
            decimals=dict.fromkeys(map(str, wide), 1),
        ),
    )


def _rarely(rates: pd.DataFrame) -> str:
    """At which distance each sampler that does not permute was no longer seen to switch."""
    sentences = []
    for name in (SAMPLER_WORDS["gibbs"], SAMPLER_WORDS["nuts"]):
        of = rates[rates["sampler"] == name]
        closest, most = of["separation"].iloc[0], of["switches"].iloc[0]
        never = of.loc[of["switches"] == 0.0, "separation"]
        end = f"none from {never.min():g} sd on" if len(never) else f"{of['switches'].iloc[-1]:.2g} at the largest"
        sentences.append(f"{name}: {most:.0f} per 1000 at {closest:g} sd, {end}.")
    return " ".join(sentences)


def _errors(found: "Switching") -> FloatArray:
    """Standard errors of the rates over chains, by separation."""
    return np.asarray(found.rates.std(axis=1, ddof=1) / np.sqrt(found.rates.shape[1]))


def _size(found: "Ordering") -> int:
    return found.target.n_components


def _numbered(means: FloatArray, weights: FloatArray) -> dict[str, float]:
    return {
        f"{kind} {k + 1}": float(v) for kind, of in (("mean", means), ("weight", weights)) for k, v in enumerate(of)
    }
