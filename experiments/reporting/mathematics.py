"""TeX's mathematics as MathML, which a browser draws by itself: no script, no font, no network.

`latex2mathml` reads the TeX; what it leaves out, or says in a way that browsers ignore, is mended on both sides of it.
"""

import re
import unicodedata
import xml.etree.ElementTree as ET
from functools import cache

from latex2mathml.converter import convert
from markupsafe import Markup

_ENVIRONMENTS = ("split", "cases", "matrix", "pmatrix", "bmatrix", "vmatrix")
_NAMED = re.compile(r"\\operatorname(\*?)\s*\{([^{}]*)\}|\\(arg)\s*\\(max|min)(?![a-zA-Z])|\\(arg)(?![a-zA-Z])")
_SPACES = re.compile(r"\\[,;:! ]|~|\s+")
_ROWS = re.compile(r"(?<!\\)&|\\\\")
_COMMAND = re.compile(r"\\[a-zA-Z]+")
_FIRST_OF_OURS = 0xE000  # a private letter stands for a named operator while the converter reads

_LIMITS = frozenset({"max", "min", "sup", "inf", "lim", "det", "Pr"})
_LETTERS = {
    "script": "SCRIPT",
    "double-struck": "DOUBLE-STRUCK",
    "bold": "BOLD",
    "bold-italic": "BOLD ITALIC",
    "italic": "ITALIC",
    "fraktur": "FRAKTUR",
    "sans-serif": "SANS-SERIF",
    "monospace": "MONOSPACE",
}
_OPENING = frozenset("([{⟨|‖/,.;)]}⟩!")
_THIN = "0.1667em"


@cache
def mathml(tex: str, *, display: bool = False) -> Markup:
    """The formula as a <math> element; its TeX stays beside it as an annotation for those who copy it.

    `tex` is written by the author of a report, never taken from data. Raises ValueError for TeX that is not understood,
    and for what would be dropped in silence.
    """
    try:
        read, operators = _named_operators(_checked(tex))
        root = ET.fromstring(convert(read, display="block" if display else "inline"))
    except Exception as error:  # the converter raises errors of many kinds
        raise ValueError(f"cannot set the formula {tex!r}: {error}") from error
    for element in root.iter():
        element.tag = element.tag.rpartition("}")[2]
    unknown = [part for text in root.itertext() for part in _COMMAND.findall(text)]
    if unknown:
        raise ValueError(f"cannot set the formula {tex!r}: {unknown[0]} is not known")
    _letters(root)
    _operators(root, operators, display=display)
    _tables(root)
    _function_spaces(root)
    body = list(root)
    root[:] = []
    semantics = ET.SubElement(root, "semantics")
    semantics.extend(body)
    ET.SubElement(semantics, "annotation", {"encoding": "application/x-tex"}).text = tex
    root.set("xmlns", "http://www.w3.org/1998/Math/MathML")
    return Markup(ET.tostring(root, encoding="unicode"))


def _checked(tex: str) -> str:
    """`aligned` as the `split` that is understood; ValueError for rows and cells outside of any environment."""
    tex = re.sub(r"\\(begin|end)\{aligned\}", r"\\\1{split}", tex)
    known = "|".join(_ENVIRONMENTS)
    inside = rf"\\begin\{{({known})\}}.*?\\end\{{\1\}}"
    outside = re.sub(inside, "", tex, flags=re.DOTALL)
    if r"\begin" in outside or len(re.findall(r"\\begin\{", tex)) != len(re.findall(inside, tex, flags=re.DOTALL)):
        raise ValueError(f"of environments, only aligned, {', '.join(_ENVIRONMENTS)} are known, none inside another")
    if _ROWS.search(outside):
        raise ValueError(r"& and \\ need \begin{aligned} ... \end{aligned} around them")
    if "$" in tex:
        raise ValueError("a formula holds no dollar sign")
    braces = "".join(re.findall(r"(?<!\\)[{}]", tex))
    while "{}" in braces:
        braces = braces.replace("{}", "")
    sides = [len(re.findall(rf"\\{side}(?![a-zA-Z])", tex)) for side in ("left", "right")]
    if braces or sides[0] != sides[1]:
        raise ValueError(r"a brace, a \left or a \right has no partner")
    return tex


def _named_operators(tex: str) -> tuple[str, dict[str, tuple[str, bool]]]:
    r"""The formula with a letter of our own for each \operatorname, \arg, \arg\max; letter -> (name, takes limits)."""
    found: dict[str, tuple[str, bool]] = {}

    def letter(match: re.Match[str]) -> str:
        star, name, arg, extreme, bare = match.groups()
        words = f"{arg} {extreme}" if arg else bare or _SPACES.sub(" ", name or "").strip()
        if "\\" in words or not words:
            raise ValueError(r"the name of an operator is made of letters and \,")
        limits = bool(arg or star or words.rpartition(" ")[2] in _LIMITS)
        return next((key for key, value in found.items() if value == (words, limits)), None) or _new(words, limits)

    def _new(words: str, limits: bool) -> str:
        key = chr(_FIRST_OF_OURS + len(found))
        found[key] = (words, limits)
        return key

    return _NAMED.sub(letter, tex), found


def _letters(root: ET.Element) -> None:
    """Letters of a style as characters of their own: browsers know no other mathvariant than "normal"."""
    for element in root.iter():
        variant = element.get("mathvariant")
        if variant in _LETTERS:
            element.text = "".join(_letter(character, _LETTERS[variant]) for character in element.text or "")
            del element.attrib["mathvariant"]
        elif element.tag == "mi" and element.text == "~":  # \sim is a relation
            element.tag, element.text = "mo", "∼"
        elif element.tag == "mo" and element.text in {"‖", "|"} and element.get("stretchy") != "true":
            element.attrib |= {"stretchy": "false", "lspace": "0", "rspace": "0"}
        elif element.tag == "mo" and element.text == "/":
            element.attrib |= {"lspace": "0", "rspace": "0"}
    for parent in root.iter("mrow"):
        parts = list(parent)
        if len(parts) > 1 and all(part.tag == "mi" and part.get("mathvariant") == "normal" for part in parts):
            word = "".join(part.text or "" for part in parts)
            parent[:] = []
            ET.SubElement(parent, "mi").text = word


def _letter(character: str, style: str) -> str:
    """𝒩 for N in script, 𝛉 for θ in bold; the character itself where Unicode has no such letter."""
    words = unicodedata.name(character, "").removeprefix("LATIN ").removeprefix("GREEK ").replace("LETTER ", "")
    for name in (f"MATHEMATICAL {style} {words}", f"{style} {words}", f"BLACK-LETTER {words}"):
        try:
            return unicodedata.lookup(name)
        except KeyError:
            continue
    return character


def _operators(root: ET.Element, named: dict[str, tuple[str, bool]], *, display: bool) -> None:
    """Named operators by their names, as functions; what takes limits has them underneath in a displayed formula."""
    for element in root.iter():
        limits = False
        core = element[0] if element.tag in {"msub", "munder"} and len(element) else element
        if core.tag in {"mi", "mo"} and core.text in named:
            core.tag = "mi"
            core.text, limits = named[core.text]
            core.attrib.clear()
            core.set("data-limits", str(limits))
        elif core.tag == "mo" and core.text in _LIMITS:
            core.tag, limits = "mi", True
            core.attrib.clear()
        if element.tag == "msub" and display and (limits or core.attrib.pop("data-limits", "") == "True"):
            element.tag = "munder"
        core.attrib.pop("data-limits", None)


def _tables(root: ET.Element) -> None:
    """Columns aligned as browsers understand it."""
    for cell in root.iter("mtd"):
        side = cell.attrib.pop("columnalign", None)
        if side:
            cell.set("style", f"text-align:{side};padding-left:0;padding-right:{'0' if side == 'right' else '1em'}")
    for table in root.iter("mtable"):
        for key in ("columnspacing", "rowspacing"):
            table.attrib.pop(key, None)


def _function_spaces(root: ET.Element) -> None:
    """A thin space between a function's name and what it is applied to, unless that is in parentheses."""
    for parent in root.iter():
        if parent.tag not in {"math", "mrow", "mtd", "mstyle", "msqrt"}:
            continue
        spaced: list[ET.Element] = []
        parts = list(parent)
        for place, part in enumerate(parts):
            before = parts[place - 1] if place else None
            if part.tag == "mo" and part.text in {"+", "−"} and _opens(before):
                part.set("form", "prefix")
            if _is_function(part) and before is not None and _ends(before):
                spaced.append(ET.Element("mspace", width=_THIN))
            spaced.append(part)
            after = parts[place + 1] if place + 1 < len(parts) else None
            if _is_function(part) and after is not None and not _stands_close(after) and not _is_function(after):
                spaced.append(ET.Element("mspace", width=_THIN))
        parent[:] = spaced


def _is_function(part: ET.Element) -> bool:
    if part.tag in {"msub", "msup", "msubsup", "munder", "mover"} and len(part):
        return _is_function(part[0])
    if part.tag == "mrow" and len(part) == 1:
        return _is_function(part[0])
    return part.tag == "mi" and len(part.text or "") > 1


def _opens(part: ET.Element | None) -> bool:
    """Whether a sign behind it is one number's, not between two."""
    return part is None or (part.tag == "mo" and (part.text or "") in set("([{=≥≤<>∝→,"))


def _ends(part: ET.Element) -> bool:
    """Whether it ends a factor: a name behind it stands apart."""
    return part.tag not in {"mo", "mspace"} or (part.text or "") in set(")]}⟩")


def _stands_close(part: ET.Element) -> bool:
    """Whether what follows brings its own space, or none."""
    if part.tag == "mspace":
        return True
    first = part
    while first.tag in {"mrow", "msup", "msub", "msubsup"} and len(first):
        first = first[0]
    return first.tag == "mo" and ((first.text or "") in _OPENING or (first.text or "") in set("=+−≤≥<>∝∼→∣"))
