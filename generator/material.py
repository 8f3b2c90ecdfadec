"""Faults in the markup of Material for MkDocs 9.8, mended in the rendered page; pure."""

from __future__ import annotations

import re

TOGGLE = re.compile(r'(<input class="md-toggle"[^>]*?) autocomplete="off"')
CONTENTS_TOGGLE = 'id="__toc"'
CONTENTS_LABEL = ' for="__toc"'


def mended(page: str) -> str:
    """The page without attributes that HTML does not know, and without labels of what is not there."""
    page = TOGGLE.sub(r"\1", page).replace(' autocorrect="off"', "")
    return page if CONTENTS_TOGGLE in page else page.replace(CONTENTS_LABEL, "")
