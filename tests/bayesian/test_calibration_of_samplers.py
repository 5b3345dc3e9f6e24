"""NUTS is calibrated in every structure, under priors of every family, and so is Gibbs sampling: minutes."""

import numpy as np
import pytest

from bayesian import LKJ, HalfNormal, InverseGamma, InverseWishart, LogNormal, Normal, Prior
from bayesian.calibration import NutsSampler, calibrate
from bayesian.gibbs import gibbs
from bayesian.priors.pieces import ConjugateNormal, Gamma, Uniform, UniformScale, Wishart
from mixture import STRUCTURES

LEVEL = 0.001
"""Such a calculation that is right fails once in a thousand runs with other seeds, at most (Bonferroni)."""

PRIORS = {
    "full": (2, Prior(ConjugateNormal(np.zeros(2), 0.1), 3.0, covariances=InverseWishart(8.0, 5.0 * np.eye(2)))),
    "tied": (2, Prior(Normal(0.0, 3.0), 3.0, scales=LogNormal(0.0, 0.4), correlations=LKJ(2.0))),
    "diag": (2, Prior(Uniform(-6.0, 6.0), 3.0, scales=InverseGamma(5.0, Gamma(8.0, 2.0)))),
    "tied_diag": (2, Prior(Normal(0.0, 3.0), 3.0, scales=UniformScale(0.3, 2.0))),
    "spherical": (1, Prior(Normal(0.0, 3.0), 3.0, scales=InverseGamma(5.0, 4.0))),
    "tied_spherical": (2, Prior(Normal(0.0, 3.0), 3.0, scales=HalfNormal(1.5))),
}
"""D and a prior by structure, exchangeable: chains cannot weigh the copies of a mode under one that is not."""

HIERARCHICAL_MATRICES = Prior(Normal(0.0, 3.0), 3.0, covariances=InverseWishart(10.0, Wishart(8.0, 0.7 * np.eye(2))))


def calibration_of(prior, n_features, structure, *, wrap=lambda sampler: sampler, rng=11):
    bounded = isinstance(prior.means, Uniform) or isinstance(prior.scales, UniformScale)
    starts = "prior" if bounded else "dispersed"
    sampler = wrap(NutsSampler.of(prior, 2, n_features, structure, starts=starts))
    return calibrate(prior, 2, n_features, structure, sampler, n_samples=40, n_simulations=200, rng=rng)


def smallest(calibration):
    return min(calibration.p_values.values()) * len(calibration.p_values)


@pytest.mark.slow
@pytest.mark.parametrize("structure", PRIORS)
def test_every_structure_is_calibrated(structure):
    n_features, prior = PRIORS[structure]
    found = calibration_of(prior, n_features, structure)
    assert smallest(found) > LEVEL, found.p_values
    assert found.n_flagged <= 0.1 * found.n_simulations
    assert found.coverage(0.9) == pytest.approx(0.9, abs=4.0 * np.sqrt(0.09 / found.n_simulations))


@pytest.mark.slow
def test_covariances_of_a_common_unknown_scale_are_calibrated():
    found = calibration_of(HIERARCHICAL_MATRICES, 2, "full")
    assert smallest(found) > LEVEL, found.p_values


@pytest.mark.slow
@pytest.mark.parametrize("structure", ["full", "spherical"])
def test_gibbs_is_calibrated(structure):
    """The whole pipeline with the other sampler in it, whose conjugate updates share no code with NUTS' density."""
    n_features, prior = PRIORS[structure]

    def sampler(x, rng):
        return gibbs(x, 2, structure=structure, prior=prior, draws=300, tune=200, chains=2, random_seed=rng)

    found = calibrate(prior, 2, n_features, structure, sampler, n_samples=40, n_simulations=200, rng=12)
    assert smallest(found) > LEVEL, found.p_values


@pytest.mark.slow
def test_nuts_on_half_of_the_data_is_caught():
    """Not by a function of the parameters, all of which are right given what was seen."""
    n_features, prior = PRIORS["tied_spherical"]
    half = calibration_of(prior, n_features, "tied_spherical", wrap=lambda nuts: lambda x, rng: nuts(x[::2], rng))
    assert half.p_values["invariant: log-likelihood"] < 1e-4
    assert min(p for name, p in half.p_values.items() if name.startswith("ordered")) > LEVEL / len(half.pits)


def test_every_structure_takes_part():
    assert set(PRIORS) == {structure.name for structure in STRUCTURES}
