"""Characters that are not part of any text, and the form in which texts are compared.

Control characters, halves of characters and what XML forbids can come in after decoding as well: through
``"\\e"`` in YAML or ``&#27;`` in HTML.
"""

from __future__ import annotations

import re
import unicodedata

BREAKS = re.compile("[\v\f\x85]")
"""Control characters that separate words."""
NO_CHARACTERS = re.compile("[\x00-\x08\x0e-\x1f\x7f-\x84\x86-\x9f\ufdd0-\ufdef\ufffe\uffff]")
"""https://www.w3.org/TR/xml/#charsets, the controls of ISO 6429, and Unicode's noncharacters."""
HALVES = re.compile("[\ud800-\udfff]")
INVISIBLE = re.compile("[\u200b\u2060\ufeff\u00ad]")
"""Characters that belong to a text but that no reader sees, such as the soft hyphen."""


def clean(text: str) -> str:
    """The text without those characters. A half, which stands for a lost character, becomes U+FFFD."""
    return HALVES.sub("\ufffd", NO_CHARACTERS.sub("", BREAKS.sub(" ", text)))


def composed(text: str) -> str:
    """The text as it is compared: cleaned, without invisible characters, in Unicode's composed form (NFC)."""
    return unicodedata.normalize("NFC", INVISIBLE.sub("", clean(text)))


def folded(text: str) -> str:
    """The text as it is compared, its white space folded to single spaces and none left at its ends."""
    return " ".join(composed(text).split())
