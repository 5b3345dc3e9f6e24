"""Reports as files: what they contain, that nothing in data is markup, that the bytes are the same each time."""

import csv
import hashlib
import json
import re
from html.parser import HTMLParser
from pathlib import Path
from typing import Any

import matplotlib as mpl
import numpy as np
import pandas as pd
import pytest

from experiments.figures import style
from experiments.reporting.formats import format_column, format_frame, number, resolved, short
from experiments.reporting.markup import escape_markdown, escape_tex, markdown_html, plain_html, plain_markdown
from experiments.reporting.rendering import (
    html_fragment,
    html_page,
    markdown_page,
    results_json,
    tex_table,
    write_report,
)
from experiments.reporting.report import Claim, Picture, Report, Section, Table
from experiments.reporting.saving import figure_bytes

NASTY = "<script>alert(1)</script> a|b *c* _d_ & `e` [f](javascript:g) $h$ 50% #1 {i} ~j ^k \\l \"m\" 'n'"


def picture(name: str = "line", width: str = "single") -> Picture:
    with style.figure_style():
        figure = style.new_figure()
        axes = figure.add_subplot()
        axes.plot([1, 2, 3], [1, 3, 2], label="EM", **style.METHODS["em"].line)
        axes.plot([1, 2, 3], [1, 3, 2], **style.METHODS["data"].points)
        axes.set_xlabel(NASTY.replace("$", ""))
        axes.legend()
    data = {"line": pd.DataFrame({"x": [1, 2, 3], "y": [1.0, 3.0, 2.0]})}
    return Picture(
        name, f"A line of {NASTY}.", f"Alt {NASTY}.", figure, data, "double" if width == "double" else "single"
    )


class Saved:
    """A posterior that writes a line."""

    def save(self, path: Path) -> Path:
        path.write_text("draws")
        return path


def report() -> Report:
    frame = pd.DataFrame({"parameter": ["mean 1", NASTY], NASTY: [1.25, -0.5], "n": [3, 4]})
    claims = (
        Claim(f"logL {NASTY}", "Roeder (1990). doi:10.1080/01621459.1990.10474918", -203.1792, -203.17921, 1e-3),
        Claim("at least", "a paper", 1.0, float("nan"), 0.1, "at least", "nats"),
    )
    return Report(
        name="sample",
        title=f"Title {NASTY}",
        question=f"Question {NASTY}?",
        answer=f"Answer {NASTY}.",
        sections=(
            Section(f"Section {NASTY}", (f"Text {escape_markdown(NASTY)} **bold**", picture())),
            Section(
                "Numbers", (Table("cells", f"Caption {NASTY}", frame, {NASTY: "a nasty one"}), picture("two", "double"))
            ),
        ),
        claims=claims,
        references=("Somebody (2000). Something. doi:10.1000/abc_(1)x",),
        provenance={"seed": 1, "data": NASTY, "seconds": 1.5},
        result={"logl": np.float64(1.5), "none": float("nan"), "k": np.arange(2), "inner": {"b": 1, "a": (True, None)}},
        posterior=Saved(),
    )


class Elements(HTMLParser):
    """Every element of a page with its attributes, and the text outside of styles."""

    def __init__(self, page: str) -> None:
        super().__init__()
        self.elements: list[tuple[str, dict[str, str | None]]] = []
        self.words = ""
        self.feed(page)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.elements.append((tag, dict(attrs)))

    def handle_data(self, data: str) -> None:
        self.words += data

    def of(self, tag: str) -> list[dict[str, str | None]]:
        return [attributes for name, attributes in self.elements if name == tag]


def test_the_page_shows_data_as_text_and_loads_nothing() -> None:
    page = Elements(html_page(report()))
    assert not page.of("script")
    assert page.words.count("<script>alert(1)</script>") >= 8
    links = [attributes["href"] or "" for attributes in page.of("a")]
    assert all(link.startswith(("#", "https://doi.org/")) for link in links)
    assert not {"iframe", "object", "embed", "link", "base", "form"} & {tag for tag, _ in page.elements}
    for _, attributes in page.elements:
        assert not any(key.startswith("on") for key in attributes)
        assert (attributes.get("src") or "data:").startswith("data:")
        assert (attributes.get("xlink:href") or "#").startswith(("#", "data:"))


def test_ids_are_unique_and_every_reference_is_answered() -> None:
    page = Elements(html_page(report()))
    ids = [attributes["id"] for _, attributes in page.elements if "id" in attributes]
    assert len(ids) == len(set(ids))
    wanted = {
        value[1:] for _, a in page.elements for key, value in a.items() if "href" in key and (value or "")[0] == "#"
    }
    wanted |= set(re.findall(r"url\(#([^)]*)\)", html_page(report())))
    wanted |= {a["aria-labelledby"] for _, a in page.elements if a.get("aria-labelledby")}
    assert wanted <= set(ids)


def test_headings_tables_and_pictures_are_accessible() -> None:
    page = Elements(html_page(report()))
    assert page.of("html")[0]["lang"] == "en"
    assert len(page.of("h1")) == 1
    assert [attributes.get("role") for attributes in page.of("svg")] == ["img", "img"]
    assert page.of("svg")[0]["aria-label"] == f"Alt {NASTY}."
    assert len(page.of("table")) == len(page.of("thead")) == 2
    assert {attributes.get("scope") for attributes in page.of("th")} == {"col", "row"}
    assert page.words.count("FAIL") == 2
    assert "pass" in page.words


def test_a_notebook_gets_the_same_words() -> None:
    fragment = html_fragment(report())
    assert fragment == report()._repr_html_()
    assert "<html" not in fragment
    assert "<article" in fragment


def test_markdown_shows_data_as_text() -> None:
    page = markdown_page(report())
    assert "<script" not in page.replace("\\<script", "").replace("&lt;script", "")
    assert '<img src="figures/line.png"' in page
    assert '<img src="figures/two.png"' in page
    rows = [line for line in page.splitlines() if line.startswith("|")]
    assert {len(re.findall(r"(?<!\\)\|", row)) for row in rows} == {4, 8}
    assert "**FAIL**" in page
    assert "[doi:10.1080/01621459.1990.10474918]" in page


@pytest.mark.parametrize(
    "text", [NASTY, "1. a", "- a", "# a", "=== ", "+ a", "a\nb", "http://x.y", "&amp;", "-1.5", "![a](https://b.c)"]
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


def test_the_folder_holds_every_form(tmp_path: Path) -> None:
    write_report(report(), tmp_path)
    files = {path.relative_to(tmp_path).as_posix() for path in tmp_path.rglob("*") if path.is_file()}
    figures = {f"figures/{name}.{suffix}" for name in ("line", "two") for suffix in ("svg", "pdf", "png", "csv")}
    tables = {f"tables/{name}.{suffix}" for name in ("cells", "claims") for suffix in ("csv", "tex")}
    assert files == {"report.html", "report.md", "results.json", "posterior.nc"} | figures | tables
    results = json.loads((tmp_path / "results.json").read_text(encoding="utf-8"))
    assert set(results["files"]) == files
    assert results["result"] == {"inner": {"a": [True, None], "b": 1}, "k": [0, 1], "logl": 1.5, "none": None}
    assert [claim["passed"] for claim in results["claims"]] == [True, False]
    assert results["passed"] is False
    assert list(results) == sorted(results)
    for path in tmp_path.rglob("*.*"):
        assert str(tmp_path).encode() not in path.read_bytes()
        assert str(Path.home()).encode() not in path.read_bytes()
    with (tmp_path / "tables" / "cells.csv").open(newline="", encoding="utf-8") as file:
        assert list(csv.reader(file))[1:] == [["mean 1", "1.25", "3"], [NASTY, "-0.5", "4"]]


def test_a_second_writing_has_the_same_bytes(tmp_path: Path) -> None:
    digests = []
    for name in ("a", "b"):
        (tmp_path / name).mkdir()
        write_report(report(), tmp_path / name)
        files = sorted(path for path in (tmp_path / name).rglob("*") if path.is_file())
        digests.append([hashlib.sha256(path.read_bytes()).hexdigest() for path in files])
    assert digests[0] == digests[1]


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


def test_spreadsheets_get_no_formula(tmp_path: Path) -> None:
    frame = pd.DataFrame({"=cmd": ["=1+1", "@x", "-y", "z"], "v": [-1.0, 1.0, 2.0, 3.0]})
    part = Report("r", "T", "Q?", "A.", (Section("s", (Table("t", "c", frame),)),))
    write_report(part, tmp_path)
    assert (tmp_path / "tables" / "t.csv").read_text() == "'=cmd,v\n'=1+1,-1.0\n'@x,1.0\n'-y,2.0\nz,3.0\n"


def test_tex_tables_are_booktabs() -> None:
    tex = tex_table(Table("t", "50 % of it", pd.DataFrame({"a_b": ["x & y"], "v": [-1.5]}), {"v": "a value"}))
    assert r"\begin{tabular}{lr}" in tex
    assert r"x \& y & $-$1.500 \\" in tex
    assert r"\caption{50 \% of it}" in tex
    assert r"a\_b & v \\" in tex
    assert "v: a value." in tex


def test_results_refuse_what_json_has_no_word_for() -> None:
    unknown: Any = Path("x")
    with pytest.raises(TypeError, match="Path"):
        results_json(Report("r", "T", "Q?", "A.", (), result={"path": unknown}), [])


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


def test_a_table_reads_its_scales_row_by_row() -> None:
    frame = pd.DataFrame({"EM": [1e9 + 3.2749, 0.5, 7.25], "sd": [1.05, 0.0302, None]})
    columns = format_frame(frame, {}, {"EM": "sd", "sd": "sd", "SE": "sd", "absent": "gone"})
    assert columns[0].cells == ("1000000003.27", "0.5000", "7.250")
    assert columns[1].cells == ("1.05", "0.0302", "–")
    assert "1000000003.27 & 1.05" in tex_table(Table("t", "c", frame, resolution={"EM": "sd", "sd": "sd"}))


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
