"""What the optimum is worth: standard errors by the information, the sandwich, bootstraps and the jackknife."""

from em.uncertainty.bootstrap import RESAMPLINGS, bootstrap
from em.uncertainty.delta_method import DeltaMethod, delta_method
from em.uncertainty.errors import StandardErrors
from em.uncertainty.jackknife import Jackknife, jackknife
from em.uncertainty.observed_information import NotAMaximum, standard_errors
from em.uncertainty.refit import Replicate
from em.uncertainty.replicates import Replicates
from em.uncertainty.resampling import Resampling
from em.uncertainty.sandwich import sandwich

__all__ = [
    "RESAMPLINGS",
    "DeltaMethod",
    "Jackknife",
    "NotAMaximum",
    "Replicate",
    "Replicates",
    "Resampling",
    "StandardErrors",
    "bootstrap",
    "delta_method",
    "jackknife",
    "sandwich",
    "standard_errors",
]
