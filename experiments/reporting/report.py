"""What an experiment hands to its reader: sections of text, tables, pictures and claims, each claim computed."""

import math
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Literal, Protocol

if TYPE_CHECKING:
    import pandas as pd
    from matplotlib.figure import Figure

type Json = bool | int | float | str | Sequence[Json] | Mapping[str, Json] | None
type Width = Literal["single", "double"]
type Comparison = Literal["equal within", "at least", "at most"]

_NAME = re.compile(r"[a-z0-9][a-z0-9_-]{0,79}")
_DEVICE = re.compile(r"con|prn|aux|nul|(com|lpt)[1-9]")
"""No file can have such a name on Windows."""
_ANCHORS = ("expect", "mathematics", "claims", "limits", "made", "references")
"""Parts of a page that are there in any report."""


class Saveable(Protocol):
    """Anything that writes itself to one file: a posterior writes netCDF."""

    def save(self, path: Path) -> object: ...


def require_name(name: str) -> str:
    """`name` itself, if it can be a file name and an anchor everywhere; ValueError otherwise.

    Names are chosen by the author of a report, never taken from a data file.
    """
    if not _NAME.fullmatch(name) or _DEVICE.fullmatch(name):
        raise ValueError(
            f"{name!r} cannot name a part of a report: use a-z, 0-9, _ and -, starting with a-z or 0-9, and no name of"
            " a device (con, nul, ..)"
        )
    return name


@dataclass(frozen=True, eq=False)
class Table:
    """A table of numbers and words.

    name      file name (tables/<name>.csv, .tex) and anchor
    caption   plain text, one or two sentences that can stand in a paper
    frame     the cells; its index is shown if it is named or is not 0, 1, 2, ...
    columns   what a column header means, by header: shown under the table
    decimals  fixed decimal places, by header; other numbers get four significant digits and at least two decimals
    resolution  by header, the column whose third significant digit ends the numbers of that row: an sd or an SE
    """

    name: str
    caption: str
    frame: "pd.DataFrame"
    columns: Mapping[str, str] = field(default_factory=dict)
    decimals: Mapping[str, int] = field(default_factory=dict)
    resolution: Mapping[str, str] = field(default_factory=dict)

    def __post_init__(self) -> None:
        require_name(self.name)


@dataclass(frozen=True, eq=False)
class Picture:
    """A figure, its words, and the numbers it draws.

    name     file name (figures/<name>.svg, .pdf, .png) and anchor
    caption  plain text that can stand in a paper
    alt      plain text for those who do not see it
    figure   a matplotlib Figure at its final physical size
    data     the plotted numbers, by name: figures/<name>-<key>.csv (figures/<name>.csv if there is one frame)
    width    "single" (one column, 3.4 in) or "double" (7.0 in)
    """

    name: str
    caption: str
    alt: str
    figure: "Figure"
    data: Mapping[str, "pd.DataFrame"]
    width: Width = "single"

    def __post_init__(self) -> None:
        for name in (self.name, *self.data):
            require_name(name)

    @cached_property
    def files(self) -> Mapping[str, bytes]:
        """The figure in each form, by suffix: the same bytes each time."""
        from experiments.reporting.saving import figure_files

        return figure_files(self.figure)


@dataclass(frozen=True, eq=False)
class Animation:
    """Figures shown one after the other, once; readers who want no motion, and paper, get the last one.

    name     file name (figures/<name>.gif; .svg, .pdf, .png of the last frame) and anchor
    caption  plain text that can stand in a paper, under the last frame too
    alt      plain text for those who do not see it: what moves, and where it ends
    frames   matplotlib Figures of one size; the last must say all that is to be said without the others
    data     the plotted numbers, by name, as `Picture` has them
    seconds  that each frame stays
    """

    name: str
    caption: str
    alt: str
    frames: tuple["Figure", ...]
    data: Mapping[str, "pd.DataFrame"]
    width: Width = "single"
    seconds: float = 0.5

    def __post_init__(self) -> None:
        for name in (self.name, *self.data):
            require_name(name)
        if len(self.frames) < 2 or not 0.02 <= self.seconds <= 60.0:
            raise ValueError(f"the animation {self.name} needs two frames or more, each of 0.02 to 60 seconds")

    @property
    def figure(self) -> "Figure":
        """The last frame."""
        return self.frames[-1]

    @cached_property
    def files(self) -> Mapping[str, bytes]:
        """A GIF that plays once, and the last frame in each form, by suffix: the same bytes each time."""
        from experiments.reporting.animating import gif_bytes
        from experiments.reporting.saving import figure_files

        return {"gif": gif_bytes(self.frames, self.seconds), **figure_files(self.figure)}


@dataclass(frozen=True)
class Claim:
    """A published number beside ours.

    "equal within": |ours - published| <= tolerance.   "at least": ours >= published - tolerance.
    "at most": ours <= published + tolerance.
    A number that is not finite never passes. error: the Monte Carlo standard error of ours; None where it has none.
    """

    statement: str
    source: str
    published: float
    ours: float
    tolerance: float
    kind: Comparison = "equal within"
    unit: str = ""
    error: float | None = None

    @property
    def difference(self) -> float:
        """ours - published."""
        return self.ours - self.published

    @property
    def passed(self) -> bool:
        """Whether the claim holds here."""
        if not math.isfinite(self.difference):
            return False
        gap = {"equal within": abs(self.difference), "at least": -self.difference, "at most": self.difference}[
            self.kind
        ]
        return bool(gap <= self.tolerance)


@dataclass(frozen=True)
class Formula:
    """A displayed formula.

    tex    in TeX's mathematics, without dollars; written by the author of a report, never taken from data
    words  how one would read it aloud
    """

    tex: str
    words: str


type Prose = str | Formula
type Drawing = Picture | Animation
type Block = str | Formula | Table | Drawing


@dataclass(frozen=True, eq=False)
class Section:
    """A heading and what stands under it: paragraphs in Markdown (str), formulas, tables, pictures, animations.

    Markdown here is paragraphs, **bold**, *italics*, `code`, lists, https links and $mathematics$; HTML is shown as
    text. Put anything that comes from a data file through `experiments.reporting.markup.escape_markdown` first.
    """

    title: str
    blocks: tuple[Block, ...]


@dataclass(frozen=True, eq=False)
class Answer:
    """What an experiment found.

    words       the answer in its first lines, plain text: every number in it is computed
    sections    figures and tables in reading order
    claims      each computed; shown in a table of their own
    references  that the findings call for, after those the experiment declares
    provenance  what only the run knows: hashes of data, measured seconds
    result      plain numbers for a program that reads results.json
    posterior   kept beside the report as posterior.nc, if given
    """

    words: str
    sections: tuple[Section, ...]
    claims: tuple[Claim, ...] = ()
    references: tuple[str, ...] = ()
    provenance: Mapping[str, str | float | int] = field(default_factory=dict)
    result: Mapping[str, Json] = field(default_factory=dict)
    posterior: Saveable | None = None


@dataclass(frozen=True, eq=False)
class Report:
    """One question, answered: a chapter.

    name        folder name; title, question, answer, references: plain text (a DOI in them becomes a link)
    expect, mathematics   what stands before the findings; limits: what they do not show; all may be empty
    sections    in reading order; claims: shown in a table of their own after them
    rerun       the command that makes this report again; empty where there is none
    provenance  how it came about: seed, budget, data hash, versions, seconds
    result      plain numbers for a program that reads results.json
    posterior   kept beside the report as posterior.nc, if given
    """

    name: str
    title: str
    question: str
    answer: str
    sections: tuple[Section, ...]
    expect: str = ""
    mathematics: tuple[Prose, ...] = ()
    limits: str = ""
    rerun: str = ""
    claims: tuple[Claim, ...] = ()
    references: tuple[str, ...] = ()
    provenance: Mapping[str, str | float | int] = field(default_factory=dict)
    result: Mapping[str, Json] = field(default_factory=dict)
    posterior: Saveable | None = None

    def __post_init__(self) -> None:
        require_name(self.name)
        names = [*_ANCHORS, *(table.name for table in self.tables), *(picture.name for picture in self.pictures)]
        twice = sorted({name for name in names if names.count(name) > 1})
        if twice:
            raise ValueError(f"the report {self.name} has several parts called {', '.join(twice)}")

    @property
    def passed(self) -> bool:
        """Whether every claim holds."""
        return all(claim.passed for claim in self.claims)

    @property
    def tables(self) -> Iterator[Table]:
        """Its tables, in reading order."""
        return (block for section in self.sections for block in section.blocks if isinstance(block, Table))

    @property
    def pictures(self) -> Iterator[Drawing]:
        """Its pictures and animations, in reading order."""
        return (
            block for section in self.sections for block in section.blocks if isinstance(block, Picture | Animation)
        )

    def write(self, folder: Path | str) -> Path:
        """Write the report into `folder`, whole or not at all, and return the folder.

        Raises OSError where the folder cannot be written, or holds anything that is not a report.
        """
        from experiments.reporting.rendering import write_report
        from experiments.reporting.writing import write_folder

        return write_folder(Path(folder), lambda draft: write_report(self, draft))

    def _repr_html_(self) -> str:
        """The report as a notebook shows it."""
        from experiments.reporting.rendering import html_fragment

        return html_fragment(self)
