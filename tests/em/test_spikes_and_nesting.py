"""Likelihood that has run away, and fits below a simpler model they contain."""

import numpy as np
import pytest
from support import read_columns

import em
from em.nesting import embedded, simpler_structures
from mixture import FAMILIES, GaussianMixture, structure_named


def test_galaxies_five_components_end_on_two_neighbours_and_say_so():
    x = read_columns("galaxies") / 1000.0
    restarts = em.fit_best(x, 5, n_starts=20, starts=["k-means++"], rng=0)
    highest = max(restarts.fits, key=lambda fit: fit.value)
    assert highest.status is em.Status.SPIKE
    assert "spike" in highest.message
    assert "2 effective points" in highest.message
    spike = em.spikes(x, highest.mixture)[0]
    assert highest.mixture.covariances[spike.component, 0, 0] == pytest.approx(0.00185, abs=2e-5)
    assert highest in restarts.singular
    assert not em.spikes(x, restarts.best.mixture)
    assert restarts.best.log_likelihood < highest.log_likelihood


@pytest.mark.parametrize(("k", "published"), [(2, -220.0580), (3, -203.1792), (4, -197.4538)])
def test_galaxies_best_values_are_no_spikes(k, published):
    x = read_columns("galaxies") / 1000.0
    restarts = em.fit_best(x, k, n_starts=100, starts=["k-means++"], rng=1)
    reached = [fit.log_likelihood >= published - 1e-4 for fit in restarts.usable]
    assert sum(reached) >= 0.05 * 100


def test_small_true_clusters_are_no_spikes():
    """Five points with the same spread as all the others, drawn many times: none is taken for a spike."""
    rng = np.random.default_rng(0)
    for _ in range(40):
        x = np.concatenate([rng.standard_normal(100), 30.0 + rng.standard_normal(5)])[:, None]
        fit = em.fit(x, em.from_allocations(x, (x[:, 0] > 15.0).astype(int)))
        assert fit.status is em.Status.CONVERGED


def test_narrowness_does_not_depend_on_units():
    rng = np.random.default_rng(1)
    x = np.vstack([rng.standard_normal((60, 2)), 3.0 + 1e-3 * rng.standard_normal((4, 2))])
    z = (np.arange(64) >= 60).astype(int)
    plain = em.spikes(x, em.from_allocations(x, z))
    turned = np.array([[1e3, 1.0], [0.0, 1e-3]])
    other = em.spikes(x @ turned, em.from_allocations(x @ turned, z))
    assert plain[0].component == other[0].component == 1
    assert plain[0].narrowness == pytest.approx(other[0].narrowness, rel=1e-6)


def test_acidity_below_its_nested_model_is_refitted_from_it():
    """The quantile start of unequal variances stops below equal variances."""
    x = read_columns("acidity")
    order = np.argsort(x[:, 0])
    z = np.empty(len(x), dtype=int)
    z[order] = np.arange(len(x)) * 2 // len(x)  # halves at the median
    start = em.from_allocations(x, z)
    stuck = em.fit(x, start, tolerance=1e-8)
    equal = em.fit_best(x, 2, structure="tied", rng=0).best
    restarts = em.fit_best(x, 2, starts=[start], n_starts=1)
    assert restarts.n_starts == len(restarts.fits) == 1
    if stuck.log_likelihood < equal.log_likelihood:
        assert restarts.refits[-1].start_name == "nested model (tied, K = 2)"
        assert restarts.best is restarts.refits[-1]
        assert restarts.share_at_best == 0.0
        (flag,) = restarts.flagged
        gap = float(flag.partition("lay ")[2].partition(" nats")[0])
        assert gap == pytest.approx(equal.log_likelihood - stuck.log_likelihood, abs=1e-4)
        assert flag in restarts.best.notes
        assert flag in str(restarts)
        assert restarts.optima[0].starts == {}
        assert restarts.optima[0].n_refits == 1
        assert em.Restarts.from_dict(restarts.to_dict()) == restarts
    assert restarts.best.log_likelihood >= max(equal.log_likelihood, -184.6447 - 1e-4)


def test_a_given_simpler_fit_is_never_missed():
    """Four equal components, a saddle that EM never leaves, held against the best of K = 3."""
    x = read_columns("galaxies") / 1000.0
    three = em.fit_best(x, 3, n_starts=20, rng=0).best
    poor = GaussianMixture(np.full(4, 0.25), np.full((4, 1), x.mean()), np.full((4, 1, 1), x.var()))
    alone = em.fit_best(x, 4, starts=[poor], n_starts=1)
    held = em.fit_best(x, 4, starts=[poor], n_starts=1, simpler=[three.mixture])
    assert alone.best.log_likelihood < three.log_likelihood  # the case this is for
    assert held.best.log_likelihood >= three.log_likelihood - 1e-4
    assert "nested model (full, K = 3)" in {fit.start_name for fit in held.refits}
    assert held.n_starts == 1
    assert held.share_at_best == 0.0
    assert any("nested model (full, K = 3)" in sentence for sentence in held.flagged)


def test_models_that_are_not_simpler_are_refused_before_any_climb():
    x = read_columns("faithful")
    rng = np.random.default_rng(0)
    makers = {
        "does not contain full": em.kmeans_plus_plus(x, 2, rng=rng),
        "D = 1": em.kmeans_plus_plus(x[:, 0], 2, structure="diag", rng=rng),
        "2 components is not checked against one of 3": em.kmeans_plus_plus(x, 3, structure="diag", rng=rng),
    }
    for message, mixture in makers.items():
        for simpler in (mixture, [mixture]):
            with pytest.raises(ValueError, match=message):
                em.fit_best(x, 2, structure="diag", simpler=simpler, progress=lambda _: pytest.fail("climbed"))


@pytest.mark.parametrize("family", FAMILIES, ids=lambda family: family.name)
def test_the_simpler_structures_are_contained_and_embed_exactly(family):
    rng = np.random.default_rng(0)
    x = rng.standard_normal((80, 3)) @ rng.standard_normal((3, 3))
    for below in simpler_structures(family):
        small = em.kmeans_plus_plus(x, 2, structure=below.name, rng=rng)
        (same,) = embedded(small, family, 2)
        np.testing.assert_allclose(same.log_density(x), small.log_density(x), rtol=1e-9)
    assert {below.name for below in simpler_structures(structure_named("full"))} == {"tied", "diag"}


def test_splitting_a_component_keeps_or_moves_the_density():
    rng = np.random.default_rng(0)
    x = rng.standard_normal((50, 2))
    small = em.kmeans_plus_plus(x, 2, rng=rng)
    *moved, same = embedded(small, structure_named("full"), 3)
    np.testing.assert_allclose(same.log_density(x), small.log_density(x), rtol=1e-12)
    assert len(moved) == 2
    with pytest.raises(ValueError, match="5 components"):
        embedded(small, structure_named("full"), 5)
