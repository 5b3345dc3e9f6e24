"""What sequential Monte Carlo is told, checked once."""

from dataclasses import dataclass

from mixture.arrays import as_whole_number


@dataclass(frozen=True)
class SMCSettings:
    """chains x states particles at each temperature.

    chains        how many particles are resampled, and start a chain of moves each
    states        states of each chain that become particles, the first included
    ess           the effective share of the particles that the next temperature leaves, in (0, 1)
    leapfrogs     leapfrog steps of a trajectory, on average: long ones carry particles from mode to mode
    acceptance    the share of trajectories accepted that step sizes are adapted to, in (0, 1)
    most_moves    moves between two states of a chain at most; more are made while likelihoods stay correlated

    Raises ValueError, naming the setting, for values out of range.
    """

    chains: int = 400
    states: int = 30
    ess: float = 0.5
    leapfrogs: int = 20
    acceptance: float = 0.7
    most_moves: int = 4

    def __post_init__(self) -> None:
        for name, least in (("chains", 2), ("states", 2), ("leapfrogs", 1), ("most_moves", 1)):
            object.__setattr__(self, name, as_whole_number(getattr(self, name), name, least=least))
        for name in ("ess", "acceptance"):
            if not 0.0 < getattr(self, name) < 1.0:
                raise ValueError(f"{name} must lie strictly between 0 and 1, not {getattr(self, name)}")

    @property
    def particles(self) -> int:
        return self.chains * self.states
