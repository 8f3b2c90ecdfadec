"""The changes with their context, without the rest of the text, for messages and terminals."""

from __future__ import annotations

import html as escaping
from collections.abc import Sequence
from dataclasses import dataclass

from generator.language import Language
from generator.redline.merge.lines import Line, MovedAwayLine, MovedHereLine, changed_words, table_row
from generator.redline.model import Renumbered
from generator.redline.show.html import write_html
from generator.redline.tell.redline import ListedLine, Redline
from generator.redline.tell.sentences import in_sentences
from generator.rendered.elements import HEADINGS

CONTEXT = 1
"""How many unchanged blocks are shown before and after a change."""

MOST_BYTES = 48_000
"""Size of the HTML in a message; when links are made absolute, it stays below 60 kB."""

GAP_SIGN = "…"
GAP = f'<p class="rl-gap">{GAP_SIGN}</p>\n'


@dataclass(frozen=True, slots=True, kw_only=True)
class Excerpt:
    """The changes with their context as HTML, and how many changes were left out because they did not fit."""

    markup: str
    omitted: int


def excerpt_html(redline: Redline, language: Language) -> Excerpt:
    """The first changes with their context, as many as fit into a message; without ids.

    Where a passage only moved, its first block stands for all of it in both locations.
    """
    end = end_of_message(redline, language)
    pieces = [
        (part[0], write_html([redline.lines[at] for at in part], language, anchored=False))
        for part in excerpt_parts(redline.lines, end, brief=True)
    ]
    numbers = [
        (at, f"<p>{escaping.escape(sentence, quote=False)}.</p>\n")
        for at, sentence in new_number_sentences(redline, language)
    ]
    markup = GAP.join(piece for _, piece in sorted([*numbers, *pieces]))
    omitted = sum(any(not a.endswith("-from") for a in listed.anchors) for listed in redline.lines[end:])
    return Excerpt(markup=markup, omitted=omitted)


def new_number_sentences(redline: Redline, language: Language) -> list[tuple[int, str]]:
    """The sentence about new numbers, if there is one, with the position of the line where they begin."""
    anchors = {change.anchor for change in redline.changes if isinstance(change, Renumbered)}
    return [
        (at, change.text)
        for change in in_sentences(redline.changes, language)
        if change.anchor in anchors
        for at, listed in enumerate(redline.lines)
        if change.anchor in listed.anchors
    ]


def end_of_message(redline: Redline, language: Language) -> int:
    """The position of the first line that does not fit into a message."""
    size = 0
    for part in excerpt_parts(redline.lines, len(redline.lines), brief=True):
        for at in part:
            size += len(write_html([redline.lines[at]], language, anchored=False).encode())
            if size > MOST_BYTES:
                return at
    return len(redline.lines)


def excerpt_parts(lines: Sequence[ListedLine], end: int, *, brief: bool = False) -> list[list[int]]:
    """The positions of lines with changes and of their context before ``end``, in parts without a gap.

    ``brief``: where a passage only moved, its first block stands for all of it.
    """
    rows = [table_row(listed.line) for listed in lines]
    first_rows = {row for row, listed in zip(rows, lines, strict=True) if listed.other_end} - {None}
    left_out = {
        at
        for at, listed in enumerate(lines)
        if brief and _only_moved_along(listed) and rows[at] not in first_rows
    }
    shown: set[int] = set()
    for at, listed in enumerate(lines):
        if listed.is_in_excerpts and at not in left_out:
            shown.update(range(max(0, at - CONTEXT), min(len(lines), at + CONTEXT + 1)))
    shown_rows = {rows[at] for at in shown} - {None}
    if shown_rows:
        shown.update(at for at, row in enumerate(rows) if row in shown_rows)
    parts: list[list[int]] = []
    for at in sorted(shown - left_out):
        if at >= end:
            break
        if at - 1 in shown and parts:
            parts[-1].append(at)
        else:
            parts.append([at])
    for part in parts:
        while not lines[part[-1]].is_in_excerpts and _is_heading(lines[part[-1]].line):
            part.pop()  # the heading of a section of which nothing is shown
    return parts


def _is_heading(line: Line) -> bool:
    return any(element.tag in HEADINGS for element in line.path)


def _only_moved_along(listed: ListedLine) -> bool:
    """Whether it moved unchanged, behind the first block of a passage."""
    is_moved = isinstance(listed.line, MovedHereLine | MovedAwayLine)
    return is_moved and not changed_words(listed.line) and listed.other_end is None
