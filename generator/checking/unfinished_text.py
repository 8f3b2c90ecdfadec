"""Finds merges that were not finished, and files that hold a Git LFS pointer instead of the text."""

from __future__ import annotations

import re
from collections.abc import Iterator

from generator.checking.changed_text import ChangedText
from generator.checking.report import Finding

MARKER = re.compile(r"(<{7}|\|{7}|>{7})(?=\s|$)")
"""At the start of a line, as git writes them (https://git-scm.com/docs/git-merge, conflict presentation)."""

MIDDLE = re.compile(r"={7}\s*$")
SENTENCE_END = re.compile(r"[.;:,!?…。]\s*$")
FENCE = re.compile(r" {0,3}(`{3,}|~{3,})")
LFS_POINTER = re.compile(rb"version https://(?:git-lfs|hawser)\.github\.com/spec/")
"""https://github.com/git-lfs/git-lfs/blob/main/docs/spec.md; hawser was its first name."""


def unfinished_text_findings(text: ChangedText) -> Iterator[Finding]:
    """An error for each conflict marker, or for a Git LFS pointer."""
    if LFS_POINTER.match(text.raw.removeprefix(b"\xef\xbb\xbf").lstrip()):
        yield text.error(
            "the file is a Git LFS pointer, not the text; fetch the text (git lfs pull), "
            "and stop tracking Markdown with LFS (git lfs untrack '*.md')",
            line=1,
        )
        return
    markers = [(number, line) for number, line in enumerate(text.lines, 1) if MARKER.match(line)]
    quoted = _quoted_lines(text)
    for number, line in markers:
        sign = line[:7]
        if number in quoted:
            yield text.warning(
                f"`{sign}` looks like a merge conflict; ignore this if it is an example", line=number
            )
        else:
            yield text.error(
                f"`{sign}` marks a merge conflict; keep the correct words, "
                "and delete the lines that begin with <<<<<<<, |||||||, ======= and >>>>>>>",
                line=number,
            )
    if not markers:
        yield from _lone_middles(text)


def _lone_middles(text: ChangedText) -> Iterator[Finding]:
    """A warning for a ``=======`` on its own. Below a line of words it would underline a heading."""
    for number, line in text.new_lines:
        above = text.lines[number - 2] if number > 1 else ""
        if MIDDLE.match(line) and (not above.strip() or SENTENCE_END.search(above)):
            yield text.warning(
                "`=======` looks like the middle of a merge conflict; delete this line", line=number
            )


def _quoted_lines(text: ChangedText) -> set[int]:
    """The lines of code blocks with a complete conflict, such as an example in a handbook."""
    quoted: set[int] = set()
    fence, start, signs = "", 0, ""
    for number, line in enumerate(text.lines, 1):
        found = FENCE.match(line)
        if not fence and found:
            fence, start, signs = found[1], number, ""
        elif fence and found and found[1].startswith(fence):
            if signs.startswith("<") and signs.endswith(">"):
                quoted |= set(range(start, number))
            fence = ""
        elif MARKER.match(line):
            signs += line[0]
    return quoted
