"""From the woven text to the changes in it, each with its place and its anchor."""

from __future__ import annotations

import html
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from itertools import groupby

from generator.redline.match.formatting import form_change
from generator.redline.match.words import Stretch
from generator.redline.merge.lines import Line, OtherEnd, Woven
from generator.redline.model import (
    AttributeChanged,
    Change,
    ColumnDeleted,
    ColumnInserted,
    Deleted,
    Edited,
    ImageChanged,
    Inserted,
    Merged,
    Moved,
    NumberChange,
    Reformatted,
    Relinked,
    Renumbered,
    Retagged,
    Split,
    WordChange,
)
from generator.redline.tell.columns import find_columns, pair_columns, row_of
from generator.redline.tell.locations import find_places
from generator.redline.tell.numbers import is_reference, new_numbers, number_changes
from generator.rendered.attributes import counted_attributes
from generator.rendered.blocks import Block
from generator.rendered.elements import COUNTED_ATTRIBUTES, HEADINGS, KINDS_OF_BLOCK
from generator.rendered.tags import attributes_of
from generator.rendered.words import Vocabulary, Words

SHAPES = KINDS_OF_BLOCK - {"tr", "caption"}
"""Elements whose appearance and disappearance is reported.

The cells of a row speak for it. A text that only became a caption is reported as a change of layout.
"""


def find_changes(lines: Sequence[Line], vocabulary: Vocabulary) -> tuple[list[Change], dict[str, int]]:
    """The changes in the order of their places, and how many words came and went.

    The lines get the anchors.
    """
    finder = _Finder(lines, vocabulary)
    finder.read()
    return finder.changes, finder.words


@dataclass
class _Finder:
    lines: Sequence[Line]
    vocabulary: Vocabulary
    changes: list[Change] = field(default_factory=list)
    words: dict[str, int] = field(default_factory=lambda: {"words_inserted": 0, "words_deleted": 0})
    renumbered: int | None = None  # where the one change that tells of all new numbers stands
    numbers: dict[str, str] = field(default_factory=dict)  # of sections and clauses: which became which
    retagged: dict[tuple[tuple[str, ...], tuple[str, ...]], int] = field(default_factory=dict)
    """What lines beside each other became, and the change that tells of it."""

    looked_at: set[Woven] = field(default_factory=set)

    def __post_init__(self) -> None:
        self.places = find_places(self.lines, self.vocabulary)

    def read(self) -> None:
        """Go through the lines once."""
        columns = find_columns(self.lines)
        self.numbers = new_numbers(change for line in self.lines for _, change in number_changes(line))
        moves: dict[tuple[int, bool], list[int]] = {}
        for at, line in enumerate(self.lines):
            if line.move:
                moves.setdefault((line.move, line.old is None), []).append(at)
        keys = _run_keys(self.lines)
        for _, run in groupby(range(len(self.lines)), key=keys.__getitem__):
            numbers = list(run)
            line = self.lines[numbers[0]]
            if line.old is not None and line.new is not None:
                for at in numbers:
                    self._read_kept(at)
            elif line.move:
                if line.old is None:
                    self._read_move(numbers, moves[line.move, False])
            else:
                self._read_one_sided([at for at in numbers if at not in columns])
                for at in numbers:
                    self._read_column(at, columns)
        pair_columns(self.changes)

    def _add(self, at: int, change: Change) -> int:
        """Give the change its place and anchor; answers its position among the changes."""
        anchor = f"change-{len(self.changes) + 1}"
        self.lines[at].anchors += (anchor,)
        self.changes.append(replace(change, place=change.place or self.places[at], anchor=anchor))
        return len(self.changes) - 1

    def _text(self, block: Block) -> str:
        words = block.words(self.vocabulary)
        return words.text(0, len(words))

    def _count(self, side: str, words: Words, start: int, end: int) -> None:
        self.words[side] += words.count(start, end)

    def _read_one_sided(self, numbers: Sequence[int]) -> None:
        if not numbers:
            return
        line = self.lines[numbers[0]]
        kind: type[Inserted | Deleted] = Inserted if line.old is None else Deleted
        for at in numbers:
            if block := self.lines[at].new or self.lines[at].old:
                words = block.words(self.vocabulary)
                self._count("words_inserted" if kind is Inserted else "words_deleted", words, 0, len(words))
        self._add(numbers[0], kind(texts=self._texts(numbers)))

    def _texts(self, numbers: Sequence[int]) -> tuple[str, ...]:
        """The texts of lines on one side, those of a table row as one."""
        return tuple(
            " | ".join(
                self._text(block) for at in group if (block := self.lines[at].new or self.lines[at].old)
            )
            for _, group in groupby(numbers, key=lambda at: row_of(self.lines[at]) or at)
        )

    def _read_move(self, numbers: Sequence[int], sources: Sequence[int]) -> None:
        words = [change for at in numbers for change in self._word_changes(at)]
        anchor = f"change-{len(self.changes) + 1}"
        source_anchor = f"{anchor}-from"
        source, target = self.lines[sources[0]], self.lines[numbers[0]]
        down = sources[0] < numbers[0]
        source.anchors += (source_anchor,)
        source.other_end = OtherEnd(anchor, self.places[numbers[0]], is_below=down)
        target.other_end = OtherEnd(source_anchor, self.places[sources[0]], is_below=not down)
        self._add(
            numbers[0],
            Moved(
                texts=self._texts(numbers),
                words=tuple(words),
                source=self.places[sources[0]],
                source_anchor=source_anchor,
            ),
        )

    def _read_kept(self, at: int) -> None:
        line = self.lines[at]
        assert line.old is not None
        assert line.new is not None
        for woven in line.path:
            if woven not in self.looked_at:
                self.looked_at.add(woven)
                self._read_attributes(at, woven)
        if not line.split:
            self._read_shape(at, line.old, line.new)
        elif not self.retagged:
            self._add(at, Split(text=self._text(line.new)))
        if line.stretches is None or line.old_words is None or line.new_words is None:
            return
        for start in line.joints:
            if start > line.stretches[0].old_start and not self.retagged:
                self._add(at, Merged())
        before = len(line.anchors), self.renumbered
        words = self._word_changes(at)
        if words:
            self._add(at, Edited(words=tuple(words)))
        self._read_forms(at, line.old_words, line.new_words)
        told = len(line.anchors) - (before[1] is None and self.renumbered is not None)
        line.is_only_renumbered = told == before[0] == 0 and bool(number_changes(line) or line.references)

    def _word_changes(self, at: int) -> list[WordChange]:
        """The changed words of a line; new numbers and images are changes of their own."""
        line = self.lines[at]
        old, new = line.old_words, line.new_words
        if line.stretches is None or old is None or new is None:
            return []
        changes: list[WordChange] = []
        for part in line.stretches:
            if part.kept:
                changes += _spacing(part, old, new, line)
                continue
            change = WordChange(
                old=old.text(part.old_start, part.old_end), new=new.text(part.new_start, part.new_end)
            )
            if number := next((number for found, number in number_changes(line) if found is part), None):
                self._renumber(at, number)
            elif is_reference(part, old, new, self.numbers):
                line.references |= {part.old_start}
            elif images := _images(part, old, new):
                self._add(at, images)
            else:
                self._count("words_deleted", old, part.old_start, part.old_end)
                self._count("words_inserted", new, part.new_start, part.new_end)
                changes.append(_with_unit(change, part, line.stretches, old, new))
        return changes

    def _renumber(self, at: int, change: NumberChange) -> None:
        if self.renumbered is None:
            self.renumbered = self._add(at, Renumbered(labels=(change,)))
            return
        told = self.changes[self.renumbered]
        assert isinstance(told, Renumbered)
        self.changes[self.renumbered] = replace(told, labels=(*told.labels, change))

    def _read_forms(self, at: int, old: Words, new: Words) -> None:
        pairs = [
            (form_change(old.forms[i], new.forms[j]), j)
            for part in self.lines[at].stretches or ()
            if part.kept
            for i, j in zip(
                range(part.old_start, part.old_end), range(part.new_start, part.new_end), strict=True
            )
        ]
        in_contents = any(
            "toc" in (w.new.attributes.get("class") or "") for w in self.lines[at].path if w.new
        )
        for change, group in groupby(pairs, key=lambda pair: pair[0]):
            places = [j for _, j in group]
            text = new.text(places[0], places[-1] + 1)
            if change.old_target != change.new_target and not in_contents:
                self._add(at, Relinked(text=text, old=change.old_target, new=change.new_target))
            if change.gained or change.lost:
                self._add(at, Reformatted(text=text, gained=change.gained, lost=change.lost))

    def _read_shape(self, at: int, old: Block, new: Block) -> None:
        shapes = [tuple(e.tag for e in block.path if e.tag in SHAPES) for block in (old, new)]
        if shapes[0] == shapes[1]:
            self.retagged = {}
            return
        became = shapes[0], shapes[1]
        if became in self.retagged:
            number = self.retagged[became]
            told = self.changes[number]
            assert isinstance(told, Retagged)
            self.changes[number] = replace(told, count=told.count + 1)
        else:
            self.retagged[became] = self._add(at, Retagged(old=became[0], new=became[1], count=1))

    def _read_attributes(self, at: int, woven: Woven) -> None:
        if woven.old is None or woven.new is None:
            return
        old, new = woven.old, woven.new
        counted = [counted_attributes(element.tag, element.attributes) for element in (old, new)]
        for name in COUNTED_ATTRIBUTES:
            if counted[0].get(name) != counted[1].get(name):
                values = old.attributes.get(name), new.attributes.get(name)
                self._add(at, AttributeChanged(name=name, old=values[0], new=values[1]))

    def _read_column(self, at: int, columns: dict[int, tuple[int, list[int]]]) -> None:
        if at not in columns:
            return
        line = self.lines[at]
        block = line.new or line.old
        assert block is not None
        words = block.words(self.vocabulary)
        self._count("words_inserted" if line.old is None else "words_deleted", words, 0, len(words))
        if columns[at][1][0] == at:
            kind = ColumnInserted if line.old is None else ColumnDeleted
            self._add(at, kind(header=self._text(block)))


def _spacing(part: Stretch, old: Words, new: Words, line: Line) -> list[WordChange]:
    """Kept words that gained or lost the space before them."""
    assert line.stretches
    first, new_first = line.stretches[0].old_start, line.stretches[0].new_start
    changes: list[WordChange] = []
    for i, j in zip(range(part.old_start, part.old_end), range(part.new_start, part.new_end), strict=True):
        inside = i > max(first, part.old_start) and j > max(new_first, part.new_start)
        if inside and i not in line.joints and old.spaced(i) != new.spaced(j):
            changes.append(WordChange(old=old.text(i - 1, i + 1), new=new.text(j - 1, j + 1)))
    return changes


def _with_unit(
    change: WordChange, part: Stretch, stretches: Sequence[Stretch], old: Words, new: Words
) -> WordChange:
    """The change; of a number alone, with the word after it: "30 days" became "90 days"."""
    if any(map(str.isalpha, change.old + change.new)) or not (change.old and change.new):
        return change
    after = next((kept for kept in stretches if kept.kept and kept.old_start == part.old_end), None)
    if after is None or not new.words[part.new_end][0].isalpha():
        return change
    return WordChange(
        old=old.text(part.old_start, part.old_end + 1), new=new.text(part.new_start, part.new_end + 1)
    )


def _images(part: Stretch, old: Words, new: Words) -> ImageChanged | None:
    if (part.old_end - part.old_start, part.new_end - part.new_start) != (1, 1):
        return None
    words = old.words[part.old_start], new.words[part.new_start]
    if not all(word.startswith("<img") for word in words):
        return None
    before, after = map(attributes_of, words)
    return ImageChanged(
        old_source=html.unescape(before.get("src", "")),
        new_source=html.unescape(after.get("src", "")),
        old_text=html.unescape(before.get("alt", "")),
        new_text=html.unescape(after.get("alt", "")),
    )


def _run_keys(lines: Sequence[Line]) -> list[tuple[str, int]]:
    """Equal for lines that are told of together: kept ones, a move's, one-sided ones of one section."""
    keys: list[tuple[str, int]] = []
    section = 0
    for line in lines:
        side = "kept" if line.old and line.new else "old" if line.old else "new"
        if line.move:
            keys.append((f"moved {side}", line.move))
            continue
        block = line.new or line.old
        section += side != "kept" and block is not None and block.tag in HEADINGS
        keys.append((side, section if side != "kept" else 0))
    return keys
