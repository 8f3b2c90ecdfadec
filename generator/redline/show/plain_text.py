"""The changes with their context as plain text, for messages and terminals."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from itertools import groupby

from generator.language import Language
from generator.redline.match.words import ChangedWords, ComparedWords, KeptWords
from generator.redline.merge.lines import (
    DeletedLine,
    EditedLine,
    InsertedLine,
    KeptLine,
    Line,
    MovedAwayLine,
    MovedHereLine,
    table_row,
)
from generator.redline.show.excerpt import GAP_SIGN, end_of_message, excerpt_parts, new_number_sentences
from generator.redline.tell.redline import Redline
from generator.rendered.elements import HEADINGS

RED, GREEN, BLUE, NO_COLOUR = "\x1b[31m", "\x1b[32m", "\x1b[34m", "\x1b[0m"  # ECMA-48, 8.3.117
WORDLESS = "***"
"""Shown instead of a rule, and of a picture without a text."""

EMPTY_LINES = re.compile(r"\n\s*\n")
Mark = tuple[str, str]
"""Text before and after marked words."""


@dataclass(frozen=True, slots=True)
class TextMarks:
    """The marks of inserted, deleted and moved words in plain text."""

    inserted: Mark
    deleted: Mark
    moved_here: Mark
    moved_away: Mark

    def coloured(self) -> TextMarks:
        """The same marks in the colours of a terminal."""
        return TextMarks(
            inserted=_in_colour(GREEN, self.inserted),
            deleted=_in_colour(RED, self.deleted),
            moved_here=_in_colour(BLUE, self.moved_here),
            moved_away=_in_colour(BLUE, self.moved_away),
        )


def text_marks(language: Language) -> TextMarks:
    """The marks in words of the language."""

    def around(key: str) -> Mark:
        before, _, after = language(key, text="\0").partition("\0")
        return before, after

    return TextMarks(
        inserted=around("redline_text_inserted"),
        deleted=around("redline_text_deleted"),
        moved_here=around("redline_text_moved_here"),
        moved_away=around("redline_text_moved_away"),
    )


def excerpt_text(redline: Redline, language: Language) -> str:
    """The first changes with their context, the same ones as in the HTML of a message."""
    end = end_of_message(redline, language)
    return plain_text(redline, text_marks(language), language, end=end, brief=True)


def plain_text(
    redline: Redline, marks: TextMarks, language: Language, *, end: int | None = None, brief: bool = False
) -> str:
    """The changes with their context; ``end`` is the position of the line before which it stops.

    One sentence lists the passages of which only the number changed. ``brief``: where a passage only moved,
    its first block stands for all of it. Each gap, and each block that is outermost in the HTML, is one
    paragraph, without an empty line in it.
    """
    end = len(redline.lines) if end is None else end
    pieces = [
        (part[0], "\n\n".join(_paragraphs([redline.lines[at].line for at in part], marks)))
        for part in excerpt_parts(redline.lines, end, brief=brief)
    ]
    numbers = [(at, f"{sentence}.") for at, sentence in new_number_sentences(redline, language)]
    return f"\n\n{GAP_SIGN}\n\n".join(piece for _, piece in sorted([*numbers, *pieces]))


def _paragraphs(lines: Iterable[Line], marks: TextMarks) -> Iterator[str]:
    """The lines as text, those of one outermost block as one paragraph."""
    for _, group in groupby(lines, key=lambda line: line.path[0] if line.path else None):
        text = "\n".join(_rows(group, marks))
        yield EMPTY_LINES.sub("\n", text).strip() or WORDLESS


def _rows(lines: Iterable[Line], marks: TextMarks) -> Iterator[str]:
    """The lines as text, those of one table row as one."""
    for row, group in groupby(lines, key=lambda line: table_row(line) or line):
        cells = list(group)
        texts = [_line_text(line, marks) for line in cells]
        yield f"{_lead(cells[0])}{texts[0]}" if row is cells[0] else " | ".join(texts)


def _lead(line: Line) -> str:
    """The sign before a heading or a list item."""
    for element in reversed(line.path):
        if element.tag in HEADINGS:
            return "#" * (HEADINGS.index(element.tag) + 1) + " "
        if element.tag == "li":
            item = element.new or element.old
            return f"{item.number}. " if item is not None and item.number else "* "
    return ""


def _line_text(line: Line, marks: TextMarks) -> str:
    match line:
        case KeptLine(new=block):
            return block.words.text()
        case EditedLine(words=words):
            return _compared_text(words, marks)
        case InsertedLine(new=block):
            return _marked(block.words.text(), marks.inserted)
        case DeletedLine(old=block):
            return _marked(block.words.text(), marks.deleted)
        case MovedHereLine(words=words):
            return _marked(_compared_text(words, marks), marks.moved_here)
        case MovedAwayLine(old=block):
            return _marked(block.words.text(), marks.moved_away)


def _compared_text(words: ComparedWords, marks: TextMarks) -> str:
    """The words of both texts, with marks on those that changed."""
    text = ""
    for span in words.spans:
        match span:
            case KeptWords():
                text += _after(text, words.new.text(span.new), is_spaced=words.new.spaced(span.new.start))
            case ChangedWords():
                if span.old:
                    deleted = _marked(words.old.text(span.old), marks.deleted)
                    text += _after(text, deleted, is_spaced=words.old.spaced(span.old.start))
                if span.new:
                    inserted = _marked(words.new.text(span.new), marks.inserted)
                    is_spaced = bool(span.old) or words.new.spaced(span.new.start)
                    text += _after(text, inserted, is_spaced=is_spaced)
    return text


def _after(text: str, piece: str, *, is_spaced: bool) -> str:
    """The piece, with a space before it where it continues a text and needs one."""
    return f" {piece}" if text and is_spaced else piece


def _marked(text: str, mark: Mark) -> str:
    return f"{mark[0]}{text}{mark[1]}"


def _in_colour(colour: str, mark: Mark) -> Mark:
    return f"{colour}{mark[0]}", f"{mark[1]}{NO_COLOUR}"
