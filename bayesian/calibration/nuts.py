"""This library's own sampler, as calibration asks for one: from data to a posterior."""

from dataclasses import dataclass
from typing import Literal, Self

import numpy as np

from bayesian.posterior import Posterior
from bayesian.priors.prior import Prior
from bayesian.sampling.compiled_posterior import CompiledPosterior
from mixture.arrays import FloatArray


@dataclass(frozen=True, eq=False)
class NutsSampler:
    """Draws by NUTS from a model that is compiled once, each data set put under the same code.

    draws, tune   per chain
    chains, starts   "dispersed" over the data, or drawn from the "prior", which fit a prior with bounds too; neither
                  knows the truth
    prior         another of the family that was compiled, or None for that one
    """

    compiled: CompiledPosterior
    draws: int = 300
    tune: int = 300
    chains: int = 2
    starts: Literal["dispersed", "prior"] = "dispersed"
    prior: Prior | None = None

    @classmethod
    def of(
        cls,
        prior: Prior,
        n_components: int,
        n_features: int,
        structure: str,
        *,
        draws: int = 300,
        tune: int = 300,
        chains: int = 2,
        starts: Literal["dispersed", "prior"] = "dispersed",
    ) -> Self:
        """Compiles the model; the data it is compiled with are exchanged for others at each call."""
        some = np.random.default_rng(0).standard_normal((n_components + n_features + 2, n_features))
        compiled = CompiledPosterior.of(some, n_components, structure=structure, prior=prior)
        return cls(compiled, draws, tune, chains, starts)

    def __call__(self, x: FloatArray, rng: np.random.Generator) -> Posterior:
        """The posterior given x (N, D)."""
        return self.compiled.with_data(x, self.prior).sample(
            self.draws, self.tune, self.chains, starts=self.starts, random_seed=rng, cores=1, progressbar=False
        )
