"""The pages above the reports: what each asks and answers, and the glossary; links between the chapters."""

import io
from collections.abc import Sequence
from pathlib import Path

import numpy as np
from PIL import Image

from experiments.reporting.chapters import Chapter, ChaptersOfPart, Contents, link_chapters, page_of, read_chapters
from experiments.reporting.glossary import glossary_html, glossary_markdown
from experiments.reporting.locking import only_one
from experiments.reporting.pixels import indexed
from experiments.reporting.rendering import data_uri, environment
from experiments.reporting.writing import write_text

_MARK = "<!-- index written by python -m experiments -->"
_PIXELS = {"single": 640, "double": 960}
"""Width of a picture on the page, by the width of the figure: twice what it takes in points of the screen."""


PAGES = ("README.md", "index.html", "glossary.md", "glossary.html")


def write_index(reports: Path, contents: Contents) -> tuple[Path, ...]:
    """Write README.md, index.html and the glossary into `reports`, and link its chapters; return what was written.

    contents: parts in reading order, (heading, names of reports); a report that does not stand there is left out, and
    where none does nothing is written.
    A page of one of these names that was not written by this function is left alone.
    """
    if not reports.is_dir():
        return ()
    with only_one(reports):  # of two runs that end together the later one's pages tell of both
        return _written(reports, contents)


def _written(reports: Path, contents: Contents) -> tuple[Path, ...]:
    parts = read_chapters(reports, contents)
    if not parts:
        return ()
    there = {chapter.name: chapter for part in parts for chapter in part.chapters}
    texts = (
        index_markdown(parts),
        environment()
        .get_template("index.html")
        .render(
            parts=parts,
            page=lambda chapter: page_of(reports, chapter.name),
            picture=lambda chapter: _thumbnail(reports, chapter),
        ),
        glossary_markdown(there),
        glossary_html(there, lambda name: page_of(reports, name)),
    )
    pages = zip(PAGES, texts, strict=True)
    written = tuple(path for name, text in pages if (path := _write_ours(reports / name, text)) is not None)
    link_chapters(reports, parts)
    return written


def index_markdown(parts: Sequence[ChaptersOfPart]) -> str:
    """The list of questions and one-line answers as Markdown."""
    return environment().get_template("index.md").render(parts=parts)


def _write_ours(path: Path, text: str) -> Path | None:
    if path.exists() and _MARK not in path.read_text(encoding="utf-8", errors="replace")[:200]:
        return None
    top, _, rest = text.partition("\n") if text.startswith("<!doctype") else ("", "", text)
    write_text(path, f"{top}\n{_MARK}\n{rest}" if top else f"{_MARK}\n{rest}")
    return path


def _thumbnail(reports: Path, chapter: Chapter) -> str | None:
    """The chapter's picture as a small PNG inside the page; None where there is none that can be read."""
    if chapter.picture is None:
        return None
    try:
        with Image.open(
            reports / chapter.name / "figures" / f"{chapter.picture['name']}.png", formats=["PNG"]
        ) as image:
            width = min(_PIXELS.get(chapter.picture["width"], 640), image.width)
            small = image.convert("RGB").resize(
                (width, round(image.height * width / image.width)), Image.Resampling.LANCZOS
            )
    except (OSError, ValueError, Image.DecompressionBombError):
        return None
    buffer = io.BytesIO()
    indexed([np.asarray(small)])[0].save(buffer, "PNG", optimize=True)
    return data_uri("png", buffer.getvalue())
