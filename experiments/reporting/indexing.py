"""The page that lists the reports: question, answer and a picture of each."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

from markupsafe import escape

from experiments.reporting.markup import escape_markdown, plain_markdown
from experiments.reporting.writing import read_results, write_text

_INDEX_MARK = "<!-- index written by python -m experiments -->"


def write_index(reports: Path, names: Sequence[str]) -> Path | None:
    """Write reports/README.md: question, answer and first picture of the reports called `names`, in that order.

    A README.md that this function did not write is left alone, and None returned.
    """
    index = reports / "README.md"
    if index.exists() and not index.read_text(encoding="utf-8", errors="replace").startswith(_INDEX_MARK):
        return None
    found = [(name, results) for name in names if (results := read_results(reports / name)) is not None]
    parts = [f"{_INDEX_MARK}\n# Reports\n"]
    for name, results in found:
        title, question, answer = (str(results.get(key, "")) for key in ("title", "question", "answer"))
        held = "" if results.get("passed") else " **Some of its claims FAIL.**"
        parts.append(f"## [{escape_markdown(title)}]({name}/report.md)\n\n*{escape_markdown(question)}*\n")
        parts.append(f"{plain_markdown(answer)}{held}\n")
        parts += [_index_picture(name, picture) for picture in results.get("pictures", ())[:1]]
    write_text(index, "\n".join(parts))
    return index


def _index_picture(name: str, picture: dict[str, Any]) -> str:
    width = 480 if picture.get("width") == "single" else 800
    source = f"{name}/figures/{picture.get('name', '')}.png"
    words = escape(picture.get("alt", ""))
    return f'<a href="{name}/report.md"><img src="{escape(source)}" alt="{words}" width="{width}"></a>\n'
