"""Reports as files: what they contain, that nothing in data is markup, that the bytes are the same each time."""

import csv
import hashlib
import json
import re
from pathlib import Path
from typing import Any

import pandas as pd
import pytest
from made_up_report import NASTY, Elements, report

from experiments.reporting.formats import format_frame
from experiments.reporting.rendering import (
    html_fragment,
    html_page,
    markdown_page,
    results_json,
    tex_table,
    write_report,
)
from experiments.reporting.report import Claim, Report, Section, Table


def test_the_page_shows_data_as_text_and_loads_nothing() -> None:
    page = Elements(html_page(report()))
    assert not page.of("script")
    assert page.words.count("<script>alert(1)</script>") >= 8
    links = [attributes["href"] or "" for attributes in page.of("a")]
    assert all(link.startswith(("#", "https://doi.org/", "figures/", "tables/")) for link in links)
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
    assert [attributes["alt"] for attributes in page.of("img")] == [f"Moving {NASTY}."]
    assert len(page.of("table")) == len(page.of("thead")) == 3
    assert {attributes.get("scope") for attributes in page.of("th")} == {"col", "row"}
    assert page.words.count("FAIL") == 2
    assert "pass" in page.words


def test_a_notebook_gets_the_same_words() -> None:
    fragment = html_fragment(report())
    assert fragment == report()._repr_html_()
    assert "<html" not in fragment
    assert 'href="figures/' not in fragment  # it stands beside no files
    assert "<article" in fragment


def test_markdown_shows_data_as_text() -> None:
    page = markdown_page(report())
    assert "<script" not in page.replace("\\<script", "").replace("&lt;script", "")
    assert '<img src="figures/line.png"' in page
    assert '<img src="figures/two.png"' in page
    rows = [line for line in page.splitlines() if line.startswith("|")]
    assert {len(re.findall(r"(?<!\\)\|", row)) for row in rows} == {2, 4, 8}
    assert '<img src="figures/moving.gif"' in page
    assert "$$\n\\begin{aligned}" in page
    ours = page.replace("<span>$</span>", "").replace("&#36;", "")
    assert sorted(re.findall(r"(?<!\$)\$[^$\n]+\$(?!\$)", ours)) == ["$\\theta$", "$x < y$", "$x^2$"]
    assert "**FAIL**" in page
    assert "[doi:10.1080/01621459.1990.10474918]" in page


def test_the_folder_holds_every_form(tmp_path: Path) -> None:
    write_report(report(), tmp_path)
    files = {path.relative_to(tmp_path).as_posix() for path in tmp_path.rglob("*") if path.is_file()}
    figures = {f"figures/{name}.{suffix}" for name in ("line", "two", "moving") for suffix in ("svg", "pdf", "png")}
    figures |= {f"figures/{name}.csv" for name in ("line", "two", "moving-path", "moving-more")}
    figures |= {"figures/moving.gif"}
    tables = {f"tables/{name}.{suffix}" for name in ("words", "cells", "claims") for suffix in ("csv", "tex")}
    assert files == {"report.html", "report.md", "results.json", "posterior.nc"} | figures | tables
    offered = {link["href"] for link in Elements(html_page(report())).of("a")}
    assert {name for name in offered if name.startswith(("figures/", "tables/"))} == figures | tables
    results = json.loads((tmp_path / "results.json").read_text(encoding="utf-8"))
    assert set(results["files"]) == files
    assert results["result"] == {"inner": {"a": [True, None], "b": 1}, "k": [0, 1], "logl": 1.5, "none": None}
    assert [claim["passed"] for claim in results["claims"]] == [True, False]
    assert results["passed"] is False
    assert [claim["error"] for claim in results["claims"]] == [0.00012, None]
    assert list(results) == sorted(results)
    for path in tmp_path.rglob("*.*"):
        assert str(tmp_path).encode() not in path.read_bytes()
        assert str(Path.home()).encode() not in path.read_bytes()
    with (tmp_path / "tables" / "cells.csv").open(newline="", encoding="utf-8") as file:
        assert list(csv.reader(file))[1:] == [["mean 1", "1.25", "3"], [NASTY, "-0.5", "4"]]


def test_a_claim_tells_the_monte_carlo_error_of_ours(tmp_path: Path) -> None:
    told = "Monte Carlo standard error of ours"
    page, text = Elements(html_page(report())).words, markdown_page(report())
    for words in (page, text):
        assert "± 0.00012" in words
        assert told in words
    write_report(report(), tmp_path)
    assert (tmp_path / "tables" / "claims.csv").read_text(encoding="utf-8").splitlines()[0].split(",")[4] == "error"
    exact = Report("r", "T", "Q?", "A.", (), claims=(Claim("c", "s", 1.0, 1.0, 0.1),))
    assert "±" not in html_page(exact) + markdown_page(exact)
    assert told not in html_page(exact) + markdown_page(exact)


def test_a_second_writing_has_the_same_bytes(tmp_path: Path) -> None:
    digests = []
    for name in ("a", "b"):
        (tmp_path / name).mkdir()
        write_report(report(), tmp_path / name)
        files = sorted(path for path in (tmp_path / name).rglob("*") if path.is_file())
        digests.append([hashlib.sha256(path.read_bytes()).hexdigest() for path in files])
    assert digests[0] == digests[1]


def test_spreadsheets_get_no_formula(tmp_path: Path) -> None:
    frame = pd.DataFrame({"=cmd": ["=1+1", "@x", "-y", "z", "＝1"], "v": [-1.0, 1.0, 2.0, 3.0, 4.0]})
    part = Report("r", "T", "Q?", "A.", (Section("s", (Table("t", "c", frame),)),))
    write_report(part, tmp_path)
    assert (tmp_path / "tables" / "t.csv").read_text() == "'=cmd,v\n'=1+1,-1.0\n'@x,1.0\n'-y,2.0\nz,3.0\n'＝1,4.0\n"


def test_tex_tables_are_booktabs() -> None:
    tex = tex_table(Table("t", "50 % of it", pd.DataFrame({"a_b": ["x & y"], "v": [-1.5]}), {"v": "a value"}))
    assert r"\begin{tabular}{lr}" in tex
    assert r"x \& y & $-$1.500 \\" in tex
    assert r"\caption{50 \% of it}" in tex
    assert r"a\_b & v \\" in tex
    assert "v: a value." in tex
    assert r"{}[mg] & 1 \\" in tex_table(Table("t", "c", pd.DataFrame({"unit": ["[mg]"], "n": [1]})))


def test_results_refuse_what_json_has_no_word_for() -> None:
    unknown: Any = Path("x")
    with pytest.raises(TypeError, match="Path"):
        results_json(Report("r", "T", "Q?", "A.", (), result={"path": unknown}), [])


def test_a_table_reads_its_scales_row_by_row() -> None:
    frame = pd.DataFrame({"EM": [1e9 + 3.2749, 0.5, 7.25], "sd": [1.05, 0.0302, None]})
    columns = format_frame(frame, {}, {"EM": "sd", "sd": "sd", "SE": "sd", "absent": "gone"})
    assert columns[0].cells == ("1000000003.27", "0.5000", "7.250")
    assert columns[1].cells == ("1.05", "0.0302", "–")
    assert "1000000003.27 & 1.05" in tex_table(Table("t", "c", frame, resolution={"EM": "sd", "sd": "sd"}))
