"""How a fit ended, in words that advise."""

from enum import Enum


class Status(Enum):
    """Outcome of a fit; the value says what it means and what to do."""

    CONVERGED = "converged: the estimated gain still to come stayed below the tolerance"
    ITERATION_LIMIT = "stopped at the iteration limit before it converged: raise max_iterations, or take what is there"
    SINGULAR = "ran into a singular component, where the likelihood is unbounded: discard this fit"
    SPIKE = "climbed a spike, a component on a few close points: discard this fit"

    @property
    def usable(self) -> bool:
        """Whether the mixture is an honest local answer (singular fits and spikes are not)."""
        return self not in (Status.SINGULAR, Status.SPIKE)
