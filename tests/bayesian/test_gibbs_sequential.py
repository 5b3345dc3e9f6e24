"""Log evidence one point at a time beside exact sums over allocations and a published figure."""

import numpy as np
import pytest
from support import STRUCTURE_NAMES, read_columns

import bayesian
from bayesian.evidence import exact_log_evidence
from bayesian.gibbs import SequentialSettings, sequential_gibbs

X = np.array([[-2.0, -1.0], [-1.5, 0.5], [-1.0, -0.5], [0.2, 0.3], [1.0, 1.5], [2.5, 0.5]])


def runs(n, x, k, particles, sweeps, **model):
    settings = SequentialSettings(particles, sweeps)
    found = bayesian.log_evidence(x, k, method="sequential", runs=n, settings=settings, random_seed=1, **model)
    return found.by_run


def check(structure, particles, n):
    means = bayesian.ConjugateNormal(0.0, 0.5)
    matrices = structure in ("full", "tied")
    spread = bayesian.InverseWishart(5.0, np.eye(2)) if matrices else bayesian.InverseGamma(2.0, 1.0)
    prior = bayesian.Prior(means, **{"covariances" if matrices else "scales": spread})
    found = runs(n, X, 2, structure=structure, prior=prior, particles=particles, sweeps=1)
    expected = exact_log_evidence(X, 2, structure=structure, prior=prior)
    assert abs(found.mean() - expected) < 5.0 * found.std(ddof=1) / np.sqrt(n)
    assert abs(found.mean() - expected) < 0.3


def test_it_is_the_exact_evidence():
    check("tied_diag", 200, 8)


@pytest.mark.slow
@pytest.mark.parametrize("structure", STRUCTURE_NAMES)
def test_it_is_the_exact_evidence_in_every_structure(structure):
    check(structure, 1000, 6)


def test_particles_move_as_points_come():
    run = sequential_gibbs(X, 2, settings=SequentialSettings(50, 1), random_seed=1)
    assert (np.diff(run.moved_at) > 0).all()
    assert set(run.moved_at) <= set(range(1, len(X) + 1))
    with pytest.raises(ValueError, match="particles must be at least 2"):
        SequentialSettings(particles=1)


@pytest.mark.slow
def test_galaxies_have_their_published_evidence():
    """-226.80 under Chib's prior, K = 3, value 78 as 26.960; the error of six runs together is about 0.04."""
    x = read_columns("galaxies") / 1000.0
    x[77] = 26.960
    found = runs(6, x, 3, structure="diag", prior=bayesian.Prior.chib(), particles=1000, sweeps=5)
    assert found.mean() == pytest.approx(-226.80, abs=0.15)
