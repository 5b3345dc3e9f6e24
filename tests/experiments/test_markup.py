"""Text of others in HTML, Markdown and TeX: every character shows as itself."""

import re

import pytest
from made_up_report import NASTY, Elements

from experiments.reporting.markup import escape_markdown, escape_tex, markdown_html, plain_html, plain_markdown


@pytest.mark.parametrize(
    "text",
    [NASTY, "1. a", "- a", "# a", "=== ", "+ a", "a\nb", "http://x.y", "www.x.y", "&amp;", "-1.5", "![a](https://b.c)"],
)
def test_escaped_markdown_renders_as_itself(text: str) -> None:
    page = Elements(str(markdown_html(escape_markdown(text))))
    assert [tag for tag, _ in page.elements] == ["p"]
    assert page.words.strip() == " ".join(text.split("\n")).strip()


def test_escaped_tex_has_no_active_character() -> None:
    tex = escape_tex(NASTY)
    bare = re.sub(r"\\text[a-z]+\{\}|\\[&%$#_{}]", "", tex)
    assert not set("&%$#_{}~^\\") & set(bare)
    assert escape_tex("σ² ≤ 10⁻⁷ \u2212 1") == r"$\sigma$$^{2}$ $\leq$ 10$^{-}$$^{7}$ $-$ 1"


def test_small_markdown_links_to_https_alone() -> None:
    html = str(
        markdown_html("[a](https://doi.org/10.1/x) [b](javascript:x) [c](data:y) <b>d</b> ![e](https://f/g.png)")
    )
    assert [attributes["href"] for attributes in Elements(html).of("a")] == [
        "https://doi.org/10.1/x",
        "https://f/g.png",
    ]
    assert not Elements(html).of("img")
    assert not Elements(html).of("b")


def test_a_doi_in_plain_text_becomes_a_link() -> None:
    assert str(plain_html('A & B (2000). doi:10.1000/a<b".')).startswith("A &amp; B (2000). <a href=")
    assert plain_markdown("A_B doi:10.1000/c_d.") == "A\\_B [doi:10.1000/c\\_d](<https://doi.org/10.1000/c_d>)."
