"""Signs that are no part of any text: controls, halves of signs, and what XML forbids.

They come in after decoding as well: ``"\\e"`` in YAML, ``&#27;`` in HTML.
"""

from __future__ import annotations

import re

BREAKS = re.compile("[\v\f\x85]")
"""Controls that stand for a blank between words."""
NO_SIGNS = re.compile("[\x00-\x08\x0e-\x1f\x7f-\x84\x86-\x9f\ufdd0-\ufdef\ufffe\uffff]")
"""https://www.w3.org/TR/xml/#charsets, the controls of ISO 6429, and Unicode's noncharacters."""
HALVES = re.compile("[\ud800-\udfff]")


def clean(text: str) -> str:
    """The text without them; half a sign, which stands for one that is lost, becomes U+FFFD."""
    return HALVES.sub("\ufffd", NO_SIGNS.sub("", BREAKS.sub(" ", text)))
