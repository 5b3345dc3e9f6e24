"""The pages above the reports: what they list, whom they spare, and that no link of theirs is dead."""

import json
import re
from pathlib import Path

import pytest
from made_up_report import DOI, FOREIGN, LONG, NASTY, Elements, picture
from support import ROOT

from experiments.registry import contents
from experiments.reporting.chapters import read_chapters
from experiments.reporting.glossary import entries, glossary_markdown
from experiments.reporting.indexing import index_markdown, write_index
from experiments.reporting.readme import questions_table, with_questions, write_questions
from experiments.reporting.rendering import write_report
from experiments.reporting.report import Claim, Report, Section

CONTENTS = [("First part", ["b", "a"]), ("Nothing yet", ["missing"]), ("Second part", ["c"])]


def chapter(name: str, *, answer: str = "It is 0.5 so. And more.", passed: bool = True) -> Report:
    claims = (Claim("one", DOI, 1.0, 1.0, 0.1), Claim("two", DOI, 1.0, 1.0 if passed else 2.0, 0.1))
    section = Section("s", (picture(),))
    return Report(name, f"Title {name} {NASTY}", f"Question {FOREIGN} {NASTY}?", answer, (section,), claims=claims)


def written(folder: Path, *reports: Report) -> Path:
    for report in reports:
        (folder / report.name).mkdir()
        write_report(report, folder / report.name)
    write_index(folder, CONTENTS)
    return folder


def dead_links(folder: Path) -> list[str]:
    """Links to files that are not there, from every page in a folder of reports."""
    dead = []
    for page in (*folder.glob("*.*"), *folder.glob("*/report.*")):
        text = page.read_text(encoding="utf-8")
        if page.suffix == ".md":
            links = re.findall(r"\]\(([^)<]*)\)", text) + re.findall(r'(?:src|href)="([^"]*)"', text)
        else:
            links = [link["href"] or "" for link in Elements(text).of("a")]
        files = [link for link in links if link and not link.startswith(("#", "https:", "javascript:g"))]
        dead += [f"{page.name}: {link}" for link in files if not (page.parent / link).exists()]
    return dead


def test_the_index_lists_parts_and_reports_in_order_with_one_line_answers(tmp_path: Path) -> None:
    written(tmp_path, chapter("a"), chapter("b", passed=False), chapter("c"))
    text = (tmp_path / "README.md").read_text(encoding="utf-8")
    places = [text.index(word) for word in ("## First part", "(b/report.md)", "(a/report.md)", "## Second part")]
    assert places == sorted(places)
    assert "Nothing yet" not in text
    assert "It is 0.5 so. 2 of 2 claims hold." in text
    assert "It is 0.5 so. **1 of 2 claims hold.**" in text
    assert "And more" not in text
    page = Elements((tmp_path / "index.html").read_text(encoding="utf-8"))
    assert page.words.count("1 of 2 claims hold.") == 1
    assert len(page.of("img")) == 3
    assert all((image["src"] or "").startswith("data:image/png;base64,") for image in page.of("img"))
    assert all((image["alt"] or "").startswith("Alt ") for image in page.of("img"))


def test_words_of_reports_are_no_markup_in_the_pages_above_them(tmp_path: Path) -> None:
    written(tmp_path, chapter("a", answer=f"{NASTY} {LONG}"))
    page = Elements((tmp_path / "index.html").read_text(encoding="utf-8"))
    assert not {"script", "iframe", "object", "embed", "link", "base", "form"} & {tag for tag, _ in page.elements}
    assert page.words.count("<script>alert(1)</script>") == 3
    links = {link["href"] for link in page.of("a")}
    assert links == {"glossary.html", "#part-1", "a/report.html"}
    for name in ("README.md", "glossary.md"):
        text = (tmp_path / name).read_text(encoding="utf-8")
        assert "<script" not in text.replace("\\<script", "").replace("&lt;script", "")
        assert "$h$" not in text
    assert "<script>alert" not in (tmp_path / "glossary.html").read_text(encoding="utf-8")


@pytest.mark.parametrize("name", ["../../secret", "/etc/passwd", "a b", ""])
def test_a_picture_is_named_never_a_path(tmp_path: Path, name: str) -> None:
    folder = tmp_path / "a"
    folder.mkdir()
    (folder / "report.md").write_text("x")
    results = {"format": 1, "pictures": [{"name": name, "alt": "x", "width": "single"}], "claims": "no list"}
    (folder / "results.json").write_text(json.dumps(results))
    write_index(tmp_path, CONTENTS)
    assert "<img" not in (tmp_path / "README.md").read_text() + (tmp_path / "index.html").read_text()


def test_a_picture_that_cannot_be_read_is_left_out(tmp_path: Path) -> None:
    written(tmp_path, chapter("a"))
    (tmp_path / "a" / "figures" / "line.png").write_bytes(b"no picture")
    write_index(tmp_path, CONTENTS)
    assert "<img" not in (tmp_path / "index.html").read_text(encoding="utf-8")


def test_chapters_link_to_those_that_are_there(tmp_path: Path) -> None:
    written(tmp_path, chapter("a"), chapter("b"), chapter("c"))
    assert dead_links(tmp_path) == []

    def neighbours(name: str) -> list[tuple[str, str]]:
        page = Elements((tmp_path / name / "report.html").read_text(encoding="utf-8"))
        return [(str(link["rel"]), str(link["href"])) for link in page.of("a") if "rel" in link]

    up = ("up", "../index.html")
    assert neighbours("b") == [up, ("next", "../a/report.html")] * 2
    assert neighbours("a") == [("prev", "../b/report.html"), up, ("next", "../c/report.html")] * 2
    assert neighbours("c") == [("prev", "../a/report.html"), up] * 2
    assert "(../c/report.md)" in (tmp_path / "a" / "report.md").read_text(encoding="utf-8")
    for path in (tmp_path / "a").iterdir():
        if path.is_file():
            path.unlink()
    (tmp_path / "c" / "report.html").unlink()  # as after a clone
    write_index(tmp_path, CONTENTS)
    assert neighbours("b") == [up, ("next", "../c/report.md")] * 2
    assert dead_links(tmp_path) == []
    assert [path.name for path in tmp_path.iterdir() if path.name.startswith(".")] == []


def test_a_report_alone_links_to_no_other(tmp_path: Path) -> None:
    write_report(chapter("a"), tmp_path)
    page = Elements((tmp_path / "report.html").read_text(encoding="utf-8"))
    assert not [link for link in page.of("a") if ".." in (link["href"] or "")]
    assert "](.." not in (tmp_path / "report.md").read_text(encoding="utf-8")


def test_linking_twice_changes_nothing(tmp_path: Path) -> None:
    written(tmp_path, chapter("a"), chapter("b"))
    before = {path: path.read_bytes() for path in tmp_path.rglob("*") if path.is_file()}
    write_index(tmp_path, CONTENTS)
    assert {path: path.read_bytes() for path in tmp_path.rglob("*") if path.is_file()} == before


def test_pages_of_others_are_left_alone(tmp_path: Path) -> None:
    for name in ("README.md", "index.html", "glossary.md", "glossary.html"):
        (tmp_path / name).write_text("# My own page\n")
    assert write_index(tmp_path, CONTENTS) == ()
    assert (tmp_path / "index.html").read_text() == "# My own page\n"


def test_the_glossary_links_to_chapters_that_are_there_alone() -> None:
    assert "Shown in" not in glossary_markdown({})
    every = [entry for _, part in entries() for entry in part]
    assert len({entry.name for entry in every}) == len(every)
    wanted = {"marginalisation", "e-step", "m-step", "lower-bound", "local-optima", "run-away", "observed-information"}
    assert wanted | {"label-switching", "relabelling", "r-hat", "evidence", "criteria", "loo"} <= {
        e.name for e in every
    }


def test_the_table_of_the_readme_is_renewed_between_its_marks(tmp_path: Path) -> None:
    written(tmp_path, chapter("a"), chapter("b", passed=False))
    table = questions_table(tmp_path, CONTENTS)
    rows = [
        row for row in table.splitlines() if row.startswith("|") and "---" not in row and "question | answer" not in row
    ]
    assert len(rows) == 2
    assert {len(re.findall(r"(?<!\\)\|", row)) for row in rows} == {3}
    assert "](reports/b/report.md) | It is 0.5 so. **1 of 2 claims hold.** |" in rows[0]
    readme = tmp_path / "MINE.md"
    readme.write_text("before\n<!-- questions -->stale<!-- end of questions -->\nafter\n")
    write_questions(readme, tmp_path, CONTENTS)
    text = readme.read_text(encoding="utf-8")
    assert text.startswith("before\n")
    assert text.endswith("\nafter\n")
    assert "stale" not in text
    write_questions(readme, tmp_path, CONTENTS)
    assert readme.read_text(encoding="utf-8") == text
    with pytest.raises(ValueError, match="put both where the table goes"):
        with_questions("no marks", table)


def test_the_committed_pages_tell_what_the_committed_reports_say() -> None:
    """After new reports: python -m experiments index --readme README.md."""
    readme = (ROOT / "README.md").read_text(encoding="utf-8")
    assert readme == with_questions(readme, questions_table(ROOT / "reports", contents()))
    parts = read_chapters(ROOT / "reports", contents())
    there = {chapter.name: chapter for part in parts for chapter in part.chapters}
    for name, text in {"README.md": index_markdown(parts), "glossary.md": glossary_markdown(there)}.items():
        committed = (ROOT / "reports" / name).read_text(encoding="utf-8")
        assert committed.partition("\n")[2] == text
