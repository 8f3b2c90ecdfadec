"""Text from a site or a front matter, made safe and short enough for a message."""

from __future__ import annotations

import re
import unicodedata

SUBJECT_LIMIT = 120  # characters; inboxes show 60 to 90
# Characters that change the direction of everything after them.
_TURNING = frozenset({"LRE", "RLE", "LRO", "RLO", "PDF", "LRI", "RLI", "FSI", "PDI"})


def paragraphs(text: str | None) -> list[str]:
    """The paragraphs of ``text``, each on one line."""
    return [line for block in re.split(r"\n\s*\n", text or "") if (line := one_line(block))]


def one_line(text: str) -> str:
    """``text`` on one line."""
    return " ".join(printable(" ".join(text.split())).split())


def printable(line: str) -> str:
    """``line`` without characters that control a terminal or turn the direction of the text after them."""
    return "".join(
        sign
        for sign in line
        if unicodedata.category(sign) not in {"Cc", "Cs"} and unicodedata.bidirectional(sign) not in _TURNING
    )


def isolated(title: str) -> str:
    """``title`` on one line; one written from right to left stays one piece within a sentence."""
    title = one_line(title)
    if any(unicodedata.bidirectional(sign) in {"R", "AL"} for sign in title):
        return f"\N{FIRST STRONG ISOLATE}{title}\N{POP DIRECTIONAL ISOLATE}"
    return title


def shortened(subject: str) -> str:
    """``subject``, cut off at the longest length that a subject may have."""
    return subject if len(subject) <= SUBJECT_LIMIT else f"{subject[: SUBJECT_LIMIT - 1].rstrip()}…"
