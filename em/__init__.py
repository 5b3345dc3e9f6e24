"""Maximum likelihood: ways to climb the log-sum likelihood, from many starts, and what its optimum is worth."""

from em.choosing import (
    Choice,
    Criteria,
    LikelihoodRatioTest,
    choose,
    criteria,
    likelihood_ratio_test,
    likelihood_ratio_tests,
)
from em.classification import ClassificationFit, classification_em
from em.climb import LikelihoodFell
from em.fit import EMFit, fit
from em.lower_bound import HalfStep, LowerBound, Staircase, lower_bound, staircase
from em.optima import SAME_OPTIMUM, Optimum
from em.rate import ConvergenceRate, convergence_rate
from em.restarts import FailedStart, NoUsableFit, Restarts, fit_best
from em.sources import UnreachableCluster, connect
from em.spikes import Spike, spikes
from em.starts import (
    STARTS,
    from_allocations,
    hierarchical,
    kmeans,
    kmeans_plus_plus,
    random_partition,
    random_points,
    short_runs,
    ward,
)
from em.status import Status
from em.steps import SingularComponent, e_step, m_step
from em.uncertainty import (
    DeltaMethod,
    Jackknife,
    NotAMaximum,
    Replicates,
    StandardErrors,
    bootstrap,
    delta_method,
    jackknife,
    sandwich,
    standard_errors,
)

__all__ = [
    "SAME_OPTIMUM",
    "STARTS",
    "Choice",
    "ClassificationFit",
    "ConvergenceRate",
    "Criteria",
    "DeltaMethod",
    "EMFit",
    "FailedStart",
    "HalfStep",
    "Jackknife",
    "LikelihoodFell",
    "LikelihoodRatioTest",
    "LowerBound",
    "NoUsableFit",
    "NotAMaximum",
    "Optimum",
    "Replicates",
    "Restarts",
    "SingularComponent",
    "Spike",
    "Staircase",
    "StandardErrors",
    "Status",
    "UnreachableCluster",
    "bootstrap",
    "choose",
    "classification_em",
    "connect",
    "convergence_rate",
    "criteria",
    "delta_method",
    "e_step",
    "fit",
    "fit_best",
    "from_allocations",
    "hierarchical",
    "jackknife",
    "kmeans",
    "kmeans_plus_plus",
    "likelihood_ratio_test",
    "likelihood_ratio_tests",
    "lower_bound",
    "m_step",
    "random_partition",
    "random_points",
    "sandwich",
    "short_runs",
    "spikes",
    "staircase",
    "standard_errors",
    "ward",
]
