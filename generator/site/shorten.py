"""Shortens a text to one line, for lists and titles; pure."""

from __future__ import annotations


def shorten_to_one_line(text: str, longest: int) -> str:
    """The text without line breaks, cut at a blank if it has more characters than ``longest``."""
    line = " ".join(text.split())
    if len(line) <= longest:
        return line
    cut = line.rfind(" ", longest // 2, longest)
    return line[: cut if cut > 0 else longest].rstrip(" ,;:.") + " …"
