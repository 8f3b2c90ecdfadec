"""The changes inside one line: words, images, spaces and formatting."""

from __future__ import annotations

import html
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import groupby

from generator.redline.match.formatting import form_change
from generator.redline.match.words import ChangedWords, ComparedWords, KeptWords
from generator.redline.merge.lines import EditedLine, MovedHereLine
from generator.redline.model import Change, ImageChanged, NumberChange, Reformatted, Relinked, WordChange
from generator.redline.tell.numbers import number_change
from generator.rendered.tags import attributes_of

TABLE_OF_CONTENTS = "toc"


@dataclass(frozen=True, slots=True)
class CountedWords:
    """Changed words that count as inserted and deleted, as they are quoted in the list of changes."""

    change: WordChange
    span: ChangedWords


def word_changes(
    line: EditedLine | MovedHereLine,
) -> Iterator[CountedWords | WordChange | NumberChange | ImageChanged]:
    """The changes in the words of a line, in order.

    Where only the space before a word changed, no words are counted. References to other parts of the text
    that follow their new numbers are left out, because the list says once what is numbered how.
    """
    words = line.words
    for span in words.spans:
        match span:
            case KeptWords():
                yield from _space_changes(span, line)
            case ChangedWords(renumbered=None):
                yield _image_change(span, words) or CountedWords(_quoted(span, words), span)
            case ChangedWords():
                if (number := number_change(span, words)) is not None:
                    yield number


def formatting_changes(line: EditedLine) -> Iterator[Change]:
    """Kept words of the line whose emphasis or link changed, neighbours with the same change together."""
    words = line.words
    pairs = [
        (form_change(words.old.forms[i], words.new.forms[j]), j)
        for span in words.spans
        if isinstance(span, KeptWords)
        for i, j in zip(span.old, span.new, strict=True)
    ]
    in_contents = any(
        TABLE_OF_CONTENTS in (element.new.attributes.get("class") or "")
        for element in line.path
        if element.new
    )
    for change, group in groupby(pairs, key=lambda pair: pair[0]):
        positions = [j for _, j in group]
        text = words.new.text(range(positions[0], positions[-1] + 1))
        if change.old_target != change.new_target and not in_contents:
            yield Relinked(text=text, old=change.old_target, new=change.new_target)
        if change.gained or change.lost:
            yield Reformatted(text=text, gained=change.gained, lost=change.lost)


def _space_changes(span: KeptWords, line: EditedLine | MovedHereLine) -> Iterator[WordChange]:
    """Kept words that gained or lost the space before them."""
    words = line.words
    begins = line.merged if isinstance(line, EditedLine) else ()
    for i, j in zip(span.old, span.new, strict=True):
        is_first = i <= max(words.first_old, span.old.start) or j <= max(words.first_new, span.new.start)
        if not is_first and i not in begins and words.old.spaced(i) != words.new.spaced(j):
            yield WordChange(old=words.old.text(range(i - 1, i + 1)), new=words.new.text(range(j - 1, j + 1)))


def _quoted(span: ChangedWords, words: ComparedWords) -> WordChange:
    """The words as they are quoted; a number with the word after it: "30 days" became "90 days"."""
    change = WordChange(old=words.old.text(span.old), new=words.new.text(span.new))
    if any(map(str.isalpha, change.old + change.new)) or not (change.old and change.new):
        return change
    is_followed = any(isinstance(kept, KeptWords) and kept.old.start == span.old.stop for kept in words.spans)
    if not is_followed or not words.new.words[span.new.stop][0].isalpha():
        return change
    return WordChange(
        old=words.old.text(range(span.old.start, span.old.stop + 1)),
        new=words.new.text(range(span.new.start, span.new.stop + 1)),
    )


def _image_change(span: ChangedWords, words: ComparedWords) -> ImageChanged | None:
    """The change, if one image replaced another."""
    if (len(span.old), len(span.new)) != (1, 1):
        return None
    images = words.old.words[span.old.start], words.new.words[span.new.start]
    if not all(image.startswith("<img") for image in images):
        return None
    before, after = map(attributes_of, images)
    return ImageChanged(
        old_source=html.unescape(before.get("src", "")),
        new_source=html.unescape(after.get("src", "")),
        old_text=html.unescape(before.get("alt", "")),
        new_text=html.unescape(after.get("alt", "")),
    )
