"""Numbers as people read them."""

import pytest

from experiments.reporting.formats import format_column, number, resolved, short


@pytest.mark.parametrize(
    ("value", "scale", "text"),
    [
        (1000000003.2749, 1.05, "1000000003.27"),
        (54.4787, 0.582, "54.479"),
        (0.5, 0.0302, "0.5000"),
        (1234567.0, 54321.0, "1234567"),
        (1.0000000012e15, 2.0e5, "1.000000001200 × 10¹⁵"),
        (-3.25e-9, 1.5e-11, "−3.2500 × 10⁻⁹"),
        (1.0000000325, 1.5e-9, "1.00000003250"),
        (0.0, 1.5e-9, "0.00000000000"),
        (2.5, 0.0, "2.500"),
        (2.5, float("nan"), "2.500"),
    ],
)
def test_numbers_are_told_as_finely_as_their_scale(value: float, scale: float, text: str) -> None:
    assert resolved(value, scale) == text


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (0.64412713, "0.6441"),
        (79.968115, "79.97"),
        (-1130.263960, "\u22121130.26"),
        (0.0691676726, "0.06917"),
        (1.2e-7, "1.20 × 10⁻⁷"),
        (2.5e9, "2.50 × 10⁹"),
        (float("nan"), "–"),
        (float("-inf"), "\u2212∞"),
        (0.0, "0"),
        (12, "12"),
    ],
)
def test_numbers_read_well(value: float, text: str) -> None:
    assert number(value) == text


def test_integers_are_whole_floats_are_not_and_words_stay() -> None:
    assert format_column("n", [1, 20, None]).cells == ("1", "20", "–")
    assert format_column("median", [4.0, 3.488]).cells == format_column("median", [4.0, 3.4881]).cells
    assert format_column("median", [4.0, 76.0, float("nan")]).cells == ("4.000", "76.00", "–")
    assert format_column("x", [1.0, 0.25]).cells == ("1.000", "0.2500")
    mixed = format_column("x", ["a", True, None, 2.5])
    assert mixed.cells == ("a", "yes", "–", "2.500")
    assert not mixed.numeric
    assert short(1e-6) == "10⁻⁶"
    assert short(0.001) == "0.001"
    assert short(41.23) == "41.23"
