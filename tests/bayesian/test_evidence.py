"""Log evidence by bridge sampling and by tempering: against closed forms, enumeration, each other, and print."""

import math

import numpy as np
import pymc as pm
import pytest
from scipy.stats import multivariate_normal
from support import STRUCTURE_NAMES

from bayesian import Prior, smc
from bayesian.evidence import Agreement, BridgeSettings, Evidence, exact_log_evidence, log_evidence
from bayesian.evidence.bridge import BridgeFailure, bridge, bridge_estimate
from bayesian.evidence.log_evidence import METHODS
from bayesian.evidence.proposal import fit_proposal
from bayesian.ops.log_density import compile_density
from bayesian.priors.pieces import ConjugateNormal, InverseGamma
from bayesian.tempering.settings import SMCSettings
from bayesian.tempering.temper import effective_share, next_temperature, resample, temper
from experiments.data.datasets import load

SMALL_BRIDGE = BridgeSettings(draws=1000, tune=500, chains=2)
SMALL_SMC = SMCSettings(chains=150, states=20, leapfrogs=6)
CONJUGATE = Prior(ConjugateNormal(0.0, 0.5), 2.0, scales=InverseGamma(2.0, 1.5))
TINY = np.array([-2.1, -1.4, -1.9, 0.3, 1.1, 1.7, 2.0, 1.2])[:, None]
"""Eight points, K = 2: 256 allocations to enumerate."""


def within(evidence: Evidence, exact: float, least: float) -> bool:
    """Within 4 standard errors, or the least that so few runs can tell."""
    return abs(evidence.log_evidence - exact) < max(4.0 * evidence.standard_error, least)


def test_a_bridge_finds_the_constant_of_a_normal_density():
    """p* = 7 N(y | m, S), bent so that the proposal does not fit exactly: log Z = log 7."""
    rng = np.random.default_rng(0)
    truth = multivariate_normal([1.0, -2.0, 0.5], [[1.0, 0.6, 0.0], [0.6, 2.0, 0.3], [0.0, 0.3, 0.5]])
    draws = truth.rvs((4, 1500), random_state=rng)
    estimate = bridge(lambda y: truth.logpdf(y) + math.log(7.0), draws, 6000.0, rng, n_components=3, n_proposals=6000)
    assert estimate == pytest.approx(math.log(7.0), abs=0.02)


def test_a_bridge_from_a_proposal_that_is_off():
    """Uniform draws on (0, 1) with p* = 3 and a proposal U(0, 2): half of it misses, and log Z = log 3."""
    rng = np.random.default_rng(1)
    missed = rng.uniform(0.0, 2.0, 20_000) > 1.0
    at_proposals = np.where(missed, -np.inf, math.log(3.0) - math.log(0.5))
    estimate = bridge_estimate(np.full(20_000, math.log(3.0) - math.log(0.5)), at_proposals, 20_000.0)
    assert estimate == pytest.approx(math.log(3.0), abs=0.05)
    with pytest.raises(BridgeFailure, match="overlap"):
        bridge_estimate(np.zeros(10), np.full(10, -np.inf), 10.0)


def test_a_proposal_finds_two_separate_groups_of_draws():
    rng = np.random.default_rng(2)
    draws = np.concatenate([rng.normal(size=(800, 2)) - 20.0, rng.normal(size=(800, 2)) + 20.0])
    proposal = fit_proposal(draws, 6, rng)
    held = np.concatenate([rng.normal(size=(200, 2)) - 20.0, rng.normal(size=(200, 2)) + 20.0])
    exact = np.log(0.5) - np.log(2.0 * np.pi) - 0.5 * np.square(held - 20.0 * np.sign(held[:, :1])).sum(axis=1)
    assert proposal.log_density(held).mean() == pytest.approx(exact.mean(), abs=0.1)
    with pytest.raises(ValueError, match="too few"):
        fit_proposal(draws[:3], 1, rng)


def test_tempering_finds_the_evidence_and_moments_of_a_normal_model():
    """y ~ N(0, I_2), x_n ~ N(y, 0.5): normal evidence and posterior in closed form."""
    x = np.random.default_rng(3).normal([1.0, -0.5], 0.5, size=(20, 2))
    with pm.Model() as model:
        data = pm.Data("x_data", x)
        y = pm.Normal("y", 0.0, 1.0, shape=2)
        pm.Normal("x", y, 0.5, observed=data)
    covariance = 0.25 * np.eye(20) + 1.0
    exact = sum(multivariate_normal(np.zeros(20), covariance).logpdf(x[:, d]) for d in range(2))
    rng = np.random.default_rng(4)
    settings = SMCSettings(chains=200, states=20, leapfrogs=6)
    tempered = temper(compile_density(model), rng.normal(size=(4000, 2)), rng, settings)
    assert tempered.log_evidence == pytest.approx(exact, abs=0.1)
    variance = 1.0 / (1.0 + 20 / 0.25)
    assert tempered.points.mean(axis=0) == pytest.approx(variance * x.sum(axis=0) / 0.25, abs=0.02)
    assert tempered.points.std(axis=0) == pytest.approx(np.sqrt(variance), rel=0.1)
    betas = [step.beta for step in tempered.record]
    assert betas == sorted(betas)
    assert betas[-1] == 1.0
    with pytest.raises(ValueError, match="draws from the prior"):
        temper(compile_density(model), rng.normal(size=(10, 2)), rng, settings)


def test_the_next_temperature_leaves_the_share_asked_for():
    levels = np.random.default_rng(5).normal(size=4000) * 30.0
    reached = next_temperature(levels, 0.2, 0.5)
    assert effective_share(np.exp((reached - 0.2) * (levels - levels.max()))) == pytest.approx(0.5, abs=1e-6)
    assert next_temperature(levels * 1e-3, 0.2, 0.5) == 1.0


def test_resampling_gives_numbers_in_proportion():
    weights = np.array([0.5, 0.25, 0.25])
    counts = np.bincount(resample(weights, 400, np.random.default_rng(6)), minlength=3)
    assert np.abs(counts - 400 * weights).max() <= 1


@pytest.mark.parametrize("method", ["bridge", "smc"])
def test_one_component_against_the_closed_form(method):
    x = np.random.default_rng(7).normal([1.0, 3.0], [1.0, 2.0], size=(30, 2))
    prior = Prior.conjugate(x, 1, "full")
    settings = SMALL_BRIDGE if method == "bridge" else SMALL_SMC
    found = log_evidence(x, 1, prior=prior, method=method, runs=2, settings=settings, random_seed=8)
    assert within(found, exact_log_evidence(x, 1, prior=prior), 0.25 if method == "smc" else 0.05)


@pytest.mark.parametrize("route", ["ordered", "symmetrised", "smc"])
def test_two_components_against_the_sum_over_all_allocations(route):
    exact = exact_log_evidence(TINY, 2, structure="diag", prior=CONJUGATE)
    method, settings = ("smc", SMALL_SMC) if route == "smc" else ("bridge", BridgeSettings(1000, 500, 2, route=route))
    found = log_evidence(
        TINY, 2, structure="diag", prior=CONJUGATE, method=method, runs=3, settings=settings, random_seed=9
    )
    assert within(found, exact, 0.1 if method == "smc" else 0.03)
    assert not found.notes
    assert log_evidence(TINY, 2, structure="diag", prior=CONJUGATE, method="exact").log_evidence == exact


def test_a_prior_that_differs_by_component_needs_no_factorial():
    """Concentration [1, 3], by enumeration; the bridge goes over all of the space."""
    prior = Prior(ConjugateNormal(0.0, 0.5), [1.0, 3.0], scales=InverseGamma(2.0, 1.5))
    exact = exact_log_evidence(TINY, 2, structure="diag", prior=prior)
    found = log_evidence(
        TINY, 2, structure="diag", prior=prior, method="smc", runs=3, settings=SMALL_SMC, random_seed=2
    )
    assert within(found, exact, 0.1)


def test_particles_visit_both_labels_and_are_a_posterior():
    particles = smc(TINY, 2, structure="diag", prior=CONJUGATE, runs=2, draws=500, settings=SMALL_SMC, random_seed=1)
    means = particles.posterior.means[..., 0]
    first_is_left = (means[..., 0] < means[..., 1]).mean(axis=1)
    assert (np.abs(first_is_left - 0.5) < 0.2).all()
    assert particles.posterior.n_chains == 2
    assert particles.record["beta"].groupby("run").last().tolist() == [1.0, 1.0]
    again = smc(
        TINY, 2, structure="diag", prior=CONJUGATE, runs=2, draws=500, settings=SMALL_SMC, random_seed=1, threads=1
    )
    assert again.posterior.equals(particles.posterior)


def test_every_method_refuses_what_is_not_its_own():
    for method in METHODS:
        with pytest.raises(ValueError, match="settings of method"):
            log_evidence(TINY, 2, method=method.name, settings=object())
    with pytest.raises(ValueError, match="unknown method"):
        log_evidence(TINY, 2, method="harmonic")
    with pytest.raises(ValueError, match="runs"):
        log_evidence(TINY, 2, runs=1)
    with pytest.raises(ValueError, match="route"):
        BridgeSettings(route="any")
    with pytest.raises(ValueError, match="acceptance"):
        SMCSettings(acceptance=1.0)
    with pytest.raises(ValueError, match="particles"):
        smc(TINY, 2, draws=10**6)


def evidence(by_run, method="bridge", k=2):
    return Evidence.of_runs(np.asarray(by_run, dtype=float), method, k, "full", 1.0)


def test_agreement_says_yes_and_no():
    near = Agreement.of(evidence([-10.0, -10.1, -9.9, -10.0]), evidence([-10.1, -9.8, -10.0, -10.2], "smc"))
    assert near.agree
    assert "agree" in str(near)
    far = Agreement.of(evidence([-10.0, -10.1, -9.9, -10.0]), evidence([-12.1, -12.3, -12.0, -12.2], "smc"))
    assert not far.agree
    assert "NOT agree" in str(far)
    assert far.difference == pytest.approx(2.15)
    with pytest.raises(ValueError, match="different models"):
        Agreement.of(evidence([0.0, 1.0]), evidence([0.0, 1.0], k=3))


PUBLISHED = np.array([0.061, 0.128, 0.182, 0.199, 0.160, 0.109])
"""Posterior probabilities of K = 3..8 among K = 3..10, Richardson & Green 1997, here renormalised."""


@pytest.mark.slow
@pytest.mark.parametrize("structure", STRUCTURE_NAMES)
def test_two_methods_agree_in_every_structure(structure):
    """Weakly informative priors (not conjugate), two features, two groups that overlap in the first."""
    rng = np.random.default_rng(11)
    x = np.concatenate([rng.normal([0.0, 0.0], 1.0, (25, 2)), rng.normal([1.0, 4.0], [1.0, 0.6], (15, 2))])
    ordered = log_evidence(x, 2, structure=structure, settings=SMALL_BRIDGE, random_seed=1)
    relabelled = log_evidence(
        x, 2, structure=structure, settings=BridgeSettings(1000, 500, 2, route="symmetrised"), random_seed=2
    )
    tempering = SMCSettings(chains=200, states=25, leapfrogs=10)
    tempered = log_evidence(x, 2, structure=structure, method="smc", settings=tempering, random_seed=3)
    assert within(ordered, relabelled.log_evidence, 0.05)
    assert within(tempered, relabelled.log_evidence, 0.15)


@pytest.mark.slow
def test_galaxies_under_chibs_prior():
    """-226.80 published by brute force, -226.81 by importance sampling."""
    x = load("galaxies_rg1997").points()
    found = [
        log_evidence(x, 3, structure="diag", prior=Prior.chib(), method=method, random_seed=1)
        for method in ("bridge", "smc")
    ]
    for one in found:
        assert one.log_evidence == pytest.approx(-226.80, abs=0.05), str(one)
    assert Agreement.of(*found).agree


def richardson_green(k, method):
    x = load("galaxies_rg1997").points()
    prior = Prior.richardson_green(x, k, "diag")
    return log_evidence(x, k, structure="diag", prior=prior, method=method, random_seed=k)


@pytest.mark.slow
def test_galaxies_under_richardson_and_greens_priors():
    """Exchangeable components and K uniform, as theirs: p(K | X) is proportional to the evidence, nothing added."""
    values = np.array([richardson_green(k, "bridge").log_evidence for k in range(3, 9)])
    shares = np.exp(values - values.max())
    assert shares / shares.sum() == pytest.approx(PUBLISHED / PUBLISHED.sum(), abs=0.02)


@pytest.mark.slow
@pytest.mark.parametrize("k", [3, 6])
def test_tempering_agrees_under_richardson_and_greens_priors(k):
    agreement = Agreement.of(richardson_green(k, "bridge"), richardson_green(k, "smc"))
    assert agreement.agree, str(agreement)
    assert agreement.standard_error < 0.1
