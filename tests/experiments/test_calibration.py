"""The report on calibration, from ranks that were not sampled here."""

from dataclasses import replace

import numpy as np
import pytest
from answered import reported

from bayesian.calibration import Calibration
from bayesian.calibration.quantities import KINDS
from bayesian.calibration.uniformity import uniformity_p_value
from experiments.answers.calibration import LEVEL
from experiments.calibration import CONTROL, EXPERIMENT, MISTAKES, PRIORS, QUICK_STRUCTURES
from experiments.engine.answering import answer
from experiments.figures import style
from experiments.figures.uncertainty.calibration import calibration
from experiments.reporting.saving import figure_bytes
from mixture import STRUCTURES

QUANTITIES = [f"{kind}: {name}" for kind in KINDS for name in ("one", "two")]


def made_up(structure, *, power=1.0, seed=0, extra=()):
    """Values that are uniform, or not, by a power."""
    rng = np.random.default_rng(seed)
    pits = {name: rng.random(120) ** power for name in (*QUANTITIES, *extra)}
    return Calibration(structure, 2, 2, 40, 63, pits, np.where(np.arange(120) < 3, 1.2, 1.0), np.full(120, 250.0))


def result(**changes):
    found = {name: made_up(name, seed=i, extra=["ordered: own"] * (i == 0)) for i, name in enumerate(PRIORS)}
    mistakes = {name: made_up(CONTROL, power=2.0, seed=9) for name in MISTAKES}
    return {**found, **mistakes, **changes}


def report_on(found):
    return reported(EXPERIMENT, *found.values())


def test_a_calibrated_sampler_passes():
    report = report_on(result())
    assert report.passed
    assert "Yes, as far as 120 data sets a structure can tell: in 6 structures no quantity strays" in report.answer
    assert "corrected for all 37 quantities" in report.answer
    assert "half of the data and wrong prior" in report.answer
    [table] = report.tables
    assert len(table.frame) == 8
    assert (table.frame["flagged"] == 3).all()
    assert any(
        "Of the 720 posteriors 18 had chains that disagreed" in str(block) for block in report.sections[1].blocks
    )


def test_one_wrong_structure_fails():
    report = report_on(result(tied=made_up("tied", power=0.5)))
    assert not report.claims[0].passed
    assert report.answer.startswith("No: ")
    assert "of tied strays too far" in report.answer


def test_a_quantity_that_strays_in_its_structure_is_named_though_the_claim_holds():
    found = result()
    pits = dict(found["tied_diag"].pits)
    name = next(iter(pits))
    pits[name] = next(
        bent
        for power in np.linspace(1.0, 2.0, 101)
        if LEVEL / 36 < uniformity_p_value(bent := np.linspace(0.004, 0.996, 120) ** power) < LEVEL / 7
    )
    report = report_on({**found, "tied_diag": replace(found["tied_diag"], pits=pits)})
    assert report.claims[0].passed
    assert report.answer.startswith(f"Perhaps: {name.replace(': ', ' ')} of tied diag strays (p-value")


def test_mistakes_that_are_overlooked_fail():
    report = report_on(result(**{"half-of-the-data": made_up(CONTROL, seed=20)}))
    assert [claim.statement for claim in report.claims if not claim.passed] == [
        "smallest p-value, times their number: half of the data"
    ]
    assert "Overlooked: half of the data." in report.answer


def test_the_figure_has_a_panel_for_each_and_a_line_for_each_common_quantity():
    drawn = calibration(*parts())
    assert drawn.figure.get_figwidth() == style.DOUBLE_COLUMN
    panels = drawn.figure.axes
    assert [ax.get_title() for ax in panels] == [
        *("full", "tied", "diag", "tied diag", "spherical", "tied spherical", "half of the data", "wrong prior")
    ]
    for ax in panels:
        assert len([line for line in ax.lines if len(line.get_xdata()) > 2]) == len(QUANTITIES)
    heights = [ax.get_ylim()[1] for ax in panels]
    assert len(set(heights[:6])) == 1
    assert heights[6] > heights[0]
    assert list(drawn.data) == [*PRIORS, "half-of-the-data", "wrong-prior"]
    assert figure_bytes(drawn.figure, "png") == figure_bytes(calibration(*parts()).figure, "png")


def parts():
    found = result()
    return {name: found[name] for name in PRIORS}, {words: found[name] for name, words in MISTAKES.items()}


def test_it_is_written(tmp_path):
    folder = report_on(result()).write(tmp_path / "calibration")
    assert {path.name for path in (folder / "figures").glob("*.pdf")} == {"ranks.pdf"}


def test_every_structure_has_a_fixed_prior():
    assert list(PRIORS) == [structure.name for structure in STRUCTURES]
    assert CONTROL in QUICK_STRUCTURES
    for structure, prior in PRIORS.items():
        assert set(prior.arrays(2, 2, structure))


@pytest.mark.slow
def test_a_quick_run_passes():
    report = answer(EXPERIMENT, quick=True)
    assert report.passed, report.answer
