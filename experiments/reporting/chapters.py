"""Reports in a folder as chapters of a book: what each says in one line, and the links from one to the next."""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path
from typing import Any

from markupsafe import escape

from experiments.reporting.markup import escape_markdown
from experiments.reporting.report import require_name
from experiments.reporting.sentences import first_sentence
from experiments.reporting.writing import read_results
from mixture.storage import write_whole

type Contents = Sequence[tuple[str, Sequence[str]]]
"""Parts in reading order: a heading, and the names of the reports under it."""

_LINKS = re.compile(r"<!-- chapters: ([A-Za-z ]+) -->.*?<!-- end of chapters -->", re.DOTALL)


@dataclass(frozen=True)
class Chapter:
    """A report that stands in a folder, as its results.json tells it; all words are plain text.

    summary  the first sentence of its answer
    held, n_claims   how many of its claims hold, of how many
    picture  name, alt and width of the figure that stands for it, if it has one that is there
    """

    name: str
    title: str
    question: str
    summary: str
    held: int
    n_claims: int
    picture: Mapping[str, str] | None

    @property
    def tally(self) -> str:
        """How many claims hold, in words; empty where there is none."""
        if not self.n_claims:
            return ""
        return f"{self.held} of {self.n_claims} claims hold."

    @property
    def passed(self) -> bool:
        """Whether every claim holds."""
        return self.held == self.n_claims


@dataclass(frozen=True)
class ChaptersOfPart:
    """The reports under one heading."""

    title: str
    chapters: tuple[Chapter, ...]


def read_chapters(reports: Path, contents: Contents) -> tuple[ChaptersOfPart, ...]:
    """The reports that stand in `reports`, by parts and in order; reports and parts that do not are left out."""
    parts = (
        ChaptersOfPart(title, tuple(chapter for name in names if (chapter := _chapter(reports / name)) is not None))
        for title, names in contents
    )
    return tuple(part for part in parts if part.chapters)


def page_of(reports: Path, name: str) -> str:
    """Where a browser finds the report, seen from `reports`: its page, or its Markdown where git holds only that."""
    page = f"{name}/report.html"
    return page if (reports / page).is_file() else f"{name}/report.md"


def link_chapters(reports: Path, parts: Sequence[ChaptersOfPart]) -> None:
    """Write into each chapter where the one before and the one after stand, and where the index is.

    Only the links are touched; each page is replaced whole. Call it while `reports` is held (`only_one`), so that no
    other run puts a report in its place.
    """
    chapters = [chapter for part in parts for chapter in part.chapters]
    for leftover in reports.glob(".report.*.part"):  # of a run that was killed
        leftover.unlink(missing_ok=True)
    for (before, here), (_, after) in pairwise(pairwise([None, *chapters, None])):
        if here is None:
            continue
        _relink(reports, here.name, "report.md", _markdown_links(before, after))
        _relink(reports, here.name, "report.html", _html_links(reports, before, after))


def _chapter(folder: Path) -> Chapter | None:
    results = read_results(folder)
    if results is None or not (folder / "report.md").is_file():
        return None
    claims = [claim for claim in _items(results, "claims") if isinstance(claim, dict)]
    title, question, answer = (str(results.get(key, "")) for key in ("title", "question", "answer"))
    held = sum(claim.get("passed") is True for claim in claims)
    return Chapter(folder.name, title, question, first_sentence(answer), held, len(claims), _picture(folder, results))


def _items(results: Mapping[str, Any], key: str) -> list[Any]:
    found = results.get(key, [])
    return found if isinstance(found, list) else []


def _picture(folder: Path, results: Mapping[str, Any]) -> dict[str, str] | None:
    for picture in _items(results, "pictures")[:1]:
        if not isinstance(picture, dict):
            return None
        words = {key: str(picture.get(key, "")) for key in ("name", "alt", "width")}
        try:
            require_name(words["name"])
        except ValueError:
            return None
        if (folder / "figures" / f"{words['name']}.png").is_file():
            return words
    return None


def _markdown_links(before: Chapter | None, after: Chapter | None) -> str:
    parts = [
        f"[← {escape_markdown(before.title)}](../{before.name}/report.md)" if before else "",
        "[All questions](../README.md)",
        f"[{escape_markdown(after.title)} →](../{after.name}/report.md)" if after else "",
    ]
    return "\n" + " · ".join(part for part in parts if part) + "\n"


def _html_links(reports: Path, before: Chapter | None, after: Chapter | None) -> str:
    parts = [
        f'<a rel="prev" href="../{page_of(reports, before.name)}">← {escape(before.title)}</a>' if before else "",
        '<a rel="up" href="../index.html">All questions</a>',
        f'<a rel="next" href="../{page_of(reports, after.name)}">{escape(after.title)} →</a>' if after else "",
    ]
    return "".join(f"<span>{part}</span>" for part in parts)


def _relink(reports: Path, name: str, page: str, links: str) -> None:
    path = reports / name / page
    if not path.is_file():
        return
    text = path.read_text(encoding="utf-8")
    html = page.endswith(".html")

    def linked(match: re.Match[str]) -> str:
        label = match.group(1)
        inner = f'<nav class="chapters" aria-label="{label}">{links}</nav>' if html else links
        return f"<!-- chapters: {label} -->{inner}<!-- end of chapters -->"

    renewed = _LINKS.sub(linked, text)
    if renewed == text:
        return
    write_whole(path, renewed.encode(), draft=reports)  # outside the report, whose files are listed
