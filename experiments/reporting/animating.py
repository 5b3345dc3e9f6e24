"""Figures in a row as one GIF: small, played once, the same bytes for the same figures."""

import io
from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np
from PIL import Image

from experiments.figures.style import figure_style

if TYPE_CHECKING:
    from matplotlib.figure import Figure

LARGEST = 1_500_000
"""Bytes: a page holds the whole of it."""

_COLOURS = 256
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
    """One palette for all frames, so that what stands still keeps its colour and takes no room."""
    pixels = np.stack(frames).astype(np.int64)  # (frames, height, width, 3)
    codes = pixels @ np.array([65536, 256, 1])
    distinct, places, counts = np.unique(codes, return_inverse=True, return_counts=True)
    colours = np.stack([distinct >> 16, distinct >> 8 & 255, distinct & 255], axis=1)
    palette = _palette(colours, counts, np.concatenate(frames))
    gaps = np.stack([((colours - entry) ** 2).sum(axis=1) for entry in palette])  # (palette, colours)
    indices = gaps.argmin(axis=0).astype(np.uint8)[places].reshape(codes.shape)
    first, *others = (_indexed(frame, palette) for frame in indices)
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


def _palette(colours: np.ndarray, counts: np.ndarray, sheet: np.ndarray) -> np.ndarray:
    """The commonest colours as they are - paper, ink and those of the methods -, and others for the shades between."""
    common = colours[np.argsort(-counts, kind="stable")[: _COLOURS // 2]]
    shades = Image.fromarray(sheet).quantize(_COLOURS // 2, method=Image.Quantize.MAXCOVERAGE, dither=Image.Dither.NONE)
    return np.concatenate([common, np.array(shades.getpalette(), dtype=np.int64).reshape(-1, 3)])


def _indexed(frame: np.ndarray, palette: np.ndarray) -> Image.Image:
    image = Image.fromarray(frame, "P")
    image.putpalette(palette.astype(np.uint8).tobytes())
    return image
