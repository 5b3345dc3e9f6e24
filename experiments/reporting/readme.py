"""The table of questions and answers in the project's README, from the results of the reports."""

import os
import re
from pathlib import Path
from urllib.parse import quote

from experiments.reporting.chapters import Contents, read_chapters
from experiments.reporting.markup import escape_markdown, plain_markdown
from experiments.reporting.writing import write_text

_TABLE = re.compile(r"<!-- questions -->.*?<!-- end of questions -->", re.DOTALL)


def questions_table(reports: Path, contents: Contents, folder: str = "reports") -> str:
    """A Markdown table of the reports in `reports`, by part: question, linked to its report in `folder`, and answer."""
    lines = []
    for part in read_chapters(reports, contents):
        lines += ["", f"**{escape_markdown(part.title)}**", "", "| question | answer |", "| --- | --- |"]
        for chapter in part.chapters:
            failed = "" if chapter.passed else f" **{chapter.tally}**"
            question = f"[{escape_markdown(chapter.question)}]({folder}/{chapter.name}/report.md)"
            lines.append(f"| {question} | {plain_markdown(chapter.summary)}{failed} |")
    return "\n".join([*lines, ""])


def with_questions(readme: str, table: str) -> str:
    """The README with `table` between its marks; ValueError where it has none."""
    if not _TABLE.search(readme):
        raise ValueError(
            "the README has no <!-- questions --> ... <!-- end of questions -->: put both where the table goes"
        )
    return _TABLE.sub(lambda _: f"<!-- questions -->\n{table}\n<!-- end of questions -->", readme)


def write_questions(readme: Path, reports: Path, contents: Contents) -> None:
    """Renew the table in the file `readme`, which is replaced whole."""
    text = readme.read_text(encoding="utf-8")
    folder = os.path.relpath(reports.resolve(), readme.resolve().parent)
    write_text(readme, with_questions(text, questions_table(reports, contents, quote(folder.replace(os.sep, "/")))))
