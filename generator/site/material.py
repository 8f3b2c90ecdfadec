"""What Material for MkDocs 9.8 does wrong or cannot do: its markup, and languages that it does not speak."""

from __future__ import annotations

import re
from collections.abc import Iterable
from pathlib import Path

TOGGLE = re.compile(r'(<input class="md-toggle"[^>]*?) autocomplete="off"')
CONTENTS_TOGGLE = 'id="__toc"'
CONTENTS_LABEL = ' for="__toc"'
FALLBACK = "en"


def mended(page: str) -> str:
    """The page without attributes that HTML does not know, and without labels of what is not there."""
    page = TOGGLE.sub(r"\1", page).replace(' autocorrect="off"', "")
    return page if CONTENTS_TOGGLE in page else page.replace(CONTENTS_LABEL, "")


def spoken_by_theme(language: str, *, folders: Iterable[str]) -> str:
    """The language for the theme's own words: this one, its first part, or English; it stops at any other."""
    for code in (language, language.partition("-")[0]):
        if any(Path(folder, "partials", "languages", f"{code}.html").is_file() for folder in folders):
            return code
    return FALLBACK
