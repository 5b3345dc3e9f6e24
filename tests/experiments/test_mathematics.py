r"""Formulas: what TeX says is what MathML says, in a form that browsers draw; what would be lost is refused."""

import re
import xml.etree.ElementTree as ET

import pytest

from experiments.reporting.markup import escape_markdown, markdown_html
from experiments.reporting.mathematics import mathml

NASTY = "<script>alert(1)</script> $x$ $$y$$ \\$z\\$ `$` [f](javascript:g)"


def shown(tex: str, *, display: bool = False) -> str:
    """The characters of a formula, without its annotation."""
    root = ET.fromstring(mathml(tex, display=display))
    return "".join(root[0][0].itertext())


def tags(tex: str, *, display: bool = False) -> list[str]:
    return [element.tag.rpartition("}")[2] for element in ET.fromstring(mathml(tex, display=display)).iter()]


@pytest.mark.parametrize(
    ("tex", "characters"),
    [
        (r"\mathcal N", "𝒩"),
        (r"\mathcal{N}", "𝒩"),
        (r"\mathcal{L}", "ℒ"),
        (r"\mathbb R", "ℝ"),
        (r"\boldsymbol{\theta}", "𝜽"),
        (r"\mathbf{\Sigma}", "𝚺"),
        (r"\mathbf x", "𝐱"),
        (r"\mathfrak C", "ℭ"),
        (r"\mathrm{KL}", "KL"),
        (r"\operatorname{arg\,max}", "arg max"),
        (r"\arg\max", "arg max"),
        (r"\arg z", "argz"),
        (r"a\sim b", "a∼b"),
    ],
)
def test_letters_and_names_are_characters_that_every_browser_draws(tex: str, characters: str) -> None:
    assert shown(tex) == characters
    variants = re.findall(r'mathvariant="([^"]*)"', mathml(tex))
    assert set(variants) <= {"normal"}


def test_limits_stand_under_their_operator_in_a_displayed_formula_alone() -> None:
    for tex in (r"\max_k a", r"\arg\max_k a", r"\operatorname*{ess\,sup}_k a", r"\sum_k a"):
        assert "munder" in tags(tex, display=True), tex
        assert "munder" not in tags(tex), tex
    assert "munder" not in tags(r"\operatorname{tr}_k a", display=True)


def test_aligned_rows_are_a_table_with_all_their_cells() -> None:
    tex = r"\begin{aligned} a &= b + c \\ d &= \mathcal N(e) \end{aligned}"
    assert shown(tex, display=True) == "a=b+cd=𝒩(e)"
    assert tags(tex, display=True).count("mtr") == 2
    assert tags(tex, display=True).count("mtd") == 4
    assert "text-align:right" in mathml(tex, display=True)


@pytest.mark.parametrize(
    ("tex", "why"),
    [
        ("a & b", "need"),
        (r"a \\ b", "need"),
        (r"\begin{aligned} a &= b \end{aligned} & c", "need"),
        (r"\begin{align} a &= b \end{align}", "only aligned"),
        (r"\begin{aligned} \begin{array}{l} a \end{array} \end{aligned}", "array|unknown|known"),
        (r"\unheardof x", r"\\unheardof is not known"),
        (r"\operatorname{\frac12}", "letters"),
        (r"\frac{a", "cannot set"),
        ("a $ b", "no dollar"),
    ],
)
def test_what_would_be_lost_is_refused(tex: str, why: str) -> None:
    with pytest.raises(ValueError, match=why):
        mathml(tex)


def test_names_of_functions_stand_apart_from_what_they_are_applied_to() -> None:
    assert 'log</mi><mspace width="0.1667em"' in mathml(r"\log x").replace("<ns0:", "<")
    assert "mspace" not in mathml(r"\log(x)")
    assert mathml(r"2\log x").count("mspace") == 2
    assert 'form="prefix"' in mathml(r"\exp(-x)")
    assert 'form="prefix"' not in mathml("a - x")


def test_bars_of_a_norm_are_as_high_as_letters() -> None:
    assert mathml(r"\lVert x \rVert^2").count('stretchy="false"') == 2
    assert 'stretchy="true"' in mathml(r"\left\| \frac{a}{b} \right\|")


def test_the_source_can_be_copied() -> None:
    annotation = ET.fromstring(mathml(r"a < \mathcal N"))[0][1]
    assert annotation.get("encoding") == "application/x-tex"
    assert annotation.text == r"a < \mathcal N"


def test_punctuation_stays_with_its_formula() -> None:
    page = str(markdown_html("Let $x$, then $y$ or ($z$). <b>"))
    assert page.count('<span class="joined">') == 2
    assert re.sub(r"<math.*?</math>|</?p>|</?span[^>]*>|\n", "", page) == "Let , then  or (). &lt;b&gt;"


def test_text_of_data_never_becomes_a_formula() -> None:
    escaped = escape_markdown(NASTY)
    page = str(markdown_html(f"Column {escaped} and $a$"))
    assert page.count("<math") == 1
    assert "<script" not in page
    assert re.sub(r"<math.*</math>|</?p>|\n", "", page) == (
        "Column &lt;script&gt;alert(1)&lt;/script&gt; $x$ $$y$$ \\$z\\$ `$` [f](javascript:g) and "
    )
    # On GitHub a backslash does not keep a dollar from opening mathematics; an element of its own does.
    assert "$" not in escaped.replace("<span>$</span>", "")
