"""What is kept of run-away likelihoods, of what stops them, and of priors under ties."""

from dataclasses import dataclass

from mixture import GaussianMixture
from mixture.arrays import FloatArray


@dataclass(frozen=True, eq=False)
class Shrunk:
    """log L (S,) by sigma (S,) of a component on some observations, by a name of the place.

    held  how many observations stand exactly there; distance: between the two neighbours, else 0
    """

    sigmas: FloatArray
    values: dict[str, FloatArray]
    held: dict[str, int]
    distance: float


@dataclass(frozen=True, eq=False)
class Spikes:
    """How climbs of the galaxies end with K components.

    statuses     number of climbs by name of their status
    best         log L of the best usable one; spike, variance, points: log L, smallest variance and effective points of
                 the highest spike, nan if there is none
    message      what EM says of that spike
    mixture      that spike, None if there is none
    honest       the best usable fit, None if there is none
    """

    k: int
    statuses: dict[str, int]
    best: float
    spike: float
    variance: float
    points: float
    message: str
    mixture: GaussianMixture | None
    honest: GaussianMixture | None


@dataclass(frozen=True, eq=False)
class Remedied:
    """K = 5 galaxies under one remedy.

    mixture        the best usable fit; None for the posterior
    smallest_sd    its smallest sd; of the posterior: 5%, median and 95% of the draws' smallest sd
    log_likelihood of the fit; of the posterior: median over draws
    flagged        climbs that ended singular or on a spike; n_climbs of how many
    grid, density  the fitted density, of the posterior the predictive one
    detail         what the fit says
    """

    name: str
    mixture: GaussianMixture | None
    smallest_sd: tuple[float, ...]
    log_likelihood: float
    flagged: int
    n_climbs: int
    grid: FloatArray
    density: FloatArray
    detail: str


@dataclass(frozen=True, eq=False)
class Cut:
    """Evidence (C,) above each cut-off of sigma (C,), by prior; and what the library says of the prior, empty if
    nothing.
    """

    data: str
    cutoffs: FloatArray
    evidence: dict[str, FloatArray]
    refusals: dict[str, str]
