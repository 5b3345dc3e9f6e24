"""What a comparison found, in sentences computed from its numbers."""

import pandas as pd
from scipy.stats import skew

from bayesian import Verdict
from bayesian.diagnosis.diagnose import USABLE
from experiments.comparing.comparison import Comparison
from experiments.referee.parameters import natural_parameters
from experiments.referee.quantities import in_words, parameter_name
from experiments.reporting.formats import number
from experiments.reporting.sentences import listed

DISTANCE = "(mean − EM)/sd"
RATIO = "sd/SE"

CLOSE = 1.0
"""Posterior standard deviations between a posterior mean and EM's estimate, below which the two agree."""

SAME_UNCERTAINTY = (0.8, 1.25)
"""Posterior sd over standard error where the two tell the same uncertainty."""

NOTABLE = 0.5
"""Posterior standard deviations from which a distance is told apart."""

DOUBTFUL = 0.05
"""Total variation above which the two allocate a point notably differently."""

_CHAINS = {
    Verdict.NO_SWITCHING: "The chains agree, labels included",
    Verdict.SWITCHING_ONLY: "The chains agree but for their labels",
}
_FORBIDDEN = {
    Verdict.DIFFERENT_MODES: "the posterior columns pool chains that must not be pooled",
    Verdict.NOT_CONVERGED: "the posterior columns are not to be used yet",
}


def answer(comparison: Comparison, table: pd.DataFrame) -> str:
    """Do EM and the posterior agree? Where the verdict forbids to ask, the verdict."""
    diagnosis = comparison.diagnosis
    explanation = in_words(diagnosis.explanation, comparison.subject.labels)
    if diagnosis.verdict not in USABLE:
        return (
            f"The verdict on the chains is “{diagnosis.verdict.words}”: {explanation} Therefore"
            f" {_FORBIDDEN[diagnosis.verdict]}, and whether they agree with EM is left open."
        )
    distances = table[DISTANCE].astype(float).abs()
    widest = table.iloc[int(distances.argmax())]
    place = parameter_name(widest["parameter"], widest["component"], widest["feature"])
    words = (
        f"{agreement(table)}: {int((distances <= NOTABLE).sum())} of {len(table)} posterior means lie within"
        f" {NOTABLE:g} posterior sd of EM's estimates (furthest {distances.max():.2f})"
    )
    ratios = table[RATIO].dropna().astype(float)
    if len(ratios):
        words += f", and the posterior sds are {ratios.min():.2f} to {ratios.max():.2f} times the standard errors"
    hedge = " (with caveats: see The posterior)" if diagnosis.caveats else ""
    chains = _CHAINS[diagnosis.verdict] if comparison.best.n_components > 1 else "The chains agree"
    errors = "" if len(ratios) else " There are no standard errors to set beside the posterior sds."
    return f"{words}. The furthest is the {place}.{errors} {chains}{hedge}: {explanation}"


def agreement(table: pd.DataFrame) -> str:
    """In a few words: whether estimates, and uncertainties if EM has them, agree."""
    ratios = table[RATIO].dropna().astype(float)
    if table[DISTANCE].astype(float).abs().max() >= CLOSE:
        return "EM and the posterior differ"
    if not len(ratios):
        return "EM and the posterior agree on the estimates"
    if ratios.between(*SAME_UNCERTAINTY).all():
        return "EM and the posterior agree closely"
    return "EM and the posterior agree on the estimates but not on their uncertainty"


def warning(comparison: Comparison) -> str:
    """What forbids to read the posterior columns; empty where nothing does."""
    verdict = comparison.diagnosis.verdict
    return "" if verdict in USABLE else f"The verdict is “{verdict.words}”: {_FORBIDDEN[verdict]}."


def furthest_apart(comparison: Comparison, most: int = 3) -> str:
    """The parameters whose posterior mean lies furthest from EM's estimate; empty where none lies notably far."""
    if warning(comparison):
        return ""
    parameters = natural_parameters(
        comparison.best, comparison.errors, comparison.relabelled, comparison.subject.labels
    )
    found = []
    for parameter in parameters:
        sd = float(parameter.draws.std(ddof=1))
        if sd > 0.0 and abs(distance := (float(parameter.draws.mean()) - parameter.estimate) / sd) > NOTABLE:
            found.append((distance, parameter))
    if not found:
        return ""
    found.sort(key=lambda pair: -abs(pair[0]))
    places = [
        f"{parameter_name(p.kind, p.component, p.feature)} (posterior mean {abs(distance):.2f} posterior sd"
        f" {'above' if distance > 0.0 else 'below'} EM's estimate, skewness of the draws"
        f" {number(float(skew(p.draws.ravel())), 1)})"
        for distance, p in found[:most]
    ]
    more = f"; {len(found) - most} more lie beyond {NOTABLE:g}" if len(found) > most else ""
    return (
        f"Furthest apart: {'; '.join(places)}{more}. A mean follows the longer tail of a skewed posterior, and the"
        " prior named above has its say; EM's estimate knows neither."
    )


def bins_outside(histograms: pd.DataFrame, level: float) -> str:
    """How many bins of each feature's histogram hold more or fewer points than their band allows."""
    band = f"{100 * level:g}% band"
    counts = []
    for feature, bins in histograms.groupby("feature", sort=False):
        outside = (bins["points"] < bins[f"{band} lower"]) | (bins["points"] > bins[f"{band} upper"])
        counts.append(f"{int(outside.sum())} of {len(bins)} for {feature}")
    return (
        f"Histogram bins whose count lies outside its {100 * level:g}% band: {listed(counts)}; about"
        f" {100 * (1 - level):.0f}% or fewer are expected of data that the model made."
    )


def allocations_apart(table: pd.DataFrame) -> str:
    """The largest disagreement about a point's component, and how many are notable."""
    distances = table["total variation"]
    widest = table.iloc[int(distances.argmax())]
    notable = int((distances > DOUBTFUL).sum())
    points = f"{notable} of {len(table)} points differ" if notable != 1 else f"1 of {len(table)} points differs"
    return (
        f"EM's and the posterior's allocation probabilities differ most, by {distances.max():.3f} in total variation,"
        f" at row {widest['row']:.0f}; {points} by more than {DOUBTFUL:g}."
    )
