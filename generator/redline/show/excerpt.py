"""The changes with their context, cut out of the whole text: for mails, terminals and a shorter view."""

from __future__ import annotations

import html as escaping
import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import groupby

from generator.language import Language
from generator.redline.merge.lines import Line, Woven
from generator.redline.model import Renumbered
from generator.redline.show.html import write_html
from generator.redline.tell.redline import Redline
from generator.redline.tell.sentences import tell
from generator.rendered.blocks import Element
from generator.rendered.elements import HEADINGS

CONTEXT = 1
"""Unchanged blocks shown before and after a change."""

MOST_BYTES = 48_000
"""Of a mail's markup; with the links made absolute it stays below 60 kB."""

RED, GREEN, BLUE, NO_COLOUR = "\x1b[31m", "\x1b[32m", "\x1b[34m", "\x1b[0m"  # ECMA-48, 8.3.117
NO_ITEM = Element("li", {}, None)
GAP_SIGN = "…"
GAP = f'<p class="rl-gap">{GAP_SIGN}</p>\n'
WORDLESS = "***"  # stands for a rule, or a picture without a text
EMPTY_LINES = re.compile(r"\n\s*\n")


@dataclass(frozen=True, slots=True, kw_only=True)
class Mail:
    """The changes with their context as HTML; ``omitted`` are those that did not fit."""

    markup: str
    omitted: int


@dataclass(frozen=True, slots=True)
class TextMarks:
    """What stands around words that were inserted, deleted or moved, in plain text."""

    inserted: tuple[str, str]
    deleted: tuple[str, str]
    moved_here: tuple[str, str]
    moved_away: tuple[str, str]

    def coloured(self) -> TextMarks:
        """The marks in colours of a terminal."""
        return TextMarks(
            inserted=_in_colour(GREEN, self.inserted),
            deleted=_in_colour(RED, self.deleted),
            moved_here=_in_colour(BLUE, self.moved_here),
            moved_away=_in_colour(BLUE, self.moved_away),
        )


def _in_colour(colour: str, mark: tuple[str, str]) -> tuple[str, str]:
    return f"{colour}{mark[0]}", f"{mark[1]}{NO_COLOUR}"


def mail_html(redline: Redline, language: Language) -> Mail:
    """The first changes with their context, as many as a mail has room for; no ids.

    Where a passage only moved, its first block stands for it at both ends.
    """
    end = _end_of_mail(redline, language)
    pieces = [
        (redline.lines.index(part[0]), write_html(part, language, anchored=False))
        for part in _parts(redline.lines, end, brief=True)
    ]
    numbers = [
        (at, f"<p>{escaping.escape(told, quote=False)}.</p>\n")
        for at, told in new_numbers_told(redline, language)
    ]
    markup = GAP.join(piece for _, piece in sorted([*numbers, *pieces]))
    omitted = sum(any(not a.endswith("-from") for a in line.anchors) for line in redline.lines[end:])
    return Mail(markup=markup, omitted=omitted)


def mail_text(redline: Redline, language: Language) -> str:
    """The same as plain text."""
    end = _end_of_mail(redline, language)
    return plain_text(redline, text_marks(language), language, end=end, brief=True)


def text_marks(language: Language) -> TextMarks:
    """Marks in words of the language."""

    def around(key: str) -> tuple[str, str]:
        before, _, after = language(key, text="\0").partition("\0")
        return before, after

    return TextMarks(
        inserted=around("redline_text_inserted"),
        deleted=around("redline_text_deleted"),
        moved_here=around("redline_text_moved_here"),
        moved_away=around("redline_text_moved_away"),
    )


def plain_text(
    redline: Redline, marks: TextMarks, language: Language, *, end: int | None = None, brief: bool = False
) -> str:
    """The changes with their context as plain text; ``end`` is the line before which it stops.

    Passages of which only the number changed are listed in one sentence.

    ``brief``: where a passage only moved, its first block stands for it.

    As each gap, each block at the top of the HTML is one paragraph, without an empty line in it.
    """
    parts = _parts(redline.lines, len(redline.lines) if end is None else end, brief=brief)
    pieces = [
        (redline.lines.index(part[0]), "\n\n".join(_paragraphs(part, redline, marks))) for part in parts
    ]
    numbers = [(at, f"{told}.") for at, told in new_numbers_told(redline, language)]
    return f"\n\n{GAP_SIGN}\n\n".join(piece for _, piece in sorted([*numbers, *pieces]))


def new_numbers_told(redline: Redline, language: Language) -> list[tuple[int, str]]:
    """Which parts of the text have new numbers, in words, and at which line that begins."""
    anchors = {change.anchor for change in redline.changes if isinstance(change, Renumbered)}
    return [
        (at, told.text)
        for told in tell(redline.changes, language)
        if told.anchor in anchors
        for at, line in enumerate(redline.lines)
        if told.anchor in line.anchors
    ]


def _end_of_mail(redline: Redline, language: Language) -> int:
    size = 0
    for part in _parts(redline.lines, len(redline.lines), brief=True):
        for line in part:
            size += len(write_html([line], language, anchored=False).encode())
            if size > MOST_BYTES:
                return redline.lines.index(line)
    return len(redline.lines)


def _parts(lines: Sequence[Line], end: int, *, brief: bool = False) -> list[list[Line]]:
    """Lines with changes and their neighbours, in runs without a gap."""
    first_rows = {_row_of(line) for line in lines if line.other_end} - {None}
    left_out = {
        at
        for at, line in enumerate(lines)
        if brief and _moved_along(line) and _row_of(line) not in first_rows
    }
    shown: set[int] = set()
    for at, line in enumerate(lines):
        if line.is_to_be_quoted and at not in left_out:
            shown.update(range(max(0, at - CONTEXT), min(len(lines), at + CONTEXT + 1)))
    rows = {_row_of(lines[at]) for at in shown} - {None}
    if rows:
        shown.update(at for at, line in enumerate(lines) if _row_of(line) in rows)
    parts: list[list[Line]] = []
    for at in sorted(shown - left_out):
        if at >= end:
            break
        if at - 1 in shown and parts:
            parts[-1].append(lines[at])
        else:
            parts.append([lines[at]])
    for part in parts:
        while not part[-1].is_to_be_quoted and _is_heading(part[-1]):
            part.pop()  # of a section of which nothing is shown
    return parts


def _is_heading(line: Line) -> bool:
    return any(woven.tag in HEADINGS for woven in line.path)


def _moved_along(line: Line) -> bool:
    """Whether it moved unchanged behind the first block of a passage."""
    edited = any(not part.kept for part in line.stretches or ())
    return bool(line.move) and not edited and line.other_end is None


def _paragraphs(part: Sequence[Line], redline: Redline, marks: TextMarks) -> Iterator[str]:
    """The lines as text, those of one block at the top as one paragraph."""
    for _, group in groupby(part, key=lambda line: line.path[0] if line.path else None):
        text = "\n".join(_rows(group, redline, marks))
        yield EMPTY_LINES.sub("\n", text).strip() or WORDLESS


def _rows(lines: Iterable[Line], redline: Redline, marks: TextMarks) -> Iterator[str]:
    """The lines as text, those of one table row as one."""
    for row, group in groupby(lines, key=lambda line: _row_of(line) or line):
        cells = list(group)
        texts = [_text_of(line, redline, marks) for line in cells]
        yield f"{_lead(cells[0])}{texts[0]}" if row is cells[0] else " | ".join(texts)


def _row_of(line: Line) -> Woven | None:
    return next((woven for woven in line.path if woven.tag == "tr"), None)


def _lead(line: Line) -> str:
    """What plain text has before a heading or a list item."""
    for woven in reversed(line.path):
        if woven.tag in HEADINGS:
            return "#" * (HEADINGS.index(woven.tag) + 1) + " "
        if woven.tag == "li":
            number = (woven.new or woven.old or NO_ITEM).number
            return f"{number}. " if number else "* "
    return ""


def _text_of(line: Line, redline: Redline, marks: TextMarks) -> str:
    block = line.new or line.old
    assert block is not None
    words = block.words(redline.vocabulary)
    if line.stretches is None:
        mark = _mark_of(line, marks)
        return f"{mark[0]}{words.text(0, len(words))}{mark[1]}"
    assert line.old_words is not None
    assert line.new_words is not None
    old, new = line.old_words, line.new_words
    text = ""
    for part in line.stretches:
        pieces = []
        if part.old_start < part.old_end and not part.kept:
            pieces.append((old, part.old_start, part.old_end, marks.deleted))
        if part.new_start < part.new_end:
            pieces.append((new, part.new_start, part.new_end, ("", "") if part.kept else marks.inserted))
        for words, start, end, mark in pieces:
            replaces = len(pieces) == 2 and words is new
            text += " " * bool(text and (words.spaced(start) or replaces))
            text += words.text(start, end).join(mark)
    mark = _mark_of(line, marks)
    return f"{mark[0]}{text}{mark[1]}"


def _mark_of(line: Line, marks: TextMarks) -> tuple[str, str]:
    if line.old is None:
        return marks.moved_here if line.move else marks.inserted
    if line.new is None:
        return marks.moved_away if line.move else marks.deleted
    return "", ""
