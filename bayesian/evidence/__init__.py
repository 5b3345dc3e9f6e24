"""Evidence: log p(X) of a mixture with K components, exact where it can be."""

from bayesian.evidence.conjugate import AllocationPosterior, enumerate_allocations, exact_log_evidence

__all__ = ["AllocationPosterior", "enumerate_allocations", "exact_log_evidence"]
