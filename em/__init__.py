"""Maximum likelihood: EM on the log-sum likelihood, from many starts, and what its optimum is worth."""

from em.criteria import Criteria, criteria
from em.fit import EMFit, LikelihoodFell, fit
from em.restarts import SAME_OPTIMUM, FailedStart, NoUsableFit, Restarts, fit_best
from em.standard_errors import NotAMaximum, StandardErrors, standard_errors
from em.starts import from_allocations, kmeans_plus_plus, random_partition
from em.status import Status
from em.steps import SingularComponent, e_step, m_step

__all__ = [
    "SAME_OPTIMUM",
    "Criteria",
    "EMFit",
    "FailedStart",
    "LikelihoodFell",
    "NoUsableFit",
    "NotAMaximum",
    "Restarts",
    "SingularComponent",
    "StandardErrors",
    "Status",
    "criteria",
    "e_step",
    "fit",
    "fit_best",
    "from_allocations",
    "kmeans_plus_plus",
    "m_step",
    "random_partition",
    "standard_errors",
]
