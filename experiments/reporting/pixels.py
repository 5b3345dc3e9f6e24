"""Drawings with few colours: small as files, and their paper stays white."""

from collections.abc import Sequence

import numpy as np
from PIL import Image

_COLOURS = 256


def indexed(frames: Sequence[np.ndarray]) -> list[Image.Image]:
    """Images of (height, width, 3) bytes with one palette for all, so that what stands still keeps its colour."""
    pixels = np.stack(frames).astype(np.int64)
    codes = pixels @ np.array([65536, 256, 1])
    distinct, places, counts = np.unique(codes, return_inverse=True, return_counts=True)
    colours = np.stack([distinct >> 16, distinct >> 8 & 255, distinct & 255], axis=1)
    palette = _palette(colours, counts, np.concatenate(frames))
    gaps = np.stack([((colours - entry) ** 2).sum(axis=1) for entry in palette])  # (palette, colours)
    indices = gaps.argmin(axis=0).astype(np.uint8)[places].reshape(codes.shape)
    return [_image(frame, palette) for frame in indices]


def _palette(colours: np.ndarray, counts: np.ndarray, sheet: np.ndarray) -> np.ndarray:
    """The commonest colours as they are - paper, ink and those of the methods -, and others for the shades between."""
    common = colours[np.argsort(-counts, kind="stable")[: _COLOURS // 2]]
    shades = Image.fromarray(sheet).quantize(_COLOURS // 2, method=Image.Quantize.MAXCOVERAGE, dither=Image.Dither.NONE)
    return np.concatenate([common, np.array(shades.getpalette(), dtype=np.int64).reshape(-1, 3)])


def _image(frame: np.ndarray, palette: np.ndarray) -> Image.Image:
    image = Image.fromarray(frame, "P")
    image.putpalette(palette.astype(np.uint8).tobytes())
    return image
