"""Which URLs a reader can follow or load; what is in the others does not count."""

from __future__ import annotations

import re
import unicodedata

from generator.rendered.characters import clean

LINK_SCHEMES = frozenset(("http", "https", "mailto", "tel"))
IMAGE_SCHEMES = frozenset(("http", "https", "data"))
SCHEME = re.compile(r"[\x00-\x20]*([a-zA-Z][a-zA-Z0-9+.\-]*):")
LINE_BREAKING = str.maketrans("", "", "\t\n\r")  # browsers drop them anywhere in a URL


def link_target(written: str | None) -> str | None:
    """The URL of a link as written, or None if a reader cannot follow it."""
    return _allowed(written, schemes=LINK_SCHEMES)


def image_source(written: str | None) -> str | None:
    """The URL of an image as written, or None if a browser would not load it."""
    return _allowed(written, schemes=IMAGE_SCHEMES)


def is_relative(url: str) -> bool:
    """Whether the URL names no scheme, so that it may lead to a file of the repository."""
    return not SCHEME.match(url)


def _allowed(written: str | None, *, schemes: frozenset[str]) -> str | None:
    if written is None:
        return None
    scheme = SCHEME.match(written.translate(LINE_BREAKING))
    if scheme and scheme[1].lower() not in schemes:
        return None
    return unicodedata.normalize("NFC", clean(written))
