"""Figures as files: the same bytes for the same figure."""

import io
import re
import xml.etree.ElementTree as ET
from typing import TYPE_CHECKING, Any

from experiments.figures.style import figure_style

if TYPE_CHECKING:
    from matplotlib.figure import Figure

FORMATS = ("svg", "pdf", "png")

# No dates and no program versions: they would change the bytes without changing the figure.
_METADATA: dict[str, dict[str, Any]] = {
    "svg": {"Date": None, "Creator": None},
    "pdf": {"CreationDate": None, "Creator": None, "Producer": None},
    "png": {"Software": None},
}
_SVG = "http://www.w3.org/2000/svg"
_XLINK = "http://www.w3.org/1999/xlink"


def figure_bytes(figure: "Figure", suffix: str) -> bytes:
    """The figure in one of `FORMATS`: vectors with text as text, or 300 dots per inch."""
    buffer = io.BytesIO()
    with figure_style():
        figure.savefig(buffer, format=suffix, metadata=_METADATA[suffix])
    return buffer.getvalue()


def figure_files(figure: "Figure") -> dict[str, bytes]:
    """The figure in each of `FORMATS`, laid out once for all of them."""
    with figure_style():
        figure.draw_without_rendering()
        layout = figure.get_layout_engine()
        figure.set_layout_engine("none")
        try:
            return {suffix: figure_bytes(figure, suffix) for suffix in FORMATS}
        finally:
            figure.set_layout_engine(layout)


def inline_svg(svg: bytes, prefix: str, alt: str) -> str:
    """An SVG file as an <svg> element for an HTML page: every id starts with `prefix`, and `alt` is its text.

    Parsed and written again as XML, so that nothing in a label can end the element or start a script.
    """
    root = ET.fromstring(svg)
    for parent in list(root.iter()):
        for child in list(parent):
            if child.tag in {f"{{{_SVG}}}metadata", f"{{{_SVG}}}style"}:
                parent.remove(child)
    for element in root.iter():
        for key, value in element.attrib.items():
            element.set(key, _prefixed(key, value, prefix))
    width, height = (root.get(side, "").removesuffix("pt") for side in ("width", "height"))
    for key in ("width", "height", "version"):
        root.attrib.pop(key, None)
    root.set("viewBox", f"0 0 {width} {height}")
    root.set("style", f"width:{float(width) / 72:.3g}in;stroke-linejoin:round;stroke-linecap:butt")
    root.set("role", "img")
    root.set("aria-label", alt)
    ET.register_namespace("", _SVG)
    ET.register_namespace("xlink", _XLINK)
    return ET.tostring(root, encoding="unicode")


def _prefixed(key: str, value: str, prefix: str) -> str:
    """An attribute whose ids, and references to ids, start with `prefix`."""
    if key == "id":
        return f"{prefix}-{value}"
    if key == "style":  # mathematics names one font only, which a reader may not have
        value = re.sub(
            r"font-family: '([^',;]*)'(?=;|$)", r"font-family: '\1', 'DejaVu Sans', Verdana, sans-serif", value
        )
    if key in {"href", f"{{{_XLINK}}}href"} and value.startswith("#"):
        return f"#{prefix}-{value[1:]}"
    return value.replace("url(#", f"url(#{prefix}-")
