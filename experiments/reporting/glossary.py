"""The glossary: one source, `glossary_source.md`, made into a page and into Markdown."""

import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from functools import cache
from importlib.resources import files

from experiments.reporting.chapters import Chapter
from experiments.reporting.rendering import environment
from experiments.reporting.report import Formula, Prose, require_name

_HEADING = re.compile(r"### (?P<title>.+?) \{#(?P<name>[^}]+)\}")
_FORMULA = re.compile(r"\$\$\n(?P<tex>.+?)\n\$\$\n: (?P<words>.+)", re.DOTALL)
_SHOWN = "Shown in: "


@dataclass(frozen=True)
class Entry:
    """One term: its anchor, its title, paragraphs and formulas, and the names of the experiments that show it."""

    name: str
    title: str
    blocks: tuple[Prose, ...]
    chapters: tuple[str, ...]

    def __post_init__(self) -> None:
        for name in (self.name, *self.chapters):
            require_name(name)


def glossary_markdown(chapters: Mapping[str, Chapter]) -> str:
    """The glossary as Markdown; it links to those chapters that are there, by name."""
    return environment().get_template("glossary.md").render(parts=entries(), shown=_shown(chapters))


def glossary_html(chapters: Mapping[str, Chapter], page: Callable[[str], str]) -> str:
    """The glossary as one page; page: where a chapter stands, by name."""
    return environment().get_template("glossary.html").render(parts=entries(), shown=_shown(chapters), page=page)


@cache
def entries() -> tuple[tuple[str, tuple[Entry, ...]], ...]:
    """The entries of the source, under their headings."""
    text = files("experiments.reporting").joinpath("glossary_source.md").read_text(encoding="utf-8")
    parts = re.split(r"^## ", text, flags=re.MULTILINE)[1:]
    return tuple((part.partition("\n")[0], tuple(_entries(part))) for part in parts)


def _entries(part: str) -> Iterator[Entry]:
    for text in re.split(r"^(?=### )", part, flags=re.MULTILINE)[1:]:
        head, *blocks = re.split(r"\n\n+", text.strip())
        heading = _HEADING.fullmatch(head)
        if heading is None or not blocks[-1].startswith(_SHOWN):
            raise ValueError(
                f"an entry of the glossary has a heading with its anchor, and ends with {_SHOWN!r}: {head}"
            )
        chapters = tuple(blocks.pop().removeprefix(_SHOWN).split(", "))
        yield Entry(heading["name"], heading["title"], tuple(map(_block, blocks)), chapters)


def _block(text: str) -> Prose:
    formula = _FORMULA.fullmatch(text)
    if formula is None and text.startswith("$$"):
        raise ValueError(f"a formula of the glossary says how it is read aloud: {text}")
    return text if formula is None else Formula(formula["tex"], formula["words"].rstrip("."))


def _shown(chapters: Mapping[str, Chapter]) -> Callable[[Entry], list[Chapter]]:
    return lambda entry: [chapters[name] for name in entry.chapters if name in chapters]
