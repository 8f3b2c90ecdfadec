"""Texts that nobody meant to publish: merges that were not finished, and pointers of Git LFS."""

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
    """Marks of a merge that was not finished, and what stands in for a text that was not fetched."""
    if LFS_POINTER.match(text.raw.removeprefix(b"\xef\xbb\xbf").lstrip()):
        yield text.error(
            "is a pointer of Git LFS and not the text; fetch the text (git lfs pull), "
            "and take Markdown out of .gitattributes (git lfs untrack '*.md')",
            line=1,
        )
        return
    markers = [(number, line) for number, line in enumerate(text.lines, 1) if MARKER.match(line)]
    quoted = _quoted_lines(text)
    for number, line in markers:
        sign = line[:7]
        if number in quoted:
            yield text.warning(
                f"`{sign}` marks a merge that was not finished, unless this example is meant", line=number
            )
        else:
            yield text.error(
                f"`{sign}` marks a merge that was not finished; keep the words that are right, "
                "and take out the lines that begin with <<<<<<<, |||||||, ======= and >>>>>>>",
                line=number,
            )
    if not markers:
        yield from _lone_middles(text)


def _lone_middles(text: ChangedText) -> Iterator[Finding]:
    """The middle of a conflict that lost its ends; below words it would be the underline of a heading."""
    for number, line in text.new_lines:
        above = text.lines[number - 2] if number > 1 else ""
        if MIDDLE.match(line) and (not above.strip() or SENTENCE_END.search(above)):
            yield text.warning(
                "`=======` looks like the middle of a merge that was not finished; take it out", line=number
            )


def _quoted_lines(text: ChangedText) -> set[int]:
    """The lines of code blocks that hold a whole conflict, such as an example in a handbook."""
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
