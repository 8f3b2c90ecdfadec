"""The form of a message's text and HTML that its digests are made of.

Mail servers may encode a message again, change its line ends, cut blanks off the ends of lines, or wrap
lines elsewhere. None of that changes the canonical form: every run of blanks and line breaks is one blank.
Any other change does, such as another word, another link or an added footer.
"""

from __future__ import annotations

import hashlib
import re

_BLANKS = re.compile(r"[ \t\r\n\f\v]+")  # ASCII only: other spaces are part of the words


def canonical(text: str) -> str:
    """The text with one blank for each run of blanks and line breaks, and none at its ends."""
    return _BLANKS.sub(" ", text).strip(" ")


def digest(text: str) -> str:
    """SHA-256 of the canonical form in UTF-8, in hexadecimal digits."""
    return hashlib.sha256(canonical(text).encode()).hexdigest()
