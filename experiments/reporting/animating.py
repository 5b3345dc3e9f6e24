"""Figures in a row as one GIF: small, played once, the same bytes for the same figures."""

import io
from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np
from PIL import Image

from experiments.figures.style import figure_style
from experiments.reporting.pixels import indexed

if TYPE_CHECKING:
    from matplotlib.figure import Figure

LARGEST = 1_500_000
"""Bytes: a page holds the whole of it."""

_WIDTHS = (1050, 840, 630)
"""Pixels, the widest first: a narrow figure has them in proportion."""
_FULL_WIDTH = 7.0


def gif_bytes(figures: Sequence["Figure"], seconds: float) -> bytes:
    """The figures as a GIF without a loop, `seconds` each, in the finest of three sizes that stays under `LARGEST`.

    Raises ValueError where the figures differ in size, or none of the sizes is small enough.
    """
    sizes = {tuple(figure.get_size_inches()) for figure in figures}
    if len(sizes) != 1:
        raise ValueError("the frames of an animation must have one size")
    for width in _WIDTHS:
        content = _gif([_pixels(figure, width / _FULL_WIDTH) for figure in figures], seconds)
        if len(content) <= LARGEST:
            return content
    raise ValueError(
        f"{len(figures)} frames make a GIF of {len(content)} bytes, and a page takes {LARGEST}: draw fewer frames,"
        " or less in each"
    )


def _pixels(figure: "Figure", dots_per_inch: float) -> np.ndarray:
    """The figure as (height, width, 3) bytes."""
    buffer = io.BytesIO()
    with figure_style():
        figure.savefig(buffer, format="png", dpi=dots_per_inch)
    return np.asarray(Image.open(buffer).convert("RGB"))


def _gif(frames: Sequence[np.ndarray], seconds: float) -> bytes:
    first, *others = indexed(frames)
    buffer = io.BytesIO()
    first.save(
        buffer,
        "GIF",
        save_all=True,
        append_images=others,
        duration=round(100 * seconds) * 10,
        optimize=True,
        disposal=1,
    )
    return buffer.getvalue()
