"""The compiled pass against dense densities written out in numpy and scipy."""

import hashlib
import math
from pathlib import Path

import numpy as np
import pytest
from scipy.linalg import solve_triangular
from scipy.special import logsumexp

from mixture import kernels
from mixture.arrays import FloatArray

NOTHING = np.empty(0)
SHAPES = [
    (n_features, n_components, n_samples)
    for n_features in (1, 2, 3, 5, 10, 17, 32)
    for n_components in (1, 2, 5)
    for n_samples in (1, 7, 255, 256, 257, 1000)
]
STRUCTURES = ("dense", "diagonal")


type Statistics = tuple[float, FloatArray, FloatArray, FloatArray]


class Problem:
    """A random mixture with its points, the arguments of the kernel and the oracle's answers."""

    def __init__(self, structure: str, n_features: int, n_components: int, n_samples: int, offset: float = 0.0):
        rng = np.random.default_rng([n_features, n_components, n_samples])
        self.structure = structure
        self.weights = rng.dirichlet(np.full(n_components, 5.0))
        self.means = offset + 2.0 * rng.normal(size=(n_components, n_features))
        self.cholesky = np.tril(0.3 * rng.normal(size=(n_components, n_features, n_features)), -1)
        self.cholesky += np.exp(0.3 * rng.normal(size=(n_components, n_features)))[:, :, None] * np.eye(n_features)
        if structure == "diagonal":
            self.cholesky = self.cholesky * np.eye(n_features)
        component = rng.integers(n_components, size=n_samples)
        noise = rng.normal(size=(n_samples, n_features))
        self.x = self.means[component] + np.einsum("nde,ne->nd", self.cholesky[component], noise)

    @property
    def constants(self) -> FloatArray:
        n_features = self.x.shape[1]
        log_determinants = np.log(np.einsum("kdd->kd", self.cholesky)).sum(axis=1)
        with np.errstate(divide="ignore"):
            return np.log(self.weights) - 0.5 * n_features * math.log(2.0 * math.pi) - log_determinants

    @property
    def factors(self) -> FloatArray:
        identity = np.eye(self.x.shape[1])
        dense = np.stack([solve_triangular(factor, identity, lower=True) for factor in self.cholesky])
        return np.ascontiguousarray(dense if self.structure == "dense" else np.einsum("kdd->kd", dense))

    def log_joint(self) -> FloatArray:
        """log pi_k + log N(x_n | mu_k, L_k L_k^T), one triangular solve for each component."""
        columns = []
        for constant, mean, factor in zip(self.constants, self.means, self.cholesky, strict=True):
            z = solve_triangular(factor, (self.x - mean).T, lower=True)
            columns.append(constant - 0.5 * np.sum(z * z, axis=0))
        return np.stack(columns, axis=1)

    def log_density_oracle(self) -> FloatArray:
        answer: FloatArray = logsumexp(self.log_joint(), axis=1)
        return answer

    def expected(self, point_weights: FloatArray) -> tuple[Statistics, Statistics]:
        """The statistics, and the same sums over absolute terms: what rounding errors are relative to."""
        joint = self.log_joint()
        log_density = logsumexp(joint, axis=1)
        r = np.exp(joint - log_density[:, None])
        both = []
        for weights, size in ((point_weights, np.asarray), (np.abs(point_weights), np.abs)):
            first, second = [], []
            for k, mean in enumerate(self.means):
                deviations = size(self.x - mean)
                weighted = (weights * r[:, k])[:, None] * deviations
                first.append(weighted.sum(axis=0))
                second.append(weighted.T @ deviations)
            if self.structure == "diagonal":
                second = [np.diag(matrix) for matrix in second]
            both.append((weights @ size(log_density), weights @ r, np.stack(first), np.stack(second)))
        return both[0], both[1]

    def statistics(self, point_weights: FloatArray = NOTHING, log_density: FloatArray = NOTHING) -> Statistics:
        compiled = kernels.dense_statistics if self.structure == "dense" else kernels.diagonal_statistics
        answer: Statistics = compiled(self.x, point_weights, self.constants, self.means, self.factors, log_density)
        return answer

    def log_density(self) -> FloatArray:
        compiled = kernels.dense_log_density if self.structure == "dense" else kernels.diagonal_log_density
        out = np.empty(self.x.shape[0])
        compiled(self.x, self.constants, self.means, self.factors, out)
        return out


def assert_close(problem: Problem, point_weights: FloatArray, answer: Statistics) -> None:
    expected, scales = problem.expected(point_weights)
    assert abs(answer[0] - expected[0]) <= 1e-13 * scales[0]
    for got, wanted, scale in zip(answer[1:], expected[1:], scales[1:], strict=True):
        assert got.shape == wanted.shape
        # a tiny responsibility is the exponential of a large number: its error is relative to the largest ones
        assert np.all(np.abs(got - wanted) <= 1e-12 * scale + 1e-14 * np.abs(scale).max())


@pytest.mark.parametrize("structure", STRUCTURES)
def test_statistics_agree_with_the_oracle(structure: str) -> None:
    for shape in SHAPES:
        problem = Problem(structure, *shape)
        n_samples = shape[2]
        log_density = np.full(n_samples, np.nan)
        answer = problem.statistics(log_density=log_density)
        assert_close(problem, np.ones(n_samples), answer)
        np.testing.assert_allclose(log_density, problem.log_density_oracle(), rtol=1e-13, atol=1e-13)
        # Two compilations of one routine: fused multiply-adds may fall differently, which moves the last bit or two.
        np.testing.assert_allclose(problem.log_density(), log_density, rtol=1e-15, atol=1e-15)


@pytest.mark.parametrize("structure", STRUCTURES)
@pytest.mark.parametrize("shape", [(1, 2, 300), (2, 3, 257), (5, 5, 1000), (17, 2, 100)])
@pytest.mark.parametrize("kind", ["positive", "negative", "mixed", "zeros"])
def test_point_weights(structure: str, shape: tuple[int, int, int], kind: str) -> None:
    problem = Problem(structure, *shape)
    weights = np.random.default_rng(1).gamma(2.0, size=shape[2])
    if kind == "negative":
        weights = -weights
    elif kind == "mixed":
        weights = weights - 2.0
        weights[::3] = 0.0
    elif kind == "zeros":
        weights = np.zeros_like(weights)
    answer = problem.statistics(weights)
    assert_close(problem, weights, answer)
    if kind == "zeros":
        assert answer[0] == 0.0
        assert not any(np.any(part) for part in answer[1:])


@pytest.mark.parametrize("structure", STRUCTURES)
def test_second_statistic_is_symmetric_and_additive_over_chunks(structure: str) -> None:
    problem = Problem(structure, 5, 3, 1000)
    whole = problem.statistics()
    x = problem.x
    parts = []
    for chunk in (x[:10], x[10:300], x[300:301], x[301:]):
        problem.x = np.ascontiguousarray(chunk)
        parts.append(problem.statistics())
    for position in range(4):
        np.testing.assert_allclose(sum(part[position] for part in parts), whole[position], rtol=1e-13, atol=1e-11)
    if structure == "dense":
        np.testing.assert_array_equal(whole[3], whole[3].transpose(0, 2, 1))


@pytest.mark.parametrize("structure", STRUCTURES)
def test_empty_component_takes_nothing(structure: str) -> None:
    problem = Problem(structure, 3, 3, 400)
    problem.weights = np.array([0.4, 0.0, 0.6])
    value, counts, first, second = problem.statistics()
    assert counts[1] == 0.0
    assert not np.any(first[1])
    assert not np.any(second[1])
    np.testing.assert_allclose(counts.sum(), 400.0, rtol=1e-13)
    np.testing.assert_allclose(value, problem.log_density_oracle().sum(), rtol=1e-13)


@pytest.mark.parametrize("structure", STRUCTURES)
def test_all_components_empty(structure: str) -> None:
    problem = Problem(structure, 2, 2, 300)
    problem.weights = np.zeros(2)
    value, *sums = problem.statistics()
    assert value == -np.inf
    assert not any(np.any(part) for part in sums)
    assert np.all(problem.log_density() == -np.inf)
    value, *sums = problem.statistics(np.zeros(300))
    assert value == 0.0
    assert not any(np.any(part) for part in sums)


@pytest.mark.parametrize("structure", STRUCTURES)
def test_no_points(structure: str) -> None:
    problem = Problem(structure, 2, 2, 5)
    problem.x = np.empty((0, 2))
    value, counts, first, second = problem.statistics()
    assert value == 0.0
    assert not np.any(counts)
    assert not np.any(first)
    assert not np.any(second)


@pytest.mark.parametrize("structure", STRUCTURES)
@pytest.mark.parametrize("distance", [1e3, 1e6])
def test_far_outliers(structure: str, distance: float) -> None:
    problem = Problem(structure, 2, 3, 50)
    problem.x[::7] += distance
    log_density = np.empty(50)
    answer = problem.statistics(log_density=log_density)
    joint = problem.log_joint()
    np.testing.assert_allclose(log_density, logsumexp(joint, axis=1), rtol=1e-13)
    np.testing.assert_allclose(answer[0], logsumexp(joint, axis=1).sum(), rtol=1e-13)
    np.testing.assert_allclose(answer[1].sum(), 50.0, rtol=1e-13)
    far = np.argmax(joint[::7], axis=1)  # so far out each point belongs to one component alone
    problem.x = np.ascontiguousarray(problem.x[::7])
    np.testing.assert_allclose(problem.statistics()[1], np.bincount(far, minlength=3), rtol=0.0, atol=1e-12)


@pytest.mark.parametrize("structure", STRUCTURES)
def test_data_far_from_the_origin(structure: str) -> None:
    """Unit noise at 1e9: deviations are exact, so everything is, though (x - mu)^2 is 1e-18 of x^2."""
    problem = Problem(structure, 3, 2, 500, offset=1e9)
    assert_close(problem, np.ones(500), problem.statistics())


@pytest.mark.parametrize("structure", STRUCTURES)
def test_long_sums_do_not_drift(structure: str) -> None:
    """Ten million times one point is ten million times what one point gives."""
    n_samples = 10_000_000
    problem = Problem(structure, 1, 2, 1)
    problem.means = problem.x + np.array([[0.3], [-0.7]])
    once = problem.statistics()
    problem.x = np.full((n_samples, 1), problem.x[0, 0])
    for total, single in zip(problem.statistics(), once, strict=True):
        np.testing.assert_allclose(total, n_samples * single, rtol=1e-15)


def test_exponential_over_its_whole_range() -> None:
    rng = np.random.default_rng(0)
    small = -np.exp(rng.uniform(-40.0, 6.0, 10_000))
    x = np.concatenate([np.linspace(-708.0, 709.0, 20_001), rng.uniform(-1.0, 1.0, 10_000), small])
    exact = np.array([math.exp(value) for value in x])
    got = np.array([kernels.exponential(value) for value in x])
    assert np.abs((got - exact) / np.spacing(exact)).max() <= 1.0
    assert kernels.exponential(0.0) == 1.0


@pytest.mark.parametrize("x", [-708.1, -745.0, -1e4, -1e18, -1e300, -np.inf])
def test_exponential_underflows_to_exactly_zero(x: float) -> None:
    assert kernels.exponential(x) == 0.0


def test_logarithm() -> None:
    rng = np.random.default_rng(0)
    x = np.concatenate([np.linspace(1.0, 40.0, 20_001), np.exp(rng.uniform(-700, 700, 10_000)), [2.0**0.5, 0.5**0.5]])
    exact = np.array([math.log(value) for value in x])
    got = np.array([kernels.logarithm(value) for value in x])
    assert np.abs((got - exact) / np.spacing(np.abs(exact))).max() <= 1.0
    assert kernels.logarithm(0.0) == -np.inf


def test_reciprocal() -> None:
    x = np.exp(np.random.default_rng(0).uniform(-80.0, 80.0, 10_000))
    got = np.array([kernels.reciprocal(value) for value in x])
    assert np.abs((got - 1.0 / x) / np.spacing(1.0 / x)).max() <= 1.0


@pytest.mark.parametrize("structure", STRUCTURES)
@pytest.mark.parametrize("n_components", [2, 3, 4])
def test_no_component_reaches_a_point(structure: str, n_components: int) -> None:
    """Density zero at one point of many: log-likelihood -inf, and the sums are those of the other points."""
    problem = Problem(structure, 2, n_components, 300)
    without = problem.statistics()
    others = problem.x
    problem.x = np.concatenate([others[:100], np.full((1, 2), 1e200), others[100:]])
    value, *sums = problem.statistics()
    assert value == -np.inf
    for got, wanted in zip(sums, without[1:], strict=True):
        np.testing.assert_allclose(got, wanted, rtol=1e-12, atol=1e-11)
    assert np.flatnonzero(problem.log_density() == -np.inf).tolist() == [100]


@pytest.mark.parametrize("structure", STRUCTURES)
def test_many_components_share_points(structure: str) -> None:
    """A thousand equal components: products of their sums stay within range, and each takes its share."""
    problem = Problem(structure, 1, 1, 500)
    single = problem.statistics()
    n_components = 1000
    problem.means = np.repeat(problem.means, n_components, axis=0)
    problem.cholesky = np.repeat(problem.cholesky, n_components, axis=0)
    problem.weights = np.full(n_components, 1.0 / n_components)
    value, counts, first, second = problem.statistics()
    np.testing.assert_allclose(value, single[0], rtol=1e-13)
    np.testing.assert_allclose(counts, 0.5, rtol=1e-12)
    np.testing.assert_allclose(first.sum(axis=0), single[2][0], rtol=1e-11, atol=1e-11)
    np.testing.assert_allclose(second.sum(axis=0), single[3][0], rtol=1e-11)


def test_kernels_name_the_sources_they_are_made_of() -> None:
    """Numba compiles a file anew only when that file changes, and knows nothing of the files it calls."""
    for name, digest in kernels.MADE_OF.items():
        source = Path(kernels.__file__).with_name(name).read_bytes()
        assert hashlib.sha256(source).hexdigest() == digest, f"{name} changed: write its new digest into MADE_OF"


def test_source_digest_is_a_sha256_in_hexadecimal() -> None:
    assert len(bytes.fromhex(kernels.SOURCE_DIGEST)) == 32
