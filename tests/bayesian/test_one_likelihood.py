"""One likelihood: the compiled pass, the readable formula, scipy and PyMC agree, and so do all ways to the gradient.

At 100 random parameters of each structure, condition numbers of the covariances log-uniform up to 1e6:

    densities   compiled = readable = scipy = scikit-learn = `pm.compute_log_likelihood` of our model
                = stock `pm.Mixture`, to 1e-10
    gradient    Op = autodiff of stock `pm.Mixture` to 1e-10, = finite differences of the readable formula to 1e-6

Both tolerances are relative to the scale on which rounding happens. A log density, and a derivative of a sum over N
points, is a sum of terms of both signs. Its floating point error is relative to the sum of the *absolute* terms: near
a zero of the sum no two ways of adding agree in relative terms, and an elementwise tolerance would measure how close
to a zero the parameters happen to lie. Derivatives are taken in the units of each component, so that all of them are
such sums of numbers without units and those of one block (weights, means, spread) have one scale:

    pi_k d/d pi_k = sum_n r_nk            L_k^T d/d mu_k = sum_n r_nk z_nk            Sigma_k = L_k L_k^T
    L_k^T (d/d Sigma_k) L_k = 1/2 sum_n r_nk (z_nk z_nk^T - I)      s d/d s = sum_n r_nk (z_nkd^2 - 1)

with z_nk = L_k^-1 (x_n - mu_k). Responsibilities r_nk of far points underflow at different places and carry the
rounding of the large quadratic forms in their exponent; a share of 1e-100 is as good as zero in a block of order N.

1e-10 leaves little room for dense covariances: a number in a covariance of condition 1e6 is rounded to 1e-16, which
moves its inverse by 1e-10. Against arithmetic with 64 bits of mantissa, over 2,400 parameters of dense structures, the
gradients of ours and of the stock mixture erred by up to 5.5e-11 each, neither more than the other (diagonal: 7e-16).
"""

from functools import cache
from typing import NamedTuple

import numpy as np
import pymc as pm
import pytensor
import pytensor.tensor as pt
import pytest
import xarray as xr
from scipy.special import logsumexp
from support import STRUCTURE_NAMES, scipy_log_joint, sklearn_log_density

from bayesian.model import build
from bayesian.ops.likelihood import log_density
from bayesian.starts import PARAMETERS
from mixture import GaussianMixture, likelihood, structure_named

PYTHON = "FAST_COMPILE"
"""Mode in which nothing is compiled but the kernel."""

DENSE = ("full", "tied")
N_PARAMETERS, N_POINTS, CONDITION = 100, 20, 1e6


class Case(NamedTuple):
    """Random parameters, and points drawn from them."""

    mixture: GaussianMixture
    points: np.ndarray

    @property
    def arguments(self) -> tuple[np.ndarray, ...]:
        """(x, weights, means, spread) as the Op takes them."""
        return self.points, self.mixture.weights, self.mixture.means, spread_of(self.mixture)


def spread_of(mixture: GaussianMixture) -> np.ndarray:
    return mixture.covariances if mixture.structure in DENSE else np.sqrt(mixture.covariances)


def random_covariances(structure: str, k: int, d: int, rng: np.random.Generator) -> np.ndarray:
    """Condition numbers log-uniform up to CONDITION, largest and smallest eigenvalue included; sizes over 4 decades."""
    conditions = CONDITION ** rng.uniform(size=(k, 1))
    exponents = np.sort(rng.uniform(-0.5, 0.5, (k, d)))
    exponents[:, 0], exponents[:, -1] = -0.5, 0.5
    values = rng.permuted(10.0 ** rng.uniform(-2.0, 2.0, (k, 1)) * conditions**exponents, axis=1)
    rotations = np.linalg.qr(rng.standard_normal((k, d, d)))[0]
    matrices = np.einsum("kij,kj,klj->kil", rotations, values, rotations)
    stacks = {"full": 0.5 * (matrices + np.swapaxes(matrices, 1, 2)), "diag": values, "spherical": values[:, 0]}
    stack = stacks[{"tied": "full", "tied_diag": "diag", "tied_spherical": "spherical"}.get(structure, structure)]
    return stack[0] if structure.startswith("tied") else stack


def random_case(structure: str, k: int, d: int, rng: np.random.Generator) -> Case:
    covariances = random_covariances(structure, k, d, rng)
    factors = np.linalg.cholesky(structure_named(structure).dense(covariances, k, d))
    means = 2.0 * np.einsum("kij,kj->ki", factors, rng.standard_normal((k, d)))
    mixture = GaussianMixture(rng.dirichlet(np.full(k, 2.0)), means, covariances, structure)
    return Case(mixture, mixture.draw(N_POINTS, rng)[0])


@cache
def cases(structure: str, shape: str = "K=3 D=2") -> tuple[Case, ...]:
    rng = np.random.default_rng(20)
    if shape == "K=8 D=10":
        return tuple(random_case(structure, 8, 10, rng) for _ in range(N_PARAMETERS // 5))
    shapes = [(3, 2) if shape == "K=3 D=2" else tuple(rng.integers(1, 6, 2)) for _ in range(N_PARAMETERS)]
    return tuple(random_case(structure, int(k), int(d), rng) for k, d in shapes)


def inputs(structure: str) -> list:
    ndim = {"full": 3, "tied": 2, "diag": 2, "tied_diag": 1, "spherical": 1, "tied_spherical": 0}[structure]
    return [pt.dmatrix("x"), pt.dvector("w"), pt.dmatrix("m"), pt.tensor("s", dtype="float64", shape=(None,) * ndim)]


def stock_mixture(structure: str, x, w, m, s):
    """log p(x_n) by PyMC's own mixture of multivariate normals, for any K and D."""
    identity, each = pt.eye(m.shape[1]), pt.ones((m.shape[0], 1, 1))
    covariances = {
        "full": lambda: s,
        "tied": lambda: each * s,
        "diag": lambda: identity * s[:, :, None] ** 2,
        "tied_diag": lambda: each * identity * s**2,
        "spherical": lambda: identity * s[:, None, None] ** 2,
        "tied_spherical": lambda: each * identity * s**2,
    }[structure]()
    return pm.logp(pm.Mixture.dist(w=w, comp_dists=pm.MvNormal.dist(mu=m, cov=covariances)), x)


def ours(structure: str, x, w, m, s):
    return log_density(x, w, m, s, structure)


@cache
def value_and_gradient(structure: str, density):
    """(x, w, m, s) -> (log densities, derivatives of their sum by weights, means and spread)."""
    x, *parameters = inputs(structure)
    pointwise = density(structure, x, *parameters)
    return pytensor.function([x, *parameters], [pointwise, *pt.grad(pointwise.sum(), parameters)], mode=PYTHON)


def standardise(x: np.ndarray, mixture: GaussianMixture) -> tuple[np.ndarray, np.ndarray]:
    """(L (K, D, D), z (N, K, D)) with z_nk = L_k^-1 (x_n - mu_k)."""
    factors = np.linalg.cholesky(mixture.dense_covariances)
    return factors, np.einsum("kij,nkj->nki", np.linalg.inv(factors), x[:, None] - mixture.means)


def density_scale(x: np.ndarray, mixture: GaussianMixture) -> np.ndarray:
    """The sum of the absolute terms of each log density (N,), by the components that own the point."""
    factors, z = standardise(x, mixture)
    logs = np.abs(np.log(np.diagonal(factors, axis1=1, axis2=2))).sum(axis=1) - np.log(mixture.weights)
    terms = logs + 0.5 * x.shape[1] * np.log(2.0 * np.pi) + 0.5 * np.square(z).sum(axis=2)
    return (mixture.responsibilities(x) * terms).sum(axis=1)


def over_structure(values: np.ndarray, structure: str) -> np.ndarray:
    """Derivatives by the matrices or variances (K, D, D) of each component as those by what the structure shares."""
    if structure not in DENSE:
        values = np.diagonal(values, axis1=1, axis2=2)
    if structure.endswith("spherical"):
        values = values.sum(axis=1)
    return values.sum(axis=0) if structure.startswith("tied") else values


def block_scales(case: Case, point_weights: np.ndarray) -> list[float]:
    """The largest sum of absolute terms in each block of the gradient, in component units."""
    mixture = case.mixture
    _, z = standardise(case.points, mixture)
    r = mixture.responsibilities(case.points) * np.abs(point_weights)[:, None]
    squares = np.einsum("nk,nki,nkj->kij", r, np.abs(z), np.abs(z)) + np.eye(z.shape[2]) * r.sum(axis=0)[:, None, None]
    spread = over_structure(squares, mixture.structure) * (0.5 if mixture.structure in DENSE else 1.0)
    return [np.abs(point_weights).sum(), np.einsum("nk,nkd->kd", r, np.abs(z)).max(), spread.max()]


def in_component_units(mixture: GaussianMixture, by_weight, by_mean, by_spread) -> list[np.ndarray]:
    """As in the head of this file. Autodiff of a Cholesky factor knows the lower triangle only: it is spread evenly."""
    factors = np.linalg.cholesky(mixture.dense_covariances)
    means = np.einsum("kij,ki->kj", factors, by_mean)
    if mixture.structure not in DENSE:
        return [mixture.weights * by_weight, means, spread_of(mixture) * by_spread]
    root = factors if mixture.structure == "full" else factors[0]
    symmetric = 0.5 * (by_spread + np.swapaxes(by_spread, -1, -2))
    return [mixture.weights * by_weight, means, np.swapaxes(root, -1, -2) @ symmetric @ root]


def assert_close(found, wanted, scale, tolerance: float) -> None:
    np.testing.assert_array_less(np.abs(np.asarray(found) - wanted) / scale, tolerance)


def scipy_log_density(x: np.ndarray, mixture: GaussianMixture) -> np.ndarray:
    return logsumexp(scipy_log_joint(x, mixture), axis=1)


def pymc_log_likelihood(x: np.ndarray, structure: str, mixtures: list[GaussianMixture]) -> np.ndarray:
    """(parameters, points): the parameters as the draws of one chain of our model's posterior."""
    model = build(x, 3, structure=structure)
    variables = {}
    for rv in model.free_RVs:
        draws = np.stack([np.asarray(PARAMETERS[rv.name](mixture)) for mixture in mixtures])
        variables[rv.name] = (("chain", "draw", *model.named_vars_to_dims[rv.name]), draws[None])
    tree = xr.DataTree.from_dict({"posterior": xr.Dataset(variables)})
    pm.compute_log_likelihood(tree, model=model, progressbar=False, compile_kwargs={"mode": PYTHON})
    return tree["log_likelihood"]["x"].values[0]


@pytest.mark.parametrize("structure", STRUCTURE_NAMES)
def test_every_density_is_the_same_at_a_hundred_random_parameters(structure):
    """At points of the mixture itself. At those of the 99 others, where quadratic forms reach 1e9, dense covariances
    get the error that the rounding of their numbers alone explains, condition times epsilon, once for either side.
    """
    mixtures = [case.mixture for case in cases(structure)]
    if not structure.endswith("spherical"):
        assert np.linalg.cond(np.stack([mixture.dense_covariances for mixture in mixtures])).max() > 0.5 * CONDITION
    x = np.concatenate([case.points for case in cases(structure)])
    far = 2.0 * CONDITION * np.finfo(float).eps if structure in DENSE else 1e-10
    variables = inputs(structure)
    stock = pytensor.function(variables, stock_mixture(structure, *variables), mode=PYTHON)
    by_pymc = pymc_log_likelihood(x, structure, mixtures)
    assert by_pymc.shape == (N_PARAMETERS, len(x))
    for i, (case, drawn) in enumerate(zip(cases(structure), by_pymc, strict=True)):
        mixture, own = case.mixture, slice(i * N_POINTS, (i + 1) * N_POINTS)
        wanted, scale = scipy_log_density(x, mixture), density_scale(x, mixture)
        readable = likelihood.log_density(x, mixture.weights, mixture.means, mixture.dense_covariances)
        for found in (mixture.log_density(x), readable, drawn):
            assert_close(found[own], wanted[own], scale[own], 1e-10)
            assert_close(found, wanted, scale, far)
        assert_close(stock(*case.arguments), wanted[own], scale[own], 1e-10)
        assert_close(sklearn_log_density(case.points, mixture), wanted[own], scale[own], 1e-10)


@pytest.mark.parametrize("shape", ["K=3 D=2", "K and D from 1 to 5", "K=8 D=10"])
@pytest.mark.parametrize("structure", STRUCTURE_NAMES)
def test_gradient_equals_autodiff_of_the_stock_mixture(structure, shape):
    one, other = value_and_gradient(structure, ours), value_and_gradient(structure, stock_mixture)
    for case in cases(structure, shape):
        density, *found = one(*case.arguments)
        expected, *wanted = other(*case.arguments)
        assert_close(density, expected, density_scale(case.points, case.mixture), 1e-10)
        blocks = zip(
            in_component_units(case.mixture, *found),
            in_component_units(case.mixture, *wanted),
            block_scales(case, np.ones(N_POINTS)),
            strict=True,
        )
        for by_us, by_autodiff, scale in blocks:
            assert_close(by_us, by_autodiff, scale, 1e-10)


def moved(mixture: GaussianMixture, step: float) -> list[tuple[np.ndarray, np.ndarray, np.ndarray]]:
    """(weights, means, dense covariances) with one coordinate at a time moved by `step` in component units, block by
    block: log pi_k; mu_k along L_k; L_k (I + step E) L_k^T with symmetric E, or log s.
    """
    k, d, structure = mixture.n_components, mixture.n_features, structure_named(mixture.structure)
    weights, means, dense = mixture.weights, mixture.means, mixture.dense_covariances
    factors = np.linalg.cholesky(dense)
    by_weight = [(weights * np.exp(step * unit), means, dense) for unit in np.eye(k)]
    shifts = step * np.eye(k * d).reshape(-1, k, d)
    by_mean = [(weights, means + np.einsum("kij,kj->ki", factors, shift), dense) for shift in shifts]
    if structure.diagonal:
        sds = spread_of(mixture)
        factor = np.exp(step * np.eye(sds.size).reshape(-1, *sds.shape))
        spreads = [structure.dense(np.square(sds * each), k, d) for each in factor]
    else:
        units = np.eye(mixture.covariances.size).reshape(-1, *mixture.covariances.shape)
        changes = 0.5 * step * (units + units.mT)
        spreads = [dense + factors @ structure.dense(change, k, d) @ factors.mT for change in changes]
    return [*by_weight, *by_mean, *((weights, means, spread) for spread in spreads)]


@pytest.mark.parametrize("structure", STRUCTURE_NAMES)
def test_gradient_equals_finite_differences_of_the_readable_formula(structure):
    """Central differences of fourth order along every coordinate: (8 (f(h) - f(-h)) - (f(2h) - f(-2h))) / 12 h."""
    step = 2e-3
    for case in cases(structure):
        gradient = value_and_gradient(structure, ours)(*case.arguments)[1:]
        totals = []
        for multiple in (1, -1, 2, -2):
            states = moved(case.mixture, multiple * step)
            weights, means, dense = (np.stack(arrays) for arrays in zip(*states, strict=True))
            totals.append(likelihood.log_density(case.points, weights, means, dense).sum(axis=-1))
        slopes = (8.0 * (totals[0] - totals[1]) - (totals[2] - totals[3])) / (12.0 * step)
        blocks = in_component_units(case.mixture, *gradient)
        ends = np.cumsum([block.size for block in blocks])
        assert ends[-1] == slopes.size
        wanted = np.split(slopes, ends[:-1])
        for found, slope, scale in zip(blocks, wanted, block_scales(case, np.ones(N_POINTS)), strict=True):
            assert_close(found.ravel(), slope, scale, 1e-6)


@pytest.mark.parametrize("structure", ["full", "diag", "tied_spherical"])
def test_weighted_sums_have_the_gradient_of_autodiff_too(structure):
    """With weights of both signs: the second pass over the data."""
    rng = np.random.default_rng(11)
    x, *parameters = inputs(structure)
    a = pt.dvector("a")
    gradients = [pt.grad((a * f(structure, x, *parameters)).sum(), parameters) for f in (ours, stock_mixture)]
    function = pytensor.function([a, x, *parameters], [*gradients[0], *gradients[1]], mode=PYTHON)
    for case in cases(structure)[:20]:
        point_weights = rng.standard_normal(N_POINTS)
        values = function(point_weights, *case.arguments)
        found, wanted = (in_component_units(case.mixture, *part) for part in (values[:3], values[3:]))
        for one, other, scale in zip(found, wanted, block_scales(case, point_weights), strict=True):
            assert_close(one, other, scale, 1e-10)
