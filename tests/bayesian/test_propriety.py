"""Which priors make the posterior improper for which data: the rules against quadrature and brute force."""

from itertools import combinations

import numpy as np
import pytest
from scipy.integrate import quad
from support import STRUCTURE_NAMES, read_columns

from bayesian import (
    LKJ,
    ConjugateNormal,
    Gamma,
    HalfNormal,
    ImproperPosterior,
    InverseGamma,
    InverseWishart,
    LogNormal,
    Normal,
    Prior,
    Uniform,
    UniformScale,
    Wishart,
    build,
)
from bayesian.priors.flats import crowded_lines

SPACED = np.arange(12.0)[:, None] ** 1.5


def slices(integrand, decades) -> np.ndarray:
    """log10 of the integral over each decade of e, int integrand(e) de: falls towards e = 0 if the whole is finite."""
    parts = [
        quad(lambda t: integrand(np.exp(t)) * np.exp(t), np.log(10.0) * d, np.log(10.0) * (d + 1))[0] for d in decades
    ]
    return np.log10(parts)


@pytest.mark.parametrize(
    "means", [Normal(0.0, np.inf), Uniform(-np.inf, np.inf), Uniform(0.0, np.inf), Normal(0.0, [[1.0], [np.inf]])]
)
def test_an_improper_prior_of_means_meets_the_empty_component(means):
    prior = Prior(means, scales=LogNormal(0.0, 1.0))
    assert not prior.proper
    with pytest.raises(ImproperPosterior, match=r"component may be empty.*means.*Diebolt & Robert 1994"):
        prior.check(SPACED, 2, "diag")
    with pytest.raises(ImproperPosterior, match="empty"):
        build(SPACED, 2, structure="tied_diag", prior=prior)
    build(SPACED, 2, structure="diag", prior=prior, allow_improper=True)
    if np.ndim(means.__dict__.get("sd", 0.0)) == 0:
        prior.check(SPACED, 1, "diag")  # one component holds all observations


def test_an_improper_prior_of_scales_meets_the_empty_component_unless_all_share_it():
    endless = Prior(Normal(0.0, 9.0), scales=UniformScale(0.1, np.inf))
    for structure in ("diag", "spherical", "full"):
        with pytest.raises(ImproperPosterior, match=r"empty.*scales.*Diebolt & Robert"):
            endless.check(SPACED, 2, structure)
    endless.check(SPACED, 2, "tied_diag")
    endless.check(SPACED, 1, "diag")
    flat = Prior(Uniform(-np.inf, np.inf), scales=UniformScale(0.1, np.inf))
    flat.check(SPACED[:3], 1, "diag")  # int s^-2 ds ends
    with pytest.raises(ImproperPosterior, match="do not bound the scales from above"):
        flat.check(SPACED[:2], 1, "diag")  # int s^-1 ds does not


def test_uniform_scales_from_zero_are_improper_under_ties_and_from_above_zero_are_not():
    tied = np.concatenate([SPACED, SPACED[:1]])
    for on in ("sd", "variance"):
        for low in (0.0, 1e-9):
            prior = Prior(Normal(0.0, 9.0), scales=UniformScale(low, 5.0, on=on))
            prior.check(SPACED, 2, "diag")
            if low > 0.0:
                prior.check(np.repeat(tied, 3, axis=0), 2, "diag")
                continue
            repeated = tied if on == "sd" else np.concatenate([tied, tied[:1]])  # two equal ones, or three
            with pytest.raises(ImproperPosterior, match="equal observations"):
                prior.check(repeated, 2, "diag")
    by_feature = Prior(Normal(0.0, 9.0), scales=UniformScale([0.0, 1.0], 5.0))
    two = np.concatenate([SPACED, np.round(SPACED)], axis=1)
    by_feature.check(np.concatenate([SPACED, np.ones((12, 1))], axis=1), 2, "diag")  # ties where low is 1
    with pytest.raises(ImproperPosterior, match="feature 0"):
        by_feature.check(np.concatenate([two, two[:1]]), 2, "diag")


@pytest.mark.parametrize("m", [3, 4, 5])
def test_lkj_is_improper_where_quadrature_says_so(m):
    """m points on an oblique line, K = 1, sds near 1, D = 2: the mass of 1 - r by decades, eta = 1.

    The mean integrated out, the likelihood is |R|^(-(m - 1)/2) exp(-(cosh 2v - r) / (1 - r^2)), v the log ratio of the
    sds. The rule: infinite from m = 2 eta + D = 4 on, where each decade holds as much as the last, or more.
    """
    eta = 1.0

    def mass(gap):  # gap = 1 - r
        across = gap * (2.0 - gap)
        width = 12.0 * np.sqrt(across)
        over_v = quad(lambda v: np.exp(-(np.cosh(2 * v) - 1.0 + gap) / across), -width, width)[0]
        return across ** (eta - 1.0 - 0.5 * (m - 1.0)) * over_v

    steps = np.diff(slices(mass, range(-9, -3)))
    np.testing.assert_allclose(steps, eta + 1.0 - 0.5 * m, atol=0.01)
    x = np.outer(np.linspace(0.3, 2.1, m), [1.0, 2.0]) + [0.1, 0.7]
    prior = Prior(Normal(0.0, 9.0), scales=LogNormal(0.0, 1.0), correlations=LKJ(eta))
    if steps[0] > 0.01:
        prior.check(x, 1, "full")
    else:
        with pytest.raises(ImproperPosterior, match=r"lie on 1 parallel oblique lines.*eta = 1"):
            prior.check(x, 1, "full")


@pytest.mark.parametrize("m", [5, 6])
def test_richardson_green_is_improper_where_quadrature_says_so(m):
    """K = 2, a = 2, g = 0.2: component 1 shrinks onto m ties and takes b along, component 2 holds the rest.

    b is integrated out in closed form, s_2^2 by quadrature, decades of s_1^2 compared. The rule: infinite if
    m - 1 >= 2 (a + g) = 4.4.
    """
    a, g, h = 2.0, 0.2, 0.5

    def mass(first):  # of t_1 = sigma_1^2
        def of_second(log_t):
            t = np.exp(log_t)
            rate = 1.0 / first + 1.0 / t + h
            return rate ** -(2.0 * a + g) * t ** (-a - 1.0) * t ** -(0.5 * 8) * np.exp(-4.0 / t) * t

        return first ** (-a - 1.0 - 0.5 * (m - 1.0)) * quad(of_second, -6.0, 12.0)[0]

    steps = np.diff(slices(mass, range(-10, -5)))
    np.testing.assert_allclose(steps, a + g - 0.5 * (m - 1.0), atol=0.01)
    x = np.concatenate([np.full(m, 3.0), [0.1, 1.3, 4.9, 6.2]])[:, None]
    hierarchy = Prior(Normal(3.0, 6.0), scales=InverseGamma(a, Gamma(g, h)))
    matrices = Prior(Normal(3.0, 6.0), covariances=InverseWishart(2 * a, Wishart(2 * g, [[1.0 / h]])))
    for prior, structure in ((hierarchy, "diag"), (hierarchy, "full"), (matrices, "full")):
        if steps[0] > 0.01:
            prior.check(x, 2, structure)
        else:
            with pytest.raises(ImproperPosterior, match="groups of 6 equal observations"):
                prior.check(x, 2, structure)


def test_shared_scales_of_a_hierarchy_go_to_zero_only_with_all_observations():
    """K = 1: the density of t = sigma^2 is t^(g - 1) near zero: infinite if N - 1 >= 2 g for equal observations."""
    few = np.repeat([[1.0], [2.0]], 3, axis=0)
    for g, structures in ((0.2, ("tied_diag", "diag")), (3.0, ())):
        prior = Prior(Normal(0.0, 3.0), scales=InverseGamma(2.0, Gamma(g, 1.0)))
        for structure in ("tied_diag", "diag"):
            if structure in structures:
                with pytest.raises(ImproperPosterior, match="only 2 distinct values for 2 components"):
                    prior.check(few, 2, structure)
            elif structure == "tied_diag":
                prior.check(few, 2, structure)
        prior.check(np.repeat(np.arange(4.0), 3)[:, None], 2, "tied_diag")


def test_richardson_green_on_real_data():
    """`waiting` is recorded in whole minutes: ties of up to fifteen. The galaxies have none to speak of."""
    x = read_columns("faithful")
    Prior.richardson_green(read_columns("galaxies"), 6, "full").check(read_columns("galaxies"), 6, "full")
    for structure in ("diag", "full"):
        with pytest.raises(ImproperPosterior, match="groups of"):
            Prior.richardson_green(x, 2, structure).check(x, 2, structure)
    for structure in ("tied", "tied_diag"):
        Prior.richardson_green(x, 2, structure).check(x, 2, structure)
    smooth = np.random.default_rng(1).normal(size=(200, 3))
    for structure in STRUCTURE_NAMES:
        Prior.richardson_green(smooth, 3, structure).check(smooth, 3, structure)
        Prior.sparse(smooth, 8, structure).check(smooth, 8, structure)


def test_oblique_lines_make_a_matrix_hierarchy_improper():
    """nu + n = 8 for two features: two parallel lines of six points, K = 3, hold 10 more than they cost."""
    rng = np.random.default_rng(2)
    line = np.outer(rng.uniform(size=6), [1.0, 2.0])
    x = np.concatenate([line, line + [0.0, 1.0], rng.uniform(size=(20, 2))])
    prior = Prior.richardson_green(x, 3)
    with pytest.raises(ImproperPosterior, match="parallel oblique lines"):
        prior.check(x, 3, "full")
    prior.check(x, 2, "full")  # one line alone: 5 < 8
    prior.check(x, 3, "tied")


def test_crowded_lines_are_those_of_brute_force():
    rng = np.random.default_rng(3)
    for _ in range(20):
        points = rng.integers(0, 6, size=(14, 2)).astype(float)
        n_lines = int(rng.integers(1, 4))
        best = 0
        for one, other in combinations(np.unique(points, axis=0), 2):
            step = other - one
            if (step == 0.0).any():
                continue
            _, counts = np.unique(points @ np.array([step[1], -step[0]]), return_counts=True)
            best = max(best, int((np.sort(counts)[::-1][:n_lines] - 1).sum()))
        assert crowded_lines(points, n_lines, 0.0) == best
        assert crowded_lines(points, n_lines, best + 1.0) == 0


def test_conjugate_means_count_their_location_as_an_observation():
    prior = Prior(ConjugateNormal(SPACED[3], 0.5), scales=HalfNormal(2.0))
    with pytest.raises(ImproperPosterior, match="2 equal observations"):
        prior.check(SPACED, 2, "diag")
    Prior(ConjugateNormal(-1.0, 0.5), scales=HalfNormal(2.0)).check(SPACED, 2, "diag")


@pytest.mark.parametrize("structure", STRUCTURE_NAMES)
def test_conjugate_priors_are_proper_with_ties_and_collinear_points(structure):
    x = np.concatenate([np.outer(np.arange(20.0), [1.0, 2.0]), np.zeros((5, 2)), [[3.0, 1.0]]])
    Prior.conjugate(x, 2, structure).check(x, 2, structure)
