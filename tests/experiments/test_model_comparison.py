"""The table that puts both halves' judgements side by side."""

import numpy as np
import pytest

import em
from bayesian import BridgeSettings
from experiments.comparing.model_comparison import SENSES, model_comparison


def test_all_judges_prefer_the_two_groups_that_are_there():
    rng = np.random.default_rng(0)
    x = np.concatenate([rng.normal(-4.0, 1.0, 40), rng.normal(4.0, 1.0, 40)])[:, None]
    new = np.concatenate([rng.normal(-4.0, 1.0, 30), rng.normal(4.0, 1.0, 30)])[:, None]
    table = model_comparison(
        x, [1, 2], ["diag"], held_out=new, draws=300, runs=2, settings=BridgeSettings(600, 400, 2), random_seed=1
    )
    assert table["n_components"].tolist() == [1, 2]
    for name, sense in SENSES.items():
        one, two = table[name]
        assert (two < one) if sense.startswith("smaller") else (two > one), name
    assert table["probability"].sum() == pytest.approx(1.0)
    best = em.choose(x, [2], ["diag"], rng=1, n_jobs=1).best
    assert table["bic"][1] == pytest.approx(best.criteria.bic)
    assert table["em_held_out"][1] == pytest.approx(best.mixture.log_density(new).sum())
