"""Finds folders that hold translations: ``ar/`` is one if titles in it are written in Arabic script; pure."""

from __future__ import annotations

import unicodedata
from collections.abc import Iterable

from babel.core import get_global

LETTERS = {
    "Arab": ("ARABIC",),
    "Armn": ("ARMENIAN",),
    "Beng": ("BENGALI",),
    "Cyrl": ("CYRILLIC",),
    "Deva": ("DEVANAGARI",),
    "Geor": ("GEORGIAN",),
    "Grek": ("GREEK",),
    "Hans": ("CJK",),
    "Hant": ("CJK",),
    "Hebr": ("HEBREW",),
    "Jpan": ("CJK", "HIRAGANA", "KATAKANA"),
    "Kore": ("HANGUL",),
    "Taml": ("TAMIL",),
    "Thai": ("THAI",),
}
"""How the Unicode names of letters begin, by script (ISO 15924). Not Latin: ``it/`` may be a department."""


def language_folders(titles: Iterable[tuple[str, str]]) -> frozenset[str]:
    """The folders that are named for a language and hold titles in its script.

    ``titles`` are pairs of a path and a title.
    """
    return frozenset(
        folder
        for path, title in titles
        for folder in path.split("/")[:-1]
        if any(_is_written_in(title, beginning) for beginning in _letters(folder))
    )


def _letters(folder: str) -> tuple[str, ...]:
    """How the Unicode names of a language's letters begin; empty if the folder is not named for one."""
    likely = get_global("likely_subtags").get(folder.replace("-", "_"), "")
    return LETTERS.get(likely.split("_")[1] if "_" in likely else "", ())


def _is_written_in(title: str, beginning: str) -> bool:
    return any(unicodedata.name(letter, "").startswith(beginning) for letter in title)
