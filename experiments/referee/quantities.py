"""Quantities by the names people give them: "mean of waiting (min), component 1" for `means[0, 1]`."""

import re
from collections.abc import Sequence

from experiments.referee.parameters import ALL, COUNTED_FROM

_IDENTIFIER = re.compile(
    r"\b(?P<variable>weights|means|covariances|scales|log_density|sorted_means|mixture_mean)"
    r"\[(?P<index>\d+(?:, \d+)*)\]"
    r"|\b(?P<single>log_likelihood|log_posterior|mixture_trace)\b"
)
_SINGLE = {
    "log_likelihood": "log-likelihood",
    "log_posterior": "log posterior",
    "mixture_trace": "total variance of the mixture",
}


def parameter_name(kind: str, component: str, feature: str | None) -> str:
    """One row of the comparison: "weight, component 1", "sd of x (cm), all components"; None: all features share it."""
    name = "every feature" if feature is None else feature
    what = f"{kind} of {name.replace(' × ', ' and ') if kind == 'correlation' else name}" if name else kind
    return f"{what}, all components" if component == ALL else f"{what}, component {component}"


def in_words(text: str, labels: Sequence[str]) -> str:
    """A text with every quantity of a diagnosis, as in `means[0, 1]`, named; components and points counted from 1."""

    def named(found: re.Match[str]) -> str:
        if found["single"]:
            return _SINGLE[found["single"]]
        return _quantity(found["variable"], [int(place) for place in found["index"].split(", ")], labels)

    return _IDENTIFIER.sub(named, text)


def _quantity(variable: str, index: Sequence[int], labels: Sequence[str]) -> str:
    first = index[0] + COUNTED_FROM
    features = [labels[place] for place in (index if variable == "mixture_mean" else index[1:])]
    match variable:
        case "weights":
            return f"weight, component {first}"
        case "means":
            return f"mean of {features[0]}, component {first}"
        case "scales":
            return f"sd of {features[0]}, component {first}"
        case "covariances" if index[1] == index[2]:
            return f"variance of {features[0]}, component {first}"
        case "covariances":
            return f"covariance of {features[1]} and {features[0]}, component {first}"
        case "sorted_means":
            return f"sorted mean {first} of {features[0]}"
        case "mixture_mean":
            return f"mixture mean of {features[0]}"
        case _:
            return f"log density at point {first}"
