"""A report as files: one self-contained page, Markdown, figures, tables, and numbers for programs."""

import base64
import json
import math
from collections.abc import Callable, Mapping
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from jinja2 import Environment, PackageLoader, StrictUndefined
from markupsafe import Markup, escape

from experiments.reporting.formats import FormattedColumn, format_frame, number, short
from experiments.reporting.markup import (
    escape_markdown,
    escape_tex,
    markdown_html,
    one_line,
    plain_html,
    plain_markdown,
)
from experiments.reporting.mathematics import mathml
from experiments.reporting.report import Animation, Claim, Drawing, Formula, Report, Table
from experiments.reporting.saving import inline_svg

_FORMULA = tuple("=+-@\t\r\n＝＋－＠")
"""Characters at which a spreadsheet begins to calculate; the last four are their wide forms."""


def html_fragment(report: Report) -> str:
    """The report as an <article> with its own style, for a notebook."""
    return environment().get_template("fragment.html").render(_context(report), beside=False)


def html_page(report: Report) -> str:
    """The report as one page that needs no other file and no network; it offers those that stand beside it."""
    return environment().get_template("report.html").render(_context(report), beside=True)


def markdown_page(report: Report) -> str:
    """The report as Markdown, with its figures beside it in figures/."""
    return environment().get_template("report.md").render(_context(report))


def write_report(report: Report, folder: Path, *, between: Callable[[], None] = lambda: None) -> None:
    """Write every file of the report into the empty folder `folder`; `between` is called every few files."""
    (folder / "figures").mkdir()
    (folder / "tables").mkdir()
    for picture in report.pictures:
        between()
        for suffix, content in picture.files.items():
            (folder / "figures" / f"{picture.name}.{suffix}").write_bytes(content)
        for name, frame in zip(_data_names(picture), picture.data.values(), strict=True):
            _write_csv(frame, folder / "figures" / f"{name}.csv")
    for table in (*report.tables, *_claims_table(report)):
        _write_csv(table.frame, folder / "tables" / f"{table.name}.csv")
        (folder / "tables" / f"{table.name}.tex").write_bytes(tex_table(table).encode())
    between()
    (folder / "report.html").write_bytes(html_page(report).encode())
    (folder / "report.md").write_bytes(markdown_page(report).encode())
    between()
    if report.posterior is not None:
        report.posterior.save(folder / "posterior.nc")
    files = sorted(path.relative_to(folder).as_posix() for path in folder.rglob("*") if path.is_file())
    (folder / "results.json").write_bytes(results_json(report, files).encode())


def results_json(report: Report, files: list[str]) -> str:
    """The report for programs: keys sorted, every number finite (null where there is none), no path of this machine."""
    content = {
        "format": 1,
        **{key: getattr(report, key) for key in ("name", "title", "question", "answer", "passed", "references")},
        "claims": [
            {
                **{key: getattr(claim, key) for key in ("statement", "source", "kind", "unit")},
                **{key: getattr(claim, key) for key in ("published", "ours", "error")},
                **{key: getattr(claim, key) for key in ("difference", "tolerance", "passed")},
            }
            for claim in report.claims
        ],
        "tables": [{"name": table.name, "caption": table.caption} for table in report.tables],
        "pictures": [
            {
                **{key: getattr(part, key) for key in ("name", "caption", "alt", "width")},
                "animated": isinstance(part, Animation),
            }
            for part in report.pictures
        ],
        "provenance": report.provenance,
        "result": report.result,
        "files": sorted({*files, "results.json"}),
    }
    return json.dumps(_plain(content), sort_keys=True, indent=1, ensure_ascii=False, allow_nan=False) + "\n"


def _plain(value: object) -> Any:
    """The value in JSON's own types; TypeError names what has none."""
    match value:
        case None | str() | bool():
            return value
        case np.ndarray() | np.generic():
            return _plain(value.tolist())
        case int():
            return value
        case float():
            return value if math.isfinite(value) else None
        case Mapping():
            return {str(key): _plain(inner) for key, inner in value.items()}
        case list() | tuple():
            return [_plain(inner) for inner in value]
    raise TypeError(f"a result must be made of numbers, words, lists and dictionaries, not {type(value).__name__}")


def tex_table(table: Table) -> str:
    """The table for LaTeX with booktabs."""
    columns = _columns(table)
    rows = [
        " & ".join(map(escape_tex, row)) + r" \\" for row in zip(*(column.cells for column in columns), strict=True)
    ]
    notes = "; ".join(f"{escape_tex(name)}: {escape_tex(meaning)}" for name, meaning in table.columns.items())
    lines = [
        r"\begin{table}",
        r"  \centering",
        rf"  \caption{{{escape_tex(table.caption)}}}",
        rf"  \label{{tab:{table.name}}}",
        rf"  \begin{{tabular}}{{{''.join('r' if column.numeric else 'l' for column in columns)}}}",
        r"    \toprule",
        "    {}" + " & ".join(escape_tex(column.header) for column in columns) + r" \\",
        r"    \midrule",
        *("    {}" + row for row in rows),  # a row that begins with [ or * is no argument of what stands before it
        r"    \bottomrule",
        r"  \end{tabular}",
        *([rf"  \par\smallskip\footnotesize {notes}."] if notes else []),
        r"\end{table}",
    ]
    return "% needs \\usepackage{booktabs}\n" + "\n".join(lines) + "\n"


def _write_csv(frame: pd.DataFrame, path: Path) -> None:
    """Full precision; words that a spreadsheet would take for a formula start with an apostrophe."""
    index = not (isinstance(frame.index, pd.RangeIndex) and frame.index.name is None)
    words = frame.reset_index() if index else frame
    safe = words.map(_no_formula).rename(columns=_no_formula)
    safe.to_csv(path, index=False, lineterminator="\n")


def _no_formula(cell: Any) -> Any:
    return f"'{cell}" if isinstance(cell, str) and cell.startswith(_FORMULA) else cell


def _claims_table(report: Report) -> tuple[Table, ...]:
    if not report.claims:
        return ()
    keys = ("statement", "source", "published", "ours", "error", "difference", "kind", "tolerance", "unit")
    rows = [{**{key: getattr(claim, key) for key in keys}, "holds": _verdict(claim)} for claim in report.claims]
    frame = pd.DataFrame(rows)
    notes = {"error": "Monte Carlo standard error of ours"}
    if all(claim.error is None for claim in report.claims):
        frame, notes = frame.drop(columns="error"), {}
    return (Table("claims", "Claims, each computed.", frame, notes),)


def _verdict(claim: Claim) -> str:
    return "pass" if claim.passed else "FAIL"


def _claim_numbers(claim: Claim) -> dict[str, str]:
    """Published and ours with the decimals that the tolerance tells apart; what is held against 0 in its own size."""
    finite = claim.tolerance > 0.0 and math.isfinite(claim.tolerance)
    decimals = min(max(0, 1 - math.floor(math.log10(claim.tolerance))), 10) if finite else None
    values = {key: number(float(getattr(claim, key)), decimals) for key in ("published", "ours")}
    if claim.published == 0.0 and math.isfinite(claim.ours):
        values = {"published": "0", "ours": short(float(f"{claim.ours:.3g}"))}
    error = "" if claim.error is None else f" ± {short(float(f'{claim.error:.2g}'))}"
    return {**values, "error": error, "difference": short(claim.difference), "tolerance": short(claim.tolerance)}


def _columns(table: Table) -> tuple[FormattedColumn, ...]:
    return format_frame(table.frame, table.decimals, table.resolution)


def _context(report: Report) -> dict[str, Any]:
    numbers = {table.name: place for place, table in enumerate(report.tables, start=1)}
    numbers |= {picture.name: place for place, picture in enumerate(report.pictures, start=1)}
    return {
        "report": report,
        "numbers": numbers,
        "held": sum(claim.passed for claim in report.claims),
        "has_error": any(claim.error is not None for claim in report.claims),
    }


def _figure_svg(picture: Drawing, prefix: str) -> Markup:
    return Markup(inline_svg(picture.files["svg"], f"{prefix}-{picture.name}", picture.alt))


def _data_names(picture: Drawing) -> list[str]:
    """Names of the files of plotted numbers, without their ending."""
    return [picture.name if len(picture.data) == 1 else f"{picture.name}-{key}" for key in picture.data]


def data_uri(kind: str, content: bytes) -> str:
    return f"data:image/{kind};base64,{base64.b64encode(content).decode('ascii')}"


@cache
def environment() -> Environment:
    """The templates of everything that is written, with the filters they use."""
    made = Environment(
        loader=PackageLoader("experiments.reporting", "templates"),
        autoescape=lambda name: name is not None and name.endswith(".html"),
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        keep_trailing_newline=True,
    )
    made.tests["text"] = lambda block: isinstance(block, str)
    made.tests["formula"] = lambda block: isinstance(block, Formula)
    made.tests["animation"] = lambda block: isinstance(block, Animation)
    made.tests["table"] = lambda block: isinstance(block, Table)
    made.filters |= {
        "paragraph": markdown_html,
        "formula": lambda block: mathml(block.tex, display=True),
        "linked": plain_html,
        "plain": escape_markdown,
        "linked_markdown": plain_markdown,
        "columns": _columns,
        "svg": _figure_svg,
        "data_names": _data_names,
        "attribute": lambda text: escape(one_line(text)).replace("$", "&#36;"),
        "gif_uri": lambda animation: data_uri("gif", animation.files["gif"]),
        "still_uri": lambda animation: data_uri("svg+xml", animation.files["svg"]),
        "verdict": _verdict,
        "claim_numbers": _claim_numbers,
        "short": lambda value: (
            value if isinstance(value, str) else str(value) if isinstance(value, int) else short(value)
        ),
    }
    return made
