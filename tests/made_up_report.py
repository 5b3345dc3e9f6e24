"""A report with every kind of block, made of the text that is hardest to set; and a reader of the pages it makes."""

from html.parser import HTMLParser
from pathlib import Path

import numpy as np
import pandas as pd

from experiments.figures import style
from experiments.reporting.markup import escape_markdown
from experiments.reporting.report import Animation, Claim, Formula, Picture, Report, Section, Table

NASTY = "<script>alert(1)</script> a|b *c* _d_ & `e` [f](javascript:g) $h$ 50% #1 {i} ~j ^k \\l \"m\" 'n'"
LONG = "Donaudampfschifffahrtselektrizitaetenhauptbetriebswerkbauunterbeamtengesellschaft" * 2
FOREIGN = "مرحبا بالعالم \u202e abc \u2066 שלום"
DOI = "Roeder (1990). doi:10.1080/01621459.1990.10474918"


def picture(name: str = "line", width: str = "single") -> Picture:
    with style.figure_style():
        figure = style.new_figure()
        axes = figure.add_subplot()
        axes.plot([1, 2, 3], [1, 3, 2], label="EM", **style.METHODS["em"].line)
        axes.plot([1, 2, 3], [1, 3, 2], **style.METHODS["data"].points)
        axes.set_xlabel(NASTY.replace("$", ""))
        axes.legend()
    data = {"line": pd.DataFrame({"x": [1, 2, 3], "y": [1.0, 3.0, 2.0]})}
    return Picture(
        name, f"A line of {NASTY}.", f"Alt {NASTY}.", figure, data, "double" if width == "double" else "single"
    )


def animation(name: str = "moving") -> Animation:
    frames = []
    for place in (1, 2, 3):
        with style.figure_style():
            figure = style.new_figure(height=1.5)
            axes = figure.add_subplot()
            axes.plot([0, 4], [0, 4], **style.METHODS["data"].line)
            axes.plot([place], [place], **style.METHODS["em"].points)
        frames.append(figure)
    data = {"path": pd.DataFrame({"x": [1, 2, 3]}), "more": pd.DataFrame({"x": [1]})}
    return Animation(name, f"A point moves {NASTY}.", f"Moving {NASTY}.", tuple(frames), data, seconds=0.1)


class Saved:
    """A posterior that writes a line."""

    def save(self, path: Path) -> Path:
        path.write_text("draws")
        return path


def report() -> Report:
    frame = pd.DataFrame({"parameter": ["mean 1", NASTY], NASTY: [1.25, -0.5], "n": [3, 4]})
    claims = (
        Claim(f"logL {NASTY}", DOI, -203.1792, -203.17921, 1e-3, error=0.00012),
        Claim("at least", "a paper", 1.0, float("nan"), 0.1, "at least", "nats"),
    )
    return Report(
        name="sample",
        title=f"Title {NASTY}",
        question=f"Question {NASTY}?",
        answer=f"Answer {NASTY}.",
        sections=(
            Section(f"Section {NASTY}", (f"Text {escape_markdown(NASTY)} **bold** and $x < y$", picture())),
            Section(LONG, (Formula(r"\begin{aligned} a &= \mathcal N(b) \\ c &= d \end{aligned}", NASTY), animation())),
            Section(
                FOREIGN, (escape_markdown(f"{LONG} {FOREIGN}"), Table("words", LONG, pd.DataFrame({LONG: [FOREIGN]})))
            ),
            Section(
                "Numbers", (Table("cells", f"Caption {NASTY}", frame, {NASTY: "a nasty one"}), picture("two", "double"))
            ),
        ),
        expect=f"Expect {escape_markdown(NASTY)} and $x^2$.",
        mathematics=(
            f"Let {escape_markdown(NASTY)} be $\\theta$.",
            Formula(" + ".join(["x_{n}"] * 60), f"A sum {NASTY}"),
        ),
        limits=f"Not {escape_markdown(NASTY)}.",
        rerun="python -m experiments run sample",
        claims=claims,
        references=("Somebody (2000). Something. doi:10.1000/abc_(1)x",),
        provenance={"seed": 1, "data": NASTY, "seconds": 1.5},
        result={"logl": np.float64(1.5), "none": float("nan"), "k": np.arange(2), "inner": {"b": 1, "a": (True, None)}},
        posterior=Saved(),
    )


class Elements(HTMLParser):
    """Every element of a page with its attributes, and the text outside of styles."""

    def __init__(self, page: str) -> None:
        super().__init__()
        self.elements: list[tuple[str, dict[str, str | None]]] = []
        self.words = ""
        self.feed(page)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.elements.append((tag, dict(attrs)))

    def handle_data(self, data: str) -> None:
        self.words += data

    def of(self, tag: str) -> list[dict[str, str | None]]:
        return [attributes for name, attributes in self.elements if name == tag]
