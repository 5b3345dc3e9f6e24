"""What a comparison found, in sentences computed from its numbers."""

import pandas as pd
from scipy.stats import skew

from bayesian import Verdict
from bayesian.diagnosis.diagnose import USABLE
from experiments.comparing.comparison import Comparison
from experiments.comparing.fixed_allocations import FixedAllocations
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

MOSTLY = 0.5
"""Share of the way from EM's estimate to the posterior mean from which what goes it is the main cause."""

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


def furthest_apart(comparison: Comparison, fixed: FixedAllocations | None = None, most: int = 3) -> str:
    """The parameters whose posterior mean lies furthest from EM's estimate; empty where none lies notably far.

    fixed: how far the prior goes while EM's allocations stand, where that is known.
    """
    if warning(comparison):
        return ""
    parameters = natural_parameters(
        comparison.best, comparison.errors, comparison.relabelled, comparison.subject.labels
    )
    found = []
    for place, parameter in enumerate(parameters):
        sd = float(parameter.draws.std(ddof=1))
        apart = float(parameter.draws.mean()) - parameter.estimate
        if sd > 0.0 and abs(apart) > NOTABLE * sd:
            found.append((apart / sd, place))
    if not found:
        return ""
    found.sort(key=lambda pair: -abs(pair[0]))
    names, places, ways = [], [], []
    for distance, place in found[:most]:
        p = parameters[place]
        told = (
            f"posterior mean {abs(distance):.2f} posterior sd {'above' if distance > 0.0 else 'below'} EM's estimate,"
            f" skewness of the draws {number(float(skew(p.draws.ravel())), 1)}"
        )
        if fixed is not None:
            ways.append((fixed.means[place] - p.estimate) / (float(p.draws.mean()) - p.estimate))
            told += f"; with EM's allocations fixed, {number(100 * ways[-1], 0)}% of the way"
            share = fixed.shares[place]
            told += "" if share is None else f", {100 * share:.0f}% of the sum of squares being the prior's"
        names.append(parameter_name(p.kind, p.component, p.feature))
        places.append(f"{names[-1]} ({told})")
    more = f"; {len(found) - most} more lie beyond {NOTABLE:g}" if len(found) > most else ""
    return f"Furthest apart: {'; '.join(places)}{more}. {_cause(names, ways)}"


def _cause(names: list[str], ways: list[float]) -> str:
    """What moves posterior means, by how far the prior goes of each way while EM's allocations stand."""
    if not ways:
        return (
            "The prior named above, the longer tail of a skewed posterior and doubt about allocations can all do that;"
            " EM's estimate knows none of them."
        )
    by_prior = [name for name, way in zip(names, ways, strict=True) if way >= MOSTLY]
    others = [name for name in names if name not in by_prior]
    prior = "with no doubt about allocations at all, the prior goes most of the way"
    rest = "doubt about allocations, and a skewed posterior whose mean follows its longer tail, do most of it"
    if not others:
        return f"So it is the prior that moves {'these means' if len(names) > 1 else 'this mean'}: {prior}."
    if not by_prior:
        return f"The prior does little of that: {rest}."
    return f"So it is the prior that moves the {listed(by_prior)}: {prior}. For the {listed(others)}, {rest}."


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
