"""EM as a climb: where it ends, in which order, and what it makes of draws it cannot climb from."""

import numpy as np

import em
from experiments.comparing.em_climb import em_climb
from mixture import GaussianMixture


def two_clouds():
    rng = np.random.default_rng(0)
    return np.concatenate([rng.normal(0.0, 1.0, 60), rng.normal(6.0, 1.0, 40)])


def test_components_keep_the_order_of_the_draw():
    x = two_clouds()
    best = em.fit_best(x, 2, n_starts=3, rng=np.random.default_rng(0)).best.mixture
    for means in ([0.5, 5.0], [5.0, 0.5]):
        mode = em_climb(x)(GaussianMixture([0.5, 0.5], np.array(means)[:, None], np.full((2, 1, 1), 2.0)))
        assert (mode.means[0, 0] < mode.means[1, 0]) == (means[0] < means[1])
        np.testing.assert_allclose(mode.log_likelihood(x), best.log_likelihood(x), rtol=1e-9)


def test_a_climb_onto_a_single_point_has_failed():
    x = two_clouds()
    spike = GaussianMixture([0.01, 0.99], [[x[3]], [3.0]], [[[1e-8]], [[9.0]]])
    assert em_climb(x)(spike) is None


def test_an_empty_component_is_climbed_from():
    x = two_clouds()
    mode = em_climb(x)(GaussianMixture([0.0, 1.0], [[0.0], [6.0]], [[[1.0]], [[1.0]]]))
    assert mode is not None
    assert mode.weights[0] > 0.1
