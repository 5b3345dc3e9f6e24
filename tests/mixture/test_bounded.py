"""M steps under an active lower bound of the families that share a part, against an independent optimiser."""

import numpy as np
import pytest
from scipy.linalg import expm
from scipy.optimize import minimize
from support import random_covariances, read_columns

import em
from mixture import GaussianMixture
from mixture.covariance import FAMILIES, STRUCTURES, Freedom, InnerStep, structure_named
from mixture.covariance.bounded import bounded_maximum

PARTLY_SHARED = [family for family in FAMILIES if family not in STRUCTURES]
EACH = pytest.mark.parametrize("family", PARTLY_SHARED, ids=lambda family: family.mclust)


def problem(family, k, d, rng, ranks=None):
    """Counts, scatter and a floor that no unbounded estimate of the family keeps."""
    counts = rng.uniform(5.0, 50.0, k)
    roots = rng.standard_normal((k, d, d + 2 if ranks is None else ranks)) * np.exp(rng.standard_normal((k, 1, 1)))
    scatter = counts[:, None, None] * roots @ np.swapaxes(roots, 1, 2)
    root = rng.standard_normal((d, d))
    floor = root @ root.T + 0.3 * np.eye(d)
    if family.diagonal:
        scatter, floor = np.diagonal(scatter, axis1=1, axis2=2).copy(), np.diag(np.diagonal(floor))
    if ranks is None:  # else singular scatter violates any
        free = family.estimate(counts, scatter)
        floor *= 2.0 * family.margins(free, floor).min()
    return counts, scatter, floor


class Around:
    """Members of a family near one of them: log variances and angles of turns expm(X), with their constraints."""

    def __init__(self, family, dense):
        self.k, self.d = dense.shape[:2]
        self.freedoms = family.freedoms
        if self.freedoms.orientation is Freedom.IDENTITY:
            axes = np.broadcast_to(np.eye(self.d), dense.shape)
        elif self.freedoms.orientation is Freedom.EQUAL:
            unit = dense / np.trace(dense, axis1=1, axis2=2)[:, None, None]
            axes = np.broadcast_to(
                np.linalg.eigh(np.tensordot(np.sqrt(2.0 + np.arange(self.k)), unit, 1))[1], dense.shape
            )
        else:
            axes = np.linalg.eigh(dense)[1]
        self.axes = axes
        self.logs = np.log(np.einsum("kji,kjl,kli->ki", axes, dense, axes))
        self.pairs = np.tril_indices(self.d, -1)
        groups = [len(f.groups(self.k)) for f in (self.freedoms.volume, self.freedoms.shape, self.freedoms.orientation)]
        self.sizes = np.array([1, self.d - 1, len(self.pairs[0])]) * groups

    def __call__(self, theta):
        volume, shape, angle = np.split(theta, np.cumsum(self.sizes)[:-1])
        logs = self.logs + self.freedoms.volume.groups(self.k).T @ volume.reshape(-1, 1)
        free = self.freedoms.shape.groups(self.k).T @ shape.reshape(-1, self.d - 1)
        logs[:, :-1] += free
        logs[:, -1] -= free.sum(axis=1)
        turn = np.zeros((self.k, self.d, self.d))
        turn[:, *self.pairs] = self.freedoms.orientation.groups(self.k).T @ angle.reshape(-1, len(self.pairs[0]))
        axes = self.axes @ expm(turn - np.swapaxes(turn, 1, 2))
        return np.einsum("kij,kj,klj->kil", axes, np.exp(logs), axes)


def objective(counts, scatter, dense):
    """-1/2 sum_k [N_k log|Sigma_k| + tr(Sigma_k^-1 W_k)], by its formula."""
    whole = scatter if scatter.ndim == 3 else scatter[:, :, None] * np.eye(scatter.shape[1])
    traces = np.trace(np.linalg.solve(dense, whole), axis1=1, axis2=2)
    return -0.5 * float(counts @ np.linalg.slogdet(dense)[1] + traces.sum())


def ratios(dense, floor):
    """Eigenvalues of all covariances in the metric of the floor."""
    whitener = np.linalg.inv(np.linalg.cholesky(floor))
    return np.linalg.eigvalsh(whitener @ dense @ whitener.T).ravel()


def best_near(loss, bound, start, box):
    """The least loss SLSQP finds with bound >= 0, theta within `box` of zero; infinite if it ends below the bound."""
    found = minimize(
        loss,
        start,
        method="SLSQP",
        bounds=[(-box, box)] * start.size,
        constraints=[{"type": "ineq", "fun": bound}],
        options={"maxiter": 100, "ftol": 1e-10},
    )
    return found.fun if bound(found.x).min() >= -1e-9 else np.inf


@EACH
@pytest.mark.parametrize(("k", "d", "ranks"), [(3, 2, None), (2, 3, None), (2, 2, 1)])
def test_no_numerical_optimiser_finds_a_better_m_step_nearby(family, k, d, ranks):
    rng = np.random.default_rng(1000 * k + d)
    counts, scatter, floor = problem(family, k, d, rng, ranks)
    estimate = family.estimate(counts, scatter, floor)
    assert (family.margins(estimate, floor) >= 1.0 - 1e-12).all()
    assert (family.margins(estimate, floor) <= 1.0 + 1e-6).any()
    dense = family.dense(estimate, k, d)
    around = Around(family, dense)
    size = around.sizes.sum()
    np.testing.assert_allclose(around(np.zeros(size)), dense, rtol=1e-7, atol=1e-9)
    reached = objective(counts, scatter, dense)
    for spread in (0.0, 0.02):
        least = best_near(
            lambda theta: -objective(counts, scatter, around(theta)),
            lambda theta: ratios(around(theta), floor) - 1.0,
            spread * rng.standard_normal(size),
            box=0.05,
        )
        assert reached >= -least - 1e-6 * counts.sum()


@pytest.mark.parametrize("mclust", ["VEI", "EVI"])
@pytest.mark.parametrize("seed", range(4))
def test_of_diagonal_families_it_is_the_only_maximum(mclust, seed):
    """In log variances the problem is convex, so that SLSQP finds it from anywhere."""
    family, rng = structure_named(mclust), np.random.default_rng(seed)
    counts, scatter, floor = problem(family, 3, 3, rng)
    around = Around(family, family.dense(random_covariances(family.name, 3, 3, rng), 3, 3))
    least = best_near(
        lambda theta: -objective(counts, scatter, around(theta)),
        lambda theta: np.log(np.diagonal(around(theta), axis1=1, axis2=2) / np.diagonal(floor)).ravel(),
        np.zeros(around.sizes.sum()),
        box=20.0,
    )
    estimate = family.estimate(counts, scatter, floor)
    assert objective(counts, scatter, family.dense(estimate, 3, 3)) == pytest.approx(-least, abs=1e-6 * counts.sum())


@EACH
@pytest.mark.parametrize("inner", InnerStep)
def test_the_estimate_is_kept_once_reached_whatever_the_units(family, inner):
    rng = np.random.default_rng(3)
    k, d = 3, 3
    counts, scatter, floor = problem(family, k, d, rng)
    for scale in (1e-6, 1.0, 1e6):
        first = family.estimate(counts, scale * scatter, scale * floor)
        again = family.estimate(counts, scale * scatter, scale * floor, current=first, inner=inner)
        value = family.expected_log_likelihood(counts, scale * scatter, first)
        risen = family.expected_log_likelihood(counts, scale * scatter, again)
        assert value <= risen <= value + 1e-8 * counts.sum()


@EACH
def test_a_start_is_never_left_for_worse(family):
    rng = np.random.default_rng(4)
    k, d = 3, 3
    for ranks in (None, 1):
        counts, scatter, floor = problem(family, k, d, rng, ranks)
        for _ in range(5):
            start = random_covariances(family.name, k, d, rng)
            start = start * 1.01 / family.margins(start, floor).min()
            end = bounded_maximum(family, counts, scatter, floor, start)
            assert (family.margins(end, floor) >= 1.0 - 1e-12).all()
            value = family.expected_log_likelihood(counts, scatter, start)
            assert family.expected_log_likelihood(counts, scatter, end) >= value


@EACH
@pytest.mark.slow
def test_em_under_a_floor_converges_where_no_neighbour_is_better(family):
    """Old Faithful in standard units, three components, the floor active; log-likelihood over all parameters."""
    x = read_columns("faithful")
    x = (x - x.mean(axis=0)) / x.std(axis=0)
    k, d, floor = 3, 2, 0.1
    start = em.kmeans_plus_plus(x, k, structure=family.name, rng=np.random.default_rng(2), floor=floor)
    fit = em.fit(x, start, floor=floor)
    assert fit.status is em.Status.CONVERGED
    lower = floor * np.cov(x.T, bias=True)
    if family.diagonal:
        lower = np.diag(np.diagonal(lower))
    assert ratios(fit.mixture.dense_covariances, lower).min() < 1.0 + 1e-6
    around = Around(family, fit.mixture.dense_covariances)

    def moved(theta):
        logs, means, rest = np.split(theta, [k, k + k * d])
        weights = fit.mixture.weights * np.exp(logs)
        return weights / weights.sum(), fit.mixture.means + means.reshape(k, d), around(rest)

    for box in (1e-3, 1e-2):
        least = best_near(
            lambda theta: -GaussianMixture(*moved(theta), "full").log_likelihood(x),
            lambda theta: ratios(moved(theta)[2], lower) - 1.0,
            np.zeros(k + k * d + around.sizes.sum()),
            box=box,
        )
        assert -least <= fit.value + 1e-4
