"""Leave-one-out and held-out predictive densities, against closed forms and refits."""

import numpy as np
import pytest
from scipy.special import logsumexp

from bayesian import CompiledPosterior, Posterior, Prior
from bayesian.evidence import exact_log_evidence, held_out_log_density, loo

X = np.random.default_rng(0).normal([0.0, 1.0], [1.0, 2.0], size=(25, 2))
PRIOR = Prior.conjugate(X, 1, "full")


@pytest.fixture(scope="module")
def compiled():
    return CompiledPosterior.of(X, 1, prior=PRIOR)


@pytest.fixture(scope="module")
def posterior(compiled):
    return compiled.sample(2000, chains=2, random_seed=1, progressbar=False)


def test_loo_of_one_component_is_a_difference_of_exact_evidences(posterior):
    """log p(x_n | others) = log p(X) - log p(X without x_n)."""
    found = loo(posterior)
    whole = exact_log_evidence(X, 1, prior=PRIOR)
    exact = np.array([whole - exact_log_evidence(np.delete(X, i, axis=0), 1, prior=PRIOR) for i in range(len(X))])
    assert found.log_density == pytest.approx(exact, abs=0.1)
    assert found.elpd == pytest.approx(exact.sum(), abs=0.3)
    assert not found.high.size
    assert "trustworthy" in str(found)
    assert 2.0 < found.effective_parameters < 9.0  # five parameters


def test_held_out_points_of_one_component_have_their_exact_density(posterior):
    new = np.random.default_rng(2).normal(size=(10, 2))
    found = held_out_log_density(posterior, new)
    whole = exact_log_evidence(X, 1, prior=PRIOR)
    exact = [exact_log_evidence(np.vstack([X, point]), 1, prior=PRIOR) - whole for point in new]
    assert found.log_density == pytest.approx(exact, abs=0.05)
    assert abs(found.total - sum(exact)) < 5.0 * found.monte_carlo_error
    assert 0.0 < found.monte_carlo_error < 0.1


def test_the_held_out_density_is_the_mean_over_draws(posterior):
    new = np.array([[0.5, -0.5], [3.0, 3.0]])
    draws = [[posterior.mixture(c, s).log_density(new) for s in range(0, 2000, 100)] for c in range(2)]
    each = np.array(draws).reshape(-1, 2)
    found = held_out_log_density(posterior.thin(100), new)
    assert found.log_density == pytest.approx(logsumexp(each, axis=0) - np.log(40), rel=1e-10)
    with pytest.raises(ValueError, match="two held-out"):
        held_out_log_density(posterior, new[:1])


def test_a_point_with_a_high_k_is_left_out_in_earnest(compiled):
    """One point far from the others: its leave-one-out density from all the draws is too high."""
    x = np.vstack([X, [[5.0, 8.0]]])
    here = compiled.with_data(x)
    far = here.sample(1000, chains=2, random_seed=3, progressbar=False)
    raw = loo(far)
    assert 25 in raw.high
    assert "refit" in str(raw)
    exact = exact_log_evidence(x, 1, prior=PRIOR) - exact_log_evidence(X, 1, prior=PRIOR)
    mended = loo(far, here, random_seed=4)
    assert mended.refitted.tolist() == raw.high.tolist()
    assert not mended.high.size
    assert raw.log_density[25] > exact + 0.3
    assert mended.log_density[25] == pytest.approx(exact, abs=0.2)
    with pytest.raises(ValueError, match="another problem"):
        loo(far, compiled)


def test_labels_do_not_matter():
    rng = np.random.default_rng(5)
    weights, means = rng.dirichlet([3.0, 3.0], (2, 50)), rng.normal(size=(2, 50, 2, 1))
    covariances = np.ones((2, 50, 2, 1, 1))
    one = Posterior.from_arrays(weights, means, covariances, X[:, :1])
    other = one.permute(rng.permuted(np.broadcast_to([0, 1], (2, 50, 2)), axis=2))
    assert loo(one).log_density == pytest.approx(loo(other).log_density, rel=1e-10)
