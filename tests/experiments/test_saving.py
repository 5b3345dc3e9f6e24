"""Figures as files, and the looks that they share."""

import matplotlib as mpl
from made_up_report import picture

from experiments.figures import style
from experiments.reporting.saving import figure_bytes


def test_figures_ignore_and_keep_the_readers_own_settings() -> None:
    first = figure_bytes(picture().figure, "svg")
    with mpl.rc_context({"font.size": 20, "svg.fonttype": "path", "axes.facecolor": "red"}):
        before = dict(mpl.rcParams)
        assert figure_bytes(picture().figure, "svg") == first
        assert dict(mpl.rcParams) == before
    assert b"<text" in first
    assert picture().figure.get_size_inches()[0] == style.SINGLE_COLUMN


def test_methods_differ_in_colour_line_and_marker() -> None:
    looks = style.METHODS.values()
    assert len({look.color for look in looks}) == len({look.marker for look in looks}) == 4
    assert len({str(look.linestyle) for look in looks}) >= 3
