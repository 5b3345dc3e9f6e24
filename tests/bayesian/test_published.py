"""posteriordb's `low_dim_gauss_mix`: means within Monte Carlo error, sds within 5 %, of 10,000 reference draws."""

import io
import json
import zipfile

import arviz as az
import numpy as np
import pytest
from support import SHARED

import bayesian
from mixture import GaussianMixture

FOLDER = SHARED / "posteriordb"
PRIOR = bayesian.Prior(means=bayesian.Normal(0.0, 2.0), concentration=5.0, scales=bayesian.HalfNormal(2.0, on="sd"))
"""mu_k ~ N(0, 2), sigma_k ~ half-N(0, 2), theta ~ Beta(5, 5), the means in ascending order."""


def reference_draws() -> dict[str, np.ndarray]:
    """Reference draws (10 chains, 1000 draws) by name."""
    path = FOLDER / "low_dim_gauss_mix.reference_draws.json.zip"
    if not path.exists():
        pytest.skip("posteriordb's reference draws are not beside this checkout")
    with zipfile.ZipFile(io.BytesIO(path.read_bytes())) as archive:
        chains = json.loads(archive.read(archive.namelist()[0]))
    return {name: np.array([chain[name] for chain in chains]) for name in chains[0]}


@pytest.mark.slow
@pytest.mark.parametrize("ordered", [True, False])
def test_low_dim_gauss_mix(ordered):
    reference = reference_draws()
    y = np.array(json.loads((FOLDER / "low_dim_gauss_mix.data.json").read_text())["y"])
    posterior = bayesian.sample(
        y, 2, prior=PRIOR, ordered=ordered, draws=4000, tune=1000, chains=4, random_seed=2, progressbar=False
    )
    if not ordered:  # the exchangeable posterior holds the ordered one twice
        posterior = bayesian.relabel(posterior, "order").apply(posterior)
    scales = np.sqrt(posterior.covariances[..., 0, 0])
    ours = {
        "mu[1]": posterior.means[..., 0, 0],
        "mu[2]": posterior.means[..., 1, 0],
        "sigma[1]": scales[..., 0],
        "sigma[2]": scales[..., 1],
        "theta": posterior.weights[..., 0],
    }
    for name, draws in ours.items():
        theirs = reference[name]
        assert float(az.rhat(draws)) < 1.01
        error = np.hypot(float(az.mcse(draws)), float(az.mcse(theirs)))
        assert abs(draws.mean() - theirs.mean()) < 4.0 * error, name
        assert draws.std() == pytest.approx(theirs.std(), rel=0.05), name


@pytest.fixture(scope="module")
def betancourt():
    """Diagnoses under the two priors of the case study, on data of our own of its kind, chains in either labelling.

    Exchangeable: mu_k ~ N(0, 2). Asymmetric: a prior that has the components the other way round.
    """
    rng = np.random.default_rng(689934)
    y = np.where(rng.random(1000) < 0.25, rng.normal(-2.75, 1.0, 1000), rng.normal(2.75, 1.0, 1000))
    one = GaussianMixture([0.25, 0.75], [[-2.75], [2.75]], [[[1.0]], [[1.0]]])
    scales = bayesian.HalfNormal(2.0, on="sd")
    means = {"exchangeable": bayesian.Normal(0.0, 2.0), "asymmetric": bayesian.Normal([[4.0], [-4.0]], 0.5)}
    found = {}
    for name, prior in means.items():
        posterior = bayesian.sample(
            y,
            2,
            prior=bayesian.Prior(prior, 5.0, scales),
            starts=[one, one.permute([1, 0])],
            draws=600,
            tune=600,
            chains=4,
            random_seed=1,
            progressbar=False,
        )
        modes = [posterior.mixture(0, -1)]
        found[name] = bayesian.diagnose(
            posterior, bayesian.relabel(posterior, "ecr"), visited=bayesian.visited_modes(posterior, modes)
        )
    return found


@pytest.mark.slow
def test_betancourts_exchangeable_pattern_is_labels_alone(betancourt):
    """Published split R-hat: 56 for the means, 7.5 for the weight; the log density not flagged."""
    found = betancourt["exchangeable"]
    split = found.raw["r_hat_split"]
    assert split[["means[0, 0]", "means[1, 0]"]].min() > 20.0
    assert 3.0 < split["weights[0]"] < split["means[0, 0]"]
    assert found.invariants["r_hat_split"].max() < 1.02
    assert found.verdict is bayesian.Verdict.SWITCHING_ONLY
    assert found.nested["r_hat_nested"].max() < 1.02
    assert "raw R-hat of component parameters is no sign of failure" in str(found)
    assert found.labellings.n_unvisited == 0


@pytest.mark.slow
def test_betancourts_asymmetric_pattern_is_different_modes(betancourt):
    """Published split R-hat: 50 and 58 for the means, and 52 for the log density."""
    found = betancourt["asymmetric"]
    assert found.raw["r_hat_split"][["means[0, 0]", "means[1, 0]"]].min() > 10.0
    assert found.invariants.loc["log_posterior", "r_hat_split"] > 10.0
    assert found.verdict is bayesian.Verdict.DIFFERENT_MODES
    assert found.modes in (((0, 2), (1, 3)), ((1, 3), (0, 2)))
    assert found.nested.loc["log_posterior", "r_hat_nested"] > 1.5
    assert "Do not pool the chains" in str(found)


@pytest.mark.slow
@pytest.mark.parametrize("seed", [1, 2])
def test_low_dim_gauss_mix_collapse_is_hard_and_says_how_few_draws_are_effective(seed):
    """Means 1.5 sd apart, unordered: the chains agree, but on few effective draws; nothing passes."""
    y = collapse_data()
    posterior = bayesian.sample(y, 2, prior=PRIOR, draws=1000, tune=1000, chains=4, random_seed=seed, progressbar=False)
    found = bayesian.diagnose(posterior, bayesian.relabel(posterior, "ecr"))
    assert not found.passed
    fewest = found.invariants["ess_bulk"].min()
    assert fewest < 0.25 * 4000  # where separated components give more effective draws than draws
    if found.verdict is not bayesian.Verdict.NOT_CONVERGED:
        assert found.hard
        assert "but hard" in found.words
        assert f"few effective draws. {found.invariants['ess_bulk'].idxmin()} is worth {fewest:.0f} of 4000" in str(
            found
        )
    else:
        assert "R-hat" in found.explanation or "effective draws" in found.explanation


def collapse_data() -> np.ndarray:
    path = FOLDER / "low_dim_gauss_mix_collapse.data.json"
    if not path.exists():
        pytest.skip("posteriordb's data are not beside this checkout")
    return np.array(json.loads(path.read_text())["y"])
