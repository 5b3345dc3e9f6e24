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


@pytest.mark.slow
def test_the_two_patterns_of_betancourts_case_study():
    """Exchangeable: only labels differ between chains. Asymmetric: the modes differ, and the density tells."""
    rng = np.random.default_rng(689934)
    y = np.where(rng.random(1000) < 0.25, rng.normal(-2.75, 1.0, 1000), rng.normal(2.75, 1.0, 1000))
    one = GaussianMixture([0.25, 0.75], [[-2.75], [2.75]], [[[1.0]], [[1.0]]])
    starts = [one, one.permute([1, 0]), one, one.permute([1, 0])]
    scales = bayesian.HalfNormal(2.0, on="sd")
    priors = {
        bayesian.Verdict.SWITCHING_ONLY: bayesian.Prior(bayesian.Normal(0.0, 2.0), 5.0, scales),
        bayesian.Verdict.DIFFERENT_MODES: bayesian.Prior(bayesian.Normal([[4.0], [-4.0]], 0.5), 5.0, scales),
    }
    for verdict, prior in priors.items():
        posterior = bayesian.sample(
            y, 2, prior=prior, starts=starts, draws=600, tune=600, chains=4, random_seed=1, progressbar=False
        )
        diagnosis = bayesian.diagnose(posterior, bayesian.relabel(posterior, "ecr"))
        assert diagnosis.verdict is verdict
        assert diagnosis.raw["r_hat_split"].max() > 10.0
