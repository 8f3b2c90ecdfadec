"""Turns the bytes of a text file into text, and reports what is wrong with them."""

from __future__ import annotations

import re

from generator.rendered.characters import clean
from generator.versions.front_matter import Problem

LINE_END = re.compile(r"\r\n?")
BYTES_PER_ZERO = 100
"""More zero bytes than one in so many mean UTF-16. In Cyrillic UTF-16, only the spaces have a zero byte."""


def decode(raw: bytes) -> tuple[str, tuple[Problem, ...]]:
    """The text with LF line ends, without a byte order mark and control characters, and its problems.

    Bytes that are not UTF-8 are replaced by U+FFFD. No other encoding is guessed.
    """
    problems: tuple[Problem, ...] = ()
    try:
        text = raw.decode("utf-8")
    except UnicodeDecodeError as error:
        problems = (
            Problem(
                line=raw.count(b"\n", 0, error.start) + 1,
                text="some bytes are not UTF-8 and were replaced; save the file as UTF-8",
                refused=True,
            ),
        )
        text = raw.decode("utf-8", errors="replace")
    if not problems and raw.count(b"\0") > len(raw) // BYTES_PER_ZERO:
        line = raw.count(b"\n", 0, raw.index(b"\0")) + 1
        looks_wide = "the text looks like UTF-16; save the file as UTF-8"
        problems = (Problem(line=line, text=looks_wide, refused=True),)
    return clean(LINE_END.sub("\n", text)).replace("\ufeff", ""), problems
