"""What several tests share: random mixtures, the bundled data, and where published material may stand."""

import csv
from pathlib import Path

import numpy as np
from scipy.stats import multivariate_normal
from sklearn.mixture import GaussianMixture as SklearnMixture

from mixture import STRUCTURES, GaussianMixture, structure_named
from mixture.covariance import FAMILIES, Freedom

ROOT = Path(__file__).resolve().parents[1]
SHARED = ROOT.parent / "shared"
"""Material that may stand beside a checkout (posteriordb, further data); tests that want it skip where it is absent."""

STRUCTURE_NAMES = tuple(structure.name for structure in STRUCTURES)
FAMILY_NAMES = tuple(family.name for family in FAMILIES)


def read_columns(name: str) -> np.ndarray:
    """A bundled data set of numeric columns as an (N, D) array."""
    with (ROOT / "experiments" / "data" / f"{name}.csv").open(encoding="utf-8") as file:
        rows = list(csv.reader(file))
    return np.array(rows[1:], dtype=np.float64)


def random_covariances(structure: str, k: int, d: int, rng: np.random.Generator, condition: float = 30.0) -> np.ndarray:
    """Covariances in the structure's shape whose condition number is at most `condition`."""
    spread = np.log(condition)
    values = np.exp(rng.uniform(-0.5, 0.5, (k, d)) * spread)
    if structure not in STRUCTURE_NAMES:
        return _partly_shared_covariances(structure, values, rng)
    if structure in ("full", "tied"):
        rotations = np.linalg.qr(rng.standard_normal((k, d, d)))[0]
        matrices = np.einsum("kij,kj,klj->kil", rotations, values, rotations)
        matrices = 0.5 * (matrices + np.swapaxes(matrices, 1, 2))
        return matrices if structure == "full" else matrices[0]
    if structure in ("diag", "tied_diag"):
        return values if structure == "diag" else values[0]
    return values[:, 0] if structure == "spherical" else values[0, 0]


def _partly_shared_covariances(structure: str, values: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    """lambda_k D_k A_k D_k^T with the volumes and shapes of `values` (K, D), those of component 0 where shared."""
    family = structure_named(structure)
    k, d = values.shape

    def of(freedom: Freedom, each: np.ndarray) -> np.ndarray:
        return each if freedom is Freedom.VARIABLE else np.broadcast_to(each[:1], each.shape)

    volumes = np.exp(np.log(values).mean(axis=1))
    shapes = of(family.freedoms.shape, np.sort(values / volumes[:, None], axis=1))
    variances = of(family.freedoms.volume, volumes)[:, None] * shapes
    if family.diagonal:
        return variances
    rotations = of(family.freedoms.orientation, np.linalg.qr(rng.standard_normal((k, d, d)))[0])
    matrices = np.einsum("kij,kj,klj->kil", rotations, variances, rotations)
    return 0.5 * (matrices + np.swapaxes(matrices, 1, 2))


def random_mixture(
    structure: str, k: int, d: int, rng: np.random.Generator, *, separation: float = 2.0, condition: float = 30.0
) -> GaussianMixture:
    """A mixture with Dirichlet(2) weights and means spread over `separation` standard deviations."""
    covariances = random_covariances(structure, k, d, rng, condition)
    dense = structure_named(structure).dense(covariances, k, d)
    means = separation * np.einsum("kij,kj->ki", np.linalg.cholesky(dense), rng.standard_normal((k, d)))
    return GaussianMixture(rng.dirichlet(np.full(k, 2.0)), means, covariances, structure)


def scipy_log_joint(x: np.ndarray, mixture: GaussianMixture) -> np.ndarray:
    """log pi_k + log N(x_n | mu_k, Sigma_k) by scipy's dense normal, (N, K)."""
    densities = [
        multivariate_normal(mean, covariance).logpdf(x).reshape(len(x))
        for mean, covariance in zip(mixture.means, mixture.dense_covariances, strict=True)
    ]
    return np.log(mixture.weights) + np.stack(densities, axis=1)


def sklearn_log_density(x: np.ndarray, mixture: GaussianMixture) -> np.ndarray:
    """scikit-learn's `score_samples`, (N,); its "full" type holds every structure."""
    model = SklearnMixture(mixture.n_components, covariance_type="full")
    model.weights_, model.means_ = mixture.weights, mixture.means
    roots = np.linalg.cholesky(mixture.dense_covariances)
    model.precisions_cholesky_ = np.swapaxes(np.linalg.inv(roots), 1, 2)
    return model.score_samples(x)
