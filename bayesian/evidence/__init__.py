"""Evidence: log p(X) of a mixture with K components, exact where it can be; LOO and held-out predictive densities."""

from bayesian.evidence.bridge import BridgeFailure
from bayesian.evidence.by_bridge import BridgeSettings
from bayesian.evidence.conjugate import AllocationPosterior, enumerate_allocations, exact_log_evidence
from bayesian.evidence.held_out import HeldOut, held_out_log_density
from bayesian.evidence.log_evidence import log_evidence
from bayesian.evidence.loo import Loo, loo
from bayesian.evidence.result import Agreement, Evidence

__all__ = [
    "Agreement",
    "AllocationPosterior",
    "BridgeFailure",
    "BridgeSettings",
    "Evidence",
    "HeldOut",
    "Loo",
    "enumerate_allocations",
    "exact_log_evidence",
    "held_out_log_density",
    "log_evidence",
    "loo",
]
