"""TeX's mathematics as MathML, which a browser draws by itself: no script, no font, no network."""

from functools import cache

from latex2mathml.converter import convert
from markupsafe import Markup


@cache
def mathml(tex: str, *, display: bool = False) -> Markup:
    """The formula as a <math> element; its source stays beside it as an annotation for those who copy it.

    `tex` is written by the author of a report, never taken from data. Raises ValueError for TeX that is not understood.
    """
    try:
        return Markup(convert(tex, display="block" if display else "inline"))
    except Exception as error:  # the converter raises errors of many kinds
        raise ValueError(f"cannot set the formula {tex!r}: {error}") from error
