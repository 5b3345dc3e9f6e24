"""The replicates of a bootstrap, laid out like draws of a posterior."""

from dataclasses import dataclass

import numpy as np
import xarray as xr

from em.uncertainty.elements import as_vector, free_moves, split
from em.uncertainty.errors import StandardErrors
from em.uncertainty.refit import Replicate
from mixture import GaussianMixture
from mixture.arrays import FloatArray

DIMENSIONS = ("component", "feature", "feature_other")


@dataclass(frozen=True, eq=False)
class Replicates:
    """Mixtures refitted to resampled data, under the labels of the original.

    mixture      the original, to whose data the replicates belong
    mixtures     the usable replicates, in the order they were drawn
    dataset      the same as draws: weights (chain, draw, component), means (chain, draw, component, feature),
                 covariances (chain, draw, component, feature, feature_other), always dense, and scales (chain, draw,
                 component, feature), the standard deviations; one chain. Along `draw` stand the coordinates
                 `replicate` (its number among all), `ambiguous` and `log_likelihood` (of its own data, in nats).
                 Attributes record the method, the counts below, the settings, the seed, and as `notes`
                 whether the data were converted

    Replicates without a usable fit are left out, which makes the rest too regular a sample: where they are more than a
    few, a floor, a prior or fewer components tell more. The same holds for a share of ambiguous labels above a few per
    cent: statements about single components then rest on labels that are not well defined.
    """

    mixture: GaussianMixture
    mixtures: tuple[GaussianMixture, ...]
    dataset: xr.Dataset

    @property
    def method(self) -> str:
        """How the data were resampled."""
        return str(self.dataset.attrs["method"])

    @property
    def n_failed(self) -> int:
        """Replicates left out because every climb ran into a singular component or a spike."""
        return int(self.dataset.attrs["n_failed"])

    @property
    def n_unconverged(self) -> int:
        """Replicates kept that stopped at the iteration limit."""
        return int(self.dataset.attrs["n_unconverged"])

    @property
    def ambiguous_share(self) -> float:
        """Share of the usable replicates whose labels were a close call, see `em.uncertainty.alignment`."""
        return float(self.dataset.attrs["ambiguous_share"])

    @property
    def message(self) -> str:
        """One sentence: how many replicates there are, and what became of the others."""
        parts = [f"{len(self.mixtures)} of {self.dataset.attrs['n_replicates']} replicates"]
        if self.n_failed:
            parts.append(f"{self.n_failed} left out, for EM ran into a singular component or a spike")
        if self.n_unconverged:
            parts.append(f"{self.n_unconverged} stopped at the iteration limit")
        return "; ".join([*parts, f"the labels of {self.ambiguous_share:.1%} were a close call"])

    def standard_errors(self) -> StandardErrors:
        """Standard deviations of the replicates (divisor B - 1), shaped like the mixture.

        The covariance matrix of the free parameters is that of the replicates; for the structures that are not linear
        in their parameters, that of the replicates' projection onto the tangent at the original.
        """
        stored = self._stored()
        weights, means, covariances = split(stored.std(axis=0, ddof=1), self.mixture)
        scales = self.dataset["scales"].std("draw", ddof=1).values[0]
        free = stored @ np.linalg.pinv(free_moves(self.mixture)).T
        covariance = np.atleast_2d(np.cov(free, rowvar=False))
        source = str(self.dataset.attrs["source"])
        return StandardErrors(weights, means, covariances, scales, covariance, self.method, source)

    def summary(self) -> xr.Dataset:
        """Estimates and standard errors side by side (`StandardErrors.to_dataset`), attributes as in `dataset`."""
        return self.standard_errors().to_dataset(self.mixture).assign_attrs(self.dataset.attrs)

    def interval(self, level: float = 0.95) -> xr.Dataset:
        """The percentile interval of every parameter: quantiles (1 - level) / 2 and (1 + level) / 2 of the replicates.

        The variables of `dataset` over (bound, component, ...), bound "lower" and "upper". Raises ValueError for a
        level outside (0, 1). Source: Efron & Tibshirani 1993, An Introduction to the Bootstrap, section 13.3.
        """
        if not 0.0 < level < 1.0:
            raise ValueError(f"level must lie between 0 and 1, not {level}")
        tails = self.dataset.drop_vars(("replicate", "ambiguous", "log_likelihood")).quantile(
            [0.5 - 0.5 * level, 0.5 + 0.5 * level], dim=("chain", "draw"), keep_attrs=True
        )
        renamed = tails.rename(quantile="bound").assign_coords(bound=["lower", "upper"])
        return renamed.assign_attrs(level=level)

    def _stored(self) -> FloatArray:
        """(B, Q): stored numbers of the usable replicates."""
        return np.stack([as_vector(mixture) for mixture in self.mixtures])


def collect(replicates: list[Replicate], original: GaussianMixture, attrs: dict[str, str | int | float]) -> Replicates:
    """The usable replicates as a dataset; raises ValueError if fewer than two are."""
    kept = [
        (i, replicate, replicate.mixture) for i, replicate in enumerate(replicates) if replicate.mixture is not None
    ]
    if len(kept) < 2:
        reason = next(replicate.detail for replicate in replicates if replicate.mixture is None)
        raise ValueError(
            f"{len(kept)} of {len(replicates)} replicates gave a usable mixture, which tells nothing of its spread. The"
            f" first reason: {reason}"
        )
    mixtures = tuple(mixture for _, _, mixture in kept)
    along = [replicate for _, replicate, _ in kept]
    counts = {
        "n_replicates": len(replicates),
        "n_failed": len(replicates) - len(kept),
        "n_unconverged": sum(not replicate.converged for replicate in along),
        "ambiguous_share": float(np.mean([replicate.ambiguous for replicate in along])),
    }
    dataset = draws(mixtures).assign_coords(
        replicate=("draw", np.array([i for i, _, _ in kept])),
        ambiguous=("draw", np.array([replicate.ambiguous for replicate in along])),
        log_likelihood=("draw", np.array([replicate.log_likelihood for replicate in along])),
    )
    return Replicates(original, mixtures, dataset.assign_attrs({**attrs, "structure": original.structure, **counts}))


def draws(mixtures: tuple[GaussianMixture, ...]) -> xr.Dataset:
    """Mixtures as the draws of one chain."""
    dense = np.stack([mixture.dense_covariances for mixture in mixtures])
    values = {
        "weights": np.stack([mixture.weights for mixture in mixtures]),
        "means": np.stack([mixture.means for mixture in mixtures]),
        "covariances": dense,
        "scales": np.sqrt(np.diagonal(dense, axis1=2, axis2=3)),
    }
    variables = {name: (("chain", "draw", *DIMENSIONS[: v.ndim - 1]), v[None]) for name, v in values.items()}
    sizes = (("chain", 1), ("draw", len(mixtures)), *zip(DIMENSIONS, dense.shape[1:], strict=True))
    return xr.Dataset(variables, coords={name: np.arange(size) for name, size in sizes})
