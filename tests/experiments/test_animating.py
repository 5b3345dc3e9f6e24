"""Animations: one GIF that plays once, its last frame for those who want no motion."""

import base64
import io
import re
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from PIL import Image

from experiments.figures import style
from experiments.reporting import animating
from experiments.reporting.rendering import html_page, markdown_page, write_report
from experiments.reporting.report import Animation, Report, Section


def frame(place: int, height: float = 1.2):
    with style.figure_style():
        figure = style.new_figure(height=height)
        axes = figure.add_subplot()
        axes.plot([0, 10], [0, 10], color=style.GREY)
        axes.plot([place], [place], **style.METHODS["em"].points)
        axes.set_title("frame")
    return figure


def animation(alt: str = "A point climbs a line.") -> Animation:
    frames = tuple(frame(place) for place in (0, 4, 8))
    data = {"points": pd.DataFrame({"frame": [1, 2, 3], "x": [0, 4, 8]})}
    return Animation("climb", "A point that climbs.", alt, frames, data, seconds=0.3)


def report(alt: str = "A point climbs a line.") -> Report:
    return Report("moving", "T", "Q?", "A.", (Section("s", (animation(alt),)),))


def pixels(content: bytes) -> tuple[list[np.ndarray], list[int]]:
    image = Image.open(io.BytesIO(content))
    arrays, durations = [], []
    for place in range(image.n_frames):
        image.seek(place)
        durations.append(image.info["duration"])
        arrays.append(np.asarray(image.convert("RGB"), dtype=float))
    return arrays, durations


def test_the_gif_shows_each_frame_once_and_does_not_loop() -> None:
    content = animation().files["gif"]
    arrays, durations = pixels(content)
    assert durations == [300, 300, 300]
    assert b"NETSCAPE" not in content
    assert "loop" not in Image.open(io.BytesIO(content)).info
    size = arrays[0].shape
    for place, shown in zip((0, 4, 8), arrays, strict=True):
        drawn = animating._pixels(frame(place), size[1] / style.SINGLE_COLUMN).astype(float)
        assert np.abs(shown - drawn).max() < 48  # one palette for all
        assert np.array_equal(shown[drawn.min(axis=2) == 255.0], drawn[drawn.min(axis=2) == 255.0])
        assert (shown == drawn).mean() > 0.97


def test_a_second_gif_has_the_same_bytes() -> None:
    assert animation().files["gif"] == animation().files["gif"]


def test_frames_that_are_too_large_come_smaller_and_then_not_at_all(monkeypatch: pytest.MonkeyPatch) -> None:
    frames = animation().frames
    largest = len(animating.gif_bytes(frames, 0.3))
    monkeypatch.setattr(animating, "LARGEST", largest - 1)
    assert len(animating.gif_bytes(frames, 0.3)) < largest
    monkeypatch.setattr(animating, "LARGEST", 100)
    with pytest.raises(ValueError, match=r"3 frames make a GIF of .* draw fewer frames"):
        animating.gif_bytes(frames, 0.3)


def test_frames_have_one_size_and_there_are_several() -> None:
    with pytest.raises(ValueError, match="one size"):
        animating.gif_bytes((frame(1), frame(2, height=2.0)), 0.3)
    with pytest.raises(ValueError, match="two frames or more"):
        Animation("still", "c", "a", (frame(1),), {})
    with pytest.raises(ValueError, match="cannot name"):
        Animation("../up", "c", "a", animation().frames, {})


def test_the_page_holds_the_gif_and_the_last_frame_for_those_who_want_no_motion(tmp_path: Path) -> None:
    nasty = 'A "point" <b>climbs</b>.'
    made = report(nasty)
    page = html_page(made)
    gif = re.search(r'<img src="data:image/gif;base64,([^"]*)" alt="([^"]*)">', page)
    assert base64.b64decode(gif[1]) == animation().files["gif"]
    assert gif[2] == "A &#34;point&#34; &lt;b&gt;climbs&lt;/b&gt;."
    still = re.search(r'<source media="\(prefers-reduced-motion: reduce\)" srcset="data:image/svg\+xml;base64,', page)
    assert still
    assert '<img src="figures/climb.gif"' in markdown_page(made)
    write_report(made, tmp_path)
    files = {path.name for path in (tmp_path / "figures").iterdir()}
    assert files == {"climb.gif", "climb.svg", "climb.pdf", "climb.png", "climb.csv"}
    assert (tmp_path / "figures" / "climb.gif").read_bytes() == animation().files["gif"]
    assert (tmp_path / "figures" / "climb.png").read_bytes()[:4] == b"\x89PNG"
