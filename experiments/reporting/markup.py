"""Plain text into HTML, Markdown and TeX, with nothing in it read as markup; and the small Markdown of paragraphs."""

import re
from collections.abc import Sequence
from functools import cache
from typing import Any, override

from markdown_it import MarkdownIt
from markupsafe import Markup, escape
from mdit_py_plugins.dollarmath import dollarmath_plugin

from experiments.reporting.mathematics import mathml

_DOI = re.compile(r"\bdoi:\s?(10\.\d{4,9}/[^\s<>\"']*[^\s<>\"'.,;)])")
_MARKDOWN = re.compile(r"([\\`*_{}\[\]<>&|~])")
_DOLLAR = "<span>$</span>"
"""On GitHub a dollar opens mathematics even behind a backslash; in an element of its own it does not."""
_LINE_START = re.compile(r"^([-+=#]+|\d+[.)])(?=\s|$)")

_TEX = {
    "\\": r"\textbackslash{}",
    "~": r"\textasciitilde{}",
    "^": r"\textasciicircum{}",
    "<": r"\textless{}",
    ">": r"\textgreater{}",
    "|": r"\textbar{}",
    "\u2212": "$-$",
    "±": r"$\pm$",
    "×": r"$\times$",
    "≥": r"$\geq$",
    "≤": r"$\leq$",
    "∞": r"$\infty$",
    "∇": r"$\nabla$",
    "←": r"$\leftarrow$",
    "→": r"$\rightarrow$",
    "ₖ": "$_{k}$",
    "ₙ": "$_{n}$",
    "“": "``",
    "”": "''",
    "°": r"$^\circ$",
    "–": "--",
    "—": "---",
    "…": r"\ldots{}",
    "\u00a0": "~",
    **{character: "\\" + character for character in "&%$#_{}"},
    **dict(zip("⁰¹²³⁴⁵⁶⁷⁸⁹", (f"$^{{{digit}}}$" for digit in range(10)), strict=True)),
    **dict(zip("₀₁₂₃₄₅₆₇₈₉", (f"$_{{{digit}}}$" for digit in range(10)), strict=True)),
    "⁻": "$^{-}$",
    **dict(
        zip(
            "αβγδεζηθκλμνξπρστφχψωΓΔΘΛΞΠΣΦΨΩ",
            (
                f"$\\{name}$"
                for name in (
                    *("alpha", "beta", "gamma", "delta", "epsilon", "zeta", "eta", "theta", "kappa", "lambda", "mu"),
                    *("nu", "xi", "pi", "rho", "sigma", "tau", "phi", "chi", "psi", "omega"),
                    *("Gamma", "Delta", "Theta", "Lambda", "Xi", "Pi", "Sigma", "Phi", "Psi", "Omega"),
                )
            ),
            strict=True,
        )
    ),
}


def one_line(text: str) -> str:
    """The text without line breaks, control characters, or marks that turn the direction of writing."""
    kept = (character if character.isprintable() or character == "\u00a0" else " " for character in str(text))
    return " ".join("".join(kept).split(" ")).strip()


def escape_markdown(text: str) -> str:
    """Plain text for a Markdown paragraph or table cell, on one line: every character shows as itself."""
    return _LINE_START.sub(_guarded, _markdown_inside(one_line(text)))


def _markdown_inside(line: str) -> str:
    escaped = _MARKDOWN.sub(r"\\\1", line).replace("://", ":\\//").replace("@", "\\@").replace("www.", "www\\.")
    return escaped.replace("$", _DOLLAR)


def _guarded(start: re.Match[str]) -> str:
    """The start of a line that would open a list or a heading, or underline one, made harmless."""
    text = start.group()
    return f"{text[:-1]}\\{text[-1]}" if text[0].isdigit() else f"\\{text}"


def escape_tex(text: str) -> str:
    """Plain text for a TeX document, on one line; Greek letters and signs become mathematics."""
    return "".join(_TEX.get(character, character) for character in one_line(text))


def plain_html(text: str) -> Markup:
    """Plain text for an HTML page; a `doi:10....` in it becomes a link."""
    parts = _DOI.split(one_line(text))
    pieces = [escape(part) if place % 2 == 0 else _doi_link(part) for place, part in enumerate(parts)]
    return Markup("").join(pieces)


def plain_markdown(text: str) -> str:
    """Plain text for a Markdown page; a `doi:10....` in it becomes a link."""
    parts = _DOI.split(one_line(text))
    return "".join(
        _markdown_inside(part) if place % 2 == 0 else f"[doi:{_markdown_inside(part)}](<https://doi.org/{part}>)"
        for place, part in enumerate(parts)
    )


def markdown_html(paragraph: str) -> Markup:
    """A paragraph in the small Markdown of reports as HTML: raw HTML shows as text, only https links are links."""
    return Markup(_parser().render(paragraph.replace(_DOLLAR, "\\$")))


def _doi_link(doi: str) -> Markup:
    return Markup('<a href="https://doi.org/{0}">doi:{0}</a>').format(doi)


class _SmallMarkdown(MarkdownIt):
    """Paragraphs, emphasis, code, lists and https links."""

    @override
    def validateLink(self, url: str) -> bool:
        """Whether a link may stay a link."""
        return url.startswith("https://")


@cache
def _parser() -> MarkdownIt:
    parser = _SmallMarkdown("zero", {"html": False, "linkify": False, "typographer": False})
    parser.use(dollarmath_plugin, allow_digits=False, allow_space=False, double_inline=False)
    parser.add_render_rule("math_inline", _math_inline)
    return parser.enable(["emphasis", "backticks", "list", "link", "escape", "newline", "entity"])


def _math_inline(_renderer: Any, tokens: Sequence[Any], place: int, *_: Any) -> str:
    """A formula, and the punctuation behind it on the same line of the page."""
    formula = mathml(tokens[place].content)
    behind = tokens[place + 1] if place + 1 < len(tokens) else None
    if behind is None or behind.type != "text" or behind.content[:1] not in set(".,;:!?)"):
        return formula
    mark, behind.content = behind.content[:1], behind.content[1:]
    return f'<span class="joined">{formula}{mark}</span>'
