"""Sentences: names in a row, and the first one of an answer, which stands for it where there is room for one line."""

import re
from collections.abc import Sequence

_END = re.compile(r"[.!?][\"'”’)\]]*(?=\s)")
_ABBREVIATIONS = frozenset(
    {"al", "approx", "cf", "dr", "e.g", "etc", "i.e", "prof", "resp", "st", "viz", "vs", "w.r.t"}
)
_BEFORE_A_NUMBER = frozenset({"ch", "eq", "eqs", "fig", "figs", "no", "nos", "p", "pp", "ref", "sec", "tab", "vol"})
_INITIAL = re.compile(r"(?:^|[\s(])[A-Z]$")
_GOES_ON = re.compile(r"\s+[a-z,;:&]")


def listed(parts: Sequence[str]) -> str:
    """a, b and c."""
    return " and ".join([", ".join(parts[:-1]), parts[-1]]) if len(parts) > 1 else "".join(parts)


def first_sentence(text: str) -> str:
    """The text up to the first full stop, question mark or exclamation mark that ends a sentence; all, if none does.

    None of these ends one: the point of a number (no space behind it), an abbreviation ("e.g.", "Fig. 2", "et al."),
    initials in a row ("A. P. Dempster"), a mark inside parentheses, a mark before a small letter.
    """
    line = " ".join(text.split())
    for end in _END.finditer(line):
        before, behind = line[: end.start()], line[end.end() :]
        if _GOES_ON.match(behind) or before.count("(") > (before + end.group()).count(")"):
            continue
        if line[end.start()] == "." and (_is_abbreviation(before, behind) or _is_initial(before, behind)):
            continue
        return line[: end.end()]
    return line


def _is_abbreviation(before: str, behind: str) -> bool:
    word = re.split(r"[\s(\[]", before)[-1].lower()
    return word in _ABBREVIATIONS or (word in _BEFORE_A_NUMBER and re.match(r"\s+\d", behind) is not None)


def _is_initial(before: str, behind: str) -> bool:
    """Whether a single capital stands beside another: "K." alone ends a sentence, "A. P." does not."""
    if not _INITIAL.search(before):
        return False
    return bool(re.match(r"\s+[A-Z]\.", behind) or re.search(r"(?:^|[\s(])[A-Z]\.\s+[A-Z]$", before))
