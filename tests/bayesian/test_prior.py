"""Priors: validation, exact densities with their Jacobians against scipy, random draws, and propriety."""

import numpy as np
import pytensor
import pytensor.tensor as pt
import pytest
from scipy import stats
from support import STRUCTURE_NAMES, read_columns

from bayesian.model import build
from bayesian.ops import coordinates, coordinates_bounded, correlations, covariances, densities, densities_matrices
from bayesian.priors import random_draws
from bayesian.priors.flats import collinear_points, parallel_lines
from bayesian.priors.pieces import LKJ, HalfNormal, InverseGamma, InverseWishart, LogNormal, Normal
from bayesian.priors.prior import Prior
from bayesian.priors.propriety import ImproperPosterior
from bayesian.variables import SCALE_DENSITIES

PYTHON = "FAST_COMPILE"
RNG = np.random.default_rng(29)


def evaluate(node, *arrays):
    """Value and gradient of a Field, its value at a first argument."""
    value, gradient = node.make_node(*[pt.constant(np.asarray(array)) for array in arrays]).outputs
    return pytensor.function([], [value, gradient], mode=PYTHON)()


def slope(function, point, step=1e-6):
    """Gradient by central differences."""
    result = np.zeros(point.shape)
    for index in np.ndindex(*point.shape):
        moved = np.zeros(point.shape)
        moved[index] = step
        result[index] = (function(point + moved) - function(point - moved)) / (2.0 * step)
    return result


SCALES = {
    ("LogNormal", 1): lambda s, a, b: stats.lognorm(b, scale=np.exp(a)).logpdf(s),
    ("LogNormal", 2): lambda s, a, b: stats.lognorm(b, scale=np.exp(a)).logpdf(s**2) + np.log(2 * s),
    ("HalfNormal", 1): lambda s, a, _: stats.halfnorm(scale=a).logpdf(s),
    ("HalfNormal", 2): lambda s, a, _: stats.halfnorm(scale=a).logpdf(s**2) + np.log(2 * s),
    ("InverseGamma", 1): lambda s, a, b: stats.invgamma(a, scale=b).logpdf(s),
    ("InverseGamma", 2): lambda s, a, b: stats.invgamma(a, scale=b).logpdf(s**2) + np.log(2 * s),
}


@pytest.mark.parametrize(("family", "power"), SCALES)
def test_scale_densities_with_jacobian(family, power):
    node = SCALE_DENSITIES[family]
    s, a, b = (RNG.uniform(0.3, 2.5, (3, 2)) for _ in range(3))
    value, gradient = evaluate(node, s, a, b, np.array([power], dtype=np.int64))
    oracle = SCALES[family, power]
    assert value == pytest.approx(oracle(s, a, b).sum(), rel=1e-12)
    np.testing.assert_allclose(gradient, slope(lambda t: oracle(t, a, b).sum(), s), rtol=1e-6, atol=1e-6)


def test_weights_and_means_densities():
    w, a = RNG.dirichlet(np.ones(4)), RNG.uniform(0.5, 5.0, 4)
    value, gradient = evaluate(densities.dirichlet, w, a)
    assert value == pytest.approx(stats.dirichlet(a).logpdf(w), rel=1e-12)
    np.testing.assert_allclose(gradient, (a - 1) / w)
    m, location, sd = RNG.normal(size=(3, 2)), RNG.normal(size=(3, 2)), RNG.uniform(0.5, 2.0, (3, 2))
    value, gradient = evaluate(densities.normal, m, location, sd)
    assert value == pytest.approx(stats.norm(location, sd).logpdf(m).sum(), rel=1e-12)
    np.testing.assert_allclose(gradient, -(m - location) / sd**2)


@pytest.mark.parametrize("d", [1, 2, 4])
def test_inverse_wishart_density(d):
    psi = np.stack([np.cov(RNG.normal(size=(d, 20))).reshape(d, d) for _ in range(3)])
    dof = np.array([d + 0.5, d + 2.0, d + 7.0])
    sigma = np.stack([stats.invwishart(d + 3, psi[0]).rvs(random_state=RNG).reshape(d, d) for _ in range(3)])
    value, gradient = evaluate(densities_matrices.inverse_wishart, sigma, dof, psi)
    expected = sum(stats.invwishart(n, p).logpdf(c) for n, p, c in zip(dof, psi, sigma, strict=True))
    assert value == pytest.approx(expected, rel=1e-11)
    direction = RNG.normal(size=sigma.shape)
    direction += np.swapaxes(direction, 1, 2)
    step = 1e-7 * np.abs(sigma).min()
    ahead, behind = (
        evaluate(densities_matrices.inverse_wishart, sigma + t * direction, dof, psi)[0] for t in (step, -step)
    )
    assert (direction * gradient).sum() == pytest.approx((ahead - behind) / (2 * step), rel=1e-5)


def test_lkj_density_in_two_features_is_a_beta():
    eta, r = np.array([0.7, 4.0]), np.array([0.3, -0.8])
    matrices = np.array([[[1.0, t], [t, 1.0]] for t in r])
    value, _ = evaluate(densities_matrices.lkj, matrices, eta)
    expected = stats.beta(eta, eta).logpdf((r + 1) / 2) - np.log(2)
    assert value == pytest.approx(expected.sum(), rel=1e-12)


def test_lkj_density_integrates_to_one_in_three_features():
    """By quadrature over partial correlations on a grid, with the Jacobian of the coordinates."""
    grid = np.linspace(-6.0, 6.0, 25)
    y = np.stack(np.meshgrid(grid, grid, grid), axis=-1).reshape(-1, 3)
    eye = np.broadcast_to(np.eye(3), (len(y), 3, 3)).copy()
    eta = np.full(len(y), 1.7)
    matrices = correlations.correlation_backward(y, eta, eye)
    total = 0.0
    for i in range(len(y)):
        density = densities_matrices.lkj_density(matrices[i : i + 1], eta[:1])[0]
        total += np.exp(density + correlations.correlation_jacobian(y[i : i + 1], eta[:1], eye[:1])[0])
    assert total * (grid[1] - grid[0]) ** 3 == pytest.approx(1.0, abs=1e-3)


def lower(matrices, diagonal):
    return matrices[..., *np.tril_indices(matrices.shape[-1], 0 if diagonal else -1)].ravel()


def transforms():
    location, sd = RNG.normal(size=(3, 2)), RNG.uniform(0.5, 2.0, (3, 2))
    psi = np.stack([np.cov(RNG.normal(size=(3, 9))) for _ in range(2)])
    eye = np.broadcast_to(np.eye(4), (2, 4, 4)).copy()
    t, c, v, b = coordinates, correlations, covariances, coordinates_bounded
    keep = np.ravel
    low, high = (
        np.array([[-1.0, -np.inf], [0.5, 0.0], [-np.inf, 1.0]]),
        np.array([[4.0, np.inf], [np.inf, 9.0], [0.0, 2.0]]),
    )
    first, second = np.array([1]), np.array([2])
    interval = (np.full((3, 2), -1.0), np.full((3, 2), 4.0), first)
    return {
        "weights": (t.weights_from, t.weights_to, t.weights_jacobian, RNG.normal(size=4), (), lambda w: w[:-1]),
        "means": (t.means_from, t.means_to, t.means_jacobian, RNG.normal(size=(3, 2)), (location, sd), keep),
        "ordered": (
            t.ordered_from,
            t.ordered_to,
            t.ordered_means_jacobian,
            RNG.normal(size=(3, 2)),
            (location, sd),
            keep,
        ),
        "bounded": (
            b.bounded_from,
            b.bounded_to,
            b.bounded_jacobian,
            RNG.normal(size=(3, 2)),
            (low, high, first),
            keep,
        ),
        "bounded variances": (
            b.bounded_from,
            b.bounded_to,
            b.bounded_jacobian,
            RNG.normal(size=3),
            (np.array([0.0, 0.3, 0.0]), np.array([4.0, 2.0, np.inf]), second),
            keep,
        ),
        "ordered and bounded": (
            b.ordered_from,
            b.ordered_to,
            b.ordered_jacobian,
            RNG.normal(size=(3, 2)),
            interval,
            keep,
        ),
        "scales": (t.scales_from, t.scales_to, t.scales_jacobian, RNG.normal(size=(3, 2)), (), keep),
        "covariances": (
            v.covariances_from,
            v.covariances_to,
            v.covariances_jacobian,
            RNG.normal(size=(2, 6)),
            (psi,),
            lambda m: lower(m, True),
        ),
        "correlations": (
            c.correlations_from,
            c.correlations_to,
            c.correlations_jacobian,
            0.7 * RNG.normal(size=(2, 6)),
            (np.ones(2), eye),
            lambda m: lower(m, False),
        ),
    }


@pytest.mark.parametrize("name", transforms())
def test_transforms_invert_and_have_the_right_jacobian(name):
    backward, forward, jacobian, y, others, free = transforms()[name]
    value = pt.constant(y)
    constants = [pt.constant(other) for other in others]
    parameter = backward(value, *constants)
    cotangent = RNG.normal(size=parameter.eval(mode=PYTHON).shape)
    log_det, log_det_slope = jacobian.make_node(value, *constants).outputs
    (gradient,) = pt.grad((parameter * cotangent).sum(), [value])
    found, back, log_det, log_det_slope, gradient = pytensor.function(
        [], [parameter, forward(parameter, *constants), log_det, log_det_slope, gradient], mode=PYTHON
    )()
    np.testing.assert_allclose(back, y, rtol=1e-9, atol=1e-12)

    def at(z):
        return backward.kernel(z, *others)

    matrix = np.stack([free(at(y + e) - at(y - e)) / 2e-6 for e in steps(y)], axis=1)
    assert log_det == pytest.approx(np.linalg.slogdet(matrix)[1], abs=1e-6)
    np.testing.assert_allclose(gradient, slope(lambda z: (at(z) * cotangent).sum(), y), rtol=1e-6, atol=1e-6)
    np.testing.assert_allclose(log_det_slope, slope(lambda z: float(jacobian.kernel(z, *others)[0]), y), atol=1e-6)
    assert found.shape == cotangent.shape


def steps(y):
    for index in np.ndindex(*y.shape):
        step = np.zeros(y.shape)
        step[index] = 1e-6
        yield step


def test_hyperparameters_are_checked():
    with pytest.raises(ValueError, match="sd of a normal prior must be positive"):
        Normal(0.0, [1.0, -1.0])
    with pytest.raises(ValueError, match="must be finite"):
        InverseGamma(np.nan, 1.0)
    with pytest.raises(ValueError, match="'sd' or 'variance'"):
        HalfNormal(1.0, on="precision")
    with pytest.raises(ValueError, match="a number or an array"):
        LKJ("two")
    with pytest.raises(ValueError, match="symmetric positive definite"):
        InverseWishart(4.0, [[1.0, 2.0], [2.0, 1.0]])
    with pytest.raises(ValueError, match="not both"):
        Prior(Normal(0, 1), scales=HalfNormal(1.0), covariances=InverseWishart(4.0, np.eye(2)))
    with pytest.raises(ValueError, match="does not broadcast"):
        Prior(Normal([0, 1, 2], 1), scales=HalfNormal(1.0), correlations=LKJ(1.0)).arrays(2, 2, "full")
    with pytest.raises(ValueError, match="must exceed 2"):
        Prior(Normal(0, 1), covariances=InverseWishart(1.5, np.eye(3))).arrays(2, 3, "full")
    with pytest.raises(ValueError, match="needs a prior of `correlations`"):
        Prior(Normal(0, 1), scales=HalfNormal(1.0)).arrays(2, 2, "full")
    with pytest.raises(ValueError, match="has no correlations"):
        Prior(Normal(0, 1), scales=HalfNormal(1.0), correlations=LKJ(2.0)).arrays(2, 2, "diag")
    with pytest.raises(ValueError, match="is constant"):
        Prior.weakly_informative(np.ones((5, 2)), 2)


def test_published_priors_can_be_written_and_read():
    chib = Prior(Normal(20.0, 10.0), scales=InverseGamma(3.0, 20.0, on="variance"))
    assert str(chib).splitlines() == [
        "weights: π ~ Dirichlet(1)",
        "means: μ ~ Normal(location = 20, sd = 10)",
        "scales: σ² ~ InverseGamma(shape = 3, scale = 20)",
    ]
    assert "ν = 4" in str(Prior.weakly_informative(read_columns("faithful"), 2))
    asymmetric = Prior(
        Normal([[0.0], [5.0]], 1.0), concentration=[1.0, 3.0], scales=HalfNormal(2.0), correlations=LKJ([1, 2])
    )
    arrays = asymmetric.arrays(2, 2, "full")
    np.testing.assert_array_equal(arrays["prior_means_location"], [[0.0, 0.0], [5.0, 5.0]])
    np.testing.assert_array_equal(arrays["prior_correlations_eta"], [1.0, 2.0])


def test_collinear_points_are_counted():
    assert collinear_points(read_columns("faithful")) == 8
    planted = np.concatenate([RNG.normal(size=(50, 2)), np.outer(np.linspace(0.1, 1.7, 9), [0.1, 0.3]) + 1e3])
    assert collinear_points(np.concatenate([planted, planted[-1:]])) == 10
    assert collinear_points(np.stack([np.arange(5.0), np.zeros(5)], axis=1)) == 1  # along an axis


def test_parallel_lines_are_found():
    first = np.outer(np.arange(5.0), [1.0, 2.0])
    assert parallel_lines(np.concatenate([first, first + [0.0, 1.0]]), 2) == 2
    assert parallel_lines(np.concatenate([first, first + [0.0, 1.0]]), 1) is None


def test_improper_posteriors_are_refused():
    x = read_columns("faithful")
    means = Normal(x.mean(axis=0), x.std(axis=0))
    log_normal, half = LogNormal(np.log(x.std(axis=0)), 1.0), HalfNormal(x.std(axis=0))
    with pytest.raises(ImproperPosterior, match="only for eta > 3"):
        Prior(means, scales=log_normal, correlations=LKJ(3.0)).check(x, 2, "full")
    Prior(means, scales=log_normal, correlations=LKJ(3.01)).check(x, 2, "full")
    Prior(means, scales=log_normal, correlations=LKJ(1.0)).check(x, 2, "tied")
    with pytest.raises(ImproperPosterior, match="equal observations"):
        Prior(means, scales=half).check(x, 2, "diag")
    Prior(means, scales=half).check(x, 2, "tied_diag")
    with pytest.raises(ImproperPosterior, match="distinct values"):
        Prior(means, scales=half).check(np.repeat(np.eye(2), 3, axis=0), 2, "tied_diag")
    with pytest.raises(ImproperPosterior, match="improper"):
        build(x, 2, structure="diag", prior=Prior(means, scales=half))
    build(x, 2, structure="diag", prior=Prior(means, scales=half), allow_improper=True)
    spaced = np.arange(10.0)[:, None]
    Prior(Normal(0.0, 9.0), scales=HalfNormal(3.0)).check(spaced, 2, "full")  # no ties: proper
    one_line = np.stack([np.arange(9.0), 2.0 * np.arange(9.0)], axis=1)
    with pytest.raises(ImproperPosterior, match="parallel oblique lines"):
        Prior(Normal(0.0, 9.0), scales=LogNormal(0.0, 1.0), correlations=LKJ(2.0)).check(one_line, 1, "full")


@pytest.mark.parametrize("structure", STRUCTURE_NAMES)
def test_default_prior_is_proper_with_ties_and_collinear_points(structure):
    x = np.concatenate([np.outer(np.arange(20.0), [1.0, 2.0]), np.zeros((5, 2)), [[3.0, 1.0]]])
    Prior.weakly_informative(x, 2, structure).check(x, 2, structure)


def test_half_normal_integral_grows_without_bound_where_it_is_called_improper():
    """K = 1, two tied points: int HN(s) s^-1 ds over s > e grows like -log e; for one point it converges."""
    edges = [1e-2, 1e-4, 1e-6]
    tied = [np.trapezoid(np.exp(-np.exp(2 * t) / 2), t) for t in (np.linspace(np.log(e), 3, 4000) for e in edges)]
    assert np.diff(tied) == pytest.approx(np.log(100), rel=1e-3)


def test_random_draws_follow_their_densities():
    rng = np.random.default_rng(1)
    draw = random_draws.covariances(shared=False)
    draws = np.array([draw(np.array([9.0]), 2.0 * np.eye(2)[None], rng=rng)[0] for _ in range(4000)])
    np.testing.assert_allclose(draws.mean(axis=0), 2.0 * np.eye(2) / 6.0, atol=0.02)
    eye = np.eye(3)[None]
    r = np.array([random_draws.correlations(np.array([2.0]), eye, rng)[0] for _ in range(4000)])
    for i, j in ((1, 0), (2, 0), (2, 1)):  # each is 2 Beta(b, b) - 1 with b = eta + D/2 - 1
        assert stats.kstest((r[:, i, j] + 1) / 2, stats.beta(2.5, 2.5).cdf).pvalue > 1e-3
    variances = np.array(
        [random_draws.scales("InverseGamma", 2)(np.array(3.0), np.array(20.0), rng=rng) ** 2 for _ in range(4000)]
    )
    assert stats.kstest(variances, stats.invgamma(3.0, scale=20.0).cdf).pvalue > 1e-3
