"""Every experiment there is, in the order in which their reports are read."""

from dataclasses import dataclass
from typing import Any

from experiments import (
    ascents,
    calibration,
    convergence,
    cost,
    covariances,
    em_speed,
    em_step,
    galaxies,
    generalised_em,
    how_many,
    interval_coverage,
    iris,
    kmeans_limit,
    label_switching,
    local_optima,
    lower_bound,
    old_faithful,
    priors,
    relabelling,
    singularities,
    thyroid,
    uncertainty,
)
from experiments.engine.experiment import Experiment


@dataclass(frozen=True)
class Part:
    """Experiments that belong together, under one heading."""

    title: str
    experiments: tuple[Experiment[Any], ...]


PARTS = (
    Part(
        "How EM works",
        (
            em_step.EXPERIMENT,
            lower_bound.EXPERIMENT,
            convergence.EXPERIMENT,
            local_optima.EXPERIMENT,
            covariances.EXPERIMENT,
            kmeans_limit.EXPERIMENT,
            ascents.EXPERIMENT,
            generalised_em.EXPERIMENT,
            singularities.EXPERIMENT,
        ),
    ),
    Part(
        "EM against the posterior",
        (
            old_faithful.EXPERIMENT,
            galaxies.EXPERIMENT,
            iris.EXPERIMENT,
            thyroid.EXPERIMENT,
            uncertainty.EXPERIMENT,
            interval_coverage.EXPERIMENT,
            priors.EXPERIMENT,
        ),
    ),
    Part(
        "Labels",
        (label_switching.EXPERIMENT, relabelling.EXPERIMENT),
    ),
    Part(
        "How many",
        (
            how_many.EXPERIMENT,
            cost.EXPERIMENT,
        ),
    ),
    Part(
        "Is it right, and is it fast",
        (
            em_speed.EXPERIMENT,
            calibration.EXPERIMENT,
        ),
    ),
)

EXPERIMENTS: tuple[Experiment[Any], ...] = tuple(experiment for part in PARTS for experiment in part.experiments)


def contents() -> list[tuple[str, list[str]]]:
    """The parts in reading order: heading, names of the reports under it."""
    return [(part.title, [experiment.name for experiment in part.experiments]) for part in PARTS]
