"""Start tags as HTML: what they are called and what they hold."""

from __future__ import annotations

import re
from functools import cache

TAG_NAME = re.compile(r"</?([^\s/>]+)")
ATTRIBUTE = re.compile(r"\s([^\s=\">]+)=\"([^\"]*)\"")

Form = tuple[str, ...]
"""The start tags of the inline elements around a word, outermost first."""


@cache
def tag_name(start: str) -> str:
    """The name in a tag."""
    found = TAG_NAME.match(start)
    return found[1] if found else ""


@cache
def attributes_of(start: str) -> dict[str, str]:
    """The attributes in a start tag, their values as HTML."""
    return dict(ATTRIBUTE.findall(start))
